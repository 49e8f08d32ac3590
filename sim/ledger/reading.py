"""Look-ups, the same in both stores; a dialect is a few short methods. Statements are written with `?`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from sim.ledger.accounts import Account, Chart
from sim.ledger.entries import OPENING, Answer, Document, Hold, Kept, Limits, Posted, Transfer
from sim.ledger.journal import GENESIS, Event
from sim.ledger.state import Head
from sim.ledger.stores import LINE_BITS, MODES, line_id
from sim.ledger.tables import COLUMNS, Rows

FAMILIES = 32  # asked for at once
CHUNK = 2_000  # events read at once while the journal is streamed


class SqlReader(ABC):
    """Look-ups over one connection, as of the last commit it can see."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self._in_snapshot = False
        self._names: dict[int, str] = {}  # of accounts by number; both never change

    @abstractmethod
    def _all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Every row of a query."""

    @abstractmethod
    def _among(self, column: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """The condition that a column is one of some values, with its parameters."""

    @abstractmethod
    def _begin_snapshot(self) -> None:
        """Let what follows be read as of now."""

    @abstractmethod
    def _end_snapshot(self) -> None:
        """Let what follows be read as of the last commit again."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """Everything read inside is of one commit, whose last event it yields. May be nested."""
        if self._in_snapshot:
            yield self.head().seq
            return
        self._begin_snapshot()
        self._in_snapshot = True
        try:
            yield self.head().seq
        finally:
            self._in_snapshot = False
            self._end_snapshot()

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

    def families(self, prefixes: Sequence[str]) -> list[Account]:
        """All accounts below any of some prefixes."""
        found: list[Account] = []
        for at in range(0, len(prefixes), FAMILIES):
            some = list(prefixes[at : at + FAMILIES])
            some += [some[-1]] * (FAMILIES - len(some))  # always as many: one statement
            condition = " OR ".join(["(name >= ? AND name < ?)"] * FAMILIES)
            found += self._accounts(condition, [f"{prefix}{end}" for prefix in some for end in ":;"])
        return found

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
        return (event for event, _ in self.journal(after, limit))

    def journal(self, after: int = 0, limit: int | None = None) -> Iterator[tuple[Event, bytes]]:
        """The events after a number, each with the answer that its key was given."""
        end = self.head().seq if limit is None else min(self.head().seq, after + limit)
        while after < end:
            upto = min(end, after + CHUNK)
            yield from self._between(after, upto)
            after = upto

    def _between(self, after: int, upto: int) -> Iterator[tuple[Event, bytes]]:
        lines = self._lines(line_id(after + 1, 0), line_id(upto + 1, 0))
        rows = self._all(
            f"SELECT {', '.join(COLUMNS['event'])} FROM event WHERE seq > ? AND seq <= ? ORDER BY seq",
            (after, upto),
        )
        for row in rows:
            yield _event(row, lines.get(row[0], [])), bytes(row[13])

    def _lines(self, first: int, end: int) -> dict[int, list[Transfer]]:
        lines: dict[int, list[Transfer]] = {}
        for id, line in self._transfers("id >= ? AND id < ? ORDER BY id", (first, end)):
            lines.setdefault(id >> LINE_BITS, []).append(line)
        return lines

    def _transfers(self, condition: str, parameters: Sequence[Any]) -> list[tuple[int, Transfer]]:
        rows = self._all(
            f"SELECT {', '.join(COLUMNS['transfer'])} FROM transfer WHERE {condition}", parameters
        )
        names = self._named(id for row in rows for id in row[2:4])
        found = []
        for id, mode, dr, cr, amount, hold in rows:
            ends = None if hold is None else (hold >> LINE_BITS, hold & 15)
            asset = self._asset(names[dr])
            found.append((id, Transfer(MODES[mode], names[dr], names[cr], asset, amount, ends)))
        return found

    def transfers_of(self, name: str, after: int, limit: int) -> list[tuple[int, Transfer]]:
        """An account's lines after a line's number, ascending, each with its number."""
        account = self.account(name)
        if account is None:
            return []
        return self._transfers(
            "(dr = ? OR cr = ?) AND id > ? ORDER BY id LIMIT ?", (account.id, account.id, after, limit)
        )

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
        rows = self._all(
            f"SELECT eid, fingerprint, '', answer, seq FROM event WHERE {condition} UNION ALL "
            f"SELECT eid, fingerprint, code, answer, 0 FROM refusal WHERE {condition}",
            (*parameters, *parameters),
        )
        return {
            bytes(eid): Kept(bytes(fp), Answer(code, bytes(answer), seq))
            for eid, fp, code, answer, seq in rows
        }

    def answer(self, eid: bytes) -> Kept | None:
        return self.answers([eid]).get(eid)

    # --- for auditors: how tables stand as a whole ----------------------------------------------------

    def refusals(self) -> Iterator[tuple[bytes, Kept]]:
        """Every refusal that is kept, by event id."""
        last = b""
        while rows := self._all(
            f"SELECT eid, fingerprint, code, answer FROM refusal WHERE eid > ? ORDER BY eid LIMIT {CHUNK}",
            (last,),
        ):
            for eid, fp, code, answer in rows:
                yield bytes(eid), Kept(bytes(fp), Answer(code, bytes(answer), 0))
            last = bytes(rows[-1][0])

    def rows(self, table: str) -> Iterator[Rows]:
        """A table's rows in the order of its key, some at a time."""
        columns = COLUMNS[table]
        sql = f"SELECT {', '.join(columns)} FROM {table}"
        rows = self._all(f"{sql} ORDER BY {columns[0]} LIMIT {CHUNK}")
        while rows:
            yield [tuple(row) for row in rows]
            rows = self._all(
                f"{sql} WHERE {columns[0]} > ? ORDER BY {columns[0]} LIMIT {CHUNK}", (rows[-1][0],)
            )

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._all(f"SELECT count(*) FROM {table}")[0][0])

    def keys_used_twice(self) -> int:
        """How many events and refusals have an id that another one has as well."""
        twice = self._all("SELECT count(*) - count(DISTINCT eid) FROM event")[0][0]
        return int(
            twice + self._all("SELECT count(*) FROM refusal WHERE eid IN (SELECT eid FROM event)")[0][0]
        )

    def sums(self) -> dict[str, list[int]]:
        """Per asset the sums of the four counters over all accounts."""
        # In two halves: a sum of many counters may not fit into the database's integers.
        counters = COLUMNS["account"][-4:]
        halves = ", ".join(f"sum({c} >> 31), sum({c} & 2147483647)" for c in counters)
        totals: dict[str, list[int]] = {}
        for code, *parts in self._all(f"SELECT substr(name, 1, 4), {halves} FROM account GROUP BY 1"):
            total = totals.setdefault(self._asset(code), [0] * len(counters))
            for k in range(len(counters)):
                total[k] += (int(parts[2 * k]) << 31) + int(parts[2 * k + 1])
        return totals

    def unheld(self) -> list[tuple[str, int, int]]:
        """Accounts whose pending counter is not the sum of their open holds: name, counter, sum."""
        found: list[tuple[str, int, int]] = []
        for side, pending in (("dr", "dr_pending"), ("cr", "cr_pending")):
            held = f"(SELECT {side} AS id, sum(amount) AS held FROM hold GROUP BY {side})"
            found += self._all(
                f"SELECT name, {pending}, CAST(coalesce(held, 0) AS BIGINT) FROM account LEFT JOIN {held} AS h "
                f"ON h.id = account.id WHERE {pending} <> coalesce(held, 0) ORDER BY name"
            )
        return found


def _event(row: Sequence[Any], lines: list[Transfer]) -> Event:
    (
        seq,
        eid,
        kind,
        actor,
        ts_us,
        effective_at,
        document,
        state,
        facts,
        deadline,
        reverses,
        limits,
        fp,
        _,
        head,
    ) = row
    return Event(
        seq, bytes(eid), kind, actor, ts_us, effective_at, document, state,
        None if facts is None else bytes(facts), deadline, None if reverses is None else bytes(reverses),
        None if limits is None else Limits(*msgspec.json.decode(limits)), bytes(fp), tuple(lines), bytes(head),
    )  # fmt: skip
