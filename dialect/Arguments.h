//===- Arguments.h - the numbers of ops, and what each may be ---*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_ARGUMENTS_H
#define GPTC_DIALECT_ARGUMENTS_H

#include "dialect/Gpt.h"
#include <limits>

namespace gptc::gpt {

/// What a number may be. NaN and infinity are never in a domain.
struct Domain {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool above = false; ///< more than `least`, not `least` itself
  bool whole = false;

  bool holds(double value) const;
  /// "at least 0", to stand behind "it must be".
  std::string words() const;
};

/// A number that an op takes by name.
struct Argument {
  llvm::StringLiteral op, name;
  bool needed;
  Domain domain;
  /// The number must be greater than this other one of the op.
  llvm::StringLiteral beyond = "";
};

/// The arguments of an op, by its name without the dialect's; none for ops
/// whose numbers have the names that a model gives them.
llvm::ArrayRef<Argument> argumentsOf(llvm::StringRef op);

/// What follows "it must be", of an argument.
std::string words(const Argument &argument);

/// The text of a value in an error: `NaN`, `infinity`, `-0.5`.
std::string show(double value);

/// One number of an op, wherever it stands.
struct Number {
  llvm::StringRef name; ///< what it is called in an error
  mlir::Attribute value;
  mlir::ValueRange vars; ///< what `_N` in the value stands for
  Domain domain;
  /// The number that it must exceed, null where there is none.
  mlir::Attribute beyond;
  llvm::StringRef beyondName;

  bool holds(double own, double other) const {
    return domain.holds(own) && (!beyond || own > other);
  }
  /// What follows "it must be".
  std::string words() const;
};
/// The name of the op that a model file has where this one stands, for errors
/// about its numbers: `gpt.numbers` is made of a scaling or a shift.
llvm::StringRef writtenAs(mlir::Operation *op);
/// Calls `visit` for every number of an op that has a domain.
void forEachNumber(mlir::Operation *op,
                   llvm::function_ref<void(const Number &)> visit);

} // namespace gptc::gpt

#endif // GPTC_DIALECT_ARGUMENTS_H
