"""Training on 2, 4 and 8 ranks against training on one, and against values of the record where there are any.

With FP8 off only the order of sums may differ: the losses of all steps and validations agree to 1e-6, what every parameter
has become to 1e-3 of its change (Adam's first steps are nearly the sign of the gradient). The first validation, before any
gradient, has the same bits for every number of ranks, and so have the files of two runs on as many.
"""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

import inputs
import report as r
from check_optimizers import CASES, MICRO_BATCHES, SETTINGS
from product import arguments, settings
from reference import record
from schedules import Schedule

# Every stage, the split and the extension; Adam acts on each second step.
SCHEDULE = Schedule(scheduled_steps=7, extension_steps=3, window_unit=8, tokens=(384, 512, 768, 768))
SIZES = dict(D=64, H=4, K=16, F=96, V=128, fp8=False, schedule=SCHEDULE)
VALIDATION = dict(max_document_tokens=64, val_tokens=2560, val_slice=512)  # 5 slices: some ranks have none
WORLDS = (2, 4, 8)
MUON = ("qkvo_w", "c_fc", "c_proj")


def losses(log):
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [row.get("loss", row.get("val_loss")) for row in rows if "loss" in row or "val_loss" in row]


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def launch(command, world):
    """(exit code, errors) of each rank of a job."""
    job = dict(WORLD_SIZE=str(world), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()), GPTC_JOB_TOKEN="ours")
    pipes = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ranks = [subprocess.Popen(list(map(str, command)), env=os.environ | job | dict(RANK=str(r)), **pipes) for r in range(world)]
    return [(rank.wait(120), rank.stderr.read()) for rank in ranks]


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def killed(command, world):
    """Kills the last rank of a run while it trains: (whether it ended as it should, how)."""
    run = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not run.stdout.readline().startswith("step:"):
        if run.poll() is not None:
            return False, f"it ended before: {run.stderr.read()}"
    ranks = children(run.pid)
    os.kill(ranks[-1], signal.SIGKILL)
    since = time.monotonic()
    _, said = run.communicate(timeout=60)
    taken = time.monotonic() - since
    left = [pid for pid in ranks if Path(f"/proc/{pid}").exists()]
    wanted = f"error: rank {world - 1} was ended by signal 9 (Killed) in step "
    good = run.returncode == 3 and said.startswith(wanted) and said.count("\n") == 1 and taken < 30 and not left
    return good and len(ranks) == world, f"{said.strip()}; exit code {run.returncode}, {taken:.1f} s, {len(left)} ranks left"


def check_worlds(product, report):
    model = record(**SIZES)
    folder = product.folder
    before = inputs.weights(model, seed=5)
    shard = inputs.write_shard(folder / "ranks.bin", inputs.text(90_000, model.V, seed=6))
    save_file(before, folder / "params")
    program = product.compile(r.ROOT / "models/nanogpt.mlir", settings(model) | VALIDATION)

    def train(world, name):
        saved, log = folder / f"{name}.saved", folder / f"{name}.jsonl"
        data = ("--data", shard, "--val", shard, "--val-every", 4, "--params", folder / "params")
        program.run("train", *data, "--save", saved, "--log", log, "--nproc", world, "--threads", 2)
        return saved, losses(log)

    saved, one = train(1, "one")
    alone = load_file(saved)
    changes = {name: alone[name].astype(np.float64) - before[name] for name in before}
    for world in WORLDS:
        with report.case(f"{world} ranks against one") as check:
            saved, several = train(world, "several")
            off = max(abs(a / b - 1) for a, b in zip(several, one))
            after = load_file(saved)
            change, name = r.worst({n: after[n].astype(np.float64) - before[n] for n in before}, changes)
            check(
                len(several) == len(one) and off <= 1e-6 and change <= 1e-3 and several[0] == one[0],
                f"losses {off:.1e}, changes {change:.1e} ({name}), the first validation {several[0] - one[0]:.0e}",
            )
        with report.case(f"{world} ranks twice") as check:
            again, found = train(world, "again")
            check(again.read_bytes() == saved.read_bytes() and found == several, "the same bits")
    with report.case("2 ranks that a launcher started") as check:
        saved, log = folder / "launched.saved", folder / "launched.jsonl"
        data = ("--data", shard, "--val", shard, "--val-every", 4, "--params", folder / "params")
        command = [program.path, "train", *data, "--save", saved, "--log", log, "--threads", 2]
        ended = launch(command, 2)
        check(
            all(code == 0 for code, _ in ended) and losses(log) == train(2, "again")[1],
            f"the bits of --nproc 2, {' '.join(text for _, text in ended if text) or 'nothing is said'}",
        )
    for world in WORLDS:
        with report.case(f"a rank of {world} is killed") as check:
            command = [program.path, "train", "--data", shard, "--nproc", world, "--epochs", 9, "--save", folder / "none"]
            check(*killed(command, world))
    with report.case("ranks that do not divide the micro-batches") as check:
        result = program.attempt("train", "--data", shard, "--nproc", 3)
        check(result.returncode == 1 and "there can be 1, 2, 4, 8 ranks" in result.stderr, result.stderr.strip())


