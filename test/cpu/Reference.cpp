//===- Reference.cpp - kernels in plain loops of double -------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "test/cpu/Reference.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace gptc::test {

using Row = std::vector<double>;

double numberOf(Value number) {
  auto c = number.getDefiningOp<arith::ConstantOp>();
  return cast<FloatAttr>(c.getValue()).getValueAsDouble();
}

namespace {

/// A view of a buffer's elements.
struct View {
  std::vector<double> *data;
  int64_t rows, columns, stride, offset;

  View(Value v, Memory &memory) {
    auto type = cast<MemRefType>(v.getType());
    data = &memory[kern::rootOf(v).getName().str()];
    rows = kern::rowsOf(type);
    columns = kern::columnsOf(type);
    stride = kern::rowStrideOf(type);
    offset = kern::offsetOf(type);
  }
  double &at(int64_t r, int64_t c) const {
    return (*data)[offset + r * stride + c];
  }
};

double onGrid(double x, int mantissa, int lowest, double largest) {
  if (x == 0 || std::isnan(x))
    return x;
  double a = std::min(std::fabs(x), largest);
  int e = std::max(std::ilogb(a), lowest);
  double step = std::ldexp(1.0, e - mantissa);
  return std::copysign(std::min(std::nearbyint(a / step) * step, largest), x);
}

uint32_t mix(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x7feb352du;
  h = (h ^ (h >> 15)) * 0x846ca68bu;
  return h ^ (h >> 16);
}

double random(uint64_t seed, uint32_t stream, uint32_t draw, uint64_t index) {
  uint32_t h = mix(uint32_t(seed) + 0x9e3779b9u);
  h = mix(mix(mix(h ^ uint32_t(seed >> 32)) ^ stream) ^ draw);
  uint32_t key = mix(h + 0x85ebca6bu);
  uint32_t v = mix(mix(h ^ uint32_t(index >> 32)) ^ uint32_t(index));
  return double(mix(v + key) >> 8) * 0x1p-24;
}

class Interpreter {
public:
  Interpreter(Memory &memory) : memory(memory) {}

  void run(Block &program, int64_t row, ArrayRef<Row> arguments = {}) {
    rows.clear();
    indices.clear();
    indices[program.getArgument(0)] = row;
    for (auto [argument, given] :
         llvm::zip(program.getArguments().drop_front(), arguments))
      rows[argument] = given;
    for (Operation &op : program)
      step(&op);
  }

private:
  void step(Operation *op);
  void elementwise(Operation *op);
  static int64_t widthOf(Value v) {
    return cast<VectorType>(v.getType()).getDimSize(0);
  }

