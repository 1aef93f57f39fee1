"""Runs tests: every one, or those that are named. `./x test [NAME…]` calls it after the build.

A NAME is a suite (house-rules, lit, unit, numerics), a test of one (passes/fuse-smear.mlir, nvptx-mlp, gradients), a folder of
lit's (passes), or a part of a test's name. Lit's run first; all others run beside each other, the longest first; what fails says
how it is run alone. A script's time, and that of the processors, which other work beside it changes little, stand before its lines.
"""

import argparse
import difflib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
from environment import ENVIRONMENT  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
# Seconds of the last time that a test ran, and of the first where they are many.
FIRST_SECONDS = {"gradients": 140, "exact": 70, "nvptx-mlp": 60, "nvptx-block": 50, "nvptx-update-tiny": 50, "reference": 50, "training": 40, "flips": 40, "nvptx-rows": 40}
# These have processes for all processors, and so begin last: until the end none is idle.
WIDE = ("random",)


@dataclass
class Test:
    suite: str
    name: str
    command: list
    folder: Path = ROOT


@dataclass
class Totals:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Runner:
    def __init__(self, build, jobs, lit):
        self.build, self.jobs, self.lit = build.resolve(), jobs, lit
        self.environment = os.environ | {
            "GTEST_BRIEF": "1",
            # Compiled once for all tests, and nothing of it beside the sources.
            "PYTHONPYCACHEPREFIX": str(self.build / "test/pycache"),
            # Matrices of tests are small: a second thread would spin, waiting, for most of its time.
            "OPENBLAS_NUM_THREADS": "1",
        }
        self.sanitized = "GPTC_SANITIZE:BOOL=ON" in (self.build / "CMakeCache.txt").read_text()
        # Hundreds of models have kernels in common; each is compiled once a run. What proves compilation itself says otherwise.
        self.kernels = self.build / "test/kernels"
        if not self.sanitized:
            self.environment["GPTC_KERNEL_CACHE"] = str(self.kernels)
        self.seconds_file = self.build / "test/seconds.json"
        self.seconds = FIRST_SECONDS | (json.loads(self.seconds_file.read_text()) if self.seconds_file.exists() else {})

    # ---- What there is -------------------------------------------------------------------------------------------------------

    def tests(self):
        if self.sanitized:
            return [*self.lit_tests(), *self.unit_tests(), *self.sanitized_tests()]
        rules = Test("house-rules", "house-rules", [str(ROOT / ".ci/house-rules")])
        return [rules, *self.lit_tests(), *self.unit_tests(), *self.numerics_tests()]

    def lit_tests(self):
        command = [*self.lit, "--show-tests", str(self.build / "test")]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [Test("lit", name, []) for name in re.findall(r"^ *gptc :: (\S+)", listed, re.M)]

    def unit_tests(self):
        command = ["ctest", "--show-only=json-v1"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=self.build).stdout
        for test in json.loads(listed)["tests"]:
            folder = {p["name"]: p["value"] for p in test["properties"]}.get("WORKING_DIRECTORY", self.build)
            yield Test("unit", test["name"], test["command"], Path(folder))

    def numerics_tests(self):
        for script in sorted((ROOT / "test/numerics").glob("check_*.py")):
            gptc = ["--gptc", str(self.build / "bin/gptc")]
            yield Test("numerics", script.stem.removeprefix("check_"), [sys.executable, str(script), *gptc])

    def sanitized_tests(self):
        """What a build with sanitizers runs in the place of numerics: all models, and generated ones, good and wrong."""
        yield Test("sanitized", "models", [sys.executable, str(ROOT / "test/every_model.py"), "--build", str(self.build)])
        command = [sys.executable, str(ROOT / "test/random/run.py"), "--build", str(self.build), "--jobs", "1", "--no-reduce"]
        yield Test("sanitized", "random", [*command, "--no-interpreter"])
        yield Test("sanitized", "wrong", [*command, "--wrong"])

    # ---- Running -------------------------------------------------------------------------------------------------------------

    def run(self, tests):
        """Lit's tests, then all others, whatever their suite; the totals, and the tests that failed."""
        totals, failed = Totals(), []
        shutil.rmtree(self.kernels, ignore_errors=True)
        for some, run in (([t for t in tests if t.suite == "lit"], self.run_lit), ([t for t in tests if t.suite != "lit"], self.run_commands)):
            if not some:
                continue
            heading(", ".join(dict.fromkeys(test.suite for test in some)))
            started, before = time.monotonic(), processor_seconds()
            found, wrong = run(some)
            for suite, of in found.items():
                print(f"{suite}: {of}")
                totals.add(of)
            failed += wrong
            taken, busy = time.monotonic() - started, processor_seconds() - before
            print(f"{taken:.0f} s, of processors {busy:.0f} s", flush=True)
        self.seconds_file.write_text(json.dumps(self.seconds))
        return totals, failed

    def run_lit(self, tests):
        results = self.build / "test/lit.json"
        results.unlink(missing_ok=True)
        paths = [str(self.build / "test" / test.name) for test in tests]
        command = [*self.lit, "-sv", "-j", str(self.jobs), "-o", str(results), *paths]
        status = subprocess.run(command, env=self.environment).returncode
        codes = {}
        if results.exists():
            listed = json.loads(results.read_text())["tests"]
            codes = {test["name"].removeprefix("gptc :: "): test["code"] for test in listed}
        good = [test for test in tests if codes.get(test.name) in ("PASS", "XFAIL")]
        skipped = [test for test in tests if codes.get(test.name) in ("UNSUPPORTED", "SKIPPED")]
        wrong = [test for test in tests if test not in good and test not in skipped]
        if status and not wrong:
            wrong = tests[:1]
        return {"lit": Totals(len(good), len(wrong), len(skipped))}, wrong

    def run_commands(self, tests):
        totals, failed = {test.suite: Totals() for test in tests}, []
        tests = sorted(tests, key=lambda test: (test.name in WIDE, -self.seconds.get(test.name, 1)))
        with ThreadPoolExecutor(self.jobs) as pool:
            running = {pool.submit(self.run_command, test): test for test in tests}
            for done in as_completed(running):
                test, (found, output, seconds, busy) = running[done], done.result()
                self.seconds[test.name] = seconds
                totals[test.suite].add(found)
                if found.failed:
                    failed.append(test)
                print(f"---- {test.name}, {seconds:.1f} s, of processors {busy:.1f} s\n{output}", end="", flush=True)
        return totals, failed

    def run_command(self, test):
        """Totals, what the test says, its time and that of its processors."""
        started = time.monotonic()
        # Numerics are measured in thousands of runs of others' code; what they compile with knows of memory itself.
        environment = self.environment | (ENVIRONMENT if test.suite != "numerics" else {})
        process = subprocess.Popen(
            test.command, cwd=test.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        output = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        result = subprocess.CompletedProcess(test.command, process.returncode, output)
        return totals_of(test, result), shown(test, result), time.monotonic() - started, usage.ru_utime + usage.ru_stime


def processor_seconds():
    """Of all that this script has run so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def totals_of(test, result):
    """A script says how many cases passed; any other test is one. Failing without saying where is a failure too."""
    if test.suite == "unit":
        return Totals(result.returncode == 0, result.returncode != 0)
    totals = Totals()
    for found in re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped", result.stdout, re.M):
        totals.add(Totals(*map(int, found)))
    totals.failed += result.returncode != 0 and not totals.failed
    return totals


def shown(test, result):
    """All that a script says; of a unit test what failed."""
    if test.suite == "unit" and result.returncode == 0:
        return ""
    return result.stdout if result.stdout.endswith("\n") else result.stdout + "\n" * bool(result.stdout)


def choose(tests, names):
    """The tests that are named; ends the run where a name is no test's."""
    if not names:
        return tests
    chosen = []
    for name in names:
        exact = [t for t in tests if name in (t.suite, t.name, Path(t.name).stem, t.name.split("/")[0])]
        found = exact or [t for t in tests if name in t.name]
        if not found:
            known = sorted({word for t in tests for word in (t.suite, t.name, Path(t.name).stem)})
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            suites = ", ".join(dict.fromkeys(t.suite for t in tests))
            sys.exit(f"./x test: no test {name!r}{hint}; the suites are {suites}.")
        chosen += found
    return [t for t in tests if t in chosen]


def heading(text):
    bold = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    print(f"\033[1m{text}\033[0m" if bold else text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="the build folder")
    parser.add_argument("--lit", required=True, help="the program lit")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="how many tests run at a time")
    given = parser.parse_args()
    runner = Runner(given.build, given.jobs, [sys.executable, given.lit])
    totals, failed = runner.run(choose(runner.tests(), given.names))
    for test in failed:
        print(f"failed: {test.name}; alone: ./x test {test.name}")
    print(totals)
    sys.exit(totals.failed > 0 or totals.passed + totals.skipped == 0)


if __name__ == "__main__":
    main()
