"""An interpreter of PTX for whole thread blocks: kernels are tested where there is no GPU.

A warp is 32 lanes in NumPy arrays, apart only between a branch and the place where all its paths
meet again. What hardware does asynchronously happens here as late and as
disordered as the rules allow, so that a missing wait or an early release shows as a wrong number:

* bulk copies land in any order, any time after they were issued; those out of shared memory read it then, at the
  latest when their thread waits for their group; and no copy may touch what warps have written or read there, nor a
  product what they have written, before a fence between the proxies (proxies.py);
* wgmma reads shared memory and fragments in registers, and writes its accumulators, only when a
  wait forces it, and rounds what it adds to them toward zero;
* warps run in random order, for random times, and blocks of a cluster at their own speeds; what one of them copies into several
  lands in each at another time, and nothing may land or arrive in one that has ended;
* shared memory begins as NaN patterns.

A block that cannot go on is an error that names what its warps wait for.

Many blocks of a launch may run together, a warp of each in the lanes of one, which costs little more than one of them, as long as
they do the same at barriers, copies and products; a launch whose blocks do not is run again, one block after the other. Blocks that wait for
each other run apart (apart.py).
"""

import random

import numpy as np

from arguments import CODES, by_name, by_place, memory
from meanings import compile_kernel
from proxies import Proxies
from ptx import LANES, MAP, SHARED, PtxError, f32, from_bf16


class Mbarrier:
    def __init__(self, count):
        self.phase, self.count, self.pending, self.bytes = 0, count, count, 0

    def arrive(self, more):
        self.bytes += more
        self.pending -= 1
        if self.pending < 0:
            raise PtxError("more arrivals at an mbarrier than it counts")
        self.check()

    def land(self, n):
        self.bytes -= n
        self.check()

    def check(self):
        if self.pending == 0 and self.bytes == 0:
            self.phase ^= 1
            self.pending = self.count


class CopyOut:
    """A copy of a box of `rows` rows from shared address `at` to the tensor of an argument."""

    def __init__(self, index, at, places, rows):
        self.index, self.at, self.places, self.rows, self.done = index, at, places, rows, False


