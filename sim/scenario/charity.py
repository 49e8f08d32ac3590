"""The money and the time given: sponsors' pools, gifts, projects, NGOs, activities and the charity account."""

# ruff: noqa: RUF012 (the tables are frozen, and pydantic copies a default)
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.domain.ratios import PPM
from sim.scenario.settings import NonNegative, Positive, Settings, Share, Whole
from sim.spans import DAY_S, SECOND
from sim.units import Duration, Fen, Instant, Minutes, Portion

Cause = Literal["education", "illness", "poverty", "environment"]


class Pool(Settings):
    """A sponsor's money. `total` is at real size and is scaled by users / real_users.

    What it adds to gifts and to orders is said by rules: `form.match` and `form.cofund`.
    """

    sponsor: str
    total: Fen
    serves: Literal["gifts", "beans", "orders", "teams"] = "gifts"
    start: Instant | None = None
    end: Instant | None = None
    opens_at: Duration | None = None
    flash: tuple[Instant, ...] = ()


class Gifts(Settings):
    """Money gifts in the app; `intercept` is re-fitted for in-app exposure (A).

    `donors_at_start` is the share of users who have given before the scenario begins (A).
    """

    intercept: float = -3.83
    match_effect: float = 0.20
    first_median: Fen = 100
    donors_at_start: Share = 0.1
    completion: Share = 0.25


class Projects(Settings):
    count: Positive = 2_000
    targets_total: Fen = 0
    target_sigma: NonNegative = 1.0
    limited_share: Share = 0.5
    lasts: Duration = 30 * DAY_S * SECOND
    unfunded: Literal["kept", "moved", "returned"] = "moved"
    causes: dict[Cause, NonNegative] = {
        "education": 0.352,
        "illness": 0.345,
        "poverty": 0.261,
        "environment": 0.042,
    }
    fen_per_person: dict[Cause, Positive] = {
        "education": 20_000,
        "illness": 10_000,
        "poverty": 15_000,
        "environment": 5_000,
    }


class Ngos(Settings):
    # More than 4,000 are active on the platform (F). `size_sigma` is fitted to 99 Giving Day, whose ten largest raised
    # 43.8, 43 and 50.4 % in 2018 to 2020 (F2, kuaihz.com/tid5/tid499_810625.html), read as the largest 3 %: in 2021
    # 62 organisations were 18.5 % of all (D: 335). Missed by it: the four largest of 2020 had 37 %.
    count: Positive = 4_000
    size_sigma: NonNegative = 2.25
    on_time_a: Annotated[float, Field(gt=0)] = 4.0
    on_time_b: Annotated[float, Field(gt=0)] = 2.0
    late_by: Duration = 20 * DAY_S * SECOND
    report_every: Duration = 30 * DAY_S * SECOND
    disburse_every: Duration = 14 * DAY_S * SECOND
    review_days: tuple[Whole, Whole] = (2, 10)
    fee_cap: Portion = PPM // 10
    correction: Share = 0.01
    evaluation: bool = True
    scandal_at: Instant | None = None
    recycling_share: Share = 0.0


class Activities(Settings):
    users_each: Positive = 500
    places: Positive = 20
    hours: Minutes = 180
    notice: Duration = 3 * DAY_S * SECOND
    no_show: Share = 0.1


class Account(Settings):
    """The charity account of Zhejiang (S3)."""

    open: bool = False
    native: Share = 0.05
    works: Share = 0.05
    studies: Share = 0.02
    lives: Share = 0.06
    holders_at_start: Share = 0.0
    partner_share: Share = 0.3
    partner_records_per_week: NonNegative = 0.5
    partner_repeats: Share = 0.2


class Benefit(Settings):
    label: str
    needs: Minutes
    youth: bool = False
