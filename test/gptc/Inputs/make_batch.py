"""Writes a shard of many documents: in the first no byte comes twice, the others are random."""

import random
import struct
import sys

source = random.Random(1)
tokens = [0, *source.sample(range(1, 256), 255)]
for _ in range(200):
    tokens += [0, *(source.randrange(1, 256) for _ in range(300))]
with open(sys.argv[1], "wb") as shard:
    shard.write(struct.pack("<256i", 20240520, 1, len(tokens), *[0] * 253))
    shard.write(struct.pack(f"<{len(tokens)}H", *tokens))
