"""Training on a GPU: `run.py DIR [NAME...]`.

mlp, tiny: losses near the CPU executable's, and two runs that write the same bits. record, baseline, paired, and any name that begins
so with a hyphen behind it: 62 steps (54 + 8) of the model from given weights on a given shard, its losses against those of the
record's own script: nearer to its own mean curve than to another model's in the first stage, and in the mean absolute difference
over each stage within what the script's runs differ by. Of the record a second run, which must write the same bits of every
parameter and state; beside it stands what a run takes: its start, its memory, and how long no kernel ran (takes.py).
"""

import filecmp
import json
import lzma
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import takes

FOLDER = Path(sys.argv[1])
# Of the losses of bf16 storage from those of f32, and of the record from the script's, by stage.
NEAR, STAGES = 2e-2, (0.003, 0.018, 0.013)
# Of a run of 62 steps: the steps of each stage; how long it may take to its first loss; in which share of a step the GPU may rest.
STEPS, STEPS_OF, START, IDLE = 62, (range(18), range(18, 36), range(36, 62)), 5, 0.03
MODELS = ("record", "baseline", "paired")
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


def weights_of(models):
    """Writes the shard and the models' initial weights."""
    (FOLDER / "shard.bin").write_bytes(lzma.decompress((FOLDER / "train_000001.bin.xz").read_bytes()))
    make = [sys.executable, FOLDER / "make_weights.py", "--model"]
    made = [subprocess.Popen([*make, model, FOLDER / f"{model}.safetensors"]) for model in models]
    if any(process.wait() for process in made):
        sys.exit("make_weights.py failed")


def curve(golden, model):
    """The mean of a model's runs of the script, a token, by step."""
    steps = zip(*golden[model]["runs"])
    return [statistics.mean(s for run in step for s in run) / t for step, t in zip(steps, golden[model]["T"])]


def again(name, command, log, losses):
    """A second run: losses and bits of the first; and what a run takes."""
    shutil.rmtree(FOLDER / "second", ignore_errors=True)
    library = takes.injection(FOLDER)
    seen = {"CUDA_INJECTION64_PATH": str(library), "GPTC_INTERVALS": str(FOLDER / "intervals")} if library else {}
    run = takes.Run([*command, "--checkpoint", FOLDER / "second"], log, **seen)
    if run.code:
        return line(False, f"{name}, again: {run.error}")
    line(losses == [json.loads(x)["loss"] for x in log.read_text().splitlines()[1:]], f"{name}: two runs, the same losses")
    folders = [next(iter((FOLDER / run).glob("step-*"))) for run in ("first", "second")]
    files = sorted(x.name for x in folders[0].glob("*.safetensors"))
    same = all(filecmp.cmp(*(x / file for x in folders), shallow=False) for file in files)
    size = sum((folders[0] / file).stat().st_size for file in files)
    line(same and len(files) >= 2, f"{name}: two runs, {'the same' if same else 'OTHER'} bits of parameters and states, {size:,} bytes in {', '.join(files)}")
    if not library:
        return print("skip: no compiler or no CUPTI here, which knows when kernels begin and end")
    found = takes.idle(FOLDER / name, FOLDER / "intervals", STEPS)
    for stage, steps in enumerate(STEPS_OF):
        own = [found[i] for i in steps if i < len(found)]
        share, worst = statistics.median(x[1] for x in own), max(x[1] for x in own)
        line(share < IDLE, f"{name}, stage {stage + 1}: no kernel runs {100 * share:.2f} % of a step's time (median; {100 * worst:.2f} % at most)")
        for odd in (0, 1):
            some = [found[i] for i in steps[1:] if i % 2 == odd and i < len(found)]
            split = {family: statistics.median(x[2].get(family, 0) for x in some) for family in {f for x in some for f in x[2]}}
            ordered = sorted(split.items(), key=lambda x: -x[1])
            print(f"     {'odd' if odd else 'even'}, {statistics.median(x[0] for x in some):.1f} ms: " + ", ".join(f"{f} {ms:.2f}" for f, ms in ordered))


def record(name):
    model = name.split("-")[0]
    golden = json.loads((FOLDER / "losses.json").read_text())
    log, first = FOLDER / f"{name}.log", FOLDER / "first"
    command = [FOLDER / name, "train", "--log", log, "--data", FOLDER / "shard.bin", "--params", FOLDER / f"{model}.safetensors"]
    shutil.rmtree(first, ignore_errors=True)
    run = takes.Run([*command, *(["--checkpoint", first] if name == "record" else [])], log)
    if run.code:
        return line(False, f"{name}: {run.error}")
    got = [json.loads(x) for x in log.read_text().splitlines()[1:]]
    losses = [x["loss"] for x in got if "loss" in x]
    line(run.first <= START, f"{name}: {run.first:.1f} s to the loss of the first step, {run.seconds:.1f} s in all; {run.memory} MiB of the GPU's memory; {'; '.join(run.said)}")
    curves = {m: curve(golden, m) for m in MODELS}
    for stage, (bound, steps) in enumerate(zip(STAGES, STEPS_OF)):
        off = {m: statistics.mean(abs(losses[i] - c[i]) for i in steps) for m, c in curves.items()}
        nearest = min(off, key=off.get)
        good = off[model] <= bound and (stage or nearest == model)
        line(good, f"{name}, stage {stage + 1}: mean |difference| {off[model]:.4f} of {bound}; "
             + ", ".join(f"{m} {x:.4f}" for m, x in off.items() if m != model))  # fmt: skip
        ends = [x["train_time_ms"] for x in got if "loss" in x]
        times = {odd: [ends[i] - ends[i - 1] for i in steps[1:] if i % 2 == odd] for odd in (0, 1)}
        print("     {:.1f} ms an even step, {:.1f} an odd one (medians of {})".format(*map(statistics.median, times.values()), len(steps) - 1))
    print("     losses: " + " ".join(f"{x:.4f}" for x in losses))
    off = [loss - x for loss, x in zip(losses, curves[model])]
    print("     from the script's mean: " + " ".join(f"{x:+.4f}" for x in off), flush=True)
    if name == "record":
        kept = FOLDER / "record.again.log"
        again(name, [*command[:2], "--log", kept, *command[4:]], kept, losses)


def main():
    device = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
                            capture_output=True, text=True)  # fmt: skip
    print(device.stdout.strip())
    names = sys.argv[2:] or ["mlp", "tiny", *MODELS]
    large = [name for name in names if name.split("-")[0] in MODELS and (FOLDER / name).exists()]
    if large:
        weights_of({name.split("-")[0] for name in large})
    for name in names:
        if not (FOLDER / name).exists():
            print(f"skip: {name} was not prepared")
        elif name in large:
            record(name)
        else:
            small(name)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
