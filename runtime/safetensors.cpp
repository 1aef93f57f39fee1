//===- safetensors.cpp - named tensors in a file --------------------------===//
//
// Part of gptc, under the MIT License.
//
// The header is parsed as JSON and then held against the file: sorted by
// place, the tensors must tile the data exactly.
//
//===----------------------------------------------------------------------===//

#include "safetensors.h"

#include "error.h"
#include "view.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

using namespace gptc;
using Json = nlohmann::json;

/// The header's entry that describes the file, no tensor.
static constexpr char kMetadata[] = "__metadata__";
static constexpr uint64_t kLargestHeader = 100 << 20;

std::string gptc::shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

/// The header's JSON object. A name that comes twice is an error; the parser
/// alone would silently keep one of the two.
static Json parseHeader(const std::string &path, const char *text,
                        uint64_t size) {
  std::set<std::string> names;
  std::string twice;
  auto watch = [&](int depth, Json::parse_event_t event, Json &value) {
    if (event == Json::parse_event_t::key && depth == 1 &&
        !names.insert(value.get<std::string>()).second)
      twice = value.get<std::string>();
    return true;
  };
  Json header;
  try {
    header = Json::parse(text, text + size, watch);
  } catch (const Json::exception &) {
    fail("{}: its header is not valid JSON: no safetensors file", path);
  }
  if (!twice.empty())
    fail("{}: tensor '{}' is there twice", path, twice);
  if (!header.is_object())
    fail("{}: its header is no JSON object: no safetensors file", path);
  return header;
}

static Element parseElement(const std::string &place, const Json &entry) {
  const Json &dtype = entry.contains("dtype") ? entry["dtype"] : Json();
  if (!dtype.is_string())
    fail("{}: has no dtype", place);
  std::string name = dtype.get<std::string>();
  for (Element element :
       {Element::F32, Element::BF16, Element::F64, Element::I32})
    if (name == elementName(element))
      return element;
  fail("{}: unknown dtype '{}': F32, BF16, F64 and I32 are read", place, name);
}

