"""Which rows and accounts are downstream of something the order decides.

A row `depends` if it meets something limited that other chains meet too. How it ends, or how much it moves, then
depends on the order in which the ledger takes the requests, and the simulation's order is only one of them. So
does a row that was never answered and is not in the ledger: the simulation has it. From these rows doubt spreads:

* A doubtful row puts in doubt every account it would touch, from its own number on.
* A row that is decided by an account in doubt (what its user, merchant or NGO has left) is doubtful itself if it comes
  later. Pools, projects' money and custody spread nothing here: whatever meets them is marked `depends` already.
  What merchants and NGOs are owed comes from other chains, so there "later" cannot be told and any doubt counts.
* A row that moves a document, corrects a donation or brings a partner's record is doubtful if an earlier row about the
  same one is.
* A row that names a rule is doubtful if that rule is made known among the rows that are sent, not in the preparation.
* A gift or confirmation that only depends on how much a pool matches is certain but for that match: it puts the pool
  and the project's money in doubt and nothing else.

This is repeated until nothing changes. A user's accounts of one code are one family (`2110:u1`): which period beans
come from is not told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtests.auditing.evidence import NOWHERE, Evidence
from loadtests.quick.accounts import OWNERS, Accounts, Ints
from loadtests.quick.asked import NO_OWNER
from loadtests.rerun.rerun import STEPS
from sim.bookkeeping import Kind
from sim.wire import NOBODY, Expected

FUND = 2400
MATCH = (2600, FUND)
TIME = (3300, 2800)
ORDER = (1110, 2200, 2400, 2300)
TOUCHES: dict[int, tuple[int, ...]] = {
    Kind.DEED: (3100, 2100, *TIME),
    Kind.IMPORT: TIME,
    Kind.GRANT: (3110, 2100, 3310, 2800),
    Kind.PRIZE: (2600, 1100),
    Kind.RULE: (),
    Kind.HARVEST: (2100, 2110),
    Kind.FADE: (2100, 3170),
    Kind.EXPIRE: (2110, 3170),
    Kind.DECAY: (2110, 3170),
    Kind.REVOKE: (2110, 3160),
    Kind.REDEEM_HOLD: (2110, 3180),
    Kind.REDEEM_SHIP: (2110, 3180),
    Kind.REDEEM_CANCEL: (2110, 3180),
    Kind.BEAN_GIFT: (2110, 3190, *MATCH, *TIME),
    Kind.GIFT: (1110, *MATCH, *TIME),
    Kind.HOUR_REDEEM: (2800, 3390),
    Kind.HOUR_REVOKE: (2800, 3380),
    Kind.ORDER_CREATE: (),
    Kind.ORDER_CANCEL: (),
    Kind.ORDER_PAY: ORDER,
    Kind.ORDER_REFUND: ORDER,
    Kind.ORDER_CONFIRM: (*ORDER, 2600, *TIME),
    Kind.POOL_DEPOSIT: (1100, 2600),
    Kind.POOL_WITHDRAW: (2600, 1100),
    Kind.TEAM_UNLOCK: MATCH,
    Kind.DISBURSE_ASK: (2400, 1100),
    Kind.DISBURSE_APPROVE: (),
    Kind.DISBURSE_PAID: (2400, 1100),
    Kind.DISBURSE_FAILED: (2400, 1100),
    Kind.FEE: (2400, 2450),
    Kind.CORRECTION: (2400, 1110),
    Kind.MOVE: (2400,),  # and the fund that it goes to, see `Spread`
    Kind.SETTLE: (1100, 1110),
    Kind.SETTLE_BACK: (1110, 1100),
    Kind.PAYOUT: (2300, 1100),
    Kind.FEE_PAYOUT: (2450, 1100),
}
DECIDED_BY: dict[int, int] = {
    Kind.HARVEST: 2100,
    Kind.FADE: 2100,
    Kind.EXPIRE: 2110,
    Kind.DECAY: 2110,
    Kind.REVOKE: 2110,
    Kind.REDEEM_HOLD: 2110,
    Kind.BEAN_GIFT: 2110,
    Kind.HOUR_REDEEM: 2800,
    Kind.HOUR_REVOKE: 2800,
    Kind.PAYOUT: 2300,
    Kind.FEE_PAYOUT: 2450,
}
OTHER_CHAINS = (2300, 2450)
MATCHED = (Kind.GIFT, Kind.ORDER_CONFIRM)
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Downstream:
    """By place, the rows whose end is not certain; by account, whether it may stand elsewhere than simulated."""

    rows: NDArray[np.bool_]
    accounts: NDArray[np.bool_]


class Spread:
    """Doubt as it spreads over rows, documents and accounts."""

    def __init__(self, evidence: Evidence, unanswered: NDArray[np.bool_]) -> None:
        rows = self.rows = evidence.rows
        self.evidence = evidence
        depends, unruled = rows["expected"] == Expected.DEPENDS, self._unruled()
        self.matched = depends & np.isin(rows["kind"], MATCHED) & ~unanswered & ~unruled
        self.doubtful = (depends | unanswered | unruled) & ~self.matched
        self.referring = np.flatnonzero(np.isin(rows["kind"], (*STEPS, Kind.CORRECTION, Kind.IMPORT)))
        self.behind = self._behind()
        self.owner = self._owning()
        self.at = {int(kind): np.flatnonzero(rows["kind"] == kind) for kind in np.unique(rows["kind"])}
        # From which place on something is in doubt: documents by the place that opened them, accounts by owner.
        self.moved = np.full(len(rows), NEVER)
        self.since = {code: self._never(code) for codes in TOUCHES.values() for code in codes}

    def _unruled(self) -> NDArray[np.bool_]:
        """Rows that name a rule which is made known among the rows that are sent: before that there is no such rule."""
        made = np.flatnonzero(self.rows["kind"] == Kind.RULE)
        since = np.full(256, -1)
        since[self.rows["rule"][made][::-1]] = made[::-1]
        since[NO_OWNER["rule"]] = -1
        late = since >= self.evidence.first
        return np.asarray(late[self.rows["rule"]] | late[self.rows["under"]])

    def _behind(self) -> Ints:
        """By place, the row that a step or correction refers to, or that first brought the same partner's record; any
        other row is its own, and so is a stray one."""
        own = np.arange(len(self.rows))
        behind = self.evidence.place_of(self.rows["ref"])
        imports = np.flatnonzero(self.rows["kind"] == Kind.IMPORT)
        _, first, same = np.unique(self.rows["amount2"][imports], return_index=True, return_inverse=True)
        behind[imports] = imports[first[same]]
        refers = np.isin(own, self.referring) & (behind != NOWHERE)
        return np.where(refers, behind, own)

    def _owning(self) -> dict[str, Ints]:
        """By place and column, the owner of the accounts it touches, -1 for none. A step touches those of the row
        that opened its document, a correction those of its donation, or of the order behind that."""
        about = np.where(
            self.rows["kind"] == Kind.IMPORT, np.arange(len(self.rows)), self.behind[self.behind]
        )
        owner = {name: self.rows[name][about].astype(np.int64) for name in ("subject", "object", "party")}
        owner |= {name: self.rows[name].astype(np.int64) for name in NO_OWNER}
        return {name: np.where(held == NO_OWNER.get(name, NOBODY), -1, held) for name, held in owner.items()}

    def _never(self, code: int) -> Ints:
        """No account of a code is in doubt yet. The last entry is nobody's."""
        column = OWNERS.get(code)
        if column is None:
            return np.full(1, NEVER)
        heirs = self.owner["party"][self.rows["kind"] == Kind.MOVE].max(initial=-1) if code == FUND else -1
        return np.full(max(int(self.owner[column[0]].max(initial=-1)), int(heirs)) + 2, NEVER)

    def _owners(self, code: int, at: Ints) -> Ints:
        column = OWNERS.get(code)
        return np.zeros(len(at), np.int64) if column is None else self.owner[column[0]][at]

    def run(self, accounts: Accounts) -> Downstream:
        """Spread until nothing changes."""
        before = -1
        while before != (now := int(np.count_nonzero(self.doubtful))):
            before = now
            self._from_rows()
            self._to_rows()
        return Downstream(self.doubtful | self.matched, self._accounts(accounts))

    def _from_rows(self) -> None:
        for kind, at in self.at.items():
            doubtful, matched = at[self.doubtful[at]], at[self.matched[at]]
            np.minimum.at(self.moved, self.behind[doubtful], doubtful)
            for code in TOUCHES.get(kind, ()):
                np.minimum.at(self.since[code], self._owners(code, doubtful), doubtful)
            if kind == Kind.MOVE:
                np.minimum.at(self.since[FUND], self.owner["party"][doubtful], doubtful)
            for code in MATCH:
                np.minimum.at(self.since[code], self._owners(code, matched), matched)

    def _to_rows(self) -> None:
        for kind, code in DECIDED_BY.items():
            at = self.at.get(kind, np.zeros(0, np.int64))
            since = self.since[code][self._owners(code, at)]
            self.doubtful[at] |= since != NEVER if code in OTHER_CHAINS else since < at
        at = self.referring
        self.doubtful[at] |= self.moved[self.behind[at]] < at

    def _accounts(self, accounts: Accounts) -> NDArray[np.bool_]:
        doubtful = np.zeros(len(accounts.keys), np.bool_)
        codes, owners = accounts.codes, accounts.owners
        for code, since in self.since.items():
            mine = np.flatnonzero(codes == code)
            owner = owners[mine] if code in OWNERS else np.zeros(len(mine), np.int64)
            known = owner < len(since) - (code in OWNERS)  # the last entry is nobody's
            doubtful[mine[known]] = since[owner[known]] != NEVER
        return doubtful


def downstream(evidence: Evidence, accounts: Accounts, unanswered: NDArray[np.bool_]) -> Downstream:
    """What is downstream of the rows that depend and of those that were never answered and are not in the ledger."""
    return Spread(evidence, unanswered).run(accounts)
