"""Training on a GPU: `run.py DIR [NAME...]`.

mlp, tiny: losses near the CPU executable's, and two runs that write the same bits. record, and any name that begins so: the 62 steps
(54 + 8) of the record from given weights on a given shard, its losses against those of the record's own
script: nearer to its own mean curve than to another model's in the first stage, and in the mean absolute
difference over each stage within what the script's runs differ by.
"""

import json
import lzma
import statistics
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
# Of the losses of bf16 storage from those of f32, and of the record from the script's, by stage.
NEAR, STAGES = 2e-2, (0.003, 0.018, 0.013)
ok = True


def line(good, text):
    global ok
    ok &= bool(good)
    print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)


def train(name, *flags, limit=540):
    """The log's steps and validations, and how the run ended."""
    log = FOLDER / f"{name}.log"
    begin = time.monotonic()
    run = subprocess.run(
        [FOLDER / name, "train", "--log", log, *flags], capture_output=True, text=True, timeout=limit
    )
    if run.returncode:
        line(False, f"{name}: {run.stderr.strip()}")
        return []
    print(f"     {name}: {time.monotonic() - begin:.1f} s in all")
    return [json.loads(x) for x in log.read_text().splitlines()[1:]]


def twice(name, flags, first):
    """A second run has the losses and the bits of the first."""
    again = train(name, *flags, "--save", FOLDER / "second")
    same = (FOLDER / "first").read_bytes() == (FOLDER / "second").read_bytes()
    losses = [[x.get("loss", x.get("val_loss")) for x in log] for log in (first, again)]
    line(same and losses[0] == losses[1], f"{name}: two runs, {'the same' if same else 'OTHER'} bits")


def small(name):
    flags = ["--data", FOLDER / "train_*.bin", "--val", FOLDER / "val_*.bin", "--epochs", "999"]
    want = [json.loads(x) for x in (FOLDER / f"{name}.jsonl").read_text().splitlines()[1:]]
    got = train(name, *flags, "--save", FOLDER / "first")
    if not got:
        return
    for key in ("loss", "val_loss"):
        pairs = [(a[key], b[key]) for a, b in zip(got, want, strict=True) if key in b]
        worst = max(abs(a - b) / b for a, b in pairs)
        line(worst <= NEAR, f"{name}: {len(pairs)} values of {key}, worst {worst:.1e} from the CPU's")
    twice(name, flags, got)


def record(name):
    golden = json.loads((FOLDER / "losses.json").read_text())
    shard, weights = FOLDER / "shard.bin", FOLDER / "weights.safetensors"
    if not weights.exists():
        shard.write_bytes(lzma.decompress((FOLDER / "train_000001.bin.xz").read_bytes()))
        subprocess.run([sys.executable, FOLDER / "make_weights.py", weights], check=True)
    flags = ["--data", shard, "--params", weights]
    got = train(name, *flags, "--save", FOLDER / "first")
    if not got:
        return
    if name == "record":
        twice("record", flags, got)
    losses = [x["loss"] for x in got if "loss" in x]
    tokens = golden["record"]["T"]

    def curve(model):
        """The mean of a model's runs, a token, by step."""
        runs = golden[model]["runs"]
        steps = zip(*runs)
        return [statistics.mean(s for run in step for s in run) / t for step, t in zip(steps, golden[model]["T"])]

    curves = {model: curve(model) for model in ("record", "baseline", "paired")}
    for stage, bound in enumerate(STAGES):
        steps = [i for i, t in enumerate(tokens) if t == 16384 * (stage + 1)]
        off = {m: statistics.mean(abs(losses[i] - c[i]) for i in steps) for m, c in curves.items()}
        nearest = min(off, key=off.get)
        good = off["record"] <= bound and (stage or nearest == "record")
        line(good, f"{name}, stage {stage + 1}: mean |difference| {off['record']:.4f} of {bound}; "
             + ", ".join(f"{m} {x:.4f}" for m, x in off.items() if m != "record"))  # fmt: skip
        ends = [x["train_time_ms"] for x in got if "loss" in x]
        times = [ends[i] - ends[i - 1] for i in steps if i]
        print(f"     stage {stage + 1}: {statistics.median(times):.1f} ms a step (median of {len(times)})")
    print("     losses: " + " ".join(f"{x:.4f}" for x in losses))
    off = [loss - x for loss, x in zip(losses, curves["record"])]
    print("     from the script's mean, the first steps: " + " ".join(f"{x:+.5f}" for x in off[:18]))


def main():
    device = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
                            capture_output=True, text=True)  # fmt: skip
    print(device.stdout.strip())
    for name in sys.argv[2:] or ["mlp", "tiny", "record"]:
        if not (FOLDER / name).exists():
            print(f"skip: {name} was not prepared")
        elif name.startswith("record"):
            record(name)
        else:
            small(name)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
