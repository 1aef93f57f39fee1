"""Random models against the interpreter of the language, and wrong models against the compiler's errors.

    run.py [--count N] [--seed S] [--jobs J]     N models from the seed S on, and those that --also names
    run.py --wrong …                             models with one mistake each
    run.py --only SEED                           one model, as a failure names it; --text FILE another text in its place
    run.py --full                                every check on every model, as a long run wants it
    run.py --gpu N                               the PTX of every N-th model runs on a Hopper GPU, nothing of it is interpreted
    run.py --report FILE --no-reduce …           a long run: failures as they come, in a file

Needs gptc-run beside gptc (--build), numpy and, unless --no-interpreter, jax and ml_dtypes (test/requirements.txt). A failure
prints its seed and a model shrunk to a few lines. A model that takes too long, and one that ends its process, is a failure of
its own; ptxas is used where there is one.
"""

import argparse
import collections
import importlib.util
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "nvptx")]
sys.dont_write_bytecode = True

from check import Checker  # noqa: E402
from compiler import Compiler, Failure, find_ptxas  # noqa: E402
from crew import Crew  # noqa: E402
from features import missing  # noqa: E402
from generator import generate  # noqa: E402
from reducer import reduce  # noqa: E402

FULL = dict.fromkeys(("exe", "ptx", "none", "some", "phases"), 1)
TINY = 10  # every so manieth model is small, and its PTX is interpreted
# How many comparisons a model float32's roundings may decide: sums of a scalar's gradient cancel in 6 of 100. More, and the
# generator is at fault.
HELD_TO_ROUNDINGS = 0.1
# A value beside a tie of an FP8 grid that six samples miss: one of 8,401 models.
HELD_TO_FLIPS = 0.001


class Worker:
    """Models one after the other, with a gptc-run and a folder of its own."""

    def __init__(self, given, folder):
        self.given = given
        self.compiler = Compiler(Path(given.build) / "bin/gptc-run", folder)
        if given.wrong:
            from wrong import WrongChecker

            self.checker = WrongChecker(self.compiler)
        else:
            load = None
            if not given.no_interpreter:
                from interpret import load
            gpu = None
            if given.gpu:
                from gpu import Gpu

                gpu = Gpu()
            shares = (FULL if given.full else {}) | ({"gpu": given.gpu} if given.gpu else {})
            self.checker = Checker(self.compiler, load, shares, gpu)

    def close(self):
        self.compiler.close()

    def model(self, seed):
        return generate(seed, tiny=not self.given.wrong and seed % TINY == 0)

    def run(self, seed, text=None):
        """(seed, features, what was counted, None or (kind, found)), then, after a failure, the model shrunk."""
        self.checker.counts.clear()
        model, failure = self.model(seed), None
        try:
            self.checker.check(model, text)
        except Failure as found:
            failure = found
        told = failure and (failure.kind, failure.found)
        yield seed, model.features, dict(self.checker.counts), told
        if failure and not (self.given.no_reduce or self.given.wrong):
            yield self.shrunk(model, failure, text)

    def shrunk(self, model, failure, text):
        def fails(candidate):
            try:
                self.checker.check(model, candidate, failure.kind)
            except Failure as other:
                return other.kind == failure.kind
            except Exception:  # no model any more, and the interpreter says so
                return False
            return False

        return reduce(text or model.text(), fails, self.given.tries)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=HERE.parents[1] / "build", help="the build folder (default: build)")
    parser.add_argument("--gptc", help="the compiler: gptc-run stands beside it")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--also", type=int, nargs="*", default=[], metavar="SEED", help="models of other seeds, before them")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", type=int, help="the seed of one model")
    parser.add_argument("--text", help="with --only: a file in place of the model's text")
    parser.add_argument("--wrong", action="store_true", help="models with one mistake each")
    parser.add_argument("--full", action="store_true", help="no check for a share of models alone")
    parser.add_argument("--gpu", type=int, metavar="N", help="run the PTX of every N-th model on this machine's GPU (for sm_90a)")
    parser.add_argument("--no-interpreter", action="store_true", help="compare programs with each other alone")
    parser.add_argument("--no-reduce", action="store_true", help="leave failing models as they are")
    parser.add_argument("--tries", type=int, default=300, help="runs that shrinking a failing model may take")
    parser.add_argument("--seconds", type=float, default=120, help="for one model (default: 120), and ten times that to shrink it")
    parser.add_argument("--minutes", type=float, default=0, help="begin no model after so many, and say how far it came")
    parser.add_argument("--report", help="a file that failures are written to as they come")
    given = parser.parse_args()
    if given.gptc:
        given.build = Path(given.gptc).resolve().parents[1]
    if not (Path(given.build) / "bin/gptc-run").exists():
        parser.exit(1, f"no {given.build}/bin/gptc-run: build it first (./x build)\n")
    if not given.wrong and not given.no_interpreter and not importlib.util.find_spec("jax"):
        print("no interpreter, for there is no jax: programs are compared with each other alone")
        given.no_interpreter = True
    if not given.wrong and not find_ptxas():
        print("no ptxas: PTX is made and not assembled")
    return given


