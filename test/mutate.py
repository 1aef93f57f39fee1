#!/usr/bin/env python3
"""Asks of each guard whether a test fails without it.

Every condition of the optional passes, of the vector-Jacobian products and of the shape rules is a few mutants: the guard that
never holds, that always holds, that misses an operand of its `&&` or `||`, that is off by one; a cotangent that is lost (mutants.py).
A copy of the tree holds all of them at once and is built once. Each test is then run once without a mutant, and tells which ones
would have been another than the sources there; and each mutant with the tests that can tell it, the likeliest first, until one fails.

    test/mutate.py list [FuseSmear…]     the mutants, of all files or those whose path contains one of the words
    test/mutate.py make DIR              the copy, built, with what another machine of the kind needs to run it
    DIR/test/mutate.py run [FuseSmear…]  runs them there; goes on where it was broken off; --seconds for each mutant; --suites=lit
    DIR/test/mutate.py survivors [Fuse…] those left so far, and beside each how many tests it was run with in vain
    test/mutate.py check                 that each survivor on record is still a mutant, with a reason

A survivor is a guard without a test, or one that cannot matter: then it stands in mutants.txt beside this file with the reason.
`make` again brings new tests into the copy; what is found already stays, as long as the mutants are the same. Needs what
test/requirements.txt lists.
"""

import argparse
import collections
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

sys.dont_write_bytecode = True
from mutants import Mutant, mutated  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
RECORD = Path(__file__).with_name("mutants.txt")
KIT = Path("build/mutants")  # in the copy: the list, what was found, the tests' tools and libraries
TOOLS = ("FileCheck", "not", "count", "split-file", "llvm-readelf")

# The files, and what of lit is about each.
PASSES = {
    "DedupeTables": "dedupe-tables",
    "FuseSliceGate": "fuse-slice-gate",
    "FuseSmear": "fuse-smear",
    "FoldTransposes": "fold-transposes",
    "FuseEpilogues": "fuse-epilogues",
    "FuseAttention": "fuse-attention",
    "DeferScales": "defer-scales",
    "ContractInFp8": "contract-in-fp8",
    "OnGrid": "contract-in-fp8|defer-scales|fuse-epilogues",
    "FoldGates": "fold-gates",
    "GateAttention": "gate-attention",
    "Gates": "fold-gates|gate-attention",
    "FormRowKernels": "form-row-kernels",
    "MergePrograms": "form-row-kernels|merge-programs|fuse-epilogues",
    "RecomputeFills": "form-row-kernels",
    "Recompute": "recompute-rows|recompute-neighbours",
    "SumInEpilogues": "sum-in-epilogues",
    "StoreExponentials": "store-exponentials",
    "GatherFactors": "gather-factors",
    "Affine": "gather-factors|store-exponentials",
    "Intervals": "bound-row-maxima|store-exponentials",
    "JoinFinishes": "join-finishes",
    "SliceRows": "slice-rows|sliced",
    "SplitSums": "split-sums",
    "MarkSymmetric": "mark-symmetric",
    "PromoteSums": "promote-sums",
    "SigmoidToTanh": "sigmoid-to-tanh",
    "TileContractions": "tile-contractions",
    "AlternateOrder": "alternate-order",
    "PlaceCollectives": "place-collectives",
    "BoundRowMaxima": "bound-row-maxima",
    "BoundLogits": "bound-logits",
    "Kernels": "form-row-kernels|merge-programs|fuse-epilogues|assign-layouts|verify-kernels",
    "AssignLayouts": "assign-layouts",
    "Differentiate": "differentiate",
    "StackParameters": "stack-parameters",
    "FlattenStacks": "flatten-stacks",
    "Shard": "shard",
    "Shares": "shard",
    "Settings": "print-schedules|shown-schedule|instantiate-settings",
}
RULES = "dialect/(invalid|typed)"
# The lit tests that any guard may fail.
LIT = ("dialect", "passes", "gptc")
ASIDE = ("pages", "adding-an-op")  # one reads the sources, which are others here; one builds
AT_ONCE = 8
WRONG, RANDOM = 300, 20  # models
SUITES = ("lit", "vjp", "wrong", "random", "chains")
# What each kind of file is asked first; all are asked.
ORDER = {"rule": ("own", "wrong", "lit", "vjp", "random"), "vjp": ("vjp", "own", "lit", "random", "wrong")}
ORDER["pass"] = ("own", "lit", "chains", "random", "vjp", "wrong")
# What lit and the scripts call that fails.
FAILED = re.compile(r"^FAIL:? +(?:gptc :: )?(seed \d+|[^:(]*[^:( ])", re.M)


