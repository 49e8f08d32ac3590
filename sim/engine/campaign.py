"""The campaign: SimPy owns the clock, the few act as processes, the population plays between barriers.

The order of an instant is fixed: first the interval that ends is finished (claims allotted, books posted,
at midnight the day closed), then sponsors, NGOs, partner, farms, merchants, teams and projects act in that
order, last everything is published and the next interval is played.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.agents.activities import Activities
from sim.agents.budgets import Budgets
from sim.agents.farmers import Farmers
from sim.agents.merchants import Merchants
from sim.agents.ngos import Ngos
from sim.agents.outbox import Outbox
from sim.agents.partner import Partner
from sim.agents.prizes import Prizes
from sim.agents.projects import Projects
from sim.agents.sponsors import Sponsors
from sim.agents.teams import Teams
from sim.agents.weeks import MerchantWeeks
from sim.behaviour.parameters import Parameters, load_parameters
from sim.bookkeeping import Kind
from sim.engine.actions import ACTION, Actions, chain, empty, from_rows, join, put, sort_stream
from sim.engine.beside import Beside
from sim.engine.books import Books
from sim.engine.clocks import barriers, hourly_profile
from sim.engine.market import Market
from sim.engine.outcome import Check, Progress
from sim.engine.population import Population
from sim.engine.settlement import settlement_actions
from sim.engine.snapshot import load_snapshot, save_snapshot
from sim.engine.unmet import cut_claims, forget_dry
from sim.engine.wakeups import FIRST, LAST, PUBLISHED, Wake, rank
from sim.errors import Interrupted
from sim.forking import refuse_forked
from sim.kernel import tallies
from sim.kernel.allotment import ASKED, OWED, REFUSED, allot, claim_order, short_matches
from sim.kernel.rows import NOBODY
from sim.kernel.witness import count_raised, count_recycled, count_rows
from sim.kernel.writing import PENDING
from sim.observation.recorder import Recorder
from sim.observation.world import World
from sim.scenario import Scenario
from sim.spans import DAY_S, DAY_US, HOUR_S, MINUTE_S, SECOND

Life = Generator[simpy.Event, Any, None]


def _now(env: simpy.Environment) -> int:
    """The clock as the integer it is: all delays are whole microseconds."""
    return int(env.now)


class Campaign:
    """One seeded run of one scenario with the shipped parameters or others, from its start or from a snapshot."""

    def __init__(
        self,
        scenario: Scenario,
        replication: int = 0,
        *,
        parameters: Parameters | None = None,
        workers: int = 2,
        block: int | None = None,
        record_all: bool = False,
        population: Callable[..., Any] = Population,
        watch: Callable[[Actions], None] | None = None,
    ) -> None:
        refuse_forked("a simulation")
        self.scenario, self.replication = scenario, replication
        self.watch = watch
        p = self.parameters = parameters or load_parameters()
        self.ngos = Ngos.draw(scenario, p, replication)
        self.projects = Projects.draw(scenario, p, replication, self.ngos.size)
        self.ngos.take(self.projects)
        self.merchants = Merchants.draw(scenario, p, replication, self.projects.by_appeal())
        self.farmers = Farmers.draw(scenario, p, replication)
        self.teams = Teams.draw(scenario, replication, len(self.projects))
        self.activities = Activities.draw(scenario, p, replication, len(self.projects))
        self.partner = Partner(scenario, p, replication)
        self.budgets = Budgets.draw(scenario)
        self.prizes = Prizes.draw(scenario, replication, len(self.teams), self.budgets)
        self.sponsors = Sponsors.draw(scenario, scenario.scenario.users + self.farmers.rows)
        self.market = Market.open(scenario, p, replication, self.merchants)
        extra = {} if block is None else {"block": block}
        self.population = population(
            scenario, p, replication, farmers=self.farmers.rows, teams=len(self.teams), workers=workers,
            record_all=record_all, public=self.market.public, **extra,
        )  # fmt: skip
        self.books = Books(
            merchants=len(self.merchants.size_z), projects=len(self.projects), pools=len(self.sponsors.pools),
            ngos=len(self.ngos.size), rules=len(scenario.rules),
        )  # fmt: skip
        self.raised = np.zeros(len(self.projects), np.int64)  # everything a project was credited
        self.went_back = np.zeros(len(self.projects), np.int64)  # of it, what farmers and givers got back
        self.tally = tallies.fresh()  # what rows outside the kernel add
        self.outbox = Outbox()
        self.held = empty(0)
        self.asked = np.zeros(0, ASKED)  # of rows that a watcher has not been told yet
        self.barriers = barriers(scenario)
        self.at = 0  # index of the present barrier
        self.chain = b""
        self.actions = 0
        self.checks: list[Check] = []
        self.recorder = Recorder(self._world())
        self._beside = Beside(workers)
        self.kernel_s = 0.0  # playing users
        self.books_s = 0.0  # allotting, posting, recording, hashing

    def _world(self) -> World:
        """What observers may see."""
        return World(
            self.scenario, self.replication, people=self.population, projects=self.projects, ngos=self.ngos,
            merchants=self.merchants, teams=self.teams, sponsors=self.sponsors, farmers=self.farmers,
            partner=self.partner, profile=hourly_profile(),
        )  # fmt: skip

    # --- running ---------------------------------------------------------------------------------

    def run(
        self,
        progress: Callable[[Progress], None] | None = None,
        *,
        until_s: int | None = None,
        stop: Callable[[], bool] | None = None,
        snapshot: Path | None = None,
    ) -> None:
        """Run to the end, or to the first barrier at or after `until_s`.

        When `stop` says so between two barriers, the state goes to `snapshot` (if given) and Interrupted is
        raised. Raises InvariantError if a day's books do not close.
        """
        env = simpy.Environment(initial_time=int(self.barriers[self.at]) * SECOND)
        self.env = env
        last = len(self.barriers) - 1
        for life in self._lives(env):
            env.process(life)
        end = env.process(self._people(env, progress, until_s, stop, snapshot))
        if self.at < last:
            env.run(until=end)
            self._beside.finish()

    def _lives(self, env: simpy.Environment) -> Generator[Life, None, None]:
        """Every process of the few, started from its row, in the order of (kind, number)."""
        for k in range(len(self.sponsors.pools)):
            yield self._sponsor(env, k)
        yield self._ngos(env)
        if self.scenario.account.open:
            yield self._partner(env)
        if self.farmers.rows:
            yield self._farms(env)
        yield self._merchants(env)
        for k in range(len(self.teams)):
            yield self._team(env, k)

    def _people(
        self,
        env: simpy.Environment,
        progress: Callable[[Progress], None] | None,
        until_s: int | None,
        stop: Callable[[], bool] | None,
        snapshot: Path | None,
    ) -> Life:
        """The population's process: barrier after barrier."""
        end = int(self.barriers[-1])
        while True:
            now_s = int(self.barriers[self.at])
            yield Wake(env, now_s * SECOND, LAST)
            if now_s == end:
                self._finish(end, final=True)
                return
            self._publish(now_s * SECOND, int(self.barriers[self.at + 1]))
            self._play(now_s, int(self.barriers[self.at + 1]))
            self.at += 1
            now_s = int(self.barriers[self.at])
            yield Wake(env, now_s * SECOND, FIRST)
            self._finish(now_s)
            if progress is not None:
                progress(Progress(now_s * SECOND, end * SECOND, self.actions))
            if until_s is not None and until_s <= now_s < end:
                return
            if stop is not None and stop() and now_s < end:
                if snapshot is not None:
                    self.save(snapshot)
                raise Interrupted("stopped between two barriers; `beanpeak resume` goes on from there")

    # --- the order of a barrier ---------------------------------------------------------------------

    def _publish(self, now: int, until_s: int) -> None:
        if now % DAY_US == 0:
            self.market.note_day(int(self.population.tally()[tallies.BEAN_FEN]))
        self.budgets.note_spent(now, self.sponsors.money)
        self.population.let_hold(~self.budgets.ended_mask())
        self.projects.close_reached(self.raised - self.went_back)
        self._end_projects(now)
        self.market.publish(
            now,
            until_s,
            self.merchants,
            self.projects,
            self.ngos,
            self.sponsors,
            self.teams,
            self.activities,
            self.raised - self.went_back,
            self.prizes,
        )
        self.market.pass_on(now, int(self.population.tally()[tallies.CHARITY_ORDERS]))

    def _end_projects(self, now: int) -> None:
        """Rounds whose time is over end; by rule what comes in and is not used goes back or moves on at midnight."""
        self.projects.close_ended(now)
        if self.scenario.projects.unfunded == "kept" or now % DAY_US != 0:
            return
        if self.scenario.projects.unfunded == "returned":
            self._give_back(now)
        self._move_on(now)

    def _give_back(self, now: int) -> None:
        """Gifts of rounds that ended unfunded go back to their givers, the latest first, as far as there is money.

        A round may begin anew before these rows are posted: what it begins with is less by them at once.
        """
        free = np.zeros(len(self.projects), np.int64)
        for project in np.flatnonzero(self.projects.ended).tolist():
            free[project] = self._free_fen(project)
        for project, giver, number, fen in self.projects.take_back(free).tolist():
            self.outbox.write(Kind.RETURN, now, project, fen=fen, project=project, party=giver, ref=number)
            self.went_back[project] += fen

    def _move_on(self, now: int) -> None:
        """What no giver gets back stays with the cause."""
        for project in np.flatnonzero(self.projects.ended).tolist():
            heir, fen = self.projects.heir(project), self._free_fen(project)
            if heir != NOBODY and fen > 0:
                self.outbox.write(Kind.MOVE, now, project, fen=fen, project=project, party=heir)

    def _play(self, base_s: int, end_s: int) -> None:
        """Play the users up to the next barrier and allot what they claimed."""
        began = time.perf_counter()
        self._beside.begin()
        traffic_s = 1 if self.recorder.is_fine(base_s) else MINUTE_S
        played = self.population.play(base_s, end_s, traffic_s, self.market.public, self.market)
        self.kernel_s += time.perf_counter() - began
        began = time.perf_counter()
        self._beside.finish()
        self._allot(played.records, end_s)
        self.recorder.traffic(base_s, traffic_s, played.traffic)
        self.teams.points[:] = self.population.points()[0, : len(self.teams)]
        self.books_s += time.perf_counter() - began

    def _allot(self, records: Actions, now_s: int) -> None:
        """Serve the claims in their keyed order and let the users know; who begins to play by that may claim too."""
        records = join(records, self._claims_of_rules(now_s))
        served = self._serve(records, now_s)
        while (served["outcome"] == PENDING).any():
            served = join(served, self._serve(served, now_s))
        records = records.take(np.flatnonzero(records["outcome"] != OWED))
        woken = served.take(np.flatnonzero(served["outcome"] != OWED))
        self.sponsors.note_dry(now_s * SECOND)
        self.held = join(self.held, records, woken)

    def _claims_of_rules(self, now_s: int) -> Actions:
        """What rules give by themselves at this barrier, as claims."""
        now = now_s * SECOND
        given = self.prizes.claims(now, self.population, self.teams, self.sponsors, self.outbox)
        return from_rows([{"t": now - 1, "outcome": PENDING, **row} for row in given])

    def _serve(self, records: Actions, now_s: int) -> Actions:
        """Serve all claims among the rows; returns rows that follow from it."""
        index = np.flatnonzero(records["outcome"] == PENDING)
        if not len(index):
            return empty(0)
        claims = records.take(index)
        order = claim_order(self.scenario.scenario.seed, self.replication, claims)
        claims, index = claims.take(order), index[order]
        asked = np.zeros(len(claims), np.int64)
        allot(
            claims,
            self.sponsors.money,
            self.sponsors.limits,
            self.sponsors.given,
            self.sponsors.matched,
            self.activities.places,
            self.market.vouchers,
            asked,
            self.budgets.left,
        )
        allotted = claims["outcome"] == 0
        woken = self.population.settle(claims, now_s, self.market.vouchers, self.activities.table)
        self.budgets.take_back(claims[allotted & (claims["outcome"] == REFUSED)], self.sponsors.money)
        self.recorder.unmet += cut_claims(claims, asked, len(self.sponsors.pools))
        forget_dry(claims, asked, self.market.dry)
        if self.watch is not None:
            self.asked = np.concatenate([self.asked, short_matches(claims, asked)])
        put(records, index, claims)
        return woken

    def _finish(self, now_s: int, final: bool = False) -> None:
        """Close the interval that ends now: order the stream, post it, record it; at midnight close the day."""
        began = time.perf_counter()
        now = now_s * SECOND
        rows = join(self.held, from_rows(self.outbox.take()))
        rows = sort_stream(rows)
        cut = int(np.searchsorted(rows["t"], now, side="right"))
        self.held = rows[cut:]
        self._emit(rows[:cut])
        self.asked = self.asked[self.asked["t"] > now]
        if now_s % HOUR_S == 0:
            self._beside.put(partial(self.recorder.pool_levels, now_s, self.sponsors.levels()))
        if now_s % DAY_S == 0 and (final or 0 < now_s < self.barriers[-1]):
            self._emit(settlement_actions(self.books, now))
            self._close_day(now_s // DAY_S - 1)
        self.books_s += time.perf_counter() - began

    def _emit(self, part: Actions) -> None:
        """One part of the stream goes to the books and the witnesses, and beside the play to recorder and digest."""
        self.books.post(part)
        count_rows(self.tally, part)
        count_raised(self.raised, part)
        count_recycled(self.went_back, part)
        self.projects.note_donations(part)
        self._beside.put(partial(self._write_down, part))
        self.actions += len(part)
        if self.watch is not None:
            self.watch(part)

    def _write_down(self, part: Actions) -> None:
        self.recorder.actions(part)
        self.chain = chain(self.chain, part)

    def counts(self) -> NDArray[np.int64]:
        """The second witness: the kernel's counts and those of the few."""
        return np.asarray(self.population.tally() + self.tally)

    def _close_day(self, day: int) -> None:
        """The day close: books against users' rows and against the counts; then trust recovers a little."""
        totals = self.population.totals()
        self.checks = self.books.close_day(day, totals, self.counts(), self.raised, settled=True)
        self._beside.finish()
        self.recorder.day(day, self.counts(), totals)
        self.ngos.scandal((day + 1) * DAY_US, self.parameters)
        self.ngos.recover(self.parameters)

    # --- lives of the few ----------------------------------------------------------------------------

    def _sponsor(self, env: simpy.Environment, k: int) -> Life:
        """Open the pool's money when its hour comes; take back what is left at the end."""
        while True:
            yield Wake(env, self.sponsors.next_at(k), rank("sponsor", k))
            self.sponsors.act(k, _now(env), self.outbox)

    def _ngos(self, env: simpy.Environment) -> Life:
        """Report, ask, pay out: whatever is due. One process for them all, of which it wakes the next."""
        while True:
            k, at = self.ngos.next()
            yield Wake(env, at, rank("ngo", k))
            if self.ngos.act(k, _now(env), self.projects, self._free_fen, self.parameters, self.outbox):
                self._reopen(k, _now(env))

    def _free_fen(self, project: int) -> int:
        """What the books hold for a project and nobody has asked for."""
        return self.books.free(2400, project) - self.outbox.leaving(project)

    def _reopen(self, ngo: int, now: int) -> None:
        """With its report an NGO opens the next round of projects that reached their goal."""
        mine = self.ngos.mine[ngo]
        for project in mine[~self.projects.open[mine]]:
            self.projects.reopen(int(project), int(self.raised[project] - self.went_back[project]), now)
            self.outbox.write(Kind.PUBLISH, now, ngo, party=ngo, project=int(project))

    def _partner(self, env: simpy.Environment) -> Life:
        """The partner platform uploads account holders' service once a week."""
        while True:
            yield Wake(env, self.partner.next_at, rank("partner", 0))
            fresh = self.partner.upload(_now(env), self.population.holders())
            self.held = join(self.held, self.population.import_minutes(fresh, _now(env)))

    def _farms(self, env: simpy.Environment) -> Life:
        """Every morning the farms open as many accounts as pay."""
        while True:
            yield Wake(env, self.farmers.next_at, rank("farmers", 0))
            before = self.farmers.awake
            reward = self.population.farmed_beans(self.market.public, _now(env) // SECOND)
            new = self.recorder.new_players_on(_now(env) // DAY_US - 1)
            woken = self.farmers.act(_now(env), reward, new, self.parameters)
            self.population.wake_farmers(before, before + woken, _now(env) // SECOND)

    def _merchants(self, env: simpy.Environment) -> Life:
        """Each merchant once a week, at an hour of its own: pledge, withdraw, put a notice on the parcels.

        One process for them all. What they choose from changes at barriers only, so each stretch between two
        is looked through when it begins, and only those wake who may act in it.
        """
        weeks = MerchantWeeks(self.merchants)
        for until_s in self.barriers[self.at :].tolist():
            until = until_s * SECOND
            for k in weeks.due(until, self.market.places["project"]):
                yield Wake(env, int(self.merchants.next_at[k]), rank("merchant", k))
                weeks.decide(k, _now(env), self._open_projects(), self._trust(), self.outbox)
            yield Wake(env, until, PUBLISHED)

    def _open_projects(self) -> tuple[Any, Any]:
        """What merchants choose from: the table givers see, weighted by trust and stars."""
        return self.market.places["upto"], self.market.places["project"]

    def _trust(self) -> float:
        """What trust in the platform's projects adds to giving, log-odds: as published."""
        return float(self.market.public["trust"][0])

    def _team(self, env: simpy.Environment, k: int) -> Life:
        """Once a day: points become money for the team's project."""
        while True:
            yield Wake(env, int(self.teams.next_at[k]), rank("team", k))
            self.teams.act(k, _now(env), self.sponsors, self.outbox)

    # --- snapshots -----------------------------------------------------------------------------------

    def _parts(self) -> dict[str, Any]:
        """Everything with a state of its own."""
        return {
            "population": self.population, "merchants": self.merchants, "projects": self.projects,
            "ngos": self.ngos, "sponsors": self.sponsors, "teams": self.teams, "activities": self.activities,
            "farmers": self.farmers, "partner": self.partner, "market": self.market, "books": self.books,
            "budgets": self.budgets, "prizes": self.prizes, "outbox": self.outbox, "recorder": self.recorder,
        }  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the state at this barrier; `path` appears only when it is whole."""
        self._beside.finish()
        own = {
            "raised": self.raised, "went_back": self.went_back, "tally": self.tally, "held": self.held,
            "asked": self.asked, "at": np.array([self.at, self.actions]), "chain": np.frombuffer(self.chain, np.uint8),
        }  # fmt: skip
        save_snapshot(path, {name: part.state() for name, part in self._parts().items()} | {"campaign": own})

    def load(self, path: Path) -> None:
        """Take over a snapshot of the same scenario (a fork may have another design)."""
        saved = load_snapshot(path)
        own = saved.pop("campaign")
        for name, part in self._parts().items():
            part.restore(saved.get(name, {}))
        for name in ("raised", "went_back", "tally"):
            getattr(self, name)[:] = own[name]
        self.held = own["held"].astype(ACTION)
        self.asked = own["asked"].astype(ASKED)
        self.at, self.actions = (int(x) for x in own["at"])
        self.chain = own["chain"].tobytes()

    def digest(self) -> dict[str, str]:
        """Hashes of state, books and actions."""
        return {
            "state": self.population.digest().hex(),
            "books": self.books.digest().hex(),
            "actions": self.chain.hex(),
        }
