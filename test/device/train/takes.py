"""What a run of an executable takes beside its steps' times: its start, its memory, and when the GPU does nothing.

When each kernel begins and ends is CUPTI's to say (intervals.cpp). The kernels that a step should run stand in the program's own
table, so each step is found in what was seen, and a kernel too many or too few is an error.
"""

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

GPU = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
ORDER = ("prologue", "micro", "epilogue", "update", "event")


class Run:
    """A process that writes a log: `seconds` in all, `first` to the loss of its first step; `memory` in MiB at most, beyond what was
    taken before, as the driver has it; `said`, what the run itself says of its start and its memory."""

    def __init__(self, command, log, limit=540, **environment):
        log.unlink(missing_ok=True)
        self.first, out = None, log.with_suffix(".out")
        asked = subprocess.Popen(
            ["nvidia-smi", "-i", GPU, "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "100"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        before = int(asked.stdout.readline())
        with open(out, "w") as said:
            run = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=said, stderr=subprocess.PIPE, text=True
            )
        begin = time.monotonic()
        while run.poll() is None and time.monotonic() < begin + limit:
            if self.first is None and log.exists() and log.read_text().count("\n") > 1:
                self.first = time.monotonic() - begin
            time.sleep(0.01)
        run.kill()
        self.error = run.communicate()[1].strip()
        self.seconds, self.code = time.monotonic() - begin, run.returncode
        self.said = [x for x in out.read_text().splitlines() if x.startswith(("start:", "peak memory"))]
        asked.terminate()
        used = [int(x) for x in asked.communicate()[0].split() if x.isdigit()]
        self.memory = max(used, default=before) - before


# ---- When the GPU does nothing -----------------------------------------------------------------------------------------------


def injection(folder):
    """The library that the driver loads into a run; none without a compiler and CUPTI."""
    library, source = folder / "intervals.so", Path(__file__).with_name("intervals.cpp")
    places = [Path(p) for p in (os.environ.get("CUDA_HOME", "/usr/local/cuda"), "/usr/local/cuda")]
    if spec := importlib.util.find_spec("nvidia"):
        places += map(Path, spec.submodule_search_locations)
    include = [h.parent for name in ("cupti.h", "cuda.h") for p in places for h in p.rglob(name)]
    found = [so for p in places for so in p.rglob("libcupti.so*")]
    if not found or not shutil.which("c++"):
        return None
    command = ["c++", "-std=c++17", "-O1", "-shared", "-fPIC", source, "-o", library, *(f"-I{h}" for h in include), found[0],
               f"-Wl,-rpath,{found[0].parent}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"     no CUPTI: {done.stderr.strip()[:300]}")
    return None if done.returncode else library.resolve()


def kernels_of_steps(table, count):
    """The launches of each step, in order: the kernel's name, and its family with the precision of its products."""
    family = lambda launch: " ".join(filter(None, [launch["family"].replace("_", " "), launch.get("precision")]))
    own = {part["name"]: [(launch["kernel"], family(launch)) for launch in part["launches"]] for part in table["parts"]}
    parts = {}
    for part in table["parts"]:
        for first, last, stride in part["steps"]:
            for step in range(first, min(last, count - 1) + 1, stride):
                parts[part["kind"], step] = own[part["launches_of"]]
    times = {"micro": table["micro_batches"]}
    return [[k for kind in ORDER for k in times.get(kind, 1) * parts.get((kind, step), [])] for step in range(count)]


def idle(executable, path, count):
    """For each step but the last its time in ms, the share of it in which no kernel ran, and the ms of each family's kernels."""
    dropped, *lines = path.read_text().splitlines()
    seen = [line.split() for line in lines]
    table = json.loads(subprocess.run([executable, "info", "--launches"], capture_output=True, text=True, check=True).stdout)
    wanted = kernels_of_steps(table, count)
    at = len(seen) - sum(map(len, wanted))
    if dropped != "dropped 0" or at < 0 or [x[2] for x in seen[at:]] != [k for step in wanted for k, _ in step]:
        raise ValueError(f"{dropped}, {len(seen)} kernels seen, {at} too many; those of the steps differ from the program's")
    times = [(int(a), int(b)) for a, b, _ in seen]
    found = []
    for step in wanted[:-1]:
        own, begin, end = times[at : at + len(step)], times[at][0], times[at + len(step)][0]
        busy, until, families = 0, begin, {}
        for (a, b), (_, family) in zip(own, step):
            busy += max(0, min(b, end) - max(a, until))
            until = max(until, b)
            families[family] = families.get(family, 0) + (b - a) / 1e6
        found.append(((end - begin) / 1e6, 1 - busy / (end - begin), families))
        at += len(step)
    return found
