//===- OpForm.cpp - assembly formats for readers --------------------------===//
//
// Part of gptc, under the MIT License.
//
// An assembly format says how text is read; a reader of the reference wants to
// see what to write. The directives of Syntax.h have a short form each.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/OpForm.h"
#include "dialect/Arguments.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace gptc;
using llvm::StringRef;
namespace json = llvm::json;

namespace {

class FormWriter {
public:
  FormWriter(const json::Object &record, const json::Object &records,
             StringRef op)
      : record(record), records(records), op(op),
        rest(record.getString("assemblyFormat").value_or("")) {}
  std::string write();

private:
  std::string readUntil(char end);
  std::string readItem();
  std::string readDirective(StringRef word);
  std::string readVariable();
  std::string custom(StringRef name, StringRef arguments);
  std::string numbers() const;
  std::string results() const;
  const json::Object *typeOf(StringRef dag, StringRef name) const;
  static bool isA(const json::Object *type, StringRef superclass);

  const json::Object &record, &records;
  StringRef op, rest;
};

} // namespace

static StringRef nameOf(const json::Array &argument) {
  return argument[1].getAsString().value_or("");
}

/// The definition of an argument's or a result's constraint.
const json::Object *FormWriter::typeOf(StringRef dag, StringRef name) const {
  for (const json::Value &value : *record.getObject(dag)->getArray("args")) {
    const json::Array &argument = *value.getAsArray();
    if (nameOf(argument) == name)
      return records.getObject(
          argument[0].getAsObject()->getString("def").value_or(""));
  }
  return nullptr;
}

bool FormWriter::isA(const json::Object *type, StringRef superclass) {
  if (!type)
    return false;
  if (type->getString("!name") == superclass)
    return true;
  for (const json::Value &name : *type->getArray("!superclasses"))
    if (name.getAsString() == superclass)
      return true;
  return false;
}

/// Appends a piece as MLIR's printer would space it.
static void append(std::string &text, StringRef piece) {
  if (piece.empty())
    return;
  bool tight = text.empty() || piece.front() == ',' || piece == "[" ||
               piece == "]" || piece == ")" || text.back() == '[' ||
               (piece == "(" && text.back() != ')') || text.back() == '(';
  text += (tight ? "" : " ") + piece.str();
}

/// `(window = NUMBER, scale = NUMBER, group = NUMBER?)`
std::string FormWriter::numbers() const {
  llvm::ArrayRef<gpt::Argument> arguments =
      gpt::argumentsOf(record.getString("opName").value_or(""));
  if (arguments.empty())
    return "(NAME = NUMBER, …)?";
  std::string text;
  for (const gpt::Argument &a : arguments)
    text += (text.empty() ? "" : ", ") + a.name.str() + " = NUMBER" +
            (a.needed ? "" : "?");
  bool needed =
      llvm::any_of(arguments, [](const gpt::Argument &a) { return a.needed; });
  return "(" + text + ")" + (needed ? "" : "?");
}

std::string FormWriter::custom(StringRef name, StringRef arguments) {
  std::string last = arguments.rsplit('$').second.rtrim(')').upper();
  if (name == "Args" || name == "Consts")
    return numbers();
  return llvm::StringSwitch<std::string>(name)
      .Cases({"Num", "Infix"}, last)
      .Case("Infixes", "NUMBER, …")
      .Case("Counted", "N x NUMBER, …")
      .Case("Conditions", "CONDITION, …")
      .Case("Lets", "NAME = NUMBER, …")
      .Case("Dims", "[SIZE, …]")
      .Case("SeenAndName", "(as [SIZE, …])?")
      .Case("Shape", "SHAPE")
      .Case("Feed", "FEED?")
      .Case("Bank", "(N x)? SHAPE (without MEMBER)?")
      .Case("Parts", "SHAPE init INIT, …")
      .Case("Body", "{ … }")
      .Case("Values", "%value, …")
      .Case("BaseValues", "\"FILE\"")
      .Default("");
}

/// `$x`, of which the sign has been read.
std::string FormWriter::readVariable() {
  StringRef name =
      rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
  rest = rest.drop_front(name.size());
  rest.consume_front("^");
  const json::Object *type = typeOf("arguments", name);
  if (!type)
    return "{ … }"; // a region
  if (isA(type, "SymbolNameAttr"))
    return "@NAME";
  if (isA(type, "UnitAttr"))
    return "";
  if (isA(type, "StrAttr"))
    return "\"" + name.upper() + "\"";
  if (isA(type, "Attr"))
    return name.upper();
  std::string operand = "%" + name.rtrim('_').str();
  return isA(type, "Variadic") ? operand + ", …" : operand;
}

/// `custom<NAME>(…)`, `type(…)`, `attr-dict`, of which the word has been read.
std::string FormWriter::readDirective(StringRef word) {
  StringRef name;
  if (rest.consume_front("<"))
    std::tie(name, rest) = rest.split('>');
  if (!rest.consume_front("("))
    return "";
  size_t end = 0;
  for (int depth = 1; end < rest.size(); ++end) {
    depth += rest[end] == '(' ? 1 : rest[end] == ')' ? -1 : 0;
    if (depth == 0)
      break;
  }
  StringRef arguments = rest.take_front(end);
  rest = rest.drop_front(std::min(rest.size(), end + 1));
  return word == "custom" ? custom(name, arguments)
         : word == "type" ? "TYPE"
                          : "";
}

std::string FormWriter::readItem() {
  if (rest.consume_front("`")) {
    auto [literal, behind] = rest.split('`');
    rest = behind;
    return literal.str();
  }
  if (rest.consume_front("$"))
    return readVariable();
  if (rest.consume_front("(")) {
    std::string group = readUntil(')');
    if (!rest.consume_front("?") || group.empty())
      return group;
    return group.find(' ') == std::string::npos ? group + "?"
                                                : "(" + group + ")?";
  }
  StringRef word = rest.take_while(
      [](char c) { return llvm::isAlnum(c) || c == '-' || c == '_'; });
  if (word.empty()) {
    rest = rest.drop_front();
    return "";
  }
  rest = rest.drop_front(word.size());
  return readDirective(word);
}

std::string FormWriter::readUntil(char end) {
  std::string text;
  for (rest = rest.ltrim(); !rest.empty(); rest = rest.ltrim()) {
    if (rest.consume_front(StringRef(&end, 1)))
      break;
    append(text, readItem());
  }
  return text;
}

/// `%y = `, one name a result.
std::string FormWriter::results() const {
  std::string text;
  for (const json::Value &value :
       *record.getObject("results")->getArray("args")) {
    StringRef name = nameOf(*value.getAsArray());
    text += (text.empty() ? "%" : ", %") + name.rtrim('_').str();
    if (isA(typeOf("results", name), "Variadic"))
      text += ", …";
  }
  return text.empty() ? text : text + " = ";
}

std::string FormWriter::write() {
  if (rest.empty())
    return "";
  std::string form = readUntil('\0');
  return results() + op.str() + (form.empty() ? "" : " ") + form;
}

std::string gptc::formOf(const json::Object &record,
                         const json::Object &records, StringRef name) {
  return FormWriter(record, records, name).write();
}
