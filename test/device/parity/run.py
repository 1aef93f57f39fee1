"""Gradients of the record beside PyTorch's: `run.py DIR [STAGES [COUNT [random|trained [record|baseline|paired]]]]`.

Of the record, or of another of its three models. For COUNT micro-batches of real tokens at a step of each of STAGES (1; 1,2,3) the distance of every parameter's gradient from an fp32
reference with FP8's grids: that of the executable, and that of the same model in bf16, compiled by PyTorch with FP8 and
FlashAttention (model.py). Right: of tensors of 1024 elements and more none is farther than 1.1 times PyTorch's, of smaller ones
none in the root mean square over the micro-batches, and the geometric mean of all is at most PyTorch's. Weights are random, no
gradient zero, drawn anew for each micro-batch (a draw may make the error of a dozen sums over all tokens large, and then does so in every micro-batch), or
those after the 62 steps of a run. PyTorch's programs are compiled in processes of their own, all at once, beside the rest;
the executable runs for some micro-batches at a time. validation.py has the validation loss beside PyTorch's.
"""

import lzma
import math
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.attention.varlen import varlen_attn

import model as m

FOLDER = Path(sys.argv[1])
STAGES, COUNT, KIND, MODEL = ([*sys.argv[2:], *("1", "1", "random", "record")[len(sys.argv) - 2 :]])[:4]
SCHEDULED, STEPS_OF_RUN, STEPS, SMALL = 54, 62, {1: 4, 2: 20, 3: 50}, 1024
NEAR, MEAN, LONGEST, AT_ONCE = 1.1, 1.0, 2048, 2


def tokens_of(shard):
    return np.fromfile(shard, "<u2", offset=1024).astype(np.int64)


def batches(tokens, T, count):
    """Micro-batches of whole documents, each cut at 2048 tokens: tokens, targets, where documents begin and the last ends."""
    starts = np.append(np.flatnonzero(tokens == 50256), len(tokens))
    document = 0
    for _ in range(count):
        row, ends = np.empty(0, np.int64), [0]
        while len(row) <= T:
            begin = starts[document]
            row = np.append(row, tokens[begin : min(starts[document + 1], begin + LONGEST)])
            ends.append(min(len(row), T))
            document += 1
        yield row[:T], row[1 : T + 1], np.array(ends, np.int32)


def file_of(kind, i):
    """The parameters of micro-batch `i`: with random values, or the checkpoint that the 62 steps have left."""
    return FOLDER / f"{MODEL}-random-{i}.safetensors" if kind == "random" else FOLDER / f"{MODEL}-run/step-{STEPS_OF_RUN:08}/parameters.safetensors"


