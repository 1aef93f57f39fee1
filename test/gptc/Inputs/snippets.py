"""Writes the snippets of a page that belong to a file: `snippets.py PAGE FOLDER`.

A line `<!-- NAME -->` before a ```mlir block names the file that the block is a part of; its parts stand in order.
"""

import pathlib
import re
import sys

page, folder = sys.argv[1], pathlib.Path(sys.argv[2])
files = {}
for name, text in re.findall(r"<!-- (\S+\.mlir) -->\n```mlir\n(.*?)```", pathlib.Path(page).read_text(), re.DOTALL):
    files[name] = files.get(name, "") + text
for name, text in files.items():
    (folder / name).write_text(text)
print(" ".join(sorted(files)))
