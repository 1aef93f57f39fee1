//===- GpuProgram.cpp - the last two phases for a GPU ---------------------===//
//
// Part of gptc, under the MIT License.
//
// The kernels travel in the program's description, as text and as machine code;
// what is linked is the runtime, the description and the function of the
// numbers, which the host computes.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/GpuProgram.h"
#include "compiler/pipeline/Describe.h"
#include "compiler/pipeline/Report.h"
#include "compiler/targets/Link.h"
#include "compiler/targets/cpu/Object.h"
#include "compiler/targets/nvptx/Assemble.h"
#include "dialect/Kern.h"
#include "dialect/gpt/ModelOp.h.inc"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace gptc;
using namespace mlir;

FailureOr<GpuProgram> GpuProgram::create(ModuleOp launches, TimingScope &timing,
                                         bool verifyEach) {
  GpuProgram program(launches);
  FailureOr<nvptx::Program> kernels =
      nvptx::compile(launches, &timing, verifyEach);
  if (failed(kernels))
    return failure();
  program.program = std::move(*kernels);
  return program;
}

static LaunchRecord::Argument recordOf(const nvptx::Argument &argument,
                                       const llvm::SetVector<Value> &written) {
  using Kind = nvptx::Argument::Kind;
  switch (argument.kind) {
  case Kind::Value:
    return {ArgumentKind::Integer, {}, false, argument.value};
  case Kind::Numbers:
    return {ArgumentKind::Numbers};
  case Kind::Buffer:
    return {ArgumentKind::Buffer, argument.source,
            written.contains(argument.source)};
  case Kind::TensorMap:
    break;
  }
  return {
      ArgumentKind::TensorMap,
      argument.source,
      written.contains(argument.source),
      0,
      {argument.rows, argument.columns, argument.stride, argument.boxRows,
       *elementOf(cast<MemRefType>(argument.source.getType()).getElementType()),
       0}};
}

/// All of a program but where it comes from and what its kernels compute.
ProgramInputs GpuProgram::inputs(gpt::ModelOp model, NumberColumns &columns) {
  for (Value number : program.numbers)
    columns.columnOf(number);
  ProgramInputs inputs{model, columns, {}, {}, {}, {}};
  inputs.target = Target::Sm90a;
  llvm::StringMap<uint32_t> kernels;
  for (const nvptx::Launch &launch : program.launches) {
    auto [known, isNew] =
        kernels.try_emplace(launch.kernel, inputs.kernelNames.size());
    if (isNew)
      inputs.kernelNames.push_back(launch.kernel);
    LaunchRecord record;
    record.op = launch.op;
    record.kernel = known->second;
    record.name = launchName(launch.op);
    llvm::SetVector<Value> written = kern::writtenBuffers(launch.op);
    for (const nvptx::Argument &argument : launch.arguments)
      record.arguments.push_back(recordOf(argument, written));
    record.units = launch.blocks;
    record.scratchBytes = launch.sharedBytes;
    record.threads = launch.threads;
    record.persistent = launch.persistent;
    inputs.launches.push_back(std::move(record));
  }
  return inputs;
}

FailureOr<std::string> GpuProgram::describe() {
  FailureOr<gpt::ModelOp> model = findModel(launches);
  if (failed(model))
    return failure();
  NumberColumns columns;
  ProgramInputs all = inputs(*model, columns);
  return describeLaunches(all);
}

FailureOr<std::string> GpuProgram::object(StringRef ptxas, Notes notes,
                                          Origin origin, bool verbose) {
  FailureOr<gpt::ModelOp> model = findModel(launches);
  if (failed(model))
    return failure();

  // The host's part runs on any processor that the CPU target serves.
  constexpr StringLiteral oldest = "x86-64-v3";
  FailureOr<cpu::Processor> processor =
      cpu::findProcessor(launches.getLoc(), oldest);
  FailureOr<std::string> cubin = nvptx::assemble(program.ptx, ptxas, verbose);
  if (failed(processor) || failed(cubin))
    return failure();

  NumberColumns columns;
  ProgramInputs all = inputs(*model, columns);
  all.notes = std::move(notes);
  all.origin = std::move(origin);
  all.features = processor->features;
  std::string code;
  llvm::raw_string_ostream os(code);
  launches->print(os, OpPrintingFlags().assumeVerified());
  all.code = llvm::xxh3_64bits(code + program.ptx);
  all.ptx = program.ptx;
  all.cubin = std::move(*cubin);
  FailureOr<std::string> blob = emitProgram(all);
  if (failed(blob))
    return failure();
  return cpu::makeProgramObject(
      launches.getLoc(), *blob, {},
      [&](llvm::Module &module) { emitHostNumbers(all.numbers, module); });
}

LogicalResult GpuProgram::link(StringRef ptxas, StringRef output, Notes notes,
                               Origin origin, bool verbose) {
  FailureOr<std::string> made =
      object(ptxas, std::move(notes), std::move(origin), verbose);
  if (failed(made))
    return failure();
  StringRef file = *made;
  if (llvm::Error error = linkProgram(file, output, verbose))
    return report(llvm::toString(std::move(error)));
  return success();
}
