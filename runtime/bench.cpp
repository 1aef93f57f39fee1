//===- bench.cpp - every kernel alone -------------------------------------===//
//
// Part of gptc, under the MIT License.
//
// Both programs have their whole memory, each at its own places, so nothing
// here knows more of a device than a run does: buffers are written and read by
// their index, launches are started one by one. An op's buffers are filled
// before it runs, whatever the op before left.
//
//===----------------------------------------------------------------------===//

#include "bench.h"

#include "bench_compare.h"
#include "bench_ops.h"
#include "bench_values.h"
#include "costs.h"
#include "error.h"
#include "files.h"
#include "instance.h"
#include "processor.h"
#include "samples.h"
#include "thread_pool.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

using namespace gptc;

namespace {

struct Line {
  const BenchOp *op = nullptr;
  Difference difference;
  std::string output; ///< the buffer of the difference
  bool isSame = true; ///< a second run gave the same bits
  Work work{};        ///< of all launches together
  double floor = 0;   ///< seconds; 0 without a card
  Samples times;      ///< none if it was compared only
  Samples library;    ///< of what the library has in its place

  bool isGood() const { return difference.isGood() && isSame; }
  double median() const { return times.inOrder().empty() ? 0 : times.median(); }
  /// Of the library; 0 where it was not asked or has nothing.
  double peer() const {
    return library.inOrder().empty() ? 0 : library.median();
  }
};

class Bench {
public:
  Bench(const ProgramView &program, const ProgramView &reference,
        const BenchOptions &options, const std::vector<BenchOp> &ops);

  void run(std::FILE *console);
  void write(const std::string &path) const;
  size_t failures() const;
  size_t size() const { return lines.size(); }

private:
  void feed(const BenchOp &op);
  std::vector<TouchedBuffer> touched(const BenchOp &op) const;
  bool isFlag(uint32_t buffer) const;
  void fill(const TouchedBuffer &buffer, bool both);
  void compare(const std::vector<TouchedBuffer> &buffers, Line &line);
  bool compareOn(Draw drawn, const std::vector<TouchedBuffer> &buffers,
                 Line &line);
  void time(Line &line);
  void launch(Instance &instance, Span launches);
  std::string text(const Line &line) const;

  const ProgramView &program;
  const BenchOptions &options;
  const std::vector<BenchOp> &ops;
  Instance own, other;
  ThreadPool pool;
  uint32_t fed = kNone; ///< the part whose inputs are there
  std::vector<int32_t> documentStarts;
  Draw draw = Draw::Signed;
  std::vector<Line> lines;
};

} // namespace

static std::vector<uint32_t> partsOf(const std::vector<BenchOp> &ops) {
  std::set<uint32_t> parts;
  for (const BenchOp &op : ops)
    parts.insert(op.part);
  return {parts.begin(), parts.end()};
}

Bench::Bench(const ProgramView &program, const ProgramView &reference,
             const BenchOptions &options, const std::vector<BenchOp> &ops)
    : program(program), options(options), ops(ops),
      own(program, options.threads, options.seed, partsOf(ops)),
      other(reference, options.threads, options.seed, partsOf(ops)),
      pool(options.threads) {}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// The tokens of the op's part, if they are not those of the op before.
void Bench::feed(const BenchOp &op) {
  if (fed == op.part)
    return;
  fed = op.part;
  documentStarts.clear();
  if (program.parts()[op.part].inputs.count == 0)
    return;
  MicroBatch batch = drawBatch(program, op.part, options.seed);
  own.feed(op.part, batch);
  other.feed(op.part, batch);
  documentStarts = batch.documentStarts;
}

/// What either program's launches touch, but for inputs, which are fed.
std::vector<TouchedBuffer> Bench::touched(const BenchOp &op) const {
  std::vector<TouchedBuffer> all;
  const Contraction *product = contractionOf(program, op);
  for (TouchedBuffer &buffer : touchedBy(program, op.launches)) {
    if (program.buffers()[buffer.buffer].kind == BufferKind::Input)
      continue;
    if (product && product->symmetric &&
        buffer.elements == uint64_t(product->batch * product->m * product->m))
      buffer.symmetric = static_cast<uint64_t>(product->m);
    all.push_back(buffer);
  }
  return all;
}

