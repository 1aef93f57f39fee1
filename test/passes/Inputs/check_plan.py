"""Holds a memory plan to the text that it stands in: `check_plan.py LAUNCHES NAME`.

Reads the phase `launches` as text: which kernels name which workspace buffers, by themselves or by a
view, so from where to where each lives; its size by its type; its place. No two that live at one time
overlap, and no part's workspace is more than 5 % above its largest live set.
"""

import re
import sys
from math import prod

BITS = {"f32": 32, "bf16": 16, "f64": 64, "i32": 32, "f8E4M3FN": 8, "f8E5M2": 8}
MOST = 1.05


def size(text):
    """Bytes of `96x64xf32` or `f64`."""
    *sizes, element = text.split("x")
    return prod(map(int, sizes)) * BITS[element] // 8


def parts(lines):
    """(name, attributes, lines) of each part; a part's lines are indented by more than it."""
    at = 0
    while at < len(lines):
        head = re.match(r'( *)kern\.part @(\w+) "\w+"(.*)', lines[at])
        at += 1
        if not head:
            continue
        first = at
        while lines[at] != head[1] + "}":
            at += 1
        yield head[2], head[3], lines[first:at]


def ops(lines):
    """The text of each op of a part: its first line and those of its region, which are indented by more."""
    indent = re.match(r" *", lines[0])[0] if lines else ""
    texts = []
    for line in lines:
        if line.startswith((indent + " ", indent + "}", indent + "^")):
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return texts


def lives(lines):
    """(first, last, place, bytes) of each workspace buffer that a kernel names, and how many kernels there are."""
    buffers, views, spans, number = {}, {}, {}, 0
    for text in ops(lines):
        if made := re.match(r' *(%\S+) = kern\.buffer .*"workspace".* at (\d+) .*memref<([^>]*)>', text):
            buffers[made[1]] = int(made[2]), size(made[3])
        elif view := re.match(r" *(%\S+) = kern\.view (%\S+)", text):
            views[view[1]] = view[2]
        elif not re.match(r" *%\S+ = ", text):
            for name in set(re.findall(r"%[\w.$-]+", text)):
                root = views.get(name, name)
                if root in buffers:
                    first, _ = spans.get(root, (number, number))
                    spans[root] = first, number
            number += 1
    return [(*span, *buffers[name]) for name, span in spans.items()], number


def check(name, attributes, lines, persistent):
    alive, count = lives(lines)
    if not alive:
        return 0, 1
    for i, (first, last, at, bytes_) in enumerate(alive):
        for other in alive[:i]:
            together = first <= other[1] and other[0] <= last
            if together and at < other[2] + other[3] and other[2] < at + bytes_:
                sys.exit(f"{name}: two buffers that live at one time overlap: {alive[i]} and {other}")
    change = [0] * (count + 1)
    for first, last, _, bytes_ in alive:
        change[first] += bytes_
        change[last + 1] -= bytes_
    live = most = 0
    for delta in change:
        live += delta
        most = max(most, live)
    planned = int(re.search(r"workspace_bytes = (\d+)", attributes)[1])
    reached = max(at + bytes_ for _, _, at, bytes_ in alive) - persistent
    if not reached <= planned:
        sys.exit(f"{name}: its buffers reach to byte {reached} of a workspace of {planned}")
    return planned, planned / most


def main():
    text = open(sys.argv[1]).read()
    persistent = int(re.search(r"persistent_bytes = (\d+)", text)[1])
    small, found = 1 << 16, 0
    for name, attributes, lines in parts(text.split("\n")):
        planned, ratio = check(name, attributes, lines, persistent)
        found += 1
        # Alignment alone is more than 5 % of a few kilobytes.
        if planned > small and ratio > MOST:
            sys.exit(f"{sys.argv[2]}: {name}: {planned} bytes are {100 * (ratio - 1):.1f} % above its largest live set")
        print(f"{sys.argv[2]}: {name}: {planned} bytes, {ratio:.4f} of its largest live set")
    if not found:
        sys.exit("no part was found")


if __name__ == "__main__":
    main()
