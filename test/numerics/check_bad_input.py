"""Bad input: each case exits 1 (never by a signal), says one `error:` line that names the place, and leaves no output file.

A table of cases. `says` are words that the error must hold: the file, and what is wrong with it or what would mend it.
"""

import json
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
from safetensors.numpy import load_file, save_file

import inputs
import report as r
from product import arguments, settings
from reference import record
from schedules import Schedule

MODEL = r.ROOT / "models/nanogpt.mlir"
SMALL = record(D=64, H=4, K=16, F=96, V=128, fp8=False,
               schedule=Schedule(scheduled_steps=6, extension_steps=2, window_unit=8, tokens=(768,) * 4))
SETS = [f"--set={name}={value}" for name, value in settings(SMALL).items()]


@dataclass
class World:
    """What the cases work on: a folder, gptc, and a program with good inputs."""

    folder: Path
    gptc: Path
    program: Path
    text: str  # of the model file

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@dataclass
class Case:
    name: str
    command: Callable  # World → arguments, with OUT where an output file is named
    says: tuple


OUT = object()

# ---- The compiler ------------------------------------------------------------------------------------------------------------


def compiles(name, make, *says, options=()):
    """`make(text)` is the content of the model file."""
    def command(w):
        return [w.gptc, "compile", w.file("bad.mlir", make(w.text)), *SETS, *options, "-o", OUT]
    return Case(name, command, ("bad.mlir", *says))


def sets(name, setting, *says):
    return Case(f"--set {name}", lambda w: [w.gptc, "compile", MODEL, *SETS, f"--set={setting}", "-o", OUT], says)


def swap(old, new):
    def make(text):
        assert old in text, f"the model file has no {old!r}"
        return text.replace(old, new, 1)
    return make


def cut(part):
    return lambda text: text.encode()[: int(len(text.encode()) * part)].decode(errors="ignore")


def compiler_cases():
    yield compiles("an empty model file", lambda text: "")
    yield compiles("a model file of comments", lambda text: "// nothing here\n")
    for percent in (3, 20, 45, 70, 99):
        yield compiles(f"a model file cut at {percent} %", cut(percent / 100))
    yield compiles("a model file of noise", lambda text: "\x01\x02{{{" * 50)
    yield compiles("a model file with a control character", swap("gpt.rms_norm", "gpt.rms_\x01norm"))
    yield compiles("an unknown op", swap("gpt.rms_norm", "gpt.rms_nrom"), "rms_nrom")
    yield compiles("an unknown value", swap("gpt.linear %h, %up", "gpt.linear %h, %upp"), "upp")
    yield compiles("an unknown size", swap("R = K/4", "R = KK/4"), "KK")
    yield compiles("a weight that does not fit", swap("%a  = gpt.linear %h, %up", "%a  = gpt.matmul %h, %up"))
    yield compiles("a row beyond the bank", swap("(i = 10,", "(i = 11,"))
    yield compiles("a value table beyond the bank", swap("table = 2", "table = 7"))
    yield compiles("a slice beyond the row", swap("at ve_at size gate", "at 60 size gate"))
    yield Case("no such model file", lambda w: [w.gptc, "compile", w.folder / "none.mlir", "-o", OUT], ("none.mlir",))
    yield Case("a folder as model file", lambda w: [w.gptc, "compile", w.folder, "-o", OUT], ())
    yield Case("an output in no folder", lambda w: [w.gptc, "compile", MODEL, *SETS, "-o", w.folder / "no/such/exe"], ("exe",))
    yield sets("an unknown name", "DIM=64", "DIM")
    yield sets("no value", "D", "D")
    yield sets("a word for a number", "D=wide", "wide")
    yield sets("heads that do not fill D", "K=12", "K")
    yield sets("no heads", "H=0")
    yield sets("a negative size", "F=-96", "F")
    yield sets("half a size", "F=96.5", "F")
    yield sets("an enormous size", "F=1e30")
    yield sets("a window of nothing", "window_unit=0", "window_unit")
    yield sets("tokens that micro-batches do not share evenly", "tokens_stage1=770", "96.25", "micro_batches")
    yield sets("a document token beyond the vocabulary", "document_token=128", "document_token")
    yield sets("no steps", "scheduled_steps=0")
    yield sets("a flag that is neither true nor false", "fp8=maybe", "fp8")
    yield Case("an unknown target", lambda w: [w.gptc, "compile", MODEL, "--target=abacus", "-o", OUT], ("abacus",))
    yield Case("an unknown pass", lambda w: [w.gptc, "compile", MODEL, *SETS, "--disable-pass=fuse-smeer", "-o", OUT], ("fuse-smeer",))
    yield Case("an unknown phase", lambda w: [w.gptc, "compile", MODEL, *SETS, "--emit=dreams", "-o", OUT], ("dreams",))
    yield Case("an unknown flag", lambda w: [w.gptc, "compile", MODEL, "--fast", "-o", OUT], ("fast",))
    yield Case("no model", lambda w: [w.gptc, "compile", "-o", OUT], ())


