"""A newcomer's mistakes in the models of the repository: each is one error, at its line, that says the mend.

A table. A case changes one place of a model file, and the error must stand on the line that was changed (or on the one that
holds `at`) and hold the words `says`.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import report as r

MODELS = r.ROOT / "models"
@dataclass
class Case:
    name: str
    model: str
    old: str
    new: str
    says: tuple
    at: str = ""
    sets: tuple = ()


def mlp(name, old, new, *says, at=""):
    return Case(name, "mlp.mlir", old, new, says, at)


def record(name, old, new, *says, at=""):
    return Case(name, "nanogpt.mlir", old, new, says, at)


def optimizers(name, old, new, *says, at=""):
    return Case(name, "optimizers.mlir", old, new, says, at)


# ---- Names -------------------------------------------------------------------------------------------------------------------

NAMES = [
    mlp("an op", "gpt.rms_norm %x", "gpt.rmsnorm %x", "did you mean 'gpt.rms_norm'?"),
    mlp("an op without its dialect", "= gpt.relu2 %a", "= relu2 %a", "did you mean 'gpt.relu2'?"),
    mlp("a value", "gpt.linear %h, %c_fc", "gpt.linear %h, %c_fcc", "did you mean '%c_fc'?"),
    mlp("a value without its sign", "gpt.linear %h, %c_fc", "gpt.linear %h, c_fc", "%c_fc"),
    mlp("an input", "%embed[%tokens]", "%embed[%token]", "did you mean '%tokens'?"),
    mlp("a function", "gpt.call %predict()\n    %loss = gpt.cross_entropy %z, %targets\n", "gpt.call %predit()\n    %loss = gpt.cross_entropy %z, %targets\n", "did you mean '%predict'?"),
    mlp("an optimizer", "init normal(1) by %adam", "init normal(1) by %adm", "did you mean '%adam'?"),
    mlp("a parameter as an optimizer", "init normal(1) by %adam", "init normal(1) by %head", "'%head'", "optimizer"),
    mlp("a size in a shape", "[F, D] init 0", "[FF, D] init 0", "'FF'"),
    mlp("a size in an init", "uniform(sqrt(3/D))", "uniform(sqrt(3/DD))", "'DD'"),
    mlp("a constant in a schedule", "1 - %step / steps", "1 - %step / step", "'step'", "did you mean 'steps'?"),
    mlp("a number in a schedule", "mod(%step, 50)", "mod(%stp, 50)", "did you mean '%step'?"),
    mlp("a function of numbers", "mod(%step, 50)", "modulo(%step, 50)", "'modulo'", "did you mean 'mod'?"),
    mlp("an init", "init normal(1)", "init norml(1)", "did you mean 'normal'?"),
    mlp("an argument of the recipe", "micro_batches = 2", "micro_batch = 2", "'micro_batch'", "did you mean 'micro_batches'?"),
    mlp("an argument of the recipe that is another", "max_document = max", "max_documents = max", "did you mean 'max_document'?",
        at="gpt.recipe"),
    mlp("a constant in the recipe", "T = tokens", "T = token", "'token'", "did you mean 'tokens'?"),
    mlp("a graph", "gpt.graph @validate", "gpt.graph @validation", "@validate"),
    mlp("a base", '"optimizers.mlir"', '"optimisers.mlir"', "optimisers.mlir"),
    mlp("a value of the base", "%adam = gpt.base", "%adamw = gpt.base", "'adamw'", "adam"),
    record("an argument of an op", "(scale = 23, shift", "(scal = 23, shift", "'scal'", "did you mean 'scale'?"),
    record("an argument of attention", "(window = %window, scale", "(windw = %window, scale", "did you mean 'window'?"),
    record("an argument of a call", "%vblock(%x, %x0) (i = 0, a = 0, window", "%vblock(%x, %x0) (i = 0, a = 0, windo", "'windo'", "did you mean 'window'?"),
    record("a variable of an optimizer", "(beta1 = 0.5, beta2 = 0.95, wd_mul = 150)", "(beta_1 = 0.5, beta2 = 0.95, wd_mul = 150)",
           "'beta_1'", "did you mean 'beta1'?"),
    record("a grid", '%xb to "e4m3"', '%xb to "e4m4"', "e4m3"),
    record("an element type", "[11] f32 init 0 by", "[11] fp32 init 0 by", "f32"),
    record("a mean", "%targets mean", "%targets means", "mean"),
]

# ---- Letters -----------------------------------------------------------------------------------------------------------------

LETTERS = [
    mlp("no closing brace of a function", "gpt.return %z\n  }\n  gpt.graph @train", "gpt.return %z\n  gpt.graph @train", "'{' is not closed", at="%predict = gpt.func"),
    mlp("no opening brace of a graph", "gpt.graph @sample {", "gpt.graph @sample", "'{'"),
    mlp("no closing brace of a schedule", "  } {shown}", "  {shown}", "'{' is not closed", at="%lr = gpt.schedule"),
    mlp("no comma between operands", "gpt.linear %h, %c_fc", "gpt.linear %h %c_fc", "','"),
    mlp("no comma between constants", "V = 256, D = 128", "V = 256 D = 128", "','"),
    mlp("no quote", '"optimizers.mlir"', '"optimizers.mlir', "is missing at the end"),
    mlp("no quotes", '"optimizers.mlir"', "optimizers.mlir", "quotes"),
    mlp("no bracket of an expression", "sqrt(3/D))", "sqrt(3/D)", "')'"),
    mlp("no bracket of a look-up", "%embed[%tokens]", "%embed[%tokens", "']'"),
    mlp("no bracket of a shape", "[V, D] init normal(1)", "[V, D init normal(1)", "']'"),
    mlp("no equals sign", "%a = gpt.linear %h", "%a gpt.linear %h", "="),
    mlp("no result", "    %h = gpt.rms_norm %x", "    gpt.rms_norm %x", "'%h' is not declared", at="gpt.linear %h"),
    mlp("no init", "[V, D] init normal(1) by", "[V, D] by", "init"),
    mlp("no optimizer", "init normal(1) by %adam", "init normal(1)", "`by %adam"),
    mlp("no bracket of a call", "gpt.call %predict()\n    %loss = gpt.cross_entropy %z, %targets\n", "gpt.call %predict\n    %loss = gpt.cross_entropy %z, %targets\n", "'('"),
    mlp("no return", "    gpt.return %z\n", "", "gpt.return", at="%predict = gpt.func"),
    mlp("no yield", "    gpt.yield mod(%step, 50) == 0\n", "", "gpt.yield", at="%validate = gpt.schedule"),
    mlp("a comma for a point", "normal(0.05)", "normal(0,05)", "normal"),
    mlp("a power sign", "1 - %step / steps", "1 - (%step / steps)^2", "pow"),
    mlp("a comment of another language", "// x + relu", "# x + relu"),
    mlp("a single equals sign", "mod(%step, 50) == 0", "mod(%step, 50) = 0", "=="),
]

# ---- Kinds and counts --------------------------------------------------------------------------------------------------------

KINDS = [
    mlp("one operand of two", "gpt.linear %h, %c_fc", "gpt.linear %h", "','"),
    mlp("two operands of one", "gpt.relu2 %a", "gpt.relu2 %a, %a"),
    mlp("two results of one", "%b = gpt.relu2 %a", "%b, %b2 = gpt.relu2 %a"),
    mlp("swapped operands", "gpt.linear %h, %c_fc", "gpt.linear %c_fc, %h", "[F, T]", at="gpt.matmul"),
    mlp("a product that does not fit", "gpt.matmul %b, %c_proj", "gpt.linear %b, %c_proj", "F is not D"),
    mlp("a sum that does not fit", "gpt.add %x, %c\n", "gpt.add %x, %b\n", "[T, D]", "[T, F]"),
    mlp("a number as a tensor", "gpt.relu2 %a", "gpt.relu2 %lr", "'%lr'", "tensor"),
    mlp("a tensor as a number", "mod(%step, 50)", "mod(%embed, 50)", "number"),
    mlp("tokens as values", "gpt.rms_norm %x", "gpt.rms_norm %tokens", "i32"),
    mlp("values as tokens", "%embed[%tokens]", "%embed[%head]", "i32"),
    mlp("targets that are values", "%z, %targets\n", "%z, %z\n", "i32"),
    mlp("a function as a value", "gpt.rms_norm %x", "gpt.rms_norm %predict", "function"),
    mlp("a value of a function read outside", "%z    = gpt.call %predict()\n    %loss = gpt.cross_entropy %z, %targets\n", "%z    = gpt.call %predict()\n    %loss = gpt.cross_entropy %n, %targets\n", "%predict"),
    mlp("a value before it is declared", "%h = gpt.rms_norm %x\n", "%h = gpt.rms_norm %y\n", "further down"),
    mlp("a value declared twice", "%b = gpt.relu2 %a", "%a = gpt.relu2 %a", "'%a'", "twice"),
    mlp("a constant declared twice", "F = 512", "D = 512", "'D'"),
    mlp("a constant without a value", "V = 256, D = 128", "V = 256, D", "'D'"),
    mlp("a size of nothing", "D = 128", "D = 0", "0", at="%embed  ="),
    mlp("half a size", "D = 128", "D = 12.5", "12.5", at="%embed  ="),
    mlp("an input of positions that is no input", "gpt.input [T] i32                             // the", "gpt.input [T]                             // the", "i32"),
    mlp("an input of another name", "%targets = gpt.input", "%labels = gpt.input", "'%targets' is not declared", at="%loss = gpt.cross_entropy"),
    mlp("no value in a return", "gpt.return %next", "gpt.return", "gpt.return"),
    mlp("two values in a return", "gpt.return %next", "gpt.return %next, %z"),
    mlp("a loss that is none", "gpt.return %loss\n  }\n  gpt.graph @validate", "gpt.return %z\n  }\n  gpt.graph @validate", "loss"),
    mlp("too many numbers of a schedule", "gpt.yield 1 - %step / steps", "gpt.yield 1 - %step / steps, 0"),
    mlp("too few numbers of a function", "mod(%step, 50)", "mod(%step)", "'mod'"),
    mlp("no recipe", "  gpt.recipe (steps = steps, micro_batches = 2, T = tokens, document_token = document_token,\n"
        "              max_document = max_document_tokens, validate = %validate, validate_tokens = val_tokens,\n"
        "              validate_batch = val_slice, sample_batch = sample_tokens)\n", "", "gpt.recipe", at="gpt.model @mlp"),
    mlp("an argument of the recipe that is missing", " T = tokens,", "", "'T"),
    record("arguments of a call too few", "gpt.call %mix(%x, %x0) (i = %i)\n    %h = gpt.rms_norm %m\n    %q, %k, %v = gpt.call %project(%h) (i = %i, offset = %offset, group = %group)\n    %y = gpt.call %attend(%m, %h, %q, %k, %v)",
           "gpt.call %mix(%x) (i = %i)\n    %h = gpt.rms_norm %m\n    %q, %k, %v = gpt.call %project(%h) (i = %i, offset = %offset, group = %group)\n    %y = gpt.call %attend(%m, %h, %q, %k, %v)", "2"),
    record("a number of a call that is missing", "%mix(%s6, %x0) (i = 6)", "%mix(%s6, %x0)", "'i'"),
    record("tensors of a call swapped", "gpt.call %value(%h, %v)", "gpt.call %value(%v, %h)", "'h'"),
    record("results of a call", "%q, %k, %v = gpt.call %project", "%q, %k = gpt.call %project", "'%v' is not declared here", at="%y = gpt.call %attend"),
    record("a split that does not fit", "gpt.split %qkv to [T, H, K]", "gpt.split %qkv to [T, K]"),
    record("heads that were not made", "gpt.attention %q, %k, %v", "gpt.attention %q, %k, %h", "[T, D]"),
    record("a row beyond the bank", "(i = 10,", "(i = 11,", "11 of 11", at="%r  = gpt.row %resid"),
    record("a window that is missing", "(window = %window, scale", "(scale", "'window"),
    record("tokens for documents", "documents %docs", "documents %tokens", "docs"),
    record("a tie of other shapes", "gpt.tied %embed to %lm_head", "gpt.tied %embed to %c_fc"),
    record("a requirement that does not hold", "K = 128, F", "K = 100, F", "H*K == D", at="gpt.require"),
    optimizers("a variable of the model that the optimizer lacks", "(%beta1 = 0.9, %beta2 = 0.99, %lr_mul = 1, %wd_mul = 1, %count) every 2", "(%beta1 = 0.9, %beta2 = 0.99, %lr_mul, %wd_mul = 1, %count) every 2", "'lr_mul'"),
    optimizers("a state that is not returned", "gpt.return %pn, %mn, %vn\n  }\n\n", "gpt.return %pn, %mn\n  }\n\n", "states"),
    optimizers("a number that is not declared", "by %beta1\n", "by %beta_1\n", "did you mean '%beta1'?"),
    optimizers("a number that is used and gone", "(%beta1 = 0.9, %beta2 = 0.99, %lr_mul = 1,", "(%beta1 = 0.9, %beta2 = 0.99,", "'%lr_mul'", at="gpt.require %beta1"),
    optimizers("an optimizer of one tensor", "gpt.optimizer(%p, %g) states(%m, %v) (%beta1", "gpt.optimizer(%p) states(%m, %v) (%beta1", "gradient"),
    optimizers("an optimizer that never acts", "every 2", "every 0", "every"),
]

# ---- Numbers that cannot be --------------------------------------------------------------------------------------------------

NUMBERS = [
    record("a soft cap without width", "width = 7.5", "width = 0", "width = 0; it must be above 0"),
    record("a soft cap of nothing", "(scale = 23, shift = 5", "(scale = 0, shift = 5", "scale = 0; it must be above 0"),
    record("a grid without scale", "(scale = 100/448", "(scale = 100/0", "scale = infinity; it must be above 0"),
    record("a switch that is neither on nor off", "on = fp8)", "on = 0.5)", "on = 0.5; it must be true or false"),
    record("a negative temperature", "temperature = temperature)", "temperature = -temperature)", "temperature = -1; it must be at least 0"),
    record("a negative weight of targets", "w1 = %next1", "w1 = -%next1", "w1 = -0.5 at step 0; it must be at least 0"),
    record("frequencies of a base below 1", "base = 1024", "base = 0.5", "base = 0.5; it must be at least 1"),
    record("a ramp that ends before it begins", "beta = 32", "beta = 0.5", "beta = 0.5; it must be above alpha"),
    record("keys of the future", "by = %offset)", "by = -1)", "by = -1; it must be a whole number, at least 0"),
    record("a rate that is no number", "1.73 if %x > 2/3", "log(-%x) if %x > 2/3", "NaN"),
    record("a window of half a unit", "pick(%stage, 3, 7, 11, 13)", "pick(%stage, 3, 6.5, 11, 13)", "the numbers break `mod(832, 128) == 0`", at="gpt.require mod(%short"),
    mlp("an input of another kind", "%targets = gpt.input [T] i32", "%targets = gpt.input target [T] i32", "'target'", "did you mean 'targets'?"),
    mlp("a negative deviation", "normal(1)", "normal(-1)", "normal = -1; it must be at least 0"),
    mlp("an infinite init", "init 0 by", "init 1/0 by", "init = infinity; it must be a finite number"),
    mlp("half a step", "steps = 200", "steps = 200.5", "steps = 200.5; it must be a whole number, at least 1", at="gpt.recipe"),
    mlp("no micro-batch", "micro_batches = 2", "micro_batches = 0", "micro_batches = 0; it must be a whole number, at least 1"),
    mlp("a negative token", "document_token = 0", "document_token = -1", "document_token = -1; it must be", at="gpt.recipe"),
    mlp("a beta beyond 1", "init normal(1) by %adam", "init normal(1) by %adam (beta1 = 2)", "the numbers break `2 < 1`"),
    mlp("a rate below 0", "init normal(1) by %adam", "init normal(1) by %adam (lr_mul = -1)", "the numbers break `-1 >= 0`"),
    mlp("a rate that is not defined", "1 - %step / steps", "log(%step - 1)", "not defined at step 0", "NaN"),
    optimizers("a rate of the optimizer below 0", "adam_lr = 0.008", "adam_lr = -0.008", "adam_lr = -0.008", at="gpt.require %lr >= 0, adam_lr"),
]

CASES = [*NAMES, *LETTERS, *KINDS, *NUMBERS]


def lines(case):
    """The model's text with the mistake, and the line where its error belongs."""
    text = (MODELS / case.model).read_text()
    start = text.index(case.old)
    changed = text[:start] + case.new + text[start + len(case.old) :]
    if case.at:
        return changed, next(i for i, line in enumerate(changed.splitlines(), 1) if case.at in line)
    same = len(os.path.commonprefix([case.old, case.new]))
    return changed, text.count("\n", 0, start + same) + 1


