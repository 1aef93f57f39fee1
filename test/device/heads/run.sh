#!/usr/bin/env bash
# run.sh: proves and times the kernels of artifacts/ (see prepare.sh) on this
# machine's GPU. Needs the driver and a python3 with NumPy, nothing else.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts"
