//===- Syntax.h - directives of the assembly formats ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// `custom<NAME>(…)` in the .td files calls parseNAME and printNAME of this
// header. Two ideas keep model files short: numbers and sizes are infix
// expressions, and a tensor's type is printed only once it is a builtin one.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_SYNTAX_H
#define GPTC_DIALECT_SYNTAX_H

#include "dialect/Gpt.h"
#include "dialect/GptAttrs.h"

namespace gptc::gpt {

//===----------------------------------------------------------------------===//
// Shapes and types
//===----------------------------------------------------------------------===//

/// `[T, 3*D] f32`; bf16 where no element type stands.
mlir::ParseResult parseShapeType(mlir::AsmParser &p, mlir::Type &type);

/// What an input is, where its name does not say it.
mlir::ParseResult parseFeed(mlir::OpAsmParser &p, mlir::StringAttr &kind);
void printFeed(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::StringAttr kind);
mlir::ParseResult parseShape(mlir::OpAsmParser &p, mlir::TypeAttr &shape);
void printShape(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::TypeAttr shape);
mlir::ParseResult parseDims(mlir::OpAsmParser &p, DimsAttr &dims);
void printDims(mlir::OpAsmPrinter &p, mlir::Operation *, DimsAttr dims);
/// `11 x [F, D] without 6, 9`
mlir::ParseResult parseBank(mlir::OpAsmParser &p, mlir::IntegerAttr &count,
                            mlir::DenseI64ArrayAttr &without,
                            mlir::TypeAttr &shape);
void printBank(mlir::OpAsmPrinter &p, mlir::Operation *op,
               mlir::IntegerAttr count, mlir::DenseI64ArrayAttr without,
               mlir::TypeAttr shape);

mlir::ParseResult parseTypeList(mlir::OpAsmParser &p,
                                llvm::ArrayRef<mlir::Type *> types);
void printTypeList(mlir::OpAsmPrinter &p, llvm::ArrayRef<mlir::Type> types,
                   size_t results);

/// Nothing while all tensors are `!gpt.tensor`; once they are builtin tensors
/// all of them: `: [16, 4], [8, 4] -> [16, 8]`.
template <class... Ts>
mlir::ParseResult parseTypes(mlir::OpAsmParser &p, Ts &...types) {
  return parseTypeList(p, {&types...});
}
template <class... Ts>
void printTypes(mlir::OpAsmPrinter &p, mlir::Operation *op, Ts... types) {
  size_t results = llvm::count_if(op->getResultTypes(),
                                  [](mlir::Type t) { return !t.isF64(); });
  printTypeList(p, {mlir::Type(types)...}, results);
}

/// The same for ops without a result: `: [16, 4], [8, 4]`.
template <class... Ts>
mlir::ParseResult parseTargetTypes(mlir::OpAsmParser &p, Ts &...types) {
  return parseTypeList(p, {&types...});
}
template <class... Ts>
void printTargetTypes(mlir::OpAsmPrinter &p, mlir::Operation *, Ts... types) {
  printTypeList(p, {mlir::Type(types)...}, 0);
}

/// The type of an only operand: `: [16, 4]`.
mlir::ParseResult parseTargetType(mlir::OpAsmParser &p, mlir::Type &type);
void printTargetType(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::Type type);

/// The results of a call: as many tensors as it names.
mlir::ParseResult parseResults(mlir::OpAsmParser &p,
                               llvm::SmallVectorImpl<mlir::Type> &types);
void printResults(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::TypeRange);
/// What a terminator gives, with types once there are any.
mlir::ParseResult parseValues(mlir::OpAsmParser &p, Operands &values,
                              llvm::SmallVectorImpl<mlir::Type> &types);
void printValues(mlir::OpAsmPrinter &p, mlir::Operation *,
                 mlir::OperandRange values, mlir::TypeRange types);

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

mlir::ParseResult parseNum(mlir::OpAsmParser &p, mlir::Attribute &value);
void printNum(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::Attribute value);
/// An expression over constants and `%` numbers, which become operands.
mlir::ParseResult parseInfix(mlir::OpAsmParser &p, Operands &vars,
                             mlir::Attribute &value);
void printInfix(mlir::OpAsmPrinter &p, mlir::Operation *,
                mlir::OperandRange vars, mlir::Attribute value);
mlir::ParseResult parseInfixes(mlir::OpAsmParser &p, Operands &vars,
                               mlir::ArrayAttr &values);
void printInfixes(mlir::OpAsmPrinter &p, mlir::Operation *,
                  mlir::OperandRange vars, mlir::ArrayAttr values);
/// `2 x EXPRESSION, 1 x EXPRESSION`
mlir::ParseResult parseCounted(mlir::OpAsmParser &p, Operands &vars,
                               mlir::DenseI64ArrayAttr &counts,
                               mlir::ArrayAttr &values);
void printCounted(mlir::OpAsmPrinter &p, mlir::Operation *op,
                  mlir::OperandRange vars, mlir::DenseI64ArrayAttr counts,
                  mlir::ArrayAttr values);
/// The same as conditions: their words in the reference differ.
inline mlir::ParseResult parseConditions(mlir::OpAsmParser &p, Operands &vars,
                                         mlir::ArrayAttr &values) {
  return parseInfixes(p, vars, values);
}
inline void printConditions(mlir::OpAsmPrinter &p, mlir::Operation *op,
                            mlir::OperandRange vars, mlir::ArrayAttr values) {
  printInfixes(p, op, vars, values);
}
/// `NAME = EXPRESSION, …`: the list alternates names and expressions.
mlir::ParseResult parseLets(mlir::OpAsmParser &p, mlir::ArrayAttr &args);
void printLets(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::ArrayAttr args);
mlir::ParseResult parseArgs(mlir::OpAsmParser &p, Operands &vars,
                            mlir::ArrayAttr &args);
void printArgs(mlir::OpAsmPrinter &p, mlir::Operation *,
               mlir::OperandRange vars, mlir::ArrayAttr args);
mlir::ParseResult parseConsts(mlir::OpAsmParser &p, mlir::ArrayAttr &args);
void printConsts(mlir::OpAsmPrinter &p, mlir::Operation *op,
                 mlir::ArrayAttr args);

//===----------------------------------------------------------------------===//
// Names and regions
//===----------------------------------------------------------------------===//

/// The name in files is the value's name in the text, unless that had to
/// change: `as "lm_head"`.
mlir::ParseResult parseName(mlir::OpAsmParser &p, mlir::StringAttr &name);
void printName(mlir::OpAsmPrinter &p, mlir::Operation *op,
               mlir::StringAttr name);
/// `as [sizes]`, what an optimizer sees, and `as "name"`: either, both or none.
mlir::ParseResult parseSeenAndName(mlir::OpAsmParser &p, DimsAttr &seen,
                                   mlir::StringAttr &name);
void printSeenAndName(mlir::OpAsmPrinter &p, mlir::Operation *op, DimsAttr seen,
                      mlir::StringAttr name);
/// The results' names, kept; prints nothing.
mlir::ParseResult parseResultNames(mlir::OpAsmParser &p,
                                   mlir::ArrayAttr &names);
void printResultNames(mlir::OpAsmPrinter &, mlir::Operation *, mlir::ArrayAttr);
void giveNames(mlir::ValueRange values, mlir::ArrayAttr names,
               mlir::OpAsmSetValueNameFn setName);
/// A base's file and values: their names are those of the results, their types
/// what the file says, or written out.
mlir::ParseResult parseBaseValues(mlir::OpAsmParser &p, mlir::StringAttr &file,
                                  mlir::ArrayAttr &names,
                                  llvm::SmallVectorImpl<mlir::Type> &types);
void printBaseValues(mlir::OpAsmPrinter &p, mlir::Operation *,
                     mlir::StringAttr file, mlir::ArrayAttr,
                     mlir::TypeRange types);
/// The parts of a pack: `[11] f32 init 1.1, [] f32 init 0`.
mlir::ParseResult parseParts(mlir::OpAsmParser &p, mlir::ArrayAttr &names,
                             mlir::ArrayAttr &shapes, mlir::ArrayAttr &inits,
                             llvm::SmallVectorImpl<mlir::Type> &types);
void printParts(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::ArrayAttr names,
                mlir::ArrayAttr shapes, mlir::ArrayAttr inits,
                mlir::TypeRange types);
/// A region that must end with the op `end`.
mlir::ParseResult parseBody(mlir::OpAsmParser &p, mlir::Region &region,
                            llvm::ArrayRef<mlir::OpAsmParser::Argument> args,
                            llvm::StringRef end);
mlir::ParseResult parseBody(mlir::OpAsmParser &p, mlir::Region &region);
void printBody(mlir::OpAsmPrinter &p, mlir::Operation *, mlir::Region &region);

} // namespace gptc::gpt

#endif // GPTC_DIALECT_SYNTAX_H
