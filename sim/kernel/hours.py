"""Charity minutes on a user's row: labour and donated apart, the donated ones under a yearly cap."""

from __future__ import annotations

from typing import Any

from sim.compiling import rule
from sim.kernel import tallies as T
from sim.kernel.rows import DONATED, LABOUR
from sim.kernel.rules import capped_minutes
from sim.kernel.world import Pen, World


@rule
def credit(u: Any, minutes: int, klass: int, R: Any) -> int:
    """Credit minutes of a class to a user's row, as far as the cap allows; returns what was credited."""
    if klass == LABOUR:
        u.labour = u.labour + minutes
        return minutes
    if klass == DONATED:
        got = capped_minutes(minutes, u.donated, R.donated_cap)
        u.donated = u.donated + got
        return int(got)
    return 0


@rule
def add_minutes(u: Any, minutes: int, klass: int, w: World, pen: Pen) -> int:
    """Credit minutes of what was done, and count them (not those of rules); returns what was credited."""
    got = credit(u, minutes, klass, w.R)
    if klass == LABOUR:
        pen.book.tally[T.MINUTES_LABOUR] += got
    elif klass == DONATED:
        pen.book.tally[T.MINUTES_DONATED] += got
    return got
