//===- program.h - what a compiled program embeds ---------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The one header that compiler/ and runtime/ share: the layout of the constant
// blob that `gptc compile` puts into a training binary, and the calling
// convention of its kernels. Plain structs in arrays, indices instead of
// pointers; the runtime casts and never parses. Every array is found by a
// `Range` in the header, whose `begin` counts bytes from the header's first
// byte (8-byte aligned); every other `Span` counts elements of the array that
// its comment names.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_PROGRAM_H
#define GPTC_RUNTIME_PROGRAM_H

#include <cstdint>

namespace gptc {

constexpr uint64_t kProgramMagic = 0x376d617267747067; // "gptgram7"
constexpr uint32_t kNone = 0xffffffff;                 // "no such index"

/// Bytes of a whole array, from the header's first byte; `count` elements.
struct Range {
  uint64_t begin, count;
};
/// Elements [begin, begin + count) of another array.
struct Span {
  uint32_t begin, count;
};
/// Characters [begin, begin + size) of the text pool; not zero-terminated.
struct Text {
  uint32_t begin, size;
};

enum class Element : uint32_t { F32, BF16, F64, I32, E4M3, E5M2 };

/// What a buffer is for; also the rows of the memory table.
enum class BufferKind : uint32_t {
  Parameter, ///< trained; in parameter files under its name
  Derived,   ///< computed from parameters once a step (λ·W, FP8 copies)
  Gradient,  ///< accumulated over the micro-batches of a step (or of two)
  Optimizer, ///< the optimizer's own state
  Input,     ///< filled by the data feed before a part runs
  Output,    ///< read by the host after a part has run
  Workspace, ///< lives inside one part
  Share,     ///< a rank's part of another buffer, in a run of several ranks
};

/// The kinds' names, in their order: what the compiler calls them, and reports.
constexpr const char *kBufferKindNames[] = {"parameter", "derived", "gradient",
                                            "optimizer", "input",   "output",
                                            "workspace", "share"};

/// A tensor at its place in the arena. Row-major, contiguous.
struct Buffer {
  Text name; ///< parameters: the name in files; others: for reports
  BufferKind kind;
  Element element; ///< as stored on this target
  uint32_t rank;
  uint32_t parameter; ///< gradients and optimizer state: index of the buffer of
                      ///< their parameter; else kNone
  int64_t shape[4];
  uint64_t offset, bytes; ///< in the arena; offsets are multiples of 256, but
                          ///< for members of a stack behind its first
  uint64_t following; ///< how many buffers behind it are members of the stack
                      ///< that it begins: kernels reach all through it
  uint64_t room;      ///< bytes from `offset` on that are its own: those of all
                      ///< members, and behind them zeros where the shares of
                      ///< ranks reach further; 0 for a member behind the first
  /// A run of W ranks uses the buffers of W alone and those of 0: every run. A
  /// buffer of 1 is one of which several ranks have a share each.
  uint32_t ranks;
  /// A share: the buffer, the first of its stack, of which rank r has the bytes
  /// [r·bytes, (r + 1)·bytes), and zeros beyond its end; else kNone. That of a
  /// gradient that waits or of the optimizer's state stands at `offset`.
  uint32_t whole;
  /// 1: it is that range of the whole one itself, which all ranks have, and its
  /// `offset` counts for nothing. A parameter's, and a gradient's mean's.
  uint32_t inPlace;
  uint32_t padding;
};

/// What a program's kernels run on.
enum class Target : uint32_t {
  Cpu,   ///< this process: functions of the type `Kernel`
  Sm90a, ///< a Hopper GPU (H100, H200): entries of `Program::ptx`
};

constexpr const char *kTargetNames[] = {"cpu", "sm_90a"};

enum class ArgumentKind : uint32_t {
  Buffer,    ///< the address of byte `value` of a buffer
  TensorMap, ///< GPU: the matrix that begins there, as a CUtensorMap by value
  Numbers,   ///< GPU: the address of the step's row of numbers
  Integer,   ///< `value`; on a GPU 32 bits, or those of a float
};

constexpr const char *kArgumentKindNames[] = {"buffer", "tensor map", "numbers",
                                              "integer"};

/// An argument of a launch.
struct Argument {
  ArgumentKind kind;
  uint32_t buffer;  ///< kNone for numbers and integers
  uint16_t written; ///< 1 if the kernel writes the buffer
  uint16_t read;    ///< 1 if it reads what stood there before
  uint32_t map;     ///< of a tensor map: in `tensorMaps`; else kNone
  int64_t value;
  int64_t bytes; ///< of a buffer: from there to the last that the kernel's view
                 ///< of it has; else 0
};

/// What a tensor map sees: a matrix of bf16 or FP8, row after row, taken in
/// boxes of `boxRows` rows by 128 bytes, swizzled by 128 bytes in shared
/// memory.
struct TensorMap {
  int64_t rows, columns;
  int64_t stride; ///< elements from row to row
  int64_t boxRows;
  Element element;
  uint32_t padding;
};

/// A CPU kernel: work units [begin, end) of its launch, on the calling thread.
/// Units are independent, so any split over any number of threads computes the
/// same bits. `buffers` are the launch's buffers and `sizes` its integers, each
/// in the order of its arguments, `numbers` is the step's row, `scratch` at
/// least `scratchBytes` of memory that no other thread uses, 64-byte aligned,
/// of undefined content.
using Kernel = void (*)(void *const *buffers, const double *numbers,
                        const int64_t *sizes, int64_t begin, int64_t end,
                        void *scratch);

/// The format of the operands of products, on which a card's peak depends.
enum class Precision : uint32_t { F32, BF16, FP8 };
constexpr unsigned kPrecisions = 3;
constexpr const char *kPrecisionNames[] = {"f32", "bf16", "fp8"};

/// What a launch is of; reports add up by it.
enum class Family : uint32_t {
  Contraction,
  Attention,
  AttentionBackward,
  Rows,
  Segments,
  Transpose,
  Finish, ///< of column sums
};
constexpr const char *kFamilyNames[] = {
    "contraction", "attention", "attention_backward", "rows", "segments",
    "transpose",   "finish"};

/// What a launch cannot do without, however its kernel goes about it. It
/// follows from the data flow (compiler/kernels/Cost.h says how).
struct Cost {
  Family family;
  Precision precision; ///< of the products' operands
  uint32_t window; ///< of attention: its window, a column of the step's row;
                   ///< else kNone
  uint32_t padding;
  double products; ///< FLOP of contractions, two a multiply-add; of attention
                   ///< those of one pair of positions that see each other
  double rowOperations; ///< of row programs: operations on elements, in f32
  int64_t positions;    ///< of attention: of its sequence; else 0
  uint64_t readBytes, writtenBytes; ///< each once
};

struct Launch {
  uint32_t kernel;  ///< in the kernel table
  Span arguments;   ///< in `arguments`
  uint32_t threads; ///< GPU: of a block
  int64_t units;    ///< CPU: independent units of work; GPU: blocks with work
  uint64_t scratchBytes; ///< CPU: a thread; GPU: dynamic shared memory a block
  Text name;             ///< `rms_norm.nanogpt_55`: op, file, line
  uint32_t persistent; ///< GPU: 1 if fewer blocks do it as well, each in turns:
                       ///< best one a multiprocessor
  uint32_t op; ///< which of all ops of all parts it is of, in their order: few
               ///< have several launches
  Cost cost;
  Text place; ///< the lines that it was made of: `nanogpt.mlir:53,67`
};

/// An operand of a product of matrices, as it is stored.
struct Operand {
  uint32_t buffer;
  Element element;
  uint64_t at;         ///< its first byte in the buffer
  int64_t stride;      ///< elements from row to row
  uint32_t transposed; ///< 1: its rows are of k
  uint32_t padding;
};

/// What a library can be asked for in the place of an op, without what the op
/// does with the product: products (m, n) = sums over k of a (m, k) b (n, k),
/// `batch` of them below each other.
struct Contraction {
  uint32_t op;        ///< `Launch::op`
  Element out;        ///< f32 or bf16
  uint32_t adds;      ///< 1: to what stands there
  uint32_t symmetric; ///< 1: a product is m x m, and so are the matrices that
                      ///< are read beside it, all of them symmetric
  int64_t batch, m, n, k;
  Operand a, b;
};

/// What passes between the ranks of a run, beside the launches of its parts. It
/// begins when all before it is done, the collectives too, and what stands
/// behind it may run meanwhile, up to the next await of what it touches.
/// Buffers are taken from their first element on.
enum class CollectiveKind : uint32_t {
  AllReduce,     ///< `from`, which is `to`: over the ranks, on each of them
  ReduceScatter, ///< `from`: `elements` for each rank, in the order of the
                 ///< ranks; over the ranks, each one's own into `to`
  AllGather,     ///< `elements` of each rank's `from`, which may be its place
                 ///< in `to`, in the order of the ranks into `to`
  Await, ///< what touches `to` and has begun is over before the launches behind
};
constexpr const char *kCollectiveKindNames[] = {"all_reduce", "reduce_scatter",
                                                "all_gather", "await"};
enum class Reduction : uint32_t { Sum, Mean };
struct Collective {
  CollectiveKind kind;
  Reduction reduction; ///< an all-gather and an await have none
  uint32_t from, to;   ///< buffers; `to` is written
  uint32_t before;     ///< the launch that it precedes, in `launches`; the end
                       ///< of the part's if it follows all
  Element element;     ///< of both buffers
  uint64_t elements;
  Text name; ///< for errors: "the mean of 'w_gradient'"
};

/// What the host feeds into an Input buffer; all are [T] i32. The orders are
/// the positions, stably sorted by what stands there: the work lists of ordered
/// segments (embedding gradients).
enum class Feed : uint32_t {
  Tokens,         ///< the micro-batch's tokens
  Targets,        ///< the next tokens
  DocumentStarts, ///< for each position, where its document begins
  TokenOrder,
  TargetOrder,
  DocumentOrder,
};
constexpr const char *kFeedNames[] = {"tokens", "targets",       "docs",
                                      "order",  "targets_order", "docs_order"};
struct Input {
  uint32_t buffer;
  Feed feed;
  int64_t below;  ///< kernels look up by values in [0, below): no other may be
                  ///< fed; kUnbounded if nothing is looked up
  Text boundedBy; ///< "the rows of the table at mlp.mlir:22"
};
constexpr int64_t kUnbounded = INT64_C(1) << 31;

/// What the host reads from an Output buffer.
enum class Result : uint32_t {
  Loss,          ///< f64 []: the graph's loss
  NextTokenLoss, ///< f64 []: that of the next tokens alone, of weight 1; may be
                 ///< the buffer of the loss
  GradientNorm,  ///< f64 []: the norm over all gradients of the step
  Probabilities, ///< f32 [T, V]: next-token distributions, for sampling
  Nonfinite, ///< f32 []: 0 until a loss or the norm is not finite, from then on
             ///< that: no update has an effect any more
};
constexpr const char *kResultNames[] = {
    "loss", "next_token_loss", "gradient_norm", "probabilities", "nonfinite"};
struct Output {
  uint32_t buffer;
  Result result;
  int64_t tokens; ///< a loss: a sum over so many, 1 for a mean, 0 where that
                  ///< is not known and it is shown as it is; else 1
};

enum class PartKind : uint32_t {
  Init,     ///< every parameter from its init recipe and `seed`; all states
  Prologue, ///< parameters → derived buffers; once a step
  Micro,    ///< forward, backward, accumulation; once a micro-batch
  Epilogue, ///< derived buffers' gradients → parameters' gradients; once a step
  Update,   ///< gradient norm, optimizer; clears the gradients it consumed
  Event,    ///< after the update of some step (the split of tied tables);
            ///< before that nothing reads what it writes
  Validate, ///< forward in validation precision
  Sample,   ///< forward to next-token probabilities
};

constexpr const char *kPartKindNames[] = {"init",     "prologue", "micro",
                                          "epilogue", "update",   "event",
                                          "validate", "sample"};

/// A straight-line sequence of launches over one memory plan.
struct Part {
  PartKind kind;
  uint32_t ranks; ///< 0: for every run; 1: for one of one rank, and those
                  ///< behind it of the same kind, each with its own number, are
                  ///< what runs of several have in its place
  Text name;
  Span launches, inputs, outputs; ///< in the arrays of those names
  Span collectives;               ///< likewise, by `before`
  /// 1: what a run of several ranks has in the place of a micro part for the
  /// last micro-batch of a step. Variants may share their launches.
  uint32_t last;
  uint32_t padding;
  int64_t tokens;          ///< T of its inputs; 0 without inputs
  uint64_t workspaceBytes; ///< high-water mark of its workspace
};

/// A row of the step table: which parts step `index` runs, in this order:
/// [validate], prologue, micro × micro-batches, epilogue, update, [event].
struct Step {
  uint32_t prologue, micro, epilogue, update; ///< in `parts`
  uint32_t event;                             ///< kNone at most steps
  uint32_t validate; ///< the part that validates with this step's numbers
};

/// The row of numbers of step `step`, of which kernels and the host read
/// columns. `given` has a value for each constant that a run may set, NaN where
/// it keeps its own; `state` is `stateNumbers` doubles that are kept from one
/// step to the next: rows are computed from step 0 on, in order.
using ComputeNumbers = void (*)(const double *given, int64_t step,
                                double *state, double *row);

/// A column of a row of numbers.
enum class NumberKind : uint32_t {
  Scheduled,    ///< computed
  MicroBatches, ///< host: micro-batches that this rank accumulates a step
  Seed,         ///< host: the run's seed
  Rank,         ///< host: which of the ranks this is
};
constexpr const char *kNumberKindNames[] = {"scheduled", "micro_batches",
                                            "seed", "rank"};
/// How the command `schedule` shows it.
enum class Listing : uint32_t {
  None,
  Number,
  Element, ///< of a list, which the columns of one name are in order
};
struct Number {
  Text name; ///< `lr`, `window`; or the expression's own text
  NumberKind kind;
  uint32_t shown; ///< 1: written into every log line
  Listing listing;
  uint32_t padding;
};

/// What holds of numbers that follow from a constant that a run has set.
struct Check {
  uint32_t column; ///< is 1 where it does
  uint32_t padding;
  Text message; ///< each `{}` stands for one of the columns in `shown`
  Span shown;   ///< in `checkColumns`
  Span steps;   ///< in `checkSteps`, pairs of first and last
};

/// The extensions of x86-64 that code generation may use: the i-th is bit i of
/// `Program::features`. The names are those that clang and GCC share.
#define GPTC_PROCESSOR_FEATURES(FEATURE)                                       \
  FEATURE("sse3")                                                              \
  FEATURE("ssse3")                                                             \
  FEATURE("sse4.1")                                                            \
  FEATURE("sse4.2")                                                            \
  FEATURE("popcnt")                                                            \
  FEATURE("avx")                                                               \
  FEATURE("avx2")                                                              \
  FEATURE("fma")                                                               \
  FEATURE("fma4")                                                              \
  FEATURE("xop")                                                               \
  FEATURE("tbm")                                                               \
  FEATURE("f16c")                                                              \
  FEATURE("bmi")                                                               \
  FEATURE("bmi2")                                                              \
  FEATURE("lzcnt")                                                             \
  FEATURE("movbe")                                                             \
  FEATURE("gfni")                                                              \
  FEATURE("avx512f")                                                           \
  FEATURE("avx512cd")                                                          \
  FEATURE("avx512dq")                                                          \
  FEATURE("avx512bw")                                                          \
  FEATURE("avx512vl")                                                          \
  FEATURE("avx512ifma")                                                        \
  FEATURE("avx512vbmi")                                                        \
  FEATURE("avx512vbmi2")                                                       \
  FEATURE("avx512vnni")                                                        \
  FEATURE("avx512bitalg")                                                      \
  FEATURE("avx512vpopcntdq")                                                   \
  FEATURE("avx512bf16")                                                        \
  FEATURE("avx512fp16")                                                        \
  FEATURE("avxvnni")
#define GPTC_FEATURE_NAME(NAME) NAME,
constexpr const char *kProcessorFeatures[] = {
    GPTC_PROCESSOR_FEATURES(GPTC_FEATURE_NAME)};
#undef GPTC_FEATURE_NAME

/// Whether a run may give a constant another value.
enum class ConstantUse : uint32_t {
  Fixed,   ///< no: the program is made of it
  Setting, ///< yes
  Unread,  ///< nothing reads it
};

/// A named constant of the model file, as compiled. Those of use `Setting`, in
/// order, are the constants that `ComputeNumbers` is given.
struct Constant {
  Text name;
  double value;
  ConstantUse use;
  uint32_t padding;
  Text decides; ///< of a fixed one: "the shape of 'embed'"
};

/// Text pairs for `info`: pass list, target, compiler version, …; and the model
/// files, each with its text.
struct Note {
  Text key, value;
};

struct Program {
  uint64_t magic;
  uint64_t fingerprint; ///< of kernels, constants, schedules and compiler
  uint64_t features;    ///< of the processor, that kernels use
  Target target;
  uint32_t padding;
  Text model;      ///< its symbol name
  Text vocabulary; ///< how a sample is shown: "bytes" or "tokens"
  /// Constants that `--set` changes for another value of the recipe's; empty
  /// without.
  Text stepsConstant, microBatchesConstant, validateTokensConstant,
      validateBatchConstant;
  int64_t steps;                            ///< S + extension
  int64_t microBatches;                     ///< a step, over all ranks
  int64_t documentToken, maxDocumentTokens; ///< how documents are packed
  int64_t vocabularySize; ///< tokens are below it: the least bound of any input
  int64_t validateTokens, validateBatch; ///< whole validation, one call
  uint64_t persistentBytes; ///< parameters … outputs: [0, persistentBytes) in
                            ///< a run of one rank; workspaces begin there
  uint64_t arenaBytes;      ///< persistent + largest workspace
  uint32_t init, sample;    ///< in `parts`; kNone without
  uint32_t validateColumn;  ///< not 0 where validation is due before a step;
                            ///< kNone without: then at the end alone
  uint32_t stateNumbers;    ///< doubles that `ComputeNumbers` keeps
  Range text;               ///< char
  Range buffers;            ///< Buffer, persistent ones first
  Range arguments;          ///< Argument
  Range tensorMaps;         ///< TensorMap
  Range launches;           ///< Launch
  Range collectives;        ///< Collective
  Range inputs;             ///< Input
  Range outputs;            ///< Output
  Range parts;              ///< Part
  Range stepTable;          ///< Step: steps + 1 rows (the last validates only)
  Range numbers;            ///< Number
  Range listed;             ///< uint32_t: columns that `schedule` shows
  Range checks;             ///< Check
  Range checkColumns;       ///< uint32_t
  Range checkSteps;         ///< int64_t
  Range constants;          ///< Constant
  Range notes;              ///< Note
  Range sources;            ///< Note: the model's file first, then its bases
  Range contractions;       ///< GPU: Contraction, of bf16 and of FP8, by op
  Range kernelNames;        ///< Text, one a kernel
  Range ptx;   ///< GPU: char, a text that ends with a zero; entries are named
               ///< as kernels are
  Range cubin; ///< char: the same assembled; empty where no assembler was
};

} // namespace gptc

/// The three symbols of a compiled model's object file, and of its reference's.
extern "C" const unsigned char gptc_program[]; ///< a gptc::Program, aligned 64
extern "C" const gptc::Kernel gptc_kernels[];  ///< CPU: one a kernel name
extern "C" void // NOLINTNEXTLINE(readability-identifier-naming): a symbol
gptc_numbers(const double *given, int64_t step, double *state,
             double *row); ///< a gptc::ComputeNumbers
extern "C" const unsigned char gptc_reference_program[];
extern "C" const gptc::Kernel gptc_reference_kernels[];
extern "C" void // NOLINTNEXTLINE(readability-identifier-naming): a symbol
gptc_reference_numbers(const double *given, int64_t step, double *state,
                       double *row);

#endif // GPTC_RUNTIME_PROGRAM_H
