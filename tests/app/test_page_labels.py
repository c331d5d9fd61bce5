"""How the page names what a firm uses and what it could use instead."""

import pytest

pytest.importorskip("solara")

from app.browser.tables import TERM_WORDS, way, why
from sim.weighing import Option, Weighed


def option(access: str, *, tuned: bool, quality: float) -> Option:
    """An offering of one and the same model."""
    terms = dict.fromkeys(TERM_WORDS, 0.0) | {"quality": quality}
    return Option("Llama 3", "Meta", True, access, tuned, terms)


@pytest.mark.parametrize("access", ["api", "hosted", "selfhost"])
@pytest.mark.parametrize("gain", [0.1, -0.1])
def test_no_offering_is_compared_with_itself(access: str, gain: float) -> None:
    held = option(access, tuned=True, quality=gain)
    other = option(access, tuned=False, quality=0.0)
    words = why(Weighed("standard", 5.0, 3, 10.0, 2, held, (other,)))
    assert f"Llama 3 ({access}, tuned) since 2023-04" in words
    assert f"Llama 3 ({access})" in words
    assert way(held) != way(other)
