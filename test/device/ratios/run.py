#!/usr/bin/env python3
"""The record's kernels beside their peers on one GPU: `run.py DIR`, DIR as prepare.sh leaves it.

Right first: contractions with their epilogues, the FP8 head and each product of Polar Express against f32 of the operands
as they are stored, ‖error‖ ≤ 4e-3 ‖reference‖ in bf16, 1e-3 where f32 has sums of codes; outputs are poisoned, a second run
gives the same bits. The record's own launches are proved by test/device/record; here a micro-batch's loss must be a number.
Then medians with the L2 flushed, ours and the peer's in turn: cuBLASLt with our row kernel behind it, cuBLASLt's FP8,
batched cuBLAS by PyTorch; of row kernels, gathers and segments, of the record at T = 16384 and 49152 and of its update,
their bytes (those that they cannot do without) against a copy's.
"""

import importlib.util
import json
import math
import signal
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402
import torch  # noqa: E402

import cases  # noqa: E402
from cublaslt import WORKSPACE, CublasLt  # noqa: E402
from cuda import Cuda  # noqa: E402

REPEATS = 15
BF16, F32 = torch.bfloat16, torch.float32
LARGE = 64e6  # bytes of a row kernel that is held to a copy's rate
STEPS = {16384: 4, 49152: 1300}  # of the record
ok = True


def say(good, text):
    global ok
    ok &= bool(good)
    print("ok  " if good else "FAIL", text, flush=True)


def near(got, want):
    return float((got.to(F32) - want).norm() / want.norm())


class Runner:
    def __init__(self, folder):
        self.cuda = Cuda()
        torch.cuda.set_stream(torch.cuda.default_stream())
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.manual_seed(1)
        self.module = self.cuda.load((folder / "mlp.cubin").read_bytes())
        self.table = iter(json.loads((folder / "mlp.json").read_text()))
        self.peer = CublasLt(self.cuda.allocate(WORKSPACE))
        self.room = self.cuda.allocate(132 * 128 * 192 * 4)

    def take(self, tensors):
        """The next launch of the table on these tensors."""
        entry = next(self.table)
        addresses = {name: t.data_ptr() for name, t in tensors.items()} | {"pieces": self.room}
        return self.cuda.bind(self.module, entry, addresses)

    def twice(self, run, out, begin=math.nan):
        """What it leaves, and whether again."""
        results = []
        for _ in range(2):
            for tensor in out:
                tensor.fill_(begin)
            run()
            self.cuda.synchronize()
            results.append([tensor.clone() for tensor in out])
        return results[0], all(torch.equal(a.view(torch.uint8), b.view(torch.uint8)) for a, b in zip(*results, strict=True))

    def us(self, *acts):
        """Medians, in turn and in the opposite order."""
        times = [[] for _ in acts]
        for order in (range(len(acts)), reversed(range(len(acts)))):
            for i in order:
                times[i] += self.cuda.times(acts[i], REPEATS)
        return [statistics.median(t) for t in times]


def randn(*shape):
    return torch.randn(*shape, device="cuda").to(BF16)


