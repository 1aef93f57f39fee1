//===- SourceText.cpp - what a message needs of a file's text -------------===//
//
// Part of gptc, under the MIT License.
//
// MLIR's parser says that something is wrong where it stops, not what a person
// has forgotten. Indentation tells which brace is missing, as it tells a
// reader; the declared names tell what was meant.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/SourceText.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace gptc;
using llvm::StringRef;
using llvm::Twine;

static bool isNameChar(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '$' || c == '.' || c == '-';
}

/// One walk over the text: comments and strings are skipped, braces nest.
struct SourceText::Scanner {
  Scanner(SourceText &result, StringRef text) : result(result), text(text) {}

  SourceText &result;
  StringRef text;
  size_t at = 0;
  Place place{1, 1};
  unsigned indent = 0;
  bool lineBegun = false;
  int brackets = 0; ///< depth of ( and [
  bool behindComma = false;
  llvm::SmallVector<int> open;
  /// Inside the head of a function, a schedule or an optimizer: what it names
  /// belongs to the body that follows.
  bool inHead = false;
  size_t headBegin = 0; ///< its first name in `names`
  size_t statement = 0; ///< the first name of the current `%a, %b` list
  StringRef owner;      ///< the last value declared by `… =`
  std::optional<BraceFault> unclosed, extra, unopened;
  /// The last op with a body, whose '{' has not come yet; line 0 if it has.
  Place head{0, 0};

  int block() const { return open.empty() ? -1 : open.back(); }
  char next(size_t ahead = 1) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }
  void advance(size_t count) {
    for (; count && at < text.size(); --count, ++at) {
      if (text[at] == '\n') {
        ++place.line;
        place.column = 1;
        lineBegun = false;
      } else {
        ++place.column;
      }
    }
  }
  void skipString() {
    size_t end = at + 1;
    while (end < text.size() && text[end] != '"' && text[end] != '\n')
      end += text[end] == '\\' ? 2 : 1;
    advance(end + 1 - at);
  }
  void beginLine();
  void scanBrace();
  void scanName();
  void scanWord();
  void declareList();
  void scan();
};

/// A line that stands no deeper than the line that opened the innermost block,
/// and does not close it, shows that the block should have ended before.
void SourceText::Scanner::beginLine() {
  lineBegun = true;
  indent = place.column - 1;
  if (head.line && !brackets && !unopened &&
      (text[at] == '%' || text.substr(at).starts_with("gpt.")))
    unopened = {head, ("a '{' is missing before line " + Twine(place.line) +
                       ": this has a body")
                          .str()};
  if (text[at] == '}' || open.empty() || brackets || unclosed)
    return;
  const Block &inner = result.blocks[open.back()];
  if (indent <= inner.indent && place.line > inner.open.line)
    unclosed = {inner.open, ("this '{' is not closed: a '}' is missing before "
                             "line " +
                             Twine(place.line))
                                .str()};
}

void SourceText::Scanner::scanBrace() {
  if (text[at] == '{') {
    result.blocks.push_back({block(), place, indent, owner, at, text.size()});
    open.push_back(static_cast<int>(result.blocks.size()) - 1);
    for (size_t i = headBegin; inHead && i < result.names.size(); ++i)
      result.names[i].block = block();
    inHead = false;
    head.line = 0;
    owner = {};
    brackets = 0;
  } else if (!open.empty()) {
    Block &inner = result.blocks[open.back()];
    if (!extra && inner.indent != indent && place.line != inner.open.line)
      extra = {place, ("this '}' stands for no '{': that of line " +
                       Twine(inner.open.line) + " is deeper or less deep")
                          .str()};
    inner.end = at;
    open.pop_back();
  } else if (!result.fault) {
    result.fault = extra ? extra
                         : BraceFault{place, "this '}' closes nothing: a '{' "
                                             "is missing, or it is one too "
                                             "many"};
  }
  statement = result.names.size();
  advance(1);
}

void SourceText::Scanner::scanName() {
  size_t end = at + 1;
  while (end < text.size() && isNameChar(text[end]))
    ++end;
  if (!behindComma)
    statement = result.names.size();
  result.names.push_back({text.slice(at, end), place, at, block(), inHead});
  behindComma = false;
  advance(end - at);
}

/// `%a, %b =`: the names before the sign are declared.
void SourceText::Scanner::declareList() {
  for (size_t i = statement; i < result.names.size(); ++i)
    result.names[i].declares = true;
  if (statement < result.names.size())
    owner = result.names[statement].text;
  statement = result.names.size();
}

