"""The record's optimizers at its real shapes, each against its rule in NumPy, float64: first and later updates, gradients that are
zero and tiny, matrices that are tall, wide and seen as several. And Polar Express against its polynomials of singular values.

The loss is linear in every parameter, Σ s(step) A ⊙ W with A of a file, so the gradients are known: s(step) A. Compared is what
each parameter has become, or each matrix that it is made of, as a part of its change.
"""

import numpy as np
from safetensors.numpy import load_file, save_file

import inputs
import report as r
from product import arguments
from recipe import ADAM, POLAR_EXPRESS, Adam, NorMuon

D, F, ROWS = 768, 3072, 1024  # ROWS: of a table, which is updated element by element
STEPS, ALL, DECAY_MUL = 6, 3, 40
# Both signs, a step without a gradient, one that counts twice.
FACTORS = (1, -0.5, 0, 2, 0.25, 1)
TINY = 1e-20

SCHEDULE = """
  %s = gpt.schedule(%step) {
    gpt.yield pick(%step, FACTORS)
  }
  %fixed = gpt.optimizer(%p, %g) {
    gpt.return %p
  }
  gpt.recipe (steps = STEPS, micro_batches = 1, T = 8, document_token = 0, max_document = 8)
""".replace("FACTORS", ", ".join(map(str, FACTORS))).replace("STEPS", str(STEPS))


def linear_model(name, parameters, more=""):
    """A model file: for each parameter, (shape, how it is trained), and `NAME_a`, its gradient where s is 1."""
    lines = [f"gpt.model @{name} {{", '  %adam, %normuon, %polar = gpt.base "optimizers.mlir"', "  gpt.let T, D = 8", more, SCHEDULE]
    terms = []
    for number, (parameter, (shape, trained)) in enumerate(parameters.items()):
        dims = ", ".join(map(str, shape))
        lines += [f"  %{parameter} = gpt.param [{dims}] f32 init 0 by {trained}", f"  %{parameter}_a = gpt.param [{dims}] f32 init 0 by %fixed"]
        terms += [f"    %m{number} = gpt.mul %{parameter}, %{parameter}_a", f"    %r{number} = gpt.reduce %m{number} to []"]
        terms += [f"    %t{number} = gpt.add %t{number - 1}, %r{number}"] if number else ["    %t0 = gpt.scale %r0 by 1"]
    lines += ["  gpt.graph @train {", *terms, f"    %l = gpt.scale %t{len(parameters) - 1} by %s", "    gpt.return %l", "  }", "}"]
    return "\n".join(lines) + "\n"


class Linear:
    """The program of such a model, its first parameters and its gradients."""

    def __init__(self, product, name, parameters, before, gradients, more=""):
        self.program = product.compile(product.write(f"{name}.mlir", linear_model(name, parameters, more)), {})
        self.params, self.saved = (product.folder / f"{name}.{end}" for end in ("params", "saved"))
        self.shard = inputs.write_shard(product.folder / f"{name}.bin", inputs.text(400, 50, seed=1, mean=6))
        gradients = {name: np.asarray(x, np.float32) for name, x in gradients.items()}
        self.before = {name: np.asarray(x, np.float32) for name, x in before.items()}
        self.gradients = gradients
        save_file(self.before | {f"{name}_a": x for name, x in gradients.items()}, self.params)

    def after(self, steps):
        """The parameters after the first steps, as the change that they are."""
        self.program.run("train", "--data", self.shard, "--params", self.params, "--save", self.saved, "--steps", steps)
        found = load_file(self.saved)
        return {name: np.asarray(found[name], np.float64) - x for name, x in self.before.items()}

    def wanted(self, steps, rules):
        """The changes by the rules: `update(p, g, step)`, each acting on the last of every `every` steps."""
        changes = {}
        for name, (rule, every) in rules.items():
            p = self.before[name].astype(np.float64)
            g = 0
            for step in range(steps):
                g = g + np.float64(FACTORS[step]) * self.gradients[name].astype(np.float64)
                if (step + 1) % every == 0:
                    p, g = rule(p, g, step), 0
            changes[name] = p - self.before[name]
        return changes


def worst(made, wanted, before, updates):
    """The largest error, beyond what `updates` roundings of the parameters themselves make, as a part of the change; and its name."""

    def error(name):
        size = lambda x: np.sqrt(np.sum(np.square(x)))
        off = max(size(made[name] - wanted[name]) - updates * 2.0**-24 * size(before[name]), 0)
        off = off / size(wanted[name]) if np.any(wanted[name]) else off
        return off if np.isfinite(off) else np.inf

    return max((error(name), name) for name in wanted)


