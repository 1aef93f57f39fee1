//===- nccl_communicator.cpp - ranks on GPUs ------------------------------===//
//
// Part of gptc, under the MIT License.
//
// No call of NCCL waits here: a call that is not over says so, and while it is
// not the rank looks after the others. So a rank that dies while they connect
// ends them too.
//
//===----------------------------------------------------------------------===//

#include "nccl_communicator.h"

#include "view.h"

#include <chrono>
#include <cstring>
#include <unistd.h>
#include <vector>

using namespace gptc;
using Clock = std::chrono::steady_clock;

/// How often a call is asked whether it is over.
static constexpr unsigned kAskMicroseconds = 20;
/// How long it may take to see that another rank is why NCCL fails, and to take
/// leave.
static constexpr double kBlameSeconds = 5, kLeaveSeconds = 5;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

NcclCommunicator::NcclCommunicator(const NcclLibrary &library,
                                   Communicator &control, CUstream stream)
    : Communicator(control.rank(), control.world(), control.localRank()),
      library(library), control(control), stream(stream) {
  NcclId id = {};
  if (rank() == 0)
    settle(library.ncclGetUniqueIdFunction(&id), "ncclGetUniqueId");
  std::vector<NcclId> ids(world());
  control.allGather(&id, ids.data(), sizeof(id), "the start of NCCL");
  begin("the start of NCCL");
  NcclConfig config;
  try {
    end(library.ncclCommInitRankConfigFunction(&comm, int(world()), ids[0],
                                               int(rank()), &config),
        "ncclCommInitRankConfig");
  } catch (...) {
    abort();
    throw;
  }
}

NcclCommunicator::~NcclCommunicator() {
  if (!comm)
    return;
  NcclStatus status = library.ncclCommFinalizeFunction(comm);
  for (auto start = Clock::now();
       status == kNcclInProgress && secondsSince(start) < kLeaveSeconds;) {
    usleep(kAskMicroseconds);
    if (library.ncclCommGetAsyncErrorFunction(comm, &status) != kNcclSuccess)
      break;
  }
  if (status == kNcclSuccess)
    library.ncclCommDestroyFunction(comm);
  else
    abort();
}

void NcclCommunicator::abort() {
  if (comm)
    library.ncclCommAbortFunction(comm);
  comm = nullptr;
}

//===----------------------------------------------------------------------===//
// Calls of NCCL
//===----------------------------------------------------------------------===//

std::string NcclCommunicator::groupName() const {
  return others ? first + " and " + std::to_string(others) + " more" : first;
}

std::string NcclCommunicator::describe() const {
  std::string text = groupName();
  return place().empty() ? text : text + ", " + place();
}

void NcclCommunicator::begin(const std::string &what) {
  if (grouped && !first.empty()) {
    ++others;
    return;
  }
  first = what;
  others = 0;
  count += !grouped;
  enter(control.place());
}

void NcclCommunicator::end(NcclStatus status, const char *function) {
  if (!grouped)
    settle(status, function);
  else if (status != kNcclSuccess && status != kNcclInProgress)
    lose(status, function, describe());
}

void NcclCommunicator::group(const std::function<void()> &operations) {
  first.clear();
  others = 0;
  ++count;
  settle(library.ncclGroupStartFunction(), "ncclGroupStart");
  grouped = true;
  try {
    operations();
  } catch (...) {
    grouped = false;
    throw;
  }
  grouped = false;
  settle(library.ncclGroupEndFunction(), "ncclGroupEnd");
}

/// Waits until a call is over.
void NcclCommunicator::settle(NcclStatus status, const char *function) {
  auto look = Clock::now();
  while (status == kNcclInProgress) {
    usleep(kAskMicroseconds);
    NcclStatus asked = library.ncclCommGetAsyncErrorFunction(comm, &status);
    if (asked != kNcclSuccess)
      lose(asked, "ncclCommGetAsyncError", describe());
    if (secondsSince(look) < 1 / kLooksPerSecond)
      continue;
    control.lookAfter(describe(), count);
    look = Clock::now();
  }
  if (status != kNcclSuccess)
    lose(status, function, describe());
}

/// Where another rank may be why, that is to be said.
void NcclCommunicator::lose(NcclStatus status, const char *function,
                            const std::string &what) {
  bool isRemote = status == kNcclRemoteError || status == kNcclSystemError;
  for (auto start = Clock::now();
       isRemote && secondsSince(start) < kBlameSeconds;) {
    control.lookAfter(what, 0);
    usleep(unsigned(1e6 / kLooksPerSecond));
  }
  std::string text =
      formatText("NCCL: {}: {}", function, library.describe(status));
  if (!what.empty())
    text += "; at " + what;
  if (status == kNcclRemoteError)
    throw RankError(text);
  throw Error(text);
}

void NcclCommunicator::lookAfter(const std::string &what, uint64_t operation) {
  NcclStatus status = kNcclSuccess;
  NcclStatus asked = library.ncclCommGetAsyncErrorFunction(comm, &status);
  if (asked != kNcclSuccess || status != kNcclSuccess)
    lose(asked != kNcclSuccess ? asked : status, "ncclCommGetAsyncError", what);
  control.lookAfter(what, operation);
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static NcclType typeOf(Element element, const std::string &what) {
  switch (element) {
  case Element::F32:
    return kNcclFloat32;
  case Element::F64:
    return kNcclFloat64;
  case Element::BF16:
    return kNcclBfloat16;
  default:
    fail("{}: ranks sum F32, F64 and BF16, not {}", what, elementName(element));
  }
}

static NcclReduction reductionOf(Reduction reduction) {
  return reduction == Reduction::Mean ? kNcclAverage : kNcclSum;
}

void NcclCommunicator::allReduce(void *data, uint64_t count, Element element,
                                 Reduction reduction, const std::string &what) {
  begin(what);
  end(library.ncclAllReduceFunction(data, data, count, typeOf(element, what),
                                    reductionOf(reduction), comm, stream),
      "ncclAllReduce");
}

void NcclCommunicator::reduceScatter(const void *from, void *to, uint64_t count,
                                     Element element, Reduction reduction,
                                     const std::string &what) {
  begin(what);
  end(library.ncclReduceScatterFunction(from, to, count, typeOf(element, what),
                                        reductionOf(reduction), comm, stream),
      "ncclReduceScatter");
}

void NcclCommunicator::allGather(const void *from, void *to, uint64_t bytes,
                                 const std::string &what) {
  begin(what);
  end(library.ncclAllGatherFunction(from, to, bytes, kNcclInt8, comm, stream),
      "ncclAllGather");
}
