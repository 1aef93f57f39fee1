"""The record's kernels that are held to a peer and stand in no other test/device/*/cases.py: contractions with their epilogues,
the FP8 head, Polar Express. `module()` has them all, each with buffers of its own name."""

TOKENS = [16384, 49152]
HEAD_TOKENS, MODEL, VOCABULARY = 16384, 768, 50304
CAP, SCALE = 23.0, 1e-4  # of logits; of a product of codes
# Stacks of the optimizer: matrices, rows and columns of one; the factors of its five steps.
STACKS = [(40, 768, 768), (22, 3072, 768)]
POLAR = [
    (8.156554524902461, -22.48329292557795, 15.878769915207462),
    (4.042929935166739, -2.808917465908714, 0.5000178451051316),
    (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
    (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
    (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
]


class Text:
    """A part with its buffers."""

    def __init__(self):
        self.buffers, self.ops, self.known = "", "", set()

    def buffer(self, name, element, *shape):
        """Its type, for who names it."""
        kind = f"memref<{''.join(f'{n}x' for n in shape)}{element}>"
        if name not in self.known:
            self.known.add(name)
            self.buffers += f'%{name} = kern.buffer "{name}" "input" : {kind}\n'
        return kind

    def __str__(self):
        return self.buffers + 'kern.part @p "micro" {\n' + self.ops + "}\n"


def loaded(name, kind, row, value):
    return f"    %{value} = kern.load %{name}[%t] : {kind} -> {row}\n"


def stored(name, kind, row, value):
    return f"    kern.store %{value}, %{name}[%t] : {row}, {kind}\n"


def scaled(row, name, value, by):
    return f"    %{name}_c = arith.constant dense<{by}> : {row}\n    %{name} = arith.mulf %{value}, %{name}_c : {row}\n"


# What the record does with a product: its name, columns, k, whether its second operand has n contiguous, the tiles read and
# written.
FUSED = [
    ("fc, ReLU^2", 3072, 768, False, [], ["y"]),
    ("proj dx, ReLU^2 backward", 3072, 768, False, ["x"], ["y"]),
    ("proj, residual and mix", 768, 3072, True, ["x", "z"], ["y", "w"]),
    ("o, residual", 768, 768, False, ["x"], ["y"]),
]


def program(name, row, kind, tag):
    """Of the value %p, as the record has it."""
    own = lambda x: f"{x}{tag}"
    load = "".join(loaded(own(x), kind, row, x) for x in next(c[4] for c in FUSED if c[0] == name))
    if name == "fc, ReLU^2":
        return (f"    %zero = arith.constant dense<0.0> : {row}\n    %r = arith.maximumf %p, %zero : {row}\n"
                f"    %a = arith.mulf %r, %r : {row}\n" + stored(own("y"), kind, row, "a"))  # fmt: skip
    if name == "proj dx, ReLU^2 backward":
        return (load + f"    %r = math.sqrt %x fastmath<afn> : {row}\n" + scaled(row, "d", "r", 2.0)
                + f"    %a = arith.mulf %p, %d : {row}\n" + stored(own("y"), kind, row, "a"))  # fmt: skip
    if name == "o, residual":
        return load + f"    %a = arith.addf %x, %p : {row}\n" + stored(own("y"), kind, row, "a")
    return (load + f"    %a = arith.addf %x, %p : {row}\n" + stored(own("y"), kind, row, "a")
            + scaled(row, "m", "a", 1.25) + scaled(row, "n", "z", 0.5)
            + f"    %b = arith.addf %m, %n : {row}\n" + stored(own("w"), kind, row, "b"))  # fmt: skip


def add_fused(text, tokens, number):
    """Two ops: with its epilogue, and the epilogue as a kernel of rows behind the product."""
    name, n, k, transposed, reads, writes = FUSED[number]
    row, tag = f"vector<{n}xf32>", f"_{number}_{tokens}"
    kind = text.buffer(f"product{tag}", "bf16", tokens, n)
    for buffer in reads + writes:
        text.buffer(buffer + tag, "bf16", tokens, n)
    a = text.buffer(f"a{tag}", "bf16", tokens, k)
    b = text.buffer(f"b{tag}", "bf16", *((k, n) if transposed else (n, k)))
    text.ops += f'  kern.contract "fused{tag}" %a{tag}, %b{tag}{" transposed_b" * transposed} m {tokens} n {n} k {k} : {a}, {b} {{\n'
    text.ops += f"  ^row(%t: index, %p: {row}):\n{program(name, row, kind, tag)}  }}\n"
    text.ops += f'  kern.rows "rows{tag}" {tokens} {{\n  ^row(%t: index):\n{loaded(f"product{tag}", kind, row, "p")}'
    text.ops += program(name, row, kind, tag) + "  }\n"


def add_head(text):
    """Forward without and with what the record's epilogue does, backward to its input and to its weight."""
    t, d, v = HEAD_TOKENS, MODEL, VOCABULARY
    x, w = text.buffer("x_codes", "f8E4M3FN", t, d), text.buffer("w_codes", "f8E4M3FN", v, d)
    g, wt = text.buffer("g_codes", "f8E5M2", t, v), text.buffer("wt_codes", "f8E4M3FN", d, v)
    xt, logits = text.buffer("xt_codes", "f8E4M3FN", d, t), text.buffer("logits", "bf16", t, v)
    sums, dx = text.buffer("sums", "f32", t, v // 64), text.buffer("dx", "bf16", t, d)
    dw, row, narrow = text.buffer("dw", "f32", v, d), f"vector<{v}xf32>", f"vector<{d}xf32>"
    forward = f"%x_codes, %w_codes m {t} n {v} k {d} : {x}, {w} {{\n  ^row(%t: index, %p: {row}):\n"
    text.ops += f'  kern.contract "forward" {forward}{scaled(row, "a", "p", SCALE)}{stored("logits", logits, row, "a")}  }}\n'
    text.ops += (
        f'  kern.contract "head" {forward}    %one = arith.constant dense<1.0> : {row}\n    %from = arith.constant dense<-0.667> : {row}\n'
        f"    %by = arith.constant dense<{-SCALE}> : {row}\n    %scaled = arith.mulf %p, %by : {row}\n    %z = arith.addf %scaled, %from : {row}\n"
        f"    %e = math.exp %z : {row}\n"
        f"    %e1 = arith.addf %one, %e : {row}\n    %s = arith.divf %one, %e1 : {row}\n    %low = arith.constant dense<{-CAP}> : {row}\n"
        f"    %cap = arith.constant dense<{CAP}> : {row}\n    %y = arith.mulf %s, %cap : {row}\n    %l = arith.addf %y, %low : {row}\n    %q = math.exp %l : {row}\n"
        f'{stored("logits", logits, row, "q")}    %kept = kern.round %q to "bf16" : {row}\n'
        f'    %sum = kern.reduce "add" %kept : {row} -> vector<{v // 64}xf32>\n{stored("sums", sums, f"vector<{v // 64}xf32>", "sum")}  }}\n'
    )
    text.ops += f'  kern.contract "dx" %g_codes, %wt_codes m {t} n {d} k {v} : {g}, {wt} {{\n  ^row(%t: index, %p: {narrow}):\n'
    text.ops += scaled(narrow, "a", "p", SCALE) + stored("dx", dx, narrow, "a") + "  }\n"
    text.ops += f'  kern.contract "dw" %g_codes transposed_a, %xt_codes m {v} n {d} k {t} : {g}, {xt} {{\n  ^row(%t: index, %p: {narrow}):\n'
    text.ops += scaled(narrow, "a", "p", SCALE) + loaded("dw", dw, narrow, "o") + f"    %b = arith.addf %o, %a : {narrow}\n"
    text.ops += stored("dw", dw, narrow, "b") + "  }\n"


def add_polar(text, number):
    """Fifteen products: of X with itself, of that with itself and the polynomial, of both."""
    batch, m, n = STACKS[number]
    tall, row = m > n, f"vector<{n}xf32>"
    squares = text.buffer(f"squares{number}", "bf16", batch * n, n)
    text.buffer(f"factor{number}", "bf16", batch * n, n)
    whole = f"m {m} n {n} k {n}" if tall else f"m {n} n {n} k {n}"
    for step, (a, b, c) in enumerate(POLAR):
        x, y = f"x{number}_{step % 2}", f"x{number}_{(step + 1) % 2}"
        kind = text.buffer(x, "bf16", batch * m, n)
        text.buffer(y, "bf16", batch * m, n)
        both = (" transposed_a", " transposed_b") if tall else ("", "")
        body = f"  ^row(%t: index, %p: {row}):\n"
        text.ops += f'  kern.contract "squares" %{x}{both[0]}, %{x}{both[1]} batch {batch} m {n} n {n} k {m if tall else n} symmetric : {kind}, {kind} {{\n'
        text.ops += body + stored(f"squares{number}", squares, row, "p") + "  }\n"
        text.ops += f'  kern.contract "factor" %squares{number}, %squares{number} batch {batch} m {n} n {n} k {n} symmetric : {squares}, {squares} {{\n'
        text.ops += body + loaded(f"squares{number}", squares, row, "v") + scaled(row, "f", "p", c / b) + f"    %s = arith.addf %v, %f : {row}\n"
        text.ops += scaled(row, "o", "s", b / a) + stored(f"factor{number}", squares, row, "o") + "  }\n"
        if tall:
            text.ops += f'  kern.contract "next" %{x}, %factor{number} batch {batch} {whole} : {kind}, {squares} {{\n'
        else:
            text.ops += f'  kern.contract "next" %factor{number}, %{x} transposed_b batch {batch} {whole} : {squares}, {kind} {{\n'
        text.ops += body + loaded(x, kind, row, "v") + f"    %s = arith.addf %v, %p : {row}\n" + scaled(row, "o", "s", a)
        text.ops += stored(y, kind, row, "o") + "  }\n"


def module():
    """Launches in this order: FUSED by tokens, two each; forward, head, dx, dw; fifteen a stack."""
    text = Text()
    for tokens in TOKENS:
        for number in range(len(FUSED)):
            add_fused(text, tokens, number)
    add_head(text)
    for number in range(len(STACKS)):
        add_polar(text, number)
    return str(text)
