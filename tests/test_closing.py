"""The day close: whatever witness differs from the books is named with its account, asset and difference."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.engine.books import Books
from sim.engine.closing import COUNTER_NAMES, expected
from sim.engine.settlement import settlement_actions
from sim.errors import InvariantError
from sim.kernel import tallies
from tests.plainbooks import SIZES, Row, close, counted, plain_users, row, stream

DAY_US = 86_400_000_000


def a_day() -> tuple[Books, list[Row]]:
    """A few actions, among them an open order and an open voucher."""
    rows = [
        row(Kind.POOL_DEPOSIT, 0, fen=9000, pool=1),
        row(Kind.DEED, 1, beans=40, minutes=12, klass=0),
        row(Kind.HARVEST, 2, beans=30),
        row(Kind.REDEEM_HOLD, 3, beans=25),
        row(Kind.GIFT, 4, fen=500, match=200, minutes=6, klass=1, project=1, pool=1),
        row(Kind.ORDER_PAY, 5, fen=20, price=990, party=2, project=3),
    ]
    books = Books(**SIZES)
    books.post(stream(rows))
    return books, rows


@pytest.mark.parametrize(
    ("field", "account"),
    [
        ("growing", "users: account 2100 user.bean.growing (BEAN): 10 booked, users' rows sum to 17"),
        ("available", "users: account 2110 user.bean.available (BEAN): 5 booked, users' rows sum to 12"),
        ("labour", "users: account 2800:0 user.hour (HOUR): 12 booked, users' rows sum to 19"),
        ("donated", "users: account 2800:1 user.hour (HOUR): 6 booked, users' rows sum to 13"),
    ],
)
def test_users_rows_that_say_something_else_stop_the_run(field: str, account: str) -> None:
    """The alarm names account, asset and difference."""
    books, rows = a_day()
    users = plain_users(rows)
    wrong = users._replace(**{field: getattr(users, field) + 7})
    with pytest.raises(InvariantError) as alarm:
        books.close_day(3, wrong, counted(stream(rows), rows), np.array([0, 700, 0, 0]))
    assert str(alarm.value) == f"the books of day 3 are wrong\n{account}, difference -7"


def test_an_order_held_open_is_no_difference() -> None:
    """Held beans are off the users' rows, held pledges are not raised yet, and the day closes."""
    books, rows = a_day()
    close(books, rows, stream(rows))
    assert plain_users(rows).available == 5
    assert books.counters()[2400].sum(axis=1).tolist() == [0, 0, 20, 700]


BOOKED_TALLIES = [
    name
    for k, name in enumerate(tallies.TALLIES)
    if expected(np.eye(1, tallies.COUNT, k, dtype=np.int64)[0]) != expected(tallies.fresh())
]


OWED = {"beans_promised"}  # for later: on no account, and on no row, before they are due


def test_the_books_are_held_against_every_amount_that_is_counted() -> None:
    """Every tally of beans, fen or minutes is compared with some account; counts of occurrences are not."""
    amounts = [
        name for name in tallies.TALLIES if name.startswith(("beans_", "minutes_", "opened_", "granted_"))
    ]
    amounts += [name for name in tallies.TALLIES if name.endswith("_fen")]
    assert sorted(BOOKED_TALLIES) == sorted(set(amounts) - OWED)


@pytest.mark.parametrize("name", BOOKED_TALLIES)
def test_a_count_that_differs_by_one_stops_the_run(name: str) -> None:
    """The second witness is compared to the fen, the bean and the minute, whichever tally is wrong."""
    books, rows = a_day()
    tally = counted(stream(rows), rows)
    tally[tallies.TALLIES.index(name)] += 1
    alarm = r"tallies: account \d{4} [a-z.]+ \((BEAN|CNY|HOUR)\).* difference -?1"
    with pytest.raises(InvariantError, match=alarm):
        books.close_day(0, plain_users(rows), tally, np.array([0, 700, 0, 0]))


def test_a_project_that_raised_something_else_stops_the_run() -> None:
    """Two wrong projects are found although their sum is right."""
    books, rows = a_day()
    with pytest.raises(InvariantError) as alarm:
        books.close_day(0, plain_users(rows), counted(stream(rows), rows), np.array([0, 699, 1, 0]))
    assert str(alarm.value).splitlines()[1] == (
        "projects: account 2400:1 project.fund (CNY): cr_posted is 700, donations sum to 699, difference 1; "
        "account 2400:2 project.fund (CNY): cr_posted is 0, donations sum to 1, difference -1"
    )


