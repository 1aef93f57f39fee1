"""The pages of docs/passes are true. With --write, what can be made of the sources is written anew.

A page has a head, up to its first heading `##`: the pass's summary, description and options as Passes.td has them, and its places
in the pipeline with the reasons that Pipeline.cpp gives. Then pairs of blocks: an input, and what the command `gptc-opt …` named
before it makes of it, text for text. A line `Measured:` behind a pair counts kernels and bytes on both sides. Every reason and
error that the pass's sources can give stands in the page, in quotes, and every guard that the page names is a function there.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs/passes"
PASSES = ROOT / "compiler/passes"
NVPTX = ROOT / "compiler/targets/nvptx"
# Where else a pass's reasons stand than in its own file.
MORE_SOURCES = {
    "contract-in-fp8": ["compiler/passes/OnGrid.cpp"],
    "fuse-attention": ["compiler/kernels/AcceptsHeads.cpp", "compiler/passes/MergePrograms.cpp"],
    "fuse-epilogues": ["compiler/kernels/Accepts.cpp", "compiler/passes/MergePrograms.cpp"],
    "expand-optimizer": ["compiler/passes/InlineOptimizer.cpp"],
    "form-row-kernels": ["compiler/passes/MergePrograms.cpp", "compiler/passes/RecomputeFills.cpp"],
    "recompute-rows": ["compiler/passes/Recompute.cpp"],
    "recompute-neighbours": ["compiler/passes/Recompute.cpp"],
    "instantiate": ["compiler/passes/CheckNumbers.cpp", "compiler/passes/Constants.cpp", "compiler/passes/InlineCalls.cpp"],
    "shard": ["compiler/passes/Shares.cpp"],
    "tile-contractions": ["compiler/kernels/Tiles.cpp"],
    "lower-to-kernels": ["compiler/passes/LowerOps.cpp", "compiler/passes/Ranges.cpp"],
    "verify-graph": ["compiler/passes/VerifyPhase.cpp"],
    "verify-step": ["compiler/passes/VerifyPhase.cpp"],
}
MEASURED = {"dedupe-tables", "cse", "fuse-slice-gate", "fuse-smear", "hoist-step-invariants", "assign-layouts", "fuse-epilogues",
            "form-row-kernels", "plan-memory", "recompute-rows", "recompute-neighbours", "fold-gates",
            "gate-attention"}  # fmt: skip
INDEX = """# Passes

Every pass of the compiler in the order of the pipeline, each with a page: what it does, an example that `./x test pages` runs,
its guards, what it refuses. `gptc passes` prints this list, `gptc passes NAME` a page; `gptc-opt --NAME FILE` runs one pass.

| phase | pass | optional | numerics | what it does |
| --- | --- | --- | --- | --- |
"""

# ---- What the sources say ----------------------------------------------------------------------------------------------------


def records(path):
    include = subprocess.run(["llvm-config", "--includedir"], capture_output=True, text=True, check=True).stdout.strip()
    command = ["llvm-tblgen", "--dump-json", "-I", include, "-I", PASSES, path if path.is_absolute() else Path(include) / path]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def declared():
    """{pass: (summary, description, options)}; of MLIR's own passes the summary alone."""
    found = {}
    for path, own in ((PASSES / "Passes.td", True), (NVPTX / "NvptxPasses.td", True), (Path("mlir/Transforms/Passes.td"), False)):
        all_records = records(path)
        for name in all_records["!instanceof"]["Pass"]:
            it = all_records[name]
            options = [all_records[option["def"]] for option in it["options"]] if own else []
            found[it["argument"]] = (
                it["summary"].rstrip("."),
                textwrap.dedent(it["description"]).strip() if own else "This pass is MLIR's own.",
                [f"- `{o['argument']}`{of_default(o)}: {o['description']}" for o in options],
            )
    return found


def of_default(option):
    value = option["defaultValue"].strip(chr(34))
    return f" ({value} unless given)" if value else ""