class Report:
    """What came of the models so far."""

    def __init__(self, given):
        self.given, self.started = given, time.monotonic()
        self.file = open(given.report, "a") if given.report else None
        self.seen, self.kinds, self.counts = set(), collections.Counter(), collections.Counter()
        self.done = self.failed = 0
        self.next = 60

    def say(self, text):
        print(text, flush=True)
        if self.file:
            print(text, file=self.file, flush=True)

    def add(self, seed, features, counts, failure):
        self.done += 1
        if seed not in self.given.also:  # what was chosen says nothing of the generator
            self.seen |= features
            self.counts.update(counts)
        if failure:
            self.failed += 1
            self.kinds[failure[0]] += 1
            again = f"{sys.executable} {Path(__file__)} --only {seed}{' --wrong' if self.given.wrong else ''}"
            self.say(f"FAIL  seed {seed}: {failure[0]}: {failure[1]}\n      again: {again}")
        seconds = time.monotonic() - self.started
        if seconds > self.next and self.given.count > 1000:
            self.next = seconds + 60
            print(f"      {self.done} of {self.given.count}, {self.failed} failed, {seconds:.0f} s", file=sys.stderr, flush=True)

    def shrunk(self, seed, text):
        self.say(f"      seed {seed}, shrunk:\n" + "".join(f"      {line}\n" for line in text.splitlines()))

    def end(self):
        """The summary; whether all is well."""
        failed, drawn = self.failed, self.done - len(self.given.also)
        for kind, times in self.kinds.most_common():
            self.say(f"      {times} times: {kind}")
        if self.counts["held to roundings"] > 3 + HELD_TO_ROUNDINGS * drawn:
            failed += 1
            self.say(f"FAIL  float32's roundings decide {self.counts['held to roundings']} comparisons")
        if self.counts["held to flips on a grid"] > 1 + HELD_TO_FLIPS * drawn:
            failed += 1
            self.say(f"FAIL  ties of FP8 grids decide {self.counts['held to flips on a grid']} comparisons")
        if lost := missing(self.seen) if drawn >= 300 else []:
            failed += 1
            self.say(f"FAIL  no model has {', '.join(lost)}")
        told = [f"{n} {what}" for what, n in sorted(self.counts.items())]
        also = [f"{len(self.given.also)} of other seeds"] * bool(self.given.also)
        self.say(", ".join([f"{drawn} models from seed {self.given.seed}", *also, *told]))
        failed = min(failed, self.done)
        seconds = time.monotonic() - self.started
        self.say(f"{self.done - failed} passed, {failed} failed, 0 skipped in {seconds:.1f} s")
        return not failed


def only(given):
    """One model in this process, so that a debugger can follow."""
    text = Path(given.text).read_text() if given.text else None
    with tempfile.TemporaryDirectory(prefix="gptc-random-") as folder:
        worker = Worker(given, folder)
        if not text:
            print(worker.model(given.only).text())
        told = worker.run(given.only, text)
        _seed, _features, _counts, failure = next(told)
        if failure:
            print(f"FAIL  {failure[0]}: {failure[1]}", flush=True)
        for shrunk in told:
            print(shrunk)
        print("fails" if failure else "holds")
    return not failure


def main():
    given = arguments()
    if given.only is not None:
        sys.exit(not only(given))
    report = Report(given)
    with tempfile.TemporaryDirectory(prefix="gptc-random-") as folder:
        crew = Crew(given.jobs, given.seconds, folder, Worker, given)
        end = time.monotonic() + (given.minutes * 60 or float("inf"))
        for seed, answer in crew.run([*given.also, *range(given.seed, given.seed + given.count)]):
            if isinstance(answer, str):
                report.shrunk(seed, answer)
            elif isinstance(answer, Exception):
                report.add(seed, set(), {}, (type(answer).__name__, str(answer)))
            else:
                report.add(*answer)
            if time.monotonic() > end:
                report.say(f"time is up: seeds up to {seed} were begun")
                break
    sys.exit(not report.end())


if __name__ == "__main__":
    main()
