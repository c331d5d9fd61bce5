"""The rules as objects and Python floats: what the peers in Mesa and AgentPy share.

Written as an ordinary user of these frameworks would: an object an offering, a use and a firm, a
method that gives the utility of an offering, a list of what is on sale by vendor. Lists, tastes
and peers' shares are made ready before the clock runs.
"""

import math
from typing import Any

import numpy as np

from agents.common.vocabulary import NONE
from agents.enterprise.evaluation import Rules, taste_at
from benchmarks.peers.noise import ScalarNoise
from benchmarks.peers.task import Ints, Task


class Offering:
    """Something on sale: a model through one way of access."""

    __slots__ = (
        "abroad", "access", "control", "gain", "key", "open", "packaging", "price", "quality",
        "replica_capacity", "replica_rent", "risk", "row", "shares", "tuning_price", "variant",
        "vendor",
    )  # fmt: skip

    def __init__(self, row: int, record: Any) -> None:
        self.row = row
        self.vendor = int(record["vendor"])
        self.access = int(record["access"])
        self.open = bool(record["open"])
        self.abroad = int(record["abroad"])
        self.key = int(record["key"])
        self.variant = int(record["access"] + 3 * record["tuned"])
        self.gain = float(record["gain"])
        self.quality = float(record["q_perceived"]) + self.gain * float(record["crowd_gain"])
        self.price = float(record["price"])
        self.packaging = float(record["packaging"])
        self.control = float(record["control"])
        self.risk = float(record["risk"])
        self.tuning_price = float(record["tuning_price"])
        self.replica_rent = float(record["replica_rent"])
        self.replica_capacity = float(record["replica_capacity"])
        self.shares = 1.0 + float(record["fee_rate"]) + float(record["services_rate"])


class Platform:
    """A cloud that resells under its own contract."""

    __slots__ = ("fee", "packaging", "staff_saving")

    def __init__(self, fee: float, packaging: float, staff_saving: float) -> None:
        self.fee = fee
        self.packaging = packaging
        self.staff_saving = staff_saving


class Use:
    """A use of a model by a firm (a slot): what it wants, and what it holds."""

    __slots__ = (
        "choice", "data", "difficulty", "gain", "held", "id", "in_use", "keeps", "staff",
        "tokens", "training", "tuned", "value", "variant", "vendor",
    )  # fmt: skip

    def __init__(self, id: int, record: Any, demand: float, held: Offering | None) -> None:
        self.id = id
        self.tokens = float(record["tokens"]) * demand
        self.value = float(record["value"])
        self.difficulty = float(record["difficulty"])
        self.data = float(record["data"])
        self.held = held
        """None as well where what was held is gone."""
        self.keeps = False
        """Holds something that is not on its list but may be used on."""
        self.in_use = int(record["offering"]) != NONE
        self.vendor = int(record["vendor"])
        self.variant = int(record["offering"]) % 6 if self.in_use else 0
        self.tuned = self.variant >= 3
        self.staff = self.gain = self.training = 0.0
        self.choice: Offering | None = None


Nests = dict[int, list[Offering]]


