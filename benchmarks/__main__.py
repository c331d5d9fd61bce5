"""Start the one command with every library on one thread."""

import os
import sys

# Libraries read this when they are imported, so it comes before the command's own imports.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "1"

if __name__ == "__main__":
    from benchmarks.command import main

    sys.exit(main())
