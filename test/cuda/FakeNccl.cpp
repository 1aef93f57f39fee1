//===- FakeNccl.cpp - NCCL without a GPU ----------------------------------===//
//
// Part of gptc, under the MIT License.
//
// A libnccl.so.2 with the functions that the runtime calls, for its tests, over
// the driver of FakeCuda.cpp. Ranks are processes of one host: they exchange
// through memory that rank 0 makes, when the stream comes to an operation,
// which is over when all have come. Sums are taken as `SharedCommunicator`
// takes them, so a run on GPUs must be the CPU's to the last bit. No call
// waits: each says that it is under way, once.
//
// The environment steers it:
//   FAKE_NCCL_FAIL=N      the N-th call fails
//   FAKE_NCCL_ASYNC=N     when it is asked for the N-th time how far it is, it
//                         has lost another rank
//   FAKE_NCCL_HANG=N      the N-th operation never ends
//   FAKE_NCCL_RANK=R      so it is on rank R alone
//   FAKE_NCCL_VERSION=N   it says that it is this version
//   FAKE_CUDA_LOG=FILE    a line for each operation, and for the end
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "runtime/nccl_library.h"

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace gptc;

namespace {

constexpr unsigned kMostRanks = 16;
constexpr size_t kSlotBytes = size_t(64) << 20;

/// An operation, as all ranks must have it.
struct Signature {
  int kind, type, reduction;
  size_t count;

  bool operator!=(const Signature &other) const {
    return kind != other.kind || type != other.type ||
           reduction != other.reduction || count != other.count;
  }
};

/// What the ranks share, before a slot for each.
struct Shared {
  std::atomic<uint32_t> come[kMostRanks];
  std::atomic<uint64_t> given[kMostRanks]; ///< operations whose slot is filled
  std::atomic<uint64_t> taken[kMostRanks]; ///< that the rank has the result of
  Signature signatures[kMostRanks];
};
constexpr size_t kSharedBytes = 4096 + kMostRanks * kSlotBytes;

struct Comm {
  unsigned rank, world;
  Shared *shared;
  uint64_t operations = 0;
  bool aborted = false;
  NcclStatus status = kNcclInProgress;

  char *slot(unsigned rank) const {
    return reinterpret_cast<char *>(shared) + 4096 + rank * kSlotBytes;
  }
  bool haveAll(std::atomic<uint64_t> *counts, uint64_t number) const {
    bool all = true;
    for (unsigned r = 0; r < world; ++r)
      all &= counts[r] >= number;
    return all;
  }
};

enum Kind { AllReduce, ReduceScatter, AllGather };

struct Operation {
  std::shared_ptr<Comm> comm;
  Signature signature;
  const void *from;
  void *to;
  uint64_t number;
  CUstream stream;
  bool given;
};

std::vector<std::shared_ptr<Comm>> comms;
std::vector<Operation> grouped;
bool isGroup = false;
uint64_t calls = 0, asked = 0;

} // namespace

