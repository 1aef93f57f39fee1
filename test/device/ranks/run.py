"""Training on several ranks of GPUs: `run.py DIR [NAME...]`.

mlp, tiny: on 1, 2, 4 and 8 ranks, losses beside those of one rank; the first validation, before any gradient, has the
same bits; two runs of as many ranks write the same bits. record, record-eighth, record-fp8: 20 steps of the record over
its stages from given weights, with FP8 off within 1e-3 of one rank's in the first five steps, with FP8 in the mean
absolute difference over a stage within what the record's own runs differ by; times of a step beside one rank's.
faults: a rank that is killed or stopped ends all in time, and leaves no process on a GPU. launched: two ranks that are
started one by one have the bits of --nproc 2, and lose one another in time.
"""

import ctypes
import json
import lzma
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
GPUS = len(subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines())
# Of losses on several ranks from those on one: in the first five steps, later, and in the mean over a stage with FP8.
FIRST, LATER, STAGES = 1e-3, 2e-2, (0.003, 0.018, 0.013)
STAGE_OF_STEP = [0] * 5 + [1] * 5 + [2] * 10
GIB_OF_RANK = {"record": 31, "record-fp8": 31, "record-eighth": 9}
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


def train(name, world, *flags):
    """The rows of the log; none if it failed."""
    log = FOLDER / f"{name}.{world}.log"
    begin = time.monotonic()
    run = subprocess.run(command(name, world, "--log", log, *flags), capture_output=True, text=True, timeout=300)
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
    for name in sys.argv[2:] or ["mlp", "tiny", "faults", "launched", "record", "record-eighth", "record-fp8"]:
        if name in ("faults", "launched"):
            faults() if name == "faults" else launched()
        elif (FOLDER / name).exists():
            model(name)
        else:
            print(f"skip: {name} was not prepared")
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
