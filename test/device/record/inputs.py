"""The inputs that prepare.py and run.py both make: weights, a batch, and which elements of a
gradient are compared (all of them would be a gigabyte)."""

import numpy as np

from ptx import from_bf16, to_bf16

MICRO_BATCHES, STEP, SAMPLED = 8, 4, 8192


def weights(table, seed=1):
    """(name, values) of every parameter: bf16 values that leave no gradient zero."""
    for i, b in enumerate(b for b in table["buffers"] if b["kind"] == "parameter"):
        rng = np.random.default_rng([seed, i])
        x = rng.standard_normal(b["shape"], np.float32)
        if x.size < 64:  # λs, of which some are about one
            x = 0.6 + 0.2 * x
        else:
            x *= min(0.3, x.shape[-1] ** -0.5)
        yield b["name"], from_bf16(to_bf16(x))


def batch(tokens, vocabulary, seed=2):
    """Tokens, those that follow, and the ends of documents of all lengths."""
    rng = np.random.default_rng(seed)
    row = np.minimum(rng.integers(0, vocabulary, tokens + 1), rng.integers(0, 4000, tokens + 1))
    ends = np.cumsum(np.minimum(rng.lognormal(6, 1, tokens), 2048).astype(int) + 1)
    ends = np.append(ends[ends < tokens], tokens)
    return row[:-1].astype(np.int32), row[1:].astype(np.int32), np.append(0, ends).astype(np.int32)


def repetitive(tokens, vocabulary):
    """The same, with every fifth token one token, as white space is in technical prose."""
    row, following, ends = batch(tokens, vocabulary)
    row[::5], following[4::5] = 220, 220
    return row, following, ends


def fed(tokens, targets, starts):
    """A micro-batch as the data feed of a run gives it, by the names of the inputs."""
    docs = np.repeat(starts[:-1], np.diff(starts))
    order = np.argsort(tokens, kind="stable").astype(np.int32)
    return {"tokens": tokens, "targets": targets, "docs": docs, "order": order}


def sample(gradient):
    flat = gradient.reshape(-1)
    if flat.size <= SAMPLED:
        return flat.copy()
    return flat[np.random.default_rng(flat.size).integers(0, flat.size, SAMPLED)]
