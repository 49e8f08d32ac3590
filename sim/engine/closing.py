"""The close of a simulated day: what must hold in the books, as a list of small checks.

Each check looks at the counters of every account (see `sim.bookkeeping`) and at a witness the books never
saw: the users' own rows, the tallies counted while acting, the projects' raised money. A finding names the
account, its asset and the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import (
    BOUNDS,
    CHART,
    CR_PENDING,
    CR_POSTED,
    DR_PENDING,
    DR_POSTED,
    Asset,
    available,
    balance,
)
from sim.engine.outcome import Check
from sim.kernel import tallies

Counters = Mapping[int, NDArray[np.int64]]  # by account code: (4, owners)
LEDGERS_OWN = [code for bounds in BOUNDS.values() for code in bounds]  # nothing is booked there in a run
COUNTER_NAMES = ("dr_pending", "dr_posted", "cr_pending", "cr_posted")


class UserTotals(NamedTuple):
    """Sums over all users' rows: growing and available beans, minutes by class."""

    growing: int
    available: int
    labour: int
    donated: int


class Evidence(NamedTuple):
    """What the books are held against. `raised`: fen by project; `settled`: settlement is posted."""

    users: UserTotals
    tally: NDArray[np.int64]
    raised: NDArray[np.int64]
    settled: bool


def audit(counters: Counters, evidence: Evidence) -> list[Check]:
    """Every check with its verdict; the detail of a failed one lists its findings, at most three."""
    checks: list[Check] = []
    for name, compared, findings in (
        ("balanced", "debits = credits by asset, posted and pending", balanced(counters)),
        ("floors", "no account below its floor, no counter below 0", floors(counters)),
        ("users", "users' rows sum to their control accounts", users_sum(counters, evidence.users)),
        ("tallies", "every counter equals what was counted while acting", tallied(counters, evidence.tally)),
        ("projects", "each project raised the sum of what it was given", projects(counters, evidence.raised)),
        ("suspense", "nothing is left in suspense", suspense(counters)),
        ("settlement", "clearing and payables are 0 once settled", settlement(counters, evidence.settled)),
    ):
        found = list(findings)
        more = f" … and {len(found) - 3} more" if len(found) > 3 else ""
        checks.append(Check(name=name, passed=not found, detail="; ".join(found[:3]) + more or compared))
    return checks


def balanced(counters: Counters) -> Iterator[str]:
    """Per asset, debits equal credits, posted and pending apart."""
    for asset in Asset:
        codes = [code for code, account in CHART.items() if account.asset is asset]
        sums = np.sum([_sums(counters[code]) for code in codes], axis=0)
        for debit, credit in ((DR_PENDING, CR_PENDING), (DR_POSTED, CR_POSTED)):
            if sums[debit] != sums[credit]:
                names = f"{COUNTER_NAMES[debit]} and {COUNTER_NAMES[credit]}"
                yield f"accounts {codes} ({asset}): {names} differ, difference {sums[debit] - sums[credit]}"


def floors(counters: Counters) -> Iterator[str]:
    """Floored accounts hold their floor after all holds, owner by owner; counters are never negative."""
    for code, account in CHART.items():
        left = available(code, counters[code])
        if account.floor is not None:
            for owner in np.flatnonzero(left < account.floor).tolist():
                title = f"{_title(code, owner)}: {left[owner]} available, floor {account.floor}"
                yield f"{title}, difference {left[owner] - account.floor}"
        for which, owner in zip(*np.nonzero(counters[code] < 0), strict=True):
            count = counters[code][which, owner]
            yield f"{_title(code, owner)}: {COUNTER_NAMES[which]} is {count}, difference {count} to 0"


def users_sum(counters: Counters, users: UserTotals) -> Iterator[str]:
    """The users' rows are the sub-ledger of the control accounts; beans held are off the row."""
    hours = balance(2800, counters[2800])
    for code, owner, booked, rows in (
        (2100, None, balance(2100, counters[2100])[0], users.growing),
        (2110, None, available(2110, counters[2110])[0], users.available),
        (2800, 0, hours[0], users.labour),
        (2800, 1, hours[1], users.donated),
    ):
        if booked != rows:
            title = f"{_title(code, owner)}: {booked} booked"
            yield f"{title}, users' rows sum to {rows}, difference {booked - rows}"


def tallied(counters: Counters, tally: NDArray[np.int64]) -> Iterator[str]:
    """Every counter of every account equals its expression in tallies; minutes also by class."""
    for code, wanted in expected(tally).items():
        for which, booked, counted in zip(COUNTER_NAMES, _sums(counters[code]).tolist(), wanted, strict=True):
            if booked != counted:
                title = f"{_title(code)}: {which}"
                yield f"{title} is {booked}, tallies say {counted}, difference {booked - counted}"
    t = tallies.named(tally)
    by_class = (
        t.opened_labour + t.minutes_labour + t.granted_labour,
        t.opened_donated + t.minutes_donated + t.granted_donated,
    )
    for klass, counted in enumerate(by_class):
        booked = int(counters[2800][CR_POSTED, klass])
        if booked != counted:
            title = f"{_title(2800, klass)}: cr_posted"
            yield f"{title} is {booked}, tallies say {counted}, difference {booked - counted}"


