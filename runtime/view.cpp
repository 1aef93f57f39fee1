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
    fail("--steps %lld: the model has %lld steps%s",
         static_cast<long long>(steps), static_cast<long long>(most),
         moreSteps(program).c_str());
  return steps;
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
  }
  return "?";
}
