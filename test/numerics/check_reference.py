"""The reference itself against values computed by the record's own script: losses and gradients of the three models at the
three stages, plain and FP8, and every scheduled number of a short run. Skips where those values are absent."""

import argparse
import json

import numpy as np
from safetensors.numpy import load_file

import report as r
from reference import Batch, baseline, loss_and_gradients, numbers_of, paired, record
from schedules import Schedule

SMALL = Schedule(scheduled_steps=60, extension_steps=10, window_unit=8, tokens=(768,) * 4)
SIZES = dict(D=64, H=4, K=16, F=96, V=128, schedule=SMALL)
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
            model = make(**SIZES, fp8=head == "fp8")
            loss, gradients = loss_and_gradients(model, prefixed(stored, "param."), batch, want["step"])
            off = abs(loss / want["loss_sum"] - 1)
            gradient, name = r.worst(gradients, prefixed(stored, f"{case}.grad."))
            report.check(off <= 1e-12 and gradient <= 1e-6, f"{kind} {case}", f"loss {off:.1e}, gradients {gradient:.1e} ({name})")
            numbers = numbers_of(model, want["step"], len(batch.tokens))
            weights = np.trim_zeros(numbers.weights)
            report.check(
                [numbers.short, numbers.long] == want["window_positions"]
                and abs(numbers.scale - want["attn_scale"]) <= 1e-15
                and np.allclose(weights, want["multi_token_weights"], rtol=0, atol=1e-15)
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
    report.check(
        schedule.windows(schedule.steps) == (128 * final["window_short"], 128 * final["window_long"])
        and schedule.after_split(schedule.steps) == final["after_split"],
        "final validation", "windows and table",
    )
    report.check(off <= 1e-12, f"schedules of {len(expected['steps'])} steps", f"off by {off:.1e}")


def main():
    argparse.ArgumentParser(description=__doc__).parse_known_args()
    report, shared = r.Report(), r.shared_folder()
    if shared is None:
        report.skip("reference", "no folder of expected values beside the repository (GPTC_SHARED names another)")
    else:
        check_schedule(report, shared / "golden")
        check_small(report, shared / "golden")
    r.end(report)


if __name__ == "__main__":
    main()
