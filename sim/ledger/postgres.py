"""The store on PostgreSQL: the same tables, the same single leader, batches as one statement a table.

The leader's session holds an advisory lock, and each batch asserts the leader's epoch inside its transaction:
whoever lost the lock cannot commit any more. A batch whose connection is lost may be whole in the store or not
there; before anything else is written the store connects anew, waits until the old session is over for certain
and looks. The driver itself never repeats anything.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection

from sim.errors import UsageError
from sim.ledger.accounts import Chart
from sim.ledger.decide import Decision
from sim.ledger.migrations import migrate
from sim.ledger.packing import packed
from sim.ledger.sessions import Column, connect, lost, refused, shown, translated
from sim.ledger.sql import SqlReader, SqlStore
from sim.ledger.state import State
from sim.ledger.stores import Disconnected, Fenced, OutcomeUnknown, StoreError
from sim.ledger.tables import COLUMNS, Rows, on_conflict

LOCK = 0x6265616E  # number of the advisory lock: "bean"
PATIENCE_S = 5.0  # to connect anew and to get the lock
ATTEMPTS = 3  # to write a batch whose connection is lost and which is not in the store
PAUSE_S = 0.01  # between two attempts at either
FENCED = "BP001"  # SQLSTATE of assert_leader
TYPES = {int: "bigint", str: "text", bytes: "bytea"}


class _Postgres(SqlReader):
    """The dialect of reading."""

    _connection: Connection[Any]

    def _live(self) -> Connection[Any]:
        """The connection, made anew if it was lost."""
        return self._connection

    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._reading() as connection:
            return connection.cursor(binary=True).execute(translated(sql), parameters).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[Connection[Any]]:
        if self._in_snapshot and self._connection.closed:
            raise Disconnected("the connection was lost, and with it what was being read")
        connection = self._live()
        try:
            yield connection
        except psycopg.Error as error:
            kind = Disconnected if lost(connection, error) else StoreError
            raise kind(f"PostgreSQL cannot be read: {error}") from error

    def _among(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        kind = TYPES[type(values[0])]
        return f"{column} = ANY(?::{kind}[])", (Column(packed(kind, values)),)

    def _begin_snapshot(self) -> None:
        with self._reading() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def _end_snapshot(self) -> None:
        with suppress(psycopg.Error):  # a lost connection has ended it already
            self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class PostgresReader(_Postgres):
    """A session that only reads, as of the last commit; after a lost connection the next look-up makes a new one."""

    def __init__(self, url: str, chart: Chart) -> None:
        super().__init__(chart)
        self.url = url
        self._connection = self._connect()

    def _connect(self) -> Connection[Any]:
        try:
            connection = connect(self.url, "beanpeak-reader")
            connection.execute("SET default_transaction_read_only = on")
        except psycopg.Error as error:
            raise Disconnected(refused(self.url, error)) from error
        return connection

    def _live(self) -> Connection[Any]:
        if self._connection.closed:
            self._connection = self._connect()
        return self._connection


class PostgresStore(_Postgres, SqlStore):
    """The leader's session. `relaxed`: a crash of the server may take the last commits."""

    def __init__(self, url: str, chart: Chart, *, relaxed: bool = False) -> None:
        super().__init__(chart)
        self.url = url
        self.relaxed = relaxed
        self.durability = f"postgresql synchronous_commit={'off (relaxed)' if relaxed else 'on'}"
        self._name = f"beanpeak-{uuid.uuid4().hex[:12]}"  # by it the server knows which sessions are ours
        try:
            self._connection = connect(url, self._name)
        except psycopg.Error as error:
            raise UsageError(refused(url, error)) from error
        try:
            self._lead()
        except (psycopg.Error, StoreError, UsageError) as error:
            self._connection.close()
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"{shown(url)}: not a ledger of ours: {error}") from error

    def _lead(self) -> None:
        """Become the leader: take the lock, bring the tables up to date, begin a new epoch."""
        if not self._lock(time.monotonic() + PATIENCE_S, lambda: True):
            raise UsageError(f"{shown(self.url)}: another process leads this ledger; stop it first")
        self._promise(self._connection)
        migrate(self._connection.execute, self._all, "postgres")
        self._types = {
            (table, column): kind
            for table, column, kind in self._all(
                "SELECT attrelid::regclass::text, attname::text, format_type(atttypid, NULL) FROM pg_attribute "
                "WHERE attnum > 0 AND attrelid = ANY(?::text[]::regclass[])",
                (Column(packed("text", list(COLUMNS))),),
            )
        }
        self.epoch = self._all("UPDATE leader SET epoch = epoch + 1 RETURNING epoch")[0][0]

    def _promise(self, connection: Connection[Any]) -> None:
        # Plans are made once and go by the indexes: arrays would be planned anew each time, small tables scanned.
        connection.execute(
            f"SET synchronous_commit = {'off' if self.relaxed else 'on'}; "
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off"
        )

    def _lock(self, until: float, worth_waiting: Callable[[], bool]) -> bool:
        """Whether this session gets the leader's lock in time; another session's is given back when it ends."""
        while not self._ask("SELECT pg_try_advisory_lock(%s)", LOCK):
            if time.monotonic() > until or not worth_waiting():
                return False
            time.sleep(PAUSE_S)
        return True

    def _still_leads(self) -> bool:
        return bool(self._ask("SELECT epoch FROM leader") == self.epoch)

    def _ask(self, sql: str, *parameters: Any) -> Any:
        """One value."""
        return self._connection.execute(sql, parameters).fetchall()[0][0]

    # --- writing --------------------------------------------------------------------------------------

    def write(self, state: State, decision: Decision) -> None:
        self._certainly(lambda: self._write(state, decision), lambda reader: _is_there(reader, decision))

    def save_keys(self, rows: Rows) -> None:
        self._certainly(
            lambda: self.insert("access_key", rows), lambda reader: set(rows) <= set(reader.access_keys())
        )

    def _certainly(self, job: Callable[[], None], there: Callable[[SqlReader], bool]) -> None:
        """Write something in a transaction; when its connection is lost, look before it is written again."""
        for _ in range(ATTEMPTS):
            try:
                with self.transaction():
                    job()
                return
            except OutcomeUnknown:
                if self._settled(there):
                    return
        raise Disconnected(f"{shown(self.url)}: the connection was lost {ATTEMPTS} times")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        connection = self._live()
        try:
            # All statements are sent at once; the server skips what follows a failure, COMMIT included.
            with connection.pipeline():
                connection.execute("BEGIN")
                connection.execute("SELECT assert_leader(%b)", (self.epoch,))
                yield
                end = connection.execute("COMMIT")
            if end.statusmessage != "COMMIT":
                raise StoreError(f"{shown(self.url)}: the batch was rolled back")
        except psycopg.Error as error:
            if lost(connection, error):
                raise OutcomeUnknown(f"{shown(self.url)}: the connection was lost: {error}") from error
            if error.sqlstate == FENCED:
                raise Fenced(f"{shown(self.url)}: another process leads this ledger now") from error
            raise StoreError(f"{shown(self.url)}: the batch was not written: {error}") from error
        finally:
            if not connection.closed and connection.info.transaction_status:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")

    def insert(self, table: str, rows: Rows) -> None:
        columns = COLUMNS[table]
        kinds = [self._types[table, column] for column in columns]
        turned = zip(*rows, strict=True)
        values = [Column(packed(kind, column)) for kind, column in zip(kinds, turned, strict=True)]
        arrays = ", ".join(f"%b::{kind}[]" for kind in kinds)
        self._connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays}){on_conflict(table)}",
            values,
        )

    def delete(self, table: str, ids: Sequence[int]) -> None:
        packed_ids = Column(packed("bigint", ids))
        self._connection.execute(f"DELETE FROM {table} WHERE id = ANY(%b::bigint[])", (packed_ids,))

    def clear(self, table: str) -> None:
        self._connection.execute(f"DELETE FROM {table}")

    def checkpoint(self) -> None:
        """PostgreSQL looks after itself."""

    def reader(self) -> PostgresReader:
        return PostgresReader(self.url, self.chart)

    # --- lost connections -----------------------------------------------------------------------------

    def _live(self) -> Connection[Any]:
        if self._connection.closed:
            self._reconnect()
        return self._connection

    def _settled(self, there: Callable[[SqlReader], bool]) -> bool:
        """Whether what was lost on its way is in the store. Raises OutcomeUnknown if that stays unknown."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._looked_up(there)
            except Disconnected as error:
                if time.monotonic() > until:
                    raise OutcomeUnknown(f"{error}; the batch is whole in the store or not there") from error

    def _looked_up(self, there: Callable[[SqlReader], bool]) -> bool:
        try:
            self._reconnect()
        except Fenced:  # our old session is over, else nobody could have begun a new epoch
            with closing(self.reader()) as reader:
                if there(reader):
                    return True
            raise
        return there(self)

    def _reconnect(self) -> None:
        """A new session for the same leader, once the old one is over for certain: then its lock is free."""
        until = time.monotonic() + PATIENCE_S
        self._connection = self._connected(until)
        try:
            self._connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = %s AND pid <> pg_backend_pid()",
                (self._name,),
            )
            locked = self._lock(until, self._still_leads)
            leads = self._still_leads()
            self._promise(self._connection)
        except psycopg.Error as error:
            self._connection.close()
            raise Disconnected(f"{shown(self.url)}: the connection was lost again: {error}") from error
        if not (locked and leads):
            self._connection.close()
            if not leads:
                raise Fenced(f"{shown(self.url)}: another process leads this ledger now")
            raise Disconnected(f"{shown(self.url)}: the old session is not over yet")

    def _connected(self, until: float) -> Connection[Any]:
        while True:
            try:
                return connect(self.url, self._name)
            except psycopg.Error as error:
                if time.monotonic() > until:
                    raise Disconnected(refused(self.url, error)) from error
                time.sleep(PAUSE_S)


def _is_there(reader: SqlReader, decision: Decision) -> bool:
    """Whether a decision is in a store: a batch is whole or not there, so one row of it tells."""
    if decision.events:
        event = decision.events[-1][0]
        return any(found.jhash == event.jhash for found in reader.events(event.seq - 1, 1))
    return bool(reader.answers(list(decision.refused)[:1]))
