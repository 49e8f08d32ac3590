"""The catalogue: all subjects in the order of a story, and the words of all tables and metrics, read off them."""

from __future__ import annotations

from sim.observation.abuse import Abuse
from sim.observation.beans import Beans
from sim.observation.cost import Cost
from sim.observation.deeds import Deeds
from sim.observation.festival import Festival
from sim.observation.giving import Giving
from sim.observation.hours import Hours
from sim.observation.orders import Orders
from sim.observation.play import Play
from sim.observation.programme import Programme
from sim.observation.projects import Projects
from sim.observation.rules import Rules
from sim.observation.subject import Subject
from sim.observation.teams import Teams
from sim.observation.traffic import Traffic
from sim.observation.words import Metric, Table

# Who came, what they bought, gave and grew, what it cost, whom it helped.
SUBJECTS: tuple[type[Subject], ...] = (
    Play, Deeds, Orders, Festival, Traffic, Giving, Beans, Hours, Cost, Rules, Programme, Abuse, Projects,
    Teams,
)  # fmt: skip
METRICS: tuple[Metric, ...] = tuple(metric for subject in SUBJECTS for metric in subject.METRICS)
DAYS = Table(
    "One row a simulated day.",
    {"day": "day since the start, 0 = first", "date": "calendar date, Asia/Shanghai"}
    | {column.name: column.meaning for subject in SUBJECTS for column in subject.DAILY},
)
TABLES: dict[str, Table] = {"days": DAYS} | {
    name: words for subject in SUBJECTS for name, words in subject.tables().items()
}
BY_DAY = tuple(metric.name for metric in METRICS if metric.name in DAYS.columns)  # by day, and in all
