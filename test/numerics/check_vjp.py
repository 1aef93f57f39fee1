"""Every op's gradient against finite differences, on small models that hold little but the op.

A model embeds tokens, applies the op, and ends in `linear` and `cross_entropy`. Beside it stands the op's meaning in NumPy,
float64. The product's loss must equal that meaning's, to 1e-6; its gradient of every parameter must equal central differences
of it, coordinate by coordinate, ‖g − fd‖ ≤ 2e-5 ‖fd‖ (less where a case says so). No rule of differentiation stands on this side. That this bound catches
planted mistakes (a sign, a factor, a lost row, a neighbour's row) is itself a case for each model.
"""

import sys
from dataclasses import dataclass, field
from typing import Callable

import numpy as np

import inputs
import report as r
import vjp_operands
from product import arguments
from reference import bf16

sys.path.insert(0, str(r.ROOT / "test"))

from interpret import load, printed

T, V, D, H, K = 24, 16, 16, 4, 4
MICRO_BATCHES = 2

MODEL = """gpt.model @op {{
  gpt.let T, V = 16, D = 16, H = 4, K = 4, n = 5, window_unit = 4
{before}  %tokens  = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %docs    = gpt.input [T] i32
  %table   = gpt.param [V, D] init normal(1) by %sgd
  %head    = gpt.param [V, {columns}] init normal(1) by %sgd
{parameters}
  gpt.graph @train {{
    %x = gpt.embed %table[%tokens]
{body}
    %z = gpt.linear %y, %head
{loss}
    gpt.return %loss
  }}
{numbers}
{behind}  gpt.recipe (steps = 4, micro_batches = 2, T = 24, document_token = 0, max_document = 24, validate = 0,
              validate_tokens = 24, validate_batch = 24)
}}
"""
OPTIMIZER = """  %sgd = gpt.optimizer(%p, %g) (%lr = 0.1) every 1 {
    %u = gpt.scale %g by %lr
    %q = gpt.sub %p, %u
    gpt.return %q
  }
"""
LOSS = "%loss = gpt.cross_entropy %z, %targets (w0 = 1)"

# ---- What ops mean -----------------------------------------------------------------------------------------------------------


def norm(x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 2.0**-23)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu2(x):
    return np.maximum(x, 0) ** 2


def shift(x, by=1):
    return np.concatenate([np.zeros_like(x[:by]), x[:-by]])


def heads(x):
    return x.reshape(T, -1, K)


def flat(x):
    return x.reshape(T, -1)


