"""A model as data: its constants, parameters, functions, graphs and recipe, and what its graphs compute at a step."""

from dataclasses import dataclass

import jax
import numpy as np

from . import contractions  # noqa: F401  (its ops join the table)
from .evaluate import Traced, evaluated
from .mlir_text import TensorType, TextError, Value, parse
from .numbers_of_steps import Applied, Constants, Numbers
from .ops import TABLE

jax.config.update("jax_enable_x64", True)

# What a model holds beside its graphs; nothing of these computes a tensor of a graph by itself.
DECLARATIONS = {
    "gpt.let", "gpt.require", "gpt.input", "gpt.param", "gpt.pack", "gpt.func", "gpt.graph", "gpt.expr", "gpt.schedule",
    "gpt.yarn", "gpt.optimizer", "gpt.recipe",
}  # fmt: skip
INSIDE = {"gpt.call", "gpt.return", "gpt.yield"}


@dataclass
class Parameter:
    shape: tuple
    dtype: str  # as the model declares it; files hold f32


class Bank:
    """`N x` parameters of one shape: rows that are arrays of their own."""

    def __init__(self, op, members):
        self.op, self.members = op, members
        self.shape = (1 + max(members), *next(iter(members.values())).shape)

    def whole(self):
        if len(self.members) != self.shape[0]:
            raise self.op.error("is read as a whole, but has not every member")
        return jax.numpy.stack([self.members[i] for i in range(self.shape[0])])


