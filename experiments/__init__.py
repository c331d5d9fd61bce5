"""Many runs: designs, sweeps, the run store, engines, analysis."""
