"""What a part of the stream shows of one kind: its rows, people's apart from farmers', and the deeds done."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import ROLES, Kind, Role
from sim.kernel.rows import NO_DEED
from sim.observation.world import Rows, World
from sim.spans import DAY_US

REWARDED_APART = ("gift", "account", "team")  # their beans are a row of their own
NUMBERS = 256  # that the column of the deed can hold


def those(rows: Rows, mask: NDArray[np.bool_]) -> Rows:
    """The rows that a mask names: `take` is ten times as fast as indexing, which copies field by field."""
    return rows.take(np.flatnonzero(mask))


def days_of(rows: Rows) -> NDArray[np.int64]:
    """The simulated day of every row."""
    return np.asarray(rows["t"] // DAY_US)


class Reader:
    """Tells apart what a scenario's rows show: who is a farmer, and what is a deed done."""

    def __init__(self, world: World) -> None:
        deeds = list(world.scenario.deeds.values())
        self.honest, self.farmed = world.honest, world.rows > world.honest
        self.redeem = next((k for k, deed in enumerate(deeds) if deed.effect == "redeem"), None)
        self.general = np.zeros(NUMBERS, bool)  # worth no hours
        self.apart = np.zeros(NUMBERS, bool)
        for k, deed in enumerate(deeds):
            self.general[k] = deed.effect == "deed" and deed.kind == "general"
            self.apart[k] = deed.effect in REWARDED_APART

    def farmers(self, kind: Kind, rows: Rows) -> NDArray[np.bool_] | None:
        """Which rows of a kind are farmers': who acts as a user and stands behind the honest ones; None if none is."""
        if not self.farmed or ROLES[kind] is not Role.USER:
            return None
        farmed = rows["agent"] >= self.honest
        return farmed if farmed.any() else None

    def done(self, kind: Kind, rows: Rows) -> NDArray[np.bool_]:
        """Which rows are a deed done: no reward for another row, no part of another gift.

        Whether it is paid for is the rules' matter: one that a cap leaves without pay was done all the same.
        """
        named = np.asarray(rows["deed"] != NO_DEED)
        if kind is Kind.GIFT:
            return np.asarray(named & (rows["ref"] == 0))
        if kind is not Kind.DEED:
            return named
        return np.asarray(named & ~self.apart[rows["deed"]])


class Seen:
    """The accepted rows of one kind in one part of the stream, in order; of users, people apart from farmers."""

    def __init__(self, kind: Kind, rows: Rows, reader: Reader) -> None:
        self.rows, self._kind, self._reader = rows, kind, reader
        farmed = reader.farmers(kind, rows)
        self.people = rows if farmed is None else those(rows, ~farmed)
        self.farmers = rows[:0] if farmed is None else those(rows, farmed)

    @cached_property
    def done(self) -> Rows:
        """Of rows that name deeds, those of people that are a deed done."""
        return those(self.people, self._reader.done(self._kind, self.people))

    @cached_property
    def farmed(self) -> Rows:
        """The same of farmers."""
        return those(self.farmers, self._reader.done(self._kind, self.farmers))
