"""Passes that call themselves exact, taken out of the program one at a time and all at once: training gives the same bits.

Every part of a step takes part: init, prologue, micro-batches, epilogue, updates on odd and even steps, the split of the tables,
validation, through all stages. Compared are the bytes of every parameter of the saved file, and all numbers of the log but the
times: losses, gradient norms, learning rates, the validation loss. Which passes there are says the compiler (`gptc passes`).

Passes that change nothing of a program (of the Hopper target, mostly) are left out together, and with all others.

`--disable-pass=cse` takes it out of the graph too, where its class is `rounding`. So it is taken out of programs compiled with
`--numerics=exact`, which have it in the phase `step` alone; taken out with both others it shows that all three together are exact.
"""

import json
import re
import subprocess

from safetensors.numpy import load_file

import inputs
import report as r
from check_determinism import SIZES, STEPS
from product import arguments

RECORD = dict(D=64, H=4, K=16, F=96, V=128)


def trained(product, program, shard):
    """What training leaves: the parameters, and the log's rows, behind the first that says what is run, without times."""
    saved, log = product.folder / "exact.safetensors", product.folder / "exact.jsonl"
    program.run("train", "--data", shard, "--val", shard, "--steps", STEPS, "--seed", 1, "--save", saved, "--log", log)
    rows = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    numbers = [{key: value for key, value in row.items() if not is_time(key)} for row in rows]
    return {name: x.tobytes() for name, x in load_file(saved).items()}, numbers


def is_time(key):
    return any(part in key for part in ("time", "step_avg", "per_second", "tokens_s", "memory"))


def check_model(product, report, model, sizes, cases, numerics=None):
    """Training without the passes of each case against training with all."""
    path = r.ROOT / "models" / model
    shard = inputs.write_shard(product.folder / "exact.bin", inputs.text(120_000, 128, seed=3))
    name = model + f", numerics {numerics}" * bool(numerics)
    if not report.wants(name):
        return
    with report.case(f"{name}: the run itself") as check:
        parameters, rows = trained(product, product.compile(path, sizes, numerics=numerics), shard)
        losses, validated = [row["loss"] for row in rows if "loss" in row], any("val_loss" in row for row in rows)
        text = f"{len(losses)} losses, {losses[0]:.4f} to {losses[-1]:.4f}, numbers of a step: {', '.join(rows[-2])}"
        check(len(losses) == STEPS and losses[-1] < losses[0] and validated, text)
    for disable in cases:
        with report.case(f"{name} without {' and '.join(disable)}") as check:
            found, others = trained(product, product.compile(path, sizes, disable, numerics), shard)
            wrong = sorted(name for name in parameters if found.get(name) != parameters[name])
            apart = [pair for pair in zip(rows, others, strict=True) if pair[0] != pair[1]]
            text = f"{len(wrong)} of {len(parameters)} parameters have other bytes {wrong[:1]}"
            text += f", {len(apart)} of {len(rows)} lines of the log are others {apart[:1]}"
            check(not wrong and not apart and found.keys() == parameters.keys(), text)


def exact_passes(gptc):
    """The optional passes that call themselves exact: wherever they stand, and in some places alone."""
    told = subprocess.run([gptc, "passes"], capture_output=True, text=True, check=True).stdout
    places = re.findall(r"^\w+ +([\w-]+) +yes +(\w+) ", told, re.M)
    exact = dict.fromkeys(name for name, numerics in places if numerics == "exact")
    other = {name for name, numerics in places if numerics != "exact"}
    return tuple(name for name in exact if name not in other), tuple(name for name in exact if name in other)


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    always, sometimes = exact_passes(product.gptc)
    idle = product.without_effect(r.ROOT / "models/nanogpt-tiny.mlir", SIZES) if report.wants("nanogpt-tiny.mlir") else ()
    idle = tuple(name for name in always if name in idle)
    alone = [(name,) for name in always if name not in idle]
    check_model(product, report, "nanogpt-tiny.mlir", SIZES, (*alone, *[idle] * bool(idle), always))
    check_model(product, report, "nanogpt-tiny.mlir", SIZES, (*((name,) for name in sometimes), (*sometimes, *always)), "exact")
    check_model(product, report, "nanogpt.mlir", SIZES | RECORD, (always,))
    r.end(report)


if __name__ == "__main__":
    main()
