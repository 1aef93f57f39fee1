//===- Remarks.h - MLIR's remark flags for gptc -----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_REMARKS_H
#define GPTC_COMPILER_TOOLS_REMARKS_H

#include "mlir/IR/MLIRContext.h"

namespace llvm::cl {
class OptionCategory;
} // namespace llvm::cl

namespace gptc {

/// The category of the `--remarks-*` flags in help texts.
llvm::cl::OptionCategory &remarksCategory();
/// Sends the remarks that the `--remarks-*` flags ask for where they say.
llvm::LogicalResult enableRemarks(mlir::MLIRContext &context);

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_REMARKS_H
