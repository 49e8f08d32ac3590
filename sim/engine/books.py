"""The double-entry books of one run: four integer counters an account and owner, fed from the posting table.

Users' balances are not here: their rows are the sub-ledger of the control accounts 2100, 2110 and 2800.
Books only add; what must hold is checked when a day closes (`sim.engine.closing`).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import CHART, ROLES, Kind, available, balance, read_columns
from sim.engine.actions import Actions
from sim.engine.closing import Counters, Evidence, UserTotals, audit
from sim.engine.outcome import Check
from sim.errors import InvariantError
from sim.kernel.posting import ALL, LIMIT, plan, post_rows

__all__ = ["LIMIT", "Books", "UserTotals"]

CLASSES = 2  # of charity time: labour and donated


class Books:
    """Counters of every account, dense by owner index.

    Sizes are numbers of owners. The owner index of a pool or a rule is the stream's column, 1 + its number:
    index 0 stands for "none" and stays empty.
    """

    def __init__(self, *, merchants: int, projects: int, pools: int, ngos: int, rules: int = 0) -> None:
        owners = {
            "merchant": merchants,
            "project": projects,
            "pool": pools + 1,
            "ngo": ngos,
            "rule": rules + 1,
        }
        owners["user"] = CLASSES
        self._sizes = {
            code: owners[account.owner[0]] if account.column else 1 for code, account in CHART.items()
        }
        ends = np.cumsum([4 * size for size in self._sizes.values()]).tolist()
        self._starts = dict(zip(self._sizes, [0, *ends], strict=False))
        self._plan = plan(self._starts, self._sizes)
        self._all = np.zeros(ends[-1], np.int64)  # all counters, one account after the other

    def _of(self, code: int) -> NDArray[np.int64]:
        """An account's own counters, (4, owners), to read and to write."""
        start, size = self._starts[code], self._sizes[code]
        return self._all[start : start + 4 * size].reshape(4, size)

    def post(self, actions: Actions) -> None:
        """Post every accepted, booked row. The order of rows cannot matter: postings only add.

        Raises InvariantError for a kind or owner that does not exist, an amount below 0, or a counter
        beyond 2^62.
        """
        stopped = post_rows(actions, *self._plan, self._all)
        if stopped != ALL:
            raise InvariantError(self._impossible(actions[stopped : stopped + 1]))

    def _impossible(self, row: Actions) -> str:
        """Why a row cannot be posted, read from the posting table itself."""
        number = int(row["kind"][0])
        if number not in ROLES:
            return f"an action has kind {number}, which does not exist"
        kind = Kind(number)
        for leg in read_columns(kind, row):
            amount = int(leg.amounts[0])
            for code, owners in ((leg.line.debit, leg.debit_owner), (leg.line.credit, leg.credit_owner)):
                where = f"{kind.name} on account {code} {CHART[code].name} ({leg.line.asset})"
                owner = owners if isinstance(owners, int) else int(owners[0])
                counters = self._of(code)
                exist = counters.shape[1]
                if amount < 0:
                    return f"amount: {where}: {amount} is below 0"
                if amount > 0 and not 0 <= owner < exist:
                    return f"owner: {where}: owner {owner}, {exist} exist"
                if amount > LIMIT - counters[:, owner if amount else 0].max(initial=0):
                    return f"limit: {where}: with {amount} more a counter is beyond 2^62"
        return f"limit: {kind.name}: a counter is beyond 2^62"

    def balances(self, code: int) -> NDArray[np.int64]:
        """Posted balances by owner, on the account's normal side."""
        return np.asarray(balance(code, self._of(code)), np.int64)

    def balance(self, code: int, owner: int | None = None) -> int:
        """Posted balance of one owner, or of all together."""
        balances = self.balances(code)
        return int(balances.sum() if owner is None else balances[owner])

    def available(self, code: int) -> NDArray[np.int64]:
        """Balances by owner less what is held to leave the account."""
        return np.asarray(available(code, self._of(code)), np.int64)

    def free(self, code: int, owner: int) -> int:
        """What one owner has available."""
        return int(available(code, self._of(code)[:, owner]))

    def counters(self) -> Counters:
        """By account code: (4, owners) int64 in the order dr_pending, dr_posted, cr_pending, cr_posted."""
        return {code: self._of(code) for code in CHART}

    def digest(self) -> bytes:
        """SHA-256 over all counters in the order of the chart."""
        return hashlib.sha256(self._all.data).digest()

    def state(self) -> dict[str, NDArray[np.int64]]:
        """A copy for a snapshot: account code → (4, owners)."""
        return {str(code): counters.copy() for code, counters in self.counters().items()}

    def restore(self, state: dict[str, NDArray[np.int64]]) -> None:
        """Take over a `state()` of books of the same size; raises ValueError for another size."""
        for code, counters in self.counters().items():
            if state[str(code)].shape != counters.shape:
                raise ValueError(f"account {code}: {state[str(code)].shape} saved, {counters.shape} here")
        for code, counters in self.counters().items():
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
        (`sim.kernel.witness`); settled: `settlement_actions` of the day have been posted.
        """
        checks = audit(self.counters(), Evidence(users, tally, raised, settled))
        failed = [f"{check['name']}: {check['detail']}" for check in checks if not check["passed"]]
        if failed:
            raise InvariantError(f"the books of day {day} are wrong\n" + "\n".join(failed))
        return checks
