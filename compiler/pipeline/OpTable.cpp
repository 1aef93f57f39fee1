//===- OpTable.cpp - what the language has --------------------------------===//
//
// Part of gptc, under the MIT License.
//
// The ops' definitions (dialect/*.td), as llvm-tblgen dumps them, stand in gptc
// as text. A description there is prose, an example between ```mlir and ```,
// and a paragraph `Constraints: (C1) …; (C2) ….`; a form of its own, where the
// assembly format is code, follows `Form: `.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/OpTable.h"
#include "compiler/pipeline/OpForm.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include <tuple>

using namespace gptc;
using llvm::StringRef;
namespace json = llvm::json;

extern "C" const char gptc_op_definitions[];
extern "C" const char gptc_op_definitions_end[];
extern "C" const char gptc_kernel_definitions[];
extern "C" const char gptc_kernel_definitions_end[];

namespace {

/// Where a definition stands.
using Place = std::pair<std::string, unsigned>;

struct Table {
  /// Of ops of the class `type`, called `prefix` and their names.
  Table(StringRef definitions, StringRef type, StringRef prefix);
  std::vector<OpGroup> groups;
  std::vector<OpEntry> ops;
  llvm::StringMap<bool> ofLanguage;
};

} // namespace

static StringRef text(const json::Object &record, StringRef field) {
  return record.getString(field).value_or("").trim();
}

static Place placeOf(const json::Object &record) {
  const json::Array *places = record.getArray("!locs");
  StringRef place = places && !places->empty()
                        ? (*places)[0].getAsString().value_or("")
                        : StringRef();
  auto [file, line] = place.rsplit(':');
  unsigned number = 0;
  (void)line.getAsInteger(10, number);
  return {file.str(), number};
}

/// Lines without the indentation of the .td file.
static std::string dedent(StringRef text) {
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  size_t least = StringRef::npos;
  for (StringRef line : llvm::drop_begin(lines))
    if (!line.trim().empty())
      least = std::min(least, line.size() - line.ltrim().size());
  std::string result;
  for (auto [i, line] : llvm::enumerate(lines))
    result += (i ? "\n" : "") +
              (i ? line.drop_front(std::min(line.size(), least)) : line)
                  .rtrim()
                  .str();
  return result;
}

/// Takes what stands between `begin` and `end` out of `text`.
static std::string take(std::string &text, StringRef begin, StringRef end) {
  size_t at = text.find(begin);
  if (at == std::string::npos)
    return "";
  size_t from = at + begin.size(), to = text.find(end, from);
  std::string taken = text.substr(from, to - from);
  text.erase(at, to == std::string::npos ? to : to + end.size() - at);
  return taken;
}

/// `(C1) x; (C2) y.` as its parts.
static std::vector<std::string> splitConstraints(StringRef text) {
  std::vector<std::string> parts;
  llvm::SmallVector<StringRef> words;
  text.split(words, ' ', -1, /*KeepEmpty=*/false);
  std::string line = llvm::join(words, " ");
  StringRef rest = line;
  while (!rest.empty()) {
    size_t next = rest.find("; (C");
    if (next == StringRef::npos)
      next = rest.size();
    StringRef part = rest.take_front(next).trim();
    part.consume_back(".");
    if (!part.empty())
      parts.push_back(part.str());
    rest = rest.drop_front(std::min(rest.size(), next + 2));
  }
  return parts;
}

static OpEntry entryOf(const json::Object &record, const json::Object &records,
                       StringRef prefix) {
  OpEntry op;
  op.name = (prefix + text(record, "opName")).str();
  op.summary = text(record, "summary").str();
  std::string words = dedent(text(record, "description"));
  op.example = take(words, "```mlir\n", "```");
  op.form = take(words, "Form: `", "`");
  std::string constraints = take(words, "Constraints: ", "\n\n");
  llvm::replace(constraints, '\n', ' ');
  op.constraints = splitConstraints(constraints);
  op.description = StringRef(words).trim().str();
  for (size_t at; (at = op.description.find("\n\n\n")) != std::string::npos;)
    op.description.erase(at, 1);
  if (op.form.empty())
    op.form = formOf(record, records, op.name);
  return op;
}

Table::Table(StringRef definitions, StringRef type, StringRef prefix) {
  llvm::Expected<json::Value> parsed = json::parse(definitions);
  if (!parsed) {
    llvm::consumeError(parsed.takeError());
    return;
  }
  const json::Object &records = *parsed->getAsObject();
  auto instancesOf = [&](StringRef type) {
    std::vector<std::pair<Place, const json::Object *>> found;
    const json::Object *instances = records.getObject("!instanceof");
    if (const json::Array *names = instances->getArray(type))
      for (const json::Value &name : *names) {
        const json::Object *record =
            records.getObject(name.getAsString().value_or(""));
        found.emplace_back(placeOf(*record), record);
      }
    llvm::sort(found, llvm::less_first());
    return found;
  };
  llvm::StringMap<std::string> titles;
  for (const auto &[place, record] : instancesOf("Gpt_Group")) {
    groups.push_back(
        {text(*record, "summary").str(), dedent(text(*record, "description"))});
    titles[text(*record, "!name")] = groups.back().title;
  }
  for (const auto &[place, record] : instancesOf(type)) {
    OpEntry op = entryOf(*record, records, prefix);
    if (const json::Object *group = record->getObject("opDocGroup"))
      op.group = titles.lookup(text(*group, "def"));
    ofLanguage[op.name] = !op.group.empty();
    ops.push_back(std::move(op));
  }
}

static const Table &table() {
  static const Table table(
      StringRef(gptc_op_definitions,
                gptc_op_definitions_end - gptc_op_definitions),
      "Gpt_Op", "gpt.");
  return table;
}

llvm::ArrayRef<OpEntry> gptc::kernelOpTable() {
  static const Table table(
      StringRef(gptc_kernel_definitions,
                gptc_kernel_definitions_end - gptc_kernel_definitions),
      "Kern_Op", "kern.");
  return table.ops;
}

llvm::ArrayRef<OpGroup> gptc::opGroups() { return table().groups; }
llvm::ArrayRef<OpEntry> gptc::opTable() { return table().ops; }
bool gptc::isOfLanguage(StringRef name) {
  return table().ofLanguage.lookup(name);
}
