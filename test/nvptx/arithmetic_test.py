#!/usr/bin/env python3
"""The interpreter's own arithmetic, against the C library and Python's exact integers."""

import ctypes
import sys

import numpy as np

from arithmetic import INTEGER, fma32, fma64, high, saturated, shift, truncated
from interpreter import launch
from ptx import Kernel, PtxError


def run(text, words, **how):
    """What a kernel of one warp leaves in `out`, where it reads `in` at its lane. `how`: many blocks, all of one warp."""
    body = f"""
      .reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<20>; .reg .b64 %rd<20>;
      ld.param.b64 %rd1, [k_param_0]; ld.param.b64 %rd2, [k_param_1];
      mov.u32 %r1, %tid.x; mov.u32 %r4, %ctaid.x; mad.lo.s32 %r1, %r4, 32, %r1; mul.wide.u32 %rd3, %r1, 8; add.s64 %rd4, %rd1, %rd3;
      add.s64 %rd5, %rd2, %rd3; ld.global.b32 %r2, [%rd4]; ld.global.b32 %r3, [%rd4+4];
      {text} st.global.b32 [%rd5], %r10; st.global.b32 [%rd5+4], %r11; ret;"""
    kernel = Kernel("k", ["k_param_0", "k_param_1"], body, {})
    out = np.zeros((len(words), 2), np.uint32)
    argument = {"kind": "buffer", "offset": 0}
    entry = {
        "kernel": "k", "blocks": len(words) // 32, "persistent": False, "threads": 32, "sharedBytes": 128,
        "arguments": [argument | {"buffer": "in"}, argument | {"buffer": "out"}],
    }  # fmt: skip
    launch({"k": kernel}, entry, {"in": words, "out": out}, **how)
    return out[:, 0], out[:, 1]


