"""The re-run itself: `draft` says what a row would book now, `book` books it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from loadtests.rerun import beans, money, rules
from loadtests.rerun.charity import Accounts, Charity, Drafted, Hold, Line, Paper
from sim.bookkeeping import Kind
from sim.wire import Row


class Step(NamedTuple):
    """A step of a document: which kind opened it, the states it may be in, the state afterwards, what it books."""

    opener: Kind
    states: tuple[str, ...]
    state: str
    rule: Callable[[Charity, Paper, Row], Drafted]


RULES: dict[int, Callable[[Charity, Row], Drafted]] = {
    Kind.DEED: beans.deed,
    Kind.IMPORT: beans.imported,
    Kind.GRANT: beans.grant,
    Kind.PRIZE: money.prize,
    Kind.RULE: rules.register,
    Kind.HARVEST: beans.harvest,
    Kind.FADE: beans.fade,
    Kind.EXPIRE: beans.expire,
    Kind.DECAY: beans.decay,
    Kind.REVOKE: beans.revoke,
    Kind.HOUR_REDEEM: beans.redeem_hours,
    Kind.HOUR_REVOKE: beans.revoke_hours,
    Kind.REDEEM_HOLD: beans.redeem,
    Kind.BEAN_GIFT: beans.give_beans,
    Kind.GIFT: money.give_money,
    Kind.CORRECTION: money.correct,
    Kind.ORDER_CREATE: money.create_order,
    Kind.POOL_DEPOSIT: money.deposit,
    Kind.POOL_WITHDRAW: money.withdraw,
    Kind.TEAM_UNLOCK: money.unlock,
    Kind.DISBURSE_ASK: money.disburse,
    Kind.FEE: money.fee,
    Kind.MOVE: money.move,
    Kind.SETTLE: money.settle,
    Kind.SETTLE_BACK: money.settle_back,
    Kind.PAYOUT: money.pay_merchant,
    Kind.FEE_PAYOUT: money.pay_ngo,
}
OPENS: dict[int, str] = {Kind.ORDER_CREATE: "created", Kind.REDEEM_HOLD: "held", Kind.DISBURSE_ASK: "asked"}
STEPS: dict[int, Step] = {
    Kind.ORDER_PAY: Step(Kind.ORDER_CREATE, ("created",), "paid", money.pay),
    Kind.ORDER_CANCEL: Step(Kind.ORDER_CREATE, ("created",), "cancelled", money.nothing),
    Kind.ORDER_CONFIRM: Step(Kind.ORDER_CREATE, ("paid",), "confirmed", money.confirm),
    Kind.ORDER_REFUND: Step(Kind.ORDER_CREATE, ("paid",), "refunded", money.refund),
    Kind.REDEEM_SHIP: Step(Kind.REDEEM_HOLD, ("held",), "shipped", money.post),
    Kind.REDEEM_CANCEL: Step(Kind.REDEEM_HOLD, ("held",), "cancelled", money.void),
    Kind.DISBURSE_APPROVE: Step(Kind.DISBURSE_ASK, ("asked",), "approved", money.nothing),
    Kind.DISBURSE_PAID: Step(Kind.DISBURSE_ASK, ("approved",), "paid", money.post),
    Kind.DISBURSE_FAILED: Step(Kind.DISBURSE_ASK, ("asked", "approved"), "failed", money.void),
}
DONATIONS = frozenset({Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM})
SOURCES = {"BEAN": "3100", "HOUR": "3300", "CNY": "1110"}  # what opening balances are booked against


class Rerun:
    """Requests booked in the order in which they are given. See `Charity` for the settings."""

    def __init__(self, start_us: int, namespace: str = "", fee_cap_ppm: int = 100_000) -> None:
        self.charity = Charity(start_us, namespace, fee_cap_ppm)

    @property
    def accounts(self) -> Accounts:
        """Counters by account name."""
        return self.charity.accounts

    def draft(self, row: Row) -> Drafted:
        """What a row would book now, or the code it would be refused with. Changes nothing."""
        rule = RULES.get(row.kind)
        if rule is not None:
            return rule(self.charity, row)
        step = STEPS[row.kind]
        paper = self.charity.papers.get(row.ref)
        if paper is None or paper.row.kind != step.opener:
            return "not_found"
        if paper.state not in step.states:
            return "invalid_transition"
        return step.rule(self.charity, paper, row)

    def draft_opening(self, account: str, amount: int) -> Drafted:
        """What an opening balance would book now; refused once anything else was booked."""
        if self.charity.in_business:
            return "openings_closed"
        asset = {"21": "BEAN", "28": "HOUR", "31": "BEAN", "33": "HOUR"}.get(account[:2], "CNY")
        return [("posted", SOURCES[asset], account, asset, amount, None)]

    def book(self, seq: int, row: Row | None, lines: Sequence[Line]) -> None:
        """Book drafted lines as event `seq` of a row, or of an opening (None)."""
        opened = self._move(seq, lines)
        if row is None:
            return
        charity, kind = self.charity, row.kind
        charity.in_business = True
        charity.booked.add(row.n)
        if kind in STEPS:
            paper = charity.papers[row.ref]
            paper.state = STEPS[kind].state
            if lines:
                paper.holds = opened
        elif kind in OPENS:
            charity.papers[row.n] = Paper(row, OPENS[kind], opened)
        if kind == Kind.RULE:
            charity.rules[row.rule] = row
        if kind in DONATIONS:
            _remember_gift(charity, row, lines)
        elif kind in ONCE:
            charity.done.add(ONCE[kind](charity, row))

    def _move(self, seq: int, lines: Sequence[Line]) -> list[Hold]:
        """Move the counters; the holds that are opened."""
        accounts = self.charity.accounts
        opened: list[Hold] = []
        for place, (mode, debit, credit, asset, amount, _) in enumerate(lines):
            if mode == "posted":
                accounts.post(debit, credit, amount)
            elif mode == "pending":
                accounts.hold(debit, credit, amount)
                opened.append((debit, credit, asset, amount, (seq, place)))
            else:
                accounts.hold(debit, credit, -amount)
                if mode == "post":
                    accounts.post(debit, credit, amount)
        return opened


def _remember_gift(charity: Charity, row: Row, lines: Sequence[Line]) -> None:
    """A donation may be corrected later: to which fund it went, and how much."""
    fund, brought = "", 0
    for _, _, credit, _, amount, _ in lines:
        if credit.startswith("2400:"):
            fund, brought = credit, brought + amount
    if fund:
        charity.gifts[row.n] = fund, brought


# What is done once, and what it is known by.
ONCE: dict[int, Callable[[Charity, Row], tuple[object, ...]]] = {
    Kind.IMPORT: lambda charity, row: ("import", row.amount2),
    Kind.CORRECTION: lambda charity, row: ("corrected", row.ref),
    Kind.SETTLE: lambda charity, row: ("settlement", charity.day(row)),
    Kind.SETTLE_BACK: lambda charity, row: ("settlement", charity.day(row)),
    Kind.PAYOUT: lambda charity, row: (charity.payables[row.party], charity.day(row)),
    Kind.FEE_PAYOUT: lambda charity, row: (charity.fees[row.party], charity.day(row)),
}