/// Whether the buffer says that a run has gone wrong: then kernels leave
/// everything as it was.
bool Bench::isFlag(uint32_t buffer) const {
  return std::any_of(program.outputs().begin(), program.outputs().end(),
                     [&](const Output &output) {
                       return output.buffer == buffer &&
                              output.result == Result::Nonfinite;
                     });
}

void Bench::fill(const TouchedBuffer &buffer, bool both) {
  BenchValues values =
      drawValues(program, buffer, options.seed,
                 isFlag(buffer.buffer) ? Draw::Zero : draw, pool);
  own.onDevice().write(buffer.buffer, values.stored.data(),
                       values.stored.size());
  if (both)
    other.onDevice().write(buffer.buffer, values.wide.data(),
                           values.wide.size());
}

//===----------------------------------------------------------------------===//
// Right
//===----------------------------------------------------------------------===//

void Bench::launch(Instance &instance, Span launches) {
  for (uint32_t i = 0; i < launches.count; ++i)
    instance.runLaunch(launches.begin + i, options.step);
}

/// Values that make what is no number to either, a root's say, compare nothing:
/// then they are drawn again.
void Bench::compare(const std::vector<TouchedBuffer> &buffers, Line &line) {
  if (!compareOn(Draw::Signed, buffers, line))
    compareOn(Draw::Positive, buffers, line);
}

/// Whether all that is written was a number to one of the two.
bool Bench::compareOn(Draw drawn, const std::vector<TouchedBuffer> &buffers,
                      Line &line) {
  const BenchOp &op = *line.op;
  draw = drawn;
  line.isSame = true;
  for (const TouchedBuffer &buffer : buffers)
    fill(buffer, true);
  launch(other, op.reference);
  // What the reference does not write is the program's own, room for sums say.
  std::vector<TouchedBuffer> written;
  for (const TouchedBuffer &buffer : touchedBy(other.program(), op.reference))
    if (!buffer.written.empty() && buffer.elements)
      written.push_back(buffer);
  std::vector<std::vector<std::byte>> first;
  for (int run = 0; run < 2; ++run) {
    for (const TouchedBuffer &buffer : buffers)
      if (run && !buffer.written.empty())
        fill(buffer, false);
    launch(own, op.launches);
    for (size_t i = 0; i < written.size(); ++i) {
      const Buffer &info = program.buffers()[written[i].buffer];
      std::vector<std::byte> bytes(written[i].elements *
                                   elementBytes(info.element));
      own.onDevice().read(written[i].buffer, bytes.data(), bytes.size());
      if (run == 0)
        first.push_back(std::move(bytes));
      else
        line.isSame &= first[i] == bytes;
    }
  }
  bool inFp8 = false;
  for (const Launch &each : program.launches().slice(op.launches))
    inFp8 |= each.cost.products > 0 && each.cost.precision == Precision::FP8;
  std::vector<std::byte> storage;
  uint64_t skipped = 0;
  for (size_t i = 0; i < written.size(); ++i) {
    const Buffer &info = program.buffers()[written[i].buffer];
    const Buffer &wide = other.program().buffers()[written[i].buffer];
    Difference found =
        compareValues(info.element, first[i].data(), other.read(wide, storage),
                      written[i].written, inFp8, pool);
    for (const Stretch &stretch : written[i].written)
      skipped += stretch.end - stretch.begin;
    skipped -= found.compared;
    if (i == 0 || found.isWorse(line.difference)) {
      line.difference = found;
      line.output = program.string(info.name);
    }
  }
  return skipped == 0;
}

//===----------------------------------------------------------------------===//
// Fast
//===----------------------------------------------------------------------===//

