//===- cublaslt_library.h - cuBLASLt, opened at run time --------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// A yardstick for contractions, which only a bench that asks for it opens. What
// is used of its interface is declared here; it has been the same since CUDA
// 12. Its matrices are column-major: a row-major one is its transposed there.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_CUBLASLT_LIBRARY_H
#define GPTC_RUNTIME_CUBLASLT_LIBRARY_H

#include <cstddef>
#include <cstdint>
#include <cuda.h>
#include <memory>
#include <string>

namespace gptc {

enum CublasStatus : int {
  kCublasSuccess = 0,
  kCublasInvalidValue = 7,
  kCublasNotSupported = 15,
};

enum CublasType : int {
  kCublasF32 = 0,
  kCublasBf16 = 14,
  kCublasE4m3 = 28,
  kCublasE5m2 = 29,
};

/// Of a product: sums in f32.
constexpr int kCublasComputeF32 = 68;

enum CublasLtProductAttribute : int {
  kCublasLtTransposeFirst = 3,
  kCublasLtTransposeSecond = 4,
  kCublasLtFastSums = 25, ///< of FP8, in the tensor cores' accumulators
};
enum CublasLtMatrixAttribute : int {
  kCublasLtBatchCount = 5,
  kCublasLtBatchOffset = 6,
};
enum CublasLtPreferenceAttribute : int { kCublasLtWorkspaceBytes = 1 };

struct CublasLtAlgorithm {
  uint64_t data[8];
};

/// An algorithm that the library proposes.
struct CublasLtFound {
  CublasLtAlgorithm algorithm;
  size_t workspaceBytes;
  CublasStatus status;
  float waves;
  int reserved[4];
};

using CublasLtHandle = struct CublasLtHandleOfLibrary *;
using CublasLtProduct = struct CublasLtProductOfLibrary *;
using CublasLtMatrix = struct CublasLtMatrixOfLibrary *;
using CublasLtPreference = struct CublasLtPreferenceOfLibrary *;

#define GPTC_CUBLASLT_FUNCTIONS(FUNCTION)                                      \
  FUNCTION(cublasLtCreate, CublasLtHandle *)                                   \
  FUNCTION(cublasLtDestroy, CublasLtHandle)                                    \
  FUNCTION(cublasLtMatmulDescCreate, CublasLtProduct *, int, CublasType)       \
  FUNCTION(cublasLtMatmulDescSetAttribute, CublasLtProduct,                    \
           CublasLtProductAttribute, const void *, size_t)                     \
  FUNCTION(cublasLtMatmulDescDestroy, CublasLtProduct)                         \
  FUNCTION(cublasLtMatrixLayoutCreate, CublasLtMatrix *, CublasType, uint64_t, \
           uint64_t, int64_t)                                                  \
  FUNCTION(cublasLtMatrixLayoutSetAttribute, CublasLtMatrix,                   \
           CublasLtMatrixAttribute, const void *, size_t)                      \
  FUNCTION(cublasLtMatrixLayoutDestroy, CublasLtMatrix)                        \
  FUNCTION(cublasLtMatmulPreferenceCreate, CublasLtPreference *)               \
  FUNCTION(cublasLtMatmulPreferenceSetAttribute, CublasLtPreference,           \
           CublasLtPreferenceAttribute, const void *, size_t)                  \
  FUNCTION(cublasLtMatmulPreferenceDestroy, CublasLtPreference)                \
  FUNCTION(cublasLtMatmulAlgoGetHeuristic, CublasLtHandle, CublasLtProduct,    \
           CublasLtMatrix, CublasLtMatrix, CublasLtMatrix, CublasLtMatrix,     \
           CublasLtPreference, int, CublasLtFound *, int *)                    \
  FUNCTION(cublasLtMatmul, CublasLtHandle, CublasLtProduct, const void *,      \
           CUdeviceptr, CublasLtMatrix, CUdeviceptr, CublasLtMatrix,           \
           const void *, CUdeviceptr, CublasLtMatrix, CUdeviceptr,             \
           CublasLtMatrix, const CublasLtAlgorithm *, CUdeviceptr, size_t,     \
           CUstream)

class CublasLtLibrary {
public:
  /// Opens libcublasLt.so.13 or .12: `path`, a file or a folder that has it,
  /// else that of CUDA_HOME, else the loader's. Throws an `Error` where there
  /// is none or it lacks a function.
  explicit CublasLtLibrary(const std::string &path);

  /// `cublasLtMatmulFunction` and so on.
#define GPTC_CUBLASLT_MEMBER(NAME, ...)                                        \
  CublasStatus (*NAME##Function)(__VA_ARGS__) = nullptr;
  GPTC_CUBLASLT_FUNCTIONS(GPTC_CUBLASLT_MEMBER)
#undef GPTC_CUBLASLT_MEMBER

  /// "13.1.0"
  const std::string &version() const { return text; }

  /// Throws an `Error` for any status but success.
  void check(CublasStatus status, const char *function) const;

private:
  struct Close {
    void operator()(void *library) const;
  };
  std::unique_ptr<void, Close> library;
  std::string text;
};

/// `GPTC_CUBLASLT(library, cublasLtCreate, &handle)`.
#define GPTC_CUBLASLT(LIBRARY, NAME, ...)                                      \
  (LIBRARY).check((LIBRARY).NAME##Function(__VA_ARGS__), #NAME)

} // namespace gptc

#endif // GPTC_RUNTIME_CUBLASLT_LIBRARY_H
