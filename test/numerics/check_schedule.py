"""The numbers of every step, as a compiled program computes them when it begins, and what `--set` makes of them.

`EXE schedule --json` is held to plain functions of the step (schedules.py), of a short run and of the published one, to 1e-12; to
the record's own values, where they are at hand; and to what the compiler computes of the same model, on every model of the
repository and on random expressions, bit for bit: both call one libm. A run with `--set` gives the bits of a program that was
compiled with it. Constants that the program is made of, unknown ones and values out of a domain are one error each.
"""

import json
import random
import re
import struct
import subprocess

from safetensors.numpy import load_file

import inputs
import report as r
from product import arguments, last_line
from schedules import Schedule

SIZES = dict(D=64, H=4, K=16, F=96, V=128, document_token=0, sample_tokens=32)
MODELS = r.ROOT / "models"


def described(program, *options):
    return json.loads(program.run("schedule", "--json", *options).stdout)


def expected(schedule, step):
    """What the model file calls by name, from the recipe's formulas."""
    short, long = schedule.windows(step)
    weights = schedule.target_weights(step) + [0, 0]
    freqs, scale = schedule.yarn(step, 32)
    numbers = dict(short=short, long=long, next1=weights[1], next2=weights[2], lr=schedule.lr_factor(step),
                   momentum=schedule.momentum(step), split=schedule.after_split(step), attn_scale=scale, freqs=list(freqs),
                   stage=schedule.stage(step))
    return numbers | (dict(T=schedule.micro_batch_tokens(step)) if step < schedule.steps else {})


def differences(have, want):
    """Of one name at one step, each as a part of the wanted value where that is beyond 1."""
    have, want = (x if isinstance(x, list) else [x] for x in (have, want))
    yield abs(len(have) - len(want))
    for h, w in zip(have, want):
        yield abs(h - w) / max(1, abs(w))


def record_program(product, scheduled, extension):
    # Rotary tables of the record's head size: 32 frequencies.
    return product.compile(MODELS / "nanogpt.mlir", SIZES | dict(D=128, H=1, K=128, F=96, scheduled_steps=scheduled, extension_steps=extension))


def check_record(product, report, scheduled, extension):
    name = f"record, {scheduled} + {extension} steps"
    if report.wants(name):
        with report.case(name) as check:
            steps = described(record_program(product, scheduled, extension))["steps"]
            schedule = Schedule(scheduled_steps=scheduled, extension_steps=extension)
            worst = max(
                (off, key, line["step"])
                for line in steps
                for key, want in expected(schedule, line["step"]).items()
                for off in differences(line[key], want)
            )
            check(len(steps) == schedule.steps + 1 and worst[0] <= 1e-12,
                  f"{len(steps)} rows of {len(steps[0])} names, the farthest {worst[0]:.1e} off ({worst[1]} at step {worst[2]})")
    if report.wants(name := f"{name}: variants"):
        with report.case(name) as check:
            program = record_program(product, scheduled, extension)
            parts = [part["name"] for part in json.loads(program.run("info", "--json").stdout)["parts"]]
            # Those of several ranks, `micro_0_of_2_last`, share their launches.
            micro = [part for part in parts if re.fullmatch(r"micro_\d+", part)]
            check(len(micro) == 4, f"{len(micro)} of a micro-batch: three sizes of T, and the split; every number else changes no part")


def check_golden(product, report):
    if not report.wants(name := "the record's own values"):
        return
    if not (shared := r.shared_folder()):
        return report.skip(name, "no folder of expected values beside the repository")
    with report.case(name) as check:
        steps = described(record_program(product, 54, 8))["steps"]
        theirs = json.loads((shared / "golden/schedule_54_8.json").read_text())["steps"]
        names = dict(T="T", lr="lr_factor", momentum="momentum", attn_scale="attn_scale", split="after_split")
        worst = 0
        for want, have in zip(theirs, steps):
            weights = want["mtp_weights"] + [0, 0]
            pairs = [(have[ours], want[name]) for ours, name in names.items()]
            pairs += [(have["freqs"], want["freqs"][:32]), (have["next1"], weights[1]), (have["next2"], weights[2])]
            pairs += [(have["short"], 128 * want["window_short"]), (have["long"], 128 * want["window_long"])]
            worst = max(worst, *(off for pair in pairs for off in differences(*pair)))
        # Adam acts where its count grows; the table splits behind the step that says so.
        acts = all((have["updates_2"] > last["updates_2"]) == want["adam"] for want, last, have in zip(theirs[1:], steps, steps[1:]))
        splits = all((have["split"] < after["split"]) == want["split_after"] for want, have, after in zip(theirs, steps, steps[1:]))
        check(len(theirs) == 62 and worst <= 1e-12 and acts and splits, f"{len(theirs)} steps, the farthest {worst:.1e} off")


