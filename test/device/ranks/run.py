"""Training on several ranks of GPUs: `run.py DIR [NAME...]`.

mlp, tiny: on 1, 2, 4 and 8 ranks, losses beside those of one rank; the first validation, before any gradient, has the
same bits; two runs of as many ranks write the same bits. record, record-eighth, record-fp8: 20 steps of the record over
its stages from given weights, with FP8 off within 1e-3 of one rank's in the first five steps, with FP8 in the mean
absolute difference over a stage within what the record's own runs differ by; times of a step beside one rank's.
overlap: the 62 steps of the record, inside the bounds of its own script's losses; two runs of as many ranks, and one of the
executable of another compiler where that was prepared, write the same bits; times of a step of each, and where in a traced step
collectives begin. orders, if it is asked for: how far losses of eight steps spread when micro-batches come in other orders, which
is measured and not judged. faults: a rank that is killed or stopped ends all in time, and leaves no process on a GPU. launched: two
ranks that are started one by one have the bits of --nproc 2, and lose one another in time.
"""

import ctypes
import json
import lzma
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
VISIBLE = os.environ.get("CUDA_VISIBLE_DEVICES")
GPUS = len(VISIBLE.split(",") if VISIBLE else subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines())
# Of losses on several ranks from those on one: in the first five steps, later, and in the mean over a stage with FP8.
FIRST, LATER, STAGES = 1e-3, 2e-2, (0.003, 0.018, 0.013)
STAGE_OF_STEP = [0] * 5 + [1] * 5 + [2] * 10
STAGE_OF_LONG = [0] * 18 + [1] * 18 + [2] * 26
GIB_OF_RANK = {"record": 21, "record-fp8": 21, "record-eighth": 9, "overlap": 21}
ok = True


def line(good, text):
    global ok
    ok &= bool(good)
    print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)


def nccl():
    """What `train` needs to find NCCL."""
    try:
        ctypes.CDLL("libnccl.so.2")
        return []
    except OSError:
        import nvidia.nccl

        return ["--nccl", next(iter(nvidia.nccl.__path__))]


def command(name, world, *flags):
    several = ["--nproc", str(world), *nccl()] if world > 1 else []
    return [FOLDER / name, "train", *flags, *several, *(["--share-gpus"] if world > GPUS else [])]


def train(name, world, *flags, **environment):
    """The rows of the log; none if it failed."""
    # A part of a run does not write over the log of the whole.
    log = FOLDER / f"{name}.{world}{'.part' if '--steps' in flags else ''}.log"
    begin = time.monotonic()
    run = subprocess.run(
        command(name, world, "--log", log, *flags), capture_output=True, text=True, timeout=300, env=os.environ | environment
    )
    if run.returncode:
        line(False, f"{name}, {world} ranks: {run.stderr.strip()} (exit code {run.returncode})")
        return []
    first, *rows = [json.loads(x) for x in log.read_text().splitlines()]
    device = first["header"]["device"]
    print(f"     {name}, {world} ranks: {time.monotonic() - begin:.1f} s in all, NCCL {device.get('nccl', '-')}")
    return rows


def values(rows, key):
    return [row[key] for row in rows if key in row]


def step_times(rows, steps):
    ends = [row["train_time_ms"] for row in rows if "loss" in row]
    return statistics.median(ends[i] - ends[i - 1] for i in steps if i)


def compare(name, world, rows, one):
    got, want = values(rows, "loss"), values(one, "loss")
    off = [abs(a - b) for a, b in zip(got, want, strict=True)]
    relative = [d / b for d, b in zip(off, want)]
    if name == "record-fp8":
        means = [statistics.mean(d for d, s in zip(off, STAGE_OF_STEP) if s == stage) for stage in range(3)]
        good = all(mean <= bound for mean, bound in zip(means, STAGES))
        line(good, f"{name}, {world} ranks: mean |difference| by stage " + ", ".join(f"{x:.4f}" for x in means))
    else:
        line(
            max(relative[:5]) <= FIRST and max(relative) <= LATER,
            f"{name}, {world} ranks: losses {max(relative[:5]):.1e} from one rank's in five steps, {max(relative):.1e} in all",
        )
    if values(rows, "val_loss"):
        first = values(rows, "val_loss")[0], values(one, "val_loss")[0]
        line(first[0] == first[1], f"{name}, {world} ranks: the first validation, {first[0]} and {first[1]}")
    if name.startswith("record"):
        for stage in range(3):
            steps = [i for i, s in enumerate(STAGE_OF_STEP) if s == stage]
            for parity, word in ((1, "even"), (0, "odd")):
                some = [i for i in steps if i % 2 == parity]
                times = [step_times(x, some) for x in (one, rows)]
                print(f"     {name}, stage {stage + 1}, {word} steps: {times[0]:.1f} ms on one rank, {times[1]:.1f} on {world}")


