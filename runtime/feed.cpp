//===- feed.cpp - what a part reads from the host -------------------------===//
//
// Part of gptc, under the MIT License.
//
// The order by token is a counting sort: stable, two passes over T.
//
//===----------------------------------------------------------------------===//

#include "feed.h"

#include "error.h"

#include <cstring>

using namespace gptc;

std::vector<int32_t>
gptc::spreadDocumentStarts(const std::vector<int64_t> &starts, int64_t count) {
  std::vector<int32_t> spread(static_cast<size_t>(count));
  size_t next = 0;
  int32_t current = 0;
  for (int64_t t = 0; t < count; ++t) {
    while (next < starts.size() && starts[next] <= t)
      current = static_cast<int32_t>(starts[next++]);
    spread[t] = current;
  }
  return spread;
}

std::vector<int32_t> gptc::orderByToken(const std::vector<int32_t> &tokens,
                                        int64_t vocabularySize) {
  std::vector<int32_t> next(static_cast<size_t>(vocabularySize) + 1);
  for (int32_t token : tokens)
    ++next[token + 1];
  for (size_t token = 1; token < next.size(); ++token)
    next[token] += next[token - 1];
  std::vector<int32_t> order(tokens.size());
  for (size_t t = 0; t < tokens.size(); ++t)
    order[next[tokens[t]]++] = static_cast<int32_t>(t);
  return order;
}

void gptc::feedPart(const ProgramView &program, const Part &part,
                    const MicroBatch &batch, std::byte *arena) {
  if (part.tokens != static_cast<int64_t>(batch.tokens.size()))
    fail("part %s takes %lld tokens, %zu were given",
         program.string(part.name).c_str(), static_cast<long long>(part.tokens),
         batch.tokens.size());
  auto copy = [&](const Input &input, const std::vector<int32_t> &values) {
    std::memcpy(arena + program.buffers()[input.buffer].offset, values.data(),
                values.size() * sizeof(int32_t));
  };
  for (const Input &input : program.inputs().slice(part.inputs)) {
    switch (input.feed) {
    case Feed::Tokens:
      copy(input, batch.tokens);
      break;
    case Feed::Targets:
      copy(input, batch.targets);
      break;
    case Feed::DocumentStarts:
      copy(input, batch.documentStarts);
      break;
    case Feed::TokenOrder:
      copy(input, orderByToken(batch.tokens, program.header().vocabularySize));
      break;
    }
  }
}
