//===- GptRanks.td - what ranks do together -----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTRANKS_TD
#define GPTC_DIALECT_GPTRANKS_TD

include "GptBase.td"

def AllReduceOp : Gpt_Op<"all_reduce", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "a state becomes its mean over all ranks, on each of them";
  let description = [{
    What of a step needs other ranks. `target` is a whole state. Element by
    element, in an order of the ranks that all share; with one rank nothing
    happens, and the mean of equal values is the value.

    ```mlir
    gpt.all_reduce %w_gradient : [8, 16] f32
    ```
  }];
  let arguments = (ins Tensor:$target);
  let assemblyFormat = "$target attr-dict `` custom<TargetType>(type($target))";
}

#endif // GPTC_DIALECT_GPTRANKS_TD