@dataclass(frozen=True)
class Test:
    """What can be run alone: a lit file, a case or a few models of a script."""

    suite: str
    name: str
    arguments: tuple = ()

    @cached_property
    def key(self):
        """It, as its file stands."""
        file = ROOT / "test" / self.name
        return f"{self.suite} {self.name}" + (hashlib.sha1(file.read_bytes()).hexdigest()[:8] if self.suite == "lit" else "")


def tests():
    for folder in LIT:
        for path in sorted((ROOT / "test" / folder).rglob("*.*")):
            if path.suffix in (".mlir", ".test") and "Inputs" not in path.parts and path.stem not in ASIDE:
                yield Test("lit", path.relative_to(ROOT / "test").as_posix())
    sys.path.insert(0, str(ROOT / "test/numerics"))
    from check_vjp import CASES

    for name in dict.fromkeys(case.name for case in CASES):
        yield Test("vjp", name, ("test/numerics/check_vjp.py", "--only", name))
    models = ("test/random/run.py", "--no-reduce", "--jobs", "1")
    for seed in range(1, WRONG + 1, 10):
        yield Test("wrong", f"seeds {seed}…", (*models, "--wrong", "--count", "10", "--seed", str(seed)))
    for seed in range(1, RANDOM + 1):
        yield Test("random", f"seed {seed}", (*models, "--count", "1", "--seed", str(seed)))
    yield Test("chains", "chains", ("build/test/cpu/gptc-cpu-test", "--gtest_filter=Chains.interpreted*:Window.*"))


def files():
    """{path: the filter of its lit tests}."""
    found = {f"compiler/passes/{name}.cpp": f"passes/({tests})" for name, tests in PASSES.items()}
    found["compiler/kernels/Accepts.cpp"] = "passes/(fuse-epilogues|verify-kernels)"
    for pattern, own in (("Check*.cpp", RULES), ("*Ops.cpp", "passes/differentiate"), ("OpHelpers.cpp", "passes/differentiate")):
        found |= {path.relative_to(ROOT).as_posix(): own for path in sorted((ROOT / "dialect").glob(pattern))}
    return found


def kind_of(path):
    return "rule" if "Check" in path else "vjp" if "dialect/" in path or "Differentiate" in path else "pass"


# ---- Making the copy ---------------------------------------------------------------------------------------------------------


