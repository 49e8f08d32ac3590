"""The audit passes on what the ledger wrote and names everything that was planted, on either store."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sim.bookkeeping import CHART
from sim.checks import Check
from sim.errors import InvariantError
from sim.ledger.audit import OF_EVENTS, OF_TABLES, audit, insist, quick
from sim.ledger.entries import Limits
from sim.ledger.fold import Fold
from sim.ledger.journal import Event
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_reader, open_store
from sim.ledger.rebuild import rebuild
from sim.ledger.sql import SqlStore
from tests.ledger.asking import CASH, FUND, NGO, PENDING, POOL, POST, Memory, ask, busy, ending, line

# What is planted, and the checks that must notice; the first of them by name.
PLANTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "a counter is raised": (
        "UPDATE account SET cr_posted = cr_posted + 1 WHERE name = '2400:p1'",
        ("counters are the sum of the lines", "debits equal credits"),
    ),
    "two counters are raised": (
        "UPDATE account SET cr_posted = cr_posted + 1, dr_posted = dr_posted + 1 WHERE name = '2400:p1'",
        ("counters are the sum of the lines",),
    ),
    "a floor is lowered": (
        "UPDATE account SET floor = -5 WHERE name = '2400:p1'",
        ("counters are the sum of the lines",),
    ),
    "an account is opened again": (
        "UPDATE account SET closed = 1 - closed WHERE name = '2600:s0'",
        ("counters are the sum of the lines",),
    ),
    "an account is renamed": (
        "UPDATE account SET name = '2400:p2' WHERE name = '2400:p1'",
        ("the chain is unbroken",),
    ),
    "an account is invented": (
        "INSERT INTO account VALUES (99, '2400:p9', 0, NULL, 0, 0, 0, 0, 0)",
        ("counters are the sum of the lines",),
    ),
    "a pending counter is lowered": (
        "UPDATE account SET dr_pending = dr_pending - 1 WHERE name = '2600:s0'",
        ("pending counters are held", "counters are the sum of the lines"),
    ),
    "a hold vanishes": ("DELETE FROM hold", ("open holds are those of the journal", "pending counters are held")),
    "a hold is changed": (
        "UPDATE hold SET amount = amount + 1",
        ("open holds are those of the journal", "pending counters are held"),
    ),
    "a deadline is changed": ("UPDATE hold SET deadline = 1", ("open holds are those of the journal",)),
    "a document is moved": (
        "UPDATE document SET state = 'confirmed' WHERE id = 'order:2'",
        ("documents are where events left them",),
    ),
    "facts are changed": (
        "UPDATE document SET facts = seal WHERE id = 'order:2'".replace("seal", "(SELECT jhash FROM event LIMIT 1)"),
        ("documents are where events left them",),
    ),
    "a document vanishes": ("DELETE FROM document", ("documents are where events left them",)),
    "a line is deleted": ("DELETE FROM transfer WHERE id = 32", ("the chain is unbroken",)),
    "a line is added to an event": (
        "INSERT INTO transfer VALUES (33, 0, 1, 2, 5, NULL)",
        ("the chain is unbroken", "answers say what was booked"),
    ),
    "a line of no event is added": (
        "INSERT INTO transfer VALUES (160000, 0, 1, 2, 5, NULL)",
        ("nothing is left over",),
    ),
    "an amount is edited": (
        "UPDATE transfer SET amount = amount + 1 WHERE id = 32",
        ("the chain is unbroken", "counters are the sum of the lines"),
    ),
    "a line is turned round": (
        "UPDATE transfer SET dr = cr, cr = dr WHERE id = 32",
        ("the chain is unbroken", "counters are the sum of the lines"),
    ),
    "an actor is edited": ("UPDATE event SET actor = 'nobody' WHERE seq = 3", ("the chain is unbroken",)),
    "a time is edited": (
        "UPDATE event SET ts_us = 1 WHERE seq = 3",
        ("the clock rises", "the chain is unbroken"),
    ),
    "a hash is edited": (
        "UPDATE event SET jhash = eid WHERE seq = 3",
        ("the chain is unbroken",),
    ),
    "an answer is edited": (
        "UPDATE event SET answer = (SELECT answer FROM event WHERE seq = 2) WHERE seq = 3",
        ("answers say what was booked",),
    ),
    "an answer is emptied": ("UPDATE event SET answer = fingerprint WHERE seq = 3", ("answers say what was booked",)),
    "an event is deleted": (
        "DELETE FROM event WHERE seq = 3; DELETE FROM transfer WHERE id >= 48 AND id < 64",
        ("numbers have no gap", "the chain is unbroken", "nothing is left over"),
    ),
    "the end is cut off": (
        "DELETE FROM event WHERE seq > 7; DELETE FROM transfer WHERE id >= 128",
        ("counters are the sum of the lines",),
    ),
    "a key is used twice": (
        "INSERT INTO refusal SELECT eid, fingerprint, 'x', answer FROM event WHERE seq = 2",
        ("keys are used once",),
    ),
}  # fmt: skip


@pytest.fixture
def filled(db: str | Path) -> str | Path:
    """A ledger with events of every kind, stopped."""
    ledger = Ledger(open_store(db, CHART), CHART)
    busy(ledger)
    ledger.stop()
    return db


def plant(db: str | Path, statements: str) -> None:
    """Change the tables behind the ledger's back, as an administrator could."""
    with closing(open_store(db, CHART)) as store:
        run = store._connection.execute
        for table in ("event", "transfer"):
            if isinstance(db, str):
                run(f"ALTER TABLE {table} DISABLE TRIGGER USER; GRANT ALL ON {table} TO CURRENT_USER")
            else:
                run(f"DROP TRIGGER IF EXISTS {table}_update")
                run(f"DROP TRIGGER IF EXISTS {table}_delete")
        for statement in statements.split("; "):
            run(statement)


