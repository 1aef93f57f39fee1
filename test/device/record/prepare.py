"""What run.py needs: `prepare.py GPTC MODEL DIR`; see prepare.sh."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "nvptx")]

from host import read_table, read_tensors, write_tensors  # noqa: E402
from inputs import MICRO_BATCHES, STEP, batch, sample, weights  # noqa: E402
from mlp import ptxas  # noqa: E402


def constants(tokens, fp8):
    """Flags for a micro-batch of so many tokens; validation and sampling are not run."""
    sizes = {"tokens_stage1": tokens * MICRO_BATCHES, "val_slice": 2048, "val_tokens": 2048}
    return [f for n, v in (sizes | {"fp8": fp8}).items() for f in ("--set", f"{n}={v}")]


def main():
    gptc, model, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, tokens, fp8 in (("check", 2048, "false"), ("time", 16384, "true")):
        ptx, table = folder / f"{name}.ptx", folder / f"{name}.json"
        kernels = ["--target=sm_90a", "--emit=ptx", "-o", ptx, "--launches", table]
        subprocess.run([gptc, "compile", model, *constants(tokens, fp8), *kernels], check=True)
        if assembler := ptxas():
            cubin = ["-o", folder / f"{name}.cubin"]
            subprocess.run([assembler, "-arch=sm_90a", ptx, *cubin], check=True)
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        exe = place / "exe"
        subprocess.run([gptc, "compile", model, *constants(2048, "false"), "-o", exe], check=True)
        table = read_table(folder / "check.json")
        write_tensors(place / "params", dict(weights(table)))
        vocabulary = max(b["shape"][0] for b in table["buffers"] if b["kind"] == "parameter")
        tokens, targets, starts = batch(2048, vocabulary)
        write_tensors(
            place / "batch", {"tokens": tokens, "targets": targets, "cu_seqlens": starts}
        )
        files = ["--params", place / "params", "--batch", place / "batch", "--out", place / "out"]
        subprocess.run([exe, "gradients", *files, "--step", str(STEP)], check=True)
        expected = {n: sample(x) for n, x in read_tensors(place / "out").items()}
    np.savez_compressed(folder / "expected.npz", **expected)


if __name__ == "__main__":
    main()
