"""The same choice written by others' means; see `benchmarks/README.md`."""
