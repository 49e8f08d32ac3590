"""The playing part of a person: sessions and deeds. A player is the whole person."""

from __future__ import annotations

from math import exp
from types import SimpleNamespace

from sim.behaviour.choice import crossed, goal_pull
from sim.behaviour.giving import (
    completes,
    first_gift_yuan,
    gives_logit,
    heaped_gift_yuan,
    logistic,
    repeat_gift_yuan,
)
from sim.behaviour.habit import grown_habit
from sim.behaviour.visit import closeness, grown_reference
from sim.bookkeeping import Kind
from sim.domain.beans import fen_of_beans, full_hundreds
from sim.kernel.rules import exponential, farm_second, sequential_uniform, unit
from sim.scenario.incentives import Goal
from sim.streams import OF_INVITES, Purpose
from tests.engine.claimant import Claimant
from tests.engine.payer import BESIDE, INVITE, Rules
from tests.engine.person import DAY_S, DONATED, GENERAL, NO_DEED, PENDING, SECOND, single
from tests.engine.promises import drawn_match, usual_match
from tests.engine.race import Race
from tests.engine.rulebook import Part
from tests.engine.visits import caps_of_a_day, weight_of

MOST_CHOICES = 12
MOST_SCRIPTED = 24  # deeds of a farmer in a day


