#!/usr/bin/env bash
# run.sh [STAGES [COUNT [random|trained [record|baseline|paired]]]]: the gradients of the executable in artifacts/ (see prepare.sh) beside PyTorch's, on
# this machine's GPU. Needs the driver and a python3 with PyTorch 2.11, NumPy and safetensors.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts" "$@"