def projects(counters: Counters, raised: NDArray[np.int64]) -> Iterator[str]:
    """What each project's fund was credited is the sum of its donations, project by project."""
    differences = counters[2400][CR_POSTED] - raised
    for project in np.flatnonzero(differences).tolist():
        booked = counters[2400][CR_POSTED, project]
        title = f"{_title(2400, project)}: cr_posted"
        yield f"{title} is {booked}, donations sum to {raised[project]}, difference {differences[project]}"


def suspense(counters: Counters) -> Iterator[str]:
    """2900 is 0 at the close of a day."""
    left = int(balance(2900, counters[2900])[0])
    if left:
        yield f"{_title(2900)}: balance {left}, difference {left} to 0"


def settlement(counters: Counters, settled: bool) -> Iterator[str]:
    """Once the day is settled the provider owes nothing and merchants and NGOs are paid."""
    for code in (1110, 2300, 2450) if settled else ():
        for owner in np.flatnonzero(balance(code, counters[code])).tolist():
            left = balance(code, counters[code])[owner]
            yield f"{_title(code, owner)}: balance {left} after settlement, difference {left} to 0"


def expected(tally: NDArray[np.int64]) -> dict[int, tuple[int, int, int, int]]:
    """The four counters of every account, told by the tallies alone: the posting table's second witness.

    In the order dr_pending, dr_posted, cr_pending, cr_posted, summed over owners.
    """
    t = tallies.named(tally)
    held_beans = t.beans_held - t.beans_redeemed - t.beans_released
    held_price = t.paid_price_fen - t.confirmed_price_fen - t.refunded_price_fen
    held_pledge = t.pledged_fen - t.confirmed_fen - t.refunded_fen
    held_asks = t.asked_fen - t.disbursed_fen - t.failed_fen
    from_pools = t.matched_fen + t.order_match_fen + t.bean_fen + t.unlocked_fen
    cash_out = (
        t.withdrawn_fen + t.settled_back_fen + t.paid_out_fen + t.fee_paid_fen + t.disbursed_fen + t.prize_fen
    )
    back = t.corrected_fen + t.recycled_fen + t.returned_fen
    spent_beans = t.beans_redeemed + t.beans_donated + t.beans_expired + t.beans_revoked
    issued = t.opened_growing + t.opened_available + t.beans_issued
    minutes = t.opened_labour + t.opened_donated + t.minutes_labour + t.minutes_donated
    granted = t.granted_labour + t.granted_donated
    return {
        1100: (0, t.deposited_fen + t.settled_fen, held_asks, cash_out),
        1110: (
            0,
            t.gift_fen + t.paid_price_fen + t.settled_back_fen,
            0,
            t.refunded_price_fen + back + t.settled_fen,
        ),
        2100: (0, t.beans_harvested + t.beans_faded, 0, t.opened_growing + t.beans_issued + t.beans_granted),
        2110: (held_beans, spent_beans, 0, t.opened_available + t.beans_harvested),
        2200: (held_price, t.confirmed_price_fen + t.refunded_price_fen, 0, t.paid_price_fen),
        2300: (0, t.paid_out_fen, held_price - held_pledge, t.confirmed_price_fen - t.confirmed_fen),
        2400: (
            held_asks,
            t.disbursed_fen + t.fee_fen + back + t.moved_fen,
            held_pledge,
            t.gift_fen + t.confirmed_fen + from_pools + t.moved_fen,
        ),
        2450: (0, t.fee_paid_fen, 0, t.fee_fen),
        2600: (0, from_pools + t.withdrawn_fen + t.prize_fen, 0, t.deposited_fen),
        2800: (0, t.minutes_redeemed + t.minutes_revoked, 0, minutes + granted),
        2900: (0, 0, 0, 0),
        3100: (0, issued, 0, 0),
        3110: (0, t.beans_granted, 0, 0),
        **dict.fromkeys(LEDGERS_OWN, (0, 0, 0, 0)),
        3160: (0, 0, 0, t.beans_revoked),
        3170: (0, 0, 0, t.beans_faded + t.beans_expired),
        3180: (0, 0, held_beans, t.beans_redeemed),
        3190: (0, 0, 0, t.beans_donated),
        3300: (0, minutes, 0, 0),
        3310: (0, granted, 0, 0),
        3380: (0, 0, 0, t.minutes_revoked),
        3390: (0, 0, 0, t.minutes_redeemed),
    }


def _sums(counters: NDArray[np.int64]) -> NDArray[np.int64]:
    sums: NDArray[np.int64] = counters.sum(axis=1)
    return sums


def _title(code: int, owner: Any = None) -> str:
    account = CHART[code]
    owned = "" if owner is None or account.column is None else f":{owner}"
    return f"account {code}{owned} {account.name} ({account.asset})"
