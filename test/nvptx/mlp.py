#!/usr/bin/env python3
"""The MLP block's kernels for sm_90a, proved without a GPU.

`mlp.py EMIT [--oracle ORACLE] [--keep DIR]`, EMIT and ORACLE the programs gptc-nvptx-emit and
gptc-nvptx-oracle. On small shapes every kernel of mlp.mlir is interpreted on bf16 inputs and
compared with NumPy in float64, and with the CPU target's f32 on the same inputs: ‖error‖ ≤ 4e-3
‖reference‖ where it stores bf16, 1e-5 where it stores f32; other schedules and
other numbers of blocks must give the same bits; planted faults must not pass; and ptxas, where
there is one, must take all kernels without spills or a message about serialised wgmma. Weight
gradients are also summed over the record's T, and at its D and F, where tiles reach beyond n.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from interpreter import launch
from ptx import PtxError, from_bf16, parse, to_bf16

HERE = Path(__file__).parent
SHAPE = {"T": 256, "D": 128, "F": 512}  # as mlp.mlir has it


def model(T, D, F):
    """mlp.mlir for other sizes."""
    sizes = dict(zip(map(str, SHAPE.values()), map(str, (T, D, F))))
    text = (HERE / "mlp.mlir").read_text()
    return re.sub(r"(?<![\d.])(256|128|512)(?!\d)", lambda m: sizes[m[1]], text)


def emit(program, text, folder):
    source = Path(folder) / "mlp.mlir"
    source.write_text(text)
    outputs = [Path(folder) / "mlp.ptx", Path(folder) / "mlp.json"]
    subprocess.run(
        [program, source, "--ptx", outputs[0], "--launches", outputs[1]], check=True
    )
    return outputs[0].read_text(), json.loads(outputs[1].read_text())


def buffers(T, D, F, seed=1):
    rng = np.random.default_rng(seed)

    def bf16(shape, scale):
        return to_bf16(scale * rng.standard_normal(shape).astype(np.float32))

    nothing = lambda *shape: np.full(shape, 0xFFFF, np.uint16)  # NaN
    return {
        "x": bf16((T, D), 1), "dy": bf16((T, D), 1),
        "w1": bf16((F, D), D**-0.5), "w2": bf16((D, F), F**-0.5),
        "xn": nothing(T, D), "pre": nothing(T, F), "act": nothing(T, F),
        "y": nothing(T, D), "dpre": nothing(T, F), "dxn": nothing(T, D), "dx": nothing(T, D),
        "dw1": rng.standard_normal((F, D)).astype(np.float32),
        "dw2": rng.standard_normal((D, F)).astype(np.float32),
    }  # fmt: skip


def reference(kernel, b, dtype=np.float64):
    """What a kernel must store, from the buffers before it."""

    class Values(dict):
        def __missing__(self, name):
            a = b[name]
            value = (from_bf16(a) if a.dtype == np.uint16 else a).astype(dtype)
            return self.setdefault(name, value)

    g = Values()
    r = 1 / np.sqrt((g["x"] ** 2).mean(1, keepdims=True) + 1.1920929e-07)
    with np.errstate(invalid="ignore"):
        if kernel.startswith("rms_norm_backward"):
            n = g["x"] * r
            dot = (g["dxn"] * n).mean(1, keepdims=True)
            return {"dx": r * (g["dxn"] - n * dot) + g["dy"]}
        if kernel.startswith("rms_norm"):
            return {"xn": g["x"] * r}
        if kernel.startswith("fc_relu2"):
            pre = g["xn"] @ g["w1"].T
            return {"pre": pre, "act": np.maximum(pre, 0) ** 2}
        if kernel.startswith("proj_add"):
            return {"y": g["act"] @ g["w2"].T + g["x"]}
        if kernel.startswith("proj_dw"):
            return {"dw2": g["dw2"] + g["dy"].T @ g["act"]}
        if kernel.startswith("proj_dx_relu2"):
            return {"dpre": g["dy"] @ g["w2"] * 2 * np.maximum(g["pre"], 0)}
        if kernel.startswith("fc_dw"):
            return {"dw1": g["dw1"] + g["dpre"].T @ g["xn"]}
        if kernel.startswith("fc_dx"):
            return {"dxn": g["dpre"] @ g["w1"]}
    raise KeyError(kernel)


def worst(b, expected):
    """The largest error of the stored buffers, relative to its bound."""
    shares = []
    for name, r in expected.items():
        f32 = b[name].dtype == np.float32
        got = (b[name] if f32 else from_bf16(b[name])).astype(np.float64)
        error = np.linalg.norm(got - r) / np.linalg.norm(r)
        shares.append((error / (1e-5 if f32 else 4e-3), error))
    return max(shares, key=lambda s: np.inf if np.isnan(s[0]) else s[0])


def check(kernels, entry, b, blocks=None, seed=0, together=2048):
    """Runs a kernel in place; its worst error relative to its bound, and that error."""
    expected = reference(entry["kernel"], b)
    launch(kernels, entry, b, blocks, seed, together=together)
    return worst(b, expected)


def save(folder, buffers):
    """Buffers as f32, for the CPU target."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, a in buffers.items():
        (from_bf16(a) if a.dtype == np.uint16 else a).tofile(folder / f"{name}.f32")


