"""Writes detect.csv to standard output: how many trials find a difference, by statsmodels."""

import math

import statsmodels
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

print("# the trials in each of two cells with which a two-sided test at 5 % finds a difference with")
print(f"# a given power, by statsmodels {statsmodels.__version__} (its name says one tail, since the")
print("# other one's share of the power is left out), rounded up, and 15 at least")
print("# made by: python3 tests/data/detect.py > tests/data/detect.csv")
print("first,second,power,trials")
for first in [0.0, 0.001, 0.01, 0.03, 0.07, 0.1, 0.25, 0.5, 0.8, 1.0]:
    for second in [0.0, 0.02, 0.05, 0.13, 0.2, 0.45, 0.6, 0.9, 0.99]:
        for power in [0.5, 0.8, 0.9, 0.999]:
            if first != second:
                trials = samplesize_proportions_2indep_onetail(
                    first - second, second, power, alternative="two-sided"
                )
                print(first, second, power, max(15, math.ceil(trials)), sep=",")
