"""Loss and every gradient of compiled programs against the float64 reference, at random non-zero weights.

Bounds: the loss to 1e-6; a gradient g of reference r to ‖g − r‖ ≤ 1e-5 ‖r‖. All of it in fp32: check_flips.py proves the FP8
head. Programs with a pass left out agree with the program of all passes to 1e-6.
"""

import re
from dataclasses import replace

import inputs
import report as r
from product import arguments, settings
from reference import baseline, loss_and_gradients, paired, record
from schedules import Schedule

MODELS = {
    "record": (record, "nanogpt.mlir"),
    "baseline": (baseline, "nanogpt-base.mlir"),
    "paired": (paired, "nanogpt-paired.mlir"),
}
STEPS = (4, 28, 44)  # one of each stage: multi-token targets, YaRN once and twice, the table after the split
SMALL = dict(D=64, H=4, K=16, F=96, V=128)


def schedule(T, window_unit=8, micro_batches=8):
    """60 + 10 steps; T is the micro-batch's size in all stages, or a size for each."""
    sizes = T if isinstance(T, tuple) else (T,) * 4
    sizes = dict(window_unit=window_unit, micro_batches=micro_batches, tokens=tuple(micro_batches * t for t in sizes))
    return Schedule(scheduled_steps=60, extension_steps=10, **sizes)


def short(T, window_unit=8):
    """The same of two micro-batches a step, whose program has no updates of 4 and 8 ranks: they are a third of what a compilation
    takes, of the form of those of 2, and none of a micro-batch. check_exact.py and check_ranks.py compile all of them."""
    return schedule(T, window_unit, micro_batches=2)


def compare(product, report, name, model, file, steps=STEPS, kinds=("mixed",), extra=None, bound=1e-5):
    """Compiles `file` with the settings of `model` and compares both at `steps` on batches of `kinds`."""
    for step in steps:
        for kind in kinds:
            case = f"{name}, step {step}" + (f", documents: {kind}" if len(kinds) > 1 else "")
            if not report.wants(case):
                continue
            with report.case(case) as check:
                weights = inputs.weights(model, seed=step)
                batch = inputs.batch(model.schedule.micro_batch_tokens(step), model.V, kind, seed=step)
                program = product.compile(file, settings(model) | (extra or {}))
                loss, gradients = program.gradients(weights, batch, step)
                wanted, reference = loss_and_gradients(model, weights, batch, step)
                off, (gradient, tensor) = abs(loss / wanted - 1), r.worst(gradients, reference)
                check(off <= 1e-6 and gradient <= bound, f"loss {off:.1e}, gradients {gradient:.1e} ({tensor})")


def check_models(product, report, models):
    """The three models at the small size."""
    for kind, (make, file) in MODELS.items():
        compare(product, report, kind, make(**SMALL, schedule=short(96), fp8=False), models / file)


def check_sizes(product, report, models):
    """Other sizes: heads and rows that are no multiple of anything, T that is none of 64, T that changes with the stage."""
    wide = dict(D=128, H=4, K=32, F=160, V=192, schedule=short(200, 16), fp8=False)
    narrow = dict(D=48, H=4, K=12, F=80, V=72, schedule=short(72), fp8=False)
    odd = dict(D=60, H=3, K=20, F=100, V=101, schedule=short((104, 40, 136, 24)), fp8=False)
    for kind, (make, file) in MODELS.items():
        compare(product, report, f"{kind}, D=128 T=200", make(**wide), models / file, steps=(4, 44))
        compare(product, report, f"{kind}, D=48 T=72", make(**narrow), models / file, steps=(4, 44))
    compare(product, report, "record, D=60 H=3 V=101, T by stage", record(**odd), models / "nanogpt.mlir", steps=(*STEPS, 65))
    tall = dict(D=64, H=2, K=32, F=192, V=320, schedule=short(512, 32), fp8=False)
    compare(product, report, "record, T=512", record(**tall), models / "nanogpt.mlir", steps=(28,))


def check_documents(product, report, models):
    """Every kind of document, with windows of 8 to 88 positions in 96 tokens."""
    kinds = ("one", "two", "every token", "empty", "one token")
    for kind, (make, file) in MODELS.items():
        model = make(**SMALL, schedule=short(96), fp8=False)
        compare(product, report, kind, model, models / file, steps=(28,), kinds=kinds)


