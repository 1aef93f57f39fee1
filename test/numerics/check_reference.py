"""The reference itself against values computed by the record's own script: losses and gradients of the three models at the
three stages, plain and FP8, every scheduled number of a short run, the packing, and whole training runs. Skips where those
values are absent."""

import argparse
import hashlib
import json
import lzma

import numpy as np
from safetensors.numpy import load_file

import report as r
from batch import Batch
from recipe import micro_batches, train
from reference import baseline, loss_and_gradients, numbers_of, paired, record
from schedules import Schedule

SMALL = Schedule(scheduled_steps=60, extension_steps=10, window_unit=8, tokens=(768,) * 4)
TRAIN = Schedule(scheduled_steps=12, extension_steps=4, window_unit=8, tokens=(768, 1536, 2304, 2304))
SIZES = dict(D=64, H=4, K=16, F=96, V=128)
MODELS = {"record": record, "baseline": baseline, "paired": paired}


def prefixed(tensors, prefix):
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def check_small(report, golden):
    expected = json.loads((golden / "small.json").read_text())
    for kind, make in MODELS.items():
        stored = load_file(golden / f"small_{kind}.safetensors")
        batch = Batch(stored["tokens"], stored["targets"], stored["cu_seqlens"])
        for case, want in ((c, w) for c, w in expected[kind].items() if c.startswith("stage")):
            stage, head = case.split(".")
            model = make(**SIZES, schedule=SMALL, fp8=head == "fp8", angle=np.float64)  # as the expected values
            loss, gradients = loss_and_gradients(model, prefixed(stored, "param."), batch, want["step"])
            off = abs(loss / want["loss_sum"] - 1)
            gradient, name = r.worst(gradients, prefixed(stored, f"{case}.grad."))
            found = f"loss {off:.1e}, gradients {gradient:.1e} ({name})"
            report.check(off <= 1e-12 and gradient <= 1e-6, f"{kind} {case}", found)
            numbers = numbers_of(model, want["step"], len(batch.tokens))
            report.check(
                [numbers.short, numbers.long] == want["window_positions"]
                and abs(numbers.scale - want["attn_scale"]) <= 1e-15
                and np.allclose(np.trim_zeros(numbers.weights), want["multi_token_weights"], rtol=0, atol=1e-15)
                and numbers.after_split == want["after_split"],
                f"{kind} {case}", "windows, scale, weights and table of the step",
            )


def check_schedule(report, golden):
    expected = json.loads((golden / "schedule_54_8.json").read_text())
    schedule = Schedule(scheduled_steps=expected["scheduled"], extension_steps=expected["extension"])
    off = 0.0
    for want in expected["steps"]:
        step = want["step"]
        freqs, scale = schedule.yarn(step, 32)
        short, long = schedule.windows(step)
        pairs = [
            (schedule.tokens[schedule.stage(step)], want["tokens"]),
            (schedule.micro_batch_tokens(step), want["T"]),
            (short, 128 * want["window_short"]),
            (long, 128 * want["window_long"]),
            (schedule.lr_factor(step), want["lr_factor"]),
            (schedule.momentum(step), want["momentum"]),
            (schedule.adam_updates(step), want["adam"]),
            (schedule.after_split(step), want["after_split"]),
            (step == schedule.split_step, want["split_after"]),
            (scale, want["attn_scale"]),
            (len(schedule.target_weights(step)), len(want["mtp_weights"])),
            *zip(schedule.target_weights(step), want["mtp_weights"]),
            *zip(np.concatenate([freqs, np.zeros(32)]), want["freqs"]),
        ]
        off = max(off, *(abs(float(have) - float(wanted)) for have, wanted in pairs))
    final = expected["final_validation"]
    freqs, scale = schedule.yarn(schedule.steps, 32)
    off = max(off, abs(scale - final["attn_scale"]), np.abs(freqs - final["freqs"][:32]).max())
    report.check(off <= 1e-12, f"schedules of {len(expected['steps'])} steps", f"off by {off:.1e}")
    report.check(
        schedule.windows(schedule.steps) == (128 * final["window_short"], 128 * final["window_long"])
        and schedule.after_split(schedule.steps) == final["after_split"],
        "final validation", "windows and table",
    )


def check_packing(report, shared):
    """The first steps' micro-batches, by digest."""
    expected = json.loads((shared / "golden/batches.json").read_text())["steps"]
    steps = [int(s) for s in expected if int(s) < 3]
    with lzma.open(shared / "data/train_000001.bin.xz") as file:
        file.read(1024)
        tokens = np.frombuffer(file.read(2 * 131072 * (len(steps) + 1) * 2), np.uint16)
    made = micro_batches(tokens, lambda number: 16384, 50256, 2048)
    same, count = True, 0
    for step in range(max(steps) + 1):
        for number in range(8):
            batch = next(made)
            if step in steps:
                want = expected[str(step)][number]
                row = np.append(batch.tokens, batch.targets[-1]).astype("<u2")
                same &= hashlib.sha256(row.tobytes()).hexdigest() == want["sha256"]
                same &= "ends" not in want or list(batch.starts[1:]) == want["ends"]
                count += 1
    report.check(same and count > 0, "packing", f"{count} micro-batches of steps {steps}, by digest")


def check_training(report, golden):
    """A whole run: losses of every micro-batch, and what each parameter has become, as a part of its change."""
    expected = json.loads((golden / "train.json").read_text())
    for kind in ("record", "paired"):
        stored = load_file(golden / f"train_{kind}.safetensors")
        before, after = prefixed(stored, "param."), prefixed(stored, "after.")
        tokens = np.fromfile(golden / f"train_{kind}.bin", np.uint16, offset=1024)
        run = train(MODELS[kind](**SIZES, schedule=TRAIN, fp8=False, angle=np.float64), before, tokens, TRAIN.steps, 0, 64)
        want = expected[kind]
        pairs = [(a, b) for row, wanted in zip(run.losses, want, strict=True) for a, b in zip(row, wanted, strict=True)]
        off = max(abs(a / b - 1) for a, b in pairs)
        changes = {name: after[name] - before[name] for name in after}
        change, name = r.worst({n: run.parameters[n] - before[n] for n in after}, changes)
        found = f"losses {off:.1e}, changes {change:.1e} ({name})"
        report.check(off <= 1e-12 and change <= 1e-10, f"{kind} training, {TRAIN.steps} steps", found)


def main():
    argparse.ArgumentParser(description=__doc__).parse_known_args()
    report, shared = r.Report(), r.shared_folder()
    if shared is None:
        report.skip("reference", "no folder of expected values beside the repository (GPTC_SHARED names another)")
    else:
        check_schedule(report, shared / "golden")
        check_packing(report, shared)
        check_small(report, shared / "golden")
        check_training(report, shared / "golden")
    r.end(report)


if __name__ == "__main__":
    main()
