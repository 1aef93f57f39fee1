#!/usr/bin/env python3
"""Contractions of any size, interpreted: `contract.py EMIT`.

Every form of a layer at sizes that no tile divides, down to one row, one column and one k. All
buffers are windows of wider and taller ones that hold NaN elsewhere: an operand's neighbour that
is multiplied shows as NaN, and a store beside an output as changed bits. Relative errors to NumPy
in float64 are at most 4e-3 for bf16 and 1e-5 for f32. Planted faults must not pass.
"""

import copy
import sys
import tempfile
import time

import numpy as np

from interpreter import launch
from mlp import emit, fault
from ptx import PtxError, from_bf16, from_e4m3, from_e5m2, parse, to_bf16

# After m, n and k: elements that an output's row has beyond its n columns, or -1 for the fewest
# that let rows begin at multiples of 8 elements; the operands' type and the same of their rows;
# how many products there are, one below the other; blocks and columns of a tile where sums are in pieces; a tile by hand.
CASES = [
    ("relu2", 200, 136, 72, -1), ("relu2", 1, 8, 130, -1), ("relu2", 130, 130, 8, -1),
    ("relu2", 8, 77, 200, 0), ("relu2", 72, 330, 1, -1), ("relu2", 3, 1, 72, 0),
    ("relu2", 128, 2, 64, -1), ("relu2", 65, 64, 136, 3),
    ("dx", 200, 72, 136, -1), ("dx", 1, 130, 8, -1), ("dx", 8, 8, 130, -1), ("dx", 136, 300, 1, 1),
    ("dw", 136, 72, 200, -1), ("dw", 8, 130, 1, -1), ("dw", 130, 8, 130, -1),
    ("dw", 256, 201, 8, 0), ("dw", 1, 1, 136, 0),
    # Without tensor cores.
    ("relu2", 130, 72, 40, -1, "f32"), ("relu2", 8, 77, 33, 0, "bf16", 0),
    ("dx", 65, 136, 20, -1, "f32"), ("dx", 1, 3, 130, 0, "bf16", 0),
    ("dw", 72, 130, 50, -1, "f32"), ("dw", 7, 1, 9, 0, "bf16", 2),
    # Several products: rows of m and n that a tile has too many are the next one's.
    ("relu2", 130, 72, 72, -1, "bf16", -1, 3), ("relu2", 3, 200, 8, -1, "bf16", -1, 2),
    ("dx", 72, 136, 128, -1, "bf16", -1, 2), ("dw", 136, 72, 192, -1, "bf16", -1, 2),
    ("dw", 128, 64, 64, -1, "bf16", -1, 3),
    # The same without tensor cores: k that fills no tile, types, rows.
    ("dx", 65, 40, 20, -1, "bf16", -1, 2), ("dw", 20, 9, 30, -1, "bf16", -1, 3),
    ("relu2", 65, 33, 20, -1, "f32", -1, 2), ("dw", 7, 130, 9, 0, "bf16", 2, 2),
    # A vocabulary: the last tile has a quarter of its columns less.
    ("relu2", 3, 12736, 8, -1),
    # Codes of FP8, summed tile by tile: k contiguous in both, or m in the first.
    ("dx", 200, 72, 272, -1, "fp8"), ("dx", 3, 200, 16, 1, "fp8"), ("dx", 128, 192, 1664, -1, "fp8"),
    ("dw", 144, 72, 272, -1, "fp8"), ("dw", 16, 201, 16, 0, "fp8"), ("dw", 256, 192, 1664, -1, "fp8"),
    # The same where f32 takes the sums every 64 codes.
    ("dx", 200, 72, 272, -1, "fp8 by 64"), ("dx", 3, 200, 16, 1, "fp8 by 64"), ("dx", 128, 192, 1664, -1, "fp8 by 64"),
    ("dw", 144, 72, 272, -1, "fp8 by 64"),
    # Sums over windows of 64 columns, of what is stored: in turns, both warpgroups at one tile, in a batch, without tensor cores, a
    # product of codes; and a tile that is read beside them.
    ("windows", 200, 384, 136, -1), ("windows", 65, 128, 72, -1), ("windows", 3, 320, 8, 3), ("windows", 72, 192, 72, -1, "bf16", -1, 3),
    ("windows", 70, 192, 40, -1, "f32"), ("windows", 130, 384, 272, -1, "fp8"), ("masked", 130, 192, 72, -1), ("masked", 9, 256, 20, 0, "f32"),
    # The same where that tile comes by copies: in turns of several tiles, in tiles of 256 columns, and where the last tile is a quarter of
    # its windows short; and where it does not, of a batch.
    ("masked", 200, 384, 136, -1), ("masked", 70, 256, 72, -1), ("masked", 3, 12736, 8, -1), ("masked", 72, 192, 72, -1, "bf16", -1, 3),
    # Across a vocabulary in strips of 16 tiles, of which the last is one tile high.
    ("plain", 2049, 2240, 8, -1),
    # Tiles to load come by bulk copies too where n is a multiple of 64: in turns, of which the second group of rows is not there, in
    # tiles of 128, 256 and 192 columns; and two of them with two that are stored, whose last tile is half beyond n.
    ("dx", 200, 384, 136, -1), ("dx", 40, 192, 72, 1), ("dx", 130, 128, 72, -1), ("dx", 70, 256, 72, -1), ("dx", 129, 192, 776, -1),
    ("two", 200, 384, 72, -1), ("two", 3, 12736, 8, -1), ("dx", 130, 192, 272, -1, "fp8"),
    # Sums in pieces: so many blocks for tiles so wide. A round and a rest that is cut; one tile, many pieces; rounds alone, the
    # shorter side first; pieces of more than a window; a helper for all tiles.
    ("dw", 136, 72, 1100, -1, "bf16", -1, 1, (7, 64)), ("dw", 8, 130, 1250, -1, "bf16", -1, 1, (4, 192)),
    ("dw", 136, 330, 1500, 1, "bf16", -1, 1, (8, 128)), ("dw", 8, 8, 5120, -1, "bf16", -1, 1, (2, 64)),
    ("dw", 392, 64, 1900, -1, "bf16", -1, 1, (5, 64)),
    # The same in clusters of two, whose blocks share copies: a rest that is cut; rounds alone.
    ("dw", 200, 130, 1250, -1, "bf16", -1, 1, (6, 192)), ("dw", 512, 80, 1900, -1, "bf16", -1, 1, (8, 128)),
    # Sums over windows beside roots of a tile that is read, which take narrow chunks where there are no sums.
    ("roots", 130, 192, 72, -1),
    # Tiles of 256 rows, 128 a warpgroup, of which the second has some or none; in a batch; sums over windows.
    ("dx", 300, 384, 200, -1, "bf16", -1, 1, None, "columns = 192, rows = 256"), ("two", 200, 320, 72, -1, "bf16", -1, 1, None, "columns = 192, rows = 256"),
    ("relu2", 600, 264, 330, -1, "bf16", -1, 1, None, "columns = 128, rows = 256"),
    ("plain", 72, 192, 72, -1, "bf16", -1, 3, None, "columns = 192, rows = 256"), ("windows", 300, 192, 72, -1, "bf16", -1, 1, None, "columns = 192, rows = 256"),
    # Two tiles of codes at a time, of which the last one may not be there.
    ("dw", 144, 72, 272, -1, "fp8 by 256"), ("dw", 128, 72, 912, -1, "fp8 by 256"), ("dx", 200, 72, 400, -1, "fp8 by 256"),
    # Codes whose second operand stays: k that fills no step and fewest steps, one tile and a last row; tiles of other columns within a block,
    # with sums over windows; many columns, of which the last are short; two strips, of 256 tiles and one; products of too few steps and too many.
    ("plain", 65, 192, 400, 1, "e4m3"), ("windows", 520, 384, 768, -1, "e4m3"), ("plain", 3, 6464, 768, -1, "e4m3"), ("plain", 16390, 192, 528, -1, "e4m3"),
    ("windows", 70, 384, 384, -1, "e4m3"), ("plain", 70, 192, 784, -1, "e4m3"),
]  # fmt: skip


