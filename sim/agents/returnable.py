"""Gifts that may still go back: those of rounds that run, or ended unfunded, while the rule is to return them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags, Ints

GIVEN = np.dtype([("project", "i4"), ("agent", "u4"), ("number", "u4"), ("fen", "i8")])
Given = NDArray[np.void]


class Returnable:
    """Who gave what to which round, in the order of giving; nothing is kept unless `kept`."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self._parts: list[Given] = []

    def note(self, gifts: NDArray[np.void], runs: Flags) -> None:
        """Gifts were made; `runs`: by project, whether its round may still end unfunded."""
        if not self.kept:
            return
        gifts = gifts[runs[gifts["project"]]]
        given = np.empty(len(gifts), GIVEN)
        for name in GIVEN.names or ():
            given[name] = gifts[name]
        self._parts.append(given)

    def all(self) -> Given:
        """Every gift remembered, the earliest first."""
        whole: Given = np.concatenate([np.empty(0, GIVEN), *self._parts])
        self._parts = [whole]
        return whole

    def forget(self, of: Flags) -> None:
        """The rounds of some projects (`of`, by project) are funded or begin anew: their gifts stay for good."""
        if self.kept and of.any():
            self._keep(~of[self.all()["project"]])

    def forget_latest(self, project: int) -> None:
        """The latest gift to a project is taken back otherwise."""
        mine = np.flatnonzero(self.all()["project"] == project)
        self._keep(~np.isin(np.arange(len(self.all())), mine[-1:]))

    def take(self, free: Ints) -> Given:
        """What goes back out of so much money (fen by project), the latest gifts first; these are forgotten.

        A gift that the money does not cover goes back in part, and those before it stay where they are.
        """
        given = self.all()
        order = np.flatnonzero(free[given["project"]] > 0)[::-1]
        order = order[np.argsort(given["project"][order], kind="stable")]
        latest = given[order]
        later = np.cumsum(latest["fen"]) - latest["fen"]  # fen of the gifts before it in this order
        first = np.searchsorted(latest["project"], latest["project"])
        left = free[latest["project"]] - (later - later[first])
        goes = left > 0
        back: Given = latest[goes]
        back["fen"] = np.minimum(back["fen"], left[goes])
        self._keep(~np.isin(np.arange(len(given)), order[goes]))
        return back

    def _keep(self, these: Flags) -> None:
        self._parts = [self.all()[these]]

    def restore(self, given: Given) -> None:
        """Put a snapshot's gifts back."""
        self._parts = [given.astype(GIVEN)]
