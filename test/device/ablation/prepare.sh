#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles models/nanogpt.mlir for a GPU once as it is, once
# without each optional pass and once without all of them, two micro-batches of
# 16384 tokens a step, into artifacts/ beside this script, packed as one file, for
# run.sh on a machine with a GPU. Needs the build folder and ptxas; about ten
# minutes of one processor, no GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../../build}")
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/prepare.py" "$build/bin/gptc" \
  "$here/../../../models/nanogpt.mlir" "$here/artifacts"
du -sh "$here/artifacts"
