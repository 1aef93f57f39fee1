//===- Kernel.cpp - one kernel function and its arguments -----------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/kernels/RowOrder.h"
#include "dialect/kern/BufferOp.h.inc"
#include "dialect/kern/NumberOp.h.inc"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// All kernels share one name for dynamic shared memory: it has no size.
static constexpr StringLiteral kSharedName = "shared";
/// All kernels share their flags: launches run one after the other.
static constexpr StringLiteral kFlagsName = "flags";

std::string gptc::nvptx::elementName(Type type) {
  if (type.isBF16())
    return "bf16";
  if (type.isF32())
    return "f32";
  if (type.isF64())
    return "f64";
  if (isa<Float8E4M3FNType>(type))
    return "e4m3";
  if (isa<Float8E5M2Type>(type))
    return "e5m2";
  return type.isInteger(32) ? "i32" : "";
}

int64_t gptc::nvptx::elementBytes(Type type) {
  return type.getIntOrFloatBitWidth() / 8;
}

/// A kernel without arguments yet, at the end of `module`.
static LLVM::LLVMFuncOp makeFunction(ModuleOp module, Location loc,
                                     int64_t threads) {
  auto b = OpBuilder::atBlockEnd(module.getBody());
  auto none = LLVM::LLVMVoidType::get(b.getContext());
  auto function = LLVM::LLVMFuncOp::create(
      b, loc, "kernel", LLVM::LLVMFunctionType::get(none, {}));
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                    b.getDenseI32ArrayAttr({int32_t(threads), 1, 1}));
  function.addEntryBlock(b);
  return function;
}

Kernel::Kernel(ModuleOp module, llvm::SetVector<Value> &numbers, Location loc,
               int64_t threads)
    : NvptxBuilder(OpBuilder(module.getBodyRegion()), loc,
                   makeFunction(module, loc, threads), /*indexBits=*/32),
      module(module), numbers(numbers) {
  launch.threads = threads;
  b.setInsertionPointToStart(&function.getBody().front());
}

Value Kernel::argument(Type type, Argument argument) {
  launch.arguments.push_back(std::move(argument));
  return function.getBody().front().addArgument(type, loc);
}

Argument gptc::nvptx::describe(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Argument result;
  result.source = buffer;
  kern::BufferOp root = kern::rootOf(buffer);
  result.buffer = root.getName().str();
  result.offset = kern::offsetOf(type);
  if (root.getAt())
    result.at =
        *root.getAt() + result.offset * elementBytes(type.getElementType());
  result.rows = kern::rowsOf(type);
  result.columns = kern::columnsOf(type);
  result.stride = kern::rowStrideOf(type);
  result.element = elementName(type.getElementType());
  return result;
}

Value Kernel::tensorMap(Value buffer, int64_t boxRows) {
  Argument map = describe(buffer);
  map.kind = Argument::Kind::TensorMap;
  map.boxRows = boxRows;
  return argument(pointer(0), map);
}

Value Kernel::address(Value buffer) {
  Value &known = addresses[buffer];
  if (!known) {
    Argument address = describe(buffer);
    address.kind = Argument::Kind::Buffer;
    known = argument(pointer(kGlobal), address);
  }
  return known;
}

Value Kernel::integer(int64_t value) {
  Argument integer;
  integer.value = value;
  return argument(i32Type(), integer);
}

void Kernel::askForOrder(Operation *op, int64_t count) {
  if (canDescend(op))
    first = integer(descends(op) ? count - 1 : 0);
}

Value Kernel::inOrder(Value index) {
  return first ? op<math::AbsIOp>(sub(index, first)) : index;
}

int64_t gptc::nvptx::placeOf(Value number, llvm::SetVector<Value> &numbers) {
  numbers.insert(number);
  return llvm::find(numbers, number) - numbers.begin();
}

std::pair<Value, Value> Kernel::placeOf(Value number) {
  if (!table) {
    Argument numbers;
    numbers.kind = Argument::Kind::Numbers;
    table = argument(pointer(kGlobal), numbers);
  }
  Value &place = places[number];
  if (!place) {
    place = integer(nvptx::placeOf(number, numbers));
    launch.arguments.back().source = number;
  }
  return {table, place};
}

Value Kernel::number(kern::NumberOp op) {
  auto [table, place] = placeOf(op.getNumber());
  Value at = offset(table, shl(place, 3));
  return this->op<LLVM::FPTruncOp>(f32Type(),
                                   this->op<LLVM::LoadOp>(b.getF64Type(), at));
}

Value Kernel::shared(int64_t bytes) {
  launch.sharedBytes = bytes;
  if (!module.lookupSymbol(kSharedName)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(b, loc, LLVM::LLVMArrayType::get(b.getI8Type(), 0),
                           /*isConstant=*/false, LLVM::Linkage::External,
                           kSharedName, Attribute(), /*alignment=*/1024,
                           /*addrSpace=*/kShared);
  }
  return op<LLVM::AddressOfOp>(pointer(kShared), kSharedName);
}

Value Kernel::flags(int64_t count) {
  auto known = module.lookupSymbol<LLVM::GlobalOp>(kFlagsName);
  if (known)
    count = std::max<int64_t>(
        count, cast<LLVM::LLVMArrayType>(known.getType()).getNumElements());
  else {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    known = LLVM::GlobalOp::create(
        b, loc, LLVM::LLVMArrayType::get(i32Type(), count),
        /*isConstant=*/false, LLVM::Linkage::Internal, kFlagsName, Attribute(),
        /*alignment=*/4, /*addrSpace=*/kGlobal);
  }
  auto type = RankedTensorType::get({count}, i32Type());
  known.setGlobalType(LLVM::LLVMArrayType::get(i32Type(), count));
  known.setValueAttr(DenseElementsAttr::get(type, int32_t(0)));
  return op<LLVM::AddressOfOp>(pointer(kGlobal), kFlagsName);
}

Value Kernel::number(KernelBuilder &k, Value number) {
  auto [table, place] = placeOf(number);
  return k.load(k.f64Type(), k.at(table, k.index(place), 8));
}

void gptc::nvptx::setBlocksAtOnce(LLVM::LLVMFuncOp function, int64_t blocks) {
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    Builder(function.getContext()).getI32IntegerAttr(blocks));
}

LogicalResult gptc::nvptx::verifyStored(Operation *op) {
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (type && elementName(type.getElementType()).empty())
      return op->emitOpError("accesses ")
             << type << "; on sm_90a stored are bf16, f32, f64, i32 and FP8";
  }
  return success();
}

LLVM::LLVMFuncOp Kernel::finish(Launch &to) {
  LLVM::ReturnOp::create(b, loc, ValueRange());
  Block &entry = function.getBody().front();
  function.setFunctionType(
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()),
                                  SmallVector<Type>(entry.getArgumentTypes())));
  for (auto [i, argument] : llvm::enumerate(launch.arguments)) {
    if (argument.kind != Argument::Kind::TensorMap)
      continue;
    function.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(),
                        TypeAttr::get(LLVM::LLVMArrayType::get(
                            b.getI8Type(), /*bytes of a CUtensorMap=*/128)));
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(),
                        b.getI64IntegerAttr(64));
    function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                        b.getUnitAttr());
  }
  to = std::move(launch);
  return function;
}