class Warp:
    """A stack of [place, lanes, meeting]: the top runs until it reaches its meeting place, where
    the lanes below go on with it. A branch on which lanes disagree meets at the first place that
    all paths from it must pass."""

    def __init__(self, block, kernel, index):
        self.block, self.kernel, self.index = block, kernel, index
        self.lanes, self.firsts = block.lanes, block.firsts
        self.thread = np.uint32(32 * index) + self.lanes
        self.registers = {}
        self.all = block.all
        self.stack = [[0, self.all, None]]
        self.issued, self.committed = [], []
        self.copies, self.groups = [], []  # out of shared memory, asked for by a lane of this warp
        self.reason = None
        self.waits = None  # for which mbarrier, and which parity of it is not over

    def put(self, name, value, mask):
        if mask is not self.all and np.count_nonzero(mask) < mask.size:
            old = self.registers.get(name)
            if old is None:
                old = np.zeros_like(value)
            value = np.where(mask, value, old)
        self.registers[name] = value

    def of_one_block(self, mask, *what):
        """The active lanes of a block, where those of all blocks do the same."""
        if self.block.blocks == 1:
            return np.flatnonzero(mask)
        for x in (mask, *(np.where(mask, x, 0) for x in what)):
            rows = x.reshape(-1, 32)
            if (rows != rows[0]).any():
                raise PtxError("blocks that run together part at a barrier or a copy")
        return np.flatnonzero(mask[:32])

    def of_all(self, get):
        """An operand that is one for all lanes."""
        values = get(self)
        if self.block.blocks > 1 and (values[::32] != values[0]).any():
            raise PtxError("blocks that run together part at a barrier or a product")
        return values[0]

    def whole(self, mask, opcode):
        if mask is not self.all and not mask.all():
            raise PtxError(f"{opcode} by a part of a warp")

    def whole_warps(self, mask, opcode):
        """Of blocks that run together, some may be elsewhere."""
        if not mask.all() and (mask.reshape(-1, 32) != mask[::32, None]).any():
            raise PtxError(f"{opcode} by a part of a warp")

    def check_aligned(self, at, size, mask):
        if np.count_nonzero((at if mask is self.all else at[mask]) & np.uint64(size - 1)):
            raise PtxError(f"an access of {size} bytes is not aligned")

    def touch(self, kind, at, size, mask):
        """Shared memory, through the generic proxy."""
        if self.block.proxies:
            self.block.proxies.mark(kind, self.index, at if mask is self.all else at[mask], size)

    def branch(self, place, mask):
        self.jump = place

    def leave(self, mask):
        for level in self.stack:
            level[1] = level[1] & ~mask
        self.stack = [level for level in self.stack if level[1].any()]

    def commit(self, mask):
        self.whole(mask, "wgmma.commit_group")
        self.committed.append(self.issued)
        self.issued = []

    def finish(self, count, mask):
        self.whole(mask, "wgmma.wait_group")
        while len(self.committed) > count:
            self.multiply(self.committed.pop(0))

    def multiply(self, products):
        """One after the other. Accumulators stay out of their registers while products take the same."""
        into, total = None, None
        for n, names, a, b, adds, *how in products:
            if into is not None and (names != into or isinstance(a, tuple) and set(a) & set(into)):
                self.registers.update(zip(into, total.view(np.uint32)))
                into = None
            parts = self.product(n, a, b, *how)
            if not adds:
                total = parts + np.float32(0)
            else:
                before = total if into else f32(np.stack([self.registers[name] for name in names]))
                exact = before.astype(np.float64)
                exact += parts
                total = exact.astype(np.float32)
                # A pattern less by one is the next value toward zero.
                total = (total.view(np.uint32) - (np.abs(total) > np.abs(exact))).view(np.float32)
            into = names
        if into is not None:
            self.registers.update(zip(into, total.view(np.uint32)))

    def product(self, n, a, b, major_a, major_b, formats):
        """This warp's 16 of the warpgroup's 64 rows. Fragments of a, too, are read only now."""
        blocks = self.block.blocks
        if isinstance(a, tuple) and formats[0] in CODES:
            four = np.stack([self.registers[name] for name in a])
            # Registers are (column / 16, row / 8), lanes (row % 8, column % 16 / 4).
            rows = CODES[formats[0]](four[..., None].view(np.uint8)).reshape(2, 2, blocks, 8, 4, 4)
            rows = rows.transpose(2, 1, 3, 0, 4, 5).reshape(blocks, 16, 32)
        elif isinstance(a, tuple):
            pairs = np.stack([self.registers[name] for name in a])
            # Registers are (column / 8, row / 8), lanes (row % 8, column % 8 / 2).
            rows = from_bf16(pairs[..., None].view(np.uint16)).reshape(2, 2, blocks, 8, 4, 2)
            rows = rows.transpose(2, 1, 3, 0, 4, 5).reshape(blocks, 16, 16)
        else:
            rows = self.block.operand(a, 64, major_a, formats[0])[:, 16 * (self.index % 4) :][:, :16]
        product = rows @ self.block.operand(b, n, major_b, formats[1]).transpose(0, 2, 1)
        # Rows are (half, lane/4), columns (group, lane%4, pair).
        return product.reshape(blocks, 2, 8, n // 8, 4, 2).transpose(3, 1, 5, 0, 2, 4).reshape(n // 2, -1)

    def of_one_lane(self, mask):
        """Groups of copies are a lane's own; here they are the first one's of a warp."""
        if mask.sum() != self.block.blocks or not mask[::32].all():
            raise PtxError("groups of copies by other lanes than the first")
        return True

    def copy_out(self, index, at, places):
        array, rows = self.block.objects[index]
        if (places < 0).any() or at % 1024 or array.strides[0] % 16 or array.ctypes.data % 16 or 0 in array.shape:
            raise PtxError("a copy's box begins outside its tensor, or memory that is not aligned")
        if array.shape[1] * array.itemsize % 16:
            raise PtxError("a copy to rows that are no multiple of 16 bytes, which it would write beyond")
        self.block.proxies.copy_out(at, 128 * rows)
        self.copies.append(CopyOut(index, at, places, rows))

    def commit_copies(self):
        self.groups.append(self.copies)
        self.copies = []

    def wait_copies(self, count):
        """Until at most the newest `count` groups are unread: none is read before it must."""
        while len(self.groups) > count:
            for copy in self.groups.pop(0):
                if not copy.done:
                    self.block.leave(copy)

    def run(self, budget):
        """Runs until it must wait or has done `budget` instructions; whether it moved."""
        if self.waits and self.waits[0].phase == self.waits[1]:
            return False  # as it would find again
        self.waits = None
        moved, (steps, functions) = False, self.block.steps
        while self.stack and budget > 0:
            top = self.stack[-1]
            place, mask, meeting = top
            if place == meeting:
                self.stack.pop()
                continue
            predicate, step, end = steps[place]
            if end:  # many that need no look at each
                end = min(end, place + budget)
                for step in functions[place:end]:
                    step(self, mask)
                top[0] = end
                budget -= end - place
                moved = True
                continue
            active = mask
            if predicate:
                negated, name = predicate
                value = self.registers[name]
                active = mask & (~value if negated else value)
                count = np.count_nonzero(active)  # which takes a fraction of what all() and any() do
                if count == active.size:
                    active = self.all
            self.jump = None
            top[0] = place + 1
            if active is self.all or not predicate or count:
                self.reason = step(self, active)
                if self.reason:
                    top[0] = place
                    return moved
            moved = True
            budget -= 1
            if self.jump is not None:
                skipped = None if active is mask else mask & ~active
                if skipped is not None and skipped.any():
                    top[0] = meet = self.kernel.meetings[place]
                    self.stack.append([place + 1, skipped, meet])
                    self.stack.append([self.jump, active, meet])
                else:
                    top[0] = self.jump
        return moved


class Cluster:
    """Blocks that write each other's shared memory. Of several clusters that run together these are the blocks of one rank."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.threads = sum(len(b.all) * len(b.warps) for b in blocks)
        self.turn, self.arrived, self.turns = 0, 0, {}
        for block in blocks:
            block.cluster = self

    def at(self, number):
        """A block by its rank + 1; what is sent to it finds it there."""
        if number > len(self.blocks):
            raise PtxError("an address in no block of the cluster")
        if self.blocks[number - 1].is_over():
            raise PtxError("an access to a block of the cluster that has ended")
        return self.blocks[number - 1]

    def of(self, members):
        return [self.at(i + 1) for i in range(16) if members >> i & 1]

    def arrive(self, warp, threads):
        key = warp.block, warp.index
        self.turns.setdefault(key, self.turn)
        self.arrived += threads
        if self.arrived == self.threads:
            self.turn, self.arrived = self.turn + 1, 0

    def wait(self, warp):
        if self.turns[warp.block, warp.index] == self.turn:
            return "the barrier of its cluster"
        del self.turns[warp.block, warp.index]
        return None

    def is_over(self):
        return all(b.is_over() for b in self.blocks)

    def step(self):
        """A turn of blocks that are not at their end, now of one and now of another; whether anything moved."""
        running = [b for b in self.blocks if not b.is_over()]
        if len(running) > 1:
            running = [b for b in running if b.random.random() < b.speed]
        return any([b.turn() for b in running])

    def run(self):
        while not self.is_over():
            # Those that are slow may be the only ones that can go on.
            if not self.step() and not any([b.turn() for b in self.blocks if not b.is_over()]):
                raise PtxError(f"no warp can go on: {[b.reasons() for b in self.blocks]}")
            for block in self.blocks:
                if block.is_over():
                    block.end()


class Block:
    """One thread block, or several that run together. Arguments are numbers, device memory as (its bytes, from, to: those that
    the kernel may touch), or tensor maps: (array of bf16 patterns [rows, columns], box rows)."""

    def __init__(self, kernel, steps, arguments, indices, count, threads, shared, seed):
        self.blocks, self.count = len(indices), count
        self.lanes = np.tile(LANES, self.blocks)
        self.all = np.ones(32 * self.blocks, bool)  # itself where all lanes are active, so that nobody has to look
        self.firsts = np.repeat(32 * np.arange(self.blocks, dtype=np.uint32), 32)
        self.of_lanes = np.repeat(np.asarray(indices, np.uint32), 32)
        self.objects = arguments = [*arguments, *(memory(a) for a in kernel.globals.values())]
        self.arguments = [
            a if isinstance(a, int) else ((i + 1) << 40) + (a[1] if len(a) == 3 else 0)
            for i, a in enumerate(arguments)
        ]
        self.views = {}
        # One row a block, as long for all elements.
        self.size = SHARED + shared
        self.shared = np.full((self.blocks, -(-self.size // 8) * 8), 0xFF, np.uint8)
        self.barriers, self.waiting = {}, {}
        self.pending = []
        self.proxies = Proxies(self.size) if kernel.has_copies() else None
        self.random = random.Random(seed)
        self.speed = self.random.choice([1, 0.3, 0.05])
        self.steps = steps
        self.warps = [Warp(self, kernel, i) for i in range(threads // 32)]
        self.layouts = {}

    # Memory.
    def view(self, index, dtype):
        """A buffer as elements of dtype, and the bytes of it that may be touched."""
        known = self.views.get((index, dtype))
        if known is None:
            if index > len(self.objects) or index and len(self.objects[index - 1]) != 3:
                raise PtxError("an access to no memory")
            bytes_, first, end = self.objects[index - 1] if index else (self.shared.reshape(-1), SHARED, self.size)
            size = np.dtype(dtype).itemsize
            elements = bytes_[: len(bytes_) // size * size].view(dtype)
            known = self.views[index, dtype] = elements, first, min(end, elements.nbytes) - size
        return known

    def places(self, at, dtype, mask, count=1):
        """The buffer that lanes access, and of each lane the first of its `count` elements."""
        active = at if mask is self.all else at[mask]
        index = int(active[0]) >> 40
        memory, first, last = self.view(index, dtype)
        size, base = np.dtype(dtype).itemsize, index << 40
        # What lies before the first wraps around and is beyond the last.
        span = last - max(first, 0) - (count - 1) * size
        if span < 0 or int(np.maximum.reduce(active - np.uint64(base + max(first, 0)))) > span:
            if (active >> np.uint64(40) != np.uint64(index)).any():
                raise PtxError("one access to several buffers")
            raise PtxError("an access outside its buffer")
        place = (at - np.uint64(base)) >> np.uint64(size.bit_length() - 1)
        if index == 0 and self.blocks > 1:
            place += self.firsts // np.uint64(32) * np.uint64(self.shared.shape[1] // size)
        whole = mask is self.all or np.count_nonzero(mask) == mask.size
        return memory, (place if whole else np.where(mask, place, np.uint64(0))).view(np.int64)

    def load(self, at, dtype, mask):
        memory, place = self.places(at, dtype, mask)
        return memory[place]

    def load_row(self, at, dtype, mask, count):
        """So many elements, one behind the other."""
        memory, place = self.places(at, dtype, mask, count)
        return [memory[place + i] for i in range(count)]

    # What other blocks see, and when: of one that runs alone nobody sees anything.
    def hold(self, warp, at, value, mask):
        pass

    def order(self, warp):
        pass

    def publish(self, warp, at, value, mask, releases):
        self.store(at, value, mask)

    def observe(self, warp, at, dtype, mask, acquires):
        return self.load(at, dtype, mask), None

    def store(self, at, value, mask):
        memory, place = self.places(at, value.dtype, mask)
        if mask is self.all:
            memory[place] = value
        else:
            memory[place[mask]] = value[mask]

    # Barriers.
    def create(self, address, count):
        self.barriers[address] = Mbarrier(count)

    def mbarrier(self, address):
        if address not in self.barriers:
            raise PtxError(f"no mbarrier at shared address {address - SHARED}")
        return self.barriers[address]

    def arrive_barrier(self, warp, identity, count, waits=True):
        # Who only arrives is counted by a number of its own.
        # A warp may come to the next barrier before others have gone on from this one.
        arrived, released = self.waiting.setdefault((identity, count), (set(), set()))
        if waits and warp.index in released:
            released.remove(warp.index)
            return None
        number = warp.index if waits else -1 - warp.index
        if not waits and number in arrived:
            raise PtxError(f"a warp arrives at barrier {identity} twice")
        arrived.add(number)
        if 32 * len(arrived) < count:
            return f"barrier {identity} of {count} threads" if waits else None
        released |= {w for w in arrived if w >= 0} - {number}
        arrived.clear()
        return None

    # Bulk copies and matrices.
    def bring(self, to, index, places, barrier):
        """A copy into shared memory is asked for."""
        self.proxies.copy_in(to, 128 * self.objects[index][1])
        self.pending.append((to, index, places, barrier))

    def land(self, copy):
        to, index, places, barrier = copy
        array, rows = self.objects[index]
        self.proxies.copy_in(to, 128 * rows)  # nor may anything have been read since it was asked for
        if (places < 0).any() or rows > 256 or to % 1024:
            raise PtxError("a copy's box begins outside its tensor, or its target is not aligned")
        if array.strides[0] % 16 or array.ctypes.data % 16 or 0 in array.shape:
            raise PtxError("a tensor map whose rows do not begin at multiples of 16 bytes")
        # What the box has beyond the tensor arrives as zeros.
        columns = 128 // array.itemsize
        r = np.arange(rows)[:, None]
        for shared, (column, row) in zip(self.shared, places):
            box = array[row : row + rows, column : column + columns]
            if box.shape != (rows, columns):
                box = np.pad(box, ((0, rows - box.shape[0]), (0, columns - box.shape[1])))
            chunks = np.ascontiguousarray(box).view(np.uint8).reshape(rows, 8, 16)
            target = shared[to : to + rows * 128].reshape(rows, 8, 16)
            target[r, np.arange(8)[None] ^ (r & 7)] = chunks
        self.mbarrier(barrier).land(rows * 128)

    def leave(self, copy):
        """A copy out of shared memory. What its box has beyond the tensor is left out."""
        index, at, places, rows = copy.index, copy.at, copy.places, copy.rows
        array, _ = self.objects[index]
        columns = 128 // array.itemsize
        r = np.arange(rows)[:, None]
        for shared, (column, row) in zip(self.shared, places):
            chunks = shared[at : at + rows * 128].reshape(rows, 8, 16)[r, np.arange(8)[None] ^ (r & 7)]
            box = np.ascontiguousarray(chunks).reshape(-1).view(array.dtype).reshape(rows, columns)
            target = array[row : row + rows, column : column + columns]
            target[...] = box[: target.shape[0], : target.shape[1]]
        copy.done = True

    def operand(self, descriptor, rows, major, format="bf16"):
        """16 of k of an operand, [blocks, rows, 16] as float32; of FP8, which lies K-major, 32."""
        if format in CODES:
            return CODES[format](self.codes(descriptor, rows))
        known = self.layouts.get((descriptor, rows, major))
        if known is None:
            if descriptor >> 62 != 1:
                raise PtxError("a matrix descriptor without the 128-byte swizzle")
            start, lead, stride = (((descriptor >> s) & 0x3FFF) << 4 for s in (0, 16, 32))
            r, k = np.arange(rows)[:, None], np.arange(16)[None]
            if major:  # m or n contiguous
                at = start + r // 64 * lead + r % 64 * 2 + k // 8 * stride + k % 8 * 128
            else:
                at = start + r // 8 * stride + r % 8 * 128 + k * 2
            at = at ^ (((at >> 7) & 7) << 4)
            words = at // 4, int(at.min()) // 4, int(at.max()) // 4
            known = self.layouts[descriptor, rows, major] = at // 2, words
        layout, words = known
        self.proxies.multiply(*words)
        return from_bf16(self.shared.view(np.uint16)[:, layout])

    def codes(self, descriptor, rows):
        """The 32 bytes of each row that 16 of k of bf16 would take."""
        self.operand(descriptor, rows, 0)
        layout, _ = self.layouts[descriptor, rows, 0]
        return np.ascontiguousarray(self.shared.view(np.uint16)[:, layout]).view(np.uint8)

    def leave_one(self, warp):
        """Copies out of shared memory, too, are done in any order."""
        waiting = [c for group in warp.groups for c in group if not c.done]
        if waiting:
            self.leave(self.random.choice(waiting))

    def is_over(self):
        return not any(w.stack for w in self.warps)

    def reasons(self):
        return {w.index: w.reason for w in self.warps if w.stack}

    def turn(self):
        """A turn of every warp that is not at its end; whether anything moved."""
        moved = False
        order = [w for w in self.warps if w.stack]
        self.random.shuffle(order)
        for warp in order:
            if self.pending and self.random.random() < 0.3:
                self.land(self.pending.pop(self.random.randrange(len(self.pending))))
                moved = True
            if warp.groups and self.random.random() < 0.1:
                self.leave_one(warp)
            moved |= warp.run(self.random.choice([20, 200, 2000]))
        if not moved and self.pending:
            self.land(self.pending.pop(self.random.randrange(len(self.pending))))
            moved = True
        return moved

    def end(self):
        if self.pending or any(not c.done for w in self.warps for g in [*w.groups, w.copies] for c in g):
            raise PtxError("a block ended before its copies had landed")


def launch(kernels, entry, buffers, blocks=None, seed=0, only=None, numbers=None, together=1):
    """Runs one entry of the launch table. `buffers` is a planned program's arena in bytes, with
    `numbers` of the step beside it; or holds arrays by name: uint16 for bf16, float32, int32;
    "numbers" the numbers in float64. `blocks`: fewer blocks than there is work for, for
    persistent kernels; `only`: the blocks to run, where not all; `together`: how many run at a time, where they can.

    A module's flags are those of all its kernels, and each launch must leave them as it found them: all zero."""
    run_launch(kernels, entry, buffers, blocks, seed, only, numbers, together)
    if any(flags.any() for flags in kernels[entry["kernel"]].globals.values()):
        raise PtxError("it leaves flags that the next launch would take for its own")


def run_launch(kernels, entry, buffers, blocks, seed, only, numbers, together):
    """As `launch`, whatever it leaves of flags."""
    planned = isinstance(buffers, np.ndarray)
    arguments = []
    for a in entry["arguments"]:
        if a["kind"] == "value":
            arguments.append(a["value"])
        elif a["kind"] == "numbers":
            arguments.append(memory(numbers if planned else buffers["numbers"]))
        else:
            arguments.append(by_place(a, buffers) if planned else by_name(a, buffers))
    count, kernel = entry["blocks"], kernels[entry["kernel"]]
    size = kernel.cluster
    if entry["persistent"] and blocks:
        count = min(count, max(blocks // size * size, size))
    indices = list(range(count) if only is None else only)
    if kernel.waits_for_blocks():
        from apart import run_apart  # which is made of this file's blocks

        kernel.lanes = 32
        kernel.steps = compile_kernel(kernel)
        with np.errstate(all="ignore"):
            return run_apart(kernel, arguments, indices, blocks, count, entry["threads"], entry["sharedBytes"], seed)

    def run(together):
        for i in range(0, len(indices), together * size):
            few = indices[i : i + together * size]
            lanes = 32 * len(few) // size
            if kernel.steps is None or kernel.lanes != lanes:
                kernel.lanes = lanes
                kernel.steps = compile_kernel(kernel)
            rest = count, entry["threads"], entry["sharedBytes"]
            ranks = [few[rank::size] for rank in range(size)]
            try:
                Cluster([Block(kernel, kernel.steps, arguments, x, *rest, seed + x[0]) for x in ranks]).run()
            except KeyError as register:
                raise PtxError(f"{register} is read before anything was written there") from None

    with np.errstate(all="ignore"):
        if together > 1 and len(indices) > 1:
            # All that a kernel may touch, which is little of an arena.
            touched = [a[0][a[1] : a[2]] if len(a) == 3 else a[0] for a in arguments if not isinstance(a, int)]
            before = [x.copy() for x in touched]
            try:
                return run(together)
            except PtxError:  # either they part, or one alone is wrong too
                for x, old in zip(touched, before):
                    x[...] = old
        run(1)
