"""Memory is asked for before anything else, and only what the command's own parts take.

The program validates in slices, and ends with steps, that no machine has memory for. What does not run them works; what does is one
error that names the part, the bytes and the mend, before the data (here there are none) are looked at.
"""

import re
import subprocess

import numpy as np

import inputs
import report as r
from product import arguments, settings
from reference import record
from schedules import Schedule

HUGE = 2**27
SCHEDULE = Schedule(scheduled_steps=3, extension_steps=1, window_unit=8, tokens=(384, 384, 384, 8 * HUGE))
MODEL = record(D=64, H=4, K=16, F=96, V=2048, fp8=False, schedule=SCHEDULE)


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    program = product.compile(r.ROOT / "models/nanogpt.mlir", settings(MODEL) | dict(val_slice=HUGE, val_tokens=HUGE))
    shard = inputs.write_shard(product.folder / "shard.bin", inputs.text(20_000, MODEL.V, seed=6))
    saved = product.folder / "saved.safetensors"

    def refused(name, *arguments, says):
        with report.case(name) as check:
            saved.unlink(missing_ok=True)
            command = [str(program.path), *map(str, arguments), "--save", str(saved)]
            result = subprocess.run(command, capture_output=True, text=True, timeout=60)
            said = result.stderr.strip()
            bytes_said = [int(n) for n in re.findall(r"(?:needs|has) (\d+)", said)]
            good = result.returncode == 1 and said.count("\n") == 0 and said.startswith("error: part ")
            good = good and all(word in said for word in says) and len(bytes_said) == 2 and bytes_said[0] > bytes_said[1]
            check(good and not result.stdout and not saved.exists(), said)

    refused("a validation slice beyond the machine", "train", "--data", "none*.bin", "--val", "none*.bin", "--steps", 1,
            says=("part validate_0 ", "without --val", "--set val_slice=2048 --set val_tokens=2048"))
    refused("a micro-batch beyond the machine", "train", "--data", "none*.bin",
            says=("part micro_", "--set micro_batches="))
    with report.case("steps within the machine, not validated") as check:
        lines = program.run("train", "--data", shard, "--steps", 2, "--save", saved).stdout
        peak = int(re.search(r"peak memory allocated: (\d+) MiB", lines)[1])
        check(saved.exists() and peak < 100, f"{peak} MiB")
    with report.case("other commands") as check:
        loss, _ = program.gradients(inputs.weights(MODEL), inputs.batch(48, MODEL.V), 1)
        sample = program.run("sample", "--params", saved, "--length", 3).stdout
        check(np.isfinite(loss) and len(sample.split()) == 3, "take what they need")
    r.end(report)


if __name__ == "__main__":
    main()
