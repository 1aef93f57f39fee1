"""Random models against the interpreter of the language, and wrong models against the compiler's errors.

    run.py [--count N] [--seed S] [--jobs J]     N models from the seed S on
    run.py --wrong …                             models with one mistake each
    run.py --only SEED                           one model, as a failure names it; --text FILE another text in its place
    run.py --full                                every check on every model, as a long run wants it

Needs gptc-run beside gptc (--build), numpy and, unless --no-interpreter, jax and ml_dtypes (test/requirements.txt). A failure
prints its seed and a model shrunk to a few lines.
"""

import argparse
import collections
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True

from check import Checker  # noqa: E402
from compiler import Compiler, Failure  # noqa: E402
from features import KNOWN, missing  # noqa: E402
from generator import generate  # noqa: E402
from reducer import reduce  # noqa: E402

FULL = {"exe": 1, "ptx": 1, "none": 1, "some": 1}


def interpreter(given):
    if given.no_interpreter:
        return None
    try:
        from interpret import load
    except ImportError as problem:
        print(f"no interpreter ({problem}): programs are compared with each other alone")
        return None
    return load


class Worker:
    """One process with its own gptc-run and folder."""

    def __init__(self, given):
        self.given = given
        self.handle = tempfile.TemporaryDirectory(prefix="gptc-random-")
        self.compiler = Compiler(Path(given.build) / "bin/gptc-run", self.handle.name)
        if given.wrong:
            from wrong import WrongChecker

            self.checker = WrongChecker(self.compiler)
        else:
            self.checker = Checker(self.compiler, interpreter(given), FULL if given.full else None)

    def model(self, seed):
        off = () if self.given.everything else KNOWN
        return generate(seed, off=off)

    def run(self, seed, text=None):
        """(seed, features, None or (kind, found, shrunk text))."""
        model = self.model(seed)
        try:
            self.checker.check(model, text)
        except Failure as failure:
            return seed, model.features, (failure.kind, failure.found, self.shrunk(model, failure, text))
        except Exception as problem:  # the test itself is at fault: say so, and go on with other models
            return seed, model.features, (f"{type(problem).__name__}", str(problem), "")
        return seed, model.features, None

    def shrunk(self, model, failure, text):
        if self.given.no_reduce or self.given.wrong:
            return ""

        def fails(candidate):
            try:
                self.checker.check(model, candidate, failure.kind)
            except Failure as other:
                return other.kind == failure.kind
            except Exception:
                return False
            return False

        return reduce(text or model.text(), fails, self.given.tries)


worker = None


def start(given):
    global worker
    os.nice(1)
    worker = Worker(given)


def step(seed):
    return (*worker.run(seed), dict(worker.checker.counts), os.getpid())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=HERE.parents[1] / "build", help="the build folder (default: build)")
    parser.add_argument("--gptc", help="the compiler: gptc-run stands beside it")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", type=int, help="the seed of one model")
    parser.add_argument("--text", help="with --only: a file in place of the model's text")
    parser.add_argument("--wrong", action="store_true", help="models with one mistake each")
    parser.add_argument("--full", action="store_true", help="no check for a share of models alone")
    parser.add_argument("--everything", action="store_true", help="also features that features.py switches off")
    parser.add_argument("--no-interpreter", action="store_true", help="compare programs with each other alone")
    parser.add_argument("--no-reduce", action="store_true", help="leave failing models as they are")
    parser.add_argument("--tries", type=int, default=300, help="runs that shrinking a failing model may take")
    parser.add_argument("--log", help="a file for the failing models")
    given = parser.parse_args()
    if given.gptc:
        given.build = Path(given.gptc).resolve().parents[1]
    if not (Path(given.build) / "bin/gptc-run").exists():
        parser.exit(1, f"no {given.build}/bin/gptc-run: build it first (./x build)\n")
    return given


def tell(given, seed, failure):
    kind, found, text = failure
    again = f"{sys.executable} {Path(__file__)} --only {seed}{' --wrong' if given.wrong else ''}"
    report = f"FAIL  seed {seed}: {kind}: {found}\n      again: {again}\n" + "".join(f"      {line}\n" for line in text.splitlines())
    print(report, end="", flush=True)
    if given.log:
        with open(given.log, "a") as file:
            file.write(report)


def main():
    given = arguments()
    started = time.monotonic()
    if given.only is not None:
        start(given)
        text = Path(given.text).read_text() if given.text else None
        if not given.text:
            print(worker.model(given.only).text())
        seed, _features, failure = worker.run(given.only, text)
        if failure:
            tell(given, seed, failure)
        print("fails" if failure else "holds")
        sys.exit(bool(failure))
    seen, kinds, counts, failed = set(), collections.Counter(), {}, 0
    with multiprocessing.get_context("spawn").Pool(given.jobs, start, (given,)) as pool:
        for seed, features, failure, done, process in pool.imap_unordered(step, range(given.seed, given.seed + given.count), 4):
            seen |= features
            counts[process] = done
            if failure:
                failed += 1
                kinds[failure[0]] += 1
                tell(given, seed, failure)
    total = collections.Counter()
    for done in counts.values():
        total.update(done)
    for kind, times in kinds.most_common():
        print(f"      {times} times: {kind}")
    if total["ill-conditioned"] > 3 + given.count // 30:
        failed += 1
        print(f"FAIL  {total['ill-conditioned']} models are too ill-conditioned to say anything")
    lost = missing(seen) if given.count >= 300 else []
    if lost:
        print(f"FAIL  no model has {', '.join(lost)}")
    seconds = time.monotonic() - started
    failed = min(failed, given.count)
    print(f"{given.count} models, {', '.join(f'{n} {what}' for what, n in sorted(total.items()))}, {len(KNOWN)} features off")
    print(f"{given.count - failed + (not lost)} passed, {failed + bool(lost)} failed, 0 skipped in {seconds:.1f} s")
    sys.exit(bool(failed or lost))


if __name__ == "__main__":
    main()
