"""What a stored sweep says of its factors: sensitivity, and how much of the outcome is luck.

`experiments.analysis.analyzing.analyze(experiments.load(folder))` does what `nomoat analyze` does.
"""
