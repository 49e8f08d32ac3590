"""Sponsors (配捐方) and their pools: when money becomes available, which promises it can keep, and what is left.

Daily pools open at the same hour every day, flash pools at named instants, others at once. Money is shared
over the openings in whole fen; what is not used stays for the next, and at the end goes back. Behind them stand the
pools of rules that pay money: filled when the rule begins, and emptied when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.budgets import OF_RULES, all_pools, least_grant
from sim.agents.matching import Promise, promises
from sim.agents.outbox import Outbox
from sim.arrays import NO_LIMIT
from sim.bookkeeping import Kind
from sim.domain.beans import fen_of_beans
from sim.scenario import Pool, Redemption, Scenario, since_start
from sim.spans import DAY_US, NEVER_US

BUDGET, CAP, ROW = range(3)  # columns of `limits`


def scaled(scenario: Scenario, real_fen: int) -> int:
    """Money at the simulated size, whole fen."""
    world = scenario.scenario
    return real_fen * world.users // world.real_users


def scaled_stock(scenario: Scenario, item: Redemption) -> int:
    """How many of a voucher there are at the simulated size: at least one of a few."""
    world = scenario.scenario
    return -(-item.stock * world.users // world.real_users)


def opening_times(scenario: Scenario, pool: Pool) -> list[int]:
    """When a pool's money becomes available, µs since the start, ascending and at least one."""
    start = 0 if pool.start is None else max(since_start(scenario, pool.start), 0)
    end = scenario.scenario.length if pool.end is None else since_start(scenario, pool.end)
    times = [since_start(scenario, at) for at in pool.flash]
    if pool.opens_at is not None:
        first = start // DAY_US * DAY_US + pool.opens_at
        times += [t for t in range(first, end, DAY_US) if t >= start]
    return sorted(set(times)) or [start]


