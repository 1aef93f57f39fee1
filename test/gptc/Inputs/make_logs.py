"""Writes logs of training runs that never were into a folder: good ones, and one of each fault."""

import json
import math
import random
import sys
from pathlib import Path

folder = Path(sys.argv[1])


def log(name, losses=(3.281, 3.279), seed=0, model="m", time=1000.0, device="CPU one", steps=4, header=True, cut=0, run=(), tokens=100, resumed=None):
    """A run with a validation in the middle and one at the end."""
    settings = dict(steps=steps, seed=seed, threads=2, epochs=1, overfit_batch=False, data="t.bin", val="data/v.bin") | dict(run)
    lines = [dict(header=dict(model=model, fingerprint=f"{hash_of(model):016x}", run=settings, device=dict(name=device)))] * header
    for step in range(steps + 1):
        if step:
            lines.append(dict(step=step, loss=5.0 - step / 10, tokens=tokens, tokens_per_second=1.0, train_time_ms=time * step / steps))
        if losses and step in (steps // 2, steps):
            lines.append(dict(step=step, val_loss=losses[step == steps], train_time_ms=time * step / steps))
        if step == resumed:
            lines.append(dict(resumed=dict(step=step, checkpoint="kept/step-00000002", run=settings, device=dict(name=device))))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / name).write_text(text[: len(text) - cut])
    return text


def hash_of(model):
    return sum(map(ord, model))


def long_log(name, seed, steps=5000):
    """More steps than a picture has columns of pixels, each its own noise; 20 minutes."""
    source = random.Random(seed)
    lines = [dict(header=dict(model="long", fingerprint="0a", run=dict(steps=steps, seed=seed)))]
    for step in range(steps + 1):
        loss = 3 + 8 * math.exp(-step / 60) + math.exp(-step / 2000) + seed / 10
        if step:
            lines.append(dict(step=step, loss=2 * loss, next_token_loss=loss + source.gauss(0, 0.05), tokens=1, train_time_ms=240.0 * step))
        if step % 250 == 0:
            lines.append(dict(step=step, val_loss=loss, train_time_ms=240.0 * step))
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


def printed(name, loss, time, lines=None, characters=None):
    """As the speedrun's script logs: its own text first, steps without their losses."""
    rows = ["import os", "step: int = 0", "=" * 100]
    for step in range(5):
        rows += [f"step:{step}/4 train_time:{time * step // 4}ms step_avg:250.1ms"] if step else []
        rows += [f"step:{step}/4 val_loss:{loss + 4 - step:.4f} train_time:{time * step // 4}ms step_avg:250.10ms"] if step % 2 == 0 else []
    rows += ["peak memory allocated: 30 MiB reserved: 40 MiB"]
    rows = rows[: 3 + lines if lines and lines > 0 else len(rows)]
    if lines and lines < 0:
        rows = rows[:-2]
    (folder / name).write_text(("\n".join(rows[: -1 if characters else None]) + "\n")[:characters])


def main():
    for i, (loss, time) in enumerate([(3.2781, 1000.5), (3.2769, 1001.0), (3.2791, 998.25), (3.2775, 1003.0)]):
        log(f"a{i}", (4, loss), i, time=time, resumed=2 if i == 1 else None)
    for i, (loss, time) in enumerate([(3.2800, 1010.0), (3.2789, 1011.0), (3.2795, 1008.5)]):
        log(f"b{i}", (4, loss), i, model="other", time=time)
        log(f"c{i}", (4, loss), i, device="CPU two", time=time)
        log(f"d{i}", (4, 3.25), i, time=7)
        log(f"twice{i}", (4, 3.25), 3, time=7 + i)
    for i in range(3):
        long_log(f"long{i}", i)
    text = log("good", seed=9)
    log("cut", seed=8, cut=15)
    log("stopped", seed=8, cut=len(text.splitlines()[-1]) + len(text.splitlines()[-2]) + 2)
    log("no-val", None, 8)
    log("no-final", seed=8, header=False, cut=len(text.splitlines()[-1]) + 1)
    log("overfit", seed=8, run=dict(overfit_batch=True))
    for i in range(2):
        log(f"given{i}", (4, 3.27 + i / 100), 8 + i, run=dict(set=dict(wd=2, lr=0.03), fingerprint="0b"))
    log("elsewhere", seed=8, run=dict(val="data/w.bin"))
    log("bare", seed=8, header=False)
    (folder / "two").write_text(text + text)
    (folder / "two-bare").write_text("".join(text.split("\n", 1)[1] for _ in range(2)))
    (folder / "point").write_text("".join(text.splitlines(keepends=True)[:2]))
    (folder / "as-it-is").write_text(text.replace('"model"', '"losses": "loss: what is trained, as the graph gives it", "model"'))
    (folder / "empty").write_text("")
    (folder / "head").write_text(text.split("\n")[0] + "\n")
    for i, loss in enumerate((3.2781, 3.2769, 3.2785)):
        printed(f"printed{i}", loss, 1000 + i)
    printed("printed-stopped", 3.28, 1000, lines=-1)
    printed("printed-cut", 3.28, 1000, characters=-6)
    printed("printed-early", 3.28, 1000, lines=2)
    (folder / "printed-long").write_text((folder / "printed0").read_text().replace("/4 ", "/5 ").replace("step:4/", "step:5/"))
    (folder / "words").write_text("3.28 1000\n3.27 soon\n")
    (folder / "holes").write_text("# losses\n3.28 1000\n3.27\n")
    (folder / "nan").write_text("3.28\nnan\n")
    (folder / "pretty").write_text(json.dumps(dict(losses=[3.2]), indent=1))
    (folder / "list").write_text("{}\n[1]\n")
    (folder / "numbers").write_text("# made by hand\n3.25, 1000\n\n3.26 1001.5 # the second\n")
    (folder / "losses").write_text("3.25\n3.26\n3.27\n")
    (folder / "comment").write_text("# nothing yet\n")


main()
