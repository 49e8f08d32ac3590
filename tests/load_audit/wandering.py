"""Requests of a small charity, drawn at random: most of them make sense, many are refused.

Few users, merchants and projects and small amounts, so that everything meets everything: empty pools, beans that
expire, orders confirmed twice, holds that bind money others want.
"""

from __future__ import annotations

import random

from sim.bookkeeping import ROLES, Kind
from sim.wire import OPS, PREPARED, Expected, Row, Signer

HOUR_US = 3_600_000_000
START_US = 1_662_652_800_000_000  # 2022-09-09 00:00 in UTC+8
USERS, MERCHANTS, PROJECTS, POOLS, RULES = 4, 2, 2, 2, 3
BEANS = (40, 200, 300)
CAPPED, BUDGETED = 0, 1  # rules
NOWHERE = 10**6  # a row that does not exist
OFTEN = {
    Kind.DEED: 6, Kind.HARVEST: 4, Kind.POOL_DEPOSIT: 2, Kind.ORDER_CREATE: 3, Kind.ORDER_PAY: 4, Kind.ORDER_CONFIRM: 3,
    Kind.BEAN_GIFT: 4, Kind.REDEEM_HOLD: 4, Kind.REDEEM_SHIP: 2, Kind.DISBURSE_ASK: 3, Kind.DISBURSE_APPROVE: 2,
    Kind.DISBURSE_PAID: 2, Kind.GIFT: 4, Kind.GRANT: 4, Kind.PRIZE: 2, Kind.RULE: 1,
    Kind.SETTLE: 0, Kind.SETTLE_BACK: 0, Kind.CORRECTION: 2,
}  # fmt: skip
# After which kind a kind can follow, on the same document.
AFTER = {
    Kind.ORDER_PAY: (Kind.ORDER_CREATE,),
    Kind.ORDER_CANCEL: (Kind.ORDER_CREATE,),
    Kind.ORDER_CONFIRM: (Kind.ORDER_PAY,),
    Kind.ORDER_REFUND: (Kind.ORDER_PAY,),
    Kind.REDEEM_SHIP: (Kind.REDEEM_HOLD,),
    Kind.REDEEM_CANCEL: (Kind.REDEEM_HOLD,),
    Kind.DISBURSE_APPROVE: (Kind.DISBURSE_ASK,),
    Kind.DISBURSE_PAID: (Kind.DISBURSE_APPROVE,),
    Kind.DISBURSE_FAILED: (Kind.DISBURSE_ASK, Kind.DISBURSE_APPROVE),
}
OPENERS = (Kind.ORDER_CREATE, Kind.REDEEM_HOLD, Kind.DISBURSE_ASK)
GIVEN = (Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM)
# What meets money of others: pools, funds, custody, payables; or what another row of its day may have done.
SHARED = (
    Kind.BEAN_GIFT, Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK, Kind.DISBURSE_ASK, Kind.DISBURSE_APPROVE, Kind.DISBURSE_PAID,
    Kind.DISBURSE_FAILED, Kind.FEE, Kind.CORRECTION, Kind.MOVE, Kind.SETTLE, Kind.SETTLE_BACK, Kind.PAYOUT,
    Kind.FEE_PAYOUT, Kind.PRIZE, Kind.RULE,
)  # fmt: skip
MAY_NAME = (Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM, Kind.TEAM_UNLOCK)  # a rule that pays


