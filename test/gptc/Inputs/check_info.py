"""Reads what `EXE info --json` prints from stdin: valid JSON with all that `EXE info` says."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

program, model = sys.argv[1:]
info = json.load(sys.stdin)
text = subprocess.run([program, "info"], capture_output=True, text=True, check=True).stdout

assert info["notes"]["file"].endswith("SHA-256 " + hashlib.sha256(Path(model).read_bytes()).hexdigest()), info["notes"]["file"]
assert info["fingerprint"] in subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout

head, *sections = text.split("\n\n")
assert [s.split(":")[0] for s in sections] == ["constants", "constants that train --set changes", "parameters", "memory, bytes", "parts"]
constants = dict(re.findall(r"^  (\S+) = (\S+)$", sections[0], re.M))
assert constants == {k: f"{v:.17g}" for k, v in info["constants"].items()} and "scheduled_steps" in constants
settings = dict(re.findall(r"^  (\S+) = (\S+)$", sections[1], re.M))
assert settings == {name: constants[name] for name in info["settings"]} and "adam_lr" in settings and "D" not in settings
parameters = re.findall(r"^  (\S+) +(\S+) (\[.*\])$", sections[2], re.M)
assert parameters == [(p["name"], p["element"], str(p["shape"])) for p in info["parameters"]] and len(parameters) > 20
memory = re.findall(r"^  (\w+) +(\d+)", sections[3], re.M)
rest = ("alignment", "workspace", "total")
assert memory == [(k["kind"], str(k["bytes"])) for k in info["memory"]["kinds"]] + [(k, str(info["memory"][k])) for k in rest]
parts = re.findall(r"^  (\S+) +(\d+) launches, +(\d+) tokens, +(\d+) bytes of workspace, +(\d+) of", sections[4], re.M)
assert parts == [tuple(str(v) for v in p.values()) for p in info["parts"]] and parts
for key, value in {**info["notes"], **{k: v for k, v in info.items() if k in ("model", "features", "runtime")}}.items():
    assert f"{key}: {value}" in head.split("\n"), key
for number in re.findall(r"\d+", "\n".join(line for line in head.split("\n") if re.match("steps|tokens|validation", line))):
    assert int(number) in info.values(), number
