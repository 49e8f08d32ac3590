"""The system's daily duties, and administration: openings and limits of accounts."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from sim.bookkeeping import BOUNDS, CHART, Asset, Kind, read_action
from sim.ledger.accounts import Account, Side
from sim.ledger.entries import Entry, Limits, Mode, Move, Refusal, Transfer, View
from sim.service.commands.plan import Caller, Plan, day_of, incomplete, is_day, refuse
from sim.service.commands.rules import EVER
from sim.service.messages import Limit, Opening, Payout, Settlement

# Where opening balances come from: no action of the campaign does it, so the posting table has no row.
BOUNDING = frozenset(
    code for bounds in BOUNDS.values() for code in bounds
)  # filled by what makes a rule known
SOURCES = {Asset.BEAN: "3100", Asset.HOUR: "3300", Asset.CNY: "1110"}


def _once_a_day(document: str, kind: Kind, action: dict[str, Any]) -> Plan:
    lines = read_action(kind, action)

    def draft(view: View) -> Entry | Refusal:
        if view.document(document) is not None:
            return Refusal("already_done", "this was done for the day", {"document": document})
        return Entry(kind.name, lines, Move(document, "done", b"{}"))

    return Plan(draft, (lines[0].debit, lines[0].credit), (document,))


def settle(ask: Settlement, caller: Caller) -> Plan:
    """The payment provider settles, in either direction, once per day of `effective_at`."""
    kind = Kind.SETTLE if ask.direction == "in" else Kind.SETTLE_BACK
    return _once_a_day(f"settlement:{day_of(ask.effective_at)}", kind, {"fen": ask.fen})


def pay_out(ask: Payout, caller: Caller) -> Plan:
    """A merchant or an NGO is paid, once per day of `effective_at`."""
    if (ask.merchant is UNSET) == (ask.ngo is UNSET):
        return incomplete("a payout names a merchant or an NGO")
    day = day_of(ask.effective_at)
    if ask.merchant is not UNSET:
        action: dict[str, Any] = {"merchant": ask.merchant, "fen": ask.fen}
        return _once_a_day(f"payout:merchant:{ask.merchant}:{day}", Kind.PAYOUT, action)
    return _once_a_day(f"payout:ngo:{ask.ngo}:{day}", Kind.FEE_PAYOUT, {"ngo": ask.ngo, "fen": ask.fen})


def is_account(name: str) -> bool:
    """Whether a name says what its code in the chart needs: owners, a day, a class, a year."""
    code, *owners = name.split(":")
    kind = CHART.get(int(code))
    if kind is None or len(owners) != len(kind.owner):
        return False
    said = dict(zip(kind.owner, owners, strict=True))
    day = said.get("fades", said.get("expires", said.get("period")))
    ever = "period" in said and day == EVER
    if day is not None and not ever and not (len(day) == 8 and day.isdigit() and is_day(int(day))):
        return False
    year = said.get("year", "2022")
    return said.get("klass", "labour") in ("labour", "donated") and len(year) == 4 and year.isdigit()


def open_balance(ask: Opening, caller: Caller) -> Plan:
    """An account's opening balance, before any other event."""
    if not is_account(ask.account):
        return unknown_account(ask.account)
    kind = CHART[int(ask.account.partition(":")[0])]
    if not kind.owner or kind.normal is not Side.CREDIT or kind.code in BOUNDING:
        return refuse("unknown_account", f"{ask.account} has no opening balance", account=ask.account)
    source = SOURCES[kind.asset]
    line = Transfer(Mode.POSTED, source, ask.account, kind.asset, ask.amount)
    return Plan(lambda view: Entry("OPENING", [line], opening=True), (source, ask.account))


def unknown_account(name: str) -> Plan:
    """The chart has no such account."""
    return refuse("unknown_account", f"the chart of accounts has no {name}", account=name)


def limit(ask: Limit, caller: Caller) -> Plan:
    """New bounds of an account; closing needs a balance of 0 and no holds."""
    name = str(ask.id)
    if not is_account(name):
        return unknown_account(name)
    floor = CHART[int(name.partition(":")[0])].floor

    def draft(view: View) -> Entry | Refusal:
        known = view.account(name)
        old = Limits(name, floor, None, False)
        if known is not None:
            old = Limits(name, known.floor, known.ceiling, known.closed)
        new = Limits(
            name,
            old.floor if ask.floor is UNSET else ask.floor,
            old.ceiling if ask.ceiling is UNSET else ask.ceiling,
            old.closed if ask.closed is UNSET else ask.closed,
        )
        if new.closed and not old.closed and known is not None and not _is_empty(known):
            numbers: dict[str, int | str] = {"account": name, "balance": known.balance}
            return Refusal("not_empty", "an account is closed at balance 0 and without holds", numbers)
        return Entry("LIMITS", [], limits=new)

    return Plan(draft, (name,))


def _is_empty(account: Account) -> bool:
    return account.balance == 0 and account.dr_pending == 0 and account.cr_pending == 0
