"""The ledger on its store: what was answered is there, once, after every restart, on either store."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sim.bookkeeping import CHART
from sim.ledger.audit import audit, insist
from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command, Refusal
from sim.ledger.ledger import Ledger, Unavailable
from sim.ledger.opening import open_reader
from sim.ledger.sql import SqlStore
from sim.ledger.stores import StoreError
from tests.commands import PATIENCE_S
from tests.ledger.asking import (
    CASH,
    FUND,
    NGO,
    PENDING,
    POOL,
    POST,
    VOID,
    ask,
    atomic,
    busy,
    ending,
    line,
    said,
)
from tests.ledger.conftest import Open

HOUR_US = 3_600_000_000


def test_everything_is_there_after_a_restart(opened: Open) -> None:
    """Head, counters, holds, documents and answers are the same after the ledger is opened again."""
    first = opened()
    busy(first)
    before = (first.state.head, {name: a.counters for name, a in first.state.accounts.items() if a})
    first.stop()
    again = opened()
    assert again.state.head == before[0]
    assert {name: again.state.account(name).counters for name in before[1]} == before[1]
    assert again.state.document("order:1").state == "confirmed"
    assert [hold.amount for hold in again.state.holds(again.state.document("order:3").held)] == [7]
    assert again.state.account(NGO).ceiling == 500
    assert again.ask(ending("order:3", POST, "confirmed"))[0].accepted
    insist(audit(again.store))


def test_answers_are_repeated_byte_for_byte_across_restarts(opened: Open) -> None:
    """Acceptances and refusals alike: the same bytes, the same number, marked as replayed, no second effect."""
    commands = [
        ask(line(CASH, POOL, 5), key="a", says="1"),
        ask(line(POOL, FUND, 6), key="b", move=("paper", "new", b""), says="2"),
        ask(line(POOL, FUND, 5), key="c", move=("paper", "new", b""), says="3"),
    ]
    ledger = opened()
    first = ledger.ask(*commands)
    assert [answer.code for answer in first] == ["", "insufficient_funds", ""]
    for _ in range(2):
        ledger.stop()
        ledger = opened()
        again = ledger.ask(*commands)
        assert again == [answer._replace(replayed=True) for answer in first]
    mismatched = ledger.ask(*[ask(line(CASH, POOL, 5), key=key, says="other") for key in "abc"])
    assert [answer.code for answer in mismatched] == ["idempotency_mismatch"] * 3
    assert ledger.ask(ask(line(CASH, POOL, 5), key="a", by="other"))[0].accepted
    assert (ledger.state.head.seq, ledger.store.count("event")) == (3, 3)


def test_a_refused_group_is_remembered_across_restarts(opened: Open) -> None:
    """The group's own key keeps the refusal; its commands may come again alone."""
    ledger = opened()
    group = atomic([ask(line(CASH, POOL, 5), key="a"), ask(line(POOL, FUND, 6), key="b")])
    (first,) = ledger.commit([group])
    ledger.stop()
    ledger = opened()
    ledger.ask(ask(line(CASH, POOL, 100)))
    (again,) = ledger.commit([group])
    assert again == [first[0]._replace(replayed=True)]
    assert said(first[0])["index"] == 1
    assert [answer.accepted for answer in ledger.ask(*group.commands)] == [True, True]


def test_a_hold_may_begin_and_end_in_one_batch(opened: Open) -> None:
    """It is in the journal twice and in no table."""
    ledger = opened()
    ledger.ask(
        ask(line(CASH, POOL, 9)),
        ask(line(POOL, FUND, 5, PENDING), line(POOL, FUND, 4, PENDING), move=("order", "paid", b"")),
        ending("order", POST, "confirmed"),
    )
    assert list(ledger.store.holds_open()) == []
    ledger.stop()
    again = opened()
    assert again.state.account(FUND).counters == (0, 0, 0, 9)
    insist(audit(again.store))


def test_a_correction_is_made_once_in_a_batch_and_for_ever(opened: Open) -> None:
    """The second correction is refused in the same batch, in the next one and after a restart."""
    ledger = opened()
    gift = ask(line(CASH, FUND, 50))
    ledger.ask(gift)

    def correct() -> Command:
        return ask(line(FUND, CASH, 1), reverses=gift.eid)

    codes = [answer.code for answer in ledger.ask(correct(), correct())]
    codes.append(ledger.ask(correct())[0].code)
    ledger.stop()
    codes.append(opened().ask(correct())[0].code)
    assert codes == ["", "already_reversed", "already_reversed", "already_reversed"]


