"""What each op of the gpt dialect computes, in float64, as its description says: one function an op.

A function gets the op's tensors in order and, as the first argument, an `Applied` that knows the op's numbers and attributes.
JAX differentiates it. A gradient is written by hand only where the description says that it is not the derivative: `round` is
straight through, `round_gradient` rounds what comes back. Element types round nothing: a type says what a target may store.

Integers (tokens, targets, document starts) are NumPy arrays, known before anything is traced.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

TABLE = {}
EPSILON = 2.0**-23


def meaning(name):
    def add(function):
        TABLE[f"gpt.{name}"] = function
        return function

    return add


# ---- Shapes ------------------------------------------------------------------------------------------------------------------


def aligned(a, b):
    """Of two shapes the lower rank repeats over the trailing dimensions, and 1 over anything."""
    rank = max(a.ndim, b.ndim)
    return (x if x.ndim == rank else x.reshape(x.shape + (1,) * (rank - x.ndim)) for x in (a, b))


def rows_before(x, by):
    """Row t − by at t, zeros where there is none."""
    T = x.shape[0]
    if by == 0:
        return x
    if abs(by) >= T:
        return jnp.zeros_like(x)
    gap = jnp.zeros((abs(by), *x.shape[1:]), x.dtype)
    return jnp.concatenate([gap, x[: T - by]] if by > 0 else [x[-by:], gap])


def whole_range(op, first, size, limit):
    if not 0 <= first <= first + size <= limit or size < 1:
        raise op.error(f"takes {first} to {first + size} of {limit}")
    return slice(first, first + size)


@meaning("row")
def row(op, x):
    index = op.whole("index")
    if not 0 <= index < x.shape[0]:
        raise op.error(f"reads row {index} of {x.shape[0]}")
    return x[index]


@meaning("slice")
def slice_(op, x):
    return x[..., whole_range(op, op.whole("at"), op.whole("size"), x.shape[-1])]


@meaning("rows")
def rows(op, x):
    return x[whole_range(op, op.whole("at"), op.whole("size"), x.shape[0])]


@meaning("reshape")
def reshape(op, x):
    return x.reshape(op.dims("dims"))


@meaning("split")
def split(op, x):
    n, dims = x.shape[-1] // 3, op.dims("dims")
    return tuple(x[..., i * n : (i + 1) * n].reshape(dims) for i in range(3))


@meaning("concat")
def concat(op, a, b, c):
    return jnp.concatenate([x.reshape(x.shape[0], -1) for x in (a, b, c)], axis=1)


@meaning("pad")
def pad(op, x):
    at, size = op.whole("at"), op.whole("size")
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(at, size - at - x.shape[-1])])


@meaning("pad_rows")
def pad_rows(op, x):
    at, size = op.whole("at"), op.whole("size")
    return jnp.pad(x, [(at, size - at - x.shape[0])] + [(0, 0)] * (x.ndim - 1))


@meaning("reduce")
def reduce(op, x):
    dims = op.dims("dims")
    kept = dims + (1,) * (x.ndim - len(dims))
    return x.sum(tuple(i for i, n in enumerate(kept) if n == 1), keepdims=True).reshape(dims)


@meaning("tied")
def tied(op, a, b):
    return a if op.split_before() else b


# ---- Arithmetic --------------------------------------------------------------------------------------------------------------


@meaning("add")
def add(op, a, b):
    a, b = aligned(a, b)
    return a + b


@meaning("sub")
def sub(op, a, b):
    a, b = aligned(a, b)
    return a - b


@meaning("mul")
def mul(op, a, b):
    a, b = aligned(a, b)
    return a * b


@meaning("div")
def div(op, a, b):
    a, b = aligned(a, b)
    return a / b


@meaning("dot")
def dot(op, a, b):
    return (a * b).sum()


@meaning("scale")
def scale(op, x):
    return x * op.number("factor")


@meaning("offset")
def offset(op, x):
    return x + op.number("by")


@meaning("sigmoid")
def sigmoid(op, x):
    return lax.logistic(x)


@meaning("sigmoid_backward")
def sigmoid_backward(op, a, b):
    return a * b * (1 - b)


@meaning("relu2")
def relu2(op, x):
    return lax.square(lax.max(x, 0.0))


@meaning("relu2_backward")
def relu2_backward(op, a, b):
    return 2 * a * lax.sqrt(b)


@meaning("sqrt")
def sqrt(op, x):
    return lax.sqrt(x)


@meaning("positive")
def positive(op, x):
    return lax.convert_element_type(x > 0, jnp.float64)


@meaning("sign")
def sign(op, x):
    return lax.convert_element_type(x > 0, jnp.float64) - lax.convert_element_type(x < 0, jnp.float64)


@meaning("clamp")
def clamp(op, x):
    """A choice, not a minimum: at a limit itself the limit is chosen, which no x moves."""
    limits = op.arguments()
    if "min" in limits:
        x = jnp.where(x > limits["min"], x, limits["min"])
    if "max" in limits:
        x = jnp.where(x < limits["max"], x, limits["max"])
    return x


@meaning("clamp_backward")
def clamp_backward(op, a, b):
    limits = op.arguments()
    inside = (b > limits.get("min", -jnp.inf)) & (b < limits.get("max", jnp.inf))
    return jnp.where(inside, a, 0.0)


@meaning("stored")
def stored(op, x):
    return x


@meaning("cast")
def cast(op, x):
    return x


# ---- Grids -------------------------------------------------------------------------------------------------------------------

# Bits after the point, the smallest normal number, the largest number.
GRIDS = {"e4m3": (3, 2.0**-6, 448.0), "e5m2": (2, 2.0**-14, 57344.0), "bf16": (7, 2.0**-126, (2 - 2.0**-7) * 2.0**127)}
EXPONENT = np.uint64(0x7FF0000000000000)


def on_grid(grid, scale, x):
    """scale · grid(x / scale), rounded once to nearest even, saturating."""
    bits, smallest, largest = GRIDS[grid]
    x = lax.clamp(-largest, x / scale, largest)
    # Without its fraction a float64 is the power of two below it.
    power = lax.bitcast_convert_type(lax.bitcast_convert_type(x, jnp.uint64) & EXPONENT, jnp.float64)
    quantum = lax.max(power, smallest) * 2.0**-bits
    return scale * (lax.round(x / quantum, lax.RoundingMethod.TO_NEAREST_EVEN) * quantum)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def rounded(grid, scale, x):
    return on_grid(grid, scale, x)


@rounded.defjvp
def straight_through(grid, scale, primals, tangents):
    return rounded(grid, scale, *primals), tangents[0]


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def rounded_back(grid, scale, x):
    return x


rounded_back.defvjp(lambda grid, scale, x: (x, None), lambda grid, scale, _saved, dy: (on_grid(grid, scale, dy),))


def rounding(function, op, x):
    scale = op.argument("scale")
    if not scale > 0:
        raise op.error(f"needs a positive scale, not {scale}")
    return function(op.text("grid"), scale, x) if op.argument("on", 1) else x


TABLE["gpt.round"] = partial(rounding, rounded)
TABLE["gpt.round_gradient"] = partial(rounding, rounded_back)

# ---- Rows --------------------------------------------------------------------------------------------------------------------


def mean_square(x):
    return (x * x).sum(-1, keepdims=True) / x.shape[-1]


@meaning("rms_norm")
def rms_norm(op, x):
    return x / lax.sqrt(mean_square(x) + EPSILON)


@meaning("rms_norm_backward")
def rms_norm_backward(op, a, b):
    r = 1 / lax.sqrt(mean_square(b) + EPSILON)
    return r * (a - b * r * r * (a * b).sum(-1, keepdims=True) / b.shape[-1])


@meaning("shift")
def shift(op, x):
    return rows_before(x, op.attribute("by", 1))


def looked_up(op, table, index):
    """Rows of a table; JAX adds up the cotangents of a row that is read twice."""
    if np.any((index < 0) | (index >= table.shape[0])):
        raise op.error(f"looks up row {int(index.max())} of {table.shape[0]}")
    numbers = lax.GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,))
    inside = lax.GatherScatterMode.PROMISE_IN_BOUNDS
    return lax.gather(table, np.asarray(index, np.int32)[:, None], numbers, (1, table.shape[1]), mode=inside)


@meaning("embed")
def embed(op, table, tokens):
    return looked_up(op, table, tokens)


def normalized(x):
    """exp(x) over its sum over the last dimension."""
    e = lax.exp(x - lax.stop_gradient(x.max(-1, keepdims=True)))
    return e / e.sum(-1, keepdims=True)


def log_sum_exp(x):
    top = lax.stop_gradient(x.max(-1, keepdims=True))
    return lax.log(lax.exp(x - top).sum(-1)) + top[..., 0]


@meaning("softmax")
def softmax(op, x):
    return normalized(x / op.argument("temperature", 1))


# ---- Gates -------------------------------------------------------------------------------------------------------------------


def gate_of(op, x, w):
    """σ(w · x[at..at+n]), [T, G]."""
    at = op.attribute("at")
    return lax.logistic(lax.dot(x[:, whole_range(op, at, w.shape[1], x.shape[1])], w.T))


def gated(op, value, w, x, times=1.0):
    g, y = aligned(gate_of(op, x, w), value)
    return op.attribute("factor") * times * g * y


@meaning("gate")
def gate(op, value, w, x, *times):
    return gated(op, value, w, x, *times)


@meaning("gate_backward")
def gate_backward(op, cotangent, value, w, x, *times):
    at, n = op.attribute("at"), w.shape[1]

    def of_slice(value, columns, w, *times):
        return gated(op, value, w, lax.dynamic_update_slice(x, columns, (0, at)), *times)

    return jax.vjp(of_slice, value, x[:, at : at + n], w, *times)[1](cotangent)


def smeared(op, x, w, by):
    return x + by * gate_of(op, x, w) * rows_before(x, 1)


@meaning("smear")
def smear(op, x, w, by):
    return smeared(op, x, w, by)


@meaning("smear_backward")
def smear_backward(op, cotangent, x, w, by):
    return jax.vjp(partial(smeared, op), x, w, by)[1](cotangent)
