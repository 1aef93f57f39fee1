//===- KernRanks.td - what ranks do between kernels ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNRANKS_TD
#define GPTC_DIALECT_KERNRANKS_TD

include "KernBase.td"

// No kernels: the runtime's communicator does what they say, beside the launches
// of kernels. Each begins when all kernels before it are done, behind those
// before it, and what touches its buffers next stands behind a `kern.await`.
// They are of variants of parts for several ranks, or stand in a part of every
// run: one rank passes over them, and each but the last micro-batch over those
// of a micro part that exchange. The attribute `ranks` says that one is for so
// many ranks alone.

def AllReduceOp : Kern_Op<"all_reduce"> {
  let summary = "a buffer becomes its mean, or its sum, over all ranks, on each";
  let description = [{
    Errors: (A1) `target` is all of a buffer of f32 or bf16, not a view of one.

    ```mlir
    kern.all_reduce %table_gradient : memref<256x64xf32>
    kern.all_reduce %x sum : memref<96x64xf32>
    ```
  }];
  let arguments = (ins Buffer:$target, UnitAttr:$sum);
  let assemblyFormat = "$target (`sum` $sum^)? attr-dict `:` type($target)";
  let hasVerifier = 1;
}
def ReduceScatterOp : Kern_Op<"reduce_scatter"> {
  let summary = "of the mean over all ranks each gets its rows";
  let description = [{
    Rank r gets the r-th piece of `from` that is as large as `to`. What lies
    behind the end of `from` is its `room`.

    Errors: (A1) both are all of a buffer of f32 or bf16, not views of one.

    ```mlir
    kern.reduce_scatter %table_gradient to %x : memref<256x64xf32>, memref<96x64xf32>
    ```
  }];
  let arguments = (ins Buffer:$from, Buffer:$to);
  let assemblyFormat = "$from `to` $to attr-dict `:` type($from) `,` type($to)";
  let hasVerifier = 1;
}
def AllGatherOp : Kern_Op<"all_gather"> {
  let summary = "the ranks' shares of a buffer, on each of them";
  let description = [{
    `from` is the rank's share of `to`, in its place.

    Errors: (A2) `from` is the share of `to`, a parameter, in its element type.

    ```mlir
    kern.all_gather %w_of_2 to %w : memref<32x32xbf16>, memref<64x32xbf16>
    ```
  }];
  let arguments = (ins Buffer:$from, Buffer:$to);
  let assemblyFormat = "$from `to` $to attr-dict `:` type($from) `,` type($to)";
  let hasVerifier = 1;
}
def AwaitOp : Kern_Op<"await"> {
  let summary = "what exchanges a buffer is over before the kernels behind this";
  let description = [{
    All collectives so far that read or write `buffer`, of this part and of those
    before it, are over. Where none is under way nothing happens.

    Errors: (A3) `buffer` is all of a buffer, not a view of one.

    ```mlir
    kern.await %w : memref<64x32xbf16>
    ```
  }];
  let arguments = (ins Buffer:$buffer);
  let assemblyFormat = "$buffer attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

#endif // GPTC_DIALECT_KERNRANKS_TD
