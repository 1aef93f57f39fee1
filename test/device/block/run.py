#!/usr/bin/env python3
"""The smallest model's parts on a GPU: right, and how fast.

`run.py DIR [--interpret]`, DIR as prepare.sh leaves it. At T / 8 tokens a step's loss and gradients
are compared with the CPU executable's on every 16th row, the update with Adam in float64, by the
bounds of test/nvptx/block.py; two runs must give the same bits. At T the same without a
reference, then the median of 25 times of each kernel with the L2 flushed. `--interpret` puts the
interpreter in the place of the GPU, for small sizes.
"""

import json
import signal
import statistics
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx")]

from block import BOUNDS, STEP, adam, batch, distance, parameters  # noqa: E402
from host import Host, aligned  # noqa: E402
from ptx import to_bf16  # noqa: E402

REPEATS = 25
BYTES = {"bf16": 2, "f32": 4, "i32": 4, "f64": 8}


class Interpreted:
    """What of class Cuda is used here, by the interpreter. Addresses are places in one memory."""

    name, multiprocessors, version = "interpreter", 2, 0

    def __init__(self):
        self.memory = {}

    def allocate(self, size):
        address = (len(self.memory) + 1) << 40
        self.memory[address] = aligned(size)
        return address

    def at(self, address, size):
        start = address & (1 << 40) - 1
        return self.memory[address - start][start : start + size]

    def upload(self, address, array):
        bytes_ = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self.at(address, bytes_.size)[...] = bytes_

    def download(self, address, array):
        array.reshape(-1).view(np.uint8)[...] = self.at(address, array.nbytes)

    def fill(self, address, size):
        self.at(address, size)[...] = 0xFF

    def synchronize(self):
        pass

    def load(self, image):
        from ptx import parse

        return parse(image.decode())

    def bind(self, module, entry, addresses):
        from interpreter import launch

        arena, numbers = self.memory[addresses["arena"]], self.memory[addresses["numbers"]]
        return lambda: launch(module, entry, arena, 2, numbers=numbers)

    def times(self, act, count):
        start = time.time()
        act()
        return [1e6 * (time.time() - start)]


class Device(Host):
    """A host whose arena is on the device; `self.arena` mirrors the buffers that live for the
    run. Values go there by `put` and come back by `get`."""

    def __init__(self, folder, cuda):
        super().__init__(json.loads((folder / "block.json").read_text()), None)
        self.arena = aligned(self.table["persistentBytes"])
        self.cuda = cuda
        start = time.time()
        self.module = cuda.load((folder / "block.ptx").read_bytes())
        print(f"PTX loaded: {1000 * (time.time() - start):.0f} ms")
        if (folder / "mlp.cubin").exists() and cuda.version:
            self.module = cuda.load((folder / "mlp.cubin").read_bytes())
            print("kernels from the cubin")
        self.base = cuda.allocate(self.table["arenaBytes"])
        width = len(self.table["host"])
        self.addresses = {"arena": self.base, "numbers": cuda.allocate(8 * max(width, 1))}
        cuda.fill(self.base, self.table["arenaBytes"])
        self.bound = {}

    def put(self, name, values):
        self.write(name, values)
        self.cuda.upload(self.base + self.buffers[name]["at"], self[name])

    def get(self, name):
        self.cuda.synchronize()
        self.cuda.download(self.base + self.buffers[name]["at"], self[name])
        return self[name].copy()

    def launches(self, part):
        if part["name"] not in self.bound:
            self.bound[part["name"]] = [
                (e, self.cuda.bind(self.module, e, self.addresses)) for e in self.entries(part)
            ]
        return self.bound[part["name"]]

    def run(self, kind, step, tokens=None, targets=None):
        part = self.part(kind, step)
        if part is None:
            return
        if tokens is not None:
            self.put("tokens", tokens)
            self.put("targets", targets)
            self.put("order", np.argsort(tokens, kind="stable"))
        persistent = self.table["persistentBytes"]
        self.cuda.fill(self.base + persistent, self.table["arenaBytes"] - persistent)
        self.cuda.upload(self.addresses["numbers"], self.numbers(step))
        for _, launch in self.launches(part):
            launch()
        self.cuda.synchronize()

    def step(self, weights, tokens, targets):
        """A step without its update: loss and gradients by parameter."""
        for name, x in weights.items():
            self.put(name, x)
        for name in self.named("gradient"):
            self.put(name, 0)
        self.run("prologue", STEP)
        self.run("micro", STEP, tokens, targets)
        loss = float(self.get("loss"))
        self.run("epilogue", STEP)
        return loss, {self.buffers[n]["of"]: self.get(n) for n in self.named("gradient")}

    def update(self, weights, gradients):
        """From states of zero; parameters, first and second moments, and the norm."""
        for name, x in weights.items():
            self.put(name, x)
        for name in self.named("optimizer"):
            self.put(name, 0)
        for name in self.named("gradient"):
            self.put(name, gradients[self.buffers[name]["of"]])
        self.run("update", STEP)
        names = [n for p in weights for n in (p, f"{p}_m", f"{p}_v")]
        return {n: self.get(n) for n in [*names, "gradient_norm"]}


