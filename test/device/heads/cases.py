"""Attention's backward with and without a row program, at the record's sizes; `cases.py EMIT DIR` compiles for run.py.

What the record has behind attention: the rotation and the norm of queries and keys go back, each head by
itself. Once as a row kernel of its own, once as the program of attention's backward.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attending import compile_modules  # noqa: E402

import attention_heads  # noqa: E402

# Those that are interpreted, and larger ones.
LENGTHS = [0, 1, 15, 127, 128, 129, 0, 64, 300, 1, 1]
CHECKED = attention_heads.SHAPES + [
    ((3000, 6, 128, 1, 128, LENGTHS), 1, -1),
    ((2813, 6, 128, 1, 5000, LENGTHS), 3, -1),
    ((2500, 12, 64, 1, 384, [700, 3, 129]), 1, 3),
]

# Positions and windows of the record's stages.
TIMED = [(16384, 128), (16384, 384), (32768, 384), (49152, 640), (49152, 1408)]
HEADS, HEAD = 6, 128
D = HEADS * HEAD


def back(name, gradient, raw, to, positions):
    """The rotation and the norm of one of them, of a row value; stored in its columns."""
    row, each, table = f"vector<{D}xf32>", f"vector<{HEADS}xf32>", f"vector<{HEAD // 2}xf32>"
    at = f"memref<{positions}x{D}xbf16, strided<[{3 * D}, 1], offset: {D * (name == 'k')}>>"
    return f"""
    %g{name} = kern.rotate {gradient} by %cos_row, %sin_row head {HEAD} group 1 inverse : {row}, {table}
    %x{name} = kern.load {raw}[%t] : {at} -> {row}
    %xx{name} = arith.mulf %x{name}, %x{name} : {row}
    %squares{name} = kern.reduce "add" %xx{name} : {row} -> {each}
    %part{name} = arith.constant dense<{1 / HEAD!r}> : {each}
    %mean{name} = arith.mulf %squares{name}, %part{name} : {each}
    %least{name} = arith.constant dense<{2.0**-23!r}> : {each}
    %positive{name} = arith.addf %mean{name}, %least{name} : {each}
    %root{name} = math.sqrt %positive{name} : {each}
    %ones{name} = arith.constant dense<1.0> : {each}
    %r{name} = arith.divf %ones{name}, %root{name} : {each}
    %gx{name} = arith.mulf %g{name}, %x{name} : {row}
    %dot{name} = kern.reduce "add" %gx{name} : {row} -> {each}
    %share{name} = arith.mulf %dot{name}, %part{name} : {each}
    %rr{name} = arith.mulf %r{name}, %r{name} : {each}
    %back{name} = arith.mulf %rr{name}, %share{name} : {each}
    %backs{name} = kern.spread %back{name} : {each} -> {row}
    %away{name} = arith.mulf %x{name}, %backs{name} : {row}
    %rest{name} = arith.subf %g{name}, %away{name} : {row}
    %rs{name} = kern.spread %r{name} : {each} -> {row}
    %dx{name} = arith.mulf %rest{name}, %rs{name} : {row}
    kern.store %dx{name}, {to}[%t] : {row}, {at}"""


def timed_module():
    """Of each shape attention's backward, the row kernel behind it, and both as one."""
    text, body = "", ""
    row, table = f"vector<{D}xf32>", f"vector<{HEAD // 2}xf32>"
    for i, (positions, window) in enumerate(TIMED):
        x, n = f"memref<{positions}x{D}xbf16>", f"memref<{positions}x{HEADS}xf32>"
        wide, half = f"memref<{positions}x{3 * D}xbf16>", f"memref<{positions}x{HEAD // 2}xbf16>"
        docs = f"memref<{positions}xi32>"
        types = {name: x for name in ("q", "k", "v", "dy", "dq", "dk")}
        types |= {"lse": n, "delta": n, "docs": docs, "raw": wide, "apart": wide, "one": wide, "cos": half, "sin": half}
        text += "".join(f'%{name}{i} = kern.buffer "{name}{i}" "input" : {t}\n' for name, t in types.items())
        text += f"%window{i} = arith.constant {window}.0 : f64\n%scale{i} = arith.constant 0.1 : f64\n"
        part = lambda which, positions=positions: f"memref<{positions}x{D}xbf16, strided<[{3 * D}, 1], offset: {D * which}>>"
        for name in ("raw", "apart", "one"):
            for which, letter in enumerate("qkv"):
                text += f"%{name}_{letter}{i} = kern.view %{name}{i} : {wide} to {part(which)}\n"
        v = lambda names, i=i: ", ".join(f"%{name}{i}" for name in names.split())
        tables = f"\n    %cos_row = kern.load %cos{i}[%t] : {half} -> {table}\n    %sin_row = kern.load %sin{i}[%t] : {half} -> {table}"
        for name in ("apart", "one"):
            body += f'  kern.attention_backward "{name}{i}" {v("dy q k v lse delta")} documents %docs{i} to {v(f"dq dk {name}_v")} '
            body += f"window %window{i} scale %scale{i} heads {HEADS} of {HEAD} group 1\n"
            body += f"    : {x}, {x}, {x}, {x}, {n}, {n}, {docs}, {x}, {x}, {part(2)}"
            if name == "apart":
                loads = "".join(f"\n    %d{c} = kern.load %d{c}{i}[%t] : {x} -> {row}" for c in "qk")
                body += f'\n  kern.rows "back{i}" {positions} {{\n  ^row(%t: index):{loads}'
            else:
                body += f" program {{\n  ^row(%t: index, %dq: {row}, %dk: {row}, %dv: {row}):\n"
                body += f"    kern.store %dv, %one_v{i}[%t] : {row}, {part(2)}"
            body += tables + "".join(back(c, f"%d{c}", f"%raw_{c}{i}", f"%{name}_{c}{i}", positions) for c in "qk") + "\n  }\n"
    return text + 'kern.part @p "micro" {\n' + body + "}\n"


if __name__ == "__main__":
    compile_modules(attention_heads.module(CHECKED)[1], timed_module())
