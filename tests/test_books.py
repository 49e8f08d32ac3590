"""The books: any valid campaign balances, settles and continues; impossible rows stop the run."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bookkeeping import CHART, EFFECTS, POSTINGS, Kind, read_action
from sim.engine.actions import empty, join, sort_stream
from sim.engine.books import LIMIT, Books, UserTotals
from sim.engine.settlement import NUMBERS_FROM, settlement_actions
from sim.errors import InvariantError
from sim.kernel import tallies
from sim.kernel.witness import count_raised, count_rows
from tests.plainbooks import SIZES, Row, Wanderer, close, plain_raised, plain_users, row, settle, stream

DAY_US = 86_400_000_000
# The daily settlement is the system's; everything else that is booked can be asked for.
ASKED = sorted(set(POSTINGS) - {Kind.SETTLE, Kind.SETTLE_BACK, Kind.PAYOUT, Kind.FEE_PAYOUT})
REFUSED = 9  # one step in so many is refused

steps = st.lists(st.tuples(st.sampled_from(ASKED), st.integers(0, 60), st.integers(0, 10**5)), max_size=120)


def wander(chosen: list[tuple[Kind, int, int]]) -> list[Row]:
    """The valid campaign that the steps tell."""
    wanderer = Wanderer()
    for k, (kind, who, amount) in enumerate(chosen):
        (wanderer.refuse if k % REFUSED == REFUSED - 1 else wanderer.step)(kind, who, amount)
    return wanderer.rows


# --- any valid campaign ---------------------------------------------------------------------------


@given(steps)
def test_any_valid_campaign_closes(chosen: list[tuple[Kind, int, int]]) -> None:
    """Debits equal credits, floors hold and both witnesses agree, before and after the settlement."""
    rows = wander(chosen)
    books = Books(**SIZES)
    books.post(stream(rows))
    assert close(books, rows, stream(rows)) == [
        "balanced", "floors", "users", "tallies", "projects", "suspense", "settlement",
    ]  # fmt: skip
    paid, more = settle(books, DAY_US)
    close(books, rows + more, join(stream(rows), paid), settled=True)


@given(steps)
def test_beans_issued_are_somewhere(chosen: list[tuple[Kind, int, int]]) -> None:
    """Issued = growing + available + held + donated + redeemed + expired + revoked."""
    rows = wander(chosen)
    books = Books(**SIZES)
    books.post(stream(rows))
    users = plain_users(rows)
    held = books.counters()[3180][2].sum()
    spent = sum(books.balance(code) for code in (3160, 3170, 3180, 3190))
    assert books.balance(3100) + books.balance(3110) == users.growing + users.available + held + spent


@given(steps)
def test_the_columns_say_what_the_actions_say(chosen: list[tuple[Kind, int, int]]) -> None:
    """Account by account and counter by counter, the books equal the single reader's transfers added up."""
    rows = wander(chosen)
    books = Books(**SIZES)
    books.post(stream(rows))
    singly = {code: np.zeros_like(counters) for code, counters in books.counters().items()}
    for one in rows:
        parties = {"merchant": one["party"], "ngo": one["party"], "to": one["party"]}
        user = {"user": one["agent"], "fades": 0, "expires": 0, "year": 2022}
        for transfer in read_action(one["kind"], parties | user | one):
            for side, account in enumerate((transfer.debit, transfer.credit)):
                code, owner = _counted_as(account)
                pending, posted = EFFECTS[transfer.mode]
                singly[code][2 * side, owner] += pending * transfer.amount
                singly[code][2 * side + 1, owner] += posted * transfer.amount
    for code, counters in books.counters().items():
        assert (counters == singly[code]).all(), code


def _counted_as(account: str) -> tuple[int, int]:
    """Code and owner index of the control account that stands for a ledger's account."""
    code, *owner = (int(part) for part in account.split(":"))
    if CHART[code].column is None:
        return code, 0
    return code, owner[1] if code == 2800 else owner[0]


@given(steps, st.integers(0, 120))
def test_posting_in_parts_and_any_order_gives_the_same_books(
    chosen: list[tuple[Kind, int, int]], cut: int
) -> None:
    """Barriers are a convenience: where a stream is cut, and in which order rows stand, changes nothing."""
    actions = stream(wander(chosen))
    whole, parts = Books(**SIZES), Books(**SIZES)
    whole.post(actions)
    parts.post(actions[cut:][::-1])
    parts.post(actions[:cut])
    assert whole.digest() == parts.digest()


@given(steps)
def test_raised_money_is_counted_apart(chosen: list[tuple[Kind, int, int]]) -> None:
    """The projects' witness adds gifts, matches, orders, unlocks and what others left without looking at the books."""
    rows = wander(chosen)
    raised = np.zeros(SIZES["projects"], np.int64)
    count_raised(raised, stream(rows))
    assert raised.tolist() == plain_raised(rows, SIZES["projects"])


