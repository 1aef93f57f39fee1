"""A micro-batch's gradients by the interpreter, from and to the files that `EXE gradients` reads and writes."""

import argparse
import subprocess
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from . import load, printed


def main():
    parser = argparse.ArgumentParser(prog="python -m interpret", description=__doc__)
    parser.add_argument("model", help="a model file")
    parser.add_argument("--gptc", default=Path(__file__).resolve().parents[2] / "build/bin/gptc", help="the compiler")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a constant's value")
    parser.add_argument("--params", required=True)
    parser.add_argument("--batch", required=True)
    parser.add_argument("--step", type=int, required=True)
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    try:
        text = printed(given.gptc, given.model)
    except subprocess.CalledProcessError as problem:
        parser.exit(1, problem.stderr)
    model, batch = load(text, dict(s.split("=", 1) for s in given.set)), load_file(given.batch)
    batch = tuple(batch[name] for name in ("tokens", "targets", "cu_seqlens"))
    loss, gradients = model.loss_and_gradients(load_file(given.params), batch, given.step)
    save_file({"loss": np.float64(loss), **{n: g.astype(np.float32, order="C") for n, g in gradients.items()}}, given.out)


if __name__ == "__main__":
    main()
