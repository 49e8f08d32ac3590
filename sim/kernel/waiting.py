"""Waiting (等待): what is announced gathers people. Some hold a visit back until it opens, some bring one forward."""

from __future__ import annotations

from typing import Any

from sim.compiling import rule
from sim.kernel.incentives import if_played, mine
from sim.kernel.rules import exponential, philox, unit
from sim.kernel.world import Who
from sim.spans import DAY_S
from sim.streams import Purpose

WAITING_DRAW = int(Purpose.WAITING)


@rule
def awaited_s(who: Who, at_s: int, nth: int, after_s: int, segment: int, R: Any) -> int:
    """When the visit comes that was planned for second at_s, the nth of its day: perhaps at an opening of that day
    that is meant for who comes.

    Who would come within the horizon before it may wait; who would come as soon after it may come forward where
    being early pays, if that is still later than after_s.
    """
    day = at_s // DAY_S
    k = R.days[day].opening
    midnight = (day + 1) * DAY_S
    if k >= R.n_openings or R.opening_s[k] >= midnight:
        return at_s
    lots = philox(R.k0, R.k1, who.user, day, nth, WAITING_DRAW)
    meant = mine(who, segment, R) & if_played(who.u, day, R)
    while k < R.n_openings and R.opening_s[k] < midnight:
        opens = R.opening_s[k]
        if meant & R.opening_mask[k] == 0:
            k += 1
            continue
        early = opens - R.horizon_s <= at_s < opens
        late = opens <= at_s < opens + R.horizon_s and R.opening_rush[k] != 0
        waits = unit(lots[0]) < R.waits * R.opening_pull[k]
        if (early and waits) or (late and unit(lots[1]) < R.forward):
            then = min(
                opens + int(exponential(lots[2]) * R.waiting_first_s), R.opening_until[k] - 1, midnight - 1
            )
            if then > after_s and (early or then < at_s):
                return int(then)
        k += 1
    return at_s
