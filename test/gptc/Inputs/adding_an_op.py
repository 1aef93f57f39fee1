"""docs/adding-an-op.md is true: its blocks of `diff`, applied to a copy of the sources, give an op that passes its checks.

    adding_an_op.py SCRATCH

Only what the change touches is compiled, and linked before the libraries of the build: a declaration that is added to a header
changes no other code. So the test costs three compilations, and none where ccache has them.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRATCH = Path(sys.argv[1]).resolve()
BUILD = Path(shutil.which("gptc") or ROOT / "build/bin/gptc").parents[1]  # lit's, or the default one
OP, CASE = "silu", "functions of an element"


def run(*command, cwd=SCRATCH):
    """What a command says; the end if it fails."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


ENVIRONMENT = os.environ | {"CCACHE_SLOPPINESS": "pch_defines,time_macros,include_file_mtime,include_file_ctime"}


# ---- The change --------------------------------------------------------------------------------------------------------------


def hunks(page):
    """(file, lines that are there, lines that shall be) of every hunk of a page."""
    for block in re.findall(r"^ *```diff\n(.*?)\n *```$", page, re.M | re.S):
        lines = textwrap.dedent(block).split("\n")
        if not (lines[0].startswith("--- a/") and lines[1].startswith("+++ b/")):
            sys.exit(f"a block of diff does not name its file:\n{block}")
        for hunk in "\n".join(lines[2:]).split("\n@@\n"):
            hunk = hunk.split("\n")
            if any(line[:1] not in {" ", "+", "-"} for line in hunk):
                sys.exit(f"a line of a hunk begins with none of ' ', '+', '-':\n{block}")
            yield lines[0][6:], *("\n".join(line[1:] for line in hunk if line[0] in " " + sign) for sign in "-+")


def apply(page):
    """Applies a page's hunks to the copy; the files."""
    touched = []
    for name, old, new in hunks(page):
        path = SCRATCH / name
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"{name} has {text.count(old)} times, not once:\n{old}")
        path.write_text(text.replace(old, new))
        touched.append(name)
    return list(dict.fromkeys(touched))


# ---- The build ---------------------------------------------------------------------------------------------------------------


def compilers():
    """{source: its command in words}."""
    return {e["file"]: shlex.split(e["command"]) for e in json.loads((BUILD / "compile_commands.json").read_text())}


def compiled(source, command):
    """The object of a source of the copy, or of a generated one, made as the build makes the one of the same name."""
    target = SCRATCH / "objects" / (source.name + ".o")
    words = [*command]
    words[words.index("-o") + 1], words[-1] = target, source
    own = [f"-I{SCRATCH}", f"-I{SCRATCH / 'generated'}"] if source.suffix == ".cpp" else []
    cache = [shutil.which("ccache")] if shutil.which("ccache") else []
    run(*cache, words[0], *own, *words[1:], cwd=BUILD)
    return target


