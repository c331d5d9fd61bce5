"""Columns of every table but `market`: vendor, host, operator, offering, decision and others."""

import pyarrow as pa

from agents.common.vocabulary import TIERS
from sim.schema_fields import (
    COUNT,
    FIRMS,
    LOGIT,
    MONEY,
    PRICE,
    SHARE,
    SLOTS,
    STOCK,
    TOKENS,
    VALUE_SHARE,
    calendar,
    flag,
    integer,
    number,
    text,
)

VENDOR = pa.schema(
    [
        *calendar(),
        text("vendor", "name of the vendor"),
        text("archetype", "kind of vendor it was drawn or listed as"),
        text("region", "region of its seat"),
        flag("alive", "still in business at the end of the month"),
        text("strategy", "open, closed or dual, over all its current models"),
        *(text(f"strategy_{tier}", f"strategy for its {tier} tier") for tier in TIERS),
        text("licence", "licence of its latest large model"),
        *(
            number(f"q_{tier}", LOGIT, f"true quality of its current {tier} model")
            for tier in TIERS
        ),
        *(
            number(f"price_{tier}", PRICE, f"list price of its current {tier} model")
            for tier in TIERS
        ),
        number("tokens", TOKENS, "home firms' tokens of its models through any access"),
        number("spend", MONEY, "home firms' spend on its models, whoever is paid"),
        number("spend_share", SHARE, "its share of `market.spend`"),
        number(
            "tokens_world",
            TOKENS,
            "tokens of its models, firms of all regions",
        ),
        number("revenue_api", MONEY, "API sales, world"),
        number("revenue_services", MONEY, "support and on-premises services, world"),
        number("revenue_licence", MONEY, "licence fees from self-hosters, world"),
        number(
            "revenue_royalty",
            MONEY,
            "royalties, and what platforms leave to it, world",
        ),
        number("revenue_complement", MONEY, "income from complements, world"),
        number("cost_serving", MONEY, "cost of serving its API"),
        number("cost_packaging", MONEY, "outlay on packaging, free use and support"),
        number("cost_training", MONEY, "training runs and the research around them"),
        number("cost_staff", MONEY, "staff"),
        number("cost_subsidy", MONEY, "serving cost not covered by price"),
        number("funding", MONEY, "funding raised this month"),
        number("receivables", STOCK, "sold and not yet paid for"),
        number("cash", STOCK, "cash at the end of the month"),
        number("profit", MONEY, "revenue less all costs, without funding"),
        number("gross_margin", SHARE, "API revenue less serving cost, over API revenue"),
        number("packaging", VALUE_SHARE, "stock of packaging, as value to a user"),
        number("reputation", VALUE_SHARE, "reputation after incidents, as value to a user"),
    ]
)

HOST = pa.schema(
    [
        *calendar(),
        text("kind", "host or platform"),
        text("name", "name of the platform, or of the hosts' group"),
        text("model", "model served; null for a platform's total"),
        number("number", COUNT, "symmetric hosts behind this row, world"),
        number("price", PRICE, "price asked of users; of a platform, gross sales over tokens"),
        number("tokens", TOKENS, "tokens served to firms and operators, world"),
        number("revenue", MONEY, "sales of hosts, fees and margins of a platform, world"),
        number("cost", MONEY, "serving and royalties of hosts, packaging of a platform"),
    ]
)

OPERATOR = pa.schema(
    [
        *calendar(),
        text("operator", "name of the application operator"),
        number("users", "users", "active users"),
        number("tokens", TOKENS, "tokens its users consume"),
        number("bill", MONEY, "what the models cost it"),
        number("revenue", MONEY, "revenue from its users"),
    ]
)

OFFERING = pa.schema(
    [
        *calendar(),
        text("offering", "key of the offering"),
        text("model", "model offered"),
        text("vendor", "vendor of the model"),
        text("tier", "product tier: small, medium or large"),
        text("access", "api, hosted or selfhost"),
        flag("tuned", "tuned on the buyer's data"),
        flag("open", "weights are open"),
        flag("listed", "open to new buyers: a home firm that is not restricted may choose it now"),
        number("price", PRICE, "price of use; null for self-hosting"),
        number("q", LOGIT, "true quality"),
        number("q_perceived", LOGIT, "quality as enterprises perceive it"),
        number("slots", SLOTS, "slots in use, home, by weight"),
        number("tokens", TOKENS, "home firms' tokens"),
        number("spend", MONEY, "home firms' spend, whoever is paid"),
    ]
)

