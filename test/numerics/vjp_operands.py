"""Every op of the language through every one of its operands: once as an activation, once as a parameter.

The list of ops and operands is that of their definitions (`llvm-tblgen --dump-json`): an op that gets a vector-Jacobian product
without a case here, or with an operand that no case brings a gradient through, fails the test.
"""

import json
import re
import subprocess

import numpy as np

import report as r
from reference import bf16

T, V, D, H, K = 24, 16, 16, 4, 4

# ---- Cases -------------------------------------------------------------------------------------------------------------------
# Each template stands twice: on the activations %x, [T, D], and on a parameter, [D, D].


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def norm(x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 2.0**-23)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


ELEMENTS = """%e1 = gpt.sigmoid {x}
%e2 = gpt.sqrt %e1
%e3 = gpt.relu2 {x}
%e4 = gpt.positive {x}
%e5 = gpt.mul %e4, {x}
%e6 = gpt.rms_norm {x}
%e7 = gpt.softmax {x} (temperature = 0.7)
%e8 = gpt.div {x}, %e1
%e9 = gpt.shift {x} by 2
%f1 = gpt.scale %e9 by 0.3
%f2 = gpt.offset %f1 by 0.1
%f3 = gpt.cast %f2 to f32
%f4 = gpt.softcap %e8 (scale = 3, shift = 1, width = 2)
%s1 = gpt.add %e2, %e3
%s2 = gpt.sub %s1, %e5
%s3 = gpt.add %s2, %e6
%s4 = gpt.sub %s3, %e7
%f5 = gpt.sign {x}
%f6 = gpt.mul %f5, %e1
%f7 = gpt.clamp {x} (min = -0.7, max = 0.4)
%f8 = gpt.clamp %f1 (max = 0.1)
%f9 = gpt.stored %f7 to bf16
%s5 = gpt.add %s4, %f3
%s6 = gpt.add %s5, %f6
%s7 = gpt.add %s6, %f8
%s8 = gpt.sub %s7, %f9
{y} = gpt.add %s8, %f4"""


def elements(x):
    shifted = np.concatenate([np.zeros_like(x[:2]), x[:-2]])
    capped = 3 * sigmoid((x / sigmoid(x) + 1) / 2)
    limited = np.sign(x) * sigmoid(x) + np.minimum(0.3 * shifted, 0.1) - np.clip(x, -0.7, 0.4)
    return limited + np.sqrt(sigmoid(x)) + np.maximum(x, 0) ** 2 - (x > 0) * x + norm(x) - softmax(x / 0.7) + 0.3 * shifted + 0.1 + capped


# Squares of rows, transpositions, and stacks of matrices, of two operands that are views of {x}; R stands for its rows.
MATRICES = """%a = gpt.gram {x}
%b = gpt.matmul %a, {x}
%c = gpt.transpose {x}
%d = gpt.sigmoid %c
%e = gpt.transpose %d
%f = gpt.transpose {x} (on = D > H)
%g = gpt.sigmoid %f
%h = gpt.transpose %g (on = D > H)
%i = gpt.reshape {x} to [2, R/2, D]
%j = gpt.sigmoid %i
%k = gpt.gram %i
%l = gpt.matmul %k, %j
%m = gpt.transpose %j
%n1 = gpt.matmul %i, %m
%n2 = gpt.linear %i, %j
%n3 = gpt.sub %n1, %k
%n4 = gpt.add %n2, %n3
%n5 = gpt.matmul %n4, %i
%n6 = gpt.add %l, %n5
%n7 = gpt.reshape %n6 to [R, D]
%s1 = gpt.add %b, %n7
%s2 = gpt.scale %s1 by 0.02
%s3 = gpt.mul %e, %h
{y} = gpt.add %s2, %s3"""