static uint64_t environment(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Whether what the environment says of a rank is for this one.
static bool isChosen() {
  return !std::getenv("FAKE_NCCL_RANK") ||
         (!comms.empty() &&
          comms.back()->rank == environment("FAKE_NCCL_RANK", 0));
}

__attribute__((format(printf, 1, 2))) static void note(const char *format,
                                                       ...) {
  const char *path = std::getenv("FAKE_CUDA_LOG");
  std::FILE *file = path ? std::fopen(path, "a") : nullptr;
  if (!file)
    return;
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(file, format, arguments);
  va_end(arguments);
  std::fputc('\n', file);
  std::fclose(file);
}

#define MAY_FAIL                                                               \
  if (++calls == environment("FAKE_NCCL_FAIL", 0) && isChosen())               \
    return kNcclInternalError;

static Shared *map(int file) {
  void *mapped = mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, file, 0);
  close(file);
  return mapped == MAP_FAILED ? nullptr : static_cast<Shared *>(mapped);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static size_t bytesOf(int type) {
  return type == kNcclFloat64 ? 8 : type == kNcclFloat32 ? 4 : 1;
}

template <typename T>
static void sumRanks(const Comm &comm, size_t begin, size_t count,
                     int reduction, void *result) {
  double divisor = reduction == kNcclAverage ? comm.world : 1;
  for (size_t i = 0; i < count; ++i) {
    double sum = 0;
    for (unsigned r = 0; r < comm.world; ++r)
      sum += double(reinterpret_cast<const T *>(comm.slot(r))[begin + i]);
    static_cast<T *>(result)[i] = T(sum / divisor);
  }
}

/// Begins or goes on with an operation; whether it is over.
static bool advance(Operation &it) {
  Comm &comm = *it.comm;
  if (comm.aborted)
    return true;
  if (it.number >= environment("FAKE_NCCL_HANG", UINT64_MAX) && isChosen())
    return false;
  size_t count = it.signature.count, size = bytesOf(it.signature.type);
  size_t inputs = it.signature.kind == ReduceScatter ? comm.world : 1;
  if (!it.given) {
    if (!comm.haveAll(comm.shared->taken, it.number - 1))
      return false;
    std::memcpy(comm.slot(comm.rank), it.from, inputs * count * size);
    comm.shared->signatures[comm.rank] = it.signature;
    comm.shared->given[comm.rank] = it.number;
    it.given = true;
  }
  if (!comm.haveAll(comm.shared->given, it.number))
    return false;
  for (unsigned r = 0; r < comm.world; ++r)
    if (comm.shared->signatures[r] != it.signature)
      return false; // as the real one: it hangs
  if (it.signature.kind == AllGather) {
    for (unsigned r = 0; r < comm.world; ++r)
      std::memcpy(static_cast<char *>(it.to) + r * count * size, comm.slot(r),
                  count * size);
  } else {
    size_t begin = it.signature.kind == ReduceScatter ? comm.rank * count : 0;
    auto sum =
        it.signature.type == kNcclFloat64 ? sumRanks<double> : sumRanks<float>;
    sum(comm, begin, count, it.signature.reduction, it.to);
  }
  comm.shared->taken[comm.rank] = it.number;
  return true;
}

static NcclStatus put(NcclComm handle, Signature signature, const void *from,
                      void *to, CUstream stream) {
  auto comm = comms.empty() ? nullptr : comms.back();
  if (!comm || handle != reinterpret_cast<NcclComm>(comm.get()) ||
      comm->status != kNcclSuccess || !from || !to)
    return kNcclInvalidArgument;
  bool sums = signature.kind != AllGather;
  if (sums && signature.type != kNcclFloat32 && signature.type != kNcclFloat64)
    return kNcclInvalidArgument;
  size_t inputs = signature.kind == ReduceScatter ? comm->world : 1;
  if (inputs * signature.count * bytesOf(signature.type) > kSlotBytes)
    return kNcclInvalidArgument;
  static const char *const names[] = {"all-reduce", "reduce-scatter",
                                      "all-gather"};
  note("%s %zu on rank %u", names[signature.kind], signature.count, comm->rank);
  grouped.push_back(
      {comm, signature, from, to, ++comm->operations, stream, false});
  return kNcclSuccess;
}

/// Puts all that was called for on the stream.
static NcclStatus send() {
  for (const Operation &each : grouped) {
    auto operation = std::make_shared<Operation>(each);
    fakeCudaPut(each.stream, [operation] { return advance(*operation); });
  }
  grouped.clear();
  if (comms.empty())
    return kNcclSuccess;
  comms.back()->status = kNcclInProgress;
  return kNcclInProgress;
}

//===----------------------------------------------------------------------===//
// The functions
//===----------------------------------------------------------------------===//

extern "C" {

const char *ncclGetErrorString(NcclStatus status) {
  return status == kNcclInternalError ? "internal error"
         : status == kNcclRemoteError ? "remote process exited"
                                      : "invalid argument";
}
const char *ncclGetLastError(NcclComm) { return ""; }
NcclStatus ncclGetVersion(int *version) {
  MAY_FAIL
  *version = int(environment("FAKE_NCCL_VERSION", 22809));
  return kNcclSuccess;
}
NcclStatus ncclGetUniqueId(NcclId *id) {
  MAY_FAIL
  int file = memfd_create("fake-nccl", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, off_t(kSharedBytes)) != 0)
    return kNcclSystemError;
  std::snprintf(id->bytes, sizeof(id->bytes), "/proc/%d/fd/%d", int(getpid()),
                file);
  return kNcclSuccess;
}
NcclStatus ncclCommInitRankConfig(NcclComm *made, int world, NcclId id,
                                  int rank, NcclConfig *config) {
  MAY_FAIL
  int file = open(id.bytes, O_RDWR | O_CLOEXEC);
  if (file < 0 || config->magic != 0xcafebeef || config->blocking != 0 ||
      unsigned(world) > kMostRanks)
    return kNcclInvalidArgument;
  auto comm = std::make_shared<Comm>();
  comm->rank = unsigned(rank);
  comm->world = unsigned(world);
  comm->shared = map(file);
  comm->shared->come[rank] = 1;
  comms.push_back(comm);
  *made = reinterpret_cast<NcclComm>(comm.get());
  return kNcclInProgress;
}
NcclStatus ncclCommGetAsyncError(NcclComm, NcclStatus *status) {
  Comm &comm = *comms.back();
  bool all = true;
  for (unsigned r = 0; r < comm.world; ++r)
    all &= comm.shared->come[r] != 0;
  if (++asked == environment("FAKE_NCCL_ASYNC", 0) && isChosen())
    comm.status = kNcclRemoteError;
  else if (all && comm.status == kNcclInProgress)
    comm.status = kNcclSuccess;
  *status = comm.status;
  return kNcclSuccess;
}
NcclStatus ncclCommFinalize(NcclComm) {
  MAY_FAIL
  comms.back()->status = kNcclInProgress;
  return kNcclInProgress;
}
NcclStatus ncclCommDestroy(NcclComm) {
  munmap(comms.back()->shared, kSharedBytes);
  comms.pop_back();
  note("end of NCCL: %zu alive", comms.size());
  return kNcclSuccess;
}
NcclStatus ncclCommAbort(NcclComm) {
  comms.back()->aborted = true;
  comms.pop_back();
  note("abort: %zu alive", comms.size());
  return kNcclSuccess;
}
NcclStatus ncclGroupStart() {
  MAY_FAIL
  isGroup = true;
  return kNcclSuccess;
}
NcclStatus ncclGroupEnd() {
  MAY_FAIL
  isGroup = false;
  return send();
}
NcclStatus ncclAllReduce(const void *from, void *to, size_t count,
                         NcclType type, NcclReduction reduction, NcclComm comm,
                         CUstream stream) {
  MAY_FAIL
  NcclStatus status =
      put(comm, {AllReduce, type, reduction, count}, from, to, stream);
  return isGroup || status != kNcclSuccess ? status : send();
}
NcclStatus ncclReduceScatter(const void *from, void *to, size_t count,
                             NcclType type, NcclReduction reduction,
                             NcclComm comm, CUstream stream) {
  MAY_FAIL
  NcclStatus status =
      put(comm, {ReduceScatter, type, reduction, count}, from, to, stream);
  return isGroup || status != kNcclSuccess ? status : send();
}
NcclStatus ncclAllGather(const void *from, void *to, size_t count,
                         NcclType type, NcclComm comm, CUstream stream) {
  MAY_FAIL
  NcclStatus status = put(comm, {AllGather, type, 0, count}, from, to, stream);
  return isGroup || status != kNcclSuccess ? status : send();
}

} // extern "C"
