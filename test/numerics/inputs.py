"""Seeded test data: weights that leave no gradient zero, batches with documents of every kind, shards in the field's format."""

import numpy as np

from batch import Batch

HEADER = dict(magic=20240520, version=1)


def weights(model, seed=0):
    """A non-zero value for every parameter of a reference model, fp32, of a size that keeps activations near 1."""
    rng = np.random.default_rng(seed)
    deviation = {
        "lm_head": 2 / model.D**0.5,
        "embed": 1.0,
        "value_embeds": 0.7,
        "smear_gate": 0.6,
        "skip_gate": 0.6,
        "attn_gate_bank": 0.6,
        "ve_gate_bank": 0.6,
        "qkvo_w": 1.5 / model.D**0.5,
        "c_fc": 1 / model.D**0.5,
        "c_proj": 0.5 / model.F**0.5,
        "x0_lambdas": 0.3,
    }
    made = {}
    for name, shape in model.shapes().items():
        if name == "scalars":
            usual = np.array([1.1] * 11 + [0.5, 1.0] * 11 + [0.4, 0.5, -0.7])
            made[name] = usual + 0.1 * rng.standard_normal(shape)
        else:
            made[name] = deviation[name.split(".")[0]] * rng.standard_normal(shape)
    return {name: x.astype(np.float32) for name, x in made.items()}


def documents(kind, T, rng):
    """Document starts of a micro-batch of T tokens."""
    if kind == "one":
        return [0]
    if kind == "every token":
        return list(range(T))
    if kind == "empty":
        return [0, 0, 0, 3, 3, T // 2, T // 2, T - 1, T - 1, T, T, T]
    if kind == "one token":
        return [0, 1, 2, 3, T // 3, T // 3 + 1, T - 1]
    if kind == "two":
        return [0, T // 2 + 1]
    return sorted({0, *rng.integers(1, T, max(2, T // 24)).tolist()})


def batch(T, V, kind="mixed", seed=0):
    """Random tokens, some of them often, some never; targets are the tokens one later."""
    rng = np.random.default_rng((seed, T, V))
    row = np.minimum(rng.integers(0, V, T + 1), rng.integers(0, V, T + 1)).astype(np.int32)
    return Batch(row[:-1], row[1:], np.array(documents(kind, T, rng), np.int32))


def text(count, vocabulary, document_token=0, seed=0, mean=40):
    """A token stream of documents, each beginning with the document token; repetitive, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    follower = rng.integers(1, vocabulary, vocabulary)
    row, previous = [], 1
    while len(row) < count:
        row.append(document_token)
        for _ in range(int(rng.geometric(1 / mean))):
            previous = int(follower[previous] if rng.random() < 0.7 else rng.integers(1, vocabulary))
            previous = previous + (previous == document_token) * (1 if previous + 1 < vocabulary else -1)
            row.append(previous)
    return np.array(row[:count], np.uint16)


def write_shard(path, tokens, magic=HEADER["magic"], version=HEADER["version"], count=None):
    header = np.zeros(256, np.int32)
    header[:3] = magic, version, len(tokens) if count is None else count
    path.write_bytes(header.tobytes() + np.asarray(tokens, np.uint16).tobytes())
    return path
