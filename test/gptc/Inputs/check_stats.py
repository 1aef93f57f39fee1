"""`gptc stats --json` against SciPy in double, and against closed forms in 60 digits: Student's t of whole degrees of freedom."""

import json
import random
import subprocess
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import stats

getcontext().prec = 60
ROOT = Path(__file__).resolve().parents[3]
folder = Path(sys.argv[1])


def said(runs, others=None, target=None):
    def written(name, rows):
        path = folder / name
        path.write_text("".join(" ".join(map(repr, row)) + "\n" for row in rows))
        return path

    command = ["gptc", "stats", "--json", written("runs.txt", runs)]
    if target is not None:
        command.append(f"--target={target!r}")
    if others is not None:
        command += ["--against", written("against.txt", others)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def near(found, wanted, bound):
    assert abs(float(found) - float(wanted)) <= bound * abs(float(wanted)), (found, wanted)


def exact_below(values, target):
    """P(T ≤ t) of the one-sample test, by the finite sums that Student's t has for whole degrees of freedom; t < 0."""
    x = [Fraction(v) for v in values]
    n, mean = len(x), sum(x) / len(x)
    square = (mean - Fraction(target)) ** 2 * n * (n - 1) / sum((v - mean) ** 2 for v in x)  # t²
    df = n - 1
    t = (Decimal(square.numerator) / square.denominator).sqrt()
    cos2 = 1 / (1 + t * t / df)  # of θ = atan(t / √df)
    sin = (1 - cos2).sqrt()
    if df % 2 == 0:
        total = term = Decimal(1)
        for k in range(1, df // 2):
            term *= cos2 * (2 * k - 1) / (2 * k)
            total += term
        inside = sin * total
    else:
        total = term = Decimal(df > 1)
        for k in range(1, (df - 1) // 2):
            term *= cos2 * (2 * k) / (2 * k + 1)
            total += term
        theta = arctan(t / Decimal(df).sqrt())
        inside = (theta + sin * cos2.sqrt() * total) * 2 / pi()
    assert mean < Fraction(target)
    return (1 - inside) / 2


def arctan(x):
    """Halved until its series is short."""
    halvings = 0
    while abs(x) > Decimal("1e-3"):
        x, halvings = x / (1 + (1 + x * x).sqrt()), halvings + 1
    total, power, k = Decimal(0), x, 1
    while abs(power) > Decimal("1e-62"):
        total, power, k = total + power / k * (1 if k % 4 == 1 else -1), power * x * x, k + 2
    return total * 2**halvings


def pi():
    return 4 * (4 * arctan(1 / Decimal(5)) - arctan(1 / Decimal(239)))


def check_against_series():
    source = random.Random(1)
    for n in (*range(2, 13), 25, 80):
        losses = [source.gauss(3.2785, 0.002) for _ in range(n)]
        target = float(np.mean(losses)) + source.uniform(0.0001, 0.003)
        test = said([(x,) for x in losses], target=target)["below_target"]
        # A mean is a double near 3.28: its last bit is 4e-12 of a difference of 1e-4, and some t² times that in p.
        near(test["p_one_sided"], exact_below(losses, target), 1e-10)


def check_against_scipy():
    source = random.Random(2)
    for n, m in ((2, 2), (5, 3), (25, 5), (7, 40)):
        first = [(source.gauss(3.278, 0.0015), source.gauss(112e3, 80)) for _ in range(n)]
        other = [(source.gauss(3.279, 0.002), source.gauss(113e3, 200)) for _ in range(m)]
        found = said(first, other, 3.28)
        for column, name, key in ((0, "loss", "loss"), (1, "train_time_ms", "train_time_ms")):
            a, b = (np.array(rows)[:, column] for rows in (first, other))
            near(found["runs"][key]["mean"], a.mean(), 1e-15)
            near(found["runs"][key]["deviation"], a.std(ddof=1), 1e-12)
            assert (found["runs"][key]["least"], found["runs"][key]["most"]) == (a.min(), a.max())
            welch, test = found["welch"][name], stats.ttest_ind(a, b, equal_var=False)
            near(welch["p_two_sided"], test.pvalue, 1e-11)
            near(welch["p_one_sided"], stats.ttest_ind(a, b, equal_var=False, alternative="less").pvalue, 1e-11)
            near(welch["t"], test.statistic, 1e-11)
            near(welch["degrees_of_freedom"], test.df, 1e-11)
            interval = test.confidence_interval(0.95)
            near(welch["half_width_95"], (interval.high - interval.low) / 2, 1e-10)
        losses = np.array(first)[:, 0]
        test = stats.ttest_1samp(losses, 3.28, alternative="less")
        near(found["below_target"]["p_one_sided"], test.pvalue, 1e-11)
        rule = (3.28 - losses.mean()) * np.sqrt(n)
        near(found["z_rule"]["value"], rule, 1e-11)
        assert found["z_rule"]["holds"] == (rule >= 0.004)
        near(found["z_rule"]["p_one_sided"], stats.norm.sf(rule / 0.0013), 1e-9)
        near(found["z_rule_of_two_sets"]["value"], (np.array(other)[:, 0].mean() - losses.mean()) / np.sqrt(1 / n + 1 / m), 1e-11)
        assert found["runs"]["losses"] == list(losses)


def check_published():
    """The record's published runs, where their numbers are at hand."""
    path = ROOT.parent / "shared/golden/published_runs.json"
    if not path.exists():
        print("skipped: no folder of published runs beside the repository")
        return
    published = json.loads(path.read_text())
    rows = lambda name: list(zip(published[name]["losses"], published[name]["times_ms"]))
    for name in ("baseline_1840_steps", "record_1825_steps"):
        wanted, found = published[name], said(rows(name), target=3.28)
        for group, key, value in (
            ("loss", "mean", "mean_loss"), ("loss", "deviation", "std_loss"), ("train_time_ms", "mean", "mean_time_ms"),
            ("train_time_ms", "deviation", "std_time_ms"),
        ):
            near(found["runs"][group][key], wanted[value], 1e-15)
        near(found["below_target"]["t"], wanted["t"], 1e-15)
        near(found["below_target"]["p_one_sided"], wanted["p_one_sided"], 1e-14)
        near(found["below_target"]["p_one_sided"], exact_below(wanted["losses"], 3.28), 1e-10)
    welch = said(rows("record_1825_steps"), rows("baseline_1840_steps"))["welch"]["train_time_ms"]
    near(welch["p_one_sided"], published["welch_time_p_one_sided"], 1e-13)
    print("the published runs are as published")


check_against_series()
check_against_scipy()
check_published()
print("equal to SciPy and to the series")
