"""Sponsors (配捐方) and their pools: when money becomes available, by which rule, and what is left.

Daily pools open at the same hour every day, flash pools at named instants, others at once. Money is shared
over the openings in whole fen; what is not used stays for the next, and at the end goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.outbox import Outbox
from sim.bookkeeping import Kind
from sim.scenario import DAY_S, SECOND, Pool, Scenario, since_start

DAY_US = DAY_S * SECOND
NEVER_US = 2**62


def scaled_total(scenario: Scenario, pool: Pool) -> int:
    """A pool's money at the simulated size, whole fen."""
    world = scenario.scenario
    return pool.total * world.users // world.real_users


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
    """Rows of pools. `money[k]` is (left to give now, cap per account, row of `matched`), as the allotment wants it."""

    scenario: Scenario
    names: tuple[str, ...]
    pools: tuple[Pool, ...]
    totals: list[int]
    times: list[list[int]]
    end_at: list[int]
    opened: NDArray[np.int64]  # openings so far
    money: NDArray[np.int64]
    matched: NDArray[np.int32]  # what each account got from each capped pool, shape (capped pools, users)
    empty_at: NDArray[np.int64]

    @classmethod
    def draw(cls, scenario: Scenario, rows: int) -> Sponsors:
        """Lay out the openings; nothing is open yet."""
        pools = tuple(scenario.pools.values())
        money = np.zeros((len(pools), 3), np.int64)
        money[:, 1] = [p.cap_per_account if p.serves in ("gifts", "orders") else 0 for p in pools]
        capped = money[:, 1] > 0
        money[:, 2] = np.where(capped, np.cumsum(capped) - 1, 0)
        length = scenario.scenario.length
        return cls(
            scenario, tuple(scenario.pools), pools,
            [scaled_total(scenario, p) for p in pools],
            [opening_times(scenario, p) for p in pools],
            [length if p.end is None else min(since_start(scenario, p.end), length) for p in pools],
            np.zeros(len(pools), np.int64), money,
            np.zeros((int(capped.sum()), rows), np.int32),
            np.full(len(pools), NEVER_US),
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
            self.money[pool, 0] += share
            self.empty_at[pool] = NEVER_US
            if share > 0:
                outbox.write(Kind.POOL_DEPOSIT, now, pool, fen=share, pool=pool + 1)
            return
        left = int(self.money[pool, 0])
        self.money[pool, 0] = 0
        if left > 0:
            outbox.write(Kind.POOL_WITHDRAW, now, pool, fen=left, pool=pool + 1)

    def live(self, serves: str) -> int:
        """1 + index of the first pool that serves this and has money, 0 if none."""
        for k, pool in enumerate(self.pools):
            if pool.serves == serves and self.money[k, 0] > 0:
                return k + 1
        return 0

    def note_empty(self, now: int) -> None:
        """Remember when a pool ran dry."""
        dry = (self.money[:, 0] == 0) & (self.opened > 0) & (self.empty_at == NEVER_US)
        self.empty_at[dry] = now

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {name: getattr(self, name) for name in ("opened", "money", "matched", "empty_at")}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        for name, value in state.items():
            getattr(self, name)[:] = value
