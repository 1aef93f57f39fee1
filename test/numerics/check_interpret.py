"""The interpreter of test/interpret against the reference, against values of the record's own script, and op by op.

Both are float64: they agree to 1e-12. The record's script stored its gradients as fp32: 1e-6.
"""

import json
import re
import subprocess
import sys

import numpy as np

import inputs
import report as r
from batch import Batch
from check_gradients import MODELS, SMALL, STEPS, schedule
from check_reference import prefixed
from product import arguments, settings
from reference import bf16, e4m3, e5m2, loss_and_gradients, record, validation_loss
from safetensors.numpy import load_file

sys.path.insert(0, str(r.ROOT / "test"))

from interpret import TextError, load, printed
from interpret.evaluate import evaluated
from interpret.model import DECLARATIONS, INSIDE
from interpret.ops import TABLE, on_grid

# Beside those of GptStep.td, which only parts of a step hold: the model itself, and what `--emit=model` has resolved.
ABOVE = {"gpt.model", "gpt.base"}

HEAD = """gpt.model @ops {
  gpt.let T = 6, V = 7, D = 8, steps = 4, one = 1
  %tokens = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %docs = gpt.input [T] i32
  %sgd = gpt.optimizer(%p, %g) {
    %n = gpt.sub %p, %g
    gpt.return %n
  }
  %table = gpt.param [V, D] init normal(1) by %sgd
  %w = gpt.param [V, D] init normal(1) by %sgd
  gpt.recipe (steps = steps, micro_batches = 2, T = T, document_token = 0, max_document = 8)
  gpt.graph @train {
    %x = gpt.embed %table[%tokens]
"""
TAIL = """    gpt.return %loss
  }
}
"""
LOSS = "    %z = gpt.linear %y, %w\n    %loss = gpt.cross_entropy %z, %targets"
# A body, and the values that it must give of x [6, 8], w [7, 8] as a loss of logits z [6, 7].
BODIES = {
    "a row of an activation": (
        "    %r = gpt.row %x[2]\n    %f = gpt.reshape %r to [1, D]\n    %y = gpt.mul %f, %x\n",
        lambda x: x[2] * x,
    ),
    "rows of an activation": (
        "    %a = gpt.rows %x at 1 size 1\n    %b = gpt.sigmoid %a\n    %y = gpt.mul %b, %x\n",
        lambda x: 1 / (1 + np.exp(-x[1])) * x,
    ),
    "shift beyond the rows": ("    %s = gpt.shift %x by 6\n    %y = gpt.add %x, %s\n", lambda x: x),
    "columns of a vector": ("    %r = gpt.row %x[5]\n    %s = gpt.row %r[7]\n    %y = gpt.mul %s, %x\n", lambda x: x[5, 7] * x),
}
WEIGHTS = {"w1 = 1": [0, 1], "w0 = 1, w2 = 0.5": [1, 0, 0.5], "w3 = 2": [0, 0, 0, 2], "w0 = 0.5": [0.5]}


def check_reference(report, gptc, models):
    """The record with its FP8 head, the two others without."""
    for kind, (make, file) in MODELS.items():
        model = make(**SMALL, schedule=schedule(96), fp8=kind == "record")
        for step in STEPS:
            if not report.wants(case := f"{kind}, step {step}, against the reference"):
                continue
            with report.case(case) as check:
                weights, batch = inputs.weights(model, seed=step), inputs.batch(96, model.V, seed=step)
                interpreted = load(printed(gptc, models / file), settings(model))
                loss, gradients = interpreted.loss_and_gradients(weights, batch, step)
                wanted, reference = loss_and_gradients(model, weights, batch, step)
                off, (gradient, tensor) = abs(loss / wanted - 1), r.worst(gradients, reference)
                same = gradients.keys() == reference.keys()
                check(off <= 1e-12 and gradient <= 1e-12 and same, f"loss {off:.1e}, gradients {gradient:.1e} ({tensor})")


