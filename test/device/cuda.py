"""The CUDA driver API by ctypes: just what runs and times a launch table on one GPU.

libcuda is opened when the object is made; nothing else of CUDA is needed. Every call is checked.
"""

import ctypes as c

import numpy as np

# Values of cuda.h.
MAX_DYNAMIC_SHARED, MULTIPROCESSORS = 8, 16
UINT8, BFLOAT16, SWIZZLE_128B, PROMOTE_256B = 0, 9, 3, 3
ERROR_LOG, ERROR_LOG_BYTES = 5, 6


class Cuda:
    def __init__(self):
        self.library = c.CDLL("libcuda.so.1")
        self.call("cuInit", c.c_uint(0))
        device, context = c.c_int(), c.c_void_p()
        self.call("cuDeviceGet", c.byref(device), c.c_int(0))
        self.call("cuDevicePrimaryCtxRetain", c.byref(context), device)
        self.call("cuCtxSetCurrent", context)
        name, count, version = c.create_string_buffer(128), c.c_int(), c.c_int()
        self.call("cuDeviceGetName", name, c.c_int(128), device)
        self.call("cuDeviceGetAttribute", c.byref(count), c.c_int(MULTIPROCESSORS), device)
        self.call("cuDriverGetVersion", c.byref(version))
        self.name, self.multiprocessors = name.value.decode(), count.value
        self.version = version.value
        self.flushed = self.allocate(256 << 20)  # several times any L2

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            text = c.c_char_p()
            self.library.cuGetErrorString(c.c_int(status), c.byref(text))
            raise RuntimeError(f"{name}: {(text.value or b'unknown').decode()} ({status})")

    # Memory.
    def allocate(self, size):
        address = c.c_uint64()
        self.call("cuMemAlloc_v2", c.byref(address), c.c_size_t(size))
        return address.value

    def free(self, address):
        self.call("cuMemFree_v2", c.c_uint64(address))

    def upload(self, address, array):
        array = np.ascontiguousarray(array)
        data = array.ctypes.data_as(c.c_void_p)
        self.call("cuMemcpyHtoD_v2", c.c_uint64(address), data, c.c_size_t(array.nbytes))

    def download(self, address, array):
        data = array.ctypes.data_as(c.c_void_p)
        self.call("cuMemcpyDtoH_v2", data, c.c_uint64(address), c.c_size_t(array.nbytes))

    def fill(self, address, size):
        """With bytes 0xFF: NaN in every type."""
        self.call("cuMemsetD8_v2", c.c_uint64(address), c.c_ubyte(0xFF), c.c_size_t(size))

    def synchronize(self):
        self.call("cuCtxSynchronize")

    # Kernels.
    def load(self, image):
        """A module from a cubin or from PTX text, as bytes."""
        module, log = c.c_void_p(), c.create_string_buffer(1 << 16)
        options = (c.c_int * 2)(ERROR_LOG, ERROR_LOG_BYTES)
        values = (c.c_void_p * 2)(c.addressof(log), len(log))
        try:
            self.call(
                "cuModuleLoadDataEx", c.byref(module), c.c_char_p(image + b"\0"), c.c_uint(2),
                options, values,
            )  # fmt: skip
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.value.decode()}") from None
        return module

    def function(self, module, name, shared):
        function = c.c_void_p()
        self.call("cuModuleGetFunction", c.byref(function), module, name.encode())
        if shared:
            self.call(
                "cuFuncSetAttribute", function, c.c_int(MAX_DYNAMIC_SHARED), c.c_int(shared)
            )
        return function

    def tensor_map(self, address, rows, columns, stride, box_rows, size):
        """Of bf16 or FP8: boxes of box_rows x 128 bytes, swizzled by 128 bytes; stride in elements of `size` bytes."""
        memory = c.create_string_buffer(128 + 64)
        at = -c.addressof(memory) % 64
        sizes = (c.c_uint64 * 2)(columns, rows)
        strides = (c.c_uint64 * 1)(size * stride)
        box, steps = (c.c_uint32 * 2)(128 // size, box_rows), (c.c_uint32 * 2)(1, 1)
        self.call(
            "cuTensorMapEncodeTiled", c.c_void_p(c.addressof(memory) + at), c.c_int(UINT8 if size == 1 else BFLOAT16),
            c.c_uint32(2), c.c_void_p(address), sizes, strides, box, steps, c.c_int(0),
            c.c_int(SWIZZLE_128B), c.c_int(PROMOTE_256B), c.c_int(0),
        )  # fmt: skip
        return memory, at

    def bind(self, module, entry, addresses):
        """A function that launches one entry of the table on buffers by name, or in one arena."""
        function = self.function(module, entry["kernel"], entry["sharedBytes"])
        kept, pointers = [], []
        for a in entry["arguments"]:
            at = 0
            if a["kind"] == "value":
                value = c.c_int32(a["value"])
            elif a["kind"] == "numbers":
                value = c.c_uint64(addresses["numbers"])
            else:
                size = {"e4m3": 1, "e5m2": 1, "bf16": 2, "f64": 8}.get(a["element"], 4)
                address = addresses["arena"] + a["at"] if "at" in a else (
                    addresses[a["buffer"]] + a["offset"] * size
                )
                value = c.c_uint64(address)
                if a["kind"] == "tensor map":
                    value, at = self.tensor_map(
                        address, a["rows"], a["columns"], a["stride"], a["boxRows"], size
                    )
            kept.append(value)
            pointers.append(c.addressof(value) + at)
        blocks = entry["blocks"]
        if entry["persistent"]:
            blocks = min(blocks, self.multiprocessors)
        arguments = (c.c_void_p * len(pointers))(*pointers)
        one = c.c_uint(1)

        def launch(_=kept):
            self.call(
                "cuLaunchKernel", function, c.c_uint(blocks), one, one,
                c.c_uint(entry["threads"]), one, one, c.c_uint(entry["sharedBytes"]),
                c.c_void_p(0), arguments, c.c_void_p(0),
            )  # fmt: skip

        return launch

    def event(self):
        event = c.c_void_p()
        self.call("cuEventCreate", c.byref(event), c.c_uint(0))
        return event

    def times(self, act, count):
        """Microseconds of `act`, `count` times, with another 256 MiB written before each."""
        results = []
        for _ in range(count + 3):  # the first three warm up
            start, end = self.event(), self.event()
            self.call(
                "cuMemsetD32Async", c.c_uint64(self.flushed), c.c_uint(0),
                c.c_size_t((256 << 20) // 4), c.c_void_p(0),
            )  # fmt: skip
            self.call("cuEventRecord", start, c.c_void_p(0))
            act()
            self.call("cuEventRecord", end, c.c_void_p(0))
            self.call("cuEventSynchronize", end)
            elapsed = c.c_float()
            self.call("cuEventElapsedTime", c.byref(elapsed), start, end)
            for event in (start, end):
                self.call("cuEventDestroy_v2", event)
            results.append(1000 * elapsed.value)
        return results[3:]
