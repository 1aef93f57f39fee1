#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles the products of cases.py into artifacts/ beside this
# script, for run.sh on a machine with a GPU. Needs the build folder, no GPU; ptxas
# if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx:$here "$python" - \
  "$build/bin" "$here/artifacts" <<'END'
import sys

import cases
import mlp

sys.exit(not mlp.prepare(sys.argv[1], cases.module(), sys.argv[2]))
END
du -sh "$here/artifacts"
