//===- Shape.cpp - shapes with named dimensions ---------------------------===//
//
// Part of gptc, under the MIT License.
//
// A shape is a builtin tensor type. While dimensions have names, the sizes are
// dynamic and the names stand in the encoding; once all are numbers there is no
// encoding, so equal shapes are equal types.
//
//===----------------------------------------------------------------------===//

#include "dialect/Gpt.h"
#include "dialect/GptAttrs.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace gptc::gpt {

Type makeShape(Attrs dims, Type element) {
  SmallVector<Attribute> all;
  SmallVector<int64_t> sizes;
  bool named = false;
  for (Attribute d : dims) {
    all.push_back(substitute(d, [](StringRef) { return Attribute(); }));
    int64_t size = integer(all.back()).value_or(-1);
    named |= size < 0;
    sizes.push_back(size < 0 ? ShapedType::kDynamic : size);
  }
  return RankedTensorType::get(
      sizes, element,
      named ? Attribute(DimsAttr::get(element.getContext(), all))
            : Attribute());
}

SmallVector<Attribute> dimsOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (auto d = dyn_cast_or_null<DimsAttr>(tensor.getEncoding()))
    return SmallVector<Attribute>(d.getDims());
  Builder b(type.getContext());
  SmallVector<Attribute> dims;
  for (int64_t size : tensor.getShape())
    dims.push_back(b.getI64IntegerAttr(size));
  return dims;
}

std::string text(Type type) {
  std::string s;
  llvm::raw_string_ostream os(s);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor) {
    if (type.isF64())
      return "a number";
    os << type;
    return s;
  }
  os << "[";
  llvm::interleaveComma(dimsOf(type), os,
                        [&](Attribute d) { os << text(d, /*signs=*/true); });
  os << "]";
  if (!tensor.getElementType().isBF16())
    os << " " << tensor.getElementType();
  return s;
}

Attribute lookup(ArrayAttr args, StringRef name) {
  for (size_t i = 0; i + 1 < args.size(); i += 2)
    if (auto s = dyn_cast<StringAttr>(args[i]); s && s.getValue() == name)
      return args[i + 1];
  return {};
}

std::string nearest(StringRef name, ArrayRef<StringRef> all) {
  // A short name is near to any other short name: less may differ in it.
  size_t length = name.ltrim('%').size();
  unsigned distance = length < 2 ? 1 : length < 4 ? 2 : length < 9 ? 3 : 4;
  StringRef best;
  for (StringRef s : all) {
    unsigned d = s.equals_insensitive(name) ? 0 : name.edit_distance(s);
    if (d < distance) {
      distance = d;
      best = s;
    }
  }
  // Or one is the beginning of the other: modulo, mod.
  for (StringRef s : all)
    if (best.empty() && std::min(s.ltrim('%').size(), length) > 2 &&
        (s.starts_with(name) || name.starts_with(s)))
      best = s;
  return best.empty() ? "" : ("; did you mean '" + best + "'?").str();
}

} // namespace gptc::gpt
