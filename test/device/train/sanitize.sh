#!/usr/bin/env bash
# sanitize.sh [TOOL...]: two steps of mlp, of nanogpt-tiny and of nanogpt-tiny in the smallest sizes that tensor cores take, all of
# artifacts/ (see prepare.sh), with validation under compute-sanitizer: memcheck, initcheck, synccheck and racecheck, or the tools that
# are named; racecheck of the smallest alone, for it takes a hundred times as long. All at once, each for LIMIT seconds at most
# (600). What a tool finds stands in artifacts/NAME.TOOL; how often each kind of finding is there, and in which kernel, is printed.
# Needs a machine with a GPU and CUDA's compute-sanitizer.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
cd "$here/artifacts" || exit 1
[ $# -gt 0 ] || set -- memcheck initcheck synccheck racecheck
one() { # TOOL NAME
  local begin=$SECONDS status
  timeout "${LIMIT:-600}" compute-sanitizer --tool "$1" --print-limit 100000 --error-exitcode 9 "./$2" train --data 'train_*.bin' \
    --val 'val_*.bin' --epochs 999 --steps 2 >"$2.$1" 2>&1
  status=$?
  echo "$2, $1: exit $status, $((SECONDS - begin)) s, $(grep SUMMARY "$2.$1" | tail -n 1)"
  grep -oE '(Error|Warning): .*|[A-Z][a-z]+ error detected.*|    at [A-Za-z_]\w*' "$2.$1" | sed -E 's/0x[0-9a-f]+|[0-9]+ hazards?//g' | sort | uniq -c | sort -rn | head -n 20
  return $status
}
jobs=()
for tool; do
  for name in mlp tiny smallest; do
    [ "$tool-$name" != racecheck-tiny ] || continue
    one "$tool" "$name" &
    jobs+=($!)
  done
done
bad=0
for job in "${jobs[@]}"; do
  wait "$job" || bad=1
done
exit $bad
