//===- nonfinite.cpp - a step whose numbers are none ----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "nonfinite.h"

#include "error.h"
#include "gradients.h"
#include "parameters.h"
#include "safetensors.h"

#include <algorithm>
#include <cstring>

using namespace gptc;

namespace {
/// Where it began.
struct Finding {
  size_t batch = 0;
  std::optional<double> loss; ///< of the micro-batch
  std::string parameter;      ///< empty: of none
};

class Search {
public:
  Search(Instance &instance, int64_t step)
      : instance(instance), program(instance.program()), step(step),
        row(program.stepTable()[step]) {}

  Finding run(const std::vector<MicroBatch> &batches);

private:
  void clearGradients();
  bool isFinite(const Buffer &buffer) const;
  bool gradientsAreFinite() const;
  std::string firstParameter() const;
  void runPart(uint32_t part) {
    if (part != kNone)
      instance.run(part, step);
  }

  Instance &instance;
  const ProgramView &program;
  int64_t step;
  const Step &row;
};
} // namespace

void Search::clearGradients() {
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Gradient) {
      std::vector<std::byte> zeros(buffer.bytes);
      instance.write(buffer, zeros.data());
    }
}

bool Search::isFinite(const Buffer &buffer) const {
  std::vector<std::byte> storage;
  const std::byte *data = instance.read(buffer, storage);
  std::vector<float> values(elementCount(buffer));
  convertElements(data, buffer.element,
                  reinterpret_cast<std::byte *>(values.data()), Element::F32,
                  values.size());
  for (float value : values)
    if (!__builtin_isfinite(value))
      return false;
  return true;
}

bool Search::gradientsAreFinite() const {
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Gradient && !isFinite(buffer))
      return false;
  return true;
}

/// In the program's order; empty if there is none.
std::string Search::firstParameter() const {
  std::vector<bool> broken(program.buffers().size());
  for (const Buffer &buffer : program.buffers())
    if (buffer.kind == BufferKind::Gradient && buffer.parameter != kNone &&
        !isFinite(buffer))
      broken[buffer.parameter] = true;
  for (size_t i = 0; i < broken.size(); ++i)
    if (broken[i])
      return program.string(program.buffers()[i].name);
  return "";
}

Finding Search::run(const std::vector<MicroBatch> &batches) {
  Finding finding;
  clearGradients();
  runPart(row.prologue);
  for (size_t i = 0; i < batches.size(); ++i) {
    instance.run(row.micro, step, batches[i]);
    double loss = instance.tokenLoss(row.micro);
    if (__builtin_isfinite(loss) && gradientsAreFinite())
      continue;
    finding.batch = i;
    finding.loss = loss;
    break;
  }
  // Gradients of what is computed once a step become the parameters' here.
  runPart(row.epilogue);
  finding.parameter = firstParameter();
  return finding;
}

/// `index`: of the micro-batch among those of all ranks.
static std::string describe(const Finding &finding, int64_t step,
                            size_t index) {
  std::string text = formatText("step {}", step);
  if (finding.loss)
    text += formatText(", micro-batch {}", index);
  bool isLoss = finding.loss && !__builtin_isfinite(*finding.loss);
  if (isLoss)
    text += formatText(": the loss is not finite ({:g})", *finding.loss);
  if (!finding.parameter.empty())
    text +=
        (isLoss ? "; the first parameter whose gradient is not either is '"
                : ": the gradient is not finite; its first parameter is '") +
        finding.parameter + "'";
  else if (!isLoss)
    text += ": the gradient norm is not finite, and every gradient is";
  return text;
}

static void writeBatch(const std::string &path, const MicroBatch &batch) {
  std::vector<int32_t> lengths;
  for (size_t t = 0; t < batch.documentStarts.size(); ++t)
    if (batch.documentStarts[t] == static_cast<int32_t>(t))
      lengths.push_back(static_cast<int32_t>(t));
  lengths.push_back(static_cast<int32_t>(batch.tokens.size()));
  auto list = [](const char *name, const std::vector<int32_t> &values) {
    return NamedTensor{name,
                       Element::I32,
                       {static_cast<int64_t>(values.size())},
                       inMemory(values.data())};
  };
  writeTensorFile(path,
                  {list("tokens", batch.tokens), list("targets", batch.targets),
                   list("cu_seqlens", lengths)});
}

std::string gptc::keptStem(const TrainOptions &options) {
  if (!options.kept.empty())
    return options.kept;
  std::string stem = !options.save.empty()         ? options.save
                     : !options.log.empty()        ? options.log
                     : !options.checkpoint.empty() ? options.checkpoint
                                                   : "nonfinite";
  while (stem.size() > 1 && stem.back() == '/')
    stem.pop_back();
  for (const char *ending : {".safetensors", ".jsonl"}) {
    size_t size = std::strlen(ending);
    if (stem.size() > size &&
        stem.compare(stem.size() - size, size, ending) == 0)
      stem.resize(stem.size() - size);
  }
  return stem;
}

void gptc::failNonfinite(Instance &instance, const TrainOptions &options,
                         const Settings &settings, int64_t step,
                         const std::vector<MicroBatch> &batches,
                         Communicator &ranks) {
  Finding finding = Search(instance, step).run(batches);
  // Which rank has the first one; the first rank if none has any.
  std::string what = "where numbers began not to be finite";
  uint64_t none = UINT64_MAX - ranks.world() + ranks.rank();
  uint64_t own =
      finding.loss ? finding.batch * ranks.world() + ranks.rank() : none;
  std::vector<uint64_t> all(ranks.world());
  ranks.allGather(&own, all.data(), sizeof(own), what);
  if (*std::min_element(all.begin(), all.end()) != own)
    ranks.barrier(what); // to which that rank does not come

  std::string text = describe(finding, step, own) +
                     "; the parameters are those before the step";
  std::string stem = keptStem(options) + "-step" + std::to_string(step);
  std::string parameters = stem + "-params.safetensors";
  std::string batch = stem + "-batch.safetensors";
  try {
    saveParameters(instance, parameters, step, settings,
                   /*complete=*/!options.save.empty());
    writeBatch(batch, batches[finding.batch]);
  } catch (const Error &error) {
    fail("{}, and cannot be saved: {}", text, error.what());
  }
  std::string set;
  for (const std::string &setting : options.set)
    set += " --set " + setting;
  fail("{}; look at it with `gradients --params {} --batch {} --step {}{} "
       "--out G.safetensors`",
       text, parameters, batch, step, set);
}
