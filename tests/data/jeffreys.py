"""Writes jeffreys.csv to standard output: the 95 % Jeffreys intervals by SciPy."""

import scipy
from scipy.stats import beta

print(f"# 95 % Jeffreys intervals by SciPy {scipy.__version__}")
print("# made by: python3 tests/data/jeffreys.py > tests/data/jeffreys.csv")
print("successes,trials,low,high")
for n in [1, 2, 3, 5, 7, 10, 13, 20, 37, 50, 100, 250, 500, 961, 1000, 5000, 100000]:
    shares = {0, 1, 2, 3, n // 10, n // 4, n // 3, n // 2, 2 * n // 3, 9 * n // 10}
    for k in sorted({k for s in shares if s <= n for k in (s, n - s)}):
        low = 0.0 if k == 0 else beta.ppf(0.025, k + 0.5, n - k + 0.5)
        high = 1.0 if k == n else beta.ppf(0.975, k + 0.5, n - k + 0.5)
        print(f"{k},{n},{float(low)!r},{float(high)!r}")