def test_a_day_that_was_not_settled_is_not_called_settled() -> None:
    """Clearing and payables left open are an alarm only when the settlement is said to be done."""
    books, rows = a_day()
    close(books, rows, stream(rows))
    with pytest.raises(InvariantError, match=r"settlement: account 1110 cash.clearing \(CNY\): balance 1490"):
        close(books, rows, stream(rows), settled=True)


@pytest.mark.parametrize(
    ("kind", "alarm"),
    [
        (Kind.SETTLE, r"settlement: account 1110 cash.clearing \(CNY\): balance 1490 after settlement"),
        (Kind.PAYOUT, r"settlement: account 2300:2 merchant.payable \(CNY\): balance 970 after"),
        (Kind.FEE_PAYOUT, r"settlement: account 2450:1 ngo.payable \(CNY\): balance 50 after settlement"),
    ],
)
def test_a_settlement_that_forgets_somebody_stops_the_run(kind: Kind, alarm: str) -> None:
    """Provider, merchants and NGOs: each must come out even."""
    books, rows = a_day()
    rows = [
        *rows,
        row(Kind.ORDER_CONFIRM, 6, fen=20, price=990, party=2, project=3),
        row(Kind.FEE, 7, fen=50, project=1, party=1),
    ]
    books.post(stream(rows[-2:]))
    paid = [
        row(Kind(a["kind"]), DAY_US, fen=int(a["fen"]), party=int(a["party"]))
        for a in settlement_actions(books, DAY_US)
        if a["kind"] != kind
    ]
    books.post(stream(paid))
    with pytest.raises(InvariantError, match=alarm):
        close(books, rows + paid, stream(rows + paid), settled=True)


def test_minutes_of_one_class_are_not_those_of_the_other() -> None:
    """Labour and donated time are held apart although they share an account."""
    books, rows = a_day()
    tally = counted(stream(rows), rows)
    tally[tallies.MINUTES_LABOUR] += 1
    tally[tallies.MINUTES_DONATED] -= 1
    with pytest.raises(InvariantError) as alarm:
        books.close_day(0, plain_users(rows), tally, np.array([0, 700, 0, 0]))
    assert str(alarm.value).splitlines()[1:] == [
        "tallies: account 2800:0 user.hour (HOUR): cr_posted is 12, tallies say 13, difference -1; "
        "account 2800:1 user.hour (HOUR): cr_posted is 6, tallies say 5, difference 1"
    ]


@pytest.mark.parametrize(
    ("code", "counter", "change", "alarm"),
    [
        (3160, "cr_posted", 5, r"balanced: accounts \[.*3160.*\] \(BEAN\): .* difference -5"),
        (2600, "dr_posted", 5, r"floors: account 2600:0 sponsor.pool \(CNY\): -5 available"),
        (2400, "dr_pending", 5, r"floors: account 2400:0 project.fund \(CNY\): -5 available"),
        (1100, "cr_pending", 5, r"balanced: accounts \[1100.*\] \(CNY\): dr_pending and cr_pending differ"),
        (2900, "cr_posted", 5, r"suspense: account 2900 suspense \(CNY\): balance 5"),
        (
            3380,
            "dr_posted",
            -1,
            r"floors: account 3380 hour.revoked \(HOUR\): dr_posted is -1, difference -1",
        ),
    ],
)
def test_tampered_counters_stop_the_run(code: int, counter: str, change: int, alarm: str) -> None:
    """A counter that changes without an action is found by the check that guards it."""
    books, rows = a_day()
    books.counters()[code][COUNTER_NAMES.index(counter), 0] += change
    with pytest.raises(InvariantError, match=alarm):
        close(books, rows, stream(rows))


def test_many_findings_of_one_check_are_cut_short() -> None:
    """Three findings are named, the rest counted: a report stays readable."""
    books, rows = a_day()
    with pytest.raises(InvariantError, match=r"tallies: .*; .*; .* … and \d+ more"):
        books.close_day(0, plain_users(rows), tallies.fresh(), np.array([0, 700, 0, 0]))
