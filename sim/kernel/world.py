"""What travels together through the rules: the world that everybody reads, a user, a moment, and the pen.

Each is a named tuple of records and arrays, so that a rule asks for what it reads by name and one more table is one
more line here.

A door, which Python calls, is handed records in arrays of one and opens them: a record of its own would be described
to the compiled code field by field, 0.1 ms a call.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Clock(NamedTuple):
    """Shopping time: `bins` (rows of BIN, one more than there are bins), the first bin of every hour, and of every
    quarter of a day's visits."""

    bins: Any
    hour_bin: Any
    guide: Any


class World(NamedTuple):
    """What everybody reads between two barriers: the rules of the run, what is published, what can be chosen."""

    R: Any  # `rule_values` and tables, of a door: in an array of one
    G: Any  # PUBLIC, likewise
    clock: Clock
    product: Any
    places: Any
    activities: Any
    vouchers: Any


class Who(NamedTuple):
    """A user: the number, the row, the channel they come through."""

    user: Any
    u: Any
    channel: Any


class Pen(NamedTuple):
    """What a block writes on: records, errands, its book of counts, traffic by bin of time, points by team, orders by
    user, what rules count by user, and the price lists and values of visits it keeps at hand."""

    out: Any
    errands: Any
    book: Any  # BOOK, in an array of one of a door
    traffic: Any
    points: Any
    counted: Any
    marks: Any
    prices: Any
    visits: Any


class Slot(NamedTuple):
    """A moment of a session: the instant, its day, and the key of the luck of the deed done there."""

    t_us: Any
    day: Any
    key: Any
    sub: Any


class Pulls(NamedTuple):
    """Factors on the weights of deeds that count for something a user is after."""

    beans: Any  # of what brings beans: the goal they gather for
    minutes: Any  # of what brings charity time: the nearest benefit
    team: Any  # of a team's deeds, while a challenge runs
    use: Any  # of what uses beans, before they expire


class Mood(NamedTuple):
    """What a user brings to a whole session: segment, what lifts the deeds' weights, who they are, which rules hold."""

    segment: Any
    keen: Any  # factor on every deed's weight
    pulls: Any  # factors on what brings beans, minutes, points, and on what uses beans
    level: Any  # of holding more beans than the next thing costs
    minor: Any
    eligible: Any
    norm_at: Any  # minutes of labour at which staff have met the year's norm, 0 for others
    team: Any  # the one they are in or would join
    mask: Any  # rules that hold for them, as bits
    price: Any  # their price list among those at hand