# Codes of FP8: their types, their values, and the least and the first too large code of those that operands have.
FP8 = {"e5m2": ("f8E5M2", from_e5m2, 11 * 4, 18 * 4), "e4m3": ("f8E4M3FN", from_e4m3, 3 * 8, 10 * 8)}


FAULTS_OF_CODES = [
    ("products not waited for", r"wgmma\.wait_group\.sync\.aligned 0;", ""),
    ("a stage released by half of its readers", r"(mov\.b32\s+%r\d+, )8;", r"\g<1>4;"),
    ("a wait for a constant parity", r"(try_wait\.parity\.shared\.b64\s+P1, \[%r\d+\], )%r\d+", r"\g<1>0"),
    ("tiles added in the tensor cores", r"(k32\.f32\.e5m2\.e4m3 [^;]*), 0, 1, 1;", r"\1, 1, 1, 1;"),
]  # fmt: skip
# Where both operands have k contiguous, and where the first is turned.
FAULTS_OF_FORMS = {
    "dx": [("what is stored not shown to the copies", r"fence\.proxy\.async\.shared::cta;", "")],
    "dw": [("reads that no fence ends before the next copy", r"fence\.proxy\.async\.shared::cta;", ""), ("rows of m that change places", r"\b25632\b", "30001"), ("matrices not transposed", r"\.x4\.trans\.", ".x4.")],
}  # fmt: skip


