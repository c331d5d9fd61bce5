"""Tables of an invented run with plausible shapes, made from the schemas alone."""

import math
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from agents.common.vocabulary import month_name
from sim.schemas import SCHEMAS, table

VENDORS = {
    "OpenAI": ("closed", 0.52, 0.30),
    "Anthropic": ("closed", 0.06, 0.22),
    "Google": ("dual", 0.14, 0.21),
    "Meta": ("open", 0.04, 0.03),
    "Mistral": ("dual", 0.01, 0.04),
    "DeepSeek": ("open", 0.00, 0.07),
    "Alibaba": ("open", 0.01, 0.06),
    "xAI": ("closed", 0.00, 0.04),
    "Baidu": ("closed", 0.02, 0.01),
    "Baichuan": ("open", 0.01, 0.00),
    "entrant-1": ("open", 0.0, 0.02),
}


def logistic(month: float, middle: float, width: float) -> float:
    """Return an S-curve from 0 to 1."""
    return 1 / (1 + math.exp(-(month - middle) / width))


def vendor_shares(month: int) -> dict[str, float]:
    """Return invented spend shares that drift from the first to the last value."""
    way = logistic(month, 30, 12)
    raw = {name: a + (b - a) * way for name, (_, a, b) in VENDORS.items()}
    total = sum(raw.values())
    return {name: share / total for name, share in raw.items()}


def market_row(month: int) -> dict[str, Any]:
    """Return one month of the market."""
    q_closed = max(-0.9 + 0.9 * (month >= 2), 0.51 * math.floor(month / 7) * 7 / 12 - 0.1)
    q_open = 0.51 * math.floor((month - 4) / 5) * 5 / 12 - 0.65 + 0.2 * logistic(month, 20, 8)
    has_open = month >= 2
    hosted, own = 0.28 * logistic(month, 36, 14), 0.16 * logistic(month, 50, 14)
    shares = vendor_shares(month)
    top = sorted(shares.values(), reverse=True)
    reached = [(level, month >= since) for level, since in ((-0.55, 0), (-0.13, 2), (0.48, 16))]
    decline = [20, 36, 7.5]
    cheapest = [
        max(0.02, price * math.exp(-(month - since) * 0.09)) if ok else None
        for price, (level, ok), since in zip(decline, reached, (0, 2, 16), strict=True)
    ]
    return {
        "month": month,
        "date": month_name(month),
        "adoption": 0.02 + 0.55 * logistic(month, 48, 15),
        "adoption_large": 0.06 + 0.85 * logistic(month, 24, 9),
        "tokens": 1e6 * math.exp(0.06 * month),
        "spend": 1e7 * math.exp(0.05 * month),
        "share_tokens_api": 1 - hosted - own,
        "share_tokens_hosted": hosted,
        "share_tokens_selfhost": own,
        "share_tokens_open": 0.7 * hosted + own + 0.02,
        "share_tokens_vendor_open": 0.2,
        "share_tokens_vendor_closed": 0.5,
        "share_tokens_vendor_dual": 0.3,
        "q_closed": q_closed,
        "q_open": q_open if has_open else None,
        "gap_logits": q_closed - q_open if has_open else None,
        "gap_months": 7.5 if month > 8 else None,
        "gap_months_censored": month <= 8,
        "price_flagship": 20 if month < 2 else max(6, 36 - 6 * (month // 8)),
        "price_gpt35_level": cheapest[0],
        "price_gpt4_level": cheapest[1],
        "price_gpt4o_level": cheapest[2],
        "hhi_spend": 1e4 * sum(share**2 for share in top),
        "leader": max(shares, key=lambda name: shares[name]),
        "leader_share_spend": top[0],
        "top3_share_spend": sum(top[:3]),
    }


def vendor_rows(month: int) -> list[dict[str, Any]]:
    """Return one month of every vendor."""
    return [
        {
            "month": month,
            "vendor": name,
            "strategy": VENDORS[name][0],
            "alive": True,
            "spend_share": share,
            "spend": share * 1e7,
            "revenue_api": share * 1e7,
            "gross_margin": 0.5 if share else None,
        }
        for name, share in vendor_shares(month).items()
    ]


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns."""
    return {key: [row[key] for row in rows] for key in rows[0]}


def tables(months: int = 96) -> dict[str, pa.Table]:
    """Return every table of a run; those that are not invented have no rows."""
    made = {name: table(name, {}) for name in SCHEMAS}
    made["market"] = table("market", columns([market_row(month) for month in range(months)]))
    rows = [row for month in range(months) for row in vendor_rows(month)]
    return made | {"vendor": table("vendor", columns(rows))}


class FakeScenario:
    """A scenario that knows only how to be written down."""

    def __init__(self, name: str) -> None:
        self.name = name

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return the tree that a manifest holds."""
        assert mode == "json"
        return {"name": self.name, "history": {"until": "2024-12"}, "seed": 1}


@dataclass
class FakeResult:
    """What `sim.run` returns, invented."""

    name: str = "baseline"
    months: int = 96
    seed: int = 1
    run_id: str = "0123456789abcdef"
    regime: str = "coexistence"
    enterprises: int = 2000
    slots: int = 12000
    seconds: float = 1.5
    tables: dict[str, pa.Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tables = self.tables or tables(self.months)

    @property
    def scenario(self) -> FakeScenario:
        """The scenario it came from."""
        return FakeScenario(self.name)
