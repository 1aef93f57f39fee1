#!/usr/bin/env python3
"""Attention on a GPU: `run.py DIR`, DIR as prepare.sh leaves it.

Right: the cases of cases.py with the buffers, bounds and guards of test/nvptx/attention.py, on new
inputs; a second run must give the same bits. Time: the record's shapes, L2 flushed before each run,
the median of REPEATS, and useful TFLOP/s: products of visible pairs alone, two forward and five
backward.
"""

import statistics
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attending import documents, load, prove  # noqa: E402

import attention  # noqa: E402
from cases import CHECKED, HEAD, HEADS, PEER, TIMED, visible_pairs  # noqa: E402
from ptx import from_bf16, to_bf16  # noqa: E402

REPEATS = 15


def times(gpu, folder):
    module, table = load(gpu, folder)
    numbers = np.array([x for _, window in TIMED for x in (window, 0.1)], np.float64)
    places = {"numbers": gpu.allocate(numbers.nbytes)}
    gpu.upload(places["numbers"], numbers)
    rng = np.random.default_rng(7)
    print(f"{'T':>6} {'window':>6} {'forward':>9} {'TFLOP/s':>8} {'backward':>9} {'TFLOP/s':>8} {'of FA4':>6}  µs, medians of {REPEATS}")
    ok, ratios = True, []
    for i, (positions, window) in enumerate(TIMED):
        def upload(name, array, i=i):
            places[f"{name}{i}"] = gpu.allocate(array.nbytes)
            gpu.upload(places[f"{name}{i}"], array)

        for name in ("q", "k", "v", "dy"):
            x = rng.standard_normal((positions, HEADS, HEAD), np.float32)
            if name in "qk":  # as the record norms them
                x /= np.sqrt((x**2).mean(2, keepdims=True))
            upload(name, to_bf16(x).reshape(positions, -1))
        for name in ("y", "dq", "dk", "dv"):
            upload(name, np.full((positions, HEADS * HEAD), 0xFFFF, np.uint16))
        upload("lse", np.full((positions, HEADS), np.nan, np.float32))
        upload("docs", attention.starts(positions, documents(positions)))
        upload("delta", rng.standard_normal((positions, HEADS), np.float32))
        figures = []
        for entry, products in ((table[2 * i], 2), (table[2 * i + 1], 5)):
            us = statistics.median(gpu.times(gpu.bind(module, entry, places), REPEATS))
            flops = 2 * products * visible_pairs(positions, window) * HEADS * HEAD
            figures += [us, flops / us / 1e6]
        for name in ("y", "dq", "dk", "dv"):
            x = np.empty((positions, HEADS * HEAD), np.uint16)
            gpu.download(places[f"{name}{i}"], x)
            ok &= bool(np.isfinite(from_bf16(x)).all())
        ratio = ""
        if peer := PEER.get((positions, window)):
            ratios.append((figures[0] + figures[2]) / sum(peer))
            ratio = f"{ratios[-1]:6.2f}"
        print("{:6} {:6} {:9.1f} {:8.0f} {:9.1f} {:8.0f} {}".format(positions, window, *figures, ratio), flush=True)
    print(f"worst of FlashAttention 4's on an H100, forward and backward: {max(ratios):.2f} (asked 0.6)")
    return ok


if __name__ == "__main__":
    prove(attention.module(CHECKED), attention.OUTPUTS, times)
