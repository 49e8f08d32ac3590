"""What everybody can see between two barriers: rewards, live pools, open projects, places, vouchers.

`publish` rewrites it at every barrier; in between nothing here changes, so users can be played in any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.activities import Activities
from sim.agents.merchants import Merchants
from sim.agents.ngos import Ngos
from sim.agents.projects import Projects
from sim.agents.sponsors import Sponsors, scaled_stock
from sim.agents.teams import Teams
from sim.behaviour.choice import felt_reward
from sim.behaviour.giving import match_effect, stars_pull
from sim.behaviour.label import second_look
from sim.behaviour.parameters import Parameters
from sim.behaviour.sharing import reached_share
from sim.behaviour.trust import trust_pull
from sim.domain.beans import rewarded_beans
from sim.domain.ratios import PPM
from sim.kernel.alias import build_alias
from sim.kernel.rows import ACTIVITY, GIFT_PROJECT, MAX_DEEDS, NOBODY, PUBLIC, REDEMPTION, STREAK_LEVELS
from sim.scenario import Scenario, since_start
from sim.spans import DAY_US, SECOND
from sim.streams import Purpose, one_draw

NO_FACTOR = -1  # the next barrier writes the rewards
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
    pull: NDArray[np.float64] = field(
        default_factory=lambda: np.zeros(0)
    )  # of every project, as of this morning
    pledged_share: float = 0.0  # of orders, by the label's table of this morning
    bought: int = 0  # charity orders up to this midnight
    dry: dict[str, int] = field(default_factory=dict)  # what pools serve → the one that has run dry

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
        public["beans_factor"] = NO_FACTOR  # no factor yet: the first barrier writes the rewards
        return cls(
            scenario, parameters, public, merchants.product, np.zeros(0, GIFT_PROJECT),
            np.zeros(0, ACTIVITY), vouchers, pull,
        )  # fmt: skip

    def publish(
        self, now: int, until_s: int, merchants: Merchants, projects: Projects, ngos: Ngos, sponsors: Sponsors,
        teams: Teams, activities: Activities, raised: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Rewrite everything users read from `now` (µs) until the next barrier."""
        p, row = self.parameters, self.public
        if merchants.changed and now % DAY_US == 0:
            self.pledged_share = build_alias(
                merchants.product, merchants.popularity, self._price_fen(), p, self.scenario.merchants.badge,
                float(self.scenario.orders.beans * self.scenario.beans.perceived),
            )  # fmt: skip
            merchants.changed = False
        self._rewards(now)
        self._pools(sponsors)
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
        row["recycler"] = self._recycler(now, ngos, projects)
        day = now // DAY_US
        row["counting"] = int(
            self.scenario.scenario.calibrated and COUNTED_FROM <= day < COUNTED_FROM + COUNTED_DAYS
        )

    def pass_on(self, now: int, charity_orders: int) -> None:
        """On a festival day its charity orders are posted with their badge; publish whom that has reached by now.

        `charity_orders` are all since the start of the run.
        """
        if now % DAY_US == 0:
            self.bought = charity_orders
        p, scenario, row = self.parameters, self.scenario, self.public
        today = scenario.scenario.start.date() + timedelta(days=now // DAY_US)
        row["reached"] = row["again"] = 0.0
        if scenario.merchants.badge and any(f.day == today for f in scenario.festivals.values()):
            posts = scenario.sharing.post * (charity_orders - self.bought) / scenario.scenario.users
            row["reached"] = reached_share(posts, p["sharing_seen_by"])
            row["again"] = second_look(p["label_friend"], self.pledged_share)

    def _price_fen(self) -> float:
        return float(self.scenario.shopping.price_median)

    def _stars(self, ngos: Ngos, projects: Projects) -> NDArray[np.float64]:
        """Log-odds from the public project score: stars move gifts to small NGOs (Yoruk 2016, F)."""
        if not self.scenario.ngos.evaluation:
            return np.zeros(len(projects))
        effect = self.parameters["giving_small_stars"]
        pulls = np.array([[stars_pull(float(s), small, effect) for s in STARS] for small in (False, True)])
        return np.asarray(pulls[ngos.small[projects.ngo].astype(np.int64), ngos.stars(projects) - 1])

    def _rewards(self, now: int) -> None:
        """Beans a deed brings by streak and team, and the weight that gives it."""
        scenario, p = self.scenario, self.parameters
        beans = scenario.beans
        factor = PPM
        for phase in scenario.phases.values():
            if since_start(scenario, phase.start) <= now < since_start(scenario, phase.end):
                factor = phase.beans_factor
        row = self.public[0]
        if factor == row["beans_factor"]:
            return
        row["beans_factor"] = factor
        reward = np.zeros((2, STREAK_LEVELS, MAX_DEEDS), np.int64)
        pull = np.zeros((2, STREAK_LEVELS, MAX_DEEDS))
        bare = np.zeros(MAX_DEEDS)
        for d, deed in enumerate(scenario.deeds.values()):
            bare[d] = math.exp(deed.ease)
            for team in range(2):
                for level in range(STREAK_LEVELS):
                    bonus = beans.team_bonus if team and deed.team else 0
                    reward[team, level, d] = rewarded_beans(
                        deed.beans,
                        factor,
                        beans.streak_bonus,
                        min(level, beans.streak_full),
                        beans.streak_full,
                        bonus,
                    )
                    felt = felt_reward(
                        int(reward[team, level, d]) * beans.perceived / 100.0, max(deed.cost, 1) / 100.0,
                        p["choice_weight_charity"], p["choice_slope"],
                    )  # fmt: skip
                    pull[team, level, d] = math.exp(deed.ease + felt)
        row["reward"], row["pull"], row["bare"] = reward, pull, bare

    def _pools(self, sponsors: Sponsors) -> None:
        """Which pool is live for gifts, beans and orders, and by which rule."""
        row = self.public
        self.dry.clear()
        row["match"] = 0.0
        row["gift_random"] = 0
        for serves, pool_name in (("gifts", "gift_pool"), ("beans", "bean_pool"), ("orders", "order_pool")):
            number = sponsors.live(serves)
            row[pool_name] = number
            if number == 0:
                dry = sponsors.dry(serves)
                self.dry |= {} if dry is None else {serves: dry}
                continue
            pool = sponsors.pools[number - 1]
            if serves == "gifts":
                row["gift_ratio"], row["gift_cap"] = pool.ratio, pool.cap_per_gift
                row["gift_random"] = int(pool.rule == "random")
                named = self.parameters["giving_named"] if self.scenario.gifts.named_matcher else 0.0
                low = self.parameters["giving_low_ratio"]
                row["match"] = match_effect(pool.ratio / PPM, self.match_log_odds, low) + named
            elif serves == "orders":
                row["order_ratio"], row["order_cap"] = pool.ratio, pool.cap_per_gift

    def _team_pull(self, now: int, teams: Teams) -> float:
        """Log-odds while a challenge runs: more in a competition than towards a shared goal (U ratio)."""
        if not teams.challenge_runs(now):
            return 0.0
        mode = self.scenario.teams.mode
        return self.parameters["choice_team_competition" if mode == "competition" else "choice_team_goal"]

    def _recycler(self, now: int, ngos: Ngos, projects: Projects) -> int:
        """An open project of an NGO that recycles gifts, another one every day, if there is any."""
        theirs = np.flatnonzero((projects.ngo < ngos.recyclers) & projects.open)
        return int(theirs[now // DAY_US % len(theirs)]) if len(theirs) else NOBODY

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {
            "public": self.public, "vouchers": self.vouchers, "pull": self.pull, "bought": np.array([self.bought]),
            "pledged_share": np.array([self.pledged_share]),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what stood published, which the few read before they publish anew, and the stock."""
        self.public[:] = state["public"]
        self.public["beans_factor"] = NO_FACTOR  # a fork may have other rewards
        self.vouchers[:] = state["vouchers"]
        self.pull = state["pull"]
        self.bought, self.pledged_share = int(state["bought"][0]), float(state["pledged_share"][0])
