"""The record's bf16 contractions: what a layer multiplies, forward, backward to its input and to its weight."""

TOKENS = [16384, 49152]
# Name, columns of the product, k, whether its second operand has n contiguous. T rows each.
FORWARD = [("qkv", 2304, 768, False), ("o", 768, 768, False), ("fc", 3072, 768, False), ("proj", 768, 3072, True)]
BACKWARD = [("qkv dx", 768, 2304, True), ("fc dx", 768, 3072, True), ("proj dx", 3072, 768, False)]
# Name, rows and columns of a weight: the sum over T tokens, added to f32.
WEIGHTS = [("qkv dW", 2304, 768), ("fc dW", 3072, 768)]


def cases():
    """(name, m, n, k, whether a and b are transposed, the product's type), in the order of the module's launches."""
    for t in TOKENS:
        for name, n, k, transposed in FORWARD + BACKWARD:
            yield name, t, n, k, False, transposed, "bf16"
        for name, m, n in WEIGHTS:
            yield name, m, n, t, True, True, "f32"


def module():
    text = 'kern.part @p "micro" {\n'
    for i, (_, m, n, k, transposed_a, transposed_b, element) in enumerate(cases()):
        row = f"vector<{n}xf32>"
        a = f"memref<{k}x{m}xbf16>" if transposed_a else f"memref<{m}x{k}xbf16>"
        b = f"memref<{k}x{n}xbf16>" if transposed_b else f"memref<{n}x{k}xbf16>"
        out = f"memref<{m}x{n}x{element}>"
        for buffer, kind in (("a", a), ("b", b), ("out", out)):
            text += f'  %{buffer}_{i} = kern.buffer "{buffer}" "workspace" : {kind}\n'
        flags = [" transposed_a" * transposed_a, " transposed_b" * transposed_b]
        text += f'  kern.contract "c{i}" %a_{i}{flags[0]}, %b_{i}{flags[1]} m {m} n {n} k {k} : {a}, {b} {{\n  ^row(%m: index, %p: {row}):\n'
        value = "%p"
        if element == "f32":
            text += f"    %v = kern.load %out_{i}[%m] : {out} -> {row}\n    %o = arith.addf %v, %p : {row}\n"
            value = "%o"
        text += f"    kern.store {value}, %out_{i}[%m] : {row}, {out}\n  }}\n"
    return text + "}\n"
