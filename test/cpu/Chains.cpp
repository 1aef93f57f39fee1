//===- Chains.cpp - random parts of kernels -------------------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "test/cpu/Chains.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <random>
#include <vector>

namespace gptc::test {
namespace {

std::string text(int64_t n) { return std::to_string(n); }
std::string vector(int64_t n, const char *element = "f32") {
  return "vector<" + text(n) + "x" + element + ">";
}

/// A buffer. `written` counts the columns that hold values, from the left.
struct Buffer {
  std::string name;
  int64_t rows, columns, written;
  bool workspace;
  bool read = false;
};

/// A stretch of columns [at, at + columns) of a buffer's rows, the whole buffer
/// with other rows, or one row of any elements beside each other.
struct View {
  unsigned buffer;
  int64_t rows, columns, at;

  /// Row t of both lies in one row of the buffer.
  bool sameRows(const View &other) const {
    return buffer == other.buffer && rows == other.rows;
  }
  bool overlaps(const View &other) const {
    return buffer == other.buffer &&
           (rows != other.rows ||
            (at < other.at + other.columns && other.at < at + columns));
  }
};

/// A row value of a program; no element's magnitude is above `bound`.
struct Row {
  std::string name;
  int64_t width;
  double bound;
};

class Generator {
public:
  explicit Generator(uint64_t seed) : random(seed) {}
  std::string run();

private:
  //--- choices ---
  int64_t below(int64_t n) { return int64_t(random() % uint64_t(n)); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename T> T pick(const std::vector<T> &from) {
    return from[size_t(below(int64_t(from.size())))];
  }

  //--- buffers ---
  unsigned declare(const std::string &kind, int64_t rows, int64_t columns,
                   bool written, const std::string &name = "");
  std::string typeOf(const View &v) const;
  std::string use(const View &v);
  View whole(unsigned b) const {
    return {b, buffers[b].rows, buffers[b].columns, 0};
  }
  std::vector<View> readable(int64_t rows);

  //--- programs ---
  struct Touch {
    View view;
    bool write, atRow;
  };
  bool allows(const Touch &next) const;
  std::string fresh() { return "%v" + text(++values); }
  Row add(const std::string &op, int64_t width, double bound);
  Row unary(const std::string &op, const Row &x, double bound);
  Row binary(const std::string &op, const Row &x, const Row &y, double bound);
  Row constant(double value, int64_t width);
  Row small(const Row &x);
  Row fit(const Row &x, int64_t width);
  Row elementwise(const Row &x, const Row &y);
  Row columns(const Row &x, const Row &y);
  bool load(int64_t rows, bool own, int64_t width = 0);
  bool store(const Row &x, int64_t rows, bool columnsOf);
  void partial(const Row &x, int64_t rows);

  //--- kernels ---
  void rows(int64_t rows, bool simple, int64_t width = 0);
  void fill(int64_t rows);
  int64_t contract();
  void finish();
  void segments();
  void sinks();

  std::mt19937_64 random;
  std::string declared, part, views, body;
  std::vector<Buffer> buffers;
  std::vector<Touch> touched; ///< by the program at hand
  std::vector<Row> pool;      ///< its values
  std::vector<unsigned> partials;
  int64_t values = 0, viewCount = 0, kernels = 0, mainRows = 0;
  unsigned tokens = 0;
};

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

unsigned Generator::declare(const std::string &kind, int64_t rows,
                            int64_t columns, bool written,
                            const std::string &name) {
  bool workspace = kind == "workspace";
  std::string called =
      name.empty() ? "b" + text(int64_t(buffers.size())) : name;
  std::string type = "memref<" + text(rows) + "x" + text(columns) + "xf32>";
  (workspace ? part : declared) += (workspace ? "  %" : "%") + called +
                                   " = kern.buffer \"" + called + "\" \"" +
                                   kind + "\" : " + type + "\n";
  buffers.push_back({called, rows, columns, written ? columns : 0, workspace});
  return unsigned(buffers.size()) - 1;
}

std::string Generator::typeOf(const View &v) const {
  const Buffer &b = buffers[v.buffer];
  std::string shape = text(v.rows) + "x" + text(v.columns) + "xf32";
  if (v.rows == b.rows && v.columns == b.columns)
    return "memref<" + shape + ">";
  int64_t stride = v.rows == b.rows ? b.columns : v.columns;
  return "memref<" + shape + ", strided<[" + text(stride) +
         ", 1], offset: " + text(v.at) + ">>";
}

/// The view's SSA name; made where it is no whole buffer.
std::string Generator::use(const View &v) {
  const Buffer &b = buffers[v.buffer];
  if (v.rows == b.rows && v.columns == b.columns)
    return "%" + b.name;
  std::string name = "%w" + text(++viewCount);
  views += "  " + name + " = kern.view %" + b.name + " : " +
           typeOf(whole(v.buffer)) + " to " + typeOf(v) + "\n";
  return name;
}

/// Views with so many rows that hold values, the newest buffers several times.
std::vector<View> Generator::readable(int64_t rows) {
  std::vector<View> result;
  for (auto [i, b] : llvm::enumerate(buffers)) {
    if (i == tokens)
      continue;
    bool newest = i + 4 >= buffers.size();
    for (int copies = newest ? 4 : 1; copies > 0; --copies) {
      unsigned n = unsigned(i);
      bool full = b.written == b.columns;
      if (b.rows == rows && b.written > 0) {
        result.push_back({n, rows, b.written, 0});
        if (b.written > 8 && chance(40)) {
          int64_t width = chance(25) ? 1 : 1 + below(b.written - 1);
          result.push_back({n, rows, width, below(b.written - width + 1)});
        }
      } else if (full && b.rows * 2 == rows && b.columns % 2 == 0) {
        result.push_back({n, rows, b.columns / 2, 0});
      } else if (full && b.rows == rows * 2 && rows > 1) {
        result.push_back({n, rows, b.columns * 2, 0});
      } else if (full && rows == 1) { // any stretch, across rows too
        int64_t width = 1 + below(std::min<int64_t>(b.columns * 2, 80));
        result.push_back({n, 1, width, below(b.rows * b.columns - width + 1)});
      }
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Row values
//===----------------------------------------------------------------------===//

Row Generator::add(const std::string &op, int64_t width, double bound) {
  Row row{fresh(), width, bound};
  body += "    " + row.name + " = " + op + "\n";
  return row;
}

Row Generator::unary(const std::string &op, const Row &x, double bound) {
  return add(op + " " + x.name + " : " + vector(x.width), x.width, bound);
}

Row Generator::binary(const std::string &op, const Row &x, const Row &y,
                      double bound) {
  return add(op + " " + x.name + ", " + y.name + " : " + vector(x.width),
             x.width, bound);
}

Row Generator::constant(double value, int64_t width) {
  return add("arith.constant dense<" + std::to_string(value) +
                 "> : " + vector(width),
             width, std::abs(value));
}

/// x / (1 + |x|) for values that may be large.
Row Generator::small(const Row &x) {
  if (x.bound <= 8)
    return x;
  Row a = unary("math.absf", x, x.bound);
  Row s = binary("arith.addf", a, constant(1, x.width), x.bound + 1);
  return binary("arith.divf", x, s, 1);
}

/// x with another width.
Row Generator::fit(const Row &x, int64_t width) {
  std::string types = " : " + vector(x.width) + " -> " + vector(width);
  if (x.width == width)
    return x;
  if (width % x.width == 0 && (x.width == 1 || chance(60)))
    return add("kern.spread " + x.name + types, width, x.bound);
  if (x.width % width == 0 && chance(40))
    return small(add("kern.reduce \"" +
                         std::string(chance(50) ? "add" : "max") + "\" " +
                         x.name + types,
                     width, x.bound * double(x.width) / double(width)));
  std::string at = text(below(std::abs(width - x.width) + 1));
  return add((width < x.width ? "kern.slice " : "kern.pad ") + x.name + " at " +
                 at + types,
             width, x.bound);
}

/// What an epilogue accepts; y is as wide as x, or one column.
Row Generator::elementwise(const Row &x, const Row &given) {
  Row y = fit(given, x.width);
  switch (below(9)) {
  case 0:
    return small(binary("arith.addf", x, y, x.bound + y.bound));
  case 1:
    return small(binary("arith.subf", x, y, x.bound + y.bound));
  case 2:
    return small(binary("arith.mulf", x, y, x.bound * y.bound));
  case 3:
    return binary("arith.maximumf", x, constant(0, x.width), x.bound);
  case 4:
    return unary("arith.negf", x, x.bound);
  case 5: { // a sum of two products: no target may contract it
    Row a = binary("arith.mulf", x, x, x.bound * x.bound);
    Row b = binary("arith.mulf", x, y, x.bound * y.bound);
    return small(binary("arith.addf", a, b, a.bound + b.bound));
  }
  case 6: {
    Row n = add("kern.number %number : vector<1xf32>", 1, 1);
    return small(binary("arith.mulf", x, fit(n, x.width), x.bound));
  }
  case 7: {
    Row e =
        unary("math.exp",
              unary("arith.negf", unary("math.absf", x, x.bound), x.bound), 1);
    return binary("arith.mulf", e, x, x.bound);
  }
  default:
    return add("kern.round " + x.name + " to \"" +
                   pick<std::string>({"bf16", "e4m3", "e5m2"}) +
                   "\" : " + vector(x.width),
               x.width, x.bound * 1.25);
  }
}

/// Ops that need other columns.
Row Generator::columns(const Row &x, const Row &y) {
  int64_t n = x.width;
  switch (below(8)) {
  case 0: // a norm over heads
  case 1: {
    int64_t groups = n % 16 == 0 && chance(60) ? n / 16 : 1;
    Row sum = add("kern.reduce \"add\" " + binary("arith.mulf", x, x, 0).name +
                      " : " + vector(n) + " -> " + vector(groups),
                  groups, 0);
    Row more = binary("arith.addf", sum, constant(0.5, groups), 0);
    Row scale = unary("math.rsqrt", more, 1.5);
    return small(binary("arith.mulf", x, fit(scale, n), x.bound * 1.5));
  }
  case 2: {
    int64_t width = 1 + below(n);
    return fit(fit(x, width), chance(50) ? n : width + below(40));
  }
  case 3:
    if (n + y.width > 400)
      return x;
    return add("kern.concat " + x.name + ", " + y.name + " : " + vector(n) +
                   ", " + vector(y.width) + " -> " + vector(n + y.width),
               n + y.width, std::max(x.bound, y.bound));
  case 4:
  case 5: {
    if (n % 16)
      return fit(x, n + 16 - n % 16);
    int64_t group = n % 32 == 0 && chance(50) ? 2 : 1;
    Row cos = fit(y, group * 8), sin = fit(x, group * 8);
    return small(add("kern.rotate " + x.name + " by " + cos.name + ", " +
                         sin.name + " head 16 group " + text(group) +
                         (chance(50) ? " neighbours" : "") +
                         (chance(50) ? " inverse" : "") + " : " + vector(n) +
                         ", " + vector(group * 8),
                     n, x.bound * (cos.bound + sin.bound)));
  }
  case 6: { // the gate of heads
    Row some = fit(x, 12), w = fit(y, 4 * 12);
    Row z = add("kern.matvec " + w.name + ", " + some.name + " : " +
                    vector(48) + ", " + vector(12) + " -> " + vector(4),
                4, 12 * w.bound * some.bound);
    if (chance(50))
      return small(z);
    return small(add("kern.outer " + small(z).name + ", " + some.name + " : " +
                         vector(4) + ", " + vector(12) + " -> " + vector(48),
                     48, 9 * some.bound));
  }
  default: {
    Row other = fit(y, n);
    std::string c = fresh();
    body += "    " + c + " = arith.cmpf ogt, " + x.name + ", " + other.name +
            " : " + vector(n) + "\n";
    return add("arith.select " + c + ", " + x.name + ", " +
                   constant(0.25, n).name + " : " + vector(n, "i1") + ", " +
                   vector(n),
               n, std::max(x.bound, 0.25));
  }
  }
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

/// No program reads other rows of what it stores, nor stores an element twice
/// from different rows.
bool Generator::allows(const Touch &next) const {
  return llvm::all_of(touched, [&](const Touch &t) {
    return !(t.write || next.write) || !t.view.overlaps(next.view) ||
           (t.atRow && next.atRow && t.view.sameRows(next.view));
  });
}

/// Adds a load to the program; false where nothing suits.
bool Generator::load(int64_t rows, bool own, int64_t width) {
  int64_t kind = own ? 0 : below(100);
  int64_t from = kind < 65 ? rows : kind < 80 ? rows : kind < 90 ? 1 : 11;
  std::vector<View> views = readable(from);
  llvm::erase_if(views, [&](const View &v) {
    return (width && v.columns != width && v.columns != 1) ||
           !allows({v, false, kind < 65});
  });
  if (views.empty())
    return false;
  View v = pick(views);
  std::string row = kind < 65   ? "%t"
                    : kind < 80 ? "%t by " + pick<std::string>({"-1", "1", "2"})
                    : kind < 90 ? ""
                                : fresh();
  if (kind >= 90)
    body += "    " + row + " = kern.load_index %tokens[%t" +
            (chance(30) ? " by 1" : "") + "] : memref<" + text(mainRows) +
            "xi32>\n";
  std::string name = use(v);
  Row x = add("kern.load " + name + "[" + row + "] : " + typeOf(v) + " -> " +
                  vector(v.columns),
              v.columns, 1e4);
  touched.push_back({v, false, kind < 65});
  buffers[v.buffer].read = true;
  pool.push_back(small(x));
  return true;
}

/// Stores a value to a new buffer, to new columns of one, over one that is
/// there, or to an output.
bool Generator::store(const Row &x, int64_t rows, bool beside) {
  View to{0, 0, 0, 0};
  if (chance(25)) { // in place
    std::vector<View> there = readable(rows);
    llvm::erase_if(there, [&](const View &v) {
      return v.columns != x.width || v.rows != rows || !allows({v, true, true});
    });
    if (!there.empty())
      to = pick(there);
  }
  if (to.rows == 0 && beside) // the next columns of a buffer
    for (auto [i, b] : llvm::enumerate(buffers))
      if (b.workspace && b.rows == rows && b.written < b.columns &&
          b.written + x.width <= b.columns)
        to = {unsigned(i), rows, x.width, b.written};
  if (to.rows == 0) {
    bool output = chance(15);
    int64_t more = !output && beside && chance(25) ? x.width : 0;
    unsigned b =
        declare(output ? "output" : "workspace", rows, x.width + more, false);
    to = {b, rows, x.width, 0};
  }
  if (!allows({to, true, true}))
    return false;
  touched.push_back({to, true, true});
  std::string name = use(to);
  body += "    kern.store " + x.name + ", " + name +
          "[%t] : " + vector(x.width) + ", " + typeOf(to) + "\n";
  Buffer &b = buffers[to.buffer];
  if (to.rows == b.rows)
    b.written = std::max(b.written, to.at + to.columns);
  b.read = false;
  return true;
}

void Generator::partial(const Row &x, int64_t rows) {
  unsigned b = declare("workspace", (rows + 63) / 64, x.width, true);
  buffers[b].read = true;
  partials.push_back(b);
  body += "    kern.partial " + x.name + ", %" + buffers[b].name +
          "[%t] : " + vector(x.width) + ", " + typeOf(whole(b)) + "\n";
  touched.push_back({whole(b), true, false});
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// `simple`: what fits into an epilogue of `width` columns.
void Generator::rows(int64_t rows, bool simple, int64_t width) {
  body += "  kern.rows \"k" + text(kernels++) + "\" " + text(rows) +
          " {\n  ^row(%t: index):\n";
  touched.clear();
  pool.clear();
  for (int64_t loads = 1 + below(3); loads > 0; --loads)
    load(rows, simple || pool.empty(), simple ? width : 0);
  if (pool.empty())
    pool.push_back(constant(0.5, 16));
  for (int64_t ops = 1 + below(5); ops > 0; --ops) {
    Row x = chance(60) ? pool.back() : pick(pool), y = pick(pool);
    if (simple && y.width != x.width && y.width != 1)
      y = x;
    pool.push_back(simple || chance(50) ? elementwise(x, y) : columns(x, y));
  }
  bool stored = store(pool.back(), rows, !simple);
  while (chance(25))
    stored |= store(pick(pool), rows, !simple);
  if (!simple && chance(20) && load(rows, true)) { // after what it stored
    pool.push_back(elementwise(pool.back(), pool.front()));
    stored |= store(pool.back(), rows, true);
  }
  if (!simple && chance(15))
    partial(pick(pool), rows);
  if (!stored) // what nothing forbids
    store(pool.back(), rows, false);
  body += "  }\n";
}

/// A row of constants everywhere.
void Generator::fill(int64_t rows) {
  body += "  kern.rows \"fill" + text(kernels++) + "\" " + text(rows) +
          " {\n  ^row(%t: index):\n";
  touched.clear();
  int64_t width = 16 * (1 + below(4));
  Row x = chance(50)
              ? constant(0, width)
              : fit(add("kern.number %number : vector<1xf32>", 1, 1), width);
  store(x, rows, false);
  body += "  }\n";
}

/// A contraction of a value with a weight, of both halves of its rows with a
/// weight each, or of two values over their rows. Gives its columns.
int64_t Generator::contract() {
  touched.clear();
  std::vector<View> values = readable(mainRows);
  bool overRows = chance(25);
  View a = pick(values), b = a;
  int64_t m = mainRows, n = 16 * (1 + below(6)), k = a.columns;
  int64_t batch = !overRows && chance(25) ? 2 : 1; // mainRows is even
  std::string how = " ", howB = " ";
  if (overRows) {
    b = pick(values);
    m = a.columns, n = b.columns, k = mainRows;
    how = " transposed_a", howB = " transposed_b ";
  } else if (chance(50)) {
    b = whole(declare("parameter", batch * n, k, true));
  } else {
    b = whole(declare("parameter", batch * k, n, true));
    howB = " transposed_b ";
  }
  buffers[a.buffer].read = buffers[b.buffer].read = true;
  touched = {{a, false, false}, {b, false, false}};
  std::string first = use(a), second = use(b);
  body += "  kern.contract \"k" + text(kernels++) + "\" " + first + how + ", " +
          second + howB + (batch > 1 ? "batch " + text(batch) + " " : "") +
          "m " + text(m / batch) + " n " + text(n) + " k " + text(k) + " : " +
          typeOf(a) + ", " + typeOf(b) +
          " {\n  ^row(%t: index, %p: " + vector(n) + "):\n";
  Row product{"%p", n, 1e6};
  if (overRows || chance(20)) {
    View to = whole(declare("gradient", m, n, true));
    body += "    %old = kern.load " + use(to) + "[%t] : " + typeOf(to) +
            " -> " + vector(n) + "\n";
    Row sum = binary("arith.addf", Row{"%old", n, 1}, product, 1e6);
    body += "    kern.store " + sum.name + ", " + use(to) +
            "[%t] : " + vector(n) + ", " + typeOf(to) + "\n";
  } else {
    View to = whole(declare(chance(10) ? "output" : "workspace", m, n, false));
    buffers[to.buffer].written = n;
    body += "    kern.store %p, " + use(to) + "[%t] : " + vector(n) + ", " +
            typeOf(to) + "\n";
  }
  body += "  }\n";
  return overRows ? 0 : n;
}

void Generator::finish() {
  if (partials.empty())
    return;
  unsigned from = partials.back();
  partials.pop_back();
  bool accumulate = chance(50);
  unsigned to = declare(accumulate || chance(50) ? "gradient" : "workspace", 1,
                        buffers[from].columns, true);
  body += "  kern.finish \"k" + text(kernels++) + "\" %" + buffers[from].name +
          " to %" + buffers[to].name + (accumulate ? " accumulate" : "") +
          " : " + typeOf(whole(from)) + " to " + typeOf(whole(to)) + "\n";
}

void Generator::segments() {
  View v = pick(readable(mainRows));
  View to = whole(declare("gradient", 11, v.columns, true));
  View s = whole(declare("workspace", (mainRows + 63) / 64, v.columns, false));
  buffers[v.buffer].read = true;
  std::string types = ", memref<" + text(mainRows) + "xi32>";
  types += types + ", " + typeOf(to);
  std::string at = " at %tokens by %order to " + use(to);
  body += "  kern.segments \"add\" " + use(v) + at + ", " + use(s) + " : " +
          typeOf(v) + types + ", " + typeOf(s) + "\n";
  body += "  kern.finish_segments \"add\" " + use(s) + at + " : " + typeOf(s) +
          types + "\n";
}

/// Every workspace buffer that nobody reads goes to an output, else the passes
/// would drop what leads to it.
void Generator::sinks() {
  while (!partials.empty())
    finish();
  for (unsigned i = 0, n = unsigned(buffers.size()); i < n; ++i) {
    if (!buffers[i].workspace || buffers[i].read || buffers[i].written == 0)
      continue;
    View from{i, buffers[i].rows, buffers[i].written, 0};
    View to = whole(declare("output", from.rows, from.columns, false));
    body += "  kern.rows \"sink" + text(kernels++) + "\" " + text(from.rows) +
            " {\n  ^row(%t: index):\n";
    Row x = add("kern.load " + use(from) + "[%t] : " + typeOf(from) + " -> " +
                    vector(from.columns),
                from.columns, 1e4);
    body += "    kern.store " + x.name + ", " + use(to) +
            "[%t] : " + vector(x.width) + ", " + typeOf(to) + "\n  }\n";
  }
}

std::string Generator::run() {
  mainRows = pick<int64_t>({6, 64, 70, 96, 130});
  std::string type = " : memref<" + text(mainRows) + "xi32>\n";
  declared += "%number = arith.constant 0.37 : f64\n";
  declared += "%tokens = kern.buffer \"tokens\" \"input\"" + type;
  declared += "%order = kern.buffer \"order\" \"input\"" + type;
  buffers.push_back({"tokens", mainRows, 1, 1, false});
  const std::vector<int64_t> widths = {1, 12, 16, 32, 48, 64, 96, 160};
  for (int i = 0; i < 3; ++i)
    declare(chance(50) ? "input" : "optimizer", mainRows, pick(widths), true);
  declare("parameter", 11, pick(widths), true);
  declare("parameter", 1, pick(widths), true);
  for (int64_t n = 6 + below(12); n > 0; --n) {
    int64_t kind = below(100);
    if (kind < 20) {
      int64_t width = contract();
      while (width && chance(65))
        rows(mainRows, true, width);
    } else if (kind < 25) {
      segments();
    } else if (kind < 33) {
      finish();
    } else if (kind < 39) {
      fill(mainRows);
    } else if (kind < 50 && mainRows % 2 == 0) {
      rows(chance(50) ? mainRows * 2 : mainRows / 2, false);
    } else {
      rows(mainRows, chance(35));
    }
  }
  sinks();
  return declared + "kern.part @chain \"micro\" {\n" + part + views + body +
         "}\n";
}

} // namespace

std::string randomChain(uint64_t seed) { return Generator(seed).run(); }

} // namespace gptc::test
