"""What moves a person besides pay: goals of deeds, badges, messages; and beans that go by a rule."""

from __future__ import annotations

from math import exp

from sim.behaviour.choice import goal_pull
from sim.behaviour.habit import tired_message
from sim.bookkeeping import Kind
from sim.domain.ratios import share_of
from sim.kernel.rules import exponential, unit
from sim.scenario.incentives import Badges
from sim.streams import Purpose, salt_of
from tests.engine.payer import Payer, Rules
from tests.engine.person import DAY_S, SECOND, World
from tests.engine.rulebook import Part, Someone


class Moved(Payer):
    """A person to whom goals, badges and messages mean something."""

    def __init__(self, world: World, me: int) -> None:
        super().__init__(world, me)
        self.slumps: dict[int, int] = {}  # by goal that was reached, the day on which the slump ends
        self.messages: dict[int, list[int]] = {}  # by rule, the days on which one came
        self.unwanted: set[int] = set()  # rules whose messages are switched off

    # --- goals of deeds -----------------------------------------------------------------------------------

    def earn(
        self, what: str, t_us: int, base: Part, klass: int, live: Rules, streak: int | None = None
    ) -> list[Part]:
        """Do what is paid; a goal that is reached by it is followed by a slump."""
        parts = super().earn(what, t_us, base, klass, live, streak)
        for k, form in self.world.book.about(live, what, ("milestone",)):
            assert form.goal is not None
            if self.world.book.counted(k, self.counts, self.day) + form.goal.head_start == form.goal.deeds:
                self.slumps[k] = self.day + int(self.world.rules.goal_slump_days)
        return parts

    def pull_of_milestones(self, j: int) -> float:
        """What goals of deeds add to the log-odds of deed j: each draws until it is reached, by a prize that is
        worth something all, else those who care for badges; whom it draws has a slump after it."""
        book, R, pull = self.world.book, self.world.rules, 0.0
        for k, form in book.about(range(len(book.rules)), self.name(j), ("milestone",)):
            goal = form.goal
            assert goal is not None
            assert goal.deeds is not None
            done = (book.counted(k, self.counts, self.day) + goal.head_start) / goal.deeds
            given = goal.head_start / goal.deeds
            buys = goal.prize and self.world.public.next_thing
            if not buys and not self.cares_for_badges():
                continue
            strength = (
                (R.choice_goal_kappa, R.choice_goal_iota) if buys else (R.goal_badge_kappa, R.goal_badge_iota)
            )
            if k in self.live:
                pull += goal_pull(done, given, *strength)
            if self.day < self.slumps.get(k, 0):
                pull -= R.goal_slump
        return pull

    # --- badges -------------------------------------------------------------------------------------------

    def cares_for_badges(self) -> bool:
        """Whether this person responds to what is worth nothing."""
        return unit(self.world.words(self.me, Purpose.BADGE)[0]) < self.world.rules.goal_badge_share

    def pull_of_badges(self) -> float:
        """What badges of this session add to the log-odds of charity time, while a tier is ahead."""
        forms = [self.world.book.rules[k].form for k in self.live]
        badges = [form.badges for form in forms if form.badges is not None]
        return sum((self.pull_of(one) for one in badges), 0.0)

    def pull_of(self, badges: Badges) -> float:
        """A gradient towards the next tier, and recognition where others see it."""
        R, have, pull = self.world.rules, sum(self.minutes), 0.0
        needs = min((tier.hours for tier in badges.tiers if have < tier.hours), default=None)
        if needs is None:
            return 0.0
        if self.cares_for_badges():
            pull += goal_pull(have / needs, 0.0, R.goal_badge_kappa, R.goal_badge_iota)
        if badges.public:
            values = R.normal[self.world.words(self.me, Purpose.BADGE)[1] >> 20]
            pull += R.badge_recognition + R.badge_recognition_sd * values
        return pull

    def reach_benefits(self, t_us: int, before: int) -> None:
        """Minutes may pass a tier of merit, and then open a benefit; a new account passes none."""
        if before >= 0:
            self.earn_badges(t_us, before)
        super().reach_benefits(t_us, before)

    def earn_badges(self, t_us: int, before: int) -> None:
        """A badge for every tier that was not reached before, by the rules that hold."""
        book = self.world.book
        for k in self.rules_at(t_us):
            badges = book.rules[k].form.badges
            for number, tier in enumerate(badges.tiers if badges is not None else ()):
                if before < tier.hours <= sum(self.minutes):
                    self.tell(t_us, Kind.BADGE, deed=number, rule=1 + k)
                    self.world.count["badges"] += 1

    # --- messages -----------------------------------------------------------------------------------------

    def messaged(self, one: Someone, day: int, streak: int) -> float:
        """Send a day's messages to who will be so, after so many days in a row; what they add to its log-hazard."""
        book, R, gain = self.world.book, self.world.rules, 0.0
        before = self.messages_before(day)
        for k, rule in enumerate(book.rules):
            nudge = rule.form.nudge
            if nudge is None or k not in book.holding(one, (day * DAY_S + nudge.at * 60) * SECOND):
                continue
            mine = self.messages.setdefault(k, [])
            lately = [sent for sent in mine if day - 6 <= sent < day]
            if k in self.unwanted or (nudge.streak_breaks and streak < 2) or len(lately) >= nudge.weekly:
                continue
            mine.append(day)
            self.world.count["messages"] += 1
            gain += tired_message(R.habit_reminder, R.nudge_fatigue, before)
            if unit(self.world.words(self.me, Purpose.NUDGE, day, self.salt(k))[0]) < R.nudge_switch_off:
                self.unwanted.add(k)
        return gain

    def messages_before(self, day: int) -> int:
        """The messages of all rules on the six days before a day."""
        return sum(day - 6 <= sent < day for mine in self.messages.values() for sent in mine)

    def salt(self, k: int) -> int:
        """What tells a rule's lots apart: its name, wherever it stands."""
        return salt_of(list(self.world.book.scenario.rules)[k])

    def called(self, day: int) -> int | None:
        """The second at which a message of the day brings this person; None if they come by themselves."""
        R = self.world.rules
        for k in sorted(self.messages):
            nudge = self.world.book.rules[k].form.nudge
            if nudge is None or day not in self.messages[k]:
                continue
            lots = self.world.words(self.me, Purpose.NUDGE, day, self.salt(k))
            gain = tired_message(R.habit_reminder, R.nudge_fatigue, self.messages_before(day))
            if unit(lots[1]) < 1.0 - exp(-gain):
                second = nudge.at * 60 + int(exponential(lots[2]) * R.waiting_first_s)
                return day * DAY_S + min(second, DAY_S - 1)
        return None

    # --- beans that go ------------------------------------------------------------------------------------

    def midnight(self, t: int) -> None:
        """What is past its time goes, then a share of what is left, by the rules that held until now."""
        super().midnight(t)
        for k in self.rules_at(t * SECOND - 1) if self.available.total() else ():
            share = self.world.book.rules[k].form.decay
            lost = share_of(self.available.total(), share or 0)
            if lost:
                self.spend(lost, 0)
                self.tell(t * SECOND, Kind.DECAY, beans=lost, rule=1 + k)
                self.world.count["beans_expired"] += lost

    def next_fading(self, day: int) -> int:
        """… of which a rule may let some go at the next midnight."""
        decays = any(rule.form.decay is not None for rule in self.world.book.rules)
        next_ = super().next_fading(day)
        return min(next_, (day + 1) * DAY_S) if decays and self.player and self.available.total() else next_
