"""Merchants (商家): who they are, what they sell, and the weekly decision to pledge (公益宝贝).

Best-sellers are pledged, often before a promotion, and pledges are almost never withdrawn (Jiang et al.
2022, NBER w30102, F). Three in four pledge the minimum of 0.02 yuan; the badge stands with the pledge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.agents.outbox import Outbox
from sim.arrays import NOBODY, Flags, Floats, Ints
from sim.behaviour.label import label_pull, sales_gain
from sim.behaviour.merchants import larger_pledge_yuan, notice_chance, pledge_hazard
from sim.behaviour.parameters import Parameters
from sim.behaviour.trust import trust_pull
from sim.bookkeeping import Kind
from sim.domain.pledges import FIXED_FEN, MINIMUM_FEN, RATIO_PPM
from sim.kernel.rows import PRODUCT
from sim.scenario import Scenario
from sim.spans import DAY_US, WEEK_US
from sim.streams import Purpose, draws, one_draw

Choice = tuple[Floats, NDArray[np.int64]]  # cumulative shares and numbers of projects
LEAST_FEN, TENTH_FEN, _ = FIXED_FEN
LEAST_RATIO = RATIO_PPM[0] / 1e6
MARGINS = ("clothes", "beauty", "food", "home", "digital", "baby", "books", "produce")  # a category each


class Week(NamedTuple):
    """Everybody's draws for a week, shape (4, merchants), and who may act by them."""

    lots: Floats
    may_act: Flags


def pick(projects: Choice, lot: float) -> int:
    """A project by its share of the choices."""
    upto, numbers = projects
    return int(numbers[min(int(np.searchsorted(upto, lot)), len(numbers) - 1)])


def market_size(scenario: Scenario) -> int:
    """How many merchants are simulated: the real number × users ÷ real users, at least 20."""
    world = scenario.scenario
    return max(round(scenario.merchants.real * world.users / world.real_users), 20)


