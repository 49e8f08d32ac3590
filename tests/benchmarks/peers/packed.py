"""The toy packed: a row a user in NumPy, a loop compiled by Numba, one thread, hour by hour."""

from __future__ import annotations

from math import log

import numba
import numpy as np
import toy
from toy import (
    BEANS,
    BUY,
    CHOICE,
    FEN,
    GIFT,
    GIVE,
    GIVEN,
    GROWN,
    HOURS,
    MEAN_WAIT_H,
    PLAY,
    TOTALS,
    UP_TO,
    WAIT,
)

ROW = np.dtype([("due", "f8"), ("number", "i4"), ("beans", "i4")])
toy.mix = numba.njit(toy.mix)  # which `draw` calls
draw, unit, price = (numba.njit(rule) for rule in (toy.draw, toy.unit, toy.price))


@numba.njit
def sleep(user, row):
    """When the next action is due."""
    row.number += 1
    row.due += -MEAN_WAIT_H * log(unit(draw(user, row.number, WAIT)))


@numba.njit
def act(user, row, totals):
    """Do one of five things."""
    word = draw(user, row.number, CHOICE)
    luck = unit(word)
    kind = 0
    while luck >= UP_TO[kind]:
        kind += 1
    totals[kind] += 1
    if kind == BUY:
        totals[FEN] += price(word)
    elif kind == PLAY:
        row.beans += GROWN
        totals[BEANS] += GROWN
    elif kind == GIVE and row.beans >= GIFT:
        row.beans -= GIFT
        totals[GIVEN] += GIFT


@numba.njit
def begin(rows):
    """Everybody's first wait."""
    for user in range(len(rows)):
        sleep(user, rows[user])


@numba.njit
def play_until(rows, end, totals):
    """Everybody up to that hour."""
    for user in range(len(rows)):
        row = rows[user]
        while row.due < end:
            act(user, row, totals)
            sleep(user, row)


def play(users: int) -> np.ndarray:
    """What was done in a week."""
    rows, totals = np.zeros(users, ROW), np.zeros(len(TOTALS), np.int64)
    begin(rows)
    for hour in range(int(HOURS)):
        play_until(rows, hour + 1.0, totals)
    return totals


if __name__ == "__main__":
    toy.measure(play, warm=1_000)
