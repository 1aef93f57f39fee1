"""What a generated graph does to its stream of rows, op by op: each production takes a value [T, D] and gives another.

A production returns None where it does not apply. `PRODUCTIONS` is the table that the generator draws from.
"""

from dataclasses import replace

from builder import Scope, Value, combine, is_factor, product

PRODUCTIONS = []


def production(weight=1.0):
    def add(function):
        PRODUCTIONS.append((weight, function))
        return function

    return add


# ---- Helpers


def weight(s: Scope, rows, columns, reach=1.0):
    """A matrix [rows, columns] whose products with values near 1 are of size `reach`; a parameter or made of parameters."""
    rng, m = s.rng, s.model
    size = reach / m.number(columns) ** 0.5
    shape, kind = (rows, columns), rng.random()
    old = [v for v in s.pool if v.constant and v.shape == shape and 0.3 < v.size / size < 3]
    if old and kind < 0.5:
        m.mark("weight used twice")
        return rng.choice(old)
    if kind < 0.6:
        return s.keep(s.parameter(shape, size))
    if kind < 0.68:
        m.mark("weight scaled")
        scalar = s.parameter((), 0.2, 1.0)
        return s.keep(s.emit("mul", [scalar, s.parameter(shape, size)], shape, size))
    if kind < 0.76 and "T" not in shape:
        m.mark("rows of a parameter")
        at, more = rng.randint(0, 3), rng.randint(0, 2)
        tall = s.parameter((rows + at + more, columns), size)
        views = [s.emit("rows", [tall], shape, size, f" at {at} size {m.dim(rows)}")]
        if at and rng.random() < 0.7:
            views.append(s.emit("rows", [tall], (at, columns), size, f" at 0 size {m.dim(at)}"))
        return s.keep(views[0])
    if kind < 0.82:
        m.mark("rows of a hoisted value")
        tall = s.parameter((rows + 2, columns), size)
        scaled = s.emit("scale", [tall], tall.shape, 2 * size, " by 2")
        s.keep(s.emit("rows", [scaled], (2, columns), size, f" at {m.dim(rows)} size {m.dim(2)}"))
        return s.keep(s.emit("scale", [s.emit("rows", [scaled], shape, size, f" at 0 size {m.dim(rows)}")], shape, size, " by 0.5"))
    if kind < 0.88:
        m.mark("row of a bank")
        bank, members = m.bank(shape, size)
        return [s.keep(s.emit("row", [bank], shape, size, f"[{i}]")) for i in members][0]
    if kind < 0.93:
        m.mark("slice of a parameter")
        at = rng.randint(1, 4)
        wide = s.parameter((rows, columns + at), size)
        s.keep(s.emit("slice", [wide], (rows, at), size, f" at 0 size {m.dim(at)}"))
        return s.keep(s.emit("slice", [wide], shape, size, f" at {at} size {m.dim(columns)}"))
    if kind < 0.97:
        m.mark("weight transposed by reshape")
        m.mark("reshape of a parameter")
        return s.keep(s.emit("reshape", [s.parameter((columns, rows), size)], shape, size, f" to {m.dims(shape)}"))
    m.mark("product of parameters")
    middle = rng.choice([2, 3, 17])
    a, b = s.parameter((rows, middle), 1.0), s.parameter((middle, columns), size / middle**0.5)
    return s.keep(s.emit("matmul", [a, b], shape, size))


def linear(s: Scope, x: Value, columns, reach=1.0):
    """x Wᵀ or x W, [.., columns], near 1."""
    x = s.tame(x)
    rows = x.columns
    if s.rng.random() < 0.6:
        w, op = weight(s, columns, rows, reach), "linear"
    else:
        w, op = transposed(weight, s, rows, columns, reach), "matmul"
    if product((s.model.number(rows), s.model.number(columns))) <= 512:
        s.model.mark("weight of few elements")
    return s.emit(op, [x, w], (*x.shape[:-1], columns), reach * x.size)


def transposed(make, s, rows, columns, reach):
    return make(s, rows, columns, reach * (s.model.number(columns) / s.model.number(rows)) ** 0.5)


