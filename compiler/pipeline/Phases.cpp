//===- Phases.cpp - the levels of a compilation ---------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Phases.h"

using namespace gptc;

static constexpr PhaseInfo kPhases[] = {
    {Phase::Model, "model", "what the user wrote"},
    {Phase::Graph, "graph", "flat forward graphs on static tensors"},
    {Phase::Step, "step", "the parts of a training step"},
    {Phase::Kernels, "kernels", "kernels over buffers, for every target"},
    {Phase::Launches, "launches",
     "kernels as stored, each buffer at its place"},
    {Phase::Device, "device", "code of the target, one function a kernel"},
    {Phase::Program, "program", "the executable"},
};

llvm::ArrayRef<PhaseInfo> gptc::phases() { return kPhases; }

llvm::StringRef gptc::nameOf(Phase phase) {
  return kPhases[static_cast<unsigned>(phase)].name;
}

std::optional<Phase> gptc::phaseNamed(llvm::StringRef name) {
  for (const PhaseInfo &info : kPhases)
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}
