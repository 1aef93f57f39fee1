"""Runs what JAX has traced and differentiated, one primitive after the other, in NumPy.

XLA would compile a program for each model, a second or more; NumPy needs none. A primitive without an entry here runs through
JAX itself, so the table is about speed alone.
"""

import functools
import math
from dataclasses import dataclass

import jax
import numpy as np
from jax.extend.core import Literal

TABLE = {}


def primitive(*names):
    def add(function):
        TABLE.update(dict.fromkeys(names, function))
        return function

    return add


def plain(function):
    return lambda params, *values: function(*values)


def quotient(x, y):
    """Integers are left to JAX, which truncates."""
    return np.divide(x, y) if np.issubdtype(np.result_type(x), np.floating) else None


TABLE.update(
    {
        name: plain(function)
        for name, function in {
            "add": np.add,
            "add_any": np.add,
            "sub": np.subtract,
            "mul": np.multiply,
            "div": quotient,
            "neg": np.negative,
            "max": np.maximum,
            "min": np.minimum,
            "exp": np.exp,
            "log": np.log,
            "sqrt": np.sqrt,
            "rsqrt": lambda x: 1 / np.sqrt(x),
            "square": np.square,
            "logistic": lambda x: 1 / (1 + np.exp(-x)),
            "eq": np.equal,
            "ne": np.not_equal,
            "gt": np.greater,
            "ge": np.greater_equal,
            "lt": np.less,
            "le": np.less_equal,
            "and": np.bitwise_and,
            "or": np.bitwise_or,
            "not": np.bitwise_not,
            "shift_left": np.left_shift,
            "shift_right_arithmetic": np.right_shift,
            "abs": np.abs,
            "sign": np.sign,
            "rem": np.fmod,
            "is_finite": np.isfinite,
            "tanh": np.tanh,
            "log1p": np.log1p,
            "expm1": np.expm1,
            "sin": np.sin,
            "cos": np.cos,
            "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high),
            "select_n": lambda which, *cases: np.where(which, cases[1], cases[0]),
            "stop_gradient": lambda x: x,
            "copy": lambda x: x,
            "copy_p": lambda x: x,
        }.items()
    }
)


@primitive("iota")
def iota(params):
    shape = [1] * len(params["shape"])
    shape[params["dimension"]] = -1
    return np.broadcast_to(np.arange(params["shape"][params["dimension"]], dtype=params["dtype"]).reshape(shape), params["shape"])


@primitive("pow")
def power(_params, x, y):
    """Of integers only where they cannot wrap."""
    return np.power(x, y) if np.issubdtype(np.result_type(x), np.floating) else None


@primitive("integer_pow")
def integer_pow(params, x):
    return x ** params["y"]


@primitive("convert_element_type")
def convert(params, x):
    return np.asarray(x).astype(params["new_dtype"])


@primitive("bitcast_convert_type")
def bitcast(params, x):
    return np.asarray(x).view(params["new_dtype"])


@primitive("round")
def round_(params, x):
    return np.rint(x) if params["rounding_method"].name == "TO_NEAREST_EVEN" else None


@primitive("split")
def split(params, x):
    return np.split(x, np.cumsum(params["sizes"])[:-1], axis=params["axis"])


@primitive("reduce_sum")
def reduce_sum(params, x):
    return np.sum(x, axis=tuple(params["axes"]))


@primitive("reduce_max")
def reduce_max(params, x):
    return np.max(x, axis=tuple(params["axes"]))


@primitive("reshape")
def reshape(params, x):
    return np.reshape(x, params["new_sizes"])


@primitive("squeeze")
def squeeze(params, x):
    return np.squeeze(x, axis=tuple(params["dimensions"]))


@primitive("transpose")
def transpose(params, x):
    return np.transpose(x, params["permutation"])


@primitive("broadcast_in_dim")
def broadcast_in_dim(params, x):
    shape = [1] * len(params["shape"])
    for place, size in zip(params["broadcast_dimensions"], np.shape(x)):
        shape[place] = size
    return np.broadcast_to(np.reshape(x, shape), params["shape"])


@primitive("slice")
def slice_(params, x):
    strides = params["strides"] or [1] * np.ndim(x)
    return x[tuple(map(slice, params["start_indices"], params["limit_indices"], strides))]


@primitive("concatenate")
def concatenate(params, *parts):
    return np.concatenate(parts, axis=params["dimension"])


@primitive("stack")
def stack(params, *parts):
    return np.stack(parts, axis=params["axis"])


@primitive("unstack")
def unstack(params, x):
    return list(np.moveaxis(x, params["axis"], 0))


@primitive("pad")
def pad(params, x, filling):
    config = params["padding_config"]
    shape = [low + high + n + gap * max(n - 1, 0) for (low, high, gap), n in zip(config, x.shape)]
    if any(low < 0 or high < 0 for low, high, _gap in config):
        return None
    padded = np.full(shape, filling, x.dtype)
    padded[tuple(slice(low, low + (gap + 1) * n, gap + 1) for (low, _high, gap), n in zip(config, x.shape))] = x
    return padded


@functools.cache
def arrangement(shape, batch, contracted, last):
    """An operand of a product as a matrix: the order of its axes, its shape, and the sizes of the axes that are no sums."""
    rest = [i for i in range(len(shape)) if i not in batch and i not in contracted]
    order = [*batch, *contracted, *rest] if last else [*batch, *rest, *contracted]
    sizes = lambda axes: [shape[i] for i in axes]
    flat = [math.prod(sizes(contracted)), math.prod(sizes(rest))]
    return order, sizes(batch) + (flat if last else flat[::-1]), sizes(batch), sizes(rest)


