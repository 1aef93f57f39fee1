//===- checkpoint_folder.cpp - the checkpoints of a run -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "checkpoint_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace gptc;

static constexpr char kLock[] = "lock", kTemporary[] = ".tmp";
/// How long a run waits for one that is ending.
static constexpr int kLockTries = 100, kLockMicroseconds = 50000;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string gptc::checkpointPath(const std::string &folder, int64_t step) {
  return folder + formatText("/step-{:08}", step);
}

static std::string inside(std::string folder, const std::string &name) {
  return folder.append("/").append(name);
}

static std::vector<std::string> namesIn(const std::string &folder) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR *)> open(opendir(folder.c_str()), closedir);
  if (!open)
    return names;
  while (const dirent *entry = readdir(open.get()))
    if (std::strcmp(entry->d_name, ".") != 0 &&
        std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
  return names;
}

/// The step that a checkpoint's name has; nothing for any other name.
static std::optional<int64_t> stepOf(const std::string &name) {
  static const std::string prefix = "step-";
  if (name.compare(0, prefix.size(), prefix) != 0)
    return std::nullopt;
  const char *text = name.c_str() + prefix.size();
  char *end;
  errno = 0;
  long long step = std::strtoll(text, &end, 10);
  if (errno || *end || checkpointPath("", step) != "/" + name)
    return std::nullopt;
  return step;
}

std::vector<int64_t> gptc::stepsIn(const std::string &folder) {
  std::vector<int64_t> steps;
  for (const std::string &name : namesIn(folder))
    if (std::optional<int64_t> step = stepOf(name))
      steps.push_back(*step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

static Checkpoint verified(const std::string &path) {
  Checkpoint checkpoint(path);
  checkpoint.verify();
  return checkpoint;
}

std::optional<Checkpoint> gptc::newestCheckpoint(const std::string &folder) {
  std::vector<int64_t> steps = stepsIn(folder);
  std::string damage;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    try {
      Checkpoint found = verified(checkpointPath(folder, *step));
      if (!damage.empty())
        print(stderr, "warning: {}; {} is the last that is whole\n", damage,
              found.path());
      return found;
    } catch (const DamagedCheckpoint &error) {
      damage += (damage.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (!damage.empty())
    fail("{}: none of its checkpoints is whole: {}; remove them to begin at "
         "step 0",
         folder, damage);
  return std::nullopt;
}

Checkpoint gptc::namedCheckpoint(const std::string &path) {
  struct stat status;
  std::vector<int64_t> steps = stepsIn(path);
  if (!steps.empty() && stat((path + "/" + kManifest).c_str(), &status) != 0)
    fail("{}: holds checkpoints, and is none: name one, as --resume {}, or "
         "have the newest by --checkpoint {} --resume auto",
         path, checkpointPath(path, steps.back()), path);
  return verified(path);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// A folder of files, and they.
static void removeFolder(const std::string &path) {
  for (const std::string &name : namesIn(path))
    unlink(inside(path, name).c_str());
  rmdir(path.c_str());
}

/// Names that were given in the folder are on the disk when it returns.
static void syncFolder(const std::string &path) {
  int opened = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0)
    failErrno(path, "cannot open");
  bool synced = fsync(opened) == 0 || errno == EINVAL;
  int reason = errno;
  close(opened);
  errno = reason;
  if (!synced)
    failErrno(path, "cannot write");
}

CheckpointFolder::CheckpointFolder(const std::string &path, int64_t keep)
    : folder(path), keep(keep) {
  struct stat status;
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
    failErrno(path, "cannot make the folder of --checkpoint");
  if (stat(path.c_str(), &status) != 0)
    failErrno(path, "cannot open");
  if (!S_ISDIR(status.st_mode))
    fail("{}: is a file; --checkpoint names a folder", path);
  lock();
  for (const std::string &name : namesIn(path)) {
    size_t dot = name.rfind(kTemporary);
    if (dot != std::string::npos && stepOf(name.substr(0, dot)))
      removeFolder(inside(path, name));
  }
  // Fails now rather than after many steps.
  std::string probe = checkpointPath(path, 0) + kTemporary;
  if (mkdir(probe.c_str(), 0777) != 0) {
    int reason = errno;
    close(locked);
    errno = reason;
    failErrno(path, "cannot write");
  }
  rmdir(probe.c_str());
}

CheckpointFolder::~CheckpointFolder() { close(locked); }

/// The system unlocks what a process held that has ended, however it did.
void CheckpointFolder::lock() {
  std::string name = folder + "/" + kLock;
  locked = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (locked < 0)
    failErrno(name, "cannot write");
  for (int i = 0; flock(locked, LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      break; // a file system without locks
    if (i < kLockTries) {
      usleep(kLockMicroseconds);
      continue;
    }
    char owner[32] = {};
    ssize_t size = pread(locked, owner, sizeof(owner) - 1, 0);
    close(locked);
    std::string who = size > 0 ? formatText(" (process {})", owner) : "";
    fail("{}: another run{} writes its checkpoints there: end it first, or "
         "give this one another --checkpoint",
         folder, who);
  }
  std::string own = std::to_string(getpid());
  if (ftruncate(locked, 0) != 0 ||
      pwrite(locked, own.data(), own.size(), 0) < 0) {
    int reason = errno;
    close(locked);
    errno = reason;
    failErrno(name, "cannot write");
  }
}

void CheckpointFolder::begin(int64_t step) {
  std::vector<int64_t> all = stepsIn(folder);
  for (; !all.empty() && all.back() > step; all.pop_back()) {
    std::string later = checkpointPath(folder, all.back());
    try {
      verified(later);
    } catch (const DamagedCheckpoint &) {
      continue; // it is replaced when the run gets there
    }
    fail("{}: is the checkpoint of a later step than the run begins with, {}: "
         "go on from it by --resume auto, or give the run another --checkpoint",
         later, step);
  }
  steps = all;
}

void CheckpointFolder::add(
    int64_t step, const std::function<void(const std::string &)> &fill) {
  std::string name = checkpointPath(folder, step);
  std::string temporary = name + kTemporary;
  try {
    if (mkdir(temporary.c_str(), 0777) != 0)
      failErrno(name, "cannot make the folder");
    fill(temporary);
    syncFolder(temporary);
    struct stat status;
    if (stat(name.c_str(), &status) == 0)
      removeFolder(name); // a damaged one
    if (rename(temporary.c_str(), name.c_str()) != 0)
      failErrno(name, "cannot give the folder its name");
    syncFolder(folder);
  } catch (...) {
    removeFolder(temporary);
    throw;
  }
  if (steps.empty() || steps.back() != step)
    steps.push_back(step);
  removeRest();
}

void CheckpointFolder::removeRest() {
  while (keep > 0 && steps.size() > static_cast<size_t>(keep)) {
    std::string name = checkpointPath(folder, steps.front());
    std::string temporary = name + kTemporary;
    if (rename(name.c_str(), temporary.c_str()) == 0)
      removeFolder(temporary);
    steps.erase(steps.begin());
  }
}
