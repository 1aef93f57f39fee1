"""The lit tests: single passes by gptc-opt, the command line by gptc."""

import os
import sys

import lit.formats

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from environment import ENVIRONMENT  # noqa: E402

config.name = "gptc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "device", "link", "numerics", "unit"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = config.scratch
config.environment["PATH"] = os.pathsep.join(
    [config.bin, config.llvm_bin, "/usr/bin", "/bin"]
)
config.environment.update(ENVIRONMENT)
# Colour and a terminal's width must not change what a test sees.
config.environment["NO_COLOR"] = "1"
config.environment["OPENBLAS_NUM_THREADS"] = "1"
# Of `./x test`: kernels that another test has compiled.
if "GPTC_KERNEL_CACHE" in os.environ:
    config.environment["GPTC_KERNEL_CACHE"] = os.environ["GPTC_KERNEL_CACHE"]
# The tests' Python has their packages; what runs lit may not.
if not os.path.exists(config.python):
    lit_config.fatal(f"no {config.python}: `./x test` makes it, or test/python.sh BUILD")
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%fake_cuda", os.path.join(config.scratch, "cuda")))
config.substitutions.append(("%models", os.path.join(config.test_source_root, "..", "models")))
