"""What each PTX instruction does to a warp.

A meaning takes a kernel's instruction apart once and returns a function of the warp and the mask
of its active lanes. That function returns what the warp has to wait for, or None.
"""

import re

import numpy as np

from ptx import (
    LANES,
    MAP,
    SHARED,
    WIDTHS,
    PtxError,
    bits,
    f32,
    from_bf16,
    signed,
    to_bf16,
)

HANDLERS = {}


def meaning(*names):
    def add(function):
        for name in names:
            HANDLERS[name] = function
        return function

    return add


def listed(text):
    return [x.strip() for x in text.strip("{}").split(",")]


def operation(kernel, operands, compute, dtype=np.uint32):
    """result = compute(operands), each of type dtype."""
    sources = [kernel.get(o, dtype) for o in operands[1:]]
    result = operands[0]
    return lambda w, mask: w.put(result, compute(*[s(w) for s in sources]), mask)


@meaning("prefetch", "setmaxnreg", "fence")
def _(kernel, opcode, parts, operands):
    return lambda w, mask: None


@meaning("mov")
def _(kernel, opcode, parts, operands):
    target, source = operands
    if target.startswith("{"):  # the lower half first
        names, get = listed(target), kernel.get(source)
        half = WIDTHS[kernel.width(names[0])]

        def unpack(w, mask):
            pieces = np.ascontiguousarray(get(w)).view(half).reshape(32, -1)
            for i, name in enumerate(names):
                w.put(name, pieces[:, i].copy(), mask)

        return unpack
    if source.startswith("{"):
        half = WIDTHS[kernel.width(listed(source)[0])] if "%" in source else np.uint16
        gets = [kernel.get(s, half) for s in listed(source)]
        whole = WIDTHS[kernel.width(target)]
        return lambda w, mask: w.put(
            target, np.stack([g(w) for g in gets], 1).view(whole).reshape(32), mask
        )
    width = kernel.width(target)
    return operation(kernel, operands, lambda x: x, WIDTHS.get(width, np.uint32))


@meaning("cvta")
def _(kernel, opcode, parts, operands):
    return operation(kernel, operands, lambda x: x, np.uint64)


INTEGER = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
    "shl": lambda x, y: np.where(y < 8 * x.itemsize, x << (y.astype(x.dtype) & x.dtype.type(8 * x.itemsize - 1)), 0).astype(x.dtype),
}
FLOAT = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
}


@meaning("add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr", "min", "max")
def _(kernel, opcode, parts, operands):
    name, last = parts[0], parts[-1]
    if last == "pred":
        return operation(kernel, operands, INTEGER[name])
    if last == "f32":
        if name in ("min", "max"):
            pick = np.minimum if name == "min" else np.maximum
            if "NaN" not in parts:
                pick = np.fmin if name == "min" else np.fmax
            return operation(kernel, operands, lambda x, y: bits(pick(f32(x), f32(y))))
        return operation(kernel, operands, lambda x, y: bits(FLOAT[name](f32(x), f32(y))))
    dtype = WIDTHS[last[1:]]
    negative = last[0] == "s"
    if name == "shr":
        sources = [kernel.get(operands[1], dtype), kernel.get(operands[2])]
        return lambda w, mask: w.put(
            operands[0],
            ((signed(sources[0](w)) if negative else sources[0](w)) >> sources[1](w).astype(dtype if not negative else signed(np.zeros(1, dtype)).dtype)).view(dtype),
            mask,
        )
    if name == "shl":
        sources = [kernel.get(operands[1], dtype), kernel.get(operands[2])]
        return lambda w, mask: w.put(
            operands[0], INTEGER["shl"](sources[0](w), sources[1](w)), mask
        )
    if name == "mul" and parts[1] == "wide":
        wide = np.int64 if negative else np.uint64
        prepare = signed if negative else (lambda x: x)
        return operation(
            kernel,
            operands,
            lambda x, y: (prepare(x).astype(wide) * prepare(y).astype(wide)).view(np.uint64),
            dtype,
        )
    if name == "mul":
        if parts[1] == "hi":
            return operation(
                kernel, operands, lambda x, y: ((x.astype(np.uint64) * y) >> np.uint64(32)).astype(np.uint32)
            )
        return operation(kernel, operands, lambda x, y: x * y, dtype)
    if name in ("div", "rem", "min", "max"):
        act = {"div": np.floor_divide, "rem": np.remainder, "min": np.minimum, "max": np.maximum}[name]
        prepare = signed if negative else (lambda x: x)
        return operation(kernel, operands, lambda x, y: act(prepare(x), prepare(y)).view(dtype), dtype)
    return operation(kernel, operands, INTEGER[name], dtype)


@meaning("mad")
def _(kernel, opcode, parts, operands):
    dtype = WIDTHS[parts[-1][1:]]
    if parts[1] == "wide":
        a, b = kernel.get(operands[1], dtype), kernel.get(operands[2], dtype)
        c = kernel.get(operands[3], np.uint64)
        prepare = signed if parts[-1][0] == "s" else (lambda x: x)
        wide = np.int64 if parts[-1][0] == "s" else np.uint64
        return lambda w, mask: w.put(
            operands[0],
            (prepare(a(w)).astype(wide) * prepare(b(w)).astype(wide)).view(np.uint64) + c(w),
            mask,
        )
    return operation(kernel, operands, lambda x, y, z: x * y + z, dtype)


