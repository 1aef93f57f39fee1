"""An interpreter of PTX for whole thread blocks: kernels are tested where there is no GPU.

A warp is 32 lanes in NumPy arrays, apart only between a branch and the place where all its paths
meet again. What hardware does asynchronously happens here as late and as
disordered as the rules allow, so that a missing wait or an early release shows as a wrong number:

* bulk copies land in any order, any time after they were issued;
* wgmma reads shared memory and writes its accumulators only when a wait forces it;
* warps run in random order, for random times;
* shared memory begins as NaN patterns.

A block that cannot go on is an error that names what its warps wait for.
"""

import random
import re

import numpy as np

LANES = np.arange(32, dtype=np.uint32)
SHARED = 1024  # where a block's shared memory starts
MAP = 1 << 60  # an address that is a tensor map: MAP + its parameter
WIDTHS = {"16": np.uint16, "32": np.uint32, "64": np.uint64}


class PtxError(Exception):
    """The kernel does what no kernel may do."""


# --------------------------------------------------------------------- numbers


def to_bf16(x):
    """Float32 to bf16 patterns, to nearest, ties to even; a NaN stays one."""
    x = np.ascontiguousarray(x, np.float32)
    u = x.view(np.uint32)
    r = ((u.astype(np.uint64) + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7FC0), r)


def from_bf16(h):
    return (np.asarray(h, np.uint16).astype(np.uint32) << 16).view(np.float32)


def f32(x):
    return np.asarray(x, np.uint32).view(np.float32)


def bits(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32)


def signed(x):
    return x.view({2: np.int16, 4: np.int32, 8: np.int64}[x.dtype.itemsize])


# --------------------------------------------------------------------- parsing


