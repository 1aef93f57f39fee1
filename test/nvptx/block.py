#!/usr/bin/env python3
"""The smallest model from its file to PTX, proved without a GPU.

`block.py GPTC MODEL` compiles models/mlp.mlir for the CPU and for sm_90a at sizes that tiles divide
and at sizes that they do not, there with the logits in slices of their rows. Every part runs, interpreted, from the launch table over one arena of
NaN: `init` against `EXE init`, a step's gradients and loss against `EXE gradients`, `validate`
against the CPU's validation, `sample` against NumPy, and the update, on the CPU's gradients,
against NumPy in float64; at the first sizes two whole steps of training, one behind the other, against the CPU's. At the second sizes
gradients are summed in bf16. Parameters are bf16 values on both sides; bounds are at BOUNDS. Another
schedule of the warps must give the same bits, and planted faults must not pass.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from host import Host, read_table, read_tensors, write_shard, write_tensors
from interpreter import launch
from mlp import fault
from ptx import PtxError, from_bf16, parse, to_bf16

SIZES = [
    {"tokens": 128, "D": 64, "V": 128, "F": 128},
    {"tokens": 150, "D": 72, "V": 100, "F": 136},
]
# Of a tensor's norm, or relative. Gradients pass through about ten activations stored as bf16, each
# of which rounds by up to 2^-9 of a value, 2^-9 / √3 of a norm: 1.1e-3 √10 = 3.6e-3, measured are
# at most 4.6e-3. The loss is a mean over tokens (7e-5 measured), probabilities (4.2e-3) see the
# forward's half of the roundings with the exponential's gain. Adam's f32 is off by 1e-7 at most.
BOUNDS = {"gradient": 5.5e-3, "loss": 3e-4, "state": 1e-6, "norm": 1e-6, "probabilities": 5.5e-3}
# All blocks of a launch at once.
TOGETHER = {"blocks": None, "together": 2048}
STEP = 5  # whose update is Adam's: it runs every second step


def in_bf16(model, folder):
    """The model file, with gradients that are summed in bf16."""
    for file in Path(model).parent.glob("*.mlir"):
        text = file.read_text()
        if file.name == Path(model).name:
            text = text.replace("gpt.recipe (", "gpt.recipe (bf16_gradients = 1, ")
        (folder / file.name).write_text(text)
    return folder / Path(model).name


def compiled(gptc, model, sizes, folder, slices):
    """The executable, the PTX and the launch table at these sizes; for the GPU buffers of more than `slices` bytes in slices of rows."""
    T = sizes["tokens"]
    constants = sizes | {
        "val_slice": T, "val_tokens": T, "sample_tokens": T, "max_document_tokens": T, "steps": 10,
    }  # fmt: skip
    flags = [f for n, v in constants.items() for f in ("--set", f"{n}={v}")]
    exe, ptx, table = (folder / n for n in ("block", "block.ptx", "block.json"))
    subprocess.run([gptc, "compile", model, *flags, "-o", exe], check=True)
    kernels = ["--target=sm_90a", "--emit=ptx", "-o", ptx, "--launches", table]
    if slices:
        whole, sliced = folder / "whole.mlir", folder / "sliced.mlir"
        subprocess.run([gptc, "compile", model, *flags, "--target=sm_90a", "--emit=kernels", "-o", whole], check=True)
        opt = Path(gptc).with_name("gptc-opt")
        subprocess.run([opt, f"--slice-rows=limit={slices}", whole, "-o", sliced], check=True)
        model, flags = sliced, ["--compile-from=kernels"]
    subprocess.run([gptc, "compile", model, *flags, *kernels], check=True)
    return exe, ptx.read_text(), read_table(table)


def parameters(D, V, F, seed=1):
    """bf16 values that leave no gradient zero."""
    rng = np.random.default_rng(seed)
    shapes = {"embed": (V, D, 1), "c_fc": (F, D, D**-0.5), "c_proj": (F, D, F**-0.5)}
    shapes["head"] = (V, D, D**-0.5)
    return {
        n: from_bf16(to_bf16(scale * rng.standard_normal((a, b)).astype(np.float32)))
        for n, (a, b, scale) in shapes.items()
    }


def batch(T, V, seed=2):
    """Tokens of which some are often and some never there, and those that follow."""
    rng = np.random.default_rng(seed)
    row = np.minimum(rng.integers(0, V, T + 1), rng.integers(0, V, T + 1)).astype(np.int32)
    row[0] = 0
    return row[:-1].copy(), row[1:].copy()


def cpu_gradients(exe, folder, weights, tokens, targets, step):
    write_tensors(folder / "params", weights)
    starts = np.array([0, len(tokens)], np.int32)
    write_tensors(folder / "batch", {"tokens": tokens, "targets": targets, "cu_seqlens": starts})
    files = ["--params", folder / "params", "--batch", folder / "batch", "--out", folder / "out"]
    subprocess.run([exe, "gradients", *files, "--step", str(step)], check=True)
    return read_tensors(folder / "out")


def cpu_validation(exe, folder, tokens, targets):
    """The validation loss before the first step, on `params` as they lie in the folder."""
    stream = np.append(tokens, targets[-1])
    write_shard(folder / "data.bin", np.tile(stream, 4))
    write_shard(folder / "val.bin", stream)
    files = ["--data", folder / "data.bin", "--val", folder / "val.bin"]
    more = ["--params", folder / "params", "--log", folder / "log", "--steps", "0"]
    subprocess.run([exe, "train", *files, *more], check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    return next(line["val_loss"] for line in lines if "val_loss" in line)


def probabilities(p, tokens):
    """The model in NumPy."""
    p = {n: x.astype(np.float64) for n, x in p.items()}
    norm = lambda x: x / np.sqrt((x**2).mean(1, keepdims=True) + 1.1920929e-07)
    x = p["embed"][tokens]
    y = x + np.maximum(norm(x) @ p["c_fc"].T, 0) ** 2 @ p["c_proj"]
    z = norm(y) @ p["head"].T
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def adam(p, g, m, v, step, steps):
    """models/optimizers.mlir's rule for models/mlp.mlir, in float64."""
    p, g, m, v = (x.astype(np.float64) for x in (p, g, m, v))
    m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
    rate, count = 0.008 * (1 - step / steps), (step + 1) // 2
    u = m / (np.sqrt(v) + 1e-10) * rate * np.sqrt(1 - 0.99**count) / (1 - 0.9**count)
    return p - u - (u * p > 0) * p * rate * rate * 0.005, m, v


