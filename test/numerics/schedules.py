"""Every number of the recipe as a plain function of the step.

Steps count from 0 and every value holds for a whole step. A run has S scheduled steps, whose thirds are its stages 0, 1 and 2,
and then some extension steps, stage 3. `Schedule` names the constants that a model file can override; its methods are the
formulas.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Schedule:
    scheduled_steps: int = 1785
    extension_steps: int = 40
    micro_batches: int = 8
    window_unit: int = 128
    tokens: tuple = (131072, 262144, 393216, 393216)  # a step, by stage
    short_units: tuple = (1, 3, 5, 6)  # window of the eight short blocks, by stage
    long_units: tuple = (3, 7, 11, 13)  # of the two long ones
    final_units: tuple = (6, 20)  # short, long of the last validation

    @property
    def steps(self):
        return self.scheduled_steps + self.extension_steps

    def stage(self, step):
        return min(3 * step // self.scheduled_steps, 3)

    def micro_batch_tokens(self, step):
        """T, the tokens of one micro-batch."""
        return self.tokens[self.stage(step)] // self.micro_batches

    def windows(self, step):
        """How many positions back a query sees: (short, long)."""
        if step >= self.steps:
            return tuple(self.window_unit * units for units in self.final_units)
        stage = self.stage(step)
        return self.window_unit * self.short_units[stage], self.window_unit * self.long_units[stage]

    def yarn(self, step, count):
        """`count` rotary frequencies and the attention scale, stretched at each change of the long window so far.

        The last validation sees further without a further stretch.
        """
        freqs, scale = (1 / 1024) ** np.linspace(0, 1, count), 0.1
        longs = self.long_units[: self.stage(min(step, self.steps - 1)) + 1]
        for old, new in zip(longs, longs[1:]):
            # The formula's 128 is the window unit.
            rotations = self.window_unit * old * freqs / (2 * math.pi)
            weight = np.clip((rotations - 1) / (32 - 1), 0, 1)
            freqs = freqs * (old / new + weight * (1 - old / new))
            scale *= 0.2 * math.log(new / old) + 1
        return freqs, scale

    def target_weights(self, step):
        """Weights of the next token and the ones after it."""
        x = step / self.scheduled_steps
        if x < 1 / 3:
            return [1.0, 0.5, 0.25 * (1 - 3 * x)]
        if x < 2 / 3:
            return [1.0, 0.5 * (1 - (3 * x - 1))]
        return [1.0]

    def lr_factor(self, step):
        x = step / self.scheduled_steps
        if x > 1:
            return 0.1
        peak = 1.73 if x > 2 / 3 else 1.52 if x > 1 / 3 else 1.0
        cooled = max(0.0, (x - 0.5) / 0.5)  # 0 until half way, 1 at the end
        return peak * (1 - cooled) + 0.1 * cooled

    def momentum(self, step):
        """Muon's: up over the first 300 steps, down over the last 50; the way up wins in short runs."""
        if step < 300:
            return 0.85 + 0.1 * step / 300
        down = max(0.0, (step - (self.steps - 50)) / 50)
        return 0.95 - 0.1 * down

    @property
    def split_step(self):
        """After the update of this step, `embed` becomes a copy of `lm_head`."""
        return math.ceil(2 * self.scheduled_steps / 3) | 1

    def after_split(self, step):
        return step > self.split_step

    def adam_updates(self, step):
        """The Adam family moves on odd steps only."""
        return step % 2 == 1