def flat(s: Scope, x: Value):
    """x as [T, n]."""
    if x.rank == 2:
        return x
    shape = (x.shape[0], product(s.model.number(d) for d in x.shape[1:]))
    return s.emit("reshape", [x], shape, x.size, f" to {s.model.dims(shape)}")


def join(s: Scope, x: Value, v: Value):
    """x [T, D] after it has read v, whatever v's shape is."""
    rng, m = s.rng, s.model
    if v.name == x.name:
        return x
    v = s.tame(v) if v.size > 3 or v.tail > 3 else v
    if v.shape == () or (combine(x.shape, v.shape) == x.shape):
        op = rng.choice(["add", "sub", "mul"]) if 0.2 < v.size else rng.choice(["add", "sub"])
        if s.logits and is_factor(v, x.shape):
            op = "mul"  # the loss does not see what all logits of a row have in common
        pair = [x, v] if rng.random() < 0.5 else [v, x]
        mark_broadcast(s, x, v)
        size = x.size * v.size if op == "mul" else (x.size**2 + v.size**2) ** 0.5
        return s.tame(s.emit(op, pair, x.shape, size))
    if v.shape and v.shape[0] == "T":
        if v.rank != 2:
            return join(s, x, flat(s, v))
        return join(s, x, linear(s, v, x.columns))
    if "T" in v.shape:  # [D, T]
        other = product(m.number(d) for d in v.shape if d != "T")
        return join(s, x, s.emit("reshape", [v], ("T", other), v.size, f" to {m.dims(('T', other))}"))
    if v.rank == 1:
        return join(s, x, s.emit("reshape", [v], (1, *v.shape), v.size, f" to {m.dims((1, *v.shape))}"))
    if v.rank > 2:
        shape = (product(v.shape[:-1]), v.columns)
        return join(s, x, s.emit("reshape", [v], shape, v.size, f" to {m.dims(shape)}"))
    rows, columns = v.shape
    small = s.emit("scale", [v], v.shape, 1 / columns**0.5, f" by {1 / v.size / columns**0.5:.4g}")
    narrow = x if columns == x.columns else linear(s, x, columns)
    y = s.emit("linear", [s.tame(narrow), small], (*x.shape[:-1], rows), 1.0)
    return join(s, x, y if rows == x.columns else linear(s, y, x.columns, 0.5))


def mark_broadcast(s, x, v):
    m = s.model
    kinds = {(): "a scalar", (1,): "[1]", ("T",): "[T]", (1, x.columns): "[1, n]", ("T", 1): "[T, 1]"}
    if v.shape in kinds:
        m.mark(f"broadcast of {kinds[v.shape]}")
    if v.rank and v.rank < x.rank:
        m.mark("broadcast of a lower rank")


# ---- Productions: x [T, D] → [T, D']


@production(1.0)
def arithmetic(s, x):
    """x with a parameter or an older value that broadcasts."""
    m, rng = s.model, s.rng
    shapes = [(), (1,), (1, x.columns), (1, 1), ("old",), ("old",), ("T", 1), ("T",)]
    shape = rng.choice(shapes)
    if shape == ("old",):
        old = [v for v in s.pool if v.shape == x.shape and v.name != x.name]
        if not old:
            return None
        m.mark("value used twice")
        return join(s, x, rng.choice(old))
    if shape and shape[0] == "T":
        number = linear(s, x, 1)
        if len(shape) == 1:
            number = s.emit("reshape", [number], ("T",), number.size, " to [T]")
        return join(s, x, s.emit("sigmoid", [number], number.shape, 0.5))
    return join(s, x, s.parameter(shape, 0.4, rng.choice([0.0, 0.8])) if shape == (1, x.columns) else s.parameter(shape, 0.2, 0.8))


@production(0.7)
def number(s, x):
    """x times or plus a number of the step."""
    factor = s.rng.choice(s.numbers)
    if s.rng.random() < 0.5:
        return s.tame(s.emit("scale", [x], x.shape, 1.2 * x.size, f" by {factor}"))
    return s.emit("offset", [x], x.shape, (x.size**2 + 0.5) ** 0.5, f" by {factor}")


