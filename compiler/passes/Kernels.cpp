//===- Kernels.cpp - kernels of a part and what orders them ---------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#include "compiler/passes/Kernels.h"
#include "dialect/KernKernels.h"
#include "dialect/kern/LoadIndexOp.h.inc"
#include "dialect/kern/LoadOp.h.inc"
#include "dialect/kern/PartialOp.h.inc"
#include "dialect/kern/StoreOp.h.inc"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>
#include <queue>

using namespace mlir;
using namespace gptc;
using namespace gptc::kern;

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

Window Window::of(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return {offsetOf(type), rowsOf(type), rowStrideOf(type), columnsOf(type)};
}

bool Window::operator==(const Window &other) const {
  return offset == other.offset && rows == other.rows &&
         columns == other.columns && (rows == 1 || stride == other.stride);
}

bool Window::sameRows(const Window &other) const {
  if (rows != other.rows)
    return false;
  if (rows == 1)
    return true;
  Window both = hull(other);
  return stride == other.stride && both.columns <= stride;
}

bool Window::overlaps(const Window &other) const {
  auto last = [](const Window &w) {
    return w.offset + (w.rows - 1) * w.stride + w.columns;
  };
  if (last(*this) <= other.offset || last(other) <= offset)
    return false;
  // Column windows of one row length: a single row takes the other's length,
  // and two of them that come this far overlap at any.
  int64_t length = rows > 1 ? stride : other.stride;
  if ((rows > 1 && other.rows > 1 && stride != other.stride) || length <= 0)
    return true;
  int64_t mine = offset % length, its = other.offset % length;
  if (mine + columns > length || its + other.columns > length)
    return true;
  return mine < its + other.columns && its < mine + columns;
}

