//===- Compiled.cpp - run a module's kernels in this process --------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "test/cpu/Compiled.h"
#include "compiler/targets/cpu/Object.h"
#include "dialect/kern/BufferOp.h.inc"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace mlir;

namespace gptc::test {

static char *align(std::vector<char> &bytes, size_t size, char fill) {
  bytes.assign(size + 64, fill);
  return bytes.data() + (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64);
}

Compiled::~Compiled() = default;

Compiled::Compiled(ModuleOp module, const std::string &cpu) {
  module.walk([&](kern::BufferOp op) {
    auto type = cast<MemRefType>(op.getY().getType());
    Storage &s = storage[op.getName().str()];
    s.element = type.getElementType();
    s.count = type.getNumElements();
    s.aligned = align(s.bytes, s.count * s.element.getIntOrFloatBitWidth() / 8,
                      char(0xff)); // all ones are NaN
  });
  llvm::MapVector<Value, int64_t> columns;
  compiled = gptc::cpu::emitKernels(module, [&](Value number) {
    auto [at, fresh] = columns.insert({number, int64_t(columns.size())});
    if (fresh)
      numbers.push_back(numberOf(number));
    return at->second;
  });
  if (failed(compiled))
    return;
  auto objects = gptc::cpu::compileKernels(*compiled, {cpu, 2});
  if (failed(objects))
    return;
  auto program =
      cpu::makeProgramObject(module.getLoc(), "program", compiled->names);
  if (failed(program))
    return;
  objects->push_back(*program);
  jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  for (const std::string &object : *objects)
    llvm::cantFail(jit->addObjectFile(
        llvm::MemoryBuffer::getMemBufferCopy(object, "kernels")));
  table = llvm::cantFail(jit->lookup("gptc_kernels")).toPtr<const Kernel *>();
}

Memory fill(ModuleOp module) {
  Memory memory;
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  module.walk([&](kern::BufferOp op) {
    auto type = cast<MemRefType>(op.getY().getType());
    StringRef name = op.getName();
    std::vector<double> &x = memory[name.str()];
    x.assign(type.getNumElements(), NAN);
    if (op.getKind() == "workspace" || op.getKind() == "output")
      return;
    for (size_t i = 0; i < x.size(); ++i) {
      double u = uniform(random);
      if (name.starts_with("tokens"))
        x[i] = op.getOf() == "one"    ? 3
               : op.getOf() == "two"  ? 7 * int(i % 3 == 0)
               : op.getOf() == "late" ? std::min(i / 64, size_t(1))
                                      : std::floor((u + 1) / 2 * 11);
      else if (name.starts_with("docs")) // starts at 0, 1, 1, … then jumps
        x[i] = i == 0 ? 0 : u > 0.9 || i == 1 ? double(i) : x[i - 1];
      else if (op.getOf() == "zero")
        x[i] = 0;
      else if (op.getOf() == "positive")
        x[i] = float(u + 1.5);
      else
        x[i] = float(u);
    }
  });
  for (auto &[name, x] : memory)
    if (llvm::StringRef(name).starts_with("order")) {
      const auto &tokens = memory["tokens" + name.substr(5)];
      std::iota(x.begin(), x.end(), 0.0);
      std::sort(x.begin(), x.end(), [&](double a, double b) {
        return std::pair(tokens[size_t(a)], a) <
               std::pair(tokens[size_t(b)], b);
      });
    }
  return memory;
}

char *Compiled::data(const std::string &name) { return storage[name].aligned; }

void Compiled::write(const std::string &name,
                     const std::vector<double> &elements) {
  Storage &s = storage[name];
  for (int64_t i = 0; i < s.count; ++i)
    if (s.element.isF32())
      reinterpret_cast<float *>(s.aligned)[i] = float(elements[i]);
    else if (s.element.isF64())
      reinterpret_cast<double *>(s.aligned)[i] = elements[i];
    else
      reinterpret_cast<int32_t *>(s.aligned)[i] = int32_t(elements[i]);
}

std::vector<double> Compiled::read(const std::string &name) {
  Storage &s = storage[name];
  std::vector<double> elements(s.count);
  for (int64_t i = 0; i < s.count; ++i)
    elements[i] =
        s.element.isF32()   ? double(reinterpret_cast<float *>(s.aligned)[i])
        : s.element.isF64() ? reinterpret_cast<double *>(s.aligned)[i]
                            : double(reinterpret_cast<int32_t *>(s.aligned)[i]);
  return elements;
}

void Compiled::runLaunch(const cpu::KernelUse &use, int64_t begin,
                         int64_t end) {
  std::vector<void *> pointers;
  for (const cpu::KernelBuffer &buffer : use.buffers) {
    kern::BufferOp root = kern::rootOf(buffer.value);
    pointers.push_back(data(root.getName().str()) + buffer.byteOffset);
  }
  char *scratchStart = align(scratch, use.scratchBytes, char(0xff));
  table[use.kernel](pointers.data(), numbers.data(), use.sizes.data(), begin,
                    end, scratchStart);
}

void Compiled::run(int64_t stride) {
  for (const cpu::KernelUse &use : compiled->perLaunch) {
    if (!stride) {
      runLaunch(use, 0, use.units);
      continue;
    }
    for (int64_t end = use.units; end > 0; end -= stride)
      runLaunch(use, std::max<int64_t>(0, end - stride), end);
  }
}

} // namespace gptc::test
