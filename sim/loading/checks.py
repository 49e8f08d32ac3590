"""What must hold between the settings of a scenario: a list of small rules, each over the whole scenario.

Rules about a single value stand with its type (`sim.units`, `sim.scenario`), those about time in `calendar`, those
about incentives in `rulechecks`, `ruleforms`, `people` and `ruleclashes`.
A rule yields a Finding for each breach; one that leans on other settings names them in `reads`, so that it
keeps silent about what is only the consequence of another mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sim.loading import calendar, people, rulechecks, ruleclashes, ruleforms
from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.loading.ruleforms import MOST_BEANS, MOST_FEN
from sim.loading.shape import leans_on
from sim.scenario import Scenario
from sim.spans import DAY_US, HOUR_US
from sim.suggestions import did_you_mean
from sim.units import format_duration, format_fen

MOST = {
    "festivals": 16,
    "deeds": 24,
    "channels": 12,
    "segments": 6,
    "pools": 16,
    "redemptions": 8,
    "benefits": 8,
    "rules": 48,  # a set of rules is a number, one bit a rule
    "cities": 24,
}
GROWING_DAYS = 4  # ripen + fade: a user's row keeps five days of growing beans
NAMED = ("phases", *MOST, "designs")
_NAME = re.compile(r"[\w-]+")


def sample_of_the_population(s: Scenario) -> Findings:
    """The simulated users are a sample of the real ones."""
    if s.scenario.users > s.scenario.real_users:
        real = s.scenario.real_users
        problem = f"is more than the real_users they stand for ({real}); lower it or raise real_users"
        yield Finding(("scenario", "users"), problem, (("scenario", "real_users"),))


def bean_growth(s: Scenario) -> Findings:
    """Beans ripen in whole days or in hours that divide one, and fade by the hour, within four days together."""
    beans = s.beans
    for key in ("ripen", "fade"):
        if getattr(beans, key) < HOUR_US or getattr(beans, key) % HOUR_US:
            yield Finding(("beans", key), 'must be whole hours, at least one; write it like "12 h"')
        elif key == "ripen" and beans.ripen % DAY_US and DAY_US % beans.ripen:
            yield Finding(
                ("beans", key),
                "must be whole days or hours that divide a day: 1, 2, 3, 4, 6, 8, 12, 24 h and so on",
            )
    if beans.ripen + beans.fade > GROWING_DAYS * DAY_US:
        spent = format_duration(beans.ripen)
        problem = f"makes more than {GROWING_DAYS} days together with ripen ({spent}); shorten one of them"
        yield Finding(("beans", "fade"), problem, (("beans", "ripen"),))


def amounts_fit(s: Scenario) -> Findings:
    """Amounts fit their columns: 32 bits for gifts and what is matched, 16 for beans that grow."""
    if s.gifts.first_median > MOST_FEN:
        yield Finding(("gifts", "first_median"), f"is too large; use at most {format_fen(MOST_FEN)}")
    beans: list[tuple[Path, int]] = [(("deeds", n, "beans"), d.beans) for n, d in s.deeds.items()]
    for path, amount in beans:
        if amount > MOST_BEANS:
            yield Finding(path, f"is too large; use at most {MOST_BEANS} beans")


def at_most_so_many(s: Scenario) -> Findings:
    """A user's row and the tables every user reads have room for so many entries."""
    for section, most in MOST.items():
        names = list(getattr(s, section))
        if len(names) > most:
            problem = f"is the {most + 1}th of {len(names)} {section}; keep at most {most}"
            yield Finding((section, names[most]), problem, ((section, "*"),))


def names_can_be_written(s: Scenario) -> Findings:
    """Names stand in dotted paths and metric groups, so they have no dots or blanks."""
    for section in NAMED:
        for name in getattr(s, section):
            if not _NAME.fullmatch(name):
                yield Finding((section, name), "is not a name; use letters, digits, - and _ only")