def test_openings_stay_closed_after_a_restart(opened: Open) -> None:
    """Openings may go on after a restart, until business begins; then never again."""
    for expected, business in (("", False), ("", True), ("openings_closed", True)):
        ledger = opened()
        opening = ask(line(CASH, POOL, 5), kind="OPENING", opening=True)
        assert ledger.ask(opening)[0].code == expected
        if business:
            ledger.ask(ask(line(POOL, FUND, 1)))
        ledger.stop()


@pytest.mark.parametrize("announced", [(), ("2110:u1",), ("2110:u1", "2110:u2", "2800:u1:labour")])
def test_what_a_draft_asks_for_is_found_whether_announced_or_not(
    opened: Open, announced: tuple[str, ...]
) -> None:
    """Families, documents, holds and events are read from the store when the memory is cold."""
    ledger = opened()
    periods = [f"2110:u1:2022{month:02}28" for month in (11, 9, 10)]
    ledger.ask(*[ask(line("3100", name, k + 1)) for k, name in enumerate(periods)])
    opening = ask(line("3100", "2110:u12:20220928", 9, PENDING), move=("paper", "held", b"f"))
    ledger.ask(opening)
    ledger.stop()
    seen: list[Any] = []

    def draft(view: Any) -> Any:
        seen.append([name for name, _ in view.family("2110:u1")])
        seen.append((view.family("2110:u2"), view.family("2800:u1:labour")))
        seen.append((view.document("paper").facts, [hold.amount for hold in view.holds(4)]))
        seen.append(
            (view.event(opening.eid).seq, view.available(periods[0]), view.available("2110:u9:20220928"))
        )
        return ending("paper", VOID, "void").draft(view)

    ledger = opened()
    assert ledger.ask(ask(draft=draft, families=announced))[0].accepted
    assert seen == [sorted(periods), ([], []), (b"f", [9]), (4, 1, 0)]
    ledger.ask(ask(line("3100", "2110:u2:20221028", 5)), ask(line("3100", "2110:u1:20220828", 5)))
    ledger.ask(
        ask(draft=lambda view: (draft(view), ask(move=("x", "y", b"")).draft(view))[1], families=announced)
    )
    assert seen[4:6] == [["2110:u1:20220828", *sorted(periods)], ([("2110:u2:20221028", 5)], [])]


def test_many_families_are_found_at_once(opened: Open) -> None:
    """However many are announced, each has its own members."""
    ledger = opened()
    for u in range(100):
        ledger.ask(
            ask(*[line("3100", f"2110:u{u}:2022093{k}", 1) for k in range(u % 3)], move=(f"d{u}", "x", b""))
        )
    ledger.stop()
    seen: dict[int, int] = {}

    def look(u: int) -> Any:
        def draft(view: Any) -> Any:
            seen[u] = len(view.family(f"2110:u{u}"))
            return Refusal("seen", "")

        return ask(draft=draft, families=(f"2110:u{u}",))

    opened().ask(*[look(u) for u in range(100)])
    assert seen == {u: u % 3 for u in range(100)}


def test_the_journal_rises_under_a_jumping_clock_and_across_restarts(opened: Open) -> None:
    """The wall clock may jump an hour back or a day forth: the journal's clock rises by at least 1 µs."""
    now = [100 * HOUR_US]
    for jump in (0, -HOUR_US, 24 * HOUR_US, -HOUR_US):
        now[0] += jump
        ledger = opened(clock=lambda: now[0])
        ledger.ask(ask(line(CASH, POOL, 1)), ask(line(CASH, POOL, 1)))
        ledger.ask(ask(line(CASH, POOL, 1)))
        ledger.stop()
    events = list(opened().store.events())
    times = [event.ts_us for event in events]
    assert times == sorted(set(times))
    assert [time - 100 * HOUR_US for time in times] == [*range(6), *[23 * HOUR_US + k for k in range(6)]]


def test_the_chain_is_what_the_definition_says(ledger: Ledger) -> None:
    """Each head is SHA-256 of the head before and of the event as a JSON array, by the standard library too."""
    busy(ledger)
    head = bytes(32)
    events = list(ledger.store.events())
    assert len(events) == 9
    for event in events:
        fields = [base64.b64encode(f).decode() if isinstance(f, bytes) else f for f in event[:-1]]
        text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        head = hashlib.sha256(head + text.encode()).digest()
        assert event.jhash == head
    assert ledger.state.head.jhash == head


