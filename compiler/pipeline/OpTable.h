//===- OpTable.h - what the language has ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_OPTABLE_H
#define GPTC_COMPILER_PIPELINE_OPTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace gptc {

/// An op as its definition documents it.
struct OpEntry {
  std::string name;        ///< `gpt.slice`
  std::string group;       ///< a heading of the reference; empty: none
  std::string summary;     ///< one line
  std::string form;        ///< `%y = gpt.slice %x at AT size SIZE`
  std::string description; ///< without what stands in the other fields
  std::string example;
  std::vector<std::string> constraints; ///< `(C1) x has columns`
};

struct OpGroup {
  std::string title, description;
};

/// The groups in the order of the reference.
llvm::ArrayRef<OpGroup> opGroups();
/// All ops of the gpt dialect in the order of their definitions.
llvm::ArrayRef<OpEntry> opTable();
/// All ops of the kern dialect in the order of their definitions.
llvm::ArrayRef<OpEntry> kernelOpTable();
/// Whether a model file may hold the op; others are made by passes.
bool isOfLanguage(llvm::StringRef name);

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_OPTABLE_H
