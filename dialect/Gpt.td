//===- Gpt.td - the gpt dialect -------------------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPT_TD
#define GPTC_DIALECT_GPT_TD

include "GptBase.td"
include "GptContract.td"
include "GptRanks.td"
include "GptStep.td"
include "GptStructure.td"
include "GptTensor.td"

#endif // GPTC_DIALECT_GPT_TD
