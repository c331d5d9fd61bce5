"""How fast the project is, against this machine and against peers: `python -m benchmarks`."""
