//===- Kern.cpp - the kern dialect ----------------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "dialect/KernDialect.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "dialect/kern/AllGatherOp.h.inc"
#include "dialect/kern/AllReduceOp.h.inc"
#include "dialect/kern/AwaitOp.h.inc"
#include "dialect/kern/ReduceScatterOp.h.inc"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc::kern;

#include "dialect/KernDialect.cpp.inc"

void KernDialect::initialize() {
  addKernels();
  addRowOps();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

namespace gptc::kern {

BufferOp rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewOp>())
    buffer = view.getX();
  return buffer.getDefiningOp<BufferOp>();
}

llvm::SetVector<Value> writtenBuffers(Operation *kernel) {
  llvm::SetVector<Value> written;
  kernel->walk([&](Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](StoreOp o) { written.insert(o.getBuffer()); })
        .Case([&](PartialOp o) { written.insert(o.getPartials()); })
        .Case([&](SegmentsOp o) {
          written.insert(o.getTarget());
          written.insert(o.getPieces());
        })
        .Case([&](FinishSegmentsOp o) { written.insert(o.getTarget()); })
        .Case([&](TransposeOp o) { written.insert(o.getY()); })
        .Case([&](FinishOp o) {
          for (Value target : o.getTargets())
            written.insert(target);
        })
        .Case([&](AllReduceOp o) { written.insert(o.getTarget()); })
        .Case([&](ReduceScatterOp o) { written.insert(o.getTo()); })
        .Case([&](AllGatherOp o) { written.insert(o.getTo()); })
        .Case([&](AttentionOp o) {
          written.insert(o.getY());
          written.insert(o.getLse());
        })
        .Case([&](AttentionBackwardOp o) {
          if (o.getProgram()) // they are room
            return;
          written.insert(o.getDq());
          written.insert(o.getDk());
          written.insert(o.getDv());
        });
  });
  return written;
}

bool isExchange(Operation *op) {
  return isa<AllReduceOp, ReduceScatterOp, AllGatherOp>(op);
}
bool isCollective(Operation *op) { return isExchange(op) || isa<AwaitOp>(op); }

int64_t rowsOf(MemRefType type) {
  return type.getRank() == 0 ? 1 : type.getDimSize(0);
}

int64_t columnsOf(MemRefType type) {
  return type.getNumElements() / std::max<int64_t>(rowsOf(type), 1);
}

// Both are asked for at every access of every kernel, so the layouts that
// buffers and views have are read as they are: MLIR itself makes an affine
// expression of each and takes it apart again, to tell an identity too.
int64_t rowStrideOf(MemRefType type) {
  auto strided = dyn_cast<StridedLayoutAttr>(type.getLayout());
  if (strided && strided.getStrides().size() > 1)
    return strided.getStrides()[0];
  if (type.getLayout().isIdentity())
    return columnsOf(type);
  auto [strides, offset] = type.getStridesAndOffset();
  return strides.empty() ? 1 : strides[0];
}

int64_t offsetOf(MemRefType type) {
  if (auto strided = dyn_cast<StridedLayoutAttr>(type.getLayout()))
    return strided.getOffset();
  return type.getLayout().isIdentity() ? 0 : type.getStridesAndOffset().second;
}

} // namespace gptc::kern

void BufferOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  std::string name = getName().str();
  for (char &c : name)
    if (!isalnum(c) && c != '_')
      c = '_';
  setName(getY(), name);
}

LogicalResult BufferOp::verify() {
  auto members = getMembers();
  if (members &&
      (members->empty() ||
       rowsOf(cast<MemRefType>(getY().getType())) % int64_t(members->size())))
    return emitOpError("(B1) has rows that do not divide into its members");
  return success();
}

