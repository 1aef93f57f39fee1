"""Of the kernels of a PTX file: how many there are, and which are equal but for f32 constants."""

import re
import sys
from collections import defaultdict

text = open(sys.argv[1]).read()
alike = defaultdict(list)
for name, body in re.findall(r"\.visible \.entry (\w+)\((.*?)\n\}\n", text, re.S):
    body = re.sub(r"\$L__BB\d+_", "$L_", body.replace(name, "kernel"))
    alike[re.sub(r"0f[0-9A-F]{8}", "number", body)].append(name)
print(sum(map(len, alike.values())), "kernels")
for names in alike.values():
    if len(names) > 1:
        print("in constants alone differ:", *names)
