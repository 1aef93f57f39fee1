"""The gpt dialect once more: an interpreter in Python, float64, written from the descriptions of the ops.

    from interpret import load, printed
    text = printed("build/bin/gptc", "models/nanogpt.mlir")  # gptc compile FILE --emit=model --mlir-print-op-generic -o -
    model = load(text, sets={"D": 64, "fp8": "false"})

    model.parameters()       {name in parameter files: Parameter(shape, dtype)}; a bank's members are NAME.0, NAME.1, …, a pack
                             is one flat tensor
    model.tokens(step)       T, the tokens of a micro-batch at a step; tokens(step, "validate") and "sample" likewise
    model.inputs(step)       {input: shape}
    model.steps()            how many steps the recipe has
    model.loss_and_gradients(parameters, batch, step)
                             (loss, {parameter: gradient of loss / micro_batches}) of @train, as `EXE gradients` writes them: for
                             every parameter, zeros where the graph does not read it
    model.evaluate(graph, parameters, batch, step)
                             the tensors that @train, @validate or @sample returns

`parameters` is {name: array}; `batch` is (tokens, targets, starts) or an object with these, `starts` the documents' first
positions in ascending order, repeats and a trailing T allowed. Steps count from 0.

It has every op that a model file can hold, before any pass. An op without a meaning, and all that is malformed, raises
`TextError` with the line of the text. `mlir_text.py` reads the text, `expressions.py` and `numbers_of_steps.py` give the numbers
of a step, `ops.py` and `contractions.py` say what an op computes, `model.py` follows calls; JAX differentiates, and `evaluate.py`
runs what it made. Run as `python -m interpret`, it writes a micro-batch's gradients as a compiled program does.
"""

import subprocess

from .mlir_text import TextError
from .model import Model as load


def printed(gptc, file):
    """A model file with its base resolved, in generic form: what `load` reads."""
    command = [gptc, "compile", file, "--emit=model", "--mlir-print-op-generic", "-o", "-"]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


__all__ = ["TextError", "load", "printed"]
