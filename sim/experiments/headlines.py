"""The headline numbers by which levers are compared: what a product manager asks for, read off an outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.spans import DAY_US, HOUR_US

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.experiments.levers import World

NOTHING = float("nan")  # does not apply
YUAN = 100.0
EVENING = 20  # o'clock
FARMER = "farmer"

Read = Callable[["Outcome", "World"], float]


@dataclass(frozen=True)
class Headline:
    """A number with its name for people. Shares are compared in points, all others in percent of the base.

    in_matrix: shown for every lever, not only where something is expected of it.
    """

    words: str
    read: Read
    in_points: bool = False
    in_matrix: bool = True


def measured(outcome: Outcome, world: World) -> dict[str, float]:
    """Every headline number of one replication."""
    return {name: headline.read(outcome, world) for name, headline in HEADLINES.items()}


def _total(*names: str, unit: float = 1.0) -> Read:
    def read(outcome: Outcome, _world: World) -> float:
        rows = outcome.metrics.filter((pl.col("group") == "") & pl.col("metric").is_in(names))
        return float(rows["value"].sum()) / unit if len(rows) == len(names) else NOTHING

    return read


def _of_days(column: str, unit: float = 1.0) -> Read:
    """The sum over all days."""
    return lambda outcome, _: float(outcome.tables["days"][column].sum()) / unit


def _a_day(first: Callable[[World], int], end: Callable[[World], int | None]) -> Read:
    """Honest players on a mean day between two days."""

    def read(outcome: Outcome, world: World) -> float:
        people = outcome.tables["days"]["participants"][first(world) : end(world)]
        return float(people.sum()) / len(people) if len(people) else NOTHING

    return read


def _ratio(over: Read, under: Read) -> Read:
    def read(outcome: Outcome, world: World) -> float:
        below = under(outcome, world)
        return over(outcome, world) / below if below > 0 else NOTHING

    return read


def _where(table: str, column: str, value: object, sums: str, unit: float = 1.0) -> Read:
    """The sum of a column over the rows of a table that hold a value."""

    def read(outcome: Outcome, _world: World) -> float:
        if table not in outcome.tables:
            return NOTHING
        return float(outcome.tables[table].filter(pl.col(column) == value)[sums].sum()) / unit

    return read


def _trust(outcome: Outcome, _world: World) -> float:
    """The NGOs' trust at the end, weighted by their size."""
    ngos = outcome.tables.get("ngos")
    if ngos is None or not len(ngos):
        return NOTHING
    return float(np.average(ngos["trust"].to_numpy(), weights=ngos["size"].to_numpy()))


def _sessions_of_hour(hour: Callable[[Outcome], list[tuple[int, int]]]) -> Read:
    """The share of play sessions of some days that began in an hour of each: [(day, hour), …]."""

    def read(outcome: Outcome, _world: World) -> float:
        if "hours" not in outcome.tables or not (wanted := hour(outcome)):
            return NOTHING
        table = outcome.tables["hours"].with_columns(
            day=pl.col("t") // DAY_US, hour=pl.col("t") % DAY_US // HOUR_US
        )
        days = table.filter(pl.col("day").is_in([day for day, _ in wanted]))
        inside = [
            days.filter((pl.col("day") == day) & (pl.col("hour") == at))["sessions"].sum()
            for day, at in wanted
        ]
        whole = float(days["sessions"].sum())
        return float(sum(inside)) / whole if whole else NOTHING

    return read


def _flash_evenings(outcome: Outcome) -> list[tuple[int, int]]:
    """Eight in the evening of every day on which a pool opens for a moment."""
    start = outcome.scenario.scenario.start
    flashes = [at for pool in outcome.scenario.pools.values() for at in pool.flash]
    return sorted({((at - start).days, EVENING) for at in flashes})


def _openings(outcome: Outcome) -> list[tuple[int, int]]:
    """The hour in which a pool for gifts opens, every day on which it does."""
    world, days = outcome.scenario.scenario, outcome.tables["days"].height
    found = set()
    for pool in outcome.scenario.pools.values():
        if pool.serves == "gifts" and pool.opens_at is not None:
            first = (pool.start - world.start).days if pool.start else 0
            end = (pool.end - world.start).days if pool.end else days
            found |= {(day, pool.opens_at // HOUR_US) for day in range(first, end)}
    return sorted(found)


_PLAYER_DAYS = _of_days("participants")

HEADLINES: dict[str, Headline] = {
    "participants": Headline("people who took part", _total("participants")),
    "active_days": Headline("active days of each", _ratio(_PLAYER_DAYS, _total("participants"))),
    "during": Headline("people a day in the campaign", _a_day(lambda w: w.during[0], lambda w: w.during[1])),
    "after": Headline("people a day after it", _a_day(lambda w: w.after, lambda _: None)),
    "d1": Headline("new players back after 1 day", _total("d1"), in_points=True),
    "d7": Headline("new players back after 7 days", _total("d7"), in_points=True),
    "deeds": Headline("deeds", _of_days("deeds")),
    "minutes": Headline("charity minutes", _total("minutes_labour", "minutes_donated")),
    "gifts": Headline("gifts", _total("gifts")),
    "gift_yuan": Headline("money given, yuan", _total("gift_fen", unit=YUAN)),
    "vouchers": Headline("vouchers redeemed, yuan", _of_days("voucher_fen", YUAN)),
    "beans_donated": Headline("beans donated", _total("beans_donated")),
    "cost": Headline("sponsors' cost per participant, yuan", _total("subsidy_per_participant", unit=YUAN)),
    "charity_orders": Headline("charity orders", _total("charity_orders")),
    "pledged": Headline("pledged by orders, yuan", _total("pledged_fen", unit=YUAN)),
    "helped": Headline("people helped", _total("helped")),
    "trust": Headline("trust in NGOs", _trust, in_points=True),
    "farmed": Headline(
        "sponsors' money to farmers, yuan",
        _where("abuse", "group", FARMER, "subsidy_fen", YUAN),
        in_matrix=False,
    ),
    "quiz": Headline("quizzes done", _where("deeds", "deed", "quiz", "times"), in_matrix=False),
    "beans_expired": Headline("beans that faded", _total("beans_expired"), in_matrix=False),
    "gift_size": Headline(
        "yuan a gift", _ratio(_total("gift_fen", unit=YUAN), _total("gifts")), in_matrix=False
    ),
    "matched": Headline("money matched, yuan", _total("matched_fen", unit=YUAN), in_matrix=False),
    "shares": Headline("times somebody told friends", _of_days("shares"), in_matrix=False),
    "sellers": Headline(
        "sellers who take part", _where("merchants", "takes_part", True, "takes_part"), in_matrix=False
    ),
    "per_order": Headline(
        "donation of a charity order, yuan", _total("yuan_per_charity_order"), in_matrix=False
    ),
    "evening": Headline("sessions at 20:00 of flash days", _sessions_of_hour(_flash_evenings), True, False),
    "opening": Headline("sessions in the hour a pool opens", _sessions_of_hour(_openings), True, False),
}
