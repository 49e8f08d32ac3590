"""The books, the stream they are fed with, the tallies they are held against, and the daily settlement."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bookkeeping import CHART, EFFECTS, POSTINGS, Kind, Role, read_action
from sim.engine import tallies
from sim.engine.actions import ACTION, CHUNK, Actions, chain, empty, join, roles, sort_stream
from sim.engine.books import LIMIT, Books
from sim.engine.closing import COUNTER_NAMES, UserTotals, expected
from sim.engine.settlement import NUMBERS_FROM, settlement_actions
from sim.errors import InvariantError
from tests.plainbooks import Row, Wanderer, plain_raised, plain_tallies, plain_users, row, stream

DAY_US = 86_400_000_000
SIZES = {
    "merchants": Wanderer.merchants,
    "projects": Wanderer.projects,
    "pools": Wanderer.pools,
    "ngos": Wanderer.ngos,
}
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


def counted(actions: Actions, rows: list[Row]) -> np.ndarray:
    """The tallies of a stream: the kernel's part from its plain definition, the rest by `count_rows`."""
    tally = np.array(list(plain_tallies(rows).values()))
    rest = tallies.fresh()
    tallies.count_rows(rest, actions)
    assert (rest[tallies.OPENED_GROWING :] == tally[tallies.OPENED_GROWING :]).all()
    return tally


def close(books: Books, rows: list[Row], actions: Actions, settled: bool = False) -> list[str]:
    """Close the day on the plain witnesses; the names of the checks that passed."""
    raised = np.array(plain_raised(rows, SIZES["projects"]))
    checks = books.close_day(0, plain_users(rows), counted(actions, rows), raised, settled=settled)
    return [check["name"] for check in checks]


def settle(books: Books, t: int) -> tuple[Actions, list[Row]]:
    """Post the daily settlement; its rows, also as dictionaries."""
    paid = settlement_actions(books, t)
    books.post(paid)
    return paid, [row(Kind(a["kind"]), t, fen=int(a["fen"]), party=int(a["party"])) for a in paid]


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
    assert books.balance(3100) == users.growing + users.available + held + spent


@given(steps)
def test_the_columns_say_what_the_actions_say(chosen: list[tuple[Kind, int, int]]) -> None:
    """Account by account and counter by counter, the books equal the single reader's transfers added up."""
    rows = wander(chosen)
    books = Books(**SIZES)
    books.post(stream(rows))
    singly = {code: np.zeros_like(counters) for code, counters in books.counters().items()}
    for one in rows:
        parties = {"merchant": one["party"], "ngo": one["party"]}
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
    """The projects' witness adds gifts, matches, orders and unlocks without looking at the books."""
    rows = wander(chosen)
    raised = np.zeros(SIZES["projects"], np.int64)
    tallies.count_raised(raised, stream(rows))
    assert raised.tolist() == plain_raised(rows, SIZES["projects"])


# --- settlement -----------------------------------------------------------------------------------


@given(st.lists(steps, min_size=2, max_size=4))
@settings(max_examples=50)
def test_custody_can_always_settle_and_pay(days: list[list[tuple[Kind, int, int]]]) -> None:
    """Day after day, refunds or not: after settlement clearing and payables are 0 and no floor is broken."""
    wanderer, books = Wanderer(), Books(**SIZES)
    for day, chosen in enumerate(days):
        seen = len(wanderer.rows)
        for step in chosen:
            wanderer.step(*step)
        books.post(stream(wanderer.rows[seen:]))
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


# --- what the close finds -------------------------------------------------------------------------


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


def test_the_books_are_held_against_every_amount_that_is_counted() -> None:
    """Every tally of beans, fen or minutes is compared with some account; counts of occurrences are not."""
    amounts = [name for name in tallies.TALLIES if name.startswith(("beans_", "minutes_", "opened_"))]
    amounts += [name for name in tallies.TALLIES if name.endswith("_fen")]
    assert sorted(BOOKED_TALLIES) == sorted(amounts)


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


