"""Which settings act only where something else holds: a table, one line a condition and what hangs on it.

A setting that is not named here always acts. `sim.loading.idle` refuses those written where they do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sim.loading.lines import Path
from sim.loading.ruleacts import brings_beans, for_teams, happens, opens, worth_something
from sim.scenario import Scenario, has_members, since_start


@dataclass(frozen=True)
class Condition:
    """What must hold for a setting to act: the test, how to say it, and the settings it reads (* for any key).

    `holds` is asked with the scenario and the setting's own path, which names its entry.
    """

    holds: Callable[[Scenario, Path], bool]
    needs: str
    reads: tuple[Path, ...]


def _when(holds: Callable[[Scenario, Path], bool], needs: str, *reads: str) -> Condition:
    return Condition(holds, needs, tuple(tuple(path.split(".")) for path in reads))


def _does(effect: str) -> Callable[[Scenario, Path], bool]:
    return lambda s, _: any(deed.effect == effect for deed in s.deeds.values())


def _serves(*what: str) -> Callable[[Scenario, Path], bool]:
    return lambda s, _: any(pool.serves in what for pool in s.pools.values())


def _deedbrings_beans(s: Scenario) -> bool:
    return any(deed.beans for deed in s.deeds.values())


def _served(s: Scenario, path: Path) -> bool:
    """Whether anybody can claim from the pool at a path. (Teams' pools have a rule of their own.)"""
    effects = {deed.effect for deed in s.deeds.values()}
    forms = [rule.form.match or rule.form.cofund for rule in s.rules.values()]
    named = str(path[1]) in {form.pool for form in forms if form is not None}
    asks = {
        "gifts": named and ("gift" in effects or s.ngos.recycling_share > 0),
        "orders": named,
        "beans": "bean_gift" in effects,
    }
    return asks.get(s.pools[str(path[1])].serves, True)


def _minors(s: Scenario) -> bool:
    return any(segment.minor for segment in s.segments.values())


def _within(s: Scenario, _: Path) -> bool:
    at = s.ngos.scandal_at
    return at is None or 0 <= since_start(s, at) < s.scenario.length


PLAY = _when(lambda s, _: s.play.open, "open = true in [play]", "play.open")
TEAMS = _when(lambda s, _: s.teams.open, "open = true in [teams]", "teams.open")
COMPETING = _when(lambda s, _: s.teams.mode == "competition", 'mode = "competition" in [teams]', "teams.mode")
ACCOUNT = _when(lambda s, _: s.account.open, "open = true in [account]", "account.open")
GIFTS = _when(_does("gift"), 'a deed with effect = "gift"', "deeds.*.effect")
BEAN_GIFTS = _when(_does("bean_gift"), 'a deed with effect = "bean_gift"', "deeds.*.effect")
REDEEMS = _when(_does("redeem"), 'a deed with effect = "redeem"', "deeds.*.effect")
VOLUNTEERS = _when(_does("volunteer"), 'a deed with effect = "volunteer"', "deeds.*.effect")
JOINED = _when(_does("team"), 'a deed with effect = "team"', "deeds.*.effect")
GROWING = _when(
    lambda s, _: bool(_deedbrings_beans(s) or s.orders.beans or any(map(brings_beans, s.rules.values()))),
    "something that brings beans", "deeds.*.beans", "orders.beans", "rules.*.form",
)  # fmt: skip
EXCHANGED = _when(
    lambda s, _: s.farmers.entry or _does("bean_gift")(s, ()), 'a deed with effect = "bean_gift", or farmers who enter',
    "deeds.*.effect", "farmers.entry",
)  # fmt: skip
ONE_PERIOD = _when(lambda s, _: s.beans.valid_months == 0, "valid_months = 0", "beans.valid_months")
NOT_OF_AGE = _when(
    lambda s, _: _minors(s) or s.farmers.share > 0 or s.farmers.entry,
    "a segment with minor = true, or farmers", "segments.*.minor", "farmers.share", "farmers.entry",
)  # fmt: skip
REACHED = _when(
    lambda s, path: not s.benefits[str(path[1])].youth or _minors(s),
    "a segment with minor = true, as it is for youth accounts", "benefits.*.youth", "segments.*.minor",
)  # fmt: skip
FOR_MINORS = _when(
    lambda s, _: bool(s.benefits) or any(d.adults_only for d in s.deeds.values()),
    "a deed with adults_only = true, or benefits", "deeds.*.adults_only", "benefits.*",
)  # fmt: skip
SERVED = _when(
    _served, "what asks it: a rule with form.match or form.cofund that names it, or a deed with effect = \"bean_gift\"",
    "pools.*.serves", "deeds.*.effect", "ngos.recycling_share", "rules.*.form",
)  # fmt: skip
ANNOUNCED = _when(
    lambda s, _: any(map(opens, s.rules.values())),
    "something that opens: a match, or a rule that holds at some times only", "rules.*",
)  # fmt: skip
GIFTS_MATCHED = _when(
    lambda s, _: any(rule.form.match is not None for rule in s.rules.values()),
    "a rule with form.match",
    "rules.*.form",
)
TEAMS_PAID = _when(_serves("teams"), 'a pool with serves = "teams"', "pools.*.serves")
GOALS = _when(
    lambda s, _: s.projects.targets_total > 0, "targets_total in [projects]", "projects.targets_total"
)
LIMITED = _when(
    lambda s, _: s.projects.limited_share > 0, "limited_share above 0 in [projects]", "projects.limited_share"
)
ENDING = _when(
    lambda s, _: s.projects.lasts < s.scenario.length, "lasts below the scenario's length in [projects]",
    "projects.lasts", "scenario.length",
)  # fmt: skip
ITS_CAUSE = _when(
    lambda s, path: s.projects.causes.get(path[2], 0) > 0,  # type: ignore[call-overload]
    "a share of this cause in [projects.causes]", "projects.causes.*",
)  # fmt: skip
INSIDE = _when(_within, "an instant within the scenario", "scenario.start", "scenario.length")
STAFF = _when(lambda s, _: s.staff.share > 0, "share above 0 in [staff]", "staff.share")
FARMERS = _when(
    lambda s, _: s.farmers.share > 0 or s.farmers.entry, "farmers: a share above 0, or entry = true",
    "farmers.share", "farmers.entry",
)  # fmt: skip
FARMS_ENTER = _when(lambda s, _: s.farmers.entry, "entry = true in [farmers]", "farmers.entry")
DEVICES = _when(lambda s, _: s.farmers.device_cap > 0, "a device_cap above 0", "farmers.device_cap")
PARTNER = _when(lambda s, _: s.account.partner_share > 0, "partner_share above 0", "account.partner_share")
UPLOADS = _when(
    lambda s, _: s.account.partner_records_per_week > 0, "partner_records_per_week above 0",
    "account.partner_records_per_week",
)  # fmt: skip
HELD = _when(
    lambda s, _: s.account.holders_at_start > 0 or (s.play.open and _does("account")(s, ())),
    'holders: holders_at_start above 0, or a deed with effect = "account"',
    "account.holders_at_start", "deeds.*.effect", "play.open",
)  # fmt: skip
POSTED = _when(lambda s, _: s.sharing.post > 0, "post above 0 in [sharing]", "sharing.post")
INVITED = _when(lambda s, _: s.sharing.invite > 0, "invite above 0 in [sharing]", "sharing.invite")
PASSED_ON = _when(
    lambda s, _: (PLAY.holds(s, ()) and GIFTS.holds(s, ())) or (s.merchants.badge and bool(s.festivals)),
    'a deed with effect = "gift", or a festival with badge = true in [merchants]',
    "play.open", "deeds.*.effect", "festivals.*", "merchants.badge",
)  # fmt: skip
REGULARS = _when(lambda s, _: s.shopping.regular_share > 0, "regular_share above 0", "shopping.regular_share")
OTHERS = _when(lambda s, _: s.shopping.regular_share < 1, "regular_share below 1", "shopping.regular_share")
FESTIVALS = _when(lambda s, _: bool(s.festivals), "a festival", "festivals.*")
PRESALE = _when(
    lambda s, path: s.festivals[str(path[1])].presale_from is not None,
    "presale_from",
    "festivals.*.presale_from",
)
PRESOLD = _when(
    lambda s, path: s.festivals[str(path[1])].presale_share > 0, "a presale_share above 0",
    "festivals.*.presale_share",
)  # fmt: skip
BY_HAND = _when(lambda s, _: s.orders.by_hand > 0, "by_hand above 0", "orders.by_hand")
MAILED = _when(lambda s, _: s.orders.mail_share > 0, "mail_share above 0", "orders.mail_share")
VIRTUAL = _when(lambda s, _: s.orders.virtual_share > 0, "virtual_share above 0", "orders.virtual_share")
NAMED = _when(
    lambda s, path: any(path[1] in rule.who.city for rule in s.rules.values()),
    "a rule that names this city in who", "rules.*.who.city", "rules.*.who",
)  # fmt: skip
RULED = _when(
    lambda s, path: s.play.open or s.rules[str(path[1])].form.cofund is not None,
    "open = true in [play]",
    "play.open",
)
HAPPENS = _when(
    lambda s, path: any(happens(s, thing) for thing in s.rules[str(path[1])].what or ("any",)),
    'what it is about: a deed with effect = "gift", or invite or charity_share above 0',
    "rules.*.what", "deeds.*.effect", "sharing.invite", "merchants.charity_share", "ngos.recycling_share",
)  # fmt: skip
HOLDERS = _when(
    lambda s, path: s.account.open or s.rules[str(path[1])].who.holder is not True,
    "open = true in [account], as it is for who holds one", "account.open", "rules.*.who.holder",
)  # fmt: skip
MEMBERS = _when(
    lambda s, path: has_members(s) or s.rules[str(path[1])].who.team is not True,
    'open = true in [teams] and a deed with effect = "team", as it is for who is in one',
    "teams.open", "deeds.*.effect", "rules.*.who.team",
)  # fmt: skip
MULTIPLIES = _when(
    lambda s, path: worth_something(s, str(path[1]), before=True),
    "something to multiply: a worth of its deeds, or a rule before it that adds",
    "rules.*", "deeds.*.beans", "deeds.*.hours", "orders.beans", "orders.hours",
)  # fmt: skip
CAPPED = _when(
    lambda s, path: worth_something(s, str(path[1]), before=False),
    "beans to cut: of its deeds, or of a rule that adds", "rules.*", "deeds.*.beans", "orders.beans",
)  # fmt: skip
HOURS = _when(
    lambda s, _: any(deed.hours or deed.effect == "volunteer" for deed in s.deeds.values()) or s.orders.hours > 0,
    "something that brings charity hours", "deeds.*.hours", "deeds.*.effect", "orders.hours",
)  # fmt: skip
OF_TEAMS = _when(
    lambda s, path: has_members(s) or not for_teams(s.rules[str(path[1])].form),
    'open = true in [teams] and a deed with effect = "team"',
    "teams.open", "deeds.*.effect", "rules.*.form.rank.of", "rules.*.form.share.of",
)  # fmt: skip
RECRUITED = _when(
    lambda s, _: s.sharing.invite > 0 and s.sharing.invite_recruits > 0,
    "invite and invite_recruits above 0 in [sharing]", "sharing.invite", "sharing.invite_recruits",
)  # fmt: skip

# Conditions, and the settings that act only where all of them hold. A whole entry stands for what is in it.
TABLE: tuple[tuple[tuple[Condition, ...], str], ...] = (
    ((PLAY,), "scenario.profile orders.beans phases.* deeds.* channels.*.hours_shift channels.*.mix"),
    ((PLAY,), "segments.*.activity segments.*.mix staff.share"),
    ((PLAY,), "play.players_at_start play.entry_per_visit play.sessions_extra play.attention"),
    ((PLAY, ANNOUNCED), "play.anticipation"),
    ((PLAY,), "farmers.share farmers.entry"),
    ((PLAY,), "farmers.wrongly_blocked"),  # honest users are blocked also where there are no farmers
    ((PLAY, FOR_MINORS), "segments.*.minor"),
    ((PLAY, GROWING), "beans.ripen beans.fade beans.valid_months"),
    ((PLAY, GROWING, ONE_PERIOD), "beans.valid_after_end"),
    ((PLAY, EXCHANGED), "beans.per_yuan"),
    ((PLAY, BEAN_GIFTS), "beans.give_all"),
    ((TEAMS,), "deeds.*.team teams.users_each teams.minimum teams.maximum teams.challenge teams.mode"),
    ((TEAMS, TEAMS_PAID, COMPETING), "teams.upper_half_bonus"),
    ((NOT_OF_AGE,), "deeds.*.adults_only"),
    ((PLAY, JOINED), "teams.open"),
    ((TEAMS, TEAMS_PAID), "teams.points_per_unlock teams.fen_per_unlock"),
    ((SERVED,), "pools.*"),
    ((PLAY, REDEEMS), "redemptions.*"),
    ((PLAY, GIFTS), "gifts.intercept gifts.first_median gifts.donors_at_start sharing.invite"),
    ((PASSED_ON,), "sharing.post"),
    ((PLAY, GIFTS, GIFTS_MATCHED), "gifts.match_effect"),
    ((PLAY, GIFTS, GOALS, LIMITED), "gifts.completion"),
    ((PLAY, GIFTS, POSTED), "sharing.post_recruits"),
    ((PLAY, GIFTS, INVITED), "sharing.invite_recruits"),
    ((LIMITED,), "projects.targets_total"),
    ((GOALS,), "projects.target_sigma projects.limited_share"),
    ((GOALS, LIMITED), "projects.lasts"),
    ((GOALS, LIMITED, ENDING), "projects.unfunded"),
    ((ITS_CAUSE,), "projects.fen_per_person.*"),
    ((INSIDE,), "ngos.scandal_at"),
    ((PLAY, FARMERS, GIFTS_MATCHED), "ngos.recycling_share"),
    ((PLAY, VOLUNTEERS), "activities.users_each activities.places activities.hours activities.notice"),
    ((PLAY, VOLUNTEERS), "activities.no_show"),
    ((PLAY, STAFF), "staff.norm"),
    ((PLAY, STAFF, VOLUNTEERS), "staff.push"),
    ((PLAY, FARMERS), "farmers.removal_per_day farmers.device_cap"),
    ((PLAY, FARMS_ENTER), "farmers.account_cost farmers.entry_audit"),
    ((PLAY, FARMERS, DEVICES), "farmers.devices"),
    ((HELD,), "account.open"),
    ((ACCOUNT,), "account.native account.works account.studies account.lives account.holders_at_start"),
    ((ACCOUNT,), "account.partner_share"),
    ((ACCOUNT, REACHED), "benefits.*"),
    ((ACCOUNT, PARTNER), "account.partner_records_per_week"),
    ((ACCOUNT, PARTNER, UPLOADS), "account.partner_repeats"),
    ((REGULARS,), "shopping.regular_orders_per_31_days shopping.regular_sigma"),
    ((OTHERS,), "shopping.occasional_orders_per_year"),
    ((PRESOLD,), "festivals.*.presale_from"),
    ((PRESALE, PRESOLD), "festivals.*.presale_balance_at"),
    ((FESTIVALS,), "merchants.promotion_pull"),
    ((BY_HAND,), "orders.delivery_median orders.delivery_sigma orders.by_hand_median orders.by_hand_sigma"),
    ((MAILED,), "orders.mail_timer"),
    ((VIRTUAL,), "orders.virtual_timer"),
    ((NAMED,), "cities.*"),
    ((RULED, HAPPENS, HOLDERS, MEMBERS), "rules.*"),
    ((MULTIPLIES,), "rules.*.form.times rules.*.form.streak.steps"),
    ((CAPPED,), "rules.*.form.cap rules.*.form.fading_cap"),
    ((EXCHANGED,), "rules.*.form.price"),
    ((GROWING,), "rules.*.form.decay rules.*.form.goal.beans"),
    ((HOURS,), "rules.*.form.badges"),
    ((OF_TEAMS,), "rules.*.form.rank rules.*.form.share"),
    ((RECRUITED,), "rules.*.form.refer"),
)  # fmt: skip
CONDITIONS: dict[Path, tuple[Condition, ...]] = {
    tuple(path.split(".")): conditions for conditions, paths in TABLE for path in paths.split()
}


def missing(scenario: Scenario, path: Path) -> Iterator[tuple[Path, Condition]]:
    """What a setting needs and does not have: at its own path, or at the entry in which it stands."""
    for pattern, conditions in CONDITIONS.items():
        here = path[: len(pattern)]
        if len(here) == len(pattern) and all(a in ("*", b) for a, b in zip(pattern, here, strict=True)):
            yield from ((here, one) for one in conditions if not one.holds(scenario, here))
