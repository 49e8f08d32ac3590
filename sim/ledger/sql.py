"""What both stores share: the same tables, the same look-ups, the same rows; a dialect is a few short methods.

Statements are written with `?`; a dialect turns them into its own. Rows of one table are inserted together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec

from sim.ledger.accounts import Account, Chart
from sim.ledger.decide import Decision, Kept
from sim.ledger.entries import OPENING, Answer, Command, Document, Hold, Limits, Posted, Transfer
from sim.ledger.failpoints import failpoint
from sim.ledger.journal import GENESIS, Event
from sim.ledger.state import Head, State
from sim.ledger.stores import LINE_BITS, MODES, line_id
from sim.ledger.tables import COLUMNS, Rows, on_conflict, rows_of

CHUNK = 2_000  # events read at once while the journal is streamed


class SqlReader(ABC):
    """Look-ups over one connection, as of the last commit it can see."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self._names: dict[int, str] = {}  # of accounts by number; both never change

    @abstractmethod
    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Every row of a query."""

    @abstractmethod
    def _among(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """The condition that a column is one of some values, with its parameters."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def _begin(self) -> None:
        """Begin a transaction in which every look-up sees the same commit."""
        self._all("BEGIN")

    def _end(self) -> None:
        """End what `_begin` began."""
        self._all("ROLLBACK")

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """Look-ups inside see one commit; the number of its last event."""
        self._begin()
        try:
            yield self._all("SELECT coalesce(max(seq), 0) FROM event")[0][0]
        finally:
            self._end()

    # --- accounts -----------------------------------------------------------------------------------

    def _accounts(self, condition: str, parameters: Sequence[Any]) -> list[Account]:
        rows = self._all(f"SELECT {', '.join(COLUMNS['account'])} FROM account WHERE {condition}", parameters)
        return [self._account(row) for row in rows]

    def _account(self, row: Sequence[Any]) -> Account:
        id, name, floor, ceiling, closed, *counters = row
        self._names[id] = name
        kind = self.chart[int(name.partition(":")[0])]
        return Account(id, name, kind, floor, ceiling, bool(closed), tuple(counters))

    def account(self, name: str) -> Account | None:
        found = self._accounts("name = ?", (name,))
        return found[0] if found else None

    def family(self, prefix: str) -> list[Account]:
        """All accounts below `code:owner`; `;` is the character after `:`."""
        return self._accounts("name >= ? AND name < ? ORDER BY name", (f"{prefix}:", f"{prefix};"))

    def accounts(self) -> Iterator[Account]:
        """Every account, by number."""
        last = 0
        while rows := self._accounts(f"id > ? ORDER BY id LIMIT {CHUNK}", (last,)):
            yield from rows
            last = rows[-1].id

    def _named(self, ids: Iterable[int]) -> dict[int, str]:
        missing = list({id for id in ids if id not in self._names})
        for at in range(0, len(missing), CHUNK):
            condition, parameters = self._among("id", missing[at : at + CHUNK])
            self._names.update(self._all(f"SELECT id, name FROM account WHERE {condition}", parameters))
        return self._names

    def _asset(self, name: str) -> str:
        return str(self.chart[int(name.partition(":")[0])].asset)

    # --- documents, holds ---------------------------------------------------------------------------

    def _documents(self, condition: str, parameters: Sequence[Any]) -> list[Document]:
        rows = self._all(
            f"SELECT {', '.join(COLUMNS['document'])} FROM document WHERE {condition}", parameters
        )
        return [Document(id, state, bytes(facts), seq, held) for id, state, facts, seq, held in rows]

    def document(self, id: str) -> Document | None:
        found = self._documents("id = ?", (id,))
        return found[0] if found else None

    def documents(self) -> Iterator[Document]:
        """Every document, by id."""
        last = ""
        while rows := self._documents(f"id > ? ORDER BY id LIMIT {CHUNK}", (last,)):
            yield from rows
            last = rows[-1].id

    def _holds(self, condition: str, parameters: Sequence[Any]) -> list[Hold]:
        rows = self._all(f"SELECT {', '.join(COLUMNS['hold'])} FROM hold WHERE {condition}", parameters)
        names = self._named(id for row in rows for id in row[1:3])
        return [
            Hold(id >> LINE_BITS, id & 15, names[dr], names[cr], self._asset(names[dr]), amount, deadline)
            for id, dr, cr, amount, deadline in rows
        ]

    def holds(self, seq: int) -> tuple[Hold, ...]:
        return tuple(self._holds("id >= ? AND id < ? ORDER BY id", (line_id(seq, 0), line_id(seq + 1, 0))))

    def holds_open(self) -> Iterator[Hold]:
        """Every open hold, by event and line."""
        last = 0
        while rows := self._holds(f"id > ? ORDER BY id LIMIT {CHUNK}", (last,)):
            yield from rows
            last = line_id(rows[-1].seq, rows[-1].line)

    # --- the journal --------------------------------------------------------------------------------

    def head(self) -> Head:
        """Where the journal ends."""
        last = self._all("SELECT seq, ts_us, jhash FROM event ORDER BY seq DESC LIMIT 1")
        seq, ts_us, jhash = last[0] if last else (0, 0, GENESIS)
        accounts = self._all("SELECT coalesce(max(id), 0) FROM account")[0][0]
        # Openings come first, so the last event tells.
        kind = self._all("SELECT kind FROM event WHERE seq = ?", (seq,))
        return Head(seq, ts_us, bytes(jhash), accounts, bool(kind) and kind[0][0] != OPENING)

    def events(self, after: int = 0, limit: int | None = None) -> Iterator[Event]:
        """The journal after a number, in order and without a gap, up to the head as it was when asked."""
        end = self.head().seq if limit is None else min(self.head().seq, after + limit)
        while after < end:
            upto = min(end, after + CHUNK)
            yield from self._between(after, upto)
            after = upto

    def _between(self, after: int, upto: int) -> Iterator[Event]:
        lines = self._lines(line_id(after + 1, 0), line_id(upto + 1, 0))
        columns = [c for c in COLUMNS["event"] if c != "answer"]
        rows = self._all(
            f"SELECT {', '.join(columns)} FROM event WHERE seq > ? AND seq <= ? ORDER BY seq", (after, upto)
        )
        for row in rows:
            yield self._event(row, lines.get(row[0], []))

    def _event(self, row: Sequence[Any], lines: list[Transfer]) -> Event:
        (
            seq,
            eid,
            kind,
            actor,
            ts,
            effective,
            document,
            state,
            facts,
            deadline,
            reverses,
            limits,
            fp,
            jhash,
        ) = row
        return Event(
            seq, bytes(eid), kind, actor, ts, effective, document, state, None if facts is None else bytes(facts),
            deadline, None if reverses is None else bytes(reverses),
            None if limits is None else Limits(*msgspec.json.decode(limits)), bytes(fp), tuple(lines), bytes(jhash),
        )  # fmt: skip

    def _lines(self, first: int, end: int) -> dict[int, list[Transfer]]:
        rows = self._all(
            "SELECT id, mode, dr, cr, amount, hold FROM transfer WHERE id >= ? AND id < ? ORDER BY id",
            (first, end),
        )
        names = self._named(id for row in rows for id in row[2:4])
        lines: dict[int, list[Transfer]] = {}
        for id, mode, dr, cr, amount, hold in rows:
            ends = None if hold is None else (hold >> LINE_BITS, hold & 15)
            line = Transfer(MODES[mode], names[dr], names[cr], self._asset(names[dr]), amount, ends)
            lines.setdefault(id >> LINE_BITS, []).append(line)
        return lines

    def transfers_of(self, name: str, after: int, limit: int) -> list[tuple[int, Transfer]]:
        """An account's lines after a line's number, ascending, each with its number."""
        account = self.account(name)
        if account is None:
            return []
        ids = [
            row[0]
            for row in self._all(
                "SELECT id FROM transfer WHERE dr = ? AND id > ? UNION ALL "
                "SELECT id FROM transfer WHERE cr = ? AND id > ? ORDER BY 1 LIMIT ?",
                (account.id, after, account.id, after, limit),
            )
        ]
        found = []
        for id in ids:
            lines = self._lines(id, id + 1)
            found.append((id, lines[id >> LINE_BITS][0]))
        return found

    def event(self, eid: bytes) -> Posted | None:
        rows = self._all("SELECT seq, kind FROM event WHERE eid = ?", (eid,))
        if not rows:
            return None
        seq, kind = rows[0]
        lines = self._lines(line_id(seq, 0), line_id(seq + 1, 0)).get(seq, [])
        corrected = self._all("SELECT seq FROM event WHERE reverses = ?", (eid,))
        return Posted(seq, kind, tuple(lines), bool(corrected))

    def titles(self, seqs: Iterable[int]) -> dict[int, tuple[bytes, str, int]]:
        """Of some events the id, the kind and `effective_at`."""
        wanted = sorted(set(seqs))
        found: dict[int, tuple[bytes, str, int]] = {}
        for at in range(0, len(wanted), CHUNK):
            condition, parameters = self._among("seq", wanted[at : at + CHUNK])
            rows = self._all(f"SELECT seq, eid, kind, effective_at FROM event WHERE {condition}", parameters)
            found.update({seq: (bytes(eid), kind, effective_at) for seq, eid, kind, effective_at in rows})
        return found

    # --- keys of the service --------------------------------------------------------------------------

    def access_keys(self) -> Rows:
        """Every key as it is stored, by id."""
        return [
            tuple(r)
            for r in self._all(f"SELECT {', '.join(COLUMNS['access_key'])} FROM access_key ORDER BY id")
        ]

    # --- answers ------------------------------------------------------------------------------------

    def answers(self, eids: Sequence[bytes]) -> dict[bytes, Kept]:
        """The answers these keys have already."""
        condition, parameters = self._among("eid", eids)
        found = {
            bytes(eid): Kept(bytes(fp), Answer("", bytes(answer), seq))
            for eid, fp, answer, seq in self._all(
                f"SELECT eid, fingerprint, answer, seq FROM event WHERE {condition}", parameters
            )
        }
        for eid, fp, code, answer in self._all(
            f"SELECT eid, fingerprint, code, answer FROM refusal WHERE {condition}", parameters
        ):
            found[bytes(eid)] = Kept(bytes(fp), Answer(code, bytes(answer), 0))
        return found

    def answer(self, eid: bytes) -> Kept | None:
        return self.answers([eid]).get(eid)

    def preload(self, state: State, commands: Sequence[Command], groups: Sequence[bytes]) -> None:
        """Fill the state's caches with what commands announce, in one look-up a table."""
        eids = list({command.eid for command in commands} | set(groups))
        state.answers = dict.fromkeys(eids)
        state.answers.update(self.answers(eids))
        known = state.accounts
        names = {name for c in commands for name in c.touches if name not in known}
        if names:
            condition, parameters = self._among("name", list(names))
            known.update(dict.fromkeys(names))
            known.update({a.name: a for a in self._accounts(condition, parameters)})
        papers = {id for c in commands for id in c.documents if id not in state.documents}
        if papers:
            condition, parameters = self._among("id", list(papers))
            state.documents.update(dict.fromkeys(papers))
            state.documents.update({d.id: d for d in self._documents(condition, parameters)})