# Where two tiles of codes are added at a time.
FAULTS_OF_TWOS = [
    ("products that begin anew at the second tile", r"(k32\.f32\.e5m2\.e4m3 [^;]*), 1, 1, 1;", r"\1, 0, 1, 1;"),
]  # fmt: skip


# Of an epilogue's slots, which copies fill and empty.
FAULTS_OF_SLOTS = [
    ("a slot filled before its copy out has read it", r"cp\.async\.bulk\.wait_group\.read\s+0;", ""),
    ("a slot filled and emptied with no fence between", r"fence\.proxy\.async\.shared::cta;", ""),
    ("a block announced with too few bytes", r"(mov\.b32\s+%r\d+, )8192;", r"\g<1>4096;"),
    ("warps that do not meet before a copy", r"bar\.sync\s+%r\d+, 128;", ""),
    ("a block waited for by a constant parity", r"(try_wait\.parity\.shared\.b64\s+P1, \[%r\d+\], )%r\d+", r"\g<1>0"),
]  # fmt: skip


# Where warpgroups multiply 128 rows each.
FAULTS_OF_ROWS = [
    ("a stage released before its products are over", r"wait_group\.sync\.aligned 1;", "wait_group.sync.aligned 7;"),
    ("a stage released by half of its readers", r"(mov\.b32\s+%r\d+, )8;", r"\g<1>4;"),
    ("the second 64 rows taken from the first", r"(add\.s64 da, %rd\d+, )512;", r"\g<1>0;"),
    ("the last products not waited for", r"wgmma\.wait_group\.sync\.aligned 0;", ""),
]  # fmt: skip


# Where the second operand stays.
FAULTS_OF_STAYING = [
    ("a stage released by half of its readers", r"(mov\.b32\s+%r\d+, )4;", r"\g<1>2;"),
    ("columns that are not brought where they are new", r"or\.pred", "and.pred"),
    ("columns that are not announced", r"(mov\.b32\s+%r\d+, )32768;", r"\g<1>8192;"),
    ("a tile before its turn", r"bar\.sync\s+%r\d+, 256;", ""),
    ("the last products not waited for", r"wgmma\.wait_group\.sync\.aligned 0;", ""),
    ("warps that do not meet before a copy", r"bar\.sync\s+%r\d+, 128;", ""),
    ("a slot written before its copy has read it", r"cp\.async\.bulk\.wait_group\.read\s+0;", ""),
]  # fmt: skip