LogicalResult ViewOp::verify() {
  auto to = cast<MemRefType>(getY().getType());
  auto from = cast<MemRefType>(getX().getType());
  auto [strides, offset] = to.getStridesAndOffset();
  if (!getX().getDefiningOp<BufferOp>())
    return emitOpError("(V1) must view a kern.buffer, not another view");
  if (to.getElementType() != from.getElementType())
    return emitOpError("(V2) must keep the element type");
  int64_t last = offset, inner = 1;
  for (int64_t i = to.getRank() - 1; i >= 0; --i) {
    last += (to.getDimSize(i) - 1) * strides[i];
    if (i > 0 && to.getDimSize(i) != 1 && strides[i] != inner)
      return emitOpError("(V3) must keep the columns of a row contiguous");
    inner *= to.getDimSize(i);
  }
  if (offset < 0 || last >= from.getNumElements())
    return emitOpError("(V4) reaches element ")
           << last << " of a buffer of " << from.getNumElements();
  return success();
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

LogicalResult RowsOp::verifyRegions() {
  Block &body = getBody().front();
  if (body.getNumArguments() != 1 || !body.getArgument(0).getType().isIndex())
    return emitOpError("(R1) its program takes the row index alone");
  return success();
}

LogicalResult ContractOp::verifyRegions() {
  Block &body = getBody().front();
  Type row =
      VectorType::get({int64_t(getN())}, Builder(getContext()).getF32Type());
  if (body.getNumArguments() != 2 || !body.getArgument(0).getType().isIndex() ||
      body.getArgument(1).getType() != row)
    return emitOpError("(C1) its program takes the row index and a row of ")
           << row;
  int64_t batch = getBatch();
  auto check = [&](Value x, bool transposed, int64_t outer) {
    auto type = cast<MemRefType>(x.getType());
    int64_t k = getK();
    return batch > 0 && rowsOf(type) == batch * (transposed ? k : outer) &&
           columnsOf(type) == (transposed ? outer : k);
  };
  if (!check(getA(), getTransposedA(), getM()) ||
      !check(getB(), getTransposedB(), getN()))
    return emitOpError("(C2) operands do not have the sizes m, n, k");
  if (Value pieces = getPieces())
    if (!pieces.getDefiningOp<BufferOp>() ||
        !cast<MemRefType>(pieces.getType()).getElementType().isF32())
      return emitOpError("(C3) pieces must be all of a buffer of f32");
  if (std::string why = getSymmetric() ? whyNotSymmetric() : ""; !why.empty())
    return emitOpError("(C4) is not symmetric: ") << why;
  auto isCodes = [](Value x) {
    Type element = cast<MemRefType>(x.getType()).getElementType();
    return isa<Float8E4M3FNType, Float8E5M2Type>(element);
  };
  if (std::optional<uint64_t> promotion = getPromotion();
      promotion &&
      ((*promotion != 64 && *promotion != 128 && *promotion != 256) ||
       !isCodes(getA()) || !isCodes(getB())))
    return emitOpError("(C5) promotion is 64, 128 or 256, and of codes of FP8");
  return success();
}

bool ContractOp::isOfItself() {
  return rootOf(getA()) == rootOf(getB()) &&
         getA().getType() == getB().getType() && getM() == getN() &&
         getTransposedA() == getTransposedB();
}

std::string ContractOp::whyNotSymmetric() {
  if (!isOfItself())
    return "its operands are not one matrix";
  if (getPieces())
    return "its sums are split";
  Block &body = getBody().front();
  Value row = body.getArgument(0);
  // Of a square product a column is as long as a row: a value is as wide as a
  // row, or one number for all of them.
  for (Operation &op : body) {
    if (auto load = dyn_cast<LoadOp>(op)) {
      if (load.getRow() != row || load.getDelta() != 0 ||
          load.getY().getType() != body.getArgument(1).getType())
        return "it loads what is no tile of its own";
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      if (store.getRow() != row ||
          store.getValue().getType() != body.getArgument(1).getType())
        return "it stores what is no tile of its own";
    } else {
      DenseElementsAttr constant;
      bool isOne = matchPattern(&op, m_Constant(&constant))
                       ? constant.isSplat()
                       : isa<NumberOp, SpreadOp, RoundOp>(op) ||
                             OpTrait::hasElementwiseMappableTraits(&op);
      if (!isOne || llvm::is_contained(op.getOperands(), row))
        return "it has '" + op.getName().getStringRef().str() +
               "', which does not treat all elements alike";
    }
  }
  return {};
}

LogicalResult AttentionBackwardOp::verifyRegions() {
  Block *program = getProgram();
  if (!program)
    return success();
  Builder b(getContext());
  Type row = VectorType::get({int64_t(getHeads() * getHead())}, b.getF32Type());
  if (program->getArgumentTypes() !=
      TypeRange({b.getIndexType(), row, row, row}))
    return emitOpError(
               "(A1) its program takes the row index and three rows of ")
           << row;
  return success();
}

LogicalResult TransposeOp::verify() {
  auto x = cast<MemRefType>(getX().getType());
  auto y = cast<MemRefType>(getY().getType());
  int64_t m = getM(), n = getN(), batch = getBatch();
  if (batch < 1 || rowsOf(x) != batch * m || columnsOf(x) != n ||
      rowsOf(y) != batch * n || columnsOf(y) != m)
    return emitOpError("(T1) x and y do not have the sizes m and n");
  return success();
}

LogicalResult FinishOp::verify() {
  if (getTargets().empty())
    return emitOpError("(F1) finishes no sum");
  auto elementOf = [](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getElementType();
  };
  for (Value target : getTargets())
    if (elementOf(target) != elementOf(getTargets().front()))
      return emitOpError("(F2) has targets of ")
             << elementOf(getTargets().front()) << " and of "
             << elementOf(target);
  return success();
}

/// All of a buffer that ranks can add up.
static bool canBeSummed(Value buffer) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  return buffer.getDefiningOp<BufferOp>() &&
         (element.isF32() || element.isBF16());
}

