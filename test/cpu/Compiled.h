//===- Compiled.h - run a module's kernels in this process ------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_TEST_CPU_COMPILED_H
#define GPTC_TEST_CPU_COMPILED_H

#include "compiler/targets/cpu/Cpu.h"
#include "runtime/program.h"
#include "test/cpu/Reference.h"

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace gptc::test {

/// Values for all buffers: inputs, gradients, states and parameters get random
/// ones, all else is NaN.
Memory fill(mlir::ModuleOp module);

/// A module of parts, compiled; its buffers live as long as this does.
class Compiled {
public:
  explicit Compiled(mlir::ModuleOp module, const std::string &cpu = "native");
  ~Compiled();

  bool ok() const { return table != nullptr; }
  const cpu::CpuKernels &kernels() const { return *compiled; }

  /// Bytes of a buffer, by name.
  char *data(const std::string &name);
  /// Elements as f64, there and back.
  void write(const std::string &name, const std::vector<double> &elements);
  std::vector<double> read(const std::string &name);

  /// Runs all launches; `stride` > 0 cuts each into pieces of so many units,
  /// run in descending order.
  void run(int64_t stride = 0);
  void runLaunch(const cpu::KernelUse &use, int64_t begin, int64_t end);

private:
  struct Storage {
    std::vector<char> bytes;
    char *aligned;
    mlir::Type element;
    int64_t count;
  };
  std::map<std::string, Storage> storage;
  std::vector<double> numbers;
  mlir::FailureOr<cpu::CpuKernels> compiled{mlir::failure()};
  std::unique_ptr<llvm::orc::LLJIT> jit;
  Kernel const *table = nullptr;
  std::vector<char> scratch;
};

} // namespace gptc::test

#endif // GPTC_TEST_CPU_COMPILED_H
