"""Expressions of a model file: arithmetic over sizes, constants and numbers of the step.

A tree is a number, a name, or a pair (operator, arguments). `_0`, `_1`, … name an operation's number operands. From weakest to
strongest: `a if c else b`; one comparison, 1 or 0; sums; products; a sign. Division is exact, `mod` has the sign of its second
argument, `pick(i, x0, x1, …)` is x_⌊i⌋, the first below 0 and the last beyond the end.
"""

import math


class ExpressionError(Exception):
    pass


def divided(a, b):
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def whole(x):
    """⌊x⌋, also where that is infinite."""
    return math.floor(x) if math.isfinite(x) else x


def log(x):
    return -math.inf if x == 0 else math.log(x)


FUNCTIONS = {
    "min": min,
    "max": max,
    "floor": whole,
    "ceil": lambda x: -whole(-x),
    "sqrt": math.sqrt,
    "log": log,
    "exp": math.exp,
    "pow": math.pow,
    "mod": lambda a, b: a - b * whole(divided(a, b)),
    "pick": None,  # reads one of its arguments alone, as `if` does
}
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divided,
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "==": lambda a, b: int(a == b),
}
# Initial values: only a parameter's recipe has them.
INITS = ("normal", "uniform", "rows", "cycle", "parts")
WORDS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}


def parse(parser):
    """An expression from the tokens of an `mlir_text.Parser`."""
    value = comparison(parser)
    if parser.accept("if"):
        condition = comparison(parser)
        parser.expect("else")
        return "if", [value, condition, parse(parser)]
    return value


def comparison(parser):
    left = terms(parser)
    if parser.kind == "word" and parser.text in WORDS:
        return WORDS[parser.take()], [left, terms(parser)]
    return left


def terms(parser):
    left = factors(parser)
    while True:
        if parser.kind == "number" and parser.text.startswith("-"):  # `a -1`: the sign is no number's
            kind, text, line = parser.tokens[parser.at]
            parser.tokens[parser.at : parser.at + 1] = [("sign", "-", line), (kind, text[1:], line)]
        if parser.accept("+"):
            left = "+", [left, factors(parser)]
        elif parser.accept("-"):
            left = "-", [left, factors(parser)]
        else:
            return left


def factors(parser):
    left = signed(parser)
    while True:
        if parser.accept("*"):
            left = "*", [left, signed(parser)]
        elif parser.accept("/"):
            left = "/", [left, signed(parser)]
        else:
            return left


def signed(parser):
    return ("-", [signed(parser)]) if parser.accept("-") else primary(parser)


def primary(parser):
    if parser.accept("("):
        value = parse(parser)
        parser.expect(")")
        return value
    if parser.kind == "number":
        text = parser.take()
        return int(text) if text.lstrip("-").isdigit() else float(text)
    name = parser.take_kind("word", "a number or a name")
    if not parser.accept("("):
        return {"true": 1, "false": 0}.get(name, name)
    if name not in FUNCTIONS and name not in INITS:
        raise ExpressionError(f"line {parser.line}: unknown function '{name}'")
    return name, parser.sequence(lambda: parse(parser), ")")


def evaluate(tree, lookup):
    """The value of a tree; `lookup` gives that of a name."""
    if isinstance(tree, (int, float)):
        return tree
    if isinstance(tree, str):
        return lookup(tree)
    operator, arguments = tree
    if operator == "if":
        value, condition, other = arguments
        return evaluate(value if evaluate(condition, lookup) != 0 else other, lookup)
    if operator == "pick":
        index = evaluate(arguments[0], lookup)
        return evaluate(arguments[1 + math.floor(min(max(index, 0), len(arguments) - 2))], lookup)
    values = [evaluate(argument, lookup) for argument in arguments]
    if operator == "-" and len(values) == 1:
        return -values[0]
    function = OPERATORS.get(operator) or FUNCTIONS.get(operator)
    if function is None:
        raise ExpressionError(f"'{operator}' gives no number")
    try:
        value = function(*values)
    except (ArithmeticError, ValueError) as problem:
        raise ExpressionError(f"{operator}({', '.join(map(str, values))}): {problem}") from None
    if math.isnan(value):
        raise ExpressionError(f"{operator}({', '.join(map(str, values))}) is no number")
    return value
