//===- nccl_library.h - NCCL, opened at run time ----------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Only a run of several ranks on GPUs opens it. What is used of its interface
// is declared here: twelve functions, whose types have been the same since
// version 2.18.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_NCCL_LIBRARY_H
#define GPTC_RUNTIME_NCCL_LIBRARY_H

#include <climits>
#include <cstddef>
#include <cuda.h>
#include <memory>
#include <string>

namespace gptc {

using NcclComm = struct NcclCommunicatorOfLibrary *;

enum NcclStatus : int {
  kNcclSuccess = 0,
  kNcclSystemError = 2,
  kNcclInternalError = 3,
  kNcclInvalidArgument = 4,
  kNcclRemoteError = 6,
  kNcclInProgress = 7,
};

enum NcclType : int {
  kNcclInt8 = 0,
  kNcclFloat32 = 7,
  kNcclFloat64 = 8,
  kNcclBfloat16 = 9,
};

enum NcclReduction : int { kNcclSum = 0, kNcclAverage = 4 };

struct NcclId {
  char bytes[128];
};

/// As of 2.18; a later library fills in what it has beside. INT_MIN and null
/// leave a choice to it.
struct NcclConfig {
  size_t size = sizeof(NcclConfig);
  unsigned magic = 0xcafebeef;
  unsigned version = 21800;
  int blocking = 0; ///< no call waits for another rank
  int clusterSize = INT_MIN, leastBlocks = INT_MIN, mostBlocks = INT_MIN;
  const char *network = nullptr;
  int splitShare = INT_MIN;
  int padding = INT_MIN;
};

#define GPTC_NCCL_FUNCTIONS(FUNCTION)                                          \
  FUNCTION(ncclGetVersion, int *)                                              \
  FUNCTION(ncclGetUniqueId, NcclId *)                                          \
  FUNCTION(ncclCommInitRankConfig, NcclComm *, int, NcclId, int, NcclConfig *) \
  FUNCTION(ncclCommFinalize, NcclComm)                                         \
  FUNCTION(ncclCommDestroy, NcclComm)                                          \
  FUNCTION(ncclCommAbort, NcclComm)                                            \
  FUNCTION(ncclCommGetAsyncError, NcclComm, NcclStatus *)                      \
  FUNCTION(ncclGroupStart)                                                     \
  FUNCTION(ncclGroupEnd)                                                       \
  FUNCTION(ncclAllReduce, const void *, void *, size_t, NcclType,              \
           NcclReduction, NcclComm, CUstream)                                  \
  FUNCTION(ncclReduceScatter, const void *, void *, size_t, NcclType,          \
           NcclReduction, NcclComm, CUstream)                                  \
  FUNCTION(ncclAllGather, const void *, void *, size_t, NcclType, NcclComm,    \
           CUstream)

class NcclLibrary {
public:
  /// Opens libnccl.so.2: `path`, a file or a folder that has it, else that of
  /// NCCL_HOME, else the loader's. Throws an `Error` where there is none, it is
  /// too old, or lacks a function.
  explicit NcclLibrary(const std::string &path);

  /// `ncclAllReduceFunction` and so on.
#define GPTC_NCCL_MEMBER(NAME, ...)                                            \
  NcclStatus (*NAME##Function)(__VA_ARGS__) = nullptr;
  GPTC_NCCL_FUNCTIONS(GPTC_NCCL_MEMBER)
#undef GPTC_NCCL_MEMBER

  /// "2.28.9"
  const std::string &version() const { return text; }

  /// What a status means, with what NCCL says of its last error.
  std::string describe(NcclStatus status) const;

private:
  struct Close {
    void operator()(void *library) const;
  };
  std::unique_ptr<void, Close> library;
  const char *(*errorString)(NcclStatus) = nullptr;
  const char *(*lastError)(NcclComm) = nullptr;
  std::string text;
};

} // namespace gptc

#endif // GPTC_RUNTIME_NCCL_LIBRARY_H
