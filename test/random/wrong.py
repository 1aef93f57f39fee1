"""Models with one mistake: an edit of a good model breaks one rule, and the compiler is to say so once, at its line.

An edit is a pattern and what replaces its first match on a line: a text, or a function of the match and of the lines around it that
gives None where it does not apply. The error may stand on the edited line alone.
"""

import random
import re

from compiler import Failure

# What no user wrote: the ops and types of later phases.
INTERNAL = re.compile(r"\bkern\.|_backward|_saving|rotary_table|\baccumulate|\barith\.|\bmemref|\bllvm\.|\bvector<|builtin\.|Assertion|PLEASE submit")

EDITS = []


def edit(pattern, *kinds):
    """Registers the edits that replace the first match of `pattern` by each of `kinds`."""
    for kind in kinds:
        EDITS.append((f"{pattern} → {kind if isinstance(kind, str) else kind.__name__}", re.compile(pattern), kind))


class Place:
    """Where an edit is made: all lines, and which one it is."""

    def __init__(self, lines, at):
        self.lines, self.at = lines, at

    def head(self):
        """The op whose body the line stands in."""
        for line in reversed(self.lines[: self.at]):
            if line.endswith("{") and not line.startswith("    "):
                return found[1] if (found := re.search(r"gpt\.(\w+)", line)) else ""
        return ""

    def before(self):
        """The value that the line before declares, in the same body."""
        found = re.match(r"\s+(%\w+) = gpt", self.lines[self.at - 1])
        return found[1] if found and not self.lines[self.at - 1].endswith("{") else None

    def declared(self, op):
        """A value that such an op declares, anywhere in the model."""
        return next((found[1] for line in self.lines if (found := re.match(rf"\s*(%\w+)(?:, %\w+)* = gpt\.{op}\b", line))), None)


def counts(lines, at):
    """Whether the line is of the model: what an optimizer that no parameter names computes is never asked for."""
    head = next((x for x in reversed(lines[: at + 1]) if x.endswith("{") and not x.startswith("    ")), "")
    name = re.match(r"\s*(%\w+) = gpt\.optimizer", head)
    return not name or any(re.search(rf" by {name[1]}\b", x) for x in lines)


WITH_NUMBERS = r"(gpt\.(?:call|softcap|softmax|clamp|transpose|attention|recipe|yarn|key_offset|rotary|cross_entropy|round|round_gradient)\b.*"
PARAMETER = r"(gpt\.param (?:\d+ x )?\[[^]]*\])"
UNARY = r"(= gpt\.(?:sigmoid|relu2|rms_norm|sqrt|positive|sign|gram) )"
BINARY = r"(= gpt\.(?:add|sub|mul|div) %\w+)"
HEAD = r"^(  %\w+(?:, %\w+)* = gpt\.(?:func|schedule|optimizer)\b.*|  gpt\.graph.*)"

# ---- Names

edit(r"(= gpt\.\w+ %)(v\d+)", r"\1\2_unknown")
edit(r"= gpt\.(\w+)\b", r"= gpt.\1x", r"= \1", r"= gtp.\1")
edit(r" by (%plain|%heavy|%adam)", r" by %nobody", " ", " by %tokens")
edit(r"\[%tokens\]", "[%token]", "[tokens]")
edit(r"gpt\.call (%\w+)\(", r"gpt.call \1x(", r"gpt.call %tokens(")
edit(r"min\(1, ", "minimum(1, ", "sqrt(1, ")
edit(r"pick\(%step", "pick(%stop", "pick(%tokens", "pick(step", "pik(%step")
edit(r"(gpt\.let .*)$", r"\1, D = 4")
edit(r"\[(?:T|V|D|F), ", "[Tx, ")
edit(r" size D\b", " size DD")
edit(r"/ steps\b", "/ stepz")
edit(r"(gpt\.recipe \(steps = )steps", r"\1nosteps")
edit(r"(gpt\.require )", r"\1Dx > 0, ", r"\1D < 1, ", r"\1mod(D, 1) == 1, ")
edit(WITH_NUMBERS + r"[(, ])(\w+ = )", r"\1x\2")
edit(PARAMETER + r"(.* by %\w+ \()", r"\1\2y = 1, ", r"\1\2count = 1, ")
edit(r"(gpt\.call %\w+\(.*\) \()n = [^,)]+(, )?", r"\1")
edit(r"(gpt\.input \[T\]) i32", r"\1 f32", r"\1", r"\1 i64", r"\1 int32")
edit(r"\] f32 init", "] fp32 init", "] float32 init", "] i32 init")
edit(r"gpt\.graph @train", "gpt.graph @trian")

# ---- Kinds of values

edit(r"(= gpt\.(?:scale|offset) %\w+ by ).*", r"\1%tokens")
edit(UNARY + r"%\w+", r"\1%tokens", r"\1%plain", r"\1%step", r"\1%nothing")


def function_as_tensor(match, place):
    name = place.declared("func")
    return name and match[1] + name


