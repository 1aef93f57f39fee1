#!/usr/bin/env python3
"""Attention on a GPU: `run.py DIR`, DIR as prepare.sh leaves it.

Right: the cases of cases.py with the buffers, bounds and guards of test/nvptx/attention.py, on new
inputs; a second run must give the same bits. Time: the record's shapes, L2 flushed before each run,
the median of REPEATS, and useful TFLOP/s: products of visible pairs alone, two forward and five
backward.
"""

import json
import signal
import statistics
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx")]

import attention  # noqa: E402
from cases import CHECKED, HEAD, HEADS, TIMED, documents, visible_pairs  # noqa: E402
from cuda import Cuda  # noqa: E402
from ptx import from_bf16, to_bf16  # noqa: E402

REPEATS = 15


def load(gpu, folder):
    """A module, and its launch table."""
    cubin = folder / "mlp.cubin"
    module = gpu.load((cubin if cubin.exists() else folder / "mlp.ptx").read_bytes())
    return module, json.loads((folder / "mlp.json").read_text())


def check(gpu, folder):
    module, table = load(gpu, folder)
    cases, _, numbers = attention.module(CHECKED)
    ok, filled = True, None
    for case, what, entry in attention.launches(cases, table):
        if filled is not case:
            case.fill(seed=np.random.default_rng().integers(1 << 30))
            filled = case

        def run(buffers, entry=entry):
            addresses = {name: gpu.allocate(a.nbytes) for name, a in buffers.items()}
            for name, a in buffers.items():
                gpu.upload(addresses[name], a)
            addresses["numbers"] = gpu.allocate(numbers.nbytes)
            gpu.upload(addresses["numbers"], numbers)
            gpu.bind(module, entry, addresses)()
            gpu.synchronize()
            for name, a in buffers.items():
                gpu.download(addresses[name], a)
            for address in addresses.values():
                gpu.free(address)

        outputs = attention.OUTPUTS[what]
        wrong, error, stored = case.check(outputs, run)
        again = case.check(outputs, run)[2]
        good = not wrong and stored == again
        ok &= good
        print("ok  " if good else "FAIL", f"{what}, {case.title}: {wrong or f'error {error:.1e}'}, again "
              f"{'same' if stored == again else 'OTHER'} bits", flush=True)  # fmt: skip
    return ok


def times(gpu, folder):
    module, table = load(gpu, folder)
    numbers = np.array([x for _, window in TIMED for x in (window, 0.1)], np.float64)
    places = {"numbers": gpu.allocate(numbers.nbytes)}
    gpu.upload(places["numbers"], numbers)
    rng = np.random.default_rng(7)
    print(f"{'T':>6} {'window':>6} {'forward':>9} {'TFLOP/s':>8} {'backward':>9} {'TFLOP/s':>8}  µs, medians of {REPEATS}")
    ok = True
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
        print("{:6} {:6} {:9.1f} {:8.0f} {:9.1f} {:8.0f}".format(positions, window, *figures), flush=True)
    return ok


def main():
    signal.alarm(400)  # a kernel that hangs must not hold the machine
    folder, gpu = Path(sys.argv[1]), Cuda()
    print(f"{gpu.name}, {gpu.multiprocessors} multiprocessors, driver {gpu.version}")
    ok = check(gpu, folder / "check")
    ok &= times(gpu, folder / "time")
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
