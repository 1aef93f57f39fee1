"""What a log begins with: the model's files as they are, and what `info --json` says; the plain log's header says the same."""

import json
import re
import sys
from pathlib import Path

folder, models = map(Path, sys.argv[1:])
first, *rest = (json.loads(line) for line in (folder / "log").read_text().splitlines())
assert list(first) == ["header"] and not any("header" in line for line in rest), first
header, info = first["header"], json.loads((folder / "info").read_text())
for key in set(info) - {"parameters", "memory", "parts"}:
    assert header[key] == info[key], key
assert header["run"] | {"threads": 0} == dict(
    steps=1, seed=5, threads=0, ranks=1, epochs=1, overfit_batch=False, data=str(folder / "train.bin")
), header["run"]
assert re.fullmatch(r"gptc .*, LLVM .*", header["notes"]["compiler"]), header["notes"]
sources = {source["file"]: source["text"] for source in header["sources"]}
assert list(sources)[0] == "nanogpt-tiny.mlir", list(sources)
for name, text in sources.items():
    assert text == (models / name).read_text(), name
assert set(sources) == {"nanogpt-tiny.mlir", "nanogpt.mlir", "optimizers.mlir"}, list(sources)

plain = (folder / "plain").read_text()
sections = re.split(r"^==== (.*?) =+\n", plain, flags=re.M)
assert sections[0] == "" and sections[1::2] == [*sources, "run of nanogpt_tiny"], sections[1::2]
assert sections[2:-1:2] == list(sources.values())
said, log = re.split(r"^={100}\n", sections[-1], flags=re.M)
lines = [line.strip() for line in said.splitlines()]
for group in (header, header["notes"], header["constants"], header["run"], header["device"]):
    for key, value in group.items():
        if not isinstance(value, (dict, list, bool)) and key not in ("started", "losses"):
            assert any(line in (f"{key}: {value}", f"{key}: {json.dumps(value)}") for line in lines), (key, value)
assert re.match(re.escape(header["losses"]) + r"\nstart: .*\nstep:", log), log
print("the log, the plain log and info say the same of", len(sources), "model files")
