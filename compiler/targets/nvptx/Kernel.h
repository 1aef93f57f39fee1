//===- Kernel.h - one kernel function and its arguments ---------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A kernel asks for its arguments where it needs them; each becomes a parameter
// of the function and an entry of the launch, so the two cannot disagree.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_TARGETS_NVPTX_KERNEL_H
#define GPTC_COMPILER_TARGETS_NVPTX_KERNEL_H

#include "compiler/targets/nvptx/Nvptx.h"
#include "compiler/targets/nvptx/NvptxBuilder.h"
#include "dialect/Kern.h"
#include "llvm/ADT/DenseMap.h"

namespace gptc::kern {
class AttentionBackwardOp;
class AttentionOp;
class ContractOp;
class FinishOp;
class FinishSegmentsOp;
class NumberOp;
class RowsOp;
class SegmentsOp;
class TransposeOp;
} // namespace gptc::kern

namespace gptc::nvptx {

class Kernel : public NvptxBuilder {
public:
  /// A function of `threads` threads a block in `module`; `numbers` are the
  /// program's so far.
  Kernel(mlir::ModuleOp module, llvm::SetVector<Value> &numbers,
         mlir::Location loc, int64_t threads);

  /// A pointer to the 128-byte tensor map of a 2-D view of bf16 or FP8 with a
  /// box of `boxRows` rows of 128 bytes.
  Value tensorMap(Value buffer, int64_t boxRows);
  /// The global address of the buffer's first row.
  Value address(Value buffer);
  /// A 32-bit integer of the launch.
  Value integer(int64_t value);
  /// Asks the launch for the end at which an op's rows, which are taken in
  /// `count` parts, begin (RowOrder.h).
  void askForOrder(mlir::Operation *op, int64_t count);
  /// The part that is taken when `index` are done: counted from that end.
  Value inOrder(Value index);
  /// A number of the step as f32.
  Value number(kern::NumberOp op);
  /// A number of the step as f64, by another builder of the function.
  Value number(KernelBuilder &k, Value number);
  /// The numbers' table and the place of one in it, an i32.
  std::pair<Value, Value> placeOf(Value number);
  /// The block's dynamic shared memory of `bytes`, aligned to 1024 bytes.
  Value shared(int64_t bytes);

  /// The module's flags, i32 in global memory: at least `count` of them, which
  /// are 0 when the module is loaded and at the end of every launch.
  Value flags(int64_t count);

  /// Builds on in the same function, with indices of 64 bits.
  NvptxBuilder wide() { return NvptxBuilder(b, loc, function); }

  /// Ends the function and gives its launch, which lacks its part and its
  /// kernel's name.
  mlir::LLVM::LLVMFuncOp finish(Launch &to);

  Launch launch;

private:
  Value argument(mlir::Type type, Argument argument);

  mlir::ModuleOp module;
  llvm::SetVector<Value> &numbers;
  Value table, first;
  llvm::DenseMap<Value, Value> addresses, places;
};

/// A buffer as an argument, of no kind yet.
Argument describe(Value buffer);
/// The place of a number among those of the program, which it joins.
int64_t placeOf(Value number, llvm::SetVector<Value> &numbers);

/// "bf16", "f32", "f64", "i32", "e4m3" or "e5m2"; empty for other types.
std::string elementName(mlir::Type type);
int64_t elementBytes(mlir::Type type);

/// Shared memory that a block can have, in bytes.
constexpr int64_t kSharedLimit = 232448;

/// Tells ptxas how many blocks on a multiprocessor are enough. Untold, it saves
/// registers for more, and moves loads that are to be under way together down
/// to where each is used.
void setBlocksAtOnce(mlir::LLVM::LLVMFuncOp function, int64_t blocks);

/// Emits an error if a buffer of the op is stored as what no kernel reads.
mlir::LogicalResult verifyStored(mlir::Operation *op);

/// Emits a remark if a contraction runs without tensor cores, and why.
void remarkOnCores(kern::ContractOp op);

/// Whether a program fills a matrix with a constant, or copies one.
bool isFill(kern::RowsOp op);

/// Build the kernel of an op; after an error has been emitted, fail.
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildContract(kern::ContractOp op, mlir::ModuleOp module,
              llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildRows(kern::RowsOp op, mlir::ModuleOp module,
          llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildFill(kern::RowsOp op, mlir::ModuleOp module,
          llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildTranspose(kern::TransposeOp op, mlir::ModuleOp module,
               llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildFinish(kern::FinishOp op, mlir::ModuleOp module,
            llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildSegments(kern::SegmentsOp op, mlir::ModuleOp module,
              llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildFinishSegments(kern::FinishSegmentsOp op, mlir::ModuleOp module,
                    llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildAttention(kern::AttentionOp op, mlir::ModuleOp module,
               llvm::SetVector<Value> &numbers, Launch &launch);
mlir::FailureOr<mlir::LLVM::LLVMFuncOp>
buildAttentionBackward(kern::AttentionBackwardOp op, mlir::ModuleOp module,
                       llvm::SetVector<Value> &numbers, Launch &launch);

} // namespace gptc::nvptx

#endif // GPTC_COMPILER_TARGETS_NVPTX_KERNEL_H
