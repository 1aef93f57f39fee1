"""What every generated model is made of: values with shapes, a scope that emits ops, the model file around them.

A shape is a tuple of sizes, of which "T" is one. Every value carries the rough size of its elements and how heavy the tail of
their distribution is, so that a generator can keep activations near 1, where 1e-5 means something; whether its rows may vanish,
or are multiples by a trained factor, since a norm of such rows has gradients that are rounding errors; and every value that
nothing has read yet is known, so that all of a model reaches its loss.
"""

import random
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Value:
    name: str
    shape: tuple
    size: float = 1.0  # of a typical element
    constant: bool = False  # does not depend on the batch: a parameter, a view of one, or hoisted
    f32: bool = False  # else bf16
    tail: float = 1.0  # a product of so many normal values
    thin: bool = False  # rows may be zero, or have a factor of their own that is trained

    @property
    def rank(self):
        return len(self.shape)

    @property
    def columns(self):
        return self.shape[-1] if self.shape else 1


@dataclass
class Parameter:
    """A tensor of the parameter file: `values` of `size` around `middle`."""

    name: str
    shape: tuple
    size: float
    middle: float = 0.0


@dataclass
class Model:
    """A model file in the making, and what is needed to run it."""

    seed: int
    rng: random.Random
    sizes: dict = field(default_factory=dict)  # name → (text, number) of gpt.let
    parameters: list = field(default_factory=list)
    declarations: list = field(default_factory=list)  # lines of parameters
    functions: list = field(default_factory=list)
    graphs: list = field(default_factory=list)
    numbers: list = field(default_factory=list)  # schedules and yarn
    optimizers: list = field(default_factory=list)
    features: set = field(default_factory=set)
    recipe: str = ""
    tokens: dict = field(default_factory=dict)  # step → T
    tiny: bool = False  # so small that an interpreter of PTX can run it
    steps: int = 3
    micro_batches: int = 1
    vocabulary: int = 16
    inputs: set = field(default_factory=set)
    count: int = 0

    def mark(self, feature):
        """Records that `feature` occurs; its name is declared in features.py."""
        self.features.add(feature)

    def fresh(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    @property
    def smallest(self):
        """The fewest tokens that any step has: what indices into rows of activations can rely on."""
        return min(self.tokens.values())

    def number(self, size):
        """A dimension as a number; T counts as the fewest tokens."""
        return self.smallest if size == "T" else size

    def dim(self, size):
        """A dimension as the file writes it: by its name where it has one."""
        for name, (_text, number) in self.sizes.items():
            if number == size and name not in ("T", "steps"):
                return name
        return str(size)

    def dims(self, shape):
        return "[" + ", ".join(self.dim(d) for d in shape) + "]"

    def line(self, text):
        op = text.split("gpt.", 1)[1].split("(")[0].split()[0] if "gpt." in text else ""
        if op:
            self.mark(f"op {op}")
        return text

    def text(self):
        lets = ", ".join(name if text is None else f"{name} = {text}" for name, (text, _n) in self.sizes.items())
        lines = [f"// Seed {self.seed}.", f"gpt.model @random_{self.seed} {{", self.line(f"  gpt.let {lets}")]
        blocks = [self.input_lines(), self.declarations, self.functions, self.graphs, self.numbers]
        if self.seed % 2:
            blocks.insert(0, self.optimizers)
        else:
            blocks.append(self.optimizers)
        for block in blocks:
            lines += ["  " + line for line in block]
        return "\n".join([*lines, "  " + self.recipe, "}", ""])

    def input_lines(self):
        return [self.line(f"%{name} = gpt.input [T] i32") for name in ("tokens", "targets", "docs") if name in self.inputs]

    # ---- Parameters

    def parameter(self, shape, size, middle=0.0, f32=None, stem="w", by=None):
        """A new parameter, alone."""
        name = self.fresh(stem)
        f32 = self.rng.random() < 0.4 if f32 is None else f32
        by = by or self.optimizer()
        text = f"%{name} = gpt.param {self.dims(shape)}{' f32' if f32 else ''} init {self.init(shape, size, middle)} by {by}"
        self.declarations.append(self.line(text))
        self.parameters.append(Parameter(name, shape, size, middle))
        return Value("%" + name, shape, max(size, abs(middle)), True, f32)

    def init(self, shape, size, middle):
        kind = self.rng.choice(["0"] * 15 + ["number", "normal", "uniform", "cycle", "rows"])
        self.mark(f"init {kind}")
        if kind == "number":
            return f"{middle + size:.3g}"
        if kind == "normal" or kind == "uniform":
            return f"{kind}({max(size, 0.01):.3g})"
        if kind == "cycle":
            return "cycle(0.5, -1.0, 0.25)"
        if kind == "rows" and shape and shape[0] > 1:
            return f"rows({shape[0] - 1}, uniform({max(size, 0.01):.3g}), 0)"
        return "0"

    def bank(self, shape, size):
        """Members of a bank, `without` one of them sometimes; the values of the rows that may be read."""
        count, name = self.rng.randint(2, 4), self.fresh("bank")
        without = self.rng.randrange(count) if count > 2 and self.rng.random() < 0.4 else None
        gap = f" without {without}" if without is not None else ""
        self.mark("bank without a member" if gap else "bank")
        text = f"%{name} = gpt.param {count} x {self.dims(shape)}{gap} init {self.init(shape, size, 0)} by {self.optimizer()}"
        self.declarations.append(self.line(text))
        members = [i for i in range(count) if i != without]
        self.parameters += [Parameter(f"{name}.{i}", shape, size) for i in members]
        return Value("%" + name, (count, *shape), size, True), members

    def pack(self, parts):
        """Parts, each (shape, size, middle), as one parameter; the value of each."""
        label, names = self.fresh("pack"), [self.fresh("p") for _ in parts]
        words = [f"{self.dims(shape)} f32 init {self.init(shape, size, middle)}" for shape, size, middle in parts]
        text = f'{", ".join("%" + n for n in names)} = gpt.pack "{label}" {", ".join(words)} by {self.optimizer()}'
        self.declarations.append(self.line(text))
        total = sum(product(shape) for shape, _size, _middle in parts)
        mean = sum(middle for _shape, _size, middle in parts) / len(parts)
        self.parameters.append(Parameter(label, (total,), max(size for _shape, size, _middle in parts), mean))
        self.mark("pack")
        return [Value("%" + n, shape, max(size, abs(middle)), True, True) for n, (shape, size, middle) in zip(names, parts)]

    def optimizer(self):
        return self.rng.choice(self.choices)


def product(shape):
    total = 1
    for d in shape:
        total *= d
    return total


def combine(a, b):
    """The shape of a ⊙ b, or None: the lower rank repeats over the trailing dimensions, 1 over anything."""
    if len(a) < len(b):
        a, b = b, a
    b = (*b, *(1,) * (len(a) - len(b)))
    if any(x != y and 1 not in (x, y) for x, y in zip(a, b)):
        return None
    return tuple(y if x == 1 else x for x, y in zip(a, b))


ARITHMETIC = ("add", "sub", "mul", "div")
# What gives multiples of rows for multiples, zeros for zeros; a shift's first row and much of what relu2 gives is zero.
HOMOGENEOUS = ARITHMETIC + tuple("linear matmul transpose stored reshape slice rows row scale cast round round_gradient rotary key_offset attention embed".split())
VANISHING = ("shift", "relu2", "positive", "sign", "clamp", "gram")
# What gives values between two numbers.
BOUNDED = ("sigmoid", "rms_norm", "softmax", "positive", "sign", "clamp")


def is_factor(v, of):
    """Whether v holds at most one number for each row of a tensor of the shape `of`."""
    return v.rank < len(of) or v.columns == 1


def is_thin(op, operands, shape):
    if op in ("add", "sub"):
        return all(v.thin for v in operands)
    if op in ("mul", "div") and any(is_factor(v, shape) for v in operands):
        return True
    return op in VANISHING or (op in HOMOGENEOUS and any(v.thin for v in operands))


def tail_of(op, operands):
    tails = [v.tail for v in operands]
    if op in BOUNDED:
        return 1.0
    return sum(tails) if op in ("mul", "div") else 2 * tails[0] if op in ("relu2", "gram") else max(tails)


class Scope:
    """The body of a graph or a function: emits ops and knows what nothing has read."""

    def __init__(self, model, indent="  "):
        self.model, self.rng, self.indent = model, model.rng, indent
        self.lines, self.loose, self.pool = [], {}, []
        self.numbers = []  # texts of numbers that may stand in an op
        self.inside = False  # of a function
        self.logits = False  # the stream is what the loss reads

    def take(self, value):
        """A parameter, an argument or a result from elsewhere joins the scope."""
        self.loose[value.name] = value
        return value

    def emit(self, op, operands, shape, size, words="", constant=None):
        """`%v = gpt.op OPERANDS WORDS`."""
        name = "%" + self.model.fresh("v")
        text = ", ".join(o.name for o in operands)
        self.lines.append(self.model.line(f"{self.indent}{name} = gpt.{op} {text}{words}"))
        self.read(*operands)
        constant = all(v.constant for v in operands) if constant is None else constant
        first = max(operands, key=lambda v: v.rank) if op in ARITHMETIC else operands[0]
        f32 = " to f32" in words if op in ("cast", "stored") else first.f32
        thin = is_thin(op, operands, shape)
        return self.take(Value(name, tuple(shape), size, constant, f32, tail_of(op, operands), thin))

    def split(self, x, part):
        """Three parts of x's columns."""
        names = ["%" + self.model.fresh("v") for _ in range(3)]
        self.lines.append(self.model.line(f"{self.indent}{', '.join(names)} = gpt.split {x.name} to {self.model.dims(part)}"))
        self.read(x)
        return [self.take(replace(x, name=name, shape=part)) for name in names]

    def read(self, *values):
        for v in values:
            self.loose.pop(v.name, None)

    def keep(self, value):
        """Remembers a value for a later use."""
        self.pool.append(value)
        return value

    def parameter(self, shape, size, middle=0.0, **options):
        return self.take(self.model.parameter(shape, size, middle, **options))

    # ---- Values near 1

    def tame(self, x):
        """x, or x brought back to elements near 1."""
        if 0.2 <= x.size <= 2.5 and x.tail <= 3:
            return x
        if x.rank == 0 or x.constant or x.size < 0.2:
            return self.emit("scale", [x], x.shape, 1.0, f" by {1 / x.size:.4g}")
        if self.model.number(x.columns) >= 8:
            return self.norm(x)
        return self.emit("sigmoid", [self.emit("scale", [x], x.shape, 1.0, f" by {1 / x.size:.4g}")], x.shape, 0.5)

    def norm(self, x):
        """The norm of x; of rows that may vanish, or have a factor that a norm would take away, with numbers added."""
        if x.thin or x.tail > 3:
            if x.rank == 2 and self.rng.random() < 0.3:
                x = self.emit("add", [x, self.parameter((1, x.columns), 0.3, 0.8)], x.shape, x.size)
            else:
                x = self.emit("offset", [x], x.shape, x.size, f" by {0.75 * max(1.0, x.size):.3g}")
        return self.emit("rms_norm", [x], x.shape, 1.0)
