"""What a slice needs to be there when it begins: requests that open anew what was open already.

In this order, after the balances of `sim.tracing.balances` are opened: custody's money is settled in; a
donation that the slice corrects is given again, and what its project has spent of it is paid out again; every
disbursement that runs is asked for (what it holds decides what else can be spent); every incentive rule is made
known with what it may pay; orders and vouchers that the
slice moves are created, and paid or held, again.
Documents that nothing in the slice moves stay closed: their money is part of the balances.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Ints
from sim.bookkeeping import DR_PENDING, ROLES, Kind
from sim.errors import InvariantError
from sim.kernel.rows import DONATED
from sim.spans import SECOND
from sim.trace import Columns, empty_columns
from sim.tracing.columns import CHAIN_BITS, join_columns
from sim.tracing.links import Keys
from sim.tracing.standing import PAID, UNPAID, VOUCHERS, Standing
from sim.wire import COLUMNS, NO_DEED, NO_POOL, NO_REF, NO_RULE, NOBODY, OPS, PREPARED

PAYOUT = (Kind.DISBURSE_APPROVE, Kind.DISBURSE_PAID)
_ABSENT = {
    "ref": NO_REF,
    "object": NOBODY,
    "party": NOBODY,
    "pool": NO_POOL,
    "deed": NO_DEED,
    "rule": NO_RULE,
    "under": NO_RULE,
}


def prepare(
    start: Standing, needed: Keys, corrected: NDArray[np.void], rules: list[dict[str, Any]]
) -> tuple[Columns, Keys]:
    """The requests, numbered from `PREPARED`, and by request the key of the document it opens (0 = none).

    needed: keys of the orders and vouchers that the slice moves. corrected: donations before the slice
    (project, donor, fen) that it takes back. rules: see `sim.tracing.terms`. Raises InvariantError if a needed
    document is not open.
    """
    orders, order_keys = _needed(start, needed, *UNPAID, *PAID)
    vouchers, voucher_keys = _needed(start, needed, *VOUCHERS)
    if len(orders) + len(vouchers) != len(needed):
        missing = len(needed) - len(orders) - len(vouchers)
        raise InvariantError(f"trace: {missing} documents are moved that were not open when the slice began")
    paid = np.isin(orders["step"], PAID)
    spent = _spent(start, corrected)
    parts = [
        _custody(start, int(spent["fen"].sum())), _donations(corrected),
        *(_disbursements(kind, spent) for kind in (Kind.DISBURSE_ASK, *PAYOUT)),
        _running(start), *(_requests(Kind.RULE, np.zeros(1, np.int64), **terms) for terms in rules),
        _orders(Kind.ORDER_CREATE, orders), _orders(Kind.ORDER_PAY, orders[paid]), _holds(vouchers),
    ]  # fmt: skip
    columns = join_columns(parts)
    columns["n"] = PREPARED + np.arange(len(columns["n"]), dtype=np.uint64)
    columns["due_us"] = np.full(len(columns["n"]), start.now_s * SECOND, np.int64)
    keys = np.zeros(len(columns["n"]), np.uint64)
    kinds = columns["kind"]
    keys[kinds == Kind.ORDER_CREATE] = order_keys
    keys[kinds == Kind.REDEEM_HOLD] = voucher_keys
    created = columns["n"][kinds == Kind.ORDER_CREATE]
    columns["ref"][kinds == Kind.ORDER_PAY] = created[paid]
    asked = columns["n"][kinds == Kind.DISBURSE_ASK][: len(spent)]
    for kind in PAYOUT:
        columns["ref"][kinds == kind] = asked
    return columns, keys


def _needed(start: Standing, needed: Keys, *steps: int) -> tuple[NDArray[np.void], Keys]:
    rows, keys = start.documents(*steps)
    mine = np.isin(keys, needed)
    return rows[mine], keys[mine]


def _requests(kind: Kind, subject: Ints, **values: Any) -> Columns:
    """Requests of one kind with these columns; `n` and `due_us` are filled in later."""
    subject = np.asarray(subject)
    columns = empty_columns()
    given = {
        "kind": kind, "subject": subject, "chain": subject + (ROLES[kind] << CHAIN_BITS), "role": OPS[kind].signer,
    } | values  # fmt: skip
    for name, dtype in COLUMNS.items():
        columns[name] = np.broadcast_to(
            np.asarray(given.get(name, _ABSENT.get(name, 0))), subject.shape
        ).astype(dtype)
    return columns


def _custody(start: Standing, spent: int) -> Columns:
    """What the provider has settled by then lies in custody; a little more, if it is spent again at once."""
    settled = start.books.balance(1100) + spent
    return _requests(Kind.SETTLE, np.zeros(int(settled > 0), np.int64), amount=settled)


def _spent(start: Standing, corrected: NDArray[np.void]) -> NDArray[np.void]:
    """Projects that have less than the donations that are given to them again, and how much less (`fen`)."""
    again = np.zeros(len(start.books.balances(2400)), np.int64)
    np.add.at(again, corrected["project"], corrected["fen"])
    less = np.where(again > 0, again - start.books.balances(2400), 0)
    spent = np.zeros(np.count_nonzero(less > 0), [("project", "i8"), ("fen", "i8")])
    spent["project"] = np.flatnonzero(less > 0)
    spent["fen"] = less[spent["project"]]
    return spent


def _disbursements(kind: Kind, rows: NDArray[np.void]) -> Columns:
    return _requests(kind, rows["project"], object=rows["project"], amount=rows["fen"])


def _running(start: Standing) -> Columns:
    held = start.books.counters()[2400][DR_PENDING]
    projects = np.flatnonzero(held)
    return _requests(Kind.DISBURSE_ASK, projects, object=projects, amount=held[projects])


def _donations(corrected: NDArray[np.void]) -> Columns:
    """Without minutes and match: those stand in the balances."""
    return _requests(
        Kind.GIFT, corrected["donor"], object=corrected["project"], amount=corrected["fen"], klass=DONATED
    )


def _orders(kind: Kind, rows: NDArray[np.void]) -> Columns:
    return _requests(
        kind,
        rows["next"],
        object=rows["project"],
        party=rows["party"],
        amount=rows["fen"],
        amount2=rows["price"],
    )


def _holds(rows: NDArray[np.void]) -> Columns:
    return _requests(Kind.REDEEM_HOLD, rows["next"], amount=rows["price"])
