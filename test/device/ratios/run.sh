#!/usr/bin/env bash
# run.sh: the ratios of the record's kernels to their peers' on this machine's GPU,
# of what prepare.sh has left: bf16 contractions, attention, then run.py's. Needs
# the driver and a python3 with NumPy and PyTorch.
here=$(dirname "$(readlink -f "$0")")
failed=0
"$here/../contractions/run.sh" || failed=1
"$here/../attention/run.sh" || failed=1
PYTHONDONTWRITEBYTECODE=1 python3 "$here/run.py" "$here/artifacts" || failed=1
exit $failed
