#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles the contractions of test/nvptx/contract.py into
# artifacts/ beside this script, for run.sh on a machine with a GPU. Needs the
# build folder, no GPU; ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx "$python" - \
  "$build/bin/gptc-nvptx-emit" "$here/artifacts" <<'END'
import sys
from pathlib import Path

import contract
import mlp

program, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(exist_ok=True)
text, _ = mlp.emit(program, contract.all_cases()[1], folder)
sys.exit(not mlp.assemble(text, folder))
END
du -sh "$here/artifacts"