def itself(match, place):
    return match[1] + re.match(r"\s*(%\w+)", place.lines[place.at])[1]


edit(UNARY + r"%\w+", function_as_tensor, itself)
edit(BINARY + r", %\w+", r"\1, %targets", function_as_tensor, itself)
edit(r"gpt\.linear (%\w+), (%\w+)", r"gpt.linear \1, %targets", r"gpt.linear \1, \1, \2")
edit(r"gpt\.clamp (%\w+) .*", r"gpt.clamp \1", r"gpt.clamp \1 (min = 1, max = 1)", r"gpt.clamp \1 (min = 1/0)")
edit(r"gpt\.transpose (%\w+).*", r"gpt.transpose \1 (on = 2)", r"gpt.transpose %tokens")
edit(r"(gpt\.stored %\w+ to )bf16", r"\1f32", r"\1f16")
edit(r"(gpt\.embed %\w+)\[%tokens\]", r"\1[%table1]")
edit(r"(gpt\.cross_entropy %\w+, )%targets", r"\1%table1")
edit(r"(gpt\.attention %\w+, %\w+, %\w+ documents )%docs", r"\1%table1", r"\1%tokens", r"\1%targets")
edit(r"(gpt\.tied %\w+ to )%\w+", r"\1%tokens")
edit(r"(gpt\.tied .* until )%\w+", r"\1%tokens")

# ---- Shapes

edit(r"(gpt\.slice %\w+ at )\w+", r"\g<1>100000", r"\1-1", r"\g<1>0.5")
edit(r"(gpt\.rows %\w+ at )\w+", r"\g<1>100000", r"\1-1")
edit(r"(gpt\.(?:slice|rows) %\w+ at \w+ size )\w+", r"\g<1>0", r"\g<1>1000000")
edit(r"(= gpt\.row %\w+)\[\d+\]", r"\1[100000]", r"\1[-1]", r"\1[0.5]", "\\1[]", r"\1")
edit(r"(gpt\.param )\[V, ", r"\1[0, ", r"\1[-3, ", r"\1[2.5, ", r"\1[1/0, ", r"\1[100000000000000, ")
edit(r"(gpt\.param )\[(\w)", r"\1[1, 1, 1, 1, \2")
edit(PARAMETER + r"(?: f32)?", r"\1 i32", r"\1 f64")
edit(r"(gpt\.reshape %\w+ to \[)", r"\g<1>7919, ")
edit(r"(gpt\.split %\w+ to \[)", r"\g<1>7919, ")
edit(r"(gpt\.param )(\d+) x", r"\g<1>0 x", r"\1\2 y", r"\1-\2 x")
edit(r"(gpt\.param \d+ x \[[^]]*\](?: f32)?) init", r"\1 without 99 init", r"\1 without 0, 0 init", r"\1 without -1 init")
edit(r"(gpt\.param \[[^]]*\](?: f32)?) init", r"\1 without 0 init")
edit(r"(gpt\.call %\w+\(%\w+)\)", r"\1, %table1)", r"\1")
edit(r"^(\s*%\w+) = gpt\.(\w+) %", r"\1, %another = gpt.\2 %")
edit(r'(gpt\.pack "\w+" \[[^]]*\])(?: f32)?(.*\])(?: f32)? init', r"\1 f32\2 bf16 init")

# ---- Numbers

edit(r"\(w0 = ", "(w9 = ", "(w0 = -1*")
edit(r"to f32", "to i32", "to nothing", "to f23")
edit(r'to "e\dm\d"', 'to "e9m9"', "to e4m3", 'to "e4m3')
edit(r"(gpt\.softcap %\w+ \(scale = )", r"\1=", r"\g<1>0*", r"\1-", r"\1log(-1) + ")
edit(r"(gpt\.softcap .*width = )", r"\g<1>0*", r"\1-", r"\g<1>1/0 + ")
edit(r"(gpt\.softcap .*shift = )", r"\g<1>1/0 + ")
edit(r"(gpt\.softmax .*temperature = )", r"\1-", r"\g<1>0/0 + ")
edit(r"(gpt\.attention .*window = )[^,)]*", r"\g<1>0", r"\1-8", r"\g<1>4.5", r"\g<1>1/0")
edit(r"(gpt\.attention .*scale = )[^,)]*", r"\g<1>0", r"\1-1", r"\1log(0)")
edit(r"(group = )[^,)]*", r"\g<1>0", r"\1-1", r"\g<1>0.5")
edit(r"(neighbours = )[^,)]*", r"\g<1>2", r"\1-1")
edit(r"(gpt\.key_offset .*by = )[^,)]*", r"\1-1", r"\g<1>0.5")
edit(r"(gpt\.yarn .*count = )[^,)]*", r"\g<1>0", r"\1-1", r"\g<1>0.5")
edit(r"(gpt\.yarn .*base = )[^,)]*", r"\g<1>0", r"\1-2", r"\g<1>0.5")
edit(r"(gpt\.yarn .*beta = )[^,)]*", r"\g<1>1", r"\g<1>0.5", r"\1sqrt(-1)")
edit(r"(gpt\.yarn .*alpha = )[^,)]*", r"\1-1", r"\g<1>40")
edit(r"(gpt\.yarn .* scale = )[^,)]*", r"\g<1>0", r"\1-1")
edit(r"(gpt\.yarn .*window = )[^,)]*", r"\g<1>0", r"\1-4")
edit(r"(gpt\.round.*scale = )[^,)]*", r"\g<1>0", r"\1-1", r"\g<1>1/0")
edit(r"(gpt\.round.*on = )[^,)]*", r"\g<1>2", r"\1-1", r"\1maybe")
edit(r"(gpt\.(?:scale|offset) %\w+ by )", r"\g<1>1/0 + ", r"\1log(-1) + ", r"\1sqrt(0 - 2) + ", r"\g<1>0/0*")
edit(r"(gpt\.call %\w+\(.*n = )(?=[-0-9])", r"\g<1>1/0 + ", r"\1log(-1) + ")
edit(PARAMETER + r"(.* by %\w+ \(rate = )", r"\1\2log(-2) + ", r"\1\g<2>1/0 + ")
edit(r" every 2", " every 0", " every -2", " every 1.5", " every steps/0")
edit(r" init [^b]*? by", " by", " init nothing(2) by", " init normal() by", " init 1/0 by", " init normal(-1) by", " init uniform(-0.5) by",
     " init uniform(1, 2) by", " init cycle(1, log(-1)) by", " init rows(9999, 1, 0) by")
