"""The offer book: who is on the list of new buyers, and columns that follow the models."""

from types import SimpleNamespace

import numpy as np
import pytest

from agents.common.offers import Model
from agents.vendor.parameters import ReleaseParameters
from agents.vendor.releases import put_on_sale
from agents.vendor.strategies import Closed
from sim.loading import load
from sim.market import Market
from sim.stock import NEVER, Stock


def model(generation: int, tier: int = 2) -> Model:
    return Model(
        name=f"model {generation}", vendor=0, vendor_id="v", tier=tier, generation=generation,
        q=float(generation), released=3 * generation, licence=0, serving_cost=1.0,
        total_params=70.0, active_params=70.0, effective_compute=0.0, scripted=False, api=True,
        list_price=None,
    )  # fmt: skip


def test_only_the_immediate_predecessor_stays_on_the_list() -> None:
    vendor = SimpleNamespace(strategy=Closed(), models=[])
    first, second, third, other = model(1), model(2), model(3), model(4, tier=0)
    for item in (first, second, other, third):
        put_on_sale(vendor, item, item.released, ReleaseParameters())  # type: ignore[arg-type]
    assert (first.superseded, second.superseded, third.superseded) == (6, 9, None)
    assert (first.delisted, second.delisted, third.delisted) == (True, False, False)
    assert other.superseded is None


@pytest.fixture(scope="module")
def market() -> Market:
    market = Market(load("baseline", {"enterprise.population": 300, "months": 40}))
    for _ in range(40):
        market.step()
    return market


def test_delisted_models_are_for_their_holders_only(market: Market) -> None:
    assert market.sums is not None
    book = market.book
    delisted = np.array([m.delisted for m in market.models])
    recent = np.array([
        m.delisted and m.superseded is not None and market.month - m.superseded < 12
        for m in market.models
    ])  # fmt: skip
    assert recent.any()
    assert not delisted[book.model[book.listed == 1]].any()
    assert delisted[book.model[book.listed == 0]].any()


def test_the_book_is_sorted_by_vendor_openness_model_and_variant(market: Market) -> None:
    book = market.book
    variant = book.access + 3 * book.tuned
    assert np.array_equal(book.offering, 6 * book.model + variant)
    assert np.array_equal(
        np.lexsort((variant, book.model, book.open, book.vendor)), np.arange(book.offering.size)
    )


def test_columns_follow_the_models() -> None:
    models, stock = [model(1), model(2)], Stock()
    for index, item in enumerate(models):
        item.index = index
    stock.update(models)
    assert stock.code("superseded").tolist() == [NEVER, NEVER]
    models[0].superseded, models[1].list_price = 7, 2.5
    stock.update(models)
    assert stock.code("superseded").tolist() == [7, NEVER]
    assert np.array_equal(stock.number("list_price"), [np.nan, 2.5], equal_nan=True)
    many = [model(g) for g in range(3, 200)]
    for index, item in enumerate(many):
        item.index = index + 2
    stock.update(models + many)
    assert stock.number("q").tolist() == [float(g) for g in range(1, 200)]
