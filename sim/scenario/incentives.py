"""Incentive rules: who is paid what for which deed, when, and in which form. Data; the engine knows no rule by name.

A rule holds for somebody at an instant if all that `who` and `when` name holds. Of all rules that hold for a deed,
first those that pay act in the order of the file (`tiers`, `add`, `times`, `streak`), each on what those before left;
then those that limit (`limit`, `cap`, `fading_cap`), which cut what came last first. What a rule adds is booked by its
name.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from sim.domain.ratios import PPM
from sim.scenario.charity import Cause
from sim.scenario.settings import Count, Positive, Settings, Share, Whole
from sim.units import Clock, Cohort, Days, Duration, Fen, Instant, Minutes, Moment, Portion, Ratio

Per = Literal["day", "week", "phase", "ever"]
Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ANY = "any"
# What a rule can be about besides the deeds of the catalogue.
BESIDES = ("order", "gift", "invite", "join", "pledge", ANY)


def _several(given: Any) -> Any:
    """One name, or several: always a tuple."""
    return (given,) if isinstance(given, str) else given


# Editors are told so too: an array, or a single name.
_ONE_OR_SEVERAL = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_several),
    WithJsonSchema(_ONE_OR_SEVERAL | {"examples": ["quiz", ["quiz", "steps"]]}),
]


class Who(Settings):
    """Whom a rule is for: everything named must hold; nothing named is everybody."""

    segment: Names = Field(default=(), description="one segment or several")
    city: Names = Field(default=(), description="one city or several of [cities]")
    channel: Names = Field(default=(), description="one channel or several")
    cohort: Cohort | None = Field(
        default=None, description='a keyed share of all users, the same under every design: "0-50 %"'
    )
    holder: bool | None = Field(default=None, description="whether they hold the charity account")
    team: bool | None = Field(default=None, description="whether they are in a team")
    joined_within: Duration | None = Field(
        default=None, description='newcomers: "7 days" since they began to play'
    )
    away_for: Duration | None = Field(default=None, description='who comes back after so long: "5 days"')
    streak: Days | None = Field(
        default=None, description='days in a row, the present one included, at most 7: "3-7"'
    )
    minutes_from: Minutes | None = Field(default=None, description="charity hours so far, at least")
    minutes_below: Minutes | None = Field(default=None, description="charity hours so far, less than")


class When(Settings):
    """When a rule holds: everything named must hold; nothing named is always."""

    phase: str | None = Field(default=None, description="during a phase of [phases]")
    start: Instant | None = Field(default=None, description="from this instant on")
    end: Instant | None = Field(default=None, description="up to this instant, excluded")
    weekdays: tuple[Weekday, ...] = Field(default=(), description='on these days of the week: ["Sat", "Sun"]')
    hours: Clock | None = Field(
        default=None, description='by the clock of Shanghai: "18:00-22:00"; "22:00-2:00" passes midnight'
    )
    first: Duration | None = Field(
        default=None, description='only so long after the phase (or start) began: "30 s"'
    )


class Tier(Settings):
    """What a deed pays from a count on."""

    start: Positive = Field(description="from the deed of this number on")
    beans: Count = Field(description="what it pays instead")


class Step(Settings):
    """What a deed pays from a day in a row on."""

    day: Annotated[Whole, Field(ge=1, le=7)] = Field(description="from this day in a row on, 1 … 7")
    times: Ratio = Field(description="what a deed pays then, times")


class Streak(Settings):
    """Days in a row pay more; a repair lets a missed day pass."""

    steps: tuple[Step, ...] = Field(
        description="by days in a row, rising: [{ day = 3, times = 1.2 }, { day = 7, times = 1.5 }]"
    )
    repairs: Annotated[Whole, Field(ge=0, le=6)] = Field(
        default=0, description="missed days a week that do not break it"
    )


class Goal(Settings):
    """So many deeds, or so many beans held, are a goal: it draws, and may bring a prize."""

    deeds: Positive | None = Field(default=None, description="of what the rule is about, counted over `per`")
    beans: Positive | None = Field(default=None, description="held at once: what people save for")
    prize: Count = Field(default=0, description="beans at the goal")
    head_start: Count = Field(default=0, description="given at the start: deeds counted, or beans")


class Lottery(Settings):
    """A prize by lot, instead of a sure reward. The budget is the pot."""

    chance: Portion | None = Field(
        default=None, description='at every deed: "1 %"; paid while the budget lasts'
    )
    winners: Positive | None = Field(
        default=None, description="or so many drawn at midnight among those who did it that day"
    )
    money: Fen = Field(default=0, description="the prize in money")
    beans: Count = Field(default=0, description="or in beans")


class Badge(Settings):
    """One tier of merit."""

    label: str = Field(description="what people read: 铜")
    hours: Minutes = Field(description="charity hours that earn it")


class Badges(Settings):
    """Tiers of merit, worth nothing but recognition."""

    tiers: tuple[Badge, ...] = Field(
        description='rising: [{ label = "铜", hours = 3 }, { label = "银", hours = 10 }]'
    )
    public: bool = Field(default=False, description="whether others see them")


class Rank(Settings):
    """The best share a prize: teams (money for their projects) or persons (money to them)."""

    of: Literal["team", "person"] = Field(default="team", description="who is ranked")
    places: Positive = Field(default=10, description="how many win; they share alike")
    money: Fen = Field(description="for all of them together, at real size, each time")


class Shared(Settings):
    """Together they reach a threshold, and everybody gets the same."""

    of: Literal["team", "platform"] = Field(default="team", description="who gets there together")
    deeds: Positive = Field(description="the threshold, counted over `per`; of the platform at real size")
    beans: Count = Field(description="for everybody who did one of them")


class Refer(Settings):
    """Paid on the first deed of somebody who was invited."""

    inviter: Count = Field(default=0, description="beans for who invited")
    invitee: Count = Field(default=0, description="beans for who was invited")


class MatchTier(Settings):
    """What is added to gifts from a size on."""

    above: Fen = Field(description="for gifts of at least so much")
    ratio: Ratio = Field(description="what is added to a yuan: 1.0 doubles a gift")


class Match(Settings):
    """A sponsor adds to gifts."""

    pool: str = Field(description="whose money")
    ratio: Ratio = Field(default=PPM, description="what is added to a yuan: 1.0 doubles it")
    tiers: tuple[MatchTier, ...] = Field(default=(), description="by size of the gift, instead of one ratio")
    most: Fen = Field(default=100_000, description="for one gift")
    per_account: Fen = Field(default=100_000, description="for one account in the run; 0 is without limit")
    first: bool = Field(default=False, description="only somebody's first gift in the run")
    cause: Cause | None = Field(default=None, description="only for projects of this cause")
    lot: bool = Field(default=False, description="by lot: a random multiple, in the mean the ratio")
    named: bool = Field(default=False, description="the sponsor's name stands beside it")


class Cofund(Settings):
    """The platform or a sponsor adds to what sellers pledge from a sale."""

    pool: str = Field(description="whose money")
    ratio: Ratio = Field(default=PPM, description="what is added to a yuan: 1.0 doubles it")
    above: Fen = Field(default=0, description="only for pledges of at least so much")
    most: Fen = Field(default=100_000, description="for one order")
    per_account: Fen = Field(default=100_000, description="for one buyer in the run; 0 is without limit")


class Nudge(Settings):
    """A message that reminds people to come."""

    at: Moment = Field(description='by the clock of Shanghai: "20:00"')
    weekly: Annotated[Whole, Field(ge=1, le=7)] = Field(
        default=7, description="at most so many in seven days"
    )
    streak_breaks: bool = Field(default=False, description="only to whom the day would break a streak")


class Form(Settings):
    """How a rule pays: exactly one of the first group, and what goes with it."""

    add: Count | None = Field(default=None, description="beans more")
    add_hours: Minutes | None = Field(default=None, description="charity hours more")
    times: Ratio | None = Field(default=None, description="times what the deed pays")
    tiers: tuple[Tier, ...] = Field(
        default=(), description="beans by how often it was done, instead of what it pays"
    )
    limit: Annotated[Whole, Field(ge=1, le=3)] | None = Field(
        default=None, description="can be done so often a day, 1 … 3"
    )
    cap: Count | None = Field(default=None, description="at most so many beans over `per`")
    fading_cap: Count | None = Field(
        default=None, description="beyond so many beans over `per` only a share `keeps`"
    )
    streak: Streak | None = Field(
        default=None, description="days in a row pay more: { steps = [{ day = 3, times = 1.2 }] }"
    )
    goal: Goal | None = Field(
        default=None, description="so many deeds, or beans held, are a goal: { deeds = 5, prize = 200 }"
    )
    lottery: Lottery | None = Field(
        default=None,
        description='a prize by lot: { chance = "1 %", money = "20 yuan" }; the budget is the pot',
    )
    badges: Badges | None = Field(
        default=None, description='tiers of merit: { tiers = [{ label = "铜", hours = 3 }] }'
    )
    rank: Rank | None = Field(
        default=None,
        description='the best share a prize: { of = "team", places = 10, money = "50_000 yuan" }',
    )
    share: Shared | None = Field(
        default=None,
        description="together they reach it, everybody gets the same: { deeds = 100, beans = 50 }",
    )
    refer: Refer | None = Field(
        default=None,
        description="beans on the first deed of who was invited: { inviter = 100, invitee = 100 }",
    )
    match: Match | None = Field(
        default=None, description='a sponsor adds to gifts: { pool = "main", ratio = 1.0 }'
    )
    cofund: Cofund | None = Field(
        default=None, description='a sponsor adds to what sellers pledge: { pool = "orders" }'
    )
    nudge: Nudge | None = Field(
        default=None, description='a message that reminds: { at = "20:00", weekly = 3 }'
    )
    price: Positive | None = Field(default=None, description="beans that make a yuan when they are given")
    decay: Portion | None = Field(
        default=None, description="share of harvested beans that goes at every midnight"
    )

    of: Literal["beans", "hours", "both"] = Field(default="beans", description="what `times` multiplies")
    each: Positive | None = Field(default=None, description="with add, times: only every so many-th")
    per: Per = Field(default="day", description="over what tiers, each, cap, goal, rank and share count")
    keeps: Portion = Field(
        default=PPM // 2, description="with fading_cap: the share that is still paid beyond it"
    )
    later: Duration | None = Field(default=None, description="with add, times: paid so much later")

    @property
    def kinds(self) -> list[str]:
        """The forms that are written: exactly one in a sound rule (add and add_hours count as one)."""
        held = self.__dict__
        written = [kind for kind in KINDS if held[kind] is not None and held[kind] != ()]
        return [kind for kind in written if kind != "add_hours" or "add" not in written]

    @property
    def kind(self) -> str:
        """The form of a sound rule."""
        return self.kinds[0]


KINDS = (
    "add", "add_hours", "times", "tiers", "limit", "cap", "fading_cap", "streak", "goal", "lottery", "badges", "rank",
    "share", "refer", "match", "cofund", "nudge", "price", "decay",
)  # fmt: skip
PAYS = ("add", "add_hours", "times", "tiers", "streak")  # what changes the pay of a deed
LIMITS = ("limit", "cap", "fading_cap")  # … and what cuts it


class Rule(Settings):
    """One incentive rule: for whom, when, for what, in which form, and up to which cost."""

    why: str = Field(default="", description="what it is for; shown to people, not read")
    what: Names = Field(
        default=(ANY,), description="a deed, several, or: order, gift, invite, join, pledge, any"
    )
    who: Who = Field(
        default=Who(), description='for whom: { joined_within = "7 days" }; left out, for everybody'
    )
    when: When = Field(
        default=When(), description='at which times: { hours = "18:00-22:00" }; left out, always'
    )
    form: Form = Field(description="in which form: exactly one, { add = 10 } or { times = 2.0 } or …")
    budget: Fen | None = Field(default=None, description="at real size; the rule ends when it is spent")


class City(Settings):
    """A place whose people can be told apart; together at most all users."""

    label: str = Field(description="what people read: 杭州")
    share: Share = Field(description="of all users")
