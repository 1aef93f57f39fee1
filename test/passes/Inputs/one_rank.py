"""What a run of one rank is: `one_rank.py WITH WITHOUT`, two descriptions of a program, with collectives at their places and without.

Their parts of one rank have the same launches at the same places. With them there are parts for more ranks, which share launches."""

import json
import sys
from pathlib import Path

with_, without = (json.loads(Path(path).read_text()) for path in sys.argv[1:])


def one(program):
    def launch(it):
        arguments = [{k: v for k, v in a.items() if k != "buffer"} for a in it["arguments"]]
        return it | {"arguments": arguments}

    return [
        {"name": p["name"], "bytes": p["workspace_bytes"], "launches": [launch(it) for it in p["launches"]]}
        for p in program["parts"]
        if p["ranks"] <= 1
    ]


assert one(with_) == one(without)
assert with_["arena_bytes"] == without["arena_bytes"] and with_["persistent_bytes"] == without["persistent_bytes"]
assert not any(p["collectives"] for p in with_["parts"] if p["ranks"] <= 1)
for part in with_["parts"]:
    if part["ranks"] > 1 and part["kind"] == "micro":
        kinds = {c["kind"] for c in part["collectives"]}
        print(part["name"], "of", part["launches_of"], len(part["launches"]), *sorted(kinds))