/// Checks one entry of the header and finds its bytes in `data`.
static Tensor parseTensor(const std::string &place, const Json &entry,
                          const std::byte *data, uint64_t dataBytes) {
  if (!entry.is_object())
    fail("{}: its entry in the header is no object", place);
  Tensor tensor;
  tensor.element = parseElement(place, entry);
  if (!entry.contains("shape") || !entry["shape"].is_array())
    fail("{}: has no shape", place);
  uint64_t bytes = elementBytes(tensor.element);
  bool tooLarge = false, empty = false;
  for (const Json &size : entry["shape"]) {
    if (!size.is_number_unsigned() || size.get<uint64_t>() >> 62)
      fail("{}: its shape holds something else than sizes", place);
    tensor.shape.push_back(size.get<int64_t>());
    empty |= tensor.shape.back() == 0;
    uint64_t previous = bytes;
    tooLarge |= __builtin_mul_overflow(previous, size.get<uint64_t>(), &bytes);
  }
  if (empty)
    bytes = 0;
  else if (tooLarge)
    fail("{}: shape {} is too large", place, shapeText(tensor.shape));
  const Json &offsets =
      entry.contains("data_offsets") ? entry["data_offsets"] : Json();
  if (!offsets.is_array() || offsets.size() != 2 ||
      !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
    fail("{}: has no data_offsets", place);
  uint64_t begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  if (begin > end || end > dataBytes)
    fail(
        "{}: its data_offsets [{}, {}] lie outside the file's {} bytes of data",
        place, begin, end, dataBytes);
  if (end - begin != bytes)
    fail("{}: shape {} of {} takes {} bytes, its data_offsets hold {}", place,
         shapeText(tensor.shape), elementName(tensor.element), bytes,
         end - begin);
  tensor.data = data + begin;
  tensor.bytes = bytes;
  return tensor;
}

/// The tensors must follow each other without overlap or gap, to the end.
static void checkTiling(const std::string &path,
                        const std::map<std::string, Tensor> &table,
                        const std::byte *data, uint64_t dataBytes) {
  std::vector<std::pair<const std::string *, const Tensor *>> order;
  order.reserve(table.size());
  for (const auto &[name, tensor] : table)
    order.emplace_back(&name, &tensor);
  std::sort(order.begin(), order.end(), [](auto &a, auto &b) {
    return std::make_pair(a.second->data, a.second->bytes) <
           std::make_pair(b.second->data, b.second->bytes);
  });
  const std::byte *next = data;
  for (auto [name, tensor] : order) {
    if (tensor->data != next)
      fail("{}: tensor '{}' {}", path, name->c_str(),
           tensor->data < next ? "overlaps another one"
                               : "leaves a gap before it");
    next += tensor->bytes;
  }
  if (next != data + dataBytes)
    fail("{}: {} bytes behind the last tensor", path, data + dataBytes - next);
}

static std::map<std::string, std::string> parseMetadata(const std::string &path,
                                                        const Json &entry) {
  auto isText = [](const Json &value) { return value.is_string(); };
  if (!entry.is_object() || !std::all_of(entry.begin(), entry.end(), isText))
    fail("{}: its {} is no object of texts", path, kMetadata);
  std::map<std::string, std::string> notes;
  for (auto at = entry.begin(); at != entry.end(); ++at)
    notes[at.key()] = at->get<std::string>();
  return notes;
}

TensorFile::TensorFile(const std::string &path) : file(path) {
  uint64_t headerBytes = 0;
  if (file.size() < sizeof(headerBytes))
    fail("{}: {}: no safetensors file", path,
         file.size() ? "shorter than a header" : "the file is empty");
  std::memcpy(&headerBytes, file.data(), sizeof(headerBytes));
  uint64_t rest = file.size() - sizeof(headerBytes);
  if (headerBytes > rest || headerBytes > kLargestHeader)
    fail("{}: a header of {} bytes in a file of {}: truncated, or no "
         "safetensors file",
         path, headerBytes, file.size());
  const std::byte *start = file.data() + sizeof(headerBytes);
  Json header =
      parseHeader(path, reinterpret_cast<const char *>(start), headerBytes);
  const std::byte *data = start + headerBytes;
  for (const auto &[name, entry] : header.items()) {
    if (name == kMetadata) {
      notes = parseMetadata(path, entry);
      continue;
    }
    std::string place = formatText("{}: tensor '{}'", path, name);
    table.emplace(name, parseTensor(place, entry, data, rest - headerBytes));
  }
  checkTiling(path, table, data, rest - headerBytes);
}

const Tensor *TensorFile::find(const std::string &name) const {
  auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

static uint64_t byteCount(const NamedTensor &tensor) {
  uint64_t bytes = elementBytes(tensor.element);
  for (int64_t size : tensor.shape)
    bytes *= static_cast<uint64_t>(size);
  return bytes;
}

static void writeZeros(OutputFile &file, uint64_t bytes) {
  static const char zeros[1 << 16] = {};
  for (; bytes > sizeof(zeros); bytes -= sizeof(zeros))
    file.write(zeros, sizeof(zeros));
  file.write(zeros, bytes);
}

void gptc::writeTensorFile(const std::string &path,
                           const std::vector<NamedTensor> &tensors,
                           const std::map<std::string, std::string> &metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty())
    header[kMetadata] = metadata;
  uint64_t offset = 0;
  for (const NamedTensor &tensor : tensors) {
    uint64_t end = offset + byteCount(tensor);
    header[tensor.name] = {{"dtype", elementName(tensor.element)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // The data starts aligned.
  uint64_t headerBytes = text.size();
  OutputFile file(path);
  file.write(&headerBytes, sizeof(headerBytes));
  file.write(text.data(), text.size());
  std::vector<std::byte> storage;
  for (const NamedTensor &tensor : tensors) {
    if (tensor.data)
      file.write(tensor.data(storage), byteCount(tensor));
    else
      writeZeros(file, byteCount(tensor));
  }
  file.commit();
}
