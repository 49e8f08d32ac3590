"""Incentive rules in the ledger: a wrong client cannot overspend one, whatever it sends and however it sends it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bookkeeping import CHART
from sim.ledger.audit import audit
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.ledger.sqlite import SqliteStore
from sim.service import promises
from tests.postgres import Databases
from tests.service.booking import Books
from tests.service.serving import DAY, NOON, Client, Server, at_once, fresh

FADES = 20220930
MIDNIGHT = NOON + DAY // 2  # 10 September 2022, 0:00 of UTC+8, a Saturday
GRANT = {"user": "u1", "rule": "teams", "beans": 20, "fades": FADES}
# Every request that a rule pays or limits, of 20 beans or fen, and where the amount stands.
PAYING: dict[str, tuple[dict[str, Any], str]] = {
    "grants": (GRANT, "beans"),
    "deeds": ({"user": "u1", "beans": 20, "fades": FADES, "under": ["teams"]}, "beans"),
    "prizes": ({"user": "u1", "rule": "teams", "pool": "s0", "fen": 20}, "fen"),
    "donations": ({"user": "u1", "project": "p1", "fen": 1, "pool": "s0", "match": 20, "rule": "teams"}, "match"),
    "bean-donations": (
        {"user": "u1", "project": "p1", "pool": "s0", "beans": 100, "rate": 20, "rule": "teams"}, "rate"
    ),
    "orders.confirm": ({"pool": "s0", "match": 20, "rule": "teams"}, "match"),
    "pools.unlock": ({"id": "s0", "project": "p1", "fen": 20, "rule": "teams"}, "fen"),
}  # fmt: skip
CLIPPED = ("donations", "orders.confirm")  # a match is what is left of it


def funded(books: Books) -> None:
    """A pool, a user's beans, and ten paid orders."""
    books.do("openings", account="2110:u1:20221231", amount=10_000)
    books.do("pools.deposit", id="s0", fen=100_000)
    for k in range(10):
        books.do("orders", id=f"o{k}", user="u1", merchant="m1", project="p1", price=100, fen=1)
        books.do("orders.pay", id=f"o{k}")


def asking(op: str, k: int, **more: Any) -> dict[str, Any]:
    """The k-th request of an operation."""
    words = PAYING[op][0] | more
    return words | {"id": f"o{k}"} if op == "orders.confirm" else words


def given_out(said: dict[str, Any], op: str) -> int:
    return int(said["matched"]) if op in CLIPPED else 20


def broken(ledger: Ledger) -> list[str]:
    return [c["name"] for c in audit(ledger.store, promises.OF_EVENTS, promises.OF_TABLES) if not c["passed"]]


def asset_of(op: str) -> str:
    return "beans" if op in ("grants", "deeds") else "fen"


# --- budgets and caps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", PAYING)
def test_a_rule_pays_its_budget_and_no_more(books: Books, op: str) -> None:
    """Whatever it pays: 50 of 60 asked; what is refused says what is left and moves nothing."""
    funded(books)
    books.do("rules", id="teams", **{asset_of(op): 50})
    answers = [json.loads(books.ask(op, **asking(op, k)).body) for k in range(3)]
    if op in CLIPPED:
        assert [said["matched"] for said in answers] == [20, 20, 10]
    else:
        said = answers[2]
        assert "seq" in answers[0]
        assert "seq" in answers[1]
        assert (said["code"], said["rule"], said["available"], said["required"]) == (
            "rule_spent",
            "teams",
            10,
            20,
        )
    left = {"beans": "3120:teams", "fen": "3520:teams"}[asset_of(op)]
    assert books.available(left) == (0 if op in CLIPPED else 10)
    assert broken(books.ledger) == []


@pytest.mark.parametrize("op", [op for op in PAYING if op != "pools.unlock"])
def test_a_user_has_of_a_rule_what_it_allows_in_a_period(books: Books, op: str) -> None:
    """30 a day: 20 and then 10 of a match, or a refusal; another user, and another day, begin anew."""
    funded(books)
    books.do("rules", id="teams", days=1, **{f"user_{asset_of(op)}": 30})
    first, second = (json.loads(books.ask(op, **asking(op, k)).body) for k in range(2))
    assert given_out(first, op) == 20
    if op in CLIPPED:
        assert second["matched"] == 10
    else:
        assert (second["code"], second["available"], second["required"]) == ("rule_cap", 10, 20)
    assert given_out(books.do(op, **asking(op, 2), at=MIDNIGHT), op) == 20
    if "user" in PAYING[op][0] and op != "bean-donations":
        assert given_out(books.do(op, **asking(op, 3, user="u2")), op) == 20
    assert broken(books.ledger) == []