def check_graphs(report, gptc, models):
    """@validate against the reference, at the last validation; @sample gives the probabilities behind that loss."""
    if not report.wants(case := "validate and sample"):
        return
    with report.case(case) as check:
        model = record(**SMALL, schedule=schedule(96), fp8=True)
        sizes = dict(val_slice=96, val_tokens=96, sample_tokens=96)
        interpreted = load(printed(gptc, models / "nanogpt.mlir"), settings(model) | sizes)
        step = interpreted.steps()
        weights, batch = inputs.weights(model, seed=step), inputs.batch(96, model.V, seed=step)
        (loss,) = interpreted.evaluate("validate", weights, batch, step)
        (likely,) = interpreted.evaluate("sample", weights, batch, step)
        off = abs(loss / validation_loss(model, weights, batch, step) - 1)
        mean = -np.mean(np.log(likely[np.arange(96), batch.targets]))
        check(off <= 1e-12 and abs(mean / loss - 1) <= 1e-12, f"loss {off:.1e}, by probabilities {abs(mean / loss - 1):.1e}")


def check_golden(report, gptc, models, golden):
    expected = json.loads((golden / "small.json").read_text())
    for kind, (make, file) in MODELS.items():
        stored = load_file(golden / f"small_{kind}.safetensors")
        batch = Batch(stored["tokens"], stored["targets"], stored["cu_seqlens"])
        for name, want in ((c, w) for c, w in expected[kind].items() if c.startswith("stage")):
            if not report.wants(case := f"{kind} {name}, against the record's own values"):
                continue
            with report.case(case) as check:
                model = make(**SMALL, schedule=schedule(96), fp8=name.endswith("fp8"))
                interpreted = load(printed(gptc, models / file), settings(model))
                loss, gradients = interpreted.loss_and_gradients(prefixed(stored, "param."), batch, want["step"])
                off = abs(loss / want["loss_sum"] - 1)
                gradient, tensor = r.worst(gradients, prefixed(stored, f"{name}.grad."))
                check(off <= 1e-12 and gradient <= 1e-6, f"loss {off:.1e}, gradients {gradient:.1e} ({tensor})")


def check_ops(report):
    """Every op that a model file can hold has a meaning here."""
    held = set()
    for file in ("GptStructure.td", "GptTensor.td", "GptContract.td"):
        text = (r.ROOT / "dialect" / file).read_text()
        held |= {f"gpt.{name}" for name in re.findall(r'^def \w+Op\s*:\s*Gpt_\w+<"(\w+)"', text, re.M)}
    missing = sorted(held - TABLE.keys() - DECLARATIONS - INSIDE - ABOVE)
    found = f"no meaning of {', '.join(missing)}" if missing else f"{len(held)} known"
    report.check(not missing and len(held) > 50, "ops", found)


def check_random(report, gptc):
    """Random models hold every op of the language."""
    sys.path.append(str(r.ROOT / "test/random"))
    import features

    told = subprocess.run([gptc, "ops"], capture_output=True, text=True, check=True).stdout.split("Made by passes")[0]
    language = {f"gpt.{name}" for name in re.findall(r"^  (\w+) ", told, re.M)} - ABOVE
    missing = sorted(language - {f"gpt.{name}" for name in features.OPS})
    found = f"test/random/features.py does not list {', '.join(missing)}" if missing else f"{len(language)} listed"
    report.check(not missing and len(language) > 40, "ops of random models", found)


def check_grids(report):
    """Rounding to a grid as the reference rounds: at random, on the edges between two grid points, beyond the largest."""
    rng = np.random.default_rng(0)
    for name, grid, least in (("e4m3", e4m3, -9), ("e5m2", e5m2, -16), ("bf16", bf16, -16)):
        x = rng.standard_normal(20000) * 2.0 ** rng.integers(least - 3, 18, 20000)
        points = np.unique(np.asarray(grid(x)))
        edges = (points[1:] + points[:-1]) / 2
        x = np.concatenate([x, points, edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), [1e9, -1e9, 0.0]])
        have, want = evaluated(lambda x: on_grid(name, 1.0, x), x), np.asarray(grid(x))
        report.check(np.array_equal(have, want), f"grid {name}", f"{np.sum(have != want)} of {len(x)} differ")


