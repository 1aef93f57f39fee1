//===- trace.cpp - the timeline of a step as a file -----------------------===//
//
// Part of gptc, under the MIT License.
//
// Each rank counts from where its own device begins the step. No clock is
// theirs in common, but what they exchange is over on all of them at once: the
// first collective's end is put at one time.
//
//===----------------------------------------------------------------------===//

#include "trace.h"

#include "files.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;

/// When the first collective is over; 0 without one.
static double firstMeeting(const std::vector<TraceEntry> &entries) {
  for (const TraceEntry &entry : entries)
    if (entry.isExchange)
      return entry.end;
  return 0;
}

static Json nameOf(const char *what, unsigned rank, unsigned thread,
                   const std::string &name) {
  return {{"name", what},
          {"ph", "M"},
          {"pid", rank},
          {"tid", thread},
          {"args", {{"name", name}}}};
}

/// A rank's events, one behind the other with commas between.
static std::string eventsText(const std::vector<TraceEntry> &entries,
                              double later, unsigned rank) {
  std::vector<Json> events = {
      nameOf("process_name", rank, 0, "rank " + std::to_string(rank)),
      nameOf("thread_name", rank, 0, "launches"),
      nameOf("thread_name", rank, 1, "collectives")};
  for (const TraceEntry &entry : entries) {
    Json event = {{"name", entry.name},
                  {"cat", entry.part},
                  {"ph", "X"},
                  {"pid", rank},
                  {"tid", entry.isExchange ? 1 : 0},
                  {"ts", 1e6 * (entry.begin + later)},
                  {"dur", 1e6 * (entry.end - entry.begin)},
                  {"args", {{"part", entry.part}}}};
    if (entry.isExchange)
      event["args"]["bytes"] = entry.bytes;
    events.push_back(std::move(event));
  }
  std::string text;
  for (const Json &event : events)
    text += (text.empty() ? "" : ",\n") +
            event.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text;
}

void gptc::writeTrace(const std::string &path, std::vector<TraceEntry> entries,
                      int64_t step, Communicator &ranks) {
  std::vector<double> meetings(ranks.world());
  double own = firstMeeting(entries);
  ranks.allGather(&own, meetings.data(), sizeof(own), "the trace");
  std::string text = eventsText(entries, meetings[0] - own, ranks.rank());
  std::vector<uint64_t> sizes(ranks.world());
  uint64_t size = text.size();
  ranks.allGather(&size, sizes.data(), sizeof(size), "the trace");
  uint64_t most = *std::max_element(sizes.begin(), sizes.end());
  text.resize(most);
  std::string all(most * ranks.world(), 0);
  ranks.allGather(text.data(), all.data(), most, "the trace");
  if (ranks.rank() != 0)
    return;
  std::string whole = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"step\":" +
                      std::to_string(step) + "},\"traceEvents\":[\n";
  for (unsigned r = 0; r < ranks.world(); ++r)
    whole += (r ? ",\n" : "") + all.substr(r * most, sizes[r]);
  whole += "\n]}\n";
  OutputFile file(path);
  file.write(whole.data(), whole.size());
  file.commit();
}
