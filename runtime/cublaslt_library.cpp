//===- cublaslt_library.cpp - cuBLASLt, opened at run time ----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cublaslt_library.h"

#include "error.h"

#include <cstdlib>
#include <dlfcn.h>
#include <sys/stat.h>
#include <vector>

using namespace gptc;

static constexpr const char *kNames[] = {"libcublasLt.so.13",
                                         "libcublasLt.so.12"};

static bool exists(const std::string &path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0;
}

/// The library that `place` means, a file or a folder; empty if it is a folder
/// that has none.
static std::string libraryAt(const std::string &place) {
  struct stat found = {};
  if (stat(place.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
    return place;
  for (const char *folder : {"/lib64/", "/lib/", "/"})
    for (const char *name : kNames)
      if (exists(place + folder + name))
        return place + folder + name;
  return "";
}

/// Where it may be, in order.
static std::vector<std::string> places(const std::string &given) {
  std::vector<std::string> all;
  const char *home = std::getenv("CUDA_HOME");
  if (!given.empty()) {
    std::string path = libraryAt(given);
    if (path.empty())
      fail("--cublaslt {}: this folder has no {} and no {}", given, kNames[0],
           kNames[1]);
    return {path};
  }
  if (home && *home && !libraryAt(home).empty())
    all.push_back(libraryAt(home));
  all.insert(all.end(), std::begin(kNames), std::end(kNames));
  return all;
}

template <typename T>
static void load(void *library, const std::string &path, const char *name,
                 T &function) {
  function = reinterpret_cast<T>(dlsym(library, name));
  if (!function)
    fail("{} has no {}: it is not cuBLASLt, or too old", path, name);
}

CublasLtLibrary::CublasLtLibrary(const std::string &given) {
  std::string path, said;
  for (const std::string &place : places(given)) {
    path = place;
    library.reset(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (library)
      break;
    said += (said.empty() ? "" : "; ") + std::string(dlerror());
  }
  if (!library)
    fail("--contractions=cublaslt needs cuBLASLt, and it cannot be opened "
         "({}): install CUDA's libraries, or name it with --cublaslt PATH or "
         "CUDA_HOME; PyTorch brings it, in a folder lib below nvidia/",
         said);
#define GPTC_LOAD(NAME, ...) load(library.get(), path, #NAME, NAME##Function);
  GPTC_CUBLASLT_FUNCTIONS(GPTC_LOAD)
#undef GPTC_LOAD
  size_t (*version)() = nullptr;
  load(library.get(), path, "cublasLtGetVersion", version);
  size_t number = version();
  text =
      formatText("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

void CublasLtLibrary::Close::operator()(void *library) const {
  dlclose(library);
}

void CublasLtLibrary::check(CublasStatus status, const char *function) const {
  if (status != kCublasSuccess)
    fail("cuBLASLt: {}: status {}", function, static_cast<int>(status));
}