def rotate(x, freqs, group=1, neighbours=False):
    position = group * np.arange(T)[:, None] + np.arange(x.shape[1]) % group
    angle = np.float64(np.float32(position)[..., None] * np.float32(freqs))
    cos, sin = bf16(np.cos(angle)), bf16(np.sin(angle))
    n = len(freqs)
    a, b = (slice(0, 2 * n, 2), slice(1, 2 * n, 2)) if neighbours else (slice(0, n), slice(K // 2, K // 2 + n))
    y = x.copy()
    y[..., a], y[..., b] = x[..., a] * cos + x[..., b] * sin, x[..., b] * cos - x[..., a] * sin
    return y


def key_offset(x, by):
    y = x.copy()
    for part in (slice(K // 4, K // 2), slice(3 * K // 4, K)):
        y[by:, :, part] = x[:-by, :, part]
    return y


def attention(q, k, v, batch, window, scale, group=1):
    q, k, v = (x.reshape(group * T, -1, K) for x in (q, k, v))
    begin, t = np.repeat(batch.documents() * group, group), np.arange(group * T)
    seen = (t <= t[:, None]) & (t >= np.maximum(t - window, begin)[:, None])
    logits = np.where(seen, scale * np.einsum("thk,shk->hts", q, k), -np.inf)
    weight = np.exp(logits - logits.max(-1, keepdims=True))
    return np.einsum("hts,shk->thk", weight / weight.sum(-1, keepdims=True), v).reshape(T, -1, K)


def softcap(z):
    return 23 * sigmoid((z + 5) / 7.5)


def cross_entropy(z, targets, weights=(1.0,)):
    total = np.log(np.exp(z).sum(-1))
    picked = lambda k: z[np.arange(T - k), targets[k:]]
    return sum(w * (total[: T - k] - picked(k)).sum() for k, w in enumerate(weights) if w)


# ---- The table of ops --------------------------------------------------------------------------------------------------------


@dataclass
class Case:
    """`body` computes %y from %x; `meaning(x, p, batch)` says what it is."""

    name: str
    body: str
    meaning: Callable
    parameters: dict = field(default_factory=dict)  # name → (shape in the model's words, shape)
    columns: int = D
    loss: str = LOSS
    weights: tuple = (1.0,)
    cap: Callable = lambda z: z
    numbers: str = ""
    bound: float = 2e-5
    beside: Callable = lambda p, b: 0  # what the loss has beside the head's cross-entropy


FREQS = (1 / 8) ** np.linspace(0, 1, 1)
YARN = """  %freqs, %scale = gpt.yarn (window = 8, count = 1, base = 8, alpha = 1, beta = 32, scale = 0.4, growth = 0.2)"""
OTHER = {"other": ("[V, D]", (V, D))}
QKV = """%w3 = gpt.linear %x, %w
%q, %k, %v = gpt.split %w3 to [T, H, K]
"""
WQKV = {"w": ("[3*D, D]", (3 * D, D))}


def split3(x, p):
    return (heads(part) for part in np.split(x @ p["w"].T, 3, axis=1))


def attended(window, scale, group=1):
    return lambda x, p, b: flat(attention(*split3(x, p), b, window, scale, group))


def gated(x, p):
    return sigmoid(x[:, 3:8] @ p["w"].T)


def unary(name, op, meaning):
    return Case(name, f"%y = gpt.{op}", lambda x, p, b: meaning(x))


def binary(name, op, meaning):
    return Case(name, f"%o = gpt.embed %other[%tokens]\n%y = gpt.{op} %x, %o", lambda x, p, b: meaning(x, p["other"][b.tokens]), OTHER)


CASES = [
    unary("embed", "scale %x by 1", lambda x: x),
    unary("scale", "scale %x by -0.7", lambda x: -0.7 * x),
    unary("offset", "offset %x by 0.3", lambda x: x + 0.3),
    unary("sigmoid", "sigmoid %x", sigmoid),
    unary("relu2", "relu2 %x", relu2),
    unary("rms_norm", "rms_norm %x", norm),
    unary("shift", "shift %x", shift),
    unary("shift by 3", "shift %x by 3", lambda x: shift(x, 3)),
    unary("cast", "cast %x to f32", lambda x: x),
    binary("add", "add", np.add),
    binary("sub", "sub", np.subtract),
    binary("mul", "mul", np.multiply),
    Case("one value used twice", "%s = gpt.sigmoid %x\n%t = gpt.mul %s, %x\n%y = gpt.add %t, %x", lambda x, p, b: sigmoid(x) * x + x),
    Case("mul of a scalar", "%y = gpt.mul %s, %x", lambda x, p, b: p["s"] * x, {"s": ("[]", ())}),
    Case("sub of a scalar times a row", "%u = gpt.mul %s, %x\n%y = gpt.sub %x, %u", lambda x, p, b: x - p["s"] * x, {"s": ("[]", ())}),
    Case(
        "mul of a number a row",
        "%g = gpt.linear %x, %w\n%y = gpt.mul %g, %x",
        lambda x, p, b: (x @ p["w"].T) * x,
        {"w": ("[1, D]", (1, D))},
    ),
    Case(
        "mul of a number a head",
        "%g = gpt.linear %x, %w\n%h = gpt.reshape %x to [T, H, K]\n%m = gpt.mul %g, %h\n%y = gpt.reshape %m to [T, D]",
        lambda x, p, b: flat((x @ p["w"].T)[..., None] * heads(x)),
        {"w": ("[H, D]", (H, D))},
    ),
    Case("slice", "%y = gpt.slice %x at 3 size n", lambda x, p, b: x[:, 3:8], columns=5),
    Case(
        "two slices that overlap",
        "%a = gpt.slice %x at 3 size n\n%b = gpt.slice %x at 5 size n\n%y = gpt.mul %a, %b",
        lambda x, p, b: x[:, 3:8] * x[:, 5:10],
        columns=5,
    ),
    Case(
        "rms_norm a head",
        "%h = gpt.reshape %x to [T, H, K]\n%m = gpt.rms_norm %h\n%y = gpt.reshape %m to [T, D]",
        lambda x, p, b: flat(norm(heads(x))),
    ),
    Case(
        "split",
        QKV + "%m = gpt.mul %q, %k\n%s = gpt.sub %m, %v\n%y = gpt.reshape %s to [T, D]",
        lambda x, p, b: flat((lambda q, k, v: q * k - v)(*split3(x, p))),
        WQKV,
    ),
    Case("linear", "%y = gpt.linear %x, %w", lambda x, p, b: x @ p["w"].T, {"w": ("[n, D]", (5, D))}, columns=5),
    Case("matmul", "%y = gpt.matmul %x, %w", lambda x, p, b: x @ p["w"], {"w": ("[D, n]", (D, 5))}, columns=5),
    Case(
        "rows of a scaled weight",
        "%r = gpt.rows %w at 2 size n\n%m = gpt.mul %s, %r\n%y = gpt.linear %x, %m",
        lambda x, p, b: x @ (p["s"] * p["w"][2:7]).T,
        {"w": ("[D, D]", (D, D)), "s": ("[]", ())},
        columns=5,
    ),
    Case(
        "rows of a bank",
        "%a = gpt.row %w[1]\n%u = gpt.linear %x, %a\n%c = gpt.row %w[0]\n%y = gpt.linear %u, %c",
        lambda x, p, b: x @ p["w"][1].T @ p["w"][0].T,
        {"w": ("[3, D, D]", (3, D, D))},
    ),
    Case(
        "a number of a matrix",
        "%a = gpt.row %w[2]\n%s = gpt.row %a[1]\n%y = gpt.mul %s, %x",
        lambda x, p, b: p["w"][2, 1] * x,
        {"w": ("[4, 2]", (4, 2))},
    ),
    Case(
        "the MLP",
        "%a = gpt.rms_norm %x\n%u = gpt.linear %a, %w\n%b = gpt.relu2 %u\n%c = gpt.matmul %b, %v\n%y = gpt.add %x, %c",
        lambda x, p, b: x + relu2(norm(x) @ p["w"].T) @ p["v"],
        {"w": ("[2*D, D]", (2 * D, D)), "v": ("[2*D, D]", (2 * D, D))},
    ),
    Case(
        "a gate a row",
        "%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%o = gpt.embed %other[%tokens]\n"
        "%y = gpt.mul %g, %o",
        lambda x, p, b: gated(x, p) * p["other"][b.tokens],
        {"w": ("[1, n]", (1, 5)), **OTHER},
    ),
    Case(
        "a gate a head, times 2",
        "%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%g2 = gpt.scale %g by 2\n"
        "%o = gpt.embed %other[%tokens]\n%h = gpt.reshape %o to [T, H, K]\n%m = gpt.mul %g2, %h\n%y = gpt.reshape %m to [T, D]",
        lambda x, p, b: flat(2 * gated(x, p)[..., None] * heads(p["other"][b.tokens])),
        {"w": ("[H, n]", (H, 5)), **OTHER},
    ),
    Case(
        "the skip's gate",
        "%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%t = gpt.sigmoid %lambda\n"
        "%t2 = gpt.scale %t by 2\n%tg = gpt.mul %t2, %g\n%o = gpt.embed %other[%tokens]\n%m = gpt.mul %tg, %o\n%y = gpt.add %x, %m",
        lambda x, p, b: x + 2 * sigmoid(p["lambda"]) * gated(x, p) * p["other"][b.tokens],
        {"w": ("[1, n]", (1, 5)), "lambda": ("[]", ()), **OTHER},
    ),
    Case(
        "the smear",
        "%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%lg = gpt.mul %lambda, %g\n"
        "%b = gpt.shift %x\n%m = gpt.mul %lg, %b\n%y = gpt.add %x, %m",
        lambda x, p, b: x + p["lambda"] * gated(x, p) * shift(x),
        {"w": ("[1, n]", (1, 5)), "lambda": ("[]", ())},
    ),
    # Row 0 of %d is 0: the norm's cotangent there is large, reaches %x twice, and cancels. What the gate gives must survive that.
    Case(
        "the smear beside a row that cancels",
        "%s2 = gpt.slice %x at 4 size n\n%l2 = gpt.linear %s2, %w\n%u = gpt.mul %lambda, %l2\n"
        "%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%lg = gpt.mul %lambda, %g\n"
        "%b = gpt.shift %x\n%m = gpt.mul %lg, %b\n%sm = gpt.add %x, %m\n%d = gpt.sub %sm, %x\n%nd = gpt.rms_norm %d\n"
        "%y = gpt.add %nd, %u",
        lambda x, p, b: norm(p["lambda"] * gated(x, p) * shift(x)) + p["lambda"] * (x[:, 4:9] @ p["w"].T),
        {"w": ("[1, n]", (1, 5)), "lambda": ("[]", ())},
        bound=2e-6,
    ),
    # A gate that every row shares, and gates that are another row's: products of a sigmoid, not gates.
    Case(
        "a gate of a learned row",
        "%s = gpt.slice %a at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%y = gpt.mul %g, %x",
        lambda x, p, b: sigmoid(p["a"][:, 3:8] @ p["w"].T) * x,
        {"w": ("[1, n]", (1, 5)), "a": ("[1, D]", (1, D))},
    ),
    Case(
        "gates moved to other rows",
        "%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%h = gpt.reshape %g to [1, T]\n"
        "%xb = gpt.reshape %x to [1, T, D]\n%m = gpt.mul %h, %xb\n%y = gpt.reshape %m to [T, D]",
        lambda x, p, b: gated(x, p) * x,
        {"w": ("[1, n]", (1, 5))},
    ),
    Case(
        "a gate whose weight is columns of an activation",
        "%v = gpt.slice %x at 2 size n\n%s = gpt.slice %x at 3 size n\n%l = gpt.linear %s, %v\n%g = gpt.sigmoid %l\n"
        "%o = gpt.linear %x, %w\n%gr = gpt.reshape %g to [T, 24]\n%m = gpt.mul %gr, %o\n%y = gpt.matmul %m, %w",
        lambda x, p, b: (sigmoid(x[:, 3:8] @ x[:, 2:7].T) * (x @ p["w"].T)) @ p["w"],
        {"w": ("[24, D]", (T, D))},
    ),
    Case(
        "a sum of few weights, beside what a split lays side by side",
        "%w3 = gpt.linear %x, %w\n%q, %k, %v = gpt.split %w3 to [T, n]\n%s = gpt.linear %q, %k\n%sg = gpt.sigmoid %s\n"
        "%y = gpt.matmul %sg, %v",
        lambda x, p, b: (lambda q, k, v: sigmoid(q @ k.T) @ v)(*np.split(x @ p["w"].T, 3, axis=1)),
        {"w": ("[3*n, D]", (15, D))},
        columns=5,
    ),
    Case(
        "two splits whose parts meet",
        "%a = gpt.linear %x, %w\n%q, %k, %v = gpt.split %a to [T, H, K]\n%c = gpt.linear %x, %w2\n"
        "%q2, %k2, %v2 = gpt.split %c to [T, H, K]\n%m = gpt.add %q, %q2\n%o = gpt.mul %m, %k\n%e = gpt.mul %o, %k2\n"
        "%f = gpt.add %e, %v\n%j = gpt.add %f, %v2\n%y = gpt.reshape %j to [T, D]",
        lambda x, p, b: flat((lambda a, c: (a[0] + c[0]) * a[1] * c[1] + a[2] + c[2])(*(
            [heads(part) for part in np.split(x @ p[w].T, 3, axis=1)] for w in ("w", "w2")))),
        {"w": ("[3*D, D]", (3 * D, D)), "w2": ("[3*D, D]", (3 * D, D))},
    ),
    Case(
        "a table read twice",
        "%o = gpt.embed %other[%tokens]\n%m = gpt.mul %x, %o\n%q = gpt.embed %other[%tokens]\n%y = gpt.add %m, %q",
        lambda x, p, b: (x + 1) * p["other"][b.tokens],
        OTHER,
    ),
    *(
        Case(
            f"rotary, {words}",
            f"%h = gpt.reshape %x to [T, H, K]\n%m = gpt.rotary %h, %freqs (group = {group}, neighbours = {int(near)})\n"
            "%y = gpt.reshape %m to [T, D]",
            lambda x, p, b, group=group, near=near: flat(rotate(heads(x), FREQS, group, near)),
            numbers=YARN,
        )
        for words, group, near in (("halves", 1, False), ("neighbours", 1, True), ("halves, paired", 2, False), ("neighbours, paired", 2, True))
    ),
    *(
        Case(
            f"key_offset by {by}",
            f"%h = gpt.reshape %x to [T, H, K]\n%m = gpt.key_offset %h (by = {by})\n%y = gpt.reshape %m to [T, D]",
            lambda x, p, b, by=by: flat(key_offset(heads(x), by)),
        )
        for by in (1, 2)
    ),
    *(
        Case(
            f"attention, window {window}, groups of {group}",
            QKV + f"%m = gpt.attention %q, %k, %v documents %docs (window = {window}, scale = {scale}, group = {group})\n"
            "%y = gpt.reshape %m to [T, D]",
            attended(window, scale, group),
            WQKV,
        )
        for window, scale, group in ((4, 0.3, 1), (20, 0.5, 1), (4, 0.4, 2), (48, 0.2, 2), (12, 0.3, 4))
    ),
    Case(
        "softcap",
        "%y = gpt.scale %x by 1",
        lambda x, p, b: x,
        loss="%c = gpt.softcap %z (scale = 23, shift = 5, width = 7.5)\n" + LOSS.replace("%z", "%c"),
        cap=softcap,
    ),
    Case(
        "cross_entropy of three targets",
        "%y = gpt.scale %x by 1",
        lambda x, p, b: x,
        loss=LOSS.replace("w0 = 1", "w0 = 1, w1 = 0.6, w2 = 0.3"),
        weights=(1.0, 0.6, 0.3),
    ),
    *(
        Case(
            f"cross_entropy, weights {words or 'by default'}",
            "%y = gpt.scale %x by 1",
            lambda x, p, b: x,
            loss=LOSS.replace(" (w0 = 1)", f" ({words})" if words else ""),
            weights=weights,
        )
        for words, weights in (("", (1,)), ("w0 = 1, w2 = 0.5", (1, 0, 0.5)), ("w1 = 1", (0, 1)), ("w3 = 0.7", (0, 0, 0, 0.7)))
    ),
    Case(
        "a gate of a learned row",
        "%s = gpt.slice %row at 3 size n\n%l = gpt.linear %s, %w\n%g = gpt.sigmoid %l\n%y = gpt.mul %g, %x",
        lambda x, p, b: sigmoid(p["row"][:, 3:8] @ p["w"].T) * x,
        {"w": ("[1, n]", (1, 5)), "row": ("[1, D]", (1, D))},
    ),
    Case(
        "one row has no neighbours",
        "%s = gpt.shift %row\n%h = gpt.reshape %row to [1, H, K]\n%k = gpt.key_offset %h (by = 1)\n%f = gpt.reshape %k to [1, D]\n"
        "%m = gpt.add %s, %f\n%y = gpt.mul %m, %x",
        lambda x, p, b: p["row"] * x,
        {"row": ("[1, D]", (1, D))},
    ),
    Case(
        "a product of weights, its cotangent read twice",
        "%s = gpt.add %a, %b\n%u = gpt.linear %w, %s\n%y = gpt.linear %x, %u",
        lambda x, p, b: x @ (p["w"] @ (p["a"] + p["b"]).T).T,
        {"w": ("[n, n]", (5, 5)), "a": ("[D, n]", (D, 5)), "b": ("[D, n]", (D, 5))},
        columns=5,
    ),
    *vjp_operands.cases(Case),
]

# ---- Comparison --------------------------------------------------------------------------------------------------------------


def text_of(case, behind=False):
    """The model file; its optimizer may stand behind the parameters that name it."""
    indent = lambda text, by: "\n".join(" " * by + line for line in text.strip().split("\n")) if text.strip() else ""
    lines = "\n".join(f"%{n} = gpt.param {words} init normal(1) by %sgd" for n, (words, _shape) in case.parameters.items())
    return MODEL.format(
        columns="D" if case.columns == D else "n", parameters=indent(lines, 2), body=indent(case.body, 4), loss=indent(case.loss, 4),
        numbers=indent(case.numbers, 2), before="" if behind else OPTIMIZER, behind=OPTIMIZER if behind else "",
    )


def parameters_of(case, rng):
    shapes = {"table": (V, D), "head": (V, case.columns), **{name: shape for name, (_words, shape) in case.parameters.items()}}
    return {name: np.asarray(0.5 * rng.standard_normal(shape), np.float32).astype(np.float64) for name, shape in shapes.items()}


def loss_of(case, p, batch):
    y = case.meaning(p["table"][batch.tokens], p, batch)
    return cross_entropy(case.cap(y @ p["head"].T), batch.targets, case.weights) + case.beside(p, batch)


def differences(case, p, batch, step=1e-5):
    """The gradient of loss / micro-batches by central differences, a coordinate at a time."""
    found = {}
    for name, value in p.items():
        slope = np.zeros(value.size)
        for i in range(value.size):
            sides = []
            for sign in (1, -1):
                moved = value.copy().reshape(-1)
                moved[i] += sign * step
                sides.append(loss_of(case, {**p, name: moved.reshape(value.shape)}, batch))
            slope[i] = (sides[0] - sides[1]) / (2 * step)
        found[name] = slope.reshape(value.shape) / MICRO_BATCHES
    return found


def judge(gradients, slopes, bound=2e-5):
    """(holds, error, tensor)."""
    off, name = r.worst(gradients, slopes)
    return off <= bound, off, name


def planted(slopes):
    """Wrong gradients that a wrong rule would give: each must be caught in every parameter."""
    for name, g in slopes.items():
        if not np.any(g):
            continue
        yield f"sign of {name}", {**slopes, name: -g}
        yield f"factor of {name}", {**slopes, name: 1.001 * g}
        rows = g.reshape(g.shape[0] if g.ndim > 1 else g.size, -1)
        strongest = int(np.argmax(np.abs(rows).sum(1)))
        lost = rows.copy()
        lost[strongest] = 0
        yield f"a row of {name}", {**slopes, name: lost.reshape(g.shape)}
        if len(rows) > 1:
            yield f"rows of {name} shifted", {**slopes, name: np.roll(rows, 1, axis=0).reshape(g.shape)}


def check_rounded_loss(report, product):
    """With `bf16`: σ of the cap rounded, each term of the loss, and what its gradient is made of. One target rounds no term."""
    for number, weights in enumerate(((1.0, 0.3, 0.2), (0.0, 0.7, 0.3), (0.9,))):
        given = ", ".join(f"w{k} = {w}" for k, w in enumerate(weights))
        if not report.wants(name := f"cross_entropy in bf16, {given}"):
            continue
        cap, loss = "%c = gpt.softcap %z (scale = 23, shift = 5, width = 7.5, bf16 = true)\n", LOSS.replace("%z", "%c")
        case = Case(name, "%y = gpt.scale %x by 1", lambda x, p, b: x, loss=cap + loss.replace("w0 = 1", f"{given}, bf16 = true"))
        # Values that fp32 rounds otherwise than float64 lie beside an edge; this seed has none.
        p, batch = parameters_of(case, np.random.default_rng(7)), inputs.batch(T, V, "mixed", seed=number)
        keep = bf16 if sum(w != 0 for w in weights) > 1 else lambda x: x
        x = p["table"][batch.tokens]
        sigma = sigmoid((x @ p["head"].T + 5) / 7.5)
        z = 23 * bf16(sigma)
        total, loss, slope, given = np.log(np.exp(z).sum(1)), 0.0, np.zeros_like(z), np.zeros(T)
        rounded = [sigma, total]
        for k, weight in enumerate(weights):
            here = np.arange(T - k), batch.targets[k:]
            rounded.append(total[: T - k] - z[here])
            loss += weight * keep(rounded[-1]).sum()
            np.add.at(slope, here, -keep(weight))
            given[: T - k] += keep(weight)
        slope += keep(given)[:, None] * np.exp(z - keep(total)[:, None])
        slope *= 23 / 7.5 * bf16(sigma) * (1 - bf16(sigma)) / MICRO_BATCHES
        meant = {"head": slope.T @ x, "table": np.zeros_like(p["table"])}
        np.add.at(meant["table"], batch.tokens, slope @ p["head"])
        decided = all(np.array_equal(bf16(value * (1 + e)), bf16(value)) for value in rounded for e in (-5e-7, 5e-7))
        with report.case(name) as check:
            file = product.write(f"rounded{number}.mlir", text_of(case))
            compiled = product.compile(file).gradients(p, batch, 1)
            interpreted = load(printed(product.gptc, file)).loss_and_gradients(p, batch, 1)
            for who, bound, (found, gradients) in (("compiled", 2e-5, compiled), ("interpreted", 1e-10, interpreted)):
                off, (error, tensor) = abs(found / loss - 1), r.worst(gradients, meant)
                check(decided and off <= bound / 20 and error <= bound, f"{who}: loss {off:.1e}, gradients {error:.1e} ({tensor})")


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    check_rounded_loss(report, product)
    if not given.only:
        vjp_operands.check_complete(report, product, CASES)
    for number, case in enumerate(CASES):
        if not report.wants(case.name):
            continue
        rng = np.random.default_rng(number)
        p = parameters_of(case, rng)
        batch = inputs.batch(T, V, "empty" if number % 2 else "mixed", seed=number)
        slopes = differences(case, p, batch)
        with report.case(case.name) as check:
            program = product.compile(product.write(f"vjp{number}.mlir", text_of(case, behind=number % 2 == 1)))
            loss, gradients = program.gradients(p, batch, 1)
            off = abs(loss / loss_of(case, p, batch) - 1)
            holds, error, tensor = judge(gradients, slopes, case.bound)
            check(holds and off <= 1e-6, f"loss {off:.1e}, gradients {error:.1e} ({tensor})")
        missed = [what for what, wrong in planted(slopes) if judge(wrong, slopes)[0]]
        tried = sum(1 for _ in planted(slopes))
        report.check(not missed and tried >= 6, f"{case.name}, planted mistakes", f"{', '.join(missed)} not caught" if missed else f"{tried} caught")
    r.end(report)


if __name__ == "__main__":
    main()
