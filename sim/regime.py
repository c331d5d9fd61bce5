"""What kind of market a run ends in."""

import pyarrow as pa
import pyarrow.compute as pc

from sim.parameters import OutputParameters

LAST = 12
"""Months at the end over which a regime is judged."""


def regime(market: pa.Table, bounds: OutputParameters) -> str:
    """Label of a run by the means of its last twelve months; the first match counts.

    collapse, monopoly, dual-led, open-led, closed-led, else coexistence.
    """
    end = market.slice(max(market.num_rows - LAST, 0))

    def mean(column: str) -> float:
        value = pc.mean(end[column]).as_py()
        return 0.0 if value is None else float(value)

    alive = sum(end[f"strategy_{kind}"][-1].as_py() or 0 for kind in ("open", "closed", "dual"))
    peak = pc.max(market["spend"]).as_py() or 0.0
    if alive == 0 or mean("spend") < 0.1 * peak or peak <= 0:
        return "collapse"
    if mean("leader_share_spend") >= bounds.monopoly:
        return "monopoly"
    if mean("share_tokens_vendor_dual") >= bounds.dual_led:
        return "dual-led"
    if mean("share_tokens_open") >= bounds.open_led:
        return "open-led"
    if mean("share_tokens_open") <= bounds.closed_led:
        return "closed-led"
    return "coexistence"
