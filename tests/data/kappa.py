"""Writes kappa.csv to standard output: Cohen's kappa by statsmodels."""

import numpy
import statsmodels
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

print(f"# Cohen's kappa and its standard error by statsmodels {statsmodels.__version__}; the bounds")
print("# are those of its 95 % Wilson interval of the agreement, with the agreement by chance held")
print("# made by: python3 tests/data/kappa.py > tests/data/kappa.csv")
print("rows,kappa,standard_error,low,high")

random = numpy.random.default_rng(20260103)
tables = [
    [[1, 0], [0, 1]], [[0, 1], [1, 0]], [[5, 0], [0, 5]], [[0, 5], [5, 0]], [[99, 1], [0, 0]],
    [[1, 0], [1, 0]], [[10000, 3], [5, 7000]], [[1, 0], [0, 5000]], [[20, 5], [10, 15]],
    [[3, 0, 0], [0, 3, 0], [0, 0, 3]], [[0, 4, 0], [0, 0, 4], [4, 0, 0]],
]
while len(tables) < 240:
    size = int(random.choice([2, 2, 3, 4, 6]))
    first, second = random.dirichlet([0.7] * size, 2)
    agreement = random.random()
    shares = agreement * numpy.diag(first) + (1 - agreement) * numpy.outer(first, second)
    table = random.multinomial(int(random.choice([10, 40, 200, 1000])), shares.ravel())
    table = table.reshape(size, size)
    # Kappa has no value where both judges know one category.
    n = table.sum()
    if (table.sum(0) * table.sum(1)).sum() < n * n:
        tables.append(table.tolist())
for table in tables:
    table = numpy.array(table)
    n = table.sum()
    result = cohens_kappa(table)
    chance = (table.sum(0) * table.sum(1)).sum() / n**2
    wilson = proportion_confint(int(numpy.trace(table)), int(n), 0.05, "wilson")
    low, high = ((bound - chance) / (1 - chance) for bound in wilson)
    cells = "/".join(" ".join(map(str, row)) for row in table)
    error = numpy.sqrt(max(0.0, result.var_kappa))
    values = (result.kappa, error, max(-1.0, low), high)
    print(cells, *(repr(float(value)) for value in values), sep=",")
