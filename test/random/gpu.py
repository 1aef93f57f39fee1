"""Programs for sm_90a on this machine's GPU, in the place of the interpreter of PTX: see kernels.py."""

import ctypes
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "device"))

from cuda import Cuda  # noqa: E402
from host import Host  # noqa: E402


class Gpu:
    """One for a process: a context, and memory that grows to the largest arena."""

    def __init__(self):
        self.cuda = Cuda()
        self.size = self.base = 0
        self.numbers = self.cuda.allocate(1 << 16)

    def arena(self, size):
        if size > self.size:
            if self.size:
                self.cuda.call("cuMemFree_v2", ctypes.c_uint64(self.base))
            self.base, self.size = self.cuda.allocate(size), size
        return self.base

    def host(self, ptx, table):
        """A host whose kernels run here; its arena goes to the device for each part and comes back."""
        return GpuHost(self, ptx, table)


class GpuHost(Host):
    def __init__(self, gpu, ptx, table):
        super().__init__(table, None)
        self.gpu, self.module = gpu, gpu.cuda.load(Path(ptx).read_bytes())

    def launch(self, entries, numbers):
        cuda, addresses = self.gpu.cuda, {"arena": self.gpu.arena(self.arena.nbytes), "numbers": self.gpu.numbers}
        cuda.upload(addresses["arena"], self.arena)
        cuda.upload(addresses["numbers"], numbers)
        for entry in entries:
            cuda.bind(self.module, entry, addresses)()
        cuda.synchronize()
        cuda.download(addresses["arena"], self.arena)

    def __del__(self):
        self.gpu.cuda.call("cuModuleUnload", self.module)