def test_an_unlock_of_a_team_has_no_user_and_counts_against_the_budget_alone(books: Books) -> None:
    """What one user may have does not bound what a pool pays for a team."""
    funded(books)
    books.do("rules", id="teams", user_fen=5, fen=50)
    assert books.do("pools.unlock", **asking("pools.unlock", 0))["balances"]["3520:teams"] == 30


@pytest.mark.parametrize("op", PAYING)
@pytest.mark.parametrize(
    ("terms", "code"),
    [({"ends": NOON}, "rule_closed"), ({"begins": NOON + 1}, "rule_closed"), (None, "not_found")],
)
def test_a_rule_that_is_unknown_or_closed_pays_nothing(
    books: Books, op: str, terms: dict[str, int] | None, code: str
) -> None:
    """From `begins` on, up to `ends`, which is excluded; a name that nobody registered is no rule."""
    funded(books)
    if terms is not None:
        books.do("rules", id="teams", **terms)
    seq = books.ledger.state.head.seq
    assert books.refused(op, **asking(op, 0))["code"] == code
    assert books.ledger.state.head.seq == seq


def test_a_rule_without_bounds_pays_on(books: Books) -> None:
    """A rule is known by its name; what it cost stands under it."""
    books.do("rules", id="teams", name="Deeds of teams")
    for _ in range(3):
        books.do("grants", **GRANT, minutes=6, klass="labour")
    accounts = {name: books.ledger.state.account(name) for name in ("3110:teams", "3310:teams")}
    assert {name: account.balance for name, account in accounts.items() if account} == {
        "3110:teams": 60, "3310:teams": 18,
    }  # fmt: skip
    assert books.available(f"2100:u1:{FADES}") == 60


def test_a_cap_over_all_of_a_users_beans_of_a_day(books: Books) -> None:
    """Deeds and what rules add to them name the same limiting rule: 200 a day together."""
    books.do("rules", id="daily", user_beans=200, days=1)
    books.do("rules", id="teams")
    books.do("deeds", user="u1", beans=150, fades=FADES, under=["daily"])
    books.do("grants", **(GRANT | {"beans": 40}), under=["daily"])
    said = books.refused("grants", **GRANT, under=["daily"])
    assert (said["code"], said["rule"], said["available"]) == ("rule_cap", "daily", 10)
    books.do("grants", **(GRANT | {"beans": 10}), under=["daily"])
    assert books.refused("deeds", user="u1", beans=1, fades=FADES, under=["daily"])["available"] == 0
    assert books.available(f"2100:u1:{FADES}") == 200
    books.do("deeds", user="u1", beans=200, fades=FADES, under=["daily"], at=MIDNIGHT)


@pytest.mark.parametrize(
    ("terms", "later", "same"),
    [
        ({"days": 1}, MIDNIGHT - 1, True),
        ({"days": 1}, MIDNIGHT, False),
        ({"days": 7}, MIDNIGHT + 2 * DAY - 1, True),  # NOON is a Friday: the week ends on Sunday
        ({"days": 7}, MIDNIGHT + 2 * DAY, False),
        ({"days": 7, "begins": NOON}, MIDNIGHT + 6 * DAY - 1, True),  # from that day on, seven days
        ({"days": 7, "begins": NOON}, MIDNIGHT + 6 * DAY, False),
        ({}, NOON + 1000 * DAY, True),
    ],
)
def test_periods_are_days_weeks_or_for_ever(
    books: Books, terms: dict[str, int], later: int, same: bool
) -> None:
    """Civil days of UTC+8; weeks begin on Mondays, or on the day on which the rule begins."""
    books.do("rules", id="teams", user_beans=20, **terms)
    books.do("grants", **GRANT)
    words = GRANT | {"fades": 20301231}
    assert books.ask("grants", **words, at=later).code == ("rule_cap" if same else "")


def test_a_rule_may_let_go_of_beans_before_their_period_ends(books: Books) -> None:
    """Those that end first go first, and only while the rule holds."""
    books.do("openings", account="2110:u1:20220930", amount=30)
    books.do("openings", account="2110:u1:20221031", amount=30)
    words = {"user": "u1", "beans": 40, "rule": "melting"}
    assert books.refused("decays", **words)["code"] == "not_found"
    books.do("rules", id="melting", ends=MIDNIGHT)
    assert books.refused("decays", **words, at=MIDNIGHT)["code"] == "rule_closed"
    balances = books.do("decays", **words)["balances"]
    assert balances == {"2110:u1:20220930": 0, "2110:u1:20221031": 20, "3170": 40}
    assert broken(books.ledger) == []