@production(0.8)
def pointwise(s, x):
    op = s.rng.choice(["sigmoid", "relu2", "rms_norm", "square"])
    x = s.tame(x)
    if op == "sigmoid":
        return s.emit("sigmoid", [x], x.shape, 0.5)
    if op == "relu2":
        return s.tame(s.emit("relu2", [x], x.shape, x.size**2))
    if op == "square":
        s.model.mark("value used twice")
        return s.tame(s.emit("mul", [x, x], x.shape, x.size**2))
    return s.norm(x) if s.model.number(x.columns) >= 4 else None


@production(1)
def quotient(s, x):
    """x over what is far from zero, by row, by element or as a whole."""
    kind = s.rng.choice(["element", "row", "scalar", "swapped", "root"])
    s.model.mark(f"quotient, {kind}")
    x = s.tame(x)
    if kind == "scalar":
        return s.emit("div", [x, s.parameter((), 0.2, 1.5)], x.shape, x.size)
    if kind == "root":
        square = s.emit("mul", [x, x], x.shape, x.size**2)
        root = s.emit("sqrt", [s.emit("offset", [square], x.shape, 2.0, " by 1")], x.shape, 1.4)
        s.take(x)
        return s.emit("div", [x, root], x.shape, 0.6)
    y = s.emit("sigmoid", [linear(s, x, 1 if kind == "row" else x.columns)], ("T", 1) if kind == "row" else x.shape, 0.5)
    y = s.emit("offset", [y], y.shape, 1.0, " by 0.5")
    s.take(x)
    if kind == "swapped":
        one = s.emit("scale", [s.emit("sigmoid", [x], x.shape, 0.5)], x.shape, 1.0, " by 2")
        return join(s, x, s.emit("div", [one, y], x.shape, 1.0))
    return s.emit("div", [x, y], x.shape, x.size)


@production(0.3)
def mask(s, x):
    """x where it is positive."""
    positive = s.emit("positive", [x], x.shape, 0.7)
    return s.emit("mul", [x, positive], x.shape, 0.7 * x.size)


@production(0.4)
def limits(s, x):
    """Beside x what lies between two numbers, its sign, or what a parameter of bf16 would keep."""
    kind = s.rng.choice(["clamp", "clamp by a number", "sign", "stored"])
    if kind == "sign":
        y = s.emit("mul", [s.emit("sign", [x], x.shape, 0.9), x], x.shape, x.size)
    elif kind == "stored":
        y = s.emit("sigmoid", [s.emit("stored", [x], x.shape, x.size, " to bf16" + s.rng.choice(["", " truncated"]))], x.shape, 0.5)
    elif kind == "clamp by a number":
        s.model.mark("clamp by a number of the step")
        y = s.emit("clamp", [x], x.shape, 1.0, f" ({s.rng.choice(['min', 'max'])} = {s.rng.choice(s.numbers)})")
    else:
        least, most = f"min = -{s.rng.choice(['0.75', '1/3'])}", f"max = {s.rng.choice(['0.5', '2/3'])}"
        y = s.emit("clamp", [x], x.shape, 0.5, f" ({s.rng.choice([least, most, f'{least}, {most}'])})")
    s.take(x)
    return s.tame(s.emit("add", [x, y], x.shape, (x.size**2 + y.size**2) ** 0.5))


