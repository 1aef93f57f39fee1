//===- Cost.cpp - what a kernel cannot do without -------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/kernels/Cost.h"
#include "dialect/Kern.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

namespace {

/// The elements of a buffer that a kernel touches: rows of columns.
struct Touched {
  Operation *root;
  int64_t offset, stride, rows, columns, bits;

  static Touched of(Value buffer, int64_t rows) {
    auto type = cast<MemRefType>(buffer.getType());
    return {rootOf(buffer),    offsetOf(type),
            rowStrideOf(type), std::min(rows, rowsOf(type)),
            columnsOf(type),   type.getElementTypeBitWidth()};
  }
  bool contains(const Touched &other) const {
    return root == other.root && rows >= other.rows &&
           (stride == other.stride || other.rows == 1) &&
           offset <= other.offset &&
           other.offset + other.columns <= offset + columns;
  }
  uint64_t bytes() const { return uint64_t(rows * columns * bits / 8); }
};

/// Windows of buffers, none of which lies in another one.
class Windows {
public:
  void add(const Touched &window) {
    if (contains(window))
      return;
    llvm::erase_if(windows,
                   [&](const Touched &old) { return window.contains(old); });
    windows.push_back(window);
  }
  bool contains(const Touched &window) const {
    return llvm::any_of(
        windows, [&](const Touched &old) { return old.contains(window); });
  }
  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const Touched &window : windows)
      sum += window.bytes();
    return sum;
  }

private:
  SmallVector<Touched> windows;
};

int64_t allRows(Value buffer) {
  return rowsOf(cast<MemRefType>(buffer.getType()));
}

int64_t columnsOfRow(Value row) {
  auto type = dyn_cast<VectorType>(row.getType());
  return type ? type.getNumElements() : 1;
}

/// Operations that an op of a row program takes for one row.
int64_t operationsOf(Operation &op) {
  auto columns = [](Value row) { return columnsOfRow(row); };
  return llvm::TypeSwitch<Operation *, int64_t>(&op)
      .Case([&](ReduceOp reduce) { return columns(reduce.getX()); })
      .Case([&](MatvecOp matvec) { return 2 * columns(matvec.getW()); })
      .Case([&](OuterOp outer) { return columns(outer.getY()); })
      // Of a pair four products and two sums.
      .Case([&](RotateOp rotate) { return 3 * columns(rotate.getY()); })
      // A column's angle, its cosine, its sine.
      .Case([&](AnglesOp angles) { return 3 * columns(angles.getCos()); })
      .Case([&](PartialOp partial) { return columns(partial.getValue()); })
      .Case([&](RoundOp round) { return columns(round.getY()); })
      .Case([&](RandomOp random) { return columns(random.getY()); })
      .Case<arith::ConstantOp>([](auto) { return 0; })
      .Default([&](Operation *op) {
        bool computes =
            isa<arith::ArithDialect, math::MathDialect>(op->getDialect());
        return computes ? columns(op->getResult(0)) : 0;
      });
}

/// The columns of a load's row, [first, end), that slices of it take; all of
/// them where anything else takes it.
std::pair<int64_t, int64_t> stretchOf(LoadOp load) {
  int64_t columns = columnsOfRow(load.getY()), first = columns, end = 0;
  for (Operation *user : load.getY().getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice)
      return {0, columns};
    int64_t at = int64_t(slice.getAt());
    first = std::min(first, at);
    end = std::max(end, at + columnsOfRow(slice.getY()));
  }
  return {std::min(first, end), end};
}

class Counter {
public:
  KernelCost of(Operation *kernel);

private:
  void read(Value buffer, int64_t rows) {
    reads.add(Touched::of(buffer, rows));
  }
  void write(Value buffer, int64_t rows) {
    writes.add(Touched::of(buffer, rows));
  }
  void readAll(ValueRange buffers) {
    for (Value buffer : buffers)
      read(buffer, allRows(buffer));
  }
  void writeAll(ValueRange buffers) {
    for (Value buffer : buffers)
      write(buffer, allRows(buffer));
  }
  void program(Block &block, int64_t rows);
  void contract(ContractOp op);
  template <typename OpT> void attention(OpT op, Family family, int products);
  void segments(Value tokens, Value pieces, Value target);

  KernelCost result;
  Windows reads, writes;
};

/// The precision of products whose operands are stored so.
Precision precisionOf(std::initializer_list<Value> operands) {
  unsigned bits = 0;
  for (Value operand : operands)
    bits = std::max(
        bits, cast<MemRefType>(operand.getType()).getElementTypeBitWidth());
  return bits <= 8    ? Precision::FP8
         : bits <= 16 ? Precision::BF16
                      : Precision::F32;
}

} // namespace

