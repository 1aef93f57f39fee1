//===- run_state.h - what a run is between two steps ------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// Parameters, the optimizers' state, and the gradients that wait for an
// optimizer which does not act in every step: all that later steps read. It is
// copied off the device at once, so that it can be written while the next steps
// run, and it is put back bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_RUN_STATE_H
#define GPTC_RUNTIME_RUN_STATE_H

#include "instance.h"
#include "safetensors.h"

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
  /// Both are needed as long as it lives. Takes the memory of the copy; throws
  /// an `Error` where the host has less.
  RunState(const Instance &instance, Communicator &ranks);

  /// Copies what stands behind all that was started so far. All ranks call it.
  void copy();

  /// What the files hold, on rank 0: every tensor of a kind, of gradients those
  /// that are not zero. What each rank has for itself, not summed up yet, is
  /// `NAME.ranks`, with a first dimension more, the ranks'.
  std::vector<NamedTensor> tensors(BufferKind kind) const;

  /// Bytes that rank 0 copies.
  static uint64_t bytes(const ProgramView &program);

private:
  /// A buffer, and where rank 0 has its copy.
  struct Entry {
    uint32_t buffer;
    std::byte *copy;
    /// Of a gradient: what each rank has; empty if that is the copy, or zero.
    std::vector<std::byte> ofRanks;
  };
  void gatherShare(size_t entry, const Buffer &share);
  void gatherGradients();

  const Instance &instance;
  const ProgramView &program;
  Communicator &ranks;
  std::vector<Entry> entries; ///< in the program's order
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
