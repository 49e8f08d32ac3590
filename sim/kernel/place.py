"""Where a user stands: channel, age segment, ties to the province, team, staff.

Nothing of it is stored: it is read off the words of keyed draws, each decision off a word of its own.
"""

from __future__ import annotations

from typing import Any

from sim.compiling import rule
from sim.kernel.rules import may_open_account, philox, unit
from sim.streams import Purpose

PLACE_DRAW = int(Purpose.PLACE)
CREW_DRAW = int(Purpose.CREW)


@rule
def place_of(user: int, R: Any) -> tuple[int, int, int, int]:
    """The words that decide where a user stands."""
    return philox(R.k0, R.k1, user, 0, 0, PLACE_DRAW)


@rule
def channel_of(word: int, R: Any) -> int:
    """The channel a user comes through, by the audiences' shares."""
    u = unit(word)
    k = 0
    while k < R.n_channels - 1 and u >= R.channel_upto[k]:
        k += 1
    return k


@rule
def segment_of(word: int, R: Any) -> int:
    """The age segment of a user."""
    u = unit(word)
    k = 0
    while k < R.n_segments - 1 and u >= R.segment_upto[k]:
        k += 1
    return k


@rule
def is_eligible(word: int, R: Any) -> bool:
    """Charity account: native of the province or living, working or studying there, each by its own bits."""
    native = (word & 255) / 256.0 < R.native
    works = ((word >> 8) & 255) / 256.0 < R.works
    studies = ((word >> 16) & 255) / 256.0 < R.studies
    lives = ((word >> 24) & 255) / 256.0 < R.lives
    return bool(may_open_account(native, works, studies, lives))


@rule
def team_of(user: int, R: Any) -> int:
    """The team a user would join, by the place where they live."""
    return (philox(R.k0, R.k1, user, 0, 0, CREW_DRAW)[0] * R.n_teams) >> 32


@rule
def is_staff(word: int, R: Any) -> bool:
    """Whether a user belongs to the staff cohort."""
    return bool(unit(word) < R.staff_share)
