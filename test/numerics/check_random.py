"""300 random models, compiled in many ways, against the interpreter of the language. See test/random/run.py.

Beside them models of other seeds that have shown something: see docs/performance.md.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Its PTX compares bf16; pairs of bf16; a value beside a tie of an FP8 grid.
SHOWN = ("200150", "300790", "205122")

if __name__ == "__main__":
    command = [sys.executable, ROOT / "test/random/run.py", "--seed", "1", "--count", "300", "--also", *SHOWN]
    sys.exit(subprocess.run([*command, *sys.argv[1:]]).returncode)
