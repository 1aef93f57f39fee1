//===- BenchProgram.cpp - every kernel alone, beside the CPU's ------------===//
//
// Part of gptc, under the MIT License.
//
// The reference is made of the program's own launches: the same ops on the same
// buffers, at f32 where the CPU stores no bf16, with a memory plan of its own.
// So op i of one is op i of the other, and what either has of a buffer can be
// written into the other's.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/BenchProgram.h"
#include "compiler/passes/Passes.h"
#include "compiler/pipeline/CpuProgram.h"
#include "compiler/pipeline/Report.h"
#include "compiler/pipeline/SourceLines.h"
#include "compiler/targets/Link.h"
#include "dialect/Gpt.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace gptc;
using namespace mlir;

static std::string pathIn(StringRef folder, StringRef name) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

/// The object files of the reference.
static FailureOr<std::vector<std::string>>
makeReference(ModuleOp launches, const BenchParts &options) {
  OwningOpRef<ModuleOp> own = launches.clone();
  PassManager manager(own->getContext(), ModuleOp::getOperationName(),
                      OpPassManager::Nesting::Implicit);
  manager.addPass(createLegalizeStorage());
  manager.addPass(createPlanMemory());
  if (failed(manager.run(*own)))
    return failure();
  FailureOr<CpuProgram> program = CpuProgram::create(*own);
  if (failed(program))
    return failure();
  return program->objects(options.reference, options.notes, options.origin,
                          "gptc_reference_");
}

LogicalResult gptc::writeBench(GpuProgram &program, ModuleOp launches,
                               const std::string &folder,
                               const BenchParts &options) {
  FailureOr<std::vector<std::string>> objects =
      makeReference(launches, options);
  if (failed(objects))
    return failure();
  FailureOr<std::string> own = program.object(
      options.ptxas, options.notes, options.origin, options.reference.verbose);
  if (failed(own))
    return failure();
  if (auto error = llvm::sys::fs::create_directories(
          folder, /*IgnoreExisting=*/true, llvm::sys::fs::all_all))
    return report("cannot make the folder '" + folder +
                  "': " + error.message());
  SmallVector<StringRef> files(objects->begin(), objects->end());
  files.push_back(*own);
  if (llvm::Error error = linkProgram(files, pathIn(folder, "program"),
                                      options.reference.verbose))
    return report(llvm::toString(std::move(error)));
  return success(
      succeeded(
          writeText(pathIn(folder, "kernels.ptx"),
                    [&](raw_ostream &os) { os << program.kernels().ptx; })) &&
      succeeded(writeText(pathIn(folder, "launches.mlir"),
                          [&](raw_ostream &os) { launches.print(os); })));
}

//===----------------------------------------------------------------------===//
// One kernel
//===----------------------------------------------------------------------===//

/// Of a module's PTX what every kernel needs, and one of the kernels. Entries
/// begin and end at the beginning of a line, and are all that has a body.
static std::string ptxOf(StringRef ptx, StringRef kernel) {
  std::string text;
  bool isWanted = true;
  while (!ptx.empty()) {
    StringRef line;
    std::tie(line, ptx) = ptx.split('\n');
    StringRef name = line;
    if (name.consume_front(".visible .entry "))
      isWanted = name.split('(').first == kernel;
    if (isWanted && !line.trim().starts_with("// .globl"))
      text += (line + "\n").str();
    if (line == "}")
      isWanted = true;
  }
  return text;
}

/// The buffers and numbers that an op names, then the op, as the module has
/// them.
static void printOp(Operation *op, AsmState &state, raw_ostream &os) {
  llvm::SetVector<Operation *> named;
  auto add = [&](Value value, auto &self) -> void {
    Operation *maker = value.getDefiningOp();
    if (!maker || op->isAncestor(maker))
      return;
    if (maker->getNumRegions() == 0)
      for (Value operand : maker->getOperands())
        self(operand, self);
    named.insert(maker);
  };
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      add(operand, add);
  });
  for (Operation *maker : named) {
    maker->print(os, state);
    os << "\n";
  }
  op->print(os, state);
  os << "\n";
}

FailureOr<std::string> gptc::dumpKernel(const GpuProgram &program,
                                        ModuleOp launches, StringRef name,
                                        StringRef command) {
  llvm::SetVector<StringRef> names;
  const nvptx::Launch *first = nullptr;
  size_t count = 0;
  for (const nvptx::Launch &launch : program.kernels().launches) {
    names.insert(launch.kernel);
    if (launch.kernel != name && (first ? launch.kernel != first->kernel
                                        : launchName(launch.op) != name))
      continue;
    first = first ? first : &launch;
    ++count;
  }
  if (!first)
    return report("--dump-kernel=" + name + ": no kernel has this name" +
                  gpt::nearest(name, names.getArrayRef()));
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// " << first->kernel << ": " << count << " launches, the first in "
     << first->part << ", of " << sourceLines(first->op) << "; "
     << first->threads << " threads a block, " << first->sharedBytes
     << " bytes of shared memory\n//\n// Alone, beside the CPU's:\n//   "
     << command << "\n//   gptc-bench DIR --filter " << first->kernel
     << "\n\n// ---- The op, at the end of the phase `launches`\n";
  AsmState state(launches);
  printOp(first->op, state, os);
  os << "\n// ---- Its PTX\n" << ptxOf(program.kernels().ptx, first->kernel);
  return text;
}
