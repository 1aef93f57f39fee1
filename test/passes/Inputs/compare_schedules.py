"""compare_schedules.py LINES [NAME=VALUE …]: print-schedules' lines against plain functions of the step (test/numerics).

Also against the record's own values, where those lie beside the repository.
"""

import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, "..", "..", "..")
sys.path.insert(0, os.path.join(root, "test", "numerics"))
from schedules import Schedule  # noqa: E402

settings = {name: int(value) for name, value in (s.split("=") for s in sys.argv[2:])}
reference = Schedule(**settings)
with open(sys.argv[1]) as f:
    lines = [json.loads(line) for line in f]
assert len(lines) == reference.steps + 1, len(lines)


def expected(step):
    short, long = reference.windows(step)
    weights = reference.target_weights(step) + [0, 0]
    freqs, scale = reference.yarn(step, 32)
    return {
        "short": short,
        "long": long,
        "next1": weights[1],
        "next2": weights[2],
        "lr": reference.lr_factor(step),
        "momentum": reference.momentum(step),
        "split": reference.after_split(step),
        "T": reference.micro_batch_tokens(min(step, reference.steps - 1)),
        "attn_scale": scale,
        "freqs": list(freqs),
    }


def compare(step, name, have, want):
    for h, w in zip(*(v if isinstance(v, list) else [v] for v in (have, want))):
        if abs(h - w) > 1e-12 * max(1, abs(w)):
            sys.exit(f"step {step}: {name} is {h}, expected {w}")


for line in lines:
    for name, want in expected(line["step"]).items():
        compare(line["step"], name, line[name], want)

golden = os.path.join(root, "..", "shared", "golden", "schedule_54_8.json")
if settings == {"scheduled_steps": 54, "extension_steps": 8} and os.path.exists(golden):
    with open(golden) as f:
        steps = json.load(f)["steps"]
    for want, have in zip(steps, lines):
        for ours, theirs in {
            "T": "T", "lr": "lr_factor", "momentum": "momentum", "attn_scale": "attn_scale", "split": "after_split",
        }.items():
            compare(want["step"], ours, have[ours], want[theirs])
        compare(want["step"], "freqs", have["freqs"], want["freqs"][:32])
        compare(want["step"], "short", have["short"], 128 * want["window_short"])
        compare(want["step"], "long", have["long"], 128 * want["window_long"])
        weights = want["mtp_weights"] + [0, 0]
        compare(want["step"], "next1", have["next1"], weights[1])
        compare(want["step"], "next2", have["next2"], weights[2])
    print(len(steps), "steps equal the record's own")
print(len(lines), "steps equal")
