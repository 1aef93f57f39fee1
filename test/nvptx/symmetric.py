#!/usr/bin/env python3
"""Symmetric products, interpreted: `symmetric.py EMIT`.

X Xᵀ and Xᵀ X at sizes that no tile divides, alone and in batches, with what an optimizer makes of them. Operands are eighths, so that sums
are exact in any order and every bit of the result is known: that of the whole product. No tile above the diagonal is computed, nothing
stored beside the product, whose buffers are windows as in contract.py. Planted faults must not pass.
"""

import sys
import tempfile
import time

import numpy as np

from contract import Window, grown
from interpreter import launch
from mlp import emit, fault
from ptx import PtxError, parse, to_bf16

# How many columns a product has, and terms a sum; how many products there are; whether the operands stand transposed; what is stored:
# the product, or b A + c of it for a symmetric A; a tile by hand.
CASES = [
    # Copies out beside the mirror; a last tile of 8 rows; copies in, too.
    (200, 72, 1, False, "plain"), (264, 136, 1, False, "factor"), (320, 72, 1, False, "factor"),
    # The rows behind a product are the next one's.
    (136, 72, 3, False, "plain"), (264, 72, 2, False, "factor"), (200, 200, 2, False, "both"),
    # Not in turns.
    (264, 72, 2, False, "factor", "columns = 128"), (320, 72, 1, False, "both", "columns = 128"),
    # Transposed: panels of 64 columns; sums over two windows of k.
    (200, 72, 1, True, "plain"), (264, 64, 2, True, "both"), (136, 2176, 1, True, "factor"),
]  # fmt: skip


FAULTS = [
    ("what is mirrored not turned", r"stmatrix\.sync\.aligned\.m8n8\.x4\.trans", "stmatrix.sync.aligned.m8n8.x4"),
    ("a stage on the diagonal that waits for both operands", r"(selp\.b32\s+%r\d+, )(16384|32768), (32768|49152)(, %p\d+;)", r"\1\3, \3\4"),
]  # fmt: skip


class Case:
    def __init__(self, index, n, k, batch, transposed, form, tile=None):
        self.title = f"{form} of {batch} {'x^T x' if transposed else 'x x^T'}, {n} x {k}" + (f", {tile}" if tile else "")
        self.n, self.batch = n, batch
        rng = np.random.default_rng(index)
        rows = batch * n
        self.x = Window(f"x{index}", batch * k if transposed else rows, n if transposed else k, "bf16")
        self.x.fill(rng.integers(-8, 9, self.x.shape) / 8)
        self.windows, self.outputs = [self.x], []
        row = f"vector<{n}xf32>"

        def stored(name, value):
            out = Window(f"{name}{index}", rows, n, "bf16")
            self.windows.append(out)
            self.outputs.append(out)
            return f"  kern.store %{value}, %{out.name}[%t] : {row}, {out.type()}\n"

        body = stored("out", "p") if form != "factor" else ""
        if form != "plain":
            self.a = Window(f"a{index}", rows, n, "bf16")
            half = rng.standard_normal((batch, n, n)).astype(np.float32)
            self.a.fill((half + half.swapaxes(1, 2)).reshape(rows, n))
            self.windows.append(self.a)
            body += f"  %v = kern.load %{self.a.name}[%t] : {self.a.type()} -> {row}\n  %c = arith.constant dense<-0.7> : {row}\n"
            body += f"  %s = arith.mulf %p, %c : {row}\n  %o = arith.addf %v, %s : {row}\n" + stored("factor", "o")
        both = (" transposed_a", " transposed_b") if transposed else ("", "")
        tile = f" attributes {{tile = {{{tile}}}}}" * bool(tile)

        self.text = (
            f'  kern.contract "case{index}" %{self.x.name}{both[0]}, %{self.x.name}{both[1]} batch {batch} m {n} n {n} k {k} symmetric'
            f" : {self.x.type()}, {self.x.type()}{tile} {{\n  ^row(%t: index, %p: {row}):\n{body}  }}\n"
        )
        x = self.x.value().reshape(batch, -1, self.x.shape[1])
        product = (x.swapaxes(1, 2) @ x if transposed else x @ x.swapaxes(1, 2)).reshape(rows, n).astype(np.float32)
        self.expected = [product] * (form != "factor")
        if form != "plain":
            self.expected.append(self.a.value().astype(np.float32) + np.float32(-0.7) * product)
        self.before = {w.name: w.array.copy() for w in self.windows}

    def tiles(self):
        down = -(-self.n // 128)
        return self.batch * down * (down + 1) // 2

    def check(self, kernels, entry, seed=3):
        """What is wrong, or None."""
        for w in self.windows:
            w.array[...] = self.before[w.name]
        try:
            launch(kernels, entry, {w.name: w.array for w in self.windows}, 3, seed)
        except PtxError as stop:
            return str(stop)[:60]
        for w, expected in zip(self.outputs, self.expected, strict=True):
            wrong = np.count_nonzero(w[:] != to_bf16(expected))
            if wrong:
                return f"{wrong} of {expected.size} of {w.name} are wrong"
        for w in self.windows:
            if w in self.outputs:
                w[:][...] = self.before[w.name][1:-1, w.left : w.left + w.shape[1]]
            if not np.array_equal(w.array, self.before[w.name]):
                return f"{w.name} has changed beside its window"
        return None


def main():
    cases = [Case(i, *case) for i, case in enumerate(CASES)]
    text = "".join(w.declare() for c in cases for w in c.windows)
    text += 'kern.part @p "micro" {\n' + "".join(c.text for c in cases) + "}\n"
    ptx, table = emit(sys.argv[1], text, tempfile.mkdtemp())
    kernels = parse(ptx)
    ok = True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    for case, entry in zip(cases, table, strict=True):
        start = time.time()
        wrong = case.check(kernels, entry) or (entry["blocks"] != case.tiles() and f"{entry['blocks']} tiles")
        line(not wrong, f"{case.title}: {wrong or 'the same bits'}, {entry['blocks']} tiles, {time.time() - start:.1f} s")

    def planted(what, index, entry, kernels=kernels):
        seen = next(filter(None, (cases[index].check(kernels, entry, seed) for seed in (3, 4))), None)
        line(seen, f"planted: {what} in {cases[index].title}: {seen or 'NOT SEEN'}")

    for index in (3, 9):
        entry = table[index]
        for what, pattern, replacement in FAULTS:
            planted(what, index, entry, parse(fault(ptx, entry["kernel"], pattern, replacement)))
        planted("another number of products", index,
                grown(entry, "value", "value", lambda v, b=cases[index].batch: v - 1 if v == b else v))
        planted("rows beyond m not left alone", index,
                grown(entry, "value", "value", lambda v, n=cases[index].n: n + 8 if v == n else v))
    sys.exit(not ok)


if __name__ == "__main__":
    main()
