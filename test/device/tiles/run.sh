#!/usr/bin/env bash
# run.sh: times the tiles of artifacts/ (see prepare.sh) on this machine's GPU and writes artifacts/tiles.json: copied to
# compiler/kernels/tiles.json it is what gptc is built with. Needs the driver and a python3 with PyTorch.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts" "$@"
