"""A launch's arguments in memory, as a block takes them."""

import numpy as np

from ptx import from_e4m3, from_e5m2

CODES = {"e4m3": from_e4m3, "e5m2": from_e5m2}


def memory(array, first=0, end=None):
    """Device memory as a block takes it."""
    bytes_ = array.reshape(-1).view(np.uint8)
    return bytes_, first, bytes_.size if end is None else end


def matrix(array, a):
    """The view of a tensor map's argument in an array that begins with its first row."""
    shape = (a["rows"], a["columns"])
    size = array.itemsize
    return np.lib.stride_tricks.as_strided(array, shape, (size * a["stride"], size))


def by_name(a, buffers):
    """An argument of a file without a plan."""
    array = buffers[a["buffer"]].reshape(-1)[a["offset"] :]
    return (matrix(array, a), a["boxRows"]) if a["kind"] == "tensor map" else memory(array)


def by_place(a, arena):
    """An argument of a planned program: a kernel may touch no more than its view."""
    if a["kind"] == "tensor map":
        kind = np.uint8 if a["element"] in CODES else np.uint16
        return matrix(arena[a["at"] :].view(kind), a), a["boxRows"]
    elements = (a["rows"] - 1) * a["stride"] + a["columns"]
    size = {"e4m3": 1, "e5m2": 1, "bf16": 2, "f32": 4, "i32": 4, "f64": 8}[a["element"]]
    return memory(arena, a["at"], a["at"] + elements * size)