def texts_say_something(s: Scenario) -> Findings:
    """Titles, labels and sponsors are printed, so they are not blank."""
    texts: list[tuple[Path, str]] = [(("scenario", "title"), s.scenario.title)]
    for section in ("deeds", "channels", "segments", "redemptions", "benefits", "cities"):
        texts += [((section, name, "label"), entry.label) for name, entry in getattr(s, section).items()]
    for path, text in texts:
        if not text.strip():
            yield Finding(path, "is blank; write what people should read")
    for name, pool in s.pools.items():
        if not pool.sponsor.strip():
            yield Finding(("pools", name, "sponsor"), "is blank; every pool needs a sponsor who pays")


def mixes(s: Scenario) -> Findings:
    """A mix adds log-odds to deeds of the catalogue."""
    for section in ("channels", "segments"):
        for name, entry in getattr(s, section).items():
            for deed in entry.mix:
                if deed not in s.deeds:
                    hint = did_you_mean(deed, list(s.deeds)) or "; add it to the catalogue first"
                    problem = f"is no deed of this scenario{hint}"
                    yield Finding((section, name, "mix", deed), problem, (("deeds", deed),))


def shares_add_up_to_something(s: Scenario) -> Findings:
    """Audiences, segments, causes and weekdays are relative to their sum."""
    groups: list[tuple[Path, str, Iterable[float]]] = [
        (("channels",), "audience", [c.audience for c in s.channels.values()]),
        (("segments",), "share", [g.share for g in s.segments.values()]),
        (("projects", "causes"), "share", s.projects.causes.values()),
        (("shopping", "weekday"), "factor", s.shopping.weekday),
    ]
    for path, what, values in groups:
        values = list(values)
        if (values or path[0] in ("projects", "shopping")) and sum(values) <= 0:
            reads: Path = (*path, "*", what) if len(path) == 1 else (*path, "*")
            yield Finding(path, f"have no {what} above 0; give at least one of them some", (reads,))
    if len(s.shopping.weekday) != 7:
        yield Finding(("shopping", "weekday"), f"has {len(s.shopping.weekday)} entries; give 7, Monday first")


def cities_hold_at_most_everybody(s: Scenario) -> Findings:
    """Cities are places apart; who lives in none of them lives elsewhere."""
    upto = 0.0
    for name, city in s.cities.items():
        upto += city.share
        if upto > 1 + 1e-9:
            problem = f"makes {upto:.4g} of all users together with the cities before it; keep it at most 1"
            yield Finding(("cities", name, "share"), problem, (("cities", "*", "share"),))
            break


def causes_have_a_price(s: Scenario) -> Findings:
    """A cause that gets projects needs the money that helps one person."""
    for cause in s.projects.causes:
        if cause not in s.projects.fen_per_person:
            problem = f"lacks the cause {cause}; add what helps one person, in fen"
            yield Finding(("projects", "fen_per_person"), problem, (("projects", "causes", "*"),))


def effects_have_a_counterpart(s: Scenario) -> Findings:
    """A deed whose effect needs something else finds it in the scenario."""
    serves_beans = any(p.serves == "beans" for p in s.pools.values())
    needs: dict[str, tuple[bool, str, Path]] = {
        "bean_gift": (serves_beans, 'a pool with serves = "beans" to pay for them', ("pools", "*", "serves")),
        "redeem": (bool(s.redemptions), "a table in [redemptions]", ("redemptions", "*")),
        "team": (s.teams.open, "open = true in [teams]", ("teams", "open")),
        "account": (s.account.open, "open = true in [account]", ("account", "open")),
    }
    for name, deed in s.deeds.items():
        found, what, reads = needs.get(deed.effect, (True, "", ()))
        if not found:
            problem = f'is "{deed.effect}", which needs {what}; add it or take the deed out'
            yield Finding(("deeds", name, "effect"), problem, (reads,))
        if deed.needs_account and not s.account.open:
            problem = "needs open = true in [account]; add it or drop this"
            yield Finding(("deeds", name, "needs_account"), problem, (("account", "open"),))


def team_pools_have_teams(s: Scenario) -> Findings:
    """A pool for teams needs teams."""
    for name, pool in s.pools.items():
        if pool.serves == "teams" and not s.teams.open:
            problem = 'is "teams", which needs open = true in [teams]; add it or take the pool out'
            yield Finding(("pools", name, "serves"), problem, (("teams", "open"),))


