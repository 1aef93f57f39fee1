#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles the weight gradients of cases.py into artifacts/
# beside this script, whole and in pieces, for run.sh on a machine with a GPU.
# Needs the build folder, no GPU; ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx:$here "$python" - \
  "$build/bin" "$here/artifacts" <<'END'
import sys

import cases
import mlp

bin, artifacts = sys.argv[1:]
for name, passes in (("whole", []), ("pieces", ["--split-sums=target=sm_90a"])):
    if not mlp.prepare(bin, cases.module(), f"{artifacts}/{name}", *passes):
        sys.exit(1)
END
du -sh "$here/artifacts"