@production(0.6)
def matrices(s, x):
    """Each row as a matrix: products of stacks, squares, transpositions."""
    m, d = s.model, s.model.number(x.columns)
    h = s.rng.choice([h for h in (1, 2, 3, 4, 8) if d % h == 0])
    k = d // h
    x = s.tame(x)
    a = s.emit("reshape", [x], ("T", h, k), x.size, f" to {m.dims(('T', h, k))}")
    other = linear(s, x, x.columns) if s.rng.random() < 0.5 else s.emit("sigmoid", [x], x.shape, 0.5)
    b = s.emit("reshape", [other], a.shape, other.size, f" to {m.dims(a.shape)}")
    m.mark("stacks of matrices")
    kind = s.rng.choice(["gram", "linear", "turned", "flipped"])
    if kind == "gram":
        pairs = s.emit("gram", [a], ("T", h, h), k)
    elif kind == "linear":
        pairs = s.emit("linear", [a, b], ("T", h, h), k**0.5)
    elif kind == "turned":
        pairs = s.emit("matmul", [a, s.emit("transpose", [b], ("T", k, h), b.size)], ("T", h, h), k**0.5)
    else:  # b aᵀ, by way of (a bᵀ)ᵀ
        product = s.emit("linear", [a, b], ("T", h, h), k**0.5)
        pairs = s.emit("transpose", [product], ("T", h, h), product.size)
    pairs = s.emit("sigmoid", [s.emit("scale", [pairs], pairs.shape, 1.0, f" by {1 / k:.4g}")], pairs.shape, 0.5)
    if s.rng.random() < 0.5:
        y = s.emit("matmul", [pairs, b], a.shape, 0.6 * h**0.5)
    else:
        m.mark("elements of what is transposed")
        turned = s.emit("scale", [s.emit("transpose", [b], ("T", k, h), b.size)], ("T", k, h), b.size, " by 0.5")
        y = s.emit("matmul", [turned, pairs], ("T", k, h), 0.3 * h**0.5)
        y = s.emit("transpose", [y], a.shape, y.size)
    s.take(x)
    return join(s, x, flat(s, y))


@production(0.3)
def weights_of_stacks(s, x):
    """A weight that is made of a stack of parameters, or stored the other way round."""
    m, d = s.model, s.model.number(x.columns)
    size = 1 / d**0.5
    if s.rng.random() < 0.5:
        m.mark("transpose of a parameter")
        n = s.rng.choice([3, 8, 24])
        w = s.parameter((d, n), size)
        turned = s.emit("transpose", [w], (n, d), size, s.rng.choice(["", " (on = true)", " (on = 2 > 1)"]))
        x = s.tame(x)
        return join(s, x, s.emit("linear", [x, s.emit("transpose", [turned], (n, d), size, " (on = 1 > 2)")], ("T", n), x.size))
    b, n = s.rng.choice([(1, 4), (2, 3), (3, 17)])
    stack = s.parameter((b, n, d), size)
    square = s.emit("gram", [stack], (b, n, n), 1.0)
    w = s.emit("matmul", [square, stack], (b, n, d), 2 * size)
    w = s.emit("reshape", [w], (b * n, d), 2 * size, f" to {m.dims((b * n, d))}")
    m.mark("stack of parameters")
    x = s.tame(x)
    return join(s, x, s.emit("linear", [x, w], ("T", b * n), 2 * x.size))


@production(0.4)
def softmax(s, x):
    """Probabilities of a few kinds, as a mixture of rows or as they are."""
    n = s.rng.choice([2, 5, 16, 65])
    f = linear(s, x, n)
    if s.rng.random() < 0.5:
        f = s.emit("cast", [f], f.shape, f.size, " to f32")
    p = s.emit("softmax", [f], f.shape, 1 / n, s.rng.choice(["", " (temperature = 0.8)", " (temperature = 2)"]))
    s.model.mark("softmax in the stream")
    s.take(x)
    return join(s, x, linear(s, s.emit("scale", [p], p.shape, 1.0, f" by {n}"), x.columns, 0.5))


@production(0.5)
def shift(s, x):
    by = s.rng.choice([1, 1, 2, 3, s.model.smallest, s.model.smallest + 5])
    beyond = by >= s.model.smallest
    s.model.mark("shift beyond all rows" if beyond else "shift by 1" if by == 1 else "shift by more")
    y = s.emit("shift", [x], x.shape, x.size, "" if by == 1 else f" by {by}")
    return s.emit("add", [x, y], x.shape, 1.4 * x.size)


@production(0.4)
def cast(s, x):
    to = s.rng.choice(["f32", "f32", "bf16"])
    s.model.mark(f"cast to {to}")
    return s.emit("cast", [x], x.shape, x.size, f" to {to}")


@production(1.2)
def project(s, x):
    """To another width."""
    return linear(s, x, s.rng.choice(s.model.widths))


