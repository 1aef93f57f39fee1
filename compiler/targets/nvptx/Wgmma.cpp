//===- Wgmma.cpp - products of tiles in shared memory ---------------------===//
//
// Part of gptc, under the MIT License.
//
// The one file with inline assembly. A group of wgmma with its fence, commit
// and wait is one straight-line block whose accumulators are tied in and out:
// LLVM can then place no register move between fence and wait, which would make
// ptxas serialise the group (its messages C7510 to C7519).
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Wgmma.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

Value gptc::nvptx::descriptor(NvptxBuilder &e, Value address,
                              const OperandTile &tile) {
  // Fields count 16 bytes. Eight rows of 128 bytes are one block of the layout:
  // "stride" leads to the next block, of rows where K-major and of k where
  // MN-major; "leading" leads to the next panel and is not used K-major.
  constexpr uint64_t swizzle128 = uint64_t(1) << 62;
  uint64_t stride = uint64_t(8 * kRowBytes / 16) << 32;
  uint64_t leading = uint64_t(tile.transposed ? kPanelBytes / 16 : 1) << 16;
  Value start = e.bitAnd(e.shr(address, 4), 0x3FFF);
  return e.bitOr(e.widen(start), e.i64(swizzle128 | stride | leading));
}

Type Accumulator::type() {
  return LLVM::LLVMStructType::getLiteral(
      e.b.getContext(), SmallVector<Type>(size(), e.f32Type()));
}

Value Accumulator::undefined() { return e.op<LLVM::PoisonOp>(type()); }

Values Accumulator::elements(Value accumulator) {
  Values result;
  for (int64_t i = 0; i < size(); ++i)
    result.push_back(
        e.op<LLVM::ExtractValueOp>(accumulator, ArrayRef<int64_t>{i}));
  return result;
}

Value Accumulator::assemble(StringRef text, StringRef constraints,
                            Values operands, Value accumulator) {
  std::string tied;
  llvm::raw_string_ostream os(tied);
  for (int64_t i = 0; i < size(); ++i)
    os << (i ? ",=f" : "=f");
  os << constraints;
  for (int64_t i = 0; i < size(); ++i)
    os << ',' << i;
  operands.append(elements(accumulator));
  auto op = LLVM::InlineAsmOp::create(
      e.b, e.loc, TypeRange{type()}, operands, text, tied,
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::tailcallkind::TailCallKind::None,
      LLVM::AsmDialectAttr::get(e.b.getContext(), LLVM::AsmDialect::AD_ATT),
      ArrayAttr());
  return op.getResult(0);
}

Value Accumulator::multiply(Value accumulator, Value descriptorA,
                            bool transposedA, Value descriptorB,
                            bool transposedB, Value accumulate,
                            int64_t pending) {
  // Operands follow the results: $n/2 and $n/2 + 1 are the descriptors,
  // $n/2 + 2 tells whether the first product is added.
  std::string text;
  llvm::raw_string_ostream os(text);
  // From one step of k to the next, in units of 16 bytes: 16 elements within a
  // row, or 16 rows of a panel.
  auto step = [](bool transposed) {
    return (transposed ? kStepK * kRowBytes : kStepK * 2) / 16;
  };
  os << "{ .reg .pred p; .reg .b64 da, db; setp.ne.b32 p, $" << size() + 2
     << ", 0; wgmma.fence.sync.aligned; ";
  for (int64_t i = 0; i < kTileK / kStepK; ++i) {
    os << "add.s64 db, $" << size() + 1 << ", " << i * step(transposedB)
       << "; ";
    for (int64_t group = 0; group < groups; ++group) {
      os << "add.s64 da, $" << size() << ", "
         << i * step(transposedA) + group * OperandTile::half() / 16
         << "; wgmma.mma_async.sync.aligned.m64n" << n
         << (fp8 ? "k32.f32.e4m3.e4m3 {" : "k16.f32.bf16.bf16 {");
      for (int64_t r = 0; r < n / 2; ++r)
        os << (r ? ", $" : "$") << group * n / 2 + r;
      os << "}, da, db, " << (i ? "1" : "p") << ", 1, 1";
      if (!fp8) // which knows no other orientation
        os << ", " << transposedA << ", " << transposedB;
      os << "; ";
    }
  }
  os << "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned "
     << pending << "; }";
  return assemble(text, ",l,l,r", {descriptorA, descriptorB, accumulate},
                  accumulator);
}

