"""Writes intervals.csv to standard output: 95 % intervals of proportions by statsmodels."""

import statsmodels
from statsmodels.stats.proportion import proportion_confint

print(f"# 95 % Wilson and Clopper-Pearson intervals by statsmodels {statsmodels.__version__}")
print("# made by: python3 tests/data/intervals.py > tests/data/intervals.csv")
print("successes,trials,wilson_low,wilson_high,clopper_pearson_low,clopper_pearson_high")
for n in [1, 2, 3, 5, 7, 10, 13, 20, 37, 50, 100, 250, 500, 961, 1000, 5000, 100000]:
    shares = {0, 1, 2, 3, n // 10, n // 4, n // 3, n // 2, 2 * n // 3, 9 * n // 10}
    for k in sorted({k for s in shares if s <= n for k in (s, n - s)}):
        bounds = [
            float(bound)
            for method in ("wilson", "beta")
            for bound in proportion_confint(k, n, 0.05, method)
        ]
        print(k, n, *map(repr, bounds), sep=",")
