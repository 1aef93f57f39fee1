#!/usr/bin/env bash
# prepare.sh [BUILD [FOLDER [NAME=VALUE…]]]: compiles models/mlp.mlir at the record's
# sizes (or the given ones) to PTX, and the CPU's gradients at T / 8 as the reference, into
# artifacts/ beside this script (or FOLDER), for run.sh on a machine with a GPU. Needs the
# build folder, 4 GiB and no GPU; ptxas if there is one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${1:-$here/../../../build}
folder=${2:-$here/artifacts}
shift $(($# < 2 ? $# : 2))
python=$("$here/../../python.sh" "$build")
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../nvptx "$python" - \
  "$build/bin/gptc" "$here/../../../models/mlp.mlir" "$folder" "$@" <<'END_OF_SCRIPT'
import json, sys
from pathlib import Path

import numpy as np

import block, mlp

gptc, model, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
sizes = {"tokens": 16384, "D": 768, "V": 50304, "F": 3072}
sizes |= {n: int(v) for n, v in (a.split("=") for a in sys.argv[4:])}
(folder / "sizes.json").write_text(json.dumps(sizes))
for name, tokens in (("whole", sizes["tokens"]), ("small", sizes["tokens"] // 8)):
    (folder / name).mkdir(exist_ok=True)
    exe, text, _ = block.compiled(gptc, model, sizes | {"tokens": tokens}, folder / name)
    if not mlp.assemble(text, folder / name):
        sys.exit(1)
    if name == "small":
        weights = block.parameters(sizes["D"], sizes["V"], sizes["F"])
        run = block.batch(tokens, sizes["V"])
        g = block.cpu_gradients(exe, folder / name, weights, *run, block.STEP)
        # Every 16th row is enough to measure by.
        rows = {n: x[::16] if x.ndim else x for n, x in g.items()}
        np.savez_compressed(folder / "reference.npz", **rows)
    for file in (folder / name).iterdir():
        if file.name not in ("block.ptx", "block.json", "mlp.cubin"):
            file.unlink()
END_OF_SCRIPT
du -sh "$folder"
