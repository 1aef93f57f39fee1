//===- emit.cpp - kernels of a file to PTX and launches -------------------===//
//
// Part of gptc, under the MIT License.
//
// `gptc-nvptx-emit FILE [--ptx OUT] [--launches OUT] [--remarks]`: the tests'
// way to the Hopper target alone, from kern IR. "-" is the standard output.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Nvptx.h"
#include "dialect/Kern.h"
#include "dialect/KernDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace nvptx = gptc::nvptx;
namespace json = llvm::json;

static llvm::cl::opt<std::string> input(llvm::cl::Positional,
                                        llvm::cl::init("-"));
static llvm::cl::opt<std::string> ptx("ptx"), launches("launches");
static llvm::cl::opt<bool> remarks("remarks");

static int write(StringRef path, StringRef text) {
  if (path.empty())
    return 0;
  std::error_code error;
  llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_None);
  if (error) {
    llvm::errs() << path << ": " << error.message() << "\n";
    return 1;
  }
  file.os() << text;
  file.keep();
  return 0;
}

static void write(json::OStream &json, const nvptx::Argument &argument) {
  if (argument.kind == nvptx::Argument::Kind::Value) {
    json.attribute("kind", "value");
    json.attribute("value", argument.value);
    return;
  }
  if (argument.kind == nvptx::Argument::Kind::Numbers) {
    json.attribute("kind", "numbers");
    return;
  }
  bool map = argument.kind == nvptx::Argument::Kind::TensorMap;
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

static void write(json::OStream &json, ArrayRef<nvptx::Launch> launches) {
  json.array([&] {
    for (const nvptx::Launch &launch : launches)
      json.object([&] {
        json.attribute("part", launch.part);
        json.attribute("kernel", launch.kernel);
        json.attribute("blocks", launch.blocks);
        json.attribute("persistent", launch.persistent);
        json.attribute("threads", launch.threads);
        json.attribute("sharedBytes", launch.sharedBytes);
        json.attributeArray("arguments", [&] {
          for (const nvptx::Argument &argument : launch.arguments)
            json.object([&] { write(json, argument); });
        });
      });
  });
}

/// The launches of a file without a plan: an array of objects, in which a
/// buffer has its name for an address.
static std::string tableOf(ArrayRef<nvptx::Launch> launches) {
  std::string text;
  llvm::raw_string_ostream os(text);
  json::OStream json(os, 1);
  write(json, launches);
  return text + "\n";
}

int main(int argc, char **argv) {
  registerPassManagerCLOptions();
  llvm::cl::ParseCommandLineOptions(argc, argv);
  DialectRegistry registry;
  registry.insert<gptc::kern::KernDialect, arith::ArithDialect,
                  math::MathDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  if (remarks) {
    std::string all = "lower-to-nvvm";
    remark::RemarkCategories categories{all, all, all, all, all};
    if (failed(remark::enableOptimizationRemarks(
            context, nullptr,
            std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
            /*printAsEmitRemarks=*/true)))
      return 1;
  }
  auto module = parseSourceFile<ModuleOp>(input, sources, &context);
  if (!module)
    return 1;
  auto program = gptc::nvptx::compile(*module);
  if (failed(program))
    return 1;
  return write(ptx, program->ptx) | write(launches, tableOf(program->launches));
}
