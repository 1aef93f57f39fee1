"""The lit tests: single passes by gptc-opt, the command line by gptc."""

import os

import lit.formats

config.name = "gptc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "device", "link", "numerics", "unit"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = config.scratch
config.environment["PATH"] = os.pathsep.join(
    [config.bin, config.llvm_bin, "/usr/bin", "/bin"]
)
# Colour and a terminal's width must not change what a test sees.
config.environment["NO_COLOR"] = "1"
config.substitutions.append(("%models", os.path.join(config.test_source_root, "..", "models")))