# The record's block as often as one likes. Of the matrices no number of ranks has equally many: 5 and 22 blocks make stacks of 10
# and 44, of 20 and 88.
BLOCKS = """gpt.model @blocks {{
  %start, %block, %vblock, %skip, %normuon, %adam, %momentum, %short, %long = gpt.base "{base}"
  %attn_gate_bank = gpt.param [{n}, H, gate] init 0 by %adam
  %ve_gate_bank   = gpt.param [5, H, gate] init 0 by %adam
  %qkvo_w = gpt.param {n} x [4*D, D] init rows(3*D, uniform(sqrt(3/D)), 0) by %normuon (lr_mul = 2, mu = %momentum) as [4, D, D]
  %c_fc   = gpt.param {n} x [F, D] init uniform(sqrt(3/D) / 2) by %normuon (mu = %momentum)
  %c_proj = gpt.param {n} x [F, D] init 0 by %normuon (lr_mul = 2, mu = %momentum)
  %x0_lambdas = gpt.param [{n}] f32 init 0 by %adam (beta1 = 0.65, beta2 = 0.95, lr_mul = 5, wd_mul = 0)
  %resid, %sa, %smear_lambda, %backout_lambda, %skip_lambda = gpt.pack "scalars"
      [{n}] f32 init 1.1, [{n}, 2] f32 init cycle(0.5, 1.0), [] f32 init 0, [] f32 init 0.5, [] f32 init -1.5
      by %adam (lr_mul = 5, wd_mul = 0)
  %trunk = gpt.func() {{
    %x0 = gpt.call %start()
{body}
    %out = gpt.mul %backout_lambda, %b{before}
    %y   = gpt.sub %b{last}, %out
    %n   = gpt.rms_norm %y
    gpt.return %n
  }}
}}
"""


