"""Every op of both dialects has a summary and an example in its description, and every line of it stands in a tested file."""

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
for path in sorted(glob.glob(os.path.join(root, "dialect", "*.td"))):
    dialect = "kern" if os.path.basename(path).startswith("Kern") else "gpt"
    for op in re.split(r"\n(?=def )", text(path)):
        head = re.match(r'def \w+Op : \w+<"(\w+)"', op)
        if not head:
            continue
        count += 1
        name = f"{os.path.basename(path)}: {dialect}.{head[1]}"
        if not re.search(r'let summary = "[^"]', op):
            sys.exit(f"{name} has no summary")
        # A kernel's shapes, types and errors are nobody's but its own to tell.
        words = re.search(r"let description = \[\{(.*?)```", op, re.DOTALL)
        if dialect == "kern" and not (words and words[1].strip()):
            sys.exit(f"{name} has an example, but no word about it")
        examples = re.findall(r"```mlir\n(.*?)```", op, re.DOTALL)
        if not examples:
            sys.exit(f"{name} has no example")
        for line in "".join(examples).splitlines():
            if line.strip() and line.strip() not in tested:
                sys.exit(f"{name}: no tested file has the line {line.strip()!r}")
print(count, "ops, each with an example that is tested")
