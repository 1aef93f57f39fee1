"""PTX's arithmetic, as functions of the patterns in a warp's registers.

A meaning takes a kernel's instruction apart once and returns a function of the warp and the mask
of its active lanes. That function returns what the warp has to wait for, or None.
"""

import re
from fractions import Fraction

import numpy as np

from ptx import WIDTHS, PtxError, bits, bits64, f32, f64, from_bf16, from_e4m3, signed, to_bf16

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
    result, *names = operands
    if all(kernel.is_register(name) for name in names) and len(names) < 4:
        return OF_REGISTERS[len(names)](result, names, compute)
    sources = [kernel.get(name, dtype) for name in names]
    if len(sources) == 1:
        (a,) = sources
        return lambda w, mask: w.put(result, compute(a(w)), mask)
    if len(sources) == 2:
        a, b = sources
        return lambda w, mask: w.put(result, compute(a(w), b(w)), mask)
    return lambda w, mask: w.put(result, compute(*[s(w) for s in sources]), mask)


def of_one(result, names, compute):
    (a,) = names
    return lambda w, mask: w.put(result, compute(w.registers[a]), mask)


def of_two(result, names, compute):
    a, b = names

    def act(w, mask):
        registers = w.registers
        w.put(result, compute(registers[a], registers[b]), mask)

    return act


def of_three(result, names, compute):
    a, b, c = names

    def act(w, mask):
        registers = w.registers
        w.put(result, compute(registers[a], registers[b], registers[c]), mask)

    return act


OF_REGISTERS = {1: of_one, 2: of_two, 3: of_three}


# --------------------------------------------------------------------- arithmetic


def shift(left):
    """Counts beyond the width shift everything out."""

    def act(x, count):
        most = 8 * x.itemsize
        beyond = count >= most
        moved = np.minimum(count, most - 1).astype(x.dtype)
        if left:
            return np.where(beyond, x.dtype.type(0), x << moved)
        filled = x >> (x.dtype.type(most - 1)) if x.dtype.kind == "i" else x.dtype.type(0)
        return np.where(beyond, filled, x >> moved)

    return act


def truncated(x, y):
    """The quotient toward zero, as C has it; division by zero sets every bit."""
    with np.errstate(all="ignore"):
        floor = np.floor_divide(x, np.where(y == 0, x.dtype.type(1), y))
        exact = floor * y == x
        up = ~exact & ((x < 0) != (y < 0)) if x.dtype.kind == "i" else np.zeros(x.shape, bool)
        return np.where(y == 0, ~x.dtype.type(0), floor + up.astype(x.dtype))


def high(x, y):
    """The upper half of a product."""
    width = 8 * x.itemsize
    products = [int(a) * int(b) >> width for a, b in zip(x, y)] if width == 64 else None
    if products is None:
        wide = np.int64 if x.dtype.kind == "i" else np.uint64
        return (x.astype(wide) * y.astype(wide) >> wide(width)).astype(x.dtype)
    return np.array([p & (1 << 64) - 1 for p in products], np.uint64).view(x.dtype)


INTEGER = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": truncated,
    "rem": lambda x, y: x - truncated(x, y) * y,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "min": np.minimum,
    "max": np.maximum,
}
FLOAT = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.fmin,
    "max": np.fmax,
    "min.NaN": np.minimum,
    "max.NaN": np.maximum,
}
# How patterns of a type become its values, and back.
VALUES = {"f32": (f32, bits), "f64": (f64, bits64)}


def on_values(kind, act, operands):
    """A function of values of `kind` as one of their patterns, of as many as the instruction has behind its result."""
    values, patterns = {"f32": (np.float32, np.uint32), "f64": (np.float64, np.uint64)}[kind]
    return {
        1: lambda x: act(x.view(values)).view(patterns),
        2: lambda x, y: act(x.view(values), y.view(values)).view(patterns),
        3: lambda x, y, z: act(x.view(values), y.view(values), z.view(values)).view(patterns),
    }[len(operands) - 1]


def number(kind):
    """What prepares patterns of an integer type, and the patterns' type."""
    return (signed if kind[0] == "s" else lambda x: x), WIDTHS[kind[1:]]


def of_bf16(act):
    """Arithmetic of bf16 patterns, which float64 holds as far as it matters, rounded once: to nearest, ties to even."""

    def rounded(*patterns):
        exact = act(*[from_bf16(x).astype(np.float64) for x in patterns])
        quantum = np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 8, -133))
        return to_bf16((np.rint(exact / quantum) * quantum).astype(np.float32))

    return rounded