void SourceText::Scanner::scanWord() {
  size_t end = at;
  while (end < text.size() && isNameChar(text[end]))
    ++end;
  StringRef word = text.slice(at, end);
  bool named =
      word == "gpt.func" || word == "gpt.schedule" || word == "gpt.optimizer";
  if (named || word == "gpt.graph" || word == "gpt.model")
    head = place;
  if (named) {
    inHead = true;
    headBegin = result.names.size();
  } else if (word.starts_with("gpt.")) {
    inHead = false;
    if (word == "gpt.graph" || word == "gpt.model")
      owner = {};
  }
  statement = result.names.size();
  advance(std::max<size_t>(end - at, 1));
}

void SourceText::Scanner::scan() {
  while (at < text.size()) {
    char c = text[at];
    if (llvm::isSpace(c)) {
      advance(1);
      continue;
    }
    if (c == '/' && next() == '/') {
      advance(text.find('\n', at) - at);
      continue;
    }
    if (!lineBegun)
      beginLine();
    if (c == '"')
      skipString();
    else if (c == '{' || c == '}')
      scanBrace();
    else if (c == '%')
      scanName();
    else if (llvm::isAlpha(c) || c == '_')
      scanWord();
    else {
      if (c == '(' || c == '[')
        ++brackets;
      else if (c == ')' || c == ']')
        brackets = std::max(0, brackets - 1);
      else if (c == '=' && next() != '=' && !brackets && !inHead)
        declareList();
      if (c != ',')
        statement = result.names.size();
      behindComma = c == ',';
      advance(c == '=' && next() == '=' ? 2 : 1);
    }
  }
  if (!open.empty() && !result.fault) {
    const Block &inner = result.blocks[open.back()];
    result.fault =
        unclosed ? unclosed
                 : BraceFault{inner.open, "this '{' is not closed: a '}' is "
                                          "missing at the end of the file"};
  }
  if (result.fault && unopened)
    result.fault = unopened;
}

SourceText::SourceText(StringRef text) {
  text.split(lines, '\n');
  Scanner(*this, text).scan();
}

StringRef SourceText::lineFrom(Place place) const {
  if (place.line - 1 >= lines.size())
    return {};
  StringRef line = lines[place.line - 1];
  return line.drop_front(std::min<size_t>(place.column - 1, line.size()))
      .ltrim();
}

StringRef SourceText::opBefore(Place place) const {
  StringRef before = lines[place.line - 1].take_front(place.column - 1);
  size_t at = before.rfind("gpt.");
  return at == StringRef::npos ? StringRef()
                               : before.substr(at).take_while(isNameChar);
}

StringRef SourceText::sharedName(unsigned declares, unsigned reads) const {
  for (const Name &name : names)
    if (name.place.line == declares && name.declares)
      for (const Name &use : names)
        if (use.place.line == reads && use.text == name.text && !use.declares &&
            !isVisible(use.text, use.at))
          return name.text;
  return {};
}

bool SourceText::isVisible(StringRef text, size_t at) const {
  for (int block = blockAt(at);; block = blocks[block].parent) {
    for (const Name &name : names)
      if (name.declares && name.block == block && name.text == text)
        return true;
    if (block < 0)
      return false;
  }
}

int SourceText::blockAt(size_t at) const {
  int best = -1;
  for (auto [i, block] : llvm::enumerate(blocks))
    if (block.begin < at && at < block.end)
      best = static_cast<int>(i); // inner ones come later
  return best;
}

const SourceText::Name *SourceText::find(Place place) const {
  for (const Name &name : names)
    if (name.place.line == place.line && name.place.column == place.column)
      return &name;
  return nullptr;
}

StringRef SourceText::nameAt(Place place) const {
  const Name *name = find(place);
  return name ? name->text : StringRef();
}

llvm::SmallVector<StringRef> SourceText::visibleAt(Place place) const {
  llvm::SmallVector<StringRef> visible;
  // A name that was written without its sign is none of `names`.
  size_t at = lineFrom(place).data() - lines.front().data();
  StringRef own = nameAt(place);
  for (int block = blockAt(at);; block = blocks[block].parent) {
    for (const Name &name : names)
      if (name.declares && name.block == block && name.text != own)
        visible.push_back(name.text);
    if (block < 0)
      return visible;
  }
}

StringRef SourceText::bodyThatDeclares(StringRef text) const {
  for (const Name &name : names)
    if (name.declares && name.text == text && name.block >= 0 &&
        !blocks[name.block].owner.empty())
      return blocks[name.block].owner;
  return {};
}
