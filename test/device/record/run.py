"""The record's micro-batch on a GPU: right, and where its time goes. `run.py DIR`.

Right: 2048 tokens, FP8 off; loss and a sample of every parameter's gradient against the CPU
executable's f32; a second run must give the same bits. Time: 16384 tokens as in the record's first
stage, FP8 on, every launch alone with the L2 flushed, the median of REPEATS; by kernel.
"""

import signal
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx")]
sys.path.append(str(HERE.parent.parent / "numerics"))  # whose inputs.py is another

import numpy as np  # noqa: E402

from cuda import Cuda  # noqa: E402
from host import TYPES, Host, read_table  # noqa: E402
from inputs import STEP, batch, fed, repetitive, sample, weights  # noqa: E402
from ptx import from_bf16, to_bf16  # noqa: E402
from recipe import Adam, NorMuon  # noqa: E402

REPEATS = 5
# Activations and the gradients between layers are stored as bf16, eleven layers deep.
GRADIENT, LOSS = 2.5e-2, 3e-4
# Polar Express works in bf16; Adam in f32, its result rounded to bf16, where some go the other way.
UPDATE_STEP, MUON, ADAM = 5, 5e-2, 1e-2


class OnDevice(Host):
    """The host of a program whose arena lies on the GPU."""

    def __init__(self, cuda, folder, name):
        self.cuda, self.seed = cuda, 0
        self.table = read_table(folder / f"{name}.json")
        cubin = folder / f"{name}.cubin"
        image = cubin if cubin.exists() else folder / f"{name}.ptx"
        self.module = cuda.load(image.read_bytes())
        self.buffers = {b["name"]: b for b in self.table["buffers"]}
        self.base = cuda.allocate(self.table["arenaBytes"])
        self.places = {"arena": self.base, "numbers": cuda.allocate(1 << 16)}
        cuda.fill(self.base, self.table["arenaBytes"])

    def write(self, name, values):
        self.upload(self.buffers[name], values)

    def upload(self, b, values):
        values = to_bf16(values) if b["element"] == "bf16" else values.astype(TYPES[b["element"]])
        self.cuda.upload(self.base + b["at"], values)

    def read(self, name):
        b = self.buffers[name]
        array = np.empty(b["shape"], TYPES[b["element"]])
        self.cuda.download(self.base + b["at"], array)
        return from_bf16(array) if b["element"] == "bf16" else array

    def begin(self):
        """Parameters, a batch, gradients of zero."""
        for name, x in weights(self.table):
            self.write(name, x)
        vocabulary = max(self.buffers[n]["shape"][0] for n in self.named("parameter"))
        self.tokens = self.part("micro", STEP)["tokens"]
        self.feed(batch(self.tokens, vocabulary))
        for name in self.named("output"):  # as all memory of a run begins
            self.write(name, np.zeros(self.buffers[name]["shape"], np.float32))
        self.clear()
        self.cuda.upload(self.places["numbers"], self.numbers(STEP))

    def feed(self, micro_batch):
        values = fed(*micro_batch)
        for b in self.inputs(self.tokens):
            self.upload(b, values[b["name"]])

    def clear(self):
        for name in self.named("gradient"):
            self.write(name, np.zeros(self.buffers[name]["shape"], np.float32))

    def launches(self, kinds, step=STEP):
        for kind in kinds:
            part = self.part(kind, step)
            for entry in self.entries(part) if part else []:
                yield kind, entry, self.cuda.bind(self.module, entry, self.places)

    def gradients(self):
        """One micro-batch, as `EXE gradients` runs it; samples by parameter, and the loss."""
        self.clear()
        persistent = self.table["persistentBytes"]
        loss = None
        for kind in ("prologue", "micro", "epilogue"):
            self.cuda.fill(self.base + persistent, self.table["arenaBytes"] - persistent)
            for _, _, run in self.launches([kind]):
                run()
            self.cuda.synchronize()
            if kind == "micro":
                loss = float(self.read("loss").reshape(-1)[0])
        owners = {n: self.buffers[n].get("of") for n in self.named("gradient")}
        found = {of: sample(self.read(n)) for n, of in owners.items() if of}
        return found | {"loss": np.array(loss)}


    def update(self, names):
        """What the update of gradients of one micro-batch makes of some parameters: gradient, value before and after."""
        self.gradients()
        for name in self.named("optimizer"):
            self.write(name, np.zeros(self.buffers[name]["shape"], np.float32))
        gradient_of = {self.buffers[n]["of"]: n for n in self.named("gradient") if "of" in self.buffers[n]}
        before = {n: (self.read(gradient_of[n]).astype(np.float64), self.exact(n)) for n in names}
        self.cuda.upload(self.places["numbers"], self.numbers(UPDATE_STEP))
        for _, _, run in self.launches(["update"], UPDATE_STEP):
            run()
        self.cuda.synchronize()
        return {n: (*before[n], self.exact(n)) for n in names}

    def exact(self, name):
        """A parameter with what its storage does not hold of it."""
        value = self.read(name).astype(np.float64)
        return value + self.read(f"{name}_rest") if f"{name}_rest" in self.buffers else value