def distance(x, r):
    x, r = np.asarray(x, np.float64), np.asarray(r, np.float64)
    error = np.linalg.norm(x - r) / max(np.linalg.norm(r), 1e-30)
    return error if np.isfinite(error) else np.inf


def interpreter(kernels, seed=0, blocks=2, together=1):
    """What runs an entry of the table by interpreting it."""
    return lambda entry, arena, numbers: launch(
        kernels, entry, arena, blocks, seed, numbers=numbers, together=together
    )


def gradients(host, weights, tokens, targets, step):
    """A step without its update, as `EXE gradients` runs it; the loss."""
    for name, x in weights.items():
        host.write(name, x)
    for name in host.named("gradient"):
        host[name][...] = 0
    host.run("prologue", step)
    host.run("micro", step, tokens, targets)
    loss = float(host["loss"])
    host.run("epilogue", step)
    return loss


def errors(host, loss, expected):
    """Shares of their bounds, by name."""
    shares = {"loss": abs(loss / expected["loss"] - 1) / BOUNDS["loss"]}
    for b in host.table["buffers"]:
        if b["kind"] == "gradient":
            error = distance(host.value(b["name"]), expected[b["of"]])
            shares[b["of"]] = error / BOUNDS["gradient"]
    return {n: s if np.isfinite(s) else np.inf for n, s in shares.items()}


def check_init(exe, folder, host, line):
    subprocess.run([exe, "init", "--out", folder / "init", "--seed", "7"], check=True)
    host.seed = 7
    host.run("init", 0)
    for name, r in read_tensors(folder / "init").items():
        if name in host.buffers:
            last = np.abs(host[name].astype(np.int64) - to_bf16(r).astype(np.int64))
            line(last.max() <= 1, f"init: {name}: {(last > 0).sum()} of {last.size} one bf16 off")
    zero = all((host[n] == 0).all() for k in ("gradient", "optimizer") for n in host.named(k))
    line(zero, "init: gradients and states are zero")


