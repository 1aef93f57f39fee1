//===- cuda_products.h - contractions by a library --------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// The products of a program's contractions by cuBLASLt, on the same operands
// where they stand, without what the program does with a product: each goes to
// memory of its own. FP8 is multiplied along k alone: an operand that stands
// the other way is read as if it were turned, which costs the library nothing.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUDA_PRODUCTS_H
#define GPTC_RUNTIME_CUDA_PRODUCTS_H

#include "cublaslt_library.h"
#include "cuda_driver.h"
#include "program.h"

#include <map>
#include <optional>

namespace gptc {

class CudaProducts {
public:
  /// Throws an `Error` as `CublasLtLibrary` does.
  CudaProducts(const CudaDriver &driver, const std::string &path);
  ~CudaProducts();

  const CublasLtLibrary &ownLibrary() const { return library; }

  /// Puts the product of two operands on the stream, by the algorithm that the
  /// library proposes first; false if it has none.
  bool run(const Contraction &contraction, CUdeviceptr a, CUdeviceptr b,
           CUstream stream);

private:
  /// A product as the library knows it: of its first operand, which is b, its
  /// second, a, and the product.
  struct Plan {
    CublasLtProduct product = nullptr;
    CublasLtMatrix first = nullptr, second = nullptr, out = nullptr;
    std::optional<CublasLtAlgorithm> algorithm;
  };
  Plan plan(const Contraction &contraction);
  CublasLtMatrix matrix(const Operand &operand, int64_t rows, int64_t k,
                        int64_t batch);
  CublasLtMatrix layout(Element element, int64_t rows, int64_t columns,
                        int64_t stride, int64_t batch);
  void makeRoom(uint64_t bytes, CUstream stream);

  const CudaDriver &driver;
  CublasLtLibrary library;
  CublasLtHandle handle = nullptr;
  std::map<uint32_t, Plan> plans; ///< by op
  CUdeviceptr workspace = 0, room = 0;
  uint64_t roomBytes = 0;
};

} // namespace gptc

#endif // GPTC_RUNTIME_CUDA_PRODUCTS_H
