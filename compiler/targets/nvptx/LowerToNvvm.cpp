//===- LowerToNvvm.cpp - one function a kernel, one launch an op ----------===//
//
// Part of gptc, under the MIT License.
//
// Builds the kernel of every op of the parts and keeps one of those that are
// equal but for their name: T is an argument, so a layer's kernels serve all
// layers and all sizes of a micro-batch.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/Kernel.h"
#include "dialect/KernKernels.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// A name for profilers: what it computes, and where the model says so. Kernels
/// of a model file carry their place in the name already.
static std::string nameOf(StringRef kernel, Location loc,
                          llvm::StringMap<int> &taken) {
  auto clean = [](StringRef text) {
    std::string name;
    for (char c : text)
      name += llvm::isAlnum(c) ? c : '_';
    return name;
  };
  std::string name = clean(kernel);
  if (auto place = loc->findInstanceOf<FileLineColLoc>()) {
    std::string suffix =
        '_' + clean(llvm::sys::path::stem(place.getFilename().getValue())) +
        '_' + std::to_string(place.getLine());
    if (!kernel.contains('.'))
      name += suffix;
  }
  if (name.empty() || llvm::isDigit(name[0]))
    name.insert(0, "k");
  int count = ++taken[name];
  return count == 1 ? name : name + '_' + std::to_string(count);
}

OwningOpRef<ModuleOp> gptc::nvptx::lowerToNvvm(ModuleOp module,
                                               ArrayRef<StringRef> parts,
                                               Program &program) {
  MLIRContext *context = module.getContext();
  context->loadDialect<arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                       vector::VectorDialect, LLVM::LLVMDialect,
                       NVVM::NVVMDialect>();
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  llvm::StringMap<std::string> byText;
  llvm::StringMap<int> taken;
  bool ok = true;
  auto add = [&](kern::PartOp part, StringRef name, Operation &op,
                 FailureOr<LLVM::LLVMFuncOp> function, Launch &launch) {
    if (failed(function)) {
      ok = false;
      return;
    }
    std::string text;
    llvm::raw_string_ostream os(text);
    function->print(os,
                    OpPrintingFlags().enableDebugInfo(false).useLocalScope());
    std::string &kernel = byText[text];
    if (kernel.empty()) {
      kernel = nameOf(name, op.getLoc(), taken);
      function->setSymName(kernel);
    } else {
      function->erase();
    }
    launch.part = part.getSymName().str();
    launch.kernel = kernel;
    program.launches.push_back(std::move(launch));
  };
  module.walk([&](kern::PartOp part) {
    if (!parts.empty() && !llvm::is_contained(parts, part.getSymName()))
      return;
    for (Operation &op : part.getBody().front()) {
      Launch launch;
      auto built = [&](auto build) {
        return [&, build](auto kernel) {
          add(part, kernel.getName(), op,
              build(kernel, *kernels, program.numbers, launch), launch);
        };
      };
      llvm::TypeSwitch<Operation *>(&op)
          .Case<kern::ContractOp>(built(buildContract))
          .Case<kern::RowsOp>(built(buildRows))
          .Case<kern::TransposeOp>(built(buildTranspose))
          .Case<kern::FinishOp>(built(buildFinish))
          .Case<kern::SegmentsOp>(built(buildSegments))
          .Case<kern::AttentionOp>(built(buildAttention))
          .Case<kern::AttentionBackwardOp>(built(buildAttentionBackward))
          .Default([&](Operation *op) {
            if (isPure(op))
              return;
            op->emitOpError("is no kernel");
            ok = false;
          });
    }
  });
  if (!ok)
    return {};
  return kernels;
}
