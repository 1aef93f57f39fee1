"""Shards whose steps have the micro-batches of another shard's in another order: the same gradients, added up otherwise."""

import numpy as np

DOCUMENT, LONGEST, MAGIC = 50256, 2048, 20240520


def micro_batches(shard, count, length):
    """The first micro-batches as they are packed: whole documents in file order, each cut at LONGEST, the last one to fit."""
    tokens = np.fromfile(shard, dtype=np.uint16)[512:]
    begins = np.flatnonzero(tokens == DOCUMENT)
    at = 0
    for _ in range(count):
        parts, size = [], 0
        while size <= length:
            end = min(begins[at + 1], begins[at] + LONGEST, begins[at] + length - size + 1)
            parts.append(tokens[begins[at] : end])
            size += len(parts[-1])
            at += 1
        yield np.concatenate(parts)


def reorder(shard, out, seed, steps, length=16384, micros=8):
    """Writes `steps` steps of micro-batches of `length` tokens, each step's in one order that the seed draws."""
    order = np.random.RandomState(seed).permutation(micros)
    batches = list(micro_batches(shard, steps * micros, length))
    tokens = np.concatenate([batches[step * micros + k] for step in range(steps) for k in order])
    header = np.zeros(256, dtype=np.int32)
    header[:3] = MAGIC, 1, len(tokens)
    out.write_bytes(header.tobytes() + tokens.tobytes())
    return order.tolist()
