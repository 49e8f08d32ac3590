"""The campaign's clocks: when shops are visited, when people play, where the barriers stand.

Shopping time runs in *bins* (an hour, finer on festival days). A bin has a visit intensity and a mean
number of orders per visit, so that visits follow the page-view profile and orders the purchase profile
of `sim/data/hourly_profile.csv` (29 ordinary Taobao days of 2014, D). Playing time runs in days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.budgets import running
from sim.arrays import Floats
from sim.behaviour.habit import campaign_lift
from sim.behaviour.parameters import Parameters
from sim.engine.incentives import day_parts, everybodys
from sim.engine.offers import hourly_gain
from sim.scenario import Festival, Scenario, since_start
from sim.spans import DAY_S, HOUR_S, SECOND

HOURS = 24


def hourly_profile() -> dict[str, Floats]:
    """Shares of the day by hour, each summing to 1: page_views, purchases, double12 (shape (24,))."""
    text = (resources.files("sim") / "data" / "hourly_profile.csv").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line and not line.startswith("#")][1:]
    table = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    names = ("page_views", "purchases", "double12")
    return {name: table[:, i + 1] / table[:, i + 1].sum() for i, name in enumerate(names)}


@dataclass(frozen=True)
class ShoppingClock:
    """Bins of shopping time, shape (n,) each; `upto` has n + 1 entries.

    `upto`: visits an average shopper makes up to the bin's start, in ordinary days · `orders`: mean orders
    of a visit for somebody taking part in the festival, `plain_orders` for others · `keep`: share of visits
    others make of those · `price`: factor on prices · `festival`: 1 + number of the festival, 0 = ordinary.
    """

    edge_s: Floats
    upto: Floats
    orders: Floats
    plain_orders: Floats
    keep: Floats
    price: Floats
    festival: NDArray[np.int64]

    @cached_property
    def hour_bin(self) -> NDArray[np.int64]:
        """The first bin of every hour."""
        hours = np.arange(0, int(self.edge_s[-1]), 3_600)
        return np.asarray(np.searchsorted(self.edge_s, hours, side="right") - 1)

    @cached_property
    def guide(self) -> NDArray[np.int64]:
        """The bin in which each quarter of an ordinary day's visits falls: where a search by visits begins."""
        quarters = np.arange(int(self.upto[-1] * 4) + 2) / 4.0
        return np.asarray(
            np.clip(np.searchsorted(self.upto, quarters, side="right") - 1, 0, len(self.orders) - 1)
        )


