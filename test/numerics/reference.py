"""The record, its baseline and the paired model, forward and backward, in float64: what gptc's programs must compute.

An independent implementation: JAX differentiates it, so no gradient is written by hand. Exactly two roundings stand here, as
in gptc's CPU programs: cos and sin are bf16 numbers, and with `fp8` the head's operands lie on the FP8 grids.

    model = record(D=64, H=4, K=16, F=96, V=128, schedule=Schedule(...))
    loss, gradients = loss_and_gradients(model, parameters, Batch(tokens, targets, starts), step=4)

Notation: T tokens, D channels, H heads of K channels, F hidden channels, V rows of a table. `lin(x, W)` is x Wᵀ. Weights have
the names and shapes of parameter files; an index into a bank is part of the name, as in `c_fc.3`.
"""

import os
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

# What is not run by NumPy serves for a few small batches: compiling it is most of its cost.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import jax
import jax.numpy as jnp
import numpy as np

from batch import Batch
from schedules import Schedule

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from interpret.evaluate import traced

jax.config.update("jax_enable_x64", True)

LAYERS = 11
NO_ATTENTION = 6  # this block has an MLP only; the skip ends here
SKIP_FROM = 3  # its output is added before block 6
BACKOUT_FROM = 7  # its output is taken out again at the end
LONG = (3, 10)  # blocks with the long window and the key offset
EPSILON = 2.0**-23
_ = None  # a block without a value embedding


@dataclass(frozen=True)
class Model:
    """Sizes, and all in which one model of the family differs from another."""

    D: int = 768
    H: int = 6
    K: int = 128
    F: int = 3072
    V: int = 50304
    fp8: bool = True
    schedule: Schedule = field(default_factory=Schedule)
    # How many channels each gate reads of a row, and where they begin.
    gate: int = 12
    smear_at: int = 0
    skip_at: int = 6
    attn_at: int = 18
    ve_at: int = 18
    # For each block: its value table, and its row of ve_gate_bank.
    value_tables: tuple = (0, 1, 2, _, _, _, _, _, 0, 1, 2)
    ve_gates: tuple = (0, 1, 2, _, _, _, _, _, 3, 4, 5)
    ve_gate_rows: int = 6
    tables: int = 3
    # Rotary pairs (2e, 2e+1) instead of (e, e + K/2); the blocks whose heads m and m + H/2 share one sequence.
    neighbours: bool = False
    paired: tuple = ()
    angle: type = np.float32  # in which position × frequency is computed

    def shapes(self):
        """Name → shape of every parameter."""
        table, gate = (self.V, self.D), (1, self.gate)
        attention = [i for i in range(LAYERS) if i != NO_ATTENTION]
        return {
            "lm_head": table,
            "embed": table,
            **{f"value_embeds.{j}": table for j in range(self.tables)},
            "smear_gate": gate,
            "skip_gate": gate,
            "attn_gate_bank": (len(attention), self.H, self.gate),
            "ve_gate_bank": (self.ve_gate_rows, self.H, self.gate),
            **{f"qkvo_w.{i}": (4 * self.D, self.D) for i in attention},
            **{f"c_fc.{i}": (self.F, self.D) for i in range(LAYERS)},
            **{f"c_proj.{i}": (self.F, self.D) for i in range(LAYERS)},
            "x0_lambdas": (LAYERS,),
            "scalars": (3 * LAYERS + 3,),
        }


def record(**sizes):
    return Model(**sizes)


def baseline(**sizes):
    return replace(
        Model(**sizes),
        smear_at=0, skip_at=0, attn_at=0, ve_at=0,
        value_tables=(1, 2, _, _, _, _, _, _, 0, 1, 2),
        ve_gates=(1, 2, _, _, _, _, _, _, 2, 3, 4),  # row 2 serves twice, row 0 never
        ve_gate_rows=5,
    )


def paired(**sizes):
    return replace(
        baseline(**sizes),
        ve_gates=(0, 1, _, _, _, _, _, _, 2, 3, 4),
        neighbours=True,
        paired=(0, 2, 5, 9),
    )


# ---- Inputs ------------------------------------------------------------------------------------------------------------------


class Numbers(NamedTuple):
    """What a step, and nothing else, decides. Arrays and scalars only, so that one traced function serves all steps."""

    short: int
    long: int
    scale: float
    weights: np.ndarray  # [3]: zero where a step has fewer targets
    after_split: bool
    cos: np.ndarray  # [2T, K/4], by rotary position
    sin: np.ndarray


