"""A model's names are its own: the record in small with every name replaced trains to the same bits.

Constants, inputs, parameters, optimizers, schedules, functions and all that is inside them get names without a meaning, the
values of @train too; what is left are words of the language. So nothing in the compiler or the runtime knows a name.
"""

import json
import re
import subprocess

import inputs
import report as r
from product import arguments, last_line

FILES = ("optimizers.mlir", "nanogpt.mlir", "nanogpt-tiny.mlir")
SIZES = dict(D=64, H=2, F=96, window_unit=8, tokens_stage1=96, tokens_stage2=128, tokens_stage3=192, max_document_tokens=64,
             scheduled_steps=9, extension_steps=3, val_tokens=256, val_slice=128, val_every=4, sample_tokens=64)
WORD = re.compile(r'//[^\n]*|"[^"]*"|[%@]?[A-Za-z_][\w.]*|\d[\w.]*(?:e-\d+)?|.|\n')
# What its name says of a value is said by a word of the language.
KINDS = {"tokens": "tokens", "targets": "targets", "docs": "docs"}


class Renaming:
    """New names for all of some files; `of[old]` is the new one."""

    def __init__(self, texts):
        self.of, self.constants = {}, set()
        for text in texts:
            text = re.sub(r"//[^\n]*", "", text)
            for let in re.findall(r"gpt\.let ([^\n]*)", text):
                self.constants |= set(re.findall(r"(\w+) = ", let))
        self.constants -= {"T"}

    def new(self, name):
        return self.of.setdefault(name, f"q{len(self.of)}")

    def renamed(self, text):
        """The text with other names: of values all, of arguments those that functions and optimizers declare."""
        for name, kind in KINDS.items():
            text = re.sub(rf"(%{name} *= gpt\.input )", rf"\g<1>{kind} ", text)
        text = re.sub(r"(%count\)(?: every \d+)?) \{", r"\1 counting %count {", text)
        words, out, op, by = WORD.findall(text), [], "", False
        for i, word in enumerate(words):
            following = "".join(words[i + 1 : i + 4]).lstrip()
            is_key = following.startswith("=") and not following.startswith("==")
            if word.startswith("gpt."):
                op, by = word, False
            elif word == "by" and op in ("gpt.param", "gpt.pack"):
                by = True
            if word.startswith("%"):
                head, *rest = word[1:].split(".")
                word = ".".join(["%" + self.new(head), *rest])
            elif is_key and word.isidentifier() and (op == "gpt.call" or by):
                word = self.new(word)
            elif word in self.constants and (not is_key or op == "gpt.let"):
                word = self.new(word)
            elif word == '"scalars"' and op == "gpt.pack":
                word = f'"{self.new("scalars")}"'
            elif word.endswith('.mlir"'):
                word = f'"other-{word[1:]}'
            out.append(word)
        return "".join(out)


def trained(product, program, shard, name, *options):
    saved, log = product.folder / f"{name}.safetensors", product.folder / f"{name}.jsonl"
    program.run("train", "--data", shard, "--val", shard, "--save", saved, "--log", log, "--threads", 1, *options)
    lines = [json.loads(line) for line in log.read_text().splitlines()][1:]
    losses = [(line.get("loss"), line.get("val_loss"), line.get("grad_norm")) for line in lines]
    return tensors(saved), losses, saved


def tensors(path):
    """The bytes of each tensor, bf16 too, which NumPy has not."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    texts = [(r.ROOT / "models" / file).read_text() for file in FILES]
    renaming = Renaming(texts)
    for file, text in zip(FILES, texts):
        product.write(f"other-{file}", renaming.renamed(text))
    left = {name for text in texts for name in re.findall(r"%\w+", re.sub(r"//[^\n]*", "", renaming.renamed(text)))}
    program = product.compile(r.ROOT / "models/nanogpt-tiny.mlir", SIZES)
    other = product.compile(product.folder / "other-nanogpt-tiny.mlir", {renaming.of[name]: value for name, value in SIZES.items()})
    shard = inputs.write_shard(product.folder / "names.bin", inputs.text(60_000, 256, seed=5))

    with report.case("every name is another") as check:
        kept = [name for name in left if not re.fullmatch(r"%q\d+", name)]
        check(not kept and len(renaming.of) > 150, f"{len(renaming.of)} names, {len(kept)} kept {kept[:3]}")
    first = trained(product, program, shard, "first")
    with report.case("training") as check:
        second = trained(product, other, shard, "second")
        bank = lambda name: ".".join([renaming.of[name.split(".")[0]], *name.split(".")[1:]])
        same = {bank(name): x for name, x in first[0].items()} == second[0]
        check(same and first[1] == second[1] and len(first[1]) > SIZES["scheduled_steps"],
              f"{len(first[0])} parameters and {len(first[1])} lines of the log are the same bits")
    with report.case("a setting") as check:
        ours, theirs = (trained(product, of, shard, "set", "--set", f"{name}=0.004", "--steps", 3)[1]
                        for of, name in ((program, "adam_lr"), (other, renaming.of["adam_lr"])))
        check(ours == theirs and ours != first[1][: len(ours)], f"adam_lr, as {renaming.of['adam_lr']}, is the same setting")
    with report.case("samples") as check:
        drawn = [subprocess.run([of.path, "sample", "--params", file, "--length", "40"], capture_output=True, check=True).stdout
                 for of, file in ((program, first[2]), (other, second[2]))]
        check(drawn[0] == drawn[1] and len(drawn[0]) >= 40, f"{len(drawn[0])} bytes are the same")
    with report.case("a number of steps that the model has not") as check:
        result = other.attempt("train", "--data", shard, "--steps", 99)
        check(f"compile it with --set {renaming.of['scheduled_steps']}=" in result.stderr, last_line(result.stderr))
    r.end(report)


if __name__ == "__main__":
    main()
