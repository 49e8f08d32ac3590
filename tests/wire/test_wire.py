"""One action, one request: every kind's request word by word, and the names both sides compute alike."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.bookkeeping import POSTINGS, Kind
from sim.wire import COLUMNS, NO_DEED, NO_POOL, OPS, PREPARED, SENT_AS, WORDS, Row, Signer, Wire, rows

START = 1_662_307_200_000_000
AT = {"effective_at": START + 1_000}
wire = Wire("r1", START)


BY_RULES = (Kind.GRANT, Kind.PRIZE, Kind.RULE, Kind.DECAY)


def row(kind: Kind, **values: int) -> Row:
    """A row of a kind that acts for user 12, project 3, party 6, pool 0, on what row 4 opened."""
    usual = {"subject": 12, "object": 3, "ref": 4, "amount": 300, "amount2": 100, "party": 6, "pool": 0}
    usual |= {"minutes": 6, "klass": 0, "period": 20220909, "deed": 2, "channel": 1, "role": OPS[kind].signer}
    usual |= {"rule": 1} if kind in BY_RULES else {}
    return Row(n=5, due_us=1_000, chain=7, kind=kind, **(usual | values))


# Kind, operation, whose key, path, body.
REQUESTS: list[tuple[Kind, str, str, str, dict[str, Any]]] = [
    (
        Kind.DEED, "deeds", "platform", "deeds",
        {
            "user": "u12", "channel": "c1", "beans": 300, "fades": 20220909, "minutes": 6, "klass": "labour",
            "deed": "d2",
        },
    ),
    (
        Kind.GRANT, "grants", "platform", "grants",
        {
            "user": "u12", "rule": "r1", "beans": 300, "fades": 20220909, "minutes": 6, "klass": "labour",
            "deed": "d2",
        },
    ),
    (Kind.PRIZE, "prizes", "system", "prizes", {"user": "u12", "rule": "r1", "pool": "s0", "fen": 300}),
    (
        Kind.RULE, "rules", "admin", "rules",
        {"id": "r1", "beans": 300, "fen": 100, "user_beans": 6, "user_fen": 20220909, "days": 1},
    ),
    (
        Kind.IMPORT, "deeds", "platform", "deeds",
        {"user": "u12", "minutes": 6, "klass": "labour", "channel": "partner", "external_id": "100"},
    ),
    (Kind.HARVEST, "harvests", "platform", "harvests", {"user": "u12", "beans": 300, "expires": 20220909}),
    (Kind.FADE, "expiries", "system", "expiries", {"user": "u12", "stage": "growing", "beans": 300}),
    (Kind.EXPIRE, "expiries", "system", "expiries", {"user": "u12", "stage": "available", "beans": 300}),
    (Kind.REDEEM_HOLD, "redemptions", "platform", "redemptions", {"id": "r1-5", "user": "u12", "beans": 300}),
    (Kind.REDEEM_SHIP, "redemptions.ship", "platform", "redemptions/r1-4/ship", {}),
    (Kind.REDEEM_CANCEL, "redemptions.cancel", "platform", "redemptions/r1-4/cancel", {}),
    (Kind.DECAY, "decays", "system", "decays", {"user": "u12", "beans": 300, "rule": "r1"}),
    (Kind.REVOKE, "revocations", "system", "revocations", {"user": "u12", "beans": 300}),
    (Kind.HOUR_REVOKE, "revocations", "system", "revocations", {"user": "u12", "minutes": 6, "klass": "labour"}),
    (
        Kind.HOUR_REDEEM, "hour-redemptions", "platform", "hour-redemptions",
        {"user": "u12", "minutes": 6, "klass": "labour"},
    ),
    (
        Kind.BEAN_GIFT, "bean-donations", "platform", "bean-donations",
        {"user": "u12", "project": "p3", "pool": "s0", "beans": 300, "rate": 100, "minutes": 6},
    ),
    (
        Kind.GIFT, "donations", "platform", "donations",
        {"user": "u12", "project": "p3", "fen": 300, "minutes": 6, "match": 100, "pool": "s0"},
    ),
    (
        Kind.ORDER_CREATE, "orders", "platform", "orders",
        {"id": "r1-5", "user": "u12", "merchant": "m6", "project": "p3", "price": 100, "fen": 300},
    ),
    (Kind.ORDER_PAY, "orders.pay", "platform", "orders/r1-4/pay", {}),
    (
        Kind.ORDER_CONFIRM, "orders.confirm", "platform", "orders/r1-4/confirm",
        {"minutes": 6, "match": 100, "pool": "s0"},
    ),
    (Kind.ORDER_REFUND, "orders.refund", "platform", "orders/r1-4/refund", {}),
    (Kind.ORDER_CANCEL, "orders.cancel", "platform", "orders/r1-4/cancel", {}),
    (Kind.POOL_DEPOSIT, "pools.deposit", "sponsor-s0", "pools/s0/deposits", {"fen": 300}),
    (Kind.POOL_WITHDRAW, "pools.withdraw", "sponsor-s0", "pools/s0/withdrawals", {"fen": 300}),
    (Kind.TEAM_UNLOCK, "pools.unlock", "sponsor-s0", "pools/s0/unlocks", {"fen": 300, "project": "p3"}),
    (
        Kind.DISBURSE_ASK, "disbursements", "ngo-p3", "disbursements",
        {"id": "r1-5", "project": "p3", "fen": 300},
    ),
    (Kind.DISBURSE_APPROVE, "disbursements.approve", "checker", "disbursements/r1-4/approve", {}),
    (Kind.DISBURSE_PAID, "disbursements.complete", "system", "disbursements/r1-4/complete", {}),
    (Kind.DISBURSE_FAILED, "disbursements.fail", "system", "disbursements/r1-4/fail", {}),
    (Kind.FEE, "fees", "ngo-p3", "fees", {"project": "p3", "ngo": "n6", "fen": 300}),
    (
        Kind.CORRECTION, "corrections", "system", "corrections",
        {"donation": wire.event_id(4, "platform"), "fen": 300},
    ),
    (Kind.MOVE, "moves", "system", "moves", {"project": "p3", "to": "p6", "fen": 300}),
    (
        Kind.SETTLE, "provider-settlements", "system", "provider-settlements",
        {"fen": 300, "direction": "in"},
    ),
    (
        Kind.SETTLE_BACK, "provider-settlements", "system", "provider-settlements",
        {"fen": 300, "direction": "out"},
    ),
    (Kind.PAYOUT, "payouts", "system", "payouts", {"merchant": "m6", "fen": 300}),
    (Kind.FEE_PAYOUT, "payouts", "system", "payouts", {"ngo": "n6", "fen": 300}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "op", "role", "path", "body"), REQUESTS, ids=[r[0].name for r in REQUESTS])
def test_each_kind_asks_for_exactly_one_thing(
    kind: Kind, op: str, role: str, path: str, body: dict[str, Any]
) -> None:
    """A row becomes the operation, key, path and body that the contract names, and nothing else."""
    asked = wire.request(row(kind))
    assert asked == (op, role, "POST", f"/v1/{path}", AT | body)


def test_every_booked_kind_has_one_request() -> None:
    """Whatever moves a balance is sent, but for openings, which nobody does; orders are also opened and closed, and
    rules made known.
    Some kinds are sent as another one, with the same postings."""
    openings = {Kind.OPEN_BEANS_GROWING, Kind.OPEN_BEANS_AVAILABLE, Kind.OPEN_HOURS}
    documents = {Kind.ORDER_CREATE, Kind.ORDER_CANCEL, Kind.DISBURSE_APPROVE, Kind.RULE}
    assert all(POSTINGS[kind] == POSTINGS[known_as] for kind, known_as in SENT_AS.items())
    assert set(OPS) == set(POSTINGS) - set(SENT_AS) - openings | documents == {kind for kind, *_ in REQUESTS}


@pytest.mark.parametrize(
    ("kind", "values", "left_out"),
    [
        (Kind.DEED, {"amount": 0, "deed": NO_DEED}, {"beans", "fades", "deed"}),
        (Kind.DEED, {"minutes": 0}, {"minutes", "klass"}),
        (Kind.GIFT, {"amount2": 0, "pool": NO_POOL}, {"match", "pool"}),
        (Kind.ORDER_CONFIRM, {"amount2": 0, "pool": NO_POOL, "minutes": 0}, {"match", "pool", "minutes"}),
        (Kind.BEAN_GIFT, {"minutes": 0}, {"minutes"}),
        (Kind.RULE, {"amount": 0, "minutes": 0}, {"beans", "user_beans"}),
        (Kind.RULE, {"amount2": 0, "period": 0, "channel": 0}, {"fen", "user_fen", "days"}),
    ],
)
def test_what_is_not_there_is_not_said(kind: Kind, values: dict[str, int], left_out: set[str]) -> None:
    """No beans, no minutes, no match: their words are left out, all others stay."""
    whole, less = wire.request(row(kind)).body, wire.request(row(kind, **values)).body
    assert whole.keys() - less.keys() == left_out
    assert less.items() <= whole.items()


@pytest.mark.parametrize("kind", list(OPS))
def test_a_batch_item_is_the_request_with_the_ids_of_its_path(kind: Kind) -> None:
    """The same body, with the path's id as `id`, the operation's name and the row's key."""
    item, asked = json.loads(wire.item(row(kind))), wire.request(row(kind))
    ids = re.findall(r"^/v1/[\w-]+/([^/]+)/", asked.path)
    assert item == {
        "op": asked.op,
        "idempotency_key": "r1:5",
        "body": asked.body | ({"id": ids[0]} if ids else {}),
    }


