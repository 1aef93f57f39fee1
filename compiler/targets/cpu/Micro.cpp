//===- Micro.cpp - packed products of matrices ----------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/cpu/Micro.h"

using namespace mlir;

namespace gptc::cpu {

static std::string packName(bool b, bool transposed) {
  return std::string("gptc_pack_") + (b ? "b" : "a") +
         (transposed ? "_transposed" : "");
}
static constexpr char kMultiply[] = "gptc_multiply";

/// A private function of pointers ('p') and integers ('i').
static void addFunction(ModuleOp module, StringRef name, StringRef arguments,
                        function_ref<void(KernelBuilder &, ValueRange)> body) {
  MLIRContext *context = module.getContext();
  OpBuilder b(context);
  b.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types;
  for (char c : arguments)
    types.push_back(c == 'p' ? Type(LLVM::LLVMPointerType::get(context))
                             : Type(b.getI64Type()));
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), types);
  Location loc = UnknownLoc::get(context);
  auto function =
      LLVM::LLVMFuncOp::create(b, loc, name, type, LLVM::Linkage::Internal);
  function.setNoInline(true);
  Block *entry = function.addEntryBlock(b);
  b.setInsertionPointToEnd(entry);
  auto done = LLVM::ReturnOp::create(b, loc, ValueRange());
  b.setInsertionPoint(done);
  KernelBuilder k(b, loc, function);
  body(k, entry->getArguments());
}

static void call(KernelBuilder &k, StringRef name, ValueRange arguments) {
  LLVM::CallOp::create(k.b, k.loc, TypeRange(), name, arguments);
}

/// Transposes 16 vectors of 16 lanes in four steps, which exchange blocks of
/// 1, 2, 4 and 8 lanes between vectors at that distance.
static void transpose(KernelBuilder &k, MutableArrayRef<Value> rows) {
  for (int64_t distance = 1; distance < 16; distance *= 2) {
    SmallVector<int64_t> low(16), high(16);
    for (int64_t l = 0; l < 16; ++l) {
      bool second = l & distance;
      low[l] = second ? 16 + l - distance : l;
      high[l] = second ? 16 + l : l + distance;
    }
    for (int64_t i = 0; i < 16; ++i) {
      if (i & distance)
        continue;
      Value a = rows[i], b = rows[i + distance];
      rows[i] = k.shuffle(a, b, low);
      rows[i + distance] = k.shuffle(a, b, high);
    }
  }
}

/// Carries values over [0, depth), four places a turn, so that little of a turn
/// is counting.
static KernelBuilder::Values
forDepth(KernelBuilder &k, Value depth, ValueRange carried,
         function_ref<KernelBuilder::Values(Value, ValueRange)> body) {
  constexpr int64_t kStep = 4;
  Value whole = k.mul(k.div(depth, kStep), kStep);
  auto results =
      k.loop(k.i64(0), whole, kStep, carried, [&](Value d, ValueRange values) {
        KernelBuilder::Values next(values);
        for (int64_t i = 0; i < kStep; ++i)
          next = body(k.add(d, i), next);
        return next;
      });
  return k.loop(whole, depth, 1, results, body);
}

namespace {
/// One packing function under construction.
struct Packing {
  KernelBuilder &k;
  bool b, transposed;
  Value source, ld, rows, depth, packed;

  int64_t sliver() const { return b ? kColumnSliver : kRowSliver; }

  /// Where (r, d) goes; r a multiple of 8.
  Value place(Value r, Value d) {
    Value start = k.mul(k.mul(k.div(r, sliver()), sliver()), depth);
    Value at = k.add(start, k.add(k.mul(d, sliver()), k.rem(r, sliver())));
    return k.at(packed, at);
  }
  Value address(Value r, Value d) {
    return k.at(source,
                transposed ? k.add(k.mul(d, ld), r) : k.add(k.mul(r, ld), d));
  }
  /// Rows [r, r + 16) of one d.
  void put(Value r, Value d, Value x) {
    if (b)
      return k.store(x, place(r, d));
    SmallVector<int64_t> low(8), high(8);
    for (int64_t i = 0; i < 8; ++i) {
      low[i] = i;
      high[i] = i + 8;
    }
    k.store(k.shuffle(x, x, low), place(r, d));
    k.store(k.shuffle(x, x, high), place(k.add(r, 8), d));
  }
  /// Any rows [r, r + 16) at one d, zeros beyond the last.
  void putEdge(Value r, Value d) {
    Value x = k.splat(0.0, 16);
    for (int64_t i = 0; i < 16; ++i) {
      Value row = k.add(r, i), inside = k.less(row, rows);
      Value e =
          k.load(k.f32Type(), address(k.choose(inside, row, k.i64(0)), d));
      e = k.choose(inside, e, k.f32(0));
      x = k.op<vector::InsertOp>(e, x, i);
    }
    put(r, d, x);
  }
  void run() {
    Value padded = k.roundUp(rows, b ? kColumnPadding : kRowPadding);
    Value whole = k.mul(k.div(depth, 16), 16);
    k.loop(k.i64(0), padded, 16, [&](Value r) {
      Value full = k.less(k.add(r, 15), rows);
      k.ifThen(
          full,
          [&] {
            if (transposed) {
              forDepth(k, depth, {}, [&](Value d, ValueRange) {
                put(r, d, k.load(k.vector(16), address(r, d)));
                return KernelBuilder::Values();
              });
              return;
            }
            k.loop(k.i64(0), whole, 16, [&](Value d) {
              SmallVector<Value> block;
              for (int64_t i = 0; i < 16; ++i)
                block.push_back(k.load(k.vector(16), address(k.add(r, i), d)));
              transpose(k, block);
              for (int64_t i = 0; i < 16; ++i)
                put(r, k.add(d, i), block[i]);
            });
            k.loop(whole, depth, 1, [&](Value d) { putEdge(r, d); });
          },
          [&] { k.loop(k.i64(0), depth, 1, [&](Value d) { putEdge(r, d); }); });
    });
  }
};
} // namespace

