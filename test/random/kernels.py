"""A model's loss and gradients from its PTX, interpreted (see test/nvptx) or on a GPU."""

from pathlib import Path

import numpy as np

from host import Host, read_table
from interpreter import launch
from ptx import PtxError, from_bf16, parse, to_bf16  # noqa: F401  (PtxError is for who calls)


def as_bf16(x):
    """What is left of values that are stored as bf16."""
    return from_bf16(to_bf16(x)).reshape(x.shape)


def starts_of(documents, rows):
    """For each row where its document begins."""
    begins = np.unique(documents)
    return begins[np.searchsorted(begins, np.arange(rows), side="right") - 1].astype(np.int32)


def interpreted(ptx, table):
    """A host whose kernels are interpreted, persistent ones with two blocks."""
    kernels = parse(Path(ptx).read_text())
    return Host(table, lambda entry, arena, numbers: launch(kernels, entry, arena, 2, numbers=numbers, together=2048))


def gradients(ptx, table, parameters, batch, step, make_host=interpreted):
    """{"loss": …, parameter: its gradient}, as `EXE gradients` writes them."""
    table = read_table(table)
    host = make_host(ptx, table)
    for name, x in parameters.items():
        host.write(name, x.reshape(host.buffers[name]["shape"]))
    for name in host.named("gradient"):
        host[name][...] = 0
    host.run("prologue", step)
    tokens = batch["tokens"]
    host.run("micro", step, tokens, batch["targets"], starts_of(batch["cu_seqlens"], len(tokens)))
    found = {"loss": float(host["loss"].item())}
    host.run("epilogue", step)
    of = {b["of"]: b for b in table["buffers"] if b["kind"] == "gradient" and b.get("of")}
    for name, x in parameters.items():
        found[name] = host.view(of[name]).astype(np.float64).reshape(x.shape) if name in of else np.zeros(x.shape)
    return found
