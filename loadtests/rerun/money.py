"""Rules of money: gifts, orders, pools, projects, and what the system does once a day."""

from __future__ import annotations

from loadtests.rerun.beans import time_of_gift
from loadtests.rerun.charity import Charity, Drafted, Hold, Line, Paper
from loadtests.rerun.rules import bounds, used, within
from sim.wire import NO_POOL, Row

MILLION = 1_000_000


def _posted(debit: str, credit: str, fen: int) -> list[Line]:
    return [("posted", debit, credit, "CNY", fen, None)]


def match(charity: Charity, fund: str, user: int, row: Row) -> tuple[list[Line], list[Line]] | str:
    """What pool and rule have left of the match that was asked, and what bounds the rule; no lines if nothing."""
    limits = bounds(charity, row, user, "CNY")
    if isinstance(limits, str):
        return limits
    if not row.amount2 or row.pool == NO_POOL:
        return [], []
    pool = charity.pools[row.pool]
    fen = min([row.amount2, charity.accounts.available(pool), *(bound.left for bound in limits)])
    return (_posted(pool, fund, fen), used(limits, "CNY", fen)) if fen > 0 else ([], [])


def give_money(charity: Charity, row: Row) -> Drafted:
    """Money for a project, a match and time."""
    fund = charity.funds[row.object]
    added = match(charity, fund, row.subject, row)
    if isinstance(added, str):
        return added
    given: Line = ("posted", "1110", fund, "CNY", row.amount, None)
    return [given, *added[0], *time_of_gift(charity, row.subject, row), *added[1]]


def correct(charity: Charity, row: Row) -> Drafted:
    """Money of one donation goes back, once, as far as its project still has it."""
    if row.ref not in charity.booked:
        return "not_found"
    if row.ref not in charity.gifts:
        return "not_a_donation"
    fund, brought = charity.gifts[row.ref]
    if row.amount > brought:
        return "exceeds_donation"
    if ("corrected", row.ref) in charity.done:
        return "already_reversed"
    if row.amount > charity.accounts.available(fund):
        return "insufficient_funds"
    return _posted(fund, "1110", row.amount)


# --- orders: `amount` is the donation, `amount2` the price ------------------------------------------------


def create_order(charity: Charity, row: Row) -> Drafted:
    """A document; no money moves."""
    return "exceeds_price" if row.amount > row.amount2 else []


def pay(charity: Charity, paper: Paper, row: Row) -> Drafted:
    """The price goes to escrow; donation and the merchant's rest are held there."""
    order = paper.row
    escrow, rest = charity.escrows[order.party], order.amount2 - order.amount
    lines = _posted("1110", escrow, order.amount2)
    if order.amount:
        lines.append(("pending", escrow, charity.funds[order.object], "CNY", order.amount, None))
    if rest:
        lines.append(("pending", escrow, charity.payables[order.party], "CNY", rest, None))
    return lines


def ended(mode: str, holds: list[Hold]) -> list[Line]:
    """The end of holds, each in full."""
    return [(mode, *hold) for hold in holds]


def confirm(charity: Charity, paper: Paper, row: Row) -> Drafted:
    """What was held reaches project and merchant; a match and the buyer's time."""
    order = paper.row
    added = match(charity, charity.funds[order.object], order.subject, row)
    if isinstance(added, str):
        return added
    return [
        *ended("post", paper.holds), *added[0], *time_of_gift(charity, order.subject, row), *added[1],
    ]  # fmt: skip


def refund(charity: Charity, paper: Paper, row: Row) -> Drafted:
    """Nothing is held any more and the price goes back."""
    escrow = charity.escrows[paper.row.party]
    return ended("void", paper.holds) + _posted(escrow, "1110", paper.row.amount2)


def post(charity: Charity, paper: Paper, row: Row) -> Drafted:
    """What was held is given."""
    return list(ended("post", paper.holds))


