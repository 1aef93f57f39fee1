//===- KernRanks.td - what ranks do between kernels ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNRANKS_TD
#define GPTC_DIALECT_KERNRANKS_TD

include "KernBase.td"

def AllReduceOp : Kern_Op<"all_reduce"> {
  let summary = "a buffer becomes its mean over all ranks, on each of them";
  let description = [{
    No kernel: the runtime's communicator does it, between the launches of the
    kernels before and behind. With one rank it is skipped.

    Errors: (A1) `target` is all of a buffer of f32 or bf16, not a view of one.

    ```mlir
    kern.all_reduce %table_gradient : memref<256x64xf32>
    ```
  }];
  let arguments = (ins Buffer:$target);
  let assemblyFormat = "$target attr-dict `:` type($target)";
  let hasVerifier = 1;
}

#endif // GPTC_DIALECT_KERNRANKS_TD
