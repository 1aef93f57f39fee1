"""The same seed gives the same bits: run twice, on one thread and on several, with the workspace poisoned; and the same model
gives the same program. Another seed gives others."""

import hashlib
import json
import os

import inputs
import report as r
from product import arguments

SIZES = dict(window_unit=8, tokens_stage1=768, tokens_stage2=1536, tokens_stage3=1536, tokens_extension=1536,
             scheduled_steps=6, extension_steps=2, document_token=0, max_document_tokens=64,
             val_tokens=1536, val_slice=512)  # three slices: the model's own eight cost more than the steps
STEPS = 6  # two of each stage, the split among them

# A whole run: stages, the split, the extension. --whole takes the model's own widths and tokens, five minutes of processor time.
RUN = dict(scheduled_steps=190, extension_steps=10)
NARROW = dict(D=64, H=2, F=128, window_unit=8, tokens_stage1=96, tokens_stage2=128, tokens_stage3=192, max_document_tokens=64)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def trained(product, program, shard, name, *options, seed=1, steps=STEPS, **environment):
    """Digest of the parameters after training, and the losses of the log."""
    saved, log = product.folder / f"{name}.safetensors", product.folder / f"{name}.jsonl"
    program.run("train", "--data", shard, "--steps", steps, "--seed", seed, "--save", saved, "--log", log, *options,
                environment={**os.environ, **environment})
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return digest(saved), [row["loss"] for row in rows if "loss" in row]


def check_model(product, report, model):
    if not report.wants(f"{model}: "):
        return
    with report.case(f"{model}: the run itself") as check:
        program = product.compile(r.ROOT / "models" / model, SIZES)
        shard = inputs.write_shard(product.folder / "tiny.bin", inputs.text(120_000, 128, seed=3))
        first, losses = trained(product, program, shard, "first")
        check(len(losses) == STEPS and losses[-1] < losses[0], f"{len(losses)} losses, {losses[0]:.4f} to {losses[-1]:.4f}")
    for name, options, environment in (
        ("the same seed again", (), {}),
        ("one thread", ("--threads", 1), {}),
        ("two threads", ("--threads", 2), {}),
        ("five threads", ("--threads", 5), {}),
        ("a workspace of NaN", (), dict(GPTC_POISON="1")),
        ("a workspace of NaN, one thread", ("--threads", 1), dict(GPTC_POISON="1")),
    ):
        with report.case(f"{model}: {name}") as check:
            again, _ = trained(product, program, shard, "again", *options, **environment)
            check(again == first, "the same bytes" if again == first else "other bytes")
    with report.case(f"{model}: another seed") as check:
        other, _ = trained(product, program, shard, "other", seed=2)
        check(other != first, "other bytes" if other != first else "the same bytes")


def check_run(product, report, model, whole):
    """200 steps: an error that grows from the last bit on has the time to show."""
    name = f"{model}, 200 steps"
    cases = {f"{name}, the same seed again": 2, f"{name}, one thread": 1}
    if not report.wants(name, *cases):
        return
    with report.case(name) as check:
        program = product.compile(r.ROOT / "models" / model, RUN if whole else RUN | NARROW)
        shard = inputs.write_shard(product.folder / "run.bin", inputs.text(600_000, 256, seed=5))
        first, losses = trained(product, program, shard, "run", "--threads", 2, steps=200)
        check(len(losses) == 200 and losses[-1] < 0.8 * losses[0], f"{len(losses)} losses, {losses[0]:.4f} to {losses[-1]:.4f}")
    for case, threads in cases.items():
        with report.case(case) as check:
            again = trained(product, program, shard, "again", "--threads", threads, steps=200)
            check(again == (first, losses), "the same bytes and losses" if again[0] == first else "other bytes")


def check_compile(product, report, model):
    if not report.wants(name := f"{model}: compiled twice"):
        return
    with report.case(name) as check:
        one, two = product.folder / "one", product.folder / "two"
        options = [f"--set={name}={value}" for name, value in SIZES.items()]
        for path in (one, two):
            product.gptc_run("compile", r.ROOT / "models" / model, *options, "--kernel-cache=", "-o", path)
        check(one.read_bytes() == two.read_bytes(), "byte by byte")


def main():
    given, product = arguments(__doc__, whole="the 200 steps at the model's own sizes")
    report = r.Report(given.only)
    check_model(product, report, "nanogpt-tiny.mlir")
    check_run(product, report, "nanogpt-tiny.mlir", given.whole)
    check_compile(product, report, "nanogpt-tiny.mlir")
    r.end(report)


if __name__ == "__main__":
    main()
