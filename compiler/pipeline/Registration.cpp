//===- Registration.cpp - every dialect and pass of gptc ------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Registration.h"
#include "compiler/kernels/MathExpansion.h"
#include "compiler/passes/Passes.h"
#include "compiler/targets/nvptx/NvptxPasses.h"
#include "compiler/targets/nvptx/SpecialFunctions.h"
#include "dialect/GptDialect.h"
#include "dialect/KernDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

// Here alone: what registers all passes costs a source that reads it most of
// its seconds.
namespace gptc {
#define GEN_PASS_REGISTRATION
#include "compiler/passes/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/targets/nvptx/NvptxPasses.h.inc"
} // namespace gptc

using namespace mlir;

void gptc::registerDialects(DialectRegistry &registry) {
  registry.insert<gpt::GptDialect, kern::KernDialect, arith::ArithDialect,
                  cf::ControlFlowDialect, LLVM::LLVMDialect, NVVM::NVVMDialect,
                  math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
}

void gptc::registerPasses() {
  registerTransformsPasses();
  registerGptcPasses();
  registerGptcNvptxPasses();
  registerPass(createExpandMathPass);
  registerPass(nvptx::createSpecialFunctionsPass);
}