Value Accumulator::finish(Value accumulator) {
  return assemble("wgmma.wait_group.sync.aligned 0;", "", {}, accumulator);
}

int64_t Products::define(int64_t floats) {
  results.append(floats, Value());
  return results.size() - floats;
}

int64_t Products::hold(ValueRange values) {
  results.append(values.begin(), values.end());
  return results.size() - values.size();
}

int64_t Products::input(Value value) {
  inputs.push_back(value);
  return results.size() + inputs.size() - 1;
}

void Products::multiply(int64_t to, int64_t n, ValueRange a, Value b,
                        bool transposedB, int64_t depth, bool accumulate) {
  if (text.empty())
    text = "{ .reg .b64 da, db; wgmma.fence.sync.aligned; ";
  llvm::raw_string_ostream os(text);
  auto list = [&](int64_t first, int64_t count) {
    os << '{';
    for (int64_t i = 0; i < count; ++i)
      os << (i ? ", $" : "$") << first + i;
    os << '}';
  };
  // In units of 16 bytes.
  auto step = [](bool transposed, int64_t i) {
    constexpr int64_t steps = kTileK / kStepK;
    if (transposed)
      return i * kStepK * kRowBytes / 16;
    return (i % steps * kStepK * 2 + i / steps * kPanelBytes) / 16;
  };
  bool registers = a.size() > 1;
  int64_t placeA = 0, placeB = input(b);
  for (Value x : a)
    placeA = input(x);
  placeA -= a.size() - 1;
  for (int64_t i = 0; i < depth / kStepK; ++i) {
    if (!registers)
      os << "add.s64 da, $" << placeA << ", " << step(false, i) << "; ";
    os << "add.s64 db, $" << placeB << ", " << step(transposedB, i)
       << "; wgmma.mma_async.sync.aligned.m64n" << n
       << (formats.empty() ? "k16.f32.bf16.bf16" : "k32.f32.") << formats
       << ' ';
    list(to, n / 2);
    os << ", ";
    if (registers)
      list(placeA + 4 * i, 4);
    else
      os << "da";
    os << ", db, " << (i || accumulate) << ", 1, 1";
    if (formats.empty()) // which know no other orientation
      os << (registers ? ", " : ", 0, ") << transposedB;
    os << "; ";
  }
}

void Products::commit() { text += "wgmma.commit_group.sync.aligned; "; }

void Products::wait(int64_t pending) {
  if (text.empty())
    text = "{ ";
  text += "wgmma.wait_group.sync.aligned " + std::to_string(pending) + "; ";
}

Values Products::emit() {
  // Defined registers are written before the last operand has been read.
  std::string constraints, tied;
  Values operands = inputs;
  SmallVector<Type> types;
  for (auto [i, x] : llvm::enumerate(results)) {
    types.push_back(x ? x.getType() : e.f32Type());
    constraints += i ? "," : "";
    constraints += !x ? "=&f" : x.getType() == e.f32Type() ? "=f" : "=r";
    if (x) {
      tied += "," + std::to_string(i);
      operands.push_back(x);
    }
  }
  for (Value x : inputs)
    constraints += x.getType() == e.i32Type() ? ",r" : ",l";
  Type type = LLVM::LLVMStructType::getLiteral(e.b.getContext(), types);
  Value result =
      LLVM::InlineAsmOp::create(
          e.b, e.loc, TypeRange{type}, operands, text + "}", constraints + tied,
          /*has_side_effects=*/true, /*is_align_stack=*/false,
          LLVM::tailcallkind::TailCallKind::None,
          LLVM::AsmDialectAttr::get(e.b.getContext(), LLVM::AsmDialect::AD_ATT),
          ArrayAttr())
          .getResult(0);
  Values values;
  for (int64_t i = 0; i < int64_t(results.size()); ++i)
    values.push_back(e.op<LLVM::ExtractValueOp>(result, ArrayRef<int64_t>{i}));
  return values;
}
