"""Makes a model file that fails smaller while it fails alike: `reduce(text, fails)`.

Works on the text: a line goes, a block goes, a value's readers read one of its operands instead, a number becomes smaller. What
no longer is a model fails otherwise, and is refused by `fails`.
"""

import re

VALUE = re.compile(r"%[A-Za-z_]\w*")


def defined(line):
    """The values that a line defines."""
    head = line.split("=", 1)[0] if re.match(r"\s*%[^=]*= gpt\.", line) else ""
    return VALUE.findall(head)


def blocks(lines):
    """(first, end) of what opens with `{` at a line's end, and of each line alone; large ones first."""
    spans, open_at = [], []
    for i, line in enumerate(lines):
        if line.rstrip().endswith("{"):
            open_at.append(i)
        elif line.strip().startswith("}") and open_at:
            first = open_at.pop()
            if first:
                spans.append((first, i + 1))
    return sorted(spans, key=lambda s: s[0] - s[1])


def without_unread(lines):
    """Lines that define what nothing reads go, again and again; parameters included."""
    while True:
        text = "\n".join(lines)
        unread = [
            i
            for i, line in enumerate(lines)
            if defined(line) and not line.rstrip().endswith("{") and all(len(re.findall(re.escape(v) + r"\b", text)) == 1 for v in defined(line))
        ]
        if not unread:
            return lines
        lines = [line for i, line in enumerate(lines) if i not in unread]


def candidates(lines):
    """Smaller texts, the boldest first."""
    for first, end in blocks(lines):
        yield without_unread(lines[:first] + lines[end:])
    for i in reversed(range(len(lines))):
        line = lines[i]
        values = defined(line)
        if not values or "gpt." not in line or line.rstrip().endswith("{"):
            continue
        operands = [v for v in VALUE.findall(line.split("=", 1)[1]) if v not in values]
        rest = lines[:i] + lines[i + 1 :]
        for operand in dict.fromkeys(operands):
            swapped = rest
            for value in values:
                swapped = [re.sub(re.escape(value) + r"\b", operand, other) for other in swapped]
            yield without_unread(swapped)
    for i, line in enumerate(lines):
        if line.strip() and not line.rstrip().endswith("{") and line.strip() != "}":
            yield lines[:i] + lines[i + 1 :]
    for i, line in enumerate(lines):
        for match in re.finditer(r"(?<![\w.%])\d+(?![\w.])", line):
            number = int(match[0])
            for smaller in sorted({1, 2, 4, number // 2} & set(range(1, number))):
                yield [*lines[:i], line[: match.start()] + str(smaller) + line[match.end() :], *lines[i + 1 :]]


def reduce(text, fails, tries=400):
    """The smallest text found within so many tries that `fails` still accepts."""
    lines, seen = [line for line in text.splitlines() if line.strip()], set()
    progress = True
    while progress and tries > 0:
        progress = False
        for smaller in candidates(lines):
            candidate = "\n".join(smaller) + "\n"
            if candidate in seen or len(candidate) >= len("\n".join(lines)) + 1:
                continue
            seen.add(candidate)
            tries -= 1
            if fails(candidate):
                lines, progress = smaller, True
                break
            if tries <= 0:
                break
    return "\n".join(lines) + "\n"