@dataclass
class Merchants:
    """Rows of merchants and products. `product` is what the kernel reads; popularity sums to 1."""

    scenario: Scenario
    replication: int
    parameters: Parameters
    category: NDArray[np.int64]
    margin: Floats
    size_z: Floats
    popularity: Floats
    product: NDArray[np.void]
    owner: NDArray[np.int64]
    pledged: NDArray[np.int64]  # products with a pledge, per merchant
    notices: NDArray[np.int64]
    next_at: NDArray[np.int64]
    taking: int = 0  # merchants with a pledge
    usually_paid_back: float = 0.0  # mean over the first pledges
    changed: bool = True
    festivals: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # midnights they begin at
    keenest: Floats = field(default_factory=lambda: np.zeros((2, 0)))  # the most of `_hazard`, by promotion
    weeks: dict[int, Week] = field(default_factory=dict)
    seen_open: Ints | None = None  # the projects `left_behind` was found with
    left_behind: Flags = field(default_factory=lambda: np.zeros(0, bool))

    @classmethod
    def draw(
        cls, scenario: Scenario, parameters: Parameters, replication: int, projects: Choice
    ) -> Merchants:
        """Draw the market; the first pledges stand at their long-run share of orders."""
        from scipy.special import ndtri

        settings, seed = scenario.merchants, scenario.scenario.seed
        n, each = market_size(scenario), settings.products_each
        a = draws(seed, replication, Purpose.MERCHANT, np.arange(n))
        size_z = ndtri(a[0])
        size = np.exp(settings.size_sigma * size_z)
        margins = np.array([parameters[f"margin_{name}"] for name in MARGINS])
        category = (a[1] * len(MARGINS)).astype(np.int64)
        b = draws(seed, replication, Purpose.PLEDGE, np.arange(n * each))
        owner = np.repeat(np.arange(n), each)
        inside = np.exp(parameters["merchants_inside_sigma"] * ndtri(b[0]))
        popularity = size[owner] * inside
        product = np.zeros(n * each, PRODUCT)
        product["merchant"] = owner
        product["price"] = np.exp(scenario.shopping.price_sigma * ndtri(b[1]))
        product["project"] = NOBODY
        self = cls(
            scenario, replication, parameters, category, margins[category], size_z,
            popularity / popularity.sum(), product, owner, np.zeros(n, np.int64), np.zeros(n, np.int64),
            np.zeros(n, np.int64),
        )  # fmt: skip
        self.next_at[:] = (a[2] * WEEK_US).astype(np.int64)
        days = [(f.day - scenario.scenario.start.date()).days for f in scenario.festivals.values()]
        self.festivals = np.array(days, np.int64) * DAY_US
        # a hair above, so that no rounding of the exponential hides somebody who acts
        self.keenest = 1.000001 * np.array(
            [[self._hazard(k, 1.0, promotion) for k in range(n)] for promotion in (False, True)]
        )
        self._first_pledges(a[3], projects)
        return self

    def _first_pledges(self, lot: Floats, projects: Choice) -> None:
        """The ceiling's share of sellers takes part, larger ones sooner; they pledge their best-sellers
        until charity orders have their long-run share.

        In a small market those few may sell too little for it: then the largest seller outside takes the
        place of the smallest inside, until it can be reached.
        """
        settings = self.scenario.merchants
        n = len(self.size_z)
        willing = np.argsort(np.log(-np.log(lot)) - self.parameters["merchants_sales_slope"] * self.size_z)
        takers = np.zeros(n, bool)
        takers[willing[: max(round(settings.ceiling * n), 1)]] = True
        sells = np.bincount(self.owner, self.popularity, n)
        while sells[takers].sum() < settings.charity_share and sells[takers].min() < sells[~takers].max():
            smallest = np.flatnonzero(takers)[np.argmin(sells[takers])]
            takers[np.flatnonzero(~takers)[np.argmax(sells[~takers])]] = True
            takers[smallest] = False
        candidates = np.flatnonzero(takers[self.owner])
        candidates = candidates[np.argsort(-self.popularity[candidates], kind="stable")]
        share = np.cumsum(self.popularity[candidates])
        chosen = candidates[: int(np.searchsorted(share, settings.charity_share)) + 1]
        seed = self.scenario.scenario.seed
        lots = draws(seed, self.replication, Purpose.PLEDGE, chosen, 2)[0]
        paid_back = np.array([self.paid_back(int(item)) for item in chosen])
        self.usually_paid_back = float(paid_back.mean())
        mixed = chosen[np.argsort(np.log(lots / (1.0 - lots)) + paid_back)]
        sold = self.popularity[mixed]
        for item, rank in zip(mixed, (np.cumsum(sold) - sold / 2) / sold.sum(), strict=True):
            self.pledge(int(item), projects, float(rank))

    def pledge(self, item: int, projects: Choice, rank: float | None = None) -> int:
        """Put a pledge on a product and return its usual donation in fen.

        Three in four take the minimum; the others a share of the price (0.1–100 %) around a lognormal
        amount, or 0.1 yuan where that share would be below 0.1 %. `rank` is the share of pledges that are
        smaller: the first pledges have the whole distribution over their orders, in a small market too. A
        later one is drawn, higher where the margin pays more of it back.
        """
        p = self.parameters
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.PLEDGE, item, 1)
        row = self.product[item]
        price = self.scenario.shopping.price_median / 100.0 * float(row["price"])
        row["ppm"], row["fixed"] = 0, LEAST_FEN
        if rank is None:
            keen = math.log(u[0] / (1.0 - u[0])) + self.paid_back(item) - self.usually_paid_back
            rank = 1.0 / (1.0 + math.exp(-keen))
        above = rank - self.scenario.merchants.pledge_minimum_share
        if above > 0.0:
            normal = NormalDist().inv_cdf(above / (1.0 - self.scenario.merchants.pledge_minimum_share))
            wish = larger_pledge_yuan(normal, p["merchants_other_mean_yuan"], p["merchants_other_sigma"])
            if wish / price >= LEAST_RATIO:
                row["ppm"] = min(round(wish / price * 1e6), 1_000_000)
            else:
                row["fixed"] = TENTH_FEN
        row["project"] = pick(projects, u[3])
        self.taking += int(self.pledged[row["merchant"]] == 0)
        self.pledged[row["merchant"]] += 1
        self.changed = True
        return self.usual_fen(item)

    def paid_back(self, item: int) -> float:
        """What share of a usual donation above the minimum the label earns back: the margin on extra sales.

        A dearer margin makes a larger pledge likelier; taken as log-odds (A).
        """
        p, row = self.parameters, self.product[item]
        price = self.scenario.shopping.price_median / 100.0 * float(row["price"])
        wish = p["merchants_other_mean_yuan"]
        pull = label_pull(min(wish / price, 1.0), p["label_scale"], p["label_half"], p["label_established"])
        return float(self.margin[row["merchant"]]) * price * sales_gain(pull) / wish

    def usual_fen(self, item: int) -> int:
        """What a sale of this product usually gives, in fen."""
        row = self.product[item]
        price = self.scenario.shopping.price_median * float(row["price"])
        return max(round(price * row["ppm"] / 1e6), MINIMUM_FEN) if row["ppm"] else int(row["fixed"])

    def follow_goals(self, merchant: int, now: int, projects: Choice, outbox: Outbox) -> None:
        """Pledges to a project that has reached its goal go to an open one, chosen as for a new pledge."""
        each = self.scenario.merchants.products_each
        mine = np.arange(merchant * each, (merchant + 1) * each)
        given = self.product["project"][mine]
        for item in mine[(given != NOBODY) & ~np.isin(given, projects[1])]:
            u = one_draw(
                self.scenario.scenario.seed, self.replication, Purpose.PLEDGE, int(item), 3 + now // WEEK_US
            )
            project = pick(projects, u[0])
            self.product["project"][item] = project
            fen = self.usual_fen(int(item))
            outbox.write(Kind.PLEDGE, now, merchant, fen=fen, party=merchant, project=project)

    def withdraw(self, merchant: int) -> None:
        """Take every pledge of a merchant back; the badge goes with them."""
        self.product["project"][self.owner == merchant] = NOBODY
        self.pledged[merchant] = 0
        self.taking -= 1
        self.changed = True

    def due(self, until: int, open_projects: Ints) -> list[int]:
        """Who may act up to `until`, in the order of their hours; everybody else's week passes.

        Each merchant looks at its pledges once a week. Whether those who wake do anything is settled then,
        by what holds then.
        """
        late = np.flatnonzero(self.next_at <= until)
        if not len(late):
            return []
        week = self.next_at[late] // WEEK_US
        wakes = self._left_behind(open_projects)[late]
        for number in np.unique(week).tolist():
            wakes |= (week == number) & self._week(number).may_act[late]
        self.next_at[late[~wakes]] += WEEK_US
        waking = late[wakes]
        return list(waking[np.lexsort((waking, self.next_at[waking]))].tolist())

    def _left_behind(self, open_projects: Ints) -> Flags:
        """Merchants with a pledge to a project that reached its goal; some may have followed it since."""
        if self.seen_open is None or not np.array_equal(self.seen_open, open_projects):
            self.seen_open = open_projects.copy()
            given = self.product["project"]
            closed = (given != NOBODY) & ~np.isin(given, open_projects)
            self.left_behind = np.bincount(self.owner[closed], minlength=len(self.size_z)) > 0
        return self.left_behind

    def _week(self, week: int) -> Week:
        """Everybody's draws for a week and who may act by them; weeks of two merchants overlap by one."""
        if week not in self.weeks:
            self.weeks = {k: v for k, v in self.weeks.items() if k == week - 1}
            numbers = np.arange(len(self.size_z))
            seed = self.scenario.scenario.seed
            lots = draws(seed, self.replication, Purpose.MERCHANT, numbers, week + 1)
            at = week * WEEK_US + self.next_at % WEEK_US
            keenest = np.where(self.promotion_near(at), self.keenest[1], self.keenest[0])
            may_act = (
                (lots[0] < 1.0 - np.exp(-keenest))
                | (lots[1] < self._quits())
                | (lots[2] < self._most_notices())
            )
            self.weeks[week] = Week(lots, may_act)
        return self.weeks[week]

    def promotion_near(self, at: Ints) -> Flags:
        """Whether a festival begins within the weeks in which pledges are taken up."""
        ahead = self.festivals[:, None] - at
        return np.asarray(
            ((ahead >= 0) & (ahead <= self.parameters["merchants_promotion_days"] * DAY_US)).any(axis=0)
        )

    def _quits(self) -> float:
        """The chance that a pledge is withdrawn in a week."""
        return self.scenario.merchants.quit_per_month * 7.0 / 30.0

    def _notice_chance(self, badge: bool, trust_pull: float) -> float:
        """The chance of a notice in a week, with or without the badge."""
        gain = self.parameters["merchants_notice_badge"] if badge else 0.0
        return notice_chance(self.scenario.merchants.notices_per_week, gain, trust_pull)

    def _most_notices(self) -> float:
        """The chance of a notice at the most trust there can be."""
        p = self.parameters
        most = trust_pull(1.0, p["trust_neutral"], p["trust_large_slope"])
        return self._notice_chance(self.scenario.merchants.badge, most)

    def _hazard(self, merchant: int, adopted_share: float, promotion: bool) -> float:
        """How soon this merchant takes up a pledge, a week."""
        p = self.parameters
        return pledge_hazard(
            adopted_share, p["merchants_innovation"], p["merchants_imitation"], float(self.size_z[merchant]),
            p["merchants_sales_slope"], float(promotion), self.scenario.merchants.promotion_pull,
        )  # fmt: skip

    def decide(self, merchant: int, now: int, projects: Choice, trust: float, outbox: Outbox) -> None:
        """One merchant's week: perhaps a pledge on its best product without one, a withdrawal, a notice.

        `trust` is the log-odds that trust in the platform's projects adds, as users see it too.
        """
        self.next_at[merchant] = now + WEEK_US
        u = self._week(now // WEEK_US).lots[:, merchant]
        took_part = self.pledged[merchant] > 0
        if took_part and len(projects[0]):
            self.follow_goals(merchant, now, projects, outbox)
        self._perhaps_pledge(merchant, now, u[0], projects, outbox)
        if took_part and u[1] < self._quits():
            self.withdraw(merchant)
            outbox.write(Kind.UNPLEDGE, now, merchant, party=merchant)
        badge = self.scenario.merchants.badge and self.pledged[merchant] > 0
        if u[2] < self._notice_chance(bool(badge), trust):
            self.notices[merchant] += 1
            outbox.write(Kind.NOTICE, now, merchant, party=merchant)

    def _perhaps_pledge(self, merchant: int, now: int, lot: float, projects: Choice, outbox: Outbox) -> None:
        """Put a pledge on the best-selling product without one, if the merchant may join and its hour has come."""
        takes_part = self.pledged[merchant] > 0
        most = self.scenario.merchants.ceiling * len(self.pledged)
        each = self.scenario.merchants.products_each
        mine = np.arange(merchant * each, (merchant + 1) * each)
        free = mine[self.product["project"][mine] == NOBODY]
        if not (takes_part or self.taking + 1 <= most) or not len(free) or not len(projects[0]):
            return
        promotion = bool(self.promotion_near(np.array([now]))[0])
        hazard = self._hazard(merchant, 1.0 if takes_part else self.taking / most, promotion)
        if lot < 1.0 - math.exp(-hazard):
            best = int(free[np.argmax(self.popularity[free])])
            fen = self.pledge(best, projects)
            project = int(self.product["project"][best])
            outbox.write(Kind.PLEDGE, now, merchant, fen=fen, party=merchant, project=project)

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {
            "product": self.product, "pledged": self.pledged, "notices": self.notices, "next_at": self.next_at,
            "changed": np.array([self.changed]),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        for name in ("product", "pledged", "notices", "next_at"):
            getattr(self, name)[:] = state[name]
        self.taking = int((self.pledged > 0).sum())
        self.seen_open = None
        self.changed = bool(state["changed"][0])