def in_halves(act):
    """A function of 16-bit patterns on both halves of 32 bits."""

    def both(*words):
        low = act(*[(w & 0xFFFF).astype(np.uint16) for w in words])
        high = act(*[(w >> 16).astype(np.uint16) for w in words])
        return (high.astype(np.uint32) << 16) | low

    return both


BF16 = {"bf16": np.uint16, "bf16x2": np.uint32}


def on_bf16(kernel, operands, kind, act):
    rounded = of_bf16(act)
    return operation(kernel, operands, rounded if kind == "bf16" else in_halves(rounded), BF16[kind])


@meaning("add", "sub", "mul", "div", "rem", "and", "or", "xor", "min", "max")
def _(kernel, opcode, parts, operands):
    name, kind = parts[0], parts[-1]
    if kind in BF16:
        if len(parts) > 3 or parts[1:-1] not in ([], ["rn"], ["NaN"]):
            raise PtxError(f"no meaning for {opcode}")
        return on_bf16(kernel, operands, kind, FLOAT[name + ".NaN" if "NaN" in parts else name])
    if kind in VALUES:
        if "ftz" in parts or "sat" in parts or "approx" in parts or "full" in parts:
            raise PtxError(f"no meaning for {opcode}")
        act = FLOAT[name + ".NaN" if "NaN" in parts else name]
        return operation(kernel, operands, on_values(kind, act, operands), WIDTHS[kind[1:]])
    if kind == "pred":
        return operation(kernel, operands, INTEGER[name])
    prepare, dtype = number(kind)
    if parts[1] == "wide":
        wide = f"{'i' if kind[0] == 's' else 'u'}{2 * np.dtype(dtype).itemsize}"
        return operation(
            kernel,
            operands,
            lambda x, y: (prepare(x).astype(wide) * prepare(y).astype(wide)).view("u" + wide[1:]),
            dtype,
        )
    act = high if parts[1] == "hi" else INTEGER[name]
    if kind[0] != "s":
        return operation(kernel, operands, act, dtype)
    return operation(kernel, operands, lambda x, y: act(prepare(x), prepare(y)).view(dtype), dtype)


@meaning("shl", "shr")
def _(kernel, opcode, parts, operands):
    prepare, dtype = number(parts[-1])
    value, count = kernel.get(operands[1], dtype), kernel.get(operands[2])
    act = shift(parts[0] == "shl")
    return lambda w, mask: w.put(
        operands[0], act(prepare(value(w)), count(w)).view(dtype), mask
    )


@meaning("shf")
def _(kernel, opcode, parts, operands):
    """A window of two words: the wrap form takes counts modulo 32."""

    def act(low, upper, count):
        count = np.minimum(count, 32) if parts[2] == "clamp" else count & np.uint32(31)
        both = (upper.astype(np.uint64) << np.uint64(32)) | low
        if parts[1] == "l":
            return ((both << count.astype(np.uint64)) >> np.uint64(32)).astype(np.uint32)
        return (both >> count.astype(np.uint64)).astype(np.uint32)

    return operation(kernel, operands, act)


@meaning("mad")
def _(kernel, opcode, parts, operands):
    prepare, dtype = number(parts[-1])
    wide = dtype
    if parts[1] == "wide":
        wide = np.dtype(f"u{2 * np.dtype(dtype).itemsize}")
        kind = wide.str.replace("u", "i") if parts[-1][0] == "s" else wide
        product = lambda x, y: (prepare(x).astype(kind) * prepare(y).astype(kind)).view(wide)
    elif parts[1] == "hi":
        product = lambda x, y: high(prepare(x), prepare(y)).view(dtype)
    else:
        product = lambda x, y: x * y
    a, b = kernel.get(operands[1], dtype), kernel.get(operands[2], dtype)
    c = kernel.get(operands[3], wide)
    return lambda w, mask: w.put(operands[0], product(a(w), b(w)) + c(w), mask)


def fma32(x, y, z):
    """Rounded once. The sum in double rounds again as the exact one would unless it falls on a tie, whose lower bits are zeros:
    there it is made odd where it is not exact, so that the tie is none."""
    product = x.astype(np.float64) * y
    z = z.astype(np.float64)
    total = product + z
    if (total.view(np.int64) & 0xFFFFFFF).all():
        return total.astype(np.float32)
    back = total - product
    rest = (product - (total - back)) + (z - back)
    pattern = total.view(np.int64)
    inexact = np.isfinite(total) & (rest != 0) & (pattern & 1 == 0)
    away = (rest > 0) == (total > 0)
    odd = np.where(inexact, pattern + np.where(away, 1, -1), pattern)
    return odd.view(np.float64).astype(np.float32)


