#!/usr/bin/env python3
"""Kernels that are others' parts, or as others of another width, interpreted: `joined.py EMIT`.

Each kernel of joined.mlir whose name begins with `part` runs as the kernel that it is joined with,
and as it is built alone, on the same values, among them zeros of both signs: all buffers end with
the same bits."""

import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from interpreter import launch
from mlp import emit
from ptx import parse, to_bf16


def buffers(text, number):
    rng, b = np.random.default_rng(5), {}
    for name, shape, element in re.findall(r'kern\.buffer "(\w+)" "\w+" (?:\{\w+\} )?: memref<((?:\d+x)*)(\w+)>', text):
        shape = [int(n) for n in shape.split("x") if n]
        values = rng.standard_normal(shape).astype(np.float32) if shape else np.float32(number)
        if shape:
            values[..., ::7], values[..., ::5] = 0, -0.0
        b[name] = to_bf16(values) if element == "bf16" else np.array(values)
    return b


def main():
    text = (Path(__file__).parent / "joined.mlir").read_text()
    op = r"(?ms)^  kern\.(?:rows|contract) \"(\w+)\".*?^  \}\n"
    alone = re.sub(op, lambda m: m[0] if m[1].startswith("part") else "", text)
    runs = []
    for source in (text, alone):
        ptx, table = emit(sys.argv[1], source, tempfile.mkdtemp())
        kernels = parse(ptx)
        names = re.findall(op, source)
        runs.append({name: (kernels, entry) for name, entry in zip(names, table, strict=True) if name.startswith("part")})
    ok = len(runs[0]) > 0
    for name in runs[0]:
        good, changed = True, []
        for number in (0.75, -0.0):
            ends = []
            for run in runs:
                kernels, entry = run[name]
                ends.append(buffers(text, number))
                launch(kernels, entry, ends[-1])
            start = buffers(text, number)
            good &= all(ends[0][n].tobytes() == ends[1][n].tobytes() for n in start)
            changed += [n for n in start if n not in changed and start[n].tobytes() != ends[1][n].tobytes()]
        good &= bool(changed)
        good &= runs[0][name][1]["kernel"].startswith("whole") and runs[1][name][1]["kernel"].startswith("part")
        print("ok  " if good else "FAIL", f"{name} as {runs[0][name][1]['kernel']} stores {', '.join(changed)}")
        ok &= bool(good)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
