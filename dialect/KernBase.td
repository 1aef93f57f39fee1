//===- KernBase.td - the kern dialect and its types ----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_KERNBASE_TD
#define GPTC_DIALECT_KERNBASE_TD

include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kern_Dialect : Dialect {
  let name = "kern";
  let cppNamespace = "::gptc::kern";
  let summary = "kernels over buffers, the same for every target";
  let description = [{
    A *part* is an ordered list of kernels over buffers, destination-passing.
    Buffers are builtin memrefs, views of them strided memrefs; "rows" are the
    first dimension, "columns" all others together, and columns are contiguous
    (stride 1) in every view. A kernel that computes rows carries a *row
    program*: straight-line code over row values, `vector<N x f32>` whose N is
    the number of columns, in arith, math and the ops below; the row index is
    the block argument. One emitter a target gives the program its distribution
    (CPU: 16 lanes in a loop over columns).

    Sums have an order that no fusion and no tile changes: a row sum is taken
    over windows of 64 columns, then over the windows in order; a column sum
    over windows of 64 rows (`kern.partial`), then over the windows in order
    (`kern.finish`).
  }];
  let extraClassDeclaration = [{
    void addKernels();
    void addRowOps();
  }];
}

class Kern_Op<string name, list<Trait> traits = []>
    : Op<Kern_Dialect, name, traits>;

def Buffer : TypeAlias<AnyMemRef, "a buffer">;
def RowValue : AnyTypeOf<[VectorOfRankAndType<[1], [F32, I32, I1, F64]>],
                         "a row value">;
def RowF32 : AnyTypeOf<[VectorOfRankAndType<[1], [F32]>], "a row of f32">;

#endif // GPTC_DIALECT_KERNBASE_TD
