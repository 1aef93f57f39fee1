//===- FakeCublasLt.cpp - cuBLASLt without a GPU --------------------------===//
//
// Part of gptc, under the MIT License.
//
// A libcublasLt.so.13 with the functions that the runtime calls, for its tests,
// over the driver of FakeCuda.cpp. It multiplies nothing: it refuses what the
// real one refuses (matrices that do not fit each other, rows that reach into
// the next, codes that are not along k or not in sixteens), reads the last
// element of each operand and writes the product's, and says what it was asked.
//
// The environment steers it:
//   FAKE_CUBLASLT_FAIL=N   the N-th call fails
//   FAKE_CUDA_LOG=FILE     a line for each product
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include "runtime/cublaslt_library.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

using namespace gptc;

namespace gptc {

struct CublasLtProductOfLibrary {
  int32_t transposeFirst = 0, transposeSecond = 0;
  int8_t fast = 0;
};
/// Column-major.
struct CublasLtMatrixOfLibrary {
  CublasType type;
  uint64_t rows, columns;
  int64_t stride;
  int32_t batch = 1;
  int64_t offset = 0;

  bool isFp8() const { return type == kCublasE4m3 || type == kCublasE5m2; }
  /// Where the last element stands.
  uint64_t last() const {
    uint64_t size = type == kCublasF32 ? 4 : isFp8() ? 1 : 2;
    return size * (static_cast<uint64_t>(offset) * (batch - 1) +
                   static_cast<uint64_t>(stride) * (columns - 1) + rows) -
           1;
  }
};
struct CublasLtPreferenceOfLibrary {
  uint64_t workspace = 0;
};
struct CublasLtHandleOfLibrary {};

} // namespace gptc

static uint64_t calls = 0;
static constexpr uint64_t kAlgorithm = 0x676c61;

static uint64_t environment(const char *name) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : 0;
}

#define MAY_FAIL                                                               \
  if (++calls == environment("FAKE_CUBLASLT_FAIL"))                            \
    return kCublasInvalidValue;

static std::string describe(const CublasLtMatrixOfLibrary &matrix) {
  const char *name = matrix.type == kCublasF32    ? "f32"
                     : matrix.type == kCublasE4m3 ? "e4m3"
                     : matrix.type == kCublasE5m2 ? "e5m2"
                                                  : "bf16";
  std::string text = std::to_string(matrix.rows) + "x" +
                     std::to_string(matrix.columns) + "x" + name + " by " +
                     std::to_string(matrix.stride);
  if (matrix.batch > 1)
    text += " batch " + std::to_string(matrix.batch) + " by " +
            std::to_string(matrix.offset);
  return text;
}

/// Whether the library has such a product.
static bool isKnown(const CublasLtProductOfLibrary &product,
                    const CublasLtMatrixOfLibrary &a,
                    const CublasLtMatrixOfLibrary &b,
                    const CublasLtMatrixOfLibrary &c) {
  uint64_t k = product.transposeFirst ? a.rows : a.columns;
  if (a.isFp8() || b.isFp8())
    if (!a.isFp8() || !b.isFp8() || !product.transposeFirst ||
        product.transposeSecond || k % 16 || c.rows % 16 || a.stride % 16 ||
        b.stride % 16)
      return false;
  for (const auto *each : {&a, &b, &c})
    if (each->stride < static_cast<int64_t>(each->rows) ||
        each->batch != c.batch)
      return false;
  return (product.transposeFirst ? a.columns : a.rows) == c.rows &&
         (product.transposeSecond ? b.rows : b.columns) == c.columns &&
         (product.transposeSecond ? b.columns : b.rows) == k &&
         (c.type == kCublasF32 || c.type == kCublasBf16);
}

