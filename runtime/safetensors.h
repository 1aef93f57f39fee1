//===- safetensors.h - named tensors in a file ------------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The safetensors format: a 64-bit little-endian header size, a JSON header
// that gives every tensor's dtype, shape and place, and the tensors' bytes.
// The reader refuses everything that the format does not allow; the writer
// makes files that appear complete or not at all.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_SAFETENSORS_H
#define GPTC_RUNTIME_SAFETENSORS_H

#include "files.h"
#include "program.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gptc {

/// A tensor of an open file.
struct Tensor {
  Element element;
  std::vector<int64_t> shape;
  const std::byte *data; ///< maybe unaligned; lives as long as its file
  uint64_t bytes;
};

/// `[50304, 768]`
std::string shapeText(const std::vector<int64_t> &shape);

/// A safetensors file, checked whole on construction.
class TensorFile {
public:
  /// Throws an `Error` for a file that is no safetensors file: a wrong header
  /// size, a header that is no such JSON, a name twice, a dtype other than F32,
  /// BF16, F64 and I32, sizes that differ from the shape, tensors that overlap,
  /// leave gaps or end elsewhere than the file, metadata other than texts.
  explicit TensorFile(const std::string &path);

  const std::string &path() const { return file.path(); }
  /// What the file says of itself: texts by name, empty in most files.
  const std::map<std::string, std::string> &metadata() const { return notes; }
  /// All tensors, by name.
  const std::map<std::string, Tensor> &tensors() const { return table; }
  /// Null if there is none of that name.
  const Tensor *find(const std::string &name) const;

private:
  MappedFile file;
  std::map<std::string, Tensor> table;
  std::map<std::string, std::string> notes;
};

/// A tensor to be written.
struct NamedTensor {
  std::string name;
  Element element;
  std::vector<int64_t> shape;
  /// Asked when the tensor is written: its bytes, where they are or copied to
  /// `storage`; none: zeros.
  std::function<const void *(std::vector<std::byte> &storage)> data;
};

/// The data of a tensor that stands in memory.
inline std::function<const void *(std::vector<std::byte> &)>
inMemory(const void *data) {
  return [data](std::vector<std::byte> &) { return data; };
}

/// Writes `tensors` in the given order, one after the other. Throws an `Error`
/// on failure, and then leaves nothing behind.
void writeTensorFile(const std::string &path,
                     const std::vector<NamedTensor> &tensors,
                     const std::map<std::string, std::string> &metadata = {});

} // namespace gptc

#endif // GPTC_RUNTIME_SAFETENSORS_H
