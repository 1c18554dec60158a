"""Writes half_width.csv to standard output: how many trials make intervals narrow enough."""

import numpy
import scipy
from scipy.stats import beta, binom

print("# the smallest number of trials with which the expected half-width of the 95 % Jeffreys")
print(f"# interval is small enough, by trying all numbers up to 2,000 with SciPy {scipy.__version__}")
print("# made by: python3 tests/data/half_width.py > tests/data/half_width.csv")
print("rate,half_width,trials")

MOST = 2000
RATES = [0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 1 / 3, 0.4, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0]
HALF_WIDTHS = [0.01, 0.02, 0.03, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]
HALF_WIDTHS += [0.45, 0.5]

expected = {rate: [] for rate in RATES}
for n in range(1, MOST + 1):
    k = numpy.arange(n + 1)
    low = numpy.where(k == 0, 0, beta.ppf(0.025, k + 0.5, n - k + 0.5))
    high = numpy.where(k == n, 1, beta.ppf(0.975, k + 0.5, n - k + 0.5))
    for rate in RATES:
        expected[rate].append(float((binom.pmf(k, n, rate) * (high - low)).sum() / 2))
for rate in RATES:
    for half_width in HALF_WIDTHS:
        enough = [n for n, width in enumerate(expected[rate], 1) if width <= half_width]
        if enough:
            # All larger numbers must be enough, too, or the smallest would mean nothing.
            assert enough == list(range(enough[0], MOST + 1))
            print(rate, half_width, enough[0], sep=",")
