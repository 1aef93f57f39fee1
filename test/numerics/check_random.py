"""300 random models, compiled in many ways, against the interpreter of the language. See test/random/run.py."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, ROOT / "test/random/run.py", "--seed", "1", "--count", "300"]

if __name__ == "__main__":
    sys.exit(subprocess.run([*COMMAND, *sys.argv[1:]]).returncode)
