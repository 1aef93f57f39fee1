#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles executables for a GPU of models/{mlp,nanogpt-tiny,
# nanogpt}.mlir into artifacts/ beside this script, the last one at full size with
# and without FP8, at an eighth of it and with the 62 steps of the expected losses
# (GPTC_BEFORE, another build folder: by its compiler too), for run.sh on a machine
# with GPUs. What
# they train on comes from the folder of expected values beside the repository
# (GPTC_SHARED names another); without it the last model is left out. Needs the
# build folder and ptxas; some minutes, no GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../../build}")
models=$here/../../../models shared=${GPTC_SHARED:-$here/../../../../shared} out=$here/artifacts
python=$("$here/../../python.sh" "$build")
rm -rf "$out" && mkdir -p "$out"

cat "$models"/*.mlir > "$out/text"
"$python" "$models/make-shards.py" "$out/text" --out "$out" --val 0.3 --longest 512 > /dev/null
compile() { # NAME, then what `gptc compile` takes
  local name=$1
  shift
  "$build/bin/gptc" compile "$@" --target=sm_90a -o "$out/$name"
}
small=(--set val_tokens=2560 --set val_slice=512)
compile mlp "$models/mlp.mlir" "${small[@]}" --set steps=40 --set tokens=512
compile long "$models/mlp.mlir" "${small[@]}" --set steps=20000 --set tokens=512
tokens=()
for stage in 1 2 3; do tokens+=(--set "tokens_stage$stage=4096"); done
compile tiny "$models/nanogpt-tiny.mlir" "${small[@]}" "${tokens[@]}" --set micro_batches=8 \
  --set scheduled_steps=12 --set extension_steps=4
if [ -d "$shared/golden" ]; then
  long=(--set bf16_loss=true --set bf16_gradients=true --set bf16_gates=true --disable-pass=promote-sums,recompute-neighbours
    --set scheduled_steps=54 --set extension_steps=8)
  steps=(--set bf16_loss=true --set scheduled_steps=15 --set extension_steps=5)
  compile record "$models/nanogpt.mlir" "${steps[@]}" --set fp8=false
  compile record-fp8 "$models/nanogpt.mlir" "${steps[@]}"
  tokens=()
  for stage in 1 2 3; do tokens+=(--set "tokens_stage$stage=$((16384 * stage))"); done
  compile record-eighth "$models/nanogpt.mlir" "${steps[@]}" "${tokens[@]}" --set fp8=false
  compile overlap "$models/nanogpt.mlir" "${long[@]}"
  if [ -n "${GPTC_BEFORE:-}" ]; then
    "$GPTC_BEFORE/bin/gptc" compile "$models/nanogpt.mlir" "${long[@]}" --target=sm_90a -o "$out/overlap-before"
  fi
  cp "$shared"/data/train_000001.bin.xz "$shared"/golden/{losses.json,make_weights.py} "$out"
else
  echo "skip: no folder of expected values, from which the record begins"
fi
du -sh "$out"