# --- settlement -----------------------------------------------------------------------------------


@given(st.lists(steps, min_size=2, max_size=4))
@settings(max_examples=50)
def test_custody_can_always_settle_and_pay(days: list[list[tuple[Kind, int, int]]]) -> None:
    """Day after day, refunds or not: after settlement clearing and payables are 0 and no floor is broken."""
    wanderer, books, posted = Wanderer(), Books(**SIZES), 0
    for day, chosen in enumerate(days):
        for step in chosen:
            wanderer.step(*step)
        books.post(stream(wanderer.rows[posted:]))
        posted = len(wanderer.rows)
        settle(books, (day + 1) * DAY_US)
        assert [books.balance(code) for code in (1110, 2300, 2450)] == [0, 0, 0]
        assert all((books.available(code) >= 0).all() for code, a in CHART.items() if a.floor == 0)


def test_settlement_pays_provider_merchants_and_ngos_in_this_order() -> None:
    """Known numbers: 1,000 paid of which 20 given, 3 of which 2 given, a gift of 500 with a fee of 50."""
    order = {"fen": 20, "price": 1000, "party": 2, "project": 1}
    books = Books(**SIZES)
    books.post(
        stream(
            [
                row(Kind.ORDER_PAY, 1, **order),
                row(Kind.ORDER_CONFIRM, 2, **order),
                row(Kind.GIFT, 3, fen=500, project=0),
                row(Kind.FEE, 4, fen=50, project=0, party=1),
                row(Kind.ORDER_PAY, 5, fen=2, price=3, party=0, project=1),
                row(Kind.ORDER_CONFIRM, 6, fen=2, price=3, party=0, project=1),
            ]
        )
    )
    rows = settlement_actions(books, DAY_US)
    assert [(Kind(r["kind"]).name, r["fen"], r["party"], r["agent"]) for r in rows] == [
        ("SETTLE", 1503, -1, 0),
        ("PAYOUT", 1, 0, 0),
        ("PAYOUT", 980, 2, 2),
        ("FEE_PAYOUT", 50, 1, 1),
    ]
    assert (sort_stream(rows) == rows).all()
    assert (rows["t"] == DAY_US).all()
    assert (rows["number"] == NUMBERS_FROM + 1).all(), "apart from the agents' own numbers"
    books.post(rows)
    assert [books.balance(code) for code in (1100, 1110, 2400)] == [472, 0, 472]


def test_a_day_of_refunds_settles_the_other_way() -> None:
    """When more was refunded than paid, custody pays the provider; an even day pays nobody."""
    order = {"fen": 20, "price": 1000, "party": 2, "project": 1}
    books = Books(**SIZES)
    books.post(stream([row(Kind.ORDER_PAY, 1, **order)]))
    books.post(settlement_actions(books, DAY_US))
    books.post(stream([row(Kind.ORDER_REFUND, DAY_US + 1, **order)]))
    rows = settlement_actions(books, 2 * DAY_US)
    assert [(Kind(r["kind"]).name, r["fen"]) for r in rows] == [("SETTLE_BACK", 1000)]
    books.post(rows)
    assert (books.balance(1100), books.balance(1110)) == (0, 0)
    assert len(settlement_actions(books, 3 * DAY_US)) == 0


# --- guards of posting ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "alarm"),
    [
        (row(Kind.GIFT, 0, fen=-1, project=0), r"amount: GIFT on account 1110 .*\(CNY\): -1 is below 0"),
        (row(Kind.GIFT, 0, fen=1), r"owner: GIFT on account 2400 .*\(CNY\): owner -1, 4 exist"),
        (row(Kind.GIFT, 0, fen=1, project=4), r"owner: GIFT on account 2400"),
        (row(Kind.PAYOUT, 0, fen=1, party=3), r"owner: PAYOUT on account 2300 .* owner 3, 3 exist"),
        (row(Kind.DEED, 0, minutes=6, klass=2), r"owner: DEED on account 2800"),
        (row(Kind.ORDER_PAY, 0, fen=9, price=8, party=0, project=0), r"amount: ORDER_PAY on account 2200"),
        (row(Kind.GRANT, 0, beans=5, rule=3), r"owner: GRANT on account 3110 .*\(BEAN\): owner 3, 3 exist"),
        (row(Kind.SETTLE, 0, fen=LIMIT + 1024), r"limit: SETTLE on account 1100 .* beyond 2\^62"),
    ],
)
def test_impossible_rows_stop_the_run(action: Row, alarm: str) -> None:
    """A negative amount, an owner that does not exist or a sum that could wrap is never posted."""
    with pytest.raises(InvariantError, match=alarm):
        Books(**SIZES).post(stream([action]))


