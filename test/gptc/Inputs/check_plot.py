"""Reads an SVG of `gptc plot` and the logs that it was made of: every curve runs through its log's points, ticks are round and
stand where their labels say, and no text leaves the picture."""

import bisect
import json
import re
import sys
import xml.etree.ElementTree as tree

picture, by, first, *logs = sys.argv[1:]
root = tree.parse(picture).getroot()
name = lambda element: element.tag.rsplit("}")[1]
children = [(name(element), element.attrib, element.text) for element in root]
width, height = float(root.get("width")), float(root.get("height"))
assert root.get("viewBox") == f"0 0 {width:g} {height:g}"
# Its own ground, for light and dark, below all else.
assert next(a for kind, a, _ in children if kind == "rect") == {"class": "ground", "width": f"{width:g}", "height": f"{height:g}"}
style = next(text for kind, _, text in children if kind == "style")
assert style.count("prefers-color-scheme: dark") == 1 and "http" not in style

texts = [(float(a["x"]), float(a["y"]), a["class"], text) for kind, a, text in children if kind == "text" and "transform" not in a]
for x, y, kind, text in texts:
    ends = {"end": x, "middle": x + 4 * len(text)}.get(kind, x + (11 if kind == "title" else 8) * len(text))
    begins = {"end": x - 8 * len(text), "middle": x - 4 * len(text)}.get(kind, x)
    assert begins >= 0 and ends <= width and 0 <= y <= height, (text, begins, ends)


def scale(ticks, what):
    """The map from values to pixels, by the labels of two ticks; all others fit, and are round."""
    values = [(float(text), at) for at, text in ticks]
    assert 3 <= len(values) <= 13, (what, values)
    (a, at), (b, to) = values[0], values[-1]
    step = values[1][0] - values[0][0]
    assert re.fullmatch(r"[125]\.0+e.*", f"{step:.6e}"), (what, step)
    for k, (value, place) in enumerate(values):
        assert abs(value - (a + k * step)) < 1e-9 * max(1, abs(value)) and abs(place - at - (value - a) * (to - at) / (b - a)) < 0.11, values
    return lambda value: at + (value - a) * (to - at) / (b - a)


horizontal = scale([(x, text) for x, y, kind, text in texts if kind == "middle" and re.fullmatch(r"[-\d.]+", text)], "x")
vertical = scale([(y - 4.5, text) for _, y, kind, text in texts if kind == "end"], "y")


def points(kind, index):
    found = [a["d"] for tag, a, _ in children if tag == "path" and a["class"] == f"{kind} c{index % 7}" and " h " not in a["d"]]
    return [[tuple(map(float, pair.split(","))) for pair in d[1:].split()] for d in found]


units = dict(ms=1, s=1e3, min=60e3, h=3600e3)
label = next(text for _, y, kind, text in texts if kind == "middle" and text.startswith(("step", "training time")))
unit = units[label.split(", ")[1]] if by == "time" else None
rows = [[json.loads(line) for line in open(log)] for log in logs]
key = "next_token_loss" if all("next_token_loss" in row for log in rows for row in log if "loss" in row) else "loss"
for index, log in enumerate(rows):
    for kind, loss in (("training", key), ("validation", "val_loss")):
        wanted = []
        for row in log:
            if loss in row and row["step"] >= int(first):
                wanted.append((horizontal(row["train_time_ms"] / unit if unit else row["step"]), vertical(row[loss])))
        drawn = points(kind, index)
        drawn = drawn[index // 7] if drawn else []
        # Of a long log each column of pixels keeps its extremes: all that is drawn is there, and all that is there is covered.
        beside = lambda x, others, by: others[bisect.bisect(others, (x - by,)) : bisect.bisect(others, (x + by, 1e9))]
        for x, y in drawn:
            assert any(abs(x - p) + abs(y - q) < 0.7 for p, q in beside(x, wanted, 1)), (kind, index, x, y)
        if len(wanted) > 1:
            drawn.sort()
            for x, y in wanted:
                near = [q for _, q in beside(x, drawn, 2.1)]
                assert near and min(near) - 0.7 <= y <= max(near) + 0.7, (kind, index, x, y, near)
print("a picture of", len(logs), "runs")
