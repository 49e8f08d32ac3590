"""The ledger's journal as arrays: seq and place of every event, and its transfers as rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from loadtests.auditing.evidence import NOWHERE
from loadtests.auditing.export import Event
from loadtests.quick import numbers as N
from loadtests.quick.accounts import OWNERS, Accounts, Ints
from sim.bookkeeping import CHART, Asset
from sim.errors import UsageError

KEPT = 100  # unknown ids that are kept for examples
MODE_NUMBERS = {mode: number for number, mode in enumerate(N.MODES)}
ASSETS = tuple(str(asset) for asset in Asset)
ASSET_NUMBERS = {asset: number for number, asset in enumerate(ASSETS)}
UNKNOWN_CODE = 0


@dataclass(frozen=True)
class Journal:
    """Every event in the order of the export; event i has the lines offsets[i] … offsets[i + 1].

    place: NOWHERE for what nobody asked for. lines: columns as in `quick.numbers`; hold_line: by line, which line of
    the event HOLD it ends, -1 = none; asset: what it says of itself. names, codes: by account, UNKNOWN_CODE for one
    that the chart does not have.
    """

    seq: Ints
    place: Ints
    offsets: Ints
    lines: Ints
    hold_line: Ints
    asset: NDArray[np.uint8]
    names: list[str]
    codes: NDArray[np.int32]
    strange: list[tuple[int, str]]

    def by_place(self, places: int) -> tuple[Ints, Ints]:
        """By place: the seq of its first event, 0 if there is none, and how many there are."""
        known = self.place != NOWHERE
        first = np.zeros(places, np.int64)
        first[self.place[known][::-1]] = self.seq[known][
            ::-1
        ]  # of several the first is written last and stays
        return first, np.bincount(self.place[known], minlength=places)

    def targets(self) -> Ints:
        """By line, the line that opened the hold it ends; -1 for none, or one that is not there."""
        ends = np.flatnonzero(self.hold_line >= 0)
        order = np.argsort(self.seq, kind="stable")
        event = order[np.minimum(np.searchsorted(self.seq[order], self.lines[ends, N.HOLD]), len(order) - 1)]
        target = self.offsets[event] + self.hold_line[ends]
        there = (self.seq[event] == self.lines[ends, N.HOLD]) & (target < self.offsets[event + 1])
        targets = np.full(len(self.lines), -1)
        targets[ends] = np.where(there, target, -1)
        return targets


def code_of(name: str) -> int:
    """The code of an account's name, if it is one of the chart."""
    code = name[:4]
    owned = name[4:5] == ":" if code.isascii() and code.isdigit() and int(code) in OWNERS else name[4:5] == ""
    return int(code) if owned and code.isascii() and code.isdigit() and int(code) in CHART else UNKNOWN_CODE


class Reading:
    """Takes in the export page by page. Accounts that only the ledger knows get numbers as they come."""

    def __init__(self, ids: Mapping[str, int], accounts: Accounts) -> None:
        self.ids, self.accounts = ids, accounts
        self.parts: list[tuple[NDArray[np.int64], ...]] = []
        self.strange: list[tuple[int, str]] = []  # seq and id of events nobody asked for

    def see(self, page: Sequence[Event]) -> None:
        """Take in a page. Raises UsageError for a number that no ledger of ours can hold."""
        try:
            self._see(page)
        except OverflowError:
            raise UsageError(f"the export holds numbers beyond 2^63 after seq {page[0].seq - 1}") from None

    def _see(self, page: Sequence[Event]) -> None:
        places = [self.ids.get(event.id, NOWHERE) for event in page]
        if NOWHERE in places and len(self.strange) < KEPT:
            self.strange += [(e.seq, e.id) for e, k in zip(page, places, strict=True) if k == NOWHERE]
        transfers = [event.transfers for event in page]
        count = np.fromiter(map(len, transfers), np.int64, len(page))
        flat = list(chain.from_iterable(transfers))
        lines, hold_line = np.zeros((len(flat), 5), np.int64), np.full(len(flat), -1)
        asset = np.zeros(len(flat), np.int64)
        if flat:
            modes, debits, credits, assets, amounts, holds = zip(*flat, strict=True)
            number = self.accounts.numbers.__getitem__
            lines[:, N.MODE] = [MODE_NUMBERS[mode] for mode in modes]
            lines[:, N.DEBIT] = list(map(number, debits))
            lines[:, N.CREDIT] = list(map(number, credits))
            lines[:, N.AMOUNT] = amounts
            asset[:] = [ASSET_NUMBERS[name] for name in assets]
            ends = [j for j, hold in enumerate(holds) if hold is not None]
            if ends:
                lines[ends, N.HOLD], hold_line[ends] = zip(*(holds[j] for j in ends), strict=True)
        seq = np.fromiter((event.seq for event in page), np.int64, len(page))
        self.parts.append((seq, np.array(places, np.int64), count, lines, hold_line, asset))

    def journal(self) -> Journal:
        """All pages together."""
        none = np.zeros(0, np.int64)
        empty = (none, none, none, np.zeros((0, 5), np.int64), none, none)
        seq, place, count, lines, hold_line, asset = (
            np.concatenate(columns) for columns in zip(empty, *self.parts, strict=True)
        )
        offsets = np.concatenate([[0], np.cumsum(count)])
        names, known = self.accounts.names(), self.accounts.codes
        codes = np.append(known, [code_of(name) for name in names[len(known) :]]).astype(np.int32)
        return Journal(
            seq, place, offsets, lines, hold_line, asset.astype(np.uint8), names, codes, self.strange
        )
