"""What an audit is given: what was asked, what was sent and answered, and how the simulation closed its books.

Every event that may stand in the ledger has a *place*: prepared rows from 0, then the rows of the trace, then openings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending
from loadtests.sendlog import RECORD, read_logs
from sim.errors import UsageError
from sim.ledger.entries import NUMBER_BYTES, event_id, printed_id
from sim.trace import Columns, Trace, structured
from sim.wire import PREPARED, Row, Signer, Wire

UNSENT = 255  # the ending of a row that no worker recorded
FAR = 1 << 62  # an instant or seq beyond all others
PPM = 1_000_000
NOWHERE = -1  # the place of what nobody asked for

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """One run, seen from outside the ledger.

    openings, closing: by account as the trace names it; closing None = the simulation's books are not known.
    by_period: False if closing knows a user's available beans only as one sum. refusals: codes of `expected`
    from 2 on. clock_error_us: how far the workers' clocks may be apart. gapless: the export is all of one ledger, so
    its seq runs from 1 without a gap.
    """

    wire: Wire
    trace: Columns
    prepare: Columns
    sent: NDArray[np.void]
    codes: Sequence[str]
    openings: Sequence[tuple[str, int]] = ()
    closing: Mapping[str, int] | None = None
    by_period: bool = True
    fee_cap_ppm: int = 100_000
    refusals: Sequence[str] = ()
    clock_error_us: int = 0
    gapless: bool = True
    facts: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_run(cls, trace: Trace, wire: Wire, folder: Path, clock_error_us: int = 0) -> Evidence:
        """The evidence of a played trace; `folder` holds the workers' send logs."""
        sent, codes = read_logs(folder)
        return cls(
            wire, trace.columns, trace.prepare, sent, codes,
            openings=list(trace.openings.iter_rows()),
            closing=dict(trace.closing.iter_rows()),
            by_period=bool(trace.facts.get("beans_by_period", True)),
            fee_cap_ppm=round(float(trace.facts.get("fee_cap", 0.1)) * PPM),
            refusals=tuple(trace.facts.get("refusals", ())),
            clock_error_us=clock_error_us,
            facts={"trace": trace.facts.get("sha256", ""), "scenario": trace.facts.get("scenario", "")},
        )  # fmt: skip

    # --- rows --------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> NDArray[np.void]:
        """Prepared rows, then those of the trace: row k has place k. Raises UsageError if they are misnumbered."""
        prepared, trace = structured(self.prepare), structured(self.trace)
        for rows, first in ((prepared, PREPARED), (trace, 0)):
            if not np.array_equal(rows["n"], np.arange(first, first + len(rows), dtype=np.uint64)):
                raise UsageError(f"the trace's rows are not numbered from {first}; write it again")
        return np.concatenate([prepared, trace])

    @property
    def first(self) -> int:
        """The place of the trace's first row."""
        return len(self.prepare["n"])

    def place_of(self, n: NDArray[np.uint64]) -> Ints:
        """Places of rows by their numbers; NOWHERE for a number that no row has."""
        inside = n < np.uint64(PREPARED)
        place = np.where(inside, n, n - np.uint64(PREPARED)).astype(np.int64)
        size = np.where(inside, len(self.rows) - self.first, self.first)
        found = np.where(inside, place + self.first, place)
        return np.where((place >= 0) & (place < size), found, NOWHERE)

    def read(self, places: Ints) -> list[Row]:
        """Rows at places."""
        return [Row._make(row) for row in self.rows.take(places).tolist()]

    # --- what was sent, one entry a row -----------------------------------------------------------------------

    @property
    def places(self) -> int:
        """How many events there may be."""
        return len(self.rows) + len(self.openings)

    @cached_property
    def in_trace(self) -> NDArray[np.bool_]:
        """By place: whether it is a row of the trace."""
        place = np.arange(self.places)
        return np.asarray((place >= self.first) & (place < len(self.rows)))

    @cached_property
    def log(self) -> NDArray[np.void]:
        """The send log by place. What came before the trace is accepted before everything, without a seq."""
        log = np.zeros(self.places, RECORD)
        log["outcome"] = np.where(self.in_trace, UNSENT, Ending.ACCEPTED)
        log["started"] = log["ended"] = np.where(self.in_trace, FAR, -FAR)
        number = self.sent["row"].astype(np.int64)
        if len(number) and not 0 <= number.min() <= number.max() < len(self.rows) - self.first:
            raise UsageError("the send log has rows that are not in the trace; it is of another run")
        twice = np.flatnonzero(np.bincount(number, minlength=1) > 1)
        if len(twice):
            raise UsageError(f"the send log has row {twice[0]} twice; two workers sent the same rows")
        log[number + self.first] = self.sent
        return log

    # --- names -------------------------------------------------------------------------------------------------

    @cached_property
    def ids(self) -> dict[str, int]:
        """Printed event id → place, of everything that may be in the ledger."""
        admin = self.wire.principal("admin")
        ids: dict[str, int] = {}
        for k, (account, amount) in enumerate(self.openings):
            key, _ = self.wire.opening(account, amount, 0)
            ids[printed_id(event_id(admin, key))] = len(self.rows) + k
        rows = self.rows
        plain = (rows["role"] == Signer.PLATFORM) & (rows["n"] > 0)  # nearly all of them
        # The number of a row's key stands at the end of its id.
        head = printed_id(event_id(self.wire.principal("platform"), self.wire.key(1)))[: -2 * NUMBER_BYTES]
        at = np.flatnonzero(plain)
        for place, n in zip(at.tolist(), rows["n"][at].tolist(), strict=True):
            ids[f"{head}{n:012x}"] = place
        for place in np.flatnonzero(~plain).tolist():
            row = rows[place].item()
            ids[self.wire.event_id(row[0], self.wire.role(row))] = place
        return ids

    def say(self, place: int) -> str:
        """A row in words."""
        if place >= len(self.rows):
            return f"the opening of {self.openings[place - len(self.rows)][0]}"
        row = Row._make(self.rows[place].item())
        what = self.wire.request(row)
        where = "prepared row" if place < self.first else "row"
        return f"{where} {row.n} ({what.op})"
