"""Writes programs into a folder that look like training binaries (fake_train.py), each with what it should pretend."""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])
text = Path(__file__).with_name("fake_train.py").read_text()


def fake(name, times=(10.0,), fingerprint="0a", steps=5, **own):
    program = folder / name
    program.write_text(f"#!{sys.executable} -SE\n{text}")
    program.chmod(0o755)
    (folder / f"{name}.json").write_text(json.dumps(dict(times=times, fingerprint=fingerprint, steps=steps) | own))


fake("a", (10.0, 11.0, 10.5, 10.0))
fake("b", (9.0, 9.9, 9.6, 9.1), "0b")
fake("noisy", (9.0, 12.0, 9.6, 11.1), "0c")
fake("flat")
fake("other-losses", (9.0, 9.9, 9.6, 9.1), "0d", loss=5.5)
fake("drifts", (9.0, 9.9, 9.6, 9.1), "0e", drift=1e-3)
fake("long", steps=7)
fake("gpu", target="sm_90a")
fake("elsewhere", device="CPU two")
fake("larger", tokens=200)
fake("fails", fail="--data is required")
fake("stops", missing=2)
fake("changes", then="ff")
fake("short", steps=1)
fake("timeless", (0.0,))
fake("silent", info=False)
(folder / "text").write_text("no program\n")