  Memory &memory;
  llvm::DenseMap<Value, Row> rows;
  llvm::DenseMap<Value, int64_t> indices;
};

void Interpreter::elementwise(Operation *op) {
  Value result = op->getResult(0);
  int64_t n = widthOf(result);
  SmallVector<Row> in;
  for (Value x : op->getOperands())
    in.push_back(rows[x]);
  Row y(n);
  for (int64_t j = 0; j < n; ++j) {
    auto a = [&](unsigned i) { return in[i][j]; };
    y[j] = llvm::TypeSwitch<Operation *, double>(op)
               .Case<arith::AddFOp, arith::AddIOp>(
                   [&](auto) { return a(0) + a(1); })
               .Case<arith::SubFOp, arith::SubIOp>(
                   [&](auto) { return a(0) - a(1); })
               .Case<arith::MulFOp, arith::MulIOp>(
                   [&](auto) { return a(0) * a(1); })
               .Case([&](arith::DivFOp) { return a(0) / a(1); })
               .Case([&](arith::DivSIOp) { return std::trunc(a(0) / a(1)); })
               .Case<arith::RemSIOp, arith::RemUIOp>(
                   [&](auto) { return std::fmod(a(0), a(1)); })
               .Case([&](arith::NegFOp) { return -a(0); })
               .Case([&](arith::MaximumFOp) { return std::max(a(0), a(1)); })
               .Case([&](arith::SelectOp) { return a(0) != 0 ? a(1) : a(2); })
               .Case([&](arith::SIToFPOp) { return a(0); })
               .Case([&](arith::FPToSIOp) { return std::trunc(a(0)); })
               .Case([&](arith::CmpFOp o) -> double {
                 if (o.getPredicate() == arith::CmpFPredicate::OGT)
                   return a(0) > a(1);
                 return NAN;
               })
               .Case([&](arith::CmpIOp o) -> double {
                 switch (o.getPredicate()) {
                 case arith::CmpIPredicate::sge:
                   return a(0) >= a(1);
                 case arith::CmpIPredicate::eq:
                   return a(0) == a(1);
                 case arith::CmpIPredicate::slt:
                   return a(0) < a(1);
                 default:
                   return NAN;
                 }
               })
               .Case([&](math::ExpOp) { return std::exp(a(0)); })
               .Case([&](math::LogOp) { return std::log(a(0)); })
               .Case([&](math::SqrtOp) { return std::sqrt(a(0)); })
               .Case([&](math::RsqrtOp) { return 1 / std::sqrt(a(0)); })
               .Case([&](math::SinOp) { return std::sin(a(0)); })
               .Case([&](math::CosOp) { return std::cos(a(0)); })
               .Case([&](math::AbsFOp) { return std::fabs(a(0)); })
               .Case([&](kern::RoundOp o) {
                 if (o.getGrid() == "e4m3")
                   return onGrid(a(0), 3, -6, 448);
                 if (o.getGrid() == "e5m2")
                   return onGrid(a(0), 2, -14, 57344);
                 return onGrid(a(0), 7, -126, 3.3895313892515355e38);
               })
               .Default([](Operation *) { return NAN; });
  }
  rows[result] = std::move(y);
}

void Interpreter::step(Operation *op) {
  if (auto o = dyn_cast<kern::LoadOp>(op)) {
    View v(o.getBuffer(), memory);
    int64_t r = o.getRow() ? indices[o.getRow()] + int64_t(o.getDelta()) : 0;
    Row y(widthOf(o.getY()));
    for (size_t j = 0; j < y.size(); ++j)
      y[j] = r < 0 || r >= v.rows ? 0 : v.at(r, j);
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::LoadIndexOp>(op)) {
    View v(o.getBuffer(), memory);
    int64_t r = indices[o.getRow()] + int64_t(o.getDelta());
    indices[o.getY()] = r < 0 || r >= v.rows ? -1 : int64_t(v.at(r, 0));
  } else if (auto o = dyn_cast<kern::StoreOp>(op)) {
    View v(o.getBuffer(), memory);
    const Row &x = rows[o.getValue()];
    for (size_t j = 0; j < x.size(); ++j)
      v.at(indices[o.getRow()], j) = x[j];
  } else if (auto o = dyn_cast<kern::PartialOp>(op)) {
    View v(o.getPartials(), memory);
    int64_t r = indices[o.getRow()];
    const Row &x = rows[o.getValue()];
    for (size_t j = 0; j < x.size(); ++j)
      v.at(r / 64, j) = r % 64 ? v.at(r / 64, j) + x[j] : x[j];
  } else if (auto o = dyn_cast<kern::NumberOp>(op)) {
    rows[o.getY()] = {double(float(numberOf(o.getNumber())))};
  } else if (auto o = dyn_cast<kern::ReduceOp>(op)) {
    const Row &x = rows[o.getX()];
    Row y(widthOf(o.getY()), o.getHow() == "max" ? -INFINITY : 0);
    for (size_t j = 0; j < x.size(); ++j) {
      double &g = y[j / (x.size() / y.size())];
      g = o.getHow() == "max" ? std::max(g, x[j]) : g + x[j];
    }
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::SpreadOp>(op)) {
    const Row &x = rows[o.getX()];
    Row y(widthOf(o.getY()));
    for (size_t j = 0; j < y.size(); ++j)
      y[j] = x[j / (y.size() / x.size())];
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::IotaOp>(op)) {
    Row y(widthOf(o.getY()));
    for (size_t j = 0; j < y.size(); ++j)
      y[j] = j;
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::ColumnIsOp>(op)) {
    Row y = rows[o.getJ()];
    for (double &j : y)
      j = j == indices[o.getIndex()];
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::RowIndexOp>(op)) {
    rows[o.getY()] = {double(indices[o.getRow()])};
  } else if (auto o = dyn_cast<kern::SliceOp>(op)) {
    const Row &x = rows[o.getX()];
    auto from = x.begin() + o.getAt();
    rows[o.getY()] = Row(from, from + widthOf(o.getY()));
  } else if (auto o = dyn_cast<kern::PadOp>(op)) {
    Row y(widthOf(o.getY()));
    std::copy(rows[o.getX()].begin(), rows[o.getX()].end(),
              y.begin() + o.getAt());
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::ConcatOp>(op)) {
    Row y;
    for (Value part : o.getParts())
      y.insert(y.end(), rows[part].begin(), rows[part].end());
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::PickOp>(op)) {
    const Row &x = rows[o.getX()];
    int64_t j = indices[o.getColumn()];
    rows[o.getY()] = {j < 0 || j >= int64_t(x.size()) ? 0 : x[j]};
  } else if (auto o = dyn_cast<kern::RotateOp>(op)) {
    const Row &x = rows[o.getX()];
    Row y(x.size()), cos = rows[o.getCos()], sin = rows[o.getSin()];
    int64_t head = o.getHead(), half = head / 2;
    for (int64_t m = 0; m < int64_t(x.size()) / head; ++m)
      for (int64_t e = 0; e < half; ++e) {
        int64_t first = m * head + (o.getNeighbours() ? 2 * e : e);
        int64_t second = first + (o.getNeighbours() ? 1 : half);
        int64_t at = m % int64_t(o.getGroup()) * half + e;
        double c = cos[at], s = o.getInverse() ? -sin[at] : sin[at];
        y[first] = x[first] * c + x[second] * s;
        y[second] = x[second] * c - x[first] * s;
      }
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::MatvecOp>(op)) {
    const Row &w = rows[o.getW()], &x = rows[o.getX()];
    Row y(widthOf(o.getY()));
    for (size_t a = 0; a < y.size(); ++a)
      for (size_t b = 0; b < x.size(); ++b)
        y[a] +=
            (o.getTransposed() ? w[b * y.size() + a] : w[a * x.size() + b]) *
            x[b];
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::OuterOp>(op)) {
    Row y;
    for (double a : rows[o.getA()])
      for (double b : rows[o.getB()])
        y.push_back(a * b);
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<kern::AnglesOp>(op)) {
    Row cos(widthOf(o.getCos()), 1), sin(widthOf(o.getCos()), 0);
    for (int64_t g = 0; g < int64_t(o.getGroup()); ++g)
      for (size_t e = 0; e < o.getFreqs().size(); ++e) {
        float position = o.getGroup() * indices[o.getRow()] + g;
        float x = position * float(numberOf(o.getFreqs()[e]));
        cos[g * o.getHalf() + e] = std::cos(double(x));
        sin[g * o.getHalf() + e] = std::sin(double(x));
      }
    rows[o.getCos()] = cos;
    rows[o.getSin()] = sin;
  } else if (auto o = dyn_cast<kern::RandomOp>(op)) {
    Row y(widthOf(o.getY()));
    for (size_t j = 0; j < y.size(); ++j)
      y[j] = random(uint64_t(numberOf(o.getSeed())), o.getStream(), o.getDraw(),
                    indices[o.getRow()] * y.size() + j);
    rows[o.getY()] = y;
  } else if (auto o = dyn_cast<arith::ConstantOp>(op)) {
    if (auto dense = dyn_cast<DenseElementsAttr>(o.getValue())) {
      double v = dense.getElementType().isF32()
                     ? dense.getSplatValue<APFloat>().convertToFloat()
                     : double(dense.getSplatValue<APInt>().getSExtValue());
      rows[o.getResult()] = Row(widthOf(o.getResult()), v);
    } else {
      indices[o.getResult()] = cast<IntegerAttr>(o.getValue()).getInt();
    }
  } else if (op->getNumResults() && op->getResult(0).getType().isIndex()) {
    int64_t a = indices[op->getOperand(0)], b = indices[op->getOperand(1)];
    indices[op->getResult(0)] = isa<arith::AddIOp>(op)    ? a + b
                                : isa<arith::MulIOp>(op)  ? a * b
                                : isa<arith::DivSIOp>(op) ? a / b
                                                          : a % b;
  } else {
    elementwise(op);
  }
}

void attention(kern::AttentionOp o, Memory &memory) {
  View q(o.getQ(), memory), k(o.getK(), memory), v(o.getV(), memory),
      y(o.getY(), memory), lse(o.getLse(), memory), docs(o.getDocs(), memory);
  int64_t head = o.getHead(), group = o.getGroup();
  double scale = numberOf(o.getScale());
  int64_t window = numberOf(o.getWindow());
  for (int64_t s = 0; s < q.rows; ++s)
    for (int64_t h = 0; h < int64_t(o.getHeads()); ++h) {
      int64_t from =
          std::max<int64_t>(s - window, group * docs.at(s / group, 0));
      std::vector<double> p(s + 1);
      double largest = -INFINITY, total = 0;
      for (int64_t j = from; j <= s; ++j) {
        for (int64_t c = h * head; c < (h + 1) * head; ++c)
          p[j] += scale * q.at(s, c) * k.at(j, c);
        largest = std::max(largest, p[j]);
      }
      for (int64_t j = from; j <= s; ++j)
        total += p[j] = std::exp(p[j] - largest);
      lse.at(s, h) = largest + std::log(total);
      for (int64_t c = h * head; c < (h + 1) * head; ++c) {
        y.at(s, c) = 0;
        for (int64_t j = from; j <= s; ++j)
          y.at(s, c) += p[j] / total * v.at(j, c);
        if (o.getGates())
          y.at(s, c) *= View(o.getGates(), memory).at(s, h);
      }
    }
}

/// Positions as sorted by what stands there.
class Order {
public:
  Order(Value tokens, Value order, Memory &memory)
      : tokens(tokens, memory), order(order, memory) {}

