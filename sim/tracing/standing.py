"""How things stand at a barrier: a copy of what the engine knows of users, documents and books.

What users began before the barrier and end after it is decided: beans are spent, matches granted, minutes
credited on their rows. The books here have it too, although its rows come later in the stream. A slice
therefore holds what was *decided* between its two barriers.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.actions import Actions, sort_stream
from sim.engine.books import Books
from sim.kernel.rows import CANCEL, CONFIRM, PAY, REFUND, SHIP, VOUCHER_CANCEL, VOUCHER_SHIP
from sim.scenario import Scenario, since_start
from sim.spans import SECOND
from sim.tracing.links import Keys, document_keys

if TYPE_CHECKING:
    from sim.engine.campaign import Campaign

UNPAID = (PAY, CANCEL)
PAID = (SHIP, CONFIRM, REFUND)
VOUCHERS = (VOUCHER_SHIP, VOUCHER_CANCEL)
Minutes = tuple[NDArray[np.uint32], NDArray[np.uint32]]  # of all users: labour, donated


@dataclass(frozen=True)
class Standing:
    """The engine's state at a barrier. `held` are the rows decided before it and due after it."""

    now_s: int
    growing: NDArray[np.uint16]
    available: NDArray[np.uint16]
    minutes: dict[int, Minutes]  # by year
    errands: NDArray[np.void]
    books: Books
    held: Actions

    def documents(self, *steps: int) -> tuple[NDArray[np.void], Keys]:
        """Open orders or vouchers at these steps, with their keys."""
        rows = self.errands[np.isin(self.errands["step"], steps)]
        return rows, document_keys(rows["next"], rows["ref"])


def stand(campaign: Campaign, years: Years) -> Standing:
    """A copy of the campaign's state at its present barrier."""
    people = campaign.population
    books = copy.deepcopy(campaign.books)
    books.post(campaign.held)
    return Standing(
        int(campaign.barriers[campaign.at]), people.users["growing"].copy(), people.users["available"].copy(),
        years.minutes(people.users), people.errands(), books, sort_stream(campaign.held),
    )  # fmt: skip


class Years:
    """Users' minutes as they stood at each turn of a year: rows keep one sum, the ledger an account a year."""

    def __init__(self, scenario: Scenario) -> None:
        start = scenario.scenario.start
        self.first = start.year
        days = scenario.scenario.length // SECOND
        turns = (
            datetime(self.first + k, 1, 1, tzinfo=start.tzinfo) for k in range(1, 3 + days // 31_536_000)
        )
        self.turns = [since_start(scenario, turn) // SECOND for turn in turns]
        self.seen: list[Minutes] = []

    def note(self, now_s: int, users: NDArray[np.void]) -> None:
        """Copy the minutes if a year ends now; to be called at every barrier, any number of times."""
        if self.turns[len(self.seen)] == now_s:
            self.seen.append(_minutes(users))

    def minutes(self, users: NDArray[np.void]) -> dict[int, Minutes]:
        """By year, what each user was credited in it until now."""
        ends = [*self.seen, _minutes(users)]
        begins: list[Any] = [(np.uint32(0), np.uint32(0)), *self.seen]
        return {
            self.first + k: (end[0] - begin[0], end[1] - begin[1])
            for k, (begin, end) in enumerate(zip(begins, ends, strict=True))
        }


def _minutes(users: NDArray[np.void]) -> Minutes:
    return users["labour"].copy(), users["donated"].copy()