def failed(checks: list[Check]) -> list[str]:
    return [check["name"] for check in checks if not check["passed"]]


def test_an_honest_ledger_passes_every_check(filled: str | Path) -> None:
    """Each rule is asked and each is content; so is the quick look."""
    with closing(open_reader(filled, CHART)) as reader:
        checks = audit(reader)
        assert failed(checks) == []
        assert len(checks) == 1 + len(OF_EVENTS) + len(OF_TABLES)
        assert checks[0]["detail"] == "9 events"
        assert failed(quick(reader)) == []


def test_an_empty_ledger_passes(store: SqlStore) -> None:
    """Nothing is wrong with nothing."""
    assert failed(audit(store)) == []
    assert failed(quick(store)) == []


@pytest.mark.parametrize("what", PLANTED)
def test_what_was_planted_is_named(filled: str | Path, what: str) -> None:
    """Each planted change fails the checks that are about it, and no check raises."""
    statements, expected = PLANTED[what]
    plant(filled, statements)
    with closing(open_reader(filled, CHART)) as reader:
        checks = audit(reader)
    assert set(expected) <= set(failed(checks)), failed(checks)
    details = {check["name"]: check["detail"] for check in checks}
    assert all(re.search(r"\d|2400|2600|order", details[name]) for name in expected)


def test_every_rule_of_the_tables_notices_something() -> None:
    """The list above would miss a rule that never fails."""
    noticed = {name for _, names in PLANTED.values() for name in names}
    of_tables = {rule.__name__.replace("_", " ") for rule in OF_TABLES}
    assert of_tables <= noticed


@pytest.mark.parametrize(
    "what", ["a counter is raised", "a hold vanishes", "a pending counter is lowered", "the head is edited"]
)
def test_a_start_refuses_what_a_quick_look_finds(filled: str | Path, what: str) -> None:
    """Sums, holds and head are looked at before anything is written; the error is an alarm and says what is wrong."""
    head = "UPDATE event SET kind = 'OTHER' WHERE seq = 9"
    plant(filled, head if what == "the head is edited" else PLANTED[what][0])
    with (
        closing(open_store(filled, CHART)) as store,
        pytest.raises(InvariantError, match=r"2400|2600|CNY|event 9"),
    ):
        Ledger(store, CHART)


def test_a_journal_that_cannot_be_read_is_a_failed_check(filled: str | Path) -> None:
    """Accounts whose code is not in the chart, modes that do not exist: the audit says so instead of breaking."""
    plant(filled, "UPDATE transfer SET mode = 9 WHERE id = 48")
    with closing(open_reader(filled, CHART)) as reader:
        checks = audit(reader)
    assert "the journal can be read" in failed(checks)


