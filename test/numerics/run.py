"""Runs every numerics test, one after the other, and says which failed. Arguments are passed on; `--only NAME …` picks some."""

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="names such as gradients, vjp, bad_input")
    arguments, rest = parser.parse_known_args()
    names = [script.stem.removeprefix("check_") for script in sorted(FOLDER.glob("check_*.py"))]
    chosen = arguments.only or names
    if unknown := sorted(set(chosen) - set(names)):
        parser.error(f"no test named {', '.join(unknown)}; there are {', '.join(names)}")
    failed = []
    for name in chosen:
        print(f"---- {name}", flush=True)
        if subprocess.run([sys.executable, FOLDER / f"check_{name}.py", *rest]).returncode:
            failed.append(name)
    print(f"numerics: {', '.join(failed)} failed" if failed else f"numerics: all {len(chosen)} tests hold")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