  int64_t positions() const { return order.rows; }
  int64_t positionAt(int64_t i) { return int64_t(order.at(i, 0)); }
  int64_t tokenAt(int64_t i) { return int64_t(tokens.at(positionAt(i), 0)); }
  /// Whether place i belongs to a segment that began before i's window.
  bool inFurtherPiece(int64_t i) {
    int64_t first = i / kern::kSumWindow * kern::kSumWindow;
    return first > 0 && tokenAt(first - 1) == tokenAt(i);
  }

private:
  View tokens, order;
};

void attentionBackward(kern::AttentionBackwardOp o, Memory &memory) {
  View q(o.getQ(), memory), k(o.getK(), memory), v(o.getV(), memory),
      lse(o.getLse(), memory), deltas(o.getDelta(), memory),
      docs(o.getDocs(), memory), dy(o.getDy(), memory), dq(o.getDq(), memory),
      dk(o.getDk(), memory), dv(o.getDv(), memory);
  int64_t head = o.getHead(), group = o.getGroup();
  double scale = numberOf(o.getScale());
  int64_t window = numberOf(o.getWindow());
  for (const View &d : {dq, dk, dv})
    for (int64_t s = 0; s < d.rows; ++s)
      for (int64_t c = 0; c < d.columns; ++c)
        d.at(s, c) = 0;
  for (int64_t s = 0; s < q.rows; ++s)
    for (int64_t h = 0; h < int64_t(o.getHeads()); ++h) {
      int64_t from =
          std::max<int64_t>(s - window, group * docs.at(s / group, 0));
      double delta = deltas.at(s, h);
      for (int64_t j = from; j <= s; ++j) {
        double z = 0, dp = 0;
        for (int64_t c = h * head; c < (h + 1) * head; ++c) {
          z += scale * q.at(s, c) * k.at(j, c);
          dp += dy.at(s, c) * v.at(j, c);
        }
        double p = std::exp(z - lse.at(s, h)), dz = p * (dp - delta) * scale;
        for (int64_t c = h * head; c < (h + 1) * head; ++c) {
          dv.at(j, c) += p * dy.at(s, c);
          dq.at(s, c) += dz * k.at(j, c);
          dk.at(j, c) += dz * q.at(s, c);
        }
      }
    }
  if (!o.getProgram())
    return;
  // What the program does not store of them is not kept.
  Interpreter interpreter(memory);
  for (int64_t s = 0; s < q.rows; ++s) {
    SmallVector<Row> rows;
    for (const View &d : {dq, dk, dv}) {
      Row &row = rows.emplace_back(d.columns);
      for (int64_t c = 0; c < d.columns; ++c)
        row[c] = d.at(s, c);
    }
    interpreter.run(*o.getProgram(), s, rows);
  }
}

void runKernel(Operation *op, Memory &memory) {
  Interpreter interpreter(memory);
  if (auto o = dyn_cast<kern::RowsOp>(op)) {
    for (int64_t r = 0; r < int64_t(o.getRows()); ++r)
      interpreter.run(o.getBody().front(), r);
  } else if (auto o = dyn_cast<kern::ContractOp>(op)) {
    View a(o.getA(), memory), b(o.getB(), memory);
    int64_t m = o.getM(), n = o.getN(), k = o.getK();
    for (int64_t t = 0; t < o.getRows(); ++t) {
      int64_t number = t / m, i = t % m;
      Row product(n);
      for (int64_t j = 0; j < n; ++j)
        for (int64_t d = 0; d < k; ++d)
          product[j] += (o.getTransposedA() ? a.at(number * k + d, i)
                                            : a.at(number * m + i, d)) *
                        (o.getTransposedB() ? b.at(number * k + d, j)
                                            : b.at(number * n + j, d));
      interpreter.run(o.getBody().front(), t, product);
    }
  } else if (auto o = dyn_cast<kern::TransposeOp>(op)) {
    View x(o.getX(), memory), y(o.getY(), memory);
    int64_t m = o.getM(), n = o.getN();
    for (int64_t number = 0; number < int64_t(o.getBatch()); ++number)
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j)
          y.at(number * n + j, i) = x.at(number * m + i, j);
  } else if (auto o = dyn_cast<kern::SegmentsOp>(op)) {
    View value(o.getValue(), memory), target(o.getTarget(), memory),
        pieces(o.getPieces(), memory);
    Order order(o.getTokens(), o.getOrder(), memory);
    for (int64_t i = 0; i < value.rows; ++i)
      for (int64_t c = 0; c < value.columns; ++c) {
        double x = value.at(order.positionAt(i), c);
        if (!order.inFurtherPiece(i))
          target.at(order.tokenAt(i), c) += x;
        else if (i % kern::kSumWindow == 0)
          pieces.at(i / kern::kSumWindow, c) = x;
        else
          pieces.at(i / kern::kSumWindow, c) += x;
      }
  } else if (auto o = dyn_cast<kern::FinishSegmentsOp>(op)) {
    View pieces(o.getPieces(), memory), target(o.getTarget(), memory);
    Order order(o.getTokens(), o.getOrder(), memory);
    for (int64_t i = 0; i < order.positions(); i += kern::kSumWindow)
      for (int64_t c = 0; c < pieces.columns && order.inFurtherPiece(i); ++c)
        target.at(order.tokenAt(i), c) += pieces.at(i / kern::kSumWindow, c);
  } else if (auto o = dyn_cast<kern::FinishOp>(op)) {
    for (auto [from, into] : llvm::zip_equal(o.getPartials(), o.getTargets())) {
      View partials(from, memory), target(into, memory);
      for (int64_t j = 0; j < partials.columns; ++j) {
        double &to = (*target.data)[target.offset + j];
        double sum = o.getAccumulate() ? to : 0;
        for (int64_t i = 0; i < partials.rows; ++i)
          sum += partials.at(i, j);
        to = sum;
      }
    }
  } else if (auto o = dyn_cast<kern::AttentionOp>(op)) {
    attention(o, memory);
  } else if (auto o = dyn_cast<kern::AttentionBackwardOp>(op)) {
    attentionBackward(o, memory);
  }
}

} // namespace

void interpret(kern::PartOp part, Memory &memory) {
  for (Operation &op : part.getBody().front())
    runKernel(&op, memory);
}

} // namespace gptc::test
