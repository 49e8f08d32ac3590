"""Connections are lost, servers die, leaders change: no effect is doubled, none that was acknowledged is lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sim.bookkeeping import CHART
from sim.errors import UsageError
from sim.ledger.audit import audit, insist
from sim.ledger.decide import Group
from sim.ledger.entries import Answer
from sim.ledger.ledger import Ledger, Unavailable
from sim.ledger.opening import open_reader, open_store
from sim.ledger.postgres import PostgresStore
from sim.ledger.stores import Disconnected, Fenced, OutcomeUnknown, StoreError
from tests.commands import PATIENCE_S
from tests.ledger.asking import CASH, POOL, ask, line
from tests.ledger.cutting import Cut, Wire
from tests.postgres import Databases


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger waits for a server on a busy machine, unless a test is about its giving up."""
    monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", PATIENCE_S)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A ledger with one event."""
    ledger = Ledger(open_store(url, CHART), CHART)
    ledger.ask(ask(line(CASH, POOL, 1)))
    yield ledger
    ledger.stop()


def run(url: str, sql: str) -> list[tuple[object, ...]]:
    """One statement from another connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def terminate(url: str) -> None:
    """End the leader's session at the server."""
    run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'beanpeak-%' "
        "AND datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip


def balance(url: str) -> int:
    with closing(open_reader(url, CHART)) as reader:
        insist(audit(reader))
        return reader.account(POOL).balance


def test_a_session_that_ended_between_batches_is_made_anew(ledger: Ledger, url: str) -> None:
    """The batch that finds out is not there and may be sent again; the same leader goes on with its epoch."""
    epoch = ledger.store.epoch
    terminate(url)
    command = ask(line(CASH, POOL, 10))
    with pytest.raises(Disconnected):
        ledger.ask(command)
    assert ledger.health == "ready"
    assert ledger.trouble
    assert ledger.ask(command)[0].accepted
    assert (ledger.trouble, ledger.store.epoch) == ("", epoch)
    assert balance(url) == 11


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_batch_lost_in_commit_is_looked_up_first(wired: Ledger, wire: Wire, url: str, cut: Cut) -> None:
    """Whether the server had committed or not: the batch is there once, its answer is given, the ledger goes on."""
    wire.cut = cut
    (answer,) = wired.ask(ask(line(CASH, POOL, 10), key="lost"))
    assert answer.accepted
    assert wire.cut == "", "it was cut"
    assert wired.ask(ask(line(CASH, POOL, 100)))[0].seq == 3
    assert wired.ask(ask(line(CASH, POOL, 10), key="lost"))[0] == answer._replace(replayed=True)
    assert balance(url) == 111


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_batch_of_refusals_is_looked_up_too(wired: Ledger, wire: Wire, cut: Cut) -> None:
    """A batch without events is found by its refusals."""
    wire.cut = cut
    command = ask(line(POOL, CASH, 10))
    (refused,) = wired.ask(command)
    assert (refused.code, wire.cut) == ("insufficient_funds", "")
    assert wired.ask(command)[0] == refused._replace(replayed=True)
    assert wired.store.count("refusal") == 1


@pytest.mark.parametrize("cut", ["before", "after"])
def test_keys_lost_in_commit_are_looked_up_too(wired: Ledger, wire: Wire, url: str, cut: Cut) -> None:
    """A key that an administrator makes is there, whatever happened to the connection, and the ledger goes on."""
    rows = [("ngo", b"\1" * 32, "pools:write", "*", 5, None, None)]
    wire.cut = cut
    wired.exclusively(lambda store: store.save_keys(rows))
    assert wire.cut == ""
    assert wired.store.access_keys() == rows
    terminate(url)
    with pytest.raises(Unavailable):
        wired.exclusively(lambda store: store.count("event"))
    assert wired.ask(ask(line(CASH, POOL, 10)))[0].accepted


def test_an_old_session_is_ended_before_anything_is_looked_up(wired: Ledger, wire: Wire, url: str) -> None:
    """A server that still holds the old session open must not commit it later: the new one ends it first."""
    wire.cut = "half"
    with pytest.raises(Disconnected):
        wired.ask(ask(line(CASH, POOL, 10)))
    assert len(wire.kept) == 1, "the server has not noticed"
    assert wired.ask(ask(line(CASH, POOL, 10)))[0].accepted
    assert balance(url) == 11


