"""Holds `EXE batches --json` to digests of the micro-batches that the record's own script makes of one shard."""

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
shared = Path(os.environ.get("GPTC_SHARED", Path(__file__).resolve().parents[4] / "shared"))
golden, packed = shared / "golden/batches.json", shared / "data/train_000001.bin.xz"
if not golden.exists() or not packed.exists():
    print(f"skipped: no golden/batches.json and data/ in {shared}")
    sys.exit()
shard = folder / "train.bin"
shard.write_bytes(lzma.decompress(packed.read_bytes()))
wanted = json.loads(golden.read_text())["steps"]
lists = {}
for world in (1, 2, 4, 8):
    command = [str(folder / "train"), "batches", "--data", str(shard), "--world", str(world), "--json"]
    lists[world] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["steps"]
    assert len(lists[world]) == 62
compared = 0
for step, batches in wanted.items():
    for number, want in enumerate(batches):
        compared += 1
        for world, steps in lists.items():
            have = steps[int(step)]["batches"][number]
            assert have["rank"] == number % world
            for key in want:
                assert have[key] == want[key], (world, step, number, key)
ends = {len(line["batches"]) for steps in lists.values() for line in steps}
assert ends == {8}
shard.unlink()
print(f"{compared} micro-batches are those of the record's script, for 1, 2, 4 and 8 ranks")