def check_slices(product, report, models):
    """Gates that read other channels, and another number of them: overlapping, side by side, at the row's end."""
    for places in ((0, 0, 0, 0, 12), (52, 40, 3, 8, 12), (1, 9, 17, 25, 8), (0, 32, 48, 16, 16), (63, 5, 0, 30, 1)):
        smear, skip, attn, ve, gate = places
        model = record(**SMALL, schedule=short(96), fp8=False)
        model = replace(model, smear_at=smear, skip_at=skip, attn_at=attn, ve_at=ve, gate=gate)
        extra = dict(smear_at=smear, skip_at=skip, attn_at=attn, ve_at=ve, gate=gate)
        compare(product, report, f"record, gates at {places[:4]} of {gate}", model, models / "nanogpt.mlir", (28,), extra=extra)


def with_tables(text, tables, count):
    """The model file with other value tables in its calls, and `count` of them declared."""
    for block, table in ((i, t) for i, t in enumerate(tables) if t is not None):
        text, found = re.subn(rf"(\(i = {block},[^)]*table = )\d+", rf"\g<1>{table}", text)
        if found != 1:
            raise ValueError(f"{found} calls of block {block} name a table")
    return text.replace("3 x [V, D]", f"{count} x [V, D]")


def check_patterns(product, report, models):
    """Which blocks share a value table: all, none, some; tables that nothing reads have no gradient."""
    n = None
    for name, tables, count in (
        ("all the same", (1, 1, 1, n, n, n, n, n, 1, 1, 1), 3),
        ("all different", (0, 1, 2, n, n, n, n, n, 3, 4, 5), 6),
        ("mirrored", (0, 1, 2, n, n, n, n, n, 2, 1, 0), 3),
        ("neighbours", (0, 0, 2, n, n, n, n, n, 2, 1, 1), 4),
    ):
        model = record(**SMALL, schedule=short(96), fp8=False)
        model = replace(model, value_tables=tables, tables=count)
        text = with_tables((models / "nanogpt.mlir").read_text(), tables, count)
        file = product.write(f"tables-{count}-{''.join(str(t) for t in tables if t is not None)}.mlir", text)
        compare(product, report, f"record, value tables {name}", model, file, steps=(44,))


def check_passes(product, report, models):
    """A pass left out changes no gradient by more than 1e-6: each alone, then all of them.

    Those that change nothing of a program (passes of the Hopper target, mostly) are left out together, and then its bits are the same.
    """
    for kind, (make, file) in MODELS.items():
        model, whole = make(**SMALL, schedule=short(96), fp8=False), {}
        if not report.wants(*(f"{kind} without {name}" for name in (*product.optional_passes, "what changes nothing", "any"))):
            continue  # and need not know what has an effect
        idle = tuple(product.without_effect(models / file, settings(model)))
        cases = [(name, (name,), 1e-6) for name in product.optional_passes if name not in idle]
        cases += [(f"what changes nothing ({', '.join(idle)})", idle, 0), ("any", product.optional_passes, 1e-6)]
        for named, disable, bound in cases:
            name = f"{kind} without {named}"
            if not report.wants(name):
                continue
            for step in (4, 44):
                with report.case(f"{name}, step {step}") as check:
                    weights, batch = inputs.weights(model, seed=step), inputs.batch(96, model.V, seed=step)
                    if step not in whole:  # of all passes, whichever is left out
                        whole[step] = product.compile(models / file, settings(model)).gradients(weights, batch, step)
                    loss, wanted = whole[step]
                    without = product.compile(models / file, settings(model), disable)
                    found, gradients = without.gradients(weights, batch, step)
                    off, (gradient, tensor) = abs(found / loss - 1), r.worst(gradients, wanted)
                    check(off <= bound and gradient <= bound, f"loss {off:.1e}, gradients {gradient:.1e} ({tensor})")


def main():
    given, product = arguments(__doc__)
    report, models = r.Report(given.only), r.ROOT / "models"
    check_models(product, report, models)
    check_sizes(product, report, models)
    check_documents(product, report, models)
    check_slices(product, report, models)
    check_patterns(product, report, models)
    check_passes(product, report, models)
    r.end(report)


if __name__ == "__main__":
    main()
