"""What run.py needs: `prepare.py GPTC MODEL DIR`; see prepare.sh."""

import io
import json
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "numerics")]

from inputs import write_shard  # noqa: E402

MICRO_BATCHES, TOKENS, STEPS = 2, 16384, 4
DOCUMENT = 50256
# Of the passes that may be left out this one alone has nothing to do where one rank trains.
ELSEWHERE = {"place-collectives"}
# One dictionary for all: what the executables have in common is packed once.
PACKING = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 256 << 20}]


def constants():
    """All stages as the first: what is planned is the memory of its micro-batch."""
    sizes = {f"tokens_stage{i}": MICRO_BATCHES * TOKENS for i in (1, 2, 3)}
    sizes |= {"micro_batches": MICRO_BATCHES, "val_slice": TOKENS, "val_tokens": TOKENS}
    return [f for n, v in sizes.items() for f in ("--set", f"{n}={v}")]


def optional_passes(gptc):
    lines = subprocess.run([gptc, "passes"], capture_output=True, text=True, check=True).stdout.splitlines()
    names = [f[1] for f in (line.split() for line in lines) if len(f) > 3 and f[2] == "yes"]
    return [n for n in dict.fromkeys(names) if n not in ELSEWHERE]


def shard(path):
    """Documents of about the lengths of web pages, of tokens at random, the small ones often."""
    rng = np.random.default_rng(1)
    row = np.minimum(rng.integers(0, DOCUMENT, 200_000), rng.integers(0, 4000, 200_000))
    lengths = np.minimum(rng.lognormal(6, 1, row.size), 2048).astype(int) + 1
    starts = np.append(0, np.cumsum(lengths))
    row[starts[starts < row.size]] = DOCUMENT
    write_shard(path, row)


def main():
    gptc, model, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    passes = optional_passes(gptc)
    variants = {"as it is": []} | {n: [n] for n in passes} | {"all of these": passes}
    shard(folder / "train_000001.bin")
    names = {}
    with tempfile.TemporaryDirectory() as place, lzma.open(
        folder / "programs.tar.xz", "wb", filters=PACKING
    ) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for i, (name, without) in enumerate(variants.items()):
            exe = Path(place) / f"program{i}"
            off = [f"--disable-pass={','.join(without)}"] if without else []
            run = subprocess.run(
                [gptc, "compile", model, "--target=sm_90a", *constants(), *off, "-o", exe], capture_output=True, text=True
            )  # fmt: skip
            if run.returncode:  # a pass without which there is no program is worth a line
                names[name] = {"error": run.stderr.strip().splitlines()[0]}
                print(f"{name}: {run.stderr.strip()}", flush=True)
                continue
            names[name] = {"program": exe.name}
            tar.add(exe, exe.name)
            exe.unlink()
            print(f"without {name}" if i else name, flush=True)
        text = json.dumps(names, indent=1).encode()
        info = tarfile.TarInfo("variants.json")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))


if __name__ == "__main__":
    main()
