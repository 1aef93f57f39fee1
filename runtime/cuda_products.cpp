//===- cuda_products.cpp - contractions by a library ----------------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "cuda_products.h"

#include "error.h"
#include "view.h"

using namespace gptc;

static constexpr uint64_t kWorkspaceBytes = 64 << 20;

static CublasType typeOf(Element element) {
  switch (element) {
  case Element::BF16:
    return kCublasBf16;
  case Element::E4M3:
    return kCublasE4m3;
  case Element::E5M2:
    return kCublasE5m2;
  default:
    return kCublasF32;
  }
}

static bool isFp8(const Operand &operand) {
  return operand.element == Element::E4M3 || operand.element == Element::E5M2;
}

/// Whether the library sees rows of k: it takes codes in no other way.
static bool isTurned(const Operand &operand) {
  return operand.transposed && !isFp8(operand);
}

CudaProducts::CudaProducts(const CudaDriver &driver, const std::string &path)
    : driver(driver), library(path) {
  GPTC_CUBLASLT(library, cublasLtCreate, &handle);
  GPTC_CUDA(driver, cuMemAlloc, &workspace, kWorkspaceBytes);
}

CudaProducts::~CudaProducts() {
  for (auto &[op, plan] : plans) {
    for (CublasLtMatrix matrix : {plan.first, plan.second, plan.out})
      library.cublasLtMatrixLayoutDestroyFunction(matrix);
    library.cublasLtMatmulDescDestroyFunction(plan.product);
  }
  for (CUdeviceptr memory : {workspace, room})
    if (memory)
      driver.cuMemFreeFunction(memory);
  library.cublasLtDestroyFunction(handle);
}

/// A row-major matrix, as the column-major one that it is.
CublasLtMatrix CudaProducts::layout(Element element, int64_t rows,
                                    int64_t columns, int64_t stride,
                                    int64_t batch) {
  CublasLtMatrix made = nullptr;
  GPTC_CUBLASLT(library, cublasLtMatrixLayoutCreate, &made, typeOf(element),
                static_cast<uint64_t>(columns), static_cast<uint64_t>(rows),
                stride);
  if (batch > 1) {
    auto count = static_cast<int32_t>(batch);
    int64_t offset = rows * stride;
    GPTC_CUBLASLT(library, cublasLtMatrixLayoutSetAttribute, made,
                  kCublasLtBatchCount, &count, sizeof(count));
    GPTC_CUBLASLT(library, cublasLtMatrixLayoutSetAttribute, made,
                  kCublasLtBatchOffset, &offset, sizeof(offset));
  }
  return made;
}

/// An operand of so many rows or, transposed, columns.
CublasLtMatrix CudaProducts::matrix(const Operand &operand, int64_t rows,
                                    int64_t k, int64_t batch) {
  if (isTurned(operand))
    return layout(operand.element, k, rows, operand.stride, batch);
  return layout(operand.element, rows, k,
                operand.transposed ? k : operand.stride, batch);
}

CudaProducts::Plan CudaProducts::plan(const Contraction &contraction) {
  const auto &[op, element, adds, padding, batch, m, n, k, a, b] = contraction;
  Plan plan;
  GPTC_CUBLASLT(library, cublasLtMatmulDescCreate, &plan.product,
                kCublasComputeF32, kCublasF32);
  int32_t first = !isTurned(b), second = isTurned(a);
  GPTC_CUBLASLT(library, cublasLtMatmulDescSetAttribute, plan.product,
                kCublasLtTransposeFirst, &first, sizeof(first));
  GPTC_CUBLASLT(library, cublasLtMatmulDescSetAttribute, plan.product,
                kCublasLtTransposeSecond, &second, sizeof(second));
  // As the program sums them: a gradient's codes in f32.
  if (int8_t fast = 1; a.element == Element::E4M3 && b.element == Element::E4M3)
    GPTC_CUBLASLT(library, cublasLtMatmulDescSetAttribute, plan.product,
                  kCublasLtFastSums, &fast, sizeof(fast));
  plan.first = matrix(b, n, k, batch);
  plan.second = matrix(a, m, k, batch);
  plan.out = layout(element, m, n, n, batch);
  CublasLtPreference preference = nullptr;
  GPTC_CUBLASLT(library, cublasLtMatmulPreferenceCreate, &preference);
  GPTC_CUBLASLT(library, cublasLtMatmulPreferenceSetAttribute, preference,
                kCublasLtWorkspaceBytes, &kWorkspaceBytes,
                sizeof(kWorkspaceBytes));
  CublasLtFound found{};
  int count = 0;
  CublasStatus status = library.cublasLtMatmulAlgoGetHeuristicFunction(
      handle, plan.product, plan.first, plan.second, plan.out, plan.out,
      preference, 1, &found, &count);
  library.cublasLtMatmulPreferenceDestroyFunction(preference);
  if (status != kCublasNotSupported)
    library.check(status, "cublasLtMatmulAlgoGetHeuristic");
  if (status == kCublasSuccess && count && found.status == kCublasSuccess)
    plan.algorithm = found.algorithm;
  return plan;
}

/// For a product; zeros, to which one that adds may add.
void CudaProducts::makeRoom(uint64_t bytes, CUstream stream) {
  if (bytes <= roomBytes)
    return;
  GPTC_CUDA(driver, cuStreamSynchronize, stream);
  if (room)
    GPTC_CUDA(driver, cuMemFree, room);
  room = roomBytes = 0;
  GPTC_CUDA(driver, cuMemAlloc, &room, bytes);
  roomBytes = bytes;
  GPTC_CUDA(driver, cuMemsetD8Async, room, 0, bytes, stream);
}

bool CudaProducts::run(const Contraction &contraction, CUdeviceptr a,
                       CUdeviceptr b, CUstream stream) {
  auto known = plans.find(contraction.op);
  if (known == plans.end())
    known = plans.emplace(contraction.op, plan(contraction)).first;
  const Plan &plan = known->second;
  if (!plan.algorithm)
    return false;
  makeRoom(static_cast<uint64_t>(contraction.batch) * contraction.m *
               contraction.n * elementBytes(contraction.out),
           stream);
  float one = 1, kept = contraction.adds ? 1 : 0;
  GPTC_CUBLASLT(library, cublasLtMatmul, handle, plan.product, &one, b,
                plan.first, a, plan.second, &kept, room, plan.out, room,
                plan.out, &*plan.algorithm, workspace, kWorkspaceBytes, stream);
  return true;
}