class Model:
    def __init__(self, text, sets=None):
        self.op = the_model(parse(text))
        unknown = {}
        for op in operations_below(self.op):
            if op.name not in DECLARATIONS | INSIDE and op.name not in TABLE:
                unknown.setdefault(op.name, op)
        if unknown:
            raise next(iter(unknown.values())).error(f"has no meaning here; of all ops these have none: {', '.join(unknown)}")
        self.constants = Constants(self.op.body(), sets or {})
        self.numbers = Numbers(self.constants)
        self.graphs = {op.attributes["sym_name"]: op for op in self.declared("gpt.graph")}
        recipes = self.declared("gpt.recipe")
        if len(recipes) != 1:
            raise self.op.error(f"has {len(recipes)} recipes, not one")
        self.recipe = recipes[0]
        self.differentiated = None, None  # what the last gradients were traced for, and their program

    def declared(self, name):
        return [op for op in self.op.body() if op.name == name]

    # ---- Parameters

    def parameters(self):
        """{name in files: its `Parameter`}, in the order of the model."""
        return {name: p for op in self.declared("gpt.param") + self.declared("gpt.pack") for name, p in self.files_of(op)}

    def files_of(self, op):
        """(name, `Parameter`) of each tensor that a file holds of a declaration."""
        here, name = Applied(op, [], self.constants), op.attributes["name"]
        if op.name == "gpt.pack":
            shapes = op.attributes["shapes"]
            size = sum(int(np.prod(here.shape(shape.dims))) for shape in shapes)
            return [(name, Parameter((size,), shapes[0].element))]
        one = Parameter(here.shape(op.attributes["shape"].dims), op.attributes["shape"].element)
        if "count" not in op.attributes:
            return [(name, one)]
        without = op.attributes.get("without", ())
        return [(f"{name}.{i}", one) for i in range(op.attributes["count"]) if i not in without]

    def parameter_values(self, op, given):
        """The results of a declaration, from the tensors of a file."""
        names = [name for name, _parameter in self.files_of(op)]
        if op.name == "gpt.pack":
            here, flat, at, parts = Applied(op, [], self.constants), given[names[0]], 0, []
            for shape in op.attributes["shapes"]:
                dims = here.shape(shape.dims)
                size = int(np.prod(dims))
                parts.append(flat[at : at + size].reshape(dims))
                at += size
            return parts
        if "count" not in op.attributes:
            return [given[names[0]]]
        return [Bank(op, {int(name.rpartition(".")[2]): given[name] for name in names})]

    # ---- The recipe

    def of_recipe(self, name, step=0):
        return self.numbers.applied(self.recipe, step).whole_argument(name)

    def steps(self):
        return self.of_recipe("steps")

    def tokens(self, step, graph="train"):
        """T: the tokens of a micro-batch, of a slice of validation, of a sample."""
        if graph == "validate":
            return self.of_recipe("validate_batch")
        if graph == "sample":
            return self.numbers.applied(self.recipe, 0).whole_argument("sample_batch", self.of_recipe("T"))
        return self.of_recipe("T", step)

    def inputs(self, step, graph="train"):
        """{what it is: shape} of what a batch gives."""
        T = self.tokens(step, graph)
        declared = [(op, op.attributes) for op in self.declared("gpt.input")]
        return {has.get("kind", has["name"]): Applied(op, [], self.constants, T).shape(has["shape"].dims) for op, has in declared}

    # ---- Graphs

    def results(self, graph, parameters, batch, step):
        """What a graph returns, as a function that JAX can trace: a list of tensors."""
        if graph not in self.graphs:
            raise self.op.error(f"has no graph @{graph}")
        return Evaluation(self, parameters, batch, step, self.tokens(step, graph)).block(self.graphs[graph].block(), {})

    def evaluate(self, graph, parameters, batch, step):
        """What a graph returns: a list of NumPy arrays."""
        batch = inputs_of(batch, self.tokens(step, graph))
        return evaluated(lambda p: self.results(graph, p, batch, step), self.checked(parameters))

    def loss_and_gradients(self, parameters, batch, step, rounding=None):
        """(loss of @train, {parameter: gradient of loss / micro_batches}), zeros for what nothing reads. `rounding`: see
        `evaluate.evaluated`."""
        batch, parameters = inputs_of(batch, self.tokens(step)), self.checked(parameters)
        # A batch's numbers are a program's constants: it serves other parameters and other roundings.
        key = step, *((name, x.shape, x.tobytes()) for name, x in batch.items())
        if self.differentiated[0] != key:
            self.differentiated = key, self.gradients_of(parameters, batch, step)
        (_divided, loss), gradients = self.differentiated[1](parameters, rounding=rounding)
        return float(loss), {name: np.asarray(g) for name, g in gradients.items()}

    def gradients_of(self, parameters, batch, step):
        """The loss and its gradients, traced at the parameters' shapes."""
        micro_batches = self.of_recipe("micro_batches")

        def divided(parameters):
            (loss,) = self.results("train", parameters, batch, step)
            return loss / micro_batches, loss

        return Traced(jax.value_and_grad(divided, has_aux=True), parameters)

    def checked(self, given):
        wanted = self.parameters()
        if missing := wanted.keys() - given.keys():
            raise ValueError(f"no value of {', '.join(sorted(missing))}")
        values = {name: np.asarray(given[name], np.float64) for name in wanted}
        for name, value in values.items():
            if value.shape != wanted[name].shape:
                raise ValueError(f"'{name}' has the shape {value.shape}, not {wanted[name].shape}")
        return values


