"""The weeks of merchants (商家): when each looks at its pledges, and what it does then.

A merchant looks once a week, at an hour of its own. Few of them do anything: who may is found for all at once, and
only those wake.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.agents.merchants import Choice, Merchants, pick
from sim.agents.outbox import Outbox
from sim.arrays import NOBODY, Flags, Floats, Ints
from sim.behaviour.merchants import notice_chance, pledge_hazard
from sim.behaviour.trust import trust_pull
from sim.bookkeeping import Kind
from sim.spans import DAY_US, WEEK_US
from sim.streams import Purpose, draws, one_draw


class Week(NamedTuple):
    """Everybody's draws for a week, shape (4, merchants), and who may act by them."""

    lots: Floats
    may_act: Flags
    may_weigh: Flags  # the pledges that stand, if there are any


class MerchantWeeks:
    """Goes round the merchants of a market. Holds nothing that a snapshot would have to keep."""

    def __init__(self, merchants: Merchants) -> None:
        self.merchants = merchants
        self.scenario, self.parameters = merchants.scenario, merchants.parameters
        self.settings, self.seed = merchants.scenario.merchants, merchants.scenario.scenario.seed
        world = self.scenario.scenario
        days = [(f.day - world.start.date()).days for f in self.scenario.festivals.values()]
        self.festivals = np.array(days, np.int64) * DAY_US  # the midnights they begin at
        numbers = range(len(merchants.size_z))
        # The most of two hazards, by promotion: a hair above, so that no rounding hides somebody who acts.
        self.keenest, self.weighing = 1.000001 * np.array(
            [
                [[hazard(k, promotion) for k in numbers] for promotion in (False, True)]
                for hazard in (self._keenest, self._weighs)
            ]
        )
        self.weeks: dict[int, Week] = {}
        self.seen_open: Ints | None = None  # the projects `left_behind` was found with
        self.left_behind: Flags = np.zeros(len(numbers), bool)

    def due(self, until: int, open_projects: Ints) -> list[int]:
        """Who may act up to `until`, in the order of their hours; everybody else's week passes.

        Each merchant looks at its pledges once a week. Whether those who wake do anything is settled then,
        by what holds then.
        """
        late = np.flatnonzero(self.merchants.next_at <= until)
        if not len(late):
            return []
        week = self.merchants.next_at[late] // WEEK_US
        wakes = self._left_behind(open_projects)[late]
        for number in np.unique(week).tolist():
            found = self._week(number)
            stands = self.merchants.pledged[late] > 0
            wakes |= (week == number) & (found.may_act[late] | (found.may_weigh[late] & stands))
        self.merchants.next_at[late[~wakes]] += WEEK_US
        waking = late[wakes]
        return list(waking[np.lexsort((waking, self.merchants.next_at[waking]))].tolist())

    def _left_behind(self, open_projects: Ints) -> Flags:
        """Merchants with a pledge to a project that reached its goal; some may have followed it since."""
        if self.seen_open is None or not np.array_equal(self.seen_open, open_projects):
            self.seen_open = open_projects.copy()
            given = self.merchants.product["project"]
            closed = (given != NOBODY) & ~np.isin(given, open_projects)
            behind = np.bincount(self.merchants.owner[closed], minlength=len(self.left_behind))
            self.left_behind = behind > 0
        return self.left_behind

    def _week(self, week: int) -> Week:
        """Everybody's draws for a week and who may act by them; weeks of two merchants overlap by one."""
        if week not in self.weeks:
            self.weeks = {k: v for k, v in self.weeks.items() if k == week - 1}
            numbers = np.arange(len(self.merchants.size_z))
            lots = draws(self.seed, self.merchants.replication, Purpose.MERCHANT, numbers, week + 1)
            at = week * WEEK_US + self.merchants.next_at % WEEK_US
            near = self.promotion_near(at)
            keenest = np.where(near, self.keenest[1], self.keenest[0])
            may_act = (
                (lots[0] < 1.0 - np.exp(-keenest))
                | (lots[1] < self._quits())
                | (lots[2] < self._most_notices())
            )
            may_weigh = lots[3] < 1.0 - np.exp(-np.where(near, self.weighing[1], self.weighing[0]))
            self.weeks[week] = Week(lots, may_act, may_weigh)
        return self.weeks[week]

    def promotion_near(self, at: Ints) -> Flags:
        """Whether a festival begins within the weeks in which pledges are taken up."""
        ahead = self.festivals[:, None] - at
        return np.asarray(
            ((ahead >= 0) & (ahead <= self.parameters["merchants_promotion_days"] * DAY_US)).any(axis=0)
        )

    def _quits(self) -> float:
        """The chance that a pledge is withdrawn in a week."""
        return self.settings.quit_per_month * 7.0 / 30.0

    def _notice_chance(self, badge: bool, trust: float) -> float:
        """The chance of a notice in a week, with or without the badge."""
        gain = self.parameters["merchants_notice_badge"] if badge else 0.0
        return notice_chance(self.settings.notices_per_week, gain, trust)

    def _most_notices(self) -> float:
        """The chance of a notice where badge and trust do the most they can."""
        p = self.parameters
        pulls = [trust_pull(trust, p["trust_neutral"], p["trust_large_slope"]) for trust in (0.0, 1.0)]
        return max(self._notice_chance(badge, pull) for badge in (False, True) for pull in pulls)

    def _pledges(self, merchant: int, promotion: bool, adopted_share: float) -> float:
        """How soon this merchant takes up a pledge, a week."""
        p = self.parameters
        return self._hazard(
            merchant, promotion, p["merchants_innovation"], p["merchants_imitation"], adopted_share
        )

    def _keenest(self, merchant: int, promotion: bool) -> float:
        """How soon where everybody has taken part."""
        return self._pledges(merchant, promotion, 1.0)

    def _weighs(self, merchant: int, promotion: bool) -> float:
        """How soon this merchant weighs the pledges that stand, a week."""
        return self._hazard(merchant, promotion, self.parameters["merchants_reweighs"], 0.0, 0.0)

    def _hazard(
        self, merchant: int, promotion: bool, own: float, imitation: float, adopted_share: float
    ) -> float:
        """How soon this merchant does something of its own accord or as others do, a week."""
        return pledge_hazard(
            adopted_share, own, imitation, float(self.merchants.size_z[merchant]),
            self.parameters["merchants_sales_slope"], float(promotion), self.settings.promotion_pull,
        )  # fmt: skip

    def decide(self, merchant: int, now: int, projects: Choice, trust: float, outbox: Outbox) -> None:
        """One merchant's week: perhaps a pledge on its best product without one, a withdrawal, another look at what
        it pledged, a notice.

        `trust` is the log-odds that trust in the platform's projects adds, as users see it too.
        """
        self.merchants.next_at[merchant] = now + WEEK_US
        u = self._week(now // WEEK_US).lots[:, merchant]
        took_part = self.merchants.pledged[merchant] > 0
        if took_part and len(projects[0]):
            self.follow_goals(merchant, now, projects, outbox)
        self._perhaps_pledge(merchant, now, u[0], projects, outbox)
        if took_part and u[1] < self._quits():
            self._withdraw(merchant, now, outbox)
        elif took_part and u[3] < 1.0 - math.exp(-self._weighs(merchant, self._promotion_at(now))):
            self._reweigh(merchant, now, outbox)
        badge = self.settings.badge and self.merchants.pledged[merchant] > 0
        if u[2] < self._notice_chance(bool(badge), trust):
            self.merchants.notices[merchant] += 1
            outbox.write(Kind.NOTICE, now, merchant, party=merchant)

    def _perhaps_pledge(self, merchant: int, now: int, lot: float, projects: Choice, outbox: Outbox) -> None:
        """Put a pledge on the best-selling product without one, if the merchant may join and its hour has come."""
        takes_part = self.merchants.pledged[merchant] > 0
        most = self.settings.ceiling * self.merchants.willing() * len(self.merchants.pledged)
        mine = self._products(merchant)
        free = mine[self.merchants.product["project"][mine] == NOBODY]
        if not (takes_part or self.merchants.taking + 1 <= most) or not len(free) or not len(projects[0]):
            return
        adopted = 1.0 if takes_part else self.merchants.taking / most
        if lot < 1.0 - math.exp(-self._pledges(merchant, self._promotion_at(now), adopted)):
            best = int(free[np.argmax(self.merchants.popularity[free])])
            if not self.merchants.is_worth_it(best):
                return
            fen = self.merchants.pledge(best, projects)
            project = int(self.merchants.product["project"][best])
            outbox.write(Kind.PLEDGE, now, merchant, fen=fen, party=merchant, project=project)

    def _products(self, merchant: int) -> Ints:
        each = self.settings.products_each
        return np.arange(merchant * each, (merchant + 1) * each)

    def _promotion_at(self, now: int) -> bool:
        return bool(self.promotion_near(np.array([now]))[0])

    def _withdraw(self, merchant: int, now: int, outbox: Outbox) -> None:
        """Take all pledges back."""
        self.merchants.withdraw(merchant)
        outbox.write(Kind.UNPLEDGE, now, merchant, party=merchant)

    def _reweigh(self, merchant: int, now: int, outbox: Outbox) -> None:
        """Look at the pledges that stand: give what is worth it now, or nothing where even the least is not."""
        m = self.merchants
        mine = self._products(merchant)
        mine = mine[m.product["project"][mine] != NOBODY]
        if not m.is_worth_it(int(mine[np.argmax(m.popularity[mine])])):
            self._withdraw(merchant, now, outbox)
            return
        for item in mine.tolist():
            if m.weigh(item):
                project = int(m.product["project"][item])
                outbox.write(
                    Kind.PLEDGE, now, merchant, fen=m.usual_fen(item), party=merchant, project=project
                )

    def follow_goals(self, merchant: int, now: int, projects: Choice, outbox: Outbox) -> None:
        """Pledges to a project that has reached its goal go to an open one, chosen as for a new pledge."""
        mine = self._products(merchant)
        given = self.merchants.product["project"][mine]
        for item in mine[(given != NOBODY) & ~np.isin(given, projects[1])]:
            u = one_draw(self.seed, self.merchants.replication, Purpose.PLEDGE, int(item), 3 + now // WEEK_US)
            project = pick(projects, u[0])
            self.merchants.product["project"][item] = project
            fen = self.merchants.usual_fen(int(item))
            outbox.write(Kind.PLEDGE, now, merchant, fen=fen, party=merchant, project=project)
