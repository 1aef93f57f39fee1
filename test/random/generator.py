"""A random well-formed model file from a seed: `generate(seed)`.

The generator walks a stream of rows [T, D] through productions (productions.py, patterns.py), some of them inside functions,
folds all that is left unread into the stream, and ends in a loss.
"""

import random
from dataclasses import replace

import patterns  # noqa: F401  registers its productions
from builder import Model, Scope, Value
from productions import PRODUCTIONS, join, linear

SIZES = [1, 2, 3, 7, 8, 16, 24, 31, 63, 64, 65, 100, 127, 128, 200]
WIDTHS = [2, 3, 4, 5, 8, 12, 16, 16, 24, 24, 32, 63, 64, 65, 96, 127, 128, 200]


class Random(Model):
    """A model file whose numbers, optimizers and functions are drawn."""

    def __init__(self, seed, tiny):
        super().__init__(seed, random.Random(seed), tiny=tiny)
        rng = self.rng
        self.ties, self.numbers_needed, self.choices = False, set(), []
        self.yarns = {}
        self.steps, self.micro_batches = 3, rng.choice([1, 1, 2, 3])
        if self.micro_batches > 1:
            self.mark("several micro-batches")
        self.choose_sizes(tiny)
        self.choose_optimizers()

    def choose_sizes(self, tiny):
        rng = self.rng
        sizes = [2, 3, 5] if tiny else SIZES
        T = rng.choice(sizes)
        self.tokens = {step: T for step in range(self.steps)}
        self.samples = False
        if not tiny and rng.random() < 0.12:
            self.tokens[2] = rng.choice([t for t in sizes if t != T])
            self.mark("tokens that change")
        if T == 1:
            self.mark("one token")
        if T in (63, 65, 127):
            self.mark("odd sizes")
        self.widths = rng.sample([4, 6, 8, 12] if tiny else WIDTHS, 3)
        self.width = max(3, self.widths[0])
        self.vocabulary = rng.choice([2, 5, 16, 17] if tiny else [2, 3, 16, 17, 50, 64, 65, 127, 200])
        self.sizes = {"T": (None, None), "D": (str(self.width), self.width)}
        if self.vocabulary != self.width:
            self.sizes["V"] = (str(self.vocabulary), self.vocabulary)
        if rng.random() < 0.5 and 2 * self.width != self.vocabulary:
            self.sizes["F"] = ("2*D", 2 * self.width)
            self.widths.append(2 * self.width)
        self.sizes["steps"] = (str(self.steps), self.steps)

    # ---- Optimizers

    def choose_optimizers(self):
        # Updates are most of a program's kernels: one optimizer for most, a second for few.
        second = self.rng.choice(["%plain"] * 5 + ["%heavy", "%adam"])
        self.choices = ["%plain"] * 4 + [second]
        line = self.line
        if "%plain" in self.choices:
            self.mark("optimizer without state")
            self.optimizers += [
                line("%plain = gpt.optimizer(%p, %g) (%rate = 0.01) {"),
                line("  %u = gpt.scale %g by %rate"),
                line("  %q = gpt.sub %p, %u"),
                "  gpt.return %q",
                "}",
            ]
        if "%heavy" in self.choices:
            self.mark("optimizer with a state")
            self.mark("optimizer every 2")
            self.optimizers += [
                line("%heavy = gpt.optimizer(%p, %g) states(%m) (%rate = 0.01, %beta = 0.9, %count) every 2 {"),
                "  %m0 = gpt.scale %m by %beta",
                "  %m1 = gpt.add %m0, %g",
                "  %u = gpt.scale %m1 by %rate / %count",
                "  %q = gpt.sub %p, %u",
                "  gpt.return %q, %m1",
                "}",
            ]
        if "%adam" in self.choices:
            self.mark("optimizer with two states")
            self.optimizers += [
                line("%adam = gpt.optimizer(%p, %g) states(%m, %v) (%rate = 0.001, %count) {"),
                "  %m0 = gpt.scale %m by 0.9",
                "  %m1 = gpt.scale %g by 0.1",
                "  %mn = gpt.add %m0, %m1",
                line("  %gg = gpt.mul %g, %g"),
                "  %v0 = gpt.scale %v by 0.99",
                "  %v1 = gpt.scale %gg by 0.01",
                "  %vn = gpt.add %v0, %v1",
                line("  %r = gpt.sqrt %vn"),
                line("  %re = gpt.offset %r by 1.0e-8"),
                line("  %d = gpt.div %mn, %re"),
                line("  %up = gpt.mul %d, %p"),
                line("  %c = gpt.positive %up"),
                line("  %cp = gpt.mul %c, %p"),
                line("  %w = gpt.scale %cp by 0.01"),
                line("  %dw = gpt.add %d, %w"),
                "  %u = gpt.scale %dw by %rate * sqrt(1 - pow(0.99, %count))",
                "  %q = gpt.sub %p, %u",
                "  gpt.return %q, %mn, %vn",
                "}",
            ]

    def optimizer(self):
        by = self.rng.choice(self.choices)
        if self.rng.random() < 0.15:
            self.mark("numbers of an optimizer")
            by += f" (rate = {self.rng.choice(['0.005', '0.1*%lr'])})"
            self.numbers_needed |= {"lr"} if "%lr" in by else set()
        return by

    # ---- Numbers

    def number_texts(self):
        """Numbers of the step, of about 1."""
        rng, texts = self.rng, ["0.7", "-1.25", "(D + 1) / D"]
        self.mark("constant expression")
        if rng.random() < 0.6:
            self.numbers_needed |= {"a", "b"}
            texts += ["%a", "%b", "0.5*%a + 0.5"]
        if rng.random() < 0.3:
            self.numbers_needed.add("lr")
            texts.append("%lr")
        return texts

    def yarn(self, k):
        """The name of frequencies for heads of k columns."""
        if k not in self.yarns:
            self.yarns[k] = "%" + self.fresh("freqs")
        return self.yarns[k]

    def yarn_scale(self, s):
        if not self.yarns or s.rng.random() < 0.5:
            return None
        return "%heat" + next(iter(self.yarns.values())).removeprefix("%freqs")

    def write_numbers(self):
        rng, line, need = self.rng, self.line, self.numbers_needed
        for k, name in self.yarns.items():
            growing = rng.random() < 0.5
            if growing:
                need.add("window")
                self.mark("yarn whose window grows")
            count = rng.choice([c for c in (1, k // 4, k // 2) if 1 <= c <= k // 2])
            heat = "%heat" + name.removeprefix("%freqs")
            window = "%window" if growing else "8"
            self.numbers.append(
                line(f"{name}, {heat} = gpt.yarn (window = {window}, count = {count}, base = {rng.choice([16, 1024])}, alpha = 1, beta = 32, scale = 0.4, growth = 0.2)")
            )
        if need & {"a", "b"}:
            self.mark("number of a schedule")
            self.mark("number by pick")
            self.mark("number by if")
            self.numbers += [
                line("%a, %b = gpt.schedule(%step) {"),
                line("  gpt.yield pick(%step, 0.5, 1.5), 0.75 if %step > 1 else -0.5"),
                "}",
            ]
        if "lr" in need or rng.random() < 0.2:
            self.mark("number by min and max")
            shown = rng.random() < 0.5
            if shown:
                self.mark("shown schedule")
            self.numbers += [
                line("%lr = gpt.schedule(%step) {"),
                line("  %x = gpt.expr %step / steps"),
                line("  gpt.yield min(1, max(0.25, 1 - %x))"),
                "} {shown}" if shown else "}",
            ]
        if "window" in need:
            self.numbers += [line("%window = gpt.schedule(%step) {"), line("  gpt.yield pick(%step, 4, 4, 12)"), "}"]
        for name, first in (("split", 1), ("split2", 2)):
            if name in need:
                self.numbers += [line(f"%{name} = gpt.schedule(%step) {{"), line(f"  gpt.yield %step >= {first}"), "}"]

    # ---- The stream

    def scope(self, indent="  "):
        s = Scope(self, indent)
        s.numbers = self.number_texts()
        return s

    def walk(self, s, x, length):
        total = sum(weight for weight, _p in PRODUCTIONS)
        while length > 0:
            at = self.rng.random() * total
            for weight, production in PRODUCTIONS:
                at -= weight
                if at < 0:
                    break
            y = production(s, x)
            if y is not None:
                if self.rng.random() < 0.3:
                    s.keep(x)
                x, length = y, length - 1
                s.take(x)
        return x

    def settle(self, s, x):
        """x after it has read all that nothing has read."""
        while rest := [v for v in s.loose.values() if v.name != x.name]:
            x = join(s, x, rest[0])
            s.read(rest[0])
        return x

    def function(self, width, depth=0):
        """A function of [T, width], some numbers and one or two results; returns a caller."""
        rng, name = self.rng, "%" + self.fresh("f")
        s = self.scope("    ")
        s.inside = True
        x = s.take(Value("%x", ("T", width)))
        arguments = ["%n"] + ["%m = 0.5"] * (rng.random() < 0.5)
        self.mark("function with numbers")
        s.numbers = ["%n", "%n*0.5 + 0.25"] + ["%m"] * (len(arguments) > 1)
        x = s.emit("scale", [x], x.shape, 1.0, f" by {s.numbers[0]}")
        if len(arguments) > 1:
            self.mark("function with a default")
            x = s.emit("offset", [x], x.shape, 1.0, " by %m")
        if depth == 0 and rng.random() < 0.3:
            self.mark("function that calls")
            x = self.function(width, 1)(s, x)
        x = self.settle(s, self.walk(s, x, rng.choice([1, 1, 2])))
        two = rng.random() < 0.3
        results = [x]
        if two:
            self.mark("function of two results")
            results.append(s.emit("sigmoid", [x], x.shape, 0.5))
        words = " ({})".format(", ".join(arguments))
        block = [self.line(f"{name} = gpt.func(%x : [T, {self.dim(width)}]){words} {{")]
        block += [line.removeprefix("  ") for line in s.lines]
        block += [self.line(f"  gpt.return {', '.join(r.name for r in results)}"), "}"]
        self.functions += block

        def call(scope, value):
            if value.f32:
                value = scope.emit("cast", [value], value.shape, value.size, " to bf16")
            given = [f"n = {rng.choice(['1', '0.8', '-1.1'] + [t for t in scope.numbers if not t[0] in '%0'])}"]
            if len(arguments) > 1 and rng.random() < 0.5:
                given.append("m = 0.25")
            names = ["%" + self.fresh("v") for _ in results]
            text = f"{', '.join(names)} = gpt.call {name}({value.name}) ({', '.join(given)})"
            scope.lines.append(self.line(scope.indent + text))
            scope.read(value)
            values = [scope.take(replace(r, name=n)) for n, r in zip(names, results)]
            return values[0]

        return call

    def head(self, s, x):
        """The logits of x."""
        rng = self.rng
        x = s.norm(x) if self.number(x.columns) >= 8 and rng.random() < 0.6 else s.tame(x)
        z = linear(s, x, self.vocabulary, rng.choice([1.0, 2.0]))
        if rng.random() < 0.05:
            self.mark("round_gradient on")
            z = s.emit("round_gradient", [z], z.shape, z.size, ' to "e5m2" (scale = 1/65536, on = true)')
        return z

    def loss(self, s, z):
        rng = self.rng
        if rng.random() < 0.3:
            self.mark("softcap")
            z = s.emit("softcap", [z], z.shape, 2.0, f" (scale = {rng.choice(['6', '23'])}, shift = {rng.choice(['0', '5'])}, width = 7.5)")
        kinds = ["one weight", "one weight", "several weights", "gaps", "weights of the schedule", "mean"]
        kind = rng.choice(kinds)
        self.inputs.add("targets")
        if kind == "mean":
            self.mark("cross_entropy mean")
            return s.emit("cross_entropy", [z], (), 1.0, ", %targets mean", constant=False)
        self.mark(f"cross_entropy, {kind}")
        weights = {
            "one weight": ["w0 = 1"],
            "several weights": ["w0 = 1, w1 = 0.5", "w0 = 0.5, w1 = 0.25, w2 = 0.125", "w0 = 1, w1 = 0.5, w2 = 0.5, w3 = 0.25"],
            "gaps": ["w0 = 1, w2 = 0.5", "w1 = 1", "w1 = 0.5, w3 = 1"],
            "weights of the schedule": ["w0 = 1, w1 = %a", "w0 = 0.75 + 0.25*%b, w1 = 0.5*%a"],
        }[kind]
        chosen = rng.choice(weights)
        if "%" in chosen:
            self.numbers_needed |= {"a", "b"}
        if self.smallest == 1 and chosen.startswith("w1"):
            chosen = "w0 = 1"  # one token has no target further on
        return s.emit("cross_entropy", [z], (), 1.0, f", %targets ({chosen})", constant=False)

    def write(self, length):
        rng = self.rng
        s = self.scope()
        self.inputs.add("tokens")
        table = s.parameter((self.vocabulary, self.width), 1.0, stem="table")
        x = s.emit("embed", [table], ("T", self.width), 1.0, "[%tokens]", constant=False)
        calls = []
        if rng.random() < 0.3:
            calls = [self.function(self.width)] * rng.choice([1, 2])
            if len(calls) == 2:
                self.mark("function called twice")
        for call in calls:
            x = s.tame(call(s, x))
            x = x if x.columns == self.width else linear(s, x, self.width)
        x = self.settle(s, self.walk(s, x, length))
        z = self.head(s, x)
        s.logits = True
        z = self.settle(s, z)
        logits = len(s.lines)
        loss = self.loss(s, z)
        self.graphs += [self.line("gpt.graph @train {"), *s.lines, f"  gpt.return {loss.name}", "}"]
        if rng.random() < 0.15:
            self.mark("validate")
            extra = "  %ev = gpt.cross_entropy {0}, %targets mean".format(z.name)
            self.graphs += ["gpt.graph @validate {", *s.lines[:logits], extra, "  gpt.return %ev", "}"]
        if rng.random() < 0.12:
            self.mark("sample")
            self.samples = True
            self.write_sample(s, z, logits)

    def write_sample(self, s, z, logits):
        """Ops without a gradient, where none is taken."""
        lines = [
            self.line(f"  %sa = gpt.positive {z.name}"),
            self.line("  %sb = gpt.offset %sa by 1"),
            self.line("  %sc = gpt.sqrt %sb"),
            self.line(f"  %sd = gpt.div {z.name}, %sc"),
            self.line("  %se = gpt.cast %sd to f32"),
            self.line("  %sf = gpt.softmax %se (temperature = 0.8)"),
        ]
        self.graphs += ["gpt.graph @sample {", *s.lines[:logits], *lines, "  gpt.return %sf", "}"]

    def write_recipe(self):
        by_step = sorted(set(self.tokens.values()))
        T = str(by_step[0])
        if len(by_step) > 1:
            T = "pick(%step, ...)"
            self.numbers += [
                self.line("%tokens_of_step = gpt.schedule(%step) {"),
                self.line("  gpt.yield pick(%step, {})".format(", ".join(str(t) for t in self.tokens.values()))),
                "}",
            ]
            T = "%tokens_of_step"
        largest = max(self.tokens.values())
        self.recipe = self.line(
            f"gpt.recipe (steps = steps, micro_batches = {self.micro_batches}, T = {T}, document_token = 0, max_document = {largest},"
            f" validate = 0, validate_tokens = {largest}, validate_batch = {largest}{', sample_batch = ' + str(largest) if self.samples else ''})"
        )


def generate(seed, tiny=False):
    """The model of a seed. `tiny` ones are what an interpreter of PTX can run."""
    model = Random(seed, tiny)
    model.write(model.rng.choice([1, 1, 2] if tiny else [1, 1, 1, 1, 2, 2, 3, 4]))
    model.write_numbers()
    model.write_recipe()
    if model.rng.random() < 0.3:
        model.functions.insert(0, model.line("gpt.require D >= 1, mod(steps, 1) == 0"))
    return model


if __name__ == "__main__":
    import sys

    print(generate(int(sys.argv[1])).text())