# --- guards of posting ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "alarm"),
    [
        (row(Kind.GIFT, 0, fen=-1, project=0), r"amount: GIFT on account 1110 .*\(CNY\): -1 is below 0"),
        (row(Kind.GIFT, 0, fen=1), r"owner: GIFT on account 2400 .*\(CNY\): owners -1 … -1, 4 exist"),
        (row(Kind.GIFT, 0, fen=1, project=4), r"owner: GIFT on account 2400"),
        (row(Kind.PAYOUT, 0, fen=1, party=3), r"owner: PAYOUT on account 2300 .* 3 … 3, 3 exist"),
        (row(Kind.DEED, 0, minutes=6, klass=2), r"owner: DEED on account 2800"),
        (row(Kind.ORDER_PAY, 0, fen=9, price=8, party=0, project=0), r"amount: ORDER_PAY on account 2200"),
        (row(Kind.SETTLE, 0, fen=LIMIT + 1024), r"limit: SETTLE on account 1100 .* sum to more than 2\^62"),
    ],
)
def test_impossible_rows_stop_the_run(action: Row, alarm: str) -> None:
    """A negative amount, an owner that does not exist or a sum that could wrap is never posted."""
    with pytest.raises(InvariantError, match=alarm):
        Books(**SIZES).post(stream([action]))


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


# --- the stream -----------------------------------------------------------------------------------


def shuffled(count: int, seed: int) -> Actions:
    """Rows with few distinct instants, agents and kinds, so that every sorting key decides somewhere."""
    rng = np.random.default_rng(seed)
    rows = empty(count)
    rows["t"] = rng.integers(0, max(count // 4, 1), count)
    rows["kind"] = rng.choice([Kind.SETTLE, Kind.GIFT, Kind.PAYOUT], count)
    rows["agent"] = rng.integers(0, 2, count)
    rows["number"] = rng.permutation(count)
    return rows


@pytest.mark.parametrize("count", [0, 1, 2, 50, 4000])
def test_the_stream_has_one_order(count: int) -> None:
    """Sorted by (t, role, agent, number), whatever order the rows came in; no row is lost."""
    rows = shuffled(count, seed=5)
    ordered = sort_stream(rows)
    keys = list(zip(ordered["t"], roles(ordered), ordered["agent"], ordered["number"], strict=True))
    assert keys == sorted(zip(rows["t"], roles(rows), rows["agent"], rows["number"], strict=True))
    assert (sort_stream(rows[::-1]) == ordered).all()


def test_a_row_is_64_bytes_and_roles_are_looked_up() -> None:
    """One action is one cache line; its role follows from its kind alone, 255 where there is no such kind."""
    assert ACTION.itemsize == 64
    kinds = np.zeros(3, ACTION)
    kinds["kind"] = [Kind.SETTLE, Kind.GIFT, 0]
    assert roles(kinds).tolist() == [Role.SYSTEM, Role.USER, 255]


def test_joined_parts_are_the_rows_in_order() -> None:
    """Joining keeps every column of every row."""
    rows = shuffled(40, seed=1)
    assert (join(rows[:7], rows[7:7], rows[7:]) == rows).all()


def test_the_chain_sees_every_column_and_no_padding() -> None:
    """The digest of a stream changes with any value, with the past, and not with what lies between rows."""
    rows = shuffled(CHUNK + 3, seed=2)
    digest = chain(b"", rows)
    noisy = rows.copy()
    noisy.view(np.uint8).reshape(len(rows), ACTION.itemsize)[:, 60:] = 255
    assert chain(b"", noisy) == digest
    assert chain(b"before", rows) != digest
    for column in ACTION.names or ():
        changed = rows.copy()
        changed[column][-1] += 1
        assert chain(b"", changed) != digest, column


def test_the_chain_is_sha256_over_the_rows_bytes() -> None:
    """Known by its definition: previous digest, then the 60 used bytes of each row."""
    rows = shuffled(3, seed=3)
    raw = b"".join(one.tobytes()[:60] for one in rows)
    assert chain(b"seed", rows) == hashlib.sha256(b"seed" + raw).digest()


# --- tallies --------------------------------------------------------------------------------------


def test_tallies_are_numbered_in_their_order() -> None:
    """Each name is a module constant that says where its count stands; none is left out."""
    constants = {name: at for name, at in vars(tallies).items() if name.isupper() and type(at) is int}
    del constants["COUNT"]
    assert [constants[name.upper()] for name in tallies.TALLIES] == list(range(tallies.COUNT))
    assert len(constants) == tallies.COUNT


def test_rows_of_users_are_left_to_the_kernel() -> None:
    """`count_rows` may be given a whole stream: it never counts twice what the kernel counts."""
    seen: dict[str, int] = defaultdict(int)
    for kind in POSTINGS:
        tally = tallies.fresh()
        tallies.count_rows(tally, stream([row(kind, 0, fen=3, beans=3, minutes=3, match=3, price=3, pool=1)]))
        for k in np.flatnonzero(tally):
            seen[tallies.TALLIES[k]] += int(tally[k])
    first = tallies.OPENED_GROWING
    assert seen == {name: 3 for name in tallies.TALLIES[first:] if name != "opened_donated"}