class Kernel:
    """One entry: parameter names, and instructions as (predicate, opcode, operands)."""

    def __init__(self, name, parameters, body):
        self.name = name
        self.parameters = parameters
        self.code, self.labels = [], {}
        self.widths = {}
        scopes, opened = [0], 0
        for statement in statements(body):
            if statement == "{":
                opened += 1
                scopes.append(opened)
            elif statement == "}":
                scopes.pop()
            elif statement.endswith(":"):
                self.labels[self.scoped(statement[:-1], scopes[-1])] = len(self.code)
            elif statement.startswith(".reg"):
                self.declare(statement, scopes[-1])
            else:
                self.code.append(self.instruction(statement, scopes[-1]))
        self.steps = [self.compile(i) for i in range(len(self.code))]
        self.meetings = self.find_meetings()

    @staticmethod
    def scoped(label, scope):
        return label if label.startswith("$") else f"{label}#{scope}"

    def declare(self, statement, scope):
        kind, names = re.match(r"\.reg\s+\.(\w+)\s+(.*)", statement, re.S).groups()
        width = "pred" if kind == "pred" else kind[1:]
        for name in names.split(","):
            name = name.strip()
            base = name.split("<")[0] if "<" in name else f"{name}#{scope}"
            self.widths[base] = width

    def instruction(self, statement, scope):
        match = re.match(r"(?:@(!?)(%?\w+)\s+)?([\w.:]+)\s*(.*)$", statement, re.S)
        negated, predicate, opcode, text = match.groups()
        operands, depth, piece = [], 0, ""
        for c in text:
            depth += (c in "[{") - (c in "]}")
            if c == "," and depth == 0:
                operands.append(piece.strip())
                piece = ""
            else:
                piece += c
        if piece.strip():
            operands.append(piece.strip())
        local = {n.split("#")[0] for n in self.widths if n.endswith(f"#{scope}")}

        def rename(operand):
            return re.sub(
                r"(?<![%\w.])([A-Za-z]\w*)\b",
                lambda m: self.scoped(m[1], scope) if m[1] in local else m[1],
                operand,
            )

        if opcode.startswith("bra"):
            operands = [self.scoped(operands[-1], scope)]
        elif scope:
            operands = [rename(o) for o in operands]
        predicate = predicate and rename(predicate)
        return ((negated == "!", predicate) if predicate else None, opcode, operands)

    def find_meetings(self):
        """For each conditional branch the nearest place that every path from it passes (its
        immediate post-dominator); the end of the code where there is none."""
        end = len(self.code)
        following = []
        for i, (predicate, opcode, operands) in enumerate(self.code):
            to = [] if opcode.startswith("ret") else [min(i + 1, end)]
            if opcode.startswith("ret"):
                to = [end, i + 1] if predicate else [end]
            elif opcode.startswith("bra"):
                to = [self.labels[operands[-1]]] + ([i + 1] if predicate else [])
            following.append(to)
        # Only branches and where they lead matter: walk the rest in one go.
        starts = sorted({0, end, *self.labels.values(), *(i + 1 for i, f in enumerate(following) if f != [i + 1])})
        last = {s: t - 1 for s, t in zip(starts, starts[1:])}
        passed = {s: set(starts) for s in starts}
        passed[end] = {end}
        changed = True
        while changed:
            changed = False
            for s in reversed(starts[:-1]):
                new = {s} | set.intersection(*(passed[t] for t in following[last[s]]))
                changed |= new != passed[s]
                passed[s] = new
        meetings = {}
        for s in starts[:-1]:
            if len(following[last[s]]) > 1:
                common = set.intersection(*(passed[t] for t in following[last[s]]))
                # The nearest is the one that passes all the others.
                meetings[last[s]] = max(common, key=lambda p: len(passed[p] & common))
        return meetings

    def width(self, register):
        """pred, 16, 32 or 64."""
        base = register if "#" in register else re.match(r"%[a-z]+", register)[0]
        return self.widths[base]

    def compile(self, index):
        predicate, opcode, operands = self.code[index]
        parts = opcode.split(".")
        handler = HANDLERS.get(parts[0])
        if handler is None:
            raise PtxError(f"{self.name}: no meaning for {opcode} {operands}")
        return predicate, handler(self, opcode, parts, operands), opcode

    # Operands as functions of the warp.
    def get(self, text, dtype=np.uint32):
        if text.startswith("%tid.x"):
            return lambda w: w.thread
        if text.startswith("%ctaid.x"):
            return lambda w: np.full(32, w.block.index, np.uint32)
        if text.startswith("%nctaid.x"):
            return lambda w: np.full(32, w.block.count, np.uint32)
        if text.startswith("%") or "#" in text:
            return lambda w: w.registers[text]
        if text.startswith("0f"):
            value = np.full(32, int(text[2:], 16), np.uint32)
        elif re.match(r"shared([+-]\d+)?$", text):
            value = np.full(32, SHARED + int(text[6:] or 0), dtype)
        elif text in self.parameters:
            value = np.full(32, MAP + self.parameters.index(text), np.uint64)
        else:
            number = int(text, 0)
            value = np.full(32, number & (2 ** (8 * np.dtype(dtype).itemsize) - 1), dtype)
        return lambda w: value

    def address(self, text):
        inner = text.strip("[]").strip()
        base, offset = re.match(r"([^+\-]+?)\s*([+-]\s*-?\d+)?$", inner).groups()
        get = self.get(base.strip(), np.uint64)
        offset = int(offset.lstrip("+").replace(" ", "")) if offset else 0
        step = np.int64(offset).astype(np.uint64)
        return lambda w: get(w).astype(np.uint64) + step


def statements(body):
    """Splits at semicolons and labels; braces of a scope stand alone."""
    current, depth = "", 0
    for i, c in enumerate(body):
        if c in "{}" and depth == 0 and not current.strip():
            yield c
            current = ""
        elif c in "{}":
            depth += 1 if c == "{" else -1
            current += c
        elif c == ";":
            yield current.strip()
            current = ""
        elif c == ":" and re.fullmatch(r"\s*\$?\w+", current) and body[i + 1] != ":":
            yield current.strip() + ":"
            current = ""
        else:
            current += c


def parse(text):
    """Kernels of a PTX module by name."""
    text = re.sub(r"//[^\n]*", "", text)
    kernels = {}
    for match in re.finditer(r"\.entry\s+(\w+)\s*\((.*?)\)", text, re.S):
        start = text.index("{", match.end())
        depth, end = 0, start
        while True:
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
            if depth == 0:
                break
        names = re.findall(rf"{match[1]}_param_\d+", match[2])
        kernels[match[1]] = Kernel(match[1], names, text[start + 1 : end - 1])
    return kernels


# ---------------------------------------------------------------- instructions

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


