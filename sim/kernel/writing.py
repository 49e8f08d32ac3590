"""Writing one record and keeping one user's list of errands: the kernel's pen and its notebook."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from sim.codecache import SETTINGS
from sim.compiling import rule
from sim.errors import InvariantError
from sim.kernel.rows import NOBODY
from sim.kernel.world import Pen, Who

P = ParamSpec("P")
R = TypeVar("R")

PENDING = 255  # outcome of a claim until the barrier decides


@dataclass(frozen=True)
class Room:
    """The most records and new errands that one call of a rule may write."""

    records: int
    errands: int = 0


MOST: dict[str, Room] = {}  # of every rule that writes, by its name


def writes(records: int, errands: int = 0) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A rule that writes, with the most that one call of it may write, what it calls included.

    Compiled code checks no bounds, so whoever calls a rule sees to the room by these numbers. Plain Python
    (NUMBA_DISABLE_JIT=1) holds every call to them and raises InvariantError.
    """

    def stated(function: Callable[P, R]) -> Callable[P, R]:
        MOST[function.__name__] = Room(records, errands)
        return _held(function, MOST[function.__name__]) if SETTINGS.DISABLE_JIT else rule(function)

    return stated


def _held(function: Callable[P, R], room: Room) -> Callable[P, R]:
    """The plain function, which complains when it writes more than was stated."""
    place = list(inspect.signature(function).parameters).index("pen")

    @functools.wraps(function)
    def held(*given: P.args, **named: P.kwargs) -> R:
        pen: Any = given[place]
        before, used = pen.book.records, pen.book.used
        result = function(*given, **named)
        wrote, filed = pen.book.records - before, pen.book.used - used
        if wrote > room.records or filed > room.errands:
            raise InvariantError(
                f"{function.__name__}: wrote {wrote} records and {filed} errands; "
                f"at most {room.records} and {room.errands} are stated beside it"
            )
        return result

    return held


@writes(1)
def record(pen: Pen, who: Who, t_us: int, kind: int) -> Any:
    """A fresh, zeroed record of this user's next action; the caller fills in what moves."""
    u = who.u
    k = pen.book.records
    pen.book.records = k + 1
    row = pen.out[k]
    row.t = t_us
    row.fen = 0
    row.price = 0
    row.match = 0
    row.agent = who.user
    row.number = u.number
    row.ref = 0
    row.beans = 0
    row.minutes = 0
    row.project = NOBODY
    row.party = NOBODY
    row.team = 0
    row.kind = kind
    row.channel = who.channel
    row.outcome = 0
    row.klass = 0
    row.pool = 0
    row.deed = 0
    row.rule = 0
    u.number = u.number + 1
    return row


@writes(0, 1)
def new_errand(pen: Pen) -> int:
    """The index of a free errand row."""
    if pen.book.free != NOBODY:
        k = pen.book.free
        pen.book.free = pen.errands[k].next
    else:
        k = pen.book.used
        pen.book.used = k + 1
    return int(k)


@rule
def file_errand(u: Any, errands: Any, k: int) -> None:
    """Put errand k into the user's list, ordered by (due, ref)."""
    due = errands[k].due
    ref = errands[k].ref
    before = NOBODY
    at = u.errand
    while at != NOBODY and (errands[at].due < due or (errands[at].due == due and errands[at].ref < ref)):
        before = at
        at = errands[at].next
    errands[k].next = at
    if before == NOBODY:
        u.errand = k
    else:
        errands[before].next = k


@rule
def take_errand(u: Any, errands: Any) -> int:
    """Take the first errand off the user's list."""
    k = u.errand
    u.errand = errands[k].next
    return int(k)


@rule
def drop_errand(pen: Pen, k: int) -> None:
    """Give the row back."""
    pen.errands[k].next = pen.book.free
    pen.book.free = k
