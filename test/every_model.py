"""Every model file, from every phase to the next and to both targets' code, by a compiler with sanitizers.

    every_model.py [--build BUILD]     (default: build/sanitize)

`./x test --sanitize` runs it. What is compiled is not looked at: others do that. A run must end well, and say nothing of the
sanitizers'; where a file is no model, it must end in an error.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from environment import ENVIRONMENT  # noqa: E402
from optional import optional_passes  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PHASES = ("model", "graph", "step", "kernels", "launches")


class Check:
    def __init__(self, gptc, folder):
        self.gptc, self.folder, self.passed, self.failed = gptc, folder, 0, 0
        self.optional = ",".join(optional_passes(gptc))

    def run(self, *arguments, good=True):
        command = [str(self.gptc), "compile", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=os.environ | ENVIRONMENT)
        if done.returncode == (0 if good else 1) and "Sanitizer" not in done.stderr and "runtime error:" not in done.stderr:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL  {' '.join(command)}: exit {done.returncode}\n{done.stderr[-3000:]}", flush=True)

    def model(self, path):
        temps, out = self.folder / path.stem, self.folder / "out"
        self.run(path, f"--save-temps={temps}", "-o", out)
        self.run(path, "--target=sm_90a", "--emit=ptx", "-o", out)
        self.run(path, f"--disable-pass={self.optional}", "--emit=launches", "-o", out)
        self.run(path, "--numerics=exact", "--emit=launches", "-o", out)
        for phase, following in zip(PHASES, PHASES[1:]):
            self.run(temps / f"{path.stem}.{phase}.mlir", f"--compile-from={phase}", f"--emit={following}", "-o", out)
        for target in ("cpu", "sm_90a"):
            self.run(temps / f"{path.stem}.kernels.mlir", "--compile-from=kernels", f"--target={target}", "--emit=device", "-o", out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/sanitize", help="the build folder (default: build/sanitize)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gptc-every-model-") as folder:
        check = Check(given.build / "bin/gptc", Path(folder))
        for path in sorted((ROOT / "models").glob("*.mlir")):
            if "gpt.recipe" in path.read_text() or "gpt.base" in path.read_text():
                check.model(path)
            else:  # a collection of functions
                check.run(path, "-o", Path(folder) / "out", good=False)
    print(f"{check.passed} passed, {check.failed} failed, 0 skipped")
    sys.exit(check.failed > 0)


if __name__ == "__main__":
    main()