def test_charity_time_has_a_class_and_nothing_else_has() -> None:
    """The class column of a correction says who signed the donation, not labour or donated."""
    assert wire.request(row(Kind.DEED, klass=1)).body["klass"] == "donated"
    by_timer = wire.request(row(Kind.CORRECTION, klass=Signer.SYSTEM))
    assert by_timer.body["donation"] == wire.event_id(4, "system") != wire.event_id(4, "platform")


def test_whoever_signed_the_order_confirms_it() -> None:
    """The role column decides between the buyer's platform and the system's timer."""
    assert wire.request(row(Kind.ORDER_CONFIRM, role=Signer.SYSTEM)).role == "system"


def test_event_ids_are_known_before_anything_is_sent() -> None:
    """Ten bytes of SHA-256 of principal, a zero byte and the run, then the row's number; any key id may sign."""
    assert wire.key(17) == "r1:17"
    named = Wire("r1", START, principals={"platform": "k9"})
    assert named.event_id(17, "platform") == hashlib.sha256(b"k9\0r1:").hexdigest()[:20] + f"{17:012x}"
    assert wire.event_id(17, "platform") == hashlib.sha256(b"platform\0r1:").hexdigest()[:20] + f"{17:012x}"
    assert named.request(row(Kind.CORRECTION)).body["donation"] == named.event_id(4, "platform")


