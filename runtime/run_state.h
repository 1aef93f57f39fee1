//===- run_state.h - what a run is between two steps ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Parameters, the optimizers' state, and the gradients that wait for an
// optimizer which does not act in every step: all that later steps read. It is
// copied off the device at once, so that it can be put together and written
// while the next steps run, and it is put back bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RUN_STATE_H
#define GPTC_RUNTIME_RUN_STATE_H

#include "instance.h"
#include "safetensors.h"

#include <memory>
#include <string>
#include <vector>

namespace gptc {

/// The kinds of buffers that a state has, and their files.
struct StateFile {
  BufferKind kind;
  const char *name;
};
constexpr StateFile kStateFiles[] = {
    {BufferKind::Parameter, "parameters.safetensors"},
    {BufferKind::Optimizer, "optimizer.safetensors"},
    {BufferKind::Gradient, "gradients.safetensors"},
};

/// A copy of the whole state, on rank 0, whatever ranks have shares of.
class RunState {
public:
  /// `instance` is needed as long as it lives. Takes the memory of the copies;
  /// throws an `Error` where the host has less.
  RunState(const Instance &instance, const Communicator &ranks);

  /// Copies off the device what this rank has of the state, behind all that was
  /// started so far. It is all that the next step has to wait for.
  void copy();

  /// Puts together on rank 0 what the ranks have copied. All ranks call it,
  /// before their next `copy`; a thread may, with a communicator of its own.
  void gather(Communicator &ranks);

  /// What the files hold, on rank 0: every tensor of a kind, of gradients those
  /// that are not zero. What each rank has for itself, not summed up yet, is
  /// `NAME.ranks`, with a first dimension more, the ranks'.
  std::vector<NamedTensor> tensors(BufferKind kind) const;

  /// Bytes of the host's memory that a rank takes.
  static uint64_t bytes(const ProgramView &program, unsigned rank = 0,
                        unsigned world = 1);

private:
  /// Where a copy is, in bytes from the begin of its memory.
  static constexpr uint64_t kNowhere = ~uint64_t(0);
  /// A buffer, and where it is copied to.
  struct Entry {
    uint32_t buffer;
    const Buffer *share; ///< a rank's, of the stack that begins here, or null
    uint64_t ownShare;   ///< of `copied`
    uint64_t own;        ///< of `copied`: what this rank has in the buffer
    uint64_t whole;      ///< of `gathered` if the buffer is shared out, else
                         ///< of `copied`; on rank 0
    bool isShared;
    /// Of a gradient: what each rank has; empty if that is the whole, or zero.
    std::vector<std::byte> ofRanks;
  };
  struct Layout {
    std::vector<Entry> entries; ///< in the program's order
    uint64_t copied, gathered;  ///< bytes
  };
  static Layout layOut(const ProgramView &program, unsigned rank,
                       unsigned world);
  std::byte *wholeOf(const Entry &entry) const {
    return (entry.isShared ? gathered.get() : copied) + entry.whole;
  }
  void gatherGradients(Communicator &ranks);

  const Instance &instance;
  const ProgramView &program;
  unsigned world;
  std::vector<Entry> entries;
  std::byte *copied; ///< off the device, which gave the memory
  std::unique_ptr<std::byte[]> gathered; ///< from the ranks
};

/// Throws an `Error` where a copy of so many bytes is more than the host has
/// `available`.
void checkCopy(uint64_t bytes, uint64_t available);

/// Puts back what the folder's files hold. All ranks call it, with the same
/// folder; each takes its share. What each rank had for itself it has again
/// where there are as many ranks, else all have the mean. Throws an `Error` for
/// a tensor that is missing, or is none of the program's.
void restoreState(Instance &instance, Communicator &ranks,
                  const std::string &folder);

} // namespace gptc

#endif // GPTC_RUNTIME_RUN_STATE_H