@meaning("fma")
def _(kernel, opcode, parts, operands):
    def fma(x, y, z):
        exact = f32(x).astype(np.float64) * f32(y).astype(np.float64)
        return bits((exact + f32(z)).astype(np.float32))

    return operation(kernel, operands, fma)


@meaning("neg", "abs", "not", "ex2", "lg2", "rsqrt", "sqrt", "rcp")
def _(kernel, opcode, parts, operands):
    name = parts[0]
    if name == "not":
        if parts[-1] == "pred":
            return operation(kernel, operands, lambda x: ~x)
        return operation(kernel, operands, lambda x: ~x, WIDTHS[parts[-1][1:]])
    if parts[-1] != "f32":
        return operation(kernel, operands, lambda x: (np.zeros_like(x) - x), WIDTHS[parts[-1][1:]])
    act = {
        "neg": np.negative,
        "abs": np.abs,
        "ex2": np.exp2,
        "lg2": np.log2,
        "sqrt": np.sqrt,
        "rsqrt": lambda x: np.float32(1) / np.sqrt(x),
        "rcp": lambda x: np.float32(1) / x,
    }[name]
    return operation(kernel, operands, lambda x: bits(act(f32(x))))


@meaning("bfe")
def _(kernel, opcode, parts, operands):
    return operation(kernel, operands, lambda x, at, n: (x >> at) & ((np.uint32(1) << n) - np.uint32(1)))


@meaning("setp")
def _(kernel, opcode, parts, operands):
    compare = {
        "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
        "gt": np.greater, "ge": np.greater_equal,
    }
    kind, how = parts[-1], parts[1]
    if kind == "f32":
        unordered = how.endswith("u") and how not in ("ltu",) and len(how) == 3 or how == "ltu"
        act = compare[how[:2]]

        def test(x, y):
            nan = np.isnan(f32(x)) | np.isnan(f32(y))
            return (act(f32(x), f32(y)) | nan) if unordered else (act(f32(x), f32(y)) & ~nan)

        return operation(kernel, operands, test)
    dtype = WIDTHS[kind[1:]]
    if kind[0] == "s":
        return operation(kernel, operands, lambda x, y: compare[how](signed(x), signed(y)), dtype)
    return operation(kernel, operands, compare[how], dtype)


@meaning("selp")
def _(kernel, opcode, parts, operands):
    dtype = WIDTHS[parts[-1][1:]]
    yes, no = kernel.get(operands[1], dtype), kernel.get(operands[2], dtype)
    condition = kernel.get(operands[3])
    return lambda w, mask: w.put(operands[0], np.where(condition(w), yes(w), no(w)), mask)


@meaning("cvt")
def _(kernel, opcode, parts, operands):
    kinds = [p for p in parts[1:] if re.fullmatch(r"[usbf]\d+|bf16|bf16x2", p)]
    to, source = kinds
    if opcode == "cvt.rn.bf16x2.f32":  # the first operand is the upper half
        return operation(
            kernel,
            operands,
            lambda hi, lo: (to_bf16(f32(hi)).astype(np.uint32) << 16) | to_bf16(f32(lo)),
        )
    if (to, source) == ("bf16", "f32"):
        return operation(kernel, operands, lambda x: to_bf16(f32(x)))
    if (to, source) == ("f32", "bf16"):
        return operation(kernel, operands, lambda x: bits(from_bf16(x)), np.uint16)
    if (to, source) == ("f32", "f64"):
        return operation(
            kernel, operands, lambda x: bits(x.view(np.float64).astype(np.float32)), np.uint64
        )
    if to == "f32":
        prepare = signed if source[0] == "s" else (lambda x: x)
        return operation(kernel, operands, lambda x: bits(prepare(x).astype(np.float32)), WIDTHS[source[1:]])
    if source == "f32":
        raise PtxError(f"no meaning for {opcode}")
    dtype, target = WIDTHS[source[1:]], WIDTHS[to[1:]]
    if source[0] == "s":
        big = signed(np.zeros(1, target)).dtype
        return operation(kernel, operands, lambda x: signed(x).astype(big).view(target), dtype)
    return operation(kernel, operands, lambda x: x.astype(target), dtype)


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
        index = kernel.parameters.index(operands[1].strip("[]"))
        dtype = WIDTHS[parts[-1][1:]]

        def param(w, mask):
            w.put(operands[0], np.full(32, w.block.arguments[index], dtype), mask)

        return param
    names = listed(operands[0]) if operands[0].startswith("{") else [operands[0]]
    address, dtype = kernel.address(operands[1]), WIDTHS[parts[-1][1:]]
    size = np.dtype(dtype).itemsize

    def load(w, mask):
        at = address(w)
        w.check_aligned(at, size * len(names), mask)
        for i, name in enumerate(names):
            w.put(name, w.block.load(at + np.uint64(i * size), dtype, mask), mask)

    return load


