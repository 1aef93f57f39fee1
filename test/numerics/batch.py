"""A micro-batch, as references and the recipe take it; without JAX, which a machine with a GPU may lack."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Batch:
    """One micro-batch; `starts` are the documents' first positions, repeats and trailing T allowed (empty documents)."""

    tokens: np.ndarray
    targets: np.ndarray
    starts: np.ndarray

    def documents(self):
        """For each position, where its document begins."""
        starts = np.unique(self.starts)
        return starts[np.searchsorted(starts, np.arange(len(self.tokens)), side="right") - 1]