def make(tree):
    chosen = {file.path: file for file in mutated(files(), ROOT)}
    names = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(names, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n"):
        source, target = ROOT / name, tree / name
        if source.is_file():
            data = chosen[name].text.encode() if name in chosen else source.read_bytes()
            target.parent.mkdir(parents=True, exist_ok=True)
            if not (target.exists() and target.read_bytes() == data):  # what stays needs no build
                target.write_bytes(data)
                shutil.copymode(source, target)
    if not (tree / "build/build.ninja").exists():
        subprocess.run(["./x", "build"], cwd=tree, check=True)
    binaries = ["bin/gptc", "bin/gptc-opt", "bin/gptc-run", "test/cpu/gptc-cpu-test"]
    subprocess.run(["ninja", "-C", tree / "build", *binaries], check=True)
    gather(tree / KIT, [tree / "build" / binary for binary in binaries])
    mutants = [vars(mutant) for file in chosen.values() for mutant in file.mutants]
    list_of_all = tree / KIT / "list.json"
    known = {Mutant(**fields).key for fields in json.loads(list_of_all.read_text())} if list_of_all.exists() else set()
    if not {mutant.key for file in chosen.values() for mutant in file.mutants} <= known:
        (tree / KIT / "seen").unlink(missing_ok=True)  # nothing there speaks of the new ones
    list_of_all.write_text(json.dumps(mutants))
    print(f"{len(mutants)} mutants in {tree}; {tree}/test/mutate.py run")


def gather(kit, binaries):
    """Tools, lit and libraries, for a machine that has none of them."""
    llvm = Path(shutil.which("FileCheck") or "/usr/lib/llvm-22/bin/FileCheck").resolve().parent
    (kit / "bin").mkdir(parents=True, exist_ok=True)
    (kit / "lib").mkdir(exist_ok=True)
    for tool in TOOLS:
        shutil.copy(llvm / tool, kit / "bin")
    shutil.copytree(llvm.parent / "utils/lit/lit", kit / "lit", dirs_exist_ok=True)
    said = subprocess.run(["ldd", *binaries, *(llvm / tool for tool in TOOLS)], capture_output=True, text=True, check=True).stdout
    # Every machine has its own C library, and what its Python has loaded already.
    for name, path in set(re.findall(r"(\S+) => (\S+)", said)):
        if not re.match(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|z|lzma)\.so", name):
            shutil.copy(path, kit / "lib" / name)


# ---- Running -----------------------------------------------------------------------------------------------------------------


class Runner:
    """The tests of the copy that this file stands in, on one mutant after the other in every thread."""

    def __init__(self, mutants):
        self.keys = {mutant.number: mutant.key for mutant in mutants}
        self.local, self.lock, self.used = threading.local(), threading.Lock(), 0
        self.kit = ROOT / KIT
        libraries = [str(self.kit / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        self.environment = os.environ | {
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "PYTHONPATH": os.pathsep.join([str(self.kit), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PYTHONPYCACHEPREFIX": str(self.kit / "pycache"),
            "JAX_PLATFORMS": "cpu",
            "OMP_NUM_THREADS": "1",
            "GPTC_CHAIN_COUNT": "100",
        }

    def folder(self):
        """Where this thread's lit tests write."""
        if not hasattr(self.local, "folder"):
            with self.lock:
                self.used += 1
                self.local.folder = self.kit / f"scratch/{self.used}"
            self.local.folder.mkdir(parents=True, exist_ok=True)
            (self.local.folder / "lit.site.cfg.py").write_text(
                f"config.bin, config.llvm_bin = {str(ROOT / 'build/bin')!r}, {str(self.kit / 'bin')!r}\n"
                f"config.python, config.scratch = {sys.executable!r}, {str(self.local.folder)!r}\n"
                "import os\nfor name in ('GPTC_MUTANT', 'GPTC_MUTANTS_SEEN', 'LD_LIBRARY_PATH'):\n"
                "    config.environment[name] = os.environ.get(name, '')\n"
                f"lit_config.load_config(config, {str(ROOT / 'test/lit.cfg.py')!r})\n"
            )
        return self.local.folder

    def command(self, some):
        if some[0].suite == "lit":
            names = "|".join(re.escape(test.name) for test in some)
            lit = [sys.executable, "-c", "import lit.main; lit.main.main()", "-v", "-j1", "--max-failures=1"]
            return [*lit, self.folder(), "--filter", f"^gptc :: ({names})$|^({names})$"]
        return [*([] if some[0].suite == "chains" else [sys.executable]), *some[0].arguments]

    def fails(self, some, seconds, number=0, seen=""):
        """The test of some (of lit; or one) that fails with a mutant."""
        environment = self.environment | ({"GPTC_MUTANTS_SEEN": str(seen)} if seen else {"GPTC_MUTANT": str(number)})
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        running = subprocess.Popen(self.command(some), cwd=ROOT, env=environment, start_new_session=True, **pipes)
        try:
            said = running.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            return "no answer"
        names = FAILED.findall(said) or [f"exit {running.returncode}: " + " ".join(said[-300:].split())] * bool(running.returncode)
        return names[0] if names else None

    def watch(self, test):
        """How long a test takes, and the mutants that are other there; what fails without any mutant is left out."""
        seen = self.folder() / "seen"
        seen.unlink(missing_ok=True)
        started = time.monotonic()
        if failure := self.fails([test], 600, seen=seen):
            print(f"left out, for it fails without any mutant: {test.suite} {test.name}: {failure}", flush=True)
            return {"key": test.key, "seconds": 0, "mutants": []}
        numbers = set(map(int, seen.read_text().split())) if seen.exists() else set()
        return {"key": test.key, "seconds": time.monotonic() - started, "mutants": [self.keys[number] for number in sorted(numbers)]}

    def ask(self, mutant, batches):
        """(the tests that were run, the one that failed, or None)."""
        ran = []
        for some, seconds in batches:
            ran += some
            if by := self.fails(some, 20 + 10 * seconds, mutant.number):
                return ran, by
        return ran, None


def batches(mutant, left, seconds, most):
    """The tests that are left for a mutant, in the order of its kind and what takes least first: lit's as one run."""
    own = re.compile(files()[mutant.path])
    suite = lambda test: "own" if test.suite == "lit" and own.search(test.name) else test.suite
    spent = 0
    for name in ORDER[kind_of(mutant.path)] + (("chains",) if kind_of(mutant.path) != "pass" else ()):
        some = sorted((test for test in left if suite(test) == name), key=lambda test: seconds[test.key])
        at_once = AT_ONCE if name in ("own", "lit") else 1
        for one in (some[i : i + at_once] for i in range(0, len(some), at_once)):
            takes = sum(seconds[test.key] for test in one)
            if spent + takes <= most:
                spent += takes
                yield one, takes


class Found:
    """What is known so far, in two files of the copy: of each test what it can tell, of each mutant what was run."""

    def __init__(self):
        self.kit = ROOT / KIT
        self.mutants = [Mutant(**fields) for fields in json.loads((self.kit / "list.json").read_text())]
        self.seen = {line["key"]: line for line in self.lines("seen")}
        self.failed, self.ran = {}, collections.defaultdict(set)
        for line in self.lines("found"):
            self.ran[line["mutant"]] |= set(line["ran"])
            if line["by"]:
                self.failed[line["mutant"]] = line["by"]

    def lines(self, name):
        path = self.kit / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def add(self, name, line):
        with open(self.kit / name, "a") as file:
            print(json.dumps(line), file=file)

    def survivors(self, words):
        paths, known = matching(files(), words), recorded()
        return [m for m in self.mutants if m.path in paths and m.key not in self.failed and m.key not in known]

    def summary(self, words):
        for path in matching(files(), words):
            every = [mutant for mutant in self.mutants if mutant.path == path]
            left = [mutant for mutant in self.survivors(words) if mutant.path == path]
            failed = sum(mutant.key in self.failed for mutant in every)
            print(f"{path}: {len(every)} mutants, {failed} fail, {len(every) - failed - len(left)} on record, {len(left)} left")


def run(words, jobs, most, suites):
    found, every = Found(), [test for test in tests() if test.suite in suites]
    runner = Runner(found.mutants)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 36, 1 << 36))  # a mutant may never end,
    resource.setrlimit(resource.RLIMIT_CPU, (600, 600))  # nor when this has
    with ThreadPoolExecutor(jobs) as pool:
        for line in pool.map(runner.watch, [test for test in every if test.key not in found.seen]):
            found.add("seen", line)
            found.seen[line["key"]] = line
        seconds = {test.key: found.seen[test.key]["seconds"] for test in every}
        can = collections.defaultdict(list)
        for test in every:
            for key in found.seen[test.key]["mutants"]:
                can[key].append(test)

        def ask(mutant):
            left = [test for test in can[mutant.key] if test.key not in found.ran[mutant.key]]
            return mutant, *runner.ask(mutant, batches(mutant, left, seconds, most))

        for mutant, ran, by in pool.map(ask, found.survivors(words)):
            if ran:
                found.add("found", {"mutant": mutant.key, "ran": [test.key for test in ran], "by": by})
            if by:
                found.failed[mutant.key] = by
            found.ran[mutant.key] |= {test.key for test in ran}
    found.summary(words)
    return not found.survivors(words)


def survivors(words):
    found = Found()
    can = collections.Counter(key for test in tests() if test.key in found.seen for key in found.seen[test.key]["mutants"])
    for mutant in found.survivors(words):
        print(f"{mutant} ({len(found.ran[mutant.key])} of {can[mutant.key]} tests)")
    found.summary(words)


# ---- The record --------------------------------------------------------------------------------------------------------------


def recorded():
    """{key: reason}: a survivor a line, under the `# ` line with the reason; `##` begins what is none."""
    found, reason = {}, ""
    for line in RECORD.read_text().splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line.strip() and not line.startswith("#"):
            found[line.strip()] = reason
    return found


def check():
    known, keys = recorded(), {mutant.key for file in mutated(files(), ROOT) for mutant in file.mutants}
    wrong = [f"no such mutant (any more): {key}" for key in known if key not in keys]
    wrong += [f"a survivor without a reason: {key}" for key, reason in known.items() if not reason]
    print("\n".join(f"{RECORD.name}: {text}" for text in wrong) or f"{len(known)} survivors of {len(keys)} mutants are on record")
    return not wrong


def matching(paths, words):
    return [path for path in paths if not words or any(word in path for word in words)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("list", "make", "run", "survivors", "check"))
    parser.add_argument("words", nargs="*", metavar="DIR, FILE…")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--suites", default=",".join(SUITES), help="whose tests are asked, %(default)s: lit alone is quick, and is asked again")
    parser.add_argument("--seconds", type=float, default=60, help="for the tests of one mutant, as they take without it")
    given = parser.parse_intermixed_args()
    if given.what == "list":
        for file in mutated(matching(files(), given.words), ROOT):
            print("\n".join(map(str, file.mutants)))
    elif given.what == "make":
        make(Path(given.words[0]).resolve())
    elif given.what == "run":
        sys.exit(not run(given.words, given.jobs, given.seconds, given.suites.split(",")))
    elif given.what == "survivors":
        survivors(given.words)
    else:
        sys.exit(not check())


if __name__ == "__main__":
    main()
