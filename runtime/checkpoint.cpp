//===- checkpoint.cpp - a run's state in a folder -------------------------===//
//
// Part of gptc, under the MIT License.
//
// The manifest comes last: a folder that has one was written whole. Its digest
// is that of its JSON without it.
//
//===----------------------------------------------------------------------===//

#include "checkpoint.h"

#include "digest.h"
#include "files.h"
#include "header.h"
#include "numbers.h"
#include "parameters.h"

#include <cerrno>
#include <sys/stat.h>

using namespace gptc;
using Json = nlohmann::ordered_json;

static constexpr char kFormat[] = "gptc checkpoint 1";
static constexpr char kDigest[] = "xxh3_128";
static constexpr size_t kMostDifferences = 4;

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// A file's name need not be UTF-8.
static std::string dump(const Json &value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

static std::string digestOfManifest(const Json &manifest) {
  std::string text = dump(manifest);
  return digestBytes(text.data(), text.size()).text();
}

void gptc::writeCheckpoint(const std::string &path, const RunState &state,
                           const RunPosition &position,
                           const RunIdentity &identity, unsigned ranks) {
  Json files = Json::object();
  for (const StateFile &file : kStateFiles) {
    std::string name = path + "/" + file.name;
    writeTensorFile(name, state.tensors(file.kind),
                    parameterNotes(position.step, identity.set));
    MappedFile written(name);
    files[file.name] = {
        {"bytes", written.size()},
        {kDigest, digestBytes(written.data(), written.size()).text()}};
  }
  Json data = {{"digest", position.data}};
  if (!position.shard.empty()) {
    data["next_shard"] = position.shard;
    data["next_document"] = position.document;
  }
  Json manifest = {{"format", kFormat},
                   {"step", position.step},
                   {"train_seconds", position.trainSeconds},
                   {"fingerprint", identity.fingerprint},
                   {"set", identity.set},
                   {"seed", identity.seed},
                   {"overfit_batch", identity.overfitBatch},
                   {"ranks", ranks},
                   {"data", data},
                   {"files", files},
                   {"written", timeOfDay()},
                   {"program", identity.program}};
  manifest = Json::parse(dump(manifest)); // as it will be read
  manifest[kDigest] = digestOfManifest(manifest);
  std::string text = dump(manifest, 2) + "\n";
  OutputFile file(path + "/" + kManifest);
  file.write(text.data(), text.size());
  file.commit();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

[[noreturn]] static void failDamaged(const std::string &path,
                                     const std::string &what) {
  throw DamagedCheckpoint(path + ": " + what);
}

static Json readManifest(const std::string &path) {
  MappedFile file(path);
  const char *text = reinterpret_cast<const char *>(file.data());
  Json manifest =
      Json::parse(text, text + file.size(), nullptr, /*exceptions=*/false);
  if (!manifest.is_object() || !manifest.contains(kDigest))
    failDamaged(path, "the file is damaged: it is no whole JSON object");
  // What the parser takes for the same, 1e-05 and 1E-05, is another text.
  std::string canonical = dump(manifest, 2) + "\n";
  bool isAsWritten = std::string(text, file.size()) == canonical;
  Json digest = manifest[kDigest];
  manifest.erase(kDigest);
  if (!isAsWritten || digest != Json(digestOfManifest(manifest)))
    failDamaged(path, "the file is damaged: its digest is another");
  if (manifest["format"] != Json(kFormat))
    fail("{}: is of the format {}, '{}' was expected: another gptc wrote it",
         path, dump(manifest["format"]), kFormat);
  return manifest;
}

Checkpoint::Checkpoint(const std::string &path) : folder(path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0)
    failErrno(path, "no checkpoint");
  if (!S_ISDIR(status.st_mode))
    fail("{}: is a file; a checkpoint is a folder", path);
  std::string name = path + "/" + kManifest;
  if (stat(name.c_str(), &status) != 0 && errno == ENOENT)
    failDamaged(path, formatText("is no checkpoint: it has no {}", kManifest));
  try {
    manifest = readManifest(name);
    where.step = manifest.at("step").get<int64_t>();
    where.trainSeconds = manifest.at("train_seconds").get<double>();
    const Json &data = manifest.at("data");
    where.data = data.at("digest").get<std::string>();
    where.shard = data.value("next_shard", "");
    where.document = data.value("next_document", int64_t(0));
    ownDigest = digestOfManifest(manifest);
  } catch (const Json::exception &) {
    failDamaged(name, "the file is damaged: what it holds is no checkpoint's");
  }
}

void Checkpoint::verify() const {
  const Json files = manifest.value("files", Json::object());
  for (const StateFile &each : kStateFiles) {
    std::string name = folder + "/" + each.name;
    Json said = files.value(each.name, Json::object());
    struct stat status;
    if (stat(name.c_str(), &status) != 0 && errno == ENOENT)
      failDamaged(name, "the file is missing");
    MappedFile file(name);
    if (said["bytes"] != Json(file.size()))
      failDamaged(
          name,
          formatText("the file is damaged: it has {} bytes, {} were written",
                     file.size(), dump(said["bytes"])));
    if (said[kDigest] != Json(digestBytes(file.data(), file.size()).text()))
      failDamaged(name, "the file is damaged: its digest is not that of what "
                        "was written");
  }
}

//===----------------------------------------------------------------------===//
// Whose it is
//===----------------------------------------------------------------------===//

static std::string shown(const Json &value) {
  if (value.is_string())
    return "'" + value.get<std::string>() + "'";
  if (value.is_number_float())
    return showNumber(value.get<double>());
  return dump(value);
}

/// What the two programs say otherwise of themselves: `constant 'D' is 64 there
/// and 128 here`.
static void compare(const Json &there, const Json &here,
                    const std::string &kind, std::vector<std::string> &found) {
  for (const auto &[name, value] : here.items()) {
    Json other = there.contains(name) ? there[name] : Json();
    if (other == value || name == "fingerprint" || name == "settings")
      continue;
    if (value.is_object() && other.is_object()) {
      compare(other, value, name == "constants" ? "constant " : "", found);
      continue;
    }
    found.push_back(formatText("{}'{}' is {} there and {} here", kind, name,
                               other.is_null() ? "none" : shown(other),
                               shown(value)));
  }
}

static std::string differences(const Json &there, const Json &here) {
  std::vector<std::string> found;
  for (const char *first : {"model", "constants"}) // what a user has chosen
    if (there.contains(first) && here.contains(first))
      compare({{first, there[first]}}, {{first, here[first]}}, "", found);
  if (found.empty())
    compare(there, here, "", found);
  if (found.empty())
    return "its kernels or schedules are others";
  std::string text;
  for (size_t i = 0; i < found.size() && i < kMostDifferences; ++i)
    text += (i ? ", " : "") + found[i];
  if (found.size() > kMostDifferences)
    text += formatText(", and {} more", found.size() - kMostDifferences);
  return text;
}

void Checkpoint::checkIdentity(const RunIdentity &own) const {
  const Json program = manifest.value("program", Json::object());
  auto said = [&](const char *name) { return manifest.value(name, Json()); };
  const char *path = folder.c_str();
  if (program.value("fingerprint", Json()) !=
      own.program.value("fingerprint", Json()))
    fail("{}: is the checkpoint of another program: {}; go on with the program "
         "that wrote it, or begin with what it has learnt: --params "
         "{}/parameters.safetensors",
         path, differences(program, own.program), path);
  if (said("set") != Json(own.set) ||
      said("fingerprint") != Json(own.fingerprint)) {
    auto words = [](const std::string &set) {
      return set.empty() ? "nothing set" : "--set " + set;
    };
    fail("{}: its run had {}, this one has {}: give the same, or begin with "
         "what it has learnt: --params {}/parameters.safetensors",
         path,
         words(said("set").is_string() ? said("set").get<std::string>() : ""),
         words(own.set), path);
  }
  if (said("seed") != Json(own.seed))
    fail("{}: its run had --seed {}, this one has {}: give the same", path,
         dump(said("seed")), own.seed);
  if (said("overfit_batch") != Json(own.overfitBatch))
    fail("{}: its run {} with --overfit-batch, this one is otherwise", path,
         own.overfitBatch ? "was not" : "was");
}
