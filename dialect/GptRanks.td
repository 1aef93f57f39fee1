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
def SumRanksOp : Gpt_Op<"sum_ranks", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "the sum of all ranks' values, on each of them";
  let description = [{
    Element by element, in an order of the ranks that all share.

    ```mlir
    %all = gpt.sum_ranks %squares : [] f32 -> [] f32
    ```

    Constraints: (C1) what it gives is shaped as x.
  }];
  let arguments = (ins Tensor:$x);
  let results = (outs Tensor:$y);
  let assemblyFormat = "$x attr-dict `` custom<Types>(type($x), type($y))";
  let hasVerifier = 1;
}
def ReduceScatterOp : Gpt_Op<"reduce_scatter",
                             [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "this rank's rows of the mean over all ranks";
  let description = [{
    With n rows on each rank, rank r gets rows [r·n, (r + 1)·n) of the mean of
    `x`, which is a whole state, and zeros beyond its end.

    ```mlir
    %mine = gpt.reduce_scatter %w_gradient : [8, 16] f32 -> [2, 16] f32
    ```

    Constraints: (C1) both have the same sizes but for the first.
  }];
  let arguments = (ins Tensor:$x);
  let results = (outs Tensor:$y);
  let assemblyFormat = "$x attr-dict `` custom<Types>(type($x), type($y))";
  let hasVerifier = 1;
}
def AllGatherOp : Gpt_Op<"all_gather", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "a parameter becomes what the ranks' shares of it are";
  let description = [{
    `share` is the rank's share of `target`, in its place: with n rows on each
    rank, rank r's becomes rows [r·n, (r + 1)·n) on all. It comes behind the
    update of the share.

    ```mlir
    gpt.all_gather %w from %w_of_4 : [8, 16], [2, 16]
    ```

    Constraints: (C1) both have the same sizes but for the first.
  }];
  let arguments = (ins Tensor:$target, Tensor:$share);
  let assemblyFormat = "$target `from` $share attr-dict `` "
                       "custom<TargetTypes>(type($target), type($share))";
  let hasVerifier = 1;
}

#endif // GPTC_DIALECT_GPTRANKS_TD
