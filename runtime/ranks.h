//===- ranks.h - how a run is shared out ------------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Micro-batch i of a step, and slice i of a validation, are those of rank
// i mod W: what a run reads does not depend on W, and what it reports is summed
// in the order of i, whoever computed it.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RANKS_H
#define GPTC_RUNTIME_RANKS_H

#include "communicator.h"
#include "view.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gptc {

/// Throws an `Error` that begins with `flag` where the ranks do not divide a
/// step's micro-batches, with the numbers that do.
void checkRanks(const std::string &flag, int64_t ranks, int64_t microBatches);

/// The same, and where the program has no parts for so many.
void checkRanks(const std::string &flag, int64_t ranks,
                const ProgramView &program);

/// Numbers of all ranks in the order of i: `own` are those of i = rank,
/// rank + W, …, up to `count`.
std::vector<double> inOrder(Communicator &ranks, const std::vector<double> &own,
                            int64_t count, const std::string &what);

/// What a run is made of, by name.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// Returns on all ranks if all have the same facts; else throws the same
/// `Error` on all, which names the first that differs.
void agree(Communicator &ranks, const Facts &facts);

/// 16 hexadecimal digits that follow from the bytes; not for adversaries.
std::string digestOf(const void *bytes, size_t size);

/// Runs `work` as one of the ranks, which takes leave when that ends well.
void workAs(Communicator &ranks,
            const std::function<void(Communicator &)> &work);

/// Runs `work` in `count` processes, each a rank of this host, and returns when
/// all have ended well. When one fails, all end, and what is thrown says which
/// and why: a `RankError` where it was ended, hung or disagreed. Standard
/// output and errors are those of rank 0 alone. No process outlives the caller.
/// `heedsSignals`: `work` ends by itself when it is asked to (stop_signals.h);
/// then a signal is passed on to the ranks, and one from a keyboard ends them
/// when it comes again.
void runRanks(unsigned count, const std::function<void(Communicator &)> &work,
              bool heedsSignals = false);

struct Job;

/// What the hosts of a job's ranks say to each other goes through.
enum class Transport {
  Memory,  ///< that they share: they are processes of one host
  Sockets, ///< to rank 0
};

/// Runs `work` as one rank of a job that a launcher has started. Throws what
/// went wrong, here or elsewhere. A rank other than 0 says nothing on the
/// standard streams meanwhile, and its errors begin with its number.
void joinRanks(const Job &job, Transport transport,
               const std::function<void(Communicator &)> &work);

} // namespace gptc

#endif // GPTC_RUNTIME_RANKS_H
