"""Which earlier row a row belongs to: the order that is paid, the voucher shipped, the donation corrected.

Rows are linked when all of them are known. What was opened before the slice has no row in it; it is opened
anew by a request that is sent beforehand (`sim.tracing.prepare`), and rows point at that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.projects import donations
from sim.arrays import Flags, Ints
from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.errors import InvariantError
from sim.kernel.rows import MOST_REFS
from sim.spans import DAY_S, MOST_DAYS
from sim.trace import Columns
from sim.tracing.columns import PAYING_KINDS, user_chain
from sim.wire import NO_REF, PREPARED, Expected, Signer

OPENERS = (Kind.ORDER_CREATE, Kind.REDEEM_HOLD)
CLOSERS = (
    Kind.ORDER_PAY, Kind.ORDER_CONFIRM, Kind.ORDER_REFUND, Kind.ORDER_CANCEL, Kind.REDEEM_SHIP,
    Kind.REDEEM_CANCEL,
)  # fmt: skip
SPENDERS = (Kind.REDEEM_HOLD, Kind.EXPIRE, Kind.DECAY, Kind.REVOKE)  # of available beans
# Bits of a key that holds a user above and a reference below.
REF_BITS = (MOST_DAYS * DAY_S * MOST_REFS).bit_length()
MOST_USERS = 2 ** (64 - REF_BITS)
ROW_BITS = 40  # of a key that holds an owner above and a row's number below
DONATION = np.dtype([("project", "i8"), ("n", "u8"), ("donor", "u4"), ("number", "u4"), ("fen", "i8")])
TO_DONOR = np.dtype(
    [("named", "?"), ("donor", "u4"), ("number", "u4")]
)  # whose gift goes back, if a row names it
Keys = NDArray[np.uint64]
Rows = NDArray[np.intp]


def document_keys(agent: NDArray[Any], ref: NDArray[Any]) -> Keys:
    """An order or voucher by its user and the user's own numbering."""
    return np.asarray(agent.astype(np.uint64) << np.uint64(REF_BITS) | ref.astype(np.uint64))


def latest_before(owners: Ints, places: Ints, wanted: Ints, before: Ints) -> Ints:
    """For each wanted owner the index of its last entry placed before a bound; -1 where it has none.

    Entries are `owners` and ascending `places`.
    """
    keys = owners << ROW_BITS | places
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], wanted << ROW_BITS | before) - 1
    found = order[np.maximum(at, 0)] if len(order) else np.zeros(len(wanted), np.int64)
    fits = (at >= 0) & (owners[found] == wanted) if len(order) else np.zeros(len(wanted), bool)
    return np.where(fits, found, -1)


