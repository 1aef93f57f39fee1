//===- Table.cpp - what runs the kernels of a program, as JSON ------------===//
//
// Part of gptc, under the MIT License.
//
// All that a host needs beside the PTX: where buffers stand in the arena, which
// steps run a part, the numbers of every step, and the launches in order.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Evaluate.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/GptStructure.h"
#include "dialect/KernKernels.h"
#include "dialect/KernRow.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;
using llvm::json::OStream;

static void write(OStream &json, const Argument &argument) {
  if (argument.kind == Argument::Kind::Value) {
    json.attribute("kind", "value");
    json.attribute("value", argument.value);
    return;
  }
  if (argument.kind == Argument::Kind::Numbers) {
    json.attribute("kind", "numbers");
    return;
  }
  bool map = argument.kind == Argument::Kind::TensorMap;
  json.attribute("kind", map ? "tensor map" : "buffer");
  json.attribute("buffer", argument.buffer);
  if (argument.at)
    json.attribute("at", *argument.at);
  json.attribute("offset", argument.offset);
  json.attribute("rows", argument.rows);
  json.attribute("columns", argument.columns);
  json.attribute("stride", argument.stride);
  json.attribute("element", argument.element);
  if (map)
    json.attribute("boxRows", argument.boxRows);
}

static void write(OStream &json, ArrayRef<Launch> launches) {
  json.array([&] {
    for (const Launch &launch : launches)
      json.object([&] {
        json.attribute("part", launch.part);
        json.attribute("kernel", launch.kernel);
        json.attribute("blocks", launch.blocks);
        json.attribute("persistent", launch.persistent);
        json.attribute("threads", launch.threads);
        json.attribute("sharedBytes", launch.sharedBytes);
        json.attributeArray("arguments", [&] {
          for (const Argument &argument : launch.arguments)
            json.object([&] { write(json, argument); });
        });
      });
  });
}

/// A buffer that lives for the run.
static void write(OStream &json, kern::BufferOp buffer) {
  auto type = cast<MemRefType>(buffer.getY().getType());
  json.attribute("name", buffer.getName());
  json.attribute("kind", buffer.getKind());
  if (buffer.getOf())
    json.attribute("of", *buffer.getOf());
  if (ArrayAttr members = buffer.getMembersAttr())
    json.attributeArray("members", [&] { // equal parts, one after the other
      for (Attribute member : members)
        json.value(cast<StringAttr>(member).getValue());
    });
  if (auto feed = buffer->getAttrOfType<StringAttr>("feed"))
    json.attribute("feed", feed.getValue());
  if (buffer.getAt())
    json.attribute("at", int64_t(*buffer.getAt()));
  json.attributeArray("shape", [&] {
    for (int64_t size : type.getShape())
      json.value(size);
  });
  json.attribute("element", elementName(type.getElementType()));
}

static void write(OStream &json, kern::PartOp part) {
  json.attribute("name", part.getSymName());
  json.attribute("kind", part.getKind());
  if (auto tokens = part->getAttrOfType<IntegerAttr>("tokens"))
    json.attribute("tokens", tokens.getInt());
  auto steps = part->getAttrOfType<DenseI64ArrayAttr>("steps");
  if (!steps)
    return;
  json.attributeArray("steps", [&] { // first and last of each range
    for (int64_t i = 0; i + 1 < steps.size(); i += 2)
      json.array([&] {
        json.value(steps[i]);
        json.value(steps[i + 1]);
      });
  });
}

/// One row a step; null are numbers that the host gives, and those that have no
/// value at a step, where nothing reads them.
static void writeNumbers(OStream &json, gpt::ModelOp model,
                         const llvm::SetVector<Value> &numbers) {
  auto hostNumber = [](Value number) {
    return number.getDefiningOp<kern::HostNumberOp>();
  };
  json.attributeArray("host", [&] {
    for (Value number : numbers)
      if (auto host = hostNumber(number))
        json.value(host.getWhich());
      else
        json.value(nullptr);
  });
  Evaluator evaluator(model);
  json.attribute("steps", evaluator.steps());
  json.attributeArray("numbers", [&] {
    for (int64_t step = 0; step <= evaluator.steps(); ++step)
      json.array([&] {
        for (Value number : numbers) {
          double value = evaluator.valueAt(number, step);
          if (std::isfinite(value))
            json.value(value);
          else
            json.value(nullptr);
        }
      });
  });
}

std::string gptc::nvptx::toJson(ArrayRef<Launch> launches) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OStream json(os, 1);
  write(json, launches);
  return text + "\n";
}

std::string gptc::nvptx::toJson(gpt::ModelOp model, const Program &program) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OStream json(os, 1);
  json.object([&] {
    json.attribute("target", "sm_90a");
    json.attribute("model", model.getSymName());
    for (auto [name, attribute] :
         {std::pair("persistentBytes", "persistent_bytes"),
          std::pair("arenaBytes", "arena_bytes")})
      if (auto bytes = model->getAttrOfType<IntegerAttr>(attribute))
        json.attribute(name, bytes.getInt());
    auto recipes = model.getOps<gpt::RecipeOp>();
    if (!recipes.empty())
      if (auto count = gpt::integer(
              gpt::lookup((*recipes.begin()).getArgs(), "micro_batches")))
        json.attribute("microBatches", *count);
    json.attributeArray("buffers", [&] {
      for (auto buffer : model.getOps<kern::BufferOp>())
        json.object([&] { write(json, buffer); });
    });
    json.attributeArray("parts", [&] {
      for (auto part : model.getOps<kern::PartOp>())
        json.object([&] { write(json, part); });
    });
    writeNumbers(json, model, program.numbers);
    json.attributeBegin("launches");
    write(json, program.launches);
    json.attributeEnd();
  });
  return text + "\n";
}
