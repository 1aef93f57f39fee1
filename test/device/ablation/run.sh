#!/usr/bin/env bash
# run.sh [NAME...]: what each optional pass is worth on this machine's GPU, of
# artifacts/ (see prepare.sh); a name leaves out the other passes. Needs the
# driver and a python3.
here=$(dirname "$(readlink -f "$0")")
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/run.py" "$here/artifacts" "$@"
