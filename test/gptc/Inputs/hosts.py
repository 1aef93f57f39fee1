"""Ranks on two hosts that are none: `hosts.py DIR FAKE_CUDA`.

Two network namespaces, joined by a pair of interfaces, each with an address, a name and the boot of another machine. Ranks of
GPUs (the tests' own driver and NCCL) train across them, however they are started; ranks of the CPU say that they cannot.
"""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

folder, fake_cuda = map(Path, sys.argv[1:3])
NAMES = ("alpha", "beta")
LIMIT = 60  # seconds; a rank that is missed is given up after 20


def skip(why):
    print(f"skip: several hosts: {why}")
    sys.exit(0)


def made(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        skip(f"{shlex.join(command)}: {result.stderr.strip()}")


def enter():
    """Begins again as root of a namespace of its own, in which others can be made."""
    for tool in ("unshare", "nsenter", "ip", "mount"):
        if not shutil.which(tool):
            skip(f"{tool} is missing")
    own = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--uts"]
    if subprocess.run([*own, "true"], capture_output=True).returncode:
        skip("namespaces are not permitted here")
    os.execvp(own[0], [*own, sys.executable, *sys.argv, "inside"])


class Hosts:
    """Both, by the command that runs something there."""

    def __init__(self, stack):
        (folder / "hosts").write_text("127.0.0.1 localhost\n10.77.0.1 alpha\n10.77.0.2 beta\n")
        made("mount", "--bind", str(folder / "hosts"), "/etc/hosts")
        made("ip", "link", "set", "lo", "up")
        other = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "sleep", "600"])
        stack.callback(other.wait)
        stack.callback(other.kill)
        space = Path(f"/proc/{other.pid}/ns/uts")
        while space.readlink() == Path("/proc/self/ns/uts").readlink():
            if other.poll() is not None:
                skip("no second namespace can be made")
            time.sleep(0.01)
        self.enter = {"alpha": [], "beta": ["nsenter", "-t", str(other.pid), "--net", "--mount", "--uts"]}
        made("ip", "link", "add", "gptc0", "type", "veth", "peer", "name", "gptc1", "netns", str(other.pid))
        for number, name in enumerate(NAMES):
            (folder / name).write_text(f"{name}-of-the-test\n")
            made(*self.enter[name], "hostname", name)
            made(*self.enter[name], "ip", "link", "set", "lo", "up")
            made(*self.enter[name], "ip", "address", "add", f"10.77.0.{number + 1}/24", "dev", f"gptc{number}")
            made(*self.enter[name], "ip", "link", "set", f"gptc{number}", "up")
            made(*self.enter[name], "mount", "--bind", str(folder / name), "/proc/sys/kernel/random/boot_id")

    def train(self, program, places, *options):
        """Ranks at (host, variables of the launcher), in their order: what each printed and how it ended."""
        command = [folder / program, "train", "--data", f"{folder}/train_*.bin", *options]
        ranks = []
        for host, variables in places:
            environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(fake_cuda), "FAKE_CUDA_DEVICES": "1"}
            pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            ranks.append(subprocess.Popen([*self.enter[host], *map(str, command)], env=environment | variables, **pipes))
        ended = []
        for rank in ranks:
            out, err = rank.communicate(timeout=LIMIT)
            ended.append((rank.returncode, out, err.strip()))
        return ended


def torch(rank, address="alpha"):
    return dict(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0", MASTER_ADDR=address, MASTER_PORT="29517")


def slurm(rank):
    own = dict(SLURM_PROCID=str(rank), SLURM_LOCALID="0", SLURM_STEP_NUM_TASKS="2", SLURM_STEP_ID="0")
    return own | dict(SLURM_JOB_ID="4711", SLURM_STEP_NUM_NODES="2", SLURM_STEP_NODELIST="alpha,beta")


def open_mpi(rank):
    own = dict(OMPI_COMM_WORLD_RANK=str(rank), OMPI_COMM_WORLD_SIZE="2", OMPI_COMM_WORLD_LOCAL_RANK="0")
    return own | dict(OMPI_COMM_WORLD_LOCAL_SIZE="1", PMIX_NAMESPACE="job", MASTER_ADDR="alpha")


def reported(log):
    """The lines of the steps without their times."""
    rows = [json.loads(line) for line in Path(log).read_text().splitlines()]
    return [{key: value for key, value in row.items() if key in ("step", "loss", "grad_norm")} for row in rows if "step" in row]


def check(hosts):
    faults = []

    def expect(name, good, what):
        print(f"{'ok  ' if good else 'FAIL'} {name}: {what}")
        faults.extend([] if good else [name])

    # The same run on one host, of two GPUs.
    one = hosts.train("gpu", [("alpha", {"FAKE_CUDA_DEVICES": "2"})], "--nproc", 2, "--log", folder / "one")[0]
    expect("one host", one[0] == 0 and len(reported(folder / "one")) == 4, one[2] or "4 steps")
    for name, variables in {
        "torchrun": torch,
        "torchrun, by address": lambda rank: torch(rank, "10.77.0.1"),
        "Slurm": slurm,
        "Open MPI": open_mpi,
    }.items():
        log = folder / "two"
        kept = folder / f"kept of {name}"
        ended = hosts.train("gpu", [(host, variables(rank)) for rank, host in enumerate(NAMES)], "--log", log, "--checkpoint", kept)
        said = "; ".join(filter(None, (err for _, _, err in ended)))
        good = [code for code, _, _ in ended] == [0, 0] and reported(log) == reported(folder / "one")
        expect(name, good and not ended[1][1] and len(list(kept.glob("step-*"))) == 1, said or "rank 0 of alpha and rank 1 of beta")
    # Rank 0 listens at an address of its own host.
    ended = hosts.train("gpu", [("alpha", torch(0, "10.77.0.2"))])
    expect("another host's address", ended[0][0] == 1 and "rank 0 cannot listen" in ended[0][2], ended[0][2])
    # Ranks of the CPU share a host's memory.
    begun = time.monotonic()
    ended = hosts.train("cpu", [("alpha", torch(0)), ("beta", torch(1))])
    seconds = time.monotonic() - begun
    wanted = "ranks of the CPU target are processes of one host"
    said = "; ".join(err for _, _, err in ended)
    good = all(code in (1, 3) for code, _, _ in ended) and all(wanted in err and err.count("\n") == 0 for _, _, err in ended)
    expect("ranks of the CPU", good and seconds < 30, f"{said}, after {seconds:.1f} s")
    return faults


if len(sys.argv) == 3:
    enter()
with contextlib.ExitStack() as stack:
    sys.exit(1 if check(Hosts(stack)) else 0)
