"""What everybody can see between two barriers: a bean's worth, live pools, open projects, places, vouchers.

`publish` rewrites it at every barrier; in between nothing here changes, so users can be played in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.activities import Activities
from sim.agents.merchants import Merchants
from sim.agents.ngos import Ngos
from sim.agents.prizes import Prizes
from sim.agents.projects import Projects
from sim.agents.sponsors import Sponsors, scaled_stock
from sim.agents.teams import Teams
from sim.behaviour.choice import crossed
from sim.behaviour.giving import stars_pull
from sim.behaviour.parameters import Parameters
from sim.behaviour.sharing import reached_share
from sim.behaviour.trust import trust_pull
from sim.domain.ratios import PPM
from sim.engine.clocks import hourly_profile
from sim.engine.expiry import days_to_expiry
from sim.engine.incentives import order_beans, set_at, things_of
from sim.engine.matches import match_pull, write_promises
from sim.engine.offers import Offers, most_gain, team_pull
from sim.engine.settings import keenest
from sim.engine.worth import GIVEN, Supply, Worth, days_to_gather, worth_of
from sim.kernel.alias import NOTHING_ADDED, Cofund, build_alias, set_labels
from sim.kernel.rows import ACTIVITY, GIFT_PROJECT, MAX_COFUNDS, NOBODY, ORDER, PUBLIC, REDEMPTION
from sim.scenario import Scenario
from sim.spans import DAY_US, SECOND
from sim.streams import Purpose, one_draw

COUNTED_DAYS = 31  # the stretch of ordinary days of the heterogeneity table
STARS = range(1, 6)
COUNTED_FROM = 60  # its first day: March of a calendar year, no festival near


@dataclass
class Market:
    """The public record and the tables users choose from."""

    scenario: Scenario
    parameters: Parameters
    public: NDArray[np.void]
    product: NDArray[np.void]
    places: NDArray[np.void]
    activities: NDArray[np.void]
    vouchers: NDArray[np.void]
    match_log_odds: float
    offers: Offers
    days_left: NDArray[np.float64]  # by day, to use what is earned on it
    keenest: float  # nobody's factor on the weight of deeds is larger
    orders_by_rule: bool  # whether what an order brings may change with the hour
    worth: Worth | None = None  # of a bean, as published
    stock: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(0, np.int64)
    )  # of vouchers, last midnight
    taken: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # … and on the day before
    given_fen: int = 0  # what pools had given for beans, last midnight …
    daily_fen: int = 0  # … and on the day before
    pull: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(0)
    )  # of every project, as of this morning
    shown: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(2 + 3 * MAX_COFUNDS)
    )  # what stands on labels beside pledges
    bought: int = 0  # charity orders up to this midnight
    dry: list[int] = field(default_factory=list)  # pools that can keep no promise for now

    @classmethod
    def open(
        cls, scenario: Scenario, parameters: Parameters, replication: int, merchants: Merchants
    ) -> Market:
        """Lay out vouchers at their scaled stock and draw how strongly a match works in this campaign (A)."""
        from scipy.special import ndtri

        world = scenario.scenario
        vouchers = np.zeros(len(scenario.redemptions), REDEMPTION)
        for k, item in enumerate(scenario.redemptions.values()):
            vouchers[k] = (item.beans, scaled_stock(scenario, item), item.ship_within // SECOND, item.cancel)
        u = one_draw(world.seed, replication, Purpose.SPONSOR, 0)[0]
        pull = scenario.gifts.match_effect + parameters["giving_match_sd"] * float(ndtri(u))
        public = np.zeros(1, PUBLIC)
        build_alias(merchants.product, merchants.popularity)
        market = cls(
            scenario, parameters, public, merchants.product, np.zeros(0, GIFT_PROJECT),
            np.zeros(0, ACTIVITY), vouchers, pull, Offers.of(scenario, hourly_profile()["page_views"]),
            days_to_expiry(scenario), keenest(scenario, parameters),
            any(ORDER in things_of(scenario, rule) for rule in scenario.rules.values()),
            stock=vouchers["stock"].copy(), taken=np.zeros(len(vouchers), np.int64),
        )  # fmt: skip
        market.value(0, Supply.announced(scenario))
        return market

    def publish(
        self, now: int, until_s: int, merchants: Merchants, projects: Projects, ngos: Ngos, sponsors: Sponsors,
        teams: Teams, activities: Activities, raised: NDArray[np.int64], prizes: Prizes,
    ) -> None:  # fmt: skip
        """Rewrite everything users read from `now` (µs) until the next barrier."""
        p, row = self.parameters, self.public
        self._hopes(now, prizes)
        self.value(now, self._supply(now, sponsors))
        self._pools(sponsors)
        cofunds = self._cofunds()
        merchants.cofund[:] = cofunds[0] if cofunds else NOTHING_ADDED
        self._labels(now, merchants, cofunds)
        if now % DAY_US == 0 or not len(self.pull):
            stars = self._stars(ngos, projects)
            projects.pass_day(p)
            self.pull = projects.trust_pulls(ngos.trust, ngos.small, p) + stars
        self.places = projects.gift_table(raised, self.pull, p)
        row["projects"] = len(self.places)
        trust = ngos.platform_trust(raised, projects)
        row["trust"] = trust_pull(trust, p["trust_neutral"], p["trust_large_slope"])
        self.activities = activities.open_between(now // SECOND, until_s)
        row["activities"] = len(self.activities)
        stocked = self.vouchers["beans"][self.vouchers["stock"] > 0]
        row["cheapest"] = int(stocked.min()) if len(stocked) else 0
        row["team_pull"] = self._team_pull(now, teams)
        row["recycler"] = project = self._recycler(now, ngos, projects)
        row["recycler_cause"] = NOBODY if project == NOBODY else projects.cause[project]
        day = now // DAY_US
        row["counting"] = int(
            self.scenario.scenario.calibrated and COUNTED_FROM <= day < COUNTED_FROM + COUNTED_DAYS
        )

    def _cofunds(self) -> list[Cofund]:
        """What is added to pledges now, as labels show it and sellers count on it."""
        rows = self.public["cofunds"][0][: self.public["live_cofunds"][0]]
        return [(float(r["ratio"][0]) / PPM, float(r["above"][0]), float(r["most"])) for r in rows]

    def _labels(self, now: int, merchants: Merchants, cofunds: list[Cofund]) -> None:
        """How likely each product is to be taken, by what its label shows: also the beans that an order brings.

        Pledges are looked through at midnight; what is added to them stands on the label as long as it is added.
        """
        badge = self.scenario.merchants.badge
        beans = order_beans(self.scenario, set_at(self.scenario, now)) * self.bean_fen()
        shown = np.zeros(2 + 3 * MAX_COFUNDS)
        shown[: 2 + 3 * len(cofunds)] = [badge, beans, *chain.from_iterable(cofunds)]
        due = now % DAY_US == 0 or self.orders_by_rule or (shown[2:] != self.shown[2:]).any()
        if due and (merchants.changed or (shown != self.shown).any()):
            price = float(self.scenario.shopping.price_median)
            set_labels(merchants.product, price, self.parameters, badge, beans, cofunds)
            merchants.changed, self.shown = False, shown

    def bean_fen(self) -> float:
        """What a bean is felt to be worth by who grows them, in fen."""
        return 100.0 * self.worth.felt_yuan(self.parameters) if self.worth else 0.0

    def pass_on(self, now: int, charity_orders: int) -> None:
        """On a festival day its charity orders are posted with their badge; publish whom that has reached by now.

        `charity_orders` are all since the start of the run.
        """
        if now % DAY_US == 0:
            self.bought = charity_orders
        p, scenario, row = self.parameters, self.scenario, self.public
        today = scenario.scenario.start.date() + timedelta(days=now // DAY_US)
        row["reached"] = 0.0
        if scenario.merchants.badge and any(f.day == today for f in scenario.festivals.values()):
            posts = scenario.sharing.post * (charity_orders - self.bought) / scenario.scenario.users
            row["reached"] = reached_share(posts, p["sharing_seen_by"])

    def _stars(self, ngos: Ngos, projects: Projects) -> NDArray[np.float64]:
        """Log-odds from the public project score: stars move gifts to small NGOs (Yoruk 2016, F)."""
        if not self.scenario.ngos.evaluation:
            return np.zeros(len(projects))
        effect = self.parameters["giving_small_stars"]
        pulls = np.array([[stars_pull(float(s), small, effect) for s in STARS] for small in (False, True)])
        return np.asarray(pulls[ngos.small[projects.ngo].astype(np.int64), ngos.stars(projects) - 1])

    def _hopes(self, now: int, prizes: Prizes) -> None:
        """Publish how likely drawings are to be won, and what contests and shared goals urge to."""
        row, count = self.public[0], len(self.scenario.rules)
        odds, urges = prizes.odds(), prizes.urges(now, self.parameters)
        if (row["odds"][:count] != odds).any() or (row["urge"][:count] != urges).any():
            row["odds"][:count], row["urge"][:count] = odds, urges
            self.worth = None  # what follows is published anew

    def value(self, now: int, supply: Supply) -> None:
        """Publish what a bean is worth, and what follows for who enters."""
        scenario, p, row = self.scenario, self.parameters, self.public[0]
        worth = self._worth(now, supply)
        if worth == self.worth:
            return
        self.worth = worth
        row["stamp"] += 1
        row["self_yuan"], row["charity_yuan"] = worth.self_yuan, worth.charity_yuan
        row["felt_yuan"], row["next_thing"] = worth.felt_yuan(p), worth.next_thing
        pull = sum(c.pull for c in scenario.channels.values()) or 1.0
        base = scenario.play.entry_per_visit * pull
        row["entry_most"][: len(self.offers.kinds)] = [
            crossed(
                base,
                p["visit_join"]
                * most_gain(scenario, p, kind, worth, self.keenest, p["visit_usual"], row["odds"]),
            )
            for kind in self.offers.kinds
        ]

    def _worth(self, now: int, supply: Supply) -> Worth:
        """What a bean is worth today; beans harvested today expire when the period of the last phase or month ends."""
        left = float(self.days_left[now // DAY_US])
        return worth_of(self.scenario, self.parameters, supply, left, set_at(self.scenario, now))

    def _supply(self, now: int, sponsors: Sponsors) -> Supply:
        """What beans can be used for as of now, and how likely it lasts at yesterday's pace."""
        stock, scenario, p = self.vouchers["stock"], self.scenario, self.parameters
        lasts = [
            self._lasts(int(self.stock[k]), int(self.taken[k]), days_to_gather(item.beans, scenario, p))
            for k, item in enumerate(scenario.redemptions.values())
        ]
        money = sponsors.ahead("beans")
        pool_lasts = self._lasts(money, self.daily_fen, days_to_gather(GIVEN, scenario, p))
        return Supply((stock > 0).tolist(), lasts, sponsors.is_open("beans"), pool_lasts)

    @staticmethod
    def _lasts(left: int, a_day: int, days: int) -> float:
        """The share of those who gather beans for so many days that still find some, rounded to hundredths."""
        return 1.0 if a_day * days <= left else round(left / (a_day * days), 2)

    def note_day(self, given_fen: int) -> None:
        """At midnight: what was taken since the last one. `given_fen` is all that pools gave for beans."""
        self.taken, self.stock = self.stock - self.vouchers["stock"], self.vouchers["stock"].copy()
        self.daily_fen, self.given_fen = given_fen - self.given_fen, given_fen

    def _pools(self, sponsors: Sponsors) -> None:
        """Which pool pays for beans, and what is promised to gifts and to orders."""
        row = self.public[0]
        row["bean_pool"] = sponsors.live("beans")
        self.dry = []
        for serves, table in (("gifts", "matches"), ("orders", "cofunds")):
            kept, broken = sponsors.kept(serves), sponsors.broken(serves)
            pulls = [match_pull(self.scenario, self.parameters, one, self.match_log_odds) for one in kept]
            row[f"n_{table}"] = write_promises(row[table], kept, broken, pulls)
            row[f"live_{table}"] = len(kept)
            self.dry += [promise.pool for promise in broken]

    def _team_pull(self, now: int, teams: Teams) -> float:
        """Log-odds of a team's deed while a challenge runs."""
        return team_pull(self.scenario, self.parameters) if teams.challenge_runs(now) else 0.0

    def _recycler(self, now: int, ngos: Ngos, projects: Projects) -> int:
        """An open project of an NGO that recycles gifts, another one every day, if there is any."""
        theirs = np.flatnonzero((projects.ngo < ngos.recyclers) & projects.open)
        return int(theirs[now // DAY_US % len(theirs)]) if len(theirs) else NOBODY

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps. The stamp is for what is at hand in one process only."""
        public = self.public.copy()
        public["stamp"] = 0
        return {
            "public": public, "vouchers": self.vouchers, "pull": self.pull, "bought": np.array([self.bought]),
            "shown": self.shown, "stock": self.stock, "taken": self.taken,
            "given": np.array([self.given_fen, self.daily_fen]),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what stood published, which the few read before they publish anew, and the stock."""
        stamp = self.public["stamp"].copy()  # nothing at hand from before is taken for what is published now
        self.public[:] = state["public"]
        self.public["stamp"] = stamp
        self.worth = None  # a fork may have other rules
        self.stock, self.taken = state["stock"].copy(), state["taken"].copy()
        self.given_fen, self.daily_fen = (int(x) for x in state["given"])
        self.vouchers[:] = state["vouchers"]
        self.pull = state["pull"]
        self.shown[:], self.bought = state["shown"], int(state["bought"][0])
