"""What run.py needs: `prepare.py BIN DIR MODEL...`; see prepare.sh.

Contractions are taken out of what a compilation holds at the end of the phase `launches`, without the passes that choose
their tiles, and written again with each tile that may be fastest: `tile = {…}`, as `tile-contractions` would.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import mlp

MULTIPROCESSORS, TILE_ROWS, PIECES = 132, 128, 8
SIZES = (16384, 32768, 49152)  # rows, or terms, of which run.py times a contraction


def defined(line):
    return re.match(r"\s*(%\w+) = (kern\.(?:buffer|view) .*)", line)


def data_of(name, is_operand):
    """What is drawn for a buffer, by the name of the value that it holds: a card's power depends on it."""
    if "relu2_backward" in name:
        return "half"
    if "relu2" in name:
        return "squares"
    return "normal" if is_operand else "positive"  # an epilogue may take roots


class Case:
    """A contraction with all that it names, apart from its module."""

    def __init__(self, number, lines, known):
        self.number, self.text = number, "\n".join(lines)
        inside = set(re.findall(r"(%\w+) =|(%\w+): ", self.text))
        self.inside = {name for pair in inside for name in pair if name}
        self.buffers, self.setup = {}, []
        for name in dict.fromkeys(re.findall(r"%\w+", self.text)):
            if name not in self.inside:
                self.take(name, known)
        self.m, self.n, self.k = (int(re.search(rf" {x} (\d+)", lines[0])[1]) for x in "mnk")
        self.sums = " transposed_a" in lines[0]
        self.rows = self.k if self.sums else self.m
        operands = re.findall(r"%\w+", lines[0])[:2]
        self.data = {self.root[name]: data_of(name, name in operands) for name in self.root}
        self.written = sorted({self.root[name] for name in re.findall(r"kern\.store %\w+, (%\w+)", self.text)})

    def take(self, name, known):
        """The definitions of a value: buffers have names of their own and no place."""
        self.root = getattr(self, "root", {})
        if name in self.root:
            return
        line = known[name]
        if line.startswith("kern.view"):
            of = re.search(r"%\w+", line)[0]
            self.take(of, known)
            self.root[name] = self.root[of]
            self.setup.append(f"{self.own(name)} = " + re.sub(r"%\w+", self.own(of), line, count=1))
            return
        buffer = f"b{self.number}_{len(self.buffers)}"
        self.root[name] = buffer
        self.buffers[buffer] = line.rsplit(" : ", 1)[1]
        self.setup.append(f'{self.own(name)} = kern.buffer "{buffer}" "workspace" : {self.buffers[buffer]}')

    def own(self, name):
        return f"%c{self.number}_{name[1:]}"

    def tiles(self):
        """What is tried beside the choice by shape."""
        if self.sums:
            for columns in (192, 128, 64):
                tiles = -(-self.m // TILE_ROWS) * -(-self.n // columns)
                blocks = {MULTIPROCESSORS} | {tiles * i for i in range(2, PIECES + 1)}
                yield from ({"columns": columns, "blocks": b} for b in sorted(blocks) if tiles < b <= MULTIPROCESSORS)
                yield {"columns": columns}
            return
        yield from ({"columns": columns} for columns in (256, 192, 128) if columns <= self.n)
        if self.n >= 192 and self.k <= 3072 and " batch " not in self.text:
            yield {"columns": 192, "turns": True}
        if self.n >= 192 and " batch " not in self.text:
            yield {"columns": 192, "rows": 256}

    def with_tile(self, tile):
        """Its text; `tile` None: as the compiler chooses."""
        text = re.sub(r"%\w+", lambda m: m[0] if m[0] in self.inside else self.own(m[0]), self.text)
        if tile:
            fields = ", ".join(k if v is True else f"{k} = {v}" for k, v in tile.items())
            first, rest = text.split("\n", 1)
            first, count = re.subn(r" attributes \{(.*)\} \{$", rf" attributes {{\1, tile = {{{fields}}}}} {{", first)
            if not count:
                first = first[: -len(" {")] + f" attributes {{tile = {{{fields}}}}} {{"
            text = first + "\n" + rest
        return text


def contractions(text):
    """Every contraction of a micro part that has nothing but buffers, of SIZES rows."""
    known, part, lines = {}, "", iter(text.splitlines())
    for line in lines:
        if found := defined(line):
            known[found[1]] = found[2]
        elif found := re.match(r'\s*kern\.part @(\w+) "(\w+)"', line):
            part = found[2]
        elif line.lstrip().startswith("kern.contract") and part == "micro":
            own = [line]
            while own[-1].strip() != "}":
                own.append(next(lines))
            try:
                yield own, dict(known)
            except KeyError:
                continue


def key_of(bin, case):
    module = f'kern.part @p "micro" {{\n' + "\n".join([*case.setup, case.with_tile(None)]) + "\n}\n"
    done = subprocess.run(
        [f"{bin}/gptc-opt", "--tile-contractions=target=sm_90a", "--remarks-filter=tile-contractions", "-o", "/dev/null"],
        input=module, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"(?:the table has no )?'([^']+)'(?: has its tile)?", done.stderr)
    return found and found[1]


def spilling(folder):
    """Kernels that spill, by ptxas."""
    done = subprocess.run(
        [mlp.ptxas(), "-arch=sm_90a", "-v", folder / "mlp.ptx", "-o", folder / "mlp.cubin"], capture_output=True, text=True, check=True
    )
    log = done.stdout + done.stderr
    found = re.findall(r"Function properties for (\w+)\s+\d+ bytes stack frame, (\d+) bytes spill", log)
    serial = re.findall(r"C75\d\d.*?'(\w+)'", log)
    return sorted({name for name, bytes in found if int(bytes)} | set(serial))


def cases_of(bin, models):
    """The models' contractions, one a key and size: others differ in what they read and write of the same kinds."""
    cases, seen = {}, set()
    for model in models:
        without = "--disable-pass=tile-contractions,split-sums"
        text = subprocess.run([f"{bin}/gptc", "compile", model, "--target=sm_90a", "--emit=launches", without, "-o", "-"],
                              capture_output=True, text=True, check=True).stdout  # fmt: skip
        for lines, known in contractions(text):
            shape = re.sub(r"%\w+", "%", "\n".join(lines)) + str(len(lines))
            shape = re.sub(r'"[^"]*"|offset: \d+', "", shape)
            if shape in seen:
                continue
            seen.add(shape)
            try:
                case = Case(len(seen), lines, known)
            except KeyError:  # a number of the step
                continue
            # Products of a gradient's codes do not choose.
            if case.rows in SIZES and "f8E5M2" not in case.text:
                case.key = key_of(bin, case)
                cases.setdefault((case.key, case.rows), case)
    return list(cases.values())


def module_of(bin, cases):
    """The cases with each of their tiles, sums split, and what each of these is."""
    module, listed = 'kern.part @p "micro" {\n', []
    for case in cases:
        module += "\n".join(case.setup) + "\n"
        for tile in [None, *case.tiles()]:
            module += case.with_tile(tile) + "\n"
            listed.append({"key": case.key, "rows": case.rows, "tile": tile, "flop": 2 * case.m * case.n * case.k,
                           "buffers": case.buffers, "data": case.data, "written": case.written})  # fmt: skip
    done = subprocess.run([f"{bin}/gptc-opt", "--split-sums=target=sm_90a"], input=module + "}\n", capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout, listed


def main():
    bin, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    cases = cases_of(bin, sys.argv[3:])
    module, listed = module_of(bin, cases)
    mlp.emit(f"{bin}/gptc-nvptx-emit", module, folder)
    bad = spilling(folder)
    (folder / "cases.json").write_text(json.dumps({"cases": listed, "spilling": bad}))
    for name in ("mlp.ptx", "mlp.mlir"):
        (folder / name).unlink()
    print(f"{len(cases)} contractions, {len(listed)} kernels' launches, {len(bad)} kernels that spill: {', '.join(bad)}")


if __name__ == "__main__":
    main()
