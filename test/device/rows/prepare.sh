#!/usr/bin/env bash
# prepare.sh [BUILD]: the kernels that prove the CPU target (test/cpu/Inputs) as
# PTX, their inputs and the CPU's answers, into artifacts/ beside this script,
# for run.sh on a machine with a GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
inputs=$here/../../cpu/Inputs
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/../../nvptx/rows.py" \
  "$build/bin/gptc-nvptx-emit" "$build/test/nvptx/gptc-nvptx-oracle" \
  "$inputs"/{rows,columns,sums,segments,overlapping,attention,attention-causal}.mlir "$here/../../nvptx/heads.mlir" \
  --keep "$here/artifacts"
du -sh "$here/artifacts"
