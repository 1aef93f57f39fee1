"""What attention/ and heads/ have in common: how their kernels are compiled, loaded and proved on a GPU."""

import json
import signal
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "nvptx"))

import attention  # noqa: E402


def documents(rows, seed=1):
    """Lengths as those of web text: median 400, at most 2048."""
    rng, lengths = np.random.default_rng(seed), []
    while sum(lengths) < rows:
        lengths.append(int(np.clip(rng.lognormal(np.log(400), 1), 1, 2048)))
    return lengths


def compile_modules(check, time):
    """For a cases.py: both texts, by the emitter and into the folder that the command names."""
    from mlp import assemble, emit

    ok = True
    for name, text in (("check", check), ("time", time)):
        folder = Path(sys.argv[2]) / name
        folder.mkdir(parents=True, exist_ok=True)
        ok &= assemble(emit(sys.argv[1], text, folder)[0], folder)
    sys.exit(not ok)


def load(gpu, folder):
    """A module, and its launch table."""
    cubin = folder / "mlp.cubin"
    module = gpu.load((cubin if cubin.exists() else folder / "mlp.ptx").read_bytes())
    return module, json.loads((folder / "mlp.json").read_text())


def check(gpu, folder, made, outputs):
    """The cases of a module (attention.module) on new inputs; a second run must give the same bits."""
    module, table = load(gpu, folder)
    cases, _, numbers = made
    ok, filled = True, None
    for case, what, entry in attention.launches(cases, table):
        if what not in outputs:
            continue
        if filled is not case:
            case.fill(seed=np.random.default_rng().integers(1 << 30))
            filled = case

        def run(buffers, entry=entry):
            addresses = {name: gpu.allocate(a.nbytes) for name, a in buffers.items()}
            for name, a in buffers.items():
                gpu.upload(addresses[name], a)
            addresses["numbers"] = gpu.allocate(numbers.nbytes)
            gpu.upload(addresses["numbers"], numbers)
            gpu.bind(module, entry, addresses)()
            gpu.synchronize()
            for name, a in buffers.items():
                gpu.download(addresses[name], a)
            for address in addresses.values():
                gpu.free(address)

        wrong, error, stored = case.check(outputs[what], run)
        again = case.check(outputs[what], run)[2]
        good = not wrong and stored == again
        ok &= good
        print("ok  " if good else "FAIL", f"{what}, {case.title}: {wrong or f'error {error:.1e}'}, again "
              f"{'same' if stored == again else 'OTHER'} bits", flush=True)  # fmt: skip
    return ok


def prove(made, outputs, times):
    """For a run.py: the cases, then `times(gpu, folder)`, from the folder that the command names."""
    from cuda import Cuda

    signal.alarm(400)  # a kernel that hangs must not hold the machine
    folder, gpu = Path(sys.argv[1]), Cuda()
    print(f"{gpu.name}, {gpu.multiprocessors} multiprocessors, driver {gpu.version}")
    ok = check(gpu, folder / "check", made, outputs)
    ok &= times(gpu, folder / "time")
    print("PASS" if ok else "FAIL")
    sys.exit(not ok)