extern "C" {

// NOLINTBEGIN(readability-identifier-naming): the library's names

size_t cublasLtGetVersion() { return 130100; }

CublasStatus cublasLtCreate(CublasLtHandle *handle) {
  MAY_FAIL
  *handle = new CublasLtHandleOfLibrary;
  return kCublasSuccess;
}
CublasStatus cublasLtDestroy(CublasLtHandle handle) {
  delete handle;
  return kCublasSuccess;
}
CublasStatus cublasLtMatmulDescCreate(CublasLtProduct *product, int compute,
                                      CublasType scale) {
  MAY_FAIL
  *product = new CublasLtProductOfLibrary;
  return compute == kCublasComputeF32 && scale == kCublasF32
             ? kCublasSuccess
             : kCublasNotSupported;
}
CublasStatus cublasLtMatmulDescSetAttribute(CublasLtProduct product,
                                            CublasLtProductAttribute attribute,
                                            const void *value, size_t bytes) {
  MAY_FAIL
  void *place = attribute == kCublasLtTransposeFirst ? &product->transposeFirst
                : attribute == kCublasLtTransposeSecond
                    ? &product->transposeSecond
                    : static_cast<void *>(&product->fast);
  if (bytes != (attribute == kCublasLtFastSums ? 1 : 4))
    return kCublasInvalidValue;
  std::memcpy(place, value, bytes);
  return kCublasSuccess;
}
CublasStatus cublasLtMatmulDescDestroy(CublasLtProduct product) {
  delete product;
  return kCublasSuccess;
}
CublasStatus cublasLtMatrixLayoutCreate(CublasLtMatrix *matrix, CublasType type,
                                        uint64_t rows, uint64_t columns,
                                        int64_t stride) {
  MAY_FAIL
  *matrix = new CublasLtMatrixOfLibrary{type, rows, columns, stride};
  return kCublasSuccess;
}
CublasStatus cublasLtMatrixLayoutSetAttribute(CublasLtMatrix matrix,
                                              CublasLtMatrixAttribute attribute,
                                              const void *value, size_t bytes) {
  MAY_FAIL
  bool isCount = attribute == kCublasLtBatchCount;
  if (bytes != (isCount ? 4 : 8))
    return kCublasInvalidValue;
  if (isCount)
    std::memcpy(&matrix->batch, value, bytes);
  else
    std::memcpy(&matrix->offset, value, bytes);
  return kCublasSuccess;
}
CublasStatus cublasLtMatrixLayoutDestroy(CublasLtMatrix matrix) {
  delete matrix;
  return kCublasSuccess;
}
CublasStatus cublasLtMatmulPreferenceCreate(CublasLtPreference *preference) {
  MAY_FAIL
  *preference = new CublasLtPreferenceOfLibrary;
  return kCublasSuccess;
}
CublasStatus cublasLtMatmulPreferenceSetAttribute(CublasLtPreference preference,
                                                  CublasLtPreferenceAttribute,
                                                  const void *value,
                                                  size_t bytes) {
  MAY_FAIL
  if (bytes != 8)
    return kCublasInvalidValue;
  std::memcpy(&preference->workspace, value, bytes);
  return kCublasSuccess;
}
CublasStatus cublasLtMatmulPreferenceDestroy(CublasLtPreference preference) {
  delete preference;
  return kCublasSuccess;
}
CublasStatus cublasLtMatmulAlgoGetHeuristic(
    CublasLtHandle, CublasLtProduct product, CublasLtMatrix a, CublasLtMatrix b,
    CublasLtMatrix c, CublasLtMatrix d, CublasLtPreference preference, int most,
    CublasLtFound *found, int *count) {
  MAY_FAIL
  *count = 0;
  if (c != d || most < 1 || !preference->workspace)
    return kCublasInvalidValue;
  if (!isKnown(*product, *a, *b, *c))
    return kCublasNotSupported;
  *found = {};
  found->algorithm.data[0] = kAlgorithm;
  *count = 1;
  return kCublasSuccess;
}
CublasStatus
cublasLtMatmul(CublasLtHandle, CublasLtProduct product, const void *alpha,
               CUdeviceptr first, CublasLtMatrix a, CUdeviceptr second,
               CublasLtMatrix b, const void *beta, CUdeviceptr from,
               CublasLtMatrix c, CUdeviceptr to, CublasLtMatrix d,
               const CublasLtAlgorithm *algorithm, CUdeviceptr workspace,
               size_t workspaceBytes, CUstream stream) {
  MAY_FAIL
  if (algorithm->data[0] != kAlgorithm || from != to || c != d || !workspace ||
      !workspaceBytes || *static_cast<const float *>(alpha) != 1 ||
      !isKnown(*product, *a, *b, *c))
    return kCublasInvalidValue;
  if (const char *path = std::getenv("FAKE_CUDA_LOG"))
    if (std::FILE *file = std::fopen(path, "a")) {
      std::fprintf(
          file, "product %s%s, %s%s to %s%s%s\n", describe(*a).c_str(),
          product->transposeFirst ? " transposed" : "", describe(*b).c_str(),
          product->transposeSecond ? " transposed" : "", describe(*c).c_str(),
          *static_cast<const float *>(beta) != 0 ? ", added" : "",
          product->fast ? ", fast" : "");
      std::fclose(file);
    }
  uint64_t lastA = a->last(), lastB = b->last(), lastC = c->last();
  fakeCudaPut(stream, [=] {
    const auto *x = reinterpret_cast<const volatile char *>(first);
    const auto *y = reinterpret_cast<const volatile char *>(second);
    auto *z = reinterpret_cast<volatile char *>(to);
    z[lastC] = static_cast<char>(x[lastA] ^ y[lastB]);
    return true;
  });
  return kCublasSuccess;
}

// NOLINTEND(readability-identifier-naming)
}