class Player(Claimant):
    """A person who shops and plays; farmers only play."""

    def play(self, t: int) -> None:
        """A session: the platform's look at the account, harvest, deeds, and when to come again."""
        world, R, day = self.world, self.world.rules, t // DAY_S
        self.play_s = 2**31 - 1
        self.new_day(day)
        self.back_on(day)
        nth, self.begun = self.begun, self.begun + 1
        if nth == 0 and self.is_blocked(t * SECOND, day):
            return
        world.count.update(sessions=1, active_days=int(nth == 0))
        self.tell(t * SECOND + 2, Kind.SESSION, deed=nth, klass=self.segment)
        now = t * SECOND + 3
        if nth == 0 and not self.farmer:
            self.streak = min(self.row + 1, 7)
        self.live = self.rules_at(t * SECOND)
        if self.farmer:
            self.farm(now, day)
            self.play_s = (day + 1) * DAY_S + farm_second(self.place[2])
            self.begun, self.planned = 0, 1
            return
        if self.bound and not self.owes():
            self.bound, self.budget = False, self.lifetime(self.year) if self.plays_anyhow() else -1.0
        key = day * 16 + nth
        if unit(world.words(self.me, Purpose.SESSION, key)[0]) < R.harvest:
            self.harvest(now, day)
        end = self.do_deeds(now + 1, day, key)
        self.plan_next_session(max(t, end // SECOND))

    def owes(self) -> bool:
        """Whether a member of staff has not yet met the norm of the financial year."""
        return self.staff and self.minutes[0] - self.before < self.world.rules.staff_norm

    def is_blocked(self, t_us: int, day: int) -> bool:
        """Whether the account is closed today; a closed one loses its harvested beans."""
        R = self.world.rules
        chance = R.removal if self.farmer else R.wrongly_blocked
        if unit(self.world.words(self.me, Purpose.GUARD, day)[0]) >= chance:
            return False
        self.tell(t_us, Kind.BLOCK)
        self.world.count["blocked"] += 1
        lost = self.available.total()
        if lost:
            self.tell(t_us + 1, Kind.REVOKE, beans=lost)
            self.world.count.update(beans_revoked=lost, revocations=1)
            self.available.clear()
        self.blocked = self.gone = True
        return True

    def plan_next_session(self, t: int) -> None:
        """Once more today if that was the plan and it is not too late, else on another day."""
        day = t // DAY_S
        while self.begun < self.planned:
            word = self.world.words(self.me, Purpose.DAY, day, self.begun)[0]
            at = self.session_at(
                day, sequential_uniform(self.clock / 65536.0, self.planned - self.begun, word), t
            )
            if at > t:
                self.play_s = at
                return
            self.begun += 1
        met = self.drawn_by(day, self.as_of(day, self.streak, self.away), 1.0)
        self.used = single(grown_reference(self.used, met, self.world.rules.reference_keep))
        self.habit = single(grown_habit(self.habit, self.world.rules.habit_gain))
        self.come_back_after(day)

    # --- choosing -----------------------------------------------------------------------------------

    def do_deeds(self, t_us: int, day: int, key: int) -> int:
        """Choose and do, until stopping is chosen or the day is over; returns when that is."""
        world, R = self.world, self.world.rules
        drawn = self.drawn_to(day)
        rest = exp(-R.fatigue * self.spent)
        race = Race(lambda option, nth: self.word_of_option(key, option, nth))
        for _ in range(min(MOST_CHOICES, R.day_slots - self.deeds_today)):
            world.count["choice_slots"] += 1
            chosen = self.choose(drawn, self.keenness() * rest, race)
            if chosen is None:
                return t_us
            # The luck of this deed, however many others came before.
            sub = chosen + 24 * (race.rung[chosen] - 1)
            lots = world.words(self.me, Purpose.SLOT, key, sub)
            done = t_us + int(exponential(lots[1]) * R.choice_dwell_s * 1_000_000.0) + SECOND
            if done + 2 * SECOND >= (day + 1) * DAY_S * SECOND:
                return t_us
            t_us = done
            self.done[chosen] += 1
            self.deeds_today += 1
            self.spent = single(self.spent + 1.0)
            rest = rest * R.tire
            self.do(chosen, t_us, key, sub, lots[2])
        return t_us

    def drawn_to(self, day: int) -> SimpleNamespace:
        """Factors for the session: on what brings beans, minutes or team points, and on what uses beans; and by how
        many halves of its price there are more beans than the next thing costs."""
        R, G = self.world.rules, self.world.public
        held, level = self.available.total() + self.growing.total(), 0
        if G.next_thing and held > G.next_thing:
            level = min((held - G.next_thing) * 2 // G.next_thing, 7)
        return SimpleNamespace(
            beans=exp(self.pull_of_goals(day, held)),
            minutes=exp(R.choice_goal_kappa * self.nearest_benefit() + self.pull_of_badges()),
            team=exp(G.team_pull) if self.in_team else 1.0,
            use=exp(R.choice_goal_kappa * closeness(self.expiry_day(day) - day)),
            level=level,
        )

    def pull_of_goals(self, day: int, held: int) -> float:
        """The strongest of the goals that beans are gathered for; after a prize there is a slump."""
        slump = -self.world.rules.goal_slump if day < self.slump_until else 0.0
        forms = [self.world.book.rules[k].form for k in self.live]
        goals = [form.goal for form in forms if form.goal is not None and form.goal.beans]
        return slump + max((self.pull_of_goal(goal, day, held) for goal in goals), default=0.0)

    def pull_of_goal(self, goal: Goal, day: int, held: int) -> float:
        """A gradient and a head start's commitment, while it is not reached and can be under the caps of a day; of a
        badge only for those who care for badges."""
        R, needs = self.world.rules, goal.beans or 0
        whole_days = (self.world.period_end[self.world.days[day].period] - day * DAY_S) // DAY_S
        caps = [
            form.cap or form.fading_cap or 0 for form in caps_of_a_day(self.world.book, frozenset(self.live))
        ]
        if held >= needs or (caps and needs - held > min(caps) * whole_days):
            return 0.0
        endowed = goal.head_start / needs if self.endowed else 0.0
        if self.world.public.next_thing:
            return goal_pull(held / needs, endowed, R.choice_goal_kappa, R.choice_goal_iota)
        if self.cares_for_badges():
            return goal_pull(held / needs, endowed, R.goal_badge_kappa, R.goal_badge_iota)
        return 0.0

    def nearest_benefit(self) -> float:
        """How far a holder has come to the next benefit, as a share of what it needs."""
        have, benefits = sum(self.minutes), self.world.benefits if self.holder else []
        ahead = [b.needs for b in benefits if bool(b.youth) == self.minor and have < b.needs]
        return max((have / needs for needs in ahead), default=0.0)

    def word_of_option(self, key: int, option: int | None, nth: int) -> int:
        """Chance of an option (stopping, then the deeds) for the nth time in a session: four share a draw."""
        place = 0 if option is None else 1 + option
        return self.world.words(self.me, Purpose.CHOICE, key, place // 4 + 7 * nth)[place % 4]

    def choose(self, drawn: SimpleNamespace, lift: float, race: Race) -> int | None:
        """A deed, or None for stopping: whichever's clock, at the speed of its weight, rings first."""
        weights: dict[int | None, float] = {None: self.world.rules.stop_weight}
        weights |= {j: self.weight(j, drawn, lift) for j in range(len(self.world.deeds)) if self.can(j)}
        return race.first(weights)

    def can(self, j: int) -> bool:
        """Whether deed j is open to this person now."""
        R, G, deed = self.world.rules, self.world.public, self.world.deeds[j]
        if self.is_closed(j, self.live):
            return False
        if deed.needs_account and not self.holder:
            return False
        if deed.adults_only and self.minor:
            return False
        return {
            "deed": True,
            "gift": G.projects > 0,
            "bean_gift": G.bean_pool > 0 and G.projects > 0 and self.free_beans() >= 100,
            "redeem": 0 < G.cheapest <= self.free_beans(),
            "volunteer": G.activities > 0 and not self.serving,
            "account": bool(R.account_open) and self.eligible and not self.holder,
            "team": bool(R.teams_open) and not self.in_team,
        }[deed.effect]

    def weight(self, j: int, drawn: SimpleNamespace, lift: float) -> float:
        """Against stopping: by what it would be paid now, which is felt less by who holds plenty."""
        R, deed, beans = self.world.rules, self.world.deeds[j], self.next_pay(j, self.live)
        live = frozenset(self.live)
        weight = weight_of(self.world, j, beans, drawn.level, live, self.streak, self.new_to())
        weight = weight * exp(self.pull_of_milestones(j))
        if beans > 0:
            weight = weight * drawn.beans
        if deed.minutes > 0:
            weight = weight * drawn.minutes
        if deed.team:
            weight = weight * drawn.team
        if deed.effect in ("bean_gift", "redeem"):
            weight = weight * drawn.use
        if deed.effect == "volunteer" and self.owes():
            weight = weight * R.staff_push
        return weight * self.world.mix[self.channel][self.segment][j] * lift

    # --- doing --------------------------------------------------------------------------------------

    def do(self, j: int, t_us: int, key: int, sub: int, word: int) -> None:
        deed, done = self.world.deeds[j], True
        if deed.team and self.in_team:
            self.world.points[0, self.team] += 1
        if deed.effect == "deed":
            self.plain_deed(j, t_us)
        elif deed.effect == "gift":
            done = self.consider_gift(j, t_us, key, sub)
        elif deed.effect == "bean_gift":
            self.offer_beans(j, t_us, key, sub)
        elif deed.effect == "redeem":
            self.redeem(t_us, key, sub)
        elif deed.effect == "volunteer":
            self.sign_up(j, t_us, word)
            done = False  # until it is worked
        elif deed.effect == "account":
            self.tell(t_us, Kind.ACCOUNT_APPLY, deed=j)
            self.holder = True
            self.world.count["applications"] += 1
            self.collect_reward(j, t_us + 1)
            self.reach_benefits(t_us + BESIDE, -1)
        else:
            self.tell(t_us, Kind.TEAM_JOIN, deed=j, team=self.team)
            self.in_team = True
            self.world.count["joins"] += 1
            self.collect_reward(j, t_us + 1)
        if done:
            self.take_part(self.name(j), t_us, key, sub, self.live, j)

    def collect_reward(self, j: int, t_us: int) -> None:
        """Beans for a deed that is worth no time, and whose own record has no room for them."""
        base = Part(None, self.world.deeds[j].beans)
        self.tell_reward(j, t_us, self.earn(self.name(j), t_us, base, GENERAL, self.live), GENERAL)

    def tell_reward(self, j: int, t_us: int, parts: list[Part], klass: int) -> None:
        """Beans of a deed beside its own record, and what rules add."""
        if parts[0].beans:
            self.tell(t_us, Kind.DEED, beans=parts[0].beans, deed=j)
        self.tell_grants(parts, t_us, klass, j)

    def plain_deed(self, j: int, t_us: int) -> None:
        """Beans and minutes as the tables say."""
        deed = self.world.deeds[j]
        general = deed.klass == GENERAL
        before = sum(self.minutes)
        parts = self.earn(self.name(j), t_us, Part(None, deed.beans, deed.minutes), deed.klass, self.live)
        own, klass = parts[0], 0 if general else deed.klass
        self.tell(
            t_us, Kind.GENERAL if general and not own.beans else Kind.DEED, beans=own.beans, minutes=own.minutes,
            klass=klass, deed=j, team=int(self.in_team),
        )  # fmt: skip
        self.tell_grants(parts, t_us, deed.klass, j)
        self.world.count.update(deeds=1, general=int(general))
        self.reach_benefits(t_us + BESIDE, before)

    def project_by_weight(self, share: float) -> SimpleNamespace:
        places = self.world.places
        return next((place for place in places if place.upto >= share), places[-1])

    def consider_gift(self, j: int, t_us: int, key: int, sub: int) -> bool:
        """The gift page: whether, to whom, how much; a match is asked of the live pool. Whether something is given."""
        world, R, G = self.world, self.world.rules, self.world.public
        lots = world.words(self.me, Purpose.GIFT, key, sub)
        place = self.project_by_weight(unit(lots[3]))
        month = world.days[t_us // SECOND // DAY_S].month
        lapsed = max(month - self.gift_month, 0) if self.gifts else 0
        trust = G.trust + place.pull
        intercept = R.gift_intercept + (
            R.giving_donor if self.gifts else 0.0
        )  # who has given answers more often
        shown = next((one.pull for one in self.covering(G.matches, self.live, place.cause)), 0.0)
        logit = gives_logit(intercept, self.gifts, lapsed, R.giving_often, R.giving_lapse, shown, trust)
        if unit(lots[0]) >= logistic(logit):
            return False
        fen = self.gift_fen(lots, world.words(self.me, Purpose.GIFT, key, sub + 288)[0], place)
        before = sum(self.minutes)
        base = Part(None, world.deeds[j].beans, world.deeds[j].minutes)  # once, in however many gifts
        pay = self.earn(self.name(j), t_us, base, DONATED, self.live)
        promise = self.first_promise(G.matches, self.live, fen, place.cause)
        paid, first = self.split(fen, promise), self.number
        for part, part_fen in enumerate(paid):
            told = self.tell(
                t_us + part, Kind.GIFT, fen=part_fen, project=place.project, klass=DONATED, deed=j,
                minutes=0 if part else pay[0].minutes, ref=first if part else 0,
            )  # fmt: skip
            if promise:
                lot = world.words(self.me, Purpose.GIFT, key, sub + 288 * (1 + part))[1]
                self.ask(told, promise, drawn_match(promise, part_fen, lot))
        self.gifts, self.given = min(self.gifts + 1, 255), self.given + 1
        self.gift_yuan = max(self.gift_yuan, min((fen + 99) // 100, 65_535))
        self.gift_month = month
        world.count.update(gifts=len(paid), gift_fen=fen)
        t_us += len(paid)
        self.tell_reward(j, t_us, pay, DONATED)
        self.reach_benefits(t_us + BESIDE, before)
        self.pass_it_on(t_us + BESIDE, key, sub)
        return True

    def split(self, fen: int, promise: SimpleNamespace | None) -> list[int]:
        """The gifts in which that much is given: under a match by lot, who knows makes several like ones of it, but
        not where only the first of them is matched."""
        R = self.world.rules
        knows = unit(self.world.words(self.me, Purpose.KNOWS)[0]) < R.giving_split_share
        if not (promise and promise.lot and not promise.first and knows):
            return [fen]
        count = min(int(R.giving_split_parts), fen)
        return [-(-(fen - k) // count) for k in range(count)]

    def gift_fen(self, lots: tuple[int, int, int, int], completing: int, place: SimpleNamespace) -> int:
        R = self.world.rules
        within = R.giving_completion_within
        if completes(place.left, place.typical, unit(completing), R.completion, within):
            return max(int(place.left), 1)
        normal = R.normal[lots[1] >> 20]
        if self.gifts:
            yuan = repeat_gift_yuan(
                self.gift_yuan, normal, R.giving_dollar, R.giving_constant, R.giving_slope, R.giving_sd
            )
        else:
            yuan = first_gift_yuan(R.first_gift_yuan, normal, R.giving_first_sigma)
        yuan = heaped_gift_yuan(yuan, unit(lots[2]), R.giving_heap)
        return max(int(min(yuan, 65_535) * 100.0 + 0.5), 1)

    def pass_it_on(self, t_us: int, key: int, sub: int) -> None:
        """After a gift some post it, others invite a friend, who may begin at the barrier."""
        world, R = self.world, self.world.rules
        lots = world.words(self.me, Purpose.SHARE, key, sub)
        pays = world.book.pay(INVITE, Part(None), self.live, self.streak, self.counts, self.day)
        sure = sum(part.beans for part in pays)
        posts, invites = (
            self.passes_on(base, sure, begins)
            for base, begins in ((R.post, 0.0), (R.invite, R.invite_recruits))
        )
        if unit(lots[0]) >= posts and unit(lots[1]) >= invites:
            return
        posts = unit(lots[0]) < posts
        told = self.tell(t_us, Kind.SHARE, deed=0 if posts else 1)
        world.count["shares"] += 1
        friend = (lots[3] * R.honest) >> 32
        day, other = t_us // SECOND // DAY_S, world.people[friend]
        gain = other.drawn_by(day, other.as_newcomer(day), 1.0)
        base = R.post_recruits if posts else R.invite_recruits
        if unit(lots[2]) < crossed(base, R.visit_join * gain):
            told["ref"], told["outcome"] = 1 + friend, PENDING
            referring = [k for k in self.live if world.book.rules[k].form.refer is not None]
            told["fen"] = 0 if posts else sum(1 << k for k in referring)
        self.tell_grants(self.earn(INVITE, t_us + 1, Part(None), GENERAL, self.live), t_us + 1)
        self.take_part(INVITE, t_us + 1, key, sub + OF_INVITES, self.live)

    def offer_beans(self, j: int, t_us: int, key: int, sub: int) -> None:
        """All full hundreds or one; the pool that pays for them decides at the barrier."""
        R, G = self.world.rules, self.world.public
        lots = self.world.words(self.me, Purpose.GIFT, key, sub)
        beans = full_hundreds(self.free_beans())
        if unit(lots[0]) >= R.give_all:
            beans = min(beans, 100)
        self.tell(
            t_us, Kind.BEAN_GIFT, beans=beans, fen=fen_of_beans(beans, self.world.book.price_under(self.live)),
            project=self.project_by_weight(unit(lots[3])).project, klass=DONATED, deed=j, pool=G.bean_pool,
            outcome=PENDING,
        )  # fmt: skip
        self.claiming = True

    def redeem(self, t_us: int, key: int, sub: int) -> None:
        """Ask for the first affordable voucher in stock, beginning anywhere."""
        vouchers = self.world.vouchers
        start = int(unit(self.world.words(self.me, Purpose.GIFT, key, sub)[0]) * len(vouchers))
        for k in [*range(start, len(vouchers)), *range(start)]:
            if vouchers[k].stock > 0 and vouchers[k].beans <= self.free_beans():
                ref = t_us // SECOND * 128 + 64
                self.tell(t_us, Kind.REDEEM_HOLD, beans=vouchers[k].beans, ref=ref, deed=k, outcome=PENDING)
                self.claiming = True
                return

    def sign_up(self, j: int, t_us: int, word: int) -> None:
        """Ask for a place in an activity."""
        activity = self.world.activities[(word * len(self.world.activities)) >> 32]
        self.tell(
            t_us, Kind.SIGN_UP, deed=j, party=activity.id, ref=t_us // SECOND * 128 + 64,
            project=activity.project, outcome=PENDING,
        )  # fmt: skip
        self.serving = True
        self.world.count["signups"] += 1

    # --- farmers ------------------------------------------------------------------------------------

    def scripted(self, effect: str, live: Rules) -> list[int]:
        """What a script can do now, of an effect: it is nobody of age and holds no account."""
        return [
            j for j, deed in enumerate(self.world.deeds)
            if deed.effect == effect and not deed.needs_account and not deed.adults_only and not self.is_closed(j, live)
        ]  # fmt: skip

    def best_paid(self, live: Rules) -> int | None:
        """The deed that pays a script best now, the first of several; none once the device's cap is reached."""
        paying = [j for j in self.scripted("deed", live) if self.next_pay(j, live) > 0]
        if self.beans_today >= self.world.rules.farmer_cap:
            return None
        return max(paying, key=lambda j: self.next_pay(j, live), default=None)

    def farm(self, t_us: int, day: int) -> None:
        """Deeds by what they pay, harvest, cash in; every other farmer also recycles a matched gift."""
        G = self.world.public
        for nth in range(MOST_SCRIPTED):
            j = self.best_paid(self.live)
            if j is None:
                break
            self.done[j] += 1
            self.plain_deed(j, t_us)
            self.take_part(self.name(j), t_us, day * 16, nth, self.live, j)
            t_us += SECOND
        self.harvest(t_us, day)
        cashing = [j for j in self.scripted("redeem", self.live) if 0 < G.cheapest <= self.free_beans()]
        if cashing:
            self.done[cashing[0]] += 1
            self.redeem(t_us + 1, day, 0)
        if G.recycler != -1 and self.me % 2 == 0:
            kept = self.covering(G.kept_matches, self.live, G.recycler_cause)
            best = max(kept, key=lambda one: usual_match(one, one.best), default=None)
            if best:
                self.recycle(best, t_us + 2)

    def recycle(self, promise: SimpleNamespace, t_us: int) -> None:
        """A gift for its match, which comes back."""
        project, fen, of = self.world.public.recycler, promise.best, self.number
        told = self.tell(t_us, Kind.GIFT, fen=fen, project=project, klass=DONATED, deed=NO_DEED)
        self.ask(told, promise, usual_match(promise, fen))
        self.tell(t_us + 1, Kind.RECYCLE_BACK, fen=fen, project=project, ref=of)
        self.gifts, self.given = min(self.gifts + 1, 255), self.given + 1
        self.world.count.update(gifts=1, gift_fen=fen, recycled_fen=fen)
