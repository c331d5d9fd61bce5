"""The market: a Mesa model whose month is a page of named steps."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, NamedTuple

import mesa
import numpy as np
import pyarrow as pa
from mesa.datacollection import DataCollector
from numpy.typing import NDArray

from agents.common.events import Event
from agents.common.offers import BookRows, ClassLists, Model, OfferBook, repriced
from agents.common.randomness import Streams, exponential_at, uniform_at
from agents.common.vocabulary import VARIANTS, Access, month_index
from agents.enterprise.choice import Keys
from agents.enterprise.demand import (
    Demand,
    Ints,
    Sample,
    cheapest_rows,
    draw_sample,
    entry_demand,
)
from agents.enterprise.enterprises import Enterprises
from agents.enterprise.evaluation import Platforms
from agents.enterprise.ledger import Sums
from agents.enterprise.nests import NestLists
from agents.enterprise.population import PopulationRules, draw_population
from agents.host.hosts import Hosting
from agents.host.operators import Operator
from agents.host.platforms import Platform
from agents.vendor.finance import entry_months
from agents.vendor.releases import first_plan
from agents.vendor.strategies import Strategy
from agents.vendor.vendor import Vendor
from sim import happenings, serving, supply
from sim.accounts import book_usage
from sim.book import Surroundings, drafted, priced
from sim.data_files import data_table
from sim.enterprise_step import (
    choice_keys,
    choice_rules,
    lists_of,
    platforms_of,
    ramp_table,
    rows_of,
    run_enterprises,
)
from sim.environment import Environment
from sim.history import threshold_of
from sim.interventions import changed
from sim.loading import load
from sim.record import is_scripted, releases
from sim.recording import Recorder
from sim.scenario import Scenario
from sim.schemas import SCHEMAS
from sim.seeding import root_seed
from sim.start import seat_initial_adopters
from sim.stock import Stock
from sim.stopwatch import Stopwatch
from sim.turnover import open_entry_slots, review_strategies, settle_exits


class MarketKeys(NamedTuple):
    """Keys of the market's random streams."""

    firm: Keys
    breach: np.uint64
    residency: np.uint64
    sample: np.uint64


