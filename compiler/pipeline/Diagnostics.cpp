//===- Diagnostics.cpp - errors in a model's own words --------------------===//
//
// Part of gptc, under the MIT License.
//
// MLIR's parser speaks to people who write dialects. Its messages are known
// here by their text, which the tests of the command line hold: a release that
// changes one shows there, and until then the message is MLIR's.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Diagnostics.h"
#include "compiler/pipeline/OpTable.h"
#include "dialect/Gpt.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace gptc;
using namespace mlir;

Diagnostics::Diagnostics(llvm::SourceMgr &sources, MLIRContext *context,
                         bool internal)
    : SourceMgrDiagnosticHandler(sources, context), context(context),
      internal(internal) {
  setHandler([this](Diagnostic &diagnostic) { print(diagnostic); });
}

static FileLineColLoc placeOf(Location loc) {
  FileLineColLoc place;
  loc->walk([&](Location part) {
    place = dyn_cast<FileLineColLoc>(part);
    return place ? WalkResult::interrupt() : WalkResult::advance();
  });
  return place;
}

const SourceText *Diagnostics::textOf(Location loc) {
  FileLineColLoc place = placeOf(loc);
  if (!place)
    return nullptr;
  StringRef file = place.getFilename();
  auto known = texts.find(file);
  if (known == texts.end()) {
    const llvm::MemoryBuffer *buffer = getBufferForFile(file);
    if (!buffer)
      return nullptr;
    known = texts.try_emplace(file, buffer->getBuffer()).first;
  }
  return &known->second;
}

static SourceText::Place sourcePlace(Location loc) {
  FileLineColLoc place = placeOf(loc);
  return {place.getLine(), place.getColumn()};
}

//===----------------------------------------------------------------------===//
// The parser's messages
//===----------------------------------------------------------------------===//

/// The text between the first two quotes; empty if there are not two.
static StringRef quoted(StringRef message) {
  return message.split('\'').second.split('\'').first;
}

/// Which `%` name was meant.
std::string Diagnostics::undeclared(Location loc) {
  const SourceText *text = textOf(loc);
  StringRef name = text ? text->nameAt(sourcePlace(loc)) : StringRef();
  if (name.empty())
    return "this value is not declared";
  std::string meant = gpt::nearest(name, text->visibleAt(sourcePlace(loc)));
  StringRef body = text->bodyThatDeclares(name);
  if (meant.empty() && !body.empty())
    meant = ("; the one in " + body +
             " can be read there alone: return it, or pass it")
                .str();
  return ("'" + name + "' is not declared" + meant).str();
}

std::string Diagnostics::unknownOp(StringRef name) {
  StringRef dialect =
      name.starts_with("kern.") ? StringRef("kern") : StringRef("gpt");
  SmallVector<StringRef> all;
  std::string whole = ("gpt." + name.rsplit('.').second).str();
  if (!name.contains('.'))
    whole = ("gpt." + name).str();
  for (RegisteredOperationName op :
       context->getRegisteredOperationsByDialect(dialect)) {
    all.push_back(op.getStringRef());
    if (op.getStringRef() == whole)
      return ("there is no op '" + name + "'; did you mean '" + whole + "'?")
          .str();
  }
  std::string meant = gpt::nearest(dialect == "gpt" ? whole : name.str(), all);
  return ("there is no op '" + name + "'" +
          (meant.empty() ? "; `gptc ops` lists those that there are" : meant))
      .str();
}

static StringRef kindOf(StringRef type) {
  return llvm::StringSwitch<StringRef>(type)
      .Case("!gpt.tensor", "a tensor")
      .Case("f64", "a number")
      .Case("!gpt.func", "a function")
      .Case("!gpt.optimizer", "an optimizer")
      .Default(type);
}

/// What stands behind an op that was complete; nothing where a new op stands.
std::optional<std::string> Diagnostics::misplaced(Location loc) {
  const SourceText *text = textOf(loc);
  if (!text)
    return std::nullopt;
  StringRef op = text->opBefore(sourcePlace(loc));
  if (op.empty())
    return std::nullopt;
  StringRef line = text->lineFrom(sourcePlace(loc));
  StringRef word = line.take_while([](char c) { return llvm::isAlnum(c); });
  if (word.empty())
    word = line.take_front(1);
  return llvm::formatv("'{0}' does not belong here: '{1}' ends before it; is a "
                       "',' missing, or too much written?",
                       word, op)
      .str();
}