edit(r"(gpt\.recipe \(steps = )steps", r"\g<1>0", r"\1-1", r"\g<1>1.5", r"\g<1>1/0", r"\g<1>100000000")
edit(r"(gpt\.recipe \()steps = steps, ", r"\1")
edit(r"(micro_batches = )\d", r"\g<1>0", r"\1-2", r"\g<1>1.5")
edit(r", T = [%\w]+,", ", T = 0,", ", T = -5,", ",", ", T = 2.5,", ", T = 1/0,")
edit(r"(document_token = )\d+", r"\1-1", r"\g<1>0.5", r"\g<1>1000000")
edit(r"(max_document = )\d+", r"\g<1>0", r"\g<1>1.5")
edit(r"(validate_tokens = )\d+", r"\g<1>0", r"\g<1>2.5")
edit(r"gpt\.yield ", "gpt.yield 1, ", "gpt.yield log(-1) + ", "gpt.yield 0/(%step - 1) + ", "gpt.yield 0/(%step - steps) + ")
edit(r"(%x = gpt\.expr )", r"\1log(%step - 1) + ", r"\1pow(-1, %step/2) + ")
edit(r"\bD = \d+", "D = D", "D = 1/0", "D")

# ---- Form

edit(BINARY + r", %\w+", r"\1")
edit(BINARY + r",", r"\1")
edit(r"(= gpt\.sigmoid %\w+)", r"\1, \1")
edit(r"(= gpt\.(?:sigmoid|relu2|rms_norm) %\w+)", r"\1 mean", r"\1)", r"\1 (scale = 2)")
edit(r"gpt\.input \[T\] i32", "gpt.input [T i32", "gpt.input (T) i32")
edit(r"\[%tokens\]", "[%tokens", "(%tokens)")
edit(r"^(\s*%\w+) = (gpt\.\w+ )", r"\1 \2", r"\1 == \2")
edit(r"^(\s*)(%\w+ = gpt\.)", r"\1# \2", r"\1$\2")
edit(HEAD + r"\{$", r"\1")
edit(r" == ", " = ")
edit(r"(gpt\.yield .*%step)", r"\1^2", r"\1 %step")
edit(r'gpt\.pack "(\w+)"', r"gpt.pack \1", r'gpt.pack "\1')


def no_value(match, place):
    return "gpt.return" if place.head() in ("func", "graph", "optimizer") else None


def one_more(match, place):
    return f"{match[0]}, {match[1]}" if place.head() in ("graph", "optimizer") else None


def declared_twice(match, place):
    return place.before() and f"  {place.before()} = gpt.{match[1]}"


edit(r"gpt\.return (%\w+).*", no_value, one_more)
edit(r"^  %\w+ = gpt\.(\w+.*[^{])$", declared_twice)


def wrong(text, seed):
    """(text with one mistake, its line from 1, what was done)."""
    rng, lines = random.Random(f"wrong {seed}"), text.splitlines()
    for name, pattern, kind in rng.sample(EDITS, len(EDITS)):
        # A line that stands twice, in two graphs, is a mistake made twice if it is a function's.
        places = [i for i, line in enumerate(lines) if pattern.search(line) and not line.startswith("//") and counts(lines, i)]
        if places:
            i = rng.choice(places)
            match = pattern.search(lines[i])
            new = match.expand(kind) if isinstance(kind, str) else kind(match, Place(lines, i))
            changed = new is not None and lines[i][: match.start()] + new + lines[i][match.end() :]
            if changed and changed != lines[i]:
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