/// One block of `rows` x 16 `vectors` accumulators of a pair of slivers.
static void buildBlock(KernelBuilder &k, Value aSliver, Value bSliver,
                       Value tile, Value ld, Value depth, Accumulators block) {
  SmallVector<Value> places, sums;
  for (int64_t r = 0; r < block.rows; ++r)
    for (int64_t v = 0; v < block.vectors; ++v) {
      places.push_back(k.at(tile, k.add(k.mul(ld, r), 16 * v)));
      sums.push_back(k.load(k.vector(16), places.back()));
    }
  auto results = forDepth(k, depth, sums, [&](Value d, ValueRange carried) {
    SmallVector<Value> x;
    Value row = k.at(bSliver, k.mul(d, kColumnSliver));
    for (int64_t v = 0; v < block.vectors; ++v)
      x.push_back(k.load(k.vector(16), k.at(row, 16 * v)));
    Value column = k.at(aSliver, k.mul(d, kRowSliver));
    KernelBuilder::Values next;
    for (int64_t r = 0; r < block.rows; ++r) {
      Value y = k.splat(k.load(k.f32Type(), k.at(column, r)), 16);
      for (int64_t v = 0; v < block.vectors; ++v)
        next.push_back(
            k.op<vector::FMAOp>(y, x[v], carried[r * block.vectors + v]));
    }
    return next;
  });
  for (auto [place, sum] : llvm::zip_equal(places, results))
    k.store(sum, place);
}

static void buildMultiply(KernelBuilder &k, ValueRange arguments,
                          Accumulators block) {
  Value a = arguments[0], b = arguments[1], tile = arguments[2];
  Value ld = arguments[3], rows = arguments[4], columns = arguments[5];
  Value depth = arguments[6];
  k.loop(k.i64(0), columns, kColumnSliver, [&](Value j) {
    Value bSliver = k.at(b, k.mul(j, depth));
    k.loop(k.i64(0), rows, kRowSliver, [&](Value i) {
      Value aSliver = k.at(a, k.mul(i, depth));
      for (int64_t v = 0; v < kColumnSliver / 16; v += block.vectors)
        for (int64_t r = 0; r < kRowSliver; r += block.rows) {
          Value corner = k.add(k.mul(k.add(i, r), ld), k.add(j, 16 * v));
          buildBlock(k, k.at(aSliver, r), k.at(bSliver, 16 * v),
                     k.at(tile, corner), ld, depth, block);
        }
    });
  });
}

void addMicroKernels(ModuleOp module) {
  for (bool b : {false, true})
    for (bool transposed : {false, true})
      addFunction(
          module, packName(b, transposed), "piiip",
          [&](KernelBuilder &k, ValueRange a) {
            Packing{k, b, transposed, a[0], a[1], a[2], a[3], a[4]}.run();
          });
  setAccumulators(module, {kRowSliver, kColumnSliver / 16});
}

void setAccumulators(ModuleOp module, Accumulators block) {
  if (auto old = module.lookupSymbol<LLVM::LLVMFuncOp>(kMultiply))
    old.erase();
  addFunction(module, kMultiply, "pppiiii",
              [&](KernelBuilder &k, ValueRange arguments) {
                buildMultiply(k, arguments, block);
              });
}

void pack(KernelBuilder &k, bool b, bool transposed, Value source, Value ld,
          Value rows, Value depth, Value packed) {
  call(k, packName(b, transposed), {source, ld, rows, depth, packed});
}

void multiply(KernelBuilder &k, Value a, Value b, Value tile, Value ld,
              Value rows, Value columns, Value depth) {
  call(k, kMultiply, {a, b, tile, ld, rows, columns, depth});
}

} // namespace gptc::cpu