FAULTS_OF_TEAMS = [
    ("a stage that the other block's consumers do not release", r"mbarrier\.arrive\.relaxed\.cluster[^;]*;", ""),
    ("a stage released by the consumers of one block", r"(mov\.b32\s+%r\d+, )16;", r"\g<1>8;"),
    ("copies into the own block alone", r"(mov\.b16\s+%rs\d+, )3;", r"\g<1>1;"),
    ("copies before the other block has its barriers", r"barrier\.cluster\.\w+(\.relaxed)?;(?!\s+(ret|barrier\.cluster\.wait;\s+ret))", ""),
    ("a block that ends before the other", r"barrier\.cluster\.arrive\.relaxed;\s+barrier\.cluster\.wait;\s+ret;", "ret;"),
]  # fmt: skip


class Window:
    """A buffer and the view of it that a kernel sees: from row 1 and column 8, of codes 16."""

    def __init__(self, name, rows, columns, element, beyond=-1):
        self.name, self.element, self.shape = name, element, (rows, columns)
        self.left = 16 if element in FP8 else 8
        beyond = -columns % self.left if beyond < 0 else beyond
        self.pitch = self.left + columns + beyond
        self.array = np.full((rows + 2, self.pitch), 0xFF if element in FP8 else 0xFFFF, np.uint8 if element in FP8 else np.uint16)
        if element == "f32":
            # A signalling NaN: even what adds nothing changes it.
            self.array = np.full((rows + 2, self.pitch), 0x7F800001, np.uint32).view(np.float32)

    def __getitem__(self, _):
        return self.array[1:-1, self.left : self.left + self.shape[1]]

    def draw(self, rng):
        _, _, low, high = FP8[self.element]
        self[:][...] = rng.integers(low, high, self.shape) | rng.integers(0, 2, self.shape) << 7

    def fill(self, values):
        self[:][...] = values if self.element == "f32" else to_bf16(values.astype(np.float32))

    def value(self):
        x = self[:]
        if self.element in FP8:
            return FP8[self.element][1](x).astype(np.float64)
        return (x if self.element == "f32" else from_bf16(x)).astype(np.float64)

    def declare(self):
        whole = f"memref<{len(self.array)}x{self.pitch}x{self.stored()}>"
        return (
            f'%{self.name}_ = kern.buffer "{self.name}" "workspace" : {whole}\n'
            f"%{self.name} = kern.view %{self.name}_ : {whole} to {self.type()}\n"
        )

    def stored(self):
        return FP8[self.element][0] if self.element in FP8 else self.element

    def type(self):
        rows, columns = self.shape
        return (
            f"memref<{rows}x{columns}x{self.stored()}, "
            f"strided<[{self.pitch}, 1], offset: {self.pitch + self.left}>>"
        )