def wanted(name, g, p):
    """A parameter behind the update of UPDATE_STEP, its optimizer's first."""
    if name == "attn_gate_bank":
        before = (UPDATE_STEP + 1) // 2 - 1  # it acts on every other step
        adam = Adam(np.zeros_like(p), np.zeros_like(p), before).update(p, g, 1, (0.9, 0.99), 1, 1)
        return from_bf16(to_bf16(adam.astype(np.float32)))
    lr_mul, parts = {"qkvo_w": (1, 4), "c_fc": (1, 1), "c_proj": (2, 1)}[name.split(".")[0]]
    return NorMuon(np.zeros_like(p), np.zeros(len(p))).update(p, g, 1, 0.85 + 0.1 * UPDATE_STEP / 300, lr_mul, parts)


def check_update(host):
    host.begin()
    names = ["qkvo_w.0", "c_fc.3", "c_proj.10", "attn_gate_bank"]
    got, ok = host.update(names), True
    host.begin()
    again = host.update(names)
    for name, (g, before, after) in got.items():
        want = wanted(name, g, before)
        error = np.linalg.norm(after - want) / np.linalg.norm(want - before)
        same = after.tobytes() == again[name][2].tobytes()
        good = error <= (ADAM if name == "attn_gate_bank" else MUON) and same
        ok &= bool(good)
        print(f"{'ok  ' if good else 'FAIL'} update of {name:15} {error:.2e} of its change from float64's, second run "
              f"{'same' if same else 'OTHER'} bits", flush=True)  # fmt: skip
    return ok


def check(host, folder):
    host.begin()
    got, again = host.gradients(), host.gradients()
    expected = np.load(folder / "expected.npz")
    ok, errors = True, []
    for name in expected.files:
        r = expected[name].astype(np.float64).reshape(-1)
        g = got.get(name)
        if g is None:
            ok &= not r.any()
            continue
        error = np.linalg.norm(g.reshape(-1) - r) / max(np.linalg.norm(r), 1e-30)
        bound = LOSS if name == "loss" else GRADIENT
        same = g.tobytes() == again[name].tobytes()
        good = error <= bound and same
        ok &= bool(good)
        if r.any():
            errors.append(error)
        print(f"{'ok  ' if good else 'FAIL'} {name:18} {error:.2e} from the CPU's, second run "
              f"{'same' if same else 'OTHER'} bits", flush=True)  # fmt: skip
    print(f"worst {max(errors):.2e}, geometric mean {np.exp(np.mean(np.log(errors))):.2e}")
    return ok


def times(cuda, folder):
    host = OnDevice(cuda, folder, "time")
    host.begin()
    parts = ["prologue", "micro", "epilogue"]
    for _, _, run in host.launches(parts):  # every buffer holds what it holds in a run
        run()
    cuda.synchronize()
    report(host, cuda, "micro", STEP, f"micro-batch of {host.tokens} tokens")
    report(host, cuda, "update", UPDATE_STEP, "update of all parameters")
    host.feed(repetitive(host.tokens, 50304))
    report(host, cuda, "micro", STEP, "micro-batch whose every fifth token is the same")


def report(host, cuda, kind, step, what):
    spent, counts = {}, {}
    for _, entry, run in host.launches([kind], step):
        us = statistics.median(cuda.times(run, REPEATS))
        spent[entry["kernel"]] = spent.get(entry["kernel"], 0) + us
        counts[entry["kernel"]] = counts.get(entry["kernel"], 0) + 1
    total = sum(spent.values())
    print(f"\n{what}: {sum(counts.values())} launches of "
          f"{len(counts)} kernels, {total / 1000:.2f} ms, arena "
          f"{host.table['arenaBytes'] / 2**30:.1f} GiB")  # fmt: skip
    print(f"{'kernel':60} {'launches':>8} {'us each':>9} {'share':>6}")
    for name, us in sorted(spent.items(), key=lambda x: -x[1]):
        print(f"{name:60} {counts[name]:8} {us / counts[name]:9.1f} {100 * us / total:5.1f}%")


def main():
    signal.alarm(550)  # a kernel that hangs must not hold the machine
    folder, cuda = Path(sys.argv[1]), Cuda()
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}")
    host = OnDevice(cuda, folder, "check")
    ok = check(host, folder)
    ok &= check_update(host)
    times(cuda, folder)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
