#!/usr/bin/env python3
"""The record's bf16 contractions on a GPU beside cuBLASLt's: `run.py DIR`, DIR as prepare.sh leaves it.

All elements, ours and cuBLASLt's, are compared with f32 (f64 where the product is f32): ‖error‖ ≤ 4e-3 ‖reference‖ in
bf16, 1e-5 in f32; outputs are poisoned first, and a second run of ours gives the same bits. Then medians of 25 with the
L2 flushed, ours and cuBLASLt's in turn: the algorithm that it would choose, and the fastest of the eight that it names.
Both compute the same: of a weight's gradient both add to f32.
"""

import json
import math
import signal
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import torch  # noqa: E402

from cases import cases  # noqa: E402
from cublaslt import WORKSPACE, CublasLt  # noqa: E402
from cuda import Cuda  # noqa: E402

REPEATS, MEAN, EACH = 25, 1.0, 1.1
BOUNDS = {"bf16": 4e-3, "f32": 1e-5}
ROOM = 132 * 128 * 192 * 4  # of pieces of sums


def main():
    signal.alarm(300)  # a kernel that hangs must not hold the machine
    folder, cuda = Path(sys.argv[1]), Cuda()
    torch.cuda.set_stream(torch.cuda.default_stream())
    torch.backends.cuda.matmul.allow_tf32 = False
    cubin = folder / "mlp.cubin"
    module = cuda.load((cubin if cubin.exists() else folder / "mlp.ptx").read_bytes())
    table = json.loads((folder / "mlp.json").read_text())
    peer = CublasLt(cuda.allocate(WORKSPACE))
    pieces = cuda.allocate(ROOM)
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}, cuBLASLt {peer.version}")
    torch.manual_seed(1)
    ok, lines, ratios = True, [], []
    for (name, m, n, k, transposed_a, transposed_b, element), entry in zip(cases(), table, strict=True):
        kind = torch.bfloat16 if element == "bf16" else torch.float32
        a = torch.randn((k, m) if transposed_a else (m, k), device="cuda", dtype=torch.bfloat16)
        b = torch.randn((k, n) if transposed_b else (n, k), device="cuda", dtype=torch.bfloat16)
        begin = torch.randn(m, n, device="cuda") if element == "f32" else torch.full((m, n), math.nan, device="cuda", dtype=kind)
        wide = torch.float32 if element == "bf16" else torch.float64
        exact = (a.T if transposed_a else a).to(wide) @ (b if transposed_b else b.T).to(wide)
        if element == "f32":
            exact += begin
        out = torch.empty(m, n, device="cuda", dtype=kind)
        addresses = {"a": a.data_ptr(), "b": b.data_ptr(), "out": out.data_ptr(), "pieces": pieces}
        ours = cuda.bind(module, entry, addresses)
        theirs = peer.products(m, n, k, a.data_ptr(), b.data_ptr(), out.data_ptr(), transposed_a, transposed_b, element,
                               beta=float(element == "f32"))  # fmt: skip
        errors, results = [], []
        for run in (ours, ours, theirs[0]):
            out.copy_(begin)
            cuda.fill(pieces, ROOM)
            run()
            cuda.synchronize()
            results.append(out.clone())
            errors.append(float((out.to(wide) - exact).norm() / exact.norm()))
        same = torch.equal(results[0], results[1])
        # cuBLASLt's only has to show that it was asked for the same: with f32 results it rounds more often.
        good = same and errors[0] <= BOUNDS[element] and errors[2] <= 1e-4 + BOUNDS[element]
        ok &= good
        tokens = k if transposed_a else m
        print(f"{'ok  ' if good else 'FAIL'} {name} at {tokens}: error {errors[0]:.1e}, cuBLASLt's {errors[2]:.1e}, "
              f"second run {'same' if same else 'OTHER'} bits", flush=True)  # fmt: skip
        del exact, results, begin
        us = [statistics.median(cuda.times(run, REPEATS)) for run in (ours, *theirs)]
        lines.append((name, tokens, m, n, k, us[0], us[1], min(us[1:])))
        ratios.append(us[0] / us[1])
        del a, b, out
    print(f"\n{'contraction':>12} {'T':>6} {'us':>8} {'TFLOP/s':>8} {'cuBLASLt':>9} {'ratio':>6} {'its best':>9} {'ratio':>6}")
    for name, tokens, m, n, k, own, chosen, best in lines:
        print(f"{name:>12} {tokens:6} {own:8.1f} {2e-6 * m * n * k / own:8.0f} {chosen:9.1f} {own / chosen:6.2f} {best:9.1f} {own / best:6.2f}")
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"geometric mean {mean:.3f} (asked {MEAN}), worst {max(ratios):.2f} (asked {EACH})\n{'PASS' if ok else 'FAIL'}")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
