"""Beans and hours as the ledger decides them: periods, holds, fraud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.booking import Books, give
from tests.service.serving import DAY, NOON

MIDNIGHT = NOON + DAY // 2  # 10 September 2022, 0:00 of UTC+8


# --- periods -----------------------------------------------------------------------------------------------


def test_what_expires_first_is_spent_first(books: Books) -> None:
    """A spending takes from the earliest period, then from the next."""
    give(books, 20221031, 20220930, 20221130)
    said = books.do("redemptions", id="r", user="u1", beans=150)
    assert said["balances"] == {"2110:u1:20220930": 0, "2110:u1:20221031": 50, "3180": 0}


def test_beans_are_there_on_their_last_day_and_gone_after_it(books: Books) -> None:
    """A period's last moment is midnight of UTC+8; from then on its beans cannot be spent, only expired."""
    give(books, 20220909, beans=200)
    books.do("redemptions", id="a", user="u1", beans=100, at=MIDNIGHT - 1)
    assert (
        books.refused("redemptions", id="b", user="u1", beans=100, at=MIDNIGHT)["code"]
        == "insufficient_funds"
    )
    assert books.refused("expiries", user="u1", stage="available", beans=1, at=MIDNIGHT - 1)["available"] == 0
    books.do("expiries", user="u1", stage="available", beans=100, at=MIDNIGHT)
    assert books.available("3170") == 100


def test_what_a_rule_lets_go_is_what_expires_first(books: Books) -> None:
    """Of beans that have not expired, and never more than there are; the event says by which rule."""
    give(books, 20220909, 20221031, 20220930)
    books.do("rules", id="melting")
    said = books.do("decays", user="u1", beans=150, rule="melting", at=MIDNIGHT)
    assert said["balances"] == {"2110:u1:20220930": 0, "2110:u1:20221031": 50, "3170": 150}
    assert books.available("2110:u1:20220909") == 100, "what has expired is no rule's"
    assert books.refused("decays", user="u1", beans=51, rule="melting", at=MIDNIGHT)["available"] == 50


def test_growing_beans_that_faded_cannot_be_harvested(books: Books) -> None:
    """Harvest takes what still grows; faded beans are left for their expiry."""
    books.do("deeds", user="u1", beans=50, fades=20220909)
    books.do("deeds", user="u1", beans=30, fades=20220912)
    assert books.refused("harvests", user="u1", beans=31, expires=20220930, at=MIDNIGHT)["available"] == 30
    said = books.do("harvests", user="u1", beans=30, expires=20220930, at=MIDNIGHT)
    assert said["balances"] == {"2100:u1:20220912": 0, "2110:u1:20220930": 30}
    assert books.do("expiries", user="u1", stage="growing", beans=50, at=MIDNIGHT)


@pytest.mark.parametrize(
    ("op", "words"),
    [("deeds", {"beans": 5, "fades": 20220908}), ("harvests", {"beans": 5, "expires": 20220908})],
)
def test_nothing_is_put_into_a_period_that_is_over(books: Books, op: str, words: Any) -> None:
    """Beans that would be gone already are refused."""
    assert books.refused(op, user="u1", **words)["code"] == "period_ended"


@pytest.mark.parametrize("day", [20220931, 20230229, 20221301])
def test_a_period_is_a_day_of_the_calendar(books: Books, day: int) -> None:
    """A day that does not exist is no period."""
    assert books.refused("deeds", user="u1", beans=5, fades=day)["code"] == "period_ended"


def test_one_spending_takes_from_six_periods_at_most(books: Books) -> None:
    """More lines than that are refused; asking for less succeeds."""
    give(books, *(20220910 + day for day in range(7)), beans=10)
    said = books.refused("redemptions", id="r", user="u1", beans=61)
    assert (said["code"], said["periods"], said["most"]) == ("too_many_periods", 7, 6)
    assert len(books.do("redemptions", id="r2", user="u1", beans=60)["balances"]) == 7


def test_cancelled_beans_fall_back_to_their_periods(books: Books) -> None:
    """The end of a hold gives each period what was taken from it."""
    give(books, 20220930, 20221031)
    books.do("redemptions", id="r", user="u1", beans=150)
    books.do("redemptions.cancel", id="r")
    assert (books.available("2110:u1:20220930"), books.available("2110:u1:20221031")) == (100, 100)


def test_a_hold_lapses_at_its_deadline_and_not_before(books: Books) -> None:
    """Expiry is judged by campaign time; a redemption without a deadline never lapses."""
    give(books, 20220930)
    books.do("redemptions", id="r", user="u1", beans=60, until=NOON + 10)
    assert books.refused("redemptions.expire", id="r", at=NOON + 9)["code"] == "not_due"
    assert books.do("redemptions.expire", id="r", at=NOON + 10)["state"] == "expired"
    books.do("redemptions", id="s", user="u1", beans=60)
    assert books.refused("redemptions.expire", id="s", at=NOON + DAY)["code"] == "not_due"


@pytest.mark.parametrize("first", ["ship", "cancel"])
@pytest.mark.parametrize("second", ["ship", "cancel", "expire"])
def test_a_redemption_ends_once(books: Books, first: str, second: str) -> None:
    """What was shipped or cancelled cannot end again; the answer says its state."""
    give(books, 20220930)
    books.do("redemptions", id="r", user="u1", beans=60)
    ended = books.do(f"redemptions.{first}", id="r")
    said = books.refused(f"redemptions.{second}", id="r")
    assert (said["code"], said["state"]) == ("invalid_transition", ended["state"])


def test_hours_of_the_earliest_year_go_first_and_classes_never_mix(books: Books) -> None:
    """Labour time is spent from the oldest year on; donated time does not help out."""
    books.do("openings", account="2800:u1:labour:2021", amount=10)
    books.do("openings", account="2800:u1:labour:2022", amount=10)
    books.do("openings", account="2800:u1:donated:2022", amount=99)
    said = books.do("hour-redemptions", user="u1", minutes=15, klass="labour")
    assert said["balances"] == {"2800:u1:labour:2021": 0, "2800:u1:labour:2022": 5, "3390": 15}
    assert books.refused("hour-redemptions", user="u1", minutes=6, klass="labour")["available"] == 5


def test_another_user_of_a_similar_name_is_not_touched(books: Books) -> None:
    """u1 and u10 are two people."""
    give(books, 20220930, user="u10")
    assert books.refused("redemptions", id="r", user="u1", beans=1)["available"] == 0


# --- fraud ---------------------------------------------------------------------------------------------------


def test_a_revocation_takes_what_is_left(books: Books) -> None:
    """It is clamped, says how much it took, and is refused when nothing is left."""
    give(books, 20220930)
    assert books.do("revocations", user="u1", beans=150)["revoked"] == 100
    assert books.refused("revocations", user="u1", beans=1)["code"] == "insufficient_funds"


@pytest.mark.parametrize(
    "words",
    [{}, {"beans": 1, "minutes": 1, "klass": "labour"}, {"minutes": 1}],
    ids=["none", "both", "no class"],
)
def test_a_revocation_is_of_beans_or_of_minutes_of_a_class(books: Books, words: Any) -> None:
    """Words that do not go together are refused."""
    assert books.refused("revocations", user="u1", **words)["code"] == "incomplete"
