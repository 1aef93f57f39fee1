"""PTX text as instructions: the parser of the interpreter, and its numbers."""

import re

import numpy as np

LANES = np.arange(32, dtype=np.uint32)
SHARED = 1024  # where a block's shared memory starts
MAP = 1 << 60  # an address that is a tensor map: MAP + its parameter
RANK = 24  # an address in another block of the cluster: its rank + 1 from this bit on
WIDTHS = {"8": np.uint8, "16": np.uint16, "32": np.uint32, "64": np.uint64}


class PtxError(Exception):
    """The kernel does what no kernel may do."""


# --------------------------------------------------------------------- numbers


def to_bf16(x):
    """Float32 to bf16 patterns, to nearest, ties to even; a NaN stays one."""
    x = np.ascontiguousarray(x, np.float32)
    u = x.view(np.uint32)
    r = ((u + (((u >> 16) & 1) + 0x7FFF)) >> 16).astype(np.uint16)  # beyond 32 bits goes a NaN alone
    nan = x != x
    if np.count_nonzero(nan):
        r[nan] = 0x7FC0
    return r


def from_e4m3(codes):
    """Codes of 8 bits to float32: a sign, 4 bits of exponent (bias 7), 3 of mantissa; all ones are NaN."""
    codes = np.asarray(codes, np.uint8).astype(np.int32)
    exponent, mantissa = codes >> 3 & 15, codes & 7
    normal = np.ldexp((8 + mantissa).astype(np.float32), exponent - 10)
    value = np.where(exponent == 0, mantissa * np.float32(2**-9), normal).astype(np.float32)
    value[(codes & 0x7F) == 0x7F] = np.nan
    return np.where(codes & 0x80, -value, value)


def from_e5m2(codes):
    """Codes of 8 bits to float32: the upper byte of an f16."""
    return (np.asarray(codes, np.uint8).astype(np.uint16) << 8).view(np.float16).astype(np.float32)


def from_bf16(h):
    return (np.asarray(h, np.uint16).astype(np.uint32) << 16).view(np.float32)


def f32(x):
    return np.asarray(x, np.uint32).view(np.float32)


def bits(x):
    return np.ascontiguousarray(x, np.float32).view(np.uint32)


def f64(x):
    return np.asarray(x, np.uint64).view(np.float64)


def bits64(x):
    return np.ascontiguousarray(x, np.float64).view(np.uint64)


SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


def signed(x):
    return x.view(SIGNED[x.itemsize])


# --------------------------------------------------------------------- parsing


