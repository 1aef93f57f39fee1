#!/usr/bin/env python3
"""Row programs in attention's backward on a GPU: `run.py DIR`, DIR as prepare.sh leaves it.

Right: the cases of cases.py with the buffers, bounds and guards of test/nvptx/attention_heads.py, on new
inputs; a second run must give the same bits. Time: the record's shapes, attention's backward alone, with
the row kernel behind it, and with the program in it, in turn, L2 flushed before each, medians of REPEATS. What
the two store is the same but for one rounding: at most 4e-3 apart.
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
    print(f"{'T':>6} {'window':>6} {'attention':>9} {'rows':>7} {'both':>7} {'one':>7}  µs, medians of {REPEATS}")
    ok = True
    for i, (positions, window) in enumerate(TIMED):
        def upload(name, array, i=i):
            places[f"{name}{i}"] = gpu.allocate(array.nbytes)
            gpu.upload(places[f"{name}{i}"], array)

        normal = lambda *shape: rng.standard_normal(shape, np.float32)
        for name in ("q", "k", "v", "dy"):
            x = normal(positions, HEADS, HEAD)
            if name in "qk":  # as the record norms them
                x /= np.sqrt((x**2).mean(2, keepdims=True))
            upload(name, to_bf16(x).reshape(positions, -1))
        upload("raw", to_bf16(normal(positions, 3 * D)))
        angles = rng.uniform(0, 7, (positions, HEAD // 2)).astype(np.float32)
        upload("cos", to_bf16(np.cos(angles)))
        upload("sin", to_bf16(np.sin(angles)))
        for name in ("dq", "dk"):
            upload(name, np.full((positions, D), 0xFFFF, np.uint16))
        for name in ("apart", "one"):
            upload(name, np.full((positions, 3 * D), 0xFFFF, np.uint16))
        upload("lse", np.full((positions, HEADS), 20, np.float32) + normal(positions, HEADS))
        upload("docs", attention.starts(positions, documents(positions)))
        upload("delta", normal(positions, HEADS))
        alone, rows, one = (gpu.bind(module, entry, places) for entry in table[3 * i : 3 * i + 3])

        def both(alone=alone, rows=rows):
            alone()
            rows()

        acts = [alone, rows, both, one]
        figures = [[] for _ in acts]
        for _ in range(2):  # in turn
            for figure, act in zip(figures, acts):
                figure += gpu.times(act, REPEATS)
        stored = []
        for name in ("apart", "one"):
            x = np.empty((positions, 3 * D), np.uint16)
            gpu.download(places[f"{name}{i}"], x)
            stored.append(from_bf16(x).astype(np.float64))
        error = np.linalg.norm(stored[0] - stored[1]) / np.linalg.norm(stored[0])
        ok &= bool(error <= 4e-3)
        us = [statistics.median(f) for f in figures]
        print("{:6} {:6} {:9.1f} {:7.1f} {:7.1f} {:7.1f}  apart {:.1e}".format(positions, window, *us, error), flush=True)
        for name in ("q", "k", "v", "dy", "raw", "cos", "sin", "dq", "dk", "apart", "one", "lse", "docs", "delta"):
            gpu.free(places.pop(f"{name}{i}"))
    return ok


if __name__ == "__main__":
    prove(attention_heads.module(CHECKED), attention_heads.OUTPUTS, times)
