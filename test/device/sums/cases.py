"""Weight gradients at the record's sizes: whole sums, and sums in pieces as `split-sums` cuts them."""

# Rows and columns of the weight; tokens of a micro-batch.
WEIGHTS = [(3072, 768), (768, 3072), (2304, 768), (768, 768)]
TOKENS = [16384, 32768, 49152]


def module(weights=WEIGHTS, tokens=TOKENS):
    """A contraction for each, in the order of tokens and weights: out += aᵀ b."""
    text = 'kern.part @p "micro" {\n'
    for t in tokens:
        for m, n in weights:
            name, row = f"{m}x{n}_{t}", f"vector<{n}xf32>"
            a, b, out = f"memref<{t}x{m}xbf16>", f"memref<{t}x{n}xbf16>", f"memref<{m}x{n}xf32>"
            for buffer, kind in (("a", a), ("b", b), ("out", out)):
                text += f'  %{buffer}_{name} = kern.buffer "{buffer}" "workspace" : {kind}\n'
            text += (
                f'  kern.contract "dw{name}" %a_{name} transposed_a, %b_{name} transposed_b m {m} n {n} k {t} : {a}, {b} {{\n'
                f"  ^row(%m: index, %p: {row}):\n"
                f"    %v = kern.load %out_{name}[%m] : {out} -> {row}\n    %o = arith.addf %v, %p : {row}\n"
                f"    kern.store %o, %out_{name}[%m] : {row}, {out}\n  }}\n"
            )
    return text + "}\n"
