"""Losses beside the script's as a picture: `plot.py LOSSES.json FOLDER OUT.svg`.

For each model whose log run.py has left in FOLDER the loss of every step less the mean of the script's runs; in grey how far those runs
lie apart, by vertical lines the stages.
"""

import json
import statistics
import sys
from pathlib import Path

MODELS = ("record", "baseline", "paired")
WIDTH, PANEL, LEFT, TOP, GAP = 760, 150, 62, 34, 34
STEP, MOST, LINES = (WIDTH - LEFT - 16) / 61, 0.06, (-0.06, -0.03, 0, 0.03, 0.06)


def differences(golden, model, log):
    """By step: gptc's loss less the mean of the script's runs, and the least and the most of theirs."""
    losses = [row["loss"] for row in map(json.loads, log.read_text().splitlines()[1:]) if "loss" in row]
    for loss, tokens, runs in zip(losses, golden[model]["T"], zip(*golden[model]["runs"])):
        own = [statistics.mean(run) / tokens for run in runs]
        mean = statistics.mean(own)
        yield loss - mean, min(own) - mean, max(own) - mean


def panel(golden, model, log, top):
    """A model's picture, its upper edge at `top`."""
    found = list(differences(golden, model, log))
    x = lambda step: f"{LEFT + STEP * step:.1f}"
    y = lambda value: f"{top + PANEL / 2 * (1 - max(-1, min(1, value / MOST))):.1f}"
    yield f'<text x="{LEFT}" y="{top - 8}" class="title">{model}: {statistics.mean(abs(d) for d, _, _ in found):.4f} in the mean of {len(found)} steps</text>'
    for value in LINES:
        yield f'<path class="grid" d="M{LEFT} {y(value)}H{x(61)}"/><text x="{LEFT - 6}" y="{float(y(value)) + 4:.1f}" class="number">{value:+.2f}</text>'
    steps = range(len(found))
    band = [f"{x(i)} {y(found[i][2])}" for i in steps] + [f"{x(i)} {y(found[i][1])}" for i in reversed(steps)]
    yield f'<path class="band" d="M{"L".join(band)}Z"/>'
    for i in steps[1:]:
        if golden[model]["T"][i] != golden[model]["T"][i - 1]:
            yield f'<path class="stage" d="M{float(x(i)) - STEP / 2:.1f} {top}v{PANEL}"/>'
    yield f'<path class="run" d="M{"L".join(f"{x(i)} {y(found[i][0])}" for i in steps)}"/>'


def main():
    golden, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    models = [m for m in MODELS if (folder / f"{m}.log").exists()]
    height = TOP + len(models) * (PANEL + GAP) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        "<title>Loss of gptc less the mean of the script's runs, by step</title>",
        "<style>.title{font-weight:bold}.number{text-anchor:end;fill:#555}.grid{stroke:#ddd}.stage{stroke:#888;stroke-dasharray:4 3}"
        ".band{fill:#bbb}.run{fill:none;stroke:#c22;stroke-width:1.5}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for i, model in enumerate(models):
        lines += panel(golden, model, folder / f"{model}.log", TOP + i * (PANEL + GAP))
    lines.append(f'<text x="{LEFT}" y="{height - 14}">Steps 0 to 61, nats a token; grey: the script\'s own runs; red: gptc; dashed: stages.</text></svg>')
    Path(sys.argv[3]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