@pytest.mark.parametrize("cut", ["before", "after"])
def test_an_outcome_that_stays_unknown_is_called_so(
    wired: Ledger, wire: Wire, url: str, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the server cannot be asked in time, the ledger says so and is read-only; the same key finds out later."""
    monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", 0.3)
    wire.cut = cut
    command = ask(line(CASH, POOL, 10))
    shut = threading.Thread(target=_shut_when_cut, args=(wire,))
    shut.start()
    with pytest.raises(OutcomeUnknown):
        wired.ask(command)
    shut.join()
    assert wired.health == "read-only"
    with pytest.raises(StoreError):
        wired.ask(command)
    wired.stop()
    again = Ledger(open_store(url, CHART), CHART)
    (answer,) = again.ask(command)
    assert answer.accepted
    assert answer.replayed == (cut == "after")
    again.stop()
    assert balance(url) == 11


def _shut_when_cut(wire: Wire) -> None:
    wire.open = False
    until = time.monotonic() + PATIENCE_S
    while wire.cut and time.monotonic() < until:
        time.sleep(0.001)


def test_a_session_killed_in_the_middle_of_commit(ledger: Ledger, url: str) -> None:
    """COMMIT is held open by a deferred trigger and its session ended: the batch is written once, by a new one."""
    run(url, "CREATE TABLE slow (x INT); INSERT INTO slow VALUES (1); "
        "CREATE FUNCTION dawdle() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT FROM slow) THEN PERFORM pg_sleep(30); END IF; RETURN NULL; END $$; "
        "CREATE CONSTRAINT TRIGGER dawdling AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION dawdle()")  # fmt: skip
    ledger.start()
    promise = ledger.future(Group([ask(line(CASH, POOL, 10))]))
    until = time.monotonic() + PATIENCE_S
    while not run(url, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
        assert time.monotonic() < until, "the COMMIT is not under way"
        time.sleep(0.01)
    run(url, "DELETE FROM slow")
    terminate(url)
    assert promise.result(PATIENCE_S)[0].accepted
    assert ledger.figures.events == 2
    assert balance(url) == 11


def test_sessions_killed_all_the_time_double_nothing(ledger: Ledger, url: str) -> None:
    """Under load the leader's session is ended again and again: every acknowledged request is there once."""
    ledger.start()
    stop, chance = threading.Event(), random.Random(1)
    kills = [0]

    def kill() -> None:
        while not stop.wait(chance.uniform(0.02, 0.2)):
            terminate(url)
            kills[0] += 1

    killer = threading.Thread(target=kill)
    killer.start()
    answers: list[Answer] = []
    try:
        while kills[0] < 12 and len(answers) < 50_000:
            answers += _until_accepted(ledger, [ask(line(CASH, POOL, 1)) for _ in range(200)])
    finally:
        stop.set()
        killer.join()
    assert kills[0] >= 12
    assert sorted(answer.seq for answer in answers) == list(range(2, len(answers) + 2))
    assert balance(url) == len(answers) + 1


def _until_accepted(ledger: Ledger, commands: list) -> list[Answer]:
    """What clients do: unavailable means send it again, under the same key."""
    done: list[Answer] = []
    until = time.monotonic() + PATIENCE_S
    while commands and time.monotonic() < until:
        under_way = [(command, ledger.future(Group([command]))) for command in commands[:20]]
        results = [(command, promise.result(PATIENCE_S)[0]) for command, promise in under_way]
        done += [answer for _, answer in results if answer.accepted]
        assert {answer.code for _, answer in results} <= {"", "storage_unavailable"}
        commands = [command for command, answer in results if not answer.accepted] + commands[20:]
    assert not commands
    return done


def test_a_server_that_dies_under_load_comes_back(ledger: Ledger, url: str, postgres: Databases) -> None:
    """PostgreSQL is killed and started again: the same leader goes on, nothing acknowledged is lost or doubled."""
    if postgres.server is None:
        pytest.skip("the server of BEANPEAK_PG_URL is not ours to kill")
    ledger.start()
    commands = [ask(line(CASH, POOL, 1)) for _ in range(400)]
    results: list[Answer] = []
    asking = threading.Thread(target=lambda: results.extend(_until_accepted(ledger, commands)))
    asking.start()
    for _ in range(2):
        time.sleep(0.1)
        postgres.server.kill()
        postgres.server.start()
    asking.join()
    assert sorted(answer.seq for answer in results) == list(range(2, 402))
    assert balance(url) == 401


def test_a_server_that_stays_away_is_asked_again_later(
    ledger: Ledger, url: str, postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is away requests are unavailable, not unknown, and the ledger is not read-only; then it goes on."""
    if postgres.server is None:
        pytest.skip("the server of BEANPEAK_PG_URL is not ours to kill")
    monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", 0.2)
    postgres.server.kill()
    try:
        for _ in range(2):
            with pytest.raises(Disconnected):
                ledger.ask(ask(line(CASH, POOL, 10)))
        assert ledger.health == "ready"
    finally:
        postgres.server.start()
    monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", PATIENCE_S)
    assert ledger.ask(ask(line(CASH, POOL, 10)))[0].accepted
    assert balance(url) == 11


# --- leaders --------------------------------------------------------------------------------------------------


def test_a_leader_that_lost_its_lock_cannot_commit(ledger: Ledger, url: str) -> None:
    """Its session ends, a second leader starts: the old one finds itself fenced and writes nothing, ever."""
    terminate(url)
    second = Ledger(open_store(url, CHART), CHART)
    assert second.store.epoch == ledger.store.epoch + 1
    assert second.ask(ask(line(CASH, POOL, 100)))[0].accepted
    with pytest.raises(Fenced):
        _twice(lambda: ledger.ask(ask(line(CASH, POOL, 10))))
    assert ledger.health == "read-only"
    assert second.ask(ask(line(CASH, POOL, 1_000)))[0].seq == 3
    second.stop()
    assert balance(url) == 1_101


def _twice(ask_: Callable[[], object]) -> None:
    """The first attempt may only find that the session is gone."""
    try:
        ask_()
    except Disconnected:
        ask_()


@pytest.mark.parametrize("relaxed", [False, True])
def test_the_epoch_alone_stops_an_old_leader(db: str | Path, relaxed: bool) -> None:
    """On either store: even with a living session and lock, a batch of an earlier epoch is not committed."""
    ledger = Ledger(open_store(db, CHART, relaxed=relaxed), CHART)
    ledger.ask(ask(line(CASH, POOL, 1)))
    if isinstance(ledger.store, PostgresStore):
        run(str(db), "UPDATE leader SET epoch = epoch + 1")
    else:
        ledger.store._connection.execute("UPDATE leader SET epoch = epoch + 1")
    with pytest.raises(Fenced):
        ledger.ask(ask(line(CASH, POOL, 10)))
    assert ledger.health == "read-only"
    ledger.stop()
    with closing(open_reader(db, CHART)) as reader:
        assert (reader.account(POOL).balance, reader.count("event")) == (1, 1)


def test_a_new_leader_waits_for_a_commit_under_way(ledger: Ledger, url: str) -> None:
    """The epoch cannot change while a batch is being committed: the row is shared until then."""
    with ledger.store.transaction():
        ledger.store._connection.execute("SELECT 1").fetchall()  # the pipeline is sent
        with psycopg.connect(url, autocommit=True) as other, pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("SET lock_timeout = '100ms'; UPDATE leader SET epoch = epoch + 1")
    run(url, "UPDATE leader SET epoch = epoch + 1")


def test_a_fenced_leader_still_learns_what_became_of_its_batch(
    wired: Ledger, wire: Wire, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batch was committed, then another took over: the batch is answered, the next one is refused."""
    wire.open, wire.cut = False, "after"
    promise: list[Answer] = []
    asking = threading.Thread(target=lambda: promise.extend(wired.ask(ask(line(CASH, POOL, 10)))))
    asking.start()
    until = time.monotonic() + PATIENCE_S
    while wire.cut and time.monotonic() < until:
        time.sleep(0.005)
    second = Ledger(open_store(url, CHART), CHART)
    wire.open = True
    asking.join()
    assert promise[0].accepted
    with pytest.raises(Fenced):
        wired.ask(ask(line(CASH, POOL, 100)))
    assert second.ask(ask(line(CASH, POOL, 1_000)))[0].seq == 3
    second.stop()
    assert balance(url) == 1_011


def test_a_leader_that_is_being_replaced_is_waited_for(url: str) -> None:
    """A new process starts while the old one still stops: it takes over within its patience."""
    first = open_store(url, CHART)
    threading.Timer(0.3, first.close).start()
    second = open_store(url, CHART)
    assert second.epoch == first.epoch + 1
    second.close()


def test_a_reader_survives_a_lost_connection(ledger: Ledger, url: str) -> None:
    """The look-up that finds out fails, the next one has a new connection."""
    with closing(ledger.store.reader()) as reader:
        assert reader.head().seq == 1
        terminate(url)
        with pytest.raises(Disconnected):
            reader.head()
        assert reader.head().seq == 1
        with reader.snapshot():
            terminate(url)
            for _ in range(2):
                with pytest.raises(Disconnected):
                    reader.head()
        assert reader.head().seq == 1


def test_a_writer_survives_its_session(ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread lives on: whoever waits is told to come again, later requests are accepted, and it leads still."""
    ledger.start()
    terminate(url)
    first = ledger.future(Group([ask(line(CASH, POOL, 1))])).result(PATIENCE_S)[0]
    assert first.code in ("storage_unavailable", "")
    assert ledger.future(Group([ask(line(CASH, POOL, 1))])).result(PATIENCE_S)[0].accepted
    monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", 0.2)
    with pytest.raises(UsageError, match="another process"):
        open_store(url, CHART)
