#!/usr/bin/env python3
"""Weight gradients on a GPU, whole and in pieces: `run.py DIR`, DIR as prepare.sh leaves it.

All elements are compared with float64, ‖error‖ ≤ 1e-5 ‖reference‖; thirty runs one behind the other give the same bits. Then medians of 25 with the L2 flushed, beside cuBLAS's
through PyTorch (bf16 out, nothing added), if there is PyTorch.
"""

import json
import signal
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx"), str(HERE)]

import numpy as np  # noqa: E402

from cases import TOKENS, WEIGHTS  # noqa: E402
from cuda import Cuda  # noqa: E402
from ptx import from_bf16, to_bf16  # noqa: E402

REPEATS = 25


def main():
    signal.alarm(500)  # a kernel that hangs must not hold the machine
    folder, cuda = Path(sys.argv[1]), Cuda()
    kinds = sorted(p.name for p in folder.iterdir() if p.is_dir())
    loaded = {}
    for kind in kinds:
        cubin = folder / kind / "mlp.cubin"
        image = cubin if cubin.exists() else folder / kind / "mlp.ptx"
        loaded[kind] = cuda.load(image.read_bytes()), json.loads((folder / kind / "mlp.json").read_text())
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}")
    try:
        import torch
    except ImportError:
        torch = None
    ok, lines = True, []
    sizes = [(t, m, n) for t in TOKENS for m, n in WEIGHTS]
    rng = np.random.default_rng(1)
    for index, (t, m, n) in enumerate(sizes):
        host = {name: to_bf16(rng.standard_normal((t, w), np.float32)) for name, w in (("a", m), ("b", n))}
        host["out"] = rng.standard_normal((m, n), np.float32)
        if torch:
            a, b = (torch.from_numpy(from_bf16(host[x])).cuda().double() for x in ("a", "b"))
            exact = (a.T @ b).cpu().numpy() + host["out"]
        else:
            exact = from_bf16(host["a"]).astype(np.float64).T @ from_bf16(host["b"]).astype(np.float64) + host["out"]
        addresses = {name: cuda.allocate(x.nbytes) for name, x in host.items()}
        room = 132 * 128 * 192 * 4
        addresses["pieces"] = cuda.allocate(room)
        for name, x in host.items():
            cuda.upload(addresses[name], x)
        times = []
        for kind in kinds:
            module, table = loaded[kind]
            run = cuda.bind(module, table[index], addresses)
            seen = set()
            for turn in range(30):
                cuda.upload(addresses["out"], host["out"])
                if turn % 3 == 0:
                    cuda.fill(addresses["pieces"], room)
                run()
                got = np.empty_like(host["out"])
                cuda.synchronize()
                cuda.download(addresses["out"], got)
                seen.add(got.tobytes())
            error = np.linalg.norm(got - exact) / np.linalg.norm(exact)
            good = error <= 1e-5 and len(seen) == 1
            ok &= bool(good)
            print(f"{'ok  ' if good else 'FAIL'} {kind} {m} x {n} x {t}: error {error:.2e}, "
                  f"{'the same bits 30 times' if len(seen) == 1 else f'{len(seen)} RESULTS'}", flush=True)
            times.append(statistics.median(cuda.times(run, REPEATS)))
        if torch:
            torch.cuda.set_stream(torch.cuda.default_stream())
            a, b = (x.bfloat16() for x in (a, b))
            out = torch.empty(m, n, device="cuda", dtype=torch.bfloat16)
            times.append(statistics.median(cuda.times(lambda: torch.mm(a.T, b, out=out), REPEATS)))
            del a, b, out
        lines.append((t, m, n, times))
        for address in addresses.values():
            cuda.free(address)
    heads = [*kinds, "cuBLAS"][: len(lines[0][3])]
    print(f"\n{'m x n x k':>20} " + " ".join(f"{h:>16}" for h in heads))
    for t, m, n, times in lines:
        print(f"{f'{m} x {n} x {t}':>20} "
              + " ".join(f"{us:7.1f} ({2e-6 * m * n * t / us:4.0f})" .rjust(16) for us in times))
    print("microseconds (TFLOP/s)\n" + ("PASS" if ok else "FAIL"))
    sys.exit(not ok)


if __name__ == "__main__":
    main()
