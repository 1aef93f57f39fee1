#!/bin/sh
# python.sh BUILD: prints the Python of the tests, BUILD/venv/bin/python with the packages of requirements.txt. Makes it where
# it is not there, or not of these requirements.
set -eu
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "$1")
venv=$build/venv
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  # Of two that come here at once the second waits, and finds it made.
  exec 9>"$build/venv.lock"
  flock 9
fi
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  echo "Installing the Python packages of the tests" >&2
  rm -rf "$venv"
  if ! { python3 -m venv "$venv" &&
    "$venv/bin/pip" -q --disable-pip-version-check install -r "$here/requirements.txt" &&
    cp "$here/requirements.txt" "$venv/"; } >"$build/venv.log" 2>&1; then
    tail -n 5 "$build/venv.log" >&2
    echo "test/python.sh: no Python packages for the tests" >&2
    exit 1
  fi
fi
echo "$venv/bin/python"
