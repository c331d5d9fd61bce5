"""What the events mean that the model itself records, for the generated page."""

from typing import Final

RECORDED: Final = (
    (
        "release", "model", "quality in logits",
        "input, or plan after the record ends or of a vendor it does not have",
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