def fused(r):
    """Ours with the epilogue; cuBLASLt's product and our row kernel behind it."""
    lines = []
    for tokens in cases.TOKENS:
        for number, (name, n, k, transposed, reads, writes) in enumerate(cases.FUSED):
            tag = f"_{number}_{tokens}"
            t = {f"a{tag}": randn(tokens, k), f"b{tag}": randn(*((k, n) if transposed else (n, k))).mul_(k**-0.5)}
            t |= {x + tag: randn(tokens, n).abs_() for x in reads} | {x + tag: randn(tokens, n) for x in writes}
            t[f"product{tag}"] = torch.empty(tokens, n, device="cuda", dtype=BF16)
            one, rows = r.take(t), r.take(t)
            a, b, product = t[f"a{tag}"], t[f"b{tag}"], t[f"product{tag}"]
            p = a.to(F32) @ (b if transposed else b.T).to(F32)
            x = t[f"x{tag}"].to(F32) if reads else None
            want = [[p.relu().square()], [p * 2 * x.sqrt()] if reads else 0, [], [p + x] if reads else 0][number]
            if number == 2:
                want = [p + x, 1.25 * (p + x) + 0.5 * t[f"z{tag}"].to(F32)]
            got, same = r.twice(one, [t[w + tag] for w in writes])
            error = max(near(g, w) for g, w in zip(got, want, strict=True))
            say(error <= 4e-3 and same, f"{name} at {tokens}: error {error:.1e}, second run {'same' if same else 'OTHER'} bits")
            theirs = r.peer.products(tokens, n, k, a.data_ptr(), b.data_ptr(), product.data_ptr(), False, transposed)

            def behind(theirs=theirs[0], rows=rows):
                theirs()
                rows()

            for w in writes:
                t[w + tag].fill_(math.nan)
            behind()
            r.cuda.synchronize()
            error = max(near(t[w + tag], v) for w, v in zip(writes, want, strict=True))
            say(error <= 6e-3, f"  cuBLASLt and a row kernel: error {error:.1e}")  # the product is rounded between
            del p, want, got
            lines.append((name, tokens, *r.us(one, behind, theirs[0])))
    print(f"\n{'with its epilogue':>26} {'T':>6} {'us':>8} {'peer+rows':>10} {'ratio':>6} {'peer alone':>11} {'ratio':>6}")
    for name, tokens, own, both, bare in lines:
        print(f"{name:>26} {tokens:6} {own:8.1f} {both:10.1f} {own / both:6.2f} {bare:11.1f} {own / bare:6.2f}")
    worst = max(own / both for _, _, own, both, _ in lines)
    print(f"worst ratio {worst:.2f} (asked 0.8)\n", flush=True)


def codes(kind, *shape):
    return torch.randn(*shape, device="cuda", dtype=BF16).to(kind)


