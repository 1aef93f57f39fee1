//===- oracle.cpp - the CPU's answer to each kernel of a file -------------===//
//
// Part of gptc, under the MIT License.
//
// `gptc-nvptx-oracle FILE FOLDER`: compiles the kernels of FILE for this CPU
// with f32 storage and runs one after another: launch i begins with the buffers
// FOLDER/i/NAME.f32 (raw f32, or i32 and f64 as they are), those that have no
// such file with what launch i - 1 left, and leaves them as FOLDER/i/NAME.cpu.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialect/KernDialect.h"
#include "dialect/kern/BufferOp.h.inc"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "test/cpu/Compiled.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

static std::string pathOf(StringRef folder, size_t launch, StringRef name,
                          StringRef extension) {
  return (folder + "/" + Twine(launch) + "/" + name + extension).str();
}

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: gptc-nvptx-oracle FILE FOLDER\n";
    return 1;
  }
  DialectRegistry registry;
  registry.insert<gptc::kern::KernDialect, arith::ArithDialect,
                  math::MathDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  auto module = parseSourceFile<ModuleOp>(argv[1], sources, &context);
  if (!module)
    return 1;
  PassManager passes(&context);
  passes.addPass(gptc::createLegalizeStorage());
  if (failed(passes.run(*module)))
    return 1;
  gptc::test::Compiled compiled(*module);
  if (!compiled.ok())
    return 1;

  std::vector<std::pair<std::string, size_t>> buffers;
  module->walk([&](gptc::kern::BufferOp op) {
    auto type = cast<MemRefType>(op.getY().getType());
    size_t bytes = type.getElementTypeBitWidth() <= 32 ? 4 : 8;
    buffers.push_back({op.getName().str(), type.getNumElements() * bytes});
  });
  StringRef folder = argv[2];
  // A kernel of the file may take several launches.
  const auto &uses = compiled.kernels().perLaunch;
  size_t i = 0;
  for (auto use = uses.begin(); use != uses.end(); ++i) {
    for (auto &[name, size] : buffers) {
      auto file = llvm::MemoryBuffer::getFile(pathOf(folder, i, name, ".f32"));
      if (!file && i > 0)
        continue;
      if (!file || (*file)->getBufferSize() != size) {
        llvm::errs() << pathOf(folder, i, name, ".f32")
                     << ": not a file of the buffer's " << size << " bytes\n";
        return 1;
      }
      memcpy(compiled.data(name), (*file)->getBufferStart(), size);
    }
    Operation *op = use->op;
    for (; use != uses.end() && use->op == op; ++use)
      compiled.runLaunch(*use, 0, use->units);
    for (auto &[name, size] : buffers) {
      std::error_code error;
      llvm::raw_fd_ostream os(pathOf(folder, i, name, ".cpu"), error);
      os.write(compiled.data(name), size);
      os.close();
      if (error || os.has_error()) {
        llvm::errs() << "cannot write " << pathOf(folder, i, name, ".cpu")
                     << "\n";
        os.clear_error();
        return 1;
      }
    }
  }
  return 0;
}
