//===- Diagnostics.h - errors in a model's own words ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_DIAGNOSTICS_H
#define GPTC_COMPILER_PIPELINE_DIAGNOSTICS_H

#include "compiler/pipeline/SourceText.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <optional>

namespace gptc {

/// Prints diagnostics with their source lines, those of MLIR's parser in words
/// that help: which name was meant, which brace is missing. Each is printed
/// once.
class Diagnostics final : public mlir::SourceMgrDiagnosticHandler {
public:
  /// With `internal`, what a pass's result is blamed for is shown as it is: the
  /// input was of a later phase, or the user asked for more words.
  Diagnostics(llvm::SourceMgr &sources, mlir::MLIRContext *context,
              bool internal);

private:
  void print(mlir::Diagnostic &diagnostic);
  void printOnce(mlir::Location loc, llvm::StringRef message,
                 mlir::DiagnosticSeverity severity);
  bool reportBraces(mlir::Diagnostic &diagnostic);
  bool reportAtUse(mlir::Diagnostic &diagnostic);
  std::optional<std::string> reworded(mlir::Location loc,
                                      llvm::StringRef message);
  std::string undeclared(mlir::Location loc);
  std::string unknownOp(llvm::StringRef name);
  std::optional<std::string> misplaced(mlir::Location loc);
  std::optional<std::string> missing(mlir::Location loc,
                                     llvm::StringRef message);
  const SourceText *textOf(mlir::Location loc);

  mlir::MLIRContext *context;
  bool internal;
  llvm::StringMap<SourceText> texts;
  llvm::StringSet<> printed;
  llvm::StringSet<> unbalanced; ///< files whose braces have been reported
};

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_DIAGNOSTICS_H