def head(r):
    e4m3, e5m2 = torch.float8_e4m3fn, torch.float8_e5m2
    tokens, d, v = cases.HEAD_TOKENS, cases.MODEL, cases.VOCABULARY
    t = {"x_codes": codes(e4m3, tokens, d), "w_codes": codes(e4m3, v, d), "g_codes": codes(e5m2, tokens, v),
         "wt_codes": codes(e4m3, d, v), "xt_codes": codes(e4m3, d, tokens),
         "logits": torch.empty(tokens, v, device="cuda", dtype=BF16), "sums": torch.empty(tokens, v // 64, device="cuda"),
         "dx": torch.empty(tokens, d, device="cuda", dtype=BF16), "dw": torch.empty(v, d, device="cuda")}  # fmt: skip
    x, w, g, wt, xt = (t[f"{n}_codes"] for n in ("x", "w", "g", "wt", "xt"))
    runs = [r.take(t) for _ in range(4)]
    out = torch.empty(tokens, v, device="cuda", dtype=BF16)
    product = x.to(F32) @ w.to(F32).T
    for name, run in (("forward", runs[0]), ("head", runs[1])):
        got, same = r.twice(run, [t["logits"]])
        want = product * cases.SCALE
        if name == "head":
            want = (cases.CAP * torch.sigmoid(want + 0.667) - cases.CAP).exp_()
        error = near(got[0], want)
        say(error <= 4e-3 and same, f"head, {name}: error {error:.1e}, second run {'same' if same else 'OTHER'} bits")
        if name == "head":
            sums = t["logits"].to(F32).view(tokens, -1, 64).sum(2)
            say(near(t["sums"], sums) <= 1e-5, f"  its sums: error {near(t['sums'], sums):.1e}")
    del product, want, got
    g32 = g.to(F32)
    want = cases.SCALE * (g32 @ wt.to(F32).T)
    got, same = r.twice(runs[2], [t["dx"]])
    say(near(got[0], want) <= 4e-3 and same, f"head, dx: error {near(got[0], want):.1e}, second run {'same' if same else 'OTHER'} bits")
    want = cases.SCALE * (g32.T @ xt.to(F32).T)
    got, same = r.twice(runs[3], [t["dw"]], 0.0)
    say(near(got[0], want) <= 1e-3 and same, f"head, dw: error {near(got[0], want):.1e}, second run {'same' if same else 'OTHER'} bits")
    del g32, want, got
    turned = g.view(torch.uint8).T.contiguous()  # the library takes codes along k alone
    torch.cuda.synchronize()
    address = lambda tensor: tensor.data_ptr()
    theirs = [
        r.peer.products(tokens, v, d, address(x), address(w), address(out), operands=("e4m3", "e4m3"), fast=True),
        r.peer.products(tokens, d, v, address(g), address(wt), address(t["dx"]), operands=("e5m2", "e4m3")),
        r.peer.products(v, d, tokens, address(turned), address(xt), address(t["dw"]), element="f32", beta=1.0, operands=("e5m2", "e4m3")),
    ]
    pairs = [("forward, product alone", runs[0], 0, 1.10), ("forward, with the record's epilogue", runs[1], 0, 1.10),
             ("dx", runs[2], 1, 1.15), ("dW, added to f32; its peer's operand is turned before", runs[3], 2, 1.15)]  # fmt: skip
    print(f"\n{'FP8 head at ' + str(tokens):>54} {'us':>8} {'cuBLASLt':>9} {'ratio':>6} {'its best':>9} {'ratio':>6} asked")
    for name, run, which, asked in pairs:
        if not theirs[which]:
            print(f"{name:>54}: cuBLASLt has no such product")
            continue
        own, first, *others = r.us(run, *theirs[which])
        best = min([first, *others])
        print(f"{name:>54} {own:8.1f} {first:9.1f} {own / first:6.2f} {best:9.1f} {own / best:6.2f} {asked}", flush=True)
    print()


def polar(r):
    totals = {}
    for number, (batch, m, n) in enumerate(cases.STACKS):
        tall = m > n
        x = torch.randn(batch, m, n, device="cuda")
        x = (x / (1.02 * x.norm(dim=(1, 2), keepdim=True) + 1e-6)).to(BF16)
        t = {f"x{number}_0": x.clone(), f"x{number}_1": torch.empty_like(x)}
        t |= {f"{name}{number}": torch.empty(batch, n, n, device="cuda", dtype=BF16) for name in ("squares", "factor")}
        squares, factor = t[f"squares{number}"], t[f"factor{number}"]
        runs, worst, same = [], 0, True
        for step, (a, b, c) in enumerate(cases.POLAR):
            now, then = t[f"x{number}_{step % 2}"], t[f"x{number}_{(step + 1) % 2}"]
            for out, want in (
                (squares, lambda: now32.mT @ now32 if tall else now32 @ now32.mT),
                (factor, lambda: (b / a) * (squares.to(F32) + (c / b) * (squares.to(F32) @ squares.to(F32)))),
                (then, lambda: a * (now32 + (now32 @ factor.to(F32) if tall else factor.to(F32) @ now32))),
            ):
                run, now32 = r.take(t), now.to(F32)
                wanted = want()
                got, again = r.twice(run, [out])
                worst, same = max(worst, near(got[0], wanted)), same and again
                runs.append(run)
        say(worst <= 4e-3 and same, f"Polar Express of {batch} of {m} x {n}: worst product {worst:.1e}, second runs {'same' if same else 'OTHER'} bits")
        a, b, c = cases.POLAR[0]
        y, gram, second = torch.empty_like(x), torch.empty_like(squares), torch.empty_like(squares)
        xt = x.mT
        torch.bmm(xt, x, out=gram) if tall else torch.bmm(x, xt, out=gram)
        theirs = [
            (lambda: torch.bmm(xt, x, out=gram)) if tall else (lambda: torch.bmm(x, xt, out=gram)),
            lambda: torch.baddbmm(gram, gram, gram, beta=b, alpha=c, out=second),
            (lambda: torch.baddbmm(x, x, second, beta=a, out=y)) if tall else (lambda: torch.baddbmm(x, second, x, beta=a, out=y)),
        ]
        # Steps differ in their factors alone: one of them is timed.
        flop = [2 * batch * n * n * (m if tall else n), 2 * batch * n**3, 2 * batch * m * n * n]
        for what, own, other, f in zip(("squares", "factor", "next"), runs[:3], theirs, flop, strict=True):
            us = r.us(own, other)
            totals[f"{what}, {batch} of {m} x {n}"] = [len(cases.POLAR) * u for u in us] + [f]
    print(f"\n{'Polar Express, five each':>32} {'us':>8} {'TFLOP/s':>8} {'cuBLAS':>8} {'ratio':>6}")
    for name, (own, other, f) in totals.items():
        print(f"{name:>32} {own:8.1f} {5e-6 * f / own:8.0f} {other:8.1f} {own / other:6.2f}")
    own, other = (sum(x[i] for x in totals.values()) for i in (0, 1))
    print(f"{'all 30':>32} {own:8.1f} {'':8} {other:8.1f} {own / other:6.2f} (asked 0.9)\n", flush=True)


def copy_rate(r):
    """Bytes a second, read and written, of a copy of half a gibibyte; the better of cuMemcpy's and a kernel's."""
    a, b = (torch.empty(1 << 29, device="cuda", dtype=torch.uint8) for _ in range(2))
    a.zero_()
    us = min(r.us(lambda: b.copy_(a), lambda: torch.add(a.view(torch.int32), 0, out=b.view(torch.int32))))
    return 2 * a.numel() / us * 1e6


def on_device():
    """The class of test/device/record/run.py."""
    spec = importlib.util.spec_from_file_location("record_run", HERE.parent / "record" / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(HERE.parent / "record"))
    spec.loader.exec_module(module)
    return module


def rows(r, folder):
    copy = copy_rate(r)
    print(f"a copy: {copy / 1e12:.2f} TB/s, read and written")
    record = on_device()
    host = record.OnDevice(r.cuda, folder, "record")
    raw = {p["name"]: p["launches"] for p in json.loads((folder / "record.json").read_text())["parts"]}
    host.begin()
    lines = []
    for tokens, step in STEPS.items():
        host.tokens = tokens
        host.feed(record.batch(tokens, cases.VOCABULARY))
        r.cuda.upload(host.places["numbers"], host.numbers(step))
        for _, _, run in host.launches(["prologue", "micro", "epilogue"], step):
            run()
        r.cuda.synchronize()
        loss = float(host.read("loss").reshape(-1)[0])
        say(np.isfinite(loss), f"the record's micro-batch of {tokens} tokens: loss {loss:.4f}")
        for kind, at in (("micro", step), ("update", 5)):
            if kind == "update" and tokens != 16384:
                continue
            if kind == "update":
                r.cuda.upload(host.places["numbers"], host.numbers(at))
            seen = {}
            entries = list(host.launches([kind], at))
            for (_, entry, run), cost in zip(entries, raw[host.part(kind, at)["name"]], strict=True):
                moved = cost["read_bytes"] + cost["written_bytes"]
                is_gather = cost["family"] == "rows" and "embed" in cost["name"]
                if cost["family"] == "segments" or is_gather or (cost["family"] == "rows" and moved >= LARGE):
                    what = "gathers" if is_gather else cost["family"]
                    key = cost["kernel"], cost["units"], moved
                    if key not in seen:
                        seen[key] = [what, tokens if kind == "micro" else 0, cost["kernel"], 0, moved,
                                     statistics.median(r.cuda.times(run, REPEATS))]  # fmt: skip
                    seen[key][3] += 1
            lines += seen.values()
    for what, asked in (("rows", 0.8), ("gathers", 0.5), ("segments", 0.5)):
        own = sorted((x for x in lines if x[0] == what), key=lambda x: x[4] / x[5])
        print(f"\n{what} (asked {asked} of the copy's rate): {'kernel':54} {'T':>6} {'times':>5} {'MB':>7} {'us':>8} {'TB/s':>6} {'share':>6}")
        for _, tokens, kernel, count, moved, us in own:
            print(f"  {kernel[:70]:70} {tokens or 'update':>6} {count:5} {moved / 1e6:7.0f} {us:8.1f} {moved / us / 1e6:6.2f} {1e6 * moved / us / copy:6.2f}")
        time = sum(c * us for *_, c, _, us in own)
        if time:
            share = sum(c * m for *_, c, m, _ in own) / time * 1e6 / copy
            below = sum(1e6 * m / us / copy < asked for *_, m, us in own)
            print(f"  {len(own)} kernels, {below} below; all together {share:.2f} of the copy's rate", flush=True)


def main():
    signal.alarm(300)  # a kernel that hangs must not hold the machine
    folder = Path(sys.argv[1])
    r = Runner(folder)
    print(f"{r.cuda.name}, {r.cuda.multiprocessors} multiprocessors, driver {r.cuda.version}, cuBLASLt {r.peer.version}, PyTorch {torch.__version__}")
    fused(r)
    head(r)
    polar(r)
    torch.cuda.empty_cache()
    rows(r, folder)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