@dataclass
class Links:
    """What has to be remembered, part by part, until all rows are known."""

    projects: int
    keys: list[Keys] = field(default_factory=list)  # of every row's document
    donations: list[NDArray[np.void]] = field(default_factory=list)
    known: list[Ints] = field(default_factory=list)  # by correction: donations noted before its part
    goes_back: list[NDArray[np.void]] = field(default_factory=list)  # by correction: the gift it names
    farmed: list[NDArray[np.void]] = field(default_factory=list)  # gifts of farmers, no donations
    count: int = 0  # of donations
    latest: NDArray[np.void] = field(init=False)  # of each project, before the slice

    def __post_init__(self) -> None:
        self.latest = np.zeros(self.projects, DONATION)

    def note_past(self, part: Actions) -> None:
        """A part before the slice: remember each project's latest donation, as `Projects.note_donations`."""
        given = donations(part)
        project = part["project"][given]
        self.latest["donor"][project] = part["agent"][given]
        self.latest["number"][project] = part["number"][given]
        self.latest["fen"][project] = part["fen"][given]

    def begin(self) -> None:
        """The slice begins: what is remembered of each project is its first entry."""
        past = self.latest.copy()
        past["project"], past["n"] = np.arange(self.projects), NO_REF
        self._add(past[past["fen"] > 0])

    def note(self, part: Actions, columns: Columns, source: Ints) -> None:
        """Requests, and of which row of a part of the stream each comes."""
        corrections = np.flatnonzero(columns["kind"] == Kind.CORRECTION)
        self.known.append(np.full(len(corrections), self.count))
        self.goes_back.append(_named_by(part.take(source[corrections])))
        self.keys.append(document_keys(part["agent"][source], part["ref"][source]))

    def note_donations(self, part: Actions, numbers: NDArray[np.uint64]) -> None:
        """A part of the slice; by row the number of its request, NO_REF for those decided before the slice."""
        given = donations(part)
        self._add(_noted(part, given, numbers))
        self.farmed.append(
            _noted(part, np.setdiff1d(np.flatnonzero(part["kind"] == Kind.GIFT), given), numbers)
        )

    def _add(self, noted: NDArray[np.void]) -> None:
        self.donations.append(noted)
        self.count += len(noted)

    # --- when all rows are known ------------------------------------------------------------------------

    def all_keys(self) -> Keys:
        """The documents' keys of all rows."""
        return np.concatenate(self.keys) if self.keys else np.zeros(0, np.uint64)

    def opened_before(self, columns: Columns) -> Keys:
        """Orders and vouchers that rows move and none of them opened, each once."""
        keys = self.all_keys()
        closed = keys[np.isin(columns["kind"], CLOSERS)]
        opened = keys[np.isin(columns["kind"], OPENERS)]
        return np.unique(closed[~np.isin(closed, opened)])

    def corrected(self, columns: Columns) -> NDArray[np.void]:
        """The donation behind each correction, in their order; `n` is NO_REF if it came before the slice."""
        rows = np.flatnonzero(columns["kind"] == Kind.CORRECTION)
        noted = np.concatenate(self.donations)
        known = np.concatenate([*self.known, np.zeros(0, np.int64)]).astype(np.int64)
        goes_back = np.concatenate([*self.goes_back, np.zeros(0, TO_DONOR)])
        named = goes_back["named"]
        wanted = columns["object"][rows].astype(np.int64)
        found = latest_before(noted["project"], np.arange(len(noted)), wanted, known)
        behind = noted[found] if len(noted) else np.zeros(len(rows), DONATION)
        behind[named] = self._named(goes_back[named], columns, rows[named])
        if (found[~named] < 0).any() or (behind["fen"] != columns["amount"][rows]).any():
            raise InvariantError("trace: a correction does not fit the latest donation of its project")
        return np.asarray(behind)

    def _named(self, gifts: NDArray[np.void], columns: Columns, rows: Rows) -> NDArray[np.void]:
        """Gifts that the rows of a trace hand back by name; as much of them as goes back."""
        behind = np.zeros(len(gifts), DONATION)
        behind["project"], behind["fen"] = columns["object"][rows], columns["amount"][rows]
        behind["donor"], behind["number"], behind["n"] = gifts["donor"], gifts["number"], NO_REF
        given = np.concatenate([*self.donations, *self.farmed])
        keys, wanted = (document_keys(which["donor"], which["number"]) for which in (given, gifts))
        order = np.argsort(keys)
        place = np.searchsorted(keys[order], wanted)
        known = np.flatnonzero(place < len(order))
        known = known[keys[order[place[known]]] == wanted[known]]
        behind["n"][known] = given["n"][order[place[known]]]
        return behind


def _named_by(rows: Actions) -> NDArray[np.void]:
    """The gifts that rows hand back: a farmer names its own, a project those of its givers, an NGO none."""
    gifts = np.zeros(len(rows), TO_DONOR)
    returned = rows["kind"] == Kind.RETURN
    gifts["named"] = returned | (rows["kind"] == Kind.RECYCLE_BACK)
    gifts["donor"] = np.where(returned, rows["party"], rows["agent"])
    gifts["number"] = np.where(gifts["named"], rows["ref"], 0)
    return gifts


def _noted(part: Actions, rows: NDArray[np.intp], numbers: NDArray[np.uint64]) -> NDArray[np.void]:
    """Donations of a part, with the numbers of their requests."""
    noted = np.zeros(len(rows), DONATION)
    noted["project"], noted["n"] = part["project"][rows], numbers[rows]
    noted["donor"], noted["number"] = part["agent"][rows], part["number"][rows]
    noted["fen"] = part["fen"][rows]
    return noted


