//===- Kern.td - the kern dialect -----------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// All of it, for what documents the ops.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERN_TD
#define GPTC_DIALECT_KERN_TD

include "KernBase.td"
include "KernKernels.td"
include "KernRanks.td"
include "KernRow.td"

#endif // GPTC_DIALECT_KERN_TD
