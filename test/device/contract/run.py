#!/usr/bin/env python3
"""Contractions of any size on a GPU: `run.py DIR`, DIR as prepare.sh leaves it.

The cases of test/nvptx/contract.py with their buffers, bounds and guards; a second run must give
the same bits.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "nvptx")]

from contract import all_cases  # noqa: E402
from cuda import Cuda  # noqa: E402


def main():
    folder, gpu = Path(sys.argv[1]), Cuda()
    cubin = folder / "mlp.cubin"
    module = gpu.load((cubin if cubin.exists() else folder / "mlp.ptx").read_bytes())
    table = json.loads((folder / "mlp.json").read_text())
    print(gpu.name)
    ok = True
    for case, entry in zip(all_cases()[0], table, strict=True):
        stored = []

        def run(buffers, entry=entry, stored=stored):
            addresses = {name: gpu.allocate(a.nbytes) for name, a in buffers.items()}
            for name, a in buffers.items():
                gpu.upload(addresses[name], a)
            gpu.bind(module, entry, addresses)()
            gpu.synchronize()
            for name, a in buffers.items():
                gpu.download(addresses[name], a)
            stored.append([a.tobytes() for a in buffers.values()])

        # FP8 tensor cores keep some 14 bits of the sum of a tile.
        results = [case.check(run, of_codes=1e-3) for _ in range(2)]
        wrong, error = results[0]
        good = not wrong and stored[0] == stored[1]
        ok &= good
        print("ok  " if good else "FAIL", f"{case.title}: {wrong or f'error {error:.1e}'}, "
              f"again {'same' if stored[0] == stored[1] else 'OTHER'} bits", flush=True)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
