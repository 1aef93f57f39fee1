#!/usr/bin/env python3
"""Asks of each guard whether a test fails without it.

Every condition of the optional passes, of the vector-Jacobian products and of the shape rules is a few mutants: the guard that
never holds, that always holds, that misses an operand of its `&&` or `||`, that is off by one; a cotangent that is lost (mutants.py).
A copy of the tree holds all of them at once and is built once; each mutant is then a run of the tests: first the lit tests of its
file, then more of lit, then generated models. The first failure ends it.

    test/mutate.py list [FuseSmear…]     the mutants, of all files or those whose path contains one of the words
    test/mutate.py make DIR [FuseSmear…] the copy, built, with what another machine of the kind needs to run it
    DIR/test/mutate.py run [FuseSmear…]  runs them there; goes on where it was broken off
    test/mutate.py check                 that each survivor on record is still a mutant, with a reason

A survivor is a guard without a test, or one that cannot matter: then it stands in mutants.txt beside this file with the reason.
What `run` finds is in DIR/build/mutants/found, a line a mutant, and in DIR/build/mutants/survivors.
"""

import argparse
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
    "FormRowKernels": "form-row-kernels",
    "MergePrograms": "form-row-kernels|fuse-epilogues",
    "RecomputeFills": "form-row-kernels",
    "Kernels": "form-row-kernels|fuse-epilogues|assign-layouts|verify-kernels",
    "AssignLayouts": "assign-layouts",
    "Differentiate": "differentiate",
}
RULES = "dialect/(invalid|typed)"
RANDOM = ("test/random/run.py", "--no-interpreter", "--no-reduce", "--jobs", "1", "--seed", "1", "--count")
# What lit and the scripts call that fails.
FAILED = re.compile(r"^FAIL:? +(?:gptc :: )?(seed \d+|[^:(]*[^:( ])", re.M)


def files():
    """{path: the filter of its lit tests}."""
    found = {f"compiler/passes/{name}.cpp": f"passes/({tests})" for name, tests in PASSES.items()}
    found["compiler/kernels/Accepts.cpp"] = "passes/(fuse-epilogues|verify-kernels)"
    for pattern, tests in (("Check*.cpp", RULES), ("*Ops.cpp", "passes/differentiate"), ("OpHelpers.cpp", "passes/differentiate")):
        found |= {path.relative_to(ROOT).as_posix(): tests for path in sorted((ROOT / "dialect").glob(pattern))}
    return found


def stages(path):
    """What runs of each mutant in turn: filters of lit and scripts."""
    tests = files()[path]
    yield ("lit", tests)
    yield ("lit", rf"^(?!.*({tests})).*(dialect|passes|gptc/(language|diagnostics|ops|passes|output|mlp))")
    if "Check" in path:
        yield (*RANDOM, "120", "--wrong")
    elif "dialect/" in path or "Differentiate" in path:
        yield ("test/numerics/check_vjp.py",)
    else:
        yield (*RANDOM, "24")


# ---- Making the copy ---------------------------------------------------------------------------------------------------------


