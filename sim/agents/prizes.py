"""Prizes that rules give by themselves: to the best of a ranking, by lot to some of many, to all who shared a goal.

At a barrier a rule looks at what was counted so far. What it gives to people are claims on its budget, served with all
others of that barrier; the money of teams goes to their projects at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.agents.budgets import Budgets, running
from sim.agents.outbox import Outbox
from sim.agents.sponsors import Sponsors
from sim.agents.teams import Teams
from sim.behaviour.parameters import Parameters
from sim.bookkeeping import Kind
from sim.domain.prizes import best, scaled, scaled_places, share_alike
from sim.kernel.rows import NO_DEED
from sim.scenario import Rule, Scenario
from sim.spans import DAY_US
from sim.streams import OF_DRAWINGS, OF_PLACES, OF_RANKS, Purpose, draws, one_draw, salt_of


class Counts(Protocol):
    """Who did what a rule is about, over the stretch in which it counts at an instant."""

    def stretch(self, rule: int, day: int) -> int:
        """The number of the stretch of a rule that a day belongs to."""

    def doers(self, rule: int, day: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Who did it in that day's stretch and was not given anything for it yet, and how often."""

    def tick_off(self, rule: int, users: NDArray[np.intp]) -> None:
        """They have been given something for it."""

    def teams_of(self, users: NDArray[np.intp]) -> NDArray[np.int64]:
        """The teams that users are in or would join."""

    def sums(self, rule: int) -> NDArray[np.int64]:
        """How often it was done since the start, by team; of a rule of the platform by all, in the first of them."""


