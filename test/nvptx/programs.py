#!/usr/bin/env python3
"""programs.mlir interpreted: `programs.py EMIT`. What no source file of the target names must
come out right too: relative errors at most 1e-5 for f32 and 4e-3 for bf16."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from interpreter import launch
from mlp import emit
from ptx import from_bf16, from_e4m3, from_e5m2, parse, to_bf16


def points(rng):
    """Numbers of all sizes, and those at which a function ends."""
    x = rng.uniform(-120, 100, 512) * 10.0 ** rng.integers(-6, 1, 512)
    ends = [0, -0.0, np.inf, -np.inf, np.nan, 1e38, -1e38, 88.72, 88.73, 89.5, -87.3, -104, -105, 127, -127, 3e-38]
    x[: len(ends)] = ends
    return x.astype(np.float32).reshape(4, 128)


def same(got, want, places):
    """Whether values are within units in the last place, or as good as 0 where they are not normal."""
    smallest = 2.0**-126
    want = np.where(np.abs(want) >= 2.0**128, np.copysign(np.inf, want), want)
    finite = np.isfinite(want)
    unit = 2.0 ** (np.floor(np.log2(np.maximum(np.abs(want[finite]), smallest))) - 23)
    near = np.abs(got[finite] - want[finite]) <= np.where(np.abs(want[finite]) < smallest, smallest, places * unit)
    return bool(near.all()) and np.array_equal(got[~finite], want[~finite], equal_nan=True)


def main():
    text = (Path(__file__).parent / "programs.mlir").read_text()
    ptx, table = emit(sys.argv[1], text, tempfile.mkdtemp())
    rng = np.random.default_rng(3)
    normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    nothing = lambda *shape: np.full(shape, np.nan, np.float32)
    b = {
        "a": to_bf16(normal(256, 192)), "b": to_bf16(normal(320, 64) / 8),
        "bias": normal(320), "scale": normal(256),
        "y": np.full((256, 640), np.nan, np.float32), "q": np.full((256, 320), 0xFFFF, np.uint16),
        "u": to_bf16(normal(40, 1920)), "v": np.full((40, 1920), np.nan, np.float32),
        "e": np.clip(normal(130, 144) * 10.0 ** rng.integers(-4, 3, (130, 144)), -448, 448).astype(np.float32),
        "ec": np.full((130, 144), 0x7F, np.uint8), "fc": rng.integers(0, 127, (72, 144)).astype(np.uint8),
        "ef": np.full((130, 144), 0x7F, np.uint8),
        "tc": rng.integers(0, 256, (80, 148)).astype(np.uint8), "ct": np.zeros((148, 80), np.uint8),
        "g": np.full((130, 72), np.nan, np.float32),
        "xs": normal(9, 2060), "ys": nothing(9, 2060), "targets": np.array([0, 7, 8, 2047, 2048, 2059, -1, 1003, 0], np.int32),
        "h": normal(40, 320), "top": np.full(40, np.nan, np.float32),
        "points": points(rng), "exps": nothing(4, 128), "inverses": nothing(4, 128), "sevenths": nothing(4, 128),
        "numbers": np.array([0.75, -0.3]),
    }  # fmt: skip
    g = lambda name: from_bf16(b[name]).astype(np.float64)
    h = b["h"].astype(np.float64)
    x = (g("a")[:, 64:128] @ g("b").T + b["bias"]) * 0.75 - 0.3
    y = np.exp(x * b["scale"][:, None])
    kernels = parse(ptx)
    for entry in table:
        launch(kernels, entry, b, blocks=2)

    def codes(decoded, count):
        """Of all codes but NaN in order of value the nearest; a tie goes to the even one."""
        grid = decoded(np.arange(count, dtype=np.uint8)).astype(np.float64)
        distance = np.abs(np.abs(b["e"].astype(np.float64))[..., None] - grid)
        nearest = distance.min(-1, keepdims=True) == distance
        code = np.where(nearest.sum(-1) == 1, nearest.argmax(-1), (nearest * (np.arange(count) % 2 == 0)).argmax(-1))
        return code | 0x80 * np.signbit(b["e"])

    ys, following = b["xs"].copy(), np.append(b["targets"][1:], -1)
    for row, xs, i, j in zip(ys, b["xs"], b["targets"], following):
        if i >= 0:
            row[i] -= 1
        if j >= 0:
            row[j] *= xs[j]
    code = codes(from_e4m3, 127)
    expected = {
        "ec": (b["ec"].astype(int), code, 0),
        "ef": (b["ef"].astype(int), codes(from_e5m2, 124), 0),
        "ys": (b["ys"], ys, 0),
        "ct": (b["ct"].astype(int), b["tc"].astype(int).T, 0),
        "g": (b["g"], from_e4m3(code.astype(np.uint8)).astype(np.float64) @ from_e4m3(b["fc"]).T / 2, 1e-5),
        "y": (b["y"][:, 320:], y, 1e-5),
        "q": (g("q"), g("q") * 0 + from_bf16(to_bf16(y)) / (1 + y), 4e-3),
        "v": (b["v"], np.vstack([np.zeros(1920), g("u")[:-1] * np.float32(-0.3)]), 1e-6),
        "top": (b["top"], h.max(1), 0),
        "h": (b["h"], h - h.max(1, keepdims=True), 1e-6),
    }
    ok = bool(np.isnan(b["y"][:, :320]).all())  # nothing written beside the view
    print("ok  " if ok else "FAIL", "beside the view")
    for name, (got, r, bound) in expected.items():
        error = np.linalg.norm(got - r) / np.linalg.norm(r)
        good = error <= bound
        ok &= bool(good)
        print("ok  " if good else "FAIL", name, f"error {error:.1e}")
    at = b["points"].astype(np.float64)
    with np.errstate(all="ignore"):
        wanted = {"exps": (np.exp(at), 3), "inverses": (0.5 / at, 2), "sevenths": (at / 7.5, 1.5)}
    for name, (want, places) in wanted.items():
        good = same(b[name].astype(np.float64), want, places)
        ok &= good
        print("ok  " if good else "FAIL", f"{name} to {places} places")
    text = ptx[ptx.index(".entry unit") :]
    plain = "div." in text[: text.index("\n}")]
    print("FAIL" if plain else "ok  ", "the unit divides")
    ok &= not plain
    sys.exit(not ok)


if __name__ == "__main__":
    main()
