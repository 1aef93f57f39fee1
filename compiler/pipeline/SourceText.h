//===- SourceText.h - what a message needs of a file's text -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PIPELINE_SOURCETEXT_H
#define GPTC_COMPILER_PIPELINE_SOURCETEXT_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace gptc {

/// A model file that may not parse: where braces open and close, and which
/// names stand where. Nothing but the tokens is looked at.
class SourceText {
public:
  explicit SourceText(llvm::StringRef text);

  /// Lines and columns from 1, as in diagnostics.
  struct Place {
    unsigned line, column;
  };
  struct BraceFault {
    Place place;
    std::string message;
  };
  /// What is wrong with the braces; nothing if each has its other.
  const std::optional<BraceFault> &braceFault() const { return fault; }

  /// The name, with its sign, that stands at a place; empty if none does.
  llvm::StringRef nameAt(Place place) const;
  /// The names that an op at this place may read.
  llvm::SmallVector<llvm::StringRef> visibleAt(Place place) const;
  /// The text from a place, or the next that is no blank, to the end of its
  /// line.
  llvm::StringRef lineFrom(Place place) const;
  /// A name that one line declares and another reads, which sees no value of
  /// that name; empty if there is none.
  llvm::StringRef sharedName(unsigned declares, unsigned reads) const;
  /// The op that stands before a place, on its line: `gpt.add`; empty if none
  /// does.
  llvm::StringRef opBefore(Place place) const;
  /// Which value's body alone declares `name`; empty if none does.
  llvm::StringRef bodyThatDeclares(llvm::StringRef name) const;

private:
  /// The text between two braces, which lies inside another's, or in none's.
  struct Block {
    int parent;
    Place open;
    unsigned indent;       ///< of the line that opens it
    llvm::StringRef owner; ///< `%model` where the line is `%model = …`
    size_t begin, end;     ///< in the text
  };
  struct Name {
    llvm::StringRef text;
    Place place;
    size_t at;
    int block;
    bool declares;
  };

  struct Scanner;
  int blockAt(size_t at) const;
  const Name *find(Place place) const;
  bool isVisible(llvm::StringRef name, size_t at) const;

  llvm::SmallVector<llvm::StringRef> lines;
  llvm::SmallVector<Block> blocks;
  llvm::SmallVector<Name> names;
  std::optional<BraceFault> fault;
};

} // namespace gptc

#endif // GPTC_COMPILER_PIPELINE_SOURCETEXT_H
