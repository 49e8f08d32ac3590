"""The double-entry books of one run: four integer counters an account and owner, fed from the posting table.

Users' balances are not here: their rows are the sub-ledger of the control accounts 2100, 2110 and 2800.
Books only add; what must hold is checked when a day closes (`sim.engine.closing`).
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import (
    CHART,
    CR_PENDING,
    CR_POSTED,
    DR_PENDING,
    DR_POSTED,
    EFFECTS,
    POSTINGS,
    ROLES,
    Kind,
    Leg,
    available,
    balance,
    read_columns,
)
from sim.engine.actions import Actions
from sim.engine.closing import Counters, Evidence, UserTotals, audit
from sim.engine.outcome import Check
from sim.errors import InvariantError

__all__ = ["Books", "UserTotals"]

LIMIT = 2**62  # a counter beyond it could wrap on the next addition
CLASSES = 2  # of charity time: labour and donated


class Books:
    """Counters of every account, dense by owner index.

    Sizes are numbers of owners. A pool's owner index is the stream's `pool` column, 1 + its number: index 0
    stands for "no pool" and stays empty.
    """

    def __init__(self, *, merchants: int, projects: int, pools: int, ngos: int) -> None:
        owners = {"merchant": merchants, "project": projects, "pool": pools + 1, "ngo": ngos, "user": CLASSES}
        self._counters: dict[int, NDArray[np.int64]] = {
            code: np.zeros((4, owners[account.owner[0]] if account.column else 1), np.int64)
            for code, account in CHART.items()
        }

    def post(self, actions: Actions) -> None:
        """Post every accepted, booked row. The order of rows cannot matter: postings only add.

        Raises InvariantError for a kind or owner that does not exist, an amount below 0, or a counter
        beyond 2^62.
        """
        kinds = np.ascontiguousarray(actions["kind"])
        for number in np.flatnonzero(np.bincount(kinds, minlength=256)).tolist():
            if number not in ROLES:
                raise InvariantError(f"an action has kind {number}, which does not exist")
            kind = Kind(number)
            if kind in POSTINGS:
                for leg in read_columns(kind, actions.take(np.flatnonzero(kinds == number))):
                    self._post_leg(kind, leg)

    def _post_leg(self, kind: Kind, leg: Leg) -> None:
        pending, posted = EFFECTS[leg.line.mode]
        for code, owner, held, done in (
            (leg.line.debit, leg.debit_owner, DR_PENDING, DR_POSTED),
            (leg.line.credit, leg.credit_owner, CR_PENDING, CR_POSTED),
        ):
            where = f"{kind.name} on account {code} {CHART[code].name} ({leg.line.asset})"
            counters = self._counters[code]
            added = _by_owner(where, owner, leg.amounts, counters.shape[1])
            for counter, sign in ((held, pending), (done, posted)):
                if sign:
                    counters[counter] += sign * added
                    if counters[counter].max(initial=0) > LIMIT:
                        raise InvariantError(f"limit: {where}: a counter is beyond 2^62")

    def balances(self, code: int) -> NDArray[np.int64]:
        """Posted balances by owner, on the account's normal side."""
        return np.asarray(balance(code, self._counters[code]), np.int64)

    def balance(self, code: int, owner: int | None = None) -> int:
        """Posted balance of one owner, or of all together."""
        balances = self.balances(code)
        return int(balances.sum() if owner is None else balances[owner])

    def available(self, code: int) -> NDArray[np.int64]:
        """Balances by owner less what is held to leave the account."""
        return np.asarray(available(code, self._counters[code]), np.int64)

    def counters(self) -> Counters:
        """By account code: (4, owners) int64 in the order dr_pending, dr_posted, cr_pending, cr_posted."""
        return self._counters

    def digest(self) -> bytes:
        """SHA-256 over all counters in the order of the chart."""
        digest = hashlib.sha256()
        for counters in self._counters.values():
            digest.update(counters.tobytes())
        return digest.digest()

    def state(self) -> dict[str, NDArray[np.int64]]:
        """A copy for a snapshot: account code → (4, owners)."""
        return {str(code): counters.copy() for code, counters in self._counters.items()}

    def restore(self, state: dict[str, NDArray[np.int64]]) -> None:
        """Take over a `state()` of books of the same size; raises ValueError for another size."""
        for code, counters in self._counters.items():
            if state[str(code)].shape != counters.shape:
                raise ValueError(f"account {code}: {state[str(code)].shape} saved, {counters.shape} here")
        for code, counters in self._counters.items():
            counters[:] = state[str(code)]

    def close_day(
        self,
        day: int,
        users: UserTotals,
        tally: NDArray[np.int64],
        raised: NDArray[np.int64],
        *,
        settled: bool = False,
    ) -> list[Check]:
        """Every check of the day close, passed. Raises InvariantError naming what failed.

        tally: vector of `sim.kernel.tallies`; raised: fen by project, counted apart from the books
        (`tallies.count_raised`); settled: `settlement_actions` of the day have been posted.
        """
        checks = audit(self._counters, Evidence(users, tally, raised, settled))
        failed = [f"{check['name']}: {check['detail']}" for check in checks if not check["passed"]]
        if failed:
            raise InvariantError(f"the books of day {day} are wrong\n" + "\n".join(failed))
        return checks


def _by_owner(
    where: str, owner: NDArray[np.integer[Any]] | int, amounts: NDArray[np.int64], owners: int
) -> NDArray[np.int64]:
    """Amounts summed by owner. Owners of amounts of 0 are not looked at: such a line is left out."""
    sums = np.zeros(owners, np.int64)
    if amounts.min(initial=0) < 0:
        raise InvariantError(f"amount: {where}: {amounts.min()} is below 0")
    if amounts.sum(dtype=np.float64) > LIMIT:
        raise InvariantError(f"limit: {where}: the amounts sum to more than 2^62")
    if isinstance(owner, int):
        sums[owner] = amounts.sum()
        return sums
    moves = amounts > 0
    if not moves.all():
        owner, amounts = owner[moves], amounts[moves]
    if len(owner) and not 0 <= owner.min() <= owner.max() < owners:
        raise InvariantError(f"owner: {where}: owners {owner.min()} … {owner.max()}, {owners} exist")
    np.add.at(sums, owner, amounts)
    return sums
