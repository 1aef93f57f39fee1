"""The numbers of a model: constants, schedules and YaRN, as functions of the step."""

import functools
import math
import re

import numpy as np

from .expressions import ExpressionError, evaluate
from .mlir_text import Unit, Value


def number_of(text):
    """The value that a command line gives to a constant; what is no number is a constant's name."""
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if re.fullmatch(r"[-+]?\d*\.?\d+([eE][-+]?\d+)?", text):
        return float(text)
    return {"true": 1, "false": 0}.get(text, text)


class Constants:
    """The names of `gpt.let`, of which `sets` replaces some; an expression is evaluated when it is read."""

    def __init__(self, operations, sets):
        self.trees, self.values, self.pending = {}, {}, []
        for op in operations:
            if op.name == "gpt.let":
                args = op.attributes["args"]
                self.trees.update(zip(args[::2], args[1::2]))
        for name, value in sets.items():
            if name not in self.trees:
                raise ExpressionError(f"--set {name}: the model has no constant of this name")
            self.trees[name] = number_of(value) if isinstance(value, str) else value

    def __call__(self, name):
        if name not in self.values:
            tree = self.trees.get(name, Unit)
            if tree is Unit:
                raise ExpressionError(f"the constant '{name}' has no value")
            if name in self.pending:
                raise ExpressionError(f"the constant '{name}' is defined by itself")
            self.pending.append(name)
            self.values[name] = evaluate(tree, self)
            self.pending.pop()
        return self.values[name]


class Applied:
    """An operation with what its expressions read: number operands, constants, T."""

    def __init__(self, op, numbers, constants, T=None, split_before=None):
        self.op, self.numbers, self.constants, self.T = op, numbers, constants, T
        self.split_before = split_before

    def error(self, what):
        return self.op.error(what)

    def lookup(self, name):
        if name.startswith("_"):
            return self.numbers[int(name[1:])]
        return self.T if name == "T" and self.T is not None else self.constants(name)

    def value(self, tree):
        try:
            return evaluate(tree, self.lookup)
        except ExpressionError as problem:
            raise self.error(f": {problem}") from None

    def whole_value(self, tree, what):
        value = self.value(tree)
        if value != math.floor(value):
            raise self.error(f"needs a whole number as {what}, not {value}")
        return int(value)

    # ---- Attributes

    def attribute(self, name, default=None):
        return self.op.attributes.get(name, default)

    text = attribute

    def flag(self, name):
        return name in self.op.attributes

    def number(self, name):
        return self.value(self.op.attributes[name])

    def whole(self, name):
        return self.whole_value(self.op.attributes[name], f"'{name}'")

    def dims(self, name):
        return self.shape(self.op.attributes[name])

    def shape(self, dims):
        return tuple(self.whole_value(dim, "a size") for dim in dims)

    # ---- `args`: names and expressions in turn

    def arguments(self):
        args = self.op.attributes["args"]
        return {name: self.value(tree) for name, tree in zip(args[::2], args[1::2])}

    def argument(self, name, default=None):
        args = self.op.attributes["args"]
        if name in args[::2]:
            return self.value(args[2 * args[::2].index(name) + 1])
        if default is None:
            raise self.error(f"needs '{name}'")
        return default

    def whole_argument(self, name, default=None):
        return self.whole_value(self.argument(name, default), f"'{name}'")


class Numbers:
    """The values at any step of the model's number values: results of schedules, of `gpt.expr`, of YaRN."""

    def __init__(self, constants):
        self.constants = constants
        self.at = functools.cache(self.at)
        self.yarn = functools.cache(self.yarn)

    def applied(self, op, step, inner=None):
        """`op` at a step; `inner` holds the numbers of the region that it is in."""
        read = lambda v: inner[v] if inner and v in inner else self.at(v, step)
        return Applied(op, [read(v) for v in op.operands if v.type == "f64"], self.constants)

    def at(self, value: Value, step):
        op = value.owner
        name = op.name if op else "an argument"
        if name == "gpt.schedule":
            return self.schedule(op, step)[value.index]
        if name == "gpt.expr":
            return self.applied(op, step).number("value")
        if name == "gpt.yarn":
            return self.yarn(op, step)[1]
        raise op.error("gives no number of the step") if op else ExpressionError("an argument without a value")

    def schedule(self, op, step):
        block = op.block()
        inner = {argument: step for argument in block.arguments}
        for each in block.operations:
            here = self.applied(each, step, inner)
            if each.name == "gpt.yield":
                return [here.value(tree) for tree in each.attributes["values"]]
            if each.name != "gpt.expr":
                raise each.error("is nothing that a schedule may hold")
            inner[each.results[0]] = here.number("value")
        raise op.error("has no gpt.yield")

    def yarn(self, op, step):
        """(frequencies, scale): corrected at every change of the window up to this step."""
        here = self.applied(op, 0)
        count, base = here.whole_argument("count"), here.argument("base")
        freqs, scale = float(base) ** -np.linspace(0, 1, count), here.argument("scale")
        alpha, beta, growth = (here.argument(name) for name in ("alpha", "beta", "growth"))
        old = here.argument("window")
        for later in range(1, step + 1):
            new = self.applied(op, later).argument("window")
            if new != old:
                r = old * freqs / (2 * math.pi)
                w = np.clip((r - alpha) / (beta - alpha), 0, 1)
                freqs = freqs * (old / new + w * (1 - old / new))
                scale *= growth * math.log(new / old) + 1
            old = new
        return freqs, scale
