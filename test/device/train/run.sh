#!/usr/bin/env bash
# run.sh [NAME...]: trains the models of artifacts/ (see prepare.sh) on this machine's
# GPU, or those of the names. Needs the driver and a python3 with NumPy.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts" "$@"
