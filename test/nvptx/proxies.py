"""The two proxies of a block's shared memory: what loads, stores and matrices of warps do there, through the generic one, is ordered
with bulk copies and with products, which go through the async one, by `fence.proxy.async` alone.
"""

import numpy as np

from ptx import PtxError


class Proxies:
    """Words of shared memory that warps have written or read since their last fence: a bit for each warp."""

    def __init__(self, size):
        self.kinds = {kind: np.zeros(-(-size // 4), np.uint32) for kind in ("written", "read")}
        self.spans = {}  # by warp and kind: where its bits are

    def mark(self, kind, warp, at, size):
        """`size` bytes from each of these addresses."""
        words = self.kinds[kind]
        first, count = (at >> np.uint64(2)).view(np.int64), -(-size // 4)
        low, high = int(np.minimum.reduce(first)), int(np.maximum.reduce(first)) + count
        known = self.spans.get((warp, kind), (low, high))
        self.spans[warp, kind] = min(low, known[0]), max(high, known[1])
        for i in range(count):
            words[first + i] |= np.uint32(1 << warp)

    def fence(self, warp):
        for kind, words in self.kinds.items():
            if span := self.spans.pop((warp, kind), None):
                words[slice(*span)] &= ~np.uint32(1 << warp)

    def is_open(self, kind, low, high):
        """Whether any of the words from `low` to `high` is."""
        spans = [s for (_, k), s in self.spans.items() if k == kind and s[0] < high and low < s[1]]
        return bool(spans) and self.kinds[kind][low:high].any()

    def copy_out(self, at, size):
        if self.is_open("written", at // 4, (at + size) // 4):
            raise PtxError("a copy of what no fence has shown to the async proxy")

    def copy_in(self, at, size):
        for kind in self.kinds:
            if self.is_open(kind, at // 4, (at + size) // 4):
                raise PtxError(f"a copy into what was {kind}, with no fence between")

    def multiply(self, places, low, high):
        """A product of operands at these words, of which `low` and `high` are the least and the greatest."""
        if self.is_open("written", low, high + 1) and self.kinds["written"][places].any():
            raise PtxError("a product of what no fence has shown to the async proxy")
