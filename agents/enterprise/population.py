"""A weighted sample of the real population of enterprises.

Firm `i` belongs to size band `i mod 3`, so that each band has a third of the sample. Within a band
half the firms are drawn as they come and half in proportion to the tokens they want; a firm that
wants x tokens stands for 2 N / (n (1 + x / E x)) real firms. So a few heavy users do not carry the
whole market: the weighted tokens of one firm never exceed twice the band's mean.

Every attribute is drawn at an address of its own (firm, attribute), so that a firm is the same in
every scenario that does not concern it, in a sample of any size.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from agents.common.mathematics import exponentials, logarithms
from agents.common.randomness import Streams, betas, gammas, normals, uniforms
from agents.common.vocabulary import NONE, Band, Workload
from agents.enterprise.columns import SLOTS_A_FIRM, EnterpriseColumns, FirmRows, Firms, firm_rows_of
from agents.enterprise.parameters import (
    AdoptionParameters,
    BandParameters,
    ChoiceParameters,
    EnterpriseParameters,
    RegionParameters,
    SectorParameters,
)

Floats = NDArray[np.float64]
TRUNCATION = 2.4
"""Standard deviations at which token intensity is cut off."""
WORKLOAD_SHARES = (0.50, 0.35, 0.15)
"""Share of a firm's tokens by workload tier."""
FIRMS_AT_ONCE = 65_536
"""Firms whose slots are drawn together: bounds the memory that drawing needs."""
SLOT_SPREAD = 0.5
"""Spread (sd of ln) of tokens between the slots of a firm."""
BUILDER_READINESS = 3.0
"""Builders adopt first: their readiness against other firms."""
SKILL_MEAN = {Band.MICRO: 0.15, Band.MID: 0.30, Band.LARGE: 0.50}
BASE_MEAN = {Band.MICRO: 0.06, Band.MID: 0.20, Band.LARGE: 0.45}
CAPITAL_FACTOR = {Band.MICRO: 1.5, Band.MID: 1.1, Band.LARGE: 0.8}


class PopulationRules(NamedTuple):
    """The parameters a population is drawn from."""

    enterprise: EnterpriseParameters
    choice: ChoiceParameters
    adoption: AdoptionParameters
    sectors: Mapping[str, SectorParameters]
    bands: Mapping[str, BandParameters]
    regions: Mapping[str, RegionParameters]
    platform_shares: Sequence[float]


class Drawer:
    """Addressed draws of a population: one stream, an item per attribute name."""

    def __init__(self, streams: Streams, stream: str, ids: NDArray[np.int64]) -> None:
        self._streams = streams
        self._stream = stream
        self.ids = ids

    def uniform(self, what: str) -> Floats:
        """Uniforms in (0, 1), one per id."""
        return uniforms(self._streams.key(f"{self._stream}.{what}"), 0, self.ids, 0)

    def normal(self, what: str) -> Floats:
        """Standard normals, one per id."""
        return normals(self._streams.key(f"{self._stream}.{what}"), 0, self.ids, 0)

    def beta(self, what: str, mean: Floats, strength: Floats | float) -> Floats:
        """Beta draws with given means and a + b."""
        key = self._streams.key(f"{self._stream}.{what}")
        return betas(key, 0, self.ids, 0, mean * strength, (1 - mean) * strength)

    def gamma(self, what: str, shape: float) -> Floats:
        """Gamma draws of mean 1."""
        key = self._streams.key(f"{self._stream}.{what}")
        return gammas(key, 0, self.ids, 0, shape) / shape

    def pick(self, what: str, shares: Sequence[float] | Floats) -> NDArray[np.int64]:
        """Indices drawn with these shares; the rest of the unit interval gives len(shares)."""
        edges = np.cumsum(np.asarray(shares, float))
        return np.searchsorted(edges, self.uniform(what), side="right")


def truncated_pareto(u: Floats, low: float, high: float, exponent: Floats) -> Floats:
    """Quantiles of a Pareto law on [low, high] with density ~ s^-(exponent + 1)."""
    exponent = np.where(np.abs(exponent) < 1e-9, 1e-9, exponent)
    ratio = exponentials(exponent * math.log(low / high))
    return np.asarray(low * exponentials(-logarithms(1 - u * (1 - ratio)) / exponent))


def pareto_mean(low: float, high: float, exponent: float) -> float:
    """Mean of the truncated Pareto law."""
    a = exponent
    if abs(a - 1) < 1e-9:
        return float(low * math.log(high / low) / (1 - low / high))
    scale = a / (1 - (low / high) ** a)
    return float(scale * low**a * (high ** (1 - a) - low ** (1 - a)) / (1 - a))