void Counter::program(Block &block, int64_t rows) {
  Value row = block.getArgument(0);
  for (Operation &op : block) {
    result.cost.rowOperations += double(rows) * double(operationsOf(op));
    if (auto load = dyn_cast<LoadOp>(op)) {
      Touched window = Touched::of(load.getBuffer(), load.getRow() ? rows : 1);
      auto [first, end] = stretchOf(load);
      window.offset += first;
      window.columns = end - first;
      bool isOwn = load.getRow() == row && load.getDelta() == 0;
      if (!isOwn || !writes.contains(window))
        reads.add(window);
    } else if (auto index = dyn_cast<LoadIndexOp>(op)) {
      read(index.getBuffer(), rows);
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      write(store.getBuffer(), rows);
    } else if (auto partial = dyn_cast<PartialOp>(op)) {
      writeAll(partial.getPartials());
    }
  }
}

void Counter::contract(ContractOp op) {
  double m = double(op.getM()), n = double(op.getN()), k = double(op.getK());
  result.cost.products =
      double(op.getBatch()) * k * (op.isOfItself() ? m * (m + 1) : 2 * m * n);
  result.cost.precision = precisionOf({op.getA(), op.getB()});
  readAll({op.getA(), op.getB()});
  program(op.getBody().front(), op.getRows());
}

template <typename OpT>
void Counter::attention(OpT op, Family family, int products) {
  result.cost.family = family;
  result.cost.precision = precisionOf({op.getQ(), op.getK(), op.getV()});
  result.cost.products = 2.0 * products * double(op.getHeads() * op.getHead());
  result.cost.positions = allRows(op.getQ());
  result.window = op.getWindow();
  readAll({op.getQ(), op.getK(), op.getV(), op.getDocs()});
}

/// Rows of the target that tokens name: read and written.
void Counter::segments(Value tokens, Value pieces, Value target) {
  result.cost.family = Family::Segments;
  int64_t rows = std::min(allRows(target), allRows(tokens));
  result.cost.rowOperations =
      double(allRows(pieces)) *
      double(columnsOf(cast<MemRefType>(pieces.getType())));
  read(target, rows);
  write(target, rows);
}

KernelCost Counter::of(Operation *kernel) {
  Cost &cost = result.cost;
  cost.family = Family::Rows;
  cost.window = kNone;
  llvm::TypeSwitch<Operation *>(kernel)
      .Case([&](ContractOp op) {
        cost.family = Family::Contraction;
        contract(op);
      })
      .Case([&](RowsOp op) { program(op.getBody().front(), op.getRows()); })
      .Case([&](AttentionOp op) {
        attention(op, Family::Attention, 2);
        if (op.getGates())
          readAll({op.getGates()});
        writeAll({op.getY(), op.getLse()});
      })
      .Case([&](AttentionBackwardOp op) {
        attention(op, Family::AttentionBackward, 5);
        readAll({op.getDy(), op.getLse(), op.getDelta()});
        if (Block *body = op.getProgram())
          program(*body, allRows(op.getQ()));
        else
          writeAll({op.getDq(), op.getDk(), op.getDv()});
      })
      .Case([&](SegmentsOp op) {
        segments(op.getTokens(), op.getValue(), op.getTarget());
        readAll({op.getValue(), op.getTokens(), op.getOrder()});
        writeAll(op.getPieces());
      })
      .Case([&](FinishSegmentsOp op) {
        segments(op.getPieces(), op.getPieces(), op.getTarget());
        readAll({op.getPieces(), op.getTokens(), op.getOrder()});
      })
      .Case([&](TransposeOp op) {
        cost.family = Family::Transpose;
        readAll(op.getX());
        writeAll(op.getY());
      })
      .Case([&](FinishOp op) {
        cost.family = Family::Finish;
        for (Value partials : op.getPartials())
          cost.rowOperations +=
              double(cast<MemRefType>(partials.getType()).getNumElements());
        readAll(op.getPartials());
        if (op.getAccumulate())
          readAll(op.getTargets());
        writeAll(op.getTargets());
      })
      .Default([&](Operation *op) {
        for (Value operand : op->getOperands())
          if (isa<MemRefType>(operand.getType()))
            readAll(operand);
        writeAll(writtenBuffers(op).getArrayRef());
      });
  cost.readBytes = reads.bytes();
  cost.writtenBytes = writes.bytes();
  return result;
}

KernelCost gptc::costOf(Operation *kernel) { return Counter().of(kernel); }

int64_t gptc::columnsReadOf(LoadOp load) {
  auto [first, end] = stretchOf(load);
  return end - first;
}