def link(columns: Columns, links: Links, prepare: Columns, prepared_keys: Keys) -> None:
    """Fill `ref` everywhere, and chain and signer of corrections.

    prepared_keys: by row of `prepare`, the key of the order or voucher it opens, 0 for none.
    """
    _link_documents(columns, links.all_keys(), prepare, prepared_keys)
    _link_disbursements(columns, prepare)
    _link_corrections(columns, links.corrected(columns), prepare)


def _link_documents(columns: Columns, keys: Keys, prepare: Columns, prepared_keys: Keys) -> None:
    kinds = columns["kind"]
    opens, closes = (np.flatnonzero(np.isin(kinds, which)) for which in (OPENERS, CLOSERS))
    before = np.isin(prepare["kind"], OPENERS)
    opened = np.concatenate([keys[opens], prepared_keys[before]])
    numbers = np.concatenate([columns["n"][opens], prepare["n"][before]])
    order = np.argsort(opened)
    place = np.searchsorted(opened[order], keys[closes])
    fits = place < len(order)
    fits[fits] = opened[order[place[fits]]] == keys[closes][fits]
    if not fits.all():
        kind = Kind(kinds[closes][~fits][0])
        raise InvariantError(f"trace: {kind.name}: {np.count_nonzero(~fits)} rows move what nothing opened")
    columns["ref"][closes] = numbers[order[place]]


def _link_disbursements(columns: Columns, prepare: Columns) -> None:
    kinds = columns["kind"]
    moves = np.flatnonzero(np.isin(kinds, PAYING_KINDS))
    asks, before = kinds == Kind.DISBURSE_ASK, prepare["kind"] == Kind.DISBURSE_ASK
    projects = np.concatenate([prepare["object"][before], columns["object"][asks]]).astype(np.int64)
    numbers = np.concatenate([prepare["n"][before], columns["n"][asks]])
    # A prepared request comes before every row of the trace, so row n stands at place n + 1.
    places = np.concatenate([np.zeros(np.count_nonzero(before)), columns["n"][asks] + np.uint64(1)])
    wanted = columns["object"][moves].astype(np.int64)
    found = latest_before(projects, places.astype(np.int64), wanted, columns["n"][moves].astype(np.int64) + 1)
    if (found < 0).any():
        raise InvariantError("trace: money is paid out that no project asked for")
    columns["ref"][moves] = numbers[found]


def _link_corrections(columns: Columns, behind: NDArray[np.void], prepare: Columns) -> None:
    rows = np.flatnonzero(columns["kind"] == Kind.CORRECTION)
    signed = np.full(len(rows), Signer.PLATFORM, np.uint8)
    numbers = behind["n"].copy()
    own = numbers != NO_REF
    signed[own] = columns["role"][numbers[own].astype(np.int64)]
    numbers[~own] = prepare["n"][prepare["kind"] == Kind.GIFT]  # given again in this order
    columns["ref"][rows] = numbers
    columns["klass"][rows] = signed
    columns["chain"][rows] = user_chain(behind["donor"])


def mark_dependent(columns: Columns, loose: Flags) -> None:
    """What spends a user's beans depends on what may have left other beans there before it.

    That is a bean gift, which may end otherwise, or a row of `loose`, whose beans may come back to another
    account than in the simulation.
    """
    kinds, n, user = columns["kind"], columns["n"], columns["subject"]
    unsure = np.flatnonzero((kinds == Kind.BEAN_GIFT) | loose)[::-1]
    if not len(unsure):
        return
    first = np.full(int(user[unsure].max()) + 1, NO_REF, np.uint64)
    first[user[unsure]] = n[unsure]  # from the last to the first, which stays
    spends = np.flatnonzero(np.isin(kinds, SPENDERS))
    spends = spends[user[spends] < len(first)]
    later = spends[n[spends] > first[user[spends]]]
    columns["expected"][later] = Expected.DEPENDS
    ends = np.flatnonzero(np.isin(kinds, (Kind.REDEEM_SHIP, Kind.REDEEM_CANCEL)))
    inside = ends[columns["ref"][ends] < PREPARED]
    columns["expected"][inside] = columns["expected"][columns["ref"][inside].astype(np.int64)]
