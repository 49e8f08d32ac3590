"""The slow, obvious twin of the books: one action at a time, plain integers, no look at the posting table.

Actions are dictionaries of columns; `stream` makes the rows of them. `wander` turns any list of numbers into
a valid campaign.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from sim.bookkeeping import Kind
from sim.engine.actions import Actions, empty
from sim.engine.books import Books, UserTotals
from sim.engine.settlement import settlement_actions
from sim.kernel import tallies
from sim.kernel.witness import count_rows

Row = dict[str, Any]

DEFAULTS: Row = {
    "fen": 0, "price": 0, "match": 0, "agent": 0, "beans": 0, "minutes": 0, "project": -1, "party": -1,
    "team": 0, "outcome": 0, "klass": 0, "pool": 0, "rule": 0,
}  # fmt: skip


def row(kind: Kind, t: int, **columns: int) -> Row:
    """One action with every column that matters to the books."""
    return DEFAULTS | {"kind": kind, "t": t} | columns


def stream(rows: list[Row]) -> Actions:
    """The rows of the actions, in their order, numbered by it."""
    actions = empty(len(rows))
    for k, one in enumerate(rows):
        for column, value in one.items():
            actions[column][k] = int(value)
        actions["number"][k] = k
    return actions


def plain_tallies(rows: list[Row]) -> dict[str, int]:
    """What happened, counted in the words of the tallies."""
    count = dict.fromkeys(tallies.TALLIES, 0)
    for a in rows:
        if a["outcome"] == 0:
            for name, amount in _counted(a):
                count[name] += amount
    return count


def _counted(a: Row) -> list[tuple[str, int]]:
    kind, fen, beans = a["kind"], a["fen"], a["beans"]
    minutes = (("minutes_labour", "minutes_donated")[a["klass"]], a["minutes"])
    opened = (("opened_labour", "opened_donated")[a["klass"]], a["minutes"])
    granted = (("granted_labour", "granted_donated")[a["klass"]], a["minutes"])
    return {
        Kind.OPEN_BEANS_GROWING: [("opened_growing", beans)],
        Kind.OPEN_BEANS_AVAILABLE: [("opened_available", beans)],
        Kind.OPEN_HOURS: [opened],
        Kind.DEED: [("deeds", 1), ("beans_issued", beans), minutes],
        Kind.GRANT: [("beans_granted", beans), granted],
        Kind.PRIZE: [("prize_fen", fen)],
        Kind.IMPORT: [("imported_minutes", a["minutes"]), minutes],
        Kind.HARVEST: [("beans_harvested", beans)],
        Kind.FADE: [("beans_faded", beans)],
        Kind.EXPIRE: [("beans_expired", beans)],
        Kind.DECAY: [("beans_expired", beans)],
        Kind.REDEEM_HOLD: [("beans_held", beans)],
        Kind.REDEEM_SHIP: [("beans_redeemed", beans)],
        Kind.REDEEM_CANCEL: [("beans_released", beans)],
        Kind.REVOKE: [("revocations", 1), ("beans_revoked", beans)],
        Kind.BEAN_GIFT: [("beans_donated", beans), ("bean_fen", fen), minutes],
        Kind.GIFT: [("gifts", 1), ("gift_fen", fen), ("matched_fen", a["match"]), minutes],
        Kind.ORDER_PAY: [("pledged_fen", fen), ("paid_price_fen", a["price"])],
        Kind.ORDER_CONFIRM: [
            ("confirmed", 1),
            ("confirmed_fen", fen),
            ("confirmed_price_fen", a["price"]),
            ("order_match_fen", a["match"]),
            minutes,
        ],
        Kind.ORDER_REFUND: [("refunded", 1), ("refunded_fen", fen), ("refunded_price_fen", a["price"])],
        Kind.HOUR_REDEEM: [("minutes_redeemed", a["minutes"])],
        Kind.HOUR_REVOKE: [("minutes_revoked", a["minutes"])],
        Kind.POOL_DEPOSIT: [("deposited_fen", fen)],
        Kind.POOL_WITHDRAW: [("withdrawn_fen", fen)],
        Kind.TEAM_UNLOCK: [("unlocked_fen", fen)],
        Kind.DISBURSE_ASK: [("asked_fen", fen)],
        Kind.DISBURSE_PAID: [("disbursed_fen", fen)],
        Kind.DISBURSE_FAILED: [("failed_fen", fen)],
        Kind.FEE: [("fee_fen", fen)],
        Kind.FEE_PAYOUT: [("fee_paid_fen", fen)],
        Kind.CORRECTION: [("corrected_fen", fen)],
        Kind.RECYCLE_BACK: [("recycled_fen", fen)],
        Kind.MOVE: [("moved_fen", fen)],
        Kind.RETURN: [("returned_fen", fen)],
        Kind.SETTLE: [("settled_fen", fen)],
        Kind.SETTLE_BACK: [("settled_back_fen", fen)],
        Kind.PAYOUT: [("paid_out_fen", fen)],
    }.get(kind, [])


def plain_users(rows: list[Row]) -> UserTotals:
    """What stands on the users' rows, all together."""
    growing = available = 0
    minutes = [0, 0]
    for a in rows:
        if a["outcome"] != 0:
            continue
        kind, beans = a["kind"], a["beans"]
        if kind in (Kind.OPEN_BEANS_GROWING, Kind.DEED, Kind.GRANT):
            growing += beans
        if kind in (Kind.HARVEST, Kind.FADE):
            growing -= beans
        if kind in (Kind.OPEN_BEANS_AVAILABLE, Kind.HARVEST, Kind.REDEEM_CANCEL):
            available += beans
        if kind in (Kind.EXPIRE, Kind.DECAY, Kind.REDEEM_HOLD, Kind.REVOKE, Kind.BEAN_GIFT):
            available -= beans
        if kind in (Kind.HOUR_REDEEM, Kind.HOUR_REVOKE):
            minutes[a["klass"]] -= a["minutes"]
        else:
            minutes[a["klass"]] += a["minutes"]
    return UserTotals(growing, available, minutes[0], minutes[1])


