"""Bean growing and who takes part in it: phases, deeds, channels, segments, teams, staff, farmers."""

# ruff: noqa: RUF012 (the tables are frozen, and pydantic copies a default)
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.settings import Count, NonNegative, Positive, Settings, Share, Whole
from sim.spans import DAY_S, SECOND
from sim.units import Duration, Fen, Instant, Minutes, Ratio

LogOdds = Annotated[float, Field(ge=-50, le=50)]  # beyond that there is no difference left
Effect = Literal[
    "deed",  # done on the spot, worth what the table says
    "gift",  # money to a project, perhaps matched
    "bean_gift",  # beans to a project, paid by a sponsor's pool
    "redeem",  # beans for a voucher
    "volunteer",  # a place in an activity, worked later
    "account",  # apply for the charity account
    "team",  # join a team
]


class Play(Settings):
    """How people come to bean growing, and how a campaign lifts them."""

    open: bool = True
    players_at_start: Share = 0.0
    entry_per_visit: Share = 0.01
    sessions_extra: NonNegative = 0.8
    attention: bool = True  # deeds tire, and a day has time for so many
    anticipation: bool = True  # people wait for what is announced


class Phase(Settings):
    """A stretch of the campaign: it lifts play at its start and end. What it pays more, rules say."""

    start: Instant
    end: Instant
    lift_start: NonNegative = 1.0
    lift_end: NonNegative = 0.6


class Beans(Settings):
    """Beans ripen `ripen` after the step began in which they were earned: a day, or `ripen` if that is shorter.

    What is not picked of a day's beans fades at the first midnight `ripen` + `fade` after that day, which is four days
    at most.
    """

    ripen: Duration = DAY_S * SECOND
    fade: Duration = 3 * DAY_S * SECOND
    valid_after_end: Duration = 7 * DAY_S * SECOND
    valid_months: Annotated[Whole, Field(ge=0, le=2)] = 0
    per_yuan: Annotated[Positive, Field(le=10_000)] = 100  # a hundred beans are worth a fen at least
    give_all: Share = 0.5

    @property
    def ripen_s(self) -> int:
        """Seconds from earning to ripeness."""
        return self.ripen // SECOND

    @property
    def life_s(self) -> int:
        """Seconds from earning until what is not harvested fades."""
        return (self.ripen + self.fade) // SECOND


class Hours(Settings):
    donated_cap: Minutes = 60_000  # of one user in one run, which lasts at most a year


class Deed(Settings):
    """One entry of the catalogue: a new deed is a new table, never a new branch. Rules say how often it can be done."""

    label: str
    effect: Effect = "deed"
    beans: Count = 0
    hours: Minutes = 0
    kind: Literal["labour", "donated", "general"] = "labour"
    cost: Annotated[Fen, Field(gt=0)] = 5
    ease: LogOdds = -3.0
    team: bool = False
    needs_account: bool = False
    adults_only: bool = False


class Channel(Settings):
    """A way in. `audience`: how many of a hundred users are within its reach, whatever other channels reach."""

    label: str
    audience: Annotated[float, Field(ge=0, le=100)]
    hours_shift: Whole = 0
    pull: NonNegative = 1.0
    mix: dict[str, LogOdds] = {}


class Segment(Settings):
    label: str
    share: NonNegative
    activity: Annotated[float, Field(gt=0)] = 1.0
    minor: bool = False
    mix: dict[str, LogOdds] = {}


class Redemption(Settings):
    label: str
    beans: Positive
    value: Fen
    stock: Count
    ship_within: Duration = 3 * DAY_S * SECOND
    cancel: Share = 0.02


class Sharing(Settings):
    post: Share = 0.14
    invite: Share = 0.084
    post_recruits: Share = 0.0189
    invite_recruits: Share = 0.0


class Teams(Settings):
    open: bool = False
    users_each: Positive = 2_000
    minimum: Positive = 10
    maximum: Positive = 1_500
    challenge: Duration = 2 * DAY_S * SECOND
    points_per_unlock: Positive = 50
    fen_per_unlock: Fen = 10_000
    mode: Literal["competition", "shared_goal"] = "competition"
    upper_half_bonus: Ratio = 500_000  # what the upper half of a competition unlocks more


class Staff(Settings):
    share: Share = 0.0
    norm: Minutes = 180
    push: LogOdds = 1.0


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
