#!/usr/bin/env python3
"""Symmetric products on a GPU, one triangle beside the whole: `run.py DIR`, DIR as prepare.sh leaves it.

Right first: the whole product against f32, ‖error‖ ≤ 4e-3 ‖reference‖; that each of its matrices is symmetric in its bits; that every
triangle gives the bits of the whole, twice, from a poisoned output. Then medians of 25 with the L2 flushed, all forms of a product and
batched cuBLAS in turn; and launches without a pause on a card at its power limit (../tiles/sustained.py).
"""

import json
import math
import signal
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "tiles")]

import torch  # noqa: E402

import cases  # noqa: E402
import sustained  # noqa: E402
from cuda import Cuda  # noqa: E402

REPEATS, SECONDS = 25, 8


def bits(tensor):
    return tensor.view(torch.uint8)


def main():
    signal.alarm(120)  # a kernel that hangs must not hold the machine
    folder, cuda = Path(sys.argv[1]), Cuda()
    torch.cuda.set_stream(torch.cuda.default_stream())
    torch.backends.cuda.matmul.allow_tf32 = False
    module = cuda.load((folder / "mlp.cubin").read_bytes())
    table = iter(json.loads((folder / "mlp.json").read_text()))
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}, PyTorch {torch.__version__}")
    torch.manual_seed(1)
    ok, alone = True, []
    for kind, batch, n, k, tall, forms in cases.cases():
        x = torch.randn((batch, k, n) if tall else (batch, n, k), device="cuda")
        if kind == "factor":
            x = x @ x.mT / k  # symmetric, in its bits once it is rounded to what is above the diagonal
            x = x.triu() + x.triu(1).mT
        x = (x / x.norm(dim=(1, 2), keepdim=True) * n**0.5).to(torch.bfloat16)
        out = torch.empty(batch, n, n, device="cuda", dtype=torch.bfloat16)
        wide = x.float()
        want = wide.mT @ wide if tall else wide @ wide.mT
        if kind == "factor":
            want = cases.OF * (wide + cases.BY * want)
        runs, first = {}, None
        for symmetric, tile in forms:
            name = f"{symmetric or 'whole'}{', no turns' if tile else ''}"
            run = cuda.bind(module, next(table), {"x": x.data_ptr(), "out": out.data_ptr()})
            results = []
            for _ in range(2):
                out.fill_(math.nan)
                run()
                cuda.synchronize()
                results.append(out.clone())
            first = results[0] if first is None else first
            error = float((results[0].float() - want).norm() / want.norm())
            turned = torch.equal(bits(results[0].mT.contiguous()), bits(results[0]))
            twice, same = (torch.equal(bits(results[0]), bits(r)) for r in (results[1], first))
            good = error <= 4e-3 and turned and twice and same
            ok &= good
            print(f"{'ok  ' if good else 'FAIL'} {kind} of {batch}, k {k}, {name}: error {error:.1e}, {'symmetric' if turned else 'NOT SYMMETRIC'}, "
                  f"{'the same' if twice else 'OTHER'} bits twice, {'the' if same else 'NOT the'} whole's", flush=True)  # fmt: skip
            runs[name] = run
        xt, gram = x.mT, torch.empty_like(out)
        runs["cuBLAS"] = {
            "factor": lambda x=x, out=gram: torch.baddbmm(x, x, x, beta=cases.OF, alpha=cases.OF * cases.BY, out=out),
            "squares": lambda a=xt if tall else x, b=x if tall else xt, out=gram: torch.bmm(a, b, out=out),
        }[kind]
        times = {name: [] for name in runs}
        for order in (list(runs), list(reversed(runs))):
            for name in order:
                times[name] += cuda.times(runs[name], REPEATS)
        us = {name: statistics.median(t) for name, t in times.items()}
        alone.append((f"{kind} of {batch}, k {k}", 2e-6 * batch * n * n * k, us, runs))
    meter, clock = sustained.Meter(cuda), sustained.Clock(cuda)
    window = SECONDS / sustained.ROUNDS / sum(len(runs) for *_, runs in alone)
    marks = [sustained.enqueue(clock, list(runs.items()), us, window) for _, _, us, runs in alone]
    cuda.synchronize()
    print(f"\n{'':>28} {'alone, us':>10} {'of whole':>8} {'sustained':>10} {'of whole':>8} {'mJ':>6} {'W':>5} {'MHz':>5}")
    for (what, flop, us, _), some in zip(alone, marks, strict=True):
        told = sustained.told(clock, meter, some)
        for name, one in told.items():
            print(f"{what + ', ' + name:>40} {us[name]:8.1f} {us[name] / us['whole']:6.2f} {one['us']:8.1f} {one['us'] / told['whole']['us']:6.2f} "
                  f"{one['joules'] * 1e3:6.1f} {one['watts']:5.0f} {one['mhz']:5.0f} {flop / us[name]:6.0f} TFLOP/s of all", flush=True)  # fmt: skip
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
