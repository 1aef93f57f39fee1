#!/usr/bin/env python3
"""Row programs of every op, column sums, segments and attention on sm_90a.

`rows.py EMIT ORACLE FILES…` interprets each kernel of the files (most are those that prove the CPU
target) and compares it with the CPU target on the same inputs: ‖error‖ ≤ 2e-6 ‖answer‖, values where the
CPU has values, nothing changed beside, and the same bits under another schedule of the warps, one block after the other. Sums
have one order on both targets but within a window of 64 columns and over the columns of a head.
`rows.py EMIT ORACLE FILES… --keep DIR` leaves what test/device/rows runs on a GPU.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from interpreter import launch
from mlp import assemble, emit, fault
from ptx import PtxError, parse

TYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32}
BOUND = 2e-6
# What blocks that share a window owe each other, and the warps of one that has it alone.
SHARED = [
    ("terms added before all are there", r"barrier\.cluster\.arrive;\s+barrier\.cluster\.wait;(?!.*barrier\.cluster)", ""),
    ("terms that stay in their block", r"mapa\.shared::cluster\.u64\s+(%\w+), (%\w+), \d+;(.*?)st\.shared::cluster", r"mov.b64 \1, \2;\3st.shared"),
]
ALONE = [("no barrier before terms are summed", r"bar\.sync\s+0;", "")]


def buffers(text, seed=7):
    """Inputs, gradients and parameters with values; all else begins as NaN."""
    rng, b = np.random.default_rng(seed), {}
    pattern = r'kern\.buffer "(\w+)" "(\w+)"(?: of "(\w+)")?[^:]*: memref<([\dx]*?)x?([fi]\d+)>'
    for name, kind, of, shape, element in re.findall(pattern, text):
        shape = [int(n) for n in shape.split("x") if n]
        if kind in ("workspace", "output"):
            values = np.full(shape, np.nan)
        elif name.startswith("tokens"):
            at = np.arange(shape[0])
            values = {"one": 0 * at + 3, "two": 7 * (at % 3 == 0), "late": np.minimum(at // 64, 1)}.get(of, rng.integers(0, 11, shape))
        elif name.startswith("docs"):  # starts at 0, 1, 1, … then jumps
            values = np.arange(shape[0]) * (rng.random(shape[0]) > 0.95)
            values[1] = 1
            values = np.maximum.accumulate(values)
        elif of == "zero":
            values = np.zeros(shape)
        else:
            values = rng.uniform(-1, 1, shape) + (1.5 if of == "positive" else 0)
        b[name] = np.asarray(values, TYPES[element])
    for name in b:
        if name.startswith("order"):
            b[name] = np.argsort(b["tokens" + name[5:]], kind="stable").astype(np.int32)
    return b


def numbers(text):
    """The constants that kernels read, in the order of their first use."""
    values = dict(re.findall(r"(%\w+) = arith\.constant ([-\d.e]+) : f64", text))
    reads = r"(kern\.(?:number|random|angles) [^:]*|window %\w+ scale %\w+)"
    names = re.findall(r"%\w+", " ".join(re.findall(reads, text)))
    return np.array([float(values[n]) for n in dict.fromkeys(names) if n in values])


def same_bits(one, two):
    return all(one[n].tobytes() == two[n].tobytes() for n in one)


class Case:
    """A file's kernels, what each begins with and the CPU's answers."""

    def __init__(self, path, emitter, oracle, folder):
        self.name, text = path.stem, path.read_text()
        self.folder = folder
        (folder / "0").mkdir(parents=True)
        self.ptx, self.table = emit(emitter, text, folder)
        state, self.numbers = buffers(text), numbers(text)
        for name, a in state.items():
            a.tofile(folder / "0" / f"{name}.f32")
        for i in range(1, len(self.table)):
            (folder / str(i)).mkdir()
        subprocess.run([oracle, folder / "mlp.mlir", folder], check=True)
        self.states = [state]
        for i in range(len(self.table)):
            self.states.append({
                n: np.fromfile(folder / str(i) / f"{n}.cpu", a.dtype).reshape(a.shape)
                for n, a in state.items()
            })  # fmt: skip

    def save(self, path):
        arrays = {f"{i}/{n}": a for i, s in enumerate(self.states) for n, a in s.items()}
        np.savez_compressed(path / f"{self.name}.npz", numbers=self.numbers, **arrays)
        (path / f"{self.name}.ptx").write_text(self.ptx)
        (path / f"{self.name}.json").write_text(json.dumps(self.table))


def compare(what, before, got, cpu, line):
    """One kernel's buffers with the CPU's."""
    for name, x in got.items():
        y = cpu[name]
        if y.tobytes() == before[name].tobytes():
            if x.tobytes() != y.tobytes():
                line(False, f"{what}: {name} has changed")
            continue
        have = ~np.isnan(y)
        norm = np.linalg.norm(y[have].astype(np.float64))
        error = np.linalg.norm((x - y)[have].astype(np.float64)) / max(norm, 1e-30)
        good = error <= BOUND and np.array_equal(have, ~np.isnan(x))
        line(good, f"{what}: {name} is {error:.1e} from the CPU's")


def interpret(case, line):
    kernels = parse(case.ptx)
    for i, entry in enumerate(case.table):
        what, start, runs = f"{case.name}: {entry['kernel']}", time.time(), []
        before = case.states[i]
        for seed, together in ((0, 2048), (99, 1)):
            b = {n: a.copy() for n, a in before.items()} | {"numbers": case.numbers}
            try:
                launch(kernels, entry, b, seed=seed, together=together)
            except PtxError as stop:
                line(False, f"{what}: {stop}")
                break
            del b["numbers"]
            runs.append(b)
        if len(runs) < 2:
            continue
        same = same_bits(*runs)
        line(same, f"{what}: other schedule {'same' if same else 'OTHER'} bits, "
             f"{time.time() - start:.1f} s")  # fmt: skip
        compare(what, before, runs[0], case.states[i + 1], line)
        if kernels[entry["kernel"]].cluster > 1:
            plant(case, entry, before, runs[0], line, SHARED)
        elif entry["kernel"].startswith("few_rows"):
            plant(case, entry, before, runs[0], line, ALONE)


def plant(case, entry, before, right, line, faults):
    """Each fault must end the run or leave other values."""

    def run(text, seed):
        b = {n: a.copy() for n, a in before.items()} | {"numbers": case.numbers}
        try:
            launch(parse(text), entry, b, seed=seed)
        except PtxError as stop:
            return str(stop)
        del b["numbers"]
        return None if same_bits(b, right) else "other values"

    for what, pattern, replacement in faults:
        broken = fault(case.ptx, entry["kernel"], f"(?s){pattern}", replacement)
        seen = next(filter(None, (run(broken, seed) for seed in range(6))), None)
        line(seen, f"planted: {what}: {seen or 'NOT SEEN'}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("emit")
    arguments.add_argument("oracle")
    arguments.add_argument("files", nargs="+", type=Path)
    arguments.add_argument("--keep", type=Path)
    options = arguments.parse_args()
    ok = True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    # Every op that a row program may hold; numbers of the host stand outside.
    definitions = (Path(__file__).resolve().parents[2] / "dialect/KernRow.td").read_text()
    ops = set(re.findall(r'^def \w+Op : Kern_Op<"(\w+)"', definitions, re.M)) - {"host_number"}
    files = [*options.files, Path(__file__).parent / "programs.mlir"]
    held = set(re.findall(r"kern\.(\w+)", "".join(path.read_text() for path in files)))
    line(len(ops) >= 20 and ops <= held, f"{len(ops)} ops of row programs; without a case: {', '.join(sorted(ops - held)) or 'none'}")

    for path in options.files:
        case = Case(path, options.emit, options.oracle, Path(tempfile.mkdtemp()) / path.stem)
        line(assemble(case.ptx, case.folder), f"ptxas on {path.stem}")
        if options.keep:
            options.keep.mkdir(exist_ok=True)
            case.save(options.keep)
        else:
            interpret(case, line)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
