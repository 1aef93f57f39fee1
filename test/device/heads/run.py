#!/usr/bin/env python3
"""Row programs in attention's backward on a GPU: `run.py DIR`, DIR as prepare.sh leaves it.

Right: the cases of cases.py with the buffers, bounds and guards of test/nvptx/attention_heads.py, on new
inputs; a second run must give the same bits. Time: the record's shapes, attention's backward alone, with
the row kernel behind it, with the program in it, and with one that starts from attention's own rows, in turn, L2
flushed before each, medians of REPEATS. What they store is the same but for roundings: at most 4e-3 apart, and
from float64 of attention's gradients as the first one stores them.
"""

import statistics
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attending import documents, load, prove  # noqa: E402

import attention  # noqa: E402
import attention_heads  # noqa: E402
from cases import CHECKED, D, HEAD, HEADS, TIMED  # noqa: E402
from ptx import from_bf16, to_bf16  # noqa: E402

REPEATS = 15


def times(gpu, folder):
    module, table = load(gpu, folder)
    numbers = np.array([x for _, window in TIMED for x in (window, 0.1)], np.float64)
    places = {"numbers": gpu.allocate(numbers.nbytes)}
    gpu.upload(places["numbers"], numbers)
    rng = np.random.default_rng(7)
    print(f"{'T':>6} {'window':>6} {'attention':>9} {'rows':>7} {'both':>7} {'one':>7} {'own':>7}  µs, medians of {REPEATS}")
    ok = True
    for i, (positions, window) in enumerate(TIMED):
        def upload(name, array, i=i):
            places[f"{name}{i}"] = gpu.allocate(array.nbytes)
            gpu.upload(places[f"{name}{i}"], array)

        normal = lambda *shape: rng.standard_normal(shape, np.float32)
        for name in ("v", "dy"):
            upload(name, to_bf16(normal(positions, D)))
        raw = to_bf16(normal(positions, 3 * D))
        upload("raw", raw)
        angles = rng.uniform(0, 7, (positions, HEAD // 2)).astype(np.float32)
        tables = [to_bf16(f(angles)) for f in (np.cos, np.sin)]
        cos, sin = (from_bf16(t)[:, None] for t in tables)
        upload("cos", tables[0])
        upload("sin", tables[1])
        # As the record norms and turns them.
        for which, name in enumerate("qk"):
            x = from_bf16(raw[:, which * D : (which + 1) * D]).reshape(positions, HEADS, HEAD)
            root = np.sqrt((x**2).mean(2, keepdims=True) + 2.0**-23)
            a, b = np.split(x / root, 2, 2)
            upload(name, to_bf16(np.concatenate([a * cos + b * sin, b * cos - a * sin], 2).astype(np.float32)).reshape(positions, -1))
            upload(f"roots_{name}", root.astype(np.float32).reshape(positions, -1))
        for name in ("dq", "dk"):
            upload(name, np.full((positions, D), 0xFFFF, np.uint16))
        for name in ("apart", "one", "own"):
            upload(name, np.full((positions, 3 * D), 0xFFFF, np.uint16))
        upload("lse", np.full((positions, HEADS), 20, np.float32) + normal(positions, HEADS))
        upload("docs", attention.starts(positions, documents(positions)))
        upload("delta", normal(positions, HEADS))
        alone, rows, one, own = (gpu.bind(module, entry, places) for entry in table[4 * i : 4 * i + 4])

        def both(alone=alone, rows=rows):
            alone()
            rows()

        acts = [alone, rows, both, one, own]
        figures = [[] for _ in acts]
        for _ in range(2):  # in turn
            for figure, act in zip(figures, acts):
                figure += gpu.times(act, REPEATS)
        stored = {}
        for name in ("dq", "dk", "apart", "one", "own"):
            x = np.empty((positions, D if name[0] == "d" else 3 * D), np.uint16)
            gpu.download(places[f"{name}{i}"], x)
            stored[name] = from_bf16(x).astype(np.float64)
        # Of what the first one stored: queries' and keys' gradients in float64.
        exact = []
        for which, name in enumerate("qk"):
            a, b = np.split(stored[f"d{name}"].reshape(positions, HEADS, HEAD), 2, 2)
            g = np.concatenate([a * cos - b * sin, b * cos + a * sin], 2)
            x = from_bf16(raw[:, which * D : (which + 1) * D]).astype(np.float64).reshape(positions, HEADS, HEAD)
            r = 1 / np.sqrt((x**2).mean(2, keepdims=True) + 2.0**-23)
            exact.append(((g - x * r * r * (g * x).mean(2, keepdims=True)) * r).reshape(positions, -1))
        exact = np.concatenate(exact, 1)
        norm = np.linalg.norm
        apart = norm(stored["apart"] - stored["one"]) / norm(stored["apart"])
        errors = [norm(stored[name][:, : 2 * D] - exact) / norm(exact) for name in ("apart", "one", "own")]
        ok &= bool(max(apart, *errors) <= 4e-3)
        us = [statistics.median(f) for f in figures]
        print("{:6} {:6} {:9.1f} {:7.1f} {:7.1f} {:7.1f} {:7.1f}  apart {:.1e}, from float64".format(positions, window, *us, apart),
              *(f"{e:.1e}" for e in errors), flush=True)  # fmt: skip
        for name in ("q", "k", "v", "dy", "raw", "cos", "sin", "dq", "dk", "apart", "one", "own", "roots_q", "roots_k", "lse", "docs", "delta"):
            gpu.free(places.pop(f"{name}{i}"))
    return ok


if __name__ == "__main__":
    prove(attention_heads.module(CHECKED), attention_heads.OUTPUTS, times)
