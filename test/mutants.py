"""The mutants of a C++ text: its conditions held true or false or off by one, its cotangents lost, each behind a number.

No mutant is made where it would say nothing: the whole of an `||` never, or of an `&&` always, where its operands are mutants of
their own; a choice between two texts of a message.

What it reads of C++ is brackets and the forms that clang-format gives: `if (`, `while (`, ` ? `, `bool x = `, `return` where a
truth value is returned, and the operands of `&&` and `||` in them. `mutated` puts all mutants into one text, so that one build
serves all: the environment's GPTC_MUTANT chooses one while the program runs. GPTC_MUTANTS_SEEN names a file instead, to which the
program adds the numbers of all mutants that would have been another than the sources somewhere: no other can fail.
"""

import re
from dataclasses import dataclass

PRELUDE = """#include <cstdio>
#include <cstdlib>
namespace {
[[maybe_unused]] bool isMutant(int n) {
  static const char *chosen = std::getenv("GPTC_MUTANT");
  static const int number = chosen ? std::atoi(chosen) : 0;
  return n && number == n;
}
/// Writes down a mutant that would be another than the sources here.
[[maybe_unused]] bool wouldDiffer(int n) {
  static const char *path = std::getenv("GPTC_MUTANTS_SEEN");
  static char known[1 << 14];
  if (!path || !n || known[n])
    return true;
  known[n] = 1;
  if (FILE *file = std::fopen(path, "a")) {
    std::fprintf(file, "%d\\n", n);
    std::fclose(file);
  }
  return true;
}
/// What a condition is: held, or as the sources say. Those are always asked,
/// for what else they do.
[[maybe_unused]] bool mutantHeld(int never, int always, bool x) {
  if (isMutant(never) || isMutant(always))
    return isMutant(always);
  wouldDiffer(x ? never : always);
  return x;
}
[[maybe_unused]] bool mutantSign(int n, bool other, bool x) {
  if (isMutant(n))
    return other;
  if (other != x)
    wouldDiffer(n);
  return x;
}
template <typename T> [[maybe_unused]] T unlessMutant(int n, T x) {
  if (isMutant(n))
    return T();
  if (x)
    wouldDiffer(n);
  return x;
}
} // namespace
"""
OFF_BY_ONE = {"<=": "<", "<": "<=", ">=": ">", ">": ">="}
# Functions and lambdas that return a truth value, where their bodies begin.
PREDICATE = re.compile(r"\bbool [\w:=]+\([^;{}]*\)(?: const)? \{")
LAMBDA = re.compile(r"\](?: ?\([^;{}]*?\))?(?: mutable)?(?: -> [\w:]+)? \{")
ASKING_LAMBDA = re.compile(r"(?:_of|_if|sort|filter_range)\([^;{}]*$")


@dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    kind: str  # "never", "always", "none", "lost", or which sign is another
    text: str
    again: int  # how many like it stand before it in the file
    number: int

    @property
    def key(self):
        """What names it while lines move."""
        return f"{self.path} | {self.kind} | {self.text}" + (f" | {self.again + 1}" if self.again else "")

    def __str__(self):
        return f"{self.path}:{self.line}: {self.kind}: {self.text}"


# ---- Reading C++ -------------------------------------------------------------------------------------------------------------


