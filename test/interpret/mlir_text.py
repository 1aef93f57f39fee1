"""MLIR's generic form as a tree: operations with operands, attributes, regions and types.

    "gpt.slice"(%4) <{at = 3 : i64, size = "n"}> : (!gpt.tensor) -> !gpt.tensor

Numbers are Python numbers, strings strings, arrays lists, `unit` is `Unit`. An expression of the gpt dialect (`#gpt.expr<…>`)
is a tree of `expressions.py`, `#gpt.dims<[…]>` a list of them; a tensor type is a `TensorType`, any other type its own text.
What the grammar does not have is a `TextError` with its line.
"""

import re
import struct
from dataclasses import dataclass, field
from typing import Any

from . import expressions

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<number>-?0x[0-9a-fA-F]+|-?\d+(?:\.\d*(?:[eE][-+]?\d+)?)?)
      | (?P<word>[%^@\#!][A-Za-z_$][\w$.-]*|[A-Za-z_][\w$.]*|[%^\#!]\d+|@"[^"]*")
      | (?P<sign>->|<\{|\}>|::|[-+*/=<>(){}\[\]:,?|])
    """,
    re.VERBOSE,
)
ESCAPE = re.compile(rb"\\([0-9a-fA-F]{2}|.)", re.DOTALL)


class TextError(Exception):
    """What is wrong, and in which line of the text."""

    def __init__(self, line, what):
        super().__init__(f"line {line}: {what}")
        self.line = line


@dataclass(frozen=True)
class UnitType:
    def __repr__(self):
        return "unit"


Unit = UnitType()


@dataclass(frozen=True)
class TensorType:
    """A shape, each dimension a number or an expression, and the element type's text."""

    dims: tuple
    element: str


@dataclass(eq=False)
class Value:
    """A result of an operation or a block's argument; equal to nothing but itself."""

    type: Any
    owner: Any = None
    index: int = 0


@dataclass(eq=False)
class Block:
    arguments: list
    operations: list


@dataclass(eq=False)
class Operation:
    name: str
    operands: list
    attributes: dict
    regions: list  # of lists of blocks
    results: list = field(default_factory=list)
    line: int = 0

    def error(self, what):
        return TextError(self.line, f"'{self.name}' {what}")

    def body(self):
        """The operations of the one block of the one region."""
        return self.block().operations

    def block(self):
        if len(self.regions) != 1 or len(self.regions[0]) != 1:
            raise self.error(f"has not one region of one block, but {[len(r) for r in self.regions]}")
        return self.regions[0][0]


class Scope:
    """Names of values; a region sees those around it, also when they are defined further down."""

    def __init__(self, parent=None):
        self.parent, self.values = parent, {}

    def find(self, name):
        scope = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        return None


def tokens_of(text):
    """(kind, text, line) of every token, then an end."""
    at, line, tokens = 0, 1, []
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise TextError(line, f"what is {text[at : at + 20]!r}?")
        if match.lastgroup != "space":
            tokens.append((match.lastgroup, match[0], line))
        line += match[0].count("\n")
        at = match.end()
    return tokens + [("end", "the end", line)]


class Parser:
    def __init__(self, text):
        self.tokens, self.at = tokens_of(text), 0
        self.aliases = {}
        self.unresolved = []  # (operation, its operands' names, the scope)

    # ---- Tokens

    @property
    def text(self):
        return self.tokens[self.at][1]

    @property
    def kind(self):
        return self.tokens[self.at][0]

    @property
    def line(self):
        return self.tokens[self.at][2]

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1][1]

    def accept(self, text):
        """Takes the sign or word `text` if it comes next; a sign may be the beginning of a longer one."""
        kind, have, line = self.tokens[self.at]
        if kind in ("sign", "word") and have == text:
            self.at += 1
            return True
        if kind == "sign" and have.startswith(text):
            self.tokens[self.at] = (kind, have[len(text) :], line)
            return True
        return False

    def expect(self, text):
        if not self.accept(text):
            raise TextError(self.line, f"'{text}' is missing before {self.text!r}")

    def take_kind(self, kind, what):
        if self.kind != kind:
            raise TextError(self.line, f"{what} is missing before {self.text!r}")
        return self.take()

    def sequence(self, item, close):
        """Items between commas up to `close`, which is taken."""
        items = []
        if self.accept(close):
            return items
        while True:
            items.append(item())
            if self.accept(close):
                return items
            self.expect(",")

    # ---- Operations

    def module(self):
        operations, scope = [], Scope()
        while self.kind != "end":
            if self.kind == "word" and self.text[0] in "#!" and self.tokens[self.at + 1][1] == "=":
                alias = self.take()
                self.expect("=")
                self.aliases[alias] = self.type() if alias[0] == "!" else self.attribute()
            elif self.accept("{-#"):
                break
            else:
                operations.append(self.operation(scope))
        for operation, names, inner in self.unresolved:
            for name in names:
                value = inner.find(name)
                if value is None:
                    raise operation.error(f"reads {name}, which nothing defines")
                operation.operands.append(value)
        return operations

    def result_names(self):
        """`%0 = `, `%1:3 = `, `%a, %b = `: the names that the results go by."""
        names = []
        while self.kind == "word" and self.text.startswith("%"):
            name = self.take()
            count = int(self.take_kind("number", "a number of results")) if self.accept(":") else None
            names.extend([name] if count is None else [f"{name}#{i}" for i in range(count)])
            if not self.accept(","):
                self.expect("=")
                break
        return names

    def operand_name(self):
        name = self.take_kind("word", "an operand")
        if not name.startswith("%"):
            raise TextError(self.line, f"an operand is missing before {name!r}")
        if self.kind == "word" and re.fullmatch(r"#\d+", self.text):
            name += self.take()
        return name

    def operation(self, scope):
        names, line = self.result_names(), self.line
        name = self.string()
        self.expect("(")
        operands = self.sequence(self.operand_name, ")")
        attributes = self.dictionary("}>") if self.accept("<{") else {}
        operation = Operation(name, [], attributes, [], line=line)
        if self.accept("("):
            operation.regions = self.sequence(lambda: self.region(Scope(scope)), ")")
        if self.accept("{"):
            attributes.update(self.dictionary("}"))
        self.expect(":")
        self.expect("(")
        inputs = self.sequence(self.type, ")")
        self.expect("->")
        types = self.sequence(self.type, ")") if self.accept("(") else [self.type()]
        self.location()
        if len(names) != len(types) and names:
            raise operation.error(f"has {len(types)} results for {len(names)} names")
        if len(inputs) != len(operands):
            raise operation.error(f"has {len(operands)} operands and {len(inputs)} types for them")
        operation.results = [Value(type, operation, i) for i, type in enumerate(types)]
        self.define(scope, names, operation.results, line)
        self.unresolved.append((operation, operands, scope))
        return operation

    def define(self, scope, names, values, line):
        for name, value in zip(names, values):
            if name in scope.values:
                raise TextError(line, f"{name} is defined twice")
            scope.values[name] = value
            if name.endswith("#0"):  # `%1:1` is also read as `%1`
                scope.values[name[:-2]] = value

    def region(self, scope):
        self.expect("{")
        blocks = []
        while not self.accept("}"):
            arguments = []
            if self.kind == "word" and self.text.startswith("^"):
                self.take()
                if self.accept("("):
                    arguments = self.sequence(lambda: self.block_argument(scope), ")")
                self.expect(":")
            blocks.append(Block(arguments, []))
            while self.text != "}" and not self.text.startswith("^"):
                blocks[-1].operations.append(self.operation(scope))
        return blocks or [Block([], [])]

    def block_argument(self, scope):
        line, name = self.line, self.operand_name()
        self.expect(":")
        value = Value(self.type())
        self.location()
        self.define(scope, [name], [value], line)
        return value

    def location(self):
        """`loc(…)`, which says nothing here."""
        if not self.accept("loc"):
            return
        self.expect("(")
        depth = 1
        while depth:
            if self.kind == "end":
                raise TextError(self.line, "a location does not end")
            depth += {"(": 1, ")": -1}.get(self.take(), 0)

    # ---- Attributes

    def string(self):
        raw = self.take_kind("string", "a string")[1:-1].encode()
        plain = lambda m: bytes.fromhex(m[1].decode()) if len(m[1]) == 2 else {b"n": b"\n", b"t": b"\t"}.get(m[1], m[1])
        return ESCAPE.sub(plain, raw).decode()

    def dictionary(self, close):
        return dict(self.sequence(self.named_attribute, close))

    def named_attribute(self):
        name = self.string() if self.kind == "string" else self.take_kind("word", "an attribute's name")
        return name, self.attribute() if self.accept("=") else Unit

    def attribute(self):
        if self.kind == "string":
            return self.string()
        if self.kind == "number" or self.text == "-":
            return self.number()
        if self.accept("["):
            return self.sequence(self.attribute, "]")
        if self.accept("{"):
            return self.dictionary("}")
        if self.kind == "word":
            if self.text in ("unit", "true", "false"):
                return {"unit": Unit, "true": 1, "false": 0}[self.take()]
            if self.text in self.aliases:
                return self.aliases[self.take()]
            if self.accept("#gpt.expr"):
                return self.delimited(("<", "("), (")", ">"), lambda: expressions.parse(self))
            if self.accept("#gpt.dims"):
                return self.delimited(("<",), (">",), self.dims)
            if self.text.startswith("@"):
                return self.take()[1:].strip('"')
            if self.accept("array"):
                return self.dense_array()
            if self.text[0] != "#":
                return self.type()
        raise TextError(self.line, f"an attribute of an unknown form: {self.text!r}")

    def delimited(self, opening, closing, inside):
        for text in opening:
            self.expect(text)
        value = inside()
        for text in closing:
            self.expect(text)
        return value

    def dims(self):
        self.expect("[")
        return self.sequence(lambda: expressions.parse(self), "]")

    def dense_array(self):
        """`array<i64: 1, 2>`."""
        self.expect("<")
        self.take_kind("word", "an element type")
        return self.sequence(self.number, ">") if self.accept(":") else self.sequence(self.number, ">")

    def number(self):
        negative = self.accept("-")
        text = self.take_kind("number", "a number")
        type = self.type() if self.kind == "sign" and self.accept(":") else ""
        if "0x" in text and type.startswith("f"):  # the bits of what has no decimal form
            width, code = {"f64": (8, ">d"), "f32": (4, ">f")}[type]
            return struct.unpack(code, int(text, 16).to_bytes(width, "big"))[0]
        value = int(text, 0) if re.fullmatch(r"-?(0x[0-9a-fA-F]+|\d+)", text) else float(text)
        if isinstance(value, int) and type.startswith("f"):
            value = float(value)
        return -value if negative else value

    # ---- Types

    def type(self):
        line, word = self.line, self.text
        if self.accept("tensor"):
            return self.tensor()
        if self.accept("("):  # a function's type, which no value has
            inputs = self.sequence(self.type, ")")
            self.expect("->")
            return inputs, self.sequence(self.type, ")") if self.accept("(") else [self.type()]
        if self.kind != "word" or word[0] in "%^@#":
            raise TextError(line, f"a type is missing before {word!r}")
        self.take()
        return self.aliases.get(word, word)

    def tensor(self):
        """What follows `tensor`: `<4x?xbf16, #gpt.dims<[4, D]>>`."""
        self.expect("<")
        line, shape = self.line, ""
        while self.text not in (",", ">"):
            if self.kind == "end":
                raise TextError(line, "a tensor's type does not end")
            shape += self.take()
        *sizes, element = shape.split("x")
        dims = tuple(None if s == "?" else int(s) for s in sizes)
        if self.accept(","):
            named = self.attribute()
            if not isinstance(named, list) or len(named) != len(dims):
                raise TextError(line, f"a tensor of {len(dims)} dimensions with the names {named}")
            dims = tuple(named)
        self.expect(">")
        if None in dims:
            raise TextError(line, f"tensor<{shape}> has a dimension without a name")
        return TensorType(dims, element)


def parse(text):
    """The operations at the top of a text in generic form."""
    return Parser(text).module()
