"""A load run without sockets: chains in flight side by side, a real ledger core, stamps, lost answers, a send log."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np

from loadtests.adapters import Ending
from loadtests.auditing.audit import audit
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.export import Event, decode
from loadtests.auditing.findings import AuditVerdict
from loadtests.sendlog import RECORD
from sim.bookkeeping import balance
from sim.trace import Columns, empty_columns
from sim.wire import COLUMNS, Expected, Row, Wire
from tests.load_audit.playing import FEE_CAP_PPM, Played, export_line
from tests.load_audit.wandering import START_US, rules, wander

IN_FLIGHT = 6
REFUSALS = (
    "insufficient_funds", "pool_exhausted", "not_found", "invalid_transition", "already_done", "period_ended",
    "exceeds_price", "exceeds_donation", "already_reversed", "not_a_donation", "fee_cap_exceeded",
    "rule_spent", "rule_cap",
)  # fmt: skip
Line = dict[str, Any]  # of the export


@dataclass(frozen=True)
class Run:
    """What a run left: the evidence, and the ledger's export. Both can be tampered with."""

    evidence: Evidence
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]

    def audit(self) -> AuditVerdict:
        """The verdict over it, from an export in pages of a few events."""
        return audit(self.evidence, pages_of(self.lines))

    def with_lines(self, lines: Iterable[Line]) -> Run:
        """The same run with another export."""
        return replace(self, lines=tuple(lines))

    def with_sent(self, sent: Any) -> Run:
        """The same run with another send log."""
        return replace(self, evidence=replace(self.evidence, sent=sent))


def pages_of(lines: Sequence[Line], page: int = 7) -> Iterable[list[Event]]:
    """The export as pages."""
    for first in range(0, len(lines), page):
        part = lines[first : first + page]
        yield decode(b"\n".join(msgspec.json.encode(line) for line in part), "test")


def columns_of(rows: Sequence[Row]) -> Columns:
    """Rows as the columns of a trace."""
    if not rows:
        return empty_columns()
    return {
        name: np.array(values, dtype)
        for (name, dtype), values in zip(COLUMNS.items(), zip(*rows, strict=True), strict=True)
    }


def begin(played: Played, openings: Sequence[tuple[str, int]], prepared: Sequence[Row]) -> None:
    """What is there before the first row of the trace."""
    for account, amount in openings:
        assert played.open(account, amount).accepted
    for row in prepared:
        assert played.ask(row).accepted, row


def simulated(
    wire: Wire, rows: Sequence[Row], openings: Sequence[tuple[str, int]], prepared: Sequence[Row]
) -> tuple[list[Row], dict[str, int]]:
    """Rows with the end they have when played one by one, unless they depend; and how the books then close."""
    played = Played(wire)
    begin(played, openings, prepared)
    expected = []
    for row in rows:
        code = played.ask(row).code
        foreseen = len(Expected) + REFUSALS.index(code) if code else int(Expected.ACCEPTED)
        expected.append(row if row.expected == Expected.DEPENDS else row._replace(expected=foreseen))
    closing = {
        name: int(balance(int(name.partition(":")[0]), counters))
        for name, counters in played.balances().items()
    }
    return expected, closing


@dataclass
class Flight:
    """One request on its way."""

    row: Row
    started: int
    code: str | None = None  # None: not decided yet
    seq: int = 0
    attempts: int = 1


@dataclass
class Load:
    """Plays rows, chain by chain, with several in flight."""

    played: Played
    draw: random.Random
    lost: float  # share of answers that are lost
    in_flight: int = IN_FLIGHT
    now: int = 0
    flights: list[Flight] = field(default_factory=list)
    records: list[tuple[Any, ...]] = field(default_factory=list)
    codes: list[str] = field(default_factory=lambda: ["", *REFUSALS])

    def play(self, rows: Sequence[Row]) -> None:
        """Until every row has ended."""
        waiting = list(rows)
        while waiting or self.flights:
            self.now += self.draw.randrange(1, 3)
            busy = {flight.row.chain for flight in self.flights}
            ready = [row for row in _heads(waiting) if row.chain not in busy]
            if ready and len(self.flights) < self.in_flight and self.draw.random() < 0.5:
                row = self.draw.choice(ready[:4])
                waiting.remove(row)
                self.flights.append(Flight(row, self.now))
            elif self.flights:
                self._go_on(self.draw.choice(self.flights))

    def _go_on(self, flight: Flight) -> None:
        """One more thing happens to a request: it is decided, or its answer arrives or is lost."""
        undecided = flight.code is None
        if self.draw.random() < self.lost:
            flight.attempts += 1
            if self.draw.random() < 0.3:
                self._end(flight, Ending.UNKNOWN)
            elif undecided and self.draw.random() < 0.5:
                self._end(flight, Ending.RETRYABLE)
        elif undecided:
            answer = self.played.ask(flight.row)
            flight.code, flight.seq = answer.code, answer.seq
        elif flight.code:
            self._end(flight, Ending.REJECTED)
        else:
            self._end(flight, Ending.DUPLICATE if flight.attempts > 1 else Ending.ACCEPTED)

    def _end(self, flight: Flight, ending: Ending) -> None:
        self.flights.remove(flight)
        row, answered = flight.row, ending in (Ending.ACCEPTED, Ending.DUPLICATE)
        code = self.codes.index(flight.code or "") if ending is Ending.REJECTED else 0
        self.records.append(
            (row.n, row.due_us, flight.started, flight.started, self.now, flight.seq if answered else 0, 0,
             flight.attempts, code, ending, 0, 1, row.kind)
        )  # fmt: skip


def _heads(waiting: Sequence[Row]) -> list[Row]:
    heads: dict[int, Row] = {}
    for row in waiting[:60]:
        heads.setdefault(row.chain, row)
    return list(heads.values())


def run_of(
    rows: Sequence[Row], seed: int = 0, *, lost: float = 0.0, in_flight: int = IN_FLIGHT,
    openings: Sequence[tuple[str, int]] = (), prepared: Sequence[Row] = (), namespace: str = "",
) -> Run:  # fmt: skip
    """A clean run of rows with several in flight; `lost` of the answers are.

    openings: account (as the simulation calls it) and amount; prepared: rows that are played before, one by one.
    """
    wire = Wire("run", START_US, namespace=namespace)
    rows, closing = simulated(Wire("run", START_US), rows, openings, prepared)
    load = Load(Played(wire), random.Random(seed), lost, in_flight)
    begin(load.played, openings, prepared)
    load.play(rows)
    sent = np.array(load.records, RECORD) if load.records else np.empty(0, RECORD)
    evidence = Evidence(
        wire, columns_of(rows), columns_of(prepared), sent, load.codes,
        openings=openings, closing=closing, fee_cap_ppm=FEE_CAP_PPM, refusals=REFUSALS,
    )  # fmt: skip
    lines = tuple(msgspec.json.decode(export_line(event)) for event in load.played.journal)
    return Run(evidence, lines, tuple(rows))


def wandering_run(seed: int, count: int = 200, lost: float = 0.0) -> Run:
    """A clean run of random rows."""
    return run_of(wander(seed, count), seed, lost=lost, prepared=rules())
