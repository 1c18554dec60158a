"""Writes published.csv to standard output: measured rates beside published ones."""

import numpy
import scipy
import statsmodels
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

MARGIN = 0.1


def agreement(low, high):
    if low > 0 or high < 0:
        return "different"
    return "consistent" if -MARGIN < low and high < MARGIN else "too_few_trials"


def chance(l, m, n):
    """The probability that n trials agree with l of m, whose rate is the true one."""
    k = numpy.arange(n + 1)
    p, q = k / n, l / m
    first_low, first_high = proportion_confint(k, n, method="wilson")
    second_low, second_high = proportion_confint(l, m, method="wilson")
    low = p - q - numpy.hypot(p - first_low, second_high - q)
    high = p - q + numpy.hypot(first_high - p, q - second_low)
    agreeing = (low <= 0) & (high >= 0) & (-MARGIN < low) & (high < MARGIN)
    return float((binom.pmf(k, n, q) * agreeing).sum())


print(f"# Newcombe's 95 % intervals by statsmodels {statsmodels.__version__}, what they say of k of n beside a published")
print(f"# l of m, and how often n trials agree where l of m is the true rate, by SciPy {scipy.__version__}")
print("# made by: python3 tests/data/published.py > tests/data/published.csv")
print("measured,measured_trials,published,published_trials,low,high,agreement,chance")
random = numpy.random.default_rng(20260202)
rows = set()
for l, m in [(0, 1000), (1, 1000), (24, 1000), (117, 994), (518, 1000), (945, 1000), (1000, 1000), (79, 100), (7, 100), (0, 100), (3, 100)]:
    for n in [10, 30, 100, 400, 1000]:
        expected = l * n // m
        for k in {0, n, expected, min(n, expected + n // 20)}:
            rows.add((k, n, l, m))
while len(rows) < 260:
    m = int(random.choice([100, 500, 961, 1000]))
    l = int(random.binomial(m, random.beta(0.6, 0.8)))
    n = int(random.integers(1, 1500))
    k = int(random.binomial(n, min(1, max(0, l / m + random.normal(0, 0.04)))))
    rows.add((k, n, l, m))
for k, n, l, m in sorted(rows):
    low, high = confint_proportions_2indep(k, n, l, m, method="newcomb", compare="diff")
    print(k, n, l, m, repr(float(low)), repr(float(high)), agreement(low, high), repr(chance(l, m, n)), sep=",")
