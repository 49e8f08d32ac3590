"""The books around a slice, account by account of the ledger: what to open before it, and how it must close.

Both come from the engine's own state (its books, its users' rows, their documents), never from the trace.
Only users whom the slice touches have accounts; everything else is opened whole, so that custody, clearing
and pools stand as in the simulation. The issuance accounts are what opened balances are booked against: they
close at what they opened with and what the simulation issued in between, those of rules at the latter alone. What
beans and hours go into (spent, given, expired, revoked) begins at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.arrays import Ints
from sim.bookkeeping import CHART, Asset, Kind
from sim.kernel.rows import PERIODS
from sim.trace import CLOSING, OPENINGS, Columns
from sim.tracing.days import Calendar
from sim.tracing.links import Keys
from sim.tracing.standing import VOUCHERS, Standing
from sim.wire import CLASSES

LETTERS = {"merchant": "m", "project": "p", "pool": "s", "ngo": "n", "rule": "r"}
FROM_ONE = ("pool", "rule")  # owners whose index 0 stands for none
GRANTED = (3110, 3310)  # by rule
CUSTODY, CLEARING, ESCROW, FUND, GROWING, AVAILABLE, HOURS = 1100, 1110, 2200, 2400, 2100, 2110, 2800
ISSUANCE = {Asset.BEAN: 3100, Asset.HOUR: 3300}
USERS = (GROWING, AVAILABLE, HOURS)
MONEY = tuple(c for c, a in CHART.items() if a.column and c not in (*USERS, *GRANTED))
# Accounts without owners into which beans and hours go; they have no opening balance.
SINKS = tuple(
    c for c, a in CHART.items() if not a.owner and a.asset in ISSUANCE and c not in ISSUANCE.values()
)


@dataclass(frozen=True)
class People:
    """Whose accounts a slice has, and how their rows are read."""

    users: Ints
    calendar: Calendar
    by_period: bool  # whether the engine knows available beans by period as exactly as the ledger

    def accounts(self, at: Standing, held: NDArray[np.void], by_period: bool) -> pl.DataFrame:
        """(account, amount) of users' accounts at a barrier; `held` are vouchers that hold beans then."""
        return pl.concat([self._growing(at), self._available(at, held, by_period), *self._hours(at)])

    def _growing(self, at: Standing) -> pl.DataFrame:
        earned = self.calendar.earned_days(at.now_s)
        ends = self.calendar.fades(np.maximum(earned, 0))
        return _by_user(GROWING, self.users, at.growing[self.users], ends)

    def _available(self, at: Standing, held: NDArray[np.void], by_period: bool) -> pl.DataFrame:
        beans = at.available[self.users].astype(np.int64)
        place = np.searchsorted(self.users, held["next"])
        np.add.at(beans, (place, held["fen"] % PERIODS), held["price"])
        if not by_period:
            return _named(f"{AVAILABLE}:u{{}}", self.users, beans.sum(axis=1))
        return _by_user(AVAILABLE, self.users, beans, self.calendar.last_days(at.now_s))

    def _hours(self, at: Standing) -> list[pl.DataFrame]:
        return [
            _named(f"{HOURS}:u{{}}:{klass}:{year}", self.users, minutes[k][self.users])
            for year, minutes in at.minutes.items()
            for k, klass in enumerate(CLASSES)
        ]


def openings(start: Standing, people: People, prepare: Columns, reopened: Keys) -> pl.DataFrame:
    """Balances to open: `prepare` then brings them to the engine's books of that barrier.

    reopened: keys of the vouchers that are held again by `prepare`.
    """
    vouchers, keys = start.documents(*VOUCHERS)
    held = vouchers[np.isin(keys, reopened)]
    money = [_owned(start, code) for code in MONEY]
    parts = [people.accounts(start, held, True), *money]
    frame = pl.concat([*parts, *_less_prepared(prepare)]).group_by("account", maintain_order=True).sum()
    return _sorted(frame, OPENINGS)


