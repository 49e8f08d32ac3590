"""The world of a run and its market: clock, shoppers, festivals, orders and merchants."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.settings import Count, NonNegative, Positive, Seed, Settings, Share
from sim.spans import DAY_S, SECOND
from sim.units import Duration, Fen, Instant, Minutes


class World(Settings):
    title: str
    start: Instant
    length: Duration
    users: Positive
    real_users: Positive
    seed: Seed = 1
    profile: Literal["utility-app", "casual-game"] = "utility-app"
    summary: str = ""
    calibrated: bool = False


class FineWindow(Settings):
    """Days reported by the minute, and with shorter barriers."""

    start: Instant
    end: Instant
    barrier: Duration = 600 * SECOND


class Clock(Settings):
    barrier: Duration = 3_600 * SECOND
    fine: tuple[FineWindow, ...] = ()


class Shopping(Settings):
    """Steady shoppers: Poisson–lognormal orders, no dropout (domain facts on heavy users, V/D)."""

    regular_share: Share = 0.55
    regular_orders_per_31_days: NonNegative = 7.3
    regular_sigma: NonNegative = 1.1
    occasional_orders_per_year: NonNegative = 1.0
    visits_per_order: Annotated[float, Field(gt=0)] = 2.5
    weekday: tuple[NonNegative, ...] = (1.0, 0.98, 0.98, 0.98, 1.0, 1.04, 1.02)
    price_median: Fen = 6_000
    price_sigma: NonNegative = 1.2


class CurvePoint(Settings):
    """A cumulative share of the day; `published` marks a point that was measured, others only give shape."""

    after: Duration
    share: Share
    published: bool = False


class Festival(Settings):
    """A shopping day: multiples of the ordinary day, who takes part, and the day's own curve."""

    day: date
    orders: Annotated[float, Field(gt=0)]
    takes_part: Share = 0.6
    visits: Annotated[float, Field(gt=0)] = 1.78
    price_factor: Annotated[float, Field(gt=0)] = 1.0
    curve: tuple[CurvePoint, ...] = ()
    presale_from: Instant | None = None
    presale_share: Share = 0.0
    presale_balance_at: Duration = 3_600 * SECOND


class Orders(Settings):
    """The life of an order after it is created (A, starting values of domain facts §5)."""

    pay_within: Duration = 300 * SECOND
    cancel: Share = 0.03
    ship_within: Duration = 2 * DAY_S * SECOND
    delivery_median: Duration = 3 * DAY_S * SECOND
    delivery_sigma: NonNegative = 0.5
    by_hand: Share = 0.65
    by_hand_median: Duration = 36 * 3_600 * SECOND
    by_hand_sigma: NonNegative = 0.8
    express_timer: Duration = 10 * DAY_S * SECOND
    mail_timer: Duration = 30 * DAY_S * SECOND
    mail_share: Share = 0.02
    virtual_timer: Duration = 3 * DAY_S * SECOND
    virtual_share: Share = 0.05
    refund_before: Share = 0.06
    beans: Count = 0
    hours: Minutes = 6
    refund_after: Share = 0.01


class Merchants(Settings):
    """Sellers and what they pledge (domain facts §2–3, behaviour §5.6)."""

    real: Positive = 12_000_000
    products_each: Positive = 10
    size_sigma: NonNegative = 1.6
    charity_share: Share = 0.25
    ceiling: Share = 1 / 6
    minimum_pledge: Annotated[Fen, Field(ge=1)] = 2
    badge: bool = True
    promotion_pull: NonNegative = 0.7
    quit_per_month: Share = 0.002
    notices_per_week: NonNegative = 0.02
