"""Kernels timed on a card that is at its power limit, as it is in training.

Launch by launch, with pauses in between, a card is cool and its clock high; behind seconds of products its power is what
limits it, and then the kernel that takes less energy is the faster one. So launches follow each other without a pause here,
the candidates of one contraction in windows of time, several rounds in orders that are drawn. The first part of a window is
the card's time to find its clock for the new kernel and is not counted.
"""

import bisect
import ctypes as c
import math
import random
import statistics
import threading
import time

NVML, SM_CLOCK, CORE = "libnvidia-ml.so.1", 1, 0
SETTLING = 0.4  # of a window
ROUNDS = 5


class Meter:
    """The card's power, energy and clock, read every few milliseconds by a thread; nothing where there is no NVML."""

    def __init__(self, cuda):
        self.samples, self.steps, self.library = [], [], None
        try:
            self.library = c.CDLL(NVML)
        except OSError:
            return print(f"no {NVML}: times alone")
        bus = c.create_string_buffer(32)
        cuda.call("cuDeviceGetPCIBusId", bus, c.c_int(32), c.c_int(0))
        self.device = c.c_void_p()
        self.library.nvmlInit_v2()
        if self.library.nvmlDeviceGetHandleByPciBusId_v2(bus, c.byref(self.device)):
            self.library = None
            return print("NVML does not know the card: times alone")
        limit = self.read("EnforcedPowerLimit", c.c_uint)
        print(f"power limit {limit / 1000 if limit else math.nan:.0f} W")
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def read(self, what, kind, *which):
        value = kind()
        arguments = (*map(c.c_int, which), c.byref(value))
        return None if getattr(self.library, f"nvmlDeviceGet{what}")(self.device, *arguments) else value.value

    def watch(self):
        while True:
            self.samples.append((
                time.perf_counter(), self.read("TotalEnergyConsumption", c.c_ulonglong), self.read("PowerUsage", c.c_uint),
                self.read("ClockInfo", c.c_uint, SM_CLOCK), self.read("Temperature", c.c_uint, CORE),
            ))  # fmt: skip
            time.sleep(0.004)

    def between(self, start, end):
        """Joules, the mean power that the card tells, the median clock and the last temperature of a time."""
        if not self.library:
            return (math.nan,) * 4
        first, last = (bisect.bisect(self.samples, (at,)) for at in (start, end))
        some = self.samples[max(first - 1, 0) : last + 1]
        if len(some) < 3 or None in some[0] or None in some[-1]:
            return math.nan, math.nan, math.nan, math.nan
        return (
            self.energy(end) - self.energy(start), statistics.fmean(s[2] for s in some) / 1000,
            statistics.median(s[3] for s in some), some[-1][4],
        )  # fmt: skip

    def energy(self, at):
        """Joules at a time: the counter moves in steps, between which it is interpolated."""
        steps = self.steps
        known = steps[-1][2] if steps else 0
        for i in range(known, len(self.samples)):
            if not steps or self.samples[i][1] != steps[-1][1]:
                steps.append((self.samples[i][0], self.samples[i][1], i + 1))
        if len(steps) < 2:
            return math.nan
        i = min(max(bisect.bisect(steps, (at,)), 1), len(steps) - 1)
        (t0, e0, _), (t1, e1, _) = steps[i - 1], steps[i]
        return (e0 + (e1 - e0) * (at - t0) / (t1 - t0)) / 1000


class Clock:
    """Events of the card, and where they stand in the host's time."""

    def __init__(self, cuda):
        self.cuda, self.base = cuda, cuda.event()
        cuda.synchronize()
        self.mark(self.base)
        self.wait(self.base)
        self.at = time.perf_counter()

    def mark(self, event=None):
        event = event or self.cuda.event()
        self.cuda.call("cuEventRecord", event, c.c_void_p(0))
        return event

    def wait(self, event):
        self.cuda.call("cuEventSynchronize", event)

    def since(self, start, end):
        """Seconds."""
        elapsed = c.c_float()
        self.cuda.call("cuEventElapsedTime", c.byref(elapsed), start, end)
        return elapsed.value / 1000

    def host(self, event):
        return self.at + self.since(self.base, event)


def enqueue(clock, runs, expected, window):
    """Launches of each tile of `runs` (tile, launch), windows of so many seconds in turn, by `expected` us a launch; where they begin
    and end. Nothing is waited for: the next contraction's follow without a pause."""
    marks, drawn = {tile: [] for tile, _ in runs}, random.Random(1)
    for _ in range(ROUNDS):
        for tile, run in drawn.sample(runs, len(runs)):
            count = max(int(window * 1e6 / expected[tile]), 10)
            settling = int(count * SETTLING)
            for _ in range(settling):
                run()
            start = clock.mark()
            for _ in range(count - settling):
                run()
            marks[tile].append((start, clock.mark(), count - settling))
    return marks


def told(clock, meter, marks):
    """Of each tile its us and joules a launch, watts, clock and temperature; behind a synchronisation."""
    found = {}
    for tile, some in marks.items():
        us = [1e6 * clock.since(a, b) / n for a, b, n in some]
        power = [meter.between(clock.host(a), clock.host(b)) for a, b, _ in some]
        found[tile] = {"us": statistics.median(us), "spread": max(us) / min(us) - 1,
                       "joules": statistics.median(p[0] / n for p, (_, _, n) in zip(power, some)),
                       "watts": statistics.fmean(p[1] for p in power), "mhz": statistics.median(p[2] for p in power),
                       "celsius": power[-1][3]}  # fmt: skip
    return found
