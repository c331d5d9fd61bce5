"""Peer: AgentPy, an agent an enterprise in an agent list that is called as one."""

from typing import Any

import agentpy

from benchmarks.peers.noise import PythonNoise, ScalarNoise
from benchmarks.peers.objects import Chooser, furnish, rows_chosen
from benchmarks.peers.task import Ints, Task


class Firm(Chooser, agentpy.Agent):  # type: ignore[misc]
    """An enterprise as an AgentPy agent."""

    def __init__(self, model: Any) -> None:
        agentpy.Agent.__init__(self, model)


class AgentPyMarket(agentpy.Model):  # type: ignore[misc]
    """Enterprises that choose once a step."""

    def setup(self) -> None:
        """Make the enterprises from the parameters `task` and `noise`."""
        noise: ScalarNoise = self.p.noise
        firms, self.uses = furnish(self.p.task, noise, lambda _: Firm(self))
        self.firms = agentpy.AgentList(self, firms)

    def step(self) -> None:
        """All enterprises choose for the uses that are due."""
        self.firms.decide()


class AgentPyPeer:
    """The model, ready to be stepped."""

    def __init__(self, task: Task, noise: ScalarNoise | None = None) -> None:
        self.model = AgentPyMarket({"task": task, "noise": noise or PythonNoise(1)})
        self.model.sim_setup()

    def choose(self) -> Ints:
        """Rows chosen in one step, -1 for the outside option."""
        self.model.sim_step()
        return rows_chosen(self.model.uses)
