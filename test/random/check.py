"""What must hold of one model: `Checker.check(model)` raises `Failure` for the first thing that does not.

The program of all optional passes, of none and of a random subset: loss and every gradient as the interpreter's, the same bits on
any number of threads; the same bytes from a second compilation; every phase read back and compiled on; PTX that ptxas takes.
"""

import random
import re
import subprocess
import zlib

import numpy as np

from compiler import Failure, execute, find_ptxas, read_tensors, write_tensors

# Every optional pass, as `--disable-pass=` names it.
OPTIONAL_PASSES = ("cse", "dedupe-tables", "fuse-slice-gate", "fuse-smear", "fuse-epilogues", "form-row-kernels")
PHASES = ("model", "graph", "step", "kernels", "launches")
LOSS = 1e-6  # of the loss's size, or of 1
NEGLIGIBLE = 1e-2
ROUNDINGS = 32  # of a gradient on its way, each as large as a parameter's
SHARES = {"exe": 8, "ptx": 6, "none": 1, "some": 1}  # every so manieth model


def parameters_of(model):
    """A value for every parameter of the file: what keeps activations near 1."""
    rng = np.random.default_rng(model.seed)
    return {p.name: (p.middle + p.size * rng.standard_normal(p.shape)).astype(np.float32) for p in model.parameters}


