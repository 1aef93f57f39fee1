"""What is proved and what is timed on a GPU; `cases.py EMIT DIR` compiles both for run.py."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attending import compile_modules, documents  # noqa: E402

import attention  # noqa: E402

# As attention.CASES has them; documents of no and of few positions, around a tile's and long ones.
LENGTHS = [0, 1, 15, 127, 128, 129, 0, 64, 300, 1, 1, 2048]
CHECKED = attention.CASES + [
    (3000, 6, 128, 1, 128, LENGTHS),
    (3000, 2, 128, 1, 896, LENGTHS),
    (2813, 6, 128, 1, 5000, LENGTHS),
    (4096, 3, 128, 2, 256, [n // 2 for n in LENGTHS]),
    (2500, 12, 64, 1, 384, LENGTHS),
    (1111, 3, 64, 1, 1, LENGTHS),
    (16384 // 4, 1, 128, 1, 1408, []),
    (2048, 6, 128, 1, 128, [752, 747, 275, 262]),
]

# The record's: positions and windows of its stages.
TIMED = [(16384, 128), (16384, 384), (32768, 384), (32768, 896), (49152, 640), (49152, 1408)]
HEADS, HEAD = 6, 128
# FlashAttention 4's forward and backward (flash-attn-4 4.0.0b36, one H100, documents of up to 2048, the L2 flushed), µs.
PEER = {(16384, 128): (117, 293), (16384, 384): (215, 420), (49152, 640): (362, 748), (49152, 1408): (384, 915)}


def visible_pairs(positions, window):
    """Of a query and a key."""
    s = np.arange(positions)
    return int((s - np.maximum(s - window, attention.starts(positions, documents(positions))) + 1).sum())


def timed_module():
    """One forward and one backward a shape, rows as the record's lie."""
    text, body = "", ""
    for i, (positions, window) in enumerate(TIMED):
        x, n = f"memref<{positions}x{HEADS * HEAD}xbf16>", f"memref<{positions}x{HEADS}xf32>"
        docs = f"memref<{positions}xi32>"
        types = {"q": x, "k": x, "v": x, "dy": x, "y": x, "dq": x, "dk": x, "dv": x, "lse": n, "delta": n, "docs": docs}
        text += "".join(f'%{name}{i} = kern.buffer "{name}{i}" "input" : {t}\n' for name, t in types.items())
        text += f"%window{i} = arith.constant {window}.0 : f64\n%scale{i} = arith.constant 0.1 : f64\n"
        how = f"window %window{i} scale %scale{i} heads {HEADS} of {HEAD} group 1"
        v = lambda names, i=i: ", ".join(f"%{name}{i}" for name in names.split())
        # q and k are normed as the record's, and their scores bounded.
        body += f'  kern.attention "forward{i}" {v("q k v")} documents %docs{i} to {v("y lse")} {how} bound 256\n'
        body += f"    : {x}, {x}, {x}, {docs}, {x}, {n}\n"
        body += f'  kern.attention_backward "backward{i}" {v("dy q k v lse delta")} documents %docs{i} to {v("dq dk dv")} {how}\n'
        body += f"    : {x}, {x}, {x}, {x}, {n}, {n}, {docs}, {x}, {x}, {x}\n"
    return text + 'kern.part @p "micro" {\n' + body + "}\n"


if __name__ == "__main__":
    compile_modules(attention.module(CHECKED)[1], timed_module())
