"""Replicates until an answer is precise enough: sequential stopping on paired contrasts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from experiments.sweeps.contrasts import replicates_needed, widest
from experiments.sweeps.experiment import Experiment, with_replicates
from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.outcomes import REGIME
from experiments.sweeps.reading import Sweep, load
from experiments.sweeps.runner import Report, begin
from sim.catalogue import shown

FEWEST: Final = 8
"""Replicates before an interval may stop a sweep: of fewer, too many are narrow by chance."""


@dataclass(frozen=True)
class Target:
    """Half-width that the widest 95% interval of an outcome's contrasts is to come down to."""

    outcome: str
    half_width: float
    most: int
    """Replicates at the most."""

    def width(self, sweep: Sweep) -> float | None:
        """The widest interval there is, of replicates with values; None if one cannot be told."""
        fewest = min(FEWEST, self.most)
        return widest(sweep.outcomes(), self.outcome, sweep.design, fewest)


def target_of(text: str, experiment: Experiment, most: int) -> Target:
    """The target of `outcome=0.01`; raises ExperimentError for what is none."""
    name, sign, value = (part.strip() for part in text.partition("="))
    numbers = [o.name for o in experiment.outcomes if str(o.kind) == "double"]
    if not sign or name not in numbers:
        raise ExperimentError(
            f"--precision takes outcome=half-width, such as {numbers[0] if numbers else 'hhi'}=0.01"
            f"; outcomes are {', '.join(numbers)}, not {shown(name)}"
        )
    try:
        half_width = float(value)
    except ValueError:
        half_width = 0.0
    if not 0 < half_width < float("inf"):
        raise ExperimentError(f"--precision {name} needs a number above 0, not {shown(value)}")
    assert name != REGIME
    return Target(name, half_width, most)


def until_precise(
    experiment: Experiment, folder: SweepFolder, target: Target,
    work: Callable[[Experiment], Report],
) -> Report:  # fmt: skip
    """Add replicates until the interval is narrow enough, all that are allowed are done, or a stop.

    work: does what is missing of an experiment that begins with `FEWEST` replicates or more.
    """
    stored = folder.manifest()["replicates"] if folder.exists() else 0
    count = max(experiment.replicates, min(FEWEST, target.most), stored)
    while True:
        current = with_replicates(experiment, count)
        begin(current, folder)
        report = work(current)
        width = target.width(load(folder.path))
        narrow = width is not None and width <= target.half_width
        if report.stopped or narrow or count >= target.most:
            return report
        count = min(replicates_needed(count, width, target.half_width), target.most)
