"""A training run of a compiled program against the reference's run: packing, schedules, accumulation, the Adam family on odd
steps, NorMuon, the split, the last validation, the log and the saved file, all at once.

Compared are the loss of every step, to 1e-6, and what every parameter has become, as a part of its change, to 1e-3: Adam's
first steps are nearly the sign of the gradient, so an element whose gradient is all rounding error may go the other way. So
is the norm of each parameter's change at each of the first steps.
"""

import json

import numpy as np
from safetensors.numpy import load_file, save_file

import inputs
import report as r
from product import arguments, settings
from recipe import slices, train
from reference import baseline, paired, record, validation_loss
from schedules import Schedule

# T grows with the stage; the split comes after step 5; steps 7 to 9 are the extension.
SCHEDULE = Schedule(scheduled_steps=7, extension_steps=3, window_unit=8, tokens=(384, 512, 768, 768))
LONGEST = 64
FIRST = 6
SIZES = dict(D=64, H=4, K=16, F=96, V=128, fp8=False, schedule=SCHEDULE)
VALIDATION = dict(val_tokens=1536, val_slice=512)


def check_run(product, report, kind, model, file):
    # One run serves all cases of a kind.
    names = (f"{SCHEDULE.steps} steps", "validation at the end", f"norms of the first {FIRST} updates", "lr of the log")
    if not report.wants(*(f"{kind}, {name}" for name in names)):
        return
    with report.case(f"{kind}, {SCHEDULE.steps} steps") as check:
        before = inputs.weights(model, seed=5)
        tokens = inputs.text(90_000, model.V, seed=6)
        shard = inputs.write_shard(product.folder / f"{kind}.bin", tokens)
        params, saved, log = (product.folder / f"{kind}.{end}" for end in ("params", "saved", "jsonl"))
        save_file(before, params)
        program = product.compile(file, settings(model) | dict(max_document_tokens=LONGEST) | VALIDATION)
        program.run("train", "--data", shard, "--val", shard, "--params", params, "--save", saved, "--log", log)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        # A row follows its step, so it counts from 1.
        losses = {row["step"] - 1: row["loss"] for row in rows if "loss" in row}
        run = train(model, before, tokens, SCHEDULE.steps, 0, LONGEST)
        wanted = [sum(row) / (8 * SCHEDULE.micro_batch_tokens(step)) for step, row in enumerate(run.losses)]
        off = max(abs(losses[step] / loss - 1) for step, loss in enumerate(wanted))
        after = load_file(saved)
        changes = {name: run.parameters[name] - before[name] for name in before}
        made = {name: np.asarray(after[name], np.float64) - before[name] for name in before}
        change, name = r.worst(made, changes)
        check(off <= 1e-6 and change <= 1e-3, f"losses {off:.1e}, changes {change:.1e} ({name})")
    with report.case(f"{kind}, validation at the end") as check:
        found = [row["val_loss"] for row in rows if "val_loss" in row][-1]
        batches = list(slices(tokens, 3, 512, 0))
        wanted = np.mean([validation_loss(model, run.parameters, batch, SCHEDULE.steps) for batch in batches])
        off = abs(found / wanted - 1)
        check(off <= 1e-5, f"{found:.6f}, off by {off:.1e}")
    with report.case(f"{kind}, norms of the first {FIRST} updates") as check:
        # Before the split `embed` is written as the copy that the split makes.
        states, off, still = [before], (0, ""), 0
        for step in range(FIRST):
            program.run("train", "--data", shard, "--params", params, "--save", saved, "--steps", step + 1)
            states.append(load_file(saved))
            for name in set(before) - {"embed"}:
                norm = np.sqrt(np.sum(np.square(states[-1][name].astype(np.float64) - states[-2][name])))
                wanted = run.changes[step][name]
                still += wanted == 0
                off = max(off, (abs(norm - wanted) / wanted if wanted else np.inf if norm else 0, f"{name} at step {step}"))
        check(off[0] <= 1e-3, f"off by {off[0]:.1e} ({off[1]}), {still} of {FIRST * (len(before) - 1)} are zero, as they should")
    with report.case(f"{kind}, lr of the log") as check:
        factors = [row["lr"] / SCHEDULE.lr_factor(row["step"] - 1) for row in rows if "loss" in row]
        check(np.ptp(factors) <= 1e-12 * factors[0], f"lr is {factors[0]:.6g} times the factor at every step")


def main():
    given, product = arguments(__doc__)
    report, models = r.Report(given.only), r.ROOT / "models"
    check_run(product, report, "record", record(**SIZES), models / "nanogpt.mlir")
    check_run(product, report, "baseline", baseline(**SIZES), models / "nanogpt-base.mlir")
    check_run(product, report, "paired", paired(**SIZES), models / "nanogpt-paired.mlir")
    r.end(report)


if __name__ == "__main__":
    main()