# ------------------------------------------------------------------- execution


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


class Warp:
    """A stack of [place, lanes, meeting]: the top runs until it reaches its meeting place, where
    the lanes below go on with it. A branch on which lanes disagree meets at the first place that
    all paths from it must pass."""

    def __init__(self, block, kernel, index):
        self.block, self.kernel, self.index = block, kernel, index
        self.thread = np.uint32(32 * index) + LANES
        self.registers = {}
        self.stack = [[0, np.ones(32, bool), None]]
        self.issued, self.committed = [], []
        self.reason = None

    def put(self, name, value, mask):
        if not mask.all():
            old = self.registers.get(name)
            if old is None:
                old = np.zeros_like(value)
            value = np.where(mask, value, old)
        self.registers[name] = value

    def each(self, mask, act):
        for i in np.flatnonzero(mask):
            act(i)

    def whole(self, mask, opcode):
        if not mask.all():
            raise PtxError(f"{opcode} by a part of a warp")

    def check_aligned(self, at, size, mask):
        if (at[mask] % np.uint64(size)).any():
            raise PtxError(f"an access of {size} bytes is not aligned")

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
            for product in self.committed.pop(0):
                self.multiply(*product)

    def multiply(self, n, names, a, b, adds, major_a, major_b):
        """This warp's 16 of the warpgroup's 64 rows."""
        rows = self.block.operand(a, 64, major_a)[16 * (self.index % 4) :][:16]
        product = rows @ self.block.operand(b, n, major_b).T
        # Rows are (half, lane/4), columns (group, lane%4, pair).
        parts = product.reshape(2, 8, n // 8, 4, 2).transpose(2, 0, 4, 1, 3).reshape(n // 2, 32)
        for name, part in zip(names, parts):
            old = f32(self.registers[name]) if adds else np.float32(0)
            self.registers[name] = bits(old + part)

    def run(self, budget):
        """Runs until it must wait or has done `budget` instructions; whether it moved."""
        moved = False
        while self.stack and budget > 0:
            top = self.stack[-1]
            place, mask, meeting = top
            if place == meeting:
                self.stack.pop()
                continue
            predicate, step, _ = self.kernel.steps[place]
            active = mask
            if predicate:
                negated, name = predicate
                value = self.registers[name]
                active = mask & (~value if negated else value)
            self.jump = None
            top[0] = place + 1
            if active.any():
                self.reason = step(self, active)
                if self.reason:
                    top[0] = place
                    return moved
            moved = True
            budget -= 1
            if self.jump is not None:
                skipped = mask & ~active
                if skipped.any():
                    top[0] = meet = self.kernel.meetings[place]
                    self.stack.append([place + 1, skipped, meet])
                    self.stack.append([self.jump, active, meet])
                else:
                    top[0] = self.jump
        return moved


class Block:
    """One thread block. Arguments are numbers, arrays (device memory), or tensor maps:
    (array of bf16 patterns [rows, columns], box rows)."""

    def __init__(self, kernel, arguments, index, count, threads, shared, seed):
        self.index, self.count = index, count
        self.objects = arguments
        self.arguments = [
            a if isinstance(a, int) else (i + 1) << 40 for i, a in enumerate(arguments)
        ]
        self.shared = np.full(SHARED + shared, 0xFF, np.uint8)
        self.barriers, self.waiting = {}, {}
        self.pending = []
        self.random = random.Random(seed)
        self.warps = [Warp(self, kernel, i) for i in range(threads // 32)]
        self.layouts = {}

    # Memory.
    def bytes_of(self, address):
        index = address >> 40
        if index == 0:
            return self.shared
        return self.objects[index - 1].reshape(-1).view(np.uint8)

    def places(self, at, dtype, mask):
        index = int(at[mask][0]) >> 40
        if (at[mask] >> np.uint64(40) != np.uint64(index)).any():
            raise PtxError("one access to several buffers")
        memory = self.bytes_of(index << 40).view(dtype)
        place = (at & np.uint64((1 << 40) - 1)) // np.uint64(np.dtype(dtype).itemsize)
        if (place[mask] >= len(memory)).any():
            raise PtxError("an access outside its buffer")
        return memory, np.where(mask, place, 0).astype(np.int64)

    def load(self, at, dtype, mask):
        memory, place = self.places(at, dtype, mask)
        return memory[place]

    def store(self, at, value, mask):
        memory, place = self.places(at, value.dtype, mask)
        memory[place[mask]] = value[mask]

    # Barriers.
    def create(self, address, count):
        self.barriers[address] = Mbarrier(count)

    def mbarrier(self, address):
        if address not in self.barriers:
            raise PtxError(f"no mbarrier at shared address {address - SHARED}")
        return self.barriers[address]

    def arrive_barrier(self, warp, identity, count):
        arrived = self.waiting.setdefault((identity, count), {})
        if warp.index not in arrived:
            arrived[warp.index] = False
            if 32 * len(arrived) == count:
                for other in arrived:
                    arrived[other] = True
        if not arrived[warp.index]:
            return f"barrier {identity} of {count} threads"
        del arrived[warp.index]
        return None

    # Bulk copies and matrices.
    def land(self, copy):
        to, index, (column, row), barrier = copy
        array, rows = self.objects[index]
        box = array[row : row + rows, column : column + 64]
        if box.shape != (rows, 64) or to % 1024:
            raise PtxError("a copy's box is outside its tensor, or its target is not aligned")
        chunks = np.ascontiguousarray(box).view(np.uint8).reshape(rows, 8, 16)
        r = np.arange(rows)[:, None]
        target = self.shared[to : to + rows * 128].reshape(rows, 8, 16)
        target[r, np.arange(8)[None] ^ (r & 7)] = chunks
        self.mbarrier(barrier).land(rows * 128)

    def operand(self, descriptor, rows, major):
        """16 of k of an operand, [rows, 16] as float32."""
        layout = self.layouts.get((descriptor, rows, major))
        if layout is None:
            if descriptor >> 62 != 1:
                raise PtxError("a matrix descriptor without the 128-byte swizzle")
            start, lead, stride = (((descriptor >> s) & 0x3FFF) << 4 for s in (0, 16, 32))
            r, k = np.arange(rows)[:, None], np.arange(16)[None]
            if major:  # m or n contiguous
                at = start + r // 64 * lead + r % 64 * 2 + k // 8 * stride + k % 8 * 128
            else:
                at = start + r // 8 * stride + r % 8 * 128 + k * 2
            at = at ^ (((at >> 7) & 7) << 4)
            layout = self.layouts[descriptor, rows, major] = at // 2
        return from_bf16(self.shared.view(np.uint16)[layout])

    def run(self):
        while any(w.stack for w in self.warps):
            moved = False
            order = [w for w in self.warps if w.stack]
            self.random.shuffle(order)
            for warp in order:
                if self.pending and self.random.random() < 0.3:
                    self.land(self.pending.pop(self.random.randrange(len(self.pending))))
                    moved = True
                moved |= warp.run(self.random.choice([20, 200, 2000]))
            if not moved:
                if not self.pending:
                    reasons = {w.index: w.reason for w in self.warps if w.stack}
                    raise PtxError(f"no warp can go on: {reasons}")
                self.land(self.pending.pop(self.random.randrange(len(self.pending))))
        if self.pending:
            raise PtxError("a block ended before its copies had landed")


def launch(kernels, entry, buffers, blocks=None, seed=0):
    """Runs one entry of the launch table. `buffers` holds arrays by name: uint16 for bf16,
    float32, int32. `blocks`: fewer blocks than there is work for, for persistent kernels."""
    arguments = []
    for a in entry["arguments"]:
        if a["kind"] == "value":
            arguments.append(a["value"])
            continue
        array = buffers[a["buffer"]].reshape(-1)[a["offset"] :]
        if a["kind"] == "buffer":
            arguments.append(array)
        else:
            view = np.lib.stride_tricks.as_strided(
                array, (a["rows"], a["columns"]), (2 * a["stride"], 2)
            )
            arguments.append((view, a["boxRows"]))
    count = entry["blocks"]
    if entry["persistent"] and blocks:
        count = min(count, blocks)
    kernel = kernels[entry["kernel"]]
    with np.errstate(all="ignore"):
        for i in range(count):
            Block(
                kernel, arguments, i, count, entry["threads"], entry["sharedBytes"], seed + i
            ).run()
