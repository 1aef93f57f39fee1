"""The symmetric products of the record's optimizer, whole and as one triangle."""

# Stacks: matrices, rows and columns of one.
STACKS = [(40, 768, 768), (22, 3072, 768)]
# What is asked for: the attribute, the tile.
WHOLE, CHOSEN, NO_TURNS = ("", ""), ("symmetric", ""), ("symmetric", "columns = 128 : i64")
BY, OF = -0.7, 1.3  # the factor of A A^T, and of A plus that


def cases():
    """(kind, matrices, columns, k, whether the operands stand transposed, forms), in the order of the module's launches: the two
    kinds of a stack, of each its forms."""
    for batch, m, n in STACKS:
        tall = m > n
        k = m if tall else n
        # Sums over rows have two accumulators, which leave no choice.
        yield "squares", batch, n, k, tall, [WHOLE, CHOSEN] + [NO_TURNS] * (not tall)
        yield "factor", batch, n, n, False, [WHOLE, CHOSEN, NO_TURNS]


def module():
    text = 'kern.part @p "micro" {\n'
    for i, (kind, batch, n, k, tall, forms) in enumerate(cases()):
        row, out = f"vector<{n}xf32>", f"memref<{batch * n}x{n}xbf16>"
        x = f"memref<{batch * k}x{n}xbf16>" if tall else f"memref<{batch * n}x{k}xbf16>"
        text += f'  %x{i} = kern.buffer "x" "workspace" : {x}\n  %out{i} = kern.buffer "out" "workspace" : {out}\n'
        flags = [" transposed_a" * tall, " transposed_b" * tall]
        for j, (symmetric, tile) in enumerate(forms):
            tile = f" attributes {{tile = {{{tile}}}}}" * bool(tile)
            text += f'  kern.contract "{kind}{i}_{j}" %x{i}{flags[0]}, %x{i}{flags[1]} batch {batch} m {n} n {n} k {k} {symmetric} : {x}, {x}{tile} {{\n'
            text += f"  ^row(%t: index, %p: {row}):\n"
            value = "p"
            if kind == "factor":
                text += f"    %v = kern.load %x{i}[%t] : {x} -> {row}\n    %b = arith.constant dense<{BY}> : {row}\n    %q = arith.mulf %p, %b : {row}\n"
                text += f"    %s = arith.addf %v, %q : {row}\n    %c = arith.constant dense<{OF}> : {row}\n    %o = arith.mulf %s, %c : {row}\n"
                value = "o"
            text += f"    kern.store %{value}, %out{i}[%t] : {row}, {out}\n  }}\n"
    return text + "}\n"
