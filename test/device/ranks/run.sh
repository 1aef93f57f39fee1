#!/usr/bin/env bash
# run.sh [NAME...]: trains the models of artifacts/ (see prepare.sh) on several ranks
# of this machine's GPUs, or those of the names; "faults" and "launched" lose some.
# More ranks than GPUs share them. Needs the driver and a python3 with NumPy; NCCL is
# the loader's, else PyTorch's.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts" "$@"
