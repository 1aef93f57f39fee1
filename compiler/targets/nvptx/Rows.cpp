//===- Rows.cpp - a row program for Hopper --------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

FailureOr<LLVM::LLVMFuncOp>
gptc::nvptx::buildRows(kern::RowsOp op, ModuleOp module, Launch &launch) {
  return op.emitOpError("has no kernel for sm_90a yet; served are "
                        "contractions");
}
