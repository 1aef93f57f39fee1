"""Two logs: the first validation has the same bits, every loss and gradient norm is within roundings of f32."""

import json
import sys

logs = [[json.loads(line) for line in open(path)][1:] for path in sys.argv[1:3]]
pairs = list(zip(*logs, strict=True))
first = next((a["val_loss"], b["val_loss"]) for a, b in pairs if "val_loss" in a)
assert first[0] == first[1], first
steps = [(a, b) for a, b in pairs if "loss" in a]
worst = max(abs(a[key] / b[key] - 1) for a, b in steps for key in ("loss", "grad_norm"))
assert 0 < worst < 1e-5, worst
print(f"first validation the same, {len(steps)} losses within {worst:.1e}")