def plain_raised(rows: list[Row], projects: int) -> list[int]:
    """What each project was given."""
    raised = [0] * projects
    for a in rows:
        if a["outcome"] == 0 and a["kind"] in (Kind.GIFT, Kind.ORDER_CONFIRM):
            raised[a["project"]] += a["fen"] + a["match"]
        if a["outcome"] == 0 and a["kind"] in (Kind.BEAN_GIFT, Kind.TEAM_UNLOCK):
            raised[a["project"]] += a["fen"]
        if a["outcome"] == 0 and a["kind"] == Kind.MOVE:
            raised[a["party"]] += a["fen"]
    return raised


class Wanderer:
    """A campaign told by any numbers: each step asks for something and gets what the rules leave of it.

    Custody here is what sponsors brought: what the provider has not settled cannot be paid out yet.
    """

    merchants, projects, pools, ngos, rules, users = 3, 4, 2, 2, 2, 3

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.beans: dict[tuple[str, int], int] = defaultdict(int)  # growing or available, by user
        self.hours: dict[tuple[int, int], int] = defaultdict(int)  # by user and class
        self.money: dict[tuple[str, int], int] = defaultdict(int)  # pool or fund, by owner
        self.orders: list[Row] = []
        self.vouchers: list[Row] = []
        self.asks: list[Row] = []
        self.t = 0
        for who in range(self.users):  # something to start with, so that every kind of step can matter
            self.step(Kind.POOL_DEPOSIT, who, 1_000)
            self.step(Kind.OPEN_BEANS_GROWING, who, 500)
            self.step(Kind.OPEN_BEANS_AVAILABLE, who, 500)
            self.step(Kind.ORDER_PAY, who, 700)

    def step(self, kind: Kind, who: int, amount: int) -> None:
        """Do one action of a kind; nothing happens when there is nothing left to do it with."""
        self.t += 1
        for action in self._allowed(kind, who, amount):
            self.rows.append(row(kind, self.t, **action))
            self._remember(kind, self.rows[-1])

    def refuse(self, kind: Kind, who: int, amount: int) -> None:
        """An action that is refused: whatever it asks for, nothing moves."""
        self.t += 1
        amounts = dict.fromkeys(("fen", "price", "match", "beans", "minutes"), amount)
        self.rows.append(row(kind, self.t, agent=who, outcome=1, **amounts))

    def _allowed(self, kind: Kind, who: int, amount: int) -> list[Row]:
        user, klass, pool, project = who % self.users, who % 2, 1 + who % self.pools, who % self.projects
        mine = {"agent": user, "klass": klass}
        fund, left, cash = self.money["fund", project], self.money["pool", pool], self.money["custody", 0]
        if kind in (Kind.OPEN_HOURS, Kind.IMPORT):
            return [mine | {"minutes": amount}]
        if kind in (Kind.OPEN_BEANS_GROWING, Kind.OPEN_BEANS_AVAILABLE):
            return [mine | {"beans": amount}]
        if kind is Kind.DEED:
            return [mine | {"beans": amount // 2, "minutes": amount % 37}]
        if kind is Kind.GRANT:
            return [mine | {"beans": amount // 3, "minutes": amount % 31, "rule": 1 + who % self.rules}]
        if kind is Kind.PRIZE:
            return [mine | {"fen": min(amount, left, cash), "pool": pool, "rule": 1 + who % self.rules}]
        if kind in (Kind.HARVEST, Kind.FADE):
            return [mine | {"beans": min(amount, self.beans["growing", user])}]
        if kind is Kind.DECAY:
            return [
                mine
                | {"beans": min(amount, self.beans["available", user]) // 9, "rule": 1 + who % self.rules}
            ]
        if kind in (Kind.EXPIRE, Kind.REVOKE, Kind.REDEEM_HOLD):
            return [mine | {"beans": min(amount, self.beans["available", user])}]
        if kind is Kind.BEAN_GIFT:
            given = {"beans": min(amount, self.beans["available", user]), "fen": min(amount // 3, left)}
            return [mine | given | {"minutes": 6, "project": project, "pool": pool}]
        if kind is Kind.GIFT:
            given = {"fen": amount, "match": min(amount // 2, left), "minutes": 6}
            return [mine | given | {"project": project, "pool": pool}]
        if kind in (Kind.HOUR_REDEEM, Kind.HOUR_REVOKE):
            return [mine | {"minutes": min(amount, self.hours[user, klass])}]
        if kind is Kind.ORDER_PAY:
            order = {"fen": amount // (1 + who % 5), "price": amount, "party": who % self.merchants}
            return [mine | order | {"project": project}]
        if kind is Kind.ORDER_CONFIRM and self.orders:
            matched = {"match": min(amount // 7, left), "pool": pool, "minutes": 6, "klass": 1}
            return [self.orders.pop(who % len(self.orders)) | matched]
        if kind is Kind.ORDER_REFUND and self.orders:
            return [self.orders.pop(who % len(self.orders))]
        if kind in (Kind.REDEEM_SHIP, Kind.REDEEM_CANCEL) and self.vouchers:
            return [self.vouchers.pop(who % len(self.vouchers))]
        if kind in (Kind.DISBURSE_PAID, Kind.DISBURSE_FAILED) and self.asks:
            return [self.asks.pop(who % len(self.asks))]
        if kind is Kind.POOL_DEPOSIT:
            return [{"agent": 0, "pool": pool, "fen": amount}]
        if kind is Kind.POOL_WITHDRAW:
            return [{"agent": 0, "pool": pool, "fen": min(amount, left, cash)}]
        if kind is Kind.TEAM_UNLOCK:
            return [{"agent": 0, "pool": pool, "fen": min(amount, left), "project": project}]
        if kind is Kind.MOVE:
            heir = (project + 1) % self.projects
            return [{"agent": project, "project": project, "fen": min(amount, fund), "party": heir}]
        if kind in (Kind.DISBURSE_ASK, Kind.FEE, Kind.CORRECTION, Kind.RECYCLE_BACK, Kind.RETURN):
            most = min(fund, cash) if kind is Kind.DISBURSE_ASK else fund
            taken = {"fen": min(amount, most), "party": who % self.ngos}
            return [taken | {"agent": project, "project": project}]
        return []

    def _remember(self, kind: Kind, a: Row) -> None:
        user, pool, project = a["agent"], a["pool"], a["project"]
        later = {name: a[name] for name in ("agent", "fen", "price", "beans", "party", "project")}
        if kind in (Kind.DEED, Kind.GRANT, Kind.OPEN_BEANS_GROWING):
            self.beans["growing", user] += a["beans"]
        if kind in (Kind.HARVEST, Kind.FADE):
            self.beans["growing", user] -= a["beans"]
        if kind in (Kind.OPEN_BEANS_AVAILABLE, Kind.HARVEST, Kind.REDEEM_CANCEL):
            self.beans["available", user] += a["beans"]
        if kind in (Kind.EXPIRE, Kind.DECAY, Kind.REVOKE, Kind.REDEEM_HOLD, Kind.BEAN_GIFT):
            self.beans["available", user] -= a["beans"]
        sign = -1 if kind in (Kind.HOUR_REDEEM, Kind.HOUR_REVOKE) else 1
        self.hours[user, a["klass"]] += sign * a["minutes"]
        if kind is Kind.POOL_DEPOSIT:
            self.money["pool", pool] += a["fen"]
        if kind in (Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK, Kind.BEAN_GIFT, Kind.PRIZE):
            self.money["pool", pool] -= a["fen"]
        self.money["pool", pool] -= a["match"]
        if kind in (Kind.GIFT, Kind.BEAN_GIFT, Kind.TEAM_UNLOCK, Kind.ORDER_CONFIRM):
            self.money["fund", project] += a["fen"] + a["match"]
        if kind is Kind.MOVE:
            self.money["fund", a["party"]] += a["fen"]
        if kind in (Kind.DISBURSE_ASK, Kind.FEE, Kind.CORRECTION, Kind.RECYCLE_BACK, Kind.RETURN, Kind.MOVE):
            self.money["fund", project] -= a["fen"]
        if kind is Kind.DISBURSE_FAILED:
            self.money["fund", project] += a["fen"]
        if kind in (Kind.POOL_DEPOSIT, Kind.DISBURSE_FAILED):
            self.money["custody", 0] += a["fen"]
        if kind in (Kind.POOL_WITHDRAW, Kind.DISBURSE_ASK, Kind.PRIZE):
            self.money["custody", 0] -= a["fen"]
        for opens, where in (
            (Kind.ORDER_PAY, self.orders),
            (Kind.REDEEM_HOLD, self.vouchers),
            (Kind.DISBURSE_ASK, self.asks),
        ):
            if kind is opens:
                where.append(later)


SIZES = {
    "merchants": Wanderer.merchants,
    "projects": Wanderer.projects,
    "pools": Wanderer.pools,
    "ngos": Wanderer.ngos,
    "rules": Wanderer.rules,
}


def counted(actions: Actions, rows: list[Row]) -> np.ndarray:
    """The tallies of a stream: the kernel's part from its plain definition, the rest by `count_rows`."""
    tally = np.array(list(plain_tallies(rows).values()))
    rest = tallies.fresh()
    count_rows(rest, actions)
    assert (rest[tallies.OPENED_GROWING :] == tally[tallies.OPENED_GROWING :]).all()
    return tally


def close(books: Books, rows: list[Row], actions: Actions, settled: bool = False) -> list[str]:
    """Close the day on the plain witnesses; the names of the checks that passed."""
    raised = np.array(plain_raised(rows, SIZES["projects"]))
    checks = books.close_day(0, plain_users(rows), counted(actions, rows), raised, settled=settled)
    return [check["name"] for check in checks]


def settle(books: Books, t: int) -> tuple[Actions, list[Row]]:
    """Post the daily settlement; its rows, also as dictionaries."""
    paid = settlement_actions(books, t)
    books.post(paid)
    return paid, [row(Kind(a["kind"]), t, fen=int(a["fen"]), party=int(a["party"])) for a in paid]
