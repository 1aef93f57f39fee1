#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles the kernels of cases.py into artifacts/ beside
# this script, for run.sh on a machine with a GPU. Needs the build folder, no
# GPU; ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/cases.py" \
  "$build/bin/gptc-nvptx-emit" "$here/artifacts"
du -sh "$here/artifacts"
