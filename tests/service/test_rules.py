"""Projects' money, what happens once, administration, clocks."""

from __future__ import annotations

from typing import Any

import pytest

from sim.ledger.ledger import Ledger
from tests.service.booking import WALL, Books, funded, give
from tests.service.serving import DAY, NOON

MIDNIGHT = NOON + DAY // 2  # 10 September 2022, 0:00 of UTC+8


# --- projects ------------------------------------------------------------------------------------------------


def test_a_fee_is_capped_by_what_is_available(books: Books) -> None:
    """10 % of the project's available money; holds lower it."""
    funded(books)
    said = books.refused("fees", project="p1", ngo="n1", fen=101)
    assert (said["code"], said["most"]) == ("fee_cap_exceeded", 100)
    books.do("disbursements", id="d", project="p1", fen=500)
    assert books.refused("fees", project="p1", ngo="n1", fen=51)["most"] == 50
    books.do("fees", project="p1", ngo="n1", fen=50)


def test_who_asks_does_not_approve(books: Books) -> None:
    """The maker's key is kept with the disbursement; another one must approve, and be bound to the project."""
    funded(books)
    books.do("disbursements", by="ngo", id="d", project="p1", fen=500)
    assert books.refused("disbursements.approve", by="ngo", id="d")["code"] == "maker_is_checker"
    other = ("project:p2",)
    assert books.refused("disbursements.approve", by="chk", owners=other, id="d")["code"] == "foreign_object"
    assert books.do("disbursements.approve", by="chk", owners=("project:p1",), id="d")["state"] == "approved"


def test_money_leaves_only_after_approval(books: Books) -> None:
    """Asked, approved, then paid or failed; every other step is refused with the state."""
    funded(books)
    books.do("disbursements", by="ngo", id="d", project="p1", fen=500)
    assert books.refused("disbursements.complete", id="d")["state"] == "asked"
    books.do("disbursements.approve", by="checker", id="d")
    assert books.refused("disbursements.approve", by="checker", id="d")["state"] == "approved"
    assert books.refused("disbursements.complete", id="d", fen=501)["code"] == "exceeds_hold"
    books.do("disbursements.complete", id="d", fen=200)
    assert books.available("2400:p1") == 800
    for step in ("complete", "fail", "approve"):
        assert books.refused(f"disbursements.{step}", by="x", id="d")["state"] == "paid"


def test_a_failed_disbursement_frees_what_it_held(books: Books) -> None:
    """From asked or approved, once."""
    funded(books)
    for id in ("a", "b"):
        books.do("disbursements", by="ngo", id=id, project="p1", fen=500)
    books.do("disbursements.approve", by="checker", id="b")
    assert books.available("2400:p1") == 0
    for id in ("a", "b"):
        books.do("disbursements.fail", id=id)
        assert books.refused("disbursements.fail", id=id)["state"] == "failed"
    assert books.available("2400:p1") == 1_000


def test_a_project_cannot_ask_for_what_it_does_not_have(books: Books) -> None:
    """Money promised by paid orders is not the project's yet."""
    books.do("orders", id="o", user="u1", merchant="m1", project="p1", price=100, fen=20)
    books.do("orders.pay", id="o")
    books.do("provider-settlements", fen=100, direction="in")
    assert books.refused("disbursements", id="d", project="p1", fen=1)["code"] == "insufficient_funds"


# --- once and only once --------------------------------------------------------------------------------------


def test_a_partners_record_is_counted_once(books: Books) -> None:
    """Channel and external id name it; the same number of another channel is another record."""
    words = {"user": "u1", "minutes": 60, "klass": "labour", "external_id": "7"}
    books.do("deeds", channel="a", **words)
    assert books.refused("deeds", channel="a", **words)["code"] == "already_done"
    books.do("deeds", channel="b", **words)
    assert books.refused("deeds", **words)["code"] == "incomplete"


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("provider-settlements", {"direction": "in"}),
        ("payouts", {"merchant": "m1"}),
        ("payouts", {"ngo": "n1"}),
    ],
)
def test_what_is_done_once_a_day_is_done_once_a_day(books: Books, op: str, words: Any) -> None:
    """A day of UTC+8: until midnight it is refused, then it may be done again."""
    books.do("openings", account="2300:m1", amount=10)
    books.do("openings", account="2450:n1", amount=10)
    books.do("pools.deposit", id="s0", fen=100)
    books.do(op, fen=1, **words)
    assert books.refused(op, fen=1, at=MIDNIGHT - 1, **words)["code"] == "already_done"
    books.do(op, fen=1, at=MIDNIGHT, **words)


def test_a_merchant_and_an_ngo_of_one_name_are_paid_apart(books: Books) -> None:
    """The day's mark says which of the two was paid."""
    for account in ("2300:x", "2450:x"):
        books.do("openings", account=account, amount=10)
    books.do("pools.deposit", id="s0", fen=100)
    books.do("payouts", merchant="x", fen=1)
    books.do("payouts", ngo="x", fen=1)


@pytest.mark.parametrize("words", [{}, {"merchant": "m1", "ngo": "n1"}], ids=["nobody", "both"])
def test_a_payout_names_one_who_is_paid(books: Books, words: Any) -> None:
    """Nobody or two are refused."""
    assert books.refused("payouts", fen=1, **words)["code"] == "incomplete"


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("orders", {"user": "u1", "merchant": "m1", "project": "p1", "price": 9, "fen": 1}),
        ("redemptions", {"user": "u1", "beans": 10}),
        ("disbursements", {"project": "p1", "fen": 10}),
    ],
)
def test_an_id_names_one_document(books: Books, op: str, words: Any) -> None:
    """A second one under another key is refused."""
    give(books, 20220930)
    funded(books)
    books.do(op, id="x", **words)
    assert books.refused(op, id="x", **words)["code"] == "already_done"


