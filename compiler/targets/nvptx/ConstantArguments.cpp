//===- ConstantArguments.cpp - kernels that differ in constants -----------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/targets/nvptx/ConstantArguments.h"
#include "compiler/targets/nvptx/KernelEquality.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include <map>

using namespace mlir;
using namespace gptc;
using namespace gptc::nvptx;

/// The f32 that an op gives, alone or in every element; none for other ops.
static std::optional<APFloat> numberOf(arith::ConstantOp constant) {
  if (!getElementTypeOrSelf(constant.getType()).isF32())
    return std::nullopt;
  if (auto one = dyn_cast<FloatAttr>(constant.getValue()))
    return one.getValue();
  auto many = dyn_cast<SplatElementsAttr>(constant.getValue());
  if (!many)
    return std::nullopt;
  return many.getSplatValue<APFloat>();
}

static TypedAttr attributeOf(Type type, const APFloat &number) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return DenseElementsAttr::get(shaped, number);
  return FloatAttr::get(type, number);
}

/// Whether the code of a constant's one user depends on which number it is.
static bool isFolded(arith::ConstantOp constant, const APFloat &number) {
  Operation *user = *constant->user_begin();
  // A product with 1 is cheap enough to be one with another factor.
  if (number.isExactlyValue(1) && isa<arith::MulFOp>(user))
    return false;
  return (number.isZero() || number.isExactlyValue(1) ||
          number.isExactlyValue(-1)) &&
         isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             LLVM::FMAOp>(user);
}

/// Gives every use of an f32 constant its own, before its user, so that one
/// kernel has as many as another whose numbers are not the same by chance.
static void splitConstants(LLVM::LLVMFuncOp function) {
  SmallVector<arith::ConstantOp> constants;
  function.walk([&](arith::ConstantOp constant) {
    if (numberOf(constant))
      constants.push_back(constant);
  });
  for (arith::ConstantOp constant : constants) {
    for (OpOperand &use : llvm::make_early_inc_range(constant->getUses()))
      use.set(OpBuilder(use.getOwner()).clone(*constant)->getResult(0));
    constant.erase();
  }
}

namespace {

/// A kernel and those of its constants that may be arguments, in its order.
struct Candidate {
  LLVM::LLVMFuncOp function;
  SmallVector<arith::ConstantOp> constants;
  SmallVector<APFloat> numbers;

  explicit Candidate(LLVM::LLVMFuncOp function) : function(function) {
    splitConstants(function);
    function.walk([&](arith::ConstantOp constant) {
      std::optional<APFloat> number = numberOf(constant);
      if (!number || isFolded(constant, *number))
        return;
      constants.push_back(constant);
      numbers.push_back(*number);
    });
  }

  /// Writes one number into all constants, so that they do not tell kernels
  /// apart, or gives each its own again.
  void blank() {
    for (arith::ConstantOp constant : constants)
      constant.setValueAttr(attributeOf(
          constant.getType(), APFloat::getNaN(APFloat::IEEEsingle())));
  }
  void restore() {
    for (auto [constant, number] : llvm::zip_equal(constants, numbers))
      constant.setValueAttr(attributeOf(constant.getType(), number));
  }
};

using Alike = SmallVector<Candidate *, 1>;

} // namespace

/// What an argument is in the launches of each kernel of a group.
static std::vector<uint32_t> bitsOf(const Alike &alike, size_t constant) {
  std::vector<uint32_t> bits;
  for (const Candidate *one : alike)
    bits.push_back(
        uint32_t(one->numbers[constant].bitcastToAPInt().getZExtValue()));
  return bits;
}

/// Gives the first kernel of a group an argument for every constant in which
/// the others differ; constants that are the same in all of them share one.
static std::vector<std::vector<uint32_t>> addArguments(const Alike &alike) {
  LLVM::LLVMFuncOp function = alike.front()->function;
  Block &entry = function.getBody().front();
  llvm::MapVector<std::vector<uint32_t>, Value,
                  std::map<std::vector<uint32_t>, unsigned>>
      arguments;
  for (auto [i, constant] : llvm::enumerate(alike.front()->constants)) {
    std::vector<uint32_t> bits = bitsOf(alike, i);
    if (llvm::all_equal(bits))
      continue;
    Value &argument = arguments[bits];
    if (!argument)
      argument = entry.addArgument(Float32Type::get(function.getContext()),
                                   function.getLoc());
    OpBuilder b(constant);
    Value value = argument;
    if (isa<VectorType>(constant.getType()))
      value = vector::BroadcastOp::create(b, constant.getLoc(),
                                          constant.getType(), argument);
    constant.replaceAllUsesWith(value);
    constant.erase();
  }
  auto none = LLVM::LLVMVoidType::get(function.getContext());
  function.setFunctionType(LLVM::LLVMFunctionType::get(
      none, SmallVector<Type>(entry.getArgumentTypes())));
  if (ArrayAttr of = function.getArgAttrsAttr()) {
    SmallVector<Attribute> attributes(of.getValue());
    attributes.resize(entry.getNumArguments(),
                      DictionaryAttr::get(function.getContext()));
    function.setArgAttrsAttr(ArrayAttr::get(function.getContext(), attributes));
  }
  auto bits = llvm::make_first_range(arguments);
  return {bits.begin(), bits.end()};
}

unsigned gptc::nvptx::shareConstants(ModuleOp kernels, Program &program) {
  std::vector<Candidate> candidates;
  for (auto function : kernels.getOps<LLVM::LLVMFuncOp>())
    candidates.emplace_back(function);
  for (Candidate &candidate : candidates)
    candidate.blank();
  std::vector<Alike> groups;
  std::map<size_t, SmallVector<size_t, 1>> byDigest;
  for (Candidate &candidate : candidates) {
    auto &known = byDigest[digestOf(candidate.function)];
    auto *group = llvm::find_if(known, [&](size_t i) {
      return areEqual(groups[i].front()->function, candidate.function);
    });
    if (group != known.end()) {
      groups[*group].push_back(&candidate);
      continue;
    }
    known.push_back(groups.size());
    groups.push_back({&candidate});
  }
  for (Candidate &candidate : candidates)
    candidate.restore();

  llvm::StringMap<SmallVector<Launch *>> launches;
  for (Launch &launch : program.launches)
    launches[launch.kernel].push_back(&launch);
  unsigned gone = 0;
  for (const Alike &alike : groups) {
    if (alike.size() == 1)
      continue;
    std::vector<std::vector<uint32_t>> arguments = addArguments(alike);
    std::string name = alike.front()->function.getSymName().str();
    for (auto [i, one] : llvm::enumerate(alike)) {
      for (Launch *launch : launches[one->function.getSymName()]) {
        launch->kernel = name;
        for (const std::vector<uint32_t> &bits : arguments) {
          Argument argument;
          argument.value = bits[i];
          launch->arguments.push_back(std::move(argument));
        }
      }
      if (i > 0) {
        one->function.erase();
        ++gone;
      }
    }
  }
  return gone;
}
