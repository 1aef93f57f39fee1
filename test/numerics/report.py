"""What the numerics tests share: cases with one line each, tensors compared by norm, and the place of expected values."""

import contextlib
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def shared_folder():
    """The folder of expected values beside the repository, or None."""
    folder = Path(os.environ.get("GPTC_SHARED", ROOT.parent / "shared"))
    return folder if (folder / "golden").is_dir() else None


class Report:
    """Counts cases; `finish` prints the totals and returns the exit status."""

    def __init__(self, only=""):
        self.passed = self.failed = self.skipped = 0
        self.only = only
        self.started = time.monotonic()

    def check(self, holds, case, found):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"{'ok  ' if holds else 'FAIL'}  {case}: {found}", flush=True)
        return bool(holds)

    def skip(self, case, reason):
        self.skipped += 1
        print(f"skip  {case}: {reason}", flush=True)

    @contextlib.contextmanager
    def case(self, name):
        """A case's body calls the function it gets once, with (holds, found); an exception is a failure that names itself."""
        try:
            yield lambda holds, found: self.check(holds, name, found)
        except Exception as problem:
            self.check(False, name, f"{type(problem).__name__}: {problem}")

    def wants(self, *names):
        """Whether one of these cases is to run."""
        return any(self.only in name for name in names)

    def finish(self):
        seconds = time.monotonic() - self.started
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped in {seconds:.1f} s")
        return int(self.failed > 0 or self.passed + self.skipped == 0)


def error(got, reference):
    """‖got − reference‖ / ‖reference‖; the plain norm where the reference is zero; infinite for another shape or a NaN."""
    got, reference = np.asarray(got, np.float64), np.asarray(reference, np.float64)
    if got.shape != reference.shape:
        return np.inf
    # No BLAS: its threads would wait for each other on small tensors.
    off, size = (np.sqrt(np.sum(np.square(x))) for x in (got - reference, reference))
    off = off / size if size > 0 else off
    return off if np.isfinite(off) else np.inf


def worst(got, reference):
    """The largest error over the reference's tensors, and its name. A tensor that `got` lacks counts as infinite."""
    return max((error(got[name], r) if name in got else np.inf, name) for name, r in reference.items())


def end(report):
    sys.exit(report.finish())
