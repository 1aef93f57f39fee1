//===- nccl_library.cpp - NCCL, opened at run time ------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "nccl_library.h"

#include "error.h"

#include <cstdlib>
#include <dlfcn.h>
#include <sys/stat.h>

using namespace gptc;

/// From here on its calls need wait for nobody, and its types are those above.
static constexpr int kLeastVersion = 21800;
static constexpr char kName[] = "libnccl.so.2";

static bool exists(const std::string &path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0;
}

/// The library that `place` means, a file or a folder.
static std::string libraryAt(const std::string &place) {
  for (const char *folder : {"/lib/", "/"})
    if (exists(place + folder + kName))
      return place + folder + kName;
  return place;
}

template <typename T>
static void load(void *library, const std::string &path, const char *name,
                 T &function) {
  function = reinterpret_cast<T>(dlsym(library, name));
  if (!function)
    fail("{} has no {}: it is not NCCL, or too old", path, name);
}

static std::string versionText(int version) {
  return formatText("{}.{}.{}", version / 10000, version / 100 % 100,
                    version % 100);
}

NcclLibrary::NcclLibrary(const std::string &given) {
  const char *home = std::getenv("NCCL_HOME");
  std::string path = !given.empty()  ? libraryAt(given)
                     : home && *home ? libraryAt(home)
                                     : kName;
  library.reset(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library)
    fail("several ranks on GPUs need NCCL, and it cannot be opened ({}): "
         "install it, or name it with --nccl PATH or NCCL_HOME; PyTorch brings "
         "it, as nvidia/nccl/lib/{}",
         dlerror(), kName);
#define GPTC_LOAD(NAME, ...) load(library.get(), path, #NAME, NAME##Function);
  GPTC_NCCL_FUNCTIONS(GPTC_LOAD)
#undef GPTC_LOAD
  load(library.get(), path, "ncclGetErrorString", errorString);
  load(library.get(), path, "ncclGetLastError", lastError);
  int version = 0;
  NcclStatus status = ncclGetVersionFunction(&version);
  if (status != kNcclSuccess)
    fail("NCCL: ncclGetVersion: {}", describe(status));
  text = versionText(version);
  if (version < kLeastVersion)
    fail("{} is NCCL {}, and {} is needed", path, text,
         versionText(kLeastVersion));
}

void NcclLibrary::Close::operator()(void *library) const { dlclose(library); }

std::string NcclLibrary::describe(NcclStatus status) const {
  std::string said = errorString(status), last = lastError(nullptr);
  while (!last.empty() && last.back() == '\n')
    last.pop_back();
  return last.empty() ? said : said + " (" + last + ")";
}