/// What MLIR's parser wanted, by what stands there instead.
std::optional<std::string> Diagnostics::missing(Location loc,
                                                StringRef message) {
  const SourceText *text = textOf(loc);
  if (!text)
    return std::nullopt;
  StringRef line = text->lineFrom(sourcePlace(loc));
  StringRef word = line.take_while(
      [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
  if (message == "expected SSA operand" && !word.empty()) {
    std::string name = ("%" + word).str();
    SmallVector<StringRef> visible = text->visibleAt(sourcePlace(loc));
    std::string meant = llvm::is_contained(visible, name)
                            ? "; did you mean '" + name + "'?"
                            : gpt::nearest(name, visible);
    return ("a value is needed here, and '" + word + "' has no '%'" + meant)
        .str();
  }
  if (message == "expected SSA operand")
    return "a value is needed here: `%name`";
  if (message == "expected '\"' in string literal")
    return "a '\"' is missing at the end of this text";
  if (!word.empty() &&
      (message == "expected attribute value" || message == "expected string"))
    return llvm::formatv("a text in quotes is needed here: \"{0}\"", word)
        .str();
  if (message == "expected ':' after block name")
    return "'^' is no operator: x to the power of 2 is pow(x, 2)";
  if (line.starts_with("#") && message == "invalid attribute name")
    return "'#' begins no comment: comments begin with //";
  return std::nullopt;
}

/// A message of MLIR's parser or verifier in other words; nothing if it says
/// what it has to.
std::optional<std::string> Diagnostics::reworded(Location loc,
                                                 StringRef message) {
  if (message == "use of undeclared SSA value name")
    return undeclared(loc);
  if (std::optional<std::string> words = missing(loc, message))
    return words;
  StringRef unknown = message.split("custom op '").second.split('\'').first;
  bool wantsOp = message == "expected operation name in quotes" ||
                 (!unknown.empty() && !unknown.contains('.') &&
                  (message.contains("is unknown") ||
                   message.contains("not found for custom op '")));
  if (wantsOp)
    if (std::optional<std::string> words = misplaced(loc))
      return words;
  if (message.contains("not found for custom op '"))
    return unknownOp(message.split("custom op '").second.split('\'').first);
  if (message.starts_with("custom op '") && message.contains("is unknown"))
    return unknownOp(quoted(message));
  if (message.starts_with("custom op '")) // what a form of ours says
    return message.split("' ").second.str();
  if (message == "expected operation name in quotes")
    return "an op was expected: `%name = gpt.OP …`";
  if (message.starts_with("operation defines ")) {
    SmallVector<StringRef> parts;
    message.split(parts, ' ');
    if (parts.size() > 6)
      return llvm::formatv("{0} names stand here, and the op gives {1}",
                           parts[6], parts[2] == "1" ? "one value" : parts[2])
          .str();
  }
  if (message.starts_with("redefinition of SSA value '"))
    return ("'" + quoted(message) + "' is declared twice").str();
  if (message.contains("does not dominate this use"))
    return "reads a value that is declared further down";
  if (message.starts_with("use of value '") &&
      message.contains("expects different type than prior uses")) {
    SmallVector<StringRef> parts;
    message.split(parts, '\'');
    if (parts.size() > 5)
      return llvm::formatv("'{0}' must be {1} here, and is {2}", parts[1],
                           kindOf(parts[3]), kindOf(parts[5]))
          .str();
  }
  return std::nullopt;
}

/// Whether a message blames an op that no model file holds: what a pass made.
static bool blamesInternalOp(StringRef message) {
  if (!message.starts_with("'"))
    return false;
  StringRef name = quoted(message);
  return message.drop_front(name.size() + 2).starts_with(" op") &&
         name.contains('.') && !isOfLanguage(name);
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

/// One mistake, one error: the parser goes on behind a missing brace, and finds
/// fault with all that follows.
bool Diagnostics::reportBraces(Diagnostic &diagnostic) {
  FileLineColLoc place = placeOf(diagnostic.getLocation());
  if (!place || diagnostic.getSeverity() != DiagnosticSeverity::Error)
    return false;
  StringRef file = place.getFilename();
  if (unbalanced.contains(file))
    return true;
  const SourceText *text = textOf(diagnostic.getLocation());
  if (!text || !text->braceFault())
    return false;
  unbalanced.insert(file);
  const SourceText::BraceFault &fault = *text->braceFault();
  emitDiagnostic(
      FileLineColLoc::get(context, file, fault.place.line, fault.place.column),
      fault.message, DiagnosticSeverity::Error);
  return true;
}

/// What a name stands for is seen at its declaration, by MLIR; the mistake is
/// where it is read as something else, or where it is read and not declared.
bool Diagnostics::reportAtUse(Diagnostic &diagnostic) {
  std::string message = diagnostic.str();
  StringRef text = message;
  if (diagnostic.getNotes().empty())
    return false;
  Diagnostic &note = *diagnostic.getNotes().begin();
  std::string said = note.str();
  if (text.starts_with("definition of SSA value '") &&
      StringRef(said).starts_with("previously used here with type")) {
    StringRef name = quoted(text).split('#').first;
    StringRef is = text.rsplit("type '").second.rtrim('\'');
    StringRef wanted = StringRef(said).rsplit("type '").second.rtrim('\'');
    printOnce(note.getLocation(),
              llvm::formatv("'{0}' must be {1} here, and is {2}", name,
                            kindOf(wanted), kindOf(is))
                  .str(),
              DiagnosticSeverity::Error);
    printOnce(diagnostic.getLocation(), "it is declared here",
              DiagnosticSeverity::Note);
    return true;
  }
  if (text.starts_with("region entry argument '") &&
      said == "previously referenced here") {
    printOnce(note.getLocation(), undeclared(note.getLocation()),
              DiagnosticSeverity::Error);
    return true;
  }
  if (text.contains("does not dominate this use") &&
      StringRef(said).contains("neither in a parent nor in a child region")) {
    // The message knows the operand's number; the lines tell its name.
    const SourceText *source = textOf(note.getLocation());
    if (!source)
      return false;
    StringRef name =
        source->sharedName(sourcePlace(note.getLocation()).line,
                           sourcePlace(diagnostic.getLocation()).line);
    StringRef body = source->bodyThatDeclares(name);
    if (body.empty())
      return false;
    printOnce(diagnostic.getLocation(),
              llvm::formatv("'{0}' is not declared here; the one in {1} can be "
                            "read there alone: return it, or pass it",
                            name, body)
                  .str(),
              DiagnosticSeverity::Error);
    printOnce(note.getLocation(), "it is declared here",
              DiagnosticSeverity::Note);
    return true;
  }
  return false;
}

void Diagnostics::printOnce(Location loc, StringRef message,
                            DiagnosticSeverity severity) {
  std::string key;
  llvm::raw_string_ostream(key) << loc << message;
  if (printed.insert(key).second)
    emitDiagnostic(loc, message, severity);
}

void Diagnostics::print(Diagnostic &diagnostic) {
  Location loc = diagnostic.getLocation();
  DiagnosticSeverity severity = diagnostic.getSeverity();
  std::string message = diagnostic.str();
  StringRef text = message;
  // The file that names a faulty base is not at fault itself.
  if (text.starts_with("the base '") && text.ends_with("' has errors"))
    return printOnce(loc, "it is the base of this model",
                     DiagnosticSeverity::Note);
  if (reportBraces(diagnostic) || reportAtUse(diagnostic))
    return;
  bool isError = severity == DiagnosticSeverity::Error;
  if (isError && !internal && blamesInternalOp(text))
    return printOnce(
        loc,
        "gptc fails here: a pass made of this what another does not take. The "
        "model is not at fault; -v shows the pass's own words",
        severity);
  std::optional<std::string> other;
  if (isError)
    other = reworded(loc, text);
  printOnce(loc, other ? *other : message, severity);
  for (Diagnostic &note : diagnostic.getNotes()) {
    std::string words = note.str();
    if (StringRef(words).starts_with("Available dialects:"))
      continue;
    printOnce(note.getLocation(), words, DiagnosticSeverity::Note);
  }
}
