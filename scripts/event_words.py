"""What events mean, for the generated page: those a scenario schedules, those recorded."""

from typing import Final

MEANINGS: Final = {
    "breach": (
        "size in ordinary breaches",
        "a service is broken into: all remember it, users of the vendor hit look around",
    ),
    "residency-rule": ("share of firms newly bound", "firms of a region must keep data at home"),
    "export-control": ("factor, above 0", "compute gets dearer for the vendors of a region"),
    "licence-change": ("not used", "the vendor's later weights come under the licence in `value`"),
    "algorithmic-leap": (
        "gain in ln of effective compute",
        "a vendor's private lead grows; without a target, what everyone knows",
    ),
    "weights-leak": ("not used", "weights of the vendor's best model get out (research licence)"),
    "price-cut": ("factor, above 0", "the vendor multiplies its list prices"),
    "gpu-price-change": ("factor, above 0", "GPU rent and serving cost are multiplied for good"),
    "vendor-entry": ("not used", "a vendor of the roster that is not present enters"),
    "vendor-exit": ("not used", "the vendor leaves; its open weights remain"),
    "payment-terms": ("days of credit", "all vendors change to the terms in `value`"),
    "strategy-switch": ("not used", "the vendor is put on the strategy in `value` and kept on it"),
    "set-parameter": (
        "new value of a number",
        "a parameter changes for good; those drawn before month 0 cannot",
    ),
}
"""What the magnitude of a scheduled event means, and what the event does."""

RECORDED: Final = (
    (
        "release", "model", "quality in logits", "input, or plan after the record ends",
        "of planned ones: `compute` (ln of effective compute against GPT-4's), `budget` (cost of "
        "a large run, million $), `lead` (private, ln), `imitation` and `luck` (their parts of "
        "the quality, logits)",
    ),
    (
        "price", "model", "new list price, $/Mtok", "input, revision, or scenario",
        "`old` price; of revisions `cost` of serving, `nash` (best response to the prices of "
        "rivals) and `target`, all $/Mtok",
    ),
    ("withdrawal", "model", "quality in logits", "age: the service is taken off the market", ""),
    ("entry", "vendor", "cash at entry, million $", "roster", ""),
    (
        "funding", "vendor", "raised, million $", "hazard",
        "`cash` before, million $; `burn`, million $ a month; `growth` of income against half a "
        "year ago, a factor",
    ),
    (
        "strategy", "vendor", "none", "the new strategy and what made the vendor switch",
        "of reviews: the `old` strategy; projected `cash` of each strategy and the same as `seen` "
        "with the value of openness; what an alternative `needed` to be seen to bring; million $ "
        "over `review.horizon`",
    ),
    (
        "exit", "vendor", "cash at exit, million $", "what made it leave",
        "without cash: `cash`, `burn` and `growth` as for funding",
    ),
    ("breach", "vendor, or hosts", "1", "hazard: `incident.rate` a year", ""),
)  # fmt: skip
"""What the model itself writes to the event table: kind, target, magnitude, cause, details."""