def test_an_order_gives_at_most_its_price(books: Books) -> None:
    """A pledge above the price is refused; the whole price may be given."""
    words = {"user": "u1", "merchant": "m1", "project": "p1", "price": 10}
    assert books.refused("orders", id="o", fen=11, **words)["code"] == "exceeds_price"
    books.do("orders", id="o2", fen=10, **words)
    books.do("orders.pay", id="o2")
    assert books.do("orders.confirm", id="o2")["balances"] == {"2200:m1": 0, "2400:p1": 10}


# --- administration ------------------------------------------------------------------------------------------


def test_openings_come_before_business(books: Books) -> None:
    """After the first event of any other kind they are refused."""
    books.do("openings", account="2400:p1", amount=5)
    books.do("pools.deposit", id="s0", fen=1)
    assert books.refused("openings", account="2400:p1", amount=5)["code"] == "openings_closed"


@pytest.mark.parametrize(
    "account",
    [
        "1100",
        "3100",
        "2110:u1",
        "2110:u1:2022",
        "2110:u1:20220931",
        "2400",
        "2400:a:b",
        "9999:x",
        "2800:u:idle:2022",
    ],
)
def test_only_accounts_of_the_chart_can_be_opened(books: Books, account: str) -> None:
    """An owner's account, with a real day, class and year; system accounts have no opening."""
    assert books.refused("openings", account=account, amount=5)["code"] == "unknown_account"


def test_an_account_is_closed_when_empty_and_then_rests(books: Books) -> None:
    """Not with a balance, not with holds; once closed nothing moves it until it is opened again."""
    give(books, 20220930)
    name = "2110:u1:20220930"
    assert books.refused("limits", id=name, closed=True)["code"] == "not_empty"
    books.do("redemptions", id="r", user="u1", beans=100)
    assert books.refused("limits", id=name, closed=True)["code"] == "not_empty"
    books.do("redemptions.ship", id="r")
    books.do("limits", id=name, closed=True)
    books.do("deeds", user="u1", beans=5, fades=20220912)
    assert books.refused("harvests", user="u1", beans=5, expires=20220930)["code"] == "account_closed"
    books.do("limits", id=name, closed=False)
    books.do("harvests", user="u1", beans=5, expires=20220930)


def test_what_a_limit_leaves_out_stays(books: Books) -> None:
    """A ceiling does not take the floor away, and a later floor not the ceiling."""
    books.do("limits", id="2400:p1", ceiling=100)
    books.do("limits", id="2400:p1", floor=10)
    assert books.refused("donations", user="u1", project="p1", fen=101)["code"] == "ceiling_exceeded"
    books.do("donations", user="u1", project="p1", fen=100)
    books.do("provider-settlements", fen=100, direction="in")
    assert books.refused("disbursements", id="d", project="p1", fen=91)["available"] == 90


def test_minutes_of_a_year_have_the_policys_ceiling(ledger: Ledger) -> None:
    """A user's class and year is capped from its first minutes on; other classes are not."""
    books = Books(ledger, minutes_a_year={"labour": 100})
    words = {"user": "u1", "klass": "labour"}
    assert books.refused("deeds", minutes=101, **words)["code"] == "ceiling_exceeded"
    books.do("deeds", minutes=60, **words)
    assert books.refused("deeds", minutes=41, **words)["code"] == "ceiling_exceeded"
    books.do("deeds", minutes=40, **words)
    books.do("deeds", user="u1", minutes=500, klass="donated")
    books.do("deeds", user="u1", minutes=60, klass="labour", at=NOON + 365 * DAY)


@pytest.mark.parametrize(
    "words",
    [{}, {"beans": 5}, {"minutes": 5}, {"beans": 5, "minutes": 5, "fades": 20220912}],
    ids=["nothing", "no day", "no class", "half"],
)
def test_a_deed_says_what_its_parts_need(books: Books, words: Any) -> None:
    """Beans need their day, minutes their class, and something must be earned."""
    assert books.refused("deeds", user="u1", **words)["code"] == "incomplete"


# --- clocks --------------------------------------------------------------------------------------------------


def test_effective_at_stays_near_the_wall_clock(ledger: Ledger) -> None:
    """Five minutes to either side, unless the server runs under a campaign clock."""
    books = Books(ledger, campaign_clock=False)
    minutes = 300_000_000
    for at in (WALL - minutes, WALL + minutes):
        books.do("pools.deposit", id="s0", fen=1, at=at)
    for at in (WALL - minutes - 1, WALL + minutes + 1):
        assert books.refused("pools.deposit", id="s0", fen=1, at=at)["code"] == "effective_at_out_of_range"


def test_a_late_repeat_is_still_a_repeat(ledger: Ledger) -> None:
    """What was accepted in time is answered again however late the same key comes."""
    books = Books(ledger, campaign_clock=False)
    first = books.ask("pools.deposit", key="k", id="s0", fen=1)
    again = books.ask("pools.deposit", key="k", id="s0", fen=1, now=WALL + DAY)
    assert again == first._replace(replayed=True)