class Chooser:
    """A firm that chooses; the frameworks' agents inherit from it."""

    uses: list[Use]
    rules: Rules
    noise: ScalarNoise
    nests: Nests
    """What its class may newly take, by vendor."""
    keys: list[int]
    """Address of every vendor."""
    luck: list[float]

    def settle(self, task: Task, firm: int, selfhosted: int) -> None:
        """Take the firm's attributes from its row."""
        record = task.firms[firm]
        self.number = firm
        self.rules = task.rules
        self.theta = float(record["theta"])
        self.risk = task.rules.risk_weight * float(record["sensitivity"])
        self.skill = float(record["skill"])
        self.taste_for_control = float(record["control"])
        self.own_base = float(record["own_base"])
        self.capital_cost = float(record["capital_cost"])
        self.selfhosted = selfhosted
        self.abroad = 0 if task.world.home[record["region"]] == 1 else 1
        bits = int(record["portfolio"])
        self.portfolio = {v for v in range(64) if bits >> v & 1}
        self.keys = task.vendor_keys.tolist()
        peers = task.world.peers[record["group"]].tolist()
        spread, weight = task.rules.taste_spread, task.rules.peer_weight
        self.fit = [
            taste_at(task.keys.taste, firm, key, spread) + weight * share
            for key, share in zip(self.keys, peers, strict=True)
        ]
        self.platform: Platform | None = None
        if record["platform"] != NONE:
            self.platform = Platform(*(float(c[record["platform"]]) for c in task.platforms))

    def decide(self) -> None:
        """Meet the vendors, then choose for every use that is due."""
        noise, number, rules = self.noise, self.number, self.rules
        self.luck = [noise.vendor(number, key) for key in self.keys]
        self.credit = math.exp(-self.capital_cost * rules.credit_days / 365.0)
        for use in self.uses:
            self.look(use)
            use.choice = self.choose(use)

    def look(self, use: Use) -> None:
        """Work out what does not depend on the offering."""
        rules = self.rules
        use.gain = rules.tuned_gain * (1.0 - math.exp(-use.data / rules.tuning_data))
        trains = use.data > 0.1 * rules.tuning_data
        use.training = min(use.data, rules.tuning_tokens) if trains else 0.0
        own = use.held is not None and use.held.access == 2
        sharing = max(self.selfhosted if own else self.selfhosted + 1, 1)
        use.staff = rules.staff_month * (1.6 - 1.2 * self.skill) / sharing

    def considered(self, use: Use) -> Nests:
        """Offerings that a use may take, by vendor."""
        held, nests = use.held, self.nests
        if use.training <= 0.0:
            nests = {
                vendor: [o for o in nest if not o.tuning_price or o is held]
                for vendor, nest in nests.items()
            }
        if use.keeps and held is not None:
            nests = {**nests, held.vendor: [*nests.get(held.vendor, ()), held]}
        return nests

    def choose(self, use: Use) -> Offering | None:
        """Draw from the nested logit; None for the outside option."""
        scale, exp, utility, luck = self.rules.dissimilarity, math.exp, self.utility, self.luck
        best, winner, worth = self.noise.outside(use.id), None, None
        for vendor, nest in self.considered(use).items():
            if not nest:
                continue
            utilities = [utility(use, offering) for offering in nest]
            top = max(utilities)
            total = sum([exp((u - top) / scale) for u in utilities])
            value = top + scale * math.log(total) + luck[vendor]
            if value > best:
                best, winner, worth = value, nest, utilities
        if winner is None or worth is None:
            return None
        offering = self.noise.offering
        noisy = [
            u / scale + offering(use.id, o.key, o.variant)
            for u, o in zip(worth, winner, strict=True)
        ]
        return winner[noisy.index(max(noisy))]

    def utility(self, use: Use, o: Offering) -> float:
        """Utility of an offering through the better channel."""
        rules, vendor, access = self.rules, o.vendor, o.access
        margin = rules.slope * (o.quality + o.gain * use.gain - use.difficulty)
        success = 1.0 / (1.0 + math.exp(-margin))
        if access == 2:
            exposure = rules.exposure_selfhost * o.risk
            exposure += rules.exposure_unskilled * (1.0 - self.skill)
        elif access == 1:
            exposure = rules.exposure_hosted * o.risk
        else:
            exposure = (rules.exposure_foreign if o.abroad != self.abroad else 1.0) * o.risk
        switch, months, charge = self.one_off(use, o)
        platform = self.platform
        if access == 2:
            stake = use.value * use.tokens
            machines = max(1.0, math.ceil(use.tokens / o.replica_capacity))
            rent = machines * o.replica_rent * (1.0 - self.own_base) / stake
            staff = use.staff / stake
            cost = rent * o.shares + staff
        else:
            rent = staff = 0.0
            cost = o.price * self.credit / use.value
        worth = o.packaging - cost - (switch + months + charge) / rules.holding
        if platform is not None:
            if access == 2:
                cost = rent * (o.shares + platform.fee) + staff * (1.0 - platform.staff_saving)
            else:
                cost *= 1.0 + platform.fee
            packaging = max(o.packaging, platform.packaging)
            worth = max(worth, packaging - cost - (switch + months) / rules.holding)
        if o.tuning_price and o is not use.held:
            job = o.tuning_price * use.training
            worth -= job / (use.value * use.tokens * rules.holding)
        worth += success - self.risk * exposure + self.taste_for_control * o.control
        return self.theta * (worth + self.fit[vendor])

    def one_off(self, use: Use, o: Offering) -> tuple[float, float, float]:
        """Months of value of switching, of integrating, and of one vendor more."""
        rules, held, portfolio = self.rules, use.held, self.portfolio
        switch = 0.0
        same = held is not None and held.key == o.key
        if use.vendor >= 0 and o is not held:
            if o.vendor != use.vendor:
                both = held is not None and held.open and o.open
                switch = rules.switching * (rules.switching_open if both else 1.0)
            else:
                switch = rules.switching_access if same else rules.switching_inside
            if use.tuned:
                switch *= rules.switching_tuned
        connected = o.access == use.variant % 3 or (same and o.access != 2)
        if connected and use.in_use and o.vendor == use.vendor:
            return switch, 0.0, 0.0
        known = o.vendor in portfolio
        months = rules.integration * (rules.integration_known if known else 1.0)
        if o.access == 2:
            months *= rules.integration_selfhost
        if o.open:
            months += rules.integration_open
        charge = rules.additional_vendor if portfolio and not known else 0.0
        return switch, months, charge


