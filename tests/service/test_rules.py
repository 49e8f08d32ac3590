"""The charity's rules as the ledger decides them: periods, pools, matches, caps, corrections, daily duties."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.bookkeeping import CHART
from sim.ledger.entries import event_id, printed_id
from sim.ledger.ledger import Ledger
from sim.ledger.sqlite import SqliteStore
from tests.service.booking import WALL, Books
from tests.service.serving import DAY, NOON

MIDNIGHT = NOON + DAY // 2  # 10 September 2022, 0:00 of UTC+8


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    one = Ledger(SqliteStore(tmp_path / "ledger.db", CHART), CHART)
    yield one
    assert set(Books(one).totals().values()) <= {0}
    one.stop()


@pytest.fixture
def books(ledger: Ledger) -> Books:
    """Its books under a campaign clock."""
    return Books(ledger)


def give(books: Books, *periods: int, beans: int = 100, user: str = "u1") -> None:
    """Opening beans, so many in each period."""
    for period in periods:
        books.do("openings", account=f"2110:{user}:{period}", amount=beans)


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


# --- projects ------------------------------------------------------------------------------------------------


def funded(books: Books, fen: int = 1_000) -> None:
    """A project with money that is in custody."""
    books.do("donations", user="u1", project="p1", fen=fen)
    books.do("provider-settlements", fen=fen, direction="in")


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
