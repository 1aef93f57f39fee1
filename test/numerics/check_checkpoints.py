"""Runs that go on from a checkpoint against runs that were not interrupted: every parameter, all of the state, every line of the log.

The model is the record at a small size, whose tables are trained in each second step, so that gradients wait in every other
checkpoint, and split. Runs are ended by SIGTERM, by SIGKILL at random moments (30; 200 with --full),
by a rank that is stopped, and by what keeps a checkpoint from being written; checkpoints are cut, flipped and mixed up.
"""

import contextlib
import fcntl
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import inputs
import report as r
from check_ranks import children, free_port
from product import arguments, settings
from reference import record
from schedules import Schedule

STEPS = 8
SCHEDULE = Schedule(scheduled_steps=6, extension_steps=2, micro_batches=8, window_unit=8, tokens=(192, 256, 384, 384))
SIZES = dict(D=32, H=2, K=16, F=48, V=128, fp8=False, schedule=SCHEDULE)
VALIDATION = dict(max_document_tokens=64, val_tokens=480, val_slice=96)
FILES = ("parameters", "optimizer", "gradients")
KEPT = ("step", "loss", "next_token_loss", "val_loss", "grad_norm", "lr", "tokens")
IN_TIME = 30  # seconds until all of a run have ended
STOPPED, LOST = 75, 3  # exit codes


class Runs:
    """One program, its data, and the runs of it."""

    def __init__(self, product):
        self.folder = product.folder
        self.program = product.compile(r.ROOT / "models/nanogpt.mlir", settings(record(**SIZES)) | VALIDATION)
        self.data = inputs.write_shard(self.folder / "checkpoints.bin", inputs.text(20_000, SIZES["V"], seed=6))
        self.whole = {}
        self.count = 0

    def place(self, name="run"):
        self.count += 1
        place = self.folder / f"{name}{self.count}"
        place.mkdir()
        return place

    def command(self, place, *options, world=1, every=1, keep=0, kept=None):
        files = ("--checkpoint", kept or place / "kept", "--log", place / "log", "--save", place / "saved")
        words = ("train", "--data", self.data, "--val", self.data, "--val-every", 3, "--nproc", world, "--threads", 1)
        rhythm = ("--checkpoint-every", every, "--keep", keep) if every else ()
        return [str(word) for word in (self.program.path, *words, *files, *rhythm, *options)]

    def run(self, place, *options, **shape):
        return subprocess.run(self.command(place, *options, **shape), capture_output=True, text=True, timeout=120)

    def good(self, place, *options, **shape):
        result = self.run(place, *options, **shape)
        if result.returncode:
            raise RuntimeError(f"exit code {result.returncode}: {result.stderr.strip()}")
        return result

    def start(self, place, *options, environment=None, **shape):
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # A shell's job in the background ignores SIGINT, and so would what it starts.
        heeds = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(self.command(place, *options, **shape), env=environment, preexec_fn=heeds, **pipes)

    def uninterrupted(self, world):
        if world not in self.whole:
            self.whole[world] = self.place("whole")
            self.good(self.whole[world], world=world)
        return self.whole[world]

    def differences(self, place, world):
        """What the run in `place` has otherwise than one that was not interrupted."""
        wanted, found = self.uninterrupted(world), []
        if (place / "saved").read_bytes() != (wanted / "saved").read_bytes():
            found.append("the saved parameters")
        found += [f"the {name}" for name in FILES if state(place, STEPS, name) != state(wanted, STEPS, name)]
        mine, its = lines(place), lines(wanted)
        return found + ["the log"] * (mine != its)


def step_folder(place, step):
    return place / "kept" / f"step-{step:08d}"


def state(place, step, name):
    return (step_folder(place, step) / f"{name}.safetensors").read_bytes()


def lines(place):
    """A log without times, and without what says that it went on."""
    rows = [json.loads(line) for line in (place / "log").read_text().splitlines()]
    return [{key: row[key] for key in KEPT if key in row} for row in rows if "step" in row]