@primitive("dot_general")
def dot_general(params, a, b):
    (ca, cb), (ba, bb) = params["dimension_numbers"]
    order, shape, batch, rows = arrangement(a.shape, ba, ca, False)
    left = a.transpose(order).reshape(shape)
    order, shape, _batch, columns = arrangement(b.shape, bb, cb, True)
    return (left @ b.transpose(order).reshape(shape)).reshape(batch + rows + columns)


@primitive("gather")
def gather(params, x, index):
    """Whole rows named by an index."""
    n = params["dimension_numbers"]
    rows = (n.offset_dims, n.collapsed_slice_dims, n.start_index_map) == ((1,), (0,), (0,))
    if not rows or x.ndim != 2 or params["slice_sizes"] != (1, x.shape[1]) or n.operand_batching_dims:
        return None
    return x[index[:, 0]]


@primitive("scatter-add")
def scatter_add(params, x, index, updates):
    """The transpose of that."""
    n = params["dimension_numbers"]
    rows = (n.update_window_dims, n.inserted_window_dims, n.scatter_dims_to_operand_dims) == ((1,), (0,), (0,))
    if not rows or x.ndim != 2 or updates.shape[1] != x.shape[1] or n.operand_batching_dims:
        return None
    total = np.array(x)
    np.add.at(total, index[:, 0], updates)
    return total


# Primitives that hold a program of their own, and where.
INNER = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr"}


@dataclass
class Step:
    """A primitive; what it reads and writes, and what nobody reads after it, by place."""

    eqn: object
    function: object  # of the table, or None
    reads: list
    writes: list
    last: list = ()

    def __call__(self, values, rounding):
        name, params = self.eqn.primitive.name, self.eqn.params
        operands = [values[i] for i in self.reads]
        if rounding:
            operands = rounding(name, params, operands)
        found = self.function(params, *operands) if self.function else None
        if found is None:
            found = self.eqn.primitive.bind(*operands, **params)
            found = list(map(np.asarray, found)) if self.eqn.primitive.multiple_results else np.asarray(found)
        return found if self.eqn.primitive.multiple_results else [found]


class Traced:
    """A function of arrays, traced at the shapes of its first arguments; the results are NumPy's."""

    def __init__(self, function, *arguments):
        # Functions of jax.numpy would each be traced and differentiated as a program of its own; they are flattened here anyway.
        def flat(*arguments):
            with jax.disable_jit():
                return function(*arguments)

        traced, shape = jax.make_jaxpr(flat, return_shape=True)(*arguments)
        self.results = jax.tree.structure(shape)
        self.steps, self.constants = [], {}  # constants by place
        self.places = len(traced.jaxpr.invars)  # the first are the arguments'
        self.outputs = self.flatten(traced.jaxpr, traced.consts, range(self.places))
        read, kept = set(self.outputs), self.constants.keys()
        for step in reversed(self.steps):
            step.last = [i for i in {*step.reads, *step.writes} if i not in read and i not in kept]
            read.update(step.reads)

    def place(self, constant=None):
        self.places += 1
        if constant is not None:
            self.constants[self.places - 1] = np.asarray(constant)
        return self.places - 1

    def flatten(self, jaxpr, consts, inputs):
        """Adds the steps of a program to all others; where its results are."""
        places = dict(zip(jaxpr.invars, inputs))
        places.update((v, self.place(c)) for v, c in zip(jaxpr.constvars, consts))
        of = lambda x: self.place(np.asarray(x.val, x.aval.dtype)) if isinstance(x, Literal) else places[x]
        for eqn in jaxpr.eqns:
            name, reads = eqn.primitive.name, [of(x) for x in eqn.invars]
            if name in INNER:
                inner = eqn.params[INNER[name]]
                writes = self.flatten(inner.jaxpr, inner.consts, reads)
            else:
                writes = [self.place() for _ in eqn.outvars]
                self.steps.append(Step(eqn, TABLE.get(name), reads, writes))
            places.update(zip(eqn.outvars, writes))
        return [of(x) for x in jaxpr.outvars]

    def __call__(self, *arguments, rounding=None):
        values = dict(self.constants)
        values.update(enumerate(map(np.asarray, jax.tree.leaves(arguments))))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            for step in self.steps:
                values.update(zip(step.writes, step(values, rounding)))
                for i in step.last:
                    del values[i]
        return jax.tree.unflatten(self.results, [values[i] for i in self.outputs])


def evaluated(function, *arguments, rounding=None):
    """What `function` gives for NumPy arguments, without a compilation. `rounding(primitive, parameters, operands)` may change
    what a primitive reads."""
    return Traced(function, *arguments)(*arguments, rounding=rounding)


def traced(function):
    """Like jax.jit(function, static_argnums=0): traced once for each first argument and each shapes of the others."""
    programs = {}

    @functools.wraps(function)
    def call(static, *arguments):
        leaves, tree = jax.tree.flatten(arguments)
        key = static, tree, tuple((np.shape(x), np.result_type(x)) for x in leaves)
        if key not in programs:
            programs[key] = Traced(functools.partial(function, static), *arguments)
        return programs[key](*arguments)

    return call
