"""One person of the reference engine: a life told plainly, one thing after the other.

Nothing here is fast and nothing is packed: beans are a dictionary by day, errands a sorted list, today's
deeds a dictionary. Only leaf rules (`sim.behaviour`, `sim.domain`, `sim.kernel.rules`) are shared with the
kernel, and here they run as plain Python.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import exp, log
from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.behaviour.habit import activity_hazard, dropout_hazard, faded_habit, readiness
from sim.behaviour.visit import closeness, grown_reference, rested
from sim.bookkeeping import Kind
from sim.domain.beans import gone_at_s
from sim.domain.hours import capped_minutes
from sim.kernel.lifetime import LIFELONG
from sim.kernel.rules import exponential, micro, planned_sessions, second_of_day, sequential_uniform, unit
from sim.streams import Purpose, philox
from tests.engine.rulebook import Rulebook
from tests.engine.visits import value_of_visit

SECOND = 1_000_000
DAY_S = 86_400
NEVER = 2**31 - 1
PENDING = 255
LABOUR, DONATED, GENERAL = 0, 1, 2
NO_DEED = 255  # in the column `deed`: beans for something that is no deed of the catalogue
BUCKET = 60_000  # most beans of one day, or of one period

Record = dict[str, Any]


def single(x: float) -> float:
    """The number as a column of 32-bit floats keeps it."""
    return float(np.float32(x))


@dataclass
class World:
    """What everybody reads, and the sheets everybody writes on."""

    rules: SimpleNamespace
    book: Rulebook
    deeds: list[SimpleNamespace]
    mix: list[Any]
    days: list[SimpleNamespace]
    period_end: list[int]
    bins: list[SimpleNamespace]
    edges: list[float]
    upto: list[float]
    traits: list[list[float]]
    benefits: list[SimpleNamespace]
    public: SimpleNamespace = field(default_factory=SimpleNamespace)
    products: list[SimpleNamespace] = field(default_factory=list)
    places: list[SimpleNamespace] = field(default_factory=list)
    activities: list[SimpleNamespace] = field(default_factory=list)  # with places left
    all_activities: list[SimpleNamespace] = field(default_factory=list)  # by id
    vouchers: list[SimpleNamespace] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    traffic: Counter[tuple[str, int]] = field(default_factory=Counter)  # what, second
    points: Counter[tuple[int, int]] = field(default_factory=Counter)  # by what is counted, and team
    people: list[Any] = field(default_factory=list)
    calendar: Any = None
    known: dict[Any, float] = field(default_factory=dict)  # values of visits, while what is published stays
    ordered: Counter[int] = field(default_factory=Counter)  # by user, while orders are counted

    def words(self, person: int, purpose: Purpose, slot: int = 0, sub: int = 0) -> tuple[int, int, int, int]:
        """The four words of one keyed draw."""
        return philox(self.rules.k0, self.rules.k1, person, slot, sub, int(purpose))

    def publish(self, public: SimpleNamespace) -> None:
        self.public = public
        self.known.clear()

    def value_of_visit(self, live: frozenset[int], who: Any, contest: bool) -> float:
        """What a visit is worth under rules to somebody of a channel, segment, streak and with a team or not."""
        key = live, who, contest
        if key not in self.known:
            self.known[key] = value_of_visit(self, live, who, contest)
        return self.known[key]

    def fate(self, person: int, purpose: Purpose, ref: int, part: int = 0) -> tuple[int, int, int, int]:
        """The words that belong to a document of a person for its life."""
        return self.words(person, purpose, ref % 2**32, ref // 2**32 * 4 + part)


@dataclass(order=True)
class Errand:
    """Something that will happen to a person at second `due`; `then` names what."""

    due: int
    ref: int
    then: str = field(compare=False)
    price: int = field(compare=False, default=0)
    fen: int = field(compare=False, default=0)
    project: int = field(compare=False, default=-1)
    party: int = field(compare=False, default=-1)


class Person:
    """A user or a farmer."""

    def __init__(self, world: World, me: int) -> None:
        self.world, self.me = world, me
        self.farmer = me >= world.rules.honest
        self.place = world.words(me, Purpose.PLACE)
        self.trait = world.words(me, Purpose.TRAITS)
        self.ways = self.reached_by()
        self.channel = min(self.ways, key=lambda k: self.ways[k], default=-1)
        if self.channel < 0:  # a friend's
            self.channel = self._share_of(self.place[0], world.rules.channel_upto[: world.rules.n_channels])
        self.segment = self._share_of(self.place[1], world.rules.segment_upto[: world.rules.n_segments])
        self.minor = bool(world.rules.segment_minor[self.segment])
        self.staff = unit(self.place[3]) < world.rules.staff_share
        self.eligible = self._belongs(self.place[2], world.rules)
        self.team = int(unit(world.words(me, Purpose.CREW)[0]) * world.rules.n_teams)
        self.next_s = self.visit_s = self.play_s = NEVER
        self.errands: list[Errand] = []
        self.number = 0
        self.budget = self.habit = 0.0
        self.growing: Counter[int] = Counter()  # beans by the second their step of ripening began
        self.latest, self.young = 0, 0  # the day's latest step in which beans were earned, and how many
        self.available: Counter[int] = Counter()  # beans by the period they were harvested in
        self.minutes = [0, 0]
        self.day = 0
        self.done: Counter[int] = Counter()  # deeds of today
        self.beans_today = self.deeds_today = 0
        self.spent = 0.0  # willingness used up by deeds, as of `day`
        self.used = 0.0  # the gain of a visit's value that this person is used to
        self.slump_until = 0
        self.endowed = False  # with a head start towards a goal not reached yet
        self.clock = 0
        self.gifts = self.gift_yuan = self.gift_month = 0
        self.streak = 0  # days in a row played, up to the last one
        self.row = 0  # … and those that the next one follows on
        self.repairs: list[int] = []  # missed days that rules let pass
        self.since_break = 255
        self.begun = self.planned = 0
        self.player = self.gone = self.blocked = False
        self.in_team = self.holder = self.serving = self.claiming = False
        self.bound = False  # staff who owe hours and do not drop out before
        self.year, self.before = 0, 0  # financial years begun so far, labour when the present one did

    def reached_by(self) -> dict[int, float]:
        """The channels that reach this person, each with the time it takes: the first is the way in."""
        R, soon = self.world.rules, {}
        for k in range(R.n_channels):
            lot = unit(self.world.words(self.me, Purpose.PLACE, 0, 1 + k // 4)[k % 4])
            if lot < R.channel_reach[k] and R.channel_pull[k] > 0:
                soon[k] = -log(lot / R.channel_reach[k]) / R.channel_pull[k]
        return soon

    @staticmethod
    def _share_of(word: int, upto: list[float]) -> int:
        return next((k for k, share in enumerate(upto) if unit(word) < share), len(upto) - 1)

    @staticmethod
    def _belongs(word: int, R: SimpleNamespace) -> bool:
        """Native of the province, or working, studying or living there; each lot is a byte of the key."""
        shares = (R.native, R.works, R.studies, R.lives)
        return any((word >> 8 * k) % 256 / 256.0 < share for k, share in enumerate(shares))

    def trait_value(self, row: int, quantile: int) -> float:
        return self.world.traits[row][quantile]

    def tell(self, t_us: int, kind: Kind, **columns: int) -> Record:
        """Write down an action of this person."""
        record = {"t": t_us, "kind": int(kind), "agent": self.me, "number": self.number}
        record |= {"channel": self.channel, "project": -1, "party": -1} | columns
        self.number += 1
        self.world.records.append(record)
        return record

    # --- the line of time ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Before the first day: everybody shops, some play already, farmers sleep."""
        R = self.world.rules
        if self.farmer:
            return
        lots = self.world.words(self.me, Purpose.START)
        self.visit_s = self.next_visit(0, lots[0])
        self.recall_past()
        self.holder = bool(R.account_open) and self.eligible and unit(lots[2]) < R.holders_at_start
        if R.play_open and (self.staff or self.plays_anyhow()):
            self.player = True
            self.last = -1  # as far as anybody knows they played the day before
            self.habit = single(R.habit_neutral)
            self.budget = self.lifetime()
            if self.staff:
                self.bound, self.budget = True, single(LIFELONG)
                if self.world.rules.new_years[0] < NEVER:
                    self.file(Errand(self.world.rules.new_years[0], 1, "new_year"))
            self.come_back_after(-1)
        self.next_s = min([self.visit_s, self.play_s, *(e.due for e in self.errands)])

    def recall_past(self) -> None:
        """Some have given before: how often, how many months ago, and how much at most."""
        R, lots = self.world.rules, self.world.words(self.me, Purpose.PAST)
        if unit(lots[0]) < R.donors_at_start:
            gifts, months, yuan = (int(R.past[row][lots[1 + row] >> 20]) for row in range(3))
            self.gifts, self.gift_month, self.gift_yuan = gifts, -months, yuan

    def plays_anyhow(self) -> bool:
        """Whether this person plays from the start, whoever they work for."""
        return unit(self.world.words(self.me, Purpose.START)[1]) < self.world.rules.players_at_start * len(
            self.ways
        )

    def wake(self, t: int) -> None:
        """It is second t and something may be due: midnight first, then one errand, visit or session."""
        if self.player and t % DAY_S == 0:
            self.midnight(t)
        if self.errands and self.errands[0].due == t:
            errand = self.errands.pop(0)
            getattr(self, "on_" + errand.then)(errand)
        elif self.visit_s == t:
            self.shop(t)
        elif self.play_s == t:
            self.play(t)
        self.next_s = min(self.visit_s, self.play_s, self.next_fading(t // DAY_S))
        if self.errands:
            self.next_s = min(self.next_s, self.errands[0].due)

    def file(self, errand: Errand) -> None:
        self.errands.append(errand)
        self.errands.sort()

    # --- beans and minutes --------------------------------------------------------------------------

    def new_day(self, day: int) -> None:
        if self.day != day:
            self.spent = single(self.left_of_effort(day))
            self.day, self.beans_today, self.deeds_today = day, 0, 0
            self.latest, self.young = day * DAY_S, 0
            self.done.clear()

    def left_of_effort(self, day: int) -> float:
        """Of the willingness spent by deeds, what is not restored by that day: half in a half-life."""
        if not self.spent:
            return 0.0
        return rested(self.spent, day - self.day, self.world.rules.attention_half_life_days)

    def earned_on(self, day: int) -> list[int]:
        """The steps of a day whose beans still grow."""
        return [step for step, beans in self.growing.items() if beans and step // DAY_S == day]

    def sow(self, t_us: int, beans: int) -> None:
        """Beans begin to grow, with those of the same step: a day, or the time to ripen if that is shorter."""
        length = min(self.world.rules.ripen_s, DAY_S)
        step = t_us // SECOND // length * length
        if step >= self.latest:  # a barrier may grant what was earned before a visit that went on after it
            self.young = beans + (self.young if step == self.latest else 0)
            self.latest = step
        self.growing[step] += beans

    def grow(self, t_us: int, beans: int, own: bool = True) -> int:
        """Let beans grow now, as far as a day can hold them; a farmer's, as far as the device's cap allows."""
        held = sum(self.growing[step] for step in self.earned_on(self.day))
        got = min(beans, BUCKET - held)
        if self.farmer:
            got = min(got, self.world.rules.farmer_cap - self.beans_today)
        if got <= 0:
            return 0
        self.sow(t_us, got)
        self.beans_today += got
        self.world.count["beans_issued"] += got if own else 0
        return got

    def expect(self, beans: int) -> int:
        """Beans that may come: they count as the day's, under the same bounds, and grow only when they are paid."""
        got = min(beans, BUCKET - sum(self.growing[step] for step in self.earned_on(self.day)))
        if self.farmer:
            got = min(got, self.world.rules.farmer_cap - self.beans_today)
        self.beans_today += max(got, 0)
        return max(got, 0)

    def harvest(self, t_us: int, day: int) -> None:
        R, now = self.world.rules, t_us // SECOND
        ripe = [step for step in self.growing if step + R.ripen_s <= now < self.fades_at(step)]
        beans = sum(self.growing[d] for d in ripe)
        period = self.world.days[day].period
        if beans == 0 or self.available[period] + beans > BUCKET:
            return
        for d in ripe:
            del self.growing[d]
        self.available[period] += beans
        self.tell(t_us, Kind.HARVEST, beans=beans)
        self.world.count["beans_harvested"] += beans

    def free_beans(self) -> int:
        """Available and not spoken for by a claim that waits for the barrier."""
        return 0 if self.claiming else self.available.total()

    def fades_at(self, step: int) -> int:
        """Beans of a day fade together, when the last that could be earned on it have had their time."""
        R = self.world.rules
        return gone_at_s(step // DAY_S * DAY_S, DAY_S, R.ripen_s, R.fade_s)

    def next_fading(self, day: int) -> int:
        """The midnight after `day` at which a player's next beans go; overdue ones go at the very next."""
        if not self.player:
            return NEVER
        times = [self.fades_at(d) for d, beans in self.growing.items() if beans]
        times += [self.world.period_end[p] for p, beans in self.available.items() if beans]
        return min((max(at, (day + 1) * DAY_S) for at in times), default=NEVER)

    def midnight(self, t: int) -> None:
        for day in sorted(
            {s // DAY_S for s, beans in self.growing.items() if beans and self.fades_at(s) <= t}
        ):
            beans = sum(self.growing.pop(step) for step in self.earned_on(day))
            self.tell(t * SECOND, Kind.FADE, beans=beans)
            self.world.count["beans_faded"] += beans
        for period in sorted(p for p, b in self.available.items() if b and self.world.period_end[p] <= t):
            beans = self.available.pop(period)
            self.tell(t * SECOND, Kind.EXPIRE, beans=beans)
            self.world.count["beans_expired"] += beans

    def spend(self, beans: int, now: int) -> int:
        """Take beans, the earliest period first; returns the last period touched."""
        touched = now
        for period in sorted(self.available):
            part = min(self.available[period], beans)
            if part:
                self.available[period] -= part
                beans -= part
                touched = period
        return touched

    def credit(self, minutes: int, klass: int, own: bool = True) -> int:
        """Credit charity time; donated time up to its cap. General participation is worth none."""
        if klass == GENERAL:
            return 0
        if klass == DONATED:
            minutes = capped_minutes(minutes, self.minutes[DONATED], self.world.rules.donated_cap)
        self.minutes[klass] += minutes
        self.world.count[("minutes_labour", "minutes_donated")[klass]] += minutes if own else 0
        return minutes

    def reach_benefits(self, t_us: int, before: int) -> None:
        """What a holder's minutes open that `before` did not: youth accounts have benefits of their own."""
        for k, benefit in enumerate(self.world.benefits):
            mine = self.holder and bool(benefit.youth) == self.minor
            if mine and before < benefit.needs <= sum(self.minutes):
                self.tell(t_us, Kind.BENEFIT, deed=k)
                self.world.count["benefits"] += 1

    # --- coming, coming back, going -----------------------------------------------------------------

    def enter(self, t: int) -> None:
        """Become a player at second t; the first session follows a second later."""
        R = self.world.rules
        lots = self.world.words(self.me, Purpose.BUDGET)
        self.player = True
        self.budget, self.habit = self.lifetime(), single(R.habit_neutral)
        self.streak, self.row, self.since_break = 0, 0, 255
        self.begun, self.planned, self.clock = 0, 1, 0
        self.play_s = t + 1
        self.world.count["entries"] += 1
        self.welcome(t, t * SECOND + micro(lots[1]))

    def lifetime(self, year: int = 0) -> float:
        """How much hazard of leaving this person bears: Exp(1); staff have another one every year."""
        return single(exponential(self.world.words(self.me, Purpose.BUDGET, year)[0]))

    def on_new_year(self, e: Errand) -> None:
        """A financial year begins: staff owe their hours anew and come back for them."""
        self.year, self.before = e.ref, self.minutes[LABOUR]
        self.file(Errand(self.world.rules.new_years[e.ref], e.ref + 1, "new_year", fen=self.before))
        if self.blocked:
            return
        self.gone, self.bound, self.budget = False, True, single(LIFELONG)
        if self.play_s == NEVER:
            self.come_back_after(e.due // DAY_S - 1)

    def come_back_after(self, day: int) -> None:
        """The first session of the next active day, if there is one."""
        ahead = self.next_active_day(day)
        if ahead is None:
            self.play_s = NEVER
            return
        lots = self.world.words(self.me, Purpose.DAY, ahead)
        volume = self.trait_value(2, self.trait[1] & 4095)
        self.begun = 0
        self.planned = planned_sessions(lots[1], self.world.rules.sessions_extra * volume)
        share, called = sequential_uniform(0.0, self.planned, lots[0]), self.called(ahead)
        planned = self.session_at(ahead, share, ahead * DAY_S - 1)
        self.play_s = planned if called is None else called

    def session_at(self, day: int, share: float, after: int) -> int:
        """The second at which `share` of the day's sessions of the channel have come, or an opening near it."""
        self.clock = min(int(share * 65536.0), 65535)
        shape = self.world.days[day].shape
        planned = day * DAY_S + second_of_day(self.world.rules.profile[shape][self.channel], share)
        return self.drawn_to_opening(planned, after)

    def drawn_to_opening(self, planned: int, after: int) -> int:
        """Who would come some hours before what is announced may wait for it, who would come some hours after it may
        be early where that pays; both come within minutes of the opening, and later than `after`."""
        R, day = self.world.rules, planned // DAY_S
        today = [k for k in range(R.n_openings) if R.opening_s[k] // DAY_S == day]
        lots = self.world.words(self.me, Purpose.WAITING, day, self.begun) if today else (0, 0, 0, 0)
        meant = self.meant_on(day) if today else frozenset()
        for k in today:
            opens, rules = R.opening_s[k], R.opening_mask[k]
            if not any(rules >> rule & 1 for rule in meant):
                continue
            waits = opens - R.horizon_s <= planned < opens and unit(lots[0]) < R.waits * R.opening_pull[k]
            hurries = (
                opens <= planned < opens + R.horizon_s and R.opening_rush[k] and unit(lots[1]) < R.forward
            )
            end = min(R.opening_until[k], (day + 1) * DAY_S)  # not later than what was waited for
            comes = min(opens + int(exponential(lots[2]) * R.waiting_first_s), end - 1)
            if comes > after and (waits or (hurries and comes < planned)):
                return comes
        return planned

    def keenness(self) -> float:
        """Warm glow, and what is usual in the segment: a factor on every deed."""
        return self.trait_value(1, self.trait[1] >> 20) * self.world.rules.segment_activity[self.segment]

    def deadlines(self, day: int) -> tuple[int, int]:
        """The days on which, after `day`, growing beans fade first and harvested ones expire first; 0 if there is
        nothing to lose: no beans, too few harvested ones, or none that buy anything."""
        price = self.world.public.next_thing
        if not price:
            return 0, 0
        oldest = min((self.fades_at(step) for step, beans in self.growing.items() if beans), default=0)
        return oldest // DAY_S, self.expiry_day(day)

    def expiry_day(self, day: int) -> int:
        """The day on which harvested beans expire first, if they buy something; else 0."""
        price = self.world.public.next_thing
        if not price or self.available.total() < price:
            return 0
        return min(self.world.period_end[p] for p, beans in self.available.items() if beans) // DAY_S

    def next_active_day(self, day: int) -> int | None:
        """Day by day: leave for good, come back, or let the habit fade."""
        R = self.world.rules
        hazard = exponential(self.world.words(self.me, Purpose.DAY, day + 1, 15)[0])
        streak, since = self.streak if self.last == day else 0, self.since_break
        repairs = self.repairs
        fades, expires = self.deadlines(day)
        tired = R.fatigue * self.left_of_effort(day)
        for ahead in range(day + 1, len(self.world.days)):
            today = self.world.days[ahead]
            broke = R.habit_broke_push if since < R.habit_broke_window_days else 0.0
            base = self.trait_value(4, self.trait[3] >> 20)
            leaves = dropout_hazard(base, self.habit, R.habit_neutral, R.habit_relief, broke)
            self.budget = single(self.budget - leaves)
            if self.budget < 0.0:
                self.gone = True
                return None
            tired = tired * R.refill if tired * R.refill >= 0.03 else 0.0
            then = self.as_of(ahead, min(streak + 1, 7), self.away_by(ahead))
            gain = self.drawn_by(ahead, then, exp(-tired))
            reminder = self.messaged(then, ahead, streak)
            z = readiness(
                self.habit, R.habit_neutral, R.habit_slope, R.habit_team if self.in_team else 0.0, reminder, streak,
                R.habit_streak_gain, -1 if since == 255 else since, R.habit_break_loss, R.habit_break_days,
            )  # fmt: skip
            z += R.visit_come * (gain - self.used)
            z += R.choice_goal_kappa * max(closeness(fades - ahead), closeness(expires - ahead))
            lift = today.lift * R.shape_lift[today.shape][self.channel]
            hazard -= activity_hazard(self.trait_value(3, self.trait[2] >> 20), today.weekday, lift, z)
            since = min(since + 1, 255)
            if hazard < 0.0:
                self.row, self.repairs, self.since_break = streak, repairs, since
                return ahead
            if streak and self.leaves_repairs(then, ahead, repairs):
                repairs = [*repairs, ahead]
            else:
                if streak >= 2:
                    since = 0
                streak = 0
            self.habit = single(faded_habit(self.habit, R.habit_keep))
            self.used = single(grown_reference(self.used, 0.0, R.reference_keep))
        return None
