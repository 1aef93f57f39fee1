//===- Kernels.cpp - one function a kernel, one record a launch -----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Context.h"
#include "compiler/targets/cpu/Micro.h"
#include "dialect/KernKernels.h"
#include "dialect/kern/RandomOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace gptc::cpu {

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

Value Context::pointerOf(Value buffer) {
  Value &pointer = pointers[buffer];
  if (!pointer) {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(&k.function.getBody().front());
    pointer = k.load(k.pointer(), k.at(argument(0), find(buffer), 8));
  }
  return pointer;
}

Value Context::numberOf(Value number) {
  Value &loaded = numbers[number];
  if (!loaded) {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(&k.function.getBody().front());
    size_t i =
        llvm::find(signature.numbers, number) - signature.numbers.begin();
    Value column = size(own + 2 * signature.buffers.size() + i);
    loaded = k.load(k.f64Type(), k.at(argument(1), column, 8));
  }
  return loaded;
}

Value Context::streamOf(Operation *random) {
  size_t i = llvm::find(signature.randoms, random) - signature.randoms.begin();
  Value stream =
      size(own + 2 * signature.buffers.size() + signature.numbers.size() + i);
  return k.narrow(stream);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {

using Column = llvm::function_ref<int64_t(Value)>;

class Emitter {
public:
  Emitter(ModuleOp source, Column columnOf) : columnOf(columnOf) {
    result.module = ModuleOp::create(source.getLoc());
  }
  LogicalResult add(Operation *op);
  CpuKernels result;

private:
  template <typename OpT> LogicalResult addKernel(OpT op);
  template <typename OpT>
  FailureOr<unsigned> functionFor(OpT op, const Signature &signature,
                                  size_t own);

  Column columnOf;
  llvm::StringMap<unsigned> functions;
};

} // namespace

template <typename OpT>
FailureOr<unsigned> Emitter::functionFor(OpT op, const Signature &signature,
                                         size_t own) {
  auto [known, fresh] =
      functions.try_emplace(signature.key, result.names.size());
  if (!fresh)
    return known->second;
  std::string name = "gptc_kernel_" + std::to_string(result.names.size());
  result.names.push_back(name);
  MLIRContext *context = op->getContext();
  OpBuilder b(context);
  b.setInsertionPointToEnd(result.module->getBody());
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto i64 = b.getI64Type();
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(context),
      {pointer, pointer, pointer, i64, i64, pointer});
  Location loc = UnknownLoc::get(context);
  auto function = LLVM::LLVMFuncOp::create(b, loc, name, type);
  b.setInsertionPointToEnd(function.addEntryBlock(b));
  auto done = LLVM::ReturnOp::create(b, loc, ValueRange());
  b.setInsertionPoint(done);
  KernelBuilder k(b, loc, function);
  Context c(k, signature, own);
  if (failed(build(c, op)))
    return failure();
  return known->second;
}

/// Only f32 (and i32 inputs, f64 results of `finish`) are stored on the CPU.
static LogicalResult checkElements(Operation *op, const Signature &signature) {
  for (Value buffer : signature.buffers) {
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    if (!element.isF32() && !element.isF64() && !element.isInteger(32))
      return op->emitError("the CPU stores f32, f64 and i32, not ")
             << element << "; run legalize-storage first";
    if (!kern::rootOf(buffer))
      return op->emitError("an operand is no kern.buffer or view of one");
  }
  return success();
}

template <typename OpT> LogicalResult Emitter::addKernel(OpT op) {
  Signature signature(op);
  if (failed(checkElements(op, signature)))
    return failure();
  SmallVector<LaunchShape> shapes = shapesOf(op);
  auto kernel = functionFor(op, signature, shapes.front().sizes.size());
  if (failed(kernel))
    return failure();
  KernelUse use{op, *kernel, {}, {}, {}, 0, 0};
  SmallVector<int64_t> sizes; // behind the kernel's own
  for (Value buffer : signature.buffers) {
    auto type = cast<MemRefType>(buffer.getType());
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    use.buffers.push_back({buffer, kern::offsetOf(type) * bytes,
                           signature.written.contains(buffer)});
    sizes.push_back(kern::rowsOf(type));
    sizes.push_back(kern::rowStrideOf(type));
  }
  for (Value number : signature.numbers) {
    use.numbers.push_back(number);
    sizes.push_back(columnOf(number));
  }
  for (Operation *random : signature.randoms)
    sizes.push_back(int64_t(cast<kern::RandomOp>(random).getStream()));
  for (LaunchShape &shape : shapes) {
    use.sizes = std::move(shape.sizes);
    use.sizes.append(sizes);
    use.units = shape.units;
    use.scratchBytes = shape.scratchBytes;
    result.perLaunch.push_back(use);
  }
  return success();
}

LogicalResult Emitter::add(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<kern::RowsOp, kern::ContractOp, kern::TransposeOp,
            kern::AttentionOp, kern::AttentionBackwardOp, kern::SegmentsOp,
            kern::FinishSegmentsOp, kern::FinishOp>(
          [&](auto kernel) { return addKernel(kernel); })
      .Case<kern::BufferOp, kern::ViewOp>([](auto) { return success(); })
      .Default([&](Operation *other) -> LogicalResult {
        if (isPure(other) || kern::isCollective(other))
          return success();
        return other->emitError("is no kernel of the CPU target");
      });
}

FailureOr<CpuKernels> emitKernels(ModuleOp source,
                                  llvm::function_ref<int64_t(Value)> columnOf) {
  source.getContext()
      ->loadDialect<arith::ArithDialect, LLVM::LLVMDialect, scf::SCFDialect,
                    vector::VectorDialect, math::MathDialect>();
  Emitter emitter(source, columnOf);
  addMicroKernels(*emitter.result.module);
  WalkResult walked = source.walk([&](kern::PartOp part) {
    for (Operation &op : *part.getBody().begin())
      if (failed(emitter.add(&op)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  return std::move(emitter.result);
}

} // namespace gptc::cpu
