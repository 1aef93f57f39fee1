"""300 random models, compiled in many ways, against the interpreter of the language. See test/random/run.py.

Beside them models of other seeds that have shown something: see docs/performance.md.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, ROOT / "test/random/run.py", "--seed", "1", "--count", "300"]

# Its PTX compares bf16; pairs of bf16; a value beside a tie of an FP8 grid.
SHOWN = ("200150", "300790", "205122")


def alone(seed):
    good = subprocess.run([*COMMAND[:2], "--only", seed, "--no-reduce", *sys.argv[1:]], capture_output=True).returncode == 0
    print(f"{'ok   ' if good else 'FAIL '} the model of seed {seed}")
    return good


if __name__ == "__main__":
    good = [alone(seed) for seed in SHOWN]
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed, 0 skipped")
    status = subprocess.run([*COMMAND, *sys.argv[1:]]).returncode
    sys.exit(status or not all(good))