def test_a_rule_is_made_known_once(books: Books) -> None:
    """Its terms are frozen: a second registration is refused, and so is one that ends before it begins."""
    books.do("rules", id="teams", beans=50)
    assert books.refused("rules", id="teams", beans=5_000)["code"] == "already_done"
    assert books.refused("rules", id="other", begins=NOON, ends=NOON)["code"] == "period_ended"


def test_a_rule_pays_from_its_own_pool(books: Books) -> None:
    """A rule that names its pool cannot be used to empty another's."""
    funded(books)
    books.do("pools.deposit", id="s1", fen=1_000)
    books.do("rules", id="teams", pool="s1")
    for op in ("prizes", "donations", "bean-donations", "pools.unlock", "orders.confirm"):
        assert books.refused(op, **asking(op, 0))["code"] == "foreign_object"
    books.do("prizes", **(asking("prizes", 0) | {"pool": "s1"}))


def test_budgets_are_not_opened_by_hand(books: Books) -> None:
    """What a rule may pay is said when it is made known, and nowhere else."""
    for account in ("3120:teams", "3130:teams:u1:ever", "3140", "3520:teams"):
        assert books.refused("openings", account=account, amount=5)["code"] == "unknown_account"


def test_a_bound_that_an_administrator_touched_first_still_gives_its_allowance(books: Books) -> None:
    """Limits bring an account into being; the period's allowance is given all the same, once."""
    books.do("rules", id="teams", user_beans=20)
    books.do("limits", id="3130:teams:u1:ever", floor=0)
    books.do("grants", **GRANT)
    assert books.refused("grants", **GRANT)["code"] == "rule_cap"


# --- together, again, after a crash -----------------------------------------------------------------------------


amounts = st.lists(
    st.tuples(st.sampled_from(["grants", "deeds"]), st.integers(0, 2), st.integers(1, 60)), max_size=25
)


