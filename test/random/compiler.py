"""Runs gptc, many times in one process, and the programs that it makes; every run ends in a `Failure` or in files."""

import os
import shutil
import subprocess
from pathlib import Path

from environment import ENVIRONMENT

SECONDS = 60  # for one run of gptc


class Failure(Exception):
    """A check that does not hold: a kind, by which a smaller model fails alike, and what was found."""

    def __init__(self, kind, found):
        super().__init__(f"{kind}: {found}")
        self.kind, self.found = kind, found


class Compiler:
    """gptc behind gptc-run: `run` gives the exit code and what it said."""

    def __init__(self, binary, folder):
        self.folder = Path(folder)
        self.server = subprocess.Popen(
            [str(binary), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | ENVIRONMENT,
        )
        self.said = self.folder / "said"

    def run(self, *arguments):
        self.server.stdin.write("\t".join([str(self.said), *map(str, arguments)]) + "\n")
        self.server.stdin.flush()
        answer = self.server.stdout.readline()
        if not answer:
            raise RuntimeError("gptc-run has ended")
        return int(answer), self.said.read_text(errors="replace")

    def compile(self, kind, *arguments):
        """A run that must succeed."""
        code, said = self.run("compile", *arguments)
        if code:
            raise Failure(f"{kind}: {verdict(code, said)}", said.strip()[-2000:])
        return said

    def close(self):
        self.server.stdin.close()
        self.server.wait()


def verdict(code, said):
    """How a run ended, in words that stay the same while a model shrinks."""
    if code > 128:
        return "timeout" if code == 128 + 14 else f"signal {code - 128}"
    error = next((line.split("error:", 1)[1] for line in said.splitlines() if "error:" in line), "no error said")
    # Sizes and names change while a model shrinks; the words of an error do not.
    return "error:" + "".join(c for c in error if c.isalpha() or c == " ")[:40]


def execute(kind, program, *arguments, threads=1):
    command = [str(program), *map(str, arguments), "--threads", str(threads)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Failure(f"{kind}: timeout", f"no end in {SECONDS} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        code = f"signal {-done.returncode}" if done.returncode < 0 else "error"
        raise Failure(f"{kind}: {code}", last)


def find_ptxas():
    for place in (None, "/usr/local/cuda/bin"):
        if found := shutil.which("ptxas", path=place):
            return found
    return None
