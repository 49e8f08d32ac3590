"""The population: all users as rows in blocks, played from barrier to barrier on threads.

Blocks never meet between two barriers, so neither their size nor the number of workers can change a
result. Every block sorts its records by time; the campaign merges them into the order of the stream.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import ACTION, Actions, empty, join, put
from sim.engine.books import UserTotals
from sim.engine.clocks import ShoppingClock, shopping_clock
from sim.engine.incentives import joint_rows, rule_columns
from sim.engine.settings import rule_values, rules_record, tables
from sim.kernel.allotment import settle, settled_room
from sim.kernel.farming import farmed_beans
from sim.kernel.incentives import COUNT_BITS, MOST_COUNTED, TICKED, stretch_of
from sim.kernel.playing import (
    ROOM_ERRANDS,
    ROOM_RECORDS,
    import_records,
    list_errands,
    play_block,
    start_users,
    wake_farmers,
)
from sim.kernel.rows import (
    ACTIVITY,
    BIN,
    BOOK,
    ERRAND,
    GIFT_PROJECT,
    HOLDER,
    NEVER,
    NOBODY,
    PRICE,
    PRICES,
    PRODUCT,
    PUBLIC,
    REDEMPTION,
    USER,
    VISIT,
    VISITS,
)
from sim.kernel.sums import add_up
from sim.kernel.world import Clock, Pen, World
from sim.scenario import Scenario
from sim.streams import UNIT, Purpose, draws

# Four blocks each for two cores, so that neither waits long for the other's last; but a block of few rows is not
# worth its 16 µs, and one of many leaves the cache.
BLOCKS, LEAST, MOST = 8, 1 << 13, 1 << 16
NO_TRAFFIC = np.zeros((0, 3), np.int64)
NOTHING_PUBLIC = np.zeros(1, PUBLIC)
NO_PRODUCTS, NO_PLACES = np.zeros(0, PRODUCT), np.zeros(0, GIFT_PROJECT)
NO_ACTIVITIES, NO_VOUCHERS = np.zeros(0, ACTIVITY), np.zeros(0, REDEMPTION)


def bin_table(clock: ShoppingClock) -> NDArray[np.void]:
    """The shopping clock's bins as rows, and a last one where they end."""
    table = np.zeros(len(clock.edge_s), BIN)
    for name in BIN.names or ():
        column = getattr(clock, name)
        table[name][: len(column)] = column
    return table


@dataclass
class Block:
    """Users first … last (exclusive) with their errands and the buffers they write to."""

    first: int
    last: int
    errands: NDArray[np.void]
    out: NDArray[np.void]
    teams: int
    joint: int  # rows of points: the teams' own, and one for each rule that counts what many do
    marks: NDArray[np.uint32]
    book: NDArray[np.void] = field(default_factory=lambda: np.zeros(1, BOOK))
    points: NDArray[np.int64] = field(init=False)
    prices: NDArray[np.void] = field(init=False)
    visits: NDArray[np.void] = field(init=False)

    def __post_init__(self) -> None:
        self.points = np.zeros((self.joint, max(self.teams, 1)), np.int64)
        self.book["free"] = NOBODY
        self.prices, self.visits = np.zeros(PRICES, PRICE), np.zeros(VISITS, VISIT)

    @property
    def tally(self) -> NDArray[np.int64]:
        """What users of this block did, by `sim.kernel.tallies`."""
        return np.asarray(self.book["tally"][0])

    def pen(self, traffic: NDArray[np.int64], counted: NDArray[np.uint16]) -> Pen:
        """The pen of a fresh interval."""
        self.book["records"] = 0
        return Pen(
            self.out, self.errands, self.book, traffic, self.points, counted, self.marks, self.prices, self.visits
        )  # fmt: skip

    def written(self) -> Actions:
        """The records since the pen was handed out."""
        return self.out[: self.book["records"][0]]

    def make_room(self, records: int = ROOM_RECORDS, errands: int = ROOM_ERRANDS) -> None:
        """Double whatever has no room for so much more, or for one more wake-up, until it has."""
        while self.book["records"][0] + records > len(self.out):
            self.out = np.concatenate([self.out, np.zeros_like(self.out)])
        while self.book["used"][0] + errands > len(self.errands):
            self.errands = np.concatenate([self.errands, np.zeros_like(self.errands)])


