#!/usr/bin/env python3
"""Attention on tensor cores, interpreted: `attention.py EMIT`.

Forward and backward with documents of few and many positions, windows, heads of 64 and 128, one and
two positions a row, at lengths that no tile divides. All buffers are windows of wider and taller
ones that hold NaN elsewhere. Relative errors to NumPy in float64 are at most 4e-3 for bf16 and 1e-5
for f32; another schedule and another number of blocks give the same bits; planted faults must not
pass.
"""

import sys
import tempfile
import time

import numpy as np

from contract import Window
from interpreter import launch
from mlp import assemble, emit, fault
from ptx import PtxError, parse

# Positions, heads, columns of a head, positions a row, window, documents in rows (the last one has
# the rest); a scale, where it is another than two that differ in which way their products with large
# numbers are rounded; a bound of the scores: with 64 to 256 no maximum is kept, with 4000 it is all
# the same, for the scale is too large; whether there are gates.
CASES = [
    (200, 1, 128, 1, 1000, [1, 15, 0, 60]),
    (330, 2, 64, 1, 70, [130]),
    (64, 1, 64, 1, 5, []),
    (130, 1, 128, 2, 1000, [20, 1]),
    (7, 1, 64, 1, 3, [], None, None, True),
    (520, 1, 64, 2, 129, [100, 1, 1, 64]),
    # Keys before a document's beginning, which a tile's earlier rows see, in two blocks.
    (256, 1, 128, 1, 128, [240, 4]),
    (140, 1, 64, 1, 70, [90], -0.2),
    (140, 1, 128, 1, 70, [90], -1e-3),
    (130, 1, 64, 1, 40, [30], 0.0),
    (200, 1, 128, 1, 1000, [1, 15, 0, 60], None, 256),
    (330, 2, 64, 1, 70, [130], -0.19, 64),
    (130, 1, 128, 2, 1000, [20, 1], 0.1, 256, True),
    (64, 1, 64, 1, 5, [], 0.1, 4000),
]


def starts(rows, lengths):
    """Where each row's document begins."""
    edges = np.cumsum([0, *lengths])
    edges = edges[edges < rows]
    return np.repeat(edges, np.diff([*edges, rows])).astype(np.int32)