class Evaluation:
    """One evaluation of a graph: the values of the model at a step, as far as they are read."""

    def __init__(self, model, parameters, batch, step, T):
        self.model, self.parameters, self.batch, self.step, self.T = model, parameters, batch, step, T
        self.globals = {}

    def block(self, block, local):
        """The tensors that a block returns; `local` has the values that it sees beside the model's."""
        for op in block.operations:
            tensors, numbers = self.operands(op, local)
            if op.name == "gpt.return":
                return tensors
            if op.name == "gpt.require":  # computes nothing
                continue
            local.update(zip(op.results, self.apply(op, tensors, numbers)))
        raise TextError(self.model.op.line, "a body does not return")

    def apply(self, op, tensors, numbers):
        here = Applied(op, numbers, self.model.constants, self.T)
        if op.name == "gpt.expr":
            return [here.number("value")]
        if op.name == "gpt.call":
            return self.call(op, here, *tensors)
        if op.name == "gpt.input":
            return [self.input(op)]
        if op.name == "gpt.tied":
            here.split_before = lambda: self.split(op)
            return [TABLE[op.name](here, *tensors)]
        if op.name not in TABLE:
            raise op.error("is nothing that a body may hold")
        if op.name != "gpt.row":
            tensors = [x.whole() if isinstance(x, Bank) else x for x in tensors]
        found = row_of_bank(here, *tensors) if isinstance(tensors[0], Bank) else TABLE[op.name](here, *tensors)
        found = list(found) if isinstance(found, (tuple, list)) else [found]
        for value, result in zip(found, op.results, strict=True):
            if isinstance(result.type, TensorType) and value.shape != here.shape(result.type.dims):
                raise op.error(f"gives {value.shape}, not {here.shape(result.type.dims)}")
        return found

    def split(self, op):
        """Whether a tie's number has been 1 at this step or before it."""
        split = op.operands[-1]
        return any(self.model.numbers.at(split, s) != 0 for s in range(self.step + 1))

    def call(self, op, here, function, *tensors):
        """Tensors by place, numbers by name or default."""
        function = function.owner
        names, defaults = function.attributes["names"], function.attributes["defaults"]
        block, given = function.block(), here.arguments()
        arguments = block.arguments
        if len(tensors) != len(arguments) - len(defaults):
            raise op.error(f"gives {len(tensors)} tensors, not {len(arguments) - len(defaults)}")
        values = list(tensors)
        for name, default in zip(names[len(tensors) :], defaults, strict=True):
            without = Applied(function, [], self.model.constants, self.T)
            values.append(given.pop(name) if name in given else without.value(default))
        if given:
            raise op.error(f"gives {', '.join(given)}, which the function does not take")
        return self.block(block, dict(zip(arguments, values, strict=True)))

    def input(self, op):
        kind = op.attributes.get("kind", op.attributes["name"])
        if kind not in self.batch:
            raise op.error(f"is an input '{kind}'; a batch has {', '.join(self.batch)}")
        return self.batch[kind]

    # ---- Values of the model

    def read(self, value: Value, local):
        if value in local:
            return local[value]
        if value not in self.globals:
            self.globals.update(zip(value.owner.results, self.globally(value.owner)))
        return self.globals[value]

    def globally(self, op):
        if op.name in ("gpt.param", "gpt.pack"):
            return self.model.parameter_values(op, self.parameters)
        if op.name == "gpt.yarn":
            return self.model.numbers.yarn(op, self.step)
        if op.name in ("gpt.func", "gpt.optimizer"):
            return op.results
        if op.results and all(v.type == "f64" for v in op.results):
            return [self.model.numbers.at(v, self.step) for v in op.results]
        return self.apply(op, *self.operands(op, {}))

    def operands(self, op, local):
        """The tensors, then the numbers that an operation reads."""
        read = [(v.type == "f64", self.read(v, local)) for v in op.operands]
        return [x for number, x in read if not number], [x for number, x in read if number]


def row_of_bank(here, bank):
    index = here.whole("index")
    if index not in bank.members:
        raise here.error(f"reads member {index} of a bank that has {', '.join(map(str, bank.members))}")
    return bank.members[index]


def the_model(operations):
    """The one gpt.model of a text, in a module or not."""
    while len(operations) == 1 and operations[0].name == "builtin.module":
        operations = operations[0].body()
    if [op.name for op in operations] != ["gpt.model"]:
        raise TextError(operations[0].line if operations else 1, "the text is not one gpt.model")
    return operations[0]


def operations_below(op):
    """All operations inside of one."""
    for region in op.regions:
        for block in region:
            for each in block.operations:
                yield each
                yield from operations_below(each)


def inputs_of(batch, T):
    """{what an input is: values} of a batch: (tokens, targets, starts), or an object with these three."""
    tokens, targets, starts = batch if isinstance(batch, tuple) else (batch.tokens, batch.targets, batch.starts)
    tokens, targets, starts = (np.asarray(x, np.int64) for x in (tokens, targets, starts))
    if tokens.shape != (T,) or targets.shape != (T,):
        raise ValueError(f"a batch of {tokens.shape} tokens and {targets.shape} targets for T = {T}")
    if not len(starts) or starts.min() != 0:
        raise ValueError("no document starts at 0")
    # For each position the last start up to it.
    starts = np.unique(starts)
    docs = starts[np.searchsorted(starts, np.arange(T), side="right") - 1]
    return {"tokens": tokens, "targets": targets, "docs": docs}
