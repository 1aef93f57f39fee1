"""Optimizers that model files write, test/numerics/Inputs/*.mlir, each trained against its rule in NumPy, float64.

Gradients are the interpreter's (test/interpret) on the batches that the packing makes. Compared is what every parameter has
become, as a part of its change: 1e-4, though a step may be a sign, or nearly one, of what is all rounding error.
"""

import json
import math
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

import inputs
import report as r
from product import arguments
from recipe import NorMuon, micro_batches

sys.path.insert(0, str(r.ROOT / "test"))

from interpret import load, printed

STEPS, MICRO_BATCHES, T = 8, 2, 160
SETTINGS = dict(V=80, D=32, F=48, steps=STEPS, tokens=T, val_tokens=T, val_slice=T, sample_tokens=16, max_document_tokens=64)


class AdamW:
    def __init__(self, p, beta2=0.95, decay=0.1):
        self.m, self.v, self.count, self.beta2, self.decay = np.zeros_like(p), np.zeros_like(p), 0, beta2, decay

    def update(self, p, g, step, norm):
        warm_up, peak, floor = 3, 0.01, 0.001
        x = (step - warm_up) / (STEPS - warm_up)
        lr = peak * (step + 1) / warm_up if step < warm_up else floor + (peak - floor) * (1 + math.cos(math.pi * x)) / 2
        g = g / max(1, norm / 2)
        self.count += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g * g
        m, v = self.m / (1 - 0.9**self.count), self.v / (1 - self.beta2**self.count)
        return p - lr * (m / (np.sqrt(v) + 1e-8) + self.decay * p)


class Lion:
    def __init__(self, p, beta1=0.9):
        self.m, self.beta1 = np.zeros_like(p), beta1

    def update(self, p, g, step, norm):
        direction = np.sign(self.beta1 * self.m + (1 - self.beta1) * g)
        self.m = 0.99 * self.m + 0.01 * g
        return p - 0.003 * falling(step) * (direction + 0.1 * p)


class Momentum:
    def __init__(self, p, beta=0.9, nesterov=True):
        self.m, self.beta, self.nesterov = np.zeros_like(p), beta, nesterov

    def update(self, p, g, step, norm):
        self.m = self.beta * self.m + g
        return p - 0.0005 * falling(step) * (self.beta * self.m + g if self.nesterov else self.m)


class Adafactor:
    def __init__(self, p):
        self.rows, self.columns = np.zeros(p.shape[0]), np.zeros(p.shape[1])

    def update(self, p, g, step, norm):
        squares = g * g + 1e-20
        self.rows = 0.9 * self.rows + 0.1 * squares.mean(1)
        self.columns = 0.9 * self.columns + 0.1 * squares.mean(0)
        second = np.outer(self.rows / self.rows.mean(), self.columns)
        return p - 0.02 * falling(step) * g / np.sqrt(second)


class Orthogonal:
    """NorMuon of a parameter that is seen as `parts` matrices, whose own shape sets the rate."""

    def __init__(self, p, mu=0.95, lr_mul=1, parts=1):
        self.rule, self.mu, self.lr_mul, self.parts = NorMuon(np.zeros_like(p), np.zeros(len(p))), mu, lr_mul, parts

    def update(self, p, g, step, norm):
        whole, part = max(1, p.shape[0] / p.shape[1]), max(1, p.shape[0] / self.parts / p.shape[1])
        lr_mul = self.lr_mul * np.sqrt(part / whole)
        return self.rule.update(p, g, falling(step), self.mu, lr_mul, self.parts)


def falling(step):
    """%lr of models/mlp.mlir."""
    return 1 - step / STEPS


# By file: for each parameter its rule and after how many steps it acts.
CASES = {
    "adamw": {
        "embed": (lambda p: AdamW(p, decay=0), 1),
        "c_fc": (AdamW, 1),
        "c_proj": (AdamW, 1),
        "head": (lambda p: AdamW(p, beta2=0.99), 1),
    },
    "lion": dict.fromkeys(("embed", "c_fc", "c_proj"), (Lion, 1)) | {"head": (lambda p: Lion(p, beta1=0.95), 1)},
    "sgd": {
        "embed": (lambda p: Momentum(p, nesterov=False), 3),
        "c_fc": (Momentum, 1),
        "c_proj": (lambda p: Momentum(p, beta=0.8), 1),
        "head": (lambda p: Momentum(p, nesterov=False), 3),
    },
    "heads": {
        "embed": (Adafactor, 1),
        "c_fc": (lambda p: Orthogonal(p, parts=4), 1),
        "c_proj": (lambda p: Orthogonal(p, mu=0.9, lr_mul=2), 1),
        "head": (Orthogonal, 1),
    },
}


def trained(model, rules, before, tokens):
    """The parameters after the run, by the rules, and the loss of each step a token."""
    p = {name: np.asarray(value, np.float64) for name, value in before.items()}
    rules = {name: (make(p[name]), every) for name, (make, every) in rules.items()}
    batches = micro_batches(tokens, lambda number: T, 0, SETTINGS["max_document_tokens"])
    waiting, losses = {name: 0.0 for name in p}, []
    for step in range(STEPS):
        losses.append(0)
        for _ in range(MICRO_BATCHES):
            loss, gradients = model.loss_and_gradients(p, next(batches), step)
            losses[-1] += loss / MICRO_BATCHES / T
            for name, g in gradients.items():
                waiting[name] = waiting[name] + np.asarray(g, np.float64)
        norm = np.sqrt(sum(np.sum(g * g) for g in waiting.values()))
        for name, (rule, every) in rules.items():
            if (step + 1) % every == 0:
                p[name] = rule.update(p[name], waiting[name], step, norm)
                waiting[name] = 0.0
    return p, losses


def check_optimizer(product, report, name, rules):
    file = r.ROOT / f"test/numerics/Inputs/{name}.mlir"
    with report.case(name) as check:
        model = load(printed(product.gptc, file), SETTINGS)
        random = np.random.default_rng(7)
        shapes = {name: parameter.shape for name, parameter in model.parameters().items()}
        before = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}
        tokens = inputs.text(20_000, SETTINGS["V"], seed=8)
        shard = inputs.write_shard(product.folder / f"{name}.bin", tokens)
        params, saved, log = (product.folder / f"{name}.{end}" for end in ("params", "saved", "jsonl"))
        save_file(before, params)
        program = product.compile(file, SETTINGS)
        program.run("train", "--data", shard, "--val", shard, "--params", params, "--save", saved, "--log", log)
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        after, wanted = trained(model, rules, before, tokens)
        losses = [row["loss"] for row in rows if "loss" in row]
        off = max(abs(loss / want - 1) for loss, want in zip(losses, wanted, strict=True))
        found = load_file(saved)
        made = {name: np.asarray(found[name], np.float64) - before[name] for name in before}
        change, tensor = r.worst(made, {name: after[name] - before[name] for name in before})
        check(off <= 1e-5 and change <= 1e-4, f"losses {off:.1e}, changes {change:.1e} ({tensor})")


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    for name, rules in CASES.items():
        if report.wants(name):
            check_optimizer(product, report, name, rules)
    r.end(report)


if __name__ == "__main__":
    main()