@pytest.mark.parametrize("kind", list(OPS))
def test_a_namespace_stands_before_every_name(kind: Kind) -> None:
    """On a target that is not ours alone no name is ours without it; documents carry the run already."""
    there = Wire("r1", START, namespace="ns-")
    told = there.request(row(kind))
    names = [told.body.get(word) for word in ("user", "merchant", "ngo", "project", "pool", "external_id")]
    names += re.findall(r"/pools/([^/]+)/", told.path)
    assert all(name.startswith("ns-") for name in names if name)
    if kind is Kind.CORRECTION:  # events are named by the key that signs them, and keys by the namespace too
        assert told.body.pop("donation") == there.event_id(4, "platform") != wire.event_id(4, "platform")
        told.body["donation"] = wire.event_id(4, "platform")
    assert json.loads(json.dumps(told).replace("ns-", "")) == list(wire.request(row(kind)))


def test_accounts_have_the_namespace_before_their_owner() -> None:
    """System accounts are everybody's."""
    there = Wire("r1", START, namespace="r1-")
    assert there.account("2110:u1:20220930") == "2110:r1-u1:20220930"
    assert (there.account("1100"), wire.account("2400:p3")) == ("1100", "2400:p3")


def test_an_opening_balance_is_the_administrators() -> None:
    """It has a key of its own, so that it is opened once."""
    key, asked = wire.opening("2400:p3", 500, 7)
    assert key == "r1:2400:p3"
    body = {"effective_at": START + 7, "account": "2400:p3", "amount": 500}
    assert asked == ("openings", "admin", "POST", "/v1/openings", body)


