"""The passes that `--disable-pass=` can take out, as the compiler lists them."""

import subprocess


def optional_in(told):
    """Of what `gptc passes` says."""
    rows = [line.split() for line in told.splitlines()]
    found = tuple(dict.fromkeys(row[1] for row in rows if row[2:3] == ["yes"]))
    if not found:
        raise ValueError("`gptc passes` lists no optional pass")
    return found


def optional_passes(gptc):
    return optional_in(subprocess.run([str(gptc), "passes"], capture_output=True, text=True, check=True).stdout)
