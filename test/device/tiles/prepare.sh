#!/usr/bin/env bash
# prepare.sh [BUILD [MODEL...]]: every contraction of the models' micro parts (models/nanogpt.mlir) with every tile that a
# kernel of it may have, as machine code in artifacts/ beside this script, for run.sh on a machine with a GPU. Needs the
# build folder and ptxas; some minutes, no GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../../build}")
[ $# -gt 1 ] || set -- "$build" "$here/../../../models/nanogpt.mlir"
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx "$python" "$here/prepare.py" "$build/bin" "$here/artifacts" "${@:2}"
du -sh "$here/artifacts"
