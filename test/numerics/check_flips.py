"""FP8 programs on unrestricted batches: every excess over the bounds of fp32 is the flip of a rounding that fp32 cannot decide.

An operand of the FP8 head that lies beside the edge between two grid points may fall to the other side in fp32. One such flip
moves the loss by 1e-5 and gradients by 1e-3 or so. No bound is loosened for that: for each batch the float64 reference lists,
before anything is compared, the operands that lie within fp32's error of an edge (`beside_edges`). A batch without one keeps the
bounds of fp32, loss 1e-6 and gradients 1e-5. In any other the product must keep the same bounds against the reference with some
of the listed operands rounded to the other side, and nothing else changed.

What keeps this from explaining too much has cases too: the band is measured on the reference itself, run in fp32, and an operand
outside of it that is rounded wrongly stays unexplained.
"""

from itertools import chain, combinations

import numpy as np

import inputs
import report as r
from check_gradients import MODELS, SMALL, STEPS, schedule
from product import arguments, settings
from reference import BAND, GRIDS, Head, Operands, beside_edges, loss_and_gradients

LOSS, GRADIENT = 1e-6, 1e-5
BATCHES = 6  # of each model and step
MOST = 500  # sets of flips that a search tries


class Case:
    """Weights, a batch and a step of a model, and the head's operands there."""

    def __init__(self, model, step, seed):
        weights = inputs.weights(model, seed)
        batch = inputs.batch(model.schedule.micro_batch_tokens(step), model.V, seed=seed)
        self.given = model, weights, batch, step
        T = len(batch.tokens)
        self.still = Operands(np.zeros((T, model.D)), np.zeros((model.V, model.D)), np.zeros((T, model.V)))
        self.head = Head(*self.given)
        self.values, self.sizes = self.head.operands(self.still)
        self.nudges = beside_edges(self.values, self.sizes)
        self.plain = self.reference(self.still)

    def only(self, chosen, nudges):
        """The nudges of the chosen operands alone."""
        kept = Operands(*map(np.copy, self.still))
        for name, at in chosen:
            getattr(kept, name)[at] = getattr(nudges, name)[at]
        return kept

    def reference(self, nudges):
        return loss_and_gradients(*self.given, nudges)

    def explanation(self, found):
        """The fewest flips with which the reference is within the bounds of `found`; None if no set of them is."""
        if within_bounds(found, self.plain):
            return ()
        tried = 0
        for forward in subsets(item for item in listed(self.nudges) if item[0] != "g"):
            nudges = self.only(forward, self.nudges)
            # The loss knows of no flip on the way back.
            if not loss_holds(found, self.head.loss(nudges)):
                tried += 1
                if tried == MOST:
                    return None
                continue
            # A flip on the way forward moves all that comes back, and so which of it lies beside an edge.
            back = beside_edges(*self.head.operands(nudges))
            for backward in subsets(item for item in listed(back) if item[0] == "g"):
                wanted = self.reference(self.only(backward, back)._replace(x=nudges.x, w=nudges.w))
                if within_bounds(found, wanted):
                    return forward + backward
                tried += 1
                if tried == MOST:
                    return None
        return None


def errors(found, wanted):
    """How far the loss is off, the worst gradient and its name."""
    return abs(found[0] / wanted[0] - 1), *r.worst(found[1], wanted[1])


def loss_holds(found, loss):
    return abs(found[0] / loss - 1) <= LOSS


def within_bounds(found, wanted):
    return loss_holds(found, wanted[0]) and r.worst(found[1], wanted[1])[0] <= GRADIENT


def listed(nudges):
    """(operand, index) of every nudge."""
    return [(name, tuple(map(int, at))) for name, y in nudges._asdict().items() for at in np.argwhere(y)]


def subsets(items):
    """All of them, small ones first."""
    items = list(items)
    return chain.from_iterable(combinations(items, n) for n in range(len(items) + 1))


def text_of(flips):
    return ", ".join(f"{name}{list(at)}" for name, at in flips)


def check_product(report, program, name, case):
    """Within the bounds, or explained. Returns the flips; None where they do not suffice."""
    with report.case(name) as check:
        _model, weights, batch, step = case.given
        found = program.gradients(weights, batch, step)
        loss, gradient, tensor = errors(found, case.plain)
        text = f"loss {loss:.1e}, gradients {gradient:.1e} ({tensor}), {len(listed(case.nudges))} beside an edge"
        flips = case.explanation(found)
        text += ": no flips explain it" if flips is None else f", flipped {text_of(flips)}" if flips else ""
        check(flips is not None, text)
        return flips


def check_wrong(report, name, case):
    """An operand of each kind that lies beyond 2 bands of an edge, rounded to the wrong side: no flips explain it."""
    for operand in ("x", "w", "g"):
        with report.case(f"{name}, {operand} wrongly rounded") as check:
            near = getattr(beside_edges(case.values, case.sizes, 2), operand)
            for bands in (10, 100, 1000):
                far = beside_edges(case.values, case.sizes, bands)
                size = np.abs(getattr(case.values, operand)) * (near == 0) * (getattr(far, operand) != 0)
                if size.any():
                    break
            at = tuple(map(int, np.unravel_index(np.argmax(size), size.shape)))
            wrong = case.reference(case.only([(operand, at)], far))
            loss, gradient, tensor = errors(wrong, case.plain)
            flips, outcome = case.explanation(wrong), "not explained"
            if flips is not None:
                outcome = f"explained by {text_of(flips) or 'nothing'}"
            moved = f"loss {loss:.1e}, gradients {gradient:.1e} ({tensor})"
            check(flips is None, f"{text_of([(operand, at)])}, within {bands} bands: {moved}, {outcome}")


def check_band(report, kind, cases):
    """The reference in fp32 errs by less than the band, and by a tenth of it somewhere: the band is neither short nor loose."""
    with report.case(f"{kind}, the band") as check:
        worst = dict(x=0.0, w=0.0, g=0.0)
        for case in cases:
            values, _sizes = Head(*case.given, dtype=np.float32).operands(case.still)
            # Where a rounding of x flips, g is another one.
            same = np.array_equal(GRIDS.x(values.x), GRIDS.x(case.values.x))
            for name in "xwg" if same else "xw":
                off = np.abs(getattr(values, name) - getattr(case.values, name)) / getattr(case.sizes, name)
                worst[name] = max(worst[name], float(np.max(off)) / getattr(BAND, name))
        found = ", ".join(f"{name} {off:.2f}" for name, off in worst.items())
        check(all(0.1 <= off <= 1 for off in worst.values()), f"fp32 errs by these parts of it: {found}")


def main():
    given, product = arguments(__doc__)
    report, flips = r.Report(given.only), []
    for kind, (make, file) in MODELS.items():
        if not report.wants(kind):
            continue
        model, cases = make(**SMALL, schedule=schedule(96), fp8=True), []
        program = product.compile(r.ROOT / "models" / file, settings(model))
        for step in STEPS:
            for seed in range(step, step + 50 * BATCHES, 50):
                case = Case(model, step, seed)
                cases.append(case)
                flips.append(check_product(report, program, f"{kind}, step {step}, batch {seed}", case))
            check_wrong(report, f"{kind}, step {step}", cases[-1])
        check_band(report, kind, cases)
    if not given.only:
        flipped = sum(map(bool, flips))
        # Without flips nothing is proved of them; flips everywhere would not be those of operands beside an edge.
        report.check(3 <= flipped <= len(flips) / 3, "all batches", f"{flipped} of {len(flips)} have a flip")
    r.end(report)


if __name__ == "__main__":
    main()
