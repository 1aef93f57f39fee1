//===- Kernels.h - kernels of a part and what orders them -------*- C++ -*-===//
//
// Part of gptc, under the MIT License.
//
// What the passes on kernels share: which elements of which buffer a kernel
// touches, and the dependence graph of a part whose nodes can be merged.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_COMPILER_PASSES_KERNELS_H
#define GPTC_COMPILER_PASSES_KERNELS_H

#include "dialect/kern/BufferOp.h.inc"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace gptc::kern {
class LoadOp;
class PartOp;
} // namespace gptc::kern

namespace gptc {

/// The elements of a buffer under a view: `rows` stretches of `columns`
/// elements, `stride` apart, the first at `offset`.
struct Window {
  int64_t offset, rows, stride, columns;

  static Window of(mlir::Value buffer);
  bool operator==(const Window &other) const;
  bool overlaps(const Window &other) const;
  /// Row t of both lies in one stretch of `stride` elements, and no other row
  /// reaches into it. A matrix that is a part of a pack begins anywhere.
  bool sameRows(const Window &other) const;
  /// Every row of `other`, which has the same rows, is inside this one's.
  bool contains(const Window &other) const {
    return offset <= other.offset &&
           other.offset + other.columns <= offset + columns;
  }
  /// The smallest window around both, which have the same rows.
  Window hull(const Window &other) const;
};

/// One read or write of a kernel.
struct Access {
  kern::BufferOp root;
  Window window;
  unsigned kernel; ///< its number in the part
  bool write;
  bool atRow; ///< the program's run for row t touches row t of the window alone

  bool conflicts(const Access &other) const {
    return root == other.root && (write || other.write) &&
           window.overlaps(other.window);
  }
};

/// Whether an op of a part is a kernel (and not a buffer, a view, a number).
bool isKernel(mlir::Operation *op);
/// Whether a load reads row t itself; with one row also the row of all rows.
bool loadsOwnRow(kern::LoadOp load);
/// All that a kernel touches.
llvm::SmallVector<Access> accessesOf(mlir::Operation *kernel, unsigned number);
/// Whether any of a kernel's accesses reads what is under a view.
bool reads(llvm::ArrayRef<Access> accesses, mlir::Value buffer);
/// A program's block: of a `kern.rows` or a `kern.contract`, else null.
mlir::Block *programOf(mlir::Operation *kernel);
/// The name of one that has a program.
llvm::StringRef nameOf(mlir::Operation *kernel);

/// Kernels of a part in groups, and the order that their buffers ask for. The
/// graph of groups stays free of cycles: `merge` only what `canMerge` allows.
class KernelGraph {
public:
  /// Moves buffers, views and numbers before the kernels, so that kernels can
  /// change places freely.
  explicit KernelGraph(kern::PartOp part);

  struct Group {
    llvm::SmallVector<unsigned, 2> members; ///< ascending; empty: merged away
    /// By buffer, for a group can touch thousands.
    llvm::SmallDenseMap<mlir::Operation *, llvm::SmallVector<Access, 0>, 4>
        accesses;
  };

  /// Whether `holds` of any access of `a` and any of `b` to the same buffer.
  /// Costs as much as the smaller group touches.
  static bool
  anyPair(const Group &a, const Group &b,
          llvm::function_ref<bool(const Access &, const Access &)> holds);

  llvm::ArrayRef<mlir::Operation *> kernels() const { return ops; }
  Group &group(unsigned number) { return groups[number]; }
  unsigned groupOf(unsigned kernel) const { return owner[kernel]; }
  /// The kernels that touch a buffer, in order.
  llvm::ArrayRef<unsigned> kernelsOf(kern::BufferOp root) const {
    auto it = touching.find(root);
    return it == touching.end() ? llvm::ArrayRef<unsigned>()
                                : llvm::ArrayRef<unsigned>(it->second);
  }
  /// Whether the groups stay ordered if two become one: none of them waits for
  /// a third one that waits for the other.
  bool canMerge(unsigned a, unsigned b);
  void merge(unsigned into, unsigned from);
  /// The groups in an order that the buffers allow; each as near to its last
  /// member's place as it can be.
  llvm::SmallVector<unsigned> order() const;

private:
  /// Whether a way leads from one group over a third one to another. `seen` is
  /// given the groups before `to` that wait for `from`, and itself.
  bool reaches(unsigned from, unsigned to, llvm::BitVector &seen) const;

  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<Group, 0> groups;
  llvm::SmallVector<unsigned> owner;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<unsigned>> touching;
  llvm::SmallVector<llvm::SmallVector<unsigned>> after; ///< by kernel
  llvm::SmallVector<unsigned> sequence; ///< groups in an order that is allowed
  llvm::SmallVector<unsigned> position; ///< of a group in `sequence`
};

} // namespace gptc

#endif // GPTC_COMPILER_PASSES_KERNELS_H
