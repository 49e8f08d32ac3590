"""The reference engine: one SimPy process a person, interpreted, slow and obvious.

`ReferencePopulation` stands in for `sim.engine.population.Population`, `serve_claims` for the compiled
allotment. Needs NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.engine.actions import ACTION, Actions
from sim.engine.books import UserTotals
from sim.engine.clocks import hourly_profile, shopping_clock
from sim.engine.offers import Offers, visit_tables
from sim.engine.population import Played, bin_table
from sim.engine.settings import (
    benefit_table,
    day_table,
    deed_table,
    mix_table,
    rule_values,
    trait_table,
)
from sim.kernel import tallies
from sim.kernel.incentives import COUNT_BITS, TICKED
from sim.kernel.rows import EFFECTS, ERRAND, GROWING_DAYS, MAX_AGE, OFF, PERIODS, USER
from sim.kernel.rules import farm_second
from sim.scenario import Scenario
from sim.scenario.incentives import Form
from tests.engine.person import DAY_S, NEVER, SECOND, Record, World
from tests.engine.player import MOST_SCRIPTED, Player
from tests.engine.rulebook import Rulebook, counts_many, is_for_anybody, kind_of, remembers
from tests.engine.visits import Calendar

STEPS = (
    "pay", "ship", "confirm", "refund", "late_refund", "cancel", "voucher_ship", "voucher_cancel", "serve",
    "new_year", "later",
)  # fmt: skip
FLAGS = ("player", "gone", "in_team", "holder", "blocked", "serving", "claiming", "endowed")
COLUMNS = ACTION.names or ()


def marks_of(form: Form) -> tuple[str, ...]:
    """What is kept of every person for a rule, a column each."""
    if form.nudge is not None:
        return ("messages",)
    if kind_of(form) == "milestone":
        return "count", "slump"
    if form.refer is not None:
        return ("inviter",)
    return ("count",) if remembers(form) or counts_many(form) else ()


def plain(value: Any) -> Any:
    """Plain Python numbers and lists of a number or an array."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def objects(table: NDArray[np.void]) -> list[SimpleNamespace]:
    """One object a row, its fields plain numbers or lists."""
    names = table.dtype.names or ()
    columns = [table[name].tolist() for name in names]
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def published(public: NDArray[np.void]) -> SimpleNamespace:
    """What everybody can see, with promises as objects: those that are kept, and those whose pool is dry."""
    G = objects(public)[0]
    for name in ("matches", "cofunds"):
        rows = objects(public[name][0])[: getattr(G, f"n_{name}")]
        live = getattr(G, f"live_{name}")
        setattr(G, name, rows)
        for row in rows:
            row.tiers = list(zip(row.above, row.ratio, strict=True))[: row.tiers]
        setattr(G, f"kept_{name}", rows[:live])
    return G


