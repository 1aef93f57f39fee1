#!/usr/bin/env python3
"""Row programs in attention's backward, interpreted: `attention_heads.py EMIT`.

As attention.py, whose cases these are: of the gradient of queries the rotation and the norm of what
was projected go back, of keys' a gate a head and a gain for all rows, of values' what is added and the
head's own number. Shapes that no tile divides, tables for several heads, f32 and bf16, rows that
do not begin where accesses of 16 bytes do. What was room for a gradient is not touched.
"""

import sys

import attention
import numpy as np
from attention import CASES, Case
from contract import Window

# Those of attention.CASES with one position a row; parts of a table, which heads take in turn; columns
# that a row of the outputs has beyond its own.
SHAPES = [(CASES[0], 1, -1), (CASES[1], 1, -1), (CASES[1], 2, 3), (CASES[2], 1, -1), (CASES[4], 1, 1)]
OUTPUTS = {"backward": ("oq", "ok", "ov")}
EPSILON = 2.0**-23


class Programmed(Case):
    """One attention whose backward goes on with its gradients."""

    def __init__(self, index, case, parts, beyond):
        super().__init__(index, *case)
        self.title += f", {parts} parts of a table"
        positions, heads, head, i = self.positions, self.heads, self.head, index
        columns, self.parts = heads * head, parts
        for name in ("x", "oq", "ok", "ov"):
            self.windows[name] = Window(f"{name}{i}", positions, columns, "bf16", beyond if name[0] == "o" else -1)
        self.windows["more"] = Window(f"more{i}", positions, columns, "f32")
        self.windows["gain"] = Window(f"gain{i}", 1, columns, "bf16")
        self.windows["gate"] = Window(f"gate{i}", positions, heads, "f32")
        for name in ("cos", "sin"):
            self.windows[name] = Window(f"{name}{i}", positions, parts * head // 2, "bf16" if i % 2 else "f32")
        self.outside = "".join(w.declare() for w in self.windows.values()) + self.outside[self.outside.index("%window"):]
        row, each, one = f"vector<{columns}xf32>", f"vector<{heads}xf32>", "vector<1xf32>"
        table = f"vector<{parts * head // 2}xf32>"
        load = lambda name, t, at="%t": f"kern.load %{name}{i}[{at}] : {self.windows[name].type()} -> {t}"
        program = f""" program {{
  ^row(%t: index, %dq_row: {row}, %dk_row: {row}, %dv_row: {row}):
    %cos_row = {load("cos", table)}
    %sin_row = {load("sin", table)}
    %g = kern.rotate %dq_row by %cos_row, %sin_row head {head} group {parts} inverse : {row}, {table}
    %x_row = {load("x", row)}
    %xx = arith.mulf %x_row, %x_row : {row}
    %squares = kern.reduce "add" %xx : {row} -> {each}
    %part = arith.constant dense<{1 / head!r}> : {each}
    %mean = arith.mulf %squares, %part : {each}
    %least = arith.constant dense<{EPSILON!r}> : {each}
    %positive = arith.addf %mean, %least : {each}
    %root = math.sqrt %positive : {each}
    %ones = arith.constant dense<1.0> : {each}
    %r = arith.divf %ones, %root : {each}
    %gx = arith.mulf %g, %x_row : {row}
    %dot = kern.reduce "add" %gx : {row} -> {each}
    %share = arith.mulf %dot, %part : {each}
    %rr = arith.mulf %r, %r : {each}
    %back = arith.mulf %rr, %share : {each}
    %backs = kern.spread %back : {each} -> {row}
    %away = arith.mulf %x_row, %backs : {row}
    %rest = arith.subf %g, %away : {row}
    %rs = kern.spread %r : {each} -> {row}
    %dx = arith.mulf %rest, %rs : {row}
    kern.store %dx, %oq{i}[%t] : {row}, {self.windows["oq"].type()}
    %gate_row = {load("gate", each)}
    %gates = kern.spread %gate_row : {each} -> {row}
    %gain_row = {load("gain", row, "")}
    %both = arith.mulf %gates, %gain_row : {row}
    %gated = arith.mulf %dk_row, %both : {row}
    kern.store %gated, %ok{i}[%t] : {row}, {self.windows["ok"].type()}
    %number = kern.number %scale{i} : {one}
    %numbers = kern.spread %number : {one} -> {row}
    %more_row = {load("more", row)}
    %scaled = arith.mulf %dv_row, %numbers : {row}
    %sum = arith.addf %scaled, %more_row : {row}
    %rounded = kern.round %sum to "bf16" : {row}
    kern.store %rounded, %ov{i}[%t] : {row}, {self.windows["ov"].type()}
  }}
"""
        self.text = self.text.removesuffix("\n") + program

    def fill(self, seed=1):
        super().fill(seed)
        rng = np.random.default_rng([seed, self.index, 1])
        shape = self.positions, self.heads, self.head
        normal = lambda name: rng.standard_normal(self.windows[name].shape)
        for name in ("x", "more"):
            self.windows[name].fill(normal(name))
        # Near each other: else one row's roundings, of a single score, may be all that counts.
        self.windows["gate"].fill(1 / (1 + np.exp(-normal("gate"))))
        self.windows["gain"].fill(1 + 0.1 * normal("gain"))
        angles = rng.uniform(0, 7, self.windows["cos"].shape)
        self.windows["cos"].fill(np.cos(angles))
        self.windows["sin"].fill(np.sin(angles))
        value = lambda name: self.windows[name].value().astype(np.float64)
        half = self.head // 2
        turned = lambda name: np.tile(value(name).reshape(self.positions, self.parts, half), (1, self.heads // self.parts, 1))
        cos, sin = turned("cos"), turned("sin")
        dq = self.answers["dq"].reshape(shape)
        a, b = dq[..., :half], dq[..., half:]
        g = np.concatenate([a * cos - b * sin, b * cos + a * sin], 2)
        x = value("x").reshape(shape)
        r = 1 / np.sqrt((x * x).mean(2, keepdims=True) + EPSILON)
        dx = (g - x * r * r * (g * x).mean(2, keepdims=True)) * r
        gates = np.repeat(value("gate"), self.head, 1)
        self.answers |= {
            "oq": dx.reshape(self.positions, -1),
            "ok": self.answers["dk"] * gates * value("gain"),
            "ov": self.answers["dv"] * self.scale + value("more"),
        }
        self.before = {w.name: w.array.copy() for w in self.windows.values()}
        return self


def module(shapes):
    """As attention.module."""
    return attention.module(shapes, Programmed)


# As attention.FAULTS.
FAULTS = [
    ("a quad's sums not added", "backward", r"shfl\.sync\.bfly\.b32\s+(%r\d+), (%r\d+), 2,[^;]*;(\s+add\.rn)", r"mov.b32 \1, \2;\3"),
    ("a gradient turned forward, and not made smaller", "backward", r"sub\.rn\.f32", "add.rn.f32"),
]  # fmt: skip


def main():
    good, _ = attention.prove(sys.argv[1], module(SHAPES), OUTPUTS, FAULTS)
    sys.exit(not good[0])


if __name__ == "__main__":
    main()