def _festival_bins(
    festival: Festival, weekday: float, views: Floats, buys: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Edges (s of the day) and, per bin, takers' orders, takers' visits and others' visits, in ordinary days.

    Orders follow the published curve for everybody together, so what the others buy at the ordinary pace
    is taken off the takers' part.
    """
    points = {0.0: 0.0, float(DAY_S): 1.0}
    points |= {p.after / SECOND: p.share for p in festival.curve}
    if len(points) == 2:
        points |= {3600.0 * (h + 1): float(buys[: h + 1].sum()) for h in range(HOURS)}
    knots = np.array(sorted(points))
    curve = np.array([points[k] for k in knots])
    edges = np.unique(np.concatenate([knots, np.arange(0, DAY_S + 1, 3600.0)]))
    day_edges = np.arange(HOURS + 1) * 3600.0

    def within(hourly: Floats) -> Floats:
        return np.diff(np.interp(edges, day_edges, np.concatenate([[0.0], np.cumsum(hourly)])))

    ordinary_orders = within(buys) * weekday
    ordinary_visits = within(views) * weekday
    share = np.diff(np.interp(edges, knots, curve))
    takers = (festival.orders * share - (1 - festival.takes_part) * ordinary_orders) / festival.takes_part
    takers = np.maximum(takers, 0.0)
    return edges, takers, ordinary_visits * festival.visits, ordinary_visits


def shopping_clock(scenario: Scenario, parameters: Parameters) -> ShoppingClock:
    """The bins of the whole scenario."""
    profile = hourly_profile()
    views, buys = profile["page_views"], profile["purchases"]
    shopping = scenario.shopping
    per_visit = 1.0 / shopping.visits_per_order
    start = scenario.scenario.start
    days = scenario.scenario.length // (DAY_S * SECOND)
    weekday = np.array(shopping.weekday) / np.mean(shopping.weekday)
    festivals = {(f.day - start.date()).days: (i, f) for i, f in enumerate(scenario.festivals.values())}
    parts: list[tuple[NDArray[Any], ...]] = []
    for day in range(days):
        factor = float(weekday[(start.weekday() + day) % 7])
        if day in festivals:
            number, festival = festivals[day]
            edges, takers, lifted, ordinary = _festival_bins(festival, factor, views, buys)
            visits = np.maximum(lifted, takers * per_visit / parameters["orders_most_per_visit"])
            hourly_orders = np.interp(
                edges, np.arange(HOURS + 1) * 3600.0, np.concatenate([[0], np.cumsum(buys)])
            )
            plain = np.diff(hourly_orders) * factor
            parts.append(
                (
                    edges[:-1] + day * DAY_S,
                    visits,
                    takers * per_visit / visits,
                    plain * per_visit / ordinary,
                    ordinary / visits,
                    np.full(len(visits), festival.price_factor),
                    np.full(len(visits), number + 1, np.int64),
                )
            )
        else:
            ratio = per_visit * buys / views
            ones = np.ones(HOURS)
            zeros = np.zeros(HOURS, np.int64)
            parts.append(
                (np.arange(HOURS) * 3600.0 + day * DAY_S, views * factor, ratio, ratio, ones, ones, zeros)
            )
    edge, visits, orders, plain_orders, keep, price, festival_of = (
        np.concatenate(c) for c in zip(*parts, strict=True)
    )
    return ShoppingClock(
        np.append(edge, float(days * DAY_S)),
        np.concatenate([[0.0], np.cumsum(visits)]),
        orders,
        plain_orders,
        keep,
        price,
        festival_of,
    )


def play_calendar(scenario: Scenario, parameters: Parameters) -> Floats:
    """Lift of charity play by day and hour, shape (days, 24): the phases' starts and ends (behaviour §5.1, A).

    A phase lifts the hours it covers, of an hour's lift the part it covers; how much depends on its day, the first
    being the one on which it begins. More beans move people to the hours that bring them; that they also bring people
    to the day is each one's own affair (`next_active_day`).
    """
    days = scenario.scenario.length // (DAY_S * SECOND)
    lift = np.ones((days, HOURS))
    edges = np.arange(HOURS + 1) * HOUR_S
    for phase in scenario.phases.values():
        start, end = (since_start(scenario, at) // SECOND for at in (phase.start, phase.end))
        first, length = start // DAY_S, -(-end // DAY_S) - start // DAY_S
        for day in range(max(first, 0), min(first + length, days)):
            factor = campaign_lift(
                day - first,
                length,
                phase.lift_start,
                phase.lift_end,
                parameters["habit_start_decay"],
                parameters["habit_end_decay"],
            )
            upto: Floats = np.clip((edges + day * DAY_S) / HOUR_S, start / HOUR_S, end / HOUR_S)
            covered = upto[1:] - upto[:-1]
            lift[day] = lift[day] * (1.0 - covered) + factor * covered
    return np.asarray(lift * _towards_more_beans(scenario, parameters, days))


def _towards_more_beans(scenario: Scenario, parameters: Parameters, days: int) -> Floats:
    """By day and hour how much likelier a visit is there for the beans it brings, in the day's mean 1."""
    views, lift = hourly_profile()["page_views"], np.ones((days, HOURS))
    if not scenario.play.open:
        return lift
    ours = everybodys(scenario)
    parts = [[(at, mask & ours) for at, mask in day_parts(scenario, day)] for day in range(days)]
    gain = hourly_gain(scenario, parameters, {mask for day in parts for _, mask in day})
    edges = np.arange(HOURS + 1) * HOUR_S
    for day in range(days):
        if len({mask for _, mask in parts[day]}) > 1:
            ends = [*(at for at, _ in parts[day][1:]), DAY_S]
            hours = np.zeros(HOURS)
            for (at, mask), end in zip(parts[day], ends, strict=True):
                inside = np.clip(edges, at, end)
                hours += math.exp(gain[mask]) * (inside[1:] - inside[:-1]) / HOUR_S
            lift[day] = hours * views.sum() / (hours * views).sum()
    return lift


@dataclass(frozen=True)
class DayShapes:
    """Days on which some hours are lifted more than others: `of_day`, by day 0 or the row of its hours in `hours`.

    Row 0 are even hours, of all other days, whose whole lift is `even`; the lift of a shaped day is in its row.
    """

    of_day: NDArray[np.int64]
    even: Floats
    hours: Floats

    @classmethod
    def of(cls, calendar: Floats) -> DayShapes:
        """Of a play calendar, shape (days, 24)."""
        uneven = (calendar != calendar[:, :1]).any(axis=1)
        rows, which = np.unique(calendar[uneven], axis=0, return_inverse=True)
        of_day = np.zeros(len(calendar), np.int64)
        of_day[uneven] = 1 + which.reshape(-1)
        return cls(of_day, np.where(uneven, 1.0, calendar[:, 0]), np.concatenate([np.ones((1, HOURS)), rows]))


def session_profile(shift: int, lift: Floats) -> tuple[Floats, float]:
    """Cumulative share of play sessions by hour, shape (25,), for a channel shifted by so many hours on a day whose
    hours are lifted so; and how much the day is lifted by that for the channel.
    """
    views = np.roll(hourly_profile()["page_views"], shift)
    lifted = float((views * lift).sum() / views.sum())
    upto = np.concatenate([[0.0], np.cumsum(views * lift)]) / lifted
    upto[-1] = 1.0
    return upto, lifted


def barriers(scenario: Scenario) -> NDArray[np.int64]:
    """Barrier instants in seconds from 0 to the end, both included; every midnight is one, and so is the start and the
    end of a phase, and of a rule that gives prizes.

    The last fine window that covers an instant sets the spacing there.
    """
    end = scenario.scenario.length // SECOND
    clock = scenario.clock
    cuts = {0, end} | set(range(0, end, DAY_S))
    cuts |= set(range(0, end, max(clock.barrier // SECOND, 1)))
    cuts |= {since_start(scenario, at) // SECOND for p in scenario.phases.values() for at in (p.start, p.end)}
    prizes = [
        rule for rule in scenario.rules.values() if rule.form.rank or rule.form.share or rule.form.lottery
    ]
    cuts |= {at // SECOND for rule in prizes for at in running(scenario, rule)}
    for window in clock.fine:
        lo = max(since_start(scenario, window.start) // SECOND, 0)
        hi = min(since_start(scenario, window.end) // SECOND, end)
        cuts |= set(range(lo, hi, max(window.barrier // SECOND, 1))) | {hi}
    return np.array(sorted(cuts), np.int64)
