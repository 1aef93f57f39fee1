//===- Nvptx.h - kernels for Hopper (sm_90a) --------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// One entry: a module of `kern.part`s becomes PTX text and the table of its
// launches. The input module is not changed. Kernels that compute the same are
// one kernel: the sizes T (m of a product over tokens, k of a weight gradient,
// the rows of a row kernel) are run-time arguments.
//
// What sm_90a serves, else one error at the op that names what would be served:
// contractions of bf16 and f32 with an elementwise epilogue, on the tensor
// cores where operands are bf16 and rows begin at multiples of 16 bytes (else a
// remark says so), and so attention with heads of 64 and 128; every row
// program, column sum and ordered segment. Stored are bf16, f32, f64, i32 and,
// for products on FP8 tensor cores, e4m3 and e5m2.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_NVPTX_H
#define GPTC_COMPILER_TARGETS_NVPTX_NVPTX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

namespace mlir {
class TimingScope;
} // namespace mlir

namespace gptc::nvptx {

/// One kernel argument, in the order of the kernel's parameters.
struct Argument {
  /// A tensor map passed by value, the device address of a buffer or of the
  /// step's numbers (f64), or 32 bits: an integer or an f32.
  enum class Kind { TensorMap, Buffer, Numbers, Value };
  Kind kind = Kind::Value;
  /// The buffer's name, and the elements before its first row. Names of
  /// workspace repeat within a part: from `plan-memory` on, `at` is the byte of
  /// the arena at which the first row begins.
  std::string buffer;
  int64_t offset = 0;
  std::optional<int64_t> at;
  /// Rows, columns and elements from row to row, and "bf16", "f32", "f64",
  /// "i32", "e4m3" or "e5m2".
  int64_t rows = 0, columns = 0, stride = 0;
  std::string element;
  /// Rows of a tensor map's box; it is 128 bytes wide and swizzled by 128
  /// bytes.
  int64_t boxRows = 0;
  /// The number of Kind::Value, or the bits of an f32.
  int64_t value = 0;
  /// The buffer, or the number of the step whose place this is; else null.
  mlir::Value source;
};

/// One launch of a kernel of the module's PTX.
struct Launch {
  mlir::Operation *op = nullptr;
  std::string part, kernel;
  /// Blocks that have work. A persistent kernel takes any number of blocks up
  /// to it, best one for each multiprocessor.
  int64_t blocks = 0;
  bool persistent = false;
  int64_t threads = 0, sharedBytes = 0;
  std::vector<Argument> arguments;
};

struct Program {
  std::string ptx;
  std::vector<Launch> launches;
  /// The f64 values of the step that kernels load from its numbers, in their
  /// order there. Kernels take the place as an integer argument.
  llvm::SetVector<mlir::Value> numbers;
};

/// Compiles every part of `module` for sm_90a: the pass `lower-to-nvvm`
/// (NvptxPasses.h), conversions, LLVM. Diagnostics are emitted at the kernels;
/// the verifier follows each pass, or the last one alone.
mlir::FailureOr<Program> compile(mlir::ModuleOp module,
                                 mlir::TimingScope *timing = nullptr,
                                 bool verifyEach = true);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_NVPTX_H
