#!/usr/bin/env python3
"""The MLP block's kernels on a GPU: right, and how fast.

`run.py DIR`, DIR as prepare.sh leaves it. Every kernel runs on random inputs at the record's
sizes and is compared with NumPy (float64 for dW, else float32) on the same inputs, all elements:
‖error‖ ≤ 4e-3 ‖reference‖ for bf16, 1e-5 for f32. Outputs are poisoned with NaN before; a second
run must give the same bits. Then the median of 25 times with the L2 flushed; beside it cuBLAS's
through PyTorch, if there is PyTorch.
"""

import json
import signal
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx")]

import numpy as np  # noqa: E402

from cuda import Cuda  # noqa: E402
from mlp import buffers, reference, worst  # noqa: E402

REPEATS = 25
# Operations of a multiply-add and the peers' operands, by the beginning of a kernel's name:
# (a, whether transposed, b, whether transposed).
PRODUCTS = {
    "fc_relu2": ("xn", False, "w1", True), "proj_add": ("act", False, "w2", True),
    "proj_dw": ("dy", True, "act", False), "proj_dx": ("dy", False, "w2", False),
    "fc_dw": ("dpre", True, "xn", False), "fc_dx": ("dpre", False, "w1", False),
}  # fmt: skip


def operations(entry):
    """Of a contraction: 2 m n k, from the two tensor maps and m, k."""
    values = [a["value"] for a in entry["arguments"] if a["kind"] == "value"]
    maps = [a for a in entry["arguments"] if a["kind"] == "tensor map"]
    if not maps:
        return 0
    m, k = values
    n = maps[1]["rows"] * maps[1]["columns"] // k
    return 2 * m * n * k


def moved(entry):
    """Bytes of a row kernel's buffers, each once."""
    return sum(
        a["rows"] * a["columns"] * (2 if a["element"] == "bf16" else 4)
        for a in entry["arguments"]
        if a["kind"] == "buffer"
    )


def peers(cuda, shape):
    """cuBLAS's microseconds by the beginning of a kernel's name; empty without PyTorch."""
    try:
        import torch
    except ImportError:
        return {}
    if not torch.cuda.is_available():
        return {}
    torch.cuda.set_stream(torch.cuda.default_stream())
    b = {}
    for name, array in buffers(**shape).items():
        b[name] = torch.randn(array.shape, device="cuda", dtype=torch.bfloat16)
    result = {}
    for name, (x, tx, y, ty) in PRODUCTS.items():
        a, w = (b[n].T if t else b[n] for n, t in ((x, tx), (y, ty)))
        out = torch.empty(a.shape[0], w.shape[1], device="cuda", dtype=torch.bfloat16)
        result[name] = statistics.median(cuda.times(lambda: torch.mm(a, w, out=out), REPEATS))
    return result


def main():
    signal.alarm(500)  # a kernel that hangs must not hold the machine
    folder = Path(sys.argv[1])
    table = json.loads((folder / "mlp.json").read_text())
    shape = json.loads((folder / "shape.json").read_text())
    cuda = Cuda()
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}; {shape}")
    start = time.time()
    jit = cuda.load((folder / "mlp.ptx").read_bytes())
    print(f"the driver takes the PTX: {1000 * (time.time() - start):.0f} ms")
    cubin = folder / "mlp.cubin"
    module = cuda.load(cubin.read_bytes()) if cubin.exists() else jit
    print("kernels from", cubin.name if cubin.exists() else "mlp.ptx")

    host = buffers(**shape)
    addresses = {}
    for name, array in host.items():
        addresses[name] = cuda.allocate(array.nbytes)
        cuda.upload(addresses[name], array)
    ok, lines, runs = True, [], []
    for entry in table:
        name = entry["kernel"]
        # Where bf16 is stored, f32 is exact enough, and twice as fast.
        expected = reference(name, host, np.float64 if "_dw" in name else np.float32)
        run = cuda.bind(module, entry, addresses)
        results = []
        for _ in range(2):
            for output in expected:  # poisoned, or what a sum begins with
                cuda.upload(addresses[output], host[output])
            run()
            cuda.synchronize()
            got = {n: np.empty_like(host[n]) for n in expected}
            for output, array in got.items():
                cuda.download(addresses[output], array)
            results.append(got)
        same = all(
            np.array_equal(results[0][n].view(np.uint8), results[1][n].view(np.uint8))
            for n in expected
        )
        host.update(results[0])
        share, error = worst(host, expected)
        good = share <= 1 and same
        ok &= good
        print(
            f"{'ok  ' if good else 'FAIL'} {name}: error {error:.2e}, second run "
            f"{'same' if same else 'OTHER'} bits",
            flush=True,
        )
        runs.append((entry, run))
    for entry, run in runs:
        cuda.synchronize()
        lines.append((entry, statistics.median(cuda.times(run, REPEATS))))
    peer = peers(cuda, shape)
    print(f"\n{'kernel':28} {'us':>8}  {'':>16} {'cuBLAS us':>10} {'ratio':>6}")
    for entry, us in lines:
        flops = operations(entry)
        rate = f"{flops / us / 1e6:.0f} TFLOP/s" if flops else f"{moved(entry) / us / 1e6:.2f} TB/s"
        theirs = next((t for n, t in peer.items() if entry["kernel"].startswith(n)), None)
        beside = f"{theirs:10.1f} {us / theirs:6.2f}" if theirs else ""
        print(f"{entry['kernel']:28} {us:8.1f}  {rate:>16} {beside}")
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