@pytest.mark.parametrize("kind", sorted(POSTINGS))
def test_refused_rows_move_nothing(kind: Kind) -> None:
    """No counter, no tally and no project sees an action that was refused or is not decided yet."""
    asked = {"fen": 7, "price": 9, "match": 3, "beans": 5, "minutes": 6, "pool": 1, "party": 0, "project": 0}
    books, tally, raised = Books(**SIZES), tallies.fresh(), np.zeros(SIZES["projects"], np.int64)
    rows = stream([row(kind, 0, **asked, outcome=outcome) for outcome in (1, 255)])
    books.post(rows)
    count_rows(tally, rows)
    count_raised(raised, rows)
    assert books.digest() == Books(**SIZES).digest()
    assert not tally.any()
    assert not raised.any()


def test_the_books_know_what_every_rule_cost() -> None:
    """Beans and minutes stand under the rule that paid them, apart from those of deeds."""
    books = Books(**SIZES)
    books.post(
        stream(
            [
                row(Kind.DEED, 0, beans=40, minutes=6),
                row(Kind.GRANT, 0, beans=20, rule=2),
                row(Kind.GRANT, 1, beans=3, minutes=9, rule=1),
                row(Kind.GRANT, 2, beans=20, rule=2, outcome=1),
            ]
        )
    )
    assert (books.balance(3100), books.balances(3110).tolist()) == (40, [0, 3, 20])
    assert (books.balance(3300), books.balances(3310).tolist()) == (6, [0, 9, 0])
    assert (books.balance(2100), books.balance(2800)) == (63, 15)


def test_a_kind_that_does_not_exist_stops_the_run() -> None:
    """A zeroed row is a defect, not a visit."""
    with pytest.raises(InvariantError, match="an action has kind 0, which does not exist"):
        Books(**SIZES).post(empty(1))


def test_counters_never_wrap() -> None:
    """A counter may reach 2^62 and no further, in however many steps."""
    books = Books(**SIZES)
    half = stream([row(Kind.POOL_DEPOSIT, 0, fen=LIMIT // 2, pool=1)])
    books.post(half)
    books.post(half)
    assert books.balance(2600, 1) == LIMIT
    with pytest.raises(InvariantError, match=r"limit: POOL_DEPOSIT on account 1100 .* beyond 2\^62"):
        books.post(stream([row(Kind.POOL_DEPOSIT, 0, fen=1, pool=1)]))


def test_lines_of_amount_zero_need_no_owner() -> None:
    """A gift without a match names no pool, a deed without minutes no class; books may lack whole owners."""
    books = Books(merchants=0, projects=1, pools=0, ngos=0)
    books.post(stream([row(Kind.GIFT, 0, fen=5, project=0), row(Kind.DEED, 0, beans=3)]))
    assert (books.balance(2400, 0), books.balance(2600)) == (5, 0)
    books.close_day(0, UserTotals(3, 0, 0, 0), _tally(gift_fen=5, beans_issued=3), np.array([5]))


def _tally(**counts: int) -> np.ndarray:
    tally = tallies.fresh()
    for name, count in counts.items():
        tally[tallies.TALLIES.index(name)] = count
    return tally


# --- snapshots ------------------------------------------------------------------------------------


@given(steps)
def test_books_continue_from_their_state(chosen: list[tuple[Kind, int, int]]) -> None:
    """Restoring a state gives the same digest; posting on does not reach back into the saved state."""
    actions = stream(wander(chosen))
    books, other = Books(**SIZES), Books(**SIZES)
    books.post(actions)
    saved, digest = books.state(), books.digest()
    books.post(stream([row(Kind.GIFT, 0, fen=1, project=0)]))
    assert books.digest() != digest
    other.restore(saved)
    assert other.digest() == digest
    other.post(stream([row(Kind.GIFT, 0, fen=1, project=0)]))
    assert other.digest() == books.digest()
    other.restore(saved)
    assert other.digest() == digest


def test_a_state_of_another_size_is_not_taken_over() -> None:
    """Books of three merchants cannot go on as books of four, and stay as they were."""
    books = Books(**SIZES)
    digest = books.digest()
    with pytest.raises(ValueError, match=r"account 2200: \(4, 4\) saved, \(4, 3\) here"):
        books.restore(Books(**SIZES | {"merchants": 4}).state())
    assert books.digest() == digest


@given(steps)
def test_a_copy_of_books_goes_on_alone(chosen: list[tuple[Kind, int, int]]) -> None:
    """What is posted to a copy stands in all it says, and in nothing the first says."""
    books = Books(**SIZES)
    before = books.digest()
    other = copy.deepcopy(books)
    actions = stream(wander(chosen))
    other.post(actions)
    assert books.digest() == before
    books.post(actions)
    assert other.digest() == books.digest()
    assert all((other.balances(code) == books.balances(code)).all() for code in CHART)
