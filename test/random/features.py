"""What a run of the random tests must have held: every op of a model file and every feature of the generator.
"""

OPS = """add sub mul div scale offset sigmoid relu2 sqrt positive sign clamp stored cast round round_gradient rms_norm shift embed softmax
linear matmul gram transpose rotary key_offset attention softcap cross_entropy tied row slice rows reshape split
let require input param pack func call return graph expr schedule yield yarn optimizer recipe""".split()

FEATURES = """
broadcast of a scalar; broadcast of [1, n]; broadcast of [T, 1]; broadcast of a lower rank; broadcast of [1]; broadcast of [T];
broadcast both ways;
value used twice; several outputs of one value; weight used twice; weight scaled; weight of few elements; weight transposed by reshape;
product of parameters;
row of a matrix; row of a vector; row of a bank; row of an activation; rows of a parameter; rows of an activation;
rows of a hoisted value; slice of a parameter; slice of a hoisted value; slice of an activation; reshape of a hoisted value;
reshape of a parameter; reshape that moves rows; split of an activation; split of a parameter; split to heads;
bank; bank without a member; pack; pack with a matrix; table looked up twice; table looked up by targets; table looked up by docs; table hoisted;
tie; two ties at one step; two ties at two steps;
function with numbers; function with a default; function of two results; function called twice; function that calls;
number of a schedule; number by pick; number by if; number by min and max; constant expression; shown schedule;
tokens that change; several micro-batches;
attention; attention, odd heads; attention, window of the schedule; attention, groups; attention, everything seen; key_offset; rotary by halves;
rotary by neighbours; rotary, groups; yarn whose window grows;
gate; gate a head; gate with times; gate with a factor; gate, near miss: reshape; gate, near miss: offset;
gate, near miss: value used elsewhere; gate, near miss: wide; gate, near miss: row of parameters;
smear; smear, near miss: another value; smear, near miss: shift by 2;
stacks of matrices; stack of parameters; transpose of a parameter; elements of what is transposed; clamp by a number of the step;
mlp; relu2 of a product; quotient, element; quotient, row; quotient, scalar; quotient, swapped; quotient, root; softmax in the stream; softcap; cross_entropy, one weight; cross_entropy, several weights; cross_entropy, gaps;
cross_entropy, weights of the schedule; cross_entropy mean; round on; round off; round_gradient on; round_gradient off;
cast to f32; cast to bf16; shift by 1; shift by more; shift beyond all rows;
optimizer without state; optimizer with a state; optimizer with two states; optimizer every 2; numbers of an optimizer;
validate; sample; init 0; init number; init normal; init uniform; init cycle; init rows; one token; odd sizes
"""
FEATURES = [word.strip() for word in FEATURES.replace("\n", " ").split(";") if word.strip()]



def missing(seen):
    """What a run should have held and did not."""
    return [f for f in [*(f"op {op}" for op in OPS), *FEATURES] if f not in seen]