# ---- Adam --------------------------------------------------------------------------------------------------------------------

# Beside the record's labels: by name its shape, the label and what its gradients are multiplied with.
ADAM_CASES = {
    "lm_head": ((ROWS, D), "lm_head", 1),
    "value_embeds": ((ROWS, D), "value_embeds", 1),
    "tiny_table": ((ROWS, D), "lm_head", TINY),
    "zero_table": ((64, D), "value_embeds", 0),
    "smear_gate": ((1, 12), "smear_gate", 1),
    "attn_gate_bank": ((10, 6, 12), "attn_gate_bank", 1),
    "zero_gates": ((6, 6, 12), "ve_gate_bank", 0),
    "x0_lambdas": ((11,), "x0_lambdas", 1),
    "scalars": ((36,), "scalars", 1),
    "tiny_scalars": ((36,), "scalars", TINY),
}


def adam_rule(label):
    beta1, beta2, lr_mul, wd_mul = ADAM[label]
    state = Adam(0.0, 0.0)
    return lambda p, g, step: state.update(p, g, 1, (beta1, beta2), lr_mul, wd_mul)


def check_adam(product, report):
    random = np.random.default_rng(3)
    parameters, before, gradients = {}, {}, {}
    for name, (shape, label, scale) in ADAM_CASES.items():
        beta1, beta2, lr_mul, wd_mul = ADAM[label]
        parameters[name] = shape, f"%adam (beta1 = {beta1}, beta2 = {beta2}, lr_mul = {lr_mul}, wd_mul = {wd_mul})"
        # Without decay a tiny step is seen from zero alone.
        still = scale == TINY and not wd_mul
        before[name], gradients[name] = random.normal(0, 0 if still else 0.1, shape), scale * random.normal(0, 1, shape)
    with report.case("Adam compiles") as check:
        linear = Linear(product, "adams", parameters, before, gradients)
        check(True, f"{len(parameters)} parameters")
    for steps in (2, STEPS):  # it acts every second step
        with report.case(f"Adam, {steps // 2} updates") as check:
            rules = {name: (adam_rule(label), 2) for name, (_shape, label, _scale) in ADAM_CASES.items()}
            made, wanted = linear.after(steps), linear.wanted(steps, rules)
            still = [name for name in wanted if "zero" in name and np.any(made[name])]
            off, name = worst(made, wanted, linear.before, steps // 2)
            check(not still and off <= 1e-5, f"changes {off:.1e} ({name}); without a gradient nothing moves" + f", but {still}" * bool(still))


# ---- NorMuon -----------------------------------------------------------------------------------------------------------------

# By name its shape, lr_mul, wd_mul, how many matrices it is, and what the gradients of these are multiplied with.
MUON_CASES = {
    "c_fc": ((F, D), 1, 1, (1,)),
    "c_proj": ((F, D), 2, 1, (1,)),
    "tiny": ((F, D), 1, DECAY_MUL, (TINY,)),
    "wide": ((D, F), 1, 1, (1,)),
    "qkvo": ((4 * D, D), 1, 1, (1, 0, TINY, 1)),
}


def muon_rule(shape, lr_mul, wd_mul, parts):
    """NorMuon of a parameter that is seen as several matrices, whose own shape sets the rate and, in a wide one, M rows."""
    state = NorMuon(np.zeros(shape), np.zeros(shape[0]))
    rows = shape[0] // parts
    lr_mul = lr_mul * np.sqrt(max(1, rows / shape[1]) / max(1, shape[0] / shape[1]))
    return lambda p, g, step: state.update(p, g, 1, 0.95, lr_mul, parts, decay=1.2 * wd_mul)


# Of a matrix's elements so many may have decayed in one of the two and not in the other: where X·p is 0 within f32's rounding.
UNDECIDED = 1e-5


def decided(made, wanted, before, case, updates):
    """`made` with the few elements that differ most as `wanted`, if none of them differs by more than decays."""
    shape, lr_mul, wd_mul, _ = case
    decay = 0.023 * lr_mul * np.sqrt(max(1, shape[0] / shape[1])) * 1.2 * wd_mul * 0.023
    off = np.abs(made - wanted).ravel()
    most = np.argsort(off)[off.size - int(UNDECIDED * off.size) :]
    allowed = updates * 1.01 * decay * np.maximum(np.abs(before), np.abs(wanted)).ravel()[most] + 1e-6
    made = made.copy()
    made.ravel()[most] = np.where(off[most] <= allowed, wanted.ravel()[most], np.inf)
    return made


def check_normuon(product, report):
    random = np.random.default_rng(4)
    parameters, before, gradients = {}, {}, {}
    for name, (shape, lr_mul, wd_mul, scales) in MUON_CASES.items():
        seen = f" as [{len(scales)}, {shape[0] // len(scales)}, {shape[1]}]" if len(scales) > 1 else ""
        parameters[name] = shape, f"%normuon (lr_mul = {lr_mul}, wd_mul = {wd_mul}){seen}"
        before[name] = random.normal(0, 0.03, shape)
        gradients[name] = random.normal(0, 1, shape) * np.repeat(scales, shape[0] // len(scales))[:, None]
    with report.case("NorMuon compiles") as check:
        linear = Linear(product, "muons", parameters, before, gradients)
        check(True, f"{len(parameters)} parameters, {sum(len(case[3]) for case in MUON_CASES.values())} matrices")
    for steps in (1, ALL):
        with report.case(f"NorMuon, {steps} updates") as check:
            rules = {name: (muon_rule(*case[:3], len(case[3])), 1) for name, case in MUON_CASES.items()}
            made, wanted, first = (
                {f"{name}.{i}": part for name, x in tensors.items() for i, part in enumerate(np.split(x, len(MUON_CASES[name][3])))}
                for tensors in (linear.after(steps), linear.wanted(steps, rules), linear.before)
            )
            made = {n: decided(x, wanted[n], first[n], MUON_CASES[n.split(".")[0]], steps) for n, x in made.items()}
            off, name = worst(made, wanted, first, steps)
            check(off <= 1e-5, f"changes {off:.1e} ({name}) of {len(wanted)} matrices, but for {UNDECIDED:.0e} of their elements")


# ---- Polar Express -----------------------------------------------------------------------------------------------------------

ORTHOGONAL = """
  %orthogonal = gpt.optimizer(%p : [B, M, N], %g) {
    %gg = gpt.mul %g, %g
    %w2 = gpt.reduce %gg to [B]
    %wn = gpt.sqrt %w2
    %wm = gpt.scale %wn by 1.02
    %wd = gpt.offset %wm by 1.0e-6
    %wx = gpt.div %g, %wd
    %x0 = gpt.transpose %wx (on = M > N)
STEPS
    %o = gpt.transpose %xLAST (on = M > N)
    gpt.return %o
  }
"""
POLAR_CASES = {"tall": (F, D), "wide": (D, F), "square": (D, D), "deficient": (96, 64)}


def check_polar(product, report):
    random = np.random.default_rng(5)
    gradients = {name: random.normal(0, 1, shape) for name, shape in POLAR_CASES.items()}
    gradients["deficient"][:, 32:] = 0
    calls = [f"    %x{i + 1} = gpt.call %polar(%x{i}) (a = {a}, b = {b}, c = {c})" for i, (a, b, c) in enumerate(POLAR_EXPRESS)]
    more = ORTHOGONAL.replace("STEPS", "\n".join(calls)).replace("LAST", str(len(calls)))
    with report.case("Polar Express") as check:
        parameters = {name: (shape, "%orthogonal") for name, shape in POLAR_CASES.items()}
        zero = {name: np.zeros(shape) for name, shape in POLAR_CASES.items()}
        made = Linear(product, "polar", parameters, zero, gradients, more).after(1)
        wanted, values = {}, {}
        for name, g in gradients.items():
            u, s, vt = np.linalg.svd(g.astype(np.float32).astype(np.float64), full_matrices=False)
            s = s / (np.sqrt(np.sum(s * s)) * 1.02 + 1e-6)
            for a, b, c in POLAR_EXPRESS:
                s = a * s + b * s**3 + c * s**5
            wanted[name], values[name] = (u * s) @ vt, s
        low = min(np.min(s[s > 1e-9]) for s in values.values())
        off, name = r.worst(made, wanted)
        check(off <= 1e-5, f"off by {off:.1e} ({name}), singular values {low:.2f} to {max(map(np.max, values.values())):.2f}")


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    for name, check in (("Adam", check_adam), ("NorMuon", check_normuon), ("Polar Express", check_polar)):
        if report.wants(name):
            check(product, report)
    r.end(report)


if __name__ == "__main__":
    main()
