"""The record's validation loss beside PyTorch's: `validation.py DIR`.

For initial weights at step 0 and for trained ones behind the last of 62 steps, as the run of run.py has left them: the mean
cross-entropy over the first tokens of a validation shard, slices of 262144 tokens, by the executable and by model.py in bf16 with
FlashAttention 2. Right: no farther than 1e-3 from each other.
"""

import json
import lzma
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import model as m
from run import FOLDER, SCHEDULED, STEPS_OF_RUN, file_of, flash, make_weights, tokens_of

SLICE, SLICES, NEAR = 262144, 3, 1e-3


def executable(*flags):
    """The last validation loss of a run."""
    log = FOLDER / "validation.log"
    log.unlink(missing_ok=True)
    subprocess.run([FOLDER / "record", "train", "--data", FOLDER / "shard.bin", "--val", FOLDER / "val.bin", "--log", log, *flags],
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    return [json.loads(x) for x in log.read_text().splitlines() if "val_loss" in x][-1]["val_loss"]


@torch.no_grad()
def pytorch(file, step, last):
    n = m.numbers(step, SCHEDULED, SLICE, "cuda", last)
    p = {k: w.to(torch.bfloat16 if w.ndim > 1 else torch.float32) for k, w in load_file(file, device="cuda").items()}
    program, tokens, total = m.Program(None, flash, m.MODELS["record"]), tokens_of(FOLDER / "val.bin"), 0
    for i in range(SLICES):
        own = tokens[i * SLICE : (i + 1) * SLICE + 1]
        starts = np.union1d([0], np.flatnonzero(own[:SLICE] == 50256))
        ends = torch.tensor(np.append(starts, SLICE).astype(np.int32)).cuda()
        row = torch.tensor(own).cuda()
        total += program.validation(p, row[:-1], row[1:], (ends, int(ends.diff().max())), n)
    return total / (SLICE * SLICES)


def main():
    for name in ("train_000001", "val_000000"):
        target = FOLDER / ("shard.bin" if name.startswith("train") else "val.bin")
        target.write_bytes(lzma.decompress((FOLDER / f"{name}.bin.xz").read_bytes()))
    make_weights("trained", 1)
    trained = file_of("trained", 0)
    first = FOLDER / "record-weights.safetensors"
    cases = [
        ("initial weights, step 0", first, 0, False, ["--params", first, "--steps", "0"]),
        ("trained weights, behind the last step", trained, STEPS_OF_RUN, True, ["--resume", trained.parent, "--steps", str(STEPS_OF_RUN)]),
    ]
    ok = True
    for what, file, step, last, flags in cases:
        own, other = executable(*flags), pytorch(file, step, last)
        good = abs(own - other) <= NEAR
        ok &= good
        print(f"{'ok  ' if good else 'FAIL'} {what}: validation loss {own:.5f}, PyTorch {other:.5f}, {own - other:+.1e}", flush=True)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
