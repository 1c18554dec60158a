"""Writes clusters.csv to standard output: Korn and Graubard's intervals over clusters."""

from importlib.metadata import version

import numpy
import polars
import scipy
import svy
from scipy.stats import beta, t

print("# 95 % intervals of a rate over clusters (Korn and Graubard 1998), their bounds as the column")
print(f"# `by` says: by svy {version('svy')}, or, where the clusters are more alike than chance has it")
print(f"# and ours takes the design effect as 1, by the formulas with SciPy {scipy.__version__}, which")
print("# give the design effects and effective trials of all rows")
print("# made by: python3 tests/data/clusters.py > tests/data/clusters.csv")
print("clusters,by,low,high,design_effect,effective_trials")


def interval(successes, trials):
    successes, trials = numpy.array(successes, float), numpy.array(trials, float)
    count, n = len(trials), trials.sum()
    share = successes.sum() / n
    # The linearised variance of a ratio: the residuals' variance between the clusters.
    residuals = (successes - share * trials) / n
    variance = count * residuals.var(ddof=1)
    simple = share * (1 - share) / n
    effect = max(1.0, variance / simple) if simple > 0 else 1.0
    effective = n / effect * (t.ppf(0.975, n - 1) / t.ppf(0.975, count - 1)) ** 2
    k = share * effective
    low = 0.0 if share == 0 else beta.ppf(0.025, k, effective - k + 1)
    high = 1.0 if share == 1 else beta.ppf(0.975, k + 1, effective - k)
    return low, high, effect, effective


def interval_by_svy(row):
    trials = [(int(i < k), cluster) for cluster, (k, n) in enumerate(row) for i in range(n)]
    data = polars.DataFrame(trials, schema=["success", "cluster"], orient="row")
    sample = svy.Sample(data=data, design=svy.Design(psu="cluster"))
    levels = sample.estimation.prop(y="success", ci_method="korn-graubard").estimates
    for level in levels:
        if level.y_level == 1:
            return level.lci, level.uci
    return 1 - levels[0].uci, 1 - levels[0].lci


random = numpy.random.default_rng(20260102)
rows = []
for count in (2, 3, 5, 10):
    for n in (1, 2, 10, 100, 1000):
        rows.append([(0, n)] * count)
        rows.append([(n, n)] * count)
        rows.append([(1, n)] + [(0, n)] * (count - 1))
        rows.append([(0, n)] + [(n, n)] * (count - 1))
        rows.append([(n // 2, n)] * count)
while len(rows) < 260:
    count = int(random.integers(2, 13))
    trials = random.integers(1, int(random.choice([5, 30, 400])), count)
    rates = random.beta(*random.choice([[0.1, 1], [1, 9], [5, 5], [30, 3], [1, 0.2]]), count)
    successes = random.binomial(trials, rates)
    rows.append([(int(k), int(n)) for k, n in zip(successes, trials)])
for row in rows:
    low, high, effect, effective = interval(*zip(*row))
    by = "formulas"
    if effect > 1 or sum(k for k, _ in row) in (0, sum(n for _, n in row)):
        by, (low, high) = "svy", interval_by_svy(row)
    cells = " ".join(f"{k}/{n}" for k, n in row)
    numbers = (repr(float(number)) for number in (low, high, effect, effective))
    print(cells, by, *numbers, sep=",")