@dataclass
class Prizes:
    """Rows of the rules that give prizes by themselves. `before[k]` is what was counted when the stretch began."""

    scenario: Scenario
    replication: int
    rules: dict[int, Rule]  # by index in the scenario
    budgets: Budgets
    before: NDArray[np.int64]  # (rules, teams)
    drawn_from: NDArray[np.int64]  # by rule, how many took part in its last drawing; -1 = none yet

    @classmethod
    def draw(cls, scenario: Scenario, replication: int, teams: int, budgets: Budgets) -> Prizes:
        """Nothing was counted yet."""
        rules = {
            k: rule for k, rule in enumerate(scenario.rules.values())
            if rule.form.rank or rule.form.share or (rule.form.lottery and rule.form.lottery.winners)
        }  # fmt: skip
        before = np.zeros((len(scenario.rules), max(teams, 1)), np.int64)
        return cls(scenario, replication, rules, budgets, before, np.full(len(scenario.rules), -1))

    def claims(
        self, now: int, people: Counts, teams: Teams, sponsors: Sponsors, outbox: Outbox
    ) -> Iterator[dict[str, int]]:
        """What rules give people at a barrier, as rows of claims; what they give teams is written down."""
        for k, rule in self.rules.items():
            begin, end = running(self.scenario, rule)
            if not begin < now <= end:
                continue
            day = (now - 1) // DAY_US
            over = now == end or people.stretch(k, now // DAY_US) != people.stretch(k, day)
            form = rule.form
            if form.share is not None:
                yield from self._share(k, rule, day, people)
            elif over and form.lottery is not None:
                yield from self._lottery(k, rule, day, people)
            elif over and form.rank is not None and form.rank.of == "person":
                yield from self._rank(k, rule, day, people, sponsors)
            elif over:
                self._rank_teams(k, rule, now, people, teams, sponsors, outbox)
            if over:
                self.before[k] = people.sums(k)

    def _rank(
        self, k: int, rule: Rule, day: int, people: Counts, sponsors: Sponsors
    ) -> Iterator[dict[str, int]]:
        """The best persons share the money."""
        assert rule.form.rank is not None
        users, times = people.doers(k, day)
        lots = self._lots(k, users, day, OF_RANKS)
        won = best(times.tolist(), lots.tolist(), self._places(k, rule.form.rank.places, day))
        fen = self._each(k, rule.form.rank.money, len(won), sponsors)
        if fen > 0:
            for user in sorted(users[won].tolist()):
                yield self._claim(k, Kind.PRIZE, user, fen=fen, pool=int(self.budgets.pool[k]))

    def _rank_teams(
        self, k: int, rule: Rule, now: int, people: Counts, teams: Teams, sponsors: Sponsors, outbox: Outbox
    ) -> None:
        """The best teams share the money, for the project that each plays for."""
        assert rule.form.rank is not None
        points = (people.sums(k) - self.before[k])[: len(teams)]
        lots = self._lots(k, np.arange(len(points)), (now - 1) // DAY_US, OF_RANKS)
        won = best(points.tolist(), lots.tolist(), rule.form.rank.places)
        fen = self._each(k, rule.form.rank.money, len(won), sponsors)
        pool = int(self.budgets.pool[k])
        for team in won if fen > 0 else []:
            sponsors.money[pool - 1] -= fen
            teams.unlocked[team] += fen
            project = int(teams.project[team])
            outbox.write(
                Kind.TEAM_UNLOCK,
                now - 1,
                pool - 1,
                fen=fen,
                project=project,
                pool=pool,
                team=team,
                rule=1 + k,
            )

    def _lottery(self, k: int, rule: Rule, day: int, people: Counts) -> Iterator[dict[str, int]]:
        """So many are drawn from all who took part; each gets the prize."""
        lottery = rule.form.lottery
        assert lottery is not None
        assert lottery.winners is not None
        users, _ = people.doers(k, day)
        self.drawn_from[k] = len(users)
        order = np.argsort(self._lots(k, users, day, OF_DRAWINGS), kind="stable")
        won = sorted(users[order[: self._places(k, lottery.winners, day)]].tolist())
        for user in won:
            if lottery.money > 0:
                yield self._claim(k, Kind.PRIZE, user, fen=lottery.money, pool=int(self.budgets.pool[k]))
            else:
                yield self._claim(k, Kind.GRANT, user, beans=lottery.beans)

    def _share(self, k: int, rule: Rule, day: int, people: Counts) -> Iterator[dict[str, int]]:
        """Where the threshold is reached, everybody who did one gets the same; who does one later, then."""
        shared = rule.form.share
        assert shared is not None
        counted = people.sums(k) - self.before[k]
        if (reached := counted >= self._threshold(rule)).any():
            users, _ = people.doers(k, day)
            if shared.of == "team":
                users = users[reached[people.teams_of(users)]]
            people.tick_off(k, users)
            for user in users.tolist():
                yield self._claim(k, Kind.GRANT, user, beans=shared.beans)

    def _threshold(self, rule: Rule) -> int:
        """How many deeds are asked for; of the platform as many as simulated people stand for."""
        shared, world = rule.form.share, self.scenario.scenario
        assert shared is not None
        return (
            shared.deeds
            if shared.of == "team"
            else max(scaled(shared.deeds, world.users, world.real_users), 1)
        )

    def _places(self, k: int, places: int, day: int) -> int:
        """How many win among simulated people."""
        world = self.scenario.scenario
        salt = salt_of(self._name(k)) | OF_PLACES
        lot = one_draw(world.seed, self.replication, Purpose.LOTTERY, 0, day, salt)[1]
        return scaled_places(places, world.users, world.real_users, lot)

    def odds(self) -> NDArray[np.float64]:
        """By rule the chance that people give themselves in its drawing."""
        drawings = {k for k, rule in self.rules.items() if rule.form.lottery is not None}
        return np.array([self._odds(k) if k in drawings else 0.0 for k in range(len(self.scenario.rules))])

    def urges(self, now: int, p: Parameters) -> NDArray[np.float64]:
        """By rule the log-odds that a contest or a shared goal adds while it runs; a goal that is new coordinates."""
        urges = np.zeros(len(self.scenario.rules))
        for k, rule in self.rules.items():
            if rule.form.rank is not None:
                urges[k] = p["choice_team_competition"]
            elif rule.form.share is not None:
                new = now < running(self.scenario, rule)[0] + int(p["choice_coordination_days"]) * DAY_US
                urges[k] = p["choice_team_goal"] + (p["choice_coordination"] if new else 0.0)
        return urges

    def _odds(self, k: int) -> float:
        """The chance of a drawing by how many took part in the last one; before the first people expect everybody."""
        lottery, world = self.rules[k].form.lottery, self.scenario.scenario
        assert lottery is not None
        assert lottery.winners is not None
        many = self.drawn_from[k] if self.drawn_from[k] >= 0 else world.users
        return min(lottery.winners * world.users / world.real_users / max(many, 1), 1.0)

    def _each(self, k: int, money: int, winners: int, sponsors: Sponsors) -> int:
        """What each winner gets of money at real size, as far as the pool has it."""
        world = self.scenario.scenario
        left = int(sponsors.money[self.budgets.pool[k] - 1])
        return share_alike(min(scaled(money, world.users, world.real_users), left), winners)

    def _lots(self, k: int, agents: NDArray[Any], day: int, what: int) -> NDArray[np.float64]:
        """A lot for each, of its own on every day."""
        salt = salt_of(self._name(k)) | what
        world = self.scenario.scenario
        return np.asarray(draws(world.seed, self.replication, Purpose.LOTTERY, agents, day, salt)[0])

    def _name(self, k: int) -> str:
        return list(self.scenario.rules)[k]

    @staticmethod
    def _claim(k: int, kind: Kind, user: int, **amounts: int) -> dict[str, int]:
        """A claim that a rule makes for somebody, for no single deed."""
        return {
            "kind": int(kind), "agent": user, "ref": 1 + user, "rule": 1 + k, "deed": NO_DEED,
        } | amounts  # fmt: skip

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        return {"before": self.before, "drawn_from": self.drawn_from}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        self.before[:] = state["before"]
        self.drawn_from[:] = state["drawn_from"]