TERMS = {
    "quality": "quality beyond need",
    "cost": "cost of use",
    "risk": "risk of exposure",
    "switch": "switching, spread over the holding time",
    "integration": "integration, spread over the holding time",
    "packaging": "packaging of the finished service",
    "control": "taste for control",
    "taste": "brand, peers and persistent taste",
}

DECISION = pa.schema(
    [
        *calendar(),
        text("band", "size band: micro, mid or large"),
        integer("own_base_quartile", "quartile", "quartile of own infrastructure, 0 the least"),
        text("tier", "workload tier: routine, standard or frontier"),
        text("access", "access chosen: api, hosted or selfhost"),
        flag("open", "weights of the choice are open"),
        flag("tuned", "the choice is tuned"),
        number("slots", SLOTS, "slots in use that chose this way, by weight"),
        number("tokens", TOKENS, "tokens of these slots"),
        number("value", MONEY, "value at stake in these slots"),
        number("cost_money", MONEY, "spend, integration, and cost or gain of paying ahead or late"),
        number(
            "cost_staff",
            MONEY,
            "staff needed to operate; the rest of spend_full",
        ),
        number("successes", TOKENS, "tokens times the chance that the model is good enough"),
        number("decided", SLOTS, "slots that chose this month, by weight; terms are their means"),
        number("compared", SLOTS, "those of them with an alternative of the other openness"),
        *(number(f"term_{key}", VALUE_SHARE, f"mean term: {what}") for key, what in TERMS.items()),
        *(
            number(
                f"alternative_term_{key}",
                VALUE_SHARE,
                f"the same for the best alternative of the other openness: {what}",
            )
            for key, what in TERMS.items()
        ),
    ]
)

SEGMENT = pa.schema(
    [
        *calendar(),
        text("region", "region of the firms"),
        text("sector", "sector of the firms"),
        text("band", "size band of the firms"),
        number("enterprises", FIRMS, "firms in the segment, by weight"),
        integer("simulated", COUNT, "simulated firms behind this row, without weight"),
        number("adoption", SHARE, "firms with at least one slot in use, by weight"),
        number("slots", SLOTS, "slots in use, by weight"),
        number("open_usage_share", SHARE, "open slots among slots in use"),
        number("selfhost_share", SHARE, "self-hosted slots among slots in use"),
        number("restricted_share", SHARE, "firms under a restriction"),
        number("tokens", TOKENS, "tokens used"),
        number("spend", MONEY, "spend, as `market.spend` is of home firms"),
        number("consumer_surplus", MONEY, "consumer surplus without taste noise"),
    ]
)

EVENT = pa.schema(
    [
        *calendar(),
        text("kind", "what happened: release, price, strategy, entry, exit, breach and others"),
        text("target", "vendor, model or region it happened to"),
        number("magnitude", "by kind", "size of the event in the unit of its kind"),
        text("cause", "input, scenario, or the rule that brought it about"),
        text("details", "numbers it was decided on, a JSON object by kind; null if none"),
    ]
)

PANEL = pa.schema(
    [
        *calendar(),
        integer("enterprise", "id", "identity of the firm in this run"),
        number("weight", FIRMS, "real firms it stands for"),
        text("region", "region"),
        text("sector", "sector"),
        text("band", "size band"),
        number("employees", "persons", "staff"),
        flag("builder", "builds AI products itself"),
        flag("open_aware", "considers open models at all"),
        number("sensitivity", "0 to 1", "sensitivity of its data"),
        number("theta", "1/V", "decisiveness: utils per unit of value at stake"),
        integer("adopted_since", "month", "month of first use; null before"),
        flag("restricted", "under a restriction now"),
        flag("ever_restricted", "restricted now or before"),
        text("main_vendor", "model vendor of the slots with the largest value at stake"),
        integer("vendors", COUNT, "model vendors in use"),
        integer("models", COUNT, "models in use"),
        integer("slots", COUNT, "slots in use"),
        integer("slots_open", COUNT, "slots on open models"),
        integer("slots_selfhost", COUNT, "slots that are self-hosted"),
        integer("slots_tuned", COUNT, "slots on tuned models"),
        number("tokens", TOKENS, "tokens used by the firm itself, without weight"),
        number("spend", MONEY, "spend of the firm itself, without weight"),
        number("data_stock", "Mtok", "data collected over its slots"),
    ]
)