class Kernel:
    """One entry: parameter names, and instructions as (predicate, opcode, operands)."""

    def __init__(self, name, parameters, body, globals_, cluster=1):
        self.name = name
        self.cluster = cluster  # blocks of one
        self.parameters = parameters
        self.globals = globals_  # the module's variables in global memory, as bytes by name
        self.steps, self.lanes = None, 32  # what they do, once so many lanes are launched
        self.code, self.labels = [], {}
        self.widths, self.locals = {}, {0: set()}  # a scope's own names
        scopes, opened = [0], 0
        for statement in statements(body):
            if statement == "{":
                opened += 1
                scopes.append(opened)
                self.locals[opened] = set()
            elif statement == "}":
                scopes.pop()
            elif statement.endswith(":"):
                self.labels[self.scoped(statement[:-1], scopes[-1])] = len(self.code)
            elif statement.startswith(".reg"):
                self.declare(statement, scopes[-1])
            elif not statement.startswith(".pragma"):
                self.code.append(self.instruction(statement, scopes[-1]))
        self.meetings = self.find_meetings()

    def waits_for_blocks(self):
        """Whether it reads what other blocks of its launch write."""
        return any(opcode.startswith(("ld.acquire", "ld.relaxed")) for _, opcode, _ in self.code)

    def has_copies(self):
        """Whether shared memory is accessed through the async proxy."""
        return any(opcode.startswith(("cp.async.bulk.tensor", "wgmma.mma")) for _, opcode, _ in self.code)

    @staticmethod
    def scoped(label, scope):
        return label if label.startswith("$") else f"{label}#{scope}"

    def declare(self, statement, scope):
        kind, names = re.match(r"\.reg\s+\.(\w+)\s+(.*)", statement, re.S).groups()
        width = "pred" if kind == "pred" else kind[1:]
        for name in names.split(","):
            name = name.strip()
            if "<" in name:
                self.widths[name.split("<")[0]] = width
            else:
                self.widths[f"{name}#{scope}"] = width
                self.locals[scope].add(name)

    def instruction(self, statement, scope):
        match = re.match(r"(?:@(!?)(%?\w+)\s+)?([\w.:]+)\s*(.*)$", statement, re.S)
        negated, predicate, opcode, text = match.groups()
        operands = [operand.strip() for operand in OPERAND.findall(text)]
        local = self.locals[scope]

        def rename(operand):
            return re.sub(
                r"(?<![%\w.])([A-Za-z]\w*)\b",
                lambda m: self.scoped(m[1], scope) if m[1] in local else m[1],
                operand,
            )

        if opcode.startswith("bra"):
            operands = [self.scoped(operands[-1], scope)]
        elif scope:
            operands = [rename(o) for o in operands]
        predicate = predicate and rename(predicate)
        return ((negated == "!", predicate) if predicate else None, opcode, operands)

    def find_meetings(self):
        """For each conditional branch the nearest place that every path from it passes (its
        immediate post-dominator); the end of the code where there is none."""
        end = len(self.code)
        following = []
        for i, (predicate, opcode, operands) in enumerate(self.code):
            to = [] if opcode.startswith("ret") else [min(i + 1, end)]
            if opcode.startswith("ret"):
                to = [end, i + 1] if predicate else [end]
            elif opcode.startswith("bra"):
                to = [self.labels[operands[-1]]] + ([i + 1] if predicate else [])
            following.append(to)
        # Only branches and where they lead matter: walk the rest in one go.
        starts = sorted({0, end, *self.labels.values(), *(i + 1 for i, f in enumerate(following) if f != [i + 1])})
        last = {s: t - 1 for s, t in zip(starts, starts[1:])}
        passed = {s: set(starts) for s in starts}
        passed[end] = {end}
        changed = True
        while changed:
            changed = False
            for s in reversed(starts[:-1]):
                new = {s} | set.intersection(*(passed[t] for t in following[last[s]]))
                changed |= new != passed[s]
                passed[s] = new
        meetings = {}
        for s in starts[:-1]:
            if len(following[last[s]]) > 1:
                common = set.intersection(*(passed[t] for t in following[last[s]]))
                # The nearest is the one that passes all the others.
                meetings[last[s]] = max(common, key=lambda p: len(passed[p] & common))
        return meetings

    def width(self, register):
        """pred, 16, 32 or 64."""
        base = register if "#" in register else re.match(r"%[a-z]+", register)[0]
        return self.widths[base]

    @staticmethod
    def is_register(text):
        return (text.startswith("%") or "#" in text) and not text.startswith(("%tid", "%ctaid", "%nctaid", "%ntid", "%laneid"))

    # Operands as functions of the warp.
    def get(self, text, dtype=np.uint32):
        lanes = self.lanes
        if text.startswith("%tid.x"):
            return lambda w: w.thread
        if text.startswith("%ctaid.x"):
            return lambda w: w.block.of_lanes
        if text.startswith("%nctaid.x"):
            return lambda w: np.full(lanes, w.block.count, np.uint32)
        if text.startswith("%ntid.x"):
            return lambda w: np.full(lanes, 32 * len(w.block.warps), np.uint32)
        if text.startswith("%laneid"):
            return lambda w: w.lanes
        if self.is_register(text):
            return lambda w: w.registers[text]
        if text.startswith("0f"):
            value = np.full(lanes, int(text[2:], 16), np.uint32)
        elif text.startswith("0d"):
            value = np.full(lanes, int(text[2:], 16), np.uint64)
        elif re.match(r"shared([+-]\d+)?$", text):
            value = np.full(lanes, SHARED + int(text[6:] or 0), dtype)
        elif text in self.globals:
            index = len(self.parameters) + list(self.globals).index(text)
            value = np.full(lanes, (index + 1) << 40, np.uint64)
        elif text in self.parameters:
            value = np.full(lanes, MAP + self.parameters.index(text), np.uint64)
        else:
            number = int(text.rstrip("U"), 0)
            value = np.full(lanes, number & (2 ** (8 * np.dtype(dtype).itemsize) - 1), dtype)
        return lambda w: value

    def address(self, text):
        inner = text.strip("[]").strip()
        base, offset = re.match(r"([^+\-]+?)\s*([+-]\s*-?\d+)?$", inner).groups()
        get = self.get(base.strip(), np.uint64)
        offset = int(offset.lstrip("+").replace(" ", "")) if offset else 0
        step = np.int64(offset).astype(np.uint64)
        if not offset:
            return lambda w: get(w).astype(np.uint64, copy=False)
        return lambda w: get(w).astype(np.uint64, copy=False) + step


# A scope's brace, a label, or a statement to its semicolon; the braces of a vector belong to its statement.
STATEMENT = re.compile(r"\s*(?:([{}])|(\$?\w+:)(?!:)|([^;]*);)")
# An operand: what no comma cuts but one in brackets.
OPERAND = re.compile(r"(?:[^,\[{]|\[[^\]]*\]|\{[^}]*\})+")


def statements(body):
    """Splits at semicolons and labels; braces of a scope stand alone."""
    at = 0
    while match := STATEMENT.match(body, at):
        at = match.end()
        yield match[match.lastindex].strip()


class Kernels(dict):
    """Kernels of a PTX module by name. Each is taken apart when it is first asked for: a module has many, a test often changes one."""

    def __init__(self, text):
        text = re.sub(r"//[^\n]*", "", text)
        sizes = {"b8": 1, "b32": 4, "u32": 4}
        globals_ = {
            name: np.zeros(sizes[kind] * int(count), np.uint8)
            for kind, name, count in re.findall(r"\.global\s+\.align\s+\d+\s+\.(\w+)\s+(\w+)\[(\d+)\]", text)
        }
        entries = {match[1]: match for match in re.finditer(r"\.entry\s+(\w+)\s*\((.*?)\)", text, re.S)}
        self.text, self.globals, self.entries = text, globals_, entries

    def __missing__(self, name):
        match = self.entries[name]
        names = re.findall(rf"{name}_param_\d+", match[2])
        header = self.text[match.end() : self.text.index("{", match.end())]
        cluster = re.search(r"\.reqnctapercluster\s+(\d+)", header)
        size = int(cluster[1]) if cluster else 1
        self[name] = Kernel(name, names, self.body(match.end()), self.globals, size)
        return self[name]

    def body(self, at):
        """What stands between the next brace and its own."""
        depth = 0
        for brace in re.compile("[{}]").finditer(self.text, at):
            depth += 1 if brace[0] == "{" else -1
            if depth == 0:
                return self.text[self.text.index("{", at) + 1 : brace.start()]
        raise PtxError("a kernel without an end")


def parse(text):
    """Kernels of a PTX module by name."""
    return Kernels(text)
