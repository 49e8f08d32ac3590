"""Where a user stands: channel, age segment, ties to the province, team, staff.

Nothing of it is stored: it is read off the words of keyed draws, each decision off a word of its own.
"""

from __future__ import annotations

from math import inf, log
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
def ways_in(user: int, R: Any) -> tuple[int, int, float]:
    """The channels within whose reach a user is: which gets hold of them first, how many they are, their pull together.

    Each reaches a user with its own probability, whatever the others do; the harder it pulls, the sooner. -1 where
    none does.
    """
    first, ways, pull = -1, 0, 0.0
    soonest = inf
    lots = philox(R.k0, R.k1, user, 0, 1, PLACE_DRAW)
    for k in range(R.n_channels):
        if k > 0 and k % 4 == 0:
            lots = philox(R.k0, R.k1, user, 0, 1 + k // 4, PLACE_DRAW)
        lot = unit(lots[k % 4])
        if lot < R.channel_reach[k] and R.channel_pull[k] > 0.0:
            ways += 1
            pull += R.channel_pull[k]
            after = -log(lot / R.channel_reach[k]) / R.channel_pull[k]
            if after < soonest:
                first, soonest = k, after
    return first, ways, pull


@rule
def by_share(word: int, upto: Any, count: int) -> int:
    """Which of so many a word picks by their cumulative shares."""
    u = unit(word)
    k = 0
    while k < count - 1 and u >= upto[k]:
        k += 1
    return k


@rule
def channel_of(user: int, word: int, R: Any) -> int:
    """The channel a user comes through: the first that reaches them; without any, by a friend's, as audiences go."""
    if R.n_channels == 1:
        return 0
    first = ways_in(user, R)[0]
    if first >= 0:
        return first
    return by_share(word, R.channel_upto, R.n_channels)


@rule
def segment_of(word: int, R: Any) -> int:
    """The age segment of a user."""
    return by_share(word, R.segment_upto, R.n_segments)


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
