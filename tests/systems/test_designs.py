"""Incentive designs are data: changing a rule's value changes what it should, and needs no code."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.bookkeeping import Kind
from sim.errors import ScenarioError
from sim.loading import load_scenario, scenario_text
from sim.scenario import Scenario, Settings
from sim.spans import DAY_US, HOUR_US, MINUTE_US
from tests.systems.runs import PLENTY, Run, run, week_beans

USERS = 6_000
UP, DOWN = 1, -1
DESCRIBES = {"title", "summary", "label", "sponsor", "designs", "causes"}  # printed, or read as a table

# Path of the week's scenario, another value, the metric that answers, and the direction.
ANSWERS: list[tuple[str, Any, str, int]] = [
    ("play.entry_per_visit", 0.1, "new_players", UP),
    ("play.players_at_start", 0.05, "participants", DOWN),
    ("play.sessions_extra", 0.2, "sessions", DOWN),
    ("rules.reminder", False, "sessions", DOWN),
    ("phases.week.lift_start", 3.0, "sessions", UP),
    ("rules.week_beans", week_beans(2.0)["rules__week_beans"], "beans_issued", UP),
    ("beans.fade", "24 h", "beans_expired", UP),
    ("beans.valid_after_end", "1 day", "beans_expired", UP),
    ("rules.daily_cap.form.cap", 60, "beans_issued", DOWN),
    ("beans.per_yuan", 200, "bean_gift_fen", DOWN),  # the pool lasts
    ("redemptions.voucher.value", "20 yuan", "deeds", UP),
    ("play.attention", False, "deeds", UP),
    ("play.anticipation", False, "queue", DOWN),
    ("rules.streak", False, "beans_issued", DOWN),
    ("rules.streak.form.streak.steps", [{"day": 1, "times": 1.25}, {"day": 2, "times": 1.5}], "beans_issued", UP),
    ("rules.teams.form.times", 2.0, "beans_issued", UP),
    ("rules.goal.form.goal.beans", 5_000, "deeds", DOWN),
    ("rules.goal.form.goal.head_start", 50, "beans_issued", UP),
    ("beans.give_all", 0.0, "beans_donated", DOWN),
    ("deeds.quiz.beans", 60, "deeds/quiz", UP),
    ("deeds.quiz.cost", "2 yuan", "deeds/quiz", DOWN),
    ("deeds.quiz.ease", 0.5, "deeds/quiz", UP),
    ("rules.twice_a_day.form.limit", 1, "deeds/quiz", DOWN),
    ("deeds.steps.hours", 0.2, "minutes_labour", UP),
    ("deeds.steps.kind", "donated", "minutes_donated", UP),
    ("deeds.steps.adults_only", True, "deeds/steps", DOWN),
    ("deeds.steps.needs_account", True, "deeds/steps", DOWN),
    ("deeds.gift.ease", 1.0, "gifts", UP),
    ("orders.beans", 0, "beans_issued", DOWN),
    ("orders.hours", 0.2, "minutes_donated", UP),
    ("rules.daily_match.form.match.ratio", 0.5, "gifts_matched_share", UP),
    ("rules.daily_match.form.match.most", "1 yuan", "gifts_matched_share", UP),
    ("pools.beans.total", "200_000 yuan", "beans_donated", DOWN),
    ("pools.teams.total", "200_000 yuan", "unlocked_fen", DOWN),
    ("redemptions.voucher.beans", 300, "redeemed", UP),
    ("redemptions.badge.stock", 0, "redeemed", DOWN),
    ("redemptions.badge.cancel", 1.0, "beans_redeemed", DOWN),
    ("gifts.intercept", 0.0, "gifts", UP),
    ("gifts.match_effect", 1.5, "gifts", UP),
    ("rules.daily_match.form.match.named", False, "gifts", DOWN),
    ("gifts.first_median", "10 yuan", "gift_fen", UP),
    ("gifts.donors_at_start", 1.0, "gift_fen", UP),
    ("teams.points_per_unlock", 300, "unlocked_fen", DOWN),
    ("teams.fen_per_unlock", "10 yuan", "unlocked_fen", DOWN),  # the pool lasts
    ("teams.challenge", "10 days", "team_points", UP),
    ("rules.pass_on.form.add", 100, "shares", UP),
    ("sharing.post", 0.5, "shares", UP),
    ("activities.users_each", 6_000, "sign_ups", DOWN),
    ("hours.donated_cap", 0.1, "minutes_donated", DOWN),
    ("merchants.minimum_pledge", "0.05 yuan", "charity_orders", DOWN),
    ("merchants.charity_share", 0.1, "charity_orders", DOWN),
    ("farmers.removal_per_day", 0.0, "blocked", DOWN),
    ("staff.share", 0.2, "participants", UP),
    ("segments.minors.share", 3.0, "gifts", DOWN),
]  # fmt: skip


def opening_minutes(r: Run) -> int:
    """Sessions in the ten minutes after the daily pool opens, at nine."""
    t = r.rows(Kind.SESSION)["t"] % DAY_US
    return int(((t >= 9 * HOUR_US) & (t < 9 * HOUR_US + 10 * MINUTE_US)).sum())


def measured(metric: str, changes: dict[str, Any]) -> float:
    """A metric of the week with these changes; some are counted here."""
    paths = {path.replace(".", "__"): value for path, value in changes.items()}
    r = run("week95_2022", USERS, **PLENTY | paths)
    counted = {
        "deeds": lambda: r.tables["days"]["deeds"].sum(),
        "queue": lambda: opening_minutes(r),
        "sessions": lambda: r.tables["days"]["sessions"].sum(),
        "shares": lambda: r.tables["days"]["shares"].sum(),
        "bean_gift_fen": lambda: r.tables["days"]["bean_gift_fen"].sum(),
        "unlocked_fen": lambda: r.tables["days"]["unlocked_fen"].sum(),
        "redeemed": lambda: r.deeds("redeem")["times"],
        "sign_ups": lambda: len(r.campaign.activities.table),
        "team_points": lambda: r.tables["teams"]["points"].sum(),
        "blocked": lambda: r.tables["abuse"]["blocked"].sum(),
    }
    if metric.startswith("deeds/"):
        return float(r.deeds(metric.removeprefix("deeds/"))["times"])
    return float(counted[metric]() if metric in counted else r.metrics[metric])


@pytest.mark.parametrize(("path", "value", "metric", "direction"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_a_rule_value_changes_its_outcome_without_code(
    path: str, value: Any, metric: str, direction: int
) -> None:
    """Another value in the file moves the metric it is there for, in the direction it should."""
    before, after = measured(metric, {}), measured(metric, {path: value})
    assert (after - before) * direction > 0, f"{metric}: {before:g} → {after:g}"


def test_a_deed_may_not_promise_what_its_effect_never_pays(tmp_path: Path) -> None:
    """Beans for giving beans, or hours for a voucher, would draw people and never come: refused by name."""
    text = scenario_text("hello").replace(
        'effect = "bean_gift"\nkind = "donated"', 'effect = "bean_gift"\nkind = "donated"\nbeans = 5'
    )
    file = tmp_path / "promise.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"deeds\.bean_gift\.beans: must be 0"):
        load_scenario(file)


@pytest.mark.parametrize(
    ("written", "other", "found"),
    [
        ("ease = -1.0", "ease = 1000.0", r"deeds\.quiz\.ease"),
        ('cost = "0.2 yuan"', 'cost = "0 yuan"', r"deeds\.quiz\.cost"),
        ('fade = "72 h"', 'per_yuan = 1_000_000\nfade = "72 h"', r"beans\.per_yuan"),
    ],
)
def test_what_no_rule_can_reckon_with_is_refused(
    tmp_path: Path, written: str, other: str, found: str
) -> None:
    """Odds beyond all numbers, deeds that cost nothing, beans of which a hundred are no fen: by name, before a run."""
    text = scenario_text("hello")
    assert written in text
    file = tmp_path / "odd.toml"
    file.write_text(text.replace(written, other, 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=found):
        load_scenario(file)


def fields(model: type[Settings] = Scenario, seen: frozenset[type] = frozenset()) -> set[str]:
    """The names of all settings, of every table and entry."""
    names: set[str] = set()
    for name, field in model.model_fields.items():
        names.add(name)
        for module, part in re.findall(r"(sim\.scenario(?:\.\w+)?)\.(\w+)", str(field.annotation)):
            inner = getattr(import_module(module), part)
            if inner not in seen:
                names |= fields(inner, seen | {inner})
    return names


def test_every_setting_is_read_by_the_engine() -> None:
    """No setting is a label: each is an attribute that engine, agents, observers or the scenario itself read, by itself
    or as one of several by their names."""
    folder = Path(sim.__file__).parent
    code = "".join(
        f.read_text("utf-8")
        for part in ("engine", "agents", "observation", "scenario")
        for f in sorted((folder / part).glob("*.py"))
    )
    unread = {name for name in fields() - DESCRIBES if not re.search(rf'\.{name}\b|\("{name}", ', code)}
    assert len(fields()) > 100
    assert unread == set()
