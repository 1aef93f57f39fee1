#!/usr/bin/env python3
"""Row programs in attention's backward on a GPU: `run.py DIR`, DIR as prepare.sh leaves it.

Right: the cases of cases.py with the buffers, bounds and guards of test/nvptx/attention_heads.py, on new
inputs; a second run must give the same bits. Time: the record's shapes, attention's backward alone, with
the row kernel behind it, and with the program in it, in turn, L2 flushed before each, medians of REPEATS. What
the two store is the same but for one rounding: at most 4e-3 apart.
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
import attention_heads  # noqa: E402
from cases import CHECKED, D, HEAD, HEADS, TIMED  # noqa: E402
from cuda import Cuda  # noqa: E402
from ptx import from_bf16, to_bf16  # noqa: E402

REPEATS = 15


def documents(rows, seed=1):
    """Lengths as those of web text: median 400, at most 2048."""
    rng, lengths = np.random.default_rng(seed), []
    while sum(lengths) < rows:
        lengths.append(int(np.clip(rng.lognormal(np.log(400), 1), 1, 2048)))
    return lengths


def load(gpu, folder):
    """A module, and its launch table."""
    cubin = folder / "mlp.cubin"
    module = gpu.load((cubin if cubin.exists() else folder / "mlp.ptx").read_bytes())
    return module, json.loads((folder / "mlp.json").read_text())


def check(gpu, folder):
    module, table = load(gpu, folder)
    cases, _, numbers = attention_heads.module(CHECKED)
    ok = True
    for case, what, entry in attention.launches(cases, table):
        if what != "backward":
            continue
        case.fill(seed=np.random.default_rng().integers(1 << 30))

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

        wrong, error, stored = case.check(attention_heads.OUTPUTS, run)
        again = case.check(attention_heads.OUTPUTS, run)[2]
        good = not wrong and stored == again
        ok &= good
        print("ok  " if good else "FAIL", f"{case.title}: {wrong or f'error {error:.1e}'}, again "
              f"{'same' if stored == again else 'OTHER'} bits", flush=True)  # fmt: skip
    return ok


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
