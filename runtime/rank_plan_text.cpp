//===- rank_plan_text.cpp - the plan of several ranks as text -------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "rank_plan.h"

#include "error.h"
#include "safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace gptc;

using Json = nlohmann::ordered_json;
using Count = unsigned long long;

static Count countOf(const Json &value) { return value.get<uint64_t>(); }
static double numberOf(const Json &value) { return value.get<double>(); }
static std::string textOf(const Json &value) {
  return value.get<std::string>();
}

static std::string memoryText(const Json &memory) {
  std::string text = "memory of a rank, bytes:\n";
  size_t width = 0;
  for (const Json &kind : memory["kinds"])
    width = std::max(width, textOf(kind["kind"]).size());
  auto column = static_cast<int>(width);
  for (const Json &kind : memory["kinds"]) {
    std::string name = textOf(kind["kind"]);
    text += formatText("  {:<{}} {:14}", name, column, countOf(kind["bytes"]));
    if (name == "workspace" && !textOf(memory["largest_part"]).empty())
      text += ", that of " + textOf(memory["largest_part"]);
    text += "\n";
  }
  Count total = countOf(memory["total"]), there = countOf(memory["available"]);
  text += formatText("  {:<{}} {:14}", "total", column, total);
  if (there < UINT64_MAX / 2)
    text += formatText(", {:.1f} % of a rank's {} on {}{}",
                       100 * double(total) / double(there), there,
                       textOf(memory["of"]), total > there ? ": TOO MUCH" : "");
  return text + "\n";
}

/// `16` for every rank, or `3 3 3 3 3 3 3 1`.
static std::string unitsText(const Json &each) {
  std::string text;
  bool isSame = true;
  for (const Json &count : each) {
    text += (text.empty() ? "" : " ") + std::to_string(countOf(count));
    isSame &= count == each[0];
  }
  return isSame ? std::to_string(countOf(each[0])) + " each" : text;
}

static std::string ownersText(const Json &plan) {
  Count ranks = countOf(plan["ranks"]);
  if (ranks == 1)
    return "";
  std::string text;
  const Json &shared = plan["shared"];
  if (!shared.empty())
    text += "\nwhat ranks own: a share of these parameters, of their mean "
            "gradients and of their optimizer's state\n"
            "   bytes a rank    units  by rank\n";
  for (const Json &share : shared) {
    std::string name = textOf(share["parameter"]);
    if (countOf(share["members"]) > 1)
      name += " to " + textOf(share["last"]);
    auto shape = share["unit_shape"].get<std::vector<int64_t>>();
    text += formatText("{:15} {:8}  {}  ", countOf(share["bytes"]),
                       countOf(share["units"]), unitsText(share["each"])) +
            textOf(share["unit"]) + " of " + shapeText(shape) + "  " + name +
            "\n";
  }
  if (plan["whole"].empty())
    return text;
  text += "whole on every rank, which all update alike:";
  for (const Json &name : plan["whole"])
    text += " " + textOf(name);
  return text + "\n";
}

static std::string timesText(const Json &assumed, bool isKnown) {
  std::string text = "\ntimes: ";
  const Json &launches = assumed["launches"];
  double share = numberOf(assumed["share_of_floor"]);
  std::string card = textOf(assumed["card"]);
  std::string floors = card.empty() ? "work" : "floors on one " + card;
  if (!isKnown)
    text += "none of launches, for no data sheet has a CPU's: --profile gives "
            "them";
  else if (assumed["profiles"].empty())
    text += formatText("{}, each {:.0f} % of what the launch takes", floors,
                       100 * share);
  else
    text += formatText(
        "{} launches as measured, {} as others of the same name by their {}, "
        "{} by these alone{}",
        countOf(launches["measured"]), countOf(launches["alike"]), floors,
        countOf(launches["floors"]),
        card.empty() ? ""
                     : formatText(", each {:.0f} % of the time", 100 * share));
  text += formatText("; a collective: {:.0f} us and {:.3g} GB/s in and out of "
                     "each rank ({})\n",
                     numberOf(assumed["latency_microseconds"]),
                     1e-9 * numberOf(assumed["bytes_a_second"]),
                     textOf(assumed["link"]));
  if (card.empty() && isKnown)
    text += "a rank is taken to have as many threads as the profile had\n";
  return text;
}

static std::string collectivesText(const Json &collectives) {
  if (collectives.empty())
    return "";
  std::string text =
      "\ncollectives: bytes of all ranks together, what each sends, each "
      "alone\n          bytes           sent         us   steps\n";
  for (const Json &collective : collectives)
    text += formatText("{:15} {:14.0f} {:10.1f} {:7}  ",
                       countOf(collective["bytes"]),
                       numberOf(collective["sent_bytes"]),
                       numberOf(collective["microseconds"]),
                       countOf(collective["steps"])) +
            textOf(collective["kind"]) + " " + textOf(collective["element"]) +
            "  " + textOf(collective["name"]) + "\n";
  return text;
}

static std::string stepsText(const Json &plan, bool isKnown) {
  double ranks = numberOf(plan["ranks"]);
  std::string text = "\na step, ms";
  if (ranks > 1)
    text += "; in turn: launches and collectives one behind the other; hidden: "
            "the longer of the two";
  text += "\n  launches";
  if (ranks > 1)
    text += formatText(
        " collectives   in turn    hidden  one rank  one / ({:.0f} x step)",
        ranks);
  text += "\n";
  for (const Json &step : plan["steps"]) {
    double passing = numberOf(step["collectives_milliseconds"]);
    if (isKnown) {
      double whole = numberOf(step["milliseconds"]);
      text += formatText("{:10.2f}", whole - passing);
      if (ranks > 1) {
        double hidden = numberOf(step["hidden_milliseconds"]);
        double one = numberOf(step["one_rank_milliseconds"]);
        text += formatText(
            " {:11.2f} {:9.2f} {:9.2f} {:9.2f}     {:4.2f} - {:4.2f}", passing,
            whole, hidden, one, one / (ranks * whole), one / (ranks * hidden));
      }
    } else {
      text += formatText("{:>10}", "-");
      if (ranks > 1)
        text += formatText(" {:11.2f}", passing);
    }
    text += formatText("  {} steps ({}), of {} tokens a micro-batch\n",
                       countOf(step["count"]), textOf(step["steps"]),
                       countOf(step["tokens"]));
  }
  const Json &all = plan["all"];
  if (!isKnown)
    return text;
  text += formatText("all {} steps: {:.3f} s", countOf(all["steps"]),
                     numberOf(all["seconds"]));
  if (ranks > 1)
    text += formatText(" in turn, {:.3f} s hidden, {:.3f} s on one rank",
                       numberOf(all["hidden_seconds"]),
                       numberOf(all["one_rank_seconds"]));
  return text + "\n";
}

std::string gptc::planText(const Json &plan) {
  bool isKnown = plan["all"].contains("seconds");
  return formatText(
             "{} {} on {} {}: each takes {} of a step's {} micro-batches\n\n",
             textOf(plan["model"]), textOf(plan["fingerprint"]),
             countOf(plan["ranks"]),
             countOf(plan["ranks"]) == 1 ? "rank" : "ranks",
             countOf(plan["micro_batches_a_rank"]),
             countOf(plan["micro_batches"])) +
         memoryText(plan["memory"]) + ownersText(plan) +
         timesText(plan["assumed"], isKnown) +
         collectivesText(plan["collectives"]) + stepsText(plan, isKnown);
}
