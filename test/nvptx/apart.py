"""Blocks of a launch that wait for each other, interpreted: each sees of the others' stores as little as the rules allow.

A block has global memory for itself, as it was when the launch began. What a warp stores stays there until the warp releases it: its
lanes' stores before its last barrier, and the releasing lane's own. Others' releases it sees when it acquires. A relaxed access
goes to the memory of all and brings nothing else with it. Blocks run in turns of random length, in any order, some much slower than
others; so many at a time as are resident, which begin in the order of their numbers.
"""

import random

import numpy as np

from interpreter import Block, Cluster
from ptx import PtxError


class Memory:
    """The memory of all blocks and what has been released to it, in order."""

    def __init__(self, arguments):
        self.arguments, self.released = arguments, []


class Apart(Block):
    def __init__(self, memory, *arguments):
        self.memory, self.known = memory, 0
        kernel, steps, objects, *rest = arguments
        super().__init__(kernel, steps, objects, *rest)
        self.objects = [(a[0].copy(), *a[1:]) if isinstance(a, tuple) and len(a) == 3 else a for a in self.objects]
        self.everyone = Block(kernel, steps, memory.arguments, *rest)
        self.held = [[] for _ in self.warps]
        self.observed = {}

    def hold(self, warp, at, value, mask):
        self.held[warp.index].append([at, value, mask.copy(), False])

    def order(self, warp):
        for store in self.held[warp.index]:
            store[3] = True

    def release(self, warp, mask):
        """What the lanes of `mask` have stored, and what stands before a barrier."""
        kept = []
        for at, value, lanes, ordered in self.held[warp.index]:
            shown = lanes if ordered else lanes & mask
            if shown.any():
                self.everyone.store(at, value, shown)
                self.memory.released.append((at, value, shown))
            if (lanes & ~shown).any():
                kept.append([at, value, lanes & ~shown, ordered])
        self.held[warp.index] = kept

    def publish(self, warp, at, value, mask, releases):
        if releases:
            self.release(warp, mask)
        self.store(at, value, mask)
        self.everyone.store(at, value, mask)

    def observe(self, warp, at, dtype, mask, acquires):
        """The value that all blocks see, or what the warp waits for: it has seen this one before."""
        value = self.everyone.load(at, dtype, mask)
        key = warp.index, int(at[mask][0])
        before = self.observed.get(key)
        if before is not None and np.array_equal(before, value[mask]):
            return None, f"another value at {key[1] & (1 << 40) - 1}"
        self.observed[key] = value[mask].copy()
        if acquires:
            for store in self.memory.released[self.known :]:
                self.store(*store)
            self.known = len(self.memory.released)
        return value, None

    def release_all(self):
        for warp in self.warps:
            self.order(warp)
            self.release(warp, warp.all)


def run_apart(kernel, arguments, indices, resident, *rest):
    *_, seed = rest
    rng, memory, waiting = random.Random(seed), Memory(arguments), list(indices)
    running, over = {}, []  # blocks and their speeds; those that have ended
    size = kernel.cluster
    while running or waiting:
        while waiting and (not running or len(running) + size <= (resident or len(indices))):
            few, waiting = sorted(waiting[:size]), waiting[size:]
            cluster = Cluster([Apart(memory, kernel, kernel.steps, arguments, [i], *rest[:-1], seed + i) for i in few])
            running |= {block: rng.choice([1, 0.3, 0.05]) for block in cluster.blocks}
        moved = False
        for block in rng.sample(list(running), len(running)):
            if rng.random() < running[block]:
                moved |= block.turn()
                if block.is_over():
                    block.end()
                    over.append(block)
                    del running[block]
        # Those that are slow may be the only ones that can go on.
        if not moved and running and not any([b.turn() for b in running]):
            if not any(b.is_over() for b in running):
                raise PtxError(f"no block can go on: {[b.reasons() for b in running][:2]}")
    # What nobody has released is there when the launch is over.
    for block in over:
        block.release_all()
