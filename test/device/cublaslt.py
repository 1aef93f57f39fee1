"""cuBLASLt by ctypes, as a yardstick: D = op(a) op(b) + beta C of row-major matrices.

The library is opened when the object is made: where the loader finds it, or among the packages that PyTorch brings. Its
operands are column-major, so a row-major product is its transposed: the second operand comes first.
"""

import ctypes as c
from pathlib import Path

# Values of cublasLt.h, cublas_api.h and library_types.h.
COMPUTE_32F, TRANSA, TRANSB, FAST_SUMS, WORKSPACE_BYTES = 68, 3, 4, 25, 1
TYPES = {"f32": 0, "bf16": 14, "e4m3": 28, "e5m2": 29}
WORKSPACE = 64 << 20


class Found(c.Structure):
    """cublasLtMatmulHeuristicResult_t."""

    _fields_ = [("algorithm", c.c_uint64 * 8), ("workspace", c.c_size_t), ("state", c.c_int),
                ("waves", c.c_float), ("reserved", c.c_int * 4)]  # fmt: skip


def library():
    names = [f"libcublasLt.so.{version}" for version in (13, 12)]
    try:
        import nvidia

        names += sorted(str(p) for place in nvidia.__path__ for p in Path(place).glob("**/libcublasLt.so.1[0-9]"))
    except ImportError:
        pass
    for name in names:
        try:
            return c.CDLL(name)
        except OSError:
            continue
    raise OSError("there is no libcublasLt.so.13 or .12, neither the loader's nor PyTorch's")


class CublasLt:
    def __init__(self, workspace):
        """`workspace`: the address of WORKSPACE bytes of the device's memory."""
        self.library, self.workspace, self.handle = library(), workspace, c.c_void_p()
        self.call("cublasLtCreate", c.byref(self.handle))
        self.library.cublasLtGetVersion.restype = c.c_size_t
        self.version = self.library.cublasLtGetVersion()

    def call(self, name, *arguments):
        if status := getattr(self.library, name)(*arguments):
            raise RuntimeError(f"{name}: status {status}")

    def layout(self, element, rows, columns):
        """Of a row-major matrix, as the column-major one that it is."""
        made = c.c_void_p()
        self.call("cublasLtMatrixLayoutCreate", c.byref(made), c.c_int(TYPES[element]),
                  c.c_uint64(columns), c.c_uint64(rows), c.c_int64(columns))  # fmt: skip
        return made

    def products(self, m, n, k, a, b, d, transposed_a=False, transposed_b=False, element="bf16", beta=0.0, most=8,
                 operands=("bf16", "bf16"), fast=False):
        """Functions, each of which computes d [m, n] by another algorithm, the one that the library would choose first.

        a is [m, k] and b [n, k], or transposed [k, m] and [k, n], which FP8 may not be; addresses all. `fast`: sums of FP8
        stay in the tensor cores' accumulators.
        """
        description, preference = c.c_void_p(), c.c_void_p()
        self.call("cublasLtMatmulDescCreate", c.byref(description), c.c_int(COMPUTE_32F), c.c_int(TYPES["f32"]))
        for which, transposes in ((TRANSA, not transposed_b), (TRANSB, transposed_a)):
            value = c.c_int(transposes)
            self.call("cublasLtMatmulDescSetAttribute", description, c.c_int(which), c.byref(value), c.c_size_t(4))
        if fast:
            value = c.c_int8(1)
            self.call("cublasLtMatmulDescSetAttribute", description, c.c_int(FAST_SUMS), c.byref(value), c.c_size_t(1))
        first = self.layout(operands[1], *((k, n) if transposed_b else (n, k)))
        second = self.layout(operands[0], *((k, m) if transposed_a else (m, k)))
        out = self.layout(element, m, n)
        self.call("cublasLtMatmulPreferenceCreate", c.byref(preference))
        room = c.c_uint64(WORKSPACE)
        self.call("cublasLtMatmulPreferenceSetAttribute", preference, c.c_int(WORKSPACE_BYTES), c.byref(room), c.c_size_t(8))
        found, count = (Found * most)(), c.c_int()
        self.call("cublasLtMatmulAlgoGetHeuristic", self.handle, description, first, second, out, out, preference,
                  c.c_int(most), found, c.byref(count))  # fmt: skip
        one, scale = c.c_float(1), c.c_float(beta)

        def product(choice):
            def run(_=None):
                self.call("cublasLtMatmul", self.handle, description, c.byref(one), c.c_void_p(b), first, c.c_void_p(a),
                          second, c.byref(scale), c.c_void_p(d), out, c.c_void_p(d), out, c.byref(choice.algorithm),
                          c.c_void_p(self.workspace), c.c_size_t(WORKSPACE), c.c_void_p(0))  # fmt: skip

            return run

        return [product(found[i]) for i in range(count.value) if found[i].state == 0]