def fma64(x, y, z):
    """Rounded once, lane by lane in exact fractions."""
    simple = x * y + z
    for i in np.flatnonzero(np.isfinite(simple) & (z != 0) & (x * y != 0)):
        exact = Fraction(x[i]) * Fraction(y[i]) + Fraction(z[i])
        simple[i] = float(exact)
    return simple


@meaning("fma")
def _(kernel, opcode, parts, operands):
    kind = parts[-1]
    if kind in BF16 and parts[1:-1] == ["rn"]:
        return on_bf16(kernel, operands, kind, lambda x, y, z: x * y + z)
    if parts[1] != "rn" or "ftz" in parts or kind not in VALUES:
        raise PtxError(f"no meaning for {opcode}")
    act = on_values(kind, fma32 if kind == "f32" else fma64, operands)
    return operation(kernel, operands, act, WIDTHS[kind[1:]])


UNARY = {
    "neg": np.negative,
    "abs": np.abs,
    "ex2": np.exp2,
    "lg2": np.log2,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: x.dtype.type(1) / np.sqrt(x),
    "rcp": lambda x: x.dtype.type(1) / x,
}


@meaning("neg", "abs", "not", "ex2", "lg2", "tanh", "rsqrt", "sqrt", "rcp")
def _(kernel, opcode, parts, operands):
    name, kind = parts[0], parts[-1]
    if kind == "pred":
        return operation(kernel, operands, lambda x: ~x)
    if kind in BF16 and parts == [name, kind] and name in ("neg", "abs"):
        return on_bf16(kernel, operands, kind, UNARY[name])
    dtype = WIDTHS[kind[1:]]
    if kind in VALUES:
        return operation(kernel, operands, on_values(kind, UNARY[name], operands), dtype)
    if name == "not":
        return operation(kernel, operands, lambda x: ~x, dtype)
    act = UNARY[name]
    return operation(kernel, operands, lambda x: act(signed(x)).view(dtype), dtype)


# --------------------------------------------------------------------- bits


def shifted(x, count, left):
    """Of uint64; counts beyond 63 shift everything out."""
    by = np.minimum(count, 63).astype(np.uint64)
    return np.where(count > 63, np.uint64(0), x << by if left else x >> by)


def low_bits(count):
    """So many ones, of 64."""
    return ~shifted(np.full(count.shape, ~np.uint64(0)), count, left=True)


@meaning("bfe")
def _(kernel, opcode, parts, operands):
    prepare, dtype = number(parts[-1])
    width = 8 * np.dtype(dtype).itemsize
    value = kernel.get(operands[1], dtype)
    start, length = kernel.get(operands[2]), kernel.get(operands[3])

    def act(w, mask):
        """The sign of a signed field is its own uppermost bit, or the value's beyond it."""
        x = value(w).astype(np.uint64)
        at, n = (get(w).astype(np.int64) & 255 for get in (start, length))
        result = shifted(x, at, left=False) & low_bits(n)
        if parts[-1][0] == "s":
            negative = (shifted(x, np.minimum(at + n - 1, width - 1), left=False) & np.uint64(1) == 1) & (n > 0)
            result = np.where(negative, result | ~low_bits(np.minimum(n, np.maximum(width - at, 0))), result)
        w.put(operands[0], result.astype(dtype), mask)

    return act


@meaning("bfi")
def _(kernel, opcode, parts, operands):
    dtype = WIDTHS[parts[-1][1:]]
    inner, outer = kernel.get(operands[1], dtype), kernel.get(operands[2], dtype)
    start, length = kernel.get(operands[3]), kernel.get(operands[4])

    def act(w, mask):
        x, y = (get(w).astype(np.uint64) for get in (inner, outer))
        at, n = (get(w).astype(np.int64) & 255 for get in (start, length))
        taken = shifted(low_bits(n), at, left=True)
        w.put(operands[0], (y & ~taken | shifted(x, at, left=True) & taken).astype(dtype), mask)

    return act


