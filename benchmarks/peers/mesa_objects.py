"""Peer: plain Mesa, an agent an enterprise, activated by its model's agent set."""

import mesa

from benchmarks.peers.noise import PythonNoise, ScalarNoise
from benchmarks.peers.objects import Chooser, furnish, rows_chosen
from benchmarks.peers.task import Ints, Task


class Firm(Chooser, mesa.Agent):  # type: ignore[misc]
    """An enterprise as a Mesa agent."""

    def __init__(self, model: "MesaMarket") -> None:
        mesa.Agent.__init__(self, model)


class MesaMarket(mesa.Model):  # type: ignore[misc]
    """Enterprises that choose once a step."""

    def __init__(self, task: Task, noise: ScalarNoise | None = None) -> None:
        super().__init__(rng=1)
        noise = noise or PythonNoise(1)
        self.firms, self.uses = furnish(task, noise, lambda _: Firm(self))

    def step(self) -> None:
        """All enterprises choose for the uses that are due."""
        self.agents.do("decide")

    def choose(self) -> Ints:
        """Rows chosen in one step, -1 for the outside option."""
        self.agents.do("decide")
        return rows_chosen(self.uses)