class Shelf:
    """All offerings as objects, and what each class may take of them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.offerings = [Offering(row, record) for row, record in enumerate(task.book)]
        self._nests: dict[int, Nests] = {}

    def nests(self, code: int) -> Nests:
        """What a class may newly take, by vendor."""
        if code not in self._nests:
            lists = self.task.lists
            nests: Nests = {}
            for row in lists.row[lists.start[code] : lists.start[code + 1]].tolist():
                nests.setdefault(self.offerings[row].vendor, []).append(self.offerings[row])
            self._nests[code] = nests
        return self._nests[code]

    def use(self, place: int, code: int, held_row: int, slot_id: int) -> Use:
        """The use at a place of the task."""
        task = self.task
        held = self.offerings[held_row] if held_row != NONE else None
        use = Use(slot_id, task.slots[task.slot[place]], task.world.demand, held)
        if held is not None and task.lists.usable[code, held_row] == 1:
            use.keeps = held not in self.nests(code).get(held.vendor, ())
        return use


def furnish(task: Task, noise: ScalarNoise, new: Any) -> tuple[list[Chooser], list[Use]]:
    """Firms made by `new(firm)` with their uses, and the uses in the task's order."""
    shelf, choosers, uses = Shelf(task), {}, []
    code, selfhosted = task.code.tolist(), task.selfhosted.tolist()
    held, ids = task.held_row.tolist(), task.slot_id.tolist()
    for place, firm in enumerate(task.firm.tolist()):
        if firm not in choosers:
            chooser = choosers[firm] = new(firm)
            chooser.settle(task, firm, selfhosted[firm])
            chooser.noise, chooser.uses = noise, []
            chooser.nests = shelf.nests(code[place])
        uses.append(shelf.use(place, code[place], held[place], ids[place]))
        choosers[firm].uses.append(uses[-1])
    return list(choosers.values()), uses


def rows_chosen(uses: list[Use]) -> Ints:
    """Rows of the book that uses chose, -1 for the outside option."""
    return np.array([NONE if use.choice is None else use.choice.row for use in uses], np.int64)