class Market(mesa.Model):  # type: ignore[misc]
    """The market for language models as a Mesa model.

    Parameters
    ----------
    parameters: a `Scenario`; the baseline market of 2023 if omitted.
    rng: root seed, a whole number from 0 to 2**63 - 1; the scenario's declared seed if None (never
    entropy). Anything else, such as a NumPy generator, raises ScenarioError.
    threads: threads of the enterprise kernel; any number gives the same bytes.
    tables: those to be recorded; `market` and `event` always are.
    overrides: dotted parameter names, as in `Market(**{"enterprise.population": 500})`.

    `agents` holds the vendors only; enterprises are columns behind `enterprises`, an AgentSet of
    light row views. The first `step()` is month 0 (2023-01); `datacollector` has a row a month of
    the series of the `market` table. The tree of parameters is `parameters`: Mesa keeps the name
    `scenario` for a class of its own, and what is passed under it is ignored.
    """

    preset: ClassVar[Scenario | None] = None
    """Parameters of a subclass made by `Market.of`: they survive a browser's Reset."""

    def __init__(
        self, parameters: Scenario | None = None, *, rng: int | None = None, threads: int = 1,
        tables: Collection[str] = tuple(SCHEMAS), scenario: object = None, **overrides: Any,
    ) -> None:  # fmt: skip
        del scenario
        base = parameters or self.preset or Scenario()
        if overrides:
            base = with_overrides(base, overrides)
        seed = root_seed(rng, base.seed)
        super().__init__(rng=seed)
        self.parameters = base
        self.seed = seed
        self.threads = threads
        self._build()
        self.recorder = Recorder(self, tables)
        self.datacollector = DataCollector(
            model_reporters={name: _reporter(name) for name in self.recorder.series}
        )

    @classmethod
    def of(cls, parameters: Scenario) -> type["Market"]:
        """A subclass that carries these parameters: `type(model)(**kw)` keeps them."""
        return type(cls.__name__, (cls,), {"preset": parameters})

    def _build(self) -> None:
        p = self.parameters
        self.month = -1
        self.until = month_index(p.history.until)
        self.streams = Streams(self.seed)
        self.keys = MarketKeys(
            choice_keys(self), self.streams.key("breach"), self.streams.key("residency"),
            self.streams.key("sample"),
        )  # fmt: skip
        self.environment = Environment(p)
        self.reference = self.environment.recorded
        self.models: list[Model] = []
        self.stock = Stock()
        self.vendors: list[Vendor] = []
        self.vendor_by_key: dict[str, Vendor] = {}
        self.roster: dict[int, list[str]] = {}
        """Keys of the vendors that enter, by month."""
        for key, facts in p.vendors.items():
            if facts.present:
                self.roster.setdefault(max(month_index(facts.enters), 0), []).append(key)
        self.forced = changed_from_record(p)
        self.unscripted: set[str] = set()
        """Vendors without releases in the record: they plan and price from their entry on."""
        self.hostings: dict[int, Hosting] = {}
        self.host_packaging = p.host.packaging
        self.host_upkeep = serving.upkeep(p.host.packaging, self)
        self.platforms = [Platform(k, f, f.packaging) for k, f in p.platforms.items()]
        self.platform_upkeep = [serving.upkeep(f.packaging, self) for f in p.platforms.values()]
        self.operators = [Operator(k, f) for k, f in p.operators.items()]
        self.group_count = len(p.sectors) * 3 * len(p.regions)
        self.home = np.array([r.home for r in p.regions.values()], np.int8)
        self.columns = draw_population(population_rules(p), self.streams)
        self.columns.model = self
        self.enterprises = Enterprises(self.columns, None, self.random)
        self.ramp = ramp_table(p)
        self.resale = np.zeros(0)
        self._build_clocks()

    def _build_clocks(self) -> None:
        p = self.parameters
        self.incident_stock = 0.0
        self.breaches = 0
        self.breach_clock = 0.0
        self.breach_due = exponential_at(self.keys.breach, 0, 0, 0)
        self.entries = entry_months(
            p.finance.entry_slots, p.finance.entry_hazard, max(self.until, 0), self.streams
        )
        self.sums: Sums | None = None
        self.forces: dict[int, int] = {}
        self.reprice: set[tuple[int, int]] = set()
        self.deep_cuts: list[Model] = []
        self.frontier: list[float] = []
        self.used: list[float] = []
        """Mtok of all enterprises by month."""
        self.public: list[float] = []
        self.first_rent = 0.0
        self.sample: Sample | None = None
        self.sample_year = 0
        self.demand_cache: tuple[OfferBook, Demand] | None = None
        self.lists_cache: tuple[OfferBook, ClassLists] | None = None
        self.nests_cache: tuple[ClassLists, NestLists] | None = None
        self.held_before: tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.int8]] | None
        self.held_before = None
        self.rows_cache: tuple[OfferBook, BookRows] | None = None
        self.stopwatch = Stopwatch()
        self.platforms_cache: tuple[tuple[object, list[float]], Platforms] | None = None
        self.preview: tuple[OfferBook, Surroundings] | None = None
        self.book = drafted(self.stock, self.surroundings())

    def step(self) -> None:
        """Simulate one month."""
        self.month += 1
        watch = self.stopwatch
        watch.start()
        self.environment.advance(self.month, self.weights_published())
        happenings.scheduled(self)
        self.public.append(self.environment.public)
        happenings.random_breaches(self)
        self._welcome_roster()
        watch.mark("environment and events")
        supply.release_due_models(self)
        watch.mark("releases")
        serving.advance_hosts(self)
        serving.advance_platforms(self)
        supply.set_prices(self)
        watch.mark("prices")
        self.rebuild_book()
        seat_initial_adopters(self)
        watch.mark("offer book")
        self.sums = run_enterprises(self)
        watch.mark("enterprises")
        serving.supply_operators(self, self.book)
        book_usage(self, self.sums)
        watch.mark("accounts")
        review_strategies(self)
        settle_exits(self)
        open_entry_slots(self)
        watch.mark("reviews, entry and exit")
        self.recorder.record()
        self.forces.clear()
        self.datacollector.collect(self)
        watch.mark("recording")
        self.running = self.month + 1 < self.parameters.months

    def _welcome_roster(self) -> None:
        if self.month == 0:
            self.first_rent = self.environment.gpu_rent
        for key in self.roster.get(self.month, ()):
            if key not in self.vendor_by_key:
                self.enter(key)

    def enter(self, key: str, facts: Any = None) -> Vendor | None:
        """Let a vendor enter: one of the roster, or a newcomer with its own facts."""
        if key in self.vendor_by_key:
            return None
        vendor = Vendor(self, key, len(self.vendors), facts or self.parameters.vendors[key])
        self.vendors.append(vendor)
        self.vendor_by_key[key] = vendor
        in_record = facts is None and not self.decides(vendor)
        if in_record and not is_scripted(key, self.month, self.until):
            self.unscripted.add(key)
        if self.decides(vendor):
            first_plan(vendor, self.month, self.streams, self.parameters.release)
        if self.month > 0:
            self.happen(Event(self.month, "entry", vendor.name, vendor.cash, "roster"))
        return vendor

    def decides(self, vendor: Vendor) -> bool:
        """Whether releases and list prices are a vendor's own this month, and no input."""
        return self.month > self.until or vendor.key in self.unscripted

    def leave(self, vendor: Vendor, cause: str) -> None:
        """Let a vendor leave: its services vanish, its open weights remain."""
        vendor.alive = False
        self.happen(Event(self.month, "exit", vendor.name, vendor.cash, cause))

    def switch_strategy(self, vendor: Vendor, strategy: Strategy, cause: str) -> None:
        """Put a vendor on another strategy: opening publishes current weights at once."""
        old = vendor.strategy
        vendor.strategy = strategy
        for model in vendor.models:
            current = model.superseded is None and model.withdrawn is None
            if current and strategy.opens(model.tier) and not old.opens(model.tier):
                model.open, model.licence = True, vendor.licence_code
                model.users_threshold = threshold_of(vendor.licence)
        self.happen(Event(self.month, "strategy", vendor.name, None, f"{strategy.name}: {cause}"))

    def happen(self, event: Event) -> None:
        """Record an event."""
        self.recorder.events.append(event)

    def intervene(self, path: str, magnitude: float | None, word: str | None) -> None:
        """Change a parameter from this month on."""
        self.parameters = changed(self.parameters, path, magnitude, word)
        self.environment.scenario = self.parameters
        self.ramp = ramp_table(self.parameters)
        self.forget_demand()

    @property
    def cheap(self) -> float:
        """How many times cheaper a GPU hour is than in month 0."""
        return self.first_rent / max(self.environment.gpu_rent, 1e-9)

    def weights_published(self) -> float:
        """Share of living vendors that publish some weights; 1 before there are vendors."""
        alive = self.living_vendors()
        publishing = sum(bool(v.strategy.open_tiers) for v in alive)
        return publishing / len(alive) if alive else 1.0

    def living_vendors(self) -> list[Vendor]:
        """Vendors still in business, in order of entry."""
        return [vendor for vendor in self.vendors if vendor.alive]

    def year_growth(self) -> float | None:
        """Tokens of enterprises this month against a year ago; None if there were none."""
        used = self.used
        return used[-1] / used[-13] if len(used) > 12 and used[-13] > 0 else None

    def frontier_now(self) -> float:
        """Best quality on sale so far, open or closed; -inf before there was any."""
        return self.frontier[-1] if self.frontier else -math.inf

    def frontier_before(self, month: int) -> float:
        """Best quality that imitators can learn from in a month: `imitation_lag` old or older."""
        place = month - max(self.parameters.capability.imitation_lag, 1)
        return self.frontier[place] if 0 <= place < len(self.frontier) else -math.inf

    def surroundings(self) -> Surroundings:
        """What the offer book of this month is made from."""
        p = self.parameters
        held = np.zeros(0)
        if self.sums is not None:
            held = np.zeros(len(self.models) * VARIANTS)
            held[self.book.offering] = self.sums.row("slots").sum(axis=0)
        return Surroundings(
            p, self.environment, self.month, self.vendors, self.hostings, self.host_packaging,
            self.incident_stock, held, self.forces,
            math.exp(-max(self.month, 0) / p.finance.brand_fade),
            [p.regions[v.region].home for v in self.vendors],
        )  # fmt: skip

    def rebuild_book(self) -> None:
        """Make this month's offer book."""
        draft = self.preview_book()
        assert self.preview is not None
        self.book = priced(draft, self.stock, self.preview[1])
        if self.lists_cache is not None and self.lists_cache[0] is draft:
            self.lists_cache = (self.book, repriced(self.lists_cache[1], self.book))
        self.preview = None
        served = set(self.book.model[self.book.access == Access.HOSTED].tolist())
        self.hostings = {i: h for i, h in self.hostings.items() if i in served}

    def preview_book(self) -> OfferBook:
        """The book with prices as they were; nothing else changes until the month's is made."""
        self.stock.update(self.models)
        if self.preview is None:
            around = self.surroundings()
            self.preview = (drafted(self.stock, around), around)
        return self.preview[0]

    def forget_demand(self) -> None:
        """Evaluate demand anew when it is next asked for, even for the same book."""
        self.demand_cache = self.lists_cache = None

    def entry_demand(self, book: OfferBook) -> Demand:
        """What the shared demand sample would choose afresh; the sample is redrawn yearly.

        Kept for the book asked about last: all reviews, or all revisions, of a month share it.
        """
        if self.demand_cache is None or self.demand_cache[0] is not book:
            self.demand_cache = (book, entry_demand(
                self.demand_sample(), self.columns, self.environment.demand,
                choice_rules(self.parameters), rows_of(self, book), lists_of(self, book),
                platforms_of(self), self.keys.firm.taste,
                np.array([v.address for v in self.vendors], np.uint32), self.home,
            ))  # fmt: skip
        return self.demand_cache[1]

    def demand_sample(self) -> Sample:
        """The slots that stand for the market this year."""
        if self.sample is None or self.sample_year != self.month // 12:
            self.sample_year = self.month // 12
            offset = uniform_at(self.keys.sample, self.sample_year, 0, 0)
            size = self.parameters.output.demand_sample
            self.sample = draw_sample(self.columns, size, offset, self.home)
        return self.sample

    def cheapest(self) -> Ints:
        """Of each slot of the demand sample at home, its cheapest good offering; -1 for none.

        A row for each level of what is good enough (`ADEQUATE`).
        """
        sample = self.demand_sample()
        at = np.flatnonzero(sample.home)
        return cheapest_rows(
            sample._replace(firm=sample.firm[at], slot=sample.slot[at]), self.columns,
            self.environment.demand, choice_rules(self.parameters), rows_of(self, self.book),
            lists_of(self, self.book), platforms_of(self), self.home,
        )  # fmt: skip

    def tables(self) -> dict[str, pa.Table]:
        """The output tables of the months so far."""
        return self.recorder.tables()


