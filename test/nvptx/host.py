"""What a host does to run a compiled program from its launch table: one arena, the inputs of a
part, the numbers of a step, the launches in order. Kernels are run by whoever makes the host.
"""

import json
import struct
from pathlib import Path

import numpy as np

from ptx import from_bf16, to_bf16

TYPES = {"bf16": np.uint16, "f32": np.float32, "f64": np.float64, "i32": np.int32, "e4m3": np.uint8, "e5m2": np.uint8}


def aligned(size):
    """Bytes of NaN in every type, at a multiple of 64."""
    raw = np.full(size + 128, 0xFF, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + (size + 63) // 64 * 64]


def expanded(program):
    """What `gptc compile --launches` and `EXE info --launches` tell of a program (runtime/launches.h), as hosts go about it: all
    launches in one list, with the words of the tables that `gptc-nvptx-emit` writes, each buffer that lives for the run by its
    name. What has been expanded is left as it is."""
    if "launches" in program:
        return program
    fed = {i["buffer"]: i["feed"] for p in program["parts"] for i in p["inputs"]}
    buffers = []
    for i, b in enumerate(program["buffers"]):
        if b["kind"] not in ("workspace", "share"):
            feed = {"feed": fed[i]} if i in fed else {}
            buffers.append(b | feed | {"element": stored(b["element"])})
    launches = [entry(p, launch, program["buffers"]) for p in program["parts"] for launch in p["launches"]]
    return {
        "arenaBytes": program["arena_bytes"], "persistentBytes": program["persistent_bytes"], "steps": program["steps"],
        "microBatches": program["micro_batches"], "buffers": buffers, "launches": launches,
        "parts": [{k: p[k] for k in ("name", "kind", "tokens", "steps")} for p in program["parts"]],
        "host": [None if n["kind"] == "scheduled" else n["kind"] for n in program["numbers"]], "numbers": program["rows"],
    }  # fmt: skip


def stored(element):
    """A program's name of an element type as the tests' own."""
    return element.lower().replace("f8_", "")


def entry(part, launch, buffers):
    """A launch as `gptc-nvptx-emit` would write it."""
    arguments = []
    for a in launch["arguments"]:
        if a["kind"] == "integer":
            a = {"kind": "value", "value": a["value"]}
        elif a["kind"] == "tensor map":
            a = a | {"boxRows": a["box_rows"], "element": stored(a["element"])}
        elif a["kind"] == "buffer":
            element = stored(buffers[a["buffer"]]["element"])
            columns = a["bytes"] // np.dtype(TYPES[element]).itemsize
            a = a | {"rows": 1, "columns": columns, "stride": columns, "element": element}
        arguments.append(a)
    return {
        "part": part["name"], "kernel": launch["kernel"], "blocks": launch["units"], "persistent": launch["persistent"],
        "threads": launch["threads"], "sharedBytes": launch["scratch_bytes"], "arguments": arguments,
    }  # fmt: skip


def read_table(path):
    """The table that `gptc compile --launches` wrote to a file."""
    return expanded(json.loads(Path(path).read_text()))


class Host:
    """`run(entry, arena, numbers)` launches one entry of the table."""

    def __init__(self, table, run, seed=0):
        self.table, self.run_entry, self.seed = expanded(table), run, seed
        self.arena = aligned(self.table["arenaBytes"])
        self.buffers = {b["name"]: b for b in self.table["buffers"]}
        for name in self.named("output"):
            self[name][...] = 0  # as all memory of a device begins

    def __getitem__(self, name):
        """A buffer that lives for the run, as it is stored."""
        return self.view(self.buffers[name])

    def view(self, b):
        dtype = np.dtype(TYPES[b["element"]])
        size = int(np.prod(b["shape"])) * dtype.itemsize
        return self.arena[b["at"] : b["at"] + size].view(dtype).reshape(b["shape"])

    def value(self, name):
        """The same in float64."""
        bf16 = self.buffers[name]["element"] == "bf16"
        return (from_bf16(self[name]) if bf16 else self[name]).astype(np.float64)

    def write(self, name, values):
        bf16 = self.buffers[name]["element"] == "bf16"
        self[name][...] = to_bf16(values) if bf16 else values

    def named(self, kind):
        return [b["name"] for b in self.table["buffers"] if b["kind"] == kind]

    def inputs(self, tokens):
        """The input buffers of the parts that take so many tokens."""
        inputs = [b for b in self.table["buffers"] if b["kind"] == "input"]
        return [b for b in inputs if b["shape"] == [tokens]]

    def numbers(self, step):
        host = {"micro_batches": self.table["microBatches"], "seed": self.seed, "rank": 0}
        row = zip(self.table["host"], self.table["numbers"][step])
        values = [host[which] if which else x for which, x in row]
        return np.array([np.nan if x is None else x for x in values], np.float64)

    def part(self, kind, step):
        """The part of a kind that serves a step; None where the program has none."""
        for part in self.table["parts"]:
            if part["kind"] == kind:
                ranges = part["steps"]  # first, last and stride
                if kind in ("init", "sample") or any(a <= step <= b and (step - a) % s == 0 for a, b, s in ranges):
                    return part
        return None

    def entries(self, part):
        return [e for e in self.table["launches"] if e["part"] == part["name"]]

    def run(self, kind, step, tokens=None, targets=None, docs=None):
        """Runs a part on poisoned workspace, with its inputs where it has any; `docs`: where each row's document begins."""
        part = self.part(kind, step)
        if part is None:
            return
        if tokens is not None:
            fed = {"tokens": tokens, "targets": targets, "docs": docs}
            orders = {n: np.argsort(x, kind="stable") for n, x in fed.items() if x is not None}
            fed |= {"order" if n == "tokens" else f"{n}_order": order for n, order in orders.items()}
            for b in self.inputs(len(tokens)):
                values = fed.get(b.get("feed", b["name"]))
                if values is not None:
                    self.view(b)[...] = values
        self.arena[self.table["persistentBytes"] :] = 0xFF
        numbers = self.numbers(step)
        self.launch(self.entries(part), numbers)

    def launch(self, entries, numbers):
        for entry in entries:
            self.run_entry(entry, self.arena, numbers)


# ------------------------------------------------------------------ files of the training binary


def write_tensors(path, tensors):
    """Safetensors of float32 and int32."""
    header, at = {}, 0
    for name, x in tensors.items():
        kind = {"f": "F32", "i": "I32"}[x.dtype.kind]
        header[name] = {"dtype": kind, "shape": x.shape, "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for x in tensors.values():
            file.write(np.ascontiguousarray(x).tobytes())


def read_tensors(path):
    data = np.fromfile(path, np.uint8)
    size = int(data[:8].view("<u8")[0])
    kinds, tensors = {"F32": "<f4", "F64": "<f8", "I32": "<i4"}, {}
    for name, entry in json.loads(data[8 : 8 + size].tobytes()).items():
        if name != "__metadata__":
            first, end = (8 + size + n for n in entry["data_offsets"])
            values = np.frombuffer(data[first:end].tobytes(), kinds[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def write_shard(path, tokens):
    header = np.zeros(256, "<i4")
    header[:3] = 20240520, 1, len(tokens)
    with open(path, "wb") as file:
        file.write(header.tobytes() + np.asarray(tokens, "<u2").tobytes())
