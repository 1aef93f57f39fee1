//===- Kern.td - the kern dialect ----------------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERN_TD
#define GPTC_DIALECT_KERN_TD

include "KernKernels.td"
include "KernRow.td"

#endif // GPTC_DIALECT_KERN_TD