def pipeline():
    """The places in order: (phase, pass, optional, numerics, reason)."""
    text = (ROOT / "compiler/pipeline/Pipeline.cpp").read_text()
    table = text[text.index("kPipeline[] = {") : text.index("\n};")]
    entry = r'((?:    //.*\n)*)    {Phase::(\w+), "([\w-]+)", k(\w+), Numerics::(\w+)}'
    for comment, phase, name, optional, numerics in re.findall(entry, table):
        reason = " ".join(line.strip().lstrip("/ ") for line in comment.splitlines())
        yield phase.lower(), name, optional == "Optional", numerics.lower(), reason


def place_text(places, i):
    phase, name, optional, numerics, reason = places[i]
    before = f" behind `{places[i - 1][1]}`" if i and places[i - 1][0] == phase else ""
    needed = f"optional (`--disable-pass={name}`)" if optional else "needed"
    return f"Runs in the phase `{phase}`{before}; {needed}, numerics *{numerics}*." + (f" {reason}" if reason else "")


def head_of(name, declared, places):
    summary, description, options = declared[name]
    parts = [f"# {name}", f"*{summary[0].upper()}{summary[1:]}.*", description]
    if options:
        parts.append("\n".join(["Options:", "", *options]))
    here = [place_text(places, i) for i, place in enumerate(places) if place[1] == name]
    parts += [textwrap.fill(text, 124, break_long_words=False, break_on_hyphens=False) for text in here]
    return "\n\n".join(parts) + "\n\n"


def index_of(declared, places):
    rows = [
        f"| `{phase}` | [{name}]({name}.md) | {'yes' if optional else 'no'} | {numerics} | {declared[name][0]} |"
        for phase, name, optional, numerics, _reason in places
    ]
    beside = sorted({path.stem for path in PAGES.glob("[a-z]*.md")} - {place[1] for place in places})
    also = [f"- [{name}]({name}.md): {declared[name][0]}" for name in beside]
    return INDEX + "\n".join(rows) + "\n\nBeside the pipeline:\n\n" + "\n".join(also) + "\n"


def sources(name):
    own = "".join(word.capitalize() for word in name.split("-")) + ".cpp"
    return "\n".join(p.read_text() for p in [PASSES / own, NVPTX / own, *(ROOT / more for more in MORE_SOURCES.get(name, []))] if p.exists())