@production(0.8)
def mlp(s, x):
    m = s.model
    m.mark("mlp")
    m.mark("relu2 of a product")
    hidden = s.rng.choice(m.widths)
    h = s.norm(x) if m.number(x.columns) >= 8 else s.tame(x)
    s.take(x)
    b = s.emit("relu2", [linear(s, h, hidden)], ("T", hidden), 1.0)
    return s.tame(s.emit("add", [x, linear(s, b, x.columns)], x.shape, 1.5))


@production(0.8)
def slices(s, x):
    """A range of columns, sometimes two that overlap."""
    m, d = s.model, s.model.number(x.columns)
    if d < 3:
        return None
    size = s.rng.randint(1, d - 1)
    at = [s.rng.randint(0, d - size) for _ in range(s.rng.choice([1, 2]))]
    m.mark("slice of an activation")
    parts = [s.emit("slice", [x], ("T", size), x.size, f" at {a} size {m.dim(size)}") for a in at]
    s.keep(x)
    s.take(x)
    y = parts[0]
    for other in parts[1:]:
        m.mark("several outputs of one value")
        y = s.emit("mul", [y, other], y.shape, x.size**2)
    if s.rng.random() < 0.3:
        s.read(x)  # what the slices leave reaches nothing
        return y
    return join(s, x, y)


@production(0.5)
def split(s, x):
    m = s.model
    n = s.rng.choice([1, 2, 4, 12, 21])
    part = ("T", n) if s.rng.random() < 0.5 else ("T", 1, n) if s.rng.random() < 0.5 else ("T", n, 2)
    total = product(part[1:])
    m.mark("split of an activation")
    if len(part) == 3:
        m.mark("split to heads")
    y = linear(s, x, 3 * total)
    q, k, v = s.split(y, part)
    m.mark("several outputs of one value")
    return flat(s, s.tame(s.emit("sub", [s.emit("mul", [q, k], part, 1.0), v], part, 1.4)))


@production(0.3)
def split_parameter(s, x):
    m = s.model
    m.mark("split of a parameter")
    d = x.columns
    rows = s.rng.choice([2, 5])
    wide = s.parameter((rows, 3 * m.number(d)), 1 / m.number(d) ** 0.5)
    if s.rng.random() < 0.5:
        wide = s.emit("scale", [wide], wide.shape, wide.size, " by 1.5")
    for part in s.split(wide, (rows, d)):
        x = join(s, x, part)
    return x


