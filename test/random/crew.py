"""Processes that work through seeds. One that takes too long is ended, one that dies is replaced, each ends after some models
so that its memory is bounded; no seed is lost, whatever happens.
"""

import multiprocessing
import os
import shutil
import time
from multiprocessing.connection import wait
from pathlib import Path

MODELS = 200  # that one process does


class Ended(Exception):
    """A process that died of a model, or was ended."""


def work(pipe, folder, make, given):
    """In a process: each seed that comes gives answers, the last of which is None."""
    os.nice(1)
    worker = make(given, folder)
    while (seed := pipe.recv()) is not None:
        try:
            for answer in worker.run(seed):
                pipe.send(answer)
        except Exception as problem:  # the test itself is at fault: say so, and go on with other models in a process anew
            pipe.send(Ended(f"{type(problem).__name__}: {problem}"))
            return
        pipe.send(None)
    worker.close()


class Member:
    def __init__(self, context, folder, make, given):
        folder.mkdir()
        self.folder, self.left, self.seed = folder, MODELS, None
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=work, args=(there, str(folder), make, given), daemon=True)
        self.process.start()
        there.close()

    def give(self, seed, seconds):
        self.seed, self.answered, self.left = seed, False, self.left - 1
        self.deadline = time.monotonic() + seconds
        self.pipe.send(seed)

    def end(self):
        if self.seed is None and self.process.is_alive():
            self.pipe.send(None)
            self.process.join(10)
        self.process.kill()
        self.process.join()
        self.pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Crew:
    """`make(given, folder).run(seed)` gives the answers for a seed, in one of some processes."""

    def __init__(self, jobs, seconds, folder, make, given):
        self.jobs, self.seconds, self.folder = jobs, seconds, Path(folder)
        self.make, self.given, self.count = make, given, 0
        self.context = multiprocessing.get_context("spawn")

    def member(self):
        self.count += 1
        return Member(self.context, self.folder / str(self.count), self.make, self.given)

    def run(self, seeds):
        """(seed, answer) as they come; an `Ended` where there is none."""
        seeds = iter(seeds)
        members = [self.member() for _ in range(self.jobs)]
        try:
            members = [m for m in members if self.next(m, seeds)]
            while members:
                wait([m.pipe for m in members], timeout=max(0.05, min(m.deadline for m in members) - time.monotonic()))
                for i, m in reversed(list(enumerate(members))):
                    yield from self.hear(m)
                    if m.seed is None:
                        if not m.process.is_alive() or not m.left:
                            m.end()
                            m = members[i] = self.member()
                        if not self.next(m, seeds):
                            members.pop(i).end()
        finally:
            for m in members:
                m.seed = m.seed or 0  # busy or not, it ends now
                m.end()

    def next(self, member, seeds):
        for seed in seeds:
            member.give(seed, self.seconds)
            return True
        return False

    def hear(self, m):
        """What a member says by now; its seed is None once it is done with it."""
        while m.seed is not None and m.pipe.poll():
            try:
                answer = m.pipe.recv()
            except (EOFError, OSError):
                m.process.join(10)
                answer = Ended(f"the process of the test ended with {m.process.exitcode}")
            if answer is not None:
                yield m.seed, answer
                m.answered = True
                m.deadline = time.monotonic() + 10 * self.seconds  # to shrink the model
            if answer is None or isinstance(answer, Ended):
                if answer is not None:
                    m.process.kill()
                    m.process.join()
                m.seed = None
        if m.seed is not None and time.monotonic() > m.deadline:
            m.process.kill()
            m.process.join()
            if not m.answered:
                yield m.seed, Ended(f"no answer in {self.seconds:.0f} s")
            m.seed = None
