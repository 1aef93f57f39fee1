#!/usr/bin/env python3
"""The fastest tiles of a model's contractions: `run.py DIR [SECONDS]`, DIR as prepare.sh leaves it.

Each contraction, of 16384, 32768 and 49152 rows, with the compiler's choice by shape and with every other tile: the same bits
where sums are cut the same way, else within 1e-5 of their norm. Then medians with the L2 flushed, all in turn, twice; and,
for so many seconds together, of those that are not far behind, one launch after the other on a card at its power limit
(sustained.py). A tile is taken where its times there are at least a hundredth below those of the choice, or where they are no
longer and those of single launches are a hundredth below: for all sizes, or up to the last before the first that does not
gain. DIR/tiles.json is the table that comes of it, DIR/times.json all times.
"""

import itertools
import json
import math
import re
import signal
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

import torch  # noqa: E402

import sustained  # noqa: E402
from cuda import Cuda  # noqa: E402

REPEATS, GAIN, FAR = 9, 0.99, 1.08
SECONDS, WARMING = 50, 4
ROOM = 132 * 128 * 192 * 4
KINDS = {"bf16": torch.bfloat16, "f32": torch.float32, "f8E4M3FN": torch.float8_e4m3fn, "f8E5M2": torch.float8_e5m2}


def tensors(buffers, data):
    """Of a contraction's buffers, of their types, 'memref<16384x768xbf16>'; what they hold is as in training."""
    found = {}
    for name, text in buffers.items():
        *shape, kind = re.match(r"memref<([\w]+)", text)[1].split("x")
        drawn = torch.randn([int(n) for n in shape], device="cuda", dtype=torch.float32)
        if data[name] == "squares":
            drawn.clamp_(min=0).square_()
        elif data[name] == "half":
            drawn.mul_(torch.rand_like(drawn) < 0.5)
        elif data[name] == "positive":
            drawn.abs_()
        found[name] = drawn.mul_(0.5).to(KINDS[kind])
    return found


def near(a, b):
    a, b = a.to(torch.float32), b.to(torch.float32)
    return float((a - b).norm() / b.norm().clamp(min=1e-30))


def alone(cuda, module, key, rows, some, pieces):
    """Tiles of one contraction with their launches, its buffers, us launch by launch, and whether all is right."""
    own, ok = tensors(some[0][0]["buffers"], some[0][0]["data"]), True
    addresses = {name: t.data_ptr() for name, t in own.items()} | {"pieces": pieces}
    begin = {name: own[name].clone() for name in some[0][0]["written"]}
    runs, want = [], None
    for case, entry in some:
        for name, tensor in begin.items():
            own[name].copy_(tensor)
        run = cuda.bind(module, entry, addresses)
        run()
        cuda.synchronize()
        got = {name: own[name].clone() for name in begin}
        want = want or got
        worst = max(near(got[name], want[name]) for name in begin)
        good = worst <= (1e-5 if " a^T" in key else 0)
        ok &= good
        if not good:
            print(f"FAIL {key} at {rows}, {case['tile']}: {worst:.1e} from the choice by shape")
        runs.append((json.dumps(case["tile"]), run))
    found = {tile: [] for tile, _ in runs}
    for order in (runs, runs[::-1]):
        for tile, run in order:
            found[tile].append(statistics.median(cuda.times(run, REPEATS)))
    us = {tile: statistics.fmean(values) for tile, values in found.items()}  # the clock sinks meanwhile
    print(f"{key} at {rows}: " + ", ".join(f"{tile} {value:.1f}" for tile, value in us.items()) + " us", flush=True)
    return runs, own, us, ok


