"""Productions of many ops: what the record is made of (attention, gates, the smear, tables), and near misses of its fused forms."""

from productions import flat, join, linear, production

# ---- Attention


def head_sizes(s):
    return s.rng.choice([(1, 4), (2, 4), (4, 4), (2, 8), (1, 16), (4, 8), (3, 4), (2, 12), (1, 5), (2, 3)])


@production(1.0)
def attention(s, x):
    m, rng = s.model, s.rng
    h, k = head_sizes(s)
    part = ("T", h, k)
    m.inputs.add("docs")
    m.mark("attention")
    if k % 4:
        m.mark("attention, odd heads")
    y = linear(s, x, 3 * h * k)
    q, kk, v = s.split(y, part)
    group = rng.choice([g for g in (1, 1, 2, 4) if h % g == 0])
    if rng.random() < 0.5 and k >= 4:
        q, kk = s.norm(q), s.norm(kk)
    if rng.random() < 0.6 and k % 4 == 0:
        q, kk = rotary(s, q, group), rotary(s, kk, group)
    if rng.random() < 0.4 and k % 4 == 0:
        m.mark("key_offset")
        kk = s.emit("key_offset", [kk], part, kk.size, f" (by = {rng.choice([1, 1, 2, 3])})")
    kinds = {"attention, everything seen": "1000", "attention, window of the schedule": "%window"}
    kinds |= {str(n): str(n) for n in (1, 7, 16, 63)}
    kind = rng.choice([*kinds, "attention, window of the schedule"])
    if kind == "attention, window of the schedule":
        m.numbers_needed.add("window")
    if kind.startswith("attention"):
        m.mark(kind)
    options = f"window = {kinds[kind]}, scale = {rng.choice(['0.3', '0.5', '1/' + str(k), m.yarn_scale(s) or '0.25'])}"
    if group > 1:
        m.mark("attention, groups")
        options += f", group = {group}"
    y = s.emit("attention", [q, kk, v], part, 0.7, f" documents %docs ({options})")
    y = linear(s, flat(s, y), x.columns)
    return s.tame(s.emit("add", [x, y], x.shape, 1.4))


def rotary(s, x, group):
    m = s.model
    near = s.rng.random() < 0.4
    freqs = m.yarn(x.shape[-1])
    m.mark("rotary by neighbours" if near else "rotary by halves")
    words = [f"group = {group}"] * (group > 1) + ["neighbours = true"] * near
    if group > 1:
        m.mark("rotary, groups")
    return s.emit("rotary", [x], x.shape, x.size, f", {freqs}" + (f" ({', '.join(words)})" if words else ""))


# ---- Gates


