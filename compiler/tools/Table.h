//===- Table.h - tables of a report -----------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TOOLS_TABLE_H
#define GPTC_COMPILER_TOOLS_TABLE_H

#include "runtime/error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace gptc {

/// Rows of cells, the first row their titles. The first column stands left, the
/// others, numbers, right.
class Table {
public:
  void row(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }

  /// In columns, or as a table of Markdown.
  void print(llvm::raw_ostream &os, bool markdown) const;

private:
  std::vector<std::vector<std::string>> rows;
};

} // namespace gptc

#endif // GPTC_COMPILER_TOOLS_TABLE_H
