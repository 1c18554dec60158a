"""Writes comparisons.csv to standard output: two proportions compared by statsmodels and SciPy."""

import numpy
import scipy
import statsmodels
from scipy.stats import boschloo_exact, fisher_exact, hypergeom
from scipy.special import gammaln
from statsmodels.stats.proportion import confint_proportions_2indep


def boschloo_one_sided(k, n, l, m, points):
    """The maximum over a grid of rates, by which it is known where SciPy's search misses it."""
    x, y = numpy.arange(n + 1)[:, None], numpy.arange(m + 1)[None, :]
    fisher = hypergeom.sf(x - 1, n + m, n, x + y)
    inside = fisher <= fisher[k, l] * (1 + 1e-13)
    total = (x + y)[inside]
    ways = (
        gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
        + gammaln(m + 1) - gammaln(y + 1) - gammaln(m - y + 1)
    )[inside]
    # By the sum of successes alone, since the probability of a pair depends on nothing else.
    sums, place = numpy.unique(total, return_inverse=True)
    top = numpy.full(len(sums), -numpy.inf)
    numpy.maximum.at(top, place, ways)
    ways = top + numpy.log(numpy.bincount(place, numpy.exp(ways - top[place])))
    rates = numpy.sin(numpy.linspace(0, numpy.pi / 2, points + 2)[1:-1])[:, None] ** 2
    highest = 0.0
    for some in numpy.array_split(rates, 20):
        logarithms = ways + sums * numpy.log(some) + (n + m - sums) * numpy.log1p(-some)
        highest = max(highest, float(numpy.exp(logarithms).sum(axis=1).max()))
    # A rate of 0 or 1 leaves one table.
    return max(highest, float(inside[0, 0]), float(inside[n, m]))


def boschloo_grid(k, n, l, m):
    sides = (boschloo_one_sided(k, n, l, m, 20000), boschloo_one_sided(l, m, k, n, 20000))
    return min(1.0, 2 * min(sides))


print(f"# first less second with Newcombe's 95 % interval by statsmodels {statsmodels.__version__},")
print(f"# two-sided p-values by SciPy {scipy.__version__}, and Boschloo's by a grid of 20,000 rates")
print("# made by: python3 tests/data/comparisons.py > tests/data/comparisons.csv")
print("first,first_trials,second,second_trials,low,high,fisher,boschloo,boschloo_grid")
random = numpy.random.default_rng(20260101)
pairs = [(1, 1), (1, 2), (2, 2), (1, 50), (3, 3), (4, 9), (10, 10), (10, 20), (20, 20), (7, 100)]
pairs += [(50, 50), (50, 37), (100, 100), (100, 30)]
rows = {(30, 300, 45, 300), (0, 300, 5, 300), (100, 1000, 90, 700), (3, 1000, 0, 700)}
rows |= {(500, 1000, 340, 700), (1000, 1000, 696, 700)}
for n, m in pairs:
    for k, l in [(0, 0), (n, m), (n, 0), (0, m), (1, 0), (0, 1), (n // 2, m // 3), (n // 3, m // 2)]:
        rows.add((k, n, l, m))
while len(rows) < 236:
    n, m = (int(trials) for trials in random.integers(2, 120, 2))
    rate = random.beta(0.7, 0.7, 2) if random.random() < 0.5 else [random.beta(0.7, 0.7)] * 2
    k, l = int(random.binomial(n, rate[0])), int(random.binomial(m, rate[1]))
    rows.add((k, n, l, m))
for k, n, l, m in sorted(rows):
    low, high = confint_proportions_2indep(k, n, l, m, method="newcomb", compare="diff")
    table = [[k, l], [n - k, m - l]]
    fisher = fisher_exact(table).pvalue
    boschloo = boschloo_exact(table).pvalue
    values = (low, high, fisher, boschloo, boschloo_grid(k, n, l, m))
    print(k, n, l, m, *(repr(float(value)) for value in values), sep=",", flush=True)
