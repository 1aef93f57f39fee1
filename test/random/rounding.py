"""What float32 can say of a model: how far its loss and gradients move when every operand rounds.

A gradient that is the difference of large terms, or zero by nature (a factor before a norm, a number added to all logits), is in
float32 what rounding leaves of it. So the interpreter, in float64, evaluates the model with random roundings of float32's size
at all that arithmetic reads: the largest of a few samples says how well the model is conditioned, whatever the order in which a
program adds.
"""

import numpy as np

F32, BF16 = 2.0**-24, 2.0**-9
SAMPLES = 6
# What compute; all else moves values, or compares them.
ARITHMETIC = frozenset(
    """add add_any sub mul div dot_general reduce_sum scatter-add exp log logistic sqrt rsqrt square integer_pow""".split()
)


def terms(name, params, operands):
    """How many terms each element of a sum has."""
    if name == "dot_general":
        return np.prod([operands[0].shape[i] for i in params["dimension_numbers"][0][0]])
    if name == "reduce_sum":
        return np.prod([operands[0].shape[i] for i in params["axes"]])
    return 1


def rounding(rng, epsilon):
    """Operands of arithmetic, each element a rounding off; of a sum of n terms as many roundings as partial sums have, √n."""

    def rounded(name, params, operands):
        if name not in ARITHMETIC:
            return operands
        size = epsilon * max(1.0, terms(name, params, operands)) ** 0.5

        def one(x):
            x = np.asarray(x)
            return x * (1 + size * rng.uniform(-1, 1, x.shape)) if x.dtype == np.float64 else x

        return [one(x) for x in operands]

    return rounded


def spread(interpreted, parameters, batch, step, wanted, seed, epsilon=F32, samples=SAMPLES):
    """{name: the largest difference from `wanted`, which holds the loss and the gradients, that roundings make}."""
    found = dict.fromkeys(wanted, 0.0)
    for sample in range(samples):
        loss, gradients = interpreted.loss_and_gradients(parameters, batch, step, rounding(np.random.default_rng((seed, sample)), epsilon))
        for name, x in {"loss": loss, **gradients}.items():
            off = np.max(np.abs(x - wanted[name]), initial=0.0)
            found[name] = max(found[name], off if np.isfinite(off) else np.inf)
    return found