@meaning("prmt")
def _(kernel, opcode, parts, operands):
    if parts[1:] != ["b32"]:
        raise PtxError(f"no meaning for {opcode}")

    def act(x, y, selector):
        table = np.concatenate([np.ascontiguousarray(v).view(np.uint8).reshape(-1, 4) for v in (x, y)], 1)
        result = np.empty((len(x), 4), np.uint8)
        for i in range(4):
            pick = (selector >> np.uint32(4 * i)).astype(np.int64)
            byte = table[np.arange(len(x)), pick & 7]
            sign = np.where(byte & 128, 255, 0).astype(np.uint8)
            result[:, i] = np.where(pick & 8, sign, byte)
        return result.view(np.uint32).reshape(-1)

    return operation(kernel, operands, act)


@meaning("popc", "clz", "brev")
def _(kernel, opcode, parts, operands):
    dtype = WIDTHS[parts[-1][1:]]
    width = 8 * np.dtype(dtype).itemsize
    act = {
        "popc": lambda x: x.bit_count(),
        "clz": lambda x: width - x.bit_length(),
        "brev": lambda x: int(f"{x:0{width}b}"[::-1], 2),
    }[parts[0]]
    to = dtype if parts[0] == "brev" else np.uint32
    return operation(kernel, operands, lambda x: np.array([act(int(v)) for v in x], to), dtype)


# --------------------------------------------------------------------- choices


COMPARE = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal,
    "lo": np.less, "ls": np.less_equal, "hi": np.greater, "hs": np.greater_equal,
}  # fmt: skip


def comparison(how, kind):
    if kind not in VALUES and kind != "bf16":
        act = COMPARE[how]
        return (lambda x, y: act(signed(x), signed(y))) if kind[0] == "s" else act
    values = from_bf16 if kind == "bf16" else VALUES[kind][0]

    def test(x, y):
        x, y = values(x), values(y)
        nan = np.isnan(x) | np.isnan(y)
        if how in ("nan", "num"):
            return nan if how == "nan" else ~nan
        ordered = COMPARE[how[:2]](x, y)
        return (ordered | nan) if len(how) == 3 else (ordered & ~nan)

    return test


@meaning("setp")
def _(kernel, opcode, parts, operands):
    kind, targets = parts[-1], operands[0].split("|")
    test, dtype = comparison(parts[1], kind.removesuffix("x2")), BF16[kind] if kind in BF16 else WIDTHS[kind[1:]]
    x, y = kernel.get(operands[1], dtype), kernel.get(operands[2], dtype)
    if kind == "bf16x2":
        if len(targets) != 2 or parts[2] != kind:
            raise PtxError(f"no meaning for {opcode}")

        def halves(w, mask):
            for target, start in zip(targets, (0, 16)):  # the first is of the lower halves
                w.put(target, test(*((get(w) >> np.uint32(start)).astype(np.uint16) for get in (x, y))), mask)

        return halves
    if parts[2] not in INTEGER:
        if len(targets) > 1:
            raise PtxError(f"no meaning for {opcode} of two results")
        return lambda w, mask: w.put(targets[0], test(x(w), y(w)), mask)
    join, text = INTEGER[parts[2]], operands[3].lstrip("!")
    other, negated = kernel.get(text), operands[3].startswith("!")

    def act(w, mask):
        result, more = test(x(w), y(w)), other(w) ^ negated
        w.put(targets[0], join(result, more), mask)
        if len(targets) > 1:
            w.put(targets[1], join(~result, more), mask)

    return act


@meaning("selp")
def _(kernel, opcode, parts, operands):
    dtype = WIDTHS[parts[-1][-2:].lstrip("bfus")]
    yes, no = kernel.get(operands[1], dtype), kernel.get(operands[2], dtype)
    condition = kernel.get(operands[3])
    return lambda w, mask: w.put(operands[0], np.where(condition(w), yes(w), no(w)), mask)


# --------------------------------------------------------------------- conversions

TO_WHOLE = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


def saturated(x, to):
    """A float's whole value in an integer type: the nearest that it has, and 0 for a NaN."""
    target = np.dtype(f"{'i' if to[0] == 's' else 'u'}{int(to[1:]) // 8}")
    limits = np.iinfo(target)
    x = x.astype(np.float64)
    below, above = x <= limits.min, x >= limits.max
    inside = np.where(below | above | np.isnan(x), 0, x).astype(target)
    result = np.where(below, limits.min, np.where(above, limits.max, inside))
    return result.astype(target).view(WIDTHS[to[1:]])


# Bits of the mantissa, the least normal exponent, the largest number, and the code of NaN.
GRIDS = {"e4m3": (3, -6, 448, 0x7F), "e5m2": (2, -14, 57344, 0x7F)}