def steps_in(place):
    return sorted(int(path.name[5:]) for path in (place / "kept").glob("step-????????"))


def wait_for(process, start):
    """Reads what it prints until a line begins so."""
    for line in process.stdout:
        if line.startswith(start):
            return
    raise RuntimeError(f"it ended before {start}: {process.stderr.read()}")


def family(process):
    """The process and its children."""
    with contextlib.suppress(FileNotFoundError):
        return [process.pid, *children(process.pid)]
    return [process.pid]


def alive(pid):
    """Whether it runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_end(pids):
    until = time.monotonic() + IN_TIME
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def loads(place):
    """Whether the newest checkpoint is what the Python library reads; true where there is none."""
    if not (steps := steps_in(place)):
        return True
    folder = step_folder(place, steps[-1])
    tensors = {name: load_file(folder / f"{name}.safetensors") for name in FILES}
    manifest = json.loads((folder / "checkpoint.json").read_text())
    return manifest["step"] == steps[-1] and len(tensors["optimizer"]) > len(tensors["parameters"]) > 30


# ---- Going on ----------------------------------------------------------------------------------------------------------------


def check_every_step(runs, report):
    for world in (1, 2):
        whole = runs.uninterrupted(world)
        for step in range(1, STEPS):
            with report.case(f"on from step {step}, {world} rank{'s' * (world > 1)}") as check:
                place = runs.place()
                shutil.copy(whole / "log", place / "log")
                runs.good(place, "--resume", step_folder(whole, step), world=world)
                waiting = len(load_file(step_folder(whole, step) / "gradients.safetensors"))
                wrong = runs.differences(place, world)
                for later in range(step + 1, STEPS):
                    wrong += [f"{name} of step {later}" for name in FILES if state(place, later, name) != state(whole, later, name)]
                check(not wrong, ", ".join(wrong) or f"the same bits; {waiting} gradients waited")
    with report.case("gradients wait in some checkpoints, not in all") as check:
        waiting = [len(load_file(step_folder(runs.uninterrupted(1), step) / "gradients.safetensors")) for step in range(1, STEPS + 1)]
        check(0 in waiting and max(waiting) > 0, waiting)


def check_worlds(runs, report):
    with report.case("on with 1, 2, 4, 1 ranks") as check:
        whole, place = runs.uninterrupted(1), runs.place()
        for world, until in ((1, 3), (2, 5), (4, 6), (1, STEPS)):
            runs.good(place, "--resume", "auto", "--steps", until, world=world)
        mine, its = lines(place), lines(whole)
        off = max(abs(a[key] / b[key] - 1) for a, b in zip(mine, its) for key in ("loss", "val_loss") if key in b)
        before = runs.place()
        runs.program.run("init", "--out", before / "init")
        first, after = load_file(before / "init"), load_file(place / "saved")
        changes = {name: x.astype(np.float64) - first[name] for name, x in load_file(whole / "saved").items()}
        change, name = r.worst({name: after[name].astype(np.float64) - first[name] for name in changes}, changes)
        # A run on fewer steps validates at its end.
        same = [row["step"] for row in mine if "loss" in row] == list(range(1, STEPS + 1))
        check(same and off <= 1e-6 and change <= 1e-3, f"losses {off:.1e}, changes {change:.1e} ({name})")


def check_signals(runs, report):
    for name, world in ((signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGTERM, 2), (signal.SIGINT, 2)):
        with report.case(f"{name.name}, {world} rank{'s' * (world > 1)}") as check:
            place = runs.place()
            process = runs.start(place, world=world, every="1h", keep=2)
            wait_for(process, "step:3/")
            pids = family(process)
            if name == signal.SIGINT:  # as a terminal does
                for pid in pids:
                    os.kill(pid, name)
            else:
                process.send_signal(name)
            _, said = process.communicate(timeout=IN_TIME)
            steps = steps_in(place)
            stopped = process.returncode == STOPPED and len(steps) == 1 and f"stopped by signal {signal.SIGTERM.value if world > 1 else name.value} (" in said
            runs.good(place, "--resume", "auto", world=world)
            wrong = runs.differences(place, world) if stopped else []
            check(stopped and not wrong and all_end(pids), f"{said.strip()}; exit code {process.returncode}; {', '.join(wrong) or 'the same bits'}")
    with report.case("a second SIGINT ends a run that cannot end its step") as check:
        place = runs.place()
        process = runs.start(place, world=2)
        wait_for(process, "step:2/")
        pids = family(process)
        os.kill(pids[-1], signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        waits = process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=IN_TIME)
        check(waits and process.returncode == -signal.SIGINT and all_end(pids) and loads(place), f"exit code {process.returncode}")
    with report.case("SIGTERM, 2 ranks that a launcher started") as check:
        place = runs.place()
        job = dict(WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()), GPTC_JOB_TOKEN="ours")
        ranks = [runs.start(place, environment=os.environ | job | dict(RANK=str(rank))) for rank in range(2)]
        wait_for(ranks[0], "step:2/")
        ranks[1].send_signal(signal.SIGTERM)  # one is told, all stop
        codes = [(rank.communicate(timeout=IN_TIME), rank.returncode)[1] for rank in ranks]
        runs.good(place, "--resume", "auto", world=2)
        wrong = runs.differences(place, 2)
        check(codes == [STOPPED, 0] and not wrong, f"exit codes {codes}; {', '.join(wrong) or 'the same bits'}")


# ---- Faults ------------------------------------------------------------------------------------------------------------------


def check_kills(runs, report, count):
    """SIGKILL of the run, or of one of its ranks, at random moments: in training, and while checkpoints are written."""
    choose = random.Random(7)
    took = {}
    for world in (1, 2):
        since = time.monotonic()
        runs.good(runs.place(), world=world)
        took[world] = time.monotonic() - since
    wrong, from_step, writing = [], [], 0
    for number in range(count):
        world = choose.choice((1, 2))
        place = runs.place("killed")
        process = runs.start(place, world=world)
        time.sleep(choose.random() * took[world] * 1.1)
        pids = family(process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(choose.choice(pids), signal.SIGKILL)
        try:
            process.communicate(timeout=IN_TIME)
        except subprocess.TimeoutExpired:
            process.kill()
            wrong.append(f"{number}: it goes on")
            continue
        if not all_end(pids):
            wrong.append(f"{number}: ranks go on")
        writing += any(place.glob("kept/*.tmp"))
        from_step.append(max([0, *steps_in(place)]))
        try:
            if not loads(place):
                wrong.append(f"{number}: the checkpoint does not load")
            runs.good(place, "--resume", "auto", world=world)
            wrong += [f"{number}: {difference}" for difference in runs.differences(place, world)]
        except (RuntimeError, OSError, ValueError) as problem:
            wrong.append(f"{number}: {problem}")
        if list(place.glob("kept/*.tmp")):
            wrong.append(f"{number}: what was half written is left")
        shutil.rmtree(place)
    report.check(
        not wrong and len(set(from_step)) > 3,
        f"{count} runs are killed",
        "; ".join(wrong) or f"the same bits from steps {sorted(set(from_step))}; {writing} wrote a checkpoint just then",
    )


@contextlib.contextmanager
def stopped_rank(runs, report):
    """A rank of two is stopped: the others wait for 20 s, while the body runs."""
    place = runs.place("stopped")
    process = runs.start(place, world=2, keep=2)
    wait_for(process, "step:3/")
    pids, since = family(process), time.monotonic()
    os.kill(pids[-1], signal.SIGSTOP)
    yield
    with report.case("a rank is stopped") as check:
        _, said = process.communicate(timeout=2 * IN_TIME)
        taken = time.monotonic() - since
        ended = process.returncode == LOST and said.startswith("error: rank 1 has done nothing for 20 s") and all_end(pids)
        runs.good(place, "--resume", "auto", world=2, keep=2)
        wrong = runs.differences(place, 2)
        check(ended and not wrong, f"{said.strip()}; {', '.join(wrong) or 'the same bits'}; seen {taken:.0f} s later")


def flip(path, at, bit=0):
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def check_damage(runs, report):
    whole, choose = runs.uninterrupted(1), random.Random(3)
    names = [f"{name}.safetensors" for name in FILES] + ["checkpoint.json"]

    def damaged(damage, steps=(4, 5)):
        place = runs.place("damaged")
        for step in steps:
            shutil.copytree(step_folder(whole, step), step_folder(place, step))
        damage(step_folder(place, steps[-1]))
        return place

    cases = [(f"{name} is cut", name, lambda f, n=name: os.truncate(f / n, (f / n).stat().st_size * 2 // 3)) for name in names]
    cases += [(f"{name} is empty", name, lambda f, n=name: os.truncate(f / n, 0)) for name in names]
    cases += [(f"{name} is missing", name, lambda f, n=name: (f / n).unlink()) for name in names]
    cases += [(f"a longer {name}", name, lambda f, n=name: (f / n).open("ab").write(b"x")) for name in names[:3]]
    for name in names * 3:
        where, bit = choose.random(), choose.randrange(8)
        damage = lambda f, n=name, w=where, b=bit: flip(f / n, int((f / n).stat().st_size * w), b)  # noqa: E731
        cases.append((f"bit {bit} of {name} at {where:.3f} is flipped", name, damage))
    wrong = []
    for case, name, damage in cases:
        place = damaged(damage)
        result = runs.run(place, "--resume", step_folder(place, 5))
        said = result.stderr.strip()
        # A letter of the text that says the same is no damage: what stands there has not changed.
        good = result.returncode == 1 and name in said and said.startswith("error: ") and said.count("\n") == 0 and steps_in(place) == [4, 5]
        wrong += [] if good else [f"{case}: exit code {result.returncode}, {said or 'nothing is said'}"]
        shutil.rmtree(place)
    report.check(not wrong, f"{len(cases)} damaged checkpoints are named", "; ".join(wrong) or "each is one error")
    with report.case("auto takes the one before") as check:
        place = damaged(lambda f: flip(f / "optimizer.safetensors", 5000))
        shutil.copy(whole / "log", place / "log")
        said = runs.good(place, "--resume", "auto").stderr.strip()
        wrong = runs.differences(place, 1)
        named = "step-00000005/optimizer.safetensors: the file is damaged" in said and "step-00000004 is the last that is whole" in said
        check(named and not wrong and said.count("\n") == 0, f"{said}; {', '.join(wrong) or 'the same bits'}")
    with report.case("auto begins nothing where all are damaged") as check:
        place = damaged(lambda f: [(f.parent / n / "checkpoint.json").unlink() for n in ("step-00000004", "step-00000005")])
        result = runs.run(place, "--resume", "auto")
        check(result.returncode == 1 and "none of its checkpoints is whole" in result.stderr and not (place / "log").exists(), result.stderr.strip())


def check_refusals(product, runs, report):
    whole = runs.uninterrupted(1)
    five = step_folder(whole, 5)
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file() and path.name != "lock"}

    def refused(name, wanted, *options, place=None, data=None, **shape):
        with report.case(name) as check:
            place = place or runs.place("refused")
            command = runs.command(place, *options, **shape)
            if data:
                command[3] = str(data)
            result = subprocess.run(command, capture_output=True, text=True, timeout=60)
            said = result.stderr.strip()
            check(result.returncode == 1 and said.startswith("error: ") and wanted in said and said.count("\n") == 0, said)

    mlp = product.compile(r.ROOT / "models/mlp.mlir")
    command = [mlp.path, "train", "--data", runs.data, "--resume", five]
    with report.case("another model's") as check:
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        check(result.returncode == 1 and "another program: 'model' is 'nanogpt' there and 'mlp' here" in result.stderr, result.stderr.strip())
    refused("another setting", "its run had nothing set, this one has --set adam_lr=0.5", "--resume", five, "--set", "adam_lr=0.5")
    refused("another seed", "its run had --seed 0, this one has 3", "--resume", five, "--seed", 3)
    refused("fewer steps", "give it more --steps", "--resume", five, "--steps", 3)
    other = inputs.write_shard(runs.folder / "others.bin", inputs.text(20_000, SIZES["V"], seed=9))
    refused("other data", "give the run the same shards", "--resume", five, data=other)
    refused("a folder of checkpoints", "holds checkpoints, and is none: name one, as --resume", "--resume", whole / "kept")
    refused("no checkpoint", "no checkpoint", "--resume", runs.folder / "nowhere")
    refused("a run that begins where another has been", "is the checkpoint of a later step than the run begins with, 0", place=whole)
    place = runs.place()
    (place / "kept").write_text("")
    refused("a file in the folder's place", "is a file", place=place)
    place = runs.place()
    (place / "log").write_text('{"step": 1}\n')
    refused("a log that is none", "is no log of a run", "--resume", five, place=place)
    refused("a folder whose parent is missing", "cannot make the folder", kept=runs.folder / "no/such")
    refused("a folder that cannot be written", "cannot write", kept="/proc/self")
    refused("a name that is too long", "File name too long", kept=runs.folder / ("x" * 300))
    refused("a time that is none", "a number of steps was expected, or a time", every="10x")
    with report.case("two runs in one folder") as check:
        place = runs.place()
        (place / "kept").mkdir()
        with (place / "kept/lock").open("w") as lock:
            lock.write("4711")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = runs.run(place)
        check(result.returncode == 1 and "another run (process 4711) writes its checkpoints there" in result.stderr, result.stderr.strip())
    with report.case("nothing was changed by what was refused") as check:
        check(before == {path: path.read_bytes() for path in whole.rglob("*") if path.is_file() and path.name != "lock"}, f"{len(before)} files")
    with report.case("a folder that is empty") as check:
        said = runs.good(runs.place(), "--resume", "auto", "--steps", 0).stderr
        check("holds no checkpoint: the run begins at step 0" in said, said.strip())


def check_full_disk(runs, report):
    """Files may not grow beyond a size, as on a disk that is full; then they may again."""

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    def start(place, *options):
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, restore_signals=False)
        return subprocess.Popen(runs.command(place, *options, every=2), preexec_fn=limited, **pipes)

    with report.case("a disk that stays full") as check:
        place = runs.place()
        command = start(place)
        _, said = command.communicate(timeout=60)
        told = said.count("warning: the checkpoint of step ")
        # The run's own parameters do not fit either: it has trained to the end, and says what was lost.
        good = command.returncode == 1 and told == 4 and "File too large" in said and len(lines(place)) == len(lines(runs.uninterrupted(1)))
        check(good and not list((place / "kept").glob("step-*")), f"{told} warnings; {said.strip().splitlines()[-1]}")
    with report.case("a disk that is full for a while") as check:
        place = runs.place()
        process = start(place)
        wait_for(process, "step:3/")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        _, said = process.communicate(timeout=60)
        wrong = runs.differences(place, 1)
        check(process.returncode == 0 and "warning: the checkpoint of step 2 is not written" in said and not wrong, said.strip())


def mounted(place, options, script):
    """Runs a script of the shell in which the folder `place` is a file system of its own, in memory; None where that is not permitted."""
    mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    small = f"mount -t tmpfs -o {options} none {place}"
    try:
        if subprocess.run([*mount, small], capture_output=True).returncode:
            return None
        return subprocess.run([*mount, f"{small} && {script}"], capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        return None


def check_file_systems(runs, report):
    """A disk that is full, and one that cannot be written: file systems that are."""
    if mounted(runs.place(), "size=4k", "true") is None:
        report.skip("file systems", "none can be mounted here")
        return
    with report.case("a file system that is full") as check:
        place = runs.place()
        for name in ("disk", "kept"):
            (place / name).mkdir()
        one = sum(file.stat().st_size for file in step_folder(runs.uninterrupted(1), 1).iterdir())
        command = shlex.join(runs.command(place, kept=place / "disk/kept"))
        result = mounted(place / "disk", f"size={3 * one}", f"{command}; code=$?; cp -r {place}/disk/kept {place}; exit $code")
        said = result.stderr.strip().splitlines()
        told = [line for line in said if line.startswith("warning: the checkpoint of step ") and "No space left on device" in line]
        good = result.returncode == 1 and len(told) == len(said) - 1 and said[-1].startswith("error: the last checkpoint is not written: ")
        there = steps_in(place)
        missing = [int(re.search(r"checkpoint of step (\d+)", line)[1]) for line in told]
        check(good and there and sorted(there + missing) == list(range(1, STEPS + 1)), f"behind steps {there}; {said[-1]}")
        half = [path.name for path in (place / "kept").iterdir() if path.name != "lock" and not re.fullmatch(r"step-\d{8}", path.name)]
        check(not half and lines(place) == lines(runs.uninterrupted(1)), f"the run has trained to its end; half written: {half}")
        runs.good(place, "--resume", "auto")
        wrong = runs.differences(place, 1)
        check(not wrong, ", ".join(wrong) or "the same bits from the last of them")
    with report.case("a file system that cannot be written") as check:
        place = runs.place()
        (place / "disk").mkdir()
        command = shlex.join(runs.command(place, kept=place / "disk/kept"))
        result = mounted(place / "disk", "ro", command)
        said = result.stderr.strip()
        good = result.returncode == 1 and said.count("\n") == 0 and "disk/kept: cannot make the folder of --checkpoint: Read-only file system" in said
        check(good and not (place / "log").exists(), said)


def check_rhythm(runs, report):
    with report.case("--keep") as check:
        place = runs.place()
        runs.good(place, every=3, keep=2)
        check(steps_in(place) == [6, 8], f"of steps 3, 6, 8 are kept {steps_in(place)}")
    with report.case("--checkpoint alone") as check:
        place = runs.place()
        result = runs.good(place, every=None)
        last = result.stdout.strip().splitlines()[-1]
        check(steps_in(place) == [STEPS] and not result.stderr and last.startswith("checkpoints: 1, for each"), f"behind step {steps_in(place)}; {last}")
    with report.case("checkpoints change nothing") as check:
        place = runs.place()
        runs.good(place, every="1h")
        wrong = runs.differences(place, 1)
        check(not wrong, ", ".join(wrong) or "the same bits with one and with eight")


def main():
    given, product = arguments(__doc__, full="kill 200 runs, not 30")
    report = r.Report(given.only)
    runs = Runs(product)
    with contextlib.ExitStack() as stack:
        if report.wants("stopped"):
            stack.enter_context(stopped_rank(runs, report))
        if report.wants("every step"):
            check_every_step(runs, report)
        if report.wants("worlds"):
            check_worlds(runs, report)
        if report.wants("signals"):
            check_signals(runs, report)
        if report.wants("damage"):
            check_damage(runs, report)
        if report.wants("refusals"):
            check_refusals(product, runs, report)
        if report.wants("full disk"):
            check_full_disk(runs, report)
        if report.wants("file systems"):
            check_file_systems(runs, report)
        if report.wants("rhythm"):
            check_rhythm(runs, report)
        if report.wants("kills"):
            check_kills(runs, report, 200 if given.full else 30)
    r.end(report)


if __name__ == "__main__":
    main()
