//===- communicator.h - what the ranks of a run do together -----*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A run of W ranks is W processes that run the same parts on shares of each
// step's micro-batches. Here is all that passes between them. Every rank calls
// the same operations in the same order; what differs, or does not come, ends
// all of them with an error that names rank, step and operation.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_COMMUNICATOR_H
#define GPTC_RUNTIME_COMMUNICATOR_H

#include "error.h"
#include "program.h"

#include <cstring>
#include <memory>
#include <string>

namespace gptc {

/// How a process ends whose run a `RankError` ended.
constexpr int kLostRankCode = 3;

/// Another rank has ended, hangs, or does something else.
class RankError : public Error {
public:
  using Error::Error;
};

/// `what` names an operation in errors: "the mean of 'w_gradient'".
class Communicator {
public:
  /// `local`: the rank's number on its host.
  Communicator(unsigned rank, unsigned world, unsigned local)
      : ownRank(rank), size(world), local(local) {}
  virtual ~Communicator() = default;
  Communicator(const Communicator &) = delete;
  Communicator &operator=(const Communicator &) = delete;

  unsigned rank() const { return ownRank; }
  unsigned world() const { return size; }
  unsigned localRank() const { return local; }

  /// Says how far the run is, "step 7", for errors.
  virtual void enter(const std::string &where) { ownPlace = where; }
  const std::string &place() const { return ownPlace; }

  /// `count` elements become, on every rank, the sums or the means of what
  /// stood there on all ranks.
  virtual void allReduce(void *data, uint64_t count, Element element,
                         Reduction reduction, const std::string &what) = 0;

  /// `from` holds `count` elements for each rank; `to` receives the sums or
  /// means of what is for this one. It may be their place in `from`.
  virtual void reduceScatter(const void *from, void *to, uint64_t count,
                             Element element, Reduction reduction,
                             const std::string &what) = 0;

  /// `to` receives the `bytes` bytes of each rank, in their order. `from` may
  /// be its place in `to`.
  virtual void allGather(const void *from, void *to, uint64_t bytes,
                         const std::string &what) = 0;

  /// `to` of rank 0 receives the `bytes` bytes of each rank, in their order;
  /// that of another is not touched. Both are memory of the host, whatever else
  /// the communicator is for.
  virtual void gather(const void *from, void *to, uint64_t bytes,
                      const std::string &what) = 0;

  /// Returns when all ranks have come.
  virtual void barrier(const std::string &what) = 0;

  /// How often one that waits looks after the others.
  static constexpr double kLooksPerSecond = 10;

  /// Looks after the others once, for a rank that waits for what all do
  /// together elsewhere, on their GPUs. `operation` counts what it waits for,
  /// the same on every rank; 0: for itself alone. Throws a `RankError` where
  /// one has ended or hangs, or where all wait at one operation and it does not
  /// end.
  virtual void lookAfter(const std::string &what, uint64_t operation) = 0;

  /// This rank has done all its work well: nobody misses it from now on.
  virtual void leave() = 0;

  /// Another one of the same ranks' hosts: a thread can do with it what needs
  /// no order with what is done here. All ranks call it.
  virtual std::unique_ptr<Communicator> beside() = 0;

private:
  unsigned ownRank, size, local;
  std::string ownPlace;
};

/// A run of one rank.
class SingleRank : public Communicator {
public:
  SingleRank() : Communicator(0, 1, 0) {}
  void allReduce(void *, uint64_t, Element, Reduction,
                 const std::string &) override {}
  void reduceScatter(const void *from, void *to, uint64_t count,
                     Element element, Reduction, const std::string &) override;
  void allGather(const void *from, void *to, uint64_t bytes,
                 const std::string &) override {
    if (bytes) // else they may be null
      std::memmove(to, from, bytes);
  }
  void gather(const void *from, void *to, uint64_t bytes,
              const std::string &what) override {
    allGather(from, to, bytes, what);
  }
  void barrier(const std::string &) override {}
  void lookAfter(const std::string &, uint64_t) override {}
  void leave() override {}
  std::unique_ptr<Communicator> beside() override {
    return std::make_unique<SingleRank>();
  }
};

/// The communicator of every run of one rank.
inline Communicator &singleRank() {
  static SingleRank single;
  return single;
}

} // namespace gptc

#endif // GPTC_RUNTIME_COMMUNICATOR_H
