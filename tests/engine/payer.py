"""What a person is paid: the rules that hold for them, and the parts of a deed's pay, each told by its rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sim.behaviour.visit import visit_gain
from sim.bookkeeping import Kind
from sim.kernel.incentives import BESIDE
from sim.streams import Purpose
from tests.engine.person import BUCKET, DAY_S, GENERAL, NO_DEED, PENDING, SECOND, Errand, Person, World
from tests.engine.rulebook import (
    PAYING,
    Counts,
    Part,
    Someone,
    asks_budget,
    city_of,
    cut,
    percentile_of,
)

ORDER, INVITE, JOIN = "order", "invite", "join"
Rules = tuple[int, ...]


class Payer(Person):
    """A person to whom rules apply."""

    def __init__(self, world: World, me: int) -> None:
        super().__init__(world, me)
        lots = world.words(me, Purpose.CITY)
        self.percentile = percentile_of(lots[0])
        self.city = city_of(lots[1], world.book.cities)
        self.joined: int | None = None
        self.last: int | None = None  # the last day they played …
        self.away = 0  # … and how many days after the one before
        self.counts = Counts()
        self.live: Rules = ()  # what holds in the present session
        self.given = 0  # gifts in this run

    def back_on(self, day: int) -> None:
        """Somebody plays today."""
        if self.last != day:
            self.away = 0 if self.last is None else day - self.last
            self.last = day

    def rules_at(self, t_us: int) -> Rules:
        """The rules that hold for this person at an instant; who is not back yet is not welcomed back."""
        day = t_us // SECOND // DAY_S
        one = self.as_of(day, self.streak_on(day), self.away if self.last == day else 0)
        return self.world.book.holding(one, t_us)

    def as_of(self, day: int, streak: int, away: int) -> Someone:
        """This person as rules see them, on a day so long in a row or after so many days away."""
        return replace(
            self.as_newcomer(day), holder=self.holder, team=self.in_team, joined=self.joined, away=away,
            streak=streak, minutes=sum(self.minutes), has_given=self.given > 0,
        )  # fmt: skip

    def as_newcomer(self, day: int) -> Someone:
        """This person as one who would begin to play on a day and has done nothing yet."""
        scenario = self.world.book.scenario
        segment, channel = name_of(scenario.segments, self.segment), name_of(scenario.channels, self.channel)
        return Someone(segment, self.city, channel, self.percentile, joined=day, streak=1)

    def away_by(self, day: int) -> int:
        """For how long they will have been away who come on a day, the first time or again."""
        if self.last is None:
            return 0
        return self.away if self.last == day else day - self.last

    def meant_on(self, day: int) -> frozenset[int]:
        """The rules that are for this person if they come on a day, which they count among those in a row."""
        streak = self.streak if self.last == day else min(self.row + 1, 7)
        return self.world.book.meant_for(self.as_of(day, streak, self.away_by(day)), day)

    def drawn_by(self, day: int, one: Someone, rest: float) -> float:
        """What the offers of a day add to the value of a visit of this person, who then is so, against a rested one
        without any."""
        R, meant = self.world.rules, self.world.book.meant_for(one, day)
        who = (self.channel, self.segment, one.streak, one.team)
        offered = 0.0
        for share, live, contest in self.world.calendar.of_day(day):
            offered += share * self.world.value_of_visit(live & meant, who, contest)
        return visit_gain(self.keenness(), rest, offered, R.plain[self.channel][self.segment], R.visit_usual)

    def streak_on(self, day: int) -> int:
        """The days in a row that stand on a day: those up to the day before, until this one is played or missed."""
        return self.streak if self.last is not None and day - self.last <= 1 else 0

    def leaves_repairs(self, one: Someone, day: int, used: list[int]) -> bool:
        """Whether a rule that is for somebody on a missed day, and holds at any time of it, lets it pass: so many a
        week."""
        book = self.world.book
        open_ = {k for _, live, _ in self.world.calendar.of_day(day) for k in live} & book.meant_for(one, day)
        most = max((form.streak.repairs for k in open_ if (form := book.rules[k].form).streak), default=0)
        monday = day - book.clock(day * DAY_S * SECOND).weekday()
        return len([missed for missed in used if missed >= monday]) < most

    def name(self, j: int) -> str:
        """What the catalogue calls deed j."""
        return list(self.world.book.scenario.deeds)[j]

    def next_pay(self, j: int, live: Rules) -> int:
        """Beans that deed j would bring if it were done now."""
        base = Part(None, self.world.deeds[j].beans)
        parts = self.world.book.pay(self.name(j), base, live, self.streak, self.counts, self.day)
        return sum(part.beans for part in parts)

    def is_closed(self, j: int, live: Rules) -> bool:
        """Whether deed j was done as often today as rules allow."""
        most = self.world.book.most_a_day(self.name(j), live)
        return most is not None and self.done[j] >= most

    def welcome(self, t: int, t_us: int) -> None:
        """Somebody begins to play: what joining brings, and the head starts of goals. The day is their first."""
        day = t // DAY_S
        self.joined, self.last, self.away = day, day, 0
        self.tell(t_us, Kind.ENTER)
        book, live = self.world.book, self.world.book.holding(self.as_of(day, 1, 0), t * SECOND)
        goals = {
            k: goal for k in live if (goal := book.rules[k].form.goal) and goal.beans and goal.head_start
        }
        if not goals and not book.about(live, JOIN, PAYING):
            return
        self.new_day(day)
        self.tell_grants(self.earn(JOIN, t_us, Part(None), GENERAL, live, streak=1), t_us)
        for k, goal in goals.items():
            self.endowed = True
            told = self.tell(t_us + BESIDE + k, Kind.GRANT, beans=goal.head_start, deed=NO_DEED, rule=1 + k)
            if asks_budget(book.rules[k]):
                told["outcome"] = PENDING
            else:
                self.sow(t_us, goal.head_start)

    def earn(
        self, what: str, t_us: int, base: Part, klass: int, live: Rules, streak: int | None = None
    ) -> list[Part]:
        """Do what is paid: beans grow and minutes count, part by part; what rules add is not counted as the deed's."""
        book = self.world.book
        streak = self.streak_on(t_us // SECOND // DAY_S) if streak is None else streak
        parts = book.pay(what, base, live, streak, self.counts, self.day)
        cut(parts, "beans", max(sum(part.beans for part in parts) - self.room(), 0))
        for part in parts:
            own = part.rule is None
            if not own and self.waits(what, part, klass, live):
                part.beans = self.expect(part.beans)
                continue
            part.beans = self.grow(t_us, part.beans, own)
            part.minutes = self.credit(part.minutes, klass, own)
        book.count(what, live, sum(part.beans for part in parts), self.counts, self.day)
        return parts

    def room(self) -> int:
        """How many beans more a day can hold; of a farmer, as far as the cap of the device goes."""
        room = BUCKET - sum(self.growing[step] for step in self.earned_on(self.day))
        return max(min(room, self.world.rules.farmer_cap - self.beans_today) if self.farmer else room, 0)

    def waits(self, what: str, part: Part, klass: int, live: Rules) -> bool:
        """Whether a rule's part is not paid at once: it asks a budget first, or comes later."""
        assert part.rule is not None
        rule = self.world.book.rules[part.rule]
        part.asks = asks_budget(rule) and part.beans > 0
        part.later = 0 if rule.form.later is None else max(rule.form.later // SECOND, 1)
        if part.asks or part.later:
            part.minutes = 0 if klass == GENERAL else part.minutes
            part.caps = sum(1 << k for k, _ in self.world.book.about(live, what, ("cap", "fading_cap")))
        return part.asks or part.later > 0

    def promise(self, t_us: int, part: Part, klass: int, deed: int) -> None:
        """What comes later stands in the list until then."""
        assert part.rule is not None
        due, ref = t_us // SECOND + part.later, t_us * 64 + part.rule
        self.file(Errand(due, ref, "later", part.beans, part.minutes * 2 + klass, part.rule, deed))
        self.world.count["beans_promised"] += part.beans

    def tell_grants(self, parts: list[Part], t_us: int, klass: int = GENERAL, deed: int = NO_DEED) -> None:
        """Write down what rules added, one after the other."""
        for part in parts:
            if part.rule is None or not (part.beans or part.minutes):
                continue
            time = 0 if klass == GENERAL else klass
            if part.later and not part.asks:
                self.promise(t_us, part, time, deed)
                continue
            t_us += 1
            told = self.tell(
                t_us,
                Kind.GRANT,
                beans=part.beans,
                minutes=part.minutes,
                deed=deed,
                rule=1 + part.rule,
                klass=time,
            )
            if part.asks:
                told["outcome"], told["fen"], told["match"] = PENDING, part.caps, part.later


def name_of(table: dict[str, Any], k: int) -> str:
    """The name of a row; nobody's where a scenario names none."""
    return list(table)[k] if k < len(table) else ""
