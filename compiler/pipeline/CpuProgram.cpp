//===- CpuProgram.cpp - the last two phases for the CPU -------------------===//
//
// Part of gptc, under the MIT License.
//
// Three parts meet here: the kernels' object files, the description of the
// program that the runtime reads, and the linker.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/CpuProgram.h"
#include "compiler/pipeline/Report.h"
#include "compiler/targets/Link.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace gptc;
using namespace mlir;

FailureOr<CpuProgram> CpuProgram::create(ModuleOp launches) {
  CpuProgram program(launches);
  FailureOr<cpu::CpuKernels> kernels = cpu::emitKernels(
      launches, [&](Value number) { return program.columns.columnOf(number); });
  if (failed(kernels))
    return failure();
  program.kernels = std::move(*kernels);
  return program;
}

FailureOr<std::vector<std::string>>
CpuProgram::objects(const cpu::ObjectOptions &options, Notes notes,
                    Origin origin, StringRef prefix) {
  FailureOr<gpt::ModelOp> model = findModel(launches);
  if (failed(model))
    return failure();

  FailureOr<cpu::Processor> processor =
      cpu::findProcessor(launches.getLoc(), options.cpu);
  if (failed(processor))
    return failure();
  notes.emplace_back("processor",
                     processor->name +
                         (options.cpu == "native" ? " (native)" : ""));
  std::string code;
  llvm::raw_string_ostream os(code);
  launches->print(os, OpPrintingFlags().assumeVerified());
  ProgramInputs inputs{*model,
                       columns,
                       kernels.names,
                       {},
                       std::move(notes),
                       std::move(origin),
                       Target::Cpu,
                       processor->features,
                       llvm::xxh3_64bits(code)};
  for (const cpu::KernelUse &use : kernels.perLaunch) {
    LaunchRecord record;
    record.op = use.op;
    record.kernel = use.kernel;
    record.name = launchName(use.op);
    for (const cpu::KernelBuffer &buffer : use.buffers)
      record.arguments.push_back(
          {ArgumentKind::Buffer, buffer.value, buffer.written});
    for (int64_t size : use.sizes)
      record.arguments.push_back({ArgumentKind::Integer, {}, false, size});
    record.units = use.units;
    record.scratchBytes = use.scratchBytes;
    inputs.launches.push_back(std::move(record));
  }
  FailureOr<std::string> blob = emitProgram(inputs);
  if (failed(blob))
    return failure();

  FailureOr<std::vector<std::string>> objects =
      cpu::compileKernels(kernels, options);
  if (failed(objects))
    return failure();
  FailureOr<std::string> program = cpu::makeProgramObject(
      launches.getLoc(), *blob, kernels.names,
      [&](llvm::Module &module) {
        emitHostNumbers(inputs.numbers, module, (prefix + "numbers").str());
      },
      prefix);
  if (failed(program))
    return failure();

  // One file, however many kernels there are.
  std::vector<llvm::NewArchiveMember> members;
  for (const std::string &object : *objects)
    members.emplace_back(llvm::MemoryBufferRef(object, "kernel.o"));
  auto archive = llvm::writeArchiveToBuffer(
      members, llvm::SymtabWritingMode::NormalSymtab,
      llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return report(llvm::toString(archive.takeError()));
  return std::vector<std::string>{std::move(*program),
                                  (*archive)->getBuffer().str()};
}

LogicalResult CpuProgram::link(const cpu::ObjectOptions &options,
                               StringRef output, Notes notes, Origin origin) {
  FailureOr<std::vector<std::string>> files =
      objects(options, std::move(notes), std::move(origin));
  if (failed(files))
    return failure();
  SmallVector<StringRef> parts(files->begin(), files->end());
  if (llvm::Error error = linkProgram(parts, output, options.verbose))
    return report(llvm::toString(std::move(error)));
  return success();
}