@meaning("st")
def _(kernel, opcode, parts, operands):
    names = listed(operands[1]) if operands[1].startswith("{") else [operands[1]]
    address, dtype = kernel.address(operands[0]), WIDTHS[parts[-1][1:]]
    sources = [kernel.get(n, dtype) for n in names]
    size = np.dtype(dtype).itemsize

    def store(w, mask):
        at = address(w)
        w.check_aligned(at, size * len(names), mask)
        for i, source in enumerate(sources):
            w.block.store(at + np.uint64(i * size), source(w), mask)

    return store


@meaning("shfl")
def _(kernel, opcode, parts, operands):
    value, lane, clamp = (kernel.get(o) for o in operands[1:4])

    def shuffle(w, mask):
        w.whole(mask, opcode)
        if parts[2] == "bfly":
            source = LANES ^ lane(w)
        elif parts[2] == "idx":
            source = lane(w) & np.uint32(31)
        else:
            raise PtxError(f"no meaning for {opcode}")
        w.put(operands[0].split("|")[0], value(w)[source], mask)

    return shuffle


@meaning("bar")
def _(kernel, opcode, parts, operands):
    if parts[1] == "warp":
        return lambda w, mask: w.whole(mask, opcode)
    get = [kernel.get(o) for o in operands]

    def barrier(w, mask):
        w.whole(mask, opcode)
        identity = int(get[0](w)[0])
        count = int(get[1](w)[0]) if len(get) > 1 else 32 * len(w.block.warps)
        return w.block.arrive_barrier(w, identity, count)

    return barrier


@meaning("mbarrier")
def _(kernel, opcode, parts, operands):
    if parts[1] == "init":
        address, count = kernel.address(operands[0]), kernel.get(operands[1])
        return lambda w, mask: w.each(mask, lambda i: w.block.create(int(address(w)[i]), int(count(w)[i])))
    if parts[1] == "arrive":
        address = kernel.address(operands[1])
        more = kernel.get(operands[2]) if "expect_tx" in parts else None

        def arrive(w, mask):
            def one(i):
                w.block.mbarrier(int(address(w)[i])).arrive(int(more(w)[i]) if more else 0)

            w.each(mask, one)

        return arrive
    if parts[1] == "try_wait":
        address, parity = kernel.address(operands[1]), kernel.get(operands[2])

        def wait(w, mask):
            for i in np.flatnonzero(mask):
                barrier = w.block.mbarrier(int(address(w)[i]))
                if barrier.phase == int(parity(w)[i]) & 1:
                    return f"mbarrier {int(address(w)[i]) - SHARED} for parity {int(parity(w)[i]) & 1}"
            w.put(operands[0], np.ones(32, bool), mask)
            return None

        return wait
    raise PtxError(f"no meaning for {opcode}")


@meaning("cp")
def _(kernel, opcode, parts, operands):
    if "shared::cluster" not in parts or "tensor" not in parts:
        raise PtxError(f"no meaning for {opcode}")
    to, barrier = kernel.address(operands[0]), kernel.address(operands[2])
    source, coordinates = re.match(r"\[\s*(%\w+)\s*,\s*\{(.*)\}\s*\]", operands[1]).groups()
    map_, at = kernel.get(source), [kernel.get(c.strip()) for c in coordinates.split(",")]

    def copy(w, mask):
        def one(i):
            index = int(map_(w)[i]) - MAP
            place = [int(signed(a(w))[i]) for a in at]
            w.block.pending.append((int(to(w)[i]), index, place, int(barrier(w)[i])))

        w.each(mask, one)

    return copy


@meaning("wgmma")
def _(kernel, opcode, parts, operands):
    if parts[1] == "mma_async":
        n = int(re.search(r"n(\d+)k16", opcode)[1])
        names = listed(operands[0])
        a, b = kernel.get(operands[1]), kernel.get(operands[2])
        add = kernel.get(operands[3]) if not operands[3].isdigit() else None
        always = add is None and operands[3] != "0"
        major_a, major_b = (int(o) for o in operands[6:8])

        def issue(w, mask):
            w.whole(mask, opcode)
            adds = bool(add(w)[0]) if add else always
            w.issued.append((n, names, int(a(w)[0]), int(b(w)[0]), adds, major_a, major_b))

        return issue
    if parts[1] == "commit_group":
        return lambda w, mask: w.commit(mask)
    if parts[1] == "wait_group":
        count = int(operands[0])
        return lambda w, mask: w.finish(count, mask)
    return lambda w, mask: w.whole(mask, opcode)


def compile_kernel(kernel):
    """The instructions as (predicate, function)."""
    steps = []
    for predicate, opcode, operands in kernel.code:
        parts = opcode.split(".")
        if parts[0] not in HANDLERS:
            raise PtxError(f"{kernel.name}: no meaning for {opcode} {operands}")
        steps.append((predicate, HANDLERS[parts[0]](kernel, opcode, parts, operands)))
    return steps