def _reporter(name: str) -> Callable[[Market], Any]:
    def report(market: Market) -> Any:
        return market.recorder.latest(name)

    return report


def population_rules(p: Scenario) -> PopulationRules:
    """The parameters a population is drawn from."""
    shares = [platform.share for platform in p.platforms.values()]
    return PopulationRules(
        p.enterprise, p.choice, p.adoption, p.sectors, p.bands, p.regions, shares
    )


def changed_from_record(p: Scenario) -> set[str]:
    """Vendors whose strategy differs from the record: their scripted releases follow it."""
    record = data_table("vendors.toml")
    recorded = {release.vendor for release in releases()}
    changed = set()
    for key, vendor in p.vendors.items():
        if key not in recorded:
            continue
        facts = record[key]
        same_tiers = list(vendor.open_tiers) == facts.get("open_tiers", ["small"])
        same = vendor.strategy == facts["strategy"]
        if not same or (vendor.strategy == "dual" and not same_tiers):
            changed.add(key)
    return changed


def with_overrides(base: Scenario, overrides: Mapping[str, Any]) -> Scenario:
    """The scenario with some parameters changed by dotted name, validated as a whole."""
    tree = base.model_dump()
    plain = load(None, dict(overrides), scenario_class=Scenario).model_dump()
    for path in overrides:
        *parents, leaf = path.split(".")
        into, source = tree, plain
        for name in parents:
            into, source = into[name], source[name]
        into[leaf] = source[leaf]
    return Scenario.model_validate(tree)