@dataclass(frozen=True)
class Played:
    """What an interval produced: records block after block (claims still pending) and traffic by bin of time."""

    records: Actions
    traffic: NDArray[np.int64]


class Population:
    """The rows of all users and farmers and the tables they read."""

    def __init__(
        self,
        scenario: Scenario,
        parameters: Parameters,
        replication: int,
        *,
        farmers: int,
        teams: int,
        workers: int,
        public: NDArray[np.void],
        block: int | None = None,
        record_all: bool = False,
    ) -> None:
        self.scenario, self.replication = scenario, replication
        self.honest = scenario.scenario.users
        self.rows = self.honest + farmers
        self.workers = workers
        values = rule_values(scenario, parameters, replication, self.honest, teams)
        values["record_all"] = int(record_all)
        self.values = values
        self.rules = rules_record(values | tables(scenario, parameters))
        clock = shopping_clock(scenario, parameters)
        self.clock = Clock(bin_table(clock), clock.hour_bin, clock.guide)
        self.users = np.zeros(self.rows, USER)
        self.next_s = np.full(self.rows, NEVER, np.int32)
        self.counted = np.zeros(self.rows if scenario.scenario.calibrated else 1, np.uint16)
        joint = 1 + max(joint_rows(scenario), default=0)
        columns = rule_columns(scenario)[-1]
        self.marks = np.zeros((self.rows if columns else 1, max(columns, 1)), np.uint32)  # what rules count
        self.block = block = block or min(max(-(-self.rows // BLOCKS), LEAST), MOST)
        self.blocks = [
            Block(
                first,
                min(first + block, self.rows),
                np.zeros(1024, ERRAND),
                np.zeros(4096, ACTION),
                teams,
                joint,
                self.marks,
            )
            for first in range(0, self.rows, block)
        ]
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None
        world = self._world_at_a_barrier(NO_VOUCHERS, NO_ACTIVITIES, public)
        self._apply(partial(self._start, world))

    @property
    def days(self) -> NDArray[np.void]:
        """The rules' row of every day."""
        return np.asarray(self.rules["days"][0][: int(self.rules["n_days"][0])])

    @property
    def period_end(self) -> NDArray[np.int64]:
        """The second at which each expiry period ends."""
        return np.asarray(self.rules["period_end"][0])

    @property
    def deeds(self) -> NDArray[np.void]:
        """The catalogue's rows."""
        return np.asarray(self.rules["deeds"][0])

    def _apply(self, work: Any) -> list[Any]:
        """Run one piece of work per block, on threads when there are several."""
        if self._pool is None or len(self.blocks) == 1:
            return [work(block) for block in self.blocks]
        return list(self._pool.map(work, self.blocks))

    def _start(self, world: World, block: Block) -> None:
        if self.rules["new_years"][0][0] < NEVER:  # staff note down the next financial year
            block.make_room(0, block.last - block.first)
        pen = block.pen(NO_TRAFFIC, self.counted)
        start_users(block.first, block.last, self.users, self.next_s, world, pen)

    def _world(self, public: Any, tables: Any) -> World:
        """What users read under what is published."""
        return World(
            self.rules,
            public,
            self.clock,
            tables.product,
            tables.places,
            tables.activities,
            tables.vouchers,
        )

    def _world_at_a_barrier(self, vouchers: Any, activities: Any, public: Any = NOTHING_PUBLIC) -> World:
        """What is read while nobody chooses: no product or project stands to choice, and nothing need be published."""
        return World(self.rules, public, self.clock, NO_PRODUCTS, NO_PLACES, activities, vouchers)

    def play(self, base_s: int, end_s: int, traffic_s: int, public: Any, tables: Any) -> Played:
        """Play everybody from base_s to end_s under what is published; traffic is counted in bins of traffic_s."""
        self.rules["traffic_s"][0] = traffic_s
        bins = -(-(end_s - base_s) // traffic_s)
        world = self._world(public, tables)

        def work(block: Block) -> tuple[Actions, NDArray[np.int64]]:
            traffic = np.zeros((bins, 3), np.int64)
            # NumPy looks through a block's rows four times as fast as a loop that plays some of them.
            due = block.first + np.flatnonzero(self.next_s[block.first : block.last] < end_s)
            pen, at = block.pen(traffic, self.counted), 0
            while True:
                at = play_block(due, at, base_s, end_s, self.users, self.next_s, world, pen)
                if at == len(due):
                    break
                block.make_room()
                pen = pen._replace(out=block.out, errands=block.errands)
            rows = block.written()
            return rows.take(np.argsort(rows["t"], kind="stable")), traffic

        parts = self._apply(work)
        return Played(join(*(rows for rows, _ in parts)), np.sum([traffic for _, traffic in parts], axis=0))

    def settle(self, claims: Actions, now_s: int, vouchers: Any, activities: Any) -> Actions:
        """Write the allotment's decisions to the claimants' rows; returns records of recruits.

        `activities` are all of them, by id.
        """
        others = np.isin(claims["kind"], (Kind.SHARE, Kind.GRANT, Kind.PRIZE)) & (claims["ref"] > 0)
        owner = np.where(others, claims["ref"] - 1, claims["agent"])
        home = owner // self.block
        order = np.argsort(home, kind="stable")
        sorted_claims, ends = claims.take(order), np.cumsum(np.bincount(home, minlength=len(self.blocks)))
        world = self._world_at_a_barrier(vouchers, activities)
        made: list[Actions] = []
        for k, block in enumerate(self.blocks):
            part = sorted_claims[ends[k - 1] if k else 0 : ends[k]]
            if not len(part):
                continue
            friends = int((part["kind"] == Kind.SHARE).sum())
            rules, later = len(self.scenario.rules), int(self.rules["delayed"][0]).bit_count()
            block.make_room(0, len(part) * (1 + later) + 1)
            out = np.zeros(settled_room(friends, len(part), len(self.scenario.benefits), rules), ACTION)
            pen = block.pen(NO_TRAFFIC, self.counted)._replace(out=out)
            settle(part, self.users, self.next_s, now_s, world, pen)
            made.append(out[: block.book["records"][0]])
        put(claims, order, sorted_claims)
        return join(*made) if made else empty(0)

    def farmed_beans(self, public: Any, now_s: int) -> int:
        """What a farmer's account earns a day under the rules of an instant, unless it is blocked."""
        world = self._world_at_a_barrier(NO_VOUCHERS, NO_ACTIVITIES, public)
        pen = self.blocks[0].pen(NO_TRAFFIC, self.counted)._replace(marks=np.zeros_like(self.marks[:1]))
        return farmed_beans(np.zeros(1, USER), now_s, world, pen)

    def wake_farmers(self, first: int, last: int, now_s: int) -> None:
        """Farmers first … last begin to play within the day."""
        wake_farmers(self.honest + first, self.honest + last, now_s, self.users, self.next_s, self.rules)

    def import_minutes(self, fresh: list[tuple[int, int, int]], now_us: int) -> Actions:
        """Credit a partner's records to their users; (user, external id, minutes) in user order."""
        block = self.blocks[0]
        block.book["records"] = 0
        block.make_room((1 + len(self.scenario.benefits)) * len(fresh), 0)
        world = self._world_at_a_barrier(NO_VOUCHERS, NO_ACTIVITIES)
        records = np.array(fresh, np.int64).reshape(-1, 3)
        import_records(records, now_us, self.users, world, block.pen(NO_TRAFFIC, self.counted))
        return block.written().copy()

    def holders(self) -> NDArray[np.intp]:
        """Users with a charity account."""
        return np.flatnonzero(self.users["flags"][: self.honest] & HOLDER)

    def let_hold(self, rules: int) -> None:
        """From now on only these rules can hold, a bit each."""
        self.rules["open"][0] = rules

    def stretch(self, rule: int, day: int) -> int:
        """The number of the stretch over which a rule counts that a day belongs to."""
        return int(stretch_of(rule, day, self.rules))

    def doers(self, rule: int, day: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Who did what a rule is about in that day's stretch and was not given anything for it, and how often."""
        marks = self.marks[:, self.rules["rules"][0]["column"][rule]]
        times = marks & MOST_COUNTED
        users = np.flatnonzero(
            (marks >> COUNT_BITS == self.stretch(rule, day)) & (times > 0) & (times < TICKED)
        )
        return users, times[users].astype(np.int64)

    def tick_off(self, rule: int, users: NDArray[np.intp]) -> None:
        """They were given something for what a rule counted of them."""
        self.marks[users, self.rules["rules"][0]["column"][rule]] |= TICKED

    def teams_of(self, users: NDArray[np.intp]) -> NDArray[np.int64]:
        """The teams that users are in or would join: the same bits of the key as the kernel reads."""
        lots = draws(self.scenario.scenario.seed, self.replication, Purpose.CREW, users)[0]
        return np.asarray(((lots / UNIT).astype(np.int64) * int(self.rules["n_teams"][0])) >> 32)

    def sums(self, rule: int) -> NDArray[np.int64]:
        """How often it was done since the start, by team; of a rule of the platform by all, in the first of them."""
        return self.points()[self.rules["rules"][0]["row"][rule]].copy()

    def totals(self) -> UserTotals:
        """Sums over all rows, for the books' first witness."""

        def work(block: Block) -> NDArray[np.int64]:
            sums = np.zeros(4, np.int64)
            add_up(block.first, block.last, self.users, sums)
            return sums

        return UserTotals(*np.sum(self._apply(work), axis=0).tolist())

    def tally(self) -> NDArray[np.int64]:
        """The kernel's counts over all blocks."""
        return np.asarray(np.sum([block.tally for block in self.blocks], axis=0))

    def messages(self) -> NDArray[np.int64]:
        """Messages by incentive rule over all blocks."""
        return np.asarray(np.sum([block.book["sent"][0] for block in self.blocks], axis=0))

    def points(self) -> NDArray[np.int64]:
        """Points over all blocks: of teams, and for each rule that counts what many do; shape (1 + rules, teams)."""
        return np.asarray(np.sum([block.points for block in self.blocks], axis=0))

    def errands(self) -> NDArray[np.void]:
        """All open errands in the order (user, due, ref); the list's link is the user instead."""
        return np.concatenate([self._errands_of(block) for block in self.blocks])

    def _errands_of(self, block: Block) -> NDArray[np.void]:
        user, at = list_errands(block.first, block.last, self.users, block.errands).T
        rows = block.errands[at]
        rows["next"] = user
        return rows

    def digest(self) -> bytes:
        """Hash of every user's state and errands, independent of blocks."""
        digest = hashlib.sha256(self.next_s.tobytes())
        for name in USER.names or ():
            if name != "errand":
                digest.update(np.ascontiguousarray(self.users[name]).tobytes())
        digest.update(self.errands().tobytes())
        digest.update(self.marks.tobytes())
        return digest.digest()

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps; blocks may be cut differently afterwards."""
        errands = [b.errands[: int(b.book["used"][0])] for b in self.blocks]
        return {
            "users": self.users, "next_s": self.next_s, "counted": self.counted,
            "errands": np.concatenate(errands), "used": np.array([int(b.book["used"][0]) for b in self.blocks]),
            "free": np.array([int(b.book["free"][0]) for b in self.blocks]), "tally": self.tally(),
            "points": self.points(), "block": np.array([self.block]), "marks": self.marks,
            "sent": self.messages(),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot back; the block size must be that of the snapshot."""
        self.users[:] = state["users"]
        self.next_s[:] = state["next_s"]
        self.counted[:] = state["counted"]
        if state["marks"].shape == self.marks.shape:  # a fork that counts by other rules begins to count
            self.marks[:] = state["marks"]
        at = 0
        for block, used, free in zip(self.blocks, state["used"], state["free"], strict=True):
            block.errands = np.concatenate([state["errands"][at : at + used], np.zeros(1024, ERRAND)])
            block.book["used"], block.book["free"] = used, free
            at += used
        self.blocks[0].tally[:] = state["tally"]
        self.blocks[0].points[:] = state["points"]
        self.blocks[0].book["sent"][0] = state["sent"]

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()
