//===- LowerToNvvm.cpp - one function a kernel, one launch an op ----------===//
//
// Part of gptc, under the MIT License.
//
// Idea: a model has a dozen layers and hundreds of parts' ops, and few things
// to compute. Builds the kernel of every op of the parts that is not as another
// one was (KernelKey.h), and keeps one of those that are equal but for their
// name: T is an argument, so a layer's kernels serve all layers and all sizes
// of a micro-batch. Then kernels that differ in constants become one.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/ConstantArguments.h"
#include "compiler/targets/nvptx/JoinedPrograms.h"
#include "compiler/targets/nvptx/Kernel.h"
#include "compiler/targets/nvptx/KernelEquality.h"
#include "compiler/targets/nvptx/KernelKey.h"
#include "compiler/targets/nvptx/NvptxPasses.h"
#include "compiler/targets/nvptx/RowTeam.h"
#include "dialect/KernKernels.h"
#include "dialect/kern/LoadIndexOp.h.inc"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"
#include <map>

namespace gptc {
#define GEN_PASS_DEF_LOWERTONVVM
#include "compiler/targets/nvptx/NvptxPasses.h.inc"
} // namespace gptc

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

namespace {

class Lowering {
public:
  Lowering(ModuleOp module, ModuleOp kernels, Program &program)
      : joined(module), kernels(kernels), program(program) {}

  /// The launch of an op, and its kernel if no other has it.
  template <typename OpT>
  void add(kern::PartOp part, OpT op,
           FailureOr<LLVM::LLVMFuncOp> (*build)(OpT, ModuleOp,
                                                llvm::SetVector<Value> &,
                                                Launch &)) {
    KernelKey key(op);
    auto known = byKey.find(key.key);
    Launch launch;
    if (known != byKey.end()) {
      launch = again(known->second, key);
    } else {
      auto form = joined.formOf(op);
      auto function = build(form ? cast<OpT>(form->op) : op, kernels,
                            program.numbers, launch);
      if (form)
        takeInstead(launch, *form);
      if (failed(function)) {
        ok = false;
        return;
      }
      launch.kernel = keep(*function, op);
      byKey.insert({key.key, {key.outside, launch}});
    }
    launch.op = op;
    launch.part = part.getSymName().str();
    program.launches.push_back(std::move(launch));
  }

  /// Behind the last op: makes one kernel of those that differ in constants.
  void share() { shared = shareConstants(kernels, program); }

  void remark(Location loc) {
    remark::analysis(
        loc, remark::RemarkOpts::name("kernels").category("lower-to-nvvm"))
        << remark::metric("launches", program.launches.size())
        << remark::metric("built", byKey.size()) << remark::metric("kept", kept)
        << remark::metric("shared", shared);
  }

  bool ok = true;

private:
  /// What was built for the first op of a key.
  struct Built {
    llvm::SetVector<Value> outside;
    Launch launch;
  };

  /// Gives a launch what its op has in place of what it lacks.
  void takeInstead(Launch &launch, JoinedPrograms::Form &form) {
    for (Argument &argument : launch.arguments)
      if (Value at = form.instead.lookup(argument.source))
        argument = describeAs(argument, at);
    form.erase();
  }

  /// The argument for another buffer.
  static Argument describeAs(const Argument &argument, Value source) {
    Argument buffer = describe(source);
    buffer.kind = argument.kind;
    buffer.boxRows = argument.boxRows;
    return buffer;
  }

  /// The launch that the builder would make of another op of the key.
  Launch again(const Built &first, const KernelKey &key) {
    Launch launch = first.launch;
    for (Argument &argument : launch.arguments) {
      if (!argument.source)
        continue;
      auto at = llvm::find(first.outside, argument.source);
      Value source = key.outside[at - first.outside.begin()];
      if (argument.kind == Argument::Kind::Value) {
        argument.value = placeOf(source, program.numbers);
        argument.source = source;
        continue;
      }
      argument = describeAs(argument, source);
    }
    return launch;
  }

  /// The name of the kernel, which is kept if it equals none.
  template <typename OpT> std::string keep(LLVM::LLVMFuncOp function, OpT op) {
    auto &alike = byDigest[digestOf(function)];
    for (LLVM::LLVMFuncOp kept : alike)
      if (areEqual(kept, function)) {
        function->erase();
        return kept.getSymName().str();
      }
    alike.push_back(function);
    ++kept;
    function.setSymName(nameOf(op.getName(), op.getLoc(), taken));
    return function.getSymName().str();
  }

  JoinedPrograms joined;
  ModuleOp kernels;
  Program &program;
  std::map<std::vector<const void *>, Built> byKey;
  std::map<size_t, SmallVector<LLVM::LLVMFuncOp, 1>> byDigest;
  unsigned kept = 0, shared = 0;
  llvm::StringMap<int> taken;
};

} // namespace

/// Gives each index of a row program a view of its own, as if targets at other
/// rows were other matrices: they are where a vocabulary's loss takes some rows
/// of a batch alone.
static void separateIndices(kern::RowsOp op) {
  llvm::DenseSet<Value> known;
  for (auto load : op.getBody().getOps<kern::LoadIndexOp>()) {
    Value buffer = load.getBuffer();
    if (known.insert(buffer).second)
      continue;
    OpBuilder b(op);
    load.getBufferMutable().assign(kern::ViewOp::create(
        b, load.getLoc(), buffer.getType(), kern::rootOf(buffer).getY()));
  }
}

/// Builds the kernels of a part's ops.
static void lower(kern::PartOp part, Lowering &lowering) {
  // Forms stand in front of their ops for a while.
  for (Operation &op : llvm::make_early_inc_range(part.getBody().front())) {
    auto built = [&](auto build) {
      return [&, build](auto kernel) { lowering.add(part, kernel, build); };
    };
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](kern::ContractOp contract) {
          remarkOnCores(contract);
          lowering.add(part, contract, buildContract);
        })
        .Case([&](kern::RowsOp rows) {
          lowering.add(part, rows, isFill(rows) ? buildFill : buildRows);
        })
        .Case<kern::TransposeOp>(built(buildTranspose))
        .Case<kern::FinishOp>(built(buildFinish))
        .Case<kern::SegmentsOp>(built(buildSegments))
        .Case<kern::FinishSegmentsOp>(built(buildFinishSegments))
        .Case<kern::AttentionOp>(built(buildAttention))
        .Case<kern::AttentionBackwardOp>(built(buildAttentionBackward))
        .Default([&](Operation *op) {
          if (isPure(op) || kern::isCollective(op))
            return;
          op->emitOpError("is no kernel");
          lowering.ok = false;
        });
  }
}

namespace {

struct LowerToNvvm : gptc::impl::LowerToNvvmBase<LowerToNvvm> {
  explicit LowerToNvvm(Program *program = nullptr) : program(program) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<kern::PartOp> parts;
    module.walk([&](kern::PartOp part) { parts.push_back(part); });
    module.walk(separateIndices);
    joinWidths(module);
    auto builder = OpBuilder::atBlockEnd(module.getBody());
    auto kernels = ModuleOp::create(builder, module.getLoc(), kKernelsModule);
    Program unread;
    Lowering lowering(module, kernels, program ? *program : unread);
    for (kern::PartOp part : parts)
      lower(part, lowering);
    if (!lowering.ok)
      return signalPassFailure();
    lowering.share();
    lowering.remark(module.getLoc());
  }

private:
  Program *program;
};

} // namespace

std::unique_ptr<Pass> gptc::nvptx::createLowerToNvvmPass(Program &program) {
  return std::make_unique<LowerToNvvm>(&program);
}
