//===- CpuProgram.cpp - the phases device and program for the CPU ---------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/CpuProgram.h"
#include "compiler/pipeline/EmitProgram.h"
#include "compiler/targets/cpu/Object.h"

using namespace mlir;
using namespace gptc;

static std::string nameOf(Operation *kernel) {
  if (auto name = kernel->getAttrOfType<StringAttr>("name"))
    return name.str();
  return kernel->getName().stripDialect().str();
}

FailureOr<std::vector<std::string>>
gptc::buildCpuProgram(ModuleOp module, const CpuProgramOptions &options) {
  auto models = module.getOps<gpt::ModelOp>();
  if (!llvm::hasSingleElement(models))
    return module.emitError("holds ")
           << llvm::range_size(models) << " models: a program is made of one";

  NumberColumns columns;
  auto kernels = cpu::emitKernels(
      module, [&](Value number) { return columns.columnOf(number); });
  if (failed(kernels))
    return failure();

  ProgramInputs inputs{*models.begin(), columns, kernels->names, {},
                       options.notes};
  for (const cpu::KernelUse &use : kernels->perLaunch) {
    LaunchRecord record{use.kernel, nameOf(use.op), {}, {}, use.units,
                        uint64_t(use.scratchBytes)};
    for (const cpu::KernelBuffer &buffer : use.buffers)
      record.buffers.push_back({buffer.value, buffer.written});
    record.sizes.assign(use.sizes.begin(), use.sizes.end());
    inputs.launches.push_back(std::move(record));
  }
  auto program = emitProgram(inputs);
  if (failed(program))
    return failure();

  cpu::ObjectOptions objectOptions;
  objectOptions.cpu = options.cpu;
  auto objects = cpu::compileKernels(*kernels, objectOptions);
  if (failed(objects))
    return failure();
  auto table =
      cpu::makeProgramObject(module.getLoc(), *program, kernels->names);
  if (failed(table))
    return failure();
  objects->push_back(std::move(*table));
  return objects;
}