@given(amounts, st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_no_order_of_requests_passes_a_bound(asked: list[tuple[str, int, int]], size: int) -> None:
    """Singly, in group commits of any size: what is accepted stays within budget and caps, and what fits is."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        ledger = Ledger(SqliteStore(Path(place) / "l.db", CHART), CHART)
        books = Books(ledger)
        books.do("rules", id="teams", beans=200, user_beans=70, days=1)
        commands = [
            books.command(op, **(asking(op, 0) | {"user": f"u{user}", "beans": beans}))
            for op, user, beans in asked
        ]
        codes = []
        for first in range(0, len(commands), size):
            codes += [answer.code for answer in ledger.ask(*commands[first : first + size])]
        left, users = 200, [70, 70, 70]
        for (_, user, beans), code in zip(asked, codes, strict=True):
            assert code == ("rule_spent" if beans > left else "rule_cap" if beans > users[user] else "")
            if not code:
                left, users[user] = left - beans, users[user] - beans
        assert books.available("3120:teams") == left
        assert broken(ledger) == []
        ledger.stop()


def test_an_atomic_batch_that_overspends_does_nothing(server: Server, client: Client) -> None:
    """All or none: the third grant does not fit, so the first two are not booked, nor the allowance given."""
    rule = fresh("rule")
    client.post("/rules", id=rule, user_beans=50)
    words = GRANT | {"rule": rule, "effective_at": NOON}
    reply = client.batch(*(("grants", fresh(), words) for _ in range(3)), atomic=True)
    assert (reply.status, reply.said["index"], reply.said["reason"]) == (422, 2, "rule_cap")
    assert client.get(f"/v1/accounts/3130:{rule}:u1:ever").status == 404
    said = client.post("/grants", **(GRANT | {"rule": rule})).said
    assert said["balances"][f"3130:{rule}:u1:ever"] == 30


def wrong_client(server: Server, client: Client) -> None:
    """32 connections ask for 20 beans each of 100, half of them for one user who may have 30."""
    rule, who = fresh("rule"), iter([f"{fresh('u')}" if k % 2 else "greedy" for k in range(32)])
    assert client.post("/rules", id=rule, beans=100, user_beans=30).status == 201
    words = {"rule": rule, "beans": 20, "fades": FADES}
    replies = at_once(server, 32, lambda one: one.post("/grants", user=next(who), **words))
    granted = sum(20 for reply in replies if reply.status == 201)
    assert granted == 100
    assert {reply.said["code"] for reply in replies if reply.status != 201} <= {"rule_spent", "rule_cap"}
    page = client.get(f"/v1/rules/{rule}").said
    assert (page["beans"], page["beans_left"]) == (100, 0)
    items = [("grants", fresh(), {"user": "u9", **words, "effective_at": NOON}) for _ in range(10)]
    assert {result["body"]["code"] for result in client.batch(*items).said["results"]} == {"rule_spent"}
    assert [check for check in client.get("/v1/audit").said["checks"] if not check["passed"]] == []


def test_a_wrong_client_cannot_overspend(server: Server, client: Client) -> None:
    """Concurrently and in batches, over HTTP."""
    wrong_client(server, client)


def test_a_wrong_client_cannot_overspend_on_postgresql(tmp_path: Path, postgres: Databases) -> None:
    """The same on the other store."""
    other = Server(tmp_path / "log", url=postgres.new()).start()
    try:
        wrong_client(other, other.client())
    finally:
        other.stop()


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Books]:
    """Books whose ledger was stopped after the last commit and rebuilt from its journal."""
    path = str(tmp_path / "again.db")
    first = Ledger(open_store(path, CHART), CHART)
    books = Books(first)
    books.do("rules", id="teams", beans=50, user_beans=30, key="rule")
    books.do("grants", **GRANT, key="grant")
    assert books.refused("grants", **GRANT, key="refused")["available"] == 10
    first.stop()
    ledger = Ledger(open_store(path, CHART), CHART)
    yield Books(ledger)
    assert broken(ledger) == []
    ledger.stop()


def test_bounds_outlive_the_server_and_repeats_count_once(reopened: Books) -> None:
    """After a restart the same keys get the same answers, and what is left is what was left."""
    assert reopened.do("grants", **GRANT, key="grant")["balances"]["3120:teams"] == 30
    assert reopened.refused("grants", **GRANT, key="refused")["code"] == "rule_cap"
    assert reopened.available("3120:teams") == 30
    assert reopened.do("grants", **(GRANT | {"beans": 10}))["balances"]["3130:teams:u1:ever"] == 0
    assert reopened.refused("grants", **(GRANT | {"beans": 1}))["code"] == "rule_cap"


def test_bounds_outlive_a_crash(serve: Any) -> None:
    """Killed while a rule is being spent: what was answered stands, and the budget is neither lost nor passed."""
    server = serve()
    client = server.client()
    client.post("/rules", id="teams", beans=100)
    said = [client.post("/grants", f"g{k}", **GRANT).status for k in range(3)]
    server.stop(signal.SIGKILL)
    server.start()
    again = server.client()
    assert [again.post("/grants", f"g{k}", **GRANT).status for k in range(7)] == [*said, 201, 201, 422, 422]
    assert again.get("/v1/rules/teams").said["beans_left"] == 0
    assert all(check["passed"] for check in again.get("/v1/audit").said["checks"])


# --- reading and promises ---------------------------------------------------------------------------------------


def test_a_rule_can_be_read(server: Server, client: Client) -> None:
    """Its terms, what it granted, what it has left; the facts of an event name the rule."""
    terms = {"name": "周末双倍", "beans": 100, "fen": 500, "user_beans": 40, "days": 1}
    assert client.post("/rules", id="read", **terms).status == 201
    client.post("/pools/sr/deposits", fen=1_000)
    reply = client.post("/grants", **(GRANT | {"rule": "read"}), minutes=6, klass="labour", deed="walk")
    client.post("/prizes", user="u1", rule="read", pool="sr", fen=200)
    page = client.get("/v1/rules/read").said
    assert page.pop("as_of_seq") > 0
    assert page == {
        "rule": "read", "terms": terms, "beans": 20, "minutes": 6, "fen": 200, "beans_left": 80, "fen_left": 300,
    }  # fmt: skip
    assert client.get(f"/v1/events/{reply.said['id']}").said["facts"] == {"rule": "read", "deed": "walk"}
    assert client.get("/v1/rules/none").status == 404


def test_an_order_keeps_the_rule_that_cofunded_it(server: Server, client: Client) -> None:
    """The document says it beside what was frozen before."""
    client.post("/rules", id="co", fen=15)
    client.post("/pools/sc/deposits", fen=1_000)
    client.post("/orders", id="oc", user="u1", merchant="m1", project="p1", price=100, fen=20)
    client.post("/orders/oc/pay")
    assert client.post("/orders/oc/confirm", pool="sc", match=20, rule="co").said["matched"] == 15
    facts = client.get("/v1/orders/oc").said["facts"]
    assert facts == {"user": "u1", "merchant": "m1", "project": "p1", "price": 100, "fen": 20, "rule": "co"}
