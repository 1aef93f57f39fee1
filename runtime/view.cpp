//===- view.cpp - typed access to an embedded program ---------------------===//
//
// Part of gptc, under the MIT License.
//
// The check of the magic number, and the names of enumerators.
//
//===----------------------------------------------------------------------===//

#include "view.h"

#include "error.h"

using namespace gptc;

ProgramView::ProgramView(const unsigned char *blob, const Kernel *kernels,
                         ComputeNumbers numbers)
    : program(reinterpret_cast<const Program *>(blob)), kernelTable(kernels),
      numberFunction(numbers) {
  if (program->magic != kProgramMagic)
    fail("the embedded program has another format than this runtime: compile "
         "the model again");
}

std::string gptc::moreSteps(const ProgramView &program) {
  std::string name = program.string(program.header().stepsConstant);
  if (name.empty())
    return "; the recipe of the model file says how many";
  return "; compile it with --set " + name + "=… for more";
}

int64_t gptc::chooseSteps(const ProgramView &program,
                          std::optional<int64_t> wanted) {
  int64_t most = program.header().steps, steps = wanted.value_or(most);
  if (steps < 0 || steps > most)
    fail("--steps {}: the model has {} steps{}", steps, most,
         moreSteps(program));
  return steps;
}

void gptc::checkStep(const ProgramView &program, int64_t step) {
  int64_t steps = program.header().steps;
  if (step < 0 || step >= steps)
    fail("--step {}: the model trains steps 0 to {}{}", step, steps - 1,
         moreSteps(program));
}

std::vector<int64_t> gptc::bufferShape(const Buffer &buffer) {
  return {buffer.shape, buffer.shape + buffer.rank};
}

const char *gptc::elementName(Element element) {
  switch (element) {
  case Element::F32:
    return "F32";
  case Element::BF16:
    return "BF16";
  case Element::F64:
    return "F64";
  case Element::I32:
    return "I32";
  case Element::E4M3:
    return "F8_E4M3";
  case Element::E5M2:
    return "F8_E5M2";
  }
  return "?";
}

const char *gptc::bufferKindName(BufferKind kind) {
  switch (kind) {
  case BufferKind::Parameter:
    return "parameters";
  case BufferKind::Derived:
    return "derived";
  case BufferKind::Gradient:
    return "gradients";
  case BufferKind::Optimizer:
    return "optimizer";
  case BufferKind::Input:
    return "inputs";
  case BufferKind::Output:
    return "outputs";
  case BufferKind::Workspace:
    return "workspace";
  case BufferKind::Share:
    return "shares";
  }
  return "?";
}

uint32_t gptc::partOf(const ProgramView &program, uint32_t part, unsigned ranks,
                      bool last) {
  if (part == kNone || program.parts()[part].ranks == 0)
    return part;
  uint32_t found = kNone;
  for (uint32_t i = part; i < program.parts().size(); ++i) {
    const Part &variant = program.parts()[i];
    if (i > part && variant.ranks <= 1)
      break;
    if (variant.ranks == ranks && variant.kind == program.parts()[part].kind &&
        (last || !variant.last))
      found = i; // the last one's stands behind the others'
  }
  if (found != kNone)
    return found;
  fail("the embedded program is damaged: part {} has no variant for {} ranks",
       program.string(program.parts()[part].name), ranks);
}

uint32_t gptc::shareOf(const ProgramView &program, uint32_t whole,
                       unsigned ranks) {
  for (uint32_t i = 0; i < program.buffers().size(); ++i) {
    const Buffer &buffer = program.buffers()[i];
    if (buffer.kind == BufferKind::Share && buffer.ranks == ranks &&
        buffer.whole == whole && !buffer.inPlace)
      return i;
  }
  return kNone;
}
