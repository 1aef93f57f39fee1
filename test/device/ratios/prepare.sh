#!/usr/bin/env bash
# prepare.sh [BUILD]: compiles what run.sh times beside its peers: the kernels of
# cases.py and the whole record into artifacts/ beside this script, and those of
# ../contractions and ../attention into theirs. Needs the build folder and ptxas,
# no GPU.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../../build}")
python=$("$here/../../python.sh" "$build")
"$here/../contractions/prepare.sh" "$build"
"$here/../attention/prepare.sh" "$build"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx:$here "$python" - \
  "$build/bin" "$here/../../../models/nanogpt.mlir" "$here/artifacts" <<'END'
import subprocess
import sys

import cases
import mlp

bin, model, folder = sys.argv[1:]
passes = ["--sigmoid-to-tanh=target=sm_90a", "--gather-factors"]
passes += [f"--{name}=target=sm_90a" for name in ("tile-contractions", "split-sums", "mark-symmetric", "promote-sums")]
if not mlp.prepare(bin, cases.module(), folder, *passes):
    sys.exit(1)
record = f"{folder}/record"
subprocess.run([f"{bin}/gptc", "compile", model, "--target=sm_90a", "--emit=ptx", "-o", f"{record}.ptx",
                "--launches", f"{record}.json"], check=True)
subprocess.run([mlp.ptxas(), "-arch=sm_90a", f"{record}.ptx", "-o", f"{record}.cubin"], check=True)
END
du -sh "$here/artifacts"
