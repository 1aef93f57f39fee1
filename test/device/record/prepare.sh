#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles models/nanogpt.mlir for sm_90a, as PTX, cubin and
# launch table, and asks the CPU executable for the gradients of a micro-batch of
# 2048 tokens, into artifacts/ beside this script, for run.sh on a machine with
# a GPU. Needs the build folder, 12 GB of memory, about four minutes; no GPU;
# ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/prepare.py" "$build/bin/gptc" \
  "$here/../../../models/nanogpt.mlir" "$here/artifacts"
du -sh "$here/artifacts"