def literal(text):
    """The longest string of a statement, adjacent ones joined."""
    runs = re.findall(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', text)
    joined = [re.sub(r'"\s*"', "", run)[1:-1].replace('\\"', '"') for run in runs]
    return max(joined, key=len, default="").strip(" ,;:'`")


def reasons(name):
    """What the sources can say of what they do not do."""
    begin = r"(?:return\s|\.refused = |\breason = |StringLiteral k\w+ = |emit(?:Op)?(?:Error|Warning)\(|\bwarning << )"
    for match in re.finditer(begin + r'(?:[^;{}"]|"(?:[^"\\]|\\.)*")*;', sources(name)):
        text = literal(match[0])
        if text.count(" ") > (match[0].startswith("return")):
            yield text


# ---- What an example shows ---------------------------------------------------------------------------------------------------


def ran(command, text, folder):
    """Whether a command takes `example.mlir`, and what it prints: the module without its brackets, or its errors."""
    words = command.split()
    Path(folder, "example.mlir").write_text(text)
    command = [words[0], "example.mlir", *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)
    if done.returncode:
        found = re.findall(r"^([^\s:]*:\d+:\d+: (?:error|note): .*)$", done.stderr, re.M)
        return False, "\n".join(line for line in found if "see current operation" not in line) or done.stderr
    out = done.stdout.rstrip()
    if match := re.fullmatch(r"module \{\n(.*)\n\}", out, re.S):
        out = textwrap.dedent(match[1])
    return True, "\n".join(line.rstrip() for line in out.splitlines())


WIDTH = {"bf16": 2, "f32": 4, "i32": 4, "f64": 8, "f16": 2, "f8E4M3FN": 1, "f8E5M2": 1}
VIEWS = {"row", "rows", "slice", "reshape", "split", "tied", "input", "return", "param", "update"}


def product(numbers):
    size = 1
    for number in numbers:
        size *= int(number)
    return size


def tensors(text):
    """Bytes of each tensor type of a line."""
    for dims, element in re.findall(r"\[([\d, ]*)\](?: (f32|f64|i32))?", text):
        yield product(re.findall(r"\d+", dims)) * WIDTH[element or "bf16"]
    for shape in re.findall(r"tensor<([\w]+)>", text):
        *dims, element = shape.split("x")
        yield product(dims) * WIDTH[element]


def of_graph(line):
    """Bytes that one op reads and writes; none of what runs no kernel."""
    match = re.search(r"gpt\.(\w+) .*? : (.*)$", line)
    if not match or match[1] in VIEWS:
        return None
    operands, _, results = match[2].partition("->")
    read, written = list(tensors(operands)), sum(tensors(results))
    if match[1] == "embed":  # of the table the rows alone
        read[0] = written
    if match[1] == "gate":  # of the row the gate's columns alone
        (_rows, columns), (_gates, used) = (map(int, re.findall(r"(\d+)x", shape)) for shape in re.findall(r"tensor<([^>]*)>", operands)[2:0:-1])
        read[2] = read[2] * used // columns
    return sum(read) + written


def of_memref(text):
    *dims, element = re.match(r"memref<([\w]+)", text)[1].split("x")
    return product(dims), WIDTH[element]


def measure(text):
    """(kernels, bytes to and from memory): of a graph with a kernel an op, or of parts."""
    kernels = size = 0
    rows, inside, depth = 1, None, 0
    for line in text.splitlines():
        opened = re.search(r"(gpt\.graph|kern\.part) ", line)
        if opened:
            inside, depth = opened[1], 0
        depth += line.count("{") - line.count("}")
        if inside == "gpt.graph" and (moved := of_graph(line)) is not None:
            kernels, size = kernels + 1, size + moved
        if inside == "kern.part":
            if match := re.search(r'kern\.rows "[^"]*" (\d+)', line):
                kernels, rows = kernels + 1, int(match[1])
            if match := re.search(r"kern\.contract .* m (\d+) n \d+ k \d+ : (.*), (memref.*?) \{", line):
                kernels, rows = kernels + 1, int(match[1])
                size += sum(product(of_memref(x)) for x in match.groups()[1:])
            if match := re.search(r"kern\.load \S+\[(%?).*: (memref\S*) -> vector<(\d+)x", line):
                size += (rows if match[1] else 1) * int(match[3]) * of_memref(match[2])[1]
            if match := re.search(r"kern\.store .* : vector<(\d+)x\w+>, (memref.*)", line):
                size += rows * int(match[1]) * of_memref(match[2])[1]
        if depth <= 0:
            inside = None
    return kernels, size


def measured(name, before, after):
    if name == "plan-memory":
        together = sum(product(of_memref(m)) for m in re.findall(r'"workspace" : (memref.*)', before))
        taken = re.search(r"workspace_bytes = (\d+)", after)[1]
        return f"Measured: workspace buffers of {together:,} bytes take {int(taken):,} of the arena."
    (kernels, size), (fewer, less) = measure(before), measure(after)
    where = ", a kernel an op" if "gpt.graph" in before else ""
    if name == "hoist-step-invariants":
        where += ", of a micro-batch"
    count = lambda n: f"{n} kernel{'s' * (n != 1)} that move{'s' * (n == 1)}"
    return f"Measured{where}: {count(kernels)} {size:,} bytes before, {count(fewer)} {less:,} after."


# ---- A page ------------------------------------------------------------------------------------------------------------------


class Page:
    def __init__(self, path, declared, places):
        self.path, self.name = path, path.stem
        self.text = path.read_text()
        self.head = head_of(self.name, declared, places)
        self.faults = []

    def made(self):
        """The page as the sources and the tools make it."""
        at = self.text.find("\n## ") + 1
        if not at:
            self.faults.append("has no heading `##`")
            return self.text
        body = self.text[at:]
        if not re.search(r"^## Example$", body, re.M) or not re.search(r"^## (Guards|Refuses)$", body, re.M):
            self.faults.append("has no example, or neither guards nor what it refuses")
        self.check_words(body)
        lines, result, command, given = body.split("\n"), [], "", None
        with tempfile.TemporaryDirectory() as folder:
            while lines:
                line = lines.pop(0)
                if spans := re.findall(r"`((?:gptc-opt|gptc compile) [^`]*)`", line):
                    command = spans[-1]
                fence = re.fullmatch(r"```(mlir|text)(?: (\S+))?", line)
                if not fence:
                    if not re.match(r"Measured\b.*: ", line):
                        result.append(line)
                    elif result[-1] == "":
                        result.pop()
                    continue
                end = lines.index("```")
                block, lines = "\n".join(lines[:end]), lines[end + 1 :]
                if fence[2]:
                    Path(folder, fence[2]).write_text(block + "\n")
                elif given is None:
                    given = block
                else:
                    before, given = given, None
                    taken, block = ran(command, before + "\n", folder)
                    if fence[1] == "mlir" and not taken:
                        self.faults.append(f"`{command}` refuses its example:\n{block}")
                    if self.name in MEASURED and fence[1] == "mlir":
                        block += "\n```\n\n" + measured(self.name, before, block)
                        result += [line, block]
                        continue
                result += [line, block, "```"]
        if given is not None:
            self.faults.append("has an input without a result")
        return self.head + "\n".join(result)

    def check_words(self, body):
        flat = " ".join(body.split())
        known = list(dict.fromkeys(reasons(self.name)))
        for reason in known:
            if f'"{reason}"' not in flat:
                self.faults.append(f'does not say what is refused as "{reason}"')
        all_sources = sources(self.name)
        for quoted in re.findall(r'^- "([^"]+)"', re.sub(r"\n  +", " ", body), re.M):
            if quoted not in known:
                self.faults.append(f'says "{quoted}", which no source does')
        for guard in re.findall(r"^- `(\w+)`", body, re.M):
            if all_sources and not re.search(rf"\b{guard}\b", all_sources):
                self.faults.append(f"names the guard `{guard}`, which no source has")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the pages anew")
    parser.add_argument("names", nargs="*", help="passes (default: all)")
    given = parser.parse_args()
    if not shutil.which("gptc-opt"):  # by hand: lit says where the tools are
        os.environ["PATH"] = os.pathsep.join([str(ROOT / "build/bin"), "/usr/lib/llvm-22/bin", os.environ["PATH"]])
    known, places = declared(), list(pipeline())
    wanted = given.names or [*dict.fromkeys(place[1] for place in places)]
    wanted += [path.stem for path in sorted(PAGES.glob("[a-z]*.md")) if path.stem not in wanted and not given.names]
    faults = 0

    def settle(path, made):
        nonlocal faults
        if given.write:
            path.write_text(made)
        elif path.read_text() != made:
            faults += 1
            print(f"{path.relative_to(ROOT)} is stale; test/passes/Inputs/pages.py --write makes it anew:")
            print("\n".join(difflib.unified_diff(path.read_text().split("\n"), made.split("\n"), "is", "should be", lineterm="")))

    for name in wanted:
        path = PAGES / f"{name}.md"
        if name not in known or not path.exists():
            print(f"docs/passes/{name}.md: {'no page of this pass' if name in known else 'no pass has this name'}")
            faults += 1
            continue
        page = Page(path, known, places)
        made = page.made()
        for fault in page.faults:
            print(f"docs/passes/{name}.md {fault}")
        faults += len(page.faults)
        settle(path, made)
    missing = {name for name in known if any(f'"{name}"' in path.read_text() for folder in (PASSES, NVPTX) for path in folder.glob("*Passes.td"))} - {p.stem for p in PAGES.glob("[a-z]*.md")}
    if missing and not given.names:
        print(f"no page of {', '.join(sorted(missing))}")
        faults += 1
    if not given.names:
        settle(PAGES / "README.md", index_of(known, places))
    if faults:
        sys.exit(f"{faults} faults")
    print(f"{len(wanted)} pages are true")


if __name__ == "__main__":
    main()