# ---- The compiler and the program ------------------------------------------------------------------------------------------------


def bits(value):
    return [struct.pack("<d", x) for x in value] if isinstance(value, list) else struct.pack("<d", value)


def check_equal(product, report, name, file, sets):
    """What print-schedules says, bit for bit."""
    if not report.wants(name := f"{name}: the program's numbers are the compiler's"):
        return
    with report.case(name) as check:
        program = product.compile(file, sets)
        option = "=set=" + ",".join(f"{key}={value}" for key, value in sets.items()) if sets else ""
        opt = product.gptc.with_name("gptc-opt")
        command = [str(opt), str(file), "--resolve-base", f"--print-schedules{option}", "-o", "/dev/null"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        lines = [json.loads(line, parse_int=float) for line in said.splitlines()]  # -0 is none of the integers
        have = described(program)["steps"]
        wrong = [
            (line["step"], key)
            for line, ours in zip(lines, have)
            for key, value in line.items()
            if key != "T" and bits(value) != bits(ours[key])
        ]
        check(len(lines) == len(have) and not wrong, f"{len(lines)} steps of {len(lines[0])} names, {len(wrong)} differ {wrong[:1]}")


def random_expression(source, depth):
    """Of the step, finite at every step, every operator and function in it."""
    e = lambda: random_expression(source, depth - 1)
    if depth == 0:
        return source.choice(["%step", "%step / 7", str(source.randint(-9, 9)), f"{source.uniform(-3, 3):.17g}", "scale", "%lr"])
    a, b, c = e(), e(), e()
    size = f"max({a}, -({a}))"
    return source.choice([
        f"({a}) + ({b})", f"({a}) - ({b})", f"({a})*({b})", f"({a}) / (1 + max({b}, -({b})))", f"-({a})", f"floor({a})", f"ceil({a})",
        f"sqrt({size})", f"log(1 + {size})", f"exp(min({a}, 3))", f"pow(0.1 + {size}, max(-2, min({b}, 2)))",
        f"mod({a}, 0.5 + max({b}, -({b})))", f"min({a}, {b}, {c})", f"max({a}, {b}, {c})", f"pick({a}, {b}, {c})",
        f"pick({a}, {b}, {c}, {a})", f"({a} if {b} > {c} else {c})", f"({b} if {a} <= {c} else {a})", f"(({a}) == ({b}))",
        f"(({a}) >= ({b}))", f"(({a}) < ({b}))",
        # What is not taken may have no value.
        f"({a} if 1 > 0 else log(-1))", f"pick(1, sqrt(-1), {a})",
    ])  # fmt: skip


def expressions_model(product, count, seed):
    source = random.Random(seed)
    names = [f"e{i}" for i in range(count)]
    # Products of products reach far: each is kept within what doubles hold.
    yields = ",\n              ".join(f"max(-1.0e30, min(1.0e30, {random_expression(source, 3)}))" for _ in names)
    text = (MODELS / "mlp.mlir").read_text()
    schedule = f"  {', '.join('%' + name for name in names)} = gpt.schedule(%step) {{\n    gpt.yield {yields}\n  }}\n"
    text = text.replace("  gpt.recipe (", f"  gpt.let scale = 0.37\n{schedule}  gpt.recipe (")
    return product.write("expressions.mlir", text)


# ---- Settings --------------------------------------------------------------------------------------------------------------------


def trained(program, shard, *options):
    """Parameters, losses and the log's header of a run."""
    saved, log = shard.with_suffix(".saved"), shard.with_suffix(".log")
    program.run("train", "--data", shard, "--val", shard, "--save", saved, "--log", log, "--threads", 1, *options)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    losses = [line.get("loss", line.get("val_loss")) for line in lines[1:]]
    return {name: x.tobytes() for name, x in load_file(saved).items()}, losses, lines[0]["header"]


def check_run(product, report):
    """A sweep needs one program: each run's bits are those of a program of its own."""
    cases = {f"train --set {values}": values
             for values in ({"adam_lr": 0.002}, {"adam_lr": 0.03, "adam_decay": 0.1}, {"adam_eps": 1e-4})}
    same, ends = "train --set with the model's own value", "train --steps N ends as a longer run validates before step N"
    if not report.wants(*cases, same, ends):
        return
    shard = inputs.write_shard(product.folder / "sweep.bin", inputs.text(60_000, 250, seed=3))
    sets = dict(steps=6, D=32, F=48, tokens=512, val_tokens=1024, val_slice=512)
    program = product.compile(MODELS / "mlp.mlir", sets)
    own = trained(program, shard)
    for name, values in cases.items():
        if not report.wants(name):
            continue
        with report.case(name) as check:
            options = [f"--set={name}={value}" for name, value in values.items()]
            ours = trained(program, shard, *options)
            theirs = trained(product.compile(MODELS / "mlp.mlir", sets | values), shard)
            says = ours[2]["run"]["set"] == values and ours[2]["run"]["fingerprint"] != own[2]["fingerprint"]
            check(ours[:2] == theirs[:2] and ours[0] != own[0] and says,
                  f"{len(ours[0])} parameters and {len(ours[1])} losses are those of a program compiled with it")
    if report.wants(same):
        with report.case(same) as check:
            ours = trained(program, shard, "--set", "adam_lr=0.008")
            check(ours[:2] == own[:2], "changes no bit")
    if report.wants(ends):
        with report.case(ends) as check:
            longer, shorter = (trained(program, shard, *options)[1]
                               for options in (("--val-every", 3), ("--val-every", 0, "--steps", 3)))
            check(shorter[-1] == longer[4] and len(shorter) == 4 and len(longer) == 6 + 3, f"val_loss {shorter[-1]:.6f}")


CALLS = """gpt.model @calls {
  %lr = gpt.base "mlp.mlir"
  gpt.let rate = 0.5, power = 2
  %damped = gpt.func(%x : [] f32) (%by, %least = 1) {
    gpt.require %by > 0
    %a = gpt.scale %x by %by
    %y = gpt.offset %a by %least
    gpt.return %y
  }
  %sgd = gpt.optimizer(%p, %g, %norm) (%rate = rate) {
    %n = gpt.call %damped(%norm) (by = power*%rate*%lr)
    %u = gpt.div %g, %n
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %head = gpt.param [V, D] init normal(0.05) by %sgd
}
"""


def check_call(product, report):
    """What an optimizer gives to a function is its own number, and may be set where the function only computes with it."""
    name = "train --set: a number that an optimizer gives to a function"
    if not report.wants(name):
        return
    with report.case(name) as check:
        shard = inputs.write_shard(product.folder / "calls.bin", inputs.text(20_000, 250, seed=3))
        sets = dict(steps=4, D=32, F=48, tokens=256, val_tokens=512, val_slice=256)
        model = product.write("calls.mlir", CALLS)
        program = product.compile(model, sets)
        own, ours = trained(program, shard), trained(program, shard, "--set", "rate=0.25", "--set", "power=3")
        theirs = trained(product.compile(model, sets | dict(rate=0.25, power=3)), shard)
        refused = last_line(program.attempt("train", "--data", shard, "--set", "power=-1").stderr)
        check(ours[:2] == theirs[:2] and ours[0] != own[0] and "the numbers break `-0.5 > 0`, which calls.mlir:5 requires" in refused,
              f"{len(ours[0])} parameters are those of a program compiled with it; {refused}")


def windows_model(product):
    """The record with its first long window by name."""
    text = (MODELS / "nanogpt.mlir").read_text()
    changed = text.replace("pick(%stage, 3, 7, 11, 13)", "pick(%stage, first_long, 7, 11, 13)")
    changed = changed.replace("gpt.let gate = 12", "gpt.let first_long = 3, gate = 12")
    assert changed.count("first_long") == 2
    return product.write("windows.mlir", changed)


WINDOWS = SIZES | dict(window_unit=8, scheduled_steps=9, extension_steps=2) | {f"tokens_stage{i}": 256 * i for i in (1, 2, 3)}


def check_windows(product, report):
    """One program with another first window, and a program compiled with it."""
    numbers, gradients = "schedule --set: windows, and what YaRN makes of them", "gradients --set: a window"
    if not report.wants(numbers, gradients):
        return
    program, other = (product.compile(windows_model(product), sets) for sets in (WINDOWS, WINDOWS | dict(first_long=5)))
    if report.wants(numbers):
        with report.case(numbers) as check:
            ours, own, theirs = described(program, "--set", "first_long=5"), described(program), described(other)
            check(ours["steps"] == theirs["steps"] != own["steps"] and ours["set"] == {"first_long": 5},
                  f"{len(ours['steps'])} steps are those of a program compiled with it")
    if report.wants(gradients):
        with report.case(gradients) as check:
            program.run("init", "--out", start := product.folder / "windows.start")
            given = load_file(start), inputs.batch(32, SIZES["V"], "one"), 0
            ours, own, theirs = (
                {name: x.tobytes() for name, x in of.gradients(*given, *options)[1].items()}
                for of, *options in ((program, "--set", "first_long=5"), (program,), (other,))
            )
            differ = [name for name in own if own[name] != ours[name]]
            check(ours == theirs and differ, f"{len(ours)} tensors are those of a program compiled with it, {len(differ)} differ from the own window's")


def check_errors(product, report):
    """One error, before anything else is looked at: no data is there."""
    for setting, wanted in (
        ("D=128", "D decides the shape of 'lm_head': compile the model with --set D=128"),
        ("scheduled_steps=5", "scheduled_steps decides the step of the split: compile the model with --set scheduled_steps=5"),
        ("micro_batches=4", "micro_batches decides the recipe's "),
        ("fp8=false", "fp8 decides what @train computes"),
        ("adam_rl=0.1", "the model has no constant 'adam_rl'; did you mean 'adam_lr'?"),
        ("T=3", "the model has no constant 'T'"),
        ("adam_lr", "write it as NAME=VALUE"),
        ("adam_lr=fast", "'fast' is not a number, true or false"),
        ("adam_lr=nan", "'nan' is not a number"),
        ("adam_lr=-0.5", "at step 1 the numbers break `-0.5 >= 0`, which optimizers.mlir:"),
        ("adam_eps=0", "at step 1 the numbers break `0 > 0`"),
        ("adam_lr=1e200", "at step 1 gpt.scale at optimizers.mlir:"),
        ("first_long=2.5", "at step 0 the numbers break `mod(20, 8) == 0`, which windows.mlir:"),
        ("first_long=0", "at step 0 gpt.attention at windows.mlir:"),
    ):
        if not report.wants(name := f"--set {setting}"):
            continue
        with report.case(name) as check:
            said, program = [], product.compile(windows_model(product), WINDOWS)
            gradients = ["gradients", "--params", "none", "--batch", "none", "--step", "0", "--out", "none"]
            for command in (["train", "--data", "none.bin"], ["schedule"], gradients):
                result = program.attempt(*command, "--set", setting)
                lines = result.stderr.strip().splitlines()
                said.append(result.returncode == 1 and len(lines) == 1 and lines[0].startswith("error: --set ") and wanted in lines[0])
            check(all(said), last_line(result.stderr))


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    check_record(product, report, 54, 8)
    check_golden(product, report)
    check_record(product, report, 1785, 40)
    small = dict(scheduled_steps=23, extension_steps=5)
    for file in ("nanogpt", "nanogpt-base", "nanogpt-paired", "nanogpt-tiny"):
        check_equal(product, report, file, MODELS / f"{file}.mlir", SIZES | small)
    check_equal(product, report, "mlp", MODELS / "mlp.mlir", dict(D=32, F=48))
    check_equal(product, report, "random expressions", expressions_model(product, 150, seed=11), dict(D=32, F=48, steps=60))
    check_run(product, report)
    check_call(product, report)
    check_windows(product, report)
    check_errors(product, report)
    r.end(report)


if __name__ == "__main__":
    main()