class Wanderer:
    """Draws one row after the other."""

    def __init__(self, seed: int, count: int) -> None:
        self.draw = random.Random(seed)
        self.step_us = 2 * 240 * HOUR_US // max(1, count)  # about ten days in all
        self.rows: list[Row] = []
        self.papers: dict[int, Kind] = {}  # by opening row, what was last done with the document
        self.due = 0

    def step(self) -> Row:
        """The next row."""
        draw, n = self.draw, len(self.rows)
        self.due += draw.randrange(self.step_us)
        kind = draw.choices(list(OPS), [OFTEN.get(kind, 1) for kind in OPS])[0]
        if n % 13 == 5:
            kind = draw.choice((Kind.SETTLE, Kind.SETTLE, Kind.SETTLE, Kind.SETTLE_BACK))
        values = self._plain(kind) | self._special(kind) | self._ruled(kind)
        shared = kind in SHARED or (kind in GIVEN and values["amount2"] > 0)
        shared |= kind is Kind.GRANT and values["rule"] != CAPPED
        expected = int(Expected.DEPENDS if shared else Expected.ACCEPTED)
        row = Row(n, self.due, self._chain(kind, values), int(kind), expected=expected, **values)
        if kind in OPENERS:
            self.papers[n] = kind
        elif kind in AFTER and self.papers.get(row.ref) in AFTER[kind]:
            self.papers[row.ref] = kind
        self.rows.append(row)
        return row

    def _plain(self, kind: Kind) -> dict[str, int]:
        draw = self.draw
        today = 20220909 + self.due // (24 * HOUR_US)
        timed = kind in (Kind.DEED, Kind.IMPORT, Kind.HOUR_REDEEM, Kind.HOUR_REVOKE)
        return {
            "subject": draw.randrange(USERS),
            "object": draw.randrange(PROJECTS),
            "party": draw.randrange(MERCHANTS),
            "pool": draw.randrange(POOLS),
            "amount": draw.choice(BEANS if kind in (Kind.DEED, Kind.HARVEST) else (1, 7, 20, 40, 100, 300)),
            "amount2": 0,
            "minutes": draw.choice((6, 12) if timed else (0, 6)),
            "klass": draw.randrange(2),
            "period": today + draw.choice((-1, 0, 1, 1, 2, 3)),
            "role": int(OPS[kind].signer),
            "channel": draw.randrange(3),
        }

    def _special(self, kind: Kind) -> dict[str, int]:
        """What needs a second amount, a row of the past, or a smaller sum."""
        draw = self.draw
        if kind is Kind.BEAN_GIFT:
            return {"amount": draw.choice((100, 100, 200)), "amount2": draw.choice((20, 97))}
        if kind is Kind.GIFT:
            return {"amount2": draw.choice((0, 0, 50, 400))}
        if kind is Kind.ORDER_CREATE:
            price = draw.choice((40, 300, 900))
            return {"amount": draw.choice((1, price // 2, price, price, price + 1)), "amount2": price}
        if kind is Kind.IMPORT:
            user = draw.randrange(USERS)
            return {"amount": 0, "subject": user, "amount2": 10 * user + draw.randrange(3)}
        if kind is Kind.MOVE:
            start = draw.randrange(PROJECTS)
            return {"object": start, "party": (start + 1) % PROJECTS}
        if kind is Kind.FEE:
            return {"amount": draw.choice((1, 5, 30))}
        if kind is Kind.CORRECTION:
            return self._corrected()
        if kind is Kind.ORDER_CONFIRM:
            return self._behind(kind) | {"amount2": draw.choice((0, 0, 50, 400))}
        return self._behind(kind) if kind in AFTER else {}

    def _ruled(self, kind: Kind) -> dict[str, int]:
        """The rules that a row names; two of three may be made known beforehand, see `rules`."""
        draw = self.draw
        sure = (
            18 if kind is Kind.GRANT else 2
        )  # what others may have had of a budget leaves little that is certain
        rule = draw.choice((*(CAPPED,) * sure, BUDGETED, RULES - 1))
        if kind is Kind.RULE:
            bounds = {"amount": (0, 300, 900), "amount2": (0, 40, 200), "minutes": (0, 50), "period": (0, 30)}
            terms = {name: draw.choice(values) for name, values in bounds.items()}
            return {"rule": draw.randrange(RULES), "channel": draw.choice((0, 1, 3, 7)), **terms}
        if kind in (Kind.GRANT, Kind.PRIZE, Kind.DECAY) or (kind in MAY_NAME and draw.random() < 0.5):
            return {"rule": rule} | ({"under": CAPPED} if kind is Kind.GRANT and rule else {})
        return {"under": CAPPED} if kind is Kind.DEED and draw.random() < 0.2 else {}

    def _behind(self, kind: Kind) -> dict[str, int]:
        """The document a row moves: mostly one that can be moved so, now and then any row at all."""
        fit = [n for n, last in self.papers.items() if last in AFTER[kind]]
        luck = self.draw.random()
        chosen = fit if luck < 0.8 else list(self.papers) if luck < 0.9 else range(len(self.rows))
        if not chosen:
            return {"ref": NOWHERE}
        found = self.rows[self.draw.choice(chosen)]
        return {"ref": found.n, "object": found.object, "subject": found.subject, "party": found.party}

    def _corrected(self) -> dict[str, int]:
        """A donation that is taken back, now and then a row that is none (whose key is bound to nothing)."""
        fit = [row for row in self.rows if row.kind in GIVEN][-8:]
        others = [row for row in self.rows if row.role in (Signer.PLATFORM, Signer.SYSTEM)]
        chosen = fit if fit and self.draw.random() < 0.9 else others
        if not chosen:
            return {"ref": NOWHERE, "klass": int(Signer.PLATFORM)}
        found = self.draw.choice(chosen)
        amount = self.draw.choice((1, 20, 40))
        return {"ref": found.n, "klass": found.role, "amount": amount, "subject": found.subject}

    def _chain(self, kind: Kind, values: dict[str, int]) -> int:
        """Role and owner; a correction belongs to the giver."""
        role = ROLES[Kind.GIFT if kind is Kind.CORRECTION else kind]
        owners = {
            "SPONSOR": "pool",
            "MERCHANT": "party",
            "NGO": "party",
            "PROJECT": "object",
            "USER": "subject",
        }
        return int(role) << 28 | (values[owners[role.name]] if role.name in owners else 0)


def rules() -> list[Row]:
    """A rule that bounds what a user has in a day, and one with a budget: made known before the first row."""
    terms = {CAPPED: {"minutes": 50, "period": 30, "channel": 1}, BUDGETED: {"amount": 900, "amount2": 200}}
    admin = {"role": int(Signer.ADMIN), "kind": int(Kind.RULE), "due_us": 0, "chain": 0}
    return [Row(n=PREPARED + k, rule=rule, **admin, **words) for k, (rule, words) in enumerate(terms.items())]


def wander(seed: int, count: int) -> list[Row]:
    """So many rows in time order."""
    wanderer = Wanderer(seed, count)
    return [wanderer.step() for _ in range(count)]
