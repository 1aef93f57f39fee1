"""The record's model in PyTorch, its baseline and the paired one, written from their specification, for gradients to be compared with.

One text serves two programs: in fp32, with FP8's grids where the record has them, the reference; in bf16, on FP8 tensor cores
and FlashAttention, to be compiled, what a user of PyTorch has. They differ in what `Program` is given.
"""

import math
from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

BLOCKS, HEADS, K, D, V, UNIT = 11, 6, 128, 768, 50304, 128
LONG = (3, 10)  # blocks with long windows
X_SCALE, W_SCALE, G_SCALE = 100 / 448, 1.6 / 448, 0.75 / 448
MICRO_BATCHES, ROWS = 8, 8192  # rows: of the head at a time, where blocks are computed anew


@dataclass
class Model:
    """What sets the three models apart."""

    tables: dict  # a block's table of values
    rows: dict  # and its row of ve_gate_bank
    skip_at: int = 0  # where the gates read a row
    gates_at: int = 0
    neighbours: bool = False  # whether they turn together, or halves of a head
    paired: tuple = ()  # blocks whose heads m and m + H/2 make one sequence


BASE = {0: 1, 1: 2, 8: 0, 9: 1, 10: 2}
MODELS = {
    "record": Model({0: 0, 1: 1, 2: 2, 8: 0, 9: 1, 10: 2}, {0: 0, 1: 1, 2: 2, 8: 3, 9: 4, 10: 5}, skip_at=6, gates_at=18),
    "baseline": Model(BASE, {0: 1, 1: 2, 8: 2, 9: 3, 10: 4}),
    "paired": Model(BASE, {0: 0, 1: 1, 8: 2, 9: 3, 10: 4}, neighbours=True, paired=(0, 2, 5, 9)),
}


@dataclass
class Numbers:
    """What a step's schedules give: windows in tokens, the scale of attention, cos and sin [2T, K/2], weights of the targets."""

    short: int
    long: int
    scale: float
    cos: torch.Tensor
    sin: torch.Tensor
    weights: list
    split: bool


def numbers(step, scheduled, T, device, last=False):
    """Of a step of a run of `scheduled` steps and an extension, or of the validation behind its last one."""
    x = step / scheduled
    stage, units = min(int(3 * x), 3), ((1, 3), (3, 7), (5, 11), (6, 13))
    frequencies, scale = (1 / 1024) ** torch.linspace(0, 1, 32, dtype=torch.float64), 0.1
    for old, new in zip((u[1] for u in units[:stage]), (u[1] for u in units[1 : stage + 1])):
        rotations = UNIT * old * frequencies / (2 * math.pi)
        weight = ((rotations - 1) / (32 - 1)).clamp(0, 1)
        frequencies = frequencies * (old / new + weight * (1 - old / new))
        scale *= 0.2 * math.log(new / old) + 1
    angle = torch.outer(torch.arange(2 * T, dtype=torch.float32), frequencies.float())
    angle = torch.cat([angle, torch.zeros(2 * T, 32)], 1).to(device)
    weights = ([1, 0.5, 0.25 * (1 - 3 * x)], [1, 0.5 * (1 - (3 * x - 1))], [1], [1])[stage]
    short, long = (6, 20) if last else units[stage]
    split = step > (math.ceil(2 * scheduled / 3) | 1)
    return Numbers(UNIT * short, UNIT * long, scale, angle.cos().bfloat16(), angle.sin().bfloat16(), weights, split)


# ---- The head ----------------------------------------------------------------------------------------------------------------


def grid(x, scale, kind):
    largest = torch.finfo(kind).max
    return (x.float() / scale).clamp(-largest, largest).to(kind)


class HeadOnGrids(torch.autograd.Function):
    """x Wᵀ in fp32, its operands and its gradient on the grids."""

    @staticmethod
    def forward(ctx, x, w):
        x, w = grid(x, X_SCALE, torch.float8_e4m3fn).float() * X_SCALE, grid(w, W_SCALE, torch.float8_e4m3fn).float() * W_SCALE
        ctx.save_for_backward(x, w)
        return x @ w.T

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        g = grid(g, G_SCALE, torch.float8_e5m2).float() * G_SCALE
        return g @ w, g.T @ x


