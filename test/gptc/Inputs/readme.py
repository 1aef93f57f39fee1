"""The IR of README.md: the first block stands in models/nanogpt.mlir, the second is what comes of it without the fusions of the
graph, the third what comes of it with them. Its table of a whole step is that of docs/performance.md."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/nanogpt.mlir"


def graph(*flags):
    command = ["gptc", "compile", MODEL, "--emit=graph", "-o", "-", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def unindented(text):
    return "\n".join(line.strip() for line in text.splitlines())


readme = (ROOT / "README.md").read_text()
table = re.search(r"^\| a whole step.*\n(\|.*\n)+", readme, re.M)
if not table or table[0] not in (ROOT / "docs/performance.md").read_text():
    sys.exit("the table of a whole step of README.md is not that of docs/performance.md")
blocks = re.findall(r"^```mlir\n(.*?)^```", readme, re.M | re.S)
found = [MODEL.read_text(), graph("--disable-pass=fuse-slice-gate,fuse-smear"), graph()]
for number, (block, text) in enumerate(zip(blocks, found, strict=True)):
    if unindented(block) not in unindented(text):
        sys.exit(f"block {number} of README.md is stale:\n{block}")
print(len(blocks), "blocks are true")