@pytest.mark.parametrize("kind", [kind for kind, op in OPS.items() if ("rule",) in op.optional])
def test_what_a_rule_pays_names_it(kind: Kind) -> None:
    """Matches, cofunding and unlocks say whose rule they follow, where they follow one."""
    without, named = wire.request(row(kind)).body, wire.request(row(kind, rule=3)).body
    assert named == without | {"rule": "r3"}


@pytest.mark.parametrize("kind", [Kind.DEED, Kind.GRANT])
def test_what_a_rule_limits_names_it(kind: Kind) -> None:
    """Beans that count against a cap say so, behind the namespace as every name."""
    assert wire.request(row(kind, under=2)).body["under"] == ["r2"]
    spaced = Wire("r1", START, namespace="mine-").request(row(kind, under=2, rule=1)).body
    assert spaced["under"] == ["mine-r2"]


@pytest.mark.parametrize("text", ["", "a:b", "r 1", "50%d", "r" * 41, "运行"])
def test_a_run_is_named_so_that_ids_are_ids(text: str) -> None:
    """Ids are letters, digits, dots and dashes, and stay within 64 characters."""
    with pytest.raises(ValueError, match="letters, digits"):
        Wire(text, START)


def test_the_longest_id_fits() -> None:
    """A run of forty characters, namespace and number together."""
    longest = Wire("r" * 40, START, namespace="n" * 40)
    assert len(longest.document(PREPARED + 10**9)) <= 64
    assert len(longest.name("u", 2**32)) <= 64
    assert len(longest.key(2**63)) <= 128


@given(
    st.sampled_from(list(OPS)),
    st.fixed_dictionaries(
        {
            name: st.integers(0, min(2 ** (8 * np.dtype(kind).itemsize - 1) - 1, 10**12))
            for name, kind in COLUMNS.items()
            if name not in ("kind", "role", "klass")
        }
    ),
    st.integers(0, 1),
)
def test_any_row_is_valid_json_of_known_words(kind: Kind, values: dict[str, int], klass: int) -> None:
    """Bytes, dictionary and batch item of any row agree; ids keep to their letters."""
    any_row = Row(kind=kind, klass=klass, role=OPS[kind].signer, **values)
    asked = wire.request(any_row)
    assert json.loads(wire.body(any_row)) == asked.body
    assert json.loads(wire.item(any_row))["body"].items() >= asked.body.items()
    words = {re.findall(r'"(\w+)":', text)[0] for _, text in WORDS.values()} | {"effective_at"}
    assert set(asked.body) <= words
    ids = [value for value in asked.body.values() if isinstance(value, str)]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", one) for one in [*ids, *asked.path.split("/")[1:]])


def test_rows_are_read_from_columns_in_their_order() -> None:
    """Any stretch of the columns, each row a tuple of plain integers."""
    columns = {name: np.arange(3).astype(kind) for name, kind in COLUMNS.items()}
    assert list(rows(columns, 1)) == [tuple([k] * len(COLUMNS)) for k in (1, 2)]
    assert Row._fields == tuple(COLUMNS)


def test_the_mapping_needs_neither_the_engine_nor_polars() -> None:
    """A load worker that turns rows into requests starts fast."""
    heavy = "{'numba', 'simpy', 'polars', 'sim.engine', 'sim.trace'}"
    code = f"import sys, sim.wire; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
