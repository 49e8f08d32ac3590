"""Gifts of beans and money, their matches and their corrections."""

from __future__ import annotations

import pytest

from sim.ledger.entries import event_id, printed_id
from tests.service.booking import Books, give
from tests.service.serving import DAY, NOON

MIDNIGHT = NOON + DAY // 2  # 10 September 2022, 0:00 of UTC+8


# --- gifts ---------------------------------------------------------------------------------------------------


def test_a_bean_gift_is_refused_whole_if_the_pool_cannot_cover_it(books: Books) -> None:
    """Neither beans nor money move; the answer says what the pool has and what was needed."""
    give(books, 20220930, beans=300)
    books.do("pools.deposit", id="s0", fen=299)
    words = {"user": "u1", "project": "p1", "pool": "s0", "rate": 150}
    said = books.refused("bean-donations", beans=200, **words)
    assert (said["code"], said["available"], said["required"]) == ("pool_exhausted", 299, 300)
    assert books.available("2110:u1:20220930") == 300
    assert books.do("bean-donations", beans=100, **words)["balances"]["2400:p1"] == 150


def test_a_match_gives_what_is_left(books: Books) -> None:
    """min(asked, left), to the last fen; an empty pool gives nothing and the gift stands."""
    books.do("pools.deposit", id="s0", fen=70)
    words = {"user": "u1", "project": "p1", "fen": 100, "pool": "s0", "match": 50}
    assert [books.do("donations", **words)["matched"] for _ in range(3)] == [50, 20, 0]
    assert books.available("2400:p1") == 370


@pytest.mark.parametrize("op", ["donations", "orders.confirm"])
def test_a_match_needs_its_pool(books: Books, op: str) -> None:
    """Which pool is never guessed."""
    words = {"user": "u1", "project": "p1", "fen": 1} if op == "donations" else {"id": "o"}
    assert books.refused(op, match=1, **words)["code"] == "incomplete"


def test_the_minutes_of_a_gift_are_donated_time_of_its_year(books: Books) -> None:
    """The year is that of UTC+8: eight hours of New Year's Eve in UTC belong to the new year."""
    new_year = 1_672_502_400_000_000  # 2023-01-01 0:00 of UTC+8
    for at, year in ((new_year - 1, 2022), (new_year, 2023)):
        said = books.do("donations", user="u1", project="p1", fen=1, minutes=6, at=at)
        assert said["balances"][f"2800:u1:donated:{year}"] == 6


# --- corrections ---------------------------------------------------------------------------------------------


def gift_id(key: str) -> str:
    return printed_id(event_id("operator", key))


def test_a_donation_is_corrected_once(books: Books) -> None:
    """The money goes back to clearing; a second correction, even of the rest, is refused."""
    books.do("donations", key="g", user="u1", project="p1", fen=100)
    books.do("corrections", donation=gift_id("g"), fen=60)
    assert books.available("2400:p1") == 40
    assert books.refused("corrections", donation=gift_id("g"), fen=40)["code"] == "already_reversed"


def test_a_correction_in_the_same_commit_sees_its_donation(books: Books) -> None:
    """Group commit does not make a donation invisible to what comes after it."""
    commands = [
        books.command("donations", key="g", user="u1", project="p1", fen=100),
        books.command("corrections", donation=gift_id("g"), fen=100),
        books.command("corrections", donation=gift_id("g"), fen=100),
    ]
    assert [answer.code for answer in books.ledger.ask(*commands)] == ["", "", "already_reversed"]


def test_a_confirmed_order_and_a_bean_gift_can_be_corrected(books: Books) -> None:
    """Whatever brought money to one project."""
    give(books, 20220930)
    books.do("pools.deposit", id="s0", fen=500)
    books.do("orders", id="o", user="u1", merchant="m1", project="p1", price=100, fen=20)
    books.do("orders.pay", id="o")
    books.do("orders.confirm", key="o", id="o", pool="s0", match=5)
    books.do("bean-donations", key="b", user="u1", project="p1", pool="s0", beans=100, rate=100)
    books.do("corrections", donation=gift_id("o"), fen=25)
    books.do("corrections", donation=gift_id("b"), fen=100)
    assert books.available("2400:p1") == 0


def test_what_is_no_donation_cannot_be_corrected(books: Books) -> None:
    """A deposit is not a gift, and an unknown event is not there."""
    books.do("pools.deposit", key="d", id="s0", fen=500)
    assert books.refused("corrections", donation=gift_id("d"), fen=1)["code"] == "not_a_donation"
    assert books.refused("corrections", donation=gift_id("nobody"), fen=1)["code"] == "not_found"


def test_a_correction_is_bounded_by_the_donation_and_by_what_is_left(books: Books) -> None:
    """Not more than was given, and not what is held for a disbursement."""
    books.do("donations", key="g", user="u1", project="p1", fen=100)
    said = books.refused("corrections", donation=gift_id("g"), fen=101)
    assert (said["code"], said["donated"]) == ("exceeds_donation", 100)
    books.do("provider-settlements", fen=100, direction="in")
    books.do("disbursements", id="d", project="p1", fen=50)
    assert books.refused("corrections", donation=gift_id("g"), fen=51)["code"] == "insufficient_funds"


def test_money_does_not_move_from_a_project_to_itself(books: Books) -> None:
    """It is refused as words that do not go together: a line from an account to itself would stop the books."""
    books.do("donations", user="u1", project="p1", fen=100)
    assert books.refused("moves", project="p1", to="p1", fen=10)["code"] == "incomplete"
    assert books.do("moves", project="p1", to="p2", fen=10)["balances"] == {"2400:p1": 90, "2400:p2": 10}
