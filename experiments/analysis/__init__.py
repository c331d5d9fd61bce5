"""What a stored sweep says of its factors: sensitivity, and how much of the outcome is luck.

from experiments import load
from experiments.analysis.analyzing import analyze

found = analyze(load("outputs/screening"), "open_share")   # what `nomoat analyze` prints
one = found.outcomes[0]
one.luck.share                       # luck's share of the variance of runs, an Interval
one.arms[0].steps[-1].total          # Sobol, or .mu_star of Morris: a list by .names
one.scores[-1].score, one.scores[-1].clear
"""
