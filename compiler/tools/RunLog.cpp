//===- RunLog.cpp - the logs of training runs -----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/RunLog.h"
#include "compiler/pipeline/Report.h"
#include "dialect/Arguments.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <map>

using namespace gptc;
using llvm::failure;
using llvm::FailureOr;
using llvm::LogicalResult;
using llvm::StringRef;
using llvm::success;
using llvm::Twine;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

FailureOr<std::string> gptc::readText(StringRef path) {
  if (llvm::sys::fs::is_directory(path))
    return report("'" + path + "' is a folder: name the files in it");
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer)
    return report("cannot read '" + path + "': " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

namespace {
/// Reads the lines of one log.
class Reader {
public:
  Reader(StringRef path, RunLog &log) : log(log) { log.path = path.str(); }

  LogicalResult read(StringRef text);

private:
  LogicalResult readLine(StringRef line);
  LogicalResult readPrinted(StringRef line);
  LogicalResult advance(int64_t step);
  LogicalResult readNumbers(const json::Object &line);
  LogicalResult complain(const Twine &message) const {
    return report(log.path + ":" + Twine(log.lines) + ": " + message);
  }

  RunLog &log;
  bool printed = false; ///< as lines for people
};
} // namespace

static bool isJson(StringRef text) {
  llvm::Expected<json::Value> value = json::parse(text);
  bool good = static_cast<bool>(value);
  llvm::consumeError(value.takeError());
  return good;
}

/// The number behind `name` in a printed line.
static std::optional<double> numberIn(StringRef line, StringRef name) {
  llvm::SmallVector<StringRef> words;
  line.split(words, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef word : words) {
    double value = 0;
    if (word.consume_front(name)) {
      word.consume_back("ms");
      if (llvm::to_float(word, value) && std::isfinite(value))
        return value;
    }
  }
  return std::nullopt;
}

/// `step:N/M`, which printed lines begin with: N and M.
static std::optional<std::pair<int64_t, int64_t>> stampOf(StringRef line) {
  std::pair<int64_t, int64_t> stamp;
  if (!line.consume_front("step:") || line.consumeInteger(10, stamp.first) ||
      !line.consume_front("/") || line.consumeInteger(10, stamp.second) ||
      !line.starts_with(" ") || stamp.first < 0)
    return std::nullopt;
  return stamp;
}

bool gptc::isLog(StringRef text) {
  if (text.trim().empty() || text.ltrim().front() == '{')
    return true;
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  return llvm::any_of(lines, stampOf);
}

LogicalResult Reader::read(StringRef text) {
  if (text.trim().empty())
    return report(log.path + ": the log is empty: the run that writes it has "
                             "not begun, or failed before its first step");
  printed = text.ltrim().front() != '{' && isLog(text);
  while (!text.empty()) {
    ++log.lines;
    size_t end = text.find('\n');
    bool ends = end != StringRef::npos;
    if (!ends && !(printed ? text.ends_with("ms") : isJson(text))) {
      log.endsInsideLine = true;
      break;
    }
    if (failed(readLine(text.take_front(end))))
      return failure();
    text = ends ? text.drop_front(end + 1) : "";
  }
  if (!log.last && log.steps.empty() && log.validations.empty())
    return complain("the log ends before a step or a validation: the run has "
                    "not come so far, or failed");
  return success();
}

LogicalResult Reader::readLine(StringRef line) {
  if (printed)
    return readPrinted(line);
  llvm::Expected<json::Value> value = json::parse(line);
  if (!value) {
    llvm::consumeError(value.takeError());
    return complain("no line of a log, which holds one JSON object a line: "
                    "`EXE train --log FILE` writes it");
  }
  json::Object *object = value->getAsObject();
  if (!object)
    return complain("a line of a log is a JSON object, as `EXE train --log "
                    "FILE` writes it");
  if (json::Object *header = object->getObject("header")) {
    if (log.lines > 1)
      return complain("a second log begins here: give each run a file of its "
                      "own");
    log.header = std::move(*header);
    return success();
  }
  if (object->getObject("resumed")) // the run went on from a checkpoint here
    return success();
  return readNumbers(*object);
}

LogicalResult Reader::advance(int64_t step) {
  if (step < log.last)
    return complain("step " + Twine(step) + " after step " + Twine(log.last) +
                    ": are these two logs? Give each run a file of its own");
  log.last = step;
  return success();
}

/// `step:N/M val_loss:L train_time:Tms …`, or `step:N/M train_time:Tms …`, with
/// or without `loss:L`. What else is printed tells nothing of a run.
LogicalResult Reader::readPrinted(StringRef line) {
  auto stamp = stampOf(line);
  std::optional<double> time = numberIn(line, "train_time:");
  if (!stamp || !time)
    return success();
  if (failed(advance(stamp->first)))
    return failure();
  log.planned = stamp->second;
  if (std::optional<double> loss = numberIn(line, "val_loss:"))
    log.validations.push_back({stamp->first, *loss, *time});
  else if (std::optional<double> loss = numberIn(line, "loss:"))
    log.steps.push_back(
        {stamp->first, *loss, numberIn(line, "next_token_loss:"), 0, *time});
  return success();
}

LogicalResult Reader::readNumbers(const json::Object &line) {
  std::optional<int64_t> step = line.getInteger("step");
  std::optional<double> loss = line.getNumber("loss");
  std::optional<double> validation = line.getNumber("val_loss");
  std::optional<double> time = line.getNumber("train_time_ms");
  if (!step || !time || (!loss && !validation))
    return complain("no line of a log: it has no step, no train_time_ms or "
                    "neither loss nor val_loss");
  if (failed(advance(*step)))
    return failure();
  if (validation)
    log.validations.push_back({*step, *validation, *time});
  else
    log.steps.push_back({*step, *loss, line.getNumber("next_token_loss"),
                         line.getInteger("tokens").value_or(0), *time});
  return success();
}

FailureOr<RunLog> gptc::parseLog(StringRef path, StringRef text) {
  RunLog log;
  if (failed(Reader(path, log).read(text)))
    return failure();
  return log;
}

FailureOr<RunLog> gptc::readLog(StringRef path) {
  FailureOr<std::string> text = readText(path);
  if (failed(text))
    return failure();
  return parseLog(path, *text);
}

//===----------------------------------------------------------------------===//
// What it tells
//===----------------------------------------------------------------------===//

StringRef RunLog::text(llvm::ArrayRef<StringRef> path) const {
  const json::Object *object = &header;
  for (StringRef name : path.drop_back()) {
    object = object->getObject(name);
    if (!object)
      return "";
  }
  return object->getString(path.back()).value_or("");
}

std::optional<int64_t> RunLog::plannedSteps() const {
  const json::Object *run = header.getObject("run");
  return run ? run->getInteger("steps") : planned;
}

FailureOr<RunLog::Validation> gptc::finalValidation(const RunLog &log) {
  std::string place = log.path + ":" + std::to_string(log.lines) + ": ";
  const char *mend = "; leave this log out, or train again";
  int64_t planned = log.plannedSteps().value_or(log.last);
  if (log.endsInsideLine)
    return report(place +
                  "the log ends in the middle of a line: its run was "
                  "cut short" +
                  mend);
  if (log.last < planned)
    return report(place + "the log ends at step " + Twine(log.last) + " of " +
                  Twine(planned) + ": its run was cut short" + mend);
  if (log.validations.empty())
    return report(place + "the log has no validation: train with --val");
  if (log.validations.back().step < planned)
    return report(place + "the last validation stands at step " +
                  Twine(log.validations.back().step) + ", the run ends at " +
                  Twine(planned) + ": its final loss is not known" + mend);
  return log.validations.back();
}

/// The settings of a run that change its numbers, by name, as text; what
/// `--set` gave is one of them.
static std::map<std::string, std::string> settingsOf(const RunLog &log) {
  // The fingerprint follows from the rest.
  static const llvm::StringSet<> free = {"seed", "threads", "data",
                                         "val",  "params",  "fingerprint"};
  std::map<std::string, std::string> settings;
  if (const json::Object *run = log.header.getObject("run"))
    for (const auto &[name, value] : *run)
      if (!free.contains(name.str()) && name != "set")
        llvm::raw_string_ostream(settings[name.str()]) << name << "=" << value;
  settings["--set"] = log.given();
  return settings;
}

std::string RunLog::given() const {
  const json::Object *run = header.getObject("run");
  const json::Object *set = run ? run->getObject("set") : nullptr;
  std::map<std::string, std::string> words; // in an order
  if (set)
    for (const auto &[name, value] : *set)
      if (std::optional<double> number = value.getAsNumber())
        words[name.str()] = "--set " + name.str() + "=" + gpt::show(*number);
  return llvm::join(llvm::make_second_range(words), " ");
}

/// Those of a run's settings that another has not: `epochs=2, steps=4`.
static std::string ownSettings(const RunLog &log, const RunLog &other) {
  std::map<std::string, std::string> theirs = settingsOf(other);
  std::vector<std::string> own;
  for (const auto &[name, text] : settingsOf(log))
    if (theirs[name] != text)
      own.push_back(text.empty() ? "no " + name : text);
  return llvm::join(own, ", ");
}

std::string gptc::difference(const RunLog &log, const RunLog &first) {
  auto program = [](const RunLog &log) {
    return ("'" + log.text({"model"}) + "', fingerprint " +
            log.text({"fingerprint"}))
        .str();
  };
  auto validated = [](const RunLog &log) {
    return llvm::sys::path::filename(log.text({"run", "val"}));
  };
  if (log.header.empty() || first.header.empty()) {
    std::optional<int64_t> mine = log.plannedSteps();
    std::optional<int64_t> other = first.plannedSteps();
    if (!mine || !other || *mine == *other)
      return ""; // one does not tell more
    return "is a run of " + std::to_string(*mine) + " steps, '" + first.path +
           "' one of " + std::to_string(*other);
  }
  if (program(log) != program(first))
    return "is a run of " + program(log) + ", '" + first.path + "' one of " +
           program(first);
  if (settingsOf(log) != settingsOf(first))
    return "is a run with " + ownSettings(log, first) + ", '" + first.path +
           "' one with " + ownSettings(first, log);
  if (validated(log) != validated(first))
    return ("is a run validated on '" + validated(log) + "', '" + first.path +
            "' one on '" + validated(first) + "'")
        .str();
  return "";
}
