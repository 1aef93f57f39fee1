//===- NvptxPasses.td - the passes of the target sm_90a -------------------===//
//
// Part of gptc, under the MIT License.
//
// They run in the phase `device`, of this target alone, ahead of MLIR's
// conversions to the llvm dialect (Ptx.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_NVPTXPASSES_TD
#define GPTC_COMPILER_TARGETS_NVPTX_NVPTXPASSES_TD

include "mlir/Pass/PassBase.td"

def LowerToNvvm : Pass<"lower-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "builds each distinct kernel of all parts as a function for Hopper";
  let description = [{
    Adds the module `@sm_90a`, a function a kernel. Of the ops that would make
    one kernel but for the buffers and numbers that they name, the first alone is
    built; of functions that are equal but for their names one stays, since sizes
    T are arguments; and those that differ in f32 constants alone become one,
    whose constants are arguments. A program that is a part of another one is
    built as that, with an argument for what it leaves out; small programs of
    updates that differ in width alone are built for any.

    Leaves the parts as they are, but for views that tell apart what one program
    loads at several indices, and the order of ops in small programs of updates,
    which get the attribute `any_width`.

    Numerics: exact. Remarks: how many launches there are, and kernels built,
    kept and shared; what keeps a contraction or attention off the tensor cores.
    Test: test/nvptx/lower-to-nvvm.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

#endif // GPTC_COMPILER_TARGETS_NVPTX_NVPTXPASSES_TD
