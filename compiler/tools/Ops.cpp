//===- Ops.cpp - gptc ops: what the language has --------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Ops.h"
#include "compiler/pipeline/OpTable.h"
#include "compiler/pipeline/Report.h"
#include "dialect/Arguments.h"
#include "dialect/Differentiable.h"
#include "dialect/GptDialect.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace gptc;
using llvm::StringRef;

static StringRef shortName(const OpEntry &op) {
  return StringRef(op.name).split('.').second;
}

/// Whether a gradient flows through the op; nothing for what computes no
/// tensor. Tables, ties and rotations have their rule in passes.
static StringRef gradientOf(const OpEntry &op) {
  if (op.group == "The model" || op.group == "Functions and graphs" ||
      op.group == "Numbers and the recipe")
    return "";
  mlir::MLIRContext context;
  context.loadDialect<gpt::GptDialect>();
  auto known = mlir::RegisteredOperationName::lookup(op.name, &context);
  bool flows = known && (known->hasInterface<gpt::Differentiable>() ||
                         op.name == "gpt.embed" || op.name == "gpt.tied" ||
                         op.name == "gpt.rotary");
  return flows ? "flows through it"
               : "none: a loss cannot depend on its result";
}

/// What each number of the op may be: "scale: above 0".
static std::vector<std::string> numbersOf(const OpEntry &op) {
  std::vector<std::string> lines;
  for (const gpt::Argument &a : gpt::argumentsOf(shortName(op)))
    lines.push_back(
        (a.name + ": " + gpt::words(a) + (a.needed ? "" : "; may be left out"))
            .str());
  return lines;
}

void gptc::listOps() {
  llvm::raw_ostream &os = llvm::outs();
  auto list = [&](StringRef group) {
    for (const OpEntry &op : opTable())
      if (op.group == group)
        os << llvm::formatv("  {0,-24}{1}\n", shortName(op), op.summary);
  };
  for (const OpGroup &group : opGroups()) {
    os << group.title << "\n";
    list(group.title);
  }
  os << "Made by passes: no model file holds them\n";
  list("");
  os << "Kernels and row programs, from the phase `kernels` on\n";
  for (const OpEntry &op : kernelOpTable())
    os << llvm::formatv("  {0,-24}{1}\n", op.name, op.summary);
  os << "\n`gptc ops NAME` tells the rest of one; docs/language.md has all.\n";
}

llvm::LogicalResult gptc::describeOp(StringRef name) {
  bool isKernel = name.starts_with("kern.");
  llvm::ArrayRef<OpEntry> table = isKernel ? kernelOpTable() : opTable();
  std::string whole =
      (isKernel || name.starts_with("gpt.") ? "" : "gpt.") + name.str();
  llvm::SmallVector<StringRef> names;
  for (const OpEntry &op : table)
    names.push_back(op.name);
  const OpEntry *op = llvm::find_if(
      table, [&](const OpEntry &entry) { return entry.name == whole; });
  if (op == table.end())
    return report("there is no op '" + name + "'" + gpt::nearest(whole, names));
  llvm::raw_ostream &os = llvm::outs();
  auto indented = [&](StringRef text, StringRef indent) {
    llvm::SmallVector<StringRef> lines;
    text.split(lines, '\n');
    for (StringRef line : lines)
      os << (line.empty() ? "" : indent) << line << "\n";
  };
  os << op->name << ": " << op->summary << "\n\n";
  if (op->group.empty() && !isKernel)
    os << "Passes make it: no model file holds it.\n\n";
  else if (!op->form.empty()) // else the example says it
    indented(op->form, "  ");
  if (!op->description.empty())
    os << "\n" << op->description << "\n";
  os << "\nExample:\n";
  indented(StringRef(op->example).rtrim(), "  ");
  if (!op->constraints.empty())
    os << "\nRules:\n";
  for (const std::string &constraint : op->constraints)
    os << "  " << constraint << "\n";
  if (isKernel)
    return llvm::success();
  std::vector<std::string> numbers = numbersOf(*op);
  if (!numbers.empty())
    os << "\nNumbers, at every step:\n";
  for (const std::string &number : numbers)
    os << "  " << number << "\n";
  if (StringRef gradient = gradientOf(*op); !gradient.empty())
    os << "\nGradient: " << gradient << "\n";
  return llvm::success();
}

static void printEntry(llvm::raw_ostream &os, const OpEntry &op) {
  os << "\n#### gpt." << shortName(op) << "\n\n"
     << op.summary << ".\n\n```\n"
     << op.form << "\n```\n";
  if (!op.description.empty())
    os << "\n" << op.description << "\n";
  os << "\n```mlir\n" << StringRef(op.example).rtrim() << "\n```\n";
  if (!op.constraints.empty())
    os << "\n";
  for (const std::string &constraint : op.constraints)
    os << "- " << constraint << "\n";
  std::vector<std::string> numbers = numbersOf(op);
  if (!numbers.empty())
    os << "\nNumbers, at every step:\n\n";
  for (const std::string &number : numbers)
    os << "- " << number << "\n";
  if (StringRef gradient = gradientOf(op); !gradient.empty())
    os << "\nGradient: " << gradient << ".\n";
}

void gptc::printReference() {
  llvm::raw_ostream &os = llvm::outs();
  for (const OpGroup &group : opGroups()) {
    os << "\n### " << group.title << "\n\n" << group.description << "\n";
    for (const OpEntry &op : opTable())
      if (op.group == group.title)
        printEntry(os, op);
  }
}
