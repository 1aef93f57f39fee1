//===- instance.cpp - a program on its device -----------------------------===//
//
// Part of gptc, under the MIT License.
//
// Thin: indices into the program's tables become calls of the device.
//
//===----------------------------------------------------------------------===//

#include "instance.h"

#include "error.h"

#include <nlohmann/json.hpp>

using namespace gptc;

Instance::Instance(const ProgramView &program, unsigned threads, uint64_t seed,
                   const std::vector<uint32_t> &parts,
                   const std::vector<double> &given, Communicator &ranks,
                   const GpuOptions &gpu)
    : view(program),
      plan(planMemory(program, parts, ranks.world(), ranks.rank())),
      seed(static_cast<double>(seed)), ranks(ranks.world()), rank(ranks.rank()),
      microBatches(program.header().microBatches / ranks.world()),
      stepNumbers(program, given),
      device(openDevice(program, plan, threads, ranks, gpu)) {
  if (program.header().target != Target::Cpu)
    ownCard = &cardOf(device->describe()["name"].get<std::string>());
}

std::vector<double> Instance::numbers(int64_t step) {
  std::vector<double> numbers = stepNumbers.at(step);
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (view.numbers()[i].kind == NumberKind::MicroBatches)
      numbers[i] = static_cast<double>(microBatches);
    else if (view.numbers()[i].kind == NumberKind::Seed)
      numbers[i] = seed;
    else if (view.numbers()[i].kind == NumberKind::Rank)
      numbers[i] = rank;
  }
  return numbers;
}

void Instance::initialize() {
  if (view.header().init != kNone)
    run(view.header().init, 0);
}

void Instance::runEvents(int64_t step) {
  for (; step < view.header().steps; ++step)
    if (uint32_t event = view.stepTable()[step].event; event != kNone)
      run(event, step);
}

void Instance::runVariant(uint32_t part, int64_t step, bool last) {
  part = partOf(view, part, ranks, last);
  if (!plan.parts[part])
    fail("part {} was to be left out", view.string(view.parts()[part].name));
  device->run(part, numbers(step).data());
}

void Instance::run(uint32_t part, int64_t step, const MicroBatch &batch,
                   bool last) {
  feed(part, batch);
  runVariant(part, step, last);
}

void Instance::feed(uint32_t part, const MicroBatch &batch) {
  feedPart(view, view.parts()[part], batch, *device);
}

void Instance::runLaunch(uint32_t launch, int64_t step) {
  device->runLaunch(launch, numbers(step).data());
}

nlohmann::ordered_json Instance::describeDevice() const {
  return device->describe();
}

const Output *Instance::find(uint32_t part, Result result) const {
  for (const Output &output : view.outputs().slice(view.parts()[part].outputs))
    if (output.result == result)
      return &output;
  return nullptr;
}

const Buffer *Instance::output(uint32_t part, Result result) const {
  const Output *output = find(part, result);
  return output ? &view.buffers()[output->buffer] : nullptr;
}

std::optional<double> Instance::result(uint32_t part, Result result) const {
  const Buffer *buffer = output(part, result);
  if (!buffer)
    return std::nullopt;
  std::vector<std::byte> storage;
  return scalarOf(device->view(indexOf(*buffer), storage), buffer->element);
}

bool Instance::fetch(uint32_t part, Result result) {
  const Buffer *buffer = part == kNone ? nullptr : output(part, result);
  if (buffer)
    device->fetch(indexOf(*buffer));
  return buffer;
}

[[noreturn]] static void failWithoutLoss(const ProgramView &program,
                                         uint32_t part) {
  fail("the embedded program is damaged: part {} computes no loss",
       program.string(program.parts()[part].name));
}

static double present(const ProgramView &program, uint32_t part,
                      std::optional<double> loss) {
  if (!loss)
    failWithoutLoss(program, part);
  return *loss;
}

void Instance::fetchLoss(uint32_t part) {
  if (!fetch(part, Result::Loss))
    failWithoutLoss(view, part);
}

double Instance::loss(uint32_t part) const {
  return present(view, part, result(part, Result::Loss));
}

int64_t Instance::lossTokens(uint32_t part, Result which) const {
  const Output *output = find(part, which);
  return output && output->tokens ? output->tokens : 1;
}

double Instance::tokenLoss(uint32_t part, Result which) const {
  return present(view, part, result(part, which)) /
         static_cast<double>(lossTokens(part, which));
}
