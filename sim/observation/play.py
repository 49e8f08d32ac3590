"""People who play: who takes part, who comes anew and comes back, by channel and by age. Farmers are no people."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.kernel.rows import MAX_CHANNELS, MAX_SEGMENTS, PLAYER
from sim.observation.seen import Seen, days_of, those
from sim.observation.subject import NOTHING, Daybook, Subject, Sums, table
from sim.observation.words import Daily, Metric
from sim.observation.world import Rows, World

SESSIONS, DEEDS, GIFTS = 1, 2, 3  # rows of `channels` and `segments`; the first are new players
GIFT_FEN = 4
NOT_NEW, TO_BEGIN = (
    -1,
    -2,
)  # in place of the day a new player first played: a player from the start, or not yet played


class Play(Subject):
    """Players, sessions, retention."""

    METRICS = (
        Metric("participants", "people", "day", "up", "players who played, on a day or in all",
               "participants (players who played)"),
        Metric("players", "people", "run", "up", "all who grow beans: there at the start or come since",
               "players (grow beans)"),
        Metric("new_players", "people", "run", "up", "users who became players during the run", "new players"),
        Metric("d1", "share", "new player", "up", "new players who play again one day after they began",
               "new players back after 1 day"),
        Metric("d7", "share", "new player", "up", "new players who play again seven days after they began",
               "new players back after 7 days"),
        Metric("d30", "share", "new player", "up", "new players who play again thirty days after they began"),
        Metric("actions", "actions", "run", "–", "rows of the action stream, of every agent and kind"),
    )  # fmt: skip
    DAILY = (
        Daily("participants", "players who played that day"),
        Daily("new_players", "users who became players", "entries"),
        Daily("sessions", "play sessions"),
        Daily("deeds", "deeds of the catalogue done"),
        Daily("shares", "times somebody told friends", "shares"),
    )

    def __init__(self, world: World, book: Daybook) -> None:
        super().__init__(world, book)
        self.arrays |= {
            "channels": np.zeros((4, MAX_CHANNELS), np.int64),
            "segments": np.zeros((5, MAX_SEGMENTS), np.int64),
            "began": np.full(world.honest, NOT_NEW, np.int16),  # the day a new player first played
            "returns": np.zeros(world.days + 1, np.int64),
            "played": np.zeros(world.honest, bool),
        }

    def new_players_on(self, day: int) -> int:
        """Players who came in on a day that is closed; none before the first."""
        return int(self.book.by_day("entries")[day]) if day >= 0 else 0

    def on_enter(self, seen: Seen) -> None:
        """Somebody became a player; the first session follows at once, but perhaps after midnight."""
        self.arrays["began"][seen.people["agent"]] = TO_BEGIN
        self._by_who(seen.people, 0)

    def on_session(self, seen: Seen) -> None:
        """Somebody plays; the first session of a day is a return, once a new player has begun."""
        rows, began = seen.people, self.arrays["began"]
        self.arrays["played"][rows["agent"]] = True
        self._by_who(rows, SESSIONS)
        first = those(rows, rows["deed"] == 0)
        self.add("sessions", len(rows))
        self.add("participants", len(first))
        fresh = those(first, began[first["agent"]] == TO_BEGIN)
        began[fresh["agent"]] = days_of(fresh)
        first = those(first, began[first["agent"]] >= 0)
        np.add.at(self.arrays["returns"], days_of(first) - began[first["agent"]], 1)

    def on_gift(self, seen: Seen) -> None:
        """A gift is a deed too."""
        self._by_who(seen.people, GIFTS)
        segment = self.world.segment[seen.people["agent"]]
        np.add.at(self.arrays["segments"][GIFT_FEN], segment, seen.people["fen"])
        self._done(seen)

    def _done(self, seen: Seen) -> None:
        self.add("deeds", len(seen.done))
        self._by_who(seen.done, DEEDS)

    on_deed = on_general = on_bean_gift = _done

    def _claimed(self, seen: Seen) -> None:
        """An account, a team, a voucher: deeds of the catalogue whose row is no deed's."""
        self.add("deeds", len(seen.people))
        self._by_who(seen.people, DEEDS)

    on_account_apply = on_team_join = on_redeem_hold = _claimed

    def _by_who(self, rows: Rows, what: int) -> None:
        np.add.at(self.arrays["channels"][what], rows["channel"], 1)
        np.add.at(self.arrays["segments"][what], self.world.segment[rows["agent"]], 1)

    @table(
        "One row an ecosystem channel.",
        channel="name in the scenario",
        label="label",
        new_players="new players who came through it",
        sessions="play sessions",
        deeds="deeds done",
        gifts="money gifts",
    )
    def channels(self) -> pl.DataFrame | None:
        """Play by entry channel."""
        named = self.scenario.channels
        if not named:
            return None
        rows = self.arrays["channels"][:, : len(named)]
        return pl.DataFrame(
            {"channel": list(named), "label": [x.label for x in named.values()]}
            | dict(zip(("new_players", "sessions", "deeds", "gifts"), rows, strict=True))
        )

    @table(
        "One row a segment of users.",
        segment="name in the scenario",
        label="label",
        users="users",
        new_players="of them those who became players during the run",
        sessions="play sessions",
        deeds="deeds done",
        gifts="money gifts",
        gift_fen="money of gifts, fen",
    )
    def segments(self) -> pl.DataFrame | None:
        """Play by age segment, with the users each has."""
        named = self.scenario.segments
        if not named:
            return None
        n = len(named)
        users = np.bincount(self.world.segment[: self.world.honest], minlength=n)[:n]
        columns = ("new_players", "sessions", "deeds", "gifts", "gift_fen")
        return pl.DataFrame(
            {"segment": list(named), "label": [s.label for s in named.values()], "users": users}
            | dict(zip(columns, self.arrays["segments"][:, :n], strict=True))
        )

    @table(
        "New players by age.",
        age_days="days since a new player first played",
        cohort="new players who could reach that age within the run",
        active="of them, those who played on that day",
    )
    def retention(self) -> pl.DataFrame | None:
        """New players: how many could be seen at an age in days, and how many of them played that day."""
        began = self.arrays["began"][self.arrays["began"] >= 0]
        if not len(began):
            return None
        cohort = np.cumsum(np.bincount(began, minlength=self.world.days))[::-1]
        active = self.arrays["returns"][: self.world.days].copy()
        active[0] = cohort[0]
        return pl.DataFrame({"age_days": np.arange(self.world.days), "cohort": cohort, "active": active})

    def measure(self, sums: Sums) -> dict[str, float]:
        """People of the run, each counted once."""
        seen = self.retention()
        flags = self.world.people.users["flags"][: self.world.honest]
        return {
            "participants": float(self.arrays["played"].sum()),
            "players": float((flags & PLAYER != 0).sum()),
            "d1": retention_at(seen, 1),
            "d7": retention_at(seen, 7),
            "d30": retention_at(seen, 30),
        }


def retention_at(seen: pl.DataFrame | None, age: int) -> float:
    """Share of new players who play at that age in days; NaN where none could be seen."""
    if seen is None or age >= len(seen) or seen["cohort"][age] == 0:
        return NOTHING
    return float(seen["active"][age] / seen["cohort"][age])