def flags_of(name):
    if not name.startswith("record"):
        shards = ["--data", FOLDER / "train_*.bin", "--val", FOLDER / "val_*.bin", "--epochs", "9999"]
        return [*shards, "--val-every", "8"]
    shard, weights = FOLDER / "shard.bin", FOLDER / "weights.safetensors"
    if not shard.exists():
        shard.write_bytes(lzma.decompress((FOLDER / "train_000001.bin.xz").read_bytes()))
        subprocess.run([sys.executable, FOLDER / "make_weights.py", weights], check=True)
    return ["--data", shard, "--params", weights]


def worlds_of(name):
    worlds = [2] if name == "mlp" else [2, 4, 8]
    if name not in GIB_OF_RANK:
        return worlds
    memory = subprocess.run(
        ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"], capture_output=True, text=True
    )
    fits = int(memory.stdout.split()[0]) / 1024 // GIB_OF_RANK[name]
    return [w for w in worlds if (w + GPUS - 1) // GPUS <= fits and (GPUS == 1 or w <= GPUS)]


def model(name):
    flags = flags_of(name)
    one = train(name, 1, *flags)
    for world in worlds_of(name):
        rows = one and train(name, world, *flags, "--save", FOLDER / "first")
        if not rows:
            continue
        compare(name, world, rows, one)
        if name == "tiny" or world == 2 and name == "mlp":
            again = train(name, world, *flags, "--save", FOLDER / "second")
            same = (FOLDER / "first").read_bytes() == (FOLDER / "second").read_bytes()
            same &= values(again, "loss") == values(rows, "loss")
            line(same, f"{name}, {world} ranks: two runs, {'the same' if same else 'OTHER'} bits")


def stage_times(rows):
    """The median of each stage's steps but for its first two, of even and odd ones."""
    ends = [row["train_time_ms"] for row in rows if "loss" in row]
    by_stage = [[], [], []]
    for i, stage in enumerate(STAGE_OF_LONG[: len(ends)]):
        if i >= 2 and STAGE_OF_LONG[i - 2] == stage:
            by_stage[stage].append(ends[i] - ends[i - 1])
    return ", ".join(f"{statistics.median(times):.1f} (odd {statistics.median(times[::2]):.1f}, even {statistics.median(times[1::2]):.1f})"
                     for times in by_stage if times)  # fmt: skip


def show_trace(path, world):
    """Where collectives begin: behind the step's begin, and beside the end of the backward."""
    events = [e for e in json.loads(path.read_text())["traceEvents"] if e["ph"] == "X"]
    for rank in range(world):
        own = [e for e in events if e["pid"] == rank]
        launches, others = ([e for e in own if e["tid"] == thread] for thread in (0, 1))
        begin = min(e["ts"] for e in own)
        last = max(e["ts"] + e["dur"] for e in launches if e["cat"].startswith("micro"))
        end = max(e["ts"] + e["dur"] for e in own)
        print(f"     rank {rank}: a step of {(end - begin) / 1e3:.2f} ms, its backward ends at {(last - begin) / 1e3:.2f}")
        for e in others if rank == 0 else []:
            print(f"       {(e['ts'] - begin) / 1e3:8.2f} ms ({(e['ts'] - last) / 1e3:+7.2f}), {e['dur'] / 1e3:6.3f} ms, "
                  f"{e['args']['bytes'] / 1e6:7.1f} MB, {e['cat']}: {e['name']}")  # fmt: skip


def overlap():
    flags = flags_of("record")
    golden = json.loads((FOLDER / "losses.json").read_text())["record"]
    means = [statistics.mean(s for run in step for s in run) / t for step, t in zip(zip(*golden["runs"]), golden["T"])]
    one, worlds = train("overlap", 1, *flags), worlds_of("overlap")
    print(f"     one rank: {stage_times(one)} ms a step")
    for world in worlds:
        runs = {}
        for which in ("first", "second", "before") if world == max(worlds) else ("first",):
            name = "overlap-before" if which == "before" else "overlap"
            if (FOLDER / name).exists():
                runs[which] = train(name, world, *flags, "--save", FOLDER / which)
                print(f"     {which}, {world} ranks: {stage_times(runs[which])} ms a step")
        losses = values(runs["first"], "loss")
        wanted = {"one rank's": values(one, "loss"), "the record's own": means}
        if world == 2:
            wanted["its own on two GPUs"] = json.loads((Path(__file__).parent / "script-on-two.json").read_text())["losses"]
        for what, want in wanted.items():
            off = [abs(a - b) for a, b in zip(losses, want, strict=True)]
            by_stage = [statistics.mean(d for d, s in zip(off, STAGE_OF_LONG) if s == stage) for stage in range(3)]
            line(all(x <= bound for x, bound in zip(by_stage, STAGES)),
                 f"{world} ranks: mean |difference| from {what} by stage " + ", ".join(f"{x:.4f}" for x in by_stage))  # fmt: skip
            print("       signed, of the first steps: " + " ".join(f"{a - b:+.4f}" for a, b in zip(losses[:8], want)))
        for which in ("second", "before"):
            if which in runs:
                same = (FOLDER / "first").read_bytes() == (FOLDER / which).read_bytes()
                line(same or which == "before" and world > 2, f"{world} ranks: first and {which}, {'the same' if same else 'OTHER'} bits")
        for step in (3, 24) if world == max(worlds) else (3,):
            traced = train("overlap", world, *flags, "--steps", str(step + 2), "--trace", FOLDER / f"trace{step}", "--trace-step", str(step))
            if traced:
                show_trace(FOLDER / f"trace{step}", world)
        shutil.rmtree(FOLDER / "checkpoints", ignore_errors=True)
        ending = ["--steps", "12", "--checkpoint", FOLDER / "checkpoints", "--checkpoint-every", "4", "--keep", "1"]
        run = subprocess.run(command("overlap", world, *flags, *ending), capture_output=True, text=True, timeout=300)
        said = [x for x in run.stdout.splitlines() if "checkpoint" in x]
        line(run.returncode == 0 and said, f"{world} ranks: " + "; ".join(said or [run.stderr.strip()]))


def orders(others=4, steps=8):
    """The same gradients added up in other orders: what the rounding of their sums alone does to losses."""
    from orders import reorder

    flags = flags_of("record")
    runs = {1: [], 2: []}
    for seed in range(-1, others):
        data, order = flags, "as they come"
        if seed >= 0:
            shard = FOLDER / f"order{seed}.bin"
            order = reorder(FOLDER / "shard.bin", shard, seed, steps + 2)
            data = ["--data", shard, *flags[2:], "--epochs", "9"]
        for world, each in runs.items():
            losses = values(train("overlap", world, *data, "--steps", str(steps)), "loss")
            print(f"     {world} ranks, micro-batches {order}: " + " ".join(f"{x:.4f}" for x in losses))
            each.append(losses)
    for world, each in runs.items():
        spread = ", ".join(f"{statistics.mean(x):.4f} {statistics.stdev(x):.4f}" for x in zip(*each))
        print(f"     {world} ranks: mean and standard deviation by step {spread}")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def faults():
    world = 2
    for number, wanted in ((signal.SIGKILL, "was ended by signal 9"), (signal.SIGSTOP, "has done nothing for 20 s")):
        run = subprocess.Popen(
            command("long", world, *flags_of("long")), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while not (said := run.stdout.readline()).startswith("step:1"):
            if not said:
                break
        ranks = children(run.pid)
        since = time.monotonic()
        if ranks:
            os.kill(ranks[-1], number)
        _, error = run.communicate(timeout=60)
        taken = time.monotonic() - since
        left = [pid for pid in ranks if Path(f"/proc/{pid}").exists()]
        good = run.returncode == 3 and wanted in error and error.count("\n") == 1 and taken < 30 and not left
        line(good, f"one of {world} ranks, {number.name}: {error.strip()} (exit code {run.returncode}, {taken:.1f} s, {len(left)} left)")


def launch(name, world, *flags):
    """The processes of a job."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        port = own.getsockname()[1]
    job = dict(WORLD_SIZE=str(world), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GPTC_JOB_TOKEN="ours")
    run = [FOLDER / name, "train", *flags, *nccl(), *(["--share-gpus"] if world > GPUS else [])]
    return [
        subprocess.Popen(
            run, env=os.environ | job | dict(RANK=str(r), LOCAL_RANK=str(r)),
            stdout=subprocess.PIPE if r == 0 else subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for r in range(world)
    ]  # fmt: skip


def launched():
    train("tiny", 2, *flags_of("tiny"), "--save", FOLDER / "first")
    ranks = launch("tiny", 2, *flags_of("tiny"), "--save", FOLDER / "second")
    ended = [rank.communicate(timeout=120)[1].strip() or rank.returncode for rank in ranks]
    same = ended == [0, 0] and (FOLDER / "first").read_bytes() == (FOLDER / "second").read_bytes()
    line(same, f"2 launched ranks: {'the bits of --nproc 2' if same else ended}")
    for number, wanted in ((signal.SIGKILL, "rank 1 has ended"), (signal.SIGSTOP, "rank 1 has done nothing for 20 s")):
        first, second = launch("long", 2, *flags_of("long"))
        while not (said := first.stdout.readline()).startswith("step:") and said:
            pass
        second.send_signal(number)
        since = time.monotonic()
        _, error = first.communicate(timeout=60)
        taken = time.monotonic() - since
        second.kill()
        good = first.returncode == 3 and wanted in error and taken < 30
        line(good, f"one of 2 launched ranks, {number.name}: {error.strip()} (exit code {first.returncode}, {taken:.1f} s)")


def main():
    device = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
                            capture_output=True, text=True)  # fmt: skip
    print(device.stdout.strip())
    for name in sys.argv[2:] or ["mlp", "tiny", "faults", "launched", "record", "record-eighth", "record-fp8", "overlap"]:
        if name in ("faults", "launched"):
            faults() if name == "faults" else launched()
        elif name == "overlap" and (FOLDER / name).exists():
            overlap()
        elif name == "orders" and (FOLDER / "overlap").exists():
            orders()
        elif (FOLDER / name).exists():
            model(name)
        else:
            print(f"skip: {name} was not prepared")
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