def test_the_journal_is_read_in_parts_without_a_gap(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of the parts, the journal after a number is the same."""
    busy(ledger)
    whole = list(ledger.store.events())
    assert [event.seq for event in whole] == list(range(1, 10))
    for chunk in (1, 3, 10):
        monkeypatch.setattr("sim.ledger.reading.CHUNK", chunk)
        assert list(ledger.store.events()) == whole
        assert list(ledger.store.events(4, 3)) == whole[4:7]
        assert [a.name for a in ledger.store.accounts()] == [CASH, POOL, FUND, NGO]
        assert [d.id for d in ledger.store.documents()] == ["gift:1", "order:1", "order:2", "order:3"]
        assert [h.amount for h in ledger.store.holds_open()] == [7]
    assert list(ledger.store.events(9)) == []


def test_the_lines_of_an_account_are_read_in_order(ledger: Ledger) -> None:
    """All lines on either side, ascending, from any line on, at most as many as asked for."""
    busy(ledger)
    lines = ledger.store.transfers_of(FUND, 0, 100)
    assert [(n >> 4, n & 15, found.amount) for n, found in lines] == [
        (2, 0, 50), (3, 0, 30), (4, 0, 40), (5, 0, 7), (6, 0, 30), (7, 0, 40), (8, 0, 10),
    ]  # fmt: skip
    assert ledger.store.transfers_of(FUND, lines[2][0], 2) == lines[3:5]
    assert ledger.store.transfers_of("2400:none", 0, 9) == []


@pytest.mark.parametrize("table", ["event", "transfer"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_journal_refuses_to_be_changed(ledger: Ledger, table: str, change: str) -> None:
    """Rows of the journal cannot be updated, deleted or truncated, not even by the leader."""
    busy(ledger)
    column = {"event": "kind", "transfer": "amount"}[table]
    if change.startswith("TRUNCATE") and "sqlite" in ledger.store.durability:
        change = "DELETE FROM {} WHERE 1"
    with pytest.raises(Exception, match="append-only|permission denied"):
        ledger.store._connection.execute(change.format(table, column, column))
    ledger.store._connection.execute(
        "ROLLBACK"
    ) if ledger.store._connection.__class__.__name__ == "x" else None
    insist(audit(ledger.store))


def test_a_journal_longer_than_a_statement_can_ask_for(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many accounts in one part of the journal are read all the same."""
    many = [line("3100", f"2110:u{k}:20220930", 1) for k in range(18_000)]
    for at in range(0, len(many), 9_000):
        ledger.ask(*[ask(*many[k : k + 16]) for k in range(at, at + 9_000, 16)])
    with closing(ledger.store.reader()) as reader:
        monkeypatch.setattr("sim.ledger.reading.CHUNK", 40_000)
        names = {line.credit for event in reader.events() for line in event.transfers}
        assert len(names) == 18_000


# --- the writer's thread ------------------------------------------------------------------------------------


def submitted(ledger: Ledger, commands: list[Command]) -> list[Answer]:
    """Answers to commands that are queued one by one."""
    promises = [ledger.future(Group([command])) for command in commands]
    return [promise.result(PATIENCE_S)[0] for promise in promises]


def test_what_waits_is_committed_together(opened: Open) -> None:
    """While one batch is written the next one gathers: far fewer commits than commands, each answered once."""
    ledger = opened()
    ledger.start()
    answers = submitted(ledger, [ask(line(CASH, POOL, 1)) for _ in range(600)])
    assert [said(answer)["seq"] for answer in answers] == list(range(1, 601))
    assert ledger.figures.events == 600
    assert ledger.figures.batches < 300
    assert ledger.waiting == 0


def test_an_answer_comes_after_its_commit(opened: Open, db: str | Path) -> None:
    """Whoever is answered finds the event in the store, through any other connection."""
    ledger = opened()
    ledger.start()
    with closing(open_reader(db, CHART)) as reader:
        for k in range(20):
            seq = ledger.future(Group([ask(line(CASH, POOL, 1))])).result(PATIENCE_S)[0].seq
            assert (reader.head().seq, reader.account(POOL).balance) == (seq, k + 1)


def test_a_full_queue_refuses_and_recovers(opened: Open) -> None:
    """Beyond its size the queue takes nothing, says so, and takes again when there is room."""
    gate, entered = threading.Event(), threading.Event()

    def clock() -> int:
        entered.set()
        gate.wait(PATIENCE_S)
        return 1

    ledger = opened(clock=clock, queue=10)
    ledger.start()
    first = ledger.future(Group([ask(line(CASH, POOL, 1))]))
    assert entered.wait(PATIENCE_S)
    waiting = [ledger.future(Group([ask(line(CASH, POOL, 1))])) for _ in range(10)]
    with pytest.raises(Unavailable) as full:
        ledger.future(Group([ask(line(CASH, POOL, 1))]))
    assert (full.value.code, ledger.waiting) == ("queue_full", 10)
    gate.set()
    assert all(promise.result(PATIENCE_S)[0].accepted for promise in [first, *waiting])
    assert submitted(ledger, [ask(line(CASH, POOL, 1))])[0].accepted


def test_stopping_finishes_what_waits(opened: Open) -> None:
    """What was taken before the stop is answered and durable; what comes after is refused as draining."""
    ledger = opened()
    ledger.start()
    promises = [ledger.future(Group([ask(line(CASH, POOL, 1))])) for _ in range(200)]
    ledger.stop()
    assert all(promise.result(0)[0].accepted for promise in promises)
    with pytest.raises(Unavailable) as stopped:
        ledger.future(Group([ask(line(CASH, POOL, 1))]))
    assert stopped.value.code == "draining"
    assert opened().state.account(POOL).balance == 200


@pytest.mark.parametrize("defect", [KeyError("a defect"), StoreError("a failed write")])
def test_after_a_defect_nothing_is_written_any_more(
    opened: Open, defect: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who waits is answered as unavailable, nothing of it is in the store, and new requests are refused."""
    gate, entered = threading.Event(), threading.Event()
    ledger = opened()
    ledger.ask(ask(line(CASH, POOL, 1)))
    ledger.start()

    def fail(view: Any) -> Any:
        entered.set()
        gate.wait(PATIENCE_S)
        raise defect

    broken = ledger.future(Group([ask(draft=fail)]))
    assert entered.wait(PATIENCE_S)
    behind = [ledger.future(Group([ask(line(CASH, POOL, 1))])) for _ in range(5)]
    gate.set()
    codes = {promise.result(PATIENCE_S)[0].code for promise in [broken, *behind]}
    assert codes == {"storage_unavailable"}
    assert ledger.health == "read-only"
    assert "defect" in ledger.trouble or "failed" in ledger.trouble
    with pytest.raises(Unavailable) as refused:
        ledger.future(Group([ask(line(CASH, POOL, 1))]))
    assert refused.value.code == "storage_unavailable"
    with pytest.raises(StoreError):
        ledger.ask(ask(line(CASH, POOL, 1)))
    ledger.stop()
    assert opened().state.head.seq == 1


def test_a_writer_survives_whoever_does_not_wait_for_it(opened: Open) -> None:
    """A future that its owner tries to cancel is answered all the same, and the writer goes on."""
    ledger = opened()
    ledger.start()
    promise = ledger.future(Group([ask(line(CASH, POOL, 1))]))
    assert not promise.cancel()
    assert promise.result(PATIENCE_S)[0].accepted
    assert submitted(ledger, [ask(line(CASH, POOL, 1))])[0].accepted


def test_memory_is_given_back(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that forgets its caches after every batch decides just the same."""
    monkeypatch.setattr("sim.ledger.state.CACHED", 0)
    ledger = opened()
    busy(ledger)
    assert not ledger.state.accounts
    assert not ledger.state.documents
    assert ledger.ask(ending("order:3", POST, "confirmed"))[0].accepted
    assert ledger.ask(ask(line(POOL, FUND, 5_000)))[0].code == "insufficient_funds"
    insist(audit(ledger.store))


def test_every_kind_of_value_survives_the_store(store: SqlStore) -> None:
    """NULLs, empty and large values, any character: what is inserted is what is read."""
    rows = [
        (
            1,
            b"\0" * 16,
            "K",
            "ä\N{LATIN SMALL LETTER U WITH DIAERESIS}'\"\\{},公益",
            2**62,
            -5,
            None,
            None,
            None,
            None,
            None,
            None,
            b"",
            b"{}",
            b"\xff",
        ),
        (2, b"\xff" * 16, "", "%s ?", 2**62 + 1, 0, "d", "s", b"", 0, b"r", '["a"]', b"\\x00", b"", b"\0"),
    ]
    with store.transaction():
        store.insert("event", rows)
    assert [row for part in store.rows("event") for row in part] == rows
