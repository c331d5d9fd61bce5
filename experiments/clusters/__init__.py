"""Sweeps on clusters: the same chunks as on one machine, handed to Slurm, Dask or MPI."""
