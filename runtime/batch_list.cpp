//===- batch_list.cpp - what each rank reads in each step -----------------===//
//
// Part of gptc, under the MIT License.
//
// Read by the reader that training has: what is printed is what is trained on.
//
//===----------------------------------------------------------------------===//

#include "batch_list.h"

#include "batches.h"
#include "error.h"
#include "ranks.h"
#include "sha256.h"

#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;

/// The T + 1 tokens, little-endian uint16.
static std::string bytesOf(const MicroBatch &batch) {
  std::string bytes;
  bytes.reserve(2 * batch.tokens.size() + 2);
  auto append = [&](int32_t token) {
    bytes += static_cast<char>(token & 255);
    bytes += static_cast<char>(token >> 8);
  };
  append(batch.tokens.front());
  for (int32_t token : batch.targets)
    append(token);
  return bytes;
}

/// Where the documents inside the inputs end; the last at T.
static std::vector<int64_t> endsOf(const MicroBatch &batch) {
  auto count = static_cast<int64_t>(batch.tokens.size());
  std::vector<int64_t> ends;
  for (int64_t t = 1; t < count; ++t)
    if (batch.documentStarts[t] == t)
      ends.push_back(t);
  ends.push_back(count);
  return ends;
}

static Json describe(const MicroBatch &batch, int64_t rank) {
  return {{"rank", rank},
          {"first_token_index", batch.place},
          {"sha256", sha256(bytesOf(batch))},
          {"ends", endsOf(batch)}};
}

static std::string headJson(const ProgramView &program, int64_t world) {
  Json head{{"model", program.string(program.header().model)},
            {"micro_batches", program.header().microBatches},
            {"world", world}};
  std::string text = head.dump();
  text.pop_back(); // the brace, which the steps close
  return text + ",\"steps\":[\n";
}

static void printRow(int64_t step, size_t index, const Json &batch,
                     const std::string &shard, std::FILE *console) {
  const Json &ends = batch["ends"];
  print(console, "{:6} {:5} {:5} {:7} {:9} {:11}  {}  {}\n", step, index,
        batch["rank"].get<long long>(), ends.back().get<long long>(),
        ends.size(), batch["first_token_index"].get<long long>(),
        batch["sha256"].get<std::string>(), shard);
}

void gptc::printBatches(const ProgramView &program,
                        const BatchListOptions &options, std::FILE *console) {
  checkRanks("--world", options.world, program.header().microBatches);
  int64_t steps = chooseSteps(program, options.steps);
  BatchRequest request =
      requestBatches(program, options.data, options.epochs, steps);
  BatchPlan plan = planBatches(request);
  std::vector<StepPlace> places = plan.steps;
  std::vector<std::string> paths = request.paths;
  BatchReader reader(std::move(request), std::move(plan));
  if (options.json)
    std::fputs(headJson(program, options.world).c_str(), console);
  else
    print(console, "{:>6} {:>5} {:>5} {:>7} {:>9} {:>11}  {:<64}  {}\n", "step",
          "batch", "rank", "tokens", "documents", "first token",
          "SHA-256 of the tokens and the last target", "shard");
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<MicroBatch> batches = reader.next();
    const std::string &shard = paths[places[static_cast<size_t>(step)].shard];
    Json line{{"step", step},
              {"T", batches.front().tokens.size()},
              {"shard", shard},
              {"batches", Json::array()}};
    for (size_t i = 0; i < batches.size(); ++i) {
      int64_t rank = static_cast<int64_t>(i) % options.world;
      line["batches"].push_back(describe(batches[i], rank));
      if (!options.json)
        printRow(step, i, line["batches"].back(), shard, console);
    }
    // A file's name need not be UTF-8.
    if (options.json)
      print(console, "{}{}\n",
            line.dump(-1, ' ', false, Json::error_handler_t::replace),
            step + 1 < steps ? "," : "");
  }
  if (options.json)
    print(console, "]}}\n");
}
