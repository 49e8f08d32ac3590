"""The published volumes of 2018: asked for within a tenth, met at any size; what is missed is told with its reason."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from sim.agents.merchants import Merchants
from sim.behaviour.parameters import load_parameters
from sim.engine import simulate_once
from sim.kernel.rows import NOBODY
from sim.observation.words import Published
from tests.systems.runs import scenario

USERS = 20_000
# What is missed and why: in the model whoever has a pledge sells something on the busiest day of the year, while
# fewer than half of the sellers who took part in 2018 did.
KNOWN = {"merchants on Double 11"}
# Hundreds of orders, of which single shoppers make several, do not show a share to a tenth.
FEW = {
    "orders of the day by 00:00:21",
    "hour profile of orders, largest gap",
    "hour profile of visits, largest gap",
}
# Numbers of the year and of the day that press names, and arithmetic on them.
NAMED = {
    "charity orders": "79.29", "donated by them": "3.64", "buyers": "4.27", "merchants taking part": "200",
    "charity orders on Double 11": "> 3", "buyers on Double 11": "> 1.13", "merchants on Double 11": "91.8",
    "Double 11 ÷ mean day": "13.8", "charity orders per buyer of the day": "2.65",
    "charity share of the day's orders": "29", "yuan per charity order": "0.0459",
    "charity orders per buyer-year": "18.6",
}  # fmt: skip


@cache
def rows(users: int, **changes: float) -> dict[str, Published]:
    """The published rows of a year; settings are written with double underscores."""
    changed = {name.replace("__", "."): value for name, value in changes.items()}
    played = simulate_once(scenario("double11_2018", users, changes=changed))
    return {row["name"]: row for row in played.published}


def missed(found: dict[str, Published]) -> set[str]:
    """The names of the rows that did not pass."""
    return {name for name, row in found.items() if not row["passed"]}


def test_every_published_number_has_a_row() -> None:
    """Orders, money, buyers and merchants of the year and of the day, and what follows from them."""
    found = rows(USERS)
    assert {name: found[name]["published"] for name in NAMED} == NAMED
    assert {found[name]["size"] for name in list(NAMED)[:7]} == {"real"}


def test_no_band_is_wider_than_a_tenth() -> None:
    """Where a number is published, its limits are at most 10 % from it, and it lies within them."""
    numbers = {
        name: re.fullmatch(r"(> )?(\d+(\.\d+)?)", row["published"]) for name, row in rows(USERS).items()
    }
    held = {name: float(number[2]) for name, number in numbers.items() if number and float(number[2]) > 0}
    assert len(held) > 15
    for name, number in held.items():
        row = rows(USERS)[name]
        assert number * 0.9 <= row["low"] + 1e-9, name
        assert row["high"] - 1e-9 <= number * 1.1, name
        assert row["low"] <= number <= row["high"], name
        assert not numbers[name][1] or row["low"] == number, name  # type: ignore[index]


def test_every_row_says_what_it_was_used_for() -> None:
    """Put in, fitted or held out; some of each, so that not everything that passes was asked to."""
    uses = [row["use"] for row in rows(USERS).values()]
    assert set(uses) == {"put in", "fitted", "held out"}
    assert uses.count("held out") >= 5


def test_a_small_year_meets_the_published_volumes() -> None:
    """All rows that need no more users pass, but for those that are known to be missed."""
    assert missed(rows(USERS)) - FEW == KNOWN


def test_the_bands_notice_a_wrong_setting() -> None:
    """A quarter more orders a shopper, or a charity share of a fifth: the year's volumes are missed."""
    many = missed(rows(USERS, shopping__regular_orders_per_31_days=7.7))
    few = missed(rows(USERS, merchants__charity_share=0.2))
    assert {"charity orders", "donated by them", "charity orders per buyer-year"} <= many & few
    assert "charity share of the day's orders" in few


@pytest.mark.nightly
def test_a_year_of_200_000_meets_them_too() -> None:
    """At 200,000 users, busiest ten seconds and all."""
    found = rows(200_000)
    assert "busiest 10 s ÷ mean 10 s" in found
    assert missed(found) == KNOWN


# --- the market they stand on ---------------------------------------------------------------------------


@cache
def market(users: int, seed: int) -> Merchants:
    """The sellers of 2018 as the year begins; every pledge goes to one project."""
    return Merchants.draw(
        scenario("double11_2018", users, seed), load_parameters(), 0, (np.ones(1), np.zeros(1, np.int64))
    )


def look(m: Merchants) -> dict[str, float]:
    """What a market is like, whatever its size."""
    pledged = m.product["project"] != NOBODY
    sold = m.popularity[pledged]
    takers = m.pledged > 0
    usual = np.array([m.usual_fen(int(item)) for item in np.flatnonzero(pledged)])
    return {
        "charity share": float(sold.sum()),
        "takers": float(takers.mean()),
        "sold by takers": float(m.popularity[takers[m.owner]].sum()),
        "pledges each": float(m.pledged[takers].mean()),
        "fen an order": float((usual * sold).sum() / sold.sum()),
    }


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("users", [50_000, 200_000])
def test_a_small_market_is_like_a_large_one(users: int, seed: int) -> None:
    """What sellers are like does not depend on how many are simulated, nor on luck: as with a million users."""
    large = look(market(1_000_000, 1))
    small = look(market(users, seed))
    for name, width in {
        "charity share": 0.005,
        "takers": 0.02,
        "sold by takers": 0.03,
        "pledges each": 0.15,
    }.items():
        assert small[name] == pytest.approx(large[name], rel=width), name
    assert small["fen an order"] == pytest.approx(large["fen an order"], rel=0.12)


def test_who_takes_part_is_there_from_the_start() -> None:
    """One seller in six has a pledge on the first day, on its best-sellers: the share is the long-run one."""
    m = market(50_000, 1)
    settings = m.scenario.merchants
    assert m.taking == round(settings.ceiling * len(m.size_z)) == (m.pledged > 0).sum()
    assert m.popularity[m.product["project"] != NOBODY].sum() == pytest.approx(
        settings.charity_share, rel=0.01
    )
    for shop in np.flatnonzero(m.pledged):
        mine = m.owner == shop
        with_it = m.product["project"][mine] != NOBODY
        assert m.popularity[mine][with_it].min() >= m.popularity[mine][~with_it].max(initial=0.0)
