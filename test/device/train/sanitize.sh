#!/usr/bin/env bash
# sanitize.sh [TOOL...]: three steps of mlp and nanogpt-tiny of artifacts/ (see prepare.sh) under compute-sanitizer: memcheck,
# initcheck, synccheck and racecheck, or the tools that are named. racecheck takes minutes for nanogpt-tiny. Needs a machine
# with a GPU and CUDA's compute-sanitizer.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/artifacts" || exit 1
[ $# -gt 0 ] || set -- memcheck initcheck synccheck racecheck
bad=0
for tool; do
  for name in mlp tiny; do
    compute-sanitizer --tool "$tool" --error-exitcode 9 "./$name" train --data 'train_*.bin' --epochs 999 --steps 3 >"$name.$tool" 2>&1
    status=$?
    ((status == 0)) || bad=1
    echo "$name, $tool: exit $status, $(grep SUMMARY "$name.$tool" | tail -n 1)"
  done
done
exit $bad
