//===- Gpt.h - the gpt dialect ----------------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPT_H
#define GPTC_DIALECT_GPT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include <optional>

namespace gptc::gpt {

class ModelOp;

//===----------------------------------------------------------------------===//
// Expressions (Expr.cpp)
//===----------------------------------------------------------------------===//

using Attrs = llvm::ArrayRef<mlir::Attribute>;
/// Gives the value of a leaf's name; null where it has none.
using Bind = llvm::function_ref<mlir::Attribute(llvm::StringRef)>;
using Operands = llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand>;

/// Builds `op(args)`, folded where all arguments are numbers.
mlir::Attribute makeExpr(mlir::MLIRContext *context, llvm::StringRef op,
                         Attrs args);
mlir::Attribute substitute(mlir::Attribute e, Bind bind);
/// The value of an expression; none where a leaf's name has none.
using BindNumber = llvm::function_ref<std::optional<double>(llvm::StringRef)>;
std::optional<double> evaluate(mlir::Attribute e, BindNumber bind);
std::optional<double> number(mlir::Attribute e);
std::optional<int64_t> integer(mlir::Attribute e);
/// How many numbers, names and operations an expression has, counted no further
/// than beyond `most`.
size_t countTerms(mlir::Attribute e, size_t most);
void forEachName(mlir::Attribute e,
                 llvm::function_ref<void(llvm::StringRef)> visit);
/// The N of a leaf `_N`, the N-th number operand; none for a name.
std::optional<unsigned> operandIndex(llvm::StringRef leaf);
mlir::ParseResult parseExpr(mlir::AsmParser &parser, mlir::Attribute &e,
                            Operands *vars = nullptr, int level = 0);
void printExpr(llvm::raw_ostream &os, mlir::Attribute e,
               llvm::function_ref<void(unsigned)> operand = nullptr,
               int level = 0);
/// Which attributes hold an expression, or a list of them. (`args` alternates
/// names and expressions.)
bool isExpression(llvm::StringRef attribute);
bool isExpressionList(llvm::StringRef attribute);
/// The text of an expression; with `signs` comparisons print as > and <, not
/// as the words that attribute syntax needs.
std::string text(mlir::Attribute e, bool signs = false);

//===----------------------------------------------------------------------===//
// Shapes (Shape.cpp): builtin tensor types, `[T, 3*D]` as their encoding while
// dimensions have names
//===----------------------------------------------------------------------===//

mlir::Type makeShape(Attrs dims, mlir::Type element);
llvm::SmallVector<mlir::Attribute> dimsOf(mlir::Type type);
std::string text(mlir::Type type);
llvm::LogicalResult verifyTyped(mlir::Operation *op);
/// The value of `name = value` in an op's `args`; null where it is not given.
mlir::Attribute lookup(mlir::ArrayAttr args, llvm::StringRef name);
/// "; did you mean 'x'?", or nothing.
std::string nearest(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> all);

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// What the data feed gives an input: what stands at a token, or the positions
/// in order of what stands there. Their words are those of model files.
enum class Feed {
  Tokens,
  Targets,
  Documents,
  TokenOrder,
  TargetOrder,
  DocumentOrder,
};
std::optional<Feed> feedOf(llvm::StringRef word);
llvm::StringRef wordOf(Feed feed);
/// The order of what `feed` gives.
Feed orderOf(Feed feed);
inline bool isOrder(Feed feed) { return feed >= Feed::TokenOrder; }

/// Calls `visit` for every value of the model that has a name in the text:
/// inputs, parameters, functions, optimizers, scheduled numbers.
void forEachNamed(ModelOp model,
                  llvm::function_ref<void(llvm::StringRef, mlir::Value)> visit);
/// Gives the model all that its `gpt.base` ops name (Base.cpp).
llvm::LogicalResult resolveBases(ModelOp model);

/// Walks a model in order, knows the shape of every value, checks every rule;
/// `apply` also sets the values' types.
llvm::LogicalResult checkModel(ModelOp model, bool apply = false);

} // namespace gptc::gpt

#endif // GPTC_DIALECT_GPT_H