class ReferencePopulation:
    """All users and farmers as objects, each with a process of its own on one line of time."""

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
        record_all: bool = False,
    ) -> None:
        self.scenario = scenario
        honest = scenario.scenario.users
        self.rows = honest + farmers
        values = rule_values(scenario, parameters, replication, honest, teams)
        values |= visit_tables(scenario, parameters) | {"record_all": int(record_all)}
        self.values = {name: plain(value) for name, value in values.items()}
        self.teams = max(teams, 1)
        offers = Offers.of(scenario, hourly_profile()["page_views"])
        days, period_end = day_table(scenario, parameters, offers)
        clock = shopping_clock(scenario, parameters)
        deeds = objects(deed_table(scenario))[: len(scenario.deeds)]
        for deed in deeds:
            deed.effect = EFFECTS[deed.effect]
        self.world = World(
            SimpleNamespace(**self.values), Rulebook(scenario),
            deeds, plain(mix_table(scenario)), objects(days),
            plain(period_end), objects(bin_table(clock)), plain(clock.edge_s), plain(clock.upto),
            plain(trait_table(scenario, parameters)), objects(benefit_table(scenario)),
        )  # fmt: skip
        self.world.calendar = Calendar(self.world.book, self.world.days, offers.kinds)
        self.world.publish(published(public))
        self.people = self.world.people = [Player(self.world, me) for me in range(self.rows)]
        self.env = simpy.Environment()
        self.lives = [self.env.process(self._life(person)) for person in self.people]
        for person in self.people:
            person.begin()

    def _life(self, person: Player) -> Iterator[simpy.Event]:
        """Sleep until something is due; a barrier may bring that forward."""
        while True:
            try:
                if person.next_s == NEVER:
                    yield self.env.event()
                else:
                    yield self.env.timeout(person.next_s - self.env.now)
            except simpy.Interrupt:
                continue
            person.wake(self.env.now)

    # --- what a campaign asks for ---------------------------------------------------------------------

    def play(self, base_s: int, end_s: int, traffic_s: int, public: Any, tables: Any) -> Played:
        """Everything that happens from base_s up to, but not at, end_s."""
        world = self.world
        world.publish(published(public))
        world.products, world.places = objects(tables.product), objects(tables.places)
        world.activities, world.vouchers = objects(tables.activities), objects(tables.vouchers)
        assert self.env.now == base_s
        self.env.run(until=end_s)
        traffic = np.zeros((-(-(end_s - base_s) // traffic_s), 3), np.int64)
        for (what, second), times in world.traffic.items():
            column = ("visit", "order", "charity order").index(what)
            traffic[(second - base_s) // traffic_s, column] += times
        world.traffic.clear()
        return Played(self._written(), traffic)

    def _written(self) -> Actions:
        """The records since last time, by time, person and action number."""
        records = sorted(self.world.records, key=lambda r: (r["t"], r["agent"], r["number"]))
        self.world.records.clear()
        rows = np.zeros(len(records), ACTION)
        for k, record in enumerate(records):
            rows[k] = tuple(record.get(name, 0) for name in COLUMNS)
        return rows

    def settle(self, claims: Actions, now_s: int, vouchers: Any, activities: Any) -> Actions:
        """Tell everybody what became of their claims; friends who were reached begin."""
        self.world.all_activities = objects(activities)
        for k, claim in enumerate(objects(claims)):
            record: Record = vars(claim)
            of_rules = record["kind"] in (Kind.GRANT, Kind.PRIZE)
            for_another = record["ref"] > 0 and (of_rules or record["kind"] == Kind.SHARE)
            who = record["ref"] - 1 if for_another else record["agent"]
            if record["kind"] == Kind.SHARE:
                self.people[who].befriended(record, now_s)
            elif of_rules:
                self.people[who].served(record, now_s)
            else:
                self.people[who].decided(record, now_s)
            claims[k] = tuple(record[name] for name in COLUMNS)
            self.lives[who].interrupt()
        return self._written()

    def farmed_beans(self, public: Any, now_s: int) -> int:
        """What the deeds of a farmer's day bring, as far as the cap of its device."""
        self.world.publish(published(public))
        book, blank, day = self.world.book, Player(self.world, self.world.rules.honest), now_s // DAY_S
        holding = book.holding(blank.as_of(day, 0, 0), now_s * SECOND)
        live = tuple(k for k in holding if is_for_anybody(book.rules[k].who))
        blank.new_day(day)
        earned = 0
        for _ in range(MOST_SCRIPTED):
            j = blank.best_paid(live)
            if j is None:
                break
            blank.done[j] += 1
            beans = min(blank.next_pay(j, live), self.world.rules.farmer_cap - earned)
            book.count(blank.name(j), live, beans, blank.counts, day)
            earned = blank.beans_today = earned + beans
        return earned

    def wake_farmers(self, first: int, last: int, now_s: int) -> None:
        """Farmers first … last begin to play within the day, one session a day."""
        honest = self.world.rules.honest
        for who in range(honest + first, honest + last):
            farmer = self.people[who]
            farmer.player, farmer.planned = True, 1
            farmer.joined = farmer.last = now_s // DAY_S
            farmer.next_s = farmer.play_s = now_s + farm_second(farmer.place[2])
            self.lives[who].interrupt()

    def import_minutes(self, fresh: list[tuple[int, int, int]], now_us: int) -> Actions:
        """Credit what a partner sent: (user, external id, minutes)."""
        for who, external, minutes in fresh:
            self.people[who].uploaded(now_us, external, minutes)
        return self._written()

    def holders(self) -> NDArray[np.intp]:
        return np.array([p.me for p in self.people if p.holder and not p.farmer], np.intp)

    def totals(self) -> UserTotals:
        people = self.people
        return UserTotals(
            growing=sum(p.growing.total() for p in people),
            available=sum(p.available.total() for p in people),
            labour=sum(p.minutes[0] for p in people),
            donated=sum(p.minutes[1] for p in people),
        )

    def tally(self) -> NDArray[np.int64]:
        assert set(self.world.count) <= set(tallies.TALLIES)
        return np.array([self.world.count[name] for name in tallies.TALLIES], np.int64)

    def points(self) -> NDArray[np.int64]:
        rows = [-1, *self.world.book.together()]
        return np.array(
            [[self.world.points[1 + k, team] for team in range(self.teams)] for k in rows], np.int64
        )

    # --- what rules that give prizes ask for ------------------------------------------------------------

    def let_hold(self, rules: int) -> None:
        """Only these rules, a bit each, have not come to their end."""
        book = self.world.book
        book.ended = frozenset(k for k in range(len(book.rules)) if not rules >> k & 1)

    def stretch(self, rule: int, day: int) -> int:
        book = self.world.book
        return book.stretch_number(rule, book.since(rule, day))

    def doers(self, rule: int, day: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Who did it in that day's stretch and was not given anything for it, and how often."""
        book, since = self.world.book, self.world.book.since(rule, day)
        found = [
            (p.me, times) for p in self.people
            if (times := book.counted(rule, p.counts, day)) and p.counts.ticked.get(rule) != since
        ]  # fmt: skip
        who, times = zip(*found, strict=True) if found else ((), ())
        return np.array(who, np.intp), np.array(times, np.int64)

    def tick_off(self, rule: int, users: NDArray[np.intp]) -> None:
        for who in users.tolist():
            counts = self.people[who].counts
            counts.ticked[rule] = counts.since[rule]

    def teams_of(self, users: NDArray[np.intp]) -> NDArray[np.int64]:
        return np.array([self.people[who].team for who in users.tolist()], np.int64)

    def sums(self, rule: int) -> NDArray[np.int64]:
        """By team how often what a rule ranks, or counts towards a goal, was done since the start."""
        counted = rule if rule in self.world.book.together() else -1
        return np.array([self.world.points[1 + counted, team] for team in range(self.teams)], np.int64)

    # --- the state as rows, to be compared ------------------------------------------------------------

    @property
    def users(self) -> NDArray[np.void]:
        rows = np.zeros(self.rows, USER)
        for p in self.people:
            rows[p.me] = self._row(p)
        return rows

    @staticmethod
    def _row(p: Player) -> tuple[Any, ...]:
        growing, available = [0] * GROWING_DAYS, [0] * PERIODS
        for second, beans in p.growing.items():
            growing[second // 86_400 % GROWING_DAYS] += beans
        for period, beans in p.available.items():
            available[period % PERIODS] += beans
        packed = sum(min(times, 3) << 2 * deed for deed, times in p.done.items())
        flags = sum(1 << k for k, name in enumerate(FLAGS) if getattr(p, name))
        joined = -MAX_AGE if p.joined is None else p.joined
        repairs = 0
        if p.repairs:
            week = [(day + p.world.book.clock(0).weekday()) // 7 + 1 for day in p.repairs]
            repairs = week[-1] << 3 | week.count(week[-1])
        columns = {
            "visit_s": p.visit_s, "play_s": p.play_s, "errand": 0, "number": p.number, "budget": p.budget,
            "habit": p.habit, "growing": growing, "available": available, "labour": p.minutes[0],
            "donated": p.minutes[1], "today": packed % 2**32, "today_more": packed >> 32,
            "beans_today": p.beans_today, "young": p.young,
            "step": p.latest % 86_400 // p.world.rules.ripen_step_s, "day": p.day, "clock": p.clock,
            "gift_yuan": p.gift_yuan, "gift_month": p.gift_month, "gifts": p.gifts, "streak": p.streak,
            "since_break": p.since_break,
            "used": p.used, "spent": p.spent, "slump_until": p.slump_until, "done": p.deeds_today,
            "sessions": p.begun + (p.planned << 4), "flags": flags, "channel": p.channel,
            "joined": joined, "last": p.last or 0, "away": min(p.away, 255),
            "row": p.row, "repairs": repairs,
        }  # fmt: skip
        return tuple(columns[name] for name in USER.names or ())

    @property
    def marks(self) -> NDArray[np.uint32]:
        """What rules count: of every person and counting rule the count, and above its bits in which stretch."""
        columns = [
            (k, what) for k, rule in enumerate(self.world.book.rules) for what in marks_of(rule.form)
        ]  # fmt: skip
        marks = np.zeros((self.rows if columns else 1, max(len(columns), 1)), np.uint32)
        for p in self.people if columns else ():
            marks[p.me] = [self._mark(p, k, what) for k, what in columns]
        return marks

    def _mark(self, p: Player, k: int, what: str) -> int:
        """What a column keeps of a person for a rule."""
        if what == "slump":
            return p.slumps.get(k, 0)
        if what == "messages":
            sent = p.messages.get(k)
            if not sent:
                return 0
            lately = sum(1 << sent[-1] - day for day in sent if sent[-1] - day < 7)
            return (sent[-1] + 1) << 16 | lately | (OFF if k in p.unwanted else 0)
        if what == "inviter":
            return 1 + p.invited_by.get(k, -1)
        if k not in p.counts.number:
            return 0
        since, ticked = p.counts.since[k], p.counts.ticked.get(k)
        number = p.counts.number[k] + (TICKED if ticked == since else 0)
        return self.world.book.stretch_number(k, since) << COUNT_BITS | number

    @property
    def next_s(self) -> NDArray[np.int32]:
        return np.array([p.next_s for p in self.people], np.int32)

    @property
    def counted(self) -> NDArray[np.uint16]:
        people = self.people if self.scenario.scenario.calibrated else self.people[:1]
        return np.array([self.world.ordered[p.me] for p in people], np.uint16)

    def errands(self) -> NDArray[np.void]:
        found = [(p.me, errand) for p in self.people for errand in p.errands]
        rows = np.zeros(len(found), ERRAND)
        for k, (who, e) in enumerate(found):
            step = 1 + STEPS.index(e.then)
            columns = {"due": e.due, "next": who, "ref": e.ref, "price": e.price, "fen": e.fen}
            columns |= {"project": e.project, "party": e.party, "step": step}
            for name, value in columns.items():
                rows[name][k] = value
        return rows

    def digest(self) -> bytes:
        digest = hashlib.sha256(self.next_s.tobytes())
        users = self.users
        for name in USER.names or ():
            if name != "errand":
                digest.update(np.ascontiguousarray(users[name]).tobytes())
        digest.update(self.errands().tobytes())
        digest.update(self.marks.tobytes())
        return digest.digest()

    def close(self) -> None:
        """Nothing to let go."""


def serve_claims(
    claims: Any,
    pools: Any,
    limits: Any,
    given: Any,
    matched: Any,
    places: Any,
    vouchers: Any,
    asked: Any,
    budgets: Any,
) -> None:
    """First come, first served, exact to the last fen; the claims come in the order of service."""
    for k, claim in enumerate(objects(claims)):
        granted, match = True, claim.match
        if claim.kind in (Kind.GIFT, Kind.ORDER_CONFIRM):
            budget, cap, row = (int(x) for x in limits[claim.rule])
            allowed = [claim.match, max(budget - int(given[claim.rule]), 0)]
            if cap:
                allowed.append(max(cap - int(matched[row, claim.agent]), 0))
            asked[k] = min(allowed)
            match = min(int(asked[k]), int(pools[claim.pool - 1]))
            if cap:
                matched[row, claim.agent] += match
            given[claim.rule] += match
            pools[claim.pool - 1] -= match
        elif claim.kind == Kind.GRANT:
            granted = claim.beans <= budgets[claim.rule - 1]
            budgets[claim.rule - 1] -= claim.beans if granted else 0
        elif claim.kind in (Kind.BEAN_GIFT, Kind.PRIZE):
            granted = claim.fen <= pools[claim.pool - 1]
            pools[claim.pool - 1] -= claim.fen if granted else 0
        elif claim.kind == Kind.REDEEM_HOLD:
            granted = vouchers["stock"][claim.deed] > 0
            vouchers["stock"][claim.deed] -= int(granted)
        elif claim.kind == Kind.SIGN_UP:
            granted = places[claim.party] > 0
            places[claim.party] -= int(granted)
        claims["match"][k], claims["outcome"][k] = match, int(not granted)
