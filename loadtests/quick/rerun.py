"""The re-run over a whole journal, compiled: every event drafted and booked, every refusal tried in its window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtests.quick import numbers as N
from loadtests.quick.accounts import Ints
from loadtests.quick.asked import Asked
from loadtests.quick.compiling import making_rule
from loadtests.quick.rules import book, draft

Windows = tuple[
    Ints, Ints, Ints, Ints, Ints, NDArray[np.bool_]
]  # places, first, last, codes; said, reproduced
SKIPPED = -1000  # an event that nobody asked for, or that was there before
NOBODY = -1  # the place of an event that nobody asked for
UNKNOWN = -999  # a refusal whose code the rules do not have


@dataclass(frozen=True)
class Refused:
    """Rows that were refused, sorted by `first`: between which seqs (inclusive) each was decided, and as what."""

    places: Ints
    first: Ints
    last: Ints
    codes: Ints

    @classmethod
    def of(cls, places: Ints, first: Ints, last: Ints, codes: list[str]) -> Refused:
        """From the names of the codes, in any order."""
        order = np.argsort(first, kind="stable")
        known = {name: -1 - k for k, name in enumerate(N.REFUSALS)}
        numbers = np.array([known.get(code, UNKNOWN) for code in codes], np.int64)
        return cls(places[order], first[order], last[order], numbers[order])


@dataclass(frozen=True)
class Rerun:
    """What the rules say of a journal. Event i has lines offsets[i] … offsets[i + 1], or ends[i] < 0 says why none.

    counters: by account. said, reproduced: by refusal, what the rules said last (0 = accepted), and whether they said
    so themselves.
    """

    lines: Ints
    offsets: Ints
    ends: Ints
    counters: Ints
    said: Ints
    reproduced: NDArray[np.bool_]


@making_rule
def play(b: N.Books, seq: Ints, place: Ints, begin: int, offsets: Ints, ends: Ints, windows: Windows) -> None:
    """Draft and book every event; before each, and after the last, try the refusals that may be decided there.

    Refusals and the event share one call of `draft`, for that is compiled anew wherever it is called.
    """
    places, first, last, codes, said, reproduced = windows
    waiting, seen = np.zeros(len(places), np.int64), np.zeros(len(b.rows), np.bool_)
    at, count, following, begun, events = 0, 0, 0, False, len(seq)
    for i in range(events + 1):
        event = place[i] if i < events else NOBODY
        begun = begun or i == events or (event >= begin and b.rows[event]["kind"] != N.OPENING)
        while begun and following < len(places) and (i == events or first[following] < seq[i]):
            waiting[count], count, following = following, count + 1, following + 1
        kept = 0
        for j in range(count + 1):
            k = places[waiting[j]] if j < count else event
            if j == count and (k < 0 or seen[k]):
                ends[i] = SKIPPED
                continue
            end = draft(b, k, at)
            if j < count:
                r = waiting[j]
                said[r] = min(end, 0)
                reproduced[r] = said[r] == codes[r]
                if not reproduced[r] and i < events and seq[i] <= last[r]:
                    waiting[kept], kept = r, kept + 1
            else:
                ends[i], seen[k] = end, True
                if end >= 0:
                    book(b, k, at, end, seq[i])
                    at = end
        count = kept
        offsets[i + 1] = at


def rerun(asked: Asked, seq: Ints, place: Ints, refused: Refused, begin: int, fee_cap_ppm: int) -> Rerun:
    """Run the rules over events in the order given; refusals begin with the first event of place `begin` or above."""
    rows, accounts = asked.rows, asked.accounts.periods
    known = place[place >= 0]
    most = np.minimum(rows["last"] - rows["first"], N.MOST_PERIODS) + N.MOST_LINES
    books = N.Books(
        rows=rows,
        left=np.zeros((len(rows), 7), np.int64),
        accounts=np.zeros((len(accounts), 5), np.int64),
        lines=np.zeros((int(most[known].sum()) + 2 * N.MOST_LINES, 5), np.int64),
        once=np.zeros(max(1, asked.once), np.int64),
        facts=np.array([fee_cap_ppm, 0], np.int64),
    )
    books.accounts[:, N.PERIOD] = accounts
    offsets, ends = np.zeros(len(seq) + 2, np.int64), np.zeros(len(seq) + 1, np.int64)
    said, reproduced = np.zeros(len(refused.places), np.int64), np.zeros(len(refused.places), np.bool_)
    windows = (refused.places, refused.first, refused.last, refused.codes, said, reproduced)
    play(books, seq, place, begin, offsets, ends, windows)
    offsets, ends = offsets[:-1], ends[:-1]
    return Rerun(books.lines[: offsets[-1]], offsets, ends, books.accounts[:, : N.PERIOD], said, reproduced)