class Case:
    """One contraction: its text, its buffers and what it must store."""

    def __init__(self, index, form, m, n, k, beyond, element="bf16", odd=-1, batch=1, pieces=None, tile=None):
        self.title = f"{form} {m} x {n} x {k} of {element}" + " in odd rows" * (odd >= 0)
        self.title += f", {batch} products" * (batch > 1) + (f", {pieces[0]} blocks" if pieces else "") + (f", {tile}" if tile else "")
        self.pieces = pieces
        self.form, self.m, self.n, self.k, self.batch = form, m, n, k, batch
        rows = batch * m
        self.windows = []
        rng = np.random.default_rng(index)

        def window(name, rows, columns, kind, *how, scale=None):
            made = Window(f"{name}{index}", rows, columns, kind, *how)
            if kind in FP8:
                made.draw(rng)
            elif scale:
                made.fill(scale * rng.standard_normal((rows, columns)).astype(np.float32))
            self.windows.append(made)
            return made

        # Of codes the second operand has k contiguous in every form.
        element, _, promotion = element.partition(" by ")
        self.codes = element in ("fp8", "e4m3")
        of_windows = form in ("windows", "masked", "roots")
        self.k_last = form in ("relu2", "plain", "two") or of_windows or self.codes
        a = (k, m) if form == "dw" else (m, k)
        b = (n, k) if self.k_last else (k, n)
        self.a = window("a", batch * a[0], a[1], "e5m2" if element == "fp8" else element, odd, scale=1)
        self.b = window("b", batch * b[0], b[1], "e4m3" if self.codes else element, odd, scale=k**-0.5)
        self.out = window("out", rows, n, "f32" if form == "dw" else "bf16", beyond)
        row = f"vector<{n}xf32>"
        load = lambda w, at: f"kern.load %{w.name}[{at}] : {w.type()} -> vector<{w.shape[1]}xf32>"
        store = lambda v, w: f"  kern.store {v}, %{w.name}[%m] : {row}, {w.type()}\n"
        if form == "relu2":
            self.act = window("act", rows, n, "bf16", beyond)
            self.bias = window("bias", 1, n, "f32", beyond, scale=1)
            self.scale = window("scale", rows, 1, "f32", scale=1)
            body = (
                f"  %c = {load(self.bias, '')}\n  %s1 = {load(self.scale, '%m')}\n"
                f"  %s = kern.spread %s1 : vector<1xf32> -> {row}\n"
                f"  %x = arith.addf %p, %c : {row}\n  %y = arith.mulf %x, %s : {row}\n"
                + store("%y", self.out)
                + f"  %z = arith.constant dense<0.0> : {row}\n"
                f"  %r = arith.maximumf %y, %z : {row}\n  %q = arith.mulf %r, %r : {row}\n"
                + store("%q", self.act)
            )
        elif of_windows:
            self.sums = window("sums", rows, n // 64, "f32", beyond)
            if form != "windows":
                self.mask = window("mask", rows, n, "bf16", beyond, scale=1)
            body = {
                "windows": lambda: f"  %o = arith.negf %p : {row}\n",
                "masked": lambda: f"  %v = {load(self.mask, '%m')}\n  %o = arith.mulf %p, %v : {row}\n",
                "roots": lambda: f"  %v = {load(self.mask, '%m')}\n  %u = math.absf %v : {row}\n  %t = math.sqrt %u : {row}\n"
                f"  %o = arith.mulf %p, %t : {row}\n",
            }[form]()
            body += (
                store("%o", self.out)
                + f'  %r = kern.round %o to "bf16" : {row}\n  %q = arith.mulf %r, %r : {row}\n'
                f'  %w = kern.reduce "add" %q : {row} -> vector<{n // 64}xf32>\n'
                f"  kern.store %w, %{self.sums.name}[%m] : vector<{n // 64}xf32>, {self.sums.type()}\n"
            )
        elif form == "plain":
            body = store("%p", self.out)
        elif form == "two":
            self.first, self.second = (window(name, rows, n, "bf16", beyond, scale=1) for name in ("first", "second"))
            self.act = window("act", rows, n, "bf16", beyond)
            body = (
                f"  %v = {load(self.first, '%m')}\n  %o = arith.addf %p, %v : {row}\n" + store("%o", self.out)
                + f"  %w = {load(self.second, '%m')}\n  %q = arith.subf %o, %w : {row}\n" + store("%q", self.act)
            )
        elif form == "dx":
            self.mask = window("mask", rows, n, "bf16", beyond, scale=1)
            body = (
                f"  %v = {load(self.mask, '%m')}\n  %o = arith.mulf %p, %v : {row}\n"
                + store("%o", self.out)
            )
        else:
            self.out.fill(rng.standard_normal((rows, n)))
            body = (
                f"  %v = {load(self.out, '%m')}\n  %o = arith.addf %v, %p : {row}\n"
                + store("%o", self.out)
            )
        # Every second one, and the one in strips, begins at its last rows, which no result tells.
        attributes = ", ".join([f"tile = {{{tile}}}"] * bool(tile) + ["descending"] * bool(index % 2 or form == "plain"))
        in_pieces = ""
        if pieces:
            self.room = np.full((128 * pieces[0], pieces[1]), np.nan, np.float32)
            of_room = f"memref<{'x'.join(map(str, self.room.shape))}xf32>"
            in_pieces = f" pieces %room{index} : {of_room}"
        self.text = f'  %room{index} = kern.buffer "room{index}" "workspace" : {of_room}\n' if pieces else ""
        self.text += (
            f'  kern.contract "case{index}" %{self.a.name} '
            f"{'transposed_a ' if form == 'dw' else ''}, "
            f"%{self.b.name} {'' if self.k_last else 'transposed_b '}"
            f"{f'batch {batch} ' if batch > 1 else ''}m {m} n {n} k {k}{promotion and f' promotion {promotion}'}"
            f" : {self.a.type()}, {self.b.type()}{in_pieces}{f' attributes {{{attributes}}}' if attributes else ''} {{\n  ^row(%m: index, %p: {row}):\n{body}  }}\n"
        )
        self.before = {w.name: w.array.copy() for w in self.windows}

    def expected(self):
        a, b = (w.value().reshape(self.batch, -1, w.shape[1]) for w in (self.a, self.b))
        turned = lambda x: x.swapaxes(1, 2)
        product = (turned(a) if self.form == "dw" else a) @ (turned(b) if self.k_last else b)
        product = product.reshape(self.out.shape)
        if self.form == "relu2":
            y = (product + self.bias.value()) * self.scale.value()
            return [(self.out, y), (self.act, np.maximum(y, 0) ** 2)]
        if self.form in ("windows", "masked", "roots"):
            # Of what was stored, for a product near a tie is rounded either way.
            sums = lambda: (self.out.value() ** 2).reshape(len(product), -1, 64).sum(2)
            by = {"windows": lambda: -1, "masked": lambda: self.mask.value(), "roots": lambda: np.sqrt(np.abs(self.mask.value()))}
            return [(self.out, product * by[self.form]()), (self.sums, sums)]
        if self.form == "plain":
            return [(self.out, product)]
        if self.form == "two":
            return [(self.out, product + self.first.value()), (self.act, product + self.first.value() - self.second.value())]
        if self.form == "dx":
            return [(self.out, product * self.mask.value())]
        return [(self.out, product + self.out.value())]

    def check(self, run, of_codes=1e-5):
        """What is wrong after `run` on the buffers' first state, or None, and the worst error; sums of codes may be wrong by
        `of_codes` more."""
        for w in self.windows:
            w.array[...] = self.before[w.name]
        expected, worst = self.expected(), 0
        try:
            buffers = {w.name: w.array for w in self.windows}
            if self.pieces:
                self.room[...] = np.nan
                buffers["room" + self.a.name[1:]] = self.room
            run(buffers)
        except PtxError as stop:
            return str(stop)[:60], 0
        for w, r in expected:
            r = r() if callable(r) else r
            error = np.linalg.norm(w.value() - r) / np.linalg.norm(r)
            worst = max(worst, error)
            if not error <= (1e-5 if w.element == "f32" else 4e-3) + (of_codes if self.codes else 0):
                return f"error {error:.1e}", error
        outputs = [w for w, _ in expected]
        for w in self.windows:
            old = self.before[w.name]
            if w in outputs:
                inside = np.s_[1:-1, w.left : w.left + w.shape[1]]
                old = old.copy()
                old[inside] = w.array[inside]
            if not np.array_equal(w.array.view(np.uint8), old.view(np.uint8)):
                return f"{w.name} has changed beside its window", worst
        return None, worst


def grown(entry, kind, what, by, names=""):
    """The launch with a number of its arguments of a kind changed, of the buffers whose names begin with one of `names`' letters."""
    entry = copy.deepcopy(entry)
    for a in entry["arguments"]:
        if a["kind"] == kind and (not names or a["buffer"][0] in names):
            a[what] = by(a[what])
    return entry


def is_staged(entry):
    """Whether outputs leave through shared memory: then their tensor maps leave out what is beyond them."""
    return any(a["kind"] == "tensor map" and a["buffer"].startswith("out") for a in entry["arguments"])


def all_cases():
    """The cases, and one module of them all."""
    cases = [Case(i, *case) for i, case in enumerate(CASES)]
    text = "".join(w.declare() for c in cases for w in c.windows)
    text += 'kern.part @p "micro" {\n' + "".join(c.text for c in cases) + "}\n"
    return cases, text


def kernels_of(ptx, entry):
    return parse(ptx)[entry["kernel"]]


def sums_in_pieces(case, entry, ptx, line, faults):
    """Other schedules than that of the case's own run, fewer blocks at a time: the same bits; and faults that only other blocks see."""
    bits = case.out.array.tobytes()

    def run(text=ptx, seed=3, resident=None, order=1):
        kernels = parse(text)
        indices = range(entry["blocks"])[::order]
        run = lambda buffers: launch(kernels, entry, buffers, resident, seed, indices)
        wrong, _ = case.check(run)
        return wrong, case.out.array.tobytes()

    same = [run(seed=seed, resident=r) for seed, r in ((4, None), (6, 1))]
    line(all(r == (None, bits) for r in same), f"{case.title}: other schedules, one block at a time: "
         f"{[wrong or 'same' * (b == bits) or 'OTHER' for wrong, b in same]}")
    if kernels_of(ptx, entry).cluster > 1 and faults:
        for what, pattern, replacement in FAULTS_OF_TEAMS:
            broken = fault(ptx, entry["kernel"], pattern, replacement)
            seen = next(filter(None, (run(broken, seed)[0] for seed in range(3, 9))), None)
            line(seen, f"planted: {what}: {seen or 'NOT SEEN'}")
        return
    if not faults:
        return
    for what, pattern, replacement in (
        ("a flag that shows itself alone", r"st\.release\.gpu", "st.relaxed.gpu"),
        ("a flag before all lanes have stored", r"bar\.warp\.sync\s+-1;", ""),
        ("a flag that nobody is shown", r"st\.release\.gpu\.global", "st.global"),
        ("a wait that brings nothing", r"ld\.acquire\.gpu", "ld.relaxed.gpu"),
    ):  # fmt: skip
        wrong, _ = run(fault(ptx, entry["kernel"], pattern, replacement))
        line(wrong, f"planted: {what}: {wrong or 'NOT SEEN'}")
    broken = fault(ptx, entry["kernel"], r"st\.global\.b32\s+\[%rd\d+\], 0;", "")
    wrong, _ = run(broken)
    line(wrong, f"planted: a flag that is not cleared: {wrong or 'NOT SEEN'}")
    wrong, _ = run(resident=1, order=-1)
    line(wrong, f"planted: blocks that wait for others that are not there: {wrong or 'NOT SEEN'}")


def main():
    cases, text = all_cases()
    ptx, table = emit(sys.argv[1], text, tempfile.mkdtemp())
    kernels = parse(ptx)
    interpreted = lambda kernels, entry: lambda buffers: launch(kernels, entry, buffers, 3)
    ok = True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    for case, entry in zip(cases, table, strict=True):
        start = time.time()
        wrong, error = case.check(interpreted(kernels, entry))
        line(not wrong, f"{case.title}: {wrong or f'error {error:.1e}'}, {time.time() - start:.1f} s")

    def planted(what, index, entry, kernels=kernels):
        wrong, _ = cases[index].check(interpreted(kernels, entry))
        line(wrong, f"planted: {what} in {cases[index].title}: {wrong or 'NOT SEEN'}")

    for case, entry in zip(cases, table, strict=True):
        if case.pieces:
            sums_in_pieces(case, entry, ptx, line, faults=case.n in (72, 80))

    for index in (0, 8, 12):
        entry, m = table[index], cases[index].m
        k_is_row = cases[index].form == "dw"
        planted("operands that reach beyond their k", index,
                grown(entry, "tensor map", "rows" if k_is_row else "columns", lambda n: n + 1, "ab"))
        planted("rows beyond m not left alone", index,
                grown(entry, "tensor map", "rows", lambda n: n + 1, "o") if is_staged(entry)
                else grown(entry, "value", "value", lambda v: m + 1 if v == m else v))
    first = next(i for i, case in enumerate(cases) if case.codes)
    for index in (first, first + 3, first + 6):
        entry, form = table[index], cases[index].form
        planted("a first operand that reaches beyond its k", index,
                grown(entry, "tensor map", "rows" if form == "dw" else "columns", lambda n: n + 1, "a"))
        planted("a second operand that reaches beyond its k", index,
                grown(entry, "tensor map", "columns", lambda n: n + 1, "b"))
        # With more tiles of k than stages.
        entry = table[index + 2]
        for what, pattern, replacement in FAULTS_OF_CODES + FAULTS_OF_FORMS[form]:
            planted(what, index + 2, entry, parse(fault(ptx, entry["kernel"], pattern, replacement)))
    twos = next(i for i, case in enumerate(CASES) if case[3:] == (912, -1, "fp8 by 256"))
    for what, pattern, replacement in FAULTS_OF_CODES + FAULTS_OF_FORMS["dw"] + FAULTS_OF_TWOS:
        planted(what, twos, table[twos], parse(fault(ptx, table[twos]["kernel"], pattern, replacement)))
    tall = next(i for i, case in enumerate(CASES) if case[:4] == ("relu2", 600, 264, 330))
    for what, pattern, replacement in FAULTS_OF_ROWS:
        planted(what, tall, table[tall], parse(fault(ptx, table[tall]["kernel"], pattern, replacement)))
    stays = next(i for i, case in enumerate(CASES) if case[:4] == ("windows", 520, 384, 768))
    for what, pattern, replacement in FAULTS_OF_STAYING:
        planted(what, stays, table[stays], parse(fault(ptx, table[stays]["kernel"], pattern, replacement)))
    slots = next(i for i, case in enumerate(CASES) if case[:4] == ("dx", 200, 384, 136))
    for what, pattern, replacement in FAULTS_OF_SLOTS:
        planted(what, slots, table[slots], parse(fault(ptx, table[slots]["kernel"], pattern, replacement)))
    for index in (23, 24, 25, 27, 29):
        planted("another number of products", index,
                grown(table[index], "value", "value", lambda v, b=cases[index].batch: v - 1 if v == b else v))
    for index in (17, 21):
        entry, k = table[index], cases[index].k
        planted("operands that reach beyond their k", index,
                grown(entry, "value", "value", lambda v: k + 1 if v == k else v))
        broken = fault(ptx, entry["kernel"], r"bar\.sync\s+0;", "")
        planted("no barriers", index, entry, parse(broken))
    for index in (0, 8):
        planted("columns beyond n not left alone", index,
                grown(table[index], "tensor map", "columns", lambda n: n + 1, "o"))
    for index in (11, 12, 15):
        # Guards compare columns with n or n - 1.
        entry, n = table[index], cases[index].n
        broken = fault(ptx, entry["kernel"],
                       rf"(setp\.\w+\.u32\s+%p\d+, %r\d+, )(?:{n}|{n - 1});", rf"\g<1>{n + 7};")
        planted("columns beyond n not left alone", index, entry, parse(broken))
    sys.exit(not ok)


if __name__ == "__main__":
    main()
