"""Columns of the `market` table: one row a month, statistics of home firms unless said.

"(survey)" marks a statistic that imitates an enterprise survey: the plain mean of the weighted
shares of the bands mid and large.
"""

import pyarrow as pa

from agents.common.vocabulary import STRATEGIES
from sim.schema_fields import (
    COUNT,
    LOGIT,
    MONEY,
    MONTHS,
    PRICE,
    SHARE,
    TOKENS,
    calendar,
    flag,
    integer,
    number,
    text,
)

ADOPTION = [
    *calendar(),
    number("adoption", SHARE, "firms with at least one slot in use, by weight"),
    number("adoption_large", SHARE, "the same within the band large"),
    number("restricted_share", SHARE, "firms under a restriction now (survey, all firms)"),
    number("ever_restricted_share", SHARE, "firms restricted now or before (survey, all firms)"),
]

USAGE = [
    number("tokens", TOKENS, "tokens used by home firms"),
    number(
        "spend",
        MONEY,
        "paid to sellers: API, hosting, platform fees, tuning, GPU rent, licences, support",
    ),
    number("spend_full", MONEY, "spend with staff, integration and cost of money"),
    number("share_tokens_api", SHARE, "tokens bought from the API of the model's own vendor"),
    number("share_tokens_hosted", SHARE, "tokens served by third-party hosts and platforms"),
    number("share_tokens_selfhost", SHARE, "tokens served on the firm's own GPUs"),
    number("share_tokens_open", SHARE, "tokens of open-weight models through any access"),
    number("share_spend_open", SHARE, "spend on open-weight models through any access"),
    number("open_usage_share", SHARE, "open slots among slots in use (survey)"),
    number("any_open_share", SHARE, "adopters that use some open model (survey)"),
    number(
        "main_closed_share",
        SHARE,
        "adopters whose planned use costs more on closed models (survey)",
    ),
    *(
        number(f"share_tokens_vendor_{kind}", SHARE, f"tokens of vendors whose strategy is {kind}")
        for kind in STRATEGIES
    ),
]

GAP = [
    number("q_closed", LOGIT, "best true quality of a closed model an unrestricted firm may buy"),
    number("q_open", LOGIT, "best true quality of an open model an unrestricted firm may buy"),
    number("gap_logits", LOGIT, "q_closed less q_open"),
    number("gap_elo", "Elo", "the gap on the Arena scale, 173.7 points a logit"),
    number("gap_compute", "ln compute", "the gap as log of effective training compute"),
    number("gap_months", MONTHS, "time since the closed frontier first reached q_open; 0 if ahead"),
    flag("gap_months_censored", "q_open lies below the first closed value, so the lag is unknown"),
]

PRICES = [
    number("price_flagship", PRICE, "median API price of home vendors' latest large closed models"),
    number("price_gpt35_level", PRICE, "cheapest listed api or hosted price at q -0.55 or better"),
    number("price_gpt4_level", PRICE, "cheapest listed api or hosted price at q -0.13 or better"),
    number("price_gpt4o_level", PRICE, "cheapest listed api or hosted price at q 0.48 or better"),
    number(
        "price_ratio_open_closed",
        "ratio",
        "median over open models of hosted price to that of closed models within 0.25 logits",
    ),
    number("price_ratio_best", "ratio", "cheapest open to cheapest closed at the best shared q"),
]

COMPETITION = [
    number("hhi_spend", "points", "Herfindahl index of `vendor.spend_share`, 0 to 10,000"),
    text("leader", "vendor with the largest `vendor.spend_share`"),
    number("leader_share_spend", SHARE, "the leader's `vendor.spend_share`"),
    number("top3_share_spend", SHARE, "`vendor.spend_share` of the three largest together"),
    number("switch_rate_year", SHARE, "slots in use a year apart whose vendor differs (survey)"),
    number("switch_firm_year", SHARE, "adopters a year apart with no vendor kept (survey)"),
    number("upgrade_rate_year", SHARE, "slots that changed model inside their vendor (survey)"),
    number("vendors_per_adopter", "vendors", "mean number of model vendors in use (survey)"),
    number("multihoming3_large", SHARE, "large adopters that use three or more vendors"),
    number("models5_share", SHARE, "adopters that use five or more models (survey)"),
    number("mixed_tiers_share", SHARE, "tokens of firms that use several product tiers (C12)"),
    number("tuned_share_tokens", SHARE, "tokens served by tuned models"),
    number("top1pct_share_tokens", SHARE, "tokens of the top 1% of adopters by tokens"),
]

CLAIMS = [
    number("share_cheapest_closed", SHARE, "demand whose cheapest adequate offer is closed (C02)"),
    number("share_cheapest_closed_60", SHARE, "the same where 60% of the best success will do"),
    number("share_cheapest_closed_95", SHARE, "the same where 95% of the best success is needed"),
    *(
        number(f"share_cheapest_closed_{band}", SHARE, f"the same at 80%, demand of {band} firms")
        for band in ("micro", "mid", "large")
    ),
    number(
        "path_share",
        SHARE,
        "builders' slots that began on a closed model and moved to a tuned open one (C11)",
    ),
    number("path_months", MONTHS, "mean months that this move took (C11)"),
    number("value_solved_q0", SHARE, "value at stake solved by a model of quality 0 (C14)"),
    number("crowd_quality", LOGIT, "quality that users of open models have given back"),
    number("crowd_packaging", "share of V", "packaging that users of open models have given back"),
    number("platform_revenue", MONEY, "fees and margins that platforms take of home spend"),
]

STRUCTURE = [
    number("hosts", COUNT, "hosts serving open weights, world"),
    integer("models_live", COUNT, "models open to new buyers in some region"),
    *(
        integer(f"strategy_{kind}", COUNT, f"vendors alive whose strategy is {kind}")
        for kind in STRATEGIES
    ),
]

WELFARE = [
    number("consumer_surplus", MONEY, "value less cost, risk and one-off terms, without taste"),
    number("surplus_taste", MONEY, "the part of surplus that taste noise adds, kept apart"),
    number(
        "vendor_profit", MONEY, "vendors' operating profit after training, without funding, world"
    ),
    number("host_profit", MONEY, "profit of hosts and platforms, world"),
    number("operator_income", MONEY, "application operators' revenue less their bill, world"),
    number("complement_income", MONEY, "vendors' income from complements, kept apart, world"),
    number("welfare", MONEY, "surplus with vendor and host profit, foreign profit by home share"),
]

MARKET = pa.schema([*ADOPTION, *USAGE, *GAP, *PRICES, *COMPETITION, *CLAIMS, *STRUCTURE, *WELFARE])