def same(a, b):
    return all(a[n].tobytes() == b[n].tobytes() for n in a)


def twice(device, sizes, tokens, line):
    """Step and update, two times each: loss, gradients, and what the update left."""
    weights = parameters(sizes["D"], sizes["V"], sizes["F"])
    run = batch(tokens, sizes["V"])
    (loss, g), (again, h) = (device.step(weights, *run) for _ in range(2))
    line(np.isfinite(loss) and loss == again and same(g, h), f"T = {tokens}: loss {loss:.6g}, "
         "second run the same bits")  # fmt: skip
    u, v = (device.update(weights, g) for _ in range(2))
    line(same(u, v), f"T = {tokens}: the update's second run has the same bits")
    return weights, loss, g, u


def small(device, sizes, reference, line):
    """Against the CPU, and Adam."""
    weights, loss, g, after = twice(device, sizes, sizes["tokens"] // 8, line)
    error = abs(loss / float(reference["loss"]) - 1)
    line(error <= BOUNDS["loss"], f"loss {error:.1e} from the CPU's")
    for name, x in g.items():
        error = distance(x[::16], reference[name])
        line(error <= BOUNDS["gradient"], f"{name}: gradient {error:.1e} from the CPU's")
    norm = np.sqrt(sum((x.astype(np.float64) ** 2).sum() for x in g.values()))
    error = abs(float(after["gradient_norm"]) / norm - 1)
    line(error <= BOUNDS["norm"], f"gradient_norm {error:.1e}")
    for name, p in weights.items():
        zero = np.zeros(1)
        pn, mn, vn = adam(p, g[name], zero, zero, STEP, device.table["steps"])
        state = max(distance(after[f"{name}_m"], mn), distance(after[f"{name}_v"], vn))
        off = np.abs(after[name].astype(np.int64) - to_bf16(pn).astype(np.int64))
        line(state <= BOUNDS["state"] and off.max() <= 1,
             f"{name}: states {state:.1e}, {(off > 0).sum()} of {off.size} one bf16 off, "
             f"at most {off.max()}")  # fmt: skip


def operations(entry):
    """Of a product on tensor cores: 2 m n k, from m and the tensor map of n by k."""
    maps = [a for a in entry["arguments"] if a["kind"] == "tensor map"]
    if len(maps) < 2:
        return 0
    m = next(a["value"] for a in entry["arguments"] if a["kind"] == "value")
    return 2 * m * maps[1]["rows"] * maps[1]["columns"]


def moved(entry):
    """Bytes of a kernel's buffers, each once."""
    buffers = [a for a in entry["arguments"] if a["kind"] == "buffer"]
    return sum(a["rows"] * a["columns"] * BYTES[a["element"]] for a in buffers)


def timed(device):
    total = 0
    print(f"\n{'kernel':56} {'us':>9}")
    for kind in ("micro", "update"):
        for entry, launch in device.launches(device.part(kind, STEP)):
            us = statistics.median(device.cuda.times(launch, REPEATS))
            total += us
            flops, size = operations(entry), moved(entry)
            rate = f"{flops / us / 1e6:8.0f} TFLOP/s" if flops else f"{size / us / 1e3:8.0f} GB/s"
            print(f"{kind + ' ' + entry['kernel']:56} {us:9.1f} {rate} {size / 2**20:9.1f} MiB")
    print(f"{'all':56} {total:9.1f}")


def main():
    folder = Path(sys.argv[1])
    if "--interpret" in sys.argv:
        cuda = Interpreted()
    else:
        from cuda import Cuda

        signal.alarm(550)  # a kernel that hangs must not hold the machine
        cuda = Cuda()
    sizes = json.loads((folder / "sizes.json").read_text())
    print(f"{cuda.name}, {cuda.multiprocessors} multiprocessors, driver {cuda.version}; {sizes}")
    ok = True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    small(Device(folder / "small", cuda), sizes, np.load(folder / "reference.npz"), line)
    whole = Device(folder / "whole", cuda)
    twice(whole, sizes, sizes["tokens"], line)
    timed(whole)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
