"""What each optional pass is worth: `run.py DIR [NAME...]`, DIR as prepare.sh leaves it.

Right first: four steps, whose losses are near those of the program with all passes. Then `EXE profile` of an
odd step, which updates all parameters: the time of a micro-batch of 16384 tokens and of the update, as training
runs them; their launches and what those cannot but read and write; and the program's memory. As a table of
Markdown for docs/performance.md.
"""

import csv
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

FOLDER, ASKED = Path(sys.argv[1]), sys.argv[2:]
# Of a loss from that of all passes, relative: what is rounded otherwise shows in bf16.
NEAR, STEP, REPEATS = 5e-3, 3, 5
DATA = ["--data", FOLDER / "train_000001.bin"]


def ask(*command):
    run = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120)
    if run.returncode:
        raise RuntimeError(run.stderr.strip().splitlines()[-1])
    return run.stdout


def losses(exe, log):
    ask(exe, "train", *DATA, "--steps", STEP + 1, "--log", log)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [r["loss"] for r in rows if "loss" in r]


def measure(exe, place):
    """By kind of part: milliseconds, launches, bytes; of the program: bytes of memory, and whose GPU it was."""
    table = place / "profile.csv"
    text = ask(exe, "profile", *DATA, "--step", STEP, "--repeat", REPEATS, "--csv", table)
    result = {"on": text.splitlines()[0]}
    for line in text.splitlines():
        fields = line.split()
        for kind in ("micro", "update"):
            if len(fields) > 5 and fields[0].startswith(kind + "_"):
                result[kind] = {"ms": float(fields[2]), "launches": 0, "bytes": 0}
    with table.open() as file:
        for row in csv.DictReader(file):
            kind = row["part"].split("_")[0]
            if kind in result:
                result[kind]["launches"] += 1
                result[kind]["bytes"] += int(row["read_bytes"]) + int(row["written_bytes"])
    info = json.loads(ask(exe, "info", "--json"))
    return result | {"memory": info["memory"]["total"]}


def row(name, m):
    micro, update = m["micro"], m["update"]
    return (f"| {name} | {micro['ms']:.2f} | {micro['launches']} | {micro['bytes'] / 1e9:.1f} "
            f"| {update['ms']:.2f} | {update['launches']} | {update['bytes'] / 1e9:.1f} | {m['memory'] / 2**30:.1f} |")  # fmt: skip


def main():
    ok, rows, device = True, [], ""
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        begin = time.monotonic()
        with tarfile.open(FOLDER / "programs.tar.xz") as tar:
            tar.extractall(place)
        print(f"unpacked in {time.monotonic() - begin:.0f} s", flush=True)
        variants = json.loads((place / "variants.json").read_text())
        want = None
        for name, variant in variants.items():
            if name != "as it is" and ASKED and name not in ASKED:
                continue
            begin = time.monotonic()
            try:
                if "error" in variant:
                    raise RuntimeError(variant["error"])
                exe = place / variant["program"]
                got = losses(exe, place / "log")
                want = want or got
                worst = max(abs(a - b) / max(abs(b), 1e-9) for a, b in zip(got, want, strict=True))
                good = worst <= NEAR
                ok &= good
                m = measure(exe, place)
                device = m["on"]
                rows.append(row(name if name == "as it is" else f"without {name}", m))
                print(f"{'ok  ' if good else 'FAIL'} {name}: losses {' '.join(f'{x:.4f}' for x in got)}, at most "
                      f"{worst:.1e} from all passes'; {time.monotonic() - begin:.1f} s", flush=True)  # fmt: skip
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                ok = False
                print(f"FAIL {name}: {error}", flush=True)
    print(f"\n{device}\n")
    print("| | micro-batch, ms | launches | GB | update, ms | launches | GB | memory, GiB |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |")  # fmt: skip
    print("\n".join(rows))
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
