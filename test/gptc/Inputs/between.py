"""Row kernels between contractions: `between.py FILE`, what `gptc compile --emit=kernels` wrote.

Of every part that runs once a micro-batch: how many kernels of rows there are, how many stand between two contractions at most, and
which these are. Attention and the loss count as contractions; gathers, ordered segments, finishing kernels and what computes one row
are counted apart.
"""

import re
import sys

KERNEL = re.compile(r' {6}kern\.(\w+) "([^"]*)"(?: (\d+) \{)?')
PURE = ("kern.buffer", "kern.view")


def kernels(path):
    """(part, kind, name, rows, ops of the program) of every kernel, in order."""
    part, found = None, []
    for line in open(path, encoding="utf-8"):
        if match := re.match(r'    kern\.part @(\w+) "micro"', line):
            part = match[1]
        elif line.startswith("    kern.part"):
            part = None
        elif part and (match := KERNEL.match(line)):
            if not line.startswith(tuple("      " + op for op in PURE)):
                found.append((part, match[1], match[2], int(match[3] or 0), []))
        elif part and found and line.startswith("        "):
            found[-1][4].extend(re.findall(r"\b(?:kern|arith|math)\.\w+", line))
    return found


def role(kind, name, rows, ops):
    if kind in ("contract", "attention", "attention_backward") or "cross_entropy" in name and kind == "rows":
        return "contraction"
    if kind != "rows":
        return kind
    if rows == 1:
        return "one row"
    return "gather" if set(ops) == {"kern.load_index", "kern.load", "kern.store"} else "rows"


def main():
    parts = {}
    for part, *kernel in kernels(sys.argv[1]):
        parts.setdefault(part, []).append((role(*kernel), kernel[1]))
    for part, all_kernels in parts.items():
        runs, counts = [[]], {}
        for is_a, name in all_kernels:
            counts[is_a] = counts.get(is_a, 0) + 1
            if is_a == "contraction":
                runs.append([])
            elif is_a == "rows":
                runs[-1].append(name)
        most = max(runs, key=len)
        print(f"{part}: {', '.join(f'{n} {k}' for k, n in sorted(counts.items()))}; between two contractions at most {len(most)}: {', '.join(most)}")


if __name__ == "__main__":
    main()
