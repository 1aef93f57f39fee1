"""What each PTX instruction does to a warp: moves, memory, control, matrices; arithmetic.py has
the rest. A meaning's function returns what the warp has to wait for, or None.
"""

import re

import numpy as np

from arithmetic import HANDLERS, listed, meaning, operation
from ptx import MAP, RANK, SHARED, WIDTHS, PtxError, signed

ARITHMETIC = tuple(HANDLERS)


@meaning("prefetch", "setmaxnreg")
def _(kernel, opcode, parts, operands):
    return lambda w, mask: None


@meaning("fence")
def _(kernel, opcode, parts, operands):
    if "proxy" not in parts:
        return lambda w, mask: None

    def show(w, mask):
        w.whole_warps(mask, opcode)
        if w.block.proxies:
            w.block.proxies.fence(w.index)

    return show


@meaning("mov")
def _(kernel, opcode, parts, operands):
    target, source = operands
    if target.startswith("{"):  # the lower half first
        names, get = listed(target), kernel.get(source)
        half = WIDTHS[str(int(parts[1][1:]) // len(names))]

        def unpack(w, mask):
            pieces = np.ascontiguousarray(get(w)).view(half).reshape(kernel.lanes, -1)
            for i, name in enumerate(names):
                if name != "_":
                    w.put(name, pieces[:, i].copy(), mask)

        return unpack
    if source.startswith("{"):
        half = WIDTHS[kernel.width(listed(source)[0])] if "%" in source else np.uint16
        gets = [kernel.get(s, half) for s in listed(source)]
        whole = WIDTHS[kernel.width(target)]
        return lambda w, mask: w.put(
            target, np.stack([g(w) for g in gets], 1).view(whole).reshape(-1), mask
        )
    width = kernel.width(target)
    return operation(kernel, operands, lambda x: x, WIDTHS.get(width, np.uint32))


@meaning("cvta")
def _(kernel, opcode, parts, operands):
    return operation(kernel, operands, lambda x: x, np.uint64)


@meaning("bra")
def _(kernel, opcode, parts, operands):
    label = operands[-1]
    return lambda w, mask: w.branch(kernel.labels[label], mask)


@meaning("ret")
def _(kernel, opcode, parts, operands):
    return lambda w, mask: w.leave(mask)


@meaning("ld")
def _(kernel, opcode, parts, operands):
    if parts[1] == "param":
        inner = operands[1].strip("[]")
        dtype = np.dtype(WIDTHS[parts[-1][1:]])
        wide = np.dtype(WIDTHS[kernel.width(operands[0])])
        if inner.startswith("%"):  # an address chosen among those of several parameters
            place = kernel.get(inner)

            def chosen(w, mask):
                at = zip(place(w), mask)
                values = [w.block.arguments[int(i) - MAP] if active else 0 for i, active in at]
                w.put(operands[0], np.array(values, dtype).astype(wide), mask)

            return chosen
        index = kernel.parameters.index(inner)

        def param(w, mask):
            w.put(operands[0], np.full(kernel.lanes, w.block.arguments[index], dtype).astype(wide), mask)

        return param
    names = listed(operands[0]) if operands[0].startswith("{") else [operands[0]]
    address, dtype = kernel.address(operands[1]), WIDTHS[parts[-1][1:]]
    size = np.dtype(dtype).itemsize
    prepare = signed if parts[-1][0] == "s" else (lambda x: x)
    widths = [np.dtype(WIDTHS[kernel.width(n)]) for n in names]
    of_all, is_shared = parts[1] in ("acquire", "relaxed"), parts[1].startswith("shared")

    def load(w, mask):
        at = address(w)
        w.check_aligned(at, size * len(names), mask)
        if is_shared:
            w.touch("read", at, size * len(names), mask)
        if of_all:
            x, reason = w.block.observe(w, at, dtype, mask, "acquire" in parts)
            if not reason:
                w.put(names[0], x, mask)
            return reason
        for i, (name, x) in enumerate(zip(names, w.block.load_row(at, dtype, mask, len(names)))):
            if widths[i] != x.dtype:  # a narrow value in a wider register
                x = prepare(x).astype(widths[i])
            w.put(name, x, mask)
        return None

    return load


@meaning("st")
def _(kernel, opcode, parts, operands):
    names = listed(operands[1]) if operands[1].startswith("{") else [operands[1]]
    address, dtype = kernel.address(operands[0]), WIDTHS[parts[-1][1:]]
    sources = [kernel.get(n, dtype) for n in names]
    size = np.dtype(dtype).itemsize

    def store_there(w, mask):
        """In a block of the cluster, one for all lanes."""
        at = address(w)
        w.check_aligned(at, size * len(names), mask)
        (rank,) = set((at[mask] >> np.uint64(RANK)).tolist())
        inside = at & np.uint64((1 << RANK) - 1)
        for i, source in enumerate(sources):
            w.block.cluster.at(rank).store(inside + np.uint64(i * size), source(w).astype(dtype, copy=False), mask)

    if parts[1] == "shared::cluster":
        return store_there

    def store(w, mask):
        at = address(w)
        w.check_aligned(at, size * len(names), mask)
        if parts[1].startswith("shared"):
            w.touch("written", at, size * len(names), mask)
        for i, source in enumerate(sources):
            place, value = at + np.uint64(i * size), source(w).astype(dtype, copy=False)
            if parts[1] in ("release", "relaxed"):
                w.block.publish(w, place, value, mask, parts[1] == "release")
                continue
            w.block.store(place, value, mask)
            if parts[1] == "global":
                w.block.hold(w, place, value, mask)

    return store


@meaning("atom")
def _(kernel, opcode, parts, operands):
    if parts[1:] != ["global", "inc", "u32"]:
        raise PtxError(f"{opcode} is not known")
    address, most = kernel.address(operands[1]), kernel.get(operands[2])

    def count(w, mask):
        """Lanes one after the other; behind the greatest value comes 0."""
        at, limit, old = address(w), most(w), np.zeros(len(w.lanes), np.uint32)
        for lane in np.flatnonzero(mask):
            one = np.arange(len(mask)) == lane
            old[lane] = w.block.load(at, np.uint32, one)[lane]
            w.block.store(at, np.where(old >= limit, 0, old + np.uint32(1)).astype(np.uint32), one)
        w.put(operands[0], old, mask)

    return count


@meaning("shfl")
def _(kernel, opcode, parts, operands):
    value, lane, clamp = (kernel.get(o) for o in operands[1:4])

    if int(operands[4], 0) & 0xFFFFFFFF != 0xFFFFFFFF:
        raise PtxError(f"{opcode} by a part of a warp")
    into, *valid = operands[0].split("|")

    def shuffle(w, mask):
        """A lane reads another of its segment, else its own value."""
        w.whole_warps(mask, opcode)
        lanes = w.lanes
        c, b = clamp(w), lane(w) & np.uint32(31)
        segment = (c >> np.uint32(8)) & np.uint32(31)
        most = (lanes & segment) | (c & ~segment & np.uint32(31))
        if parts[2] == "bfly":
            source = lanes ^ b
        elif parts[2] == "idx":
            source = (lanes & segment) | (b & ~segment)
        elif parts[2] == "down":
            source = lanes + b
        else:
            source = lanes - b  # wraps below lane 0
            most = np.uint32(31)
            inside = lanes.astype(np.int64) - b >= (lanes & segment) | (c & np.uint32(31))
        if parts[2] != "up":
            inside = source <= most
        w.put(into, value(w)[np.where(inside, source, lanes) + w.firsts], mask)
        for name in valid:
            w.put(name, inside, mask)

    return shuffle


@meaning("vote")
def _(kernel, opcode, parts, operands):
    condition, members = kernel.get(operands[1]), kernel.get(operands[2])
    if parts[1:] != ["sync", "ballot", "b32"]:
        raise PtxError(f"{opcode} is not known")

    def ballot(w, mask):
        w.whole_warps(mask, opcode)
        if (members(w) != 0xFFFFFFFF).any():
            raise PtxError(f"{opcode} by a part of a warp")
        bits = np.where(condition(w), np.uint32(1) << w.lanes, np.uint32(0)).reshape(-1, 32)
        w.put(operands[0], np.repeat(np.bitwise_or.reduce(bits, 1), 32), mask)

    return ballot


@meaning("bar")
def _(kernel, opcode, parts, operands):
    if parts[1] == "warp":

        def meet(w, mask):
            w.whole_warps(mask, opcode)
            w.block.order(w)

        return meet
    get = [kernel.get(o) for o in operands]

    def barrier(w, mask):
        w.whole(mask, opcode)
        identity = int(w.of_all(get[0]))
        count = int(w.of_all(get[1])) if len(get) > 1 else 32 * len(w.block.warps)
        return w.block.arrive_barrier(w, identity, count, parts[1] != "arrive")

    return barrier


@meaning("barrier")
def _(kernel, opcode, parts, operands):
    if parts[1:3] == ["cluster", "arrive"]:
        return lambda w, mask: w.block.cluster.arrive(w, int(mask.sum()))
    if parts[1:3] == ["cluster", "wait"]:
        return lambda w, mask: w.block.cluster.wait(w)
    raise PtxError(f"no meaning for {opcode}")


@meaning("mapa")
def _(kernel, opcode, parts, operands):
    target, place, rank = operands[0], kernel.get(operands[1], np.uint64), kernel.get(operands[2])
    return lambda w, mask: w.put(target, place(w) | (rank(w).astype(np.uint64) + np.uint64(1)) << np.uint64(RANK), mask)


@meaning("mbarrier")
def _(kernel, opcode, parts, operands):
    if parts[1] == "init":
        address, count = kernel.address(operands[0]), kernel.get(operands[1])

        def create(w, mask):
            for i in w.of_one_block(mask, address(w), count(w)):
                w.block.create(int(address(w)[i]), int(count(w)[i]))

        return create
    if parts[1] == "arrive":
        address = kernel.address(operands[1])
        more = kernel.get(operands[2]) if "expect_tx" in parts else None

        def arrive(w, mask):
            bytes_ = more(w) if more else np.zeros(kernel.lanes, np.uint32)
            for i in w.of_one_block(mask, address(w), bytes_):
                at = int(address(w)[i])
                block = w.block.cluster.at(at >> RANK) if at >> RANK else w.block
                block.mbarrier(at & (1 << RANK) - 1).arrive(int(bytes_[i]))

        return arrive
    if parts[1] == "try_wait":
        address, parity = kernel.address(operands[1]), kernel.get(operands[2])

        def wait(w, mask):
            for i in w.of_one_block(mask, address(w), parity(w)):
                barrier = w.block.mbarrier(int(address(w)[i]))
                if barrier.phase == int(parity(w)[i]) & 1:
                    w.waits = barrier, barrier.phase
                    return f"mbarrier {int(address(w)[i]) - SHARED} for parity {int(parity(w)[i]) & 1}"
            w.put(operands[0], np.ones(kernel.lanes, bool), mask)
            return None

        return wait
    raise PtxError(f"no meaning for {opcode}")


@meaning("cp")
def _(kernel, opcode, parts, operands):
    if parts[3:] == ["commit_group"]:
        return lambda w, mask: w.commit_copies() if w.of_one_lane(mask) else None
    if parts[3] == "wait_group":
        return lambda w, mask: w.wait_copies(int(operands[-1])) if w.of_one_lane(mask) else None
    if parts[4:] == ["2d", "global", "shared::cta", "tile", "bulk_group"]:
        source, coordinates = re.match(r"\[\s*(%\w+)\s*,\s*\{(.*)\}\s*\]", operands[0]).groups()
        map_, at = kernel.get(source), [kernel.get(c.strip()) for c in coordinates.split(",")]
        from_ = kernel.address(operands[1])

        def copy_out(w, mask):
            places = np.stack([signed(a(w)) for a in at], 1).reshape(w.block.blocks, 32, -1)
            (i,) = w.of_one_block(mask, from_(w), map_(w))
            w.copy_out(int(map_(w)[i]) - MAP, int(from_(w)[i]), places[:, i])

        return copy_out
    if "shared::cluster" not in parts or "tensor" not in parts:
        raise PtxError(f"no meaning for {opcode}")
    to, barrier = kernel.address(operands[0]), kernel.address(operands[2])
    source, coordinates = re.match(r"\[\s*(%\w+)\s*,\s*\{(.*)\}\s*\]", operands[1]).groups()
    map_, at = kernel.get(source), [kernel.get(c.strip()) for c in coordinates.split(",")]
    members = kernel.get(operands[3], np.uint16) if "multicast::cluster" in parts else None

    def copy(w, mask):
        places = np.stack([signed(a(w)) for a in at], 1).reshape(w.block.blocks, 32, -1)
        for i in w.of_one_block(mask, to(w), map_(w), barrier(w)):
            # In each of them to the same place, and for the same barrier, at its own time.
            for block in w.block.cluster.of(int(members(w)[i])) if members else [w.block]:
                block.bring(int(to(w)[i]), int(map_(w)[i]) - MAP, places[:, i], int(barrier(w)[i]))

    return copy


@meaning("ldmatrix")
def _(kernel, opcode, parts, operands):
    trans = parts[5:6] == ["trans"]
    if parts[1:] != ["sync", "aligned", "m8n8", "x4", *["trans"] * trans, "shared", "b16"]:
        raise PtxError(f"no meaning for {opcode}")
    names, address = listed(operands[0]), kernel.address(operands[1])

    def load(w, mask):
        """Of matrix i lane 8i + r has the address of row r; lane l gets columns 2 (l % 4) of row l / 4, transposed column
        l / 4 of the rows 2 (l % 4)."""
        w.whole(mask, opcode)
        at = address(w)
        w.check_aligned(at, 16, mask)
        w.touch("read", at, 16, mask)
        for i, name in enumerate(names):
            if trans:
                column, first = (2 * (w.lanes // 4)).astype(np.uint64), 8 * i + 2 * (w.lanes % 4) + w.firsts
                low, high = (w.block.load(at[first + j] + column, np.uint16, mask).astype(np.uint32) for j in (0, 1))
                w.put(name, high << 16 | low, mask)
                continue
            rows = at[8 * i + w.lanes // 4 + w.firsts] + (4 * (w.lanes % 4)).astype(np.uint64)
            w.put(name, w.block.load(rows, np.uint32, mask), mask)

    return load


@meaning("stmatrix")
def _(kernel, opcode, parts, operands):
    trans = parts[5:6] == ["trans"]
    if parts[1:] != ["sync", "aligned", "m8n8", "x4", *["trans"] * trans, "shared", "b16"]:
        raise PtxError(f"no meaning for {opcode}")
    address, gets = kernel.address(operands[0]), [kernel.get(o) for o in listed(operands[1])]

    def store(w, mask):
        """As ldmatrix has it."""
        w.whole(mask, opcode)
        at = address(w)
        w.check_aligned(at, 16, mask)
        w.touch("written", at, 16, mask)
        for i, get in enumerate(gets):
            if trans:
                column, first = (2 * (w.lanes // 4)).astype(np.uint64), 8 * i + 2 * (w.lanes % 4) + w.firsts
                for j in (0, 1):
                    w.block.store(at[first + j] + column, (get(w) >> 16 * j & 0xFFFF).astype(np.uint16), mask)
                continue
            rows = at[8 * i + w.lanes // 4 + w.firsts] + (4 * (w.lanes % 4)).astype(np.uint64)
            w.block.store(rows, get(w), mask)

    return store


@meaning("wgmma")
def _(kernel, opcode, parts, operands):
    if parts[1] == "mma_async":
        n, formats = int(re.search(r"n(\d+)k", opcode)[1]), parts[-2:]
        fp8 = formats[0] != "bf16"
        if any(f not in ("bf16", "e4m3", "e5m2") for f in formats) or (formats[1] != "bf16") != fp8:
            raise PtxError(f"no meaning for {opcode}")
        names = listed(operands[0])
        in_registers = operands[1].startswith("{")
        fragments = tuple(listed(operands[1])) if in_registers else None
        a, b = kernel.get(operands[1]) if not in_registers else None, kernel.get(operands[2])
        add = kernel.get(operands[3]) if not operands[3].isdigit() else None
        always = add is None and operands[3] != "0"
        major = [int(o) for o in operands[6:8]]  # FP8 has no other orientation, registers none
        major_a, major_b = (0, 0) if fp8 else (0, *major) if in_registers else major

        def issue(w, mask):
            w.whole(mask, opcode)
            adds = bool(w.of_all(add)) if add else always
            left = fragments or int(w.of_all(a))
            w.issued.append((n, names, left, int(w.of_all(b)), adds, major_a, major_b, formats))

        return issue
    if parts[1] == "commit_group":
        return lambda w, mask: w.commit(mask)
    if parts[1] == "wait_group":
        count = int(operands[0])
        return lambda w, mask: w.finish(count, mask)
    return lambda w, mask: w.whole(mask, opcode)


# Instructions after which a warp goes on with the next one, whatever they find; loads that others' stores are waited for are none.
STRAIGHT = {*ARITHMETIC, "mov", "cvta", "ld", "st", "shfl", "vote", "mapa", "prefetch", "ldmatrix", "stmatrix"}


def compile_kernel(kernel):
    """The instructions as (predicate, function, the place up to which each is followed by the next, or 0), and their functions."""
    steps, straight = [], []
    for predicate, opcode, operands in kernel.code:
        parts = opcode.split(".")
        if parts[0] not in HANDLERS:
            raise PtxError(f"{kernel.name}: no meaning for {opcode} {operands}")
        steps.append((predicate, HANDLERS[parts[0]](kernel, opcode, parts, operands)))
        straight.append(not predicate and parts[0] in STRAIGHT and not {"acquire", "relaxed"} & set(parts))
    ends, end, labels = [], len(steps), set(kernel.labels.values())
    for place in reversed(range(len(steps))):
        if place + 1 in labels:  # where lanes may wait for others
            end = place + 1
        if not straight[place]:
            end = place
        ends.append(end if straight[place] else 0)
    return [(*step, end) for step, end in zip(steps, reversed(ends))], [function for _, function in steps]