def fault(text, kernel, pattern, replacement):
    """The text with a fault in one kernel; it must be there to be planted."""
    start = text.index(f".entry {kernel}(")
    end = text.find(".visible .entry", start)
    end = len(text) if end < 0 else end
    body, count = re.subn(pattern, replacement, text[start:end])
    if not count:
        sys.exit(f"FAIL: no place in {kernel} for the fault {pattern}")
    return text[:start] + body + text[end:]


def descriptor(leading, stride):
    return str((1 << 62) | (stride << 32) | (leading << 16))


FAULTS = [
    ("a descriptor with half the stride between blocks of rows", "proj_add",
     descriptor(1, 64), descriptor(1, 32)),
    ("a descriptor with half the stride between panels", "proj_dx",
     descriptor(512, 64), descriptor(256, 64)),
    ("m-major data read as k-major", "fc_dw",
     r", 1, 1, 1, 1;", ", 1, 1, 0, 1;"),
    ("a stage released before its products are over", "proj_add",
     r"wait_group\.sync\.aligned 1;", "wait_group.sync.aligned 7;"),
    ("a stage released by half of its readers", "proj_add",
     r"(mov\.b32\s+%r\d+, )8;", r"\g<1>4;"),
    ("a wait for a constant parity", "proj_add",
     r"(try_wait\.parity\.shared\.b64\s+P1, \[%r\d+\], )%r\d+", r"\g<1>0"),
    ("a stage announced with too few bytes", "fc_dx",
     r"(arrive\.expect_tx\.shared\.b64\s+%rd\d+, \[[^\]]+\], )%r\d+", r"\g<1>16384"),
    ("the last products not waited for", "fc_relu2",
     r"wgmma\.wait_group\.sync\.aligned 0;", ""),
    ("what is stored not shown to the copies", "fc_relu2",
     r"fence\.proxy\.async\.shared::cta;", ""),
    ("what is stored overwritten before its copy has read it", "fc_relu2",
     r"cp\.async\.bulk\.wait_group\.read\s+\d+;", "cp.async.bulk.wait_group.read 99;"),
    ("copies not waited for at the end", "proj_add",
     r"cp\.async\.bulk\.wait_group\s+0;", "cp.async.bulk.wait_group 99;"),
]  # fmt: skip


# Where consumers take turns, as they do at tiles of 192 columns.
FAULTS_OF_TURNS = [
    ("a consumer that does not wait for its turn", "proj_add", r"bar\.sync\s+%r\d+, 256;", ""),
    ("a consumer that gives its turn to itself", "proj_add", r"(bar\.sync\s+)%r\d+(, 256;)", r"\g<1>1\g<2>"),
    ("the last products not waited for", "proj_add", r"wgmma\.wait_group\.sync\.aligned 0;", ""),
    ("a stage whose release waits for the other consumer", "proj_add",
     r"(mov\.b32\s+%r\d+, )4;", r"\g<1>8;"),
]  # fmt: skip


# In weight gradients, the end of a window: 16 tiles of k further.
ONE_WINDOW = (r"(add\.s32\s+%r\d+, %r\d+, )32(;\s+min\.u32)", r"\g<1>4096\g<2>")


def gradients(emitter, folder, T, D, F):
    """The PTX and the launches of the weight gradients, and inputs for each."""
    text, table = emit(emitter, model(T, D, F), folder)
    b, rng = buffers(T, D, F), np.random.default_rng(2)
    for name in ("act", "dpre", "xn"):
        b[name] = to_bf16(rng.standard_normal(b[name].shape).astype(np.float32))
    return text, [e for e in table if "_dw" in e["kernel"]], b


def long_sums(emitter, folder, line):
    """T as in the record, and a last window that is not full."""
    shape = {"T": 16384 + 384, "D": 128, "F": 128}
    text, (entry, _), b = gradients(emitter, folder, **shape)  # D = F: both are one kernel
    copy = {n: a.copy() for n, a in b.items()}
    share, error = check(parse(text), entry, copy, blocks=2)
    line(share <= 1, f"{entry['kernel']} {shape}: error {error:.1e}")
    broken = parse(fault(text, entry["kernel"], *ONE_WINDOW))
    share, error = check(broken, entry, b, blocks=2)
    line(1 < share < 10, f"planted: a sum over T in one window: error {error:.1e}")


