"""What must hold of one model: `Checker.check(model)` raises `Failure` for the first thing that does not.

The program of all optional passes, of none and of a random subset: loss and every gradient as the interpreter's, the same bits on
any number of threads; the same bytes from a second compilation; every phase read back and compiled on; PTX that ptxas takes.
"""

import random
import re
import subprocess
import zlib

import numpy as np

import kernels
from compiler import SECONDS, Failure, execute, find_ptxas
from host import read_tensors, write_tensors
from optional import optional_in
from rounding import BF16, spread

PHASES = ("model", "graph", "step", "kernels", "launches")
BOUND = 1e-5  # of a gradient's largest element
LOSS = 1e-6  # of the loss, or of 1
# Where that is too much to ask, since roundings alone make more: of the largest difference that a few random ones make.
MORE = 16
# A value beside a tie of a grid of FP8 goes either way, and few samples may miss that: more, but then hardly more than they make.
FLIPS, MORE_OF_FLIPS = 60, 2
# Programs for sm_90a round to bf16 what they store, which is less than all that they compute.
MORE_OF_BF16 = 4
SHARES = {"exe": 30, "ptx": 30, "none": 6, "some": 6, "phases": 6, "gpu": 1}  # every so manieth model


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


class Checker:
    def __init__(self, compiler, load=None, shares=(), gpu=None):
        self.compiler, self.load, self.gpu, self.folder = compiler, load, gpu, compiler.folder
        self.shares = SHARES | dict(shares)
        self.ptxas = find_ptxas()
        self.optional = optional_in(compiler.run("passes")[1])
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
        without = {"all": (), "none": self.optional, "some": tuple(p for p in self.optional if rng.random() < 0.5)}
        alone = kind.split("passes: ", 1)[-1].split(":")[0] if "passes: " in kind else None
        programs = {}
        for name, passes in without.items():
            if name == alone or (alone is None and (name == "all" or self.share(model, name))):
                programs[name] = self.program(path, name, passes)
        if alone is None:
            self.again(path)
            if self.share(model, "phases"):
                self.phases(path)
            if self.share(model, "exe"):
                self.executable(path)
        self.numbers(model, path, programs, rng)
        runs = self.load is not None and (self.share(model, "gpu") if self.gpu else model.tiny)
        if alone is None and (self.share(model, "ptx") or runs):
            ptx, table = self.ptx(path)
            if runs:
                self.kernels(model, path, programs["all"], ptx, table)

    def program(self, path, name, without):
        out = self.folder / f"program_{name}"
        options = [f"--disable-pass={','.join(without)}"] * bool(without)
        temporaries = [f"--save-temps={self.folder / 'temps'}"] * (name == "all")
        # Once a program the IR is verified behind each pass; what is compiled again takes the same way.
        self.compiler.compile(f"compile, passes: {name}", path, "--verify-each", *options, *temporaries, "-o", out)
        return out

    # ---- Compilation

    def again(self, path):
        """A second compilation gives the same."""
        out = self.folder / "again.mlir"
        self.compiler.compile("compile again", path, "--emit=launches", "-o", out)
        if out.read_text() != (self.folder / "temps/model.launches.mlir").read_text():
            raise Failure("compile again", "other launches")

    def phases(self, path):
        """Each phase's text compiles on to the same launches."""
        self.count("resumed from each phase")
        direct = without_names((self.folder / "temps/model.launches.mlir").read_text())
        for phase in PHASES:
            # Names of buffers hold the file's name.
            folder = self.folder / phase
            folder.mkdir(exist_ok=True)
            read, out = folder / "model.mlir", folder / "launches"
            read.write_text((self.folder / "temps" / f"model.{phase}.mlir").read_text())
            self.compiler.compile(f"resume from {phase}", read, f"--compile-from={phase}", "--emit=launches", "-o", out)
            resumed = without_names(out.read_text())
            if resumed != direct:
                raise Failure(f"resume from {phase}", "other launches than of the model file: " + first_difference(resumed, direct))

    def executable(self, path):
        self.count("executables compared")
        again, first = self.folder / "again", self.folder / "program_all"
        self.compiler.compile("compile again", path, "--kernel-cache=", "-o", again)
        if again.read_bytes() != first.read_bytes():
            raise Failure("compile again", "other bytes")
        launches = self.folder / "temps/model.launches.mlir"
        self.compiler.compile("compile from launches", launches, "--compile-from=launches", "--kernel-cache=", "-o", again)

    def ptx(self, path):
        out, table = self.folder / "model.ptx", self.folder / "model.json"
        self.compiler.compile("ptx", path, "--target=sm_90a", "--emit=ptx", "-o", out, "--launches", table)
        self.count("PTX made")
        if self.ptxas:
            self.count("PTX assembled")
            command = [self.ptxas, "-arch=sm_90a", "-O0", out, "-o", self.folder / "model.cubin"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
            if done.returncode:
                raise Failure("ptxas", (done.stdout + done.stderr)[-1000:])
        return out, table

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
        interpreted = self.load(self.generic(path), {}) if self.load else None
        for step in sorted(rng.sample(range(model.steps), 2 if len(set(model.tokens.values())) > 1 or model.ties else 1)):
            batch = batch_of(model, step)
            write_tensors(self.folder / "batch", batch)
            found = {}
            for name, program in programs.items():
                file = self.gradients(f"gradients, passes: {name}", program, step)
                found[name] = read_tensors(file)
                more = self.gradients(f"gradients, passes: {name}", program, step, threads=3)
                if file.read_bytes() != more.read_bytes():
                    raise Failure(f"threads, passes: {name}", "three threads give other bits than one")
            given = (parameters, tuple(batch.values()), step)
            wanted = found["all"] if "all" in found else next(iter(found.values()))
            if interpreted:
                loss, gradients = interpreted.loss_and_gradients(*given)
                wanted = {"loss": loss, **gradients}
            self.against(model, f"step {step}", found, wanted, interpreted, given)
            self.count("gradients compared", len(found))

    def kernels(self, model, path, program, ptx, table):
        """The PTX gives the loss and gradients of the CPU's program, as far as storing values as bf16 lets it; the same bits twice."""
        self.count("PTX run" if self.gpu else "PTX interpreted")
        parameters = {name: kernels.as_bf16(x) for name, x in parameters_of(model).items()}
        batch = batch_of(model, 0)
        write_tensors(self.folder / "parameters", parameters)
        write_tensors(self.folder / "batch", batch)
        wanted = read_tensors(self.gradients("gradients before PTX", program, 0))
        rounded = spread(self.load(self.generic(path), {}), parameters, tuple(batch.values()), 0, wanted, model.seed, BF16)
        allowed = {name: MORE_OF_BF16 * x for name, x in rounded.items()}
        try:
            if self.gpu:
                found, again = (kernels.gradients(ptx, table, parameters, batch, 0, self.gpu.host) for _ in range(2))
                if any(np.asarray(found[n]).tobytes() != np.asarray(again[n]).tobytes() for n in found):
                    raise Failure("PTX", "a second run gives other bits")
            else:
                found = kernels.gradients(ptx, table, parameters, batch, 0)
        except kernels.PtxError as problem:
            raise Failure("PTX", str(problem)) from None
        if problem := difference(found, wanted, allowed):
            what, _tensor, text = problem
            raise Failure(f"{what}, PTX", text)

    def generic(self, path):
        out = self.folder / "generic.mlir"
        self.compiler.compile("emit model", path, "--emit=model", "--mlir-print-op-generic", "-o", out)
        return out.read_text()

    def against(self, model, where, found, wanted, interpreted, given):
        """Each program's loss and gradients are those wanted, or as far from them as float32 must be."""
        allowed = {name: BOUND * np.max(np.abs(x), initial=0.0) for name, x in wanted.items()} | {
            "loss": LOSS * max(1.0, abs(float(wanted["loss"])))
        }
        wide = flipped = None
        for name, got in found.items():
            problem = difference(got, wanted, allowed)
            if problem and interpreted and wide is None:
                # Only now: it costs six evaluations.
                rounded = spread(interpreted, *given, wanted, model.seed)
                wide = {n: max(allowed[n], MORE * rounded[n]) for n in wanted}
                self.count("held to roundings")
            if problem and wide:
                problem = difference(got, wanted, wide)
            if problem and wide and flipped is None and re.search("e4m3|e5m2", (self.folder / "model.mlir").read_text()):
                rounded = spread(interpreted, *given, wanted, model.seed, samples=FLIPS)
                flipped = {n: max(wide[n], MORE_OF_FLIPS * rounded[n]) for n in wanted}
                self.count("held to flips on a grid")
            if problem and flipped:
                problem = difference(got, wanted, flipped)
            if problem:
                what, tensor, text = problem
                raise Failure(f"{what}, passes: {name}", f"passes: {name}, {where}: {text}")


def difference(got, wanted, allowed):
    """None, or what is wrong in a few words, of which tensor, and how far."""
    if missing := sorted(set(wanted) ^ set(got)):
        return "gradients", missing[0], f"{missing[0]} on one side alone"
    shares = []
    for name, x in wanted.items():
        x, y = np.asarray(x, np.float64), np.asarray(got[name], np.float64)
        if x.shape != y.shape:
            return "gradients", name, f"{name} has the shape {y.shape}, not {x.shape}"
        off, size = np.max(np.abs(x - y), initial=0.0), np.max(np.abs(x), initial=0.0)
        if not off <= allowed[name]:
            what = "loss" if name == "loss" else "gradient"
            shares.append((off / max(allowed[name], 1e-300), what, name, f"the {what} of {name}" if what != name else what, off, size))
    if not shares:
        return None
    # The loss first: what moves it moves every gradient.
    _share, what, name, label, off, size = max(shares, key=lambda s: (s[1] == "loss", np.nan_to_num(s[0], nan=np.inf)))
    return what, name, f"{label} is off by {off:.1e}; the largest element is {size:.1e}, {allowed[name]:.1e} is allowed"


def without_names(text):
    """Launches without the names of values, which tell the lines of the file that they come from."""
    return re.sub(r"\bmodel(_|\.mlir:)\d+", "model", re.sub(r"%[\w.]+", "%", text))


def first_difference(a, b):
    for x, y in zip(a.splitlines(), b.splitlines()):
        if x != y:
            return f"\n  {x.strip()[:200]}\n  {y.strip()[:200]}"
    return "another length"