def void(charity: Charity, paper: Paper, row: Row) -> Drafted:
    """What was held is free again; also of a document that holds nothing."""
    return list(ended("void", paper.holds))


def nothing(charity: Charity, paper: Paper, row: Row) -> Drafted:
    """Only the state moves."""
    return []


# --- pools and projects -----------------------------------------------------------------------------------


def deposit(charity: Charity, row: Row) -> Drafted:
    """A sponsor's money comes into custody."""
    return _posted("1100", charity.pools[row.pool], row.amount)


def withdraw(charity: Charity, row: Row) -> Drafted:
    """What a pool has not spent goes back, if custody has it."""
    if row.amount > charity.accounts.available(charity.pools[row.pool]):
        return "pool_exhausted"
    if row.amount > charity.accounts.custody():
        return "insufficient_funds"
    return _posted(charity.pools[row.pool], "1100", row.amount)


def unlock(charity: Charity, row: Row) -> Drafted:
    """A pool pays a project for a team's goal."""
    if row.amount > charity.accounts.available(charity.pools[row.pool]):
        return "pool_exhausted"
    bounded = within(charity, row, None, "CNY", row.amount)
    if isinstance(bounded, str):
        return bounded
    return _posted(charity.pools[row.pool], charity.funds[row.object], row.amount) + bounded


def prize(charity: Charity, row: Row) -> Drafted:
    """A rule pays money to a person, out of a pool and of custody."""
    if row.amount > charity.accounts.available(charity.pools[row.pool]):
        return "pool_exhausted"
    bounded = within(charity, row, row.subject, "CNY", row.amount)
    if isinstance(bounded, str):
        return bounded
    if row.amount > charity.accounts.custody():
        return "insufficient_funds"
    return _posted(charity.pools[row.pool], "1100", row.amount) + bounded


def disburse(charity: Charity, row: Row) -> Drafted:
    """A project's money is held until it is paid or fails; custody must have it too."""
    fund = charity.funds[row.object]
    if row.amount > min(charity.accounts.available(fund), charity.accounts.custody()):
        return "insufficient_funds"
    return [("pending", fund, "1100", "CNY", row.amount, None)]


def fee(charity: Charity, row: Row) -> Drafted:
    """An NGO's fee, at most the capped share of what its project has."""
    fund = charity.funds[row.object]
    if row.amount > charity.accounts.available(fund) * charity.fee_cap_ppm // MILLION:
        return "fee_cap_exceeded"
    return _posted(fund, charity.fees[row.party], row.amount)


def move(charity: Charity, row: Row) -> Drafted:
    """What an ended project has left goes to another one."""
    fund = charity.funds[row.object]
    if row.amount > charity.accounts.available(fund):
        return "insufficient_funds"
    return _posted(fund, charity.funds[row.party], row.amount)


# --- once a day -------------------------------------------------------------------------------------------


def settle(charity: Charity, row: Row) -> Drafted:
    """The provider pays what it took."""
    if ("settlement", charity.day(row)) in charity.done:
        return "already_done"
    return _posted("1100", "1110", row.amount)


def settle_back(charity: Charity, row: Row) -> Drafted:
    """The provider is paid what it gave back."""
    if ("settlement", charity.day(row)) in charity.done:
        return "already_done"
    if row.amount > charity.accounts.custody():
        return "insufficient_funds"
    return _posted("1110", "1100", row.amount)


def pay_merchant(charity: Charity, row: Row) -> Drafted:
    """A merchant is paid what it is owed."""
    return _pay_out(charity, charity.payables[row.party], row)


def pay_ngo(charity: Charity, row: Row) -> Drafted:
    """An NGO is paid its fees."""
    return _pay_out(charity, charity.fees[row.party], row)


def _pay_out(charity: Charity, payable: str, row: Row) -> Drafted:
    if (payable, charity.day(row)) in charity.done:
        return "already_done"
    if row.amount > min(charity.accounts.available(payable), charity.accounts.custody()):
        return "insufficient_funds"
    return _posted(payable, "1100", row.amount)
