"""Models with one mistake: an edit of a good model breaks one rule, and the compiler is to say so once, at its line.

An edit takes a line and gives the wrong line, or None where it does not apply. What it says of itself is the line's: the error
may stand nowhere else.
"""

import random
import re

from compiler import Failure

# Not yet among the edits, since the compiler says two things or names another line: a size in a parameter's shape that does not
# exist, a misspelt argument (it is unknown and missing), parts of a split that do not fit (what reads them is wrong too), a yield of too many numbers (the schedule is named), a function that
# returns nothing (its call is). `every 0` and a yarn's `window = 0` are accepted.

# What no user wrote: the ops and types of later phases.
INTERNAL = re.compile(r"\bkern\.|_backward|_saving|rotary_table|\baccumulate|\barith\.|\bmemref|\bllvm\.|\bvector<|builtin\.|Assertion|PLEASE submit")

EDITS = []


def edit(pattern, *kinds):
    """Registers the edits that replace the first match of `pattern` by each of `kinds`."""
    for kind in kinds:
        EDITS.append((f"{pattern} → {kind}", re.compile(pattern), kind))


# Names
edit(r"(= gpt\.\w+ %)(v\d+)", r"\1\2_unknown")
edit(r"= gpt\.(sigmoid|rms_norm|add|mul|linear|embed|scale) ", r"= gpt.\1x ")
edit(r" by (%plain|%heavy|%adam)", r" by %nobody", " ")
edit(r"\[%tokens\]", "[%token]")
edit(r"min\(1, ", "minimum(1, ", "sqrt(1, ")
edit(r"pick\(%step", "pick(%stop")
edit(r"(gpt\.let .*)$", r"\1, D = 4")
# Shapes
edit(r"(gpt\.slice %\w+ at )\w+", r"\g<1>100000")
edit(r"(gpt\.rows %\w+ at )\w+", r"\g<1>100000")
edit(r"(gpt\.slice %\w+ at \w+ size )\w+", r"\g<1>0")
edit(r"(= gpt\.row %\w+)\[\d+\]", r"\1[100000]", r"\1[-1]")
edit(r"(gpt\.param )\[V, ", r"\1[0, ", r"\1[-3, ")
edit(r"(gpt\.embed %\w+)\[%tokens\]", r"\1[%table1]")
edit(r"(gpt\.cross_entropy %\w+, )%targets", r"\1%table1")
edit(r"(gpt\.attention %\w+, %\w+, %\w+ documents )%docs", r"\1%table1")
edit(r"gpt\.linear (%\w+), (%\w+)", r"gpt.linear \1, %targets")
# Arguments
edit(r"\(w0 = ", "(w9 = ")
edit(r"(gpt\.call %\w+\(%\w+)\)", r"\1, %table1)", r"\1")
edit(r"to f32", "to i32", "to nothing")
edit(r'to "e\dm\d"', 'to "e9m9"')
edit(r"(gpt\.softcap %\w+ \(scale = )", r"\1=")
edit(r"(gpt\.recipe \(steps = )steps", r"\g<1>0", r"\g<1>-1", r"\g<1>1.5")
edit(r"(gpt\.recipe \()steps = steps, ", r"\1")
edit(r"(micro_batches = )\d", r"\g<1>0", r"\g<1>-2")
edit(r", T = [%\w]+,", ", T = 0,", ", T = -5,", ",")
# Form
edit(r"(= gpt\.(?:add|sub|mul) %\w+), %\w+", r"\1")
edit(r"(= gpt\.sigmoid %\w+)", r"\1, \1")
edit(r" init [^b]*? by", " by", " init nothing(2) by", " init normal() by")
edit(r"gpt\.input \[T\] i32", "gpt.input [T i32")
edit(r"gpt\.graph @train", "gpt.graph @trian")


def wrong(text, seed):
    """(text with one mistake, its line from 1, what was done)."""
    rng, lines = random.Random(f"wrong {seed}"), text.splitlines()
    for name, pattern, kind in rng.sample(EDITS, len(EDITS)):
        # A line that stands twice, in two graphs, is a mistake made twice if it is a function's.
        places = [i for i, line in enumerate(lines) if pattern.search(line) and not line.startswith("//")]
        if places:
            i = rng.choice(places)
            changed = pattern.sub(kind, lines[i], count=1)
            if changed != lines[i]:
                return "\n".join([*lines[:i], changed, *lines[i + 1 :]]) + "\n", i + 1, name
    raise RuntimeError("no edit applies")


class WrongChecker:
    def __init__(self, compiler):
        self.compiler, self.counts = compiler, {}

    def check(self, model, text=None, kind=""):
        bad, line, what = wrong(model.text(), model.seed)
        path = self.compiler.folder / "wrong.mlir"
        path.write_text(text or bad)
        out = self.compiler.folder / "wrong.out"
        out.unlink(missing_ok=True)
        code, said = self.compiler.run("compile", path, "--emit=launches", "-o", out)
        judge(what, line, code, said)
        if out.exists():
            raise Failure(f"wrong: {what}: a file is left", said)
        self.counts["mistakes found"] = self.counts.get("mistakes found", 0) + 1


def judge(what, line, code, said):
    where = f"mistake in line {line}; exit {code}\n{said[:1200]}"
    if code > 2:
        raise Failure(f"wrong: {what}: it crashes", where)
    if code == 0:
        raise Failure(f"wrong: {what}: it is accepted", where)
    errors = [x for x in said.splitlines() if "error:" in x]
    if len(errors) != 1:
        raise Failure(f"wrong: {what}: {len(errors)} errors", where)
    if INTERNAL.search(said):
        raise Failure(f"wrong: {what}: an op that no user wrote", where)
    at = re.search(r"wrong\.mlir:(\d+):\d+: error", errors[0])
    if not at:
        raise Failure(f"wrong: {what}: no place", where)
    if int(at[1]) != line:
        raise Failure(f"wrong: {what}: another line, {int(at[1]) - line:+d}", where)
