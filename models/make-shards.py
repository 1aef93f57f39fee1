#!/usr/bin/env python3
"""Makes byte-level token shards of text.

Reads documents, separated by blank lines, from files or standard input. A
document becomes the document token, then its bytes, one token each. Shards are
the field's: 256 int32 of header (magic 20240520, version 1, token count), then
uint16 tokens. The first documents go to FOLDER/val_000000.bin until it has its
share, all others to FOLDER/train_000001.bin.
"""

import argparse
import array
import struct
import sys
from pathlib import Path

MAGIC, VERSION, HEADER_INTS = 20240520, 1, 256


def write_shard(path, tokens):
    """Writes beside `path` and renames: nobody reads half a shard."""
    header = struct.pack("<3i", MAGIC, VERSION, len(tokens)).ljust(4 * HEADER_INTS, b"\0")
    if sys.byteorder != "little":
        tokens.byteswap()
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(header)
        tokens.tofile(file)
    temporary.rename(path)


def split(document, longest):
    """Pieces of whole lines, each at most `longest` bytes unless a line alone is longer."""
    pieces = [b""]
    for line in document.splitlines(keepends=True):
        if pieces[-1] and len(pieces[-1]) + len(line) > longest:
            pieces.append(b"")
        pieces[-1] += line
    return pieces


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="*", type=Path, help="UTF-8 files (default: standard input)")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--document-token", type=int, default=0, metavar="N", help="begins each document (default: 0)")
    parser.add_argument(
        "--longest", type=int, metavar="N", help="splits longer documents at line ends; trainers drop what a model's max_document_tokens cuts off"
    )
    parser.add_argument("--val", type=float, default=0.05, metavar="SHARE", help="of the bytes, for validation")
    arguments = parser.parse_args()
    if not 0 <= arguments.document_token < 65536:
        parser.error("--document-token: a token is below 65536")
    if arguments.longest is not None and arguments.longest < 2:
        parser.error("--longest: a document has at least 2 tokens")
    if not 0 <= arguments.val < 1:
        parser.error("--val: a share is at least 0 and below 1")
    try:
        parts = [path.read_bytes() for path in arguments.text] or [sys.stdin.buffer.read()]
    except OSError as problem:
        parser.error(str(problem))
    documents = [d.strip(b"\n") + b"\n" for d in b"\n\n".join(parts).split(b"\n\n") if d.strip()]
    if arguments.longest:
        # The document token counts too.
        documents = [piece for d in documents for piece in split(d, arguments.longest - 1)]
    if not documents:
        parser.error("there is no text")
    if arguments.document_token < 256 and any(bytes([arguments.document_token]) in d for d in documents):
        parser.error(f"the text contains the byte {arguments.document_token}, which is the document token")

    total = sum(map(len, documents))
    shards = {"val_000000": array.array("H"), "train_000001": array.array("H")}
    for document in documents:
        wants_more = len(shards["val_000000"]) < arguments.val * total
        shard = shards["val_000000" if wants_more else "train_000001"]
        shard.append(arguments.document_token)
        shard.extend(document)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, tokens in shards.items():
        if tokens:
            write_shard(arguments.out / f"{name}.bin", tokens)
            print(f"{arguments.out / name}.bin: {len(tokens)} tokens")


if __name__ == "__main__":
    main()
