//===- log_resume.cpp - the log of a run that goes on ---------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "log_resume.h"

#include "error.h"
#include "files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

using namespace gptc;
using Json = nlohmann::json;

static Json parseLine(const char *begin, const char *end) {
  Json line = Json::parse(begin, end, nullptr, /*exceptions=*/false);
  return line.is_object() ? line : Json::object();
}

/// The fingerprint of the run whose header it is; empty for any other line.
static std::string fingerprintIn(const Json &line) {
  try {
    const Json &header = line.at("header");
    if (header.at("run").contains("fingerprint"))
      return header["run"]["fingerprint"].get<std::string>();
    return header.at("fingerprint").get<std::string>();
  } catch (const Json::exception &) {
    return "";
  }
}

/// Whether the line tells of something before the end of the first `step`
/// steps. The run that goes on validates behind them, not the one before.
static bool isBefore(const Json &line, int64_t step) {
  if (line.contains("resumed"))
    return true;
  Json said = line.value("step", Json());
  if (!said.is_number_integer())
    return false;
  return line.contains("val_loss") ? said.get<int64_t>() < step
                                   : said.get<int64_t>() <= step;
}

bool gptc::cutLog(const std::string &path, int64_t step,
                  const ProgramView &program, const Settings &settings) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 && errno == ENOENT)
    return false;
  MappedFile file(path);
  if (file.size() == 0)
    return false;
  const char *begin = reinterpret_cast<const char *>(file.data());
  const char *end = begin + file.size(), *kept = begin;
  int64_t last = 0;
  while (const void *found =
             kept == end ? nullptr
                         : std::memchr(kept, '\n', size_t(end - kept))) {
    const char *next = static_cast<const char *>(found) + 1;
    Json line = parseLine(kept, next);
    if (kept == begin) {
      std::string fingerprint = fingerprintIn(line);
      if (fingerprint.empty())
        fail("{}: is no log of a run, and a run that goes on would add to it: "
             "name another --log",
             path);
      if (fingerprint != runFingerprint(program, settings))
        fail("{}: is the log of another program or other settings (fingerprint "
             "{}), and a run that goes on would add to it: name another --log",
             path, fingerprint);
    } else {
      if (!isBefore(line, step))
        break;
      last = std::max(last, line.value("step", last));
    }
    kept = next;
  }
  if (kept == begin)
    return false; // its header was cut off
  if (last < step)
    print(stderr,
          "warning: {}: ends at step {}, and the run goes on from step {}\n",
          path, last, step);
  if (kept == end)
    return true;
  OutputFile shorter(path);
  shorter.write(begin, uint64_t(kept - begin));
  shorter.commit();
  return true;
}