@production(0.8)
def heads(s, x):
    """Reshaped, arithmetic in that shape, and back."""
    m, d = s.model, s.model.number(x.columns)
    divisors = [h for h in (1, 2, 3, 4, 8) if d % h == 0]
    h = s.rng.choice(divisors)
    shape = ("T", h, d // h)
    y = s.emit("reshape", [x], shape, x.size, f" to {m.dims(shape)}")
    kind = s.rng.choice(["norm", "lower", "both", "ones"])
    if kind == "norm" and d // h >= 4:
        y = s.norm(y)
    elif kind == "lower":
        m.mark("broadcast of a lower rank")
        y = s.emit("mul", [linear(s, x, h), y], shape, x.size)
    elif kind == "both":
        m.mark("broadcast both ways")
        b = linear(s, x, h)
        b = s.emit("reshape", [b], ("T", h, 1), 1.0, f" to {m.dims(('T', h, 1))}")
        a = s.parameter((1, h, d // h), 0.3, 1.0)
        y = s.emit("add", [s.emit("mul", [a, b], shape, 1.0), y], shape, 1.5)
    else:
        y = s.emit("mul", [s.parameter((1, h, 1), 0.3, 1.0), y], shape, x.size)
    return flat(s, s.tame(y))


@production(0.3)
def moved_rows(s, x):
    """[T, D] read as [D, T]: rows are no longer rows."""
    m = s.model
    if len(set(m.tokens.values())) > 1:
        return None
    m.mark("reshape that moves rows")
    other = (x.columns, "T")
    y = s.emit("reshape", [x], other, x.size, f" to {m.dims(other)}")
    if s.rng.random() < 0.6:
        g = s.emit("sigmoid", [linear(s, x, 1)], ("T", 1), 0.5)
        y = s.emit("mul", [s.emit("reshape", [g], (1, "T"), 0.5, " to [1, T]"), y], other, 0.5 * x.size)
    else:
        y = s.emit("shift", [s.emit("sigmoid", [y], other, 0.5)], other, 0.5)
    s.take(x)
    return join(s, x, s.emit("reshape", [y], x.shape, y.size, f" to {m.dims(x.shape)}"))


@production(0.5)
def rows_of_parameters(s, x):
    """Rows and numbers of parameters."""
    m, d, rng = s.model, s.model.number(x.columns), s.rng
    kind = rng.choice(["matrix", "vector", "pack"])
    if kind == "matrix":
        m.mark("row of a matrix")
        n = rng.randint(2, 4)
        matrix = s.parameter((n, d), 0.3, 0.8)
        for i in rng.sample(range(n), 2):
            row = s.emit("row", [matrix], (d,), 0.8, f"[{i}]")
            x = join(s, x, s.emit("reshape", [row], (1, d), 0.8, f" to {m.dims((1, d))}"))
        return x
    if kind == "vector":
        m.mark("row of a vector")
        vector = s.parameter((rng.randint(2, 5), 2), 0.3, 0.8)
        row = s.emit("row", [vector], (2,), 0.8, f"[{vector.shape[0] - 1}]")
        for i in range(2):
            x = join(s, x, s.emit("row", [row], (), 0.8, f"[{i}]"))
        return x
    shapes = [(), (3,), (1, d), (2, 2)]
    chosen = rng.sample(shapes, rng.randint(2, 4))
    if (2, 2) in chosen:
        m.mark("pack with a matrix")
    parts = [s.take(v) for v in m.pack([(shape, 0.3, 0.8) for shape in chosen])]
    for part in parts:
        x = join(s, x, part)
    return x


@production(0.35)
def rows_of_activation(s, x):
    m, d, rng = s.model, s.model.number(x.columns), s.rng
    if m.smallest < 2:
        return None
    if rng.random() < 0.5:
        m.mark("row of an activation")
        row = s.emit("row", [x], (d,), x.size, f"[{rng.randrange(m.smallest)}]")
        s.take(x)
        r = s.emit("reshape", [row], (1, d), x.size, f" to {m.dims((1, d))}")
        return without_zeros(join(s, x, r))
    m.mark("rows of an activation")
    n = rng.randint(1, m.smallest)
    at = rng.randint(0, m.smallest - n)
    r = s.emit("rows", [x], (n, d), x.size, f" at {at} size {m.dim(n)}")
    s.take(x)
    if n != 1:
        r = s.emit("row", [r], (d,), x.size, f"[{n - 1}]")
        r = s.emit("reshape", [r], (1, d), x.size, f" to {m.dims((1, d))}")
    return without_zeros(join(s, x, r))


def without_zeros(x):
    """x, of which one of its rows may have been subtracted."""
    return replace(x, thin=True)


@production(0.3)
def fp8(s, x):
    """Rounding where it is exact on both sides, or switched off."""
    m, rng = s.model, s.rng
    if rng.random() < 0.3:
        m.mark("round_gradient off")
        return s.emit("round_gradient", [x], x.shape, x.size, ' to "e5m2" (scale = 0.5, on = false)')
    grid = rng.choice(["e4m3", "e5m2"])
    if rng.random() < 0.3:
        m.mark("round off")
        return s.emit("round", [x], x.shape, x.size, f' to "{grid}" (scale = 1/448, on = fp8)' if "fp8" in m.sizes else f' to "{grid}" (scale = 1/448, on = false)')
    m.mark("round on")
    d = x.columns
    w = s.parameter((d, d), 1 / m.number(d) ** 0.5)
    rounded = s.emit("round", [w], w.shape, w.size, f' to "{grid}" (scale = {rng.choice(["1/4", "1/1024", "1/64"])}, on = true)')
    return s.emit("linear", [s.tame(x), rounded], x.shape, x.size)
