"""Every op of the gpt dialect has an example in its description, and every line of it stands in a tested file."""

import glob
import os
import re
import sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def text(path):
    with open(path) as f:
        return f.read()


tested = set()
for folder in ("test/dialect", "models"):
    for path in glob.glob(os.path.join(root, folder, "*.mlir")):
        tested.update(line.strip() for line in text(path).splitlines())

count = 0
for path in sorted(glob.glob(os.path.join(root, "dialect", "Gpt*.td"))):
    for op in re.split(r"\n(?=def )", text(path)):
        head = re.match(r'def \w+Op : \w+<"(\w+)"', op)
        if not head:
            continue
        count += 1
        examples = re.findall(r"```mlir\n(.*?)```", op, re.DOTALL)
        if not examples:
            sys.exit(f"{os.path.basename(path)}: gpt.{head[1]} has no example")
        for line in "".join(examples).splitlines():
            if line.strip() and line.strip() not in tested:
                sys.exit(f"{os.path.basename(path)}: gpt.{head[1]}: no tested file has the line {line.strip()!r}")
print(count, "ops, each with an example that is tested")
