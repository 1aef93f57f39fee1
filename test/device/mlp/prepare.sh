#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles the MLP block's kernels at the record's sizes into
# artifacts/ beside this script, for run.sh on a machine with a GPU. Needs the
# build folder, no GPU; ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx "$python" - \
  "$build/bin/gptc-nvptx-emit" "$here/artifacts" <<'END'
import json, sys
from pathlib import Path

import mlp

program, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(exist_ok=True)
shape = {"T": 16384, "D": 768, "F": 3072}
text, table = mlp.emit(program, mlp.model(**shape), folder)
(folder / "shape.json").write_text(json.dumps(shape))
sys.exit(not mlp.assemble(text, folder))
END
du -sh "$here/artifacts"
