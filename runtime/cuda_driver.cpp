//===- cuda_driver.cpp - the CUDA driver, opened at run time --------------===//
//
// Part of gptc, under the MIT License.
//
// cuda.h gives functions their versioned names by macros, so a name is expanded
// before it is looked up.
//
//===----------------------------------------------------------------------===//

#include "cuda_driver.h"

#include "error.h"

#include <dlfcn.h>

using namespace gptc;

static constexpr char kNeeded[] =
    "this program runs on a Hopper GPU (H100, H200) with NVIDIA's driver";

template <typename T>
static void load(void *library, const char *name, T &function) {
  function = reinterpret_cast<T>(dlsym(library, name));
  if (!function)
    fail("{}: the driver found here has no {}; update it", kNeeded, name);
}

CudaDriver::CudaDriver() {
  library.reset(dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL));
  if (!library)
    fail("{}, and there is none here ({}); on this machine, compile the model "
         "with --target=cpu",
         kNeeded, dlerror());
#define GPTC_TEXT(NAME) #NAME
#define GPTC_LOAD_NAMED(NAME, MEMBER)                                          \
  load(library.get(), GPTC_TEXT(NAME), MEMBER);
#define GPTC_LOAD(NAME) GPTC_LOAD_NAMED(NAME, NAME##Function)
  GPTC_CUDA_FUNCTIONS(GPTC_LOAD)
#undef GPTC_LOAD
#undef GPTC_LOAD_NAMED
#undef GPTC_TEXT
  load(library.get(), "cuEventElapsedTime", cuEventElapsedTimeFunction);
  load(library.get(), "cuGetErrorString", errorString);
  CUresult status = cuInitFunction(0);
  int found = 0;
  if (status == CUDA_SUCCESS)
    status = cuDeviceGetCountFunction(&found);
  if (status == CUDA_ERROR_NO_DEVICE || (status == CUDA_SUCCESS && found == 0))
    fail("{}, and the driver finds no GPU (is CUDA_VISIBLE_DEVICES set?)",
         kNeeded);
  check(status, "cuInit");
  count = static_cast<unsigned>(found);
}

void CudaDriver::Close::operator()(void *library) const { dlclose(library); }

void CudaDriver::check(CUresult status, const char *function) const {
  if (status == CUDA_SUCCESS)
    return;
  const char *text = nullptr;
  errorString(status, &text);
  fail("the GPU's driver: {}: {} (error {})", function, text ? text : "unknown",
       static_cast<unsigned>(status));
}
