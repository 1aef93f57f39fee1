"""Kernels read and write within their buffers: each buffer stands alone between its neighbours' addresses and a page that nobody
may touch, behind it or before it (GPTC_GUARD). Programs of odd sizes, where the ends of rows are not those of vectors, train,
validate, save and sample so, and give the bytes that they give in one arena.
"""

import os

import inputs
import report as r
from product import arguments

MODELS = r.ROOT / "models"
# V, D, F and the tokens of a micro-batch.
SIZES = [(2, 1, 1, 1), (3, 2, 63, 2), (65, 63, 1, 65), (127, 65, 200, 63), (300, 127, 65, 127), (63, 200, 2, 200)]
# H, K, F, V, the tokens of a micro-batch and the window unit of the record: gates read columns up to 30.
RECORDS = [(9, 4, 65, 127, 63, 1), (3, 20, 127, 65, 200, 63), (1, 64, 63, 300, 65, 8)]


def mlp(v, d, f, t):
    return MODELS / "mlp.mlir", dict(V=v, D=d, F=f, tokens=t, steps=2, max_document_tokens=63, val_tokens=2 * t, val_slice=t,
                                     sample_tokens=t)


def record(h, k, f, v, t, unit):
    stages = {f"tokens_{stage}": 2 * t for stage in ("stage1", "stage2", "stage3", "extension")}
    return MODELS / "nanogpt.mlir", dict(D=h * k, H=h, K=k, F=f, V=v, window_unit=unit, micro_batches=2, scheduled_steps=3,
                                         extension_steps=1, document_token=0, max_document_tokens=31, val_tokens=2 * t,
                                         val_slice=t, sample_tokens=t, **stages)


def run(program, shard, guard):
    """All that a run leaves."""
    saved = program.folder / "saved.safetensors"
    environment = {name: value for name, value in os.environ.items() if name != "GPTC_GUARD"}
    if guard:
        environment["GPTC_GUARD"] = guard
    program.run("train", "--data", shard, "--val", shard, "--save", saved, "--threads", 2, environment=environment)
    drawn = program.run("sample", "--params", saved, "--length", 3, environment=environment)
    return saved.read_bytes(), drawn.stdout


def main():
    given, product = arguments(__doc__)
    report = r.Report(given.only)
    for make, sizes in [(mlp, s) for s in SIZES] + [(record, s) for s in RECORDS]:
        name = f"{make.__name__} {' '.join(map(str, sizes))}"
        if not report.wants(name):
            continue
        with report.case(name) as check:
            model, settings = make(*sizes)
            program = product.compile(model, settings)
            shard = inputs.write_shard(product.folder / "shard.bin", inputs.text(6_000, settings["V"], mean=9))
            plain = run(program, shard, None)
            wrong = [guard for guard in ("before", "after") if run(program, shard, guard) != plain]
            check(not wrong, f"other bytes guarded {' and '.join(wrong)}" if wrong else "nothing beyond a buffer, the same bytes")
    r.end(report)


if __name__ == "__main__":
    main()
