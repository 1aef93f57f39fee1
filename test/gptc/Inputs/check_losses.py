"""Trains variants of the smallest model that differ in how a loss is made of its tokens, and compares what their logs say."""

import json
import struct
import subprocess
import sys
from pathlib import Path

gptc, folder = sys.argv[1], Path(sys.argv[2])
T = 64
SIZES = {"D": 16, "F": 16, "steps": 2, "tokens": T, "val_tokens": T, "val_slice": T, "max_document_tokens": 1000}
LOSS = "    %loss = gpt.cross_entropy %z, %targets\n"
# One document, so that training and validation begin with the same T tokens.
tokens = [0] + [1 + (7 * i + i * i // 5) % 255 for i in range(2 * T + 20)]
shard = folder / "s.bin"
shard.write_bytes(struct.pack("<256i", 20240520, 1, len(tokens), *[0] * 253) + struct.pack(f"<{len(tokens)}H", *tokens))


def logged(name, loss):
    text = (folder / "mlp.mlir").read_text()
    assert LOSS in text and "micro_batches = 2" in text
    model, program, log = folder / f"{name}.mlir", folder / name, folder / f"{name}.log"
    model.write_text(text.replace(LOSS, loss, 1).replace("micro_batches = 2", "micro_batches = 1"))
    settings = [f"--set={key}={value}" for key, value in SIZES.items()]
    subprocess.run([gptc, "compile", model, "-o", program, *settings], check=True)
    said = subprocess.run(
        [program, "train", "--data", shard, "--val", shard, "--steps", "1", "--log", log], check=True, capture_output=True, text=True
    ).stdout
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    val, step = next(x for x in lines if "val_loss" in x and x["step"] == 0), next(x for x in lines if "loss" in x)
    return said.split("\n")[0], val["val_loss"], step


def near(a, b):
    return abs(a - b) <= 1e-5 * abs(b)


def ce(arguments=""):
    return LOSS.replace("%targets", "%targets" + arguments)


def scaled(first, by):
    return first.replace("%loss", "%sum") + f"    %loss = gpt.scale %sum by {by}\n"


plain = logged("sum", ce())
norm = plain[2]["grad_norm"]
assert not plain[0].startswith("loss:"), plain[0]
assert near(plain[2]["loss"], plain[1]), plain
for name, loss in (("mean", ce(" mean")), ("own_mean", scaled(ce(), "1/T"))):
    said, val, step = logged(name, loss)
    assert not said.startswith("loss:"), said
    assert near(val, plain[1]) and near(step["loss"], val) and near(step["next_token_loss"], val) and near(step["grad_norm"], norm), name
both = logged("both", ce(" (w0 = 1, w1 = 1)"))
assert both[2]["loss"] > 1.5 * both[1] and near(both[2]["next_token_loss"], both[1]), both
assert both[0].startswith("loss: what is trained, a token, with all its weights; next_token_loss: of the next tokens alone"), both[0]
same = logged("both_mean", scaled(ce(" (w0 = 1, w1 = 1)"), "1/T"))
assert all(near(same[2][key], both[2][key]) for key in ("loss", "next_token_loss", "grad_norm")) and same[0] == both[0], same
for name, by in (("eighth", 1 / 8), ("many", 3)):
    said, val, step = logged(name, scaled(ce(), by))
    assert said.startswith("loss: what is trained, as the graph gives it; next_token_loss:"), said
    assert near(step["loss"], val * T * by) and near(step["next_token_loss"], val) and near(step["grad_norm"], norm * T * by), name
print("7 models logged as they should be")
