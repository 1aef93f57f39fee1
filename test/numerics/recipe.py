"""A whole training run of the reference: packing of documents, the Adam family, NorMuon, the split. Float64 throughout.

`train` is what a gptc program does in `train`, as a loop over plain functions; parameters and states are dicts of arrays.
"""

from dataclasses import dataclass, field

import numpy as np

from batch import Batch

# label → (beta1, beta2, lr_mul, wd_mul)
ADAM = {
    "lm_head": (0.5, 0.95, 1, 150),
    "embed": (0.5, 0.95, 1, 150),
    "value_embeds": (0.75, 0.95, 75, 5),
    "smear_gate": (0.9, 0.99, 0.01, 0),
    "skip_gate": (0.9, 0.99, 0.05, 0),
    "attn_gate_bank": (0.9, 0.99, 1, 1),
    "ve_gate_bank": (0.9, 0.99, 1, 1),
    "x0_lambdas": (0.65, 0.95, 5, 0),
    "scalars": (0.9, 0.99, 5, 0),
}
# label → (lr_mul, how many matrices are stacked in one)
NORMUON = {"qkvo_w": (1, 4), "c_fc": (1, 1), "c_proj": (2, 1)}

POLAR_EXPRESS = (
    (8.156554524902461, -22.48329292557795, 15.878769915207462),
    (4.042929935166739, -2.808917465908714, 0.5000178451051316),
    (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
    (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
    (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
)


def label(name):
    """The parameter's label: its name without the index into a bank."""
    return name.split(".")[0]


# ---- Batches -----------------------------------------------------------------------------------------------------------------


def micro_batches(tokens, T_of, document_token, longest):
    """Yields micro-batches of whole documents in file order, each cut at `longest` tokens, the last cut to fit.

    T + 1 tokens each: inputs are the first T, targets the last T. What a cut leaves over is dropped. `T_of(n)` is the size of
    micro-batch n; the generator ends where the tokens do.
    """
    starts = np.append(np.flatnonzero(tokens == document_token), len(tokens))
    document, number = 0, 0
    while True:
        wanted, parts, begins, have = T_of(number) + 1, [], [], 0
        while have < wanted:
            if document + 1 >= len(starts):
                return
            size = min(starts[document + 1] - starts[document], longest, wanted - have)
            begins.append(have)
            parts.append(tokens[starts[document] : starts[document] + size])
            have, document = have + size, document + 1
        row = np.concatenate(parts).astype(np.int32)
        # The last document may give a target only.
        begins = [b for b in begins if b < wanted - 1]
        yield Batch(row[:-1], row[1:], np.array(begins + [wanted - 1], np.int32))
        number += 1


def slices(tokens, count, size, document_token):
    """Validation batches: `count` slices of `size` tokens one after the other, cut anywhere."""
    for first in range(0, count * size, size):
        row = tokens[first : first + size + 1].astype(np.int32)
        yield Batch(row[:-1], row[1:], np.append(0, np.flatnonzero(row[:-1] == document_token)).astype(np.int32))


# ---- Optimizers --------------------------------------------------------------------------------------------------------------


@dataclass
class Adam:
    """The Adam family's state of one parameter."""

    m: np.ndarray
    v: np.ndarray
    count: int = 0

    def update(self, p, g, factor, betas, lr_mul, wd_mul, rate=0.008):
        """Cautious decay: only where it pulls the same way as the step."""
        beta1, beta2 = betas
        self.count += 1
        self.m = beta1 * self.m + (1 - beta1) * g
        self.v = beta2 * self.v + (1 - beta2) * g * g
        lr = rate * lr_mul * factor
        unbias = np.sqrt(1 - beta2**self.count) / (1 - beta1**self.count)
        u = lr * unbias * self.m / (np.sqrt(self.v) + 1e-10)
        return p - (u + np.where(u * p > 0, lr * lr * 0.005 * wd_mul * p, 0))

    def copy(self):
        return Adam(self.m.copy(), self.v.copy(), self.count)


def polar(x):
    """An approximation of the nearest orthogonal matrix (Polar Express)."""
    turned = x.shape[0] > x.shape[1]
    x = x.T if turned else x
    x = x / (np.linalg.norm(x) * 1.02 + 1e-6)
    for a, b, c in POLAR_EXPRESS:
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if turned else x


@dataclass
class NorMuon:
    """NorMuon's state of one parameter: momentum, and the second moment of each row."""

    momentum: np.ndarray
    rows: np.ndarray

    def update(self, p, g, factor, mu, lr_mul, parts, decay=1.2):
        self.momentum = mu * self.momentum + (1 - mu) * g
        g = (1 - mu) * g + mu * self.momentum
        x = np.concatenate([polar(part) for part in np.split(g, parts)])
        columns, means = x.shape[1], np.mean(x * x, axis=1)
        self.rows = 0.95 * self.rows + 0.05 * means
        step = np.maximum(self.rows, 1e-10) ** -0.5
        norm = np.sqrt(columns * means.reshape(parts, -1).sum(1))
        scaled = np.sqrt(columns * (means * step**2).reshape(parts, -1).sum(1))
        ratio = norm / np.maximum(scaled, 1e-10)
        x = x * (step * np.repeat(ratio, len(step) // parts))[:, None]
        lr = 0.023 * factor
        eta = lr * np.sqrt(max(1, p.shape[0] / p.shape[1])) * lr_mul
        return p - eta * (x + np.where(x * p >= 0, decay * lr * p, 0))


# ---- The run -----------------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """Parameters after a run, the loss sums by step and micro-batch, and by step the norm of each parameter's change."""

    parameters: dict
    losses: list = field(default_factory=list)
    changes: list = field(default_factory=list)


def train(model, parameters, tokens, steps, document_token, longest):
    """Trains for `steps` steps."""
    from reference import loss_and_gradients  # here, for it needs JAX and the optimizers do not

    schedule = model.schedule
    p = {name: np.asarray(value, np.float64) for name, value in parameters.items()}
    adam = {name: Adam(np.zeros_like(x), np.zeros_like(x)) for name, x in p.items()}
    muon = {name: NorMuon(np.zeros_like(x), np.zeros(len(x))) for name, x in p.items() if label(name) in NORMUON}
    T_of = lambda number: schedule.micro_batch_tokens(number // schedule.micro_batches)
    batches = micro_batches(tokens, T_of, document_token, longest)
    run, waiting = Run(p), {name: 0.0 for name in p}
    for step in range(steps):
        run.losses.append([])
        before = dict(p)
        for _ in range(schedule.micro_batches):
            loss, gradients = loss_and_gradients(model, p, next(batches), step)
            run.losses[-1].append(loss)
            for name, g in gradients.items():
                waiting[name] = waiting[name] + g
        factor = schedule.lr_factor(step)
        for name in p:
            if name == "embed" and not schedule.after_split(step):
                waiting[name] = 0.0
                continue
            if name in muon:
                lr_mul, parts = NORMUON[label(name)]
                p[name] = muon[name].update(p[name], waiting[name], factor, schedule.momentum(step), lr_mul, parts)
            elif schedule.adam_updates(step):
                beta1, beta2, lr_mul, wd_mul = ADAM[label(name)]
                p[name] = adam[name].update(p[name], waiting[name], factor, (beta1, beta2), lr_mul, wd_mul)
            else:
                continue
            waiting[name] = 0.0
        run.changes.append({name: np.sqrt(np.sum(np.square(p[name] - before[name]))) for name in p})
        if step == schedule.split_step:
            p["embed"], adam["embed"] = p["lm_head"].copy(), adam["lm_head"].copy()
    return run
