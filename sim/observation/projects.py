"""Projects and NGOs: money in, money out, people helped, trust."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.agents import names
from sim.arrays import Floats
from sim.domain.transparency import viewable_share
from sim.observation.giving import Giving
from sim.observation.seen import Seen
from sim.observation.shares import gini, top_share
from sim.observation.subject import NOTHING, Daybook, Subject, Sums, table
from sim.observation.words import Daily, Metric
from sim.observation.world import World
from sim.spans import NEVER_US

TOP_HUNDREDTH, TOP_TENTH = 0.01, 0.1


class Projects(Subject):
    """Where the money went."""

    METRICS = (
        Metric("top1_ngo_share", "share", "fen raised", "–",
               "money raised by the largest hundredth of the NGOs that raised any",
               "raised by the largest hundredth of NGOs"),
        Metric("top10_ngo_share", "share", "fen raised", "–",
               "money raised by the largest tenth of the NGOs that raised any",
               "raised by the largest tenth of NGOs"),
        Metric("ngo_gini", "Gini", "NGO", "–", "Gini coefficient of money raised over the NGOs that raised any"),
        Metric("funded_share", "share", "limited project", "up", "limited projects that reached their target",
               "limited projects funded"),
        Metric("helped", "people", "run", "up", "people helped: money paid out ÷ what a person costs in each project",
               "people helped"),
        Metric("affordable", "people", "run", "up",
               "people whom the money raised can help, paid out by now or not, at what a person costs in each project",
               "people the money raised can help"),
        Metric("viewable_share", "share", "fen raised", "up", "paid out by projects that owe no report ÷ raised"),
        Metric("project_score", "score", "project", "up", "mean score of the project evaluation"),
    )  # fmt: skip
    DAILY = (
        Daily("disbursed_fen", "money paid out to projects, fen", "disbursed_fen"),
        Daily("helped", "people helped by that day's disbursements"),
    )

    def __init__(self, world: World, book: Daybook, giving: Giving) -> None:
        super().__init__(world, book)
        self.giving = giving
        self.arrays |= {
            "paid": np.zeros(len(world.projects), np.int64),
            "helped": np.zeros(world.days),  # people by then, at the day close
        }

    def on_disburse_paid(self, seen: Seen) -> None:
        """Money reaches those a project works for."""
        np.add.at(self.arrays["paid"], seen.rows["project"], seen.rows["fen"])

    def close_day(self, day: int, totals: Any) -> None:
        """Whom the money paid out so far has helped."""
        super().close_day(day, totals)
        self.arrays["helped"][day] = self.people().sum()

    def people(self) -> Floats:
        """How many people each project's payments have helped; a payment may cover part of what one takes."""
        return np.asarray(self.arrays["paid"] / self.world.projects.person_fen)

    def daily(self) -> dict[str, NDArray[Any]]:
        """People helped by day."""
        return super().daily() | {"helped": np.diff(self.arrays["helped"], prepend=0.0)}

    @table(
        "One row a project.",
        project="number",
        name="name",
        cause="education, illness, poverty or environment",
        ngo="number of its NGO",
        target_fen="target, fen",
        raised_fen="money raised, without what was recycled or returned, fen",
        disbursed_fen="money paid out, fen",
        order_fen="from charity orders, fen",
        gift_fen="from gifts that stayed, fen",
        match_fen="from sponsors' match, fen",
        bean_fen="from donated beans, fen",
        team_fen="from teams, fen",
        recycled_fen="gifts that farmers get back, no part of the money raised, fen",
        returned_fen="gifts that went back as its round ended unfunded, no part of the money raised, fen",
        helped="people helped by the money paid out, at what one costs in this project",
        score="score of the project evaluation",
        limited="has a target and a deadline",
        funded="reached its target",
    )
    def projects(self) -> pl.DataFrame:
        """Every project: money in by source, out, people helped, score."""
        p, seed = self.world.projects, self.scenario.scenario.seed
        causes = [p.causes[k] for k in p.cause]
        sums = self.giving.arrays["sources"]
        return pl.DataFrame(
            {
                "project": np.arange(len(p)),
                "name": [names.project_name(seed, k, cause) for k, cause in enumerate(causes)],
                "cause": causes,
                "ngo": p.ngo,
                "target_fen": p.target_fen,
                "raised_fen": self.giving.raised(),
                "disbursed_fen": self.arrays["paid"],
                **{
                    f"{source}_fen": sums[k]
                    for k, source in enumerate(("order", "gift", "match", "bean", "team"))
                },
                "recycled_fen": self.giving.arrays["recycled"],
                "returned_fen": self.giving.arrays["returned"],
                "helped": self.people(),
                "score": self.world.ngos.scores(p),
                "limited": p.target_fen > 0,
                "funded": p.funded > 0,
            }
        )

    @table(
        "One row an NGO.",
        ngo="number",
        name="name",
        size="relative size",
        projects="its projects",
        raised_fen="money raised by them, fen",
        trust="trust at the end",
        reports="reports published",
        late="reports that came late",
    )
    def ngos(self) -> pl.DataFrame:
        """Every NGO: size, money, trust, reports."""
        ngos, seed = self.world.ngos, self.scenario.scenario.seed
        n = len(ngos.size)
        return pl.DataFrame(
            {
                "ngo": np.arange(n),
                "name": [names.ngo_name(seed, k) for k in range(n)],
                "size": ngos.size,
                "projects": np.bincount(self.world.projects.ngo, minlength=n),
                "raised_fen": self._by_ngo(),
                "trust": ngos.trust,
                "reports": ngos.reports,
                "late": ngos.late,
            }
        )

    def _by_ngo(self) -> NDArray[np.int64]:
        raised = np.bincount(self.world.projects.ngo, self.giving.raised(), len(self.world.ngos.size))
        return raised.astype(np.int64)

    def measure(self, sums: Sums) -> dict[str, float]:
        """How money is shared, and what became of it."""
        p, per_ngo = self.world.projects, self._by_ngo()
        per_ngo = per_ngo[per_ngo > 0]
        limited = p.funded[p.target_fen > 0] > 0
        return {
            "top1_ngo_share": top_share(per_ngo, TOP_HUNDREDTH),
            "top10_ngo_share": top_share(per_ngo, TOP_TENTH),
            "ngo_gini": gini(per_ngo),
            "funded_share": float(limited.mean()) if len(limited) else NOTHING,
            "affordable": float((self.giving.raised() / p.person_fen).sum()),
            "viewable_share": viewable_share(int(self.giving.raised().sum()), self._followed()),
            "project_score": float(self.world.ngos.scores(p).mean()),
        }

    def _followed(self) -> int:
        """Fen paid out by projects that owe no report: money that can be followed to a reported use."""
        owes = self.world.ngos.late_at < NEVER_US
        return int(self.arrays["paid"][~owes[self.world.projects.ngo]].sum())