def batch_of(model, step):
    """Random tokens, some often, some never; documents of one of several kinds."""
    rng = np.random.default_rng((model.seed, step))
    T, V = model.tokens[step], model.vocabulary
    tokens, targets = (np.minimum(*rng.integers(0, V, (2, T))).astype(np.int32) for _ in range(2))
    kind = rng.integers(5)
    starts = [[0], [0, T // 2 + 1], range(T), [0, 0, T // 3, T // 3, T, T], sorted({0, *rng.integers(0, T, 3).tolist()})][kind]
    return {"tokens": tokens, "targets": targets, "cu_seqlens": np.array([min(s, T) for s in starts], np.int32)}


def distance(got, wanted, floor=0.0):
    """The largest difference, as a part of the largest element, or of `floor` where all are smaller."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    if got.shape != wanted.shape:
        return np.inf
    off, size = (np.max(np.abs(x), initial=0.0) for x in (got - wanted, wanted))
    size = max(size, floor)
    off = off / size if size > 0 else off
    return off if np.isfinite(off) else np.inf


class Checker:
    def __init__(self, compiler, load=None, shares=None):
        self.compiler, self.load, self.folder = compiler, load, compiler.folder
        self.shares = SHARES | (shares or {})
        self.ptxas = find_ptxas()
        self.counts = {}

    def count(self, what, by=1):
        self.counts[what] = self.counts.get(what, 0) + by

    def share(self, model, what):
        """Whether this model is one of those on which a costly check is made."""
        every = self.shares[what]
        return every > 0 and zlib.crc32(f"{what} {model.seed}".encode()) % every == 0

    # ---- The whole of it

    def check(self, model, text=None, kind=""):
        """All of it; or, to see whether a smaller text fails alike, what can fail as `kind` says."""
        rng = random.Random(model.seed)
        path = self.folder / "model.mlir"
        path.write_text(text or model.text())
        without = {"all": (), "none": OPTIONAL_PASSES, "some": tuple(p for p in OPTIONAL_PASSES if rng.random() < 0.5)}
        alone = kind.split("passes: ", 1)[-1].split(":")[0] if "passes: " in kind else None
        programs = {}
        for name, passes in without.items():
            if name == alone or (alone is None and (name == "all" or self.share(model, name))):
                programs[name] = self.program(path, name, passes)
        if alone is None:
            self.phases(model, path)
        self.numbers(model, path, programs, rng)
        if alone is None and self.share(model, "ptx"):
            self.ptx(path)

    def program(self, path, name, without):
        out = self.folder / f"program_{name}"
        options = [f"--disable-pass={','.join(without)}"] * bool(without)
        temporaries = [f"--save-temps={self.folder / 'temps'}"] * (name == "all")
        self.compiler.compile(f"compile, passes: {name}", path, *options, *temporaries, "-o", out)
        return out

    # ---- Compilation

    def phases(self, model, path):
        """Each phase's text compiles on to the same launches; a second compilation gives the same."""
        texts = {p: (self.folder / "temps" / f"model.{p}.mlir").read_text() for p in PHASES}
        for phase in PHASES:
            # Names of buffers hold the file's name.
            folder = self.folder / phase
            folder.mkdir(exist_ok=True)
            read, out = folder / "model.mlir", folder / "launches"
            read.write_text(texts[phase])
            self.compiler.compile(f"resume from {phase}", read, f"--compile-from={phase}", "--emit=launches", "-o", out)
            resumed, direct = (without_names(t) for t in (out.read_text(), texts["launches"]))
            if resumed != direct:
                raise Failure(f"resume from {phase}", "other launches than of the model file: " + first_difference(resumed, direct))
        out = self.folder / "again.mlir"
        self.compiler.compile("compile again", path, "--emit=launches", "-o", out)
        if out.read_text() != texts["launches"]:
            raise Failure("compile again", "other launches")
        if self.share(model, "exe"):
            self.count("executables compared")
            again, first = self.folder / "again", self.folder / "program_all"
            self.compiler.compile("compile again", path, "-o", again)
            if again.read_bytes() != first.read_bytes():
                raise Failure("compile again", "other bytes")
            self.compiler.compile("compile from launches", self.folder / "launches/model.mlir", "--compile-from=launches", "-o", again)

    def ptx(self, path):
        out = self.folder / "model.ptx"
        self.compiler.compile("ptx", path, "--target=sm_90a", "--emit=ptx", "-o", out)
        self.count("PTX made")
        if self.ptxas:
            self.count("PTX assembled")
            command = [self.ptxas, "-arch=sm_90a", "-O0", out, "-o", self.folder / "model.cubin"]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise Failure("ptxas", (done.stdout + done.stderr)[-1000:])

    # ---- Numbers

    def gradients(self, kind, program, step, threads=1):
        out = self.folder / f"gradients_{threads}"
        out.unlink(missing_ok=True)
        files = ["--params", self.folder / "parameters", "--batch", self.folder / "batch"]
        execute(kind, program, "gradients", *files, "--step", step, "--out", out, threads=threads)
        return out

    def numbers(self, model, path, programs, rng):
        parameters = parameters_of(model)
        write_tensors(self.folder / "parameters", parameters)
        interpreted = None
        if self.load:
            interpreted = self.load(self.generic(path), {})
        for step in sorted(rng.sample(range(model.steps), 2 if len(set(model.tokens.values())) > 1 or model.ties else 1)):
            batch = batch_of(model, step)
            write_tensors(self.folder / "batch", batch)
            found = {}
            for name, program in programs.items():
                kind = f"gradients, passes: {name}"
                file = self.gradients(kind, program, step)
                found[name] = read_tensors(file)
                more = self.gradients(kind, program, step, threads=3)
                if file.read_bytes() != more.read_bytes():
                    raise Failure(f"threads, passes: {name}", "three threads give other bits than one")
            if interpreted:
                self.against(model, f"step {step}", found, interpreted, parameters, batch, step)
            else:
                for name in programs:
                    self.compare(model, f"passes: {name}, step {step}", found[name], next(iter(found.values())))
            self.count("gradients compared", len(found))

    def generic(self, path):
        out = self.folder / "generic.mlir"
        self.compiler.compile("emit model", path, "--emit=model", "--mlir-print-op-generic", "-o", out)
        return out.read_text()

    def against(self, model, where, found, interpreted, parameters, batch, step):
        loss, gradients = interpreted.loss_and_gradients(parameters, tuple(batch.values()), step)
        wanted = {"loss": loss, **gradients}
        # A gradient that moves the loss by less than a hundredth when its parameter moves by its own size is held to that.
        floors = {n: NEGLIGIBLE * max(1.0, abs(loss)) / max(1e-3, np.max(np.abs(parameters[n]))) for n in gradients}
        for name, got in found.items():
            try:
                self.compare(model, f"passes: {name}, {where}", got, wanted, floors)
            except Failure:
                if not self.unsure(model, got, wanted, floors, lambda p: interpreted.loss_and_gradients(p, tuple(batch.values()), step), parameters):
                    raise
                self.count("ill-conditioned")

    def unsure(self, model, got, wanted, floors, evaluate, parameters):
        """Whether the float64 gradients themselves move as far when parameters move by float32's rounding: then no float32
        program can do better. Such models are counted, and a run may have few."""
        rng = np.random.default_rng(model.seed)
        moved = {n: p * (1 + 2.0**-24 * rng.standard_normal(p.shape)) for n, p in parameters.items()}
        _loss, gradients = evaluate(moved)
        if set(got) != set(wanted) or abs(got["loss"] - wanted["loss"]) > LOSS * max(1.0, abs(wanted["loss"])):
            return False
        return all(
            distance(got[n], wanted[n], floors[n]) <= max(model.tolerance, ROUNDINGS * distance(gradients[n], wanted[n], floors[n]))
            for n in gradients
        )

    def compare(self, model, where, got, wanted, floors=None):
        missing = sorted(set(wanted) - set(got)) + sorted(set(got) - set(wanted))
        kind = where.split(", step")[0]
        if missing:
            raise Failure(f"gradients, {kind}", f"{missing[0]} on one side alone")
        off = abs(float(got["loss"]) - float(wanted["loss"])) / max(1.0, abs(float(wanted["loss"])))
        if not off <= max(LOSS, model.tolerance / 10):
            raise Failure(f"loss, {kind}", f"{where}: loss {float(got['loss'])!r}, not {float(wanted['loss'])!r}")
        worst = max(((distance(got[n], wanted[n], (floors or {}).get(n, 0)), n) for n in wanted if n != "loss"), default=(0, ""))
        if not worst[0] <= model.tolerance:
            raise Failure(f"gradient, {kind}", f"{where}: the gradient of {worst[1]} is off by {worst[0]:.1e} of its largest element")


def without_names(text):
    """Launches without the names of values, which tell the lines of the file that they come from."""
    return re.sub(r"\bmodel(_|\.mlir:)\d+", "model", re.sub(r"%[\w.]+", "%", text))


def first_difference(a, b):
    for x, y in zip(a.splitlines(), b.splitlines()):
        if x != y:
            return f"\n  {x.strip()[:200]}\n  {y.strip()[:200]}"
    return "another length"
