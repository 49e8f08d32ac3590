"""The shipped scenarios: all load with all their designs, and say what the project promises of them."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sim.engine.clocks import hourly_profile
from sim.loading import json_schema, list_scenarios, load_scenario, resolved_toml, scenario_text
from sim.loading.resolved import SCHEMA_FILE
from sim.scenario import Scenario
from sim.spans import DAY_S, SECOND
from tests.commands import beanpeak

FOLDER = Path(__file__).parents[1] / "scenarios"
NAMES = sorted(f.stem for f in FOLDER.glob("*.toml"))
DAY = DAY_S * SECOND


def test_every_promised_scenario_is_there() -> None:
    """The campaigns, the year, the account, the comparisons, the ideas and hello are shipped under their names."""
    campaigns, others = (
        ["double11_2018", "week95_2022"],
        ["ideas", "match_pools", "point_farms", "zhejiang_account"],
    )
    assert sorted([*campaigns, *others, "hello", "year_fy2022"]) == NAMES
    assert set(NAMES) <= set(list_scenarios())


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_loads_with_each_of_its_designs(name: str) -> None:
    """Each design changes the settings, and there is at least one to compare with."""
    base = load_scenario(name)
    assert base.designs
    for design in base.designs:
        assert load_scenario(name, design) != base


@pytest.mark.parametrize("design", sorted(load_scenario("ideas").designs))
def test_a_scenario_under_a_design_is_shown_as_one_that_loads_by_itself(design: str, tmp_path: Path) -> None:
    """Without the designs beside it: what is shown says the same."""
    there = load_scenario("ideas", design)
    (tmp_path / "one.toml").write_text(
        beanpeak("scenarios", "show", "ideas", "--design", design, cwd=tmp_path).stdout, "utf-8"
    )
    alone = load_scenario(tmp_path / "one.toml")
    assert (alone.rules, alone.pools, alone.designs) == (there.rules, there.pools, {})


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_survives_being_written_out(name: str, tmp_path: Path) -> None:
    """The resolved settings of a result load as the scenario they came from."""
    (tmp_path / "again.toml").write_text(resolved_toml(load_scenario(name)), encoding="utf-8")
    assert load_scenario(tmp_path / "again.toml") == load_scenario(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_says_what_it_is_for(name: str) -> None:
    """The file points editors at the schema and opens with a comment; the summary is one sentence."""
    schema, comment, *_ = scenario_text(name).splitlines()
    assert schema == f"#:schema ./{SCHEMA_FILE}"
    assert re.match(r"# \w.{20,}", comment)
    assert re.fullmatch(r"[^.]{20,120}\.", load_scenario(name).scenario.summary)


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_tells_of_every_scenario(name: str) -> None:
    """The table in scenarios/README.md has a row for each file."""
    assert f"| `{name}` |" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_only_double11_claims_to_be_calibrated() -> None:
    """Volumes are published for 2018 only, so no other scenario may say it is calibrated."""
    assert [name for name in NAMES if load_scenario(name).scenario.calibrated] == ["double11_2018"]


@pytest.mark.parametrize(
    ("name", "real_users"), [("double11_2018", 666e6), ("year_fy2022", 780e6), ("week95_2022", 40e6)]
)
def test_populations_are_the_published_ones(name: str, real_users: float) -> None:
    """6.66亿 in 2018 (F), 7.8亿 in FY2022 (D), 4,000万 in the week of 2022 (A)."""
    assert load_scenario(name).scenario.real_users == real_users


def test_the_schema_is_in_step_with_the_model() -> None:
    """The schema that editors read is the one of the model."""
    stored = json.loads((FOLDER / SCHEMA_FILE).read_text(encoding="utf-8"))
    refresh = 'sim.loading.write_json_schema(Path("scenarios"))'
    assert stored == json_schema(), f"refresh it with: {refresh}"


def test_the_schema_shows_units_as_people_write_them() -> None:
    """Durations and money are texts with examples, hours are numbers, and unknown keys are refused."""
    schema = json_schema()
    beans, pool, deed = (schema["$defs"][name] for name in ("Beans", "Pool", "Deed"))
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(Scenario.model_fields)
    assert (beans["properties"]["ripen"]["type"], beans["properties"]["ripen"]["default"]) == (
        "string",
        "1 day",
    )
    assert "5000 yuan" in pool["properties"]["total"]["examples"]
    assert re.match(pool["properties"]["total"]["pattern"], "5_000 yuan")
    assert not re.match(pool["properties"]["total"]["pattern"], "5000")
    assert deed["properties"]["hours"]["type"] == "number"


def test_double11_is_a_calendar_year_with_its_fine_window() -> None:
    """2018 from January to December, by the minute from 20 October to the end of November, play closed."""
    s = load_scenario("double11_2018")
    assert (s.scenario.start.date(), s.scenario.length) == (date(2018, 1, 1), 365 * DAY)
    windows = s.clock.fine
    assert windows[0].start.isoformat() == "2018-10-20T00:00:00+08:00"
    assert windows[-1].end.isoformat() == "2018-12-01T00:00:00+08:00"
    assert all(one.end == two.start for one, two in pairwise(windows))
    assert not s.play.open
    peak = datetime.fromisoformat("2018-11-11T00:00:00+08:00")
    at_peak = [w.barrier for w in windows if w.start <= peak < w.end]
    assert at_peak == [60 * SECOND]


def test_double11_follows_the_published_curve_and_then_the_hours_of_double_12() -> None:
    """0.5, 4.7, 47 and 57 % after 21 s, 2 m 5, 1 h 47 m 37 and 8 h 9 (D); later hours as in the data (D)."""
    festival = load_scenario("double11_2018").festivals["double11"]
    assert festival.day == date(2018, 11, 11)
    points = {p.after // SECOND: p.share for p in festival.curve}
    published = {21: 0.005, 125: 0.047, 6457: 0.47, 29340: 0.57}
    assert {at: points[at] for at in published} == published
    hours = hourly_profile()["double12"]
    rest = [hours[8] * (9 * 3600 - 29340) / 3600, *hours[9:]]
    share = 0.57
    for hour, part in zip(range(9, 24), rest, strict=False):
        share += 0.43 * part / sum(rest)
        assert points[hour * 3600] == pytest.approx(share, abs=1e-4)


@pytest.mark.parametrize("name", ["double11_2018", "year_fy2022"])
def test_double12_follows_its_own_data(name: str) -> None:
    """The cumulative share of Double 12 is that of the hour shares measured on it (D)."""
    festival = load_scenario(name).festivals["double12"]
    upto = hourly_profile()["double12"].cumsum()
    assert [p.share for p in festival.curve] == pytest.approx(list(upto[:-1]), abs=1e-4)


@pytest.mark.parametrize("name", ["week95_2022", "year_fy2022"])
def test_the_catalogue_is_the_articles(name: str) -> None:
    """Twelve kinds of deed and more (F), each with the hours of the standard where they are published."""
    deeds = load_scenario(name).deeds
    assert len(deeds) >= 12
    hours = {key: deed.hours / 60 for key, deed in deeds.items()}
    published = {"blood": 4, "tree": 1, "steps": 0.1, "gift": 0.1, "review": 0.1}
    assert {key: hours[key] for key in published} == published
    assert hours["report"] + hours["quiz"] == pytest.approx(0.6)
    assert deeds["gift"].kind == deeds["bean_gift"].kind == "donated"
    assert deeds["training"].kind == "general"


def test_the_week_begins_on_the_fifth_of_september_with_every_play_open() -> None:
    """From 5 September (F), with teams, account, channels, segments, farmers, staff and every pool."""
    s = load_scenario("week95_2022")
    assert s.phases["week"].start == s.scenario.start
    assert s.scenario.start.isoformat() == "2022-09-05T00:00:00+08:00"
    assert s.scenario.length >= timedelta(days=7) // timedelta(microseconds=1)
    assert s.teams.open
    assert s.account.open
    assert len(s.channels) >= 8
    assert len(s.segments) >= 4
    assert s.farmers.share > 0
    assert s.staff.share > 0
    assert {p.serves for p in s.pools.values()} == {"gifts", "beans", "orders", "teams"}


def test_the_comparisons_compare_what_they_say() -> None:
    """First-come against random pools, and farms without and with controls."""
    base, random = load_scenario("match_pools"), load_scenario("match_pools", "random")
    assert not base.rules["main_match"].form.match.lot
    assert random.rules["main_match"].form.match.lot
    free, controlled = load_scenario("point_farms").farmers, load_scenario("point_farms", "controls").farmers
    assert free.entry
    assert free.removal_per_day == free.entry_audit == free.device_cap == 0
    assert min(controlled.removal_per_day, controlled.entry_audit, controlled.device_cap) > 0


RULE_PARTS = [
    "City", "Rule", "Who", "When", "Form", "Tier", "Step", "Streak", "Goal", "Lottery", "Badge", "Badges", "Rank",
    "Shared", "Refer", "MatchTier", "Match", "Cofund", "Nudge",
]  # fmt: skip


@pytest.mark.parametrize("name", RULE_PARTS)
def test_every_setting_of_a_rule_has_its_hint_in_the_editor(name: str) -> None:
    """Nobody needs more than the schema to write one: tables and settings say what they are for."""
    part = json_schema()["$defs"][name]
    assert part["description"]
    assert [key for key, setting in part["properties"].items() if not setting.get("description")] == []


def test_hints_stand_where_editors_read_them() -> None:
    """TOML has no null, and draft 7 ignores what stands beside a reference."""
    held = [json_schema()]
    while held:
        one = held.pop()
        if isinstance(one, dict):
            assert "$ref" not in one or len(one) == 1, one
            assert one.get("type") != "null"
            assert None not in one.values()
        held += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []


def test_the_schema_knows_what_a_design_adds() -> None:
    """A rule in a design has the hints of a rule; what no design may add has none."""
    design = json_schema()["properties"]["designs"]["additionalProperties"]
    assert design["properties"]["rules"]["additionalProperties"] == {"$ref": "#/$defs/Rule"}
    assert {"pools", "phases", "festivals", "deeds", "redemptions", "benefits"} <= set(design["properties"])
    assert not {"segments", "channels", "cities", "scenario"} & set(design["properties"])


def test_one_name_or_several_are_both_in_the_schema() -> None:
    """what = "quiz" and what = ["quiz", "steps"]."""
    kinds = [one["type"] for one in json_schema()["$defs"]["Rule"]["properties"]["what"]["anyOf"]]
    assert kinds == ["string", "array"]
