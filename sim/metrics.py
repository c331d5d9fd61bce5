"""The row of the `market` table: what one month looks like from outside.

Statistics are of home firms. A statistic without a denominator is None (null in the table).
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.common.mathematics import exponentials
from agents.common.vocabulary import ACCESSES, ELO_PER_LOGIT, STRATEGIES, Band
from agents.enterprise.ledger import Sums
from agents.host.hosts import profit
from sim.accounts import owned_net
from sim.book import median
from sim.enterprise_step import rows_of
from sim.listing import LEVELS, Listing, look, price_ratio_at_best
from sim.standing import Standing
from sim.tally import MILLION, HomeUse

if TYPE_CHECKING:
    from sim.market import Market

Floats = NDArray[np.float64]
ENOUGH = ("_60", "", "_95")
"""Ends of the columns of `share_cheapest_closed` by what is good enough, as `ADEQUATE` is."""


def ratio(top: float, bottom: float) -> float | None:
    """top / bottom; None without a denominator."""
    return float(top) / float(bottom) if bottom > 0 else None


def market_row(market: "Market", sums: Sums, use: HomeUse, standing: Standing) -> dict[str, Any]:
    """All columns of the market table for this month."""
    rows, reachable = rows_of(market, market.book), reachable_at_home(market)
    listing = look(rows, reachable, len(market.models))
    row: dict[str, Any] = {"month": market.month}
    row |= adoption_columns(sums)
    row |= usage_columns(market, sums, use, standing)
    row |= frontier_columns(market, listing)
    row |= price_columns(market, listing, standing)
    row["price_ratio_best"] = price_ratio_at_best(rows, reachable)
    row |= concentration_columns(market, use)
    row |= survey_columns(sums)
    row |= sample_columns(market)
    row |= actor_columns(market, sums, listing, standing)
    row |= welfare_columns(market, sums)
    return row


def survey(top: Floats, bottom: Floats) -> float | None:
    """X = (X_mid + X_large) / 2, as enterprise surveys see it; None if a band is empty."""
    parts = [ratio(top[b], bottom[b]) for b in (Band.MID, Band.LARGE)]
    known = [part for part in parts if part is not None]
    return sum(known) / 2 if len(known) == 2 else None


def adoption_columns(sums: Sums) -> dict[str, Any]:
    """Adoption and restrictions."""
    firms, adopters = sums.survey("firms"), sums.survey("adopters")
    return {
        "adoption": ratio(adopters.sum(), firms.sum()),
        "adoption_large": ratio(adopters[Band.LARGE], firms[Band.LARGE]),
        "restricted_share": survey(sums.survey("restricted"), firms),
        "ever_restricted_share": survey(sums.survey("ever_restricted"), firms),
    }


def usage_columns(market: "Market", sums: Sums, use: HomeUse, standing: Standing) -> dict[str, Any]:
    """Volumes, and shares by access, openness and strategy of the vendor."""
    opened, tokens, spend = market.book.open == 1, use.tokens, use.spend
    total, paid = float(tokens.sum()), float(spend.sum())
    columns: dict[str, Any] = {
        "tokens": total,
        "spend": paid,
        "spend_full": float(use.full.sum()),
        "share_tokens_open": ratio(tokens[opened].sum(), total),
        "share_spend_open": ratio(spend[opened].sum(), paid),
        "tuned_share_tokens": ratio(tokens[market.book.tuned == 1].sum(), total),
        "top1pct_share_tokens": top_share(sums, 0.01),
    }
    for access, used in zip(ACCESSES, use.access.tolist(), strict=True):
        columns[f"share_tokens_{access}"] = ratio(used, total)
    by_vendor = use.vendor[0].tolist()
    for kind in STRATEGIES:
        member = zip(by_vendor, standing.strategies, strict=True)
        used = sum(used for used, strategy in member if strategy == kind)
        columns[f"share_tokens_vendor_{kind}"] = ratio(used, total)
    return columns


def top_share(sums: Sums, part: float) -> float | None:
    """Tokens of the top `part` of adopters, from the histogram of their tokens."""
    weight, tokens = sums.ledger.histogram[:, 0], sums.ledger.histogram[:, 1]
    total = float(weight.sum())
    if total <= 0:
        return None
    ordered, used = weight[::-1], tokens[::-1]
    before = np.cumsum(ordered) - ordered
    taken = np.clip(part * total - before, 0.0, ordered)
    each = used / np.where(ordered > 0, ordered, 1.0)
    return ratio(float((taken * each).sum()), float(tokens.sum()))


def reachable_at_home(market: "Market") -> NDArray[np.bool_]:
    """(vendors,) whose service an unrestricted home firm may buy."""
    regions = market.parameters.regions
    imports = any(region.home and region.foreign_apis for region in regions.values())
    return np.array(
        [regions[v.region].home or (imports and v.facts.sells_abroad) for v in market.vendors], bool
    )


def best_on_sale(
    market: "Market", listing: Listing, opened: int
) -> tuple[float | None, float | None]:
    """Best true quality on the list for home firms, open or closed, and its ln compute."""
    row = int(listing.best[opened])
    if row < 0:
        return None, None
    model = market.models[int(market.book.model[row])]
    return float(model.q), float(model.effective_compute)


def frontier_columns(market: "Market", listing: Listing) -> dict[str, Any]:
    """The two quality frontiers and the distance between them."""
    q_closed, c_closed = best_on_sale(market, listing, 0)
    q_open, c_open = best_on_sale(market, listing, 1)
    past = market.recorder.closed_maxima
    running = max(past[-1] if past else -math.inf, q_closed if q_closed is not None else -math.inf)
    past.append(running)
    best = max((q for q in (q_closed, q_open) if q is not None), default=-math.inf)
    market.frontier.append(max(market.frontier_now(), best))
    columns: dict[str, Any] = {"q_closed": q_closed, "q_open": q_open}
    if q_closed is None or q_open is None or c_closed is None or c_open is None:
        return columns
    gap = q_closed - q_open
    lag, censored = gap_months(past, q_open)
    return columns | {
        "gap_logits": gap,
        "gap_elo": gap * ELO_PER_LOGIT,
        "gap_compute": c_closed - c_open,
        "gap_months": lag,
        "gap_months_censored": censored,
    }


def gap_months(maxima: list[float], q_open: float) -> tuple[float | None, bool]:
    """Months since the running maximum of closed quality first reached q_open.

    Interpolated between months; 0 if open leads; unknown (censored) before the first value.
    """
    now = len(maxima) - 1
    if q_open >= maxima[-1]:
        return 0.0, False
    known = [q for q in maxima if math.isfinite(q)]
    if not known or q_open < known[0]:
        return None, True
    first = next(t for t, q in enumerate(maxima) if q >= q_open)
    before = maxima[first - 1] if first > 0 else -math.inf
    part = 0.0
    if math.isfinite(before) and maxima[first] > before:
        part = (maxima[first] - q_open) / (maxima[first] - before)
    return now - (first - part), False


def price_columns(market: "Market", listing: Listing, standing: Standing) -> dict[str, Any]:
    """Prices at constant quality, of flagships, and of open against closed."""
    columns: dict[str, Any] = {"price_flagship": _flagship(market, standing)}
    for name, price in zip(LEVELS, listing.at_level.tolist(), strict=True):
        columns[f"price_{name}_level"] = price if math.isfinite(price) else None
    compared = listing.in_class
    columns["price_ratio_open_closed"] = median(compared) if compared.size else None
    return columns


def _flagship(market: "Market", standing: Standing) -> float | None:
    """Median over home vendors of the price of the latest large closed model."""
    prices = [
        standing.flagships[vendor.index]
        for vendor in market.living_vendors()
        if market.parameters.regions[vendor.region].home and vendor.index in standing.flagships
    ]
    return median(np.array(prices)) if prices else None


def spend_shares(use: HomeUse) -> list[float | None]:
    """Every vendor's share of home spend on models, whoever is paid: the base of all such shares.

    None for all if nothing is spent.
    """
    spend = use.vendor[1].tolist()
    total = sum(spend)
    return [ratio(part, total) for part in spend]


def concentration_columns(market: "Market", use: HomeUse) -> dict[str, Any]:
    """How far home spend is on the models of few vendors."""
    by_vendor = np.array(spend_shares(use), np.float64)
    if not np.isfinite(by_vendor).any():
        return {}
    shares = np.sort(by_vendor)[::-1]
    leader = int(np.argmax(by_vendor))
    return {
        "hhi_spend": float((shares**2).sum() * 10_000),
        "leader": market.vendors[leader].name,
        "leader_share_spend": float(shares[0]),
        "top3_share_spend": float(shares[:3].sum()),
    }


def survey_columns(sums: Sums) -> dict[str, Any]:
    """What a survey of firms would report."""
    get = sums.survey
    adopters, slots = get("adopters"), get("slots")
    arrived = float(get("path_arrived").sum())
    return {
        "open_usage_share": survey(get("open_slots"), slots),
        "any_open_share": survey(get("any_open"), adopters),
        "main_closed_share": survey(get("main_closed"), adopters),
        "switch_rate_year": survey(get("slots_switched"), get("slots_year_ago")),
        "switch_firm_year": survey(get("firms_left"), get("firms_year_ago")),
        "upgrade_rate_year": survey(get("slots_upgraded"), get("slots_year_ago")),
        "vendors_per_adopter": survey(get("vendors"), adopters),
        "multihoming3_large": ratio(get("three_vendors")[Band.LARGE], adopters[Band.LARGE]),
        "models5_share": survey(get("five_models"), adopters),
        "mixed_tiers_share": ratio(float(get("mixed_tokens").sum()), float(get("tokens").sum())),
        "path_share": ratio(arrived, float(get("path_began").sum())),
        "path_months": ratio(float(get("path_months").sum()), arrived),
    }


def sample_columns(market: "Market") -> dict[str, Any]:
    """Statistics over the demand sample of home slots, each standing for the same tokens."""
    sample = market.demand_sample()
    if not sample.home.any():
        return {}
    slots, at = market.columns.slots, sample.slot[sample.home]
    slope = market.parameters.choice.item_slope
    reached = 1 / (1 + exponentials(slope * slots.difficulty[at].astype(np.float64)))
    value = slots.value[at].astype(np.float64)
    cheapest = market.cheapest()
    everybody = np.ones(cheapest.shape[1], bool)
    band = market.columns.firms.band[sample.firm[sample.home]]
    closed = {
        f"share_cheapest_closed{end}": closed_share(market, rows[whose])
        for end, rows, whose in (
            *((end, cheapest[i], everybody) for i, end in enumerate(ENOUGH)),
            *((f"_{b.name.lower()}", cheapest[ENOUGH.index("")], band == b) for b in Band),
        )
    }
    return {"value_solved_q0": ratio((value * reached).sum(), value.sum()), **closed}


def closed_share(market: "Market", cheapest: NDArray[np.int64]) -> float | None:
    """Share of slots whose cheapest offering is closed, among those that have one."""
    known = cheapest[cheapest >= 0]
    return ratio(float(np.count_nonzero(market.book.open[known] == 0)), float(known.size))


def actor_columns(
    market: "Market", sums: Sums, listing: Listing, standing: Standing
) -> dict[str, Any]:
    """Counts of actors and what crowds and platforms add."""
    alive = market.living_vendors()
    kinds = [standing.strategies[v.index] for v in alive]
    open_families = [v for v in alive if v.users > 0]
    users = sum(v.users for v in open_families)
    columns: dict[str, Any] = {
        "hosts": sum(h.number for h in market.hostings.values()),
        "models_live": int(np.count_nonzero(listing.models)),
        "platform_revenue": float(sums.platform("fee")[0].sum()),
        "crowd_quality": ratio(sum(v.users * v.crowd_quality for v in open_families), users),
        "crowd_packaging": ratio(sum(v.users * v.crowd_packaging for v in open_families), users),
    }
    return columns | {f"strategy_{kind}": kinds.count(kind) for kind in STRATEGIES}


def welfare_columns(market: "Market", sums: Sums) -> dict[str, Any]:
    """Who gains what, $ a month; welfare counts foreign vendors by their home share."""
    surplus = float(sums.row("surplus")[0].sum())
    profits = [v.account.profit * MILLION for v in market.living_vendors()]
    weights = [
        1.0 if market.parameters.regions[v.region].home else v.account.home_share
        for v in market.living_vendors()
    ]
    hosts = sum(profit(h, market.parameters.host) for h in market.hostings.values())
    hosts += sum(p.net for p in market.platforms) - owned_net(market)
    vendors = sum(p * w for p, w in zip(profits, weights, strict=True))
    return {
        "consumer_surplus": surplus,
        "surplus_taste": float(sums.row("surplus_taste")[0].sum()),
        "vendor_profit": sum(profits),
        "host_profit": hosts,
        "operator_income": sum(o.revenue - o.bill for o in market.operators),
        "complement_income": sum(v.account.complement * MILLION for v in market.living_vendors()),
        "welfare": surplus + vendors + hosts,
    }
