"""Runs what JAX has traced and differentiated, one primitive after the other, in NumPy.

XLA would compile a program for each model, a second or more; NumPy needs none. A primitive without an entry here runs through
JAX itself, so the table is about speed alone.
"""

import functools

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
            "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high),
            "select_n": lambda which, *cases: np.where(which, cases[1], cases[0]),
            "stop_gradient": lambda x: x,
            "copy": lambda x: x,
            "copy_p": lambda x: x,
        }.items()
    }
)


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


@primitive("pad")
def pad(params, x, filling):
    config = params["padding_config"]
    shape = [low + high + n + gap * max(n - 1, 0) for (low, high, gap), n in zip(config, x.shape)]
    if any(low < 0 or high < 0 for low, high, _gap in config):
        return None
    padded = np.full(shape, filling, x.dtype)
    padded[tuple(slice(low, low + (gap + 1) * n, gap + 1) for (low, _high, gap), n in zip(config, x.shape))] = x
    return padded


@primitive("dot_general")
def dot_general(params, a, b):
    (ca, cb), (ba, bb) = params["dimension_numbers"]

    def arranged(x, batch, contracted, last):
        rest = [i for i in range(x.ndim) if i not in batch and i not in contracted]
        order = [*batch, *contracted, *rest] if last else [*batch, *rest, *contracted]
        sizes = lambda axes: [x.shape[i] for i in axes]
        flat = [int(np.prod(sizes(contracted))), int(np.prod(sizes(rest)))]
        return x.transpose(order).reshape(sizes(batch) + (flat if last else flat[::-1])), sizes(batch), sizes(rest)

    left, batch, rows = arranged(a, ba, ca, False)
    right, _batch, columns = arranged(b, bb, cb, True)
    return (left @ right).reshape(batch + rows + columns)


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


def apply(eqn, values, rounding=None):
    name = eqn.primitive.name
    if name in INNER:
        inner = eqn.params[INNER[name]]
        return run(inner.jaxpr, inner.consts, values, rounding)
    if rounding:
        values = rounding(name, eqn.params, values)
    found = TABLE[name](eqn.params, *values) if name in TABLE else None
    if found is not None:
        return found if eqn.primitive.multiple_results else [found]
    found = eqn.primitive.bind(*values, **eqn.params)
    return [np.asarray(x) for x in (found if eqn.primitive.multiple_results else [found])]


def run(jaxpr, consts, arguments, rounding=None):
    values = dict(zip(jaxpr.constvars, consts))
    values.update(zip(jaxpr.invars, arguments))
    read = lambda x: x.val if isinstance(x, Literal) else values[x]
    last = {}  # where each value is read last: beyond that it is no longer kept
    for i, eqn in enumerate(jaxpr.eqns):
        last.update((v, i) for v in eqn.invars if not isinstance(v, Literal))
    kept = {v for v in jaxpr.outvars if not isinstance(v, Literal)}
    for i, eqn in enumerate(jaxpr.eqns):
        values.update(zip(eqn.outvars, apply(eqn, [read(x) for x in eqn.invars], rounding)))
        for v in {v for v in eqn.invars if not isinstance(v, Literal)}:
            if last[v] == i and v not in kept:
                del values[v]
    return [read(x) for x in jaxpr.outvars]


class Traced:
    """A function of arrays, traced at the shapes of its first arguments; the results are NumPy's."""

    def __init__(self, function, *arguments):
        traced, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        self.jaxpr, self.consts = traced.jaxpr, [np.asarray(c) for c in traced.consts]
        self.results = jax.tree.structure(shape)

    def __call__(self, *arguments, rounding=None):
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found = run(self.jaxpr, self.consts, [np.asarray(x) for x in jax.tree.leaves(arguments)], rounding)
        return jax.tree.unflatten(self.results, found)


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