def blanked(text):
    """The text with comments, literals and template arguments blanked out, every character in its place."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    text = re.sub(pattern, underscores, text, flags=re.S)
    while (shorter := re.sub(r"(?<=\w)<[^<>;(){}]*>", underscores, text)) != text:
        text = shorter
    return text


def underscores(match):
    return re.sub(r"[^\n]", "_", match[0])


def step(c):
    return (c in "([{") - (c in ")]}")


def closing(code, at):
    """The place of the bracket that closes the one at `at`."""
    return end_of(code, at + 1, "")


def end_of(code, at, signs):
    """Where the expression that holds `at` ends: before one of `signs`, or the bracket around it."""
    depth = 0
    while depth > 0 or not (code[at] in signs or step(code[at]) < 0):
        depth += step(code[at])
        at += 1
    return at


def begin_of_choice(code, at):
    """Where the condition of the ` ? ` at `at` begins."""
    depth = 0
    for i in range(at, 0, -1):
        depth -= step(code[i - 1])
        if depth < 0 or not depth and re.search(r"(?:\breturn| [|&+]?=| :|[,;])\s$", code[max(0, i - 8) : i]):
            return i
    return 0


def top_level(code, begin, end, pattern):
    """Matches of a pattern outside of all brackets."""
    found, depth, at = [], 0, begin
    while at < end:
        match = None if depth else re.compile(pattern).match(code, at, end)
        if match:
            found.append(match)
        depth += step(code[at])
        at = match.end() if match else at + 1
    return found


def between(begin, end, matches):
    """What matches part an expression into."""
    edges = [begin, *(edge for match in matches for edge in match.span()), end]
    return list(zip(edges[::2], edges[1::2]))


# ---- Finding mutants ---------------------------------------------------------------------------------------------------------


class Finder:
    """`found`: {(begin, end): kinds} of the expressions of a text that have mutants."""

    def __init__(self, text):
        self.text, self.code, self.found = text, blanked(text), {}
        for match in re.finditer(r"\b(?:if|while) \(", self.code):
            self.add_statement(match)
        for match in re.finditer(r"\s\? ", self.code):
            if self.text[match.end()] != '"':  # a message's
                self.add_condition(begin_of_choice(self.code, match.start()), match.start())
        for match in re.finditer(r"\bbool \w+ =(?!=)|[|&]=(?= )|\breturn\b", self.code):
            end = end_of(self.code, match.end(), ";,")
            if self.code[end] == ";" and (match[0] != "return" or self.returns_truth(match.end(), end)):
                self.add_condition(match.end(), end)
        for match in re.finditer(r"\bCotangents [\w:]+\([^;{}]*\) \{", self.code):
            self.add_cotangents(match.end(), closing(self.code, match.end() - 1))

    def add(self, begin, end, *kinds):
        while begin < end and self.code[begin].isspace():
            begin += 1
        while begin < end and self.code[end - 1].isspace():
            end -= 1
        # A literal's other value is a mutant of what reads it, and what fails says so.
        if begin < end and self.code[begin:end] not in ("true", "false", "Value()") and not self.code.startswith("fail(", begin):
            kept = self.found.setdefault((begin, end), [])
            kept += [kind for kind in kinds if kind not in kept]

    def add_statement(self, match):
        begin, end = match.end(), closing(self.code, match.end() - 1)
        if parts := top_level(self.code, begin, end, ";"):
            begin = parts[-1].end()
        if declared := re.match(r"\s*(?:const )?[\w:]+ [*&]?\w+ =(?!=)", self.code[begin:end]):
            self.add(begin + declared.end(), end, "none")
        elif match[0].startswith("while"):
            self.add(begin, end, "never")  # always would never end
        else:
            self.add_condition(begin, end)

    def add_condition(self, begin, end):
        if not top_level(self.code, begin, end, r"\s\? "):
            either = top_level(self.code, begin, end, r"\|\|")
            both = not either and top_level(self.code, begin, end, r"&&")
            self.add(begin, end, *["never"] * (not either), *["always"] * (not both))
            self.add_parts(begin, end)

    def add_parts(self, begin, end):
        """The operands of && and ||, and signs that are off by one; what is behind a ` ? ` is none."""
        if top_level(self.code, begin, end, r"\s\? "):
            return
        either = top_level(self.code, begin, end, r"\|\|")
        both = [] if either else top_level(self.code, begin, end, r"&&")
        signs = top_level(self.code, begin, end, r" (<=|>=|<|>) ")
        if either or both:
            for part in between(begin, end, either or both):
                self.add(*part, "never" if either else "always")
                self.add_parts(*part)
        elif len(signs) == 1:
            self.add(begin, end, f"{signs[0][1]} is {OFF_BY_ONE[signs[0][1]]}")
        elif bracket := re.match(r"\s*!?\(", self.code[begin:end]):
            inside = begin + bracket.end()
            if self.code[closing(self.code, inside - 1) + 1 : end].strip() == "":
                self.add_parts(inside, closing(self.code, inside - 1))

    def returns_truth(self, begin, end):
        if top_level(self.code, begin, end, r"\s\? "):
            return False
        around = lambda kind: [m for m in kind.finditer(self.code, 0, begin) if closing(self.code, m.end() - 1) >= end]
        predicates, lambdas = around(PREDICATE), around(LAMBDA)
        if lambdas and (not predicates or predicates[-1].end() < lambdas[-1].end()):
            opened = self.code.rfind("[", 0, lambdas[-1].start() + 1)
            asked = ASKING_LAMBDA.search(self.code, max(0, opened - 300), opened)
            return bool(asked) or bool(top_level(self.code, begin, end, r"&&|\|\|| (?:==|!=|<=|>=|<|>) "))
        return bool(predicates)

    def add_cotangents(self, begin, end):
        for match in re.finditer(r"\breturn \{|\b\w+\[\w+\] = ", self.code[begin:end]):
            first = begin + match.end()
            last = end_of(self.code, first, ";")
            for part in between(first, last, top_level(self.code, first, last, ",")):
                self.add(*part, "lost")


class Mutated:
    """A file's `mutants`, and the `text` that holds them all."""

    def __init__(self, path, source, first):
        self.path, self.source, self.first, self.mutants, self.seen = path, source, first, [], {}
        self.found = Finder(source).found
        spans = sorted(self.found, key=lambda span: (span[0], -span[1]))
        self.text = PRELUDE + f'#line 1 "{path}"\n' + self.rendered(0, len(source), spans)

    def number(self, span, kind):
        text = " ".join(self.source[slice(*span)].split())
        again = self.seen[kind, text] = self.seen.get((kind, text), -1) + 1
        line = self.source.count("\n", 0, span[0]) + 1
        self.mutants.append(Mutant(self.path, line, kind, text, again, self.first + len(self.mutants)))
        return self.mutants[-1].number

    def rendered(self, begin, end, spans):
        """The text from `begin` to `end`, with the mutants of the spans in it."""
        out, at = "", begin
        while spans:
            span, *spans = spans
            inner = [other for other in spans if other[1] <= span[1]]
            spans = spans[len(inner) :]
            out += self.source[at : span[0]] + self.chosen(span, inner)
            at = span[1]
        return out + self.source[at:end]

    def chosen(self, span, inner):
        """An expression, or what a mutant makes of it."""
        numbers = {kind: self.number(span, kind) for kind in self.found[span]}
        value = self.rendered(*span, inner)
        for kind, number in numbers.items():
            if kind in ("none", "lost"):
                return f"unlessMutant({number}, {'mlir::Value' if kind == 'lost' else ''}({value}))"
        never, always = numbers.get("never", 0), numbers.get("always", 0)
        out = f"mutantHeld({never}, {always}, static_cast<bool>({value}))" if never or always else f"static_cast<bool>({value})"
        for kind, number in numbers.items():
            if " is " in kind:
                sign, _, wrong = kind.split()
                other = self.source[slice(*span)].replace(f" {sign} ", f" {wrong} ", 1)
                out = f"mutantSign({number}, bool({other}), {out})"
        # What is not asked says nothing of what is wrong.
        if self.source[span[0] : span[1]].startswith("failed("):
            out = f"(isMutant({never}) ? false : {out})"
        return out


def mutated(paths, root):
    """All files with their mutants, numbered from 1."""
    files, first = [], 1
    for path in paths:
        files.append(Mutated(path, (root / path).read_text(), first))
        first += len(files[-1].mutants)
    return files