def truncated_normal(u: Floats, shift: Floats | float) -> Floats:
    """Quantiles of a normal of mean `shift`, sd 1, on [-TRUNCATION, TRUNCATION]."""
    low = special.ndtr(-TRUNCATION - shift)
    high = special.ndtr(TRUNCATION - shift)
    return np.asarray(special.ndtri(low + u * (high - low)) + shift)


def lognormal_mean(spread: float) -> float:
    """Mean of exp(spread x z), z a normal truncated at TRUNCATION."""
    inside = special.ndtr(TRUNCATION - spread) - special.ndtr(-TRUNCATION - spread)
    return float(math.exp(spread**2 / 2) * inside / (2 * special.ndtr(TRUNCATION) - 1))


def draw_population(rules: PopulationRules, streams: Streams) -> EnterpriseColumns:
    """Draw the enterprises of one world.

    What drawing needs beside the result is a fraction of it: firms are packed before there are
    slots, and slots are drawn block by block.
    """
    columns = EnterpriseColumns(_firm_rows(rules, streams))
    for begin in range(0, len(columns), FIRMS_AT_ONCE):
        rows = np.arange(begin, min(begin + FIRMS_AT_ONCE, len(columns)))
        _fill_slots(rules, streams, columns, rows)
    return columns


def _firm_rows(rules: PopulationRules, streams: Streams) -> FirmRows:
    """All firms, row by row."""
    count = rules.enterprise.population
    ids = np.arange(count, dtype=np.int64)
    draw = Drawer(streams, "firm", ids)
    band = (ids % 3).astype(np.int8)
    tilted = (ids // 3) % 2 == 1
    sector, builder, tilt_sector = _sector_and_builder(rules, draw, band, tilted)
    employees, tilt_size = _employees(rules, draw, band, tilted)
    spread, tilt_spread = _intensity(rules, draw, band, tilted)
    relative = tilt_sector * tilt_size * tilt_spread
    return firm_rows_of(
        _firms(rules, draw, band, sector, builder, employees, spread, relative)
    )  # fmt: skip


def _sector_and_builder(
    rules: PopulationRules, draw: Drawer, band: NDArray[np.int8], tilted: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.int8], Floats]:
    """Sector, builder flag, and their factor of tokens against the band's mean."""
    sectors = list(rules.sectors.values())
    share = np.array([s.share for s in sectors])
    intensity = np.array([s.intensity for s in sectors])
    rate = np.array([s.builder for s in sectors])
    lift = rules.enterprise.builder_intensity
    micro = band == Band.MICRO
    sector = np.zeros(len(band), np.int8)
    builder = np.zeros(len(band), np.int8)
    factor = np.ones(len(band))
    pick, flag = draw.uniform("sector"), draw.uniform("builder")
    for is_micro in (False, True):
        built = rate if is_micro else np.zeros_like(rate)
        mean = intensity * (1 - built + built * lift)
        average = float((share * mean).sum() / share.sum())
        for is_tilted in (False, True):
            rows = (micro == is_micro) & (tilted == is_tilted)
            p = share * mean if is_tilted else share
            chosen = np.searchsorted(np.cumsum(p / p.sum()), pick[rows], side="right")
            chosen = np.minimum(chosen, len(p) - 1)
            odds = built * lift / (1 - built + built * lift) if is_tilted else built
            sector[rows] = chosen
            builder[rows] = flag[rows] < odds[chosen]
            factor[rows] = intensity[chosen] * np.where(builder[rows] == 1, lift, 1) / average
    return sector, builder, factor


