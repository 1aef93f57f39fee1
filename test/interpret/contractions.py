"""What the ops over matrices, heads and losses compute, in float64, as their descriptions say; see `ops.py`."""

from functools import partial

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jax import lax

from .ops import log_sum_exp, meaning, on_grid, rows_before

# ---- Contractions ------------------------------------------------------------------------------------------------------------


def contracted(a, b, of_a, of_b):
    """Σ over dimension `of_a` of a's matrices and `of_b` of b's; of two stacks matrix by matrix."""
    batch = tuple(range(a.ndim - 2))
    return lax.dot_general(a, b, (((len(batch) + of_a,), (len(batch) + of_b,)), (batch, batch)))


@meaning("linear")
def linear(op, x, w):
    return contracted(x, w, 1, 1)


@meaning("matmul")
def matmul(op, x, w):
    return contracted(x, w, 1, 0)


@meaning("outer")
def outer(op, a, b):
    return contracted(a, b, 0, 0)


@meaning("gram")
def gram(op, x):
    return contracted(x, x, 1, 1)


@meaning("transpose")
def transpose(op, x):
    return jnp.swapaxes(x, -1, -2) if op.argument("on", 1) else x


# ---- Attention ---------------------------------------------------------------------------------------------------------------


def bf16(x):
    return np.asarray(x).astype(ml_dtypes.bfloat16).astype(np.float64)


def angles(freqs, rows, group):
    """(group·t + g)·freqs[e], [rows, group, e]: f32 products of f32 numbers."""
    position = group * np.arange(rows)[:, None] + np.arange(group)
    return np.float64(np.float32(position)[..., None] * np.float32(freqs))


