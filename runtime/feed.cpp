//===- feed.cpp - what a part reads from the host -------------------------===//
//
// Part of gptc, under the MIT License.
//
// The order by token is a counting sort: stable, two passes over T.
//
//===----------------------------------------------------------------------===//

#include "feed.h"

#include "error.h"

#include <algorithm>

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

std::vector<int32_t> gptc::orderByToken(const std::vector<int32_t> &tokens) {
  int32_t largest = 0;
  for (int32_t token : tokens)
    largest = std::max(largest, token);
  std::vector<int32_t> next(static_cast<size_t>(largest) + 2);
  for (int32_t token : tokens)
    ++next[token + 1];
  for (size_t token = 1; token < next.size(); ++token)
    next[token] += next[token - 1];
  std::vector<int32_t> order(tokens.size());
  for (size_t t = 0; t < tokens.size(); ++t)
    order[next[tokens[t]]++] = static_cast<int32_t>(t);
  return order;
}

//===----------------------------------------------------------------------===//
// What kernels can take
//===----------------------------------------------------------------------===//

std::string Bound::text() const {
  std::string text = formatText("below {}", below);
  return by.empty() ? text : text + ", " + by;
}

Bound gptc::boundOf(const ProgramView &program,
                    const std::vector<uint32_t> &parts,
                    const std::vector<Feed> &feeds) {
  Bound bound;
  for (uint32_t part : parts) {
    if (part == kNone)
      continue;
    for (const Input &input :
         program.inputs().slice(program.parts()[part].inputs))
      if (input.below < bound.below &&
          std::find(feeds.begin(), feeds.end(), input.feed) != feeds.end())
        bound = {input.below, program.string(input.boundedBy)};
  }
  return bound;
}

/// The list of the batch that an input asks for, or asks for the order of.
static const std::vector<int32_t> &listOf(const MicroBatch &batch, Feed feed) {
  switch (feed) {
  case Feed::Tokens:
  case Feed::TokenOrder:
    return batch.tokens;
  case Feed::Targets:
  case Feed::TargetOrder:
    return batch.targets;
  case Feed::DocumentStarts:
  case Feed::DocumentOrder:
    break;
  }
  return batch.documentStarts;
}

static bool isOrder(Feed feed) {
  return feed == Feed::TokenOrder || feed == Feed::TargetOrder ||
         feed == Feed::DocumentOrder;
}

void gptc::feedPart(const ProgramView &program, const Part &part,
                    const MicroBatch &batch, Device &device) {
  std::string name = program.string(part.name);
  auto inputs = program.inputs().slice(part.inputs);
  for (const Input &input : inputs) {
    const std::vector<int32_t> &values = listOf(batch, input.feed);
    if (static_cast<int64_t>(values.size()) != part.tokens)
      fail("part {} takes {} tokens, {} were given", name, part.tokens,
           values.size());
    // An order is one of positions, whatever it sorts.
    int64_t below = isOrder(input.feed) ? kUnbounded : input.below;
    for (size_t t = 0; t < values.size(); ++t)
      if (values[t] < 0 || values[t] >= below)
        fail("part {}: {}[{}] is {}, and must be {}", name,
             program.string(program.buffers()[input.buffer].name), t, values[t],
             Bound{below, program.string(input.boundedBy)}.text());
  }
  for (const Input &input : inputs) {
    const std::vector<int32_t> &values = listOf(batch, input.feed);
    std::vector<int32_t> order;
    if (isOrder(input.feed))
      order = orderByToken(values);
    device.write(input.buffer, (isOrder(input.feed) ? order : values).data(),
                 values.size() * sizeof(int32_t));
  }
}
