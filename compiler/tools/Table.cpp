//===- Table.cpp - tables of a report -------------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Table.h"
#include "llvm/Support/Unicode.h"

using namespace gptc;

void Table::print(llvm::raw_ostream &os, bool markdown) const {
  auto widthOf = [](const std::string &cell) {
    return std::max(llvm::sys::unicode::columnWidthUTF8(cell), 0);
  };
  std::vector<int> widths(rows.front().size());
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], widthOf(row[i]));
  for (const auto &row : rows) {
    os << (markdown ? "|" : "");
    for (size_t i = 0; i < row.size(); ++i) {
      std::string blanks(widths[i] - widthOf(row[i]), ' ');
      if (markdown)
        os << " " << row[i] << " |";
      else if (i == 0)
        os << row[i] << blanks;
      else
        os << "  " << blanks << row[i];
    }
    os << "\n";
    if (markdown && &row == &rows.front()) {
      os << "|";
      for (size_t i = 0; i < row.size(); ++i)
        os << (i == 0 ? " --- |" : " ---: |");
      os << "\n";
    }
  }
}