def rotated(x, cos, sin, neighbours):
    """(a cos + b sin, b cos − a sin) of the pairs of each head; the tables are [T, H, pairs], the other pairs stand still."""
    T, H, K = x.shape
    still = [(0, 0), (0, 0), (0, K // 2 - cos.shape[-1])]
    cos, sin = np.pad(cos, still, constant_values=1), np.pad(sin, still)
    pairs = x.reshape(T, H, K // 2, 2) if neighbours else x.reshape(T, H, 2, K // 2)
    a, b = (pairs[..., 0], pairs[..., 1]) if neighbours else (pairs[:, :, 0], pairs[:, :, 1])
    turned = jnp.stack([a * cos + b * sin, b * cos - a * sin], axis=-1 if neighbours else 2)
    return turned.reshape(T, H, K)


@meaning("rotary")
def rotary(op, x, freqs):
    T, H, _K = x.shape
    group = op.whole_argument("group", 1)
    angle = angles(freqs, T, group)[:, np.arange(H) % group]
    return rotated(x, bf16(np.cos(angle)), bf16(np.sin(angle)), op.argument("neighbours", 0))


@meaning("rotary_table")
def rotary_table(op, freqs):
    rows, half, group = (op.attribute(name) for name in ("rows", "half", "group"))
    angle = angles(freqs, rows, group)
    still = [(0, 0), (0, 0), (0, half - angle.shape[-1])]
    cos, sin = np.pad(bf16(np.cos(angle)), still, constant_values=1), np.pad(bf16(np.sin(angle)), still)
    return cos.reshape(rows, -1), sin.reshape(rows, -1)


@meaning("rotate")
def rotate(op, x, cos, sin):
    T, H, _K = x.shape
    group = op.attribute("group")
    cos, sin = (np.asarray(t).reshape(T, group, -1)[:, np.arange(H) % group] for t in (cos, sin))
    return rotated(x, cos, -sin if op.flag("inverse") else sin, op.flag("neighbours"))


def moved_quarters(K):
    return np.arange(K) // (K // 4) % 2 == 1


@meaning("key_offset")
def key_offset(op, x):
    """Where there are no rows so far before, a row keeps its own."""
    by = op.whole_argument("by")
    T = x.shape[0]
    if by < 0:
        raise op.error(f"moves by {by}")
    moved = moved_quarters(x.shape[2]) & (np.arange(T) >= by)[:, None, None]
    return jnp.where(np.broadcast_to(moved, x.shape), rows_before(x, by), x)


@meaning("key_offset_backward")
def key_offset_backward(op, x):
    by, T = op.attribute("by"), x.shape[0]
    moved = np.broadcast_to(moved_quarters(x.shape[2]) & (np.arange(T) >= by)[:, None, None], x.shape)
    return jnp.where(moved, 0, x) + rows_before(jnp.where(moved, x, 0), -by)


def visible(op, T, group, docs):
    """Which keys j a query i sees: max(i − window, group·docs) ≤ j ≤ i."""
    i = np.arange(group * T)
    first = np.maximum(i - op.argument("window"), group * np.repeat(docs, group))
    return (first[:, None] <= i) & (i <= i[:, None])


def scores(op, q, k, docs):
    """scale q·k, [H/group, queries, keys], −∞ where a key is not visible."""
    T, H, K = q.shape
    group = op.whole_argument("group", 1)
    if H % group:
        raise op.error(f"makes groups of {group} of {H} heads")
    q, k = (x.reshape(group * T, H // group, K) for x in (q, k))
    raw = op.argument("scale") * lax.dot_general(q, k, (((2,), (2,)), ((1,), (1,))))
    seen = visible(op, T, group, docs)
    return jnp.where(np.broadcast_to(seen, raw.shape), raw, -jnp.inf)


def attended(op, q, k, v, docs):
    T, H, K = q.shape
    s = scores(op, q, k, docs)
    lse = log_sum_exp(s)
    p = lax.exp(s - lse[..., None])
    group = op.whole_argument("group", 1)
    y = lax.dot_general(p, v.reshape(group * T, H // group, K), (((2,), (0,)), ((0,), (1,))))
    return y.transpose(1, 0, 2).reshape(T, H, K), lse.transpose(1, 0).reshape(T, H)


@meaning("attention")
def attention(op, q, k, v, docs):
    return attended(op, q, k, v, docs)[0]


@meaning("attention_saving")
def attention_saving(op, q, k, v, docs):
    return attended(op, q, k, v, docs)


@meaning("attention_backward")
def attention_backward(op, cotangent, q, k, v, y, lse, docs):
    return jax.vjp(lambda q, k, v: attended(op, q, k, v, docs)[0], q, k, v)[1](cotangent)


# ---- The loss ----------------------------------------------------------------------------------------------------------------


@meaning("softcap")
def softcap(op, x):
    y = lax.logistic((x + op.argument("shift")) / op.argument("width"))
    if op.argument("bf16", 0):  # its slope too is that of what was rounded
        kept = lax.stop_gradient(on_grid("bf16", 1.0, y))
        y = kept + (x - lax.stop_gradient(x)) * kept * (1 - kept) / op.argument("width")
    return op.argument("scale") * y


@meaning("softcap_backward")
def softcap_backward(op, a, b):
    return a * b * (1 - b / op.argument("scale")) / op.argument("width")


def weights_of(op):
    """w0, w1, …: 0 where one is absent; w0 is 1 where none is given."""
    given = {int(name[1:]): weight for name, weight in op.arguments().items() if name != "bf16"}
    return [given.get(k, 0.0) for k in range(1 + max(given))] if given else [1.0]


def loss_of(op, logits, targets):
    T, V = logits.shape
    if np.any((targets < 0) | (targets >= V)):
        raise op.error(f"has the target {int(targets.max())} for {V} logits")
    # What each logit counts in the loss, and each row's normalizer.
    hits, totals, given = np.zeros((T, V)), np.zeros(T), weights_of(op)
    for k, weight in enumerate(given[:T]):
        np.add.at(hits, (np.arange(T - k), targets[k:]), weight)
        totals[: T - k] += weight
    loss = (totals * log_sum_exp(logits)).sum() - (hits * logits).sum()
    if op.argument("bf16", 0) and np.count_nonzero(given) > 1:
        loss = loss_in_bf16(logits, targets, given[:T])
    return loss / T if op.flag("mean") else loss


def loss_in_bf16(logits, targets, weights):
    """Each term rounded before its weight; the slope is that of a rounded log Σ exp, of rounded weights and their rounded sum."""
    rounded, to_bf16 = partial(on_grid, "bf16", 1.0), lambda x: np.asarray(x, ml_dtypes.bfloat16).astype(np.float64)
    fixed = lax.stop_gradient(logits)
    total, slope = log_sum_exp(fixed), np.zeros(logits.shape)
    loss, given = 0.0, np.zeros(len(logits))
    for k, weight in enumerate(weights):
        here = np.arange(len(logits) - k), targets[k:]
        loss += weight * rounded(total[: len(logits) - k] - fixed[here]).sum()
        np.add.at(slope, here, -to_bf16(weight))
        given[: len(logits) - k] += to_bf16(weight)
    slope = slope + to_bf16(given)[:, None] * jnp.exp(fixed - rounded(total)[:, None])
    return loss + (slope * (logits - fixed)).sum()


@meaning("cross_entropy")
def cross_entropy(op, logits, targets):
    return loss_of(op, logits, targets)


@meaning("cross_entropy_backward")
def cross_entropy_backward(op, cotangent, logits, targets):
    return jax.vjp(lambda x: loss_of(op, x, targets), logits)[1](cotangent)[0]