def _less_prepared(prepare: Columns) -> list[pl.DataFrame]:
    """What the preparation moves itself: money of paid orders, donations given again, what was spent of them."""
    kinds = prepare["kind"]
    paid, given, spent = (kinds == kind for kind in (Kind.ORDER_PAY, Kind.GIFT, Kind.DISBURSE_PAID))
    return [
        _named(f"{ESCROW}:m{{}}", prepare["party"][paid], -prepare["amount2"][paid]),
        _named(f"{FUND}:p{{}}", prepare["object"][given], -prepare["amount"][given]),
        _named(f"{FUND}:p{{}}", prepare["object"][spent], prepare["amount"][spent]),
    ]


def closing(
    start: Standing, end: Standing, people: People, opened: pl.DataFrame, held_in_trace: Keys
) -> pl.DataFrame:
    """Every balance at the slice's end that is not 0.

    held_in_trace: keys of the vouchers that requests of the trace hold; others, open all the time, hold beans
    that were never opened.
    """
    vouchers, keys = end.documents(*VOUCHERS)
    held = vouchers[np.isin(keys, held_in_trace)]
    money = [_owned(end, code) for code in MONEY]
    granted = [_owned(end, code, start) for code in GRANTED]
    moved = {code: end.books.balance(code) - start.books.balance(code) for code in CHART}
    cash = {code: end.books.balance(code) for code in (CUSTODY, CLEARING)}
    sinks = {code: moved[code] for code in SINKS}
    issued = {code: moved[code] + _opened(opened, asset) for asset, code in ISSUANCE.items()}
    parts = [people.accounts(end, held, people.by_period), *money, *granted, _system(cash | sinks | issued)]
    return _sorted(pl.concat(parts).rename({"amount": "balance"}), CLOSING)


def _opened(opened: pl.DataFrame, asset: Asset) -> int:
    codes = [str(code) for code, account in CHART.items() if account.asset is asset]
    mine = opened.filter(pl.col("account").str.slice(0, 4).is_in(codes))
    return int(mine["amount"].sum())


def _system(balances: dict[int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"account": [str(code) for code in balances], "amount": list(balances.values())}, schema=OPENINGS
    )


def _owned(at: Standing, code: int, since: Standing | None = None) -> pl.DataFrame:
    """Accounts of merchants, projects, pools, NGOs or rules; `since`: only what came after."""
    owner = CHART[code].owner[0]
    balances = at.books.balances(code) - (0 if since is None else since.books.balances(code))
    balances = balances[1 if owner in FROM_ONE else 0 :]
    return _named(f"{code}:{LETTERS[owner]}{{}}", np.arange(len(balances)), balances)


def _by_user(code: int, users: Ints, amounts: NDArray[np.integer], ends: NDArray[np.int32]) -> pl.DataFrame:
    """One account a user and a place of its row, named by the day at which its beans end."""
    parts = [_named(f"{code}:u{{}}:{ends[k]}", users, amounts[:, k]) for k in range(amounts.shape[1])]
    return pl.concat(parts)


def _named(form: str, owners: NDArray[np.integer], amounts: NDArray[np.integer]) -> pl.DataFrame:
    """Accounts by the form of their name, which holds {} for the owner's index."""
    before, after = form.split("{}")
    frame = pl.DataFrame({"owner": owners.astype(np.int64), "amount": amounts.astype(np.int64)})
    name = pl.concat_str(pl.lit(before), pl.col("owner").cast(pl.String), pl.lit(after))
    return frame.filter(pl.col("amount") != 0).select(name.alias("account"), "amount")


def _sorted(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    value = next(name for name in schema if name != "account")
    return (
        frame.filter(pl.col(value) != 0)
        .sort("account")
        .select(pl.col(name).cast(kind) for name, kind in schema.items())
    )
