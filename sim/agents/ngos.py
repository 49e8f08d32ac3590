"""NGOs (公益机构): they report, on time or late, disburse what was raised, and are trusted accordingly.

Each sleeps until the next of its dates (report, late report, disbursement, payment). Only those with a project on
the platform have any: of thousands of NGOs most have none at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.outbox import Outbox
from sim.agents.projects import Projects
from sim.arrays import Flags, Floats, Ints
from sim.behaviour.parameters import Parameters
from sim.behaviour.trust import recovered, trust_after_missed, trust_after_report, trust_after_scandal
from sim.bookkeeping import Kind
from sim.domain.ratios import most_of, share_of
from sim.domain.transparency import project_score, stars_of
from sim.scenario import Scenario, since_start
from sim.spans import DAY_US, NEVER_US
from sim.streams import Purpose, draws, one_draw


@dataclass
class Ngos:
    """Rows of NGOs, with the dates their processes sleep until.

    Money is asked for at midnight, right after the provider has settled: then custody holds all that was raised.
    """

    scenario: Scenario
    replication: int
    size: Floats
    on_time: Floats
    trust: Floats
    small: NDArray[np.bool_]
    recyclers: int  # so many NGOs, the first ones, hand gifts round to draw the match
    reports: NDArray[np.int64]
    late: NDArray[np.int64]
    report_at: NDArray[np.int64]
    disburse_at: NDArray[np.int64]
    pay_at: NDArray[np.int64]
    late_at: NDArray[np.int64]  # when an overdue report will come
    asked: NDArray[np.int64]  # fen asked and not yet paid, by project
    scandal_at: int
    busy: Flags = field(init=False)  # those with a project
    mine: list[NDArray[np.intp]] = field(init=False)  # the projects of each
    next_at: NDArray[np.int64] = field(init=False)  # when each acts next

    @classmethod
    def draw(cls, scenario: Scenario, parameters: Parameters, replication: int) -> Ngos:
        """Draw sizes (lognormal) and reliability (Beta), and stagger the dates."""
        from scipy.special import betaincinv, ndtri

        settings, world = scenario.ngos, scenario.scenario
        n = settings.count
        u = draws(world.seed, replication, Purpose.NGO, np.arange(n))
        size = np.exp(settings.size_sigma * ndtri(u[0]))
        recyclers = math.ceil(settings.recycling_share * n)
        scandal = NEVER_US if settings.scandal_at is None else since_start(scenario, settings.scandal_at)
        return cls(
            scenario, replication, size, betaincinv(settings.on_time_a, settings.on_time_b, u[1]),
            np.full(n, parameters["trust_neutral"]), size < np.median(size), recyclers,
            np.zeros(n, np.int64), np.zeros(n, np.int64),
            (u[2] * settings.report_every).astype(np.int64) + DAY_US,
            (u[3] * settings.disburse_every).astype(np.int64) // DAY_US * DAY_US + DAY_US,
            np.full(n, NEVER_US), np.full(n, NEVER_US), np.zeros(0, np.int64), scandal,
        )  # fmt: skip

    def take(self, projects: Projects) -> None:
        """Take charge of the projects; who has none has nothing to report, to ask for or to pay out."""
        self.asked = np.zeros(len(projects), np.int64)
        self.busy = np.bincount(projects.ngo, minlength=len(self.size)) > 0
        self.report_at[~self.busy] = self.disburse_at[~self.busy] = NEVER_US
        by_ngo = np.argsort(projects.ngo, kind="stable")
        self.mine = np.split(by_ngo, np.searchsorted(projects.ngo[by_ngo], np.arange(1, len(self.size))))
        self.next_at = self._next()

    def _next(self) -> NDArray[np.int64]:
        return np.asarray(np.minimum.reduce((self.report_at, self.disburse_at, self.pay_at, self.late_at)))

    def next(self) -> tuple[int, int]:
        """Which NGO acts next, and when; at the same instant the one with the lowest number."""
        ngo = int(np.argmin(self.next_at))
        return ngo, int(self.next_at[ngo])

    def act(
        self, ngo: int, now: int, projects: Projects, available: Any, p: Parameters, outbox: Outbox
    ) -> bool:
        """Do everything due now; True if a report came out. `available(project)` is what it can spend, in fen."""
        mine = self.mine[ngo]
        if self.pay_at[ngo] <= now:
            self._pay(ngo, now, mine, projects, p, outbox)
        if self.disburse_at[ngo] <= now:
            self._ask(ngo, now, mine, available, p, outbox)
        reported = False
        if self.late_at[ngo] <= now:
            self.late_at[ngo] = NEVER_US
            reported = self._publish(ngo, now, mine, projects, available, outbox, late=True)
        if self.report_at[ngo] <= now:
            self.report_at[ngo] = now + self.scenario.ngos.report_every
            if self._is_on_time(ngo, now, mine, projects, p):
                reported = self._publish(ngo, now, mine, projects, available, outbox, late=False)
        self.next_at[ngo] = min(
            self.report_at[ngo], self.disburse_at[ngo], self.pay_at[ngo], self.late_at[ngo]
        )
        return reported

    def _ask(
        self, ngo: int, now: int, mine: NDArray[np.intp], available: Any, p: Parameters, outbox: Outbox
    ) -> None:
        """Ask for what was raised, less the administration fee; review takes some days, and one at a time."""
        settings = self.scenario.ngos
        self.disburse_at[ngo] = (now + settings.disburse_every) // DAY_US * DAY_US
        if self.pay_at[ngo] != NEVER_US:
            return
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.DISBURSE, ngo, now // DAY_US)
        for project in mine:
            free = available(int(project))
            if free < 100 * p["ngos_least_ask_yuan"] or self.asked[project] > 0:
                continue
            fee = min(share_of(free, int(settings.fee_cap * u[1])), most_of(free, settings.fee_cap))
            if fee > 0:
                outbox.write(Kind.FEE, now, int(project), fen=fee, project=int(project), party=ngo)
            self.asked[project] = free - fee
            outbox.write(
                Kind.DISBURSE_ASK, now, int(project), fen=free - fee, project=int(project), party=ngo
            )
        low, high = settings.review_days
        if self.asked[mine].any():
            self.pay_at[ngo] = now + int((low + (high - low) * u[0]) * DAY_US)

    def _pay(
        self, ngo: int, now: int, mine: NDArray[np.intp], projects: Projects, p: Parameters, outbox: Outbox
    ) -> None:
        """The review is over: money leaves and reaches people."""
        self.pay_at[ngo] = NEVER_US
        for project in mine:
            fen = int(self.asked[project])
            if fen == 0:
                continue
            self.asked[project] = 0
            u = one_draw(
                self.scenario.scenario.seed, self.replication, Purpose.PAYMENT, int(project), now // DAY_US
            )
            failed = u[0] < p["ngos_payment_fails"]
            kind = Kind.DISBURSE_FAILED if failed else Kind.DISBURSE_PAID
            outbox.write(kind, now, int(project), fen=fen, project=int(project), party=ngo)
            if not failed:
                projects.paid_fen[project] += fen

    def _is_on_time(
        self, ngo: int, now: int, mine: NDArray[np.intp], projects: Projects, p: Parameters
    ) -> bool:
        """A report is due: it comes in time and earns trust, or its date is missed and it comes later."""
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.REPORT, ngo, now // DAY_US)
        on_time = u[0] < self.on_time[ngo]
        late_by = self.scenario.ngos.late_by / DAY_US
        trust = float(self.trust[ngo])
        if on_time:
            self.trust[ngo] = trust_after_report(trust, p["trust_gain"])
        else:
            self.trust[ngo] = trust_after_missed(trust, p["trust_loss"], late_by, p["trust_usual_delay_days"])
            self.late[ngo] += 1
            self.late_at[ngo] = min(self.late_at[ngo], now + self.scenario.ngos.late_by)
        self.reports[ngo] += 1
        late_days = 0.0 if on_time else late_by
        projects.delay_days[mine] += (late_days - projects.delay_days[mine]) / self.reports[ngo]
        return bool(on_time)

    def _publish(
        self, ngo: int, now: int, mine: NDArray[np.intp], projects: Projects, available: Any, outbox: Outbox, late: bool
    ) -> bool:  # fmt: skip
        """The report comes out, and with it what is to be corrected; returns True."""
        outbox.write(Kind.REPORT, now, ngo, party=ngo, deed=int(late))
        for project in mine:
            self._correct(int(project), ngo, now, projects, available, outbox)
        return True

    def _correct(
        self, project: int, ngo: int, now: int, projects: Projects, available: Any, outbox: Outbox
    ) -> None:
        """Now and then the latest donation turns out to be booked wrongly (A) and goes back through the provider.

        Refused when its money is spent or asked for already; the mistake is published all the same, once.
        """
        if projects.latest_fen[project] == 0:
            return
        u = one_draw(self.scenario.scenario.seed, self.replication, Purpose.REPORT, project, now // DAY_US, 1)
        if u[0] >= self.scenario.ngos.correction:
            return
        fen = projects.take_latest(project)
        projects.corrections[project] += 1
        refused = int(available(project) < fen)
        outbox.write(Kind.CORRECTION, now, project, fen=fen, project=project, party=ngo, outcome=refused)

    def scandal(self, now: int, p: Parameters) -> None:
        """If it breaks now: the largest NGO with a project loses most of its trust, the platform its share of it."""
        if now < self.scandal_at:
            return
        self.scandal_at = NEVER_US
        worst = int(np.argmax(np.where(self.busy, self.size, 0.0)))
        self.trust[worst] = trust_after_scandal(float(self.trust[worst]), p["trust_scandal"])

    def recover(self, p: Parameters) -> None:
        """One day's way back to neutral trust, with a half-life of a year (A)."""
        self.trust[:] = recovered(self.trust, p["trust_neutral"], 1.0, p["trust_half_life_days"])

    def platform_trust(self, raised: NDArray[np.int64], projects: Projects) -> float:
        """Trust weighted by the money each NGO raised."""
        money = (np.bincount(projects.ngo, raised, len(self.trust)) + 1.0) * self.busy
        return float((self.trust * money).sum() / money.sum())

    def stars(self, projects: Projects) -> Ints:
        """Stars, 1–5, that users and merchants see."""
        return np.asarray(stars_of(self.scores(projects)))

    def scores(self, projects: Projects) -> Floats:
        """The public project score from report delay and corrections (S12), in (0, 1]."""
        return np.asarray(project_score(projects.delay_days, projects.corrections))

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        names = ("trust", "reports", "late", "report_at", "disburse_at", "pay_at", "late_at", "asked")
        return {name: getattr(self, name) for name in names} | {"scandal_at": np.array([self.scandal_at])}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        for name, value in state.items():
            if name == "scandal_at":
                self.scandal_at = int(value[0])
            else:
                getattr(self, name)[:] = value
        self.next_at = self._next()