class SqlStore(SqlReader):
    """The writing side: a batch's rows in one durable commit."""

    @abstractmethod
    def _insert(self, table: str, columns: Sequence[str], rows: Rows, conflict: str) -> None:
        """Insert rows; `conflict` is the clause that overwrites, or empty."""

    @abstractmethod
    def _delete(self, table: str, ids: list[int]) -> None:
        """Delete rows by id."""

    durability: str  # what a commit survives, printed beside every figure

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """One durable commit of what is written inside, if this process still leads.

        Raises StoreError: nothing is in the store; OutcomeUnknown: all or nothing is.
        """

    def write(self, state: State, decision: Decision) -> None:
        """A decision in one durable commit; raises what `transaction` raises."""
        with self.transaction():
            self._write(state, decision)

    def save_keys(self, rows: Rows) -> None:
        """Keep keys of the service, new ones or as they are now; raises what `transaction` raises."""
        with self.transaction():
            self._insert("access_key", COLUMNS["access_key"], rows, on_conflict("access_key"))

    @abstractmethod
    def checkpoint(self) -> None:
        """House-keeping between two batches."""

    @abstractmethod
    def reader(self) -> SqlReader:
        """A connection that only reads, for one other thread."""

    def _write(self, state: State, decision: Decision) -> None:
        """All rows of a decision, inside a transaction."""
        for table, rows in rows_of(decision, state.head.seq).items():
            if rows:
                self._insert(table, COLUMNS[table], rows, on_conflict(table))
        ended = [line_id(hold.seq, hold.line) for hold in decision.ended if hold.seq <= state.head.seq]
        if ended:
            self._delete("hold", ended)
        failpoint("before-commit")