def check_update(host, weights, expected, line):
    """Adam on the CPU's gradients, from states that are not zero."""
    rng = np.random.default_rng(5)
    before, expected = {}, dict(expected)
    for b in host.table["buffers"]:
        name, of = b["name"], b.get("of")
        if b["kind"] == "gradient":
            host.write(name, expected[of])
            expected[of] = host.value(name)  # as it is stored
        elif b["kind"] == "optimizer":
            state = 1e-3 * rng.standard_normal(b["shape"]).astype(np.float32)
            before[name] = np.abs(state) * np.float32(1e-3) if name.endswith("_v") else state
            host.write(name, before[name])
    for name, x in weights.items():
        host.write(name, x)
    host.run("update", STEP)
    norm = np.sqrt(sum((expected[n].astype(np.float64) ** 2).sum() for n in weights))
    error = abs(float(host["gradient_norm"]) / norm - 1)
    line(error <= BOUNDS["norm"], f"update: gradient_norm {error:.1e}")
    for name, p in weights.items():
        m, v = before[f"{name}_m"], before[f"{name}_v"]
        pn, mn, vn = adam(p, expected[name], m, v, STEP, host.table["steps"])
        state = max(distance(host[f"{name}_m"], mn), distance(host[f"{name}_v"], vn))
        last = np.abs(host[name].astype(np.int64) - to_bf16(pn).astype(np.int64)).max()
        moved = distance(p, pn)
        line(
            state <= BOUNDS["state"] and last <= 1 and moved > 1e-3,
            f"update: {name}: states {state:.1e}, parameters at most {last} bf16 off, "
            f"moved by {moved:.1e}",
        )
    line(all((host[n] == 0).all() for n in host.named("gradient")), "update: clears gradients")


def check_steps(exe, folder, host, weights, sizes, line):
    """Two steps of training from the table: losses and norms as `EXE train` has them, what they sum, and what Adam makes of it."""
    T = sizes["tokens"]
    documents = np.random.default_rng(3).integers(1, sizes["V"], (8, T))
    documents[:, 0] = 0  # one and the token behind it fill a micro-batch
    write_shard(folder / "steps.bin", documents.ravel())
    write_tensors(folder / "params", weights)
    files = ["--data", folder / "steps.bin", "--params", folder / "params", "--log", folder / "steps.log"]
    subprocess.run([exe, "train", *files, "--steps", "2"], check=True, stdout=subprocess.DEVNULL)
    logged = [json.loads(x) for x in (folder / "steps.log").read_text().splitlines() if '"loss"' in x]
    host.run("init", 0)
    for name, x in weights.items():
        host.write(name, x)
    sums = dict.fromkeys(weights, 0)
    for step, pairs in enumerate(documents.astype(np.int32).reshape(2, 2, 2, T)):
        losses = []
        host.run("prologue", step)
        for row, following in pairs:
            micro = row, np.append(row[1:], following[0])
            found = cpu_gradients(exe, folder, weights, *micro, step)
            sums = {name: g + found[name].astype(np.float64) for name, g in sums.items()}
            host.run("micro", step, *micro)
            losses.append(float(host["loss"]) / T)
        host.run("epilogue", step)
        own = {b["of"]: host.value(b["name"]) for b in host.table["buffers"] if b["kind"] == "gradient"}
        host.run("update", step)
        loss = abs(np.mean(losses) / logged[step]["loss"] - 1)
        norm = abs(float(host["gradient_norm"]) / T / logged[step]["grad_norm"] - 1)
        line(loss <= BOUNDS["loss"] and norm <= BOUNDS["gradient"], f"step {step}: loss {loss:.1e}, norm {norm:.1e} from the CPU's log")
    for name, p in weights.items():
        error = distance(own[name], sums[name])
        pn, _, _ = adam(p, own[name], 0 * p, 0 * p, 1, host.table["steps"])
        last = np.abs(host[name].astype(np.int64) - to_bf16(pn).astype(np.int64)).max()
        line(error <= BOUNDS["gradient"] and last <= 1 and distance(p, pn) > 1e-3,
             f"two steps: {name}: their sum {error:.1e} from the CPU's, parameters at most {last} bf16 from Adam's")  # fmt: skip


