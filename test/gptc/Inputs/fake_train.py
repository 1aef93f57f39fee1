# What looks like a training binary and only writes a log: a line that names the tests' Python stands before it. Beside it stands
# NAME.json: what it should pretend.
import json
import os
import sys

path = os.path.abspath(sys.argv[0])
own = json.load(open(path + ".json"))
command, *flags = sys.argv[1:]
if command == "info":
    if own.get("info", True):
        print(json.dumps(dict(model="m", fingerprint=own["fingerprint"], steps=own["steps"], notes=dict(target=own.get("target", "cpu")))))
    sys.exit(0)
if "fail" in own:
    sys.exit("warning: one thing\nerror: " + own["fail"])
given = dict(zip(flags[::2], flags[1::2]))
steps = int(given.get("--steps", own["steps"]))
# Times of the next run: each file of times is read on.
times = own["times"]
count = path + ".count"
run = int(open(count).read()) if os.path.exists(count) else 0
open(count, "w").write(str(run + 1))
ms = times[run % len(times)]
header = dict(model="m", fingerprint=own.get("then", own["fingerprint"]), run=dict(steps=steps, seed=0, threads=2), device=dict(name=own.get("device", "CPU one")))
lines = [dict(header=header)]
for step in range(1, steps - own.get("missing", 0) + 1):
    loss = own.get("loss", 5.0) - step / 10 + run * own.get("drift", 0)
    lines.append(dict(step=step, loss=loss, tokens=own.get("tokens", 100), train_time_ms=99 + ms * (step - 1)))
open(given["--log"], "w").write("".join(json.dumps(line) + "\n" for line in lines))