def cross_entropy(z, targets, weights):
    top = z.max(1, keepdims=True)
    logs = z - top - np.log(np.exp(z - top).sum(1, keepdims=True))
    return -sum(w * logs[t, targets[t + k]] for k, w in enumerate(weights) for t in range(len(z) - k))


def slopes(function, parameters):
    """By central differences."""
    found = {}
    for name, value in parameters.items():
        found[name] = np.zeros(value.shape)
        for at in np.ndindex(value.shape):
            sides = []
            for step in (1e-5, -1e-5):
                moved = value.copy()
                moved[at] += step
                sides.append(function({**parameters, name: moved}))
            found[name][at] = (sides[0] - sides[1]) / 2e-5
    return found


def check_bodies(report, product):
    """What the models do not hold, against NumPy and differences: gradients through views, weights with gaps, short inputs."""
    cases = {name: (body + LOSS, meaning, [1.0]) for name, (body, meaning) in BODIES.items()}
    for given, weights in WEIGHTS.items():
        cases[f"weights {given}"] = ("    %y = gpt.scale %x by one\n" + LOSS + f" ({given})", lambda x: x, weights)
    tokens = np.array([1, 5, 5, 0, 3, 1, 2])
    rng = np.random.default_rng(1)
    parameters = {name: rng.standard_normal((7, 8)) for name in ("table", "w")}
    for number, (name, (body, meaning, weights)) in enumerate(cases.items()):
        if not report.wants(name):
            continue
        with report.case(name) as check:
            file = product.write(f"interpret{number}.mlir", HEAD + body + "\n" + TAIL)
            model = load(printed(product.gptc, file))
            loss, gradients = model.loss_and_gradients(parameters, (tokens[:-1], tokens[1:], [0, 2]), 0)
            meant = lambda p: cross_entropy(meaning(p["table"][tokens[:-1]]) @ p["w"].T, tokens[1:], weights)
            off = abs(loss / meant(parameters) - 1)
            slope, tensor = r.worst(gradients, slopes(lambda p: meant(p) / 2, parameters))
            check(off <= 1e-12 and slope <= 1e-8, f"loss {off:.1e}, gradients {slope:.1e} ({tensor})")


def check_errors(report, product):
    """What the interpreter does not know it names, with the line."""
    body, ones = "    %y = gpt.scale %x by one\n" + LOSS + "\n", {name: np.ones((7, 8)) for name in ("table", "w")}
    text = printed(product.gptc, product.write("interpret.mlir", HEAD + body + TAIL))
    for name, old, new, said in (
        ("unknown op", '"gpt.scale"', '"gpt.twist"', "'gpt.twist' has no meaning"),
        ("unknown name", '"one"}>', '"two"}>', "'two' has no value"),
        ("unknown attribute", '"one"}>', "#gpt.what<3>}>", "unknown form"),
        ("cut off", text[-60:], "", "missing"),
    ):
        try:
            load(text.replace(old, new)).loss_and_gradients(ones, ([0] * 6, [0] * 6, [0]), 0)
            found = "accepted"
        except TextError as problem:
            found = str(problem)
        report.check(said in found and "line " in found and old in text, name, found)


def main():
    given, product = arguments(__doc__)
    report, models, shared = r.Report(given.only), r.ROOT / "models", r.shared_folder()
    check_ops(report)
    check_random(report, product.gptc)
    check_grids(report)
    check_errors(report, product)
    check_bodies(report, product)
    if shared is None:
        report.skip("values of the record's own script", "no folder of them beside the repository (GPTC_SHARED names another)")
    else:
        check_golden(report, product.gptc, models, shared / "golden")
    check_reference(report, product.gptc, models)
    check_graphs(report, product.gptc, models)
    r.end(report)


if __name__ == "__main__":
    main()
