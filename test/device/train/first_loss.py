"""The record's loss at step 0, by hand: `first_loss.py [COUNT]`, for the first micro-batches.

With the given weights every block adds nothing at step 0, so the loss is a formula of `lm_head`: rows of it, normed, times all of
it, with FP8's roundings. Printed are the script's sum over the tokens, and what it exceeds the formula by: evaluated in f32; with
the soft cap's σ rounded to bf16; and with each term, a logsumexp less a logit, rounded to bf16 as well. So PyTorch's compiler does it:
σ, and the terms of several targets, are what its kernels hand to each other in memory. Needs the folder of expected values beside the repository (GPTC_SHARED names another); about half a
minute a micro-batch.
"""

import json
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np

SHARED = Path(os.environ.get("GPTC_SHARED", Path(__file__).resolve().parents[4] / "shared"))
T, D, V, LONGEST, WEIGHTS = 16384, 768, 50304, 2048, (1, 0.5, 0.25)
X_SCALE, W_SCALE = np.float32(100 / 448), np.float32(1.6 / 448)


def to(kind, x):
    return x.astype(kind).astype(np.float32)


def bf16(x):
    return to(ml_dtypes.bfloat16, x)


def table():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights"
        subprocess.run([sys.executable, SHARED / "golden/make_weights.py", path], check=True)
        with open(path, "rb") as file:
            size = int(np.frombuffer(file.read(8), "<u8")[0])
            begin, end = json.loads(file.read(size))["lm_head"]["data_offsets"]
            file.seek(8 + size + begin)
            return np.frombuffer(file.read(end - begin), ml_dtypes.bfloat16).reshape(V, D).astype(np.float32)


def rows(tokens, first):
    """The T + 1 tokens of a micro-batch whose first document begins at `first`."""
    starts = np.append(np.flatnonzero(tokens == 50256), len(tokens))
    found, i = np.empty(0, tokens.dtype), np.searchsorted(starts, first)
    while len(found) <= T:
        begin, end = starts[i], min(starts[i + 1], starts[i] + LONGEST)
        found, i = np.append(found, tokens[begin:end]), i + 1
    return found[: T + 1].astype(np.int64)


def main():
    if not SHARED.is_dir():
        sys.exit("skip: no folder of expected values beside the repository (GPTC_SHARED names another)")
    weights = table()
    codes = to(ml_dtypes.float8_e4m3fn, weights / W_SCALE)
    shard = lzma.open(SHARED / "data/train_000001.bin.xz").read(1024 + 2 * 1_200_000)
    tokens = np.frombuffer(shard[1024:], "<u2")
    batches = json.loads((SHARED / "golden/batches.json").read_text())["steps"]["0"]
    sums = json.loads((SHARED / "golden/losses.json").read_text())["record"]["runs"][0][0]
    for batch, script in list(zip(batches, sums, strict=True))[: int(sys.argv[1]) if sys.argv[1:] else 8]:
        row, total = rows(tokens, batch["first_token_index"]), np.zeros(3)
        for at in range(0, T, 2048):
            x = weights[row[at : at + 2048]]
            x = bf16(x / np.sqrt((x * x).mean(1, keepdims=True)))
            z = bf16(to(ml_dtypes.float8_e4m3fn, x / X_SCALE) @ codes.T * (X_SCALE * W_SCALE))
            sigma = 1 / (1 + np.exp(-(z + 5) / 7.5))
            for i, logits in enumerate((23 * sigma, 23 * bf16(sigma), 23 * bf16(sigma))):
                most = logits.max(1)
                lse = np.log(np.exp(logits - most[:, None]).sum(1)) + most
                for k, weight in enumerate(WEIGHTS):
                    n = min(2048, T - k - at)
                    terms = lse[:n] - logits[np.arange(n), row[at + 1 + k : at + 1 + k + n]]
                    total[i] += weight * (bf16(terms) if i == 2 else terms).sum(dtype=np.float64)
        over = script - total
        print(f"{script:.1f}: {over[0]:7.1f} in f32, {over[1]:7.1f} with σ in bf16, {over[2]:6.1f} with terms in bf16 too",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
