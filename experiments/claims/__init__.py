"""Claims of the debate as experiments: what is said, what is run, and what comes out.

A claim is a TOML file of this folder (or a user's own): a statement, what is measured in which
worlds, and conditions that must all hold. `claim.py` reads and checks it, `sweep.py` runs all of
them as ordinary sweeps over plausible worlds, `verdicts.py` has the rules of the ledger,
`judging.py` puts the two together.
"""