def ragged_tiles(emitter, folder, line):
    """F as in the record, and a D whose last tile reaches beyond it: the first row of
    tiles' first and last, and nothing else."""
    shape = {"T": 128, "D": 896, "F": 3072}
    text, table, b = gradients(emitter, folder, **shape)
    line(assemble(text, folder), f"ptxas at {shape}")
    ragged = False
    for entry in table:
        (name, expected), = reference(entry["kernel"], b).items()
        before, m, n = b[name].copy(), *b[name].shape
        size = parse(text)[entry["kernel"]].cluster  # tiles of a cluster lie one below the other
        down = 128 * size
        across = entry["blocks"] // (m // 128)
        wide = int(re.search(rf"{entry['kernel']}\(.*?m64n(\d+)k16", text, re.S)[1])
        only = [size * tile + rank for tile in (0, across - 1) for rank in range(size)]
        launch(parse(text), entry, b, only=only, together=2)
        last = (across - 1) * wide
        ragged |= n % wide != 0
        written = np.r_[0:wide, last:n]
        stored, r = b[name][:down, written], expected[:down, written]
        error = np.linalg.norm(stored - r) / np.linalg.norm(r)
        b[name][:down, written] = before[:down, written]
        line(
            error <= 1e-5 and np.array_equal(b[name], before),
            f"{entry['kernel']} {shape}: tiles of {wide} columns, the last of {n - last}: "
            f"error {error:.1e}",
        )
    line(ragged, "a last tile reaches beyond its matrix")


def ptxas():
    for folder in [None, os.environ.get("CUDA_HOME"), "/usr/local/cuda"]:
        found = shutil.which("ptxas", path=folder and os.path.join(folder, "bin"))
        if found:
            return found
    return None


def assemble(text, folder):
    program = ptxas()
    if not program:
        print("skip: no ptxas in PATH, CUDA_HOME or /usr/local/cuda")
        return True
    source = Path(folder) / "mlp.ptx"
    source.write_text(text)
    done = subprocess.run(
        [program, "-arch=sm_90a", "-v", source, "-o", Path(folder) / "mlp.cubin"],
        capture_output=True, text=True,
    )  # fmt: skip
    log = done.stdout + done.stderr
    spills = [int(n) for n in re.findall(r"(\d+) bytes (?:stack frame|spill)", log)]
    good = done.returncode == 0 and spills and not any(spills) and "C75" not in log
    print(f"ptxas: {len(spills) // 3} kernels, no spills" if good else log)
    return good


def prepare(bin, text, folder, *passes):
    """What a GPU needs to run the kernels of `text` behind passes of gptc-opt, in a folder; false if ptxas refuses them."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if passes:
        text = subprocess.run([f"{bin}/gptc-opt", *passes], input=text, capture_output=True, text=True, check=True).stdout
    text, _ = emit(f"{bin}/gptc-nvptx-emit", text, folder)
    return assemble(text, folder)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("emit")
    arguments.add_argument("--oracle")
    arguments.add_argument("--keep", help="a folder for the PTX and the launch table")
    options = arguments.parse_args()
    folder = options.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    ok = True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    # The second shape has tiles of 192 and of 128 columns, and odd counts.
    for shape in (SHAPE, {"T": 128, "D": 384, "F": 640}):
        text, table = emit(options.emit, model(**shape), folder)
        line(assemble(text, folder), f"ptxas at {shape}")
        kernels, b = parse(text), buffers(**shape)
        stored = []
        for i, entry in enumerate(table):
            before, start = {n: a.copy() for n, a in b.items()}, time.time()
            share, error = check(kernels, entry, b)
            save(Path(folder) / str(i), before)
            stored.append({n: b[n].copy() for n in reference(entry["kernel"], before)})
            again = {n: a.copy() for n, a in before.items()}
            launch(kernels, entry, again, blocks=1, seed=99)
            same = all(np.array_equal(b[n].view(np.uint8), again[n].view(np.uint8)) for n in b)
            line(
                share <= 1 and same,
                f"{entry['kernel']} {shape}: error {error:.1e}, other schedule "
                f"{'same' if same else 'OTHER'} bits, {time.time() - start:.1f} s",
            )
        if options.oracle:
            subprocess.run([options.oracle, Path(folder) / "mlp.mlir", folder], check=True)
            for i, entry in enumerate(table):
                cpu = {
                    n: np.fromfile(Path(folder) / str(i) / f"{n}.cpu", np.float32)
                    .reshape(a.shape).astype(np.float64)
                    for n, a in stored[i].items()
                }  # fmt: skip
                share, error = worst(stored[i], cpu)
                line(share <= 1, f"{entry['kernel']}: {error:.1e} from the CPU target")
        for what, name, pattern, replacement in FAULTS if shape is SHAPE else FAULTS_OF_TURNS:
            entry = next(e for e in table if e["kernel"].startswith(name))
            broken = parse(fault(text, entry["kernel"], pattern, replacement))
            seen = None
            for seed in range(3):
                copy = {n: a.copy() for n, a in b.items()}
                try:
                    share, error = check(broken, entry, copy, 1, seed)
                    seen = None if share <= 1 else f"error {error:.1e}"
                except (PtxError, KeyError) as stop:
                    seen = str(stop)[:60]
                if seen:
                    break
            line(seen, f"planted: {what}: {seen or 'NOT SEEN'}")
    long_sums(options.emit, folder, line)
    ragged_tiles(options.emit, folder, line)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