@production(1.0)
def gate(s, x):
    """σ(lin(x[at..], w)) ⊙ y, as fuse-slice-gate looks for it, or nearly so."""
    m, rng, d = s.model, s.rng, s.model.number(x.columns)
    if d < 4:
        return None
    kinds = ["plain", "plain", "head", "times", "factor", "reshape", "offset", "elsewhere", "wide", "row of parameters"]
    kind = rng.choice(kinds)
    size = rng.randint(1, min(12, d - 1)) if kind != "wide" else d
    heads = [h for h in (2, 3, 4) if d % h == 0]
    g = rng.choice(heads) if kind == "head" and heads else 1
    read = s.emit("slice", [x], ("T", size), x.size, f" at {rng.randint(0, d - size)} size {m.dim(size)}")
    w = s.parameter((g, size), rng.choice([1.0, 2.0]) / size**0.5)
    z = s.emit("linear", [read, w], ("T", g), 1.5)
    if kind == "offset":
        m.mark("gate, near miss: offset")
        z = s.emit("offset", [z], z.shape, 1.5, " by 0.5")
    y = s.emit("sigmoid", [z], z.shape, 0.5)
    if kind == "elsewhere":
        m.mark("gate, near miss: value used elsewhere")
        s.keep(z)
        s.take(z)
    if kind == "factor" or (kind == "times" and rng.random() < 0.5):
        m.mark("gate with a factor")
        y = s.emit("scale", [y], y.shape, 1.0, " by 2")
    if kind == "times":
        m.mark("gate with times")
        y = s.emit("mul", [s.parameter((), 0.3, 0.8), y], y.shape, 0.7)
    if kind == "wide":
        m.mark("gate, near miss: wide")
    s.take(x)
    other = [v for v in s.pool if v.shape == x.shape] or [x]
    value = rng.choice(other)
    if kind == "row of parameters":
        m.mark("gate, near miss: row of parameters")
        out = s.emit("mul", [y, s.parameter((1, d), 1.0)], x.shape, 0.5)
        return join(s, x, out)
    if kind == "reshape" and len(set(m.tokens.values())) == 1:
        m.mark("gate, near miss: reshape")
        turned = s.emit("reshape", [y], (1, "T"), y.size, " to [1, T]")
        value = s.emit("reshape", [value], (x.columns, "T"), value.size, f" to {m.dims((x.columns, 'T'))}")
        out = s.emit("mul", [turned, value], value.shape, 0.5)
        return join(s, x, s.emit("reshape", [out], x.shape, 0.5, f" to {m.dims(x.shape)}"))
    if g > 1:
        m.mark("gate a head")
        shape = ("T", g, d // g)
        value = s.emit("reshape", [value], shape, value.size, f" to {m.dims(shape)}")
        out = s.emit("mul", [y, value] if rng.random() < 0.7 else [value, y], shape, 0.5)
        return join(s, x, flat(s, out))
    m.mark("gate")
    out = s.emit("mul", [y, value] if rng.random() < 0.7 else [value, y], x.shape, 0.5)
    return join(s, x, out)


@production(0.7)
def smear(s, x):
    m, rng, d = s.model, s.rng, s.model.number(x.columns)
    if d < 4:
        return None
    kind = rng.choice(["smear", "smear", "another value", "shift by 2"])
    m.mark("smear" if kind == "smear" else f"smear, near miss: {kind}")
    size = rng.randint(1, min(12, d - 1))
    r = s.emit("slice", [x], ("T", size), x.size, f" at {rng.randint(0, d - size)} size {m.dim(size)}")
    z = s.emit("linear", [r, s.parameter((1, size), 1.5 / size**0.5)], ("T", 1), 1.5)
    g = s.emit("sigmoid", [z], ("T", 1), 0.5)
    lam = s.parameter((), 0.3, 0.6)
    gl = s.emit("mul", [lam, g], ("T", 1), 0.4)
    other = x
    if kind == "another value":
        other = s.emit("scale", [x], x.shape, x.size, " by 0.7")
    p = s.emit("shift", [other], x.shape, x.size, " by 2" if kind == "shift by 2" else "")
    gp = s.emit("mul", [gl, p], x.shape, 0.4)
    return s.tame(s.emit("add", [x, gp], x.shape, 1.2 * x.size))


# ---- Tables


@production(0.7)
def table(s, x):
    """Another table looked up by tokens, targets or document starts."""
    m, rng, d = s.model, s.rng, x.columns
    by = rng.choice(["tokens", "tokens", "targets", "docs"])
    m.inputs.add(by)
    rows = m.vocabulary if by != "docs" else max(m.vocabulary, max(m.tokens.values()))
    if by != "tokens":
        m.mark(f"table looked up by {by}")
    kind = rng.choice(["parameter", "parameter", "bank", "hoisted"])
    if kind == "bank":
        bank, members = m.bank((rows, m.number(d)), 0.7)
        tables = [s.emit("row", [bank], (rows, d), 0.7, f"[{i}]") for i in members]
    else:
        tables = [s.parameter((rows, d), 0.7)]
    if kind == "hoisted":
        m.mark("table hoisted")
        tables = [s.emit("mul", [s.parameter((), 0.3, 1.0), tables[0]], (rows, d), 0.7)]
    for t in tables:
        x = join(s, x, s.emit("embed", [t], ("T", d), 0.7, f"[%{by}]", constant=False))
        if rng.random() < 0.3:
            m.mark("table looked up twice")
            x = join(s, x, s.emit("embed", [t], ("T", d), 0.7, f"[%{by}]", constant=False))
    return x


@production(0.35)
def tie(s, x):
    """A table that is another's until a step, and then its own; sometimes two of them."""
    m, rng = s.model, s.rng
    if s.inside or m.ties:
        return None
    kind = rng.choice(["tie", "two ties at one step", "two ties at two steps"])
    m.mark(kind)
    splits = {"tie": ["split"], "two ties at one step": ["split", "split"], "two ties at two steps": ["split", "split2"]}
    for split in splits[kind]:
        x = tied(s, x, split)
    m.ties = True
    return x


def tied(s, x, split):
    m, d = s.model, x.columns
    m.numbers_needed.add(split)
    m.inputs.add("tokens")
    by, f32 = m.optimizer(), s.rng.random() < 0.4
    shape = (m.vocabulary, m.number(d))
    a, b = (m.parameter(shape, 0.7, f32=f32, by=by, stem="table") for _ in range(2))
    t = s.emit("tied", [a], shape, 0.7, f" to {b.name} until %{split}")
    y = s.emit("embed", [t], ("T", d), 0.7, "[%tokens]", constant=False)
    return join(s, x, y)


@production(0.6)
def hoisted(s, x):
    """Views of values that depend on parameters alone."""
    m, rng, d = s.model, s.rng, s.model.number(x.columns)
    base = s.parameter((6, d), 0.6)
    v = s.emit("mul", [s.parameter((), 0.3, 1.0), base], base.shape, 0.6)
    if rng.random() < 0.5:
        v = s.emit("sigmoid", [v], v.shape, 0.5)
    kind = rng.choice(["slice", "reshape", "row", "rows"])
    if kind == "slice" and d > 2:
        m.mark("slice of a hoisted value")
        n = rng.randint(1, d - 1)
        return join(s, x, s.emit("slice", [v], (6, n), 0.6, f" at {rng.randint(0, d - n)} size {m.dim(n)}"))
    if kind == "reshape":
        m.mark("reshape of a hoisted value")
        return join(s, x, s.emit("reshape", [v], (3, 2 * d), 0.6, f" to {m.dims((3, 2 * d))}"))
    m.mark("rows of a hoisted value")
    if kind == "row":
        row = s.emit("row", [v], (d,), 0.6, f"[{rng.randrange(6)}]")
        return join(s, x, row)
    return join(s, x, s.emit("rows", [v], (4, d), 0.6, f" at {rng.randint(0, 2)} size {m.dim(4)}"))
