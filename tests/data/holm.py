"""Writes holm.csv to standard output: p-values adjusted by statsmodels."""

import numpy
import statsmodels
from statsmodels.stats.multitest import multipletests

print(f"# p-values and those adjusted by Holm's procedure by statsmodels {statsmodels.__version__}")
print("# made by: python3 tests/data/holm.py > tests/data/holm.csv")
print("raw,adjusted")
random = numpy.random.default_rng(20260104)
families = [[0.0], [1.0], [0.05], [0.0, 0.0, 1.0], [0.01] * 7, [0.04, 0.03, 0.02, 0.01]]
while len(families) < 210:
    size = int(random.integers(1, 13))
    values = random.random(size) ** random.choice([1, 3, 8])
    # Ties, as tests of small counts have them.
    families.append(numpy.round(values, int(random.choice([1, 2, 17]))).tolist())
for family in families:
    adjusted = multipletests(family, method="holm")[1]
    print(*(" ".join(repr(float(p)) for p in values) for values in (family, adjusted)), sep=",")
