#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles the contractions of cases.py into artifacts/ beside
# this script, for run.sh on a machine with a GPU. Needs the build folder, no GPU;
# ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx:$here "$python" - \
  "$build/bin" "$here/artifacts" <<'END'
import subprocess, sys
from pathlib import Path

import cases
import mlp

bin, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(exist_ok=True)
text = subprocess.run([f"{bin}/gptc-opt", "--split-sums=target=sm_90a"], input=cases.module(),
                      capture_output=True, text=True, check=True).stdout
text, _ = mlp.emit(f"{bin}/gptc-nvptx-emit", text, folder)
sys.exit(not mlp.assemble(text, folder))
END
du -sh "$here/artifacts"
