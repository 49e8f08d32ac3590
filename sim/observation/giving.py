"""Giving: money gifts, and where the money raised came from."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.observation.seen import Seen
from sim.observation.subject import Daybook, Subject, Sums, ratio, table
from sim.observation.words import Daily, Metric
from sim.observation.world import Rows, World

SOURCES = ("order", "gift", "match", "beans", "team")
ORDER, GIFT, MATCH, BEANS, TEAM = range(5)
MICRO_GIFT = 100  # fen: "at most one yuan"


class Giving(Subject):
    """Gifts, match, and money by source."""

    METRICS = (
        Metric("gifts", "gifts", "run", "up", "money gifts in the app, those returned later too", "money gifts"),
        Metric("gift_fen", "fen", "run", "up", "money of these gifts, without match", "given in them"),
        Metric("gifts_matched_share", "share", "gift", "up", "money gifts of which a sponsor matched something"),
        Metric("matched_fen", "fen", "run", "–", "sponsors' match of gifts, farmers' too, and of confirmed orders",
               "matched by sponsors"),
        Metric("raised_fen", "fen", "run", "up",
               "money raised by projects, without what was returned; group: source/cause"),
        Metric("returned_fen", "fen", "run", "–",
               "gifts that went back to their givers as the project ended unfunded; their beans and minutes stay",
               "gifts returned"),
        Metric("recycled_fen", "fen", "run", "down",
               "gifts that farmers make for the match and get back: given by nobody, raised by no project"),
    )  # fmt: skip
    DAILY = (
        Daily("gifts", "money gifts"),
        Daily("gift_fen", "money of gifts, fen"),
        Daily("recycled_fen", "money of gifts that farmers get back, fen"),
        Daily("returned_fen", "gifts that went back as their project ended unfunded, fen", "returned_fen"),
        Daily("matched_fen", "sponsors' match, fen", "matched_fen", "order_match_fen"),
        Daily("bean_gift_fen", "sponsors' money for donated beans, fen", "bean_fen"),
        Daily("unlocked_fen", "money unlocked by teams, fen", "unlocked_fen"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.arrays |= {
            "sources": np.zeros((len(SOURCES), len(world.projects)), np.int64),
            "small": np.zeros(2, np.int64),  # gifts and donations in all, of at most one yuan
            "matched": np.zeros(2, np.int64),  # money gifts in all, with a match
            "recycled": np.zeros(len(world.projects), np.int64),
            "returned": np.zeros(len(world.projects), np.int64),
        }

    def on_order_confirm(self, seen: Seen) -> None:
        """An order's donation, and its match."""
        self._from(ORDER, seen.rows, "fen")
        self._from(MATCH, seen.rows, "match")
        self._small(seen.rows)

    def on_gift(self, seen: Seen) -> None:
        """A gift, and its match. A farmer's goes round: only the sponsor's match stays with the project."""
        self._from(GIFT, seen.people, "fen")
        self._from(MATCH, seen.rows, "match")
        self._small(seen.people)
        self.add("gifts", len(seen.people))
        self.add("gift_fen", seen.people["fen"].sum())
        self.arrays["matched"] += (len(seen.people), int((seen.people["match"] > 0).sum()))

    def on_recycle_back(self, seen: Seen) -> None:
        """A farmer's gift goes back."""
        self.add("recycled_fen", seen.rows["fen"].sum())
        np.add.at(self.arrays["recycled"], seen.rows["project"], seen.rows["fen"])

    def on_return(self, seen: Seen) -> None:
        """A gift goes back to its giver: the project has not raised it."""
        np.add.at(self.arrays["returned"], seen.rows["project"], seen.rows["fen"])
        np.subtract.at(self.arrays["sources"][GIFT], seen.rows["project"], seen.rows["fen"])

    def on_bean_gift(self, seen: Seen) -> None:
        """What a sponsor gives for donated beans."""
        self._from(BEANS, seen.rows, "fen")

    def on_team_unlock(self, seen: Seen) -> None:
        """What a sponsor gives for a team's points."""
        self._from(TEAM, seen.rows, "fen")

    def _from(self, source: int, rows: Rows, column: str) -> None:
        np.add.at(self.arrays["sources"][source], rows["project"], rows[column])

    def _small(self, rows: Rows) -> None:
        self.arrays["small"] += (len(rows), int((rows["fen"] <= MICRO_GIFT).sum()))

    def raised(self) -> NDArray[np.int64]:
        """Fen by project, from all sources."""
        return np.asarray(self.arrays["sources"].sum(axis=0))

    @table(
        "Money raised by source and cause.",
        source="order, gift, match, beans or team",
        cause="cause of the project",
        fen="money, fen",
    )
    def sources(self) -> pl.DataFrame:
        """Money raised by source and cause."""
        sums, projects = self.arrays["sources"], self.world.projects
        rows = [
            (source, cause, int(sums[k][projects.cause == j].sum()))
            for k, source in enumerate(SOURCES)
            for j, cause in enumerate(projects.causes)
        ]
        return pl.DataFrame(rows, schema=["source", "cause", "fen"], orient="row")

    def measure(self, sums: Sums) -> dict[str, float]:
        """How many gifts met a match."""
        gifts, matched = (float(x) for x in self.arrays["matched"])
        return {"gifts_matched_share": ratio(matched, gifts)}