def _employees(
    rules: PopulationRules, draw: Drawer, band: NDArray[np.int8], tilted: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Staff, and its factor against the band's mean."""
    exponent = rules.enterprise.size_exponent
    u = draw.uniform("employees")
    employees, factor = np.empty(len(band)), np.empty(len(band))
    for code in Band:
        table = rules.bands[code.name.lower()]
        low, high = float(table.smallest), float(table.largest) + 1.0
        rows = band == code
        tail = np.where(tilted[rows], exponent - 1, exponent)
        employees[rows] = truncated_pareto(u[rows], low, high, tail)
        factor[rows] = employees[rows] / pareto_mean(low, high, exponent)
    return employees, factor


def _intensity(
    rules: PopulationRules, draw: Drawer, band: NDArray[np.int8], tilted: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Lognormal part of token intensity with mean 1, twice: as value and as factor."""
    u = draw.uniform("intensity")
    value = np.empty(len(band))
    for code in Band:
        spread = rules.bands[code.name.lower()].intensity_spread
        rows = band == code
        z = truncated_normal(u[rows], np.where(tilted[rows], spread, 0.0))
        value[rows] = exponentials(spread * z) / lognormal_mean(spread)
    return value, value


def _by_band(table: Mapping[Band, float], band: NDArray[np.int8]) -> Floats:
    return np.array([table[code] for code in Band])[band]


def _firms(
    rules: PopulationRules, draw: Drawer, band: NDArray[np.int8], sector: NDArray[np.int8],
    builder: NDArray[np.int8], employees: Floats, spread: Floats, relative: Floats,
) -> Firms:  # fmt: skip
    """All fixed columns of firms; state columns at their start."""
    parameters, count = rules.enterprise, len(band)
    region = _bounded_pick(draw, "region", [r.share for r in rules.regions.values()])
    skill = _skill(draw, band, sector, builder, rules)
    aware = _awareness(draw, skill, builder, parameters.open_awareness)
    own_base = parameters.own_base * draw.beta("own-base", _by_band(BASE_MEAN, band), 3.0)
    sectors = list(rules.sectors.values())
    intensity = (
        parameters.token_intensity
        * np.array([s.intensity for s in sectors])[sector]
        * np.where(builder == 1, parameters.builder_intensity, 1.0)
        * spread
    )
    first_slot = _first_slots(rules, band)
    return Firms(
        first_slot=first_slot,
        weight=_weights(rules, band, relative),
        region=region,
        sector=sector,
        band=band,
        group=((sector.astype(np.int16) * 3 + band) * len(rules.regions) + region).astype(np.int16),
        employees=employees.astype(np.float32),
        intensity=intensity.astype(np.float32),
        builder=builder,
        sensitivity=_sensitivity(draw, sectors, sector),
        residency=_residency(draw, rules, sector, region),
        own_base=own_base.astype(np.float32),
        own_quartile=np.searchsorted(np.quantile(own_base, [0.25, 0.5, 0.75]), own_base).astype(
            np.int8
        ),
        skill=skill.astype(np.float32),
        aware=aware,
        capital_cost=_capital_cost(draw, parameters.capital_cost, band),
        control=_control(draw, rules.choice.control_taste, builder),
        theta=_theta(draw, rules.choice),
        interval=_interval(draw, parameters),
        frailty=_frailty(draw, rules.adoption, builder, aware),
        platform=_platform(draw, rules.platform_shares),
        adopted_since=np.full(count, NONE, np.int16),
        restricted=np.zeros(count, np.int8),
        ever_restricted=np.zeros(count, np.int8),
        portfolio=np.zeros(count, np.uint64),
        tokens=np.zeros(count, np.float32),
        spend=np.zeros(count, np.float32),
        next_due=np.zeros(count, np.int16),
        frontier_slots=(np.diff(first_slot) // len(Workload)).astype(np.int8),
    )


def _bounded_pick(draw: Drawer, what: str, shares: Sequence[float]) -> NDArray[np.int8]:
    return np.minimum(draw.pick(what, shares), len(shares) - 1).astype(np.int8)


def _skill(
    draw: Drawer, band: NDArray[np.int8], sector: NDArray[np.int8], builder: NDArray[np.int8],
    rules: PopulationRules,
) -> Floats:  # fmt: skip
    technical = np.array([key == "technology" for key in rules.sectors])[sector]
    mean = np.minimum(_by_band(SKILL_MEAN, band) + 0.15 * technical + 0.45 * builder, 0.9)
    return draw.beta("skill", mean, 4.0)


def _awareness(draw: Drawer, skill: Floats, builder: NDArray[np.int8], share: float) -> Any:
    """Open models are considered likelier with skill, and by builders."""
    lift = 0.6 + 1.2 * skill + builder
    return (draw.uniform("aware") < 1 - (1 - share) ** lift).astype(np.int8)


def _sensitivity(draw: Drawer, sectors: Sequence[SectorParameters], sector: Any) -> Any:
    mean = np.array([s.sensitivity_mean for s in sectors])[sector]
    strength = np.array([s.sensitivity_strength for s in sectors])[sector]
    return draw.beta("sensitivity", mean, strength).astype(np.float32)


def _residency(draw: Drawer, rules: PopulationRules, sector: Any, region: Any) -> Any:
    bound = np.array([r.residency for r in rules.regions.values()])[region]
    share = np.array([s.residency for s in rules.sectors.values()])[sector]
    return (bound & (draw.uniform("residency") < share)).astype(np.int8)


def _capital_cost(draw: Drawer, median: float, band: NDArray[np.int8]) -> Any:
    spread = exponentials(0.4 * draw.normal("capital-cost"))
    return (median * spread * _by_band(CAPITAL_FACTOR, band)).astype(np.float32)


def _control(draw: Drawer, mean: float, builder: NDArray[np.int8]) -> Any:
    return (-mean * logarithms(draw.uniform("control")) * (1 + builder)).astype(np.float32)


def _theta(draw: Drawer, choice: ChoiceParameters) -> Any:
    spread = exponentials(choice.theta_spread * draw.normal("theta"))
    return (choice.theta * spread).astype(np.float32)


def _interval(draw: Drawer, parameters: EnterpriseParameters) -> Any:
    low, high = parameters.review_shortest, parameters.review_longest
    return (low + np.floor(draw.uniform("interval") * (high - low + 1))).astype(np.int8)


def _frailty(draw: Drawer, rules: AdoptionParameters, builder: Any, aware: Any) -> Any:
    base = draw.gamma("frailty", rules.frailty) if rules.frailty > 0 else np.ones(len(builder))
    lift = np.where(builder == 1, BUILDER_READINESS, 1.0)
    return (base * lift * np.where(aware == 1, rules.early_awareness, 1.0)).astype(np.float32)


def _platform(draw: Drawer, shares: Sequence[float]) -> Any:
    chosen = draw.pick("platform", shares)
    return np.where(chosen < len(shares), chosen, NONE).astype(np.int8)


def _weights(rules: PopulationRules, band: NDArray[np.int8], relative: Floats) -> Floats:
    """Inverse inclusion probabilities, scaled so that a band adds up to its real number."""
    home = sum(r.share for r in rules.regions.values() if r.home)
    weight = 2.0 / (1.0 + relative)
    for code in Band:
        rows = band == code
        if rows.any():
            weight[rows] *= rules.bands[code.name.lower()].firms / home / weight[rows].sum()
    return weight


def _first_slots(rules: PopulationRules, band: NDArray[np.int8]) -> NDArray[np.int64]:
    per_tier = np.array([rules.bands[code.name.lower()].slots for code in Band])
    counts = len(Workload) * per_tier[band]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _fill_slots(
    rules: PopulationRules, streams: Streams, columns: EnterpriseColumns, rows: NDArray[np.int64]
) -> None:
    """Tier, tokens, value, difficulty and first review of the slots of neighbouring firms."""
    firms, first = columns.firms, columns.firms.first_slot
    counts = np.diff(first[rows[0] : rows[-1] + 2])
    owner = np.repeat(rows, counts)
    block = slice(first[rows[0]], first[rows[-1] + 1])
    slots = columns.slots_of(block)
    position = np.arange(block.start, block.stop) - first[owner]
    draw = Drawer(streams, "slot", owner * SLOTS_A_FIRM + position)
    per_tier = np.repeat(counts, counts) // len(Workload)
    tier = position // per_tier
    slots.tier[:] = tier
    wanted = firms.employees[owner] * firms.intensity[owner]
    spread = exponentials(SLOT_SPREAD * draw.normal("tokens") - SLOT_SPREAD**2 / 2)
    slots.tokens[:] = wanted * np.array(WORKLOAD_SHARES)[tier] / per_tier * spread
    e = rules.enterprise
    median = np.array([e.value_routine, e.value_standard, e.value_frontier])[tier]
    slots.value[:] = median * exponentials(e.value_spread * draw.normal("value"))
    mean = np.array([e.difficulty_routine, e.difficulty_standard, e.difficulty_frontier])[tier]
    slots.difficulty[:] = mean + e.difficulty_spread * draw.normal("difficulty")
    phase = Drawer(streams, "firm", rows).uniform("phase")
    slots.next_review[:] = np.repeat(np.floor(phase * firms.interval[rows]), counts)


def token_sample_size(columns: EnterpriseColumns) -> float:
    """Effective sample size of tokens: (sum of w x)^2 / sum of (w x)^2 over firms."""
    firms = columns.firms
    heavy = firms.weight * firms.employees * firms.intensity
    return float(heavy.sum() ** 2 / (heavy**2).sum())


def initial_adopters(rules: PopulationRules, streams: Streams, firms: Firms) -> NDArray[np.int64]:
    """Firms that use a model in month 0: builders first, then the readiest of each band."""
    draw = Drawer(streams, "firm", np.arange(len(firms.weight), dtype=np.int64))
    share = np.array([rules.bands[code.name.lower()].adopters_at_start for code in Band])
    readiness = np.minimum(firms.frailty, 8.0)
    for code in Band:
        rows = firms.band == code
        if rows.any():
            mean = (firms.weight[rows] * readiness[rows]).sum() / firms.weight[rows].sum()
            readiness[rows] /= max(mean, 1e-9)
    return np.flatnonzero(draw.uniform("initial") < share[firms.band] * readiness)