LogicalResult AllReduceOp::verify() {
  if (!canBeSummed(getTarget()))
    return emitOpError("(A1) needs all of a buffer of f32 or bf16");
  return success();
}

LogicalResult ReduceScatterOp::verify() {
  if (!canBeSummed(getFrom()) || !canBeSummed(getTo()))
    return emitOpError("(A1) needs all of a buffer of f32 or bf16");
  return success();
}

LogicalResult AwaitOp::verify() {
  if (!getBuffer().getDefiningOp<BufferOp>())
    return emitOpError("(A3) needs all of a buffer");
  return success();
}

LogicalResult AllGatherOp::verify() {
  auto from = getFrom().getDefiningOp<BufferOp>();
  auto to = getTo().getDefiningOp<BufferOp>();
  if (!from || !to || from.getKind() != "share" ||
      to.getKind() != "parameter" || from.getOf() != to.getName() ||
      cast<MemRefType>(getFrom().getType()).getElementType() !=
          cast<MemRefType>(getTo().getType()).getElementType())
    return emitOpError("(A2) needs a share of a parameter, and that parameter");
  return success();
}

//===----------------------------------------------------------------------===//
// Row programs
//===----------------------------------------------------------------------===//

static int64_t width(Value v) {
  return cast<VectorType>(v.getType()).getDimSize(0);
}

static LogicalResult matches(Operation *op, Value buffer, Value row) {
  if (columnsOf(cast<MemRefType>(buffer.getType())) != width(row))
    return op->emitOpError("(L1) the row has ")
           << width(row) << " columns, the buffer "
           << columnsOf(cast<MemRefType>(buffer.getType()));
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  auto type = dyn_cast<FloatType>(element);
  if (!type || (isa<LoadOp>(op) && type.getWidth() > 32))
    return op->emitOpError("(L2) a row of f32 is not made of, or stored as, ")
           << element;
  return success();
}
LogicalResult LoadOp::verify() { return matches(*this, getBuffer(), getY()); }
LogicalResult StoreOp::verify() {
  return matches(*this, getBuffer(), getValue());
}

LogicalResult ReduceOp::verify() {
  if (getHow() != "add" && getHow() != "max")
    return emitOpError("(D1) knows \"add\" and \"max\", not \"")
           << getHow() << "\"";
  if (width(getX()) % width(getY()))
    return emitOpError("(D2) needs equal groups");
  return success();
}

LogicalResult SpreadOp::verify() {
  if (width(getY()) % width(getX()))
    return emitOpError("(S1) needs equal groups");
  return success();
}

LogicalResult SliceOp::verify() {
  if (int64_t(getAt()) + width(getY()) > width(getX()))
    return emitOpError("(W1) reaches beyond the row");
  return success();
}

LogicalResult PadOp::verify() {
  if (int64_t(getAt()) + width(getX()) > width(getY()))
    return emitOpError("(W1) reaches beyond the row");
  return success();
}

LogicalResult MatvecOp::verify() {
  if (width(getX()) * width(getY()) != width(getW()))
    return emitOpError("(M1) needs a matrix of ")
           << width(getX()) << " x " << width(getY()) << " elements, not "
           << width(getW());
  return success();
}

void RotateOp::build(OpBuilder &b, OperationState &state, Value x, Value cos,
                     Value sin, int64_t head, int64_t group, bool neighbours,
                     bool inverse) {
  build(b, state, x.getType(), x, cos, sin, b.getI64IntegerAttr(head),
        b.getI64IntegerAttr(group), neighbours ? b.getUnitAttr() : UnitAttr(),
        inverse ? b.getUnitAttr() : UnitAttr());
}