def make_weights(kind, count):
    """Writes the parameters: random ones of bf16, or as training leaves them."""
    first = FOLDER / f"{MODEL}-weights.safetensors"
    if not first.exists():
        subprocess.run([sys.executable, FOLDER / "make_weights.py", first, "--model", MODEL], check=True)
    if kind == "trained":
        if not file_of(kind, 0).exists():
            subprocess.run([FOLDER / MODEL, "train", "--data", FOLDER / "shard.bin", "--params", first, "--checkpoint", FOLDER / f"{MODEL}-run"],
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        return
    shapes = {name: (w.shape, w.dtype) for name, w in load_file(first).items()}
    for i in range(count):
        if file_of(kind, i).exists():
            continue
        draw, found = torch.Generator("cuda").manual_seed(1 + i), {}
        for name, (shape, dtype) in shapes.items():
            x = torch.randn(shape, generator=draw, device="cuda")
            x = 0.6 + 0.2 * x if len(shape) == 1 else x * min(0.3, shape[-1] ** -0.5)
            found[name] = x.bfloat16().to(dtype).cpu()
        part = file_of(kind, i).with_suffix(".part")
        save_file(found, part)
        part.rename(file_of(kind, i))


def executable(params, batch, step, i):
    """The file of the gradients of micro-batch `i`."""
    tokens, targets, ends = (torch.tensor(np.asarray(x, np.int32)) for x in batch)
    given, out = FOLDER / f"batch.{step}.{i}", FOLDER / f"gradients.{step}.{i}"
    save_file({"tokens": tokens, "targets": targets, "cu_seqlens": ends}, given)
    subprocess.run([FOLDER / MODEL, "gradients", "--params", params, "--batch", given, "--step", str(step), "--out", out],
                   check=True)  # fmt: skip
    return out


def loaded(file):
    """The loss and the gradients of a file, which goes."""
    found = load_file(file, device="cuda")
    file.unlink()
    return found.pop("loss").item(), found


def flash(q, k, v, documents, window, scale, group):
    ends, longest = (group * x for x in documents)
    return varlen_attn(q, k, v, ends, ends, longest, longest, scale=scale, window_size=(window, 0))


def waited_for(file):
    while not file.exists():
        time.sleep(0.1)
    return file


def pytorch(stage, count, kind):
    """Writes the gradients of PyTorch's compiled program, a file a micro-batch."""
    T = 16384 * stage
    n = m.numbers(STEPS[stage], SCHEDULED, T, "cuda")
    compiled = torch.compile(m.Program(m.HeadInFp8.apply, flash, m.MODELS[MODEL]).loss, dynamic=False, fullgraph=True)
    for i, batch in enumerate(batches(tokens_of(FOLDER / "shard.bin"), T, count)):
        row, targets, ends = (torch.tensor(x).cuda() for x in batch)
        documents = (torch.nn.functional.pad(ends, (0, T // 16 - len(ends)), value=T), LONGEST)  # one shape, one program
        if kind == "random" or not i:
            weights = load_file(waited_for(file_of(kind, i)), device="cuda")
        for left in reversed(range(20)):
            try:
                loss, found = m.gradients(compiled, weights, (row, targets, documents), n, torch.bfloat16)
                break
            except torch.cuda.OutOfMemoryError:  # the others have the memory
                if not left:
                    raise
            torch.cuda.empty_cache()
            time.sleep(2)
        file = FOLDER / f"pytorch.{stage}.{i}"
        save_file(found | {"loss": torch.tensor(loss)}, file.with_suffix(".part"))
        file.with_suffix(".part").rename(file)
        del found
        torch.cuda.empty_cache()


def found_by(process, file):
    """What PyTorch's process writes."""
    while not file.exists():
        if process.poll():
            sys.exit(f"PyTorch's program ended with exit code {process.returncode}")
        time.sleep(0.1)
    return loaded(file)


def reference(weights, batch, n):
    row, targets, ends = (torch.tensor(x).cuda() for x in batch)
    begins = torch.repeat_interleave(ends[:-1], ends.diff())
    exact = m.Program(m.HeadOnGrids.apply, m.visible, m.MODELS[MODEL], saves=True).loss
    loss, found = m.gradients(exact, weights, (row, targets, begins), n, torch.float32)
    return loss, {name: g.cpu() for name, g in found.items()}


def of_stage(stage, count, kind, process):
    """Whether the gradients of a stage are right."""
    step, T, errors, wanted, begin = STEPS[stage], 16384 * stage, {"gptc": {}, "PyTorch": {}}, [], time.monotonic()
    n = m.numbers(step, SCHEDULED, T, "cuda")

    def compare(who, i, found):
        for name, g in wanted[i][1].items():
            g = g.cuda()
            off = (found[name].float().reshape(g.shape) - g).norm() / g.norm()
            errors[who].setdefault(name, []).append(off.item())

    losses = {"gptc": [], "PyTorch": []}
    given = list(batches(tokens_of(FOLDER / "shard.bin"), T, count))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = [pool.submit(executable, file_of(kind, i), batch, step, i) for i, batch in enumerate(given)]
        for i, batch in enumerate(given):
            if kind == "random" or not i:
                weights = {name: w.float() for name, w in load_file(file_of(kind, i), device="cuda").items()}
            wanted.append(reference(weights, batch, n))
            torch.cuda.empty_cache()
            loss, found = loaded(made[i].result())
            losses["gptc"].append(loss)
            compare("gptc", i, found)
            del found
    for i in range(count):
        loss, found = found_by(process, FOLDER / f"pytorch.{stage}.{i}")
        losses["PyTorch"].append(loss)
        compare("PyTorch", i, found)
        if i < 2:
            said = ", ".join(f"{who} {x[i] / T:.5f}" for who, x in losses.items())
            print(f"     loss a token: reference {wanted[i][0] / T:.5f}, {said}; {time.monotonic() - begin:.1f} s", flush=True)
    ratios, ok = {}, True
    for name in errors["gptc"]:
        own, other = (math.sqrt(statistics.mean(e * e for e in errors[who][name])) for who in ("gptc", "PyTorch"))
        ratios[name] = own / other
        large = weights[name].numel() >= SMALL
        if ratios[name] > NEAR and (large or count >= 16):
            ok = False
            print(f"FAIL {name}: {own:.2e} from the reference, PyTorch {other:.2e}: {ratios[name]:.2f}")
    mean = math.exp(statistics.mean(math.log(x) for x in ratios.values()))
    ok &= mean <= MEAN
    kinds = {}
    for name, ratio in ratios.items():
        kinds.setdefault(name.split(".")[0], []).append((ratio, name))
    for label, found in kinds.items():
        worst = max(found)
        own, other = (statistics.mean(errors[who][worst[1]]) for who in ("gptc", "PyTorch"))
        print(f"     {label}: at most {worst[0]:.2f} of PyTorch's distance ({worst[1]}: {own:.2e}, {other:.2e})")
    print(f"{'ok  ' if ok else 'FAIL'} {MODEL}, stage {stage}, {kind} weights, {count} micro-batches: geometric mean {mean:.3f} of PyTorch's distance")
    return ok


def main():
    stages, count = [int(x) for x in STAGES.split(",")], int(COUNT)
    if sys.argv[6:] == ["pytorch"]:
        return pytorch(stages[0], count, KIND)
    (FOLDER / "shard.bin").write_bytes(lzma.decompress((FOLDER / "train_000001.bin.xz").read_bytes()))
    own = [sys.executable, __file__, str(FOLDER)]
    processes = [subprocess.Popen([*own, str(stage), COUNT, KIND, MODEL, "pytorch"]) for stage in stages]
    try:
        make_weights(KIND, count)
        good = [of_stage(stage, count, KIND, process) for stage, process in zip(stages, processes)]
    finally:
        for process in processes:  # which would wait for weights that nobody makes
            process.kill()
    print("PASS" if all(good) else "FAIL")
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