def make(tree, words):
    chosen = {file.path: file for file in mutated(matching(files(), words), ROOT)}
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
    binaries = [f"bin/{name}" for name in ("gptc", "gptc-opt", "gptc-run")]
    subprocess.run(["ninja", "-C", tree / "build", *binaries], check=True)
    gather(tree / KIT, [tree / "build" / binary for binary in binaries])
    mutants = [vars(mutant) for file in chosen.values() for mutant in file.mutants]
    (tree / KIT / "list.json").write_text(json.dumps(mutants))
    (tree / KIT / "found").unlink(missing_ok=True)
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

    def __init__(self):
        self.local, self.lock, self.seconds, self.left_out, self.used = threading.local(), threading.Lock(), {}, [], 0
        self.kit = ROOT / KIT
        libraries = [str(self.kit / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        self.environment = os.environ | {
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "PYTHONPATH": os.pathsep.join([str(self.kit), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PYTHONPYCACHEPREFIX": str(self.kit / "pycache"),
            "JAX_PLATFORMS": "cpu",
            "OMP_NUM_THREADS": "1",
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
                "import os\nconfig.environment['GPTC_MUTANT'] = os.environ['GPTC_MUTANT']\n"
                "config.environment['LD_LIBRARY_PATH'] = os.environ['LD_LIBRARY_PATH']\n"
                f"lit_config.load_config(config, {str(ROOT / 'test/lit.cfg.py')!r})\n"
            )
        return self.local.folder

    def command(self, stage):
        if stage[0] != "lit":
            return [sys.executable, *stage]
        out = "|".join(map(re.escape, self.left_out)) or "^$"
        return [sys.executable, "-c", "import lit.main; lit.main.main()", "-v", "-j1", self.folder(), "--filter", stage[1], "--filter-out", out]

    def fails(self, stage, number):
        """The tests that fail with a mutant, and not without."""
        command = self.command(stage) + ["--max-failures=1"] * (stage[0] == "lit" and number > 0)
        environment = self.environment | {"GPTC_MUTANT": str(number)}
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        running = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **pipes)
        try:
            said = running.communicate(timeout=self.seconds.get(stage))[0]
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            return ["no answer"]
        names = FAILED.findall(said) or [f"exit {running.returncode}: " + " ".join(said[-300:].split())] * bool(running.returncode)
        return [name for name in names if name not in self.left_out]

    def measure(self, stage):
        """How long a stage may take; what fails without any mutant says nothing."""
        started = time.monotonic()
        for name in self.fails(stage, 0):
            print(f"fails without any mutant: {name}", flush=True)
            self.left_out.append(name)
        self.seconds[stage] = 20 + 10 * (time.monotonic() - started)

    def run(self, mutants, found, jobs, until):
        """Stage by stage, so that a run that is broken off has asked the quickest test of all."""
        last = max(len(list(stages(m.path))) for m in mutants)
        with ThreadPoolExecutor(jobs) as pool, open(self.kit / "found", "a") as log:
            for level in range(last):
                asked = [(m, list(stages(m.path))[level]) for m in mutants if level < len(list(stages(m.path))) and m.number not in found]
                list(pool.map(self.measure, {stage for _, stage in asked} - self.seconds.keys()))
                todo = [(m, stage) for m, stage in asked if (m.number, level) not in found]
                print(f"stage {level + 1}: {len(todo)} mutants", flush=True)

                def ask(pair):
                    return self.fails(pair[1], pair[0].number) if time.monotonic() < until else None

                for (mutant, _), by in zip(todo, pool.map(ask, todo)):
                    if by is not None:
                        found[mutant.number if by else (mutant.number, level)] = by
                        print(mutant.number, level, *by[:1], sep="\t", file=log, flush=True)
                if time.monotonic() > until:
                    return False
        return True


def run(words, jobs, seconds):
    until, kit = time.monotonic() + seconds, ROOT / KIT
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 34, 1 << 34))  # a mutant may never end
    every = [Mutant(**fields) for fields in json.loads((kit / "list.json").read_text())]
    mutants = [mutant for mutant in every if mutant.path in matching(files(), words)]
    found = {}
    for line in (kit / "found").read_text().splitlines() if (kit / "found").exists() else []:
        number, level, *by = line.split("\t")
        found[int(number) if by else (int(number), int(level))] = by
    whole = Runner().run(mutants, found, jobs, until)
    survivors = [mutant for mutant in mutants if mutant.number not in found]
    (kit / "survivors").write_text("".join(f"{mutant}\n" for mutant in survivors))
    print(f"{len(mutants)} mutants, {len(survivors)} {'survive' if whole else 'left; run again to go on'}")
    unknown = [mutant for mutant in survivors if mutant.key not in recorded()]
    for mutant in unknown:
        print(mutant.key)
    return whole and not unknown


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
    parser.add_argument("what", choices=("list", "make", "run", "check"))
    parser.add_argument("words", nargs="*", metavar="DIR, FILE…")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=1e9, help="after which run starts no other test")
    given = parser.parse_args()
    if given.what == "list":
        for file in mutated(matching(files(), given.words), ROOT):
            print("\n".join(map(str, file.mutants)))
    elif given.what == "make":
        make(Path(given.words[0]).resolve(), given.words[1:])
    elif given.what == "run":
        sys.exit(not run(given.words, given.jobs, given.seconds))
    else:
        sys.exit(not check())


if __name__ == "__main__":
    main()