def test_many_findings_are_counted(ledger: Ledger) -> None:
    """Three are told, the rest counted."""
    for _ in range(10):
        ledger.ask(ask(line(CASH, POOL, 1)))
    ledger.store._connection.execute("DELETE FROM document")

    def never(fold: Fold, event: Event, answer: bytes):
        """Nothing is right."""
        yield f"event {event.seq}"

    (check,) = [check for check in audit(ledger.store, of_events=[never]) if check["name"] == "never"]
    assert check["detail"] == "event 1; event 2; event 3; and 7 more"
    with pytest.raises(InvariantError, match="never: event 1"):
        insist([check])


# --- rules about events that the ledger itself would never write ---------------------------------------------


def forged(change: Callable[[Event], Event]) -> list[str]:
    """The rules of events that notice when the last of a few events is another one."""
    ledger = _Written()
    ledger.events[-1] = change(ledger.events[-1])
    fold, noticed = Fold(CHART), []
    for event in ledger.events:
        fold.add(event)
        noticed = [
            rule.__name__
            for rule in OF_EVENTS
            if list(rule(fold, event, ledger.answers.get(event.seq, b"{}")))
        ]
    return [name for name in noticed if name not in ("the_chain_is_unbroken", "answers_say_what_was_booked")]


class _Written:
    """Three events in memory: money into a pool, a hold on it with a bound and a closed account, its end."""

    def __init__(self) -> None:
        memory = Memory()
        self.events: list[Event] = []
        self.answers: dict[int, bytes] = {}
        for command in (
            ask(line(CASH, POOL, 100), kind="OPENING", opening=True),
            ask(line(POOL, FUND, 30, PENDING), move=("order", "paid", b""), deadline=50),
            ask(limits=Limits(NGO, 0, 40, True)),
            ask(limits=Limits(FUND, 0, 60, False)),
            ending("order", POST, "confirmed"),
        ):
            memory.ask(command)
            for event, answer in memory.decision.events:
                self.events.append(event)
                self.answers[event.seq] = answer.body


def test_forged_events_are_noticed_one_by_one() -> None:
    """Each rule about events notices the event that breaks it, even if hash and answer were forged along."""
    end = _Written().events[-1].transfers[0]

    def lines(*transfers: object) -> Callable[[Event], Event]:
        return lambda event: event._replace(transfers=tuple(transfers))

    assert forged(lambda event: event) == []
    assert forged(lambda event: event._replace(seq=9)) == ["numbers_have_no_gap"]
    assert forged(lambda event: event._replace(ts_us=0)) == ["the_clock_rises"]
    assert forged(lambda event: event._replace(kind="OPENING")) == ["openings_come_first"]
    assert forged(lines(*[line(CASH, POOL, 1)] * 17)) == ["lines_are_sound"]
    assert forged(lambda event: event._replace(transfers=(), document=None)) == ["lines_are_sound"]
    assert forged(lines(line(CASH, POOL, 10**12 + 1))) == ["lines_are_sound"]
    assert forged(lines(end._replace(hold=(2, 5)))) == ["holds_end_once"]
    assert forged(lines(end._replace(amount=31))) == ["holds_end_once"]
    assert forged(lines(end, end)) == ["holds_end_once"]
    assert forged(lines(end._replace(credit="2400:p2"))) == [
        "holds_end_once",
        "counters_stay_below_the_limit",
    ]
    assert forged(lines(line(POOL, "2400:p2", 71))) == ["floors_and_ceilings_hold"]
    assert forged(lines(line(CASH, FUND, 31))) == ["floors_and_ceilings_hold"]
    assert forged(lines(line(POOL, NGO, 1))) == ["closed_accounts_rest"]


def test_a_correction_repeated_is_noticed() -> None:
    """Two events that correct the same one: the second is named."""
    fold = Fold(CHART)
    first = _Written().events[0]
    for seq in (1, 2):
        fold.add(first._replace(seq=seq, reverses=b"x" * 16))
    assert fold.step.again


def test_a_rebuilt_ledger_starts_again(filled: str | Path) -> None:
    """What was changed in the tables is made again from the journal; the start is content and the ledger goes on."""
    plant(
        filled,
        "; ".join(
            PLANTED[what][0] for what in ("a counter is raised", "a hold vanishes", "a document is moved")
        ),
    )
    with closing(open_store(filled, CHART)) as store:
        assert rebuild(store) == 9
    ledger = Ledger(open_store(filled, CHART), CHART)
    assert ledger.ask(ending("order:3", POST, "confirmed"))[0].accepted
    assert failed(audit(ledger.store)) == []
    ledger.stop()