# At each of the sizes: what, the kernel's name begins with, pattern, replacement.
FAULTS = [
    [
        ("a lane that adds one twice", "rms_norm_mlp", ", 4, 31, -1;", ", 2, 31, -1;"),
        ("no barrier before a window's terms are summed", "cross_entropy_cross_entropy_backward",
         r"bar\.sync\s+0;", ""),
    ],
    [("rows beyond the last", "embed_rms_norm", r"ld\.param\.b32 \t(%rd\d+), \[\w+_param_0\];", r"mov.b64 \1, 160;")],
]  # fmt: skip


def check_faults(faults, text, table, weights, tokens, targets, expected, line):
    for what, name, pattern, replacement in faults:
        kernel = next(e["kernel"] for e in table["launches"] if e["kernel"].startswith(name))
        broken = parse(fault(text, kernel, pattern, replacement))
        seen = None
        for seed in range(3):
            host = Host(table, interpreter(broken, seed, **TOGETHER))
            try:
                loss = gradients(host, weights, tokens, targets, STEP)
                name, share = max(errors(host, loss, expected).items(), key=lambda s: s[1])
                seen = f"{name} is {share:.1f} of its bound" if share > 1 else None
            except (PtxError, KeyError) as stop:
                seen = str(stop)[:70]
            if seen:
                break
        line(seen, f"planted in {kernel}: {what}: {seen or 'NOT SEEN'}")


def check(gptc, model, sizes, faults, line):
    folder = Path(tempfile.mkdtemp())
    slices = None
    if sizes == SIZES[1]:
        model = in_bf16(model, folder)
        slices = 2 * (sizes["tokens"] * sizes["V"] - 1)
    exe, text, table = compiled(gptc, model, sizes, folder, slices)
    heads = [e for e in table["launches"] if e["part"] == "micro_0" and e["kernel"].startswith("linear_mlp_25")]
    line(len(heads) == (2 if slices else 1), f"micro: the head runs {len(heads)} times")
    kernels = parse(text)
    host = Host(table, interpreter(kernels, **TOGETHER))
    check_init(exe, folder, host, line)

    weights = parameters(sizes["D"], sizes["V"], sizes["F"])
    tokens, targets = batch(sizes["tokens"], sizes["V"])
    expected = cpu_gradients(exe, folder, weights, tokens, targets, STEP)
    start = time.time()
    loss = gradients(host, weights, tokens, targets, STEP)
    took = time.time() - start
    for name, share in errors(host, loss, expected).items():
        bound = BOUNDS["loss" if name == "loss" else "gradient"]
        line(share <= 1, f"micro: {name}: {share * bound:.1e} from the CPU's")
    other = Host(table, interpreter(kernels, seed=99, blocks=1))
    same = gradients(other, weights, tokens, targets, STEP) == loss
    for name in host.named("gradient"):
        same &= np.array_equal(host[name].view(np.uint8), other[name].view(np.uint8))
    line(same, f"micro: other schedule {'same' if same else 'OTHER'} bits, {took:.0f} s")

    host.run("validate", STEP, tokens, targets)
    r = cpu_validation(exe, folder, tokens, targets)
    error = abs(float(host["loss"]) / r - 1)
    line(error <= BOUNDS["loss"], f"validate: loss {error:.1e} from the CPU's")
    host.run("sample", STEP, tokens, targets)
    error = distance(host.value("probabilities"), probabilities(weights, tokens))
    line(error <= BOUNDS["probabilities"], f"sample: probabilities {error:.1e} from NumPy's")
    check_update(host, weights, expected, line)
    if not slices:
        check_steps(exe, folder, host, weights, sizes, line)
    check_faults(faults, text, table, weights, tokens, targets, expected, line)


def main():
    gptc, model = sys.argv[1:3]
    ok = True

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    for sizes, faults in zip(SIZES, FAULTS):
        print(sizes)
        check(gptc, model, sizes, faults, line)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