def blocks(count):
    """The model of so many blocks: a skip from block 0 to the middle, value embeddings at both ends."""
    lines, x, gates = [], "%x0", 0
    for i in range(count):
        if i == count // 2:
            lines.append(f"%s = gpt.call %skip({x}, %x0, %b0)")
            x = "%s"
        valued = i < 3 or i >= count - 2
        value = f", table = {i % 3}, gates = {gates}" if valued else ""
        far = i in (1, count - 1)
        how = "window = %long, offset = 1" if far else "window = %short"
        lines.append(f"%b{i} = gpt.call {'%vblock' if valued else '%block'}({x}, %x0) (i = {i}, a = {i}, {how}{value})")
        x, gates = f"%b{i}", gates + valued
    body = "\n".join("    " + line for line in lines)
    return BLOCKS.format(base=r.ROOT / "models/nanogpt.mlir", n=count, body=body, before=count // 2, last=count - 1)


def check_blocks(product, report):
    """Owners of unequally many matrices, of unlike shapes: within the order of sums of what one rank makes."""
    schedule = Schedule(scheduled_steps=4, extension_steps=1, window_unit=8, tokens=(384, 384, 384, 384))
    sizes = settings(record(**(SIZES | dict(schedule=schedule)))) | VALIDATION
    shard = inputs.write_shard(product.folder / "blocks.bin", inputs.text(30_000, SIZES["V"], seed=9))
    for count in (5, 22):
        program = product.compile(product.write(f"blocks{count}.mlir", blocks(count)), sizes)
        before = product.folder / "blocks.init"
        program.run("init", "--out", before, "--seed", 4)
        start = load_file(before)
        found = {}
        for world in (1, *WORLDS):
            saved = product.folder / f"blocks.{world}"
            program.run("train", "--data", shard, "--params", before, "--save", saved, "--nproc", world, "--threads", 2)
            found[world] = {k: x.astype(np.float64) - start[k] for k, x in load_file(saved).items()}
        for world in WORLDS:
            with report.case(f"{count} blocks on {world} ranks") as check:
                change, tensor = r.worst(found[world], found[1])
                check(change <= 1e-3, f"changes {change:.1e} ({tensor})")


def check_optimizers(product, report):
    """Optimizers that model files write: one takes the norm of all gradients, some wait three steps, some see matrices."""
    for name in CASES:
        file = r.ROOT / f"test/numerics/Inputs/{name}.mlir"
        shard = inputs.write_shard(product.folder / "optimizers.bin", inputs.text(20_000, SETTINGS["V"], seed=8))
        before, after = product.folder / "init", product.folder / "optimized"
        program = product.compile(file, SETTINGS)
        program.run("init", "--out", before, "--seed", 3)
        found = {}
        for world in (1, MICRO_BATCHES):
            program.run("train", "--data", shard, "--params", before, "--save", after, "--nproc", world, "--threads", 2)
            found[world] = {k: x.astype(np.float64) - load_file(before)[k] for k, x in load_file(after).items()}
        with report.case(f"{name} on {MICRO_BATCHES} ranks") as check:
            change, tensor = r.worst(found[MICRO_BATCHES], found[1])
            check(change <= 1e-4, f"changes {change:.1e} ({tensor})")


def check_golden(product, report, golden):
    """16 steps from given parameters to given ones, in float64: an honest f32 run's bounds."""
    tensors = load_file(golden / "train_record.safetensors")
    before = {name[6:]: x for name, x in tensors.items() if name.startswith("param.")}
    wanted = {name[6:]: x for name, x in tensors.items() if name.startswith("after.")}
    save_file(before, product.folder / "golden")
    schedule = Schedule(scheduled_steps=12, extension_steps=4, window_unit=8, tokens=(768, 1536, 2304, 2304))
    sizes = settings(record(**(SIZES | dict(schedule=schedule))))
    program = product.compile(r.ROOT / "models/nanogpt.mlir", sizes | dict(max_document_tokens=64))
    for world in WORLDS:
        with report.case(f"16 steps on {world} ranks") as check:
            saved = product.folder / "golden.saved"
            data = ("--data", golden / "train_record.bin", "--params", product.folder / "golden")
            program.run("train", *data, "--save", saved, "--nproc", world, "--threads", 2)
            after = load_file(saved)
            off = {}
            for name, x in wanted.items():
                change = np.linalg.norm(x - before[name].astype(np.float64))
                off[name] = np.linalg.norm(after[name].astype(np.float64) - x) / (change or 1)
            muon = {name: off.pop(name) for name in wanted if name.split(".")[0] in MUON}
            adam, worst = max((value, name) for name, value in off.items())
            median = np.median(list(muon.values()))
            check(
                adam <= 3e-4 and max(muon.values()) <= 1e-3 and median <= 1e-5,
                f"Adam {adam:.1e} ({worst}), NorMuon {max(muon.values()):.1e}, median {median:.1e}",
            )


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    if report.wants("worlds"):
        check_worlds(product, report)
    if report.wants("blocks"):
        check_blocks(product, report)
    if report.wants("optimizers"):
        check_optimizers(product, report)
    shared = r.shared_folder()
    if not report.wants("golden"):
        pass
    elif shared:
        check_golden(product, report, shared / "golden")
    else:
        report.skip("16 steps of the record", "no folder of expected values beside the repository")
    r.end(report)


if __name__ == "__main__":
    main()
