#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles executables for a GPU of models/{mlp,nanogpt-tiny}.mlir
# into artifacts/ beside this script, with the log of the CPU's executable, and of
# models/nanogpt{,-base,-paired}.mlir, and copies what those are compared with from
# the folder of expected values beside the repository (GPTC_SHARED names another), if
# there is one. For run.sh on a machine with a GPU. Needs the build folder and ptxas;
# about two minutes, no GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../../build}")
models=$here/../../../models shared=${GPTC_SHARED:-$here/../../../../shared} out=$here/artifacts
python=$("$here/../../python.sh" "$build")
gptc=$build/bin/gptc
rm -rf "$out" && mkdir -p "$out"

cat "$models"/*.mlir > "$out/text"
"$python" "$models/make-shards.py" "$out/text" --out "$out" --val 0.3 --longest 512
compile() { # NAME, then what `gptc compile` takes
  local name=$1
  shift
  "$gptc" compile "$@" -o "$out/$name.cpu"
  "$gptc" compile "$@" --target=sm_90a -o "$out/$name"
  "$out/$name.cpu" train --data "$out/train_*.bin" --val "$out/val_*.bin" \
    --epochs 999 --log "$out/$name.jsonl" >/dev/null
  rm "$out/$name.cpu"
}
small=(--set val_tokens=512 --set val_slice=256)
compile mlp "$models/mlp.mlir" "${small[@]}" --set steps=40 --set tokens=256
compile tiny "$models/nanogpt-tiny.mlir" "${small[@]}" --set scheduled_steps=12 \
  --set extension_steps=4
"$gptc" compile "$models/nanogpt-tiny.mlir" --target=sm_90a --set val_tokens=256 --set val_slice=128 --set scheduled_steps=4 \
  --set extension_steps=1 --set H=2 --set K=64 --set micro_batches=1 --set tokens_stage1=128 --set tokens_stage2=128 \
  --set tokens_stage3=128 -o "$out/smallest"
if [ -d "$shared/golden" ]; then
  for pair in record: baseline:-base paired:-paired; do
    # Rounded as the script rounds, which takes FP8 sums every 128 codes and keeps the smear in bf16.
    "$gptc" compile "$models/nanogpt${pair#*:}.mlir" --target=sm_90a --set bf16_loss=true --set bf16_gradients=true --set bf16_gates=true \
      --disable-pass=promote-sums,recompute-neighbours \
      --set scheduled_steps=54 --set extension_steps=8 --set val_tokens=786432 -o "$out/${pair%%:*}"
  done
  cp "$shared"/data/train_000001.bin.xz "$shared"/golden/{losses.json,make_weights.py} "$out"
else
  echo "skip: no folder of expected values, with whose losses the models' are compared"
fi
du -sh "$out"