def numbers_of(model, step, T):
    schedule = model.schedule
    short, long = schedule.windows(step)
    freqs, scale = schedule.yarn(step, model.K // 4)
    weights = np.zeros(3)
    weights[: len(schedule.target_weights(step))] = schedule.target_weights(step)
    angle = np.float64(np.arange(2 * T, dtype=model.angle)[:, None] * np.asarray(freqs, model.angle))
    return Numbers(short, long, scale, weights, schedule.after_split(step), bf16(np.cos(angle)), bf16(np.sin(angle)))


# ---- Roundings ---------------------------------------------------------------------------------------------------------------


def bf16(x):
    """The nearest number of 8 significant bits, ties to even."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.rint(mantissa * 256), exponent - 8)


def on_grid(x, bits, smallest_exponent, largest):
    """The nearest number of `bits` significant bits, or of the subnormal grid; too large ones saturate."""
    _mantissa, exponent = jnp.frexp(x)
    quantum = jnp.ldexp(jnp.ones((), x.dtype), jnp.maximum(exponent - 1, smallest_exponent) - (bits - 1))
    return jnp.clip(jnp.round(x / quantum) * quantum, -largest, largest)


e4m3 = partial(on_grid, bits=4, smallest_exponent=-6, largest=448.0)
e5m2 = partial(on_grid, bits=3, smallest_exponent=-14, largest=57344.0)


class Operands(NamedTuple):
    """Something for each operand of the FP8 head: x [T, D] and w [V, D] forward, the product's gradient g [T, V] backward."""

    x: jax.Array
    w: jax.Array
    g: jax.Array


SCALES = Operands(100 / 448, 1.6 / 448, 0.75 / 448)
GRIDS = Operands(e4m3, e4m3, e5m2)
STILL = Operands(0.0, 0.0, 0.0)


def scaled(x, scale, grid, nudge=0.0):
    """x rounded to scale × grid, after a nudge in units of the grid."""
    return grid(x / scale + nudge) * scale


@jax.custom_vjp
def lin_fp8(x, w, nudges):
    """lin with both operands in e4m3; the gradient goes back through e5m2, and the rounded operands serve again."""
    return lin_fp8_forward(x, w, nudges)[0]


def lin_fp8_forward(x, w, nudges):
    x, w = scaled(x, SCALES.x, GRIDS.x, nudges.x), scaled(w, SCALES.w, GRIDS.w, nudges.w)
    return x @ w.T, (x, w, nudges)


def lin_fp8_backward(saved, gradient):
    x, w, nudges = saved
    gradient = scaled(gradient, SCALES.g, GRIDS.g, nudges.g)
    return gradient @ w, gradient.T @ x, None


lin_fp8.defvjp(lin_fp8_forward, lin_fp8_backward)

# ---- The model ---------------------------------------------------------------------------------------------------------------

sigmoid = jax.nn.sigmoid


def lin(x, w):
    return x @ w.T


def norm(x):
    return x / jnp.sqrt(jnp.mean(x * x, axis=-1, keepdims=True) + EPSILON)


def gate(row, at, w):
    """σ of a few channels of a row: one gate for each row of w."""
    return sigmoid(lin(row[:, at : at + w.shape[1]], w))


def previous(x):
    """Row t − 1 at t; zero before the first."""
    return jnp.concatenate([jnp.zeros_like(x[:1]), x[:-1]])


class Scalars(NamedTuple):
    resid: jax.Array  # [11]
    sa: jax.Array  # [11, 2]: multiplies q, k, v weights and o weights
    smear: jax.Array
    backout: jax.Array
    skip: jax.Array

    @staticmethod
    def unpack(s):
        return Scalars(s[:LAYERS], s[LAYERS : 3 * LAYERS].reshape(LAYERS, 2), *s[3 * LAYERS :])


def rotary(model, x, numbers, paired):
    """Rotates pairs of channels of x [T, H, K] by position × frequency; K/4 pairs move, the rest stand still."""
    T, H, K = x.shape
    position = jnp.arange(T)[:, None] + jnp.zeros(H, int)
    if paired:
        position = 2 * position + jnp.arange(H) % 2
    cos, sin = numbers.cos[position], numbers.sin[position]  # [T, H, K/4]
    turned = lambda a, b: (a * cos + b * sin, b * cos - a * sin)
    if model.neighbours:
        pairs = jnp.stack(turned(x[..., : K // 2 : 2], x[..., 1 : K // 2 : 2]), axis=-1)
        return jnp.concatenate([pairs.reshape(T, H, K // 2), x[..., K // 2 :]], axis=-1)
    a, still_a, b, still_b = jnp.split(x, 4, axis=-1)
    a, b = turned(a, b)
    return jnp.concatenate([a, still_a, b, still_b], axis=-1)


def offset_keys(k):
    """The second and fourth quarter of a head's channels come from the token before."""
    K, T = k.shape[-1], k.shape[0]
    channel = jnp.arange(K)
    moved = (channel // (K // 4)) % 2 == 1
    before = jnp.concatenate([k[:1], k[:-1]]) if T > 1 else k
    return jnp.where(moved, before, k)


def attention(q, k, v, documents, window, scale, paired):
    """Causal, inside a document, `window` positions back. Paired heads m, m + H/2 interleave to one sequence of 2T."""
    T, H, K = q.shape
    if paired:
        q, k, v = (x.reshape(2 * T, H // 2, K) for x in (q, k, v))
        documents = jnp.repeat(documents, 2)
    t = jnp.arange(q.shape[0])
    visible = (documents[:, None] == documents) & (t <= t[:, None]) & (t >= t[:, None] - window)
    logits = jnp.where(visible, scale * jnp.einsum("thk,shk->hts", q, k), -jnp.inf)
    y = jnp.einsum("hts,shk->thk", jax.nn.softmax(logits, axis=-1), v)
    return y.reshape(T, H, K)


def attend(model, p, s, i, h, tokens, documents, numbers):
    """What block i's attention adds to its input, from h, the normed input."""
    D, H, K = model.D, model.H, model.K
    bank = i if i < NO_ATTENTION else i - 1
    paired = i in model.paired
    w = p[f"qkvo_w.{i}"]
    q, k, v = (x.reshape(-1, H, K) for x in jnp.split(lin(h, s.sa[i, 0] * w[: 3 * D]), 3, axis=1))
    q, k = (rotary(model, norm(x), numbers, paired) for x in (q, k))
    if i in LONG:
        k = offset_keys(k)
    if model.value_tables[i] is not None:
        value = p[f"value_embeds.{model.value_tables[i]}"][tokens].reshape(-1, H, K)
        g = gate(h, model.ve_at, p["ve_gate_bank"][model.ve_gates[i]])
        v = v + 2 * g[..., None] * value
    y = attention(q, k, v, documents, numbers.long if i in LONG else numbers.short, numbers.scale, paired)
    y = gate(h, model.attn_at, p["attn_gate_bank"][bank])[..., None] * y
    return lin(y.reshape(-1, D), s.sa[i, 1] * w[3 * D :])


def mlp(p, i, h):
    return jnp.maximum(lin(h, p[f"c_fc.{i}"]), 0) ** 2 @ p[f"c_proj.{i}"]


def trunk(model, p, tokens, documents, numbers):
    """Tokens → what the head reads."""
    s = Scalars.unpack(p["scalars"])
    x = jnp.where(numbers.after_split, p["embed"], p["lm_head"])[tokens]
    x = x + s.smear * gate(x, model.smear_at, p["smear_gate"]) * previous(x)
    x = x0 = norm(x)
    outputs = []
    for i in range(LAYERS):
        if i == NO_ATTENTION:
            x = x + 2 * sigmoid(s.skip) * gate(x0, model.skip_at, p["skip_gate"]) * outputs[SKIP_FROM]
        x = s.resid[i] * x + p["x0_lambdas"][i] * x0
        if i != NO_ATTENTION:
            x = x + attend(model, p, s, i, norm(x), tokens, documents, numbers)
        x = x + mlp(p, i, norm(x))
        outputs.append(x)
    return norm(x - s.backout * outputs[BACKOUT_FROM])


def soft_cap(z):
    return 23 * sigmoid((z + 5) / 7.5)


def logits_of(model, p, tokens, documents, numbers, nudges=STILL):
    head = partial(lin_fp8, nudges=nudges) if model.fp8 else lin
    return soft_cap(head(trunk(model, p, tokens, documents, numbers), p["lm_head"]))


def loss_terms(logits, targets, weights):
    """The two halves of the loss sum: what normalizes the logits, and the logits of the targets."""
    T = len(targets)
    total, count = jax.nn.logsumexp(logits, axis=-1), min(len(weights), T)
    return (
        sum(weights[k] * jnp.sum(total[: T - k]) for k in range(count)),
        sum(weights[k] * jnp.sum(logits[jnp.arange(T - k), targets[k:]]) for k in range(count)),
    )


def loss_sum(logits, targets, weights):
    """Σ_t Σ_k w_k · cross-entropy of target t + k, where there is one. A sum: neither T nor Σw divides it."""
    normalizer, hit = loss_terms(logits, targets, weights)
    return normalizer - hit


@traced
def _gradients(model, nudges, p, tokens, targets, documents, numbers):
    def divided(p):
        loss = loss_sum(logits_of(model, p, tokens, documents, numbers, nudges), targets, numbers.weights)
        return loss / model.schedule.micro_batches, loss

    gradients, loss = jax.grad(divided, has_aux=True)(p)
    return loss, gradients


@traced
def _loss(model, p, tokens, targets, documents, numbers):
    return loss_sum(logits_of(model, p, tokens, documents, numbers), targets, numbers.weights)


def _inputs(model, parameters, batch, step):
    p = {name: np.asarray(value, np.float64) for name, value in parameters.items()}
    return p, batch.tokens, batch.targets, batch.documents(), numbers_of(model, step, len(batch.tokens))


def loss_and_gradients(model, parameters, batch, step, nudges=STILL):
    """The micro-batch's loss sum, and the gradient of loss / micro_batches by every parameter."""
    loss, gradients = _gradients(model, nudges, *_inputs(model, parameters, batch, step))
    return float(loss), gradients


# ---- Values beside an edge of their FP8 grid ---------------------------------------------------------------------------------

# How far fp32 may leave an operand from its value, as a part of its size. A weight is divided by a scale, both rounded to fp32:
# 2⁻²³ = 1.2e-7 at most. x is a sum over all blocks, then a norm: some sixty roundings of 2⁻²⁴ (2.3e-6 to 3.6e-6 were measured:
# XLA adds in an order of each processor's own). g goes through exp, which makes the error of a logit, 23 · 2⁻²⁴ at most
# and its sum's, one of g as a whole. check_flips.py measures all three.
BAND = Operands(4e-6, 2e-7, 5e-6)


@traced
def _operands(micro_batches, nudges, x, w, targets, weights):
    def halves(z):
        return jnp.stack(loss_terms(soft_cap(z), targets, weights)) / micro_batches

    _value, pull = jax.vjp(halves, lin_fp8(x, w, nudges))
    (normalizer,), (hit,) = (pull(jnp.array(half, x.dtype)) for half in ((1, 0), (0, 1)))
    values = Operands(x, w, normalizer - hit)
    # An element of a normed row errs with the row, a difference with its terms.
    sizes = Operands(jnp.abs(x) + jnp.sqrt(jnp.mean(x * x, axis=1, keepdims=True)), jnp.abs(w), normalizer + hit)
    return tuple(Operands(*(y / scale for y, scale in zip(of, SCALES))) for of in (values, sizes))


@traced
def _head_loss(_static, nudges, x, w, targets, weights):
    return loss_sum(soft_cap(lin_fp8(x, w, nudges)), targets, weights)


_trunk, _trunk_fp32 = traced(trunk), jax.jit(trunk, static_argnums=0)


class Head:
    """The FP8 head on a batch. No nudge reaches what stands before it, so that is computed once."""

    def __init__(self, model, parameters, batch, step, dtype=np.float64):
        p, tokens, targets, documents, numbers = _inputs(model, parameters, batch, step)
        numbers = numbers._replace(**{name: getattr(numbers, name).astype(dtype) for name in ("weights", "cos", "sin")})
        p = {name: x.astype(dtype) for name, x in p.items()}
        # fp32 as XLA adds it up, in an order like that of other programs.
        x = (_trunk if dtype == np.float64 else _trunk_fp32)(model, p, tokens, documents, numbers)
        self.given, self.micro_batches = (np.asarray(x), p["lm_head"], targets, numbers.weights), model.schedule.micro_batches

    def operands(self, nudges):
        """The operands before they are rounded and their sizes, in units of their grids."""
        nudges = Operands(*(x.astype(self.given[0].dtype) for x in nudges))
        return _operands(self.micro_batches, nudges, *self.given)

    def loss(self, nudges):
        return float(_head_loss(None, nudges, *self.given))


def beside_edges(values, sizes, factor=1.0):
    """Nudges over the edge for all operands that lie within `factor` bands of one between two grid points; else zero."""

    def nudges(y, reach, grid):
        return np.where(grid(y + reach) != grid(y), reach, np.where(grid(y - reach) != grid(y), -reach, 0.0))

    return Operands(*map(nudges, values, (factor * band * size for band, size in zip(BAND, sizes)), GRIDS))


def loss_only(model, parameters, batch, step):
    return float(_loss(model, *_inputs(model, parameters, batch, step)))


def validation_loss(model, parameters, batch, step):
    """Mean cross-entropy of the next token; the head is never in FP8 here."""
    model, (p, tokens, targets, documents, numbers) = replace(model, fp8=False), _inputs(model, parameters, batch, step)
    numbers = numbers._replace(weights=np.array([1.0, 0.0, 0.0]))
    return float(_loss(model, p, tokens, targets, documents, numbers)) / len(batch.tokens)
