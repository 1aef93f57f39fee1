//===- bench_ops.h - the kernels that are run alone -------------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// An op of the program is what is run: its launches, of which few ops have
// several, and those that the reference has for the same op. Layers repeat ops,
// so of all that run the same kernels at the same sizes the first one stands
// for the others.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_RUNTIME_BENCH_OPS_H
#define GPTC_RUNTIME_BENCH_OPS_H

#include "view.h"

#include <string>
#include <vector>

namespace gptc {

struct BenchOp {
  uint32_t part;            ///< an index: the first that runs it
  Span launches, reference; ///< in the two programs' launches
  int64_t count = 1;        ///< ops that it stands for, of parts of a step once
};

/// The distinct ops of the parts (indices), in their order. Throws an `Error`
/// where the two programs have not the same ops.
std::vector<BenchOp> benchOps(const ProgramView &program,
                              const ProgramView &reference,
                              const std::vector<uint32_t> &parts);

/// `linear_relu2_mlp_21`: the kernels of an op.
std::string kernelsOf(const ProgramView &program, const BenchOp &op);

/// What a library has in the place of an op; null for no contraction.
const Contraction *contractionOf(const ProgramView &program, const BenchOp &op);

/// Elements [begin, end) of a buffer.
struct Stretch {
  uint64_t begin, end;
  bool overlaps(const Stretch &other) const {
    return begin < other.end && other.begin < end;
  }
};

/// What launches touch of a buffer: views, from their first element to their
/// last.
struct TouchedBuffer {
  uint32_t buffer;
  uint64_t elements; ///< from the buffer's first to the last that is touched
  std::vector<Stretch> read, written;
  /// Rows and columns of the symmetric matrices that it consists of; 0 if it
  /// may have any values.
  uint64_t symmetric = 0;
};
std::vector<TouchedBuffer> touchedBy(const ProgramView &program, Span launches);

} // namespace gptc

#endif // GPTC_RUNTIME_BENCH_OPS_H