def to_grid(x, mantissa, least, most, nan):
    """Codes of FP8: to nearest, ties to even, no further than the largest number."""
    size = np.minimum(np.abs(np.nan_to_num(x.astype(np.float64), nan=0.0)), most)
    exponent = np.maximum(np.frexp(size)[1] - 1, least)
    steps = np.rint(np.ldexp(size, mantissa - exponent)).astype(np.int64)  # of the exponent's grid
    whole = np.minimum(np.ldexp(steps.astype(np.float64), exponent - mantissa), most)
    exponent = np.maximum(np.frexp(whole)[1] - 1, least)
    steps = np.ldexp(whole, mantissa - exponent).astype(np.int64)
    code = np.where(steps < 1 << mantissa, steps, (exponent - least << mantissa) + steps)
    code = np.where(np.isnan(x), nan, code | (np.signbit(x).astype(np.int64) << 7))
    return code.astype(np.uint16)


@meaning("cvt")
def _(kernel, opcode, parts, operands):
    if parts[1:] == ["rn", "satfinite", "e5m2x2", "f32"] or parts[1:] == ["rn", "satfinite", "e4m3x2", "f32"]:
        grid = GRIDS[parts[3][:4]]  # the first is the upper half
        return operation(kernel, operands, lambda hi, lo: (to_grid(f32(hi), *grid) << 8) | to_grid(f32(lo), *grid))
    if parts[1:] == ["rn", "f16x2", "e5m2x2"] or parts[1:] == ["rn", "f16x2", "e4m3x2"]:
        values = (lambda x: x.view(np.float16)) if parts[3] == "e5m2x2" else (lambda x: from_e4m3((x >> 8).astype(np.uint8)).astype(np.float16))
        half = lambda x: values(x.astype(np.uint16)).view(np.uint16).astype(np.uint32)
        return operation(kernel, operands, lambda x: (half(x & 0xFF00) << 16) | half((x & 0xFF) << 8), np.uint16)
    to, source = [p for p in parts[1:] if re.fullmatch(r"[usbf]\d+|bf16|bf16x2", p)]
    if "sat" in parts or "ftz" in parts or "relu" in parts:
        raise PtxError(f"no meaning for {opcode}")
    if to == "bf16x2" and source == "f32" and parts[1] == "rn":  # the first is the upper half
        return operation(
            kernel,
            operands,
            lambda hi, lo: (to_bf16(f32(hi)).astype(np.uint32) << 16) | to_bf16(f32(lo)),
        )
    if (to, source) == ("bf16", "f32") and parts[1] == "rn":
        return operation(kernel, operands, lambda x: to_bf16(f32(x)))
    if (to, source) == ("f32", "f16"):
        return operation(kernel, operands, lambda x: bits(x.view(np.float16).astype(np.float32)), np.uint16)
    if (to, source) == ("f32", "bf16"):
        return operation(kernel, operands, lambda x: bits(from_bf16(x)), np.uint16)
    whole = TO_WHOLE.get(parts[1])
    if source in VALUES:
        values, dtype = VALUES[source][0], WIDTHS[source[1:]]
        if to in VALUES:
            if not whole and (to, source) == ("f32", "f64") and parts[1] != "rn":
                raise PtxError(f"no meaning for {opcode}")
            patterns, wide = VALUES[to][1], {"f32": np.float32, "f64": np.float64}[to]
            act = whole or (lambda x: x)
            return operation(kernel, operands, lambda x: patterns(act(values(x)).astype(wide)), dtype)
        if not whole or to[0] not in "su":
            raise PtxError(f"no meaning for {opcode}")
        return operation(kernel, operands, lambda x: saturated(whole(values(x)), to), dtype)
    prepare, dtype = number(source)
    if to in VALUES:
        patterns, wide = VALUES[to][1], {"f32": np.float32, "f64": np.float64}[to]
        return operation(kernel, operands, lambda x: patterns(prepare(x).astype(wide)), dtype)
    if to[0] not in "su" or source[0] not in "su":
        raise PtxError(f"no meaning for {opcode}")
    target = WIDTHS[to[1:]]
    big = f"{'i' if source[0] == 's' else 'u'}{np.dtype(target).itemsize}"
    narrow = np.dtype(dtype)

    def convert(w, mask):
        x = value(w)
        if x.dtype != narrow:  # of a wider register, its lower half
            x = x.astype(narrow)
        w.put(operands[0], prepare(x).astype(big).view(target), mask)

    value = kernel.get(operands[1], dtype)
    return convert