Window Window::hull(const Window &other) const {
  int64_t first = std::min(offset, other.offset);
  int64_t end = std::max(offset + columns, other.offset + other.columns);
  return {first, rows, stride, end - first};
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

bool gptc::isKernel(Operation *op) {
  return !isa<BufferOp, ViewOp>(op) && !isPure(op);
}

bool gptc::reads(ArrayRef<Access> accesses, Value buffer) {
  Window window = Window::of(buffer);
  return llvm::any_of(accesses, [&](const Access &access) {
    return !access.write && access.root == kern::rootOf(buffer) &&
           access.window.overlaps(window);
  });
}

Block *gptc::programOf(Operation *kernel) {
  if (auto attention = dyn_cast<AttentionBackwardOp>(kernel))
    return attention.getProgram();
  return isa<RowsOp, ContractOp>(kernel) ? &kernel->getRegion(0).front()
                                         : nullptr;
}

StringRef gptc::nameOf(Operation *kernel) {
  return kernel->getAttrOfType<StringAttr>("name").getValue();
}

bool gptc::loadsOwnRow(LoadOp load) {
  if (load.getDelta() != 0)
    return false;
  if (load.getRow())
    return load.getRow() == load->getBlock()->getArgument(0);
  auto rows = dyn_cast<RowsOp>(load->getParentOp());
  return rows && rows.getRows() == 1;
}

SmallVector<Access> gptc::accessesOf(Operation *kernel, unsigned number) {
  SmallVector<Access> result;
  auto add = [&](Value buffer, bool write, bool atRow = false) {
    result.push_back(
        {rootOf(buffer), Window::of(buffer), number, write, atRow});
  };
  if (auto contract = dyn_cast<ContractOp>(kernel)) {
    add(contract.getA(), false);
    add(contract.getB(), false);
    if (contract.getPieces())
      add(contract.getPieces(), true);
  }
  if (auto attention = dyn_cast<AttentionBackwardOp>(kernel)) {
    for (Value v : {attention.getDy(), attention.getQ(), attention.getK(),
                    attention.getV(), attention.getLse(), attention.getDelta(),
                    attention.getDocs()})
      add(v, false);
    // A program sees of what it has room for its own row.
    bool atRow = attention.getProgram();
    for (Value v : {attention.getDq(), attention.getDk(), attention.getDv()})
      add(v, true, atRow);
  }
  if (Block *program = programOf(kernel)) {
    for (Operation &op : *program) {
      if (auto load = dyn_cast<LoadOp>(op))
        add(load.getBuffer(), false, loadsOwnRow(load));
      else if (auto index = dyn_cast<LoadIndexOp>(op))
        add(index.getBuffer(), false,
            index.getDelta() == 0 && index.getRow() == program->getArgument(0));
      else if (auto store = dyn_cast<StoreOp>(op))
        add(store.getBuffer(), true, store.getRow() == program->getArgument(0));
      else if (auto partial = dyn_cast<PartialOp>(op))
        add(partial.getPartials(), true);
    }
    return result;
  }
  if (auto attention = dyn_cast<AttentionOp>(kernel)) {
    for (Value v : {attention.getQ(), attention.getK(), attention.getV(),
                    attention.getDocs()})
      add(v, false);
    if (attention.getGates())
      add(attention.getGates(), false);
    add(attention.getY(), true);
    add(attention.getLse(), true);
    return result;
  }
  if (isa<AttentionBackwardOp>(kernel))
    return result;
  if (auto transpose = dyn_cast<TransposeOp>(kernel)) {
    add(transpose.getX(), false);
    add(transpose.getY(), true);
    return result;
  }
  if (auto finish = dyn_cast<FinishOp>(kernel)) {
    for (Value partials : finish.getPartials())
      add(partials, false);
    for (Value target : finish.getTargets()) {
      if (finish.getAccumulate())
        add(target, false);
      add(target, true);
    }
    return result;
  }
  // Segments add to their target. Any kernel that this file does not know reads
  // and writes each of its buffers, which is never wrong.
  bool known = isa<SegmentsOp, FinishSegmentsOp>(kernel);
  llvm::SetVector<Value> written = writtenBuffers(kernel);
  for (Value v : kernel->getOperands()) {
    if (!isa<MemRefType>(v.getType()))
      continue;
    add(v, false);
    if (!known || written.contains(v))
      add(v, true);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

KernelGraph::KernelGraph(PartOp part) {
  for (Operation &op :
       llvm::make_early_inc_range(part.getBody().front().getOperations())) {
    if (isKernel(&op))
      ops.push_back(&op);
    else if (!ops.empty())
      op.moveBefore(ops.front());
  }

  // Accesses by buffer: only those of one buffer can conflict.
  llvm::MapVector<Operation *, SmallVector<Access>> byRoot;
  for (auto [i, op] : llvm::enumerate(ops)) {
    groups.emplace_back().members.push_back(i);
    owner.push_back(i);
    for (const Access &access : accessesOf(op, i)) {
      groups.back().accesses[access.root].push_back(access);
      byRoot[access.root].push_back(access);
    }
  }
  after.resize(ops.size());
  for (auto &[root, accesses] : byRoot)
    for (size_t j = 0; j < accesses.size(); ++j) {
      SmallVector<unsigned> &list = touching[root];
      if (list.empty() || list.back() != accesses[j].kernel)
        list.push_back(accesses[j].kernel);
      for (size_t i = 0; i < j; ++i)
        if (accesses[i].kernel != accesses[j].kernel &&
            accesses[i].conflicts(accesses[j]))
          after[accesses[i].kernel].push_back(accesses[j].kernel);
    }
  for (SmallVector<unsigned> &list : after) {
    llvm::sort(list);
    list.erase(llvm::unique(list), list.end());
  }
  sequence = order();
  position.resize(groups.size());
  for (auto [i, g] : llvm::enumerate(sequence))
    position[g] = i;
}

bool KernelGraph::anyPair(
    const Group &a, const Group &b,
    llvm::function_ref<bool(const Access &, const Access &)> holds) {
  bool inA = a.accesses.size() <= b.accesses.size();
  const Group &few = inA ? a : b, &many = inA ? b : a;
  for (const auto &[root, some] : few.accesses) {
    auto others = many.accesses.find(root);
    if (others == many.accesses.end())
      continue;
    for (const Access &x : some)
      for (const Access &y : others->second)
        if (inA ? holds(x, y) : holds(y, x))
          return true;
  }
  return false;
}

SmallVector<unsigned> KernelGraph::order() const {
  SmallVector<unsigned> waits(groups.size(), 0), result;
  for (unsigned k = 0; k < ops.size(); ++k)
    for (unsigned next : after[k])
      if (owner[next] != owner[k])
        ++waits[owner[next]];
  using Entry = std::pair<unsigned, unsigned>; // last member, group
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> ready;
  for (auto [g, group] : llvm::enumerate(groups))
    if (!group.members.empty() && waits[g] == 0)
      ready.push({group.members.back(), unsigned(g)});
  while (!ready.empty()) {
    unsigned g = ready.top().second;
    ready.pop();
    result.push_back(g);
    for (unsigned k : groups[g].members)
      for (unsigned next : after[k])
        if (owner[next] != g && --waits[owner[next]] == 0)
          ready.push({groups[owner[next]].members.back(), owner[next]});
  }
  return result;
}

bool KernelGraph::reaches(unsigned from, unsigned to,
                          llvm::BitVector &seen) const {
  // Steps over `from`'s direct edges to `to`: only a way through a third group
  // counts. Nothing placed after `to` can lead to it.
  SmallVector<unsigned> stack{from};
  seen.resize(groups.size());
  seen.set(from);
  while (!stack.empty()) {
    unsigned g = stack.pop_back_val();
    for (unsigned k : groups[g].members)
      for (unsigned next : after[k]) {
        unsigned h = owner[next];
        if (h == to) {
          if (g != from)
            return true;
          continue;
        }
        if (position[h] > position[to] || seen.test(h))
          continue;
        seen.set(h);
        stack.push_back(h);
      }
  }
  return false;
}

bool KernelGraph::canMerge(unsigned a, unsigned b) {
  llvm::BitVector seen;
  return position[a] < position[b] ? !reaches(a, b, seen)
                                   : !reaches(b, a, seen);
}

void KernelGraph::merge(unsigned into, unsigned from) {
  // The new group stands behind all that either waited for, before all that
  // waits for the first of them; no other group changes places.
  unsigned first = into, last = from;
  if (position[first] > position[last])
    std::swap(first, last);
  llvm::BitVector waiting;
  reaches(first, last, waiting);
  SmallVector<unsigned> behind;
  unsigned at = position[first], end = position[last];
  auto put = [&](unsigned g) {
    sequence[at] = g;
    position[g] = at++;
  };
  for (unsigned i = at + 1; i < end; ++i) {
    unsigned g = sequence[i];
    if (waiting.test(g))
      behind.push_back(g);
    else
      put(g);
  }
  put(into);
  for (unsigned g : behind)
    put(g);
  // One place is left over: of a group without members.
  put(from);

  Group &a = groups[into], &b = groups[from];
  for (unsigned k : b.members)
    owner[k] = into;
  bool sorted = a.members.back() < b.members.front();
  a.members.append(b.members);
  if (!sorted)
    llvm::sort(a.members);
  for (auto &[root, accesses] : b.accesses)
    a.accesses[root].append(accesses);
  b.members.clear();
  b.accesses.clear();
}