/// Two runs warm up. A library's product in turn with the op.
void Bench::time(Line &line) {
  constexpr int64_t warm = 2;
  const Contraction *product =
      options.contractions.empty() ? nullptr : contractionOf(program, *line.op);
  if (product && !own.onDevice().runProduct(*product))
    product = nullptr;
  for (int64_t i = 0; i < options.repeats + warm; ++i) {
    own.onDevice().flushCaches();
    own.mark();
    launch(own, line.op->launches);
    own.mark();
    if (!product)
      continue;
    own.onDevice().flushCaches();
    own.mark();
    own.onDevice().runProduct(*product);
    own.mark();
  }
  std::vector<double> marks = own.takeMarks();
  size_t each = product ? 4 : 2;
  for (size_t i = each * warm; i + each <= marks.size(); i += each) {
    line.times.add(marks[i + 1] - marks[i]);
    if (product)
      line.library.add(marks[i + 3] - marks[i + 2]);
  }
}

//===----------------------------------------------------------------------===//
// Told
//===----------------------------------------------------------------------===//

static std::string headText(bool hasLibrary) {
  return formatText("{:<48} {:<22} {:>5}  {:<18} {:>9} {:>8} {:>6} {:>9} "
                    "{:>6}{}\n",
                    "kernel", "lines", "ops", "error", "us", "TFLOP/s", "TB/s",
                    "floor us", "share", hasLibrary ? "  cuBLASLt  ratio" : "");
}

static std::string linesOf(const ProgramView &program, const BenchOp &op) {
  return program.string(program.launches()[op.launches.begin].place);
}

/// So many characters of a text, which has more: the table of CSV has all.
static std::string cutTo(size_t most, const std::string &text) {
  return text.size() <= most ? text : text.substr(0, most - 2) + "..";
}

std::string Bench::text(const Line &line) const {
  std::string error =
      formatText("{} {:.1e} of {:.0e}", line.isGood() ? "ok  " : "FAIL",
                 line.difference.error, line.difference.bound);
  std::string text = formatText(
      "{:<48} {:<22} {:>5}  {:<18}", cutTo(48, kernelsOf(program, *line.op)),
      cutTo(22, linesOf(program, *line.op)), line.op->count, error);
  if (double seconds = line.median(); seconds > 0) {
    text += formatText(" {:9.1f} {:8.1f} {:6.2f}", 1e6 * seconds,
                       1e-12 * line.work.products / seconds,
                       1e-12 * line.work.bytes() / seconds);
    if (line.floor > 0)
      text += formatText(" {:9.1f} {:5.0f}%", 1e6 * line.floor,
                         100 * line.floor / seconds);
    if (double peer = line.peer(); peer > 0)
      text += formatText("{} {:9.1f} {:6.2f}",
                         line.floor > 0 ? "" : std::string(17, ' '), 1e6 * peer,
                         seconds / peer);
  }
  text += "\n";
  if (!line.difference.isGood())
    text += formatText("  '{}': {} numbers, {} of them wrong\n", line.output,
                       line.difference.compared, line.difference.wrong);
  if (!line.isSame)
    text += "  a second run gave other bits\n";
  return text;
}

void Bench::run(std::FILE *console) {
  const Card *card = own.card();
  std::string device = own.describeDevice()["name"];
  std::string library = options.contractions.empty()
                            ? ""
                            : own.onDevice().openProducts(options.library);
  print(console, "step {} on {}{}; {} kernels{}\n\n{}", options.step, device,
        card ? formatText(" (floors of one {})", card->name) : "", ops.size(),
        library.empty() ? ""
                        : ", contractions beside cuBLASLt " + library +
                              "'s, which compute the product alone",
        headText(!library.empty()));
  std::vector<double> numbers = own.numbers(options.step);
  for (const BenchOp &op : ops) {
    Line line;
    line.op = &op;
    feed(op);
    compare(touched(op), line);
    Costs costs(numbers.data(), documentStarts);
    for (const Launch &each : program.launches().slice(op.launches)) {
      Work work = costs.of(each);
      line.work.precision = work.precision;
      line.work.products += work.products;
      line.work.rowOperations += work.rowOperations;
      line.work.readBytes += work.readBytes;
      line.work.writtenBytes += work.writtenBytes;
    }
    if (card)
      line.floor = line.work.floorSeconds(*card);
    if (!options.compareOnly)
      time(line);
    std::fputs(text(line).c_str(), console);
    std::fflush(console);
    lines.push_back(std::move(line));
  }
}