class HeadInFp8(torch.autograd.Function):
    """x Wᵀ on FP8 tensor cores."""

    @staticmethod
    def forward(ctx, x, w):
        x, w = grid(x, X_SCALE, torch.float8_e4m3fn), grid(w, W_SCALE, torch.float8_e4m3fn)
        ctx.save_for_backward(x, w)
        return HeadInFp8.product(x, w.T, X_SCALE, W_SCALE, torch.bfloat16, fast=True)

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        g = grid(g, G_SCALE, torch.float8_e5m2)
        dx = HeadInFp8.product(g, w.T.contiguous().T, G_SCALE, W_SCALE, torch.bfloat16)
        dw = HeadInFp8.product(x.T.contiguous(), g.T.contiguous().T, X_SCALE, G_SCALE, torch.float32)
        return dx, dw.T

    @staticmethod
    def product(a, b, a_scale, b_scale, to, fast=False):
        scales = [torch.full((), s, dtype=torch.float32, device=a.device) for s in (a_scale, b_scale)]
        return torch._scaled_mm(a, b, out_dtype=to, scale_a=scales[0], scale_b=scales[1], use_fast_accum=fast)


# ---- Attention ---------------------------------------------------------------------------------------------------------------


def visible(q, k, v, begins, window, scale, group, chunk=1024):
    """Attention in the precision of its operands, [T, H, K]: a chunk of queries sees the keys from its window on."""
    T, parts, begins = len(q), [], group * begins.repeat_interleave(group)
    for first in range(0, T, chunk):
        last = min(first + chunk, T)
        low = max(first - window, 0)
        i, j = torch.arange(first, last, device=q.device)[:, None], torch.arange(low, last, device=q.device)
        seen = (j <= i) & (j >= i - window) & (j >= begins[first:last, None])
        logits = torch.einsum("ihk,jhk->hij", q[first:last], k[low:last]) * scale
        weights = logits.masked_fill(~seen, -math.inf).softmax(-1)
        parts.append(torch.einsum("hij,jhk->ihk", weights, v[low:last]))
    return torch.cat(parts)


# ---- The model ---------------------------------------------------------------------------------------------------------------


def norm(x):
    return F.rms_norm(x, (x.size(-1),), eps=2.0**-23)