def main():
    rng, ok = np.random.default_rng(0), True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text)

    c = ctypes.CDLL("libm.so.6")
    c.fmaf.restype, c.fmaf.argtypes = ctypes.c_float, [ctypes.c_float] * 3
    c.fma.restype, c.fma.argtypes = ctypes.c_double, [ctypes.c_double] * 3
    # Products that are ties of f32, and a summand far below a double's last place.
    x = np.float32(1) + rng.integers(0, 4096, 20000).astype(np.float32) * np.float32(2**-12)
    z = (rng.standard_normal(20000) * 2.0 ** rng.integers(-80, 3, 20000)).astype(np.float32)
    y = x[::-1].copy()
    expected = np.array([c.fmaf(*map(float, t)) for t in zip(x, y, z)], np.float32)
    twice = (x.astype(np.float64) * y + z).astype(np.float32)
    line((twice != expected).any(), "rounding twice would show")
    line((fma32(x, y, z) == expected).all(), "fma of f32 rounds once")
    warps = [fma32(*t) for t in zip(*(v.reshape(-1, 32) for v in (x, y, z)))]
    line((np.concatenate(warps) == expected).all(), "fma of f32, warp by warp")
    a, b, d = (rng.standard_normal(500) for _ in range(3))
    d[:250] = -(a * b)[:250]
    expected = np.array([c.fma(*t) for t in zip(a, b, d)])
    line((fma64(a, b, d) == expected).all(), "fma of f64 rounds once")

    # Sums and products of bf16 are exact in float64 here; to nearest, ties to even.
    words = rng.integers(0, 1 << 32, (32, 2), dtype=np.uint32) & np.uint32(0x3FFF3FFF) | np.uint32(0x38003800)
    words[:4] = np.array([0x3FC03F81, 0x3F813F83], np.uint32)
    words[4:8] = np.array([0x40003F80, 0x3B803C40], np.uint32)  # ties of a sum
    halves = words.view(np.uint16).reshape(32, 2, 2)
    values = (halves.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    for name, exact in (("mul", values.prod(1)), ("add", values.sum(1))):
        power = 2.0 ** (np.floor(np.log2(exact)) - 7)
        got = run(f"{name}.rn.bf16x2 %r10, %r2, %r3; mov.b32 %r11, %r10;", words)[0].copy()
        got = (got.view(np.uint16).reshape(32, 2).astype(np.uint32) << 16).view(np.float32)
        line((got == np.rint(exact / power) * power).all(), f"{name} of bf16 rounds once")

    words[8:12] = np.array([0x7FC03F81, 0x3F817FC0], np.uint32)  # a NaN in each half
    halves = (words.view(np.uint16).reshape(32, 2, 2).astype(np.uint32) << 16).view(np.float32)
    for how, holds in (("lt", halves[:, 0] < halves[:, 1]), ("geu", ~(halves[:, 0] < halves[:, 1]))):
        got = run(f"setp.{how}.bf16x2 %p1|%p2, %r2, %r3; selp.b32 %r10, 1, 0, %p1; selp.b32 %r11, 1, 0, %p2;", words)
        line((np.stack(got, 1) == holds).all(), f"setp.{how} of a pair of bf16: the lower halves first")
        got = run(
            "mov.b32 {%rs1, %rs2}, %r2; mov.b32 {%rs3, %rs4}, %r3; "
            f"setp.{how}.bf16 %p1, %rs1, %rs3; setp.{how}.bf16 %p2, %rs2, %rs4; "
            "selp.b32 %r10, 1, 0, %p1; selp.b32 %r11, 1, 0, %p2;", words)  # fmt: skip
        line((np.stack(got, 1) == holds).all(), f"setp.{how} of bf16")

    for dtype in (np.int32, np.int64, np.uint32, np.uint64):
        info = np.iinfo(dtype)
        x = rng.integers(info.min, info.max, 400, dtype=dtype, endpoint=True)
        y = np.where(np.arange(400) % 2, rng.integers(1, 90, 400, dtype=dtype), x[::-1] | 1)
        pairs = [(int(p), int(q)) for p, q in zip(x, y)]
        q = [abs(p) // abs(q) * (1 if (p < 0) == (q < 0) else -1) for p, q in pairs]
        line([int(n) for n in truncated(x, y)] == q, f"div of {dtype.__name__}")
        r = [p - n * q for n, (p, q) in zip(q, pairs)]
        line([int(n) for n in INTEGER["rem"](x, y)] == r, f"rem of {dtype.__name__}")
        h = [p * q >> info.bits for p, q in pairs]
        line([int(n) for n in high(x, y)] == h, f"mul.hi of {dtype.__name__}")
        s = rng.integers(0, info.bits + 9, 400).astype(np.uint32)
        right = [int(p) >> int(n) for p, n in zip(x, s)]
        line([int(n) for n in shift(False)(x, s)] == right, f"shr of {dtype.__name__}")
        left = [(int(p) << int(n)) % 2**info.bits for p, n in zip(x, s)]
        line([int(n) % 2**info.bits for n in shift(True)(x, s)] == left, f"shl of {dtype.__name__}")

    floats = np.array([np.nan, 3e9, -3e9, 5, -1])
    line(saturated(floats, "s32").view(np.int32).tolist() == [0, 2**31 - 1, -(2**31), 5, -1],
         "floats beyond an i32 become its limits")  # fmt: skip

    w = rng.integers(0, 2**32, (32, 2), dtype=np.uint32)
    u, v = w[:, 0], w[:, 1]
    lanes = np.arange(32)
    got, other = run("prmt.b32 %r10, %r2, %r3, 0x5410U; bfe.u32 %r11, %r2, 5, 9;", w)
    line((got == (u & 0xFFFF | v << 16)).all() and (other == u >> 5 & 511).all(), "prmt, bfe.u32")
    got, other = run("bfe.s32 %r10, %r2, 4, 8; bfi.b32 %r11, %r2, %r3, 12, 7;", w)
    field = (u >> 4 & 255).astype(np.uint8).view(np.int8).astype(np.int32).view(np.uint32)
    inserted = v & ~np.uint32(127 << 12) | (u & 127) << 12
    line((got == field).all() and (other == inserted).all(), "bfe.s32, bfi")
    got, other = run("shfl.sync.down.b32 %r10, %r2, 3, 31, -1; shfl.sync.idx.b32 %r11|%p1, %r3, "
                     "%r1, 0x1c03, -1;", w)  # fmt: skip
    line((got == np.where(lanes < 29, u[(lanes + 3) % 32], u)).all() and (other == v).all(),
         "shfl down and idx")  # fmt: skip
    got, other = run(
        "setp.ne.b32 %p2, %r2, %r2; setp.lt.and.u32 %p1, %r2, %r3, !%p2; "
        "selp.b32 %r10, 1, 0, %p1; popc.b32 %r11, %r2;", w,
    )  # fmt: skip
    line((got == (u < v)).all() and other.tolist() == [int(n).bit_count() for n in u],
         "setp with a predicate, popc")  # fmt: skip
    # Blocks that run together: each has its shared memory and its shuffles, goes its own way.
    many = rng.integers(0, 1 << 32, (96, 2), dtype=np.uint32)
    own = (
        "mov.b32 %r12, shared; mov.u32 %r13, %tid.x; mad.lo.s32 %r12, %r13, 4, %r12; st.shared.b32 [%r12], %r2; bar.sync 0; "
        "ld.shared.b32 %r10, [%r12]; setp.ne.b32 %p1, %r4, 1; @%p1 bra $on; add.s32 %r10, %r10, 1; "
        "$on: shfl.sync.idx.b32 %r11, %r10, 3, 31, -1;"
    )
    alone, together = run(own, many), run(own, many, together=3)
    expected = many[:, 0] + np.repeat([0, 1, 0], 32).astype(np.uint32)
    line((alone[0] == expected).all() and (alone[1] == np.repeat(expected[3::32], 32)).all(), "three blocks")
    line(all((x == y).all() for x, y in zip(alone, together)), "three blocks together")
    # Where they part they begin again, one after the other, on the memory of the launch; a warp that parts is an error all the same.
    parting = "add.s32 %r2, %r2, 1; st.global.b32 [%rd4], %r2; setp.ne.b32 %p1, %r4, 1; @%p1 bra $near; bar.sync 0; $near: " + own
    alone, together = run(parting, many.copy()), run(parting, many.copy(), together=3)
    line((alone[0] == expected + 1).all() and (together[0] == alone[0]).all(), "a barrier that not all blocks reach")
    # Elements before a buffer; a row of four whose upper half alone is behind it.
    outside = (("[%rd4+-8]", w, 2), ("[%rd4+8]", w, 2), ("[%rd1+256]", np.resize(w, (33, 2)), 4))
    for place, words, count in outside:
        names = ", ".join(f"%r{10 + i}" for i in range(count))
        try:
            run(f"ld.global.v{count}.b32 {{{names}}}, {place};", words)
            line(False, f"a load of {count} at {place}: NOT SEEN")
        except PtxError as error:
            line("buffer" in str(error), f"a load of {count} at {place}: {error}")
    try:
        run("mov.u32 %r14, %tid.x; setp.lt.u32 %p1, %r14, 16; @%p1 bra $near; bar.sync 0; $near: " + own, many, together=3)
        line(False, "a barrier that half of a warp reaches: NOT SEEN")
    except PtxError as error:
        line("a part of a warp" in str(error), f"a barrier that half of a warp reaches: {error}")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