class Case:
    """One attention: its text, its buffers and what it must store. Rows of all buffers lie apart."""

    def __init__(self, index, positions, heads, head, group, window, lengths, scale=None, bound=None, gated=False):
        self.title = f"{positions} positions, {heads} heads of {head}, group {group}, window {window}"
        if bound:
            self.title += f", bound {bound}"
        if gated:
            self.title += ", gated"
        self.positions, self.heads, self.head, self.group = positions, heads, head, group
        self.scale = (0.1, 1.5 * head**-0.5)[index % 2] if scale is None else scale
        self.index, self.window = index, window
        self.starts = starts(positions // group, lengths)
        self.windows = {}
        for name in ("q", "k", "v", "dy", "y", "dq", "dk", "dv"):
            self.windows[name] = Window(f"{name}{index}", positions, heads * head, "bf16")
        for name in ("lse", "lse_in", "delta"):
            self.windows[name] = Window(f"{name}{index}", positions, heads, "f32")
        self.gates = ["gates"] if gated else []
        for name in self.gates:
            self.windows[name] = Window(f"{name}{index}", positions, heads, "f32")
        # Every second one begins at its last rows, which no result tells.
        order = " {descending}" * (index % 2)
        docs = f"memref<{positions // group}xi32>"
        types = lambda *names: ", ".join(self.windows[n].type() for n in names)
        values = lambda *names: ", ".join(f"%{n}{index}" for n in names)
        how = f"window %window{index} scale %scale{index} heads {heads} of {head} group {group}"
        self.outside = "".join(w.declare() for w in self.windows.values()) + (
            f"%window{index} = arith.constant {window}.0 : f64\n"
            f"%scale{index} = arith.constant {self.scale!r} : f64\n"
            f'%docs{index} = kern.buffer "docs{index}" "input" : {docs}\n'
        )
        self.text = (
            f'  kern.attention "forward{index}" {values("q", "k", "v")} documents %docs{index} '
            f"to {values('y', 'lse')} {how}{f' bound {bound}' if bound else ''}"
            f"{f' gates {values(*self.gates)}' if gated else ''}{order}\n"
            f"    : {types('q', 'k', 'v')}, {docs}, {types('y', 'lse', *self.gates)}\n"
            f'  kern.attention_backward "backward{index}" {values("dy", "q", "k", "v", "lse_in", "delta")} '
            f"documents %docs{index} to {values('dq', 'dk', 'dv')} {how}{order}\n"
            f"    : {types('dy', 'q', 'k', 'v', 'lse_in', 'delta')}, {docs}, {types('dq', 'dk', 'dv')}\n"
        )

    def fill(self, seed=1):
        """Random inputs and the answers to them in float64."""
        rng = np.random.default_rng([seed, self.index])
        for name in ("q", "k", "v", "dy"):
            self.windows[name].fill(rng.standard_normal((self.positions, self.heads * self.head)))
        heads = [self.answer(h) for h in range(self.heads)]
        beside = {name: np.concatenate([h[name] for h in heads], 1) for name in heads[0]}
        self.windows["lse_in"].fill(beside["lse"])
        self.windows["delta"].fill(beside.pop("delta"))
        self.answers = beside
        for name in self.gates:
            self.windows[name].fill(1 / (1 + np.exp(-rng.standard_normal((self.positions, self.heads)))))
            beside["y"] = beside["y"] * np.repeat(self.windows[name].value(), self.head, 1)
        self.before = {w.name: w.array.copy() for w in self.windows.values()}
        return self

    def answer(self, h):
        """Of one head."""
        columns = slice(h * self.head, (h + 1) * self.head)
        q, k, v, dy = (self.windows[n].value()[:, columns] for n in ("q", "k", "v", "dy"))
        s = np.arange(self.positions)
        first = np.maximum(s - self.window, self.group * np.repeat(self.starts, self.group))
        visible = (s[None] >= first[:, None]) & (s[None] <= s[:, None])
        z = np.where(visible, q @ k.T * self.scale, -np.inf)
        most = z.max(1, keepdims=True)
        lse = np.log(np.exp(z - most).sum(1, keepdims=True)) + most
        p = np.exp(z - lse)
        y = p @ v
        delta = (dy * y).sum(1, keepdims=True)
        dz = p * (dy @ v.T - delta) * self.scale
        return {"y": y, "lse": lse, "delta": delta, "dq": dz @ k, "dk": dz.T @ q, "dv": p.T @ dy}

    def check(self, outputs, run):
        """What is wrong after `run` on the buffers' first state, or None; the worst error; what was stored."""
        arrays = {w.name: w.array for w in self.windows.values()}
        for name, array in arrays.items():
            array[...] = self.before[name]
        try:
            run(arrays | {f"docs{self.index}": self.starts})
        except PtxError as stop:
            return str(stop)[:60], 0, None
        stored, worst = [self.windows[n][:].tobytes() for n in outputs], 0
        for name in outputs:
            w, r = self.windows[name], self.answers[name]
            error = np.linalg.norm(w.value() - r) / max(np.linalg.norm(r), 1e-30)
            worst = max(worst, error)
            if not error <= (1e-5 if w.element == "f32" else 4e-3):
                return f"{name} error {error:.1e}", error, stored
        for name, w in self.windows.items():
            old = self.before[w.name].copy()
            if name in outputs:
                w[:][...] = 0
                old[1:-1, 8 : 8 + w.shape[1]] = 0
            if not np.array_equal(w.array.view(np.uint8), old.view(np.uint8)):
                return f"{name} has changed beside its window", worst, stored
        return None, worst, stored


OUTPUTS = {"forward": ("y", "lse"), "backward": ("dq", "dk", "dv")}


def module(sizes, kind=Case):
    """The cases, one module of them all, and the numbers that its kernels load."""
    cases = [kind(i, *case) for i, case in enumerate(sizes)]
    text = "".join(c.outside for c in cases)
    text += 'kern.part @p "micro" {\n' + "".join(c.text for c in cases) + "}\n"
    return cases, text, np.array([x for c in cases for x in (c.window, c.scale)], np.float64)


def launches(cases, table):
    """(case, what, entry): each case has two launches."""
    return [(cases[i // 2], ("forward", "backward")[i % 2], entry) for i, entry in enumerate(table)]


# What, in which kernel, where in the text, and what stands there instead.
FAULTS = [
    ("scores read before their products have ended", "forward", r"wait_group\.sync\.aligned\s+1;", "wait_group.sync.aligned 2;"),
    ("sums rescaled before their products have ended", "forward", r"wait_group\.sync\.aligned\s+0;", "wait_group.sync.aligned 1;"),
    ("values read as keys are", "forward", r"(m64n128k16[^;]*), 1;", r"\1, 0;"),
    ("documents not looked at", "forward", r"max\.s32", "min.s32"),
    ("dP read before its products have ended", "backward", r"wait_group\.sync\.aligned\s+1;", "wait_group.sync.aligned 2;"),
    ("dQ read before its products have ended", "backward", r"wait_group\.sync\.aligned\s+0;", "wait_group.sync.aligned 1;"),
    ("half of a block's bytes awaited", "backward", r"32768;(\s+mbarrier)", r"16384;\1"),
    ("documents not looked at", "backward", r"max\.s32", "min.s32"),
    ("no key hidden", "backward", r"0fFF800000", "0f00000000"),
]  # fmt: skip


def prove(bin, module, outputs, faults):
    """What the interpreted kernels of a module store (`outputs` of a launch by what it is) is right and the same twice, and each fault
    is seen at the first case. Whether all is well, and what prints a line and counts it."""
    cases, text, numbers = module
    folder = tempfile.mkdtemp()
    ptx, table = emit(bin, text, folder)
    kernels = parse(ptx)
    good = [True]

    def line(fine, text):
        good[0] &= bool(fine)
        print("ok  " if fine else "FAIL", text, flush=True)

    line(assemble(ptx, folder), "ptxas")

    def interpreted(kernels, entry, blocks=3, seed=0):
        return lambda arrays: launch(kernels, entry, arrays | {"numbers": numbers}, blocks, seed)

    for case in cases:
        case.fill()
    for case, what, entry in launches(cases, table):
        if what not in outputs:
            continue
        start = time.time()
        wrong, error, stored = case.check(outputs[what], interpreted(kernels, entry))
        again = case.check(outputs[what], interpreted(kernels, entry, 2, 99))[2]
        same = "same" if stored == again else "OTHER"
        line(not wrong and stored == again, f"{what}, {case.title}: {wrong or f'error {error:.1e}'}, "
             f"again {same} bits, {time.time() - start:.1f} s")  # fmt: skip

    # At the first case: two blocks for a warpgroup, documents that end within them.
    for title, what, pattern, instead in faults:
        entry = table[("forward", "backward").index(what)]
        broken = parse(fault(ptx, entry["kernel"], pattern, instead))
        wrong = cases[0].check(outputs[what], interpreted(broken, entry))[0]
        line(wrong, f"planted: {title}: {wrong or 'NOT SEEN'}")
    return good, line


def main():
    good, line = prove(sys.argv[1], module(CASES), OUTPUTS, FAULTS)
    # What is said of scores is believed: far beyond the bound their exponentials are not finite.
    few, text, table_of_numbers = module([(64, 1, 64, 1, 5, [], 30.0, 1)])
    ptx, table = emit(sys.argv[1], text, tempfile.mkdtemp())
    few[0].fill()
    run = lambda arrays: launch(parse(ptx), table[0], arrays | {"numbers": table_of_numbers}, 1)
    wrong = few[0].check(OUTPUTS["forward"], run)[0]
    line(wrong, f"scores beyond their bound: {wrong or 'A MAXIMUM IS KEPT'}")
    sys.exit(not good[0])


if __name__ == "__main__":
    main()
