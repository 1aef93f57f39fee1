#!/usr/bin/env python3
"""Models whose kernels take a turn of their own on Hopper: `models.py GPTC`.

Each is compiled for the CPU and to PTX; the loss and every gradient of one micro-batch, interpreted, are held to those of the
executable, the update to NumPy. That the turn is taken stands in the compiler's output, so that a model which no longer takes it is a failure too.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from host import Host, read_table, read_tensors, write_tensors
from interpreter import launch
from ptx import parse

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "random"))

from kernels import as_bf16, gradients  # noqa: E402

T = 64
MODEL = """gpt.model @{name} {{
  gpt.let T, V = {V}, D = 64
  %tokens  = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %embed   = gpt.param [V, D] init normal(1) by %sgd
  %head    = gpt.param [V, D] init normal(0.2) by %sgd
{parameters}
  %sgd = gpt.optimizer(%p, %g) states(%m) {{
    %m0 = gpt.scale %m by 0.9
    %m1 = gpt.scale %g by 0.1
    %mn = gpt.add %m0, %m1
    %u = gpt.scale %mn by 0.5
    %q = gpt.sub %p, %u
    gpt.return %q, %mn
  }}
  gpt.graph @train {{
    %x = gpt.embed %embed[%tokens]
{body}
    %loss = gpt.cross_entropy %z, %targets
    gpt.return %loss
  }}
  gpt.recipe (steps = 1, micro_batches = 1, T = {T}, document_token = 0, max_document = {T})
}}
"""
# An op of the language to the grids of FP8 behind a product, forward and backward: roundings in the epilogues of contractions.
ROUNDED = dict(
    name="rounded",
    V=64,
    parameters="  %w = gpt.param [D, D] init normal(0.2) by %sgd",
    body="""    %h0 = gpt.linear %x, %w
    %h  = gpt.round_gradient %h0 to "e5m2" (scale = 1/64)
    %z0 = gpt.linear %h, %head
    %z  = gpt.round %z0 to "e4m3" (scale = 1/8)""",
)
# A parameter of one long row: each team of a block keeps what the update reads of it before it writes, so fewer teams share one.
ROW = dict(
    name="row",
    V=64,
    parameters="  %gain = gpt.param [1, 4*512] f32 init 1 by %sgd",
    body="""    %g = gpt.slice %gain at 0 size D
    %y = gpt.mul %g, %x
    %z = gpt.linear %y, %head""",
)
# A vocabulary whose logits are capped: their exponentials, whose exponent is a tanh, are stored in their place, and the loss takes
# logarithms of them.
CAPPED = dict(
    name="capped",
    V=4096,
    options=("--target=sm_90a",),
    parameters="",
    body="""    %p = gpt.linear %x, %head
    %exact = gpt.cast %p to f32
    %z = gpt.softcap %exact (scale = 23, shift = 5, width = 7.5)""",
)


def exponentials_stored(kernels, _table):
    logarithms, tangents = (re.findall(rf"math\.{name} .* fastmath<afn>.*", kernels) for name in ("log", "tanh"))
    return logarithms and tangents, f"logarithms of what is stored: {len(logarithms)}, hyperbolic tangents: {len(tangents)}"


def roundings_in_epilogues(kernels, _table):
    contractions = re.findall(r"kern\.contract .*?\n    }", kernels, re.S)
    grids = {grid for text in contractions for grid in re.findall(r'kern\.round .* to "(\w+)"', text)}
    return grids == {"e4m3", "e5m2"}, f"roundings in epilogues: {', '.join(sorted(grids)) or 'none'}"


def fewer_teams(_kernels, table):
    kept = [e for e in table["launches"] if e["part"].startswith("update") and e["sharedBytes"] > 100000]
    return kept and all(e["threads"] < 512 for e in kept), f"threads of the update: {[e['threads'] for e in kept]}"


def update_error(ptx, table, parameters):
    """The worst error of the update against NumPy in float64, on the gradients that stand there."""
    kernels, table = parse(ptx.read_text()), read_table(table)
    host = Host(table, lambda entry, arena, numbers: launch(kernels, entry, arena, 2, 0, numbers=numbers, together=2048))
    rng, expected, squares = np.random.default_rng(1), {}, 0
    for name, x in parameters.items():
        x = x.reshape(host.buffers[name]["shape"])
        g, m = (rng.standard_normal(x.shape).astype(np.float32) for _ in range(2))
        for buffer, value in ((name, x), (f"{name}_gradient", g), (f"{name}_m", m)):
            host.write(buffer, value)
        m = 0.9 * m.astype(np.float64) + 0.1 * g
        expected |= {name: x - 0.5 * m, f"{name}_m": m, f"{name}_gradient": 0 * m}
        squares += np.sum(g.astype(np.float64) ** 2)
    host.run("update", 0)
    expected["gradient_norm"] = np.sqrt(squares)
    errors = {}
    for name, wanted in expected.items():
        exact = host.buffers[name]["element"] != "bf16"
        off = np.linalg.norm(host.value(name).reshape(np.shape(wanted)) - wanted) / max(np.linalg.norm(wanted), 1e-30)
        errors[name] = off / (1e-6 if exact else 4e-3)
    return max(errors.values())


CASES = (ROUNDED, roundings_in_epilogues, 2e-2), (ROW, fewer_teams, 1e-2), (CAPPED, exponentials_stored, 1e-2)


def main():
    gptc, folder = sys.argv[1], Path(tempfile.mkdtemp())
    ok = True
    for model, takes_its_turn, bound in CASES:
        start = time.time()
        path, program, ptx, table = (folder / f"{model['name']}.{end}" for end in ("mlir", "exe", "ptx", "json"))
        path.write_text(MODEL.format(T=T, **model))
        compile = lambda *more: subprocess.run([gptc, "compile", path, *more], check=True, capture_output=True, text=True).stdout
        compile("-o", program)
        compile("--target=sm_90a", "--emit=ptx", "-o", ptx, "--launches", table)
        good, said = takes_its_turn(compile(*model.get("options", ()), "--emit=kernels", "-o", "-"), read_table(table))

        subprocess.run([program, "init", "--out", folder / "initial"], check=True)
        parameters = {name: as_bf16(x) for name, x in read_tensors(folder / "initial").items()}
        rng = np.random.default_rng(0)
        tokens, targets = rng.integers(0, model["V"], (2, T)).astype(np.int32)
        batch = {"tokens": tokens, "targets": targets, "cu_seqlens": np.array([0, T], np.int32)}
        write_tensors(folder / "parameters", parameters)
        write_tensors(folder / "batch", batch)
        where = ["--params", folder / "parameters", "--batch", folder / "batch", "--step", "0", "--out", folder / "gradients"]
        subprocess.run([program, "gradients", *where], check=True)
        wanted = read_tensors(folder / "gradients")
        found = gradients(ptx, table, parameters, batch, 0)
        errors = {n: float(np.linalg.norm(found[n] - x) / np.linalg.norm(x)) for n, x in wanted.items()}
        worst = max(errors, key=errors.get)
        updated = update_error(ptx, table, parameters)
        good = good and errors[worst] <= bound and len(errors) == len(parameters) + 1 and updated <= 1
        ok &= bool(good)
        print("ok  " if good else "FAIL", f"{model['name']}: {said}; worst {worst} {errors[worst]:.1e}; update {updated:.2f} of its bound, {time.time() - start:.1f} s", flush=True)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
