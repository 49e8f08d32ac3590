"""The scenario: one frozen value that holds the world and the incentive rules of a run.

Money is integer fen, charity time integer minutes, time integer microseconds, beans integers.
`sim.loading` reads it from TOML (where money, durations and hours carry units) and reports every
mistake with its line; here stand only the nouns, their defaults and the grades behind them.
Defaults graded A are assumptions: `docs/assumptions.md` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from sim.seeding import MOST_SEED
from sim.spans import DAY_S, SECOND
from sim.units import Duration, Fen, Instant, Minutes, Probability

# No bool, float or text is a whole number by chance.
Whole = Annotated[int, Strict()]
Count = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(gt=0)]
Seed = Annotated[Whole, Field(ge=0, le=MOST_SEED)]
Share = Probability
NonNegative = Annotated[float, Field(ge=0)]

Cause = Literal["education", "illness", "poverty", "environment"]
Effect = Literal[
    "deed",  # done on the spot, worth what the table says
    "gift",  # money to a project, perhaps matched
    "bean_gift",  # beans to a project, paid by a sponsor's pool
    "redeem",  # beans for a voucher
    "volunteer",  # a place in an activity, worked later
    "account",  # apply for the charity account
    "team",  # join a team
]


def unboxed(value: Any) -> Any:
    """Numbers and arrays of NumPy as those of Python, also inside tables: researchers' loops make them."""
    if isinstance(value, dict):
        return {key: unboxed(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(unboxed(one) for one in value)
    return value.tolist() if type(value).__module__ == "numpy" else value


class Settings(BaseModel):
    """Frozen, and closed to unknown keys: a typing mistake is never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _take_numbers_of_numpy(cls, given: Any) -> Any:
        return unboxed(given)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some settings changed; what is wrong about them is found when the copy is simulated."""
        return super().model_copy(update=unboxed(dict(update or {})), deep=deep)


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
    pledge_minimum_share: Share = 0.75
    badge: bool = True
    promotion_pull: NonNegative = 0.7
    quit_per_month: Share = 0.002
    notices_per_week: NonNegative = 0.02


class Play(Settings):
    """How people come to bean growing, and how a campaign lifts them."""

    open: bool = True
    players_at_start: Share = 0.0
    entry_per_visit: Share = 0.01
    sessions_extra: NonNegative = 0.8
    reminder: bool = False


class Phase(Settings):
    """A stretch of the campaign: it lifts play at its start and end and may multiply beans."""

    start: Instant
    end: Instant
    lift_start: NonNegative = 1.0
    lift_end: NonNegative = 0.6
    beans_factor: NonNegative = 1.0


class Beans(Settings):
    """Growth in whole days: beans ripen after `ripen`, fade `fade` later; together at most four days."""

    ripen: Duration = DAY_S * SECOND
    fade: Duration = 3 * DAY_S * SECOND
    valid_after_end: Duration = 7 * DAY_S * SECOND
    valid_months: Annotated[Whole, Field(ge=0, le=2)] = 0
    daily_cap: Count = 200
    per_yuan: Positive = 100
    perceived: Fen = 2
    streak_bonus: NonNegative = 0.0
    streak_full: Annotated[Whole, Field(ge=1, le=7)] = 7
    team_bonus: NonNegative = 0.0
    goal: Positive = 100
    head_start: Count = 0
    give_all: Share = 0.5


class Hours(Settings):
    donated_cap: Minutes = 60_000  # of one user in one run, which lasts at most a year


class Deed(Settings):
    """One entry of the catalogue. A new deed is a new table, never a new branch."""

    label: str
    effect: Effect = "deed"
    beans: Count = 0
    hours: Minutes = 0
    kind: Literal["labour", "donated", "general"] = "labour"
    cost: Fen = 5
    ease: float = -3.0
    per_day: Annotated[Whole, Field(ge=0, le=3)] = 1
    team: bool = False
    needs_account: bool = False
    adults_only: bool = False


class Channel(Settings):
    label: str
    audience: NonNegative
    hours_shift: Whole = 0
    pull: NonNegative = 1.0
    mix: dict[str, float] = {}


class Segment(Settings):
    label: str
    share: NonNegative
    activity: Annotated[float, Field(gt=0)] = 1.0
    minor: bool = False
    mix: dict[str, float] = {}


class Pool(Settings):
    """A sponsor's money. `total` is at real size and is scaled by users / real_users."""

    sponsor: str
    total: Fen
    serves: Literal["gifts", "beans", "orders", "teams"] = "gifts"
    rule: Literal["first_come", "random"] = "first_come"
    ratio: NonNegative = 1.0
    cap_per_gift: Fen = 100_000
    cap_per_account: Fen = 100_000
    start: Instant | None = None
    end: Instant | None = None
    opens_at: Duration | None = None
    flash: tuple[Instant, ...] = ()


class Redemption(Settings):
    label: str
    beans: Positive
    value: Fen
    stock: Count
    ship_within: Duration = 3 * DAY_S * SECOND
    cancel: Share = 0.02


class Gifts(Settings):
    """Money gifts in the app; `intercept` is re-fitted for in-app exposure (A)."""

    intercept: float = -3.83
    match_effect: float = 0.20
    first_median: Fen = 100
    named_matcher: bool = False
    completion: Share = 0.25


class Projects(Settings):
    users_each: Positive = 2_500
    minimum: Positive = 24
    maximum: Positive = 2_000
    targets_total: Fen = 0
    target_sigma: NonNegative = 1.0
    limited_share: Share = 0.5
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
    users_each: Positive = 5_000
    minimum: Positive = 12
    maximum: Positive = 4_000
    size_sigma: NonNegative = 1.5
    on_time_a: Annotated[float, Field(gt=0)] = 4.0
    on_time_b: Annotated[float, Field(gt=0)] = 2.0
    report_every: Duration = 30 * DAY_S * SECOND
    disburse_every: Duration = 14 * DAY_S * SECOND
    review_days: tuple[Whole, Whole] = (2, 10)
    fee_cap: Share = 0.1
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


class Teams(Settings):
    open: bool = False
    users_each: Positive = 2_000
    minimum: Positive = 10
    maximum: Positive = 1_500
    challenge: Duration = 2 * DAY_S * SECOND
    points_per_unlock: Positive = 50
    fen_per_unlock: Fen = 10_000
    mode: Literal["competition", "shared_goal"] = "competition"
    upper_half_bonus: NonNegative = 0.5  # what the upper half of a competition unlocks more, as a share


class Staff(Settings):
    share: Share = 0.0
    norm: Minutes = 180
    push: float = 1.0


class Farmers(Settings):
    """Accounts run to milk rewards; `controls` are what the platform does against them."""

    share: Share = 0.0
    entry: bool = False
    account_cost: Fen = 60
    devices: Positive = 20
    removal_per_day: Share = 0.0
    entry_audit: Share = 0.0
    device_cap: Count = 0
    wrongly_blocked: Share = 0.0


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


class Sharing(Settings):
    post: Share = 0.14
    invite: Share = 0.084
    post_recruits: Share = 0.0189
    invite_recruits: Share = 0.0
    reward: Count = 0


class Scenario(Settings):
    """Everything a run depends on besides its replication number."""

    scenario: World
    clock: Clock = Clock()
    shopping: Shopping = Shopping()
    festivals: dict[str, Festival] = {}
    orders: Orders = Orders()
    merchants: Merchants = Merchants()
    play: Play = Play()
    phases: dict[str, Phase] = {}
    beans: Beans = Beans()
    hours: Hours = Hours()
    deeds: dict[str, Deed] = {}
    channels: dict[str, Channel] = {}
    segments: dict[str, Segment] = {}
    pools: dict[str, Pool] = {}
    redemptions: dict[str, Redemption] = {}
    gifts: Gifts = Gifts()
    projects: Projects = Projects()
    ngos: Ngos = Ngos()
    activities: Activities = Activities()
    teams: Teams = Teams()
    staff: Staff = Staff()
    farmers: Farmers = Farmers()
    account: Account = Account()
    benefits: dict[str, Benefit] = {}
    sharing: Sharing = Sharing()
    designs: dict[str, dict[str, object]] = {}

    def __repr__(self) -> str:
        world = self.scenario
        designs = ", ".join(self.designs) or "none"
        return (
            f"Scenario({world.title!r:.80}, {world.users} users for {world.real_users}, seed {world.seed}, "
            f"{len(self.deeds)} deeds, {len(self.pools)} pools, designs: {designs:.200})"
        )

    __str__ = __repr__

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        design: str = "base",
        *,
        users: int | None = None,
        seed: int | None = None,
    ) -> Scenario:
        """The scenario of a name or a path; see `sim.loading.load_scenario` for where names are looked up.

        Raises ScenarioError with every mistake of the file, each with its line.
        """
        from sim.loading import load_scenario  # the reader stands on this noun

        given = {"users": users, "seed": seed}
        return load_scenario(name_or_path, design, {k: v for k, v in given.items() if v is not None})


def since_start(scenario: Scenario, instant: datetime) -> int:
    """Microseconds from the scenario's start to an instant of its calendar."""
    since: float = (instant - scenario.scenario.start).total_seconds()
    return round(since * SECOND)
