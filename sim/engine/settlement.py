"""What the system does once a day: the provider settles, then merchants and NGOs are paid."""

from __future__ import annotations

import numpy as np

from sim.bookkeeping import Kind
from sim.engine.actions import Actions, empty
from sim.engine.books import Books
from sim.spans import DAY_S, SECOND

NUMBERS_FROM = 1 << 31  # agents number their own actions from 0, the system numbers its payouts from here


def settlement_actions(books: Books, t: int) -> Actions:
    """The rows of the settlement at instant t (µs), in the stream's order; post them before the day closes.

    The provider settles what clearing (1110) holds: SETTLE when it owes the platform, SETTLE_BACK when
    refunds and corrections were more than payments and the platform owes it, nothing when it is even.
    Custody can always pay that. Custody + clearing is what all escrows, payables, funds and pools add up
    to, and what is held for disbursements is part of the funds; none of these is below 0, so custody less
    its holds is at least what clearing lacks, and settling leaves custody at or above 0. After it custody
    alone covers every payable, so PAYOUT to each merchant and FEE_PAYOUT to each NGO with a payable above
    0 keep the floor too. (During a day this holds of settled money only: what was given since the last
    settlement is still with the provider, and a disbursement of it can be asked for after the next one.)
    """
    net = books.balance(1110)
    payable, fees = books.balances(2300), books.balances(2450)
    merchants, ngos = np.flatnonzero(payable > 0), np.flatnonzero(fees > 0)
    provider = int(net != 0)
    rows = empty(provider + len(merchants) + len(ngos))
    rows["t"] = t
    rows["number"] = NUMBERS_FROM + t // (DAY_S * SECOND)
    rows["fen"][:provider] = abs(net)
    rows["kind"][:provider] = Kind.SETTLE if net > 0 else Kind.SETTLE_BACK
    at = provider
    for kind, owners, owed in ((Kind.PAYOUT, merchants, payable), (Kind.FEE_PAYOUT, ngos, fees)):
        part = rows[at : at + len(owners)]
        part["kind"] = kind
        part["agent"] = owners
        part["party"] = owners
        part["fen"] = owed[owners]
        at += len(owners)
    return rows
