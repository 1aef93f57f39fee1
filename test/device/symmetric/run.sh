#!/usr/bin/env bash
# run.sh: proves the symmetric products of artifacts/ (see prepare.sh) on this
# machine's GPU and times them. Needs the driver and a python3 with PyTorch.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts" "$@"
