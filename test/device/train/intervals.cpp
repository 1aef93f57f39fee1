//===- intervals.cpp - when each kernel of a run begins and ends ----------===//
//
// Part of gptc, under the MIT License.
//
// The driver loads this library into a run that has CUDA_INJECTION64_PATH set
// to it; CUPTI then notes the interval of every kernel, in graphs too. At the
// run's end they stand in the file GPTC_INTERVALS, a line each: begin and end
// in nanoseconds of the device's clock, and the kernel's name, in the order of
// their beginnings. Built by run.py, where there are a compiler and CUPTI's
// headers.
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cupti.h>
#include <mutex>
#include <string>
#include <vector>

namespace {

struct Interval {
  uint64_t begin, end;
  std::string name;
};

constexpr size_t kBytes = 8 << 20;
std::mutex lock;
std::vector<Interval> intervals;
size_t dropped = 0;

void check(CUptiResult status, const char *what) {
  if (status == CUPTI_SUCCESS)
    return;
  const char *text = "unknown";
  cuptiGetResultString(status, &text);
  std::fprintf(stderr, "intervals: %s: %s\n", what, text);
  std::exit(1);
}

void CUPTIAPI give(uint8_t **buffer, size_t *size, size_t *most) {
  *buffer = static_cast<uint8_t *>(std::aligned_alloc(8, kBytes));
  *size = kBytes;
  *most = 0;
}

void CUPTIAPI take(CUcontext context, uint32_t stream, uint8_t *buffer, size_t,
                   size_t used) {
  std::lock_guard<std::mutex> guard(lock);
  CUpti_Activity *record = nullptr;
  while (cuptiActivityGetNextRecord(buffer, used, &record) == CUPTI_SUCCESS)
    if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) {
      // The fields that are read have had one place in all versions of it.
      auto *kernel = reinterpret_cast<CUpti_ActivityKernel9 *>(record);
      intervals.push_back({kernel->start, kernel->end, kernel->name});
    }
  size_t lost = 0;
  cuptiActivityGetNumDroppedRecords(context, stream, &lost);
  dropped += lost;
  std::free(buffer);
}

void write() {
  check(cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED), "flush");
  std::lock_guard<std::mutex> guard(lock);
  const char *path = std::getenv("GPTC_INTERVALS");
  std::FILE *file = path ? std::fopen(path, "w") : nullptr;
  if (!file) {
    std::fprintf(stderr, "intervals: cannot write $GPTC_INTERVALS\n");
    return;
  }
  std::sort(
      intervals.begin(), intervals.end(),
      [](const Interval &a, const Interval &b) { return a.begin < b.begin; });
  std::fprintf(file, "dropped %zu\n", dropped);
  for (const Interval &interval : intervals)
    std::fprintf(
        file, "%llu %llu %s\n", static_cast<unsigned long long>(interval.begin),
        static_cast<unsigned long long>(interval.end), interval.name.c_str());
  std::fclose(file);
}

} // namespace

extern "C" int InitializeInjection() {
  check(cuptiActivityRegisterCallbacks(give, take), "callbacks");
  check(cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL), "kernels");
  std::atexit(write);
  return 1;
}