def matrices(x):
    i = x.reshape(2, len(x) // 2, D)
    j = sigmoid(i)
    t = lambda a: a.swapaxes(-1, -2)
    stack = i @ t(i) @ j + (2 * i @ t(j) - i @ t(i)) @ i
    return 0.02 * (x @ x.T @ x + stack.reshape(x.shape)) + sigmoid(x) ** 2


# Rows and columns: R stands for the rows of {x}.
SHAPES = """%e1 = gpt.rows {x} at 2 size n
%e2 = gpt.pad_rows %e1 at 7 in R
%e3 = gpt.row {x}[3]
%e4 = gpt.reshape %e3 to [1, D]
%e5 = gpt.pad_rows %e4 at 5 in R
%e6 = gpt.slice {x} at 3 size n
%e7 = gpt.pad %e6 at 9 in D
%e8 = gpt.slice %e3 at 4 size n
%e9 = gpt.row %e8[1]
%c1 = gpt.sigmoid {x}
%c2 = gpt.concat {x}, %c1, %e2
%q, %k, %v = gpt.split %c2 to [R*2, D/2]
%c3 = gpt.mul %q, %k
%c4 = gpt.sub %c3, %v
%c5 = gpt.reshape %c4 to [R, D]
%g1, %g2, %g3 = gpt.split %c2 to [R, H, K]
%g4 = gpt.mul %g1, %g2
%g5 = gpt.sub %g4, %g3
%g6 = gpt.reduce %g5 to [R, H]
%g7 = gpt.mul %g6, %g1
%g8 = gpt.reshape %g7 to [R, D]
%r1 = gpt.reduce {x} to [1, D]
%r2 = gpt.reduce {x} to [R, 1]
%r3 = gpt.reduce {x} to []
%s1 = gpt.mul %r1, %r2
%s2 = gpt.mul %s1, %r3
%s3 = gpt.scale %s2 by 0.01
%s4 = gpt.add %e2, %e5
%s5 = gpt.mul %e4, %e7
%s6 = gpt.add %s3, %s4
%s7 = gpt.sub %s6, %s5
%s8 = gpt.mul %e9, %c5
%s9 = gpt.add %s7, %s8
{y} = gpt.add %s9, %g8"""


def shapes(x):
    rows, placed, columns = len(x), np.zeros_like(x), np.zeros_like(x)
    placed[7:12] = x[2:7]
    columns[:, 9:14] = x[:, 3:8]
    third = np.zeros_like(x)
    third[5] = x[3]
    # The thirds of three tensors beside each other are the three.
    q, k, v = (part.reshape(2 * rows, D // 2) for part in (x, sigmoid(x), placed))
    g1, g2, g3 = (part.reshape(rows, H, K) for part in (x, sigmoid(x), placed))
    summed = (g1 * g2 - g3).sum(-1, keepdims=True) * g1
    sums = 0.01 * x.sum(0, keepdims=True) * x.sum(1, keepdims=True) * x.sum()
    return sums + placed + third - x[3:4] * columns + x[3, 5] * (q * k - v).reshape(x.shape) + summed.reshape(x.shape)


def heads(x):
    return x.reshape(T, H, K)


def attend(q, k, v, documents):
    t = np.arange(T)
    seen = (t <= t[:, None]) & (t >= np.maximum(t - 8, documents)[:, None])
    logits = np.where(seen, 0.4 * np.einsum("thk,shk->hts", q, k), -np.inf)
    return np.einsum("hts,shk->thk", softmax(logits), v).reshape(T, D)


def turn(x):
    angle = np.arange(T)[:, None] * np.ones(H)
    cos, sin = (bf16(f(angle)) for f in (np.cos, np.sin))
    y = x.copy()
    y[..., 0], y[..., 2] = x[..., 0] * cos + x[..., 2] * sin, x[..., 2] * cos - x[..., 0] * sin
    return y


def moved(x):
    y = x.copy()
    for part in (slice(1, 2), slice(3, 4)):
        y[1:, :, part] = x[:-1, :, part]
    return y


ATTENTION = """%t = gpt.pad_rows %w at 3 in T
%h = gpt.reshape %t to [T, H, K]
%xh = gpt.reshape %x to [T, H, K]
%r = gpt.rotary %h, %freqs
%k = gpt.key_offset %h (by = 1)
%a1 = gpt.attention %r, %k, %h documents %docs (window = 8, scale = 0.4)
%a2 = gpt.attention %r, %xh, %h documents %docs (window = 8, scale = 0.4)
%s = gpt.add %a1, %a2
%f = gpt.reshape %s to [T, D]
%y = gpt.add %f, %x"""


def attention(x, p, b):
    t = np.zeros((T, D))
    t[3 : 3 + D] = p["w"]
    h, documents = heads(t), b.documents()
    return attend(turn(h), moved(h), h, documents) + attend(turn(h), heads(x), h, documents) + x


YARN = """  %freqs, %scale = gpt.yarn (window = 8, count = 1, base = 8, alpha = 1, beta = 32, scale = 0.4, growth = 0.2)"""
PRODUCTS = """%a = gpt.rows %x at 2 size n
%b = gpt.rows %x at 1 size D
%u = gpt.linear %x, %a
%m = gpt.matmul %x, %b
%c = gpt.linear %w, %a
%d = gpt.matmul %w, %b
%e = gpt.matmul %w, %v
%f = gpt.linear %w, %v
%g = gpt.add %e, %f
%i = gpt.linear %u, %c
%j = gpt.linear %m, %d
%k = gpt.linear %x, %g
%l = gpt.add %i, %j
%y = gpt.add %l, %k"""
LOSSES = """%l1 = gpt.cross_entropy %z, %targets
%t = gpt.pad_rows %w at 1 in T
%l2 = gpt.cross_entropy %t, %targets (w1 = 0.5)
%loss = gpt.add %l1, %l2"""


def products(x, p, b):
    a, bb, w, v = x[2:7], x[1:17], p["w"], p["v"]
    return x @ a.T @ (w @ a.T).T + x @ bb @ (w @ bb).T + x @ (w @ v + w @ v.T).T


def beside(p, b):
    z = np.zeros((T, V))
    z[1 : 1 + D] = p["w"]
    return 0.5 * (np.log(np.exp(z).sum(-1))[:-1] - z[np.arange(T - 1), b.targets[1:]]).sum()


def cases(Case):
    square = {"w": ("[D, D]", (D, D))}
    on = lambda text, x, rows: text.replace("{x}", x).replace("{y}", "%w9" if x == "%w" else "%y").replace("R", rows)
    for name, text, meaning in (("functions of an element", ELEMENTS, elements), ("views, sums and zeros around", SHAPES, shapes), ("squares, transpositions and stacks", MATRICES, matrices)):
        yield Case(f"{name}, of activations", on(text, "%x", "T"), lambda x, p, b, meaning=meaning: meaning(x))
        body = on(text, "%w", "D") + "\n%y = gpt.linear %x, %w9"
        yield Case(f"{name}, of a parameter", body, lambda x, p, b, meaning=meaning: x @ meaning(p["w"]).T, square)
    yield Case("attention, rotary and key_offset of a parameter", ATTENTION, attention, square, numbers=YARN)
    yield Case("products of activations and of parameters", PRODUCTS, products, {**square, "v": ("[D, D]", (D, D))})
    yield Case("cross_entropy of a parameter", "%y = gpt.scale %x by 1", lambda x, p, b: x, square, loss=LOSSES, beside=beside)
    halves = {"other": ("[V, D]", (V, D))}
    body = "%t = gpt.scale %other by 0.5\n%o = gpt.embed %t[%tokens]\n%y = gpt.mul %o, %x"
    yield Case("embed of what is computed from parameters", body, lambda x, p, b: 0.5 * p["other"][b.tokens] * x, halves)


# ---- Completeness ------------------------------------------------------------------------------------------------------------

# Ops that no case can write: passes make them, of what these cases hold.
MADE = {"gate": "the skip's gate", "smear": "the smear", "rotate": "rotary, halves"}
# Straight through: no difference shows the gradient that they have; check_flips and check_gradients do.
STRAIGHT = {"round", "round_gradient"}
# Ops of tensors without a rule of their own: a pass makes another op of the one, and the other is the parameter that it reads at
# a step, as check_gradients holds it to be before and after the split.
RULED_ELSEWHERE = {"rotary", "tied"}
# A table that no parameter is has an error of its own.
ONLY_PARAMETERS = {("embed", "table")}


def definitions():
    """{op: the names of its tensor operands} of every op that has a vector-Jacobian product, and of `embed`; and all others that
    make a tensor of tensors."""
    cache = (r.ROOT / "build/CMakeCache.txt").read_text()
    tablegen = re.search(r"MLIR_TABLEGEN\S*=(.*)mlir-tblgen", cache)
    folder = tablegen[1] if tablegen else "/usr/lib/llvm-22/bin/"
    include = re.search(r"^MLIR_DIR\S*=(.*)/lib/cmake/mlir", cache, re.M)[1] + "/include"
    command = [folder + "llvm-tblgen", "--dump-json", "-I", include, "-I", r.ROOT / "dialect", r.ROOT / "dialect/Gpt.td"]
    records = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    found, others = {}, set()
    for name in records["!instanceof"]["Op"]:
        op = records[name]
        operands, results = ([argument for kind, argument in op[key]["args"] if kind["def"] == "Tensor"] for key in ("arguments", "results"))
        traits = [records[t["def"]].get("cppInterfaceName") for t in op["traits"]]
        if "Differentiable" in traits or op["opName"] == "embed":
            found[op["opName"]] = operands
        elif operands and results:
            others.add(op["opName"])
    return found, others


def written(product):
    """The ops that a model file may hold."""
    listed = product.gptc_run("ops").stdout.split("Made by passes")[0]
    return set(re.findall(r"^  (\w+)  ", listed, re.M))


def uses(case):
    """(op, place among its tensor operands, whether a parameter alone reaches it) of every line of a case."""
    lines = ["%x = gpt.embed %table[%tokens]", *case.body.split("\n"), "%z = gpt.linear %y, %head", *case.loss.split("\n")]
    activations = set()
    for line in filter(None, lines):
        results, rest = line.split(" = gpt.", 1)
        op, rest = rest.split(" ", 1)
        operands = re.findall(r"%\w+", rest.split("(")[0])
        if op == "embed" or activations & set(operands):
            activations |= set(re.findall(r"%\w+", results))
        for place, operand in enumerate(operands):
            yield op, place, operand not in activations


def check_complete(report, product, all_cases):
    seen, names = set(), {case.name for case in all_cases}
    for case in all_cases:
        seen |= set(uses(case))
    (listed, others), missing = definitions(), []
    ruleless = others & written(product)
    report.check(ruleless == RULED_ELSEWHERE, "every op of a model has a rule", f"all but {', '.join(sorted(ruleless))}")
    for op, operands in listed.items():
        if op in STRAIGHT or (op in MADE and any(name.startswith(MADE[op]) for name in names)):
            continue
        for place, operand in enumerate(operands):
            for parameter in (False, True):
                if (op, place, parameter) not in seen and not (not parameter and (op, operand) in ONLY_PARAMETERS):
                    missing.append(f"{op}'s {operand} as {'a parameter' if parameter else 'an activation'}")
    report.check(not missing and len(listed) > 30, "every op and operand has a case", ", ".join(missing) or f"{len(listed)} ops")