def run(case, gptc, folder):
    """Whether the compiler's answer is right, and its error or what is wrong with it."""
    for file in MODELS.glob("*.mlir"):
        shutil.copy(file, folder)
    changed, line = lines(case)
    (folder / case.model).write_text(changed)
    main, out = "mlp.mlir" if case.model == "optimizers.mlir" else case.model, folder / "out"
    command = [gptc, "compile", folder / main, *case.sets, "--emit=launches", "-o", out]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    said = done.stderr.replace(str(folder) + "/", "")
    errors = [x for x in said.splitlines() if "error:" in x]
    problems = [] if done.returncode == 1 else [f"exit {done.returncode}"]
    if len(errors) != 1:
        problems.append(f"{len(errors)} errors")
    if errors and not errors[0].startswith(f"{case.model}:{line}:"):
        problems.append(f"not at {case.model}:{line}")
    problems += [f"no word of {word!r}" for word in case.says if word not in "".join(errors[:1])]
    if out.exists():
        out.unlink()
        problems.append("a file is left")
    return not problems, f"{', '.join(problems)}\n{said.rstrip()}" if problems else errors[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gptc", default=r.ROOT / "build/bin/gptc")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    given = parser.parse_args()
    report = r.Report(given.only)
    with tempfile.TemporaryDirectory(prefix="gptc-mistakes-") as folder:
        for case in CASES:
            if report.wants(case.name):
                with report.case(case.name) as check:
                    check(*run(case, given.gptc, Path(folder)))
    r.end(report)


if __name__ == "__main__":
    main()
