#!/usr/bin/env python3
"""Row programs of every op, column sums, segments and attention on a GPU: `run.py DIR`.

Each kernel begins with what the CPU target left before it and must leave what the CPU target
leaves (test/nvptx/rows.py says how near), with the same bits in a second run.
"""

import json
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx")]

import numpy as np  # noqa: E402

from cuda import Cuda  # noqa: E402
from rows import compare, same_bits  # noqa: E402


def check(cuda, folder, name, line):
    module = cuda.load((folder / f"{name}.ptx").read_bytes())
    table = json.loads((folder / f"{name}.json").read_text())
    saved = np.load(folder / f"{name}.npz")
    states = [{} for _ in range(len(table) + 1)]
    for key in saved.files:
        if key != "numbers":
            i, buffer = key.split("/")
            states[int(i)][buffer] = saved[key]
    addresses = {n: cuda.allocate(max(a.nbytes, 8)) for n, a in states[0].items()}
    numbers = cuda.allocate(8 * max(1, len(saved["numbers"])))
    cuda.upload(numbers, saved["numbers"])
    for i, entry in enumerate(table):
        run = cuda.bind(module, entry, addresses | {"numbers": numbers})
        results = []
        for _ in range(2):
            for buffer, array in states[i].items():
                cuda.upload(addresses[buffer], array)
            run()
            cuda.synchronize()
            got = {n: np.empty_like(a) for n, a in states[i].items()}
            for buffer, array in got.items():
                cuda.download(addresses[buffer], array)
            results.append(got)
        same = same_bits(*results)
        what = f"{name}: {entry['kernel']}"
        line(same, f"{what}: second run {'same' if same else 'OTHER'} bits")
        compare(what, states[i], results[0], states[i + 1], line)


def main():
    signal.alarm(300)  # a kernel that hangs must not hold the machine
    folder, cuda, ok = Path(sys.argv[1]), Cuda(), True
    print(f"{cuda.name}, driver {cuda.version}")

    def line(good, text):
        nonlocal ok
        ok &= bool(good)
        print("ok  " if good else "FAIL", text, flush=True)

    for path in sorted(folder.glob("*.ptx")):
        check(cuda, folder, path.stem, line)
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
