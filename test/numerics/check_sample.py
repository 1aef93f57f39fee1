"""Sampling from the parameter file of a run that ended before the split of its tied tables.

Until the split the model reads `lm_head` where it reads `embed` afterwards, and the windows and rotary frequencies are those of an
early step. The file must hold the one, and say the other, so that what `sample` draws comes from the model as it was trained.
"""

import json
import struct

import numpy as np
from safetensors.numpy import load_file, save_file

import inputs
import report as r
from product import arguments, settings
from reference import record
from schedules import Schedule

# The split comes after step 9, the run ends after four.
SCHEDULE = Schedule(scheduled_steps=14, extension_steps=2, window_unit=8, tokens=(384,) * 4)
MODEL = record(D=64, H=4, K=16, F=96, V=128, fp8=False, schedule=SCHEDULE)
STEPS = 4


def metadata(path):
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + size]).get("__metadata__", {})


def main():
    given, product = arguments(__doc__)
    report, folder = r.Report(given.only), product.folder
    program = product.compile(r.ROOT / "models/nanogpt.mlir", settings(MODEL))
    shard = inputs.write_shard(folder / "shard.bin", inputs.text(20_000, MODEL.V, seed=6))
    start, saved, other, again = (folder / f"{name}.safetensors" for name in ("start", "saved", "other", "again"))
    save_file(inputs.weights(MODEL, seed=5), start)
    program.run("train", "--data", shard, "--params", start, "--steps", STEPS, "--save", saved)
    trained = load_file(saved)

    def sample(path):
        return program.run("sample", "--params", path, "--prompt", "3 1 4 1 5", "--length", 40).stdout

    def change(steps, **arrays):
        save_file(trained | arrays, other, metadata={"gptc.steps": str(steps)})
        return other

    with report.case("the file of a run that ended before the split") as check:
        check(np.array_equal(trained["embed"], trained["lm_head"]) and metadata(saved) == {"gptc.steps": str(STEPS)}
              and not np.array_equal(trained["lm_head"], load_file(start)["lm_head"]),
              f"its embed is its lm_head, its metadata {metadata(saved)}")
    with report.case("its sample") as check:
        drawn = sample(saved)
        by_hand = sample(change(STEPS, embed=trained["lm_head"]))
        check(drawn == by_hand and drawn != sample(change(STEPS, embed=np.zeros_like(trained["embed"]))),
              "is that of a file whose embed was made lm_head by hand, not that of an embed of zeros")
    with report.case("its sample's schedules") as check:
        check(drawn != sample(change(SCHEDULE.steps)), "are those of its step, not the last one's")
    with report.case("a file that does not say its steps") as check:
        save_file(trained, other)
        silent = sample(other)
        check(silent == sample(change(SCHEDULE.steps)) == sample(change(10**6)), "is read as that of a whole run")
    with report.case("initial parameters") as check:
        program.run("init", "--out", other)
        program.run("train", "--data", shard, "--steps", 0, "--save", again)
        plain = program.run("sample", "--length", 20).stdout
        check(other.read_bytes() == again.read_bytes()
              and plain == program.run("sample", "--length", 20, "--params", other).stdout,
              "`init`, `train --steps 0` and a sample without a file agree")
    with report.case("a temperature of 0") as check:
        def cold(temperature, seed):
            cooled = product.compile(r.ROOT / "models/nanogpt.mlir", settings(MODEL) | {"temperature": temperature})
            return cooled.run("sample", "--params", saved, "--prompt", "3 1 4", "--length", 40, "--seed", seed).stdout
        greedy = cold(0, 1)
        check(greedy == cold(0, 2) == cold(1e-4, 3) and greedy != sample(saved), "is greedy, whatever the seed")
    with report.case("training on from it") as check:
        program.run("train", "--data", shard, "--params", saved, "--steps", STEPS, "--save", again)
        changed = change(STEPS, embed=np.ones_like(trained["embed"]))
        program.run("train", "--data", shard, "--params", changed, "--steps", STEPS, "--save", changed)
        check(again.read_bytes() == changed.read_bytes(), "does not read the tied table's copy")
    with report.case("a run through the split") as check:
        program.run("train", "--data", shard, "--params", start, "--save", other)
        whole = load_file(other)
        check(not np.array_equal(whole["embed"], whole["lm_head"]) and metadata(other) == {"gptc.steps": str(SCHEDULE.steps)},
              "saves two tables")
    r.end(report)


if __name__ == "__main__":
    main()