def build(sources):
    """The tools with the change, in SCRATCH/bin."""
    mlir = Path(re.search(r"^MLIR_DIR:\S*=(.*)/lib/cmake/mlir$", (BUILD / "CMakeCache.txt").read_text(), re.M)[1])
    include = ["-I", SCRATCH / "dialect", "-I", mlir / "include"]
    commands = compilers()
    for folder in ("generated/dialect", "objects", "bin"):
        (SCRATCH / folder).mkdir(parents=True)
    objects = []
    for definitions in [s for s in sources if s.suffix == ".td"]:
        group, generated = definitions.stem, SCRATCH / "generated/dialect"
        for kind, end in (("decls", "decls.inc"), ("defs", "cpp.inc")):
            run(mlir / "bin/mlir-tblgen", f"-gen-op-{kind}", *include, definitions, "-o", generated / f"{group}.{end}")
        run("cmake", f"-DFROM={group}.decls.inc", f"-DGROUP={group}", "-P", SCRATCH / "dialect/SplitOps.cmake", cwd=generated)
        for header in generated.glob("*/*.h.inc"):
            built = BUILD / "dialect" / header.relative_to(generated)
            if built.exists() and built.read_bytes() != header.read_bytes():
                sys.exit(f"{header.name}, of an op that is as it was, is another: what names that op would be compiled again")
        sources = [*sources, definitions.with_suffix(".cpp")]
    for source in [s for s in sources if s.suffix == ".cpp"]:
        objects.append(compiled(source, commands[str(ROOT / source.relative_to(SCRATCH))]))
    # What `gptc ops` knows.
    table = BUILD / "compiler/pipeline/OpTable.S"
    run(mlir / "bin/llvm-tblgen", "--dump-json", *include, SCRATCH / "dialect/Gpt.td", "-o", SCRATCH / "ops.json")
    own = SCRATCH / "objects/OpTable.S"
    own.write_text(re.sub(r'\.incbin ".*/ops\.json"', f'.incbin "{SCRATCH / "ops.json"}"', table.read_text()))
    objects.append(compiled(own, commands[str(table)]))
    for tool in ("gptc", "gptc-opt", "gptc-run"):
        link = run("ninja", "-C", BUILD, "-t", "commands", f"bin/{tool}").strip().split("\n")[-1].removeprefix(": && ").removesuffix(" && :")
        words = shlex.split(link)
        at = words.index("-o")
        words[at + 1] = SCRATCH / "bin" / tool
        run(*words[:at], *objects, *words[at:], cwd=BUILD)
    return sum(1 for o in objects if o.suffix == ".o" and "OpTable" not in o.name)


# ---- The checks --------------------------------------------------------------------------------------------------------------

# What says that a test does not know an op; and a random model that holds it.
KNOWN = """
import sys
sys.path[:0] = ["test/numerics", "test"]
sys.argv = ["x", "--gptc", "bin/gptc"]
import check_interpret, check_vjp, report, vjp_operands
found = report.Report("")
_, product = check_vjp.arguments("")
vjp_operands.check_complete(found, product, check_vjp.CASES)
check_interpret.check_ops(found)
check_interpret.check_random(found, "bin/gptc")
sys.path.append("test/random")
from generator import generate
print("the seed", next(seed for seed in range(1000) if f"gpt.{OP} " in generate(seed).text()))
report.end(found)
"""


def check():
    told = run(SCRATCH / "bin/gptc", "ops", OP)
    if f"%y = gpt.{OP} %x" not in told or "Gradient: flows through it" not in told:
        sys.exit(f"gptc ops {OP} says\n{told}")
    run(SCRATCH / "bin/gptc-opt", "test/dialect/examples.mlir", "--verify-roundtrip", "-o", "/dev/null")
    run(sys.executable, "test/dialect/Inputs/check_examples.py")
    vjp = run(sys.executable, "test/numerics/check_vjp.py", "--gptc", "bin/gptc", "--only", CASE)
    known = run(sys.executable, "-c", f"OP = {OP!r}\n{KNOWN}")
    seed = re.search(r"the seed (\d+)", known)[1]
    random = run(sys.executable, "test/random/run.py", "--gptc", "bin/gptc", "--only", seed)
    if not random.endswith("holds\n"):
        sys.exit(random)
    return re.findall(r"(\d+) passed, 0 failed", vjp + known)


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    for folder in ("dialect", "models", "runtime", "test"):
        shutil.copytree(ROOT / folder, SCRATCH / folder, ignore=shutil.ignore_patterns("__pycache__", "device"))
    (SCRATCH / "build").symlink_to(BUILD)
    touched = apply((ROOT / "docs/adding-an-op.md").read_text())
    beside = [name for name in touched if not name.startswith("test/")]
    objects = build([SCRATCH / name for name in beside])
    passed = check()
    print(f"{len(beside)} files beside {len(touched) - len(beside)} of tests, {objects} objects, {' + '.join(passed)} checks passed")


if __name__ == "__main__":
    main()