@dataclass
class Program:
    head: Callable  # of x, w
    attention: Callable  # of q, k, v, documents, window, scale, how many positions a token has
    model: Model
    saves: bool = False  # whether blocks are computed anew in the backward pass

    def loss(self, p, tokens, targets, documents, n):
        """Σ over the targets, of a micro-batch; `p` holds the parameters by their names."""
        x = self.trunk(p, tokens, documents, n)
        if not self.saves:
            return self.terms(p, x, self.shifted(targets, n), n)
        parts = zip(x.split(ROWS), self.shifted(targets, n).split(ROWS))  # so that no logits of all rows are kept
        return sum(checkpoint(self.terms, p, rows, shifted, n, use_reentrant=False) for rows, shifted in parts)

    def validation(self, p, tokens, targets, documents, n):
        """Σ of the cross-entropy of the next tokens, logits in fp32."""
        x, total = self.trunk(p, tokens, documents, n), 0
        for rows, wanted in zip(x.split(ROWS), targets.split(ROWS)):
            logits = 23 * torch.sigmoid((F.linear(rows, p["lm_head"]).float() + 5) / 7.5)
            total += F.cross_entropy(logits, wanted, reduction="sum").double().item()
        return total

    def trunk(self, p, tokens, documents, n):
        """What the head is given."""
        scalars = p["scalars"]
        resid, sa, (smear, backout, skip) = scalars[:11], scalars[11:33].view(11, 2), scalars[33:]
        x = F.embedding(tokens, p["embed" if n.split else "lm_head"])
        gate = smear * torch.sigmoid(F.linear(x[:, :12], p["smear_gate"]))
        x0 = x = norm(x + gate * F.pad(x[:-1], (0, 0, 1, 0)))
        values = [F.embedding(tokens, p[f"value_embeds.{i}"]) for i in range(3)]
        for i in range(BLOCKS):
            if i == 6:
                x = x + torch.sigmoid(skip) * 2 * torch.sigmoid(F.linear(self.gated(x0, self.model.skip_at), p["skip_gate"])) * skipped
            block = lambda x, x0, i=i: self.block(p, x, x0, values, documents, n, i, resid[i], p["x0_lambdas"][i], sa[i])
            x = checkpoint(block, x, x0, use_reentrant=False) if self.saves else block(x, x0)
            if i == 3:
                skipped = x
            if i == 7:
                back = x
        return norm(x - backout * back)

    @staticmethod
    def shifted(targets, n):
        """[T, targets]; -1 beyond the last token, where nothing counts."""
        return torch.stack([F.pad(targets[k:], (0, k), value=-1) for k in range(len(n.weights))], 1)

    def terms(self, p, x, targets, n):
        logits = 23 * torch.sigmoid((self.head(x, p["lm_head"]) + 5) / 7.5)
        if len(n.weights) == 1:
            return F.cross_entropy(logits, targets[:, 0], reduction="sum")
        total, loss = torch.logsumexp(logits, -1), 0
        for k, weight in enumerate(n.weights):
            there = targets[:, k] >= 0
            term = total - logits.gather(1, targets[:, k : k + 1].clamp(min=0))[:, 0]
            loss = loss + weight * (there * term).float().sum()
        return loss

    def block(self, p, x, x0, values, documents, n, i, resid, mixed, sa):
        x = (resid + mixed) * x if i == 0 else resid * x + mixed * x0
        if i != 6:
            x = x + self.attend(p, norm(x), values, documents, n, i, sa)
        return x + F.relu(F.linear(norm(x), p[f"c_fc.{i}"])).square() @ p[f"c_proj.{i}"]

    def attend(self, p, h, values, documents, n, i, sa):
        T, w, model = len(h), p[f"qkvo_w.{i}"], self.model
        gates, group = self.gated(h, model.gates_at), 2 if i in model.paired else 1
        q, k, v = F.linear(h, sa[0] * w[: 3 * D]).view(T, 3, HEADS, K).unbind(1)
        q, k = (self.rotated(norm(a), n, group) for a in (q, k))
        if i in LONG:
            still = torch.arange(K, device=h.device) // (K // 4) % 2 == 1
            k = torch.cat([k[:1], torch.where(still, k[:-1], k[1:])])
        if i in model.tables:
            gate = 2 * torch.sigmoid(F.linear(gates, p["ve_gate_bank"][model.rows[i]]))
            v = v + gate[..., None] * values[model.tables[i]].view(T, HEADS, K)
        q, k, v = (a.reshape(group * T, HEADS // group, K) for a in (q, k, v))
        y = self.attention(q, k, v, documents, n.long if i in LONG else n.short, n.scale, group).reshape(T, HEADS, K)
        y = y * torch.sigmoid(F.linear(gates, p["attn_gate_bank"][i - (i > 6)]))[..., None]
        return F.linear(y.reshape(T, D), sa[1] * w[3 * D :])

    @staticmethod
    def gated(x, at):
        """The columns that gates are made of."""
        return x[:, at : at + 12]

    def rotated(self, x, n, group):
        """[T, H, K], head m of token t at position t, or at 2t + m mod 2 where two heads make a sequence."""
        T = len(x)
        cos, sin = (
            (a.view(T, 2, -1).repeat(1, HEADS // 2, 1) if group == 2 else a[:T, None]).to(x.dtype) for a in (n.cos, n.sin)
        )  # fmt: skip
        if self.model.neighbours:
            a, b = x[..., ::2], x[..., 1::2]
            return torch.stack([a * cos + b * sin, b * cos - a * sin], -1).flatten(-2)
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos + b * sin, b * cos - a * sin], -1)


def gradients(program, weights, batch, n, dtype):
    """Of loss / micro-batches; `weights` in fp32 or bf16 become leaves of `dtype`, vectors stay fp32."""
    p = {k: w.detach().to(dtype if w.ndim > 1 else torch.float32).requires_grad_() for k, w in weights.items()}
    loss = program(p, *batch, n)
    (loss / MICRO_BATCHES).backward()
    return loss.item(), {k: w.grad for k, w in p.items() if w.grad is not None}
