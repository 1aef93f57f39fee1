"""Holds plans of one and of two ranks against the program and its profiles."""

import csv
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
one, two, info = (json.loads((folder / f"{name}.json").read_text()) for name in ("one", "two", "info"))


def near(a, b):
    assert abs(a - b) <= 1e-6 * max(abs(a), abs(b)), (a, b)


def kinds(plan):
    return {kind["kind"]: kind["bytes"] for kind in plan["memory"]["kinds"]}


# One rank has the buffers that `info` tells of, and the workspace of the largest part that a run has.
for kind in info["memory"]["kinds"]:
    assert kinds(one)[kind["kind"]] == kind["bytes"], kind
for plan in (one, two):
    assert sum(kinds(plan).values()) == plan["memory"]["total"]
parts = {part["name"]: part["workspace_bytes"] for part in info["parts"]}
assert kinds(one)["workspace"] == parts[one["memory"]["largest_part"]]
assert kinds(one)["workspace"] == max(bytes for name, bytes in parts.items() if not name.startswith(("sample", "init")))
assert two["memory"]["available"] == 141000000000

# Two ranks have half of the optimizer's state each, but for what is whole, and of every matrix or row one of them.
assert kinds(two)["optimizer"] + 2 * kinds(two)["shares of optimizer"] < 1.01 * kinds(one)["optimizer"]
for share in two["shared"]:
    assert sum(share["each"]) == share["units"], share
names = {name for share in two["shared"] for name in (share["parameter"], share["last"])} | set(two["whole"])
assert names == {parameter["name"] for parameter in info["parameters"]}, names

# Every launch was measured: a millisecond.
launches = {part["name"]: part["launches"] for part in info["parts"]}
assert one["assumed"]["launches"]["alike"] == one["assumed"]["launches"]["floors"] == 0
assert sum(step["count"] for step in one["steps"]) == info["steps"] == 4
for step in one["steps"]:
    times = {part["part"]: (2 if part["part"].startswith("micro") else 1) for part in step["parts"]}
    near(step["milliseconds"], sum(launches[name] * count for name, count in times.items()))
    near(step["milliseconds"], step["hidden_milliseconds"])
near(one["all"]["seconds"], sum(step["count"] * step["milliseconds"] for step in one["steps"]) / 1000)

# Two ranks have half of the micro-batches each.
for step, whole in zip(two["steps"], one["steps"]):
    near(step["one_rank_milliseconds"], whole["milliseconds"])
    micro = [[part for part in plan["parts"] if part["part"].startswith("micro")][0] for plan in (step, whole)]
    near(2 * micro[0]["milliseconds"], micro[1]["milliseconds"])
    near(step["milliseconds"] - step["collectives_milliseconds"], sum(part["milliseconds"] for part in step["parts"]))
    assert step["sent_bytes"] > 0
assert two["assumed"]["launches"]["measured"] > 0
for collective in two["collectives"]:
    ring = 1 if collective["kind"] == "all_reduce" else 0.5
    near(collective["sent_bytes"], ring * collective["bytes"])
    near(collective["microseconds"], 10 + collective["sent_bytes"] / 100e3)

# The table has the same sums.
rows = list(csv.DictReader((folder / "two.csv").open()))
for step in two["steps"]:
    own = [row for row in rows if row["steps"] == step["steps"]]
    for what, wanted in (
        (True, step["milliseconds"] - step["collectives_milliseconds"]),
        (False, step["collectives_milliseconds"]),
    ):
        total = sum(float(row["us"]) for row in own if (row["what"] == "launches") == what) / 1000
        assert abs(total - wanted) < 1e-3, (step, total)