@dataclass
class Sponsors:
    """Rows of pools, and of rules that promise their money, as the allotment wants them.

    `limits[1 + rule]` is (the most the rule gives in the run, its cap per account, its row of `matched`): settings,
    while `given[1 + rule]` is what it gave.
    """

    scenario: Scenario
    names: tuple[str, ...]
    pools: tuple[Pool, ...]
    totals: list[int]
    times: list[list[int]]
    end_at: list[int]
    opened: NDArray[np.int64]  # openings so far
    money: NDArray[np.int64]  # left to give now
    promises: tuple[Promise, ...]
    limits: NDArray[np.int64]
    given: NDArray[np.int64]
    matched: NDArray[np.int32]  # what each account got by each capped rule, shape (capped rules, users)
    dry_at: NDArray[np.int64]  # since when a pool is dry; NEVER_US while it can pay, and once it is closed
    dry_spells: NDArray[np.int64]  # how often it ran dry

    @classmethod
    def draw(cls, scenario: Scenario, rows: int) -> Sponsors:
        """Lay out the openings; nothing is open yet."""
        named = all_pools(scenario)
        pools = tuple(named.values())
        made = promises(scenario)
        limits = np.zeros((1 + len(scenario.rules), 3), np.int64)
        budgets = [rule.budget for rule in scenario.rules.values()]
        limits[1:, BUDGET] = [NO_LIMIT if fen is None else scaled(scenario, fen) for fen in budgets]
        for promise in made:
            limits[1 + promise.rule, CAP] = promise.per_account
        capped = limits[:, CAP] > 0
        limits[:, ROW] = np.where(capped, np.cumsum(capped) - 1, 0)
        length = scenario.scenario.length
        return cls(
            scenario, tuple(named), pools,
            [scaled(scenario, p.total) for p in pools],
            [opening_times(scenario, p) for p in pools],
            [length if p.end is None else min(since_start(scenario, p.end), length) for p in pools],
            np.zeros(len(pools), np.int64), np.zeros(len(pools), np.int64), made, limits,
            np.zeros(len(limits), np.int64),
            np.zeros((int(capped.sum()), rows), np.int32),
            np.full(len(pools), NEVER_US), np.zeros(len(pools), np.int64),
        )  # fmt: skip

    def next_at(self, pool: int) -> int:
        """When this pool opens or ends next."""
        times = self.times[pool]
        k = int(self.opened[pool])
        if k < len(times):
            return times[k]
        return self.end_at[pool] if k == len(times) else NEVER_US

    def act(self, pool: int, now: int, outbox: Outbox) -> None:
        """Open the next tranche (the sponsor deposits it), or at the end take back what is left."""
        times, k = self.times[pool], int(self.opened[pool])
        self.opened[pool] = k + 1
        if k < len(times):
            share = self.totals[pool] * (k + 1) // len(times) - self.totals[pool] * k // len(times)
            self.money[pool] += share
            self.dry_at[pool] = NEVER_US
            if share > 0:
                outbox.write(Kind.POOL_DEPOSIT, now, pool, fen=share, pool=pool + 1)
            return
        left = int(self.money[pool])
        self.money[pool] = 0
        if left > 0:
            outbox.write(Kind.POOL_WITHDRAW, now, pool, fen=left, pool=pool + 1)

    def live(self, serves: str) -> int:
        """1 + index of the first pool for this that can pay, 0 if none.

        The next stands in for one that is not open yet, has ended, or has too little left for any claim; a
        daily pool is the first again when its hour comes.
        """
        able = (k for k, p in enumerate(self.pools) if p.serves == serves and self.can_pay(k))
        return 1 + next(able, -1)

    def can_pay(self, pool: int) -> bool:
        """Whether some claim on this pool would get money."""
        return bool(self.money[pool] >= self.least(pool))

    def kept(self, serves: str) -> list[Promise]:
        """The promises for this that can be kept now, in the order of the file."""
        return [promise for promise in self._standing(serves) if self.can_pay(promise.pool)]

    def broken(self, serves: str) -> list[Promise]:
        """The promises for this whose pool has run dry and is not closed, in the order of the file."""
        return [promise for promise in self._standing(serves) if self.is_dry(promise.pool)]

    def _standing(self, serves: str) -> list[Promise]:
        """The promises for this whose budget is not spent."""
        left = self.limits[:, BUDGET] > self.given
        return [promise for promise in self.promises if promise.serves == serves and left[1 + promise.rule]]

    def ahead(self, serves: str) -> int:
        """What pools for this can still give: what is there now, and what is announced, fen."""
        mine = (k for k, p in enumerate(self.pools) if p.serves == serves and not self.is_closed(k))
        return sum(int(self.money[k]) + self.totals[k] - self.deposited(k) for k in mine)

    def is_open(self, serves: str) -> bool:
        """Whether a pool for this can pay now, or will when its hour comes."""
        mine = [k for k, p in enumerate(self.pools) if p.serves == serves and self.totals[k] > 0]
        return any(self.can_pay(k) or int(self.opened[k]) < len(self.times[k]) for k in mine)

    def least(self, pool: int) -> int:
        """The least a pool can give, fen: beans are paid by the hundred, prizes whole, all else to the last fen."""
        if self.pools[pool].serves == OF_RULES:
            return least_grant(self.scenario, self.scenario.rules[self.pools[pool].sponsor])
        beans = self.pools[pool].serves == "beans"
        return max(fen_of_beans(100, self.scenario.beans.per_yuan), 1) if beans else 1

    def deposited(self, pool: int) -> int:
        """What the sponsor has put in so far, fen."""
        openings = len(self.times[pool])
        return self.totals[pool] * min(int(self.opened[pool]), openings) // openings

    def is_closed(self, pool: int) -> bool:
        """Whether what was left has gone back to the sponsor."""
        return int(self.opened[pool]) > len(self.times[pool])

    def levels(self) -> NDArray[np.int64]:
        """Of every pool as of now: what it can give, what was put in, and 1 if it is closed; shape (3, pools)."""
        pools = range(len(self.pools))
        deposited, closed = [self.deposited(k) for k in pools], [self.is_closed(k) for k in pools]
        return np.array([self.money, deposited, closed], np.int64)

    def note_dry(self, now: int) -> None:
        """Remember when an open pool ran dry: it had money, and what is left would not pay the least claim."""
        for k in np.flatnonzero((self.opened > 0) & (self.dry_at == NEVER_US)).tolist():
            if self.deposited(k) > 0 and not self.can_pay(k) and not self.is_closed(k):
                self.dry_at[k] = now
                self.dry_spells[k] += 1

    def is_dry(self, pool: int) -> bool:
        """Whether a pool had money, has none for any claim now, and is not closed."""
        return bool(self.dry_at[pool] < NEVER_US) and not self.is_closed(pool)

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {
            name: getattr(self, name)
            for name in ("opened", "money", "matched", "dry_at", "dry_spells", "given")
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back; what a fork's design adds behind them begins afresh."""
        for name, value in state.items():
            getattr(self, name)[: len(value)] = value
