#!/usr/bin/env python3
"""What the sweep of tiles times, without a GPU: `tiles.py BIN MODEL`.

test/device/tiles takes a model's contractions out of its launches and gives each the tiles that it may have. Of the record these are
three sizes of each kind of a layer's contractions, and the compiler takes every form of all of them.
"""

import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "device/tiles")]

import prepare  # noqa: E402


def main():
    bin, model = sys.argv[1:]
    cases = prepare.cases_of(bin, [model])
    module, listed = prepare.module_of(bin, cases)
    sizes = {}
    for case in cases:
        sizes.setdefault(case.key, set()).add(case.rows)
    of_layers = {key: rows for key, rows in sizes.items() if key.startswith("bf16")}
    given = len(re.findall(r"tile = \{", module))
    wanted = sum(one["tile"] is not None for one in listed)
    for good, text in (
        (len(of_layers) > 10, f"{len(of_layers)} kinds of contractions in bf16, {len(sizes) - len(of_layers)} of codes"),
        (all(rows == set(prepare.SIZES) for rows in of_layers.values()), f"each of them with {prepare.SIZES} rows or terms"),
        (given == wanted > 5 * len(of_layers), f"{given} of {wanted} forms have their tile"),
        (module.count("kern.contract ") == len(listed), f"{len(listed)} contractions"),
    ):
        print("ok  " if good else "FAIL", text)
        if not good:
            sys.exit(1)


if __name__ == "__main__":
    main()
