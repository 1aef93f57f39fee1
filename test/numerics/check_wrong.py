"""Random models with one mistake each: one error, at the mistake's line, and no program. See test/random/run.py."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, ROOT / "test/random/run.py", "--wrong", "--no-interpreter", "--seed", "1", "--count", "300"]

if __name__ == "__main__":
    sys.exit(subprocess.run([*COMMAND, *sys.argv[1:]]).returncode)