size_t Bench::failures() const {
  return static_cast<size_t>(std::count_if(
      lines.begin(), lines.end(), [](const Line &l) { return !l.isGood(); }));
}

void Bench::write(const std::string &path) const {
  std::string text = "kernel,lines,part,ops,good,output,error,bound,"
                     "median_us,least_us,most_us,product_flop,bytes,tflops,"
                     "tbps,floor_us,share_of_floor";
  text += options.contractions.empty() ? "\n" : ",cublaslt_us,ratio\n";
  for (const Line &line : lines) {
    double seconds = line.median();
    text += formatText("\"{}\",\"{}\",\"{}\",{},{:d},\"{}\",{:.3e},{:.0e}",
                       kernelsOf(program, *line.op), linesOf(program, *line.op),
                       program.string(program.parts()[line.op->part].name),
                       line.op->count, line.isGood(), line.output,
                       line.difference.error, line.difference.bound);
    text += seconds > 0
                ? formatText(",{:.3f},{:.3f},{:.3f}", 1e6 * seconds,
                             1e6 * line.times.least(), 1e6 * line.times.most())
                : ",,,";
    text += formatText(",{:.0f},{:.0f}", line.work.products, line.work.bytes());
    text += seconds > 0 ? formatText(",{:.3f},{:.4f}",
                                     1e-12 * line.work.products / seconds,
                                     1e-12 * line.work.bytes() / seconds)
                        : ",,";
    text += line.floor > 0 ? formatText(",{:.3f}", 1e6 * line.floor) : ",";
    text += line.floor > 0 && seconds > 0
                ? formatText(",{:.4f}", line.floor / seconds)
                : ",";
    if (!options.contractions.empty())
      text += line.peer() > 0 ? formatText(",{:.3f},{:.4f}", 1e6 * line.peer(),
                                           seconds / line.peer())
                              : ",,";
    text += "\n";
  }
  OutputFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

/// The parts that the step runs; then, if all are asked for, the others.
static std::vector<uint32_t> chooseParts(const ProgramView &program,
                                         const BenchOptions &options) {
  const Step &step = program.stepTable()[options.step];
  std::vector<uint32_t> parts;
  auto add = [&](uint32_t part) {
    if (part != kNone &&
        std::find(parts.begin(), parts.end(), part) == parts.end())
      parts.push_back(part);
  };
  for (uint32_t part :
       {step.prologue, step.micro, step.epilogue, step.update, step.event})
    add(part);
  if (options.allParts)
    for (uint32_t part : allParts(program))
      add(part);
  return parts;
}

void gptc::bench(const ProgramView &program, const ProgramView &reference,
                 const BenchOptions &options, std::FILE *console) {
  checkStep(program, options.step);
  checkProcessor(reference, machineFeatures());
  std::vector<BenchOp> ops;
  for (const BenchOp &op :
       benchOps(program, reference, chooseParts(program, options))) {
    const Launch &first = program.launches()[op.launches.begin];
    if ((kernelsOf(program, op) + "\n" + program.string(first.name))
            .find(options.filter) != std::string::npos)
      ops.push_back(op);
  }
  if (ops.empty())
    fail("--filter {}: no kernel of step {} has this in its name; --list names "
         "them, with --all those of all parts",
         options.filter, options.step);
  if (options.list) {
    for (const BenchOp &op : ops)
      print(console, "{} {}\n", kernelsOf(program, op), linesOf(program, op));
    return;
  }
  if (!options.csv.empty())
    OutputFile probe(options.csv); // Fails now rather than after the run.
  Bench bench(program, reference, options, ops);
  bench.run(console);
  if (!options.csv.empty())
    bench.write(options.csv);
  if (size_t failures = bench.failures())
    fail("{} of {} kernels differ from the CPU's", failures, bench.size());
}
