"""Drives gptc and the programs it makes, as a user would: compile a model file, run a program's subcommands, read the results.

What goes wrong there raises `ProductError` with the last line that the product said; `Report.case` turns it into a failed case.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

import report as r

sys.path.append(str(r.ROOT / "test"))

from optional import optional_passes


class ProductError(Exception):
    pass


class Program:
    """A compiled training program."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def attempt(self, *arguments, environment=None, timeout=600):
        """A run that may fail."""
        command = [str(self.path), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=timeout)

    def run(self, *arguments, environment=None, timeout=600):
        result = self.attempt(*arguments, environment=environment, timeout=timeout)
        if result.returncode:
            raise ProductError(f"`{arguments[0]}` exits {result.returncode}: {last_line(result.stderr)}")
        return result

    def gradients(self, parameters, batch, step, *options):
        """(loss sum, {parameter: gradient of loss / micro_batches})."""
        params, inputs, out = (self.folder / f"{name}.safetensors" for name in ("params", "batch", "gradients"))
        save_file({name: np.asarray(x, np.float32, order="C") for name, x in parameters.items()}, params)
        arrays = dict(tokens=batch.tokens, targets=batch.targets, cu_seqlens=batch.starts)
        save_file({name: np.asarray(x, np.int32, order="C") for name, x in arrays.items()}, inputs)
        out.unlink(missing_ok=True)
        self.run("gradients", "--params", params, "--batch", inputs, "--step", step, "--out", out, *options)
        found = load_file(out)
        loss = found.pop("loss")
        if loss.dtype != np.float64 or loss.shape != ():
            raise ProductError(f"`loss` is {loss.dtype} {loss.shape}, not float64 ()")
        if wrong := [name for name, g in found.items() if g.dtype != np.float32]:
            raise ProductError(f"the gradient of {wrong[0]} is {found[wrong[0]].dtype}, not float32")
        return float(loss), found


class Product:
    """gptc, and a folder for what it makes."""

    def __init__(self, gptc):
        self.gptc = Path(gptc).resolve()
        self.folder_handle = tempfile.TemporaryDirectory(prefix="gptc-numerics-")
        self.folder = Path(self.folder_handle.name)
        # Model files that a test writes find those that they name beside them.
        for model in (r.ROOT / "models").glob("*.mlir"):
            shutil.copy(model, self.folder)
        self.programs = {}

    @cached_property
    def optional_passes(self):
        return optional_passes(self.gptc)

    def compile(self, model, sets=None, disable=(), numerics=None):
        """The program of a model file; compiled once for the same model and settings."""
        key = (str(model), tuple((sets or {}).items()), tuple(disable), numerics)
        if isinstance(self.programs.get(key), ProductError):
            raise self.programs[key]
        if key not in self.programs:
            path = self.folder / f"program{len(self.programs)}"
            options = [f"--set={name}={value}" for name, value in (sets or {}).items()]
            options += [f"--disable-pass={name}" for name in disable]
            options += [f"--numerics={numerics}"] * bool(numerics)
            result = self.gptc_run("compile", model, "--target=cpu", *options, "-o", path)
            if result.returncode:
                self.programs[key] = ProductError(f"gptc exits {result.returncode}: {first_error(result.stderr)}")
                raise self.programs[key]
            self.programs[key] = Program(path, self.folder)
        return self.programs[key]

    def without_effect(self, model, sets=None):
        """The optional passes that leave a model's program as it is, by MLIR's own digests of it before and behind each pass of a
        whole compilation: what runs behind such a pass has the same input without it, and so the program is the same."""
        options = [f"--set={name}={value}" for name, value in (sets or {}).items()]
        options += ["--emit=launches", "--mlir-print-ir-after-all", "--mlir-print-ir-after-change", "--mlir-print-skip-regions"]
        result = self.gptc_run("compile", model, "--target=cpu", *options, "-o", self.folder / "changes.mlir")
        changes = set(re.findall(r"^// -----// IR Dump After \w+ \(([\w-]+)\)", result.stderr, re.M))
        if result.returncode or "lower-to-kernels" not in changes:  # which changes every program
            raise ProductError(f"gptc does not say what its passes change: {first_error(result.stderr)}")
        return [name for name in self.optional_passes if name not in changes]

    def gptc_run(self, *arguments, **options):
        return subprocess.run([str(self.gptc), *map(str, arguments)], capture_output=True, text=True, timeout=600, **options)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


def last_line(text):
    return (text.strip().splitlines() or ["nothing said"])[-1]


def first_error(text):
    return next((line for line in text.splitlines() if "error:" in line), last_line(text))


def settings(model):
    """The `--set` options that make a model file the reference's `model`."""
    schedule = model.schedule
    stages = zip(("stage1", "stage2", "stage3", "extension"), schedule.tokens)
    return {
        **{name: getattr(model, name) for name in "DHKFV"},
        "window_unit": schedule.window_unit,
        "micro_batches": schedule.micro_batches,
        **{f"tokens_{stage}": tokens for stage, tokens in stages},
        "scheduled_steps": schedule.scheduled_steps,
        "extension_steps": schedule.extension_steps,
        "document_token": 0,
        "fp8": "true" if model.fp8 else "false",
    }


def arguments(doc, **switches):
    """The command line that every test has, and the product it names; ends the test where that does not exist.

    `switches` are the test's own, each with its help."""
    parser = argparse.ArgumentParser(description=doc)
    for name, text in switches.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    parser.add_argument("--gptc", default=r.ROOT / "build/bin/gptc", help="the compiler (default: build/bin/gptc)")
    parser.add_argument("--only", default="", help="run the cases whose name contains this")
    given = parser.parse_args()
    if not Path(given.gptc).exists():
        parser.exit(1, f"no {given.gptc}: build it first (./x build)\n")
    return given, Product(given.gptc)