def at_the_limit(cuda, kept, times, seconds):
    """us of the tiles of `kept` (key, rows, runs, flop), all together for so many seconds."""
    meter, clock, marks, hot = sustained.Meter(cuda), sustained.Clock(cuda), [], {}
    window = seconds / sustained.ROUNDS / sum(len(runs) for _, _, runs, _ in kept)
    key, rows, runs, _ = max(kept, key=lambda one: one[3])
    sustained.enqueue(clock, runs[:1], times[key][rows], WARMING / sustained.ROUNDS)
    for key, rows, runs, _ in kept:
        marks.append(sustained.enqueue(clock, runs, times[key][rows], window))
    cuda.synchronize()
    time.sleep(0.2)  # the last step of the counter of energy
    for (key, rows, _, flop), some in zip(kept, marks):
        told, us = sustained.told(clock, meter, some), times[key][rows]
        hot.setdefault(key, {})[rows] = {tile: one["us"] for tile, one in told.items()}
        for tile, one in told.items():
            print(f"sustained {key} at {rows}: {tile} {one['us']:.1f} us, {flop / one['us'] / 1e6:.0f} TFLOP/s, {one['joules'] * 1e3:.1f} mJ, "
                  f"{one['watts']:.0f} W, {one['mhz']:.0f} MHz, {one['celsius']} C, {one['us'] / told['null']['us']:.3f}, launch by launch "
                  f"{us[tile] / us['null']:.3f}, rounds within {100 * one['spread']:.1f} %", flush=True)  # fmt: skip
    return hot


def gains(tile, *times):
    """Whether a tile does, by what it takes at the limit and alone, over the choice by shape."""
    hot, us = (one.get(tile, math.inf) / one["null"] for one in times)
    return hot <= GAIN or (hot <= 1 and us <= GAIN)


def table_of(times, hot):
    """The rows of the table, as lines."""
    for key, sizes in sorted(hot.items()):
        best = None
        for tile in times[key][min(sizes)]:
            held = list(itertools.takewhile(lambda rows: gains(tile, sizes[rows], times[key][rows]), sorted(sizes)))
            saved = sum(math.log(sizes[rows]["null"] / sizes[rows][tile]) for rows in held)
            if held and (not best or saved > best[0]):
                best = saved, tile, held
        if best:
            _, tile, held = best
            row = {"contraction": key} | json.loads(tile)
            if len(held) < len(sizes):
                row["up_to"] = held[-1]
            ratios = [f"{sizes[rows][tile] / sizes[rows]['null']:.3f}" for rows in sorted(sizes) if tile in sizes[rows]]
            print(f"{key}: {tile} at {held}, {', '.join(ratios)} of the choice by shape")
            yield json.dumps(row)


def main():
    signal.alarm(300)  # a kernel that hangs must not hold the machine
    folder, cuda = Path(sys.argv[1]), Cuda()
    torch.cuda.set_stream(torch.cuda.default_stream())
    torch.manual_seed(1)
    module = cuda.load((folder / "mlp.cubin").read_bytes())
    table = json.loads((folder / "mlp.json").read_text())
    given = json.loads((folder / "cases.json").read_text())
    pieces, groups = cuda.allocate(ROOM), {}
    for case, entry in zip(given["cases"], table, strict=True):
        some = groups.setdefault((case["key"], case["rows"]), [])
        # Not what is the choice by shape once more.
        if not some or entry["kernel"] not in {e["kernel"] for _, e in some} | set(given["spilling"]):
            some.append((case, entry))
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}")
    ok, times, kept, buffers = True, {}, [], []
    for (key, rows), some in groups.items():
        runs, own, us, good = alone(cuda, module, key, rows, some, pieces)
        ok &= good
        times.setdefault(key, {})[rows] = us
        kept.append((key, rows, [one for one in runs if us[one[0]] <= FAR * us["null"]], some[0][0]["flop"]))
        buffers.append(own)
    hot = at_the_limit(cuda, kept, times, float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
    (folder / "times.json").write_text(json.dumps({"alone": times, "sustained": hot}))
    lines = list(table_of(times, hot))
    (folder / "tiles.json").write_text("[\n  " + ",\n  ".join(lines) + "\n]\n" if lines else "[]\n")
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