# ---- Shards ------------------------------------------------------------------------------------------------------------------


def trains(name, content, *says):
    """`content(good)` is the shard's bytes, made from a good shard's."""
    def command(w):
        good = inputs.write_shard(w.folder / "good.bin", inputs.text(60_000, 128)).read_bytes()
        return [w.program, "train", "--data", w.file("bad.bin", content(good)), "--save", OUT]
    return Case(name, command, ("bad.bin", *says))


def header(good, at, value):
    return good[: 4 * at] + struct.pack("<i", value) + good[4 * at + 4 :]


def shard_cases():
    yield trains("an empty shard", lambda good: b"")
    yield trains("a shard of half a header", lambda good: good[:500])
    yield trains("a shard without tokens", lambda good: header(good[:1024], 2, 0))
    yield trains("a shard cut in the middle", lambda good: good[: len(good) // 2])
    yield trains("a shard cut inside a token", lambda good: good[:-1])
    yield trains("a shard with bytes after its end", lambda good: good + b"more")
    yield trains("a shard of another magic", lambda good: header(good, 0, 20240801))
    yield trains("a shard of another version", lambda good: header(good, 1, 2))
    yield trains("a shard of a negative count", lambda good: header(good, 2, -1))
    yield trains("a shard of too great a count", lambda good: header(good, 2, 2**31 - 1))
    yield trains("a token beyond the vocabulary", lambda good: good[:3000] + b"\x80\x00" + good[3002:],
                 "token 128 at index 988", "the rows of the table at nanogpt.mlir:")
    yield trains("a shard without a document", lambda good: good[:1024] + b"\x05\x00" * 60_000, "none of its 60000 tokens is 0",
                 "document_token")
    yield trains("too few tokens for the run", lambda good: header(good[: 1024 + 4000], 2, 2000))
    yield Case("more steps than the model has", lambda w: [w.program, "train", "--data", w.folder / "no.bin", "--steps", 9, "--save", OUT],
               ("8 steps", "--set scheduled_steps="))
    yield Case("a pattern that matches nothing", lambda w: [w.program, "train", "--data", w.folder / "no*.bin", "--save", OUT], ("no*.bin",))
    yield Case("a folder as shard", lambda w: [w.program, "train", "--data", w.folder, "--save", OUT], ())
    yield Case("no data", lambda w: [w.program, "train", "--save", OUT], ("data",))


# ---- Parameters and batches --------------------------------------------------------------------------------------------------


def tensors(w, name, change):
    """A parameter file, changed."""
    stored = inputs.weights(SMALL)
    change(stored)
    path = w.folder / name
    save_file(stored, path)
    return path


def good_batch(w, **change):
    batch = inputs.batch(96, SMALL.V)
    arrays = dict(tokens=batch.tokens, targets=batch.targets, cu_seqlens=batch.starts) | change
    path = w.folder / "batch.safetensors"
    save_file({name: np.ascontiguousarray(x) for name, x in arrays.items() if x is not None}, path)
    return path


def gradients(w, params=None, batch=None, step=1):
    params, batch = params or tensors(w, "params.safetensors", lambda t: None), batch or good_batch(w)
    return [w.program, "gradients", "--params", params, "--batch", batch, "--step", step, "--out", OUT]


def with_params(name, change, *says):
    return Case(name, lambda w: gradients(w, params=tensors(w, "bad.safetensors", change)), ("bad.safetensors", *says))


def raw_params(name, content, *says):
    def command(w):
        good = tensors(w, "params.safetensors", lambda t: None).read_bytes()
        return gradients(w, params=w.file("bad.safetensors", content(good)))
    return Case(name, command, ("bad.safetensors", *says))


def with_batch(name, *says, step=1, **change):
    return Case(name, lambda w: gradients(w, batch=good_batch(w, **change), step=step), says)


def with_header(good, change):
    """A safetensors file whose JSON header is changed."""
    size = struct.unpack("<Q", good[:8])[0]
    names = json.loads(good[8 : 8 + size])
    change(names)
    text = json.dumps(names).encode()
    return struct.pack("<Q", len(text)) + text + good[8 + size :]


def parameter_cases():
    yield with_params("a missing parameter", lambda t: t.pop("c_fc.4"), "c_fc.4")
    yield with_params("an unknown parameter", lambda t: t.update(c_fcc=np.zeros(3, np.float32)), "c_fcc")
    yield with_params("a parameter of another shape", lambda t: t.update(scalars=np.zeros(40, np.float32)), "scalars")
    yield with_params("a parameter turned around", lambda t: t.update({"c_fc.0": t["c_fc.0"].T.copy()}), "c_fc.0")
    yield with_params("a parameter of another type", lambda t: t.update(scalars=np.zeros(36, np.int32)), "scalars")
    yield raw_params("an empty parameter file", lambda good: b"")
    yield raw_params("a parameter file cut in its header", lambda good: good[:100])
    yield raw_params("a parameter file cut in its data", lambda good: good[: len(good) // 2])
    yield raw_params("a header that is longer than its file", lambda good: struct.pack("<Q", 2**62) + good[8:])
    yield raw_params("a header that is no JSON", lambda good: good[:8] + b"?" * 40 + good[48:])
    yield raw_params("a header that is a list", lambda good: struct.pack("<Q", 2) + b"[]")
    yield raw_params("offsets beyond the file", lambda good: with_header(good, lambda h: h["scalars"].update(data_offsets=[0, 2**40])))
    yield raw_params("offsets that run backwards", lambda good: with_header(good, lambda h: h["scalars"].update(data_offsets=[400, 256])))
    yield raw_params("an unknown element type", lambda good: with_header(good, lambda h: h["scalars"].update(dtype="Q7")))
    yield raw_params("a shape with a negative size", lambda good: with_header(good, lambda h: h["scalars"].update(shape=[-36])))
    yield raw_params("a header without a shape", lambda good: with_header(good, lambda h: h["scalars"].pop("shape")))
    yield Case("no such parameter file", lambda w: gradients(w, params=w.folder / "none.safetensors"), ("none.safetensors",))
    yield Case("a folder as parameter file", lambda w: gradients(w, params=w.folder), ())
    yield with_batch("a batch without targets", "targets", targets=None)
    yield with_batch("a batch of int64 tokens", "tokens", tokens=np.zeros(96, np.int64))
    yield with_batch("a batch of another length", "96", tokens=np.zeros(90, np.int32), targets=np.zeros(90, np.int32))
    yield with_batch("targets of another length", "targets", targets=np.zeros(95, np.int32))
    yield with_batch("a token that the vocabulary lacks", "tokens[0] is 128", "below 128", tokens=np.full(96, 128, np.int32))
    yield with_batch("a negative token", "tokens", tokens=np.full(96, -1, np.int32))
    yield with_batch("a target that the vocabulary lacks", "targets[0] is 500", "the columns of the logits at nanogpt.mlir:",
                     targets=np.full(96, 500, np.int32))
    yield with_batch("documents that do not begin at 0", "cu_seqlens", cu_seqlens=np.array([5, 50], np.int32))
    yield with_batch("documents that run backwards", "cu_seqlens", cu_seqlens=np.array([0, 50, 20], np.int32))
    yield with_batch("a document beyond the batch", "cu_seqlens", cu_seqlens=np.array([0, 97], np.int32))
    yield with_batch("no documents", "cu_seqlens", cu_seqlens=np.zeros(0, np.int32))
    yield with_batch("a step beyond the run", "9", step=9)
    yield with_batch("a negative step", step=-1)
    yield Case("an unknown subcommand", lambda w: [w.program, "dance"], ("dance",))
    yield Case("an unknown flag of the program", lambda w: [w.program, "train", "--fast"], ("fast",))
    yield Case("a word for a seed", lambda w: [w.program, "init", "--seed", "x", "--out", OUT], ("seed",))


# ---- What is looked up -------------------------------------------------------------------------------------------------------

LOOKS_UP = """gpt.model @m {
  gpt.let T, V = 11, N = 11, P = 96, D = 8, document_token = 0, temperature = 1
  %sgd = gpt.optimizer(%p, %g) (%lr = 0.1) every 1 {
    %u = gpt.scale %g by %lr
    %q = gpt.sub %p, %u
    gpt.return %q
  }
  %tokens  = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %docs    = gpt.input [T] i32
  %table   = gpt.param [V, D] init normal(1) by %sgd
  %where   = gpt.param [P, D] init normal(1) by %sgd
  %head    = gpt.param [N, D] init normal(1) by %sgd
  %predict = gpt.func() {
    %x = gpt.embed %table[%tokens]
    %z = gpt.linear %x, %head
    gpt.return %z
  }
  gpt.graph @train {
    %x = gpt.embed %table[%tokens]
    %p = gpt.embed %where[%docs]
    %y = gpt.add %x, %p
    %z = gpt.linear %y, %head
    %loss = gpt.cross_entropy %z, %targets
    gpt.return %loss
  }
  gpt.graph @sample {
    %z = gpt.call %predict()
    %next = gpt.softmax %z (temperature = temperature)
    gpt.return %next
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = 96, document_token = document_token, max_document = 96)
}
"""


def looks_up(name, run, *says, text=LOOKS_UP, sets=()):
    """`run(w, program)` is what is done with the model's program."""
    def command(w):
        path, model = w.folder / "looks_up", w.file("looks_up.mlir", text)
        options = [f"--set={setting}" for setting in sets]
        subprocess.run([w.gptc, "compile", model, *options, "-o", path], check=True, capture_output=True)
        return run(w, path)
    return Case(name, command, says)


def train_on_eleven(w, program):
    tokens = np.random.default_rng(1).integers(0, 11, 4000)
    tokens[100] = 8
    tokens[:100] = 0
    return [program, "train", "--data", inputs.write_shard(w.folder / "eleven.bin", tokens), "--steps", 1, "--save", OUT]


def sample_of(value):
    """Sampling with one such number in the head."""
    def command(w, program):
        path = w.folder / "one.safetensors"
        subprocess.run([program, "init", "--out", path], check=True, capture_output=True)
        stored = load_file(path)
        stored["head"] = stored["head"].copy()
        stored["head"][3, 2] = value
        save_file(stored, path)
        return [program, "sample", "--params", path, "--length", 20]
    return command


def look_up_cases():
    yield Case("a table of fewer rows than positions",
               lambda w: [w.gptc, "compile", w.file("bad.mlir", LOOKS_UP), "--set=P=16", "-o", OUT],
               ("bad.mlir:21", "'docs', positions up to 95, among 16 rows"))
    yield Case("a document token beyond the table",
               lambda w: [w.gptc, "compile", w.file("bad.mlir", LOOKS_UP), "--set=document_token=11", "-o", OUT],
               ("document_token = 11", "'tokens' are below 11"))
    yield Case("documents that are no documents",
               lambda w: [w.gptc, "compile", w.file("bad.mlir", swap("documents %docs", "documents %targets")(w.text)), *SETS, "-o", OUT],
               ("bad.mlir", "takes 'targets' for where documents begin"))
    yield looks_up("a target beyond the logits", train_on_eleven, "eleven.bin: token 8 at index 100", "below 8",
                   "the columns of the logits at looks_up.mlir:24", sets=["N=8"])
    yield looks_up("more steps than a recipe's own number",
                   lambda w, program: [program, "train", "--data", w.folder / "no.bin", "--steps", 5, "--save", OUT],
                   "4 steps", "the recipe of the model file")
    yield looks_up("a NaN among the logits", sample_of(np.nan), "token 0 of the sample", "at position 0 of the context all 11",
                   "parameter 'head' is nan at [3, 2]")
    yield looks_up("an infinity among the logits", sample_of(np.inf), "of the sample", "nan", "parameter 'head' is inf at [3, 2]")
    yield looks_up("a NaN among the logits of a greedy sample", sample_of(np.nan), "all 11 probabilities are nan", "parameter 'head'",
                   sets=["temperature=0"])


# ---- Running a case ----------------------------------------------------------------------------------------------------------


def judge(w, case):
    """What is wrong with the product's answer, or nothing; and its error line."""
    out = w.folder / "out"
    out.unlink(missing_ok=True)
    command = [str(out if part is OUT else part) for part in case.command(w)]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    line = errors[0].strip().replace(str(w.folder) + "/", "") if errors else "no error line"
    if result.returncode != 1:
        ended = f"signal {-result.returncode}" if result.returncode < 0 else f"exit {result.returncode}"
        return f"{ended}, not 1", line
    if len(errors) != 1:
        return f"{len(errors)} error lines, not 1", line
    if missing := [word for word in case.says if word not in result.stderr]:
        return f"the error does not name {', '.join(missing)}", line
    if out.exists():
        return "an output file is left", line
    return "", line


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    program = product.compile(MODEL, settings(SMALL))
    w = World(product.folder, product.gptc, program.path, MODEL.read_text())
    with report.case("good input") as check:
        loss, found = program.gradients(inputs.weights(SMALL), inputs.batch(96, SMALL.V), 1)
        check(np.isfinite(loss) and len(found) == len(SMALL.shapes()), f"loss {loss:.4f}, {len(found)} gradients")
    for case in (*compiler_cases(), *shard_cases(), *parameter_cases(), *look_up_cases()):
        if report.wants(case.name):
            with report.case(case.name) as check:
                wrong, line = judge(w, case)
                check(not wrong, f"{wrong} ({line})" if wrong else line)
    r.end(report)


if __name__ == "__main__":
    main()