def hours_of_the_right_class(s: Scenario) -> Findings:
    """General participation is worth no hours; the hours of a gift are donated, never labour."""
    for name, deed in s.deeds.items():
        path: Path = ("deeds", name, "hours")
        if deed.hours and deed.kind == "general":
            problem = 'must be 0 for kind = "general"; choose "labour" or "donated" if it is worth hours'
            yield Finding(path, problem, (("deeds", name, "kind"),))
        if deed.hours and deed.kind == "labour" and deed.effect in ("gift", "bean_gift"):
            problem = 'of a gift are donated, not labour; add kind = "donated"'
            yield Finding(path, problem, (("deeds", name, "kind"), ("deeds", name, "effect")))


def promises_are_kept(s: Scenario) -> Findings:
    """Beans and hours that an effect never pays may not be promised: people would choose by them."""
    no_beans = ("bean_gift", "redeem")
    no_hours = {"volunteer": "counts as it is worked", "redeem": "is worth none", "account": "is worth none",
                "team": "is worth none"}  # fmt: skip
    for name, deed in s.deeds.items():
        reads: tuple[Path, ...] = (("deeds", name, "effect"),)
        if deed.beans and deed.effect in no_beans:
            problem = f'must be 0 for effect = "{deed.effect}": spending beans brings none'
            yield Finding(("deeds", name, "beans"), problem, reads)
        if deed.hours and deed.effect in no_hours:
            problem = f'must be 0 for effect = "{deed.effect}": it {no_hours[deed.effect]}'
            yield Finding(("deeds", name, "hours"), problem, reads)


def least_below_most(s: Scenario) -> Findings:
    """Ranges run upwards."""
    if s.teams.minimum > s.teams.maximum:
        problem = f"is below the minimum ({s.teams.minimum}); raise it"
        yield Finding(("teams", "maximum"), problem, (("teams", "minimum"),))
    low, high = s.ngos.review_days
    if not 0 <= low <= high:
        yield Finding(("ngos", "review_days"), "must be two counts of days, the smaller first")


RULES: tuple[Callable[[Scenario], Findings], ...] = (
    calendar.whole_days,
    calendar.barriers_divide_the_day,
    calendar.fine_windows,
    calendar.phases,
    calendar.festivals,
    calendar.pool_times,
    sample_of_the_population,
    bean_growth,
    amounts_fit,
    at_most_so_many,
    names_can_be_written,
    texts_say_something,
    mixes,
    shares_add_up_to_something,
    causes_have_a_price,
    effects_have_a_counterpart,
    team_pools_have_teams,
    hours_of_the_right_class,
    promises_are_kept,
    least_below_most,
    cities_hold_at_most_everybody,
    rulechecks.one_form,
    rulechecks.things_are_known,
    rulechecks.forms_are_about_something,
    rulechecks.deeds_can_be_paid,
    rulechecks.pools_are_there,
    rulechecks.causes_have_projects,
    rulechecks.times_come,
    ruleforms.modifiers_act,
    ruleforms.steps_rise,
    ruleforms.forms_do_something,
    ruleforms.goals_can_be_reached,
    ruleforms.counts_can_be_reached,
    ruleforms.lotteries_are_sound,
    ruleforms.budgets_are_spent,
    ruleforms.rule_amounts_fit,
    ruleforms.tiers_have_room,
    ruleforms.promises_have_room,
    ruleforms.badges_can_be_read,
    people.names_are_known,
    people.somebody_is_meant,
    people.somebody_may_do_it,
    ruleclashes.rules_agree,
)


def findings(scenario: Scenario, unsure: Iterable[Path] = ()) -> list[Finding]:
    """Every breach, save those that lean on an `unsure` path: one whose value had to be guessed."""
    doubts = list(unsure)
    return [
        finding
        for rule in RULES
        for finding in rule(scenario)
        if not any(leans_on(path, doubt) for path in (finding.path, *finding.reads) for doubt in doubts)
    ]
