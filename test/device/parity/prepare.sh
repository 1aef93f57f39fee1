#!/usr/bin/env bash
# prepare.sh [BUILD [MODEL]]: compiles the record (or baseline, or paired) for a GPU into artifacts/ beside this script, and copies the tokens and the
# recipe of weights from the folder of expected values beside the repository (GPTC_SHARED names another). For run.sh on a machine
# with a GPU. Needs the build folder and ptxas; about a minute, no GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../../build}")
shared=${GPTC_SHARED:-$here/../../../../shared} out=$here/artifacts
[ -d "$shared/golden" ] || { echo "skip: no folder of expected values beside the repository" && exit 0; }
rm -rf "$out" && mkdir -p "$out"
model=${2:-record}
declare -A file=([record]=nanogpt [baseline]=nanogpt-base [paired]=nanogpt-paired)
"$build/bin/gptc" compile "$here/../../../models/${file[$model]}.mlir" --target=sm_90a --set scheduled_steps=54 \
  --set extension_steps=8 --set val_tokens=786432 -o "$out/$model"
cp "$shared"/data/{train_000001,val_000000}.bin.xz "$shared"/golden/make_weights.py "$out"
du -sh "$out"
