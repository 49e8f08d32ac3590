"""Settings that can do nothing where they stand are refused, in the scenario and in designs, and only those."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from sim.engine.campaign import Campaign
from sim.errors import ScenarioError
from sim.loading import effects as E
from sim.loading import list_scenarios, load_scenario, resolved_toml, scenario_text
from sim.loading.effects import CONDITIONS, Condition
from sim.loading.idle import idle_settings
from sim.loading.reading import read
from sim.loading.shape import choices
from sim.scenario import Scenario, Settings
from tests.engine.worlds import merged
from tests.loading.rich import ALWAYS, BREAKS, RICH

SOUND = Path(__file__).with_name("sound.toml").read_text(encoding="utf-8")
NAMED = {name: value for name, value in vars(E).items() if isinstance(value, Condition)}


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a document with dotted changes; * for every entry in which the setting is written."""
    document = copy.deepcopy(document)
    for dotted, value in changes.items():
        *above, key = dotted.split(".")
        tables = [document]
        for part in above:
            tables = [
                one for t in tables for one in (t.values() if part == "*" else [t.setdefault(part, {})])
            ]
        for table in tables:
            if value is None:
                table.pop(key, None)
            elif "*" not in dotted or key in table:
                table[key] = value
    return document


def rich() -> dict[str, Any]:
    """The document in which everything acts, without designs and with few barriers."""
    document = merged(tomllib.loads(scenario_text("week95_2022")), tomllib.loads(RICH))
    document["beans"].pop("valid_months", None)
    return {**document, "clock": {"barrier": "12 h"}, "designs": {}}


def matches(pattern: tuple[Any, ...], path: tuple[Any, ...]) -> bool:
    return len(path) >= len(pattern) and all(a in ("*", b) for a, b in zip(pattern, path, strict=False))


def settings(model: type[Settings] = Scenario, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every setting, with * for the names of entries."""
    for name in model.model_fields:
        kind = model.model_fields[name].annotation
        parts = [p for p in (kind, *get_args(kind)) if isinstance(p, type) and issubclass(p, Settings)]
        path = (*above, name, *(["*"] if "dict[" in str(kind) and name != "mix" else []))
        if parts and "tuple" not in str(kind):
            yield from settings(parts[0], path)
        else:
            yield path


def test_every_setting_is_in_the_table_or_always_acts() -> None:
    """Somebody has asked of each when it acts."""
    undecided = [
        ".".join(path)
        for path in settings()
        if not any(matches(pattern, path) for pattern in CONDITIONS) and ".".join(path) not in ALWAYS
    ]
    assert undecided == []


def test_where_everything_acts_nothing_is_told() -> None:
    """And all the table's settings are there, so that the sweep below meets each."""
    assert read(rich())[1] == []
    assert idle_settings(rich()) == []


def broken(name: str) -> dict[str, Any]:
    """The rich scenario without what a condition asks for."""
    return changed(rich(), BREAKS[name])


def told(document: dict[str, Any]) -> dict[tuple[Any, ...], str]:
    return {finding.path: finding.problem for finding in idle_settings(document)}


@pytest.mark.parametrize("name", NAMED)
def test_without_what_it_needs_a_setting_is_told(name: str) -> None:
    """Every setting that hangs on the condition, and is still written there, is told or stands in one that is told."""
    document, condition = broken(name), NAMED[name]
    scenario, mistakes = read(document)
    assert scenario is not None, mistakes
    found = told(document)
    assert any(
        problem.startswith(f"does nothing here: it acts only with {condition.needs}")
        for problem in found.values()
    )
    for pattern, conditions in CONDITIONS.items():
        for path in written(document, pattern):
            if condition in conditions and not condition.holds(scenario, path):
                assert any(matches(one, path) for one in found), path


def written(tree: Any, pattern: tuple[Any, ...], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of a document that a pattern means and that switch something on."""
    if not pattern:
        if tree not in (0, False, "0 yuan"):
            yield above
        return
    for key in list(tree) if pattern[0] == "*" else [pattern[0]]:
        if isinstance(tree, dict) and key in tree:
            yield from written(tree[key], pattern[1:], (*above, key))


def other(value: Any, path: tuple[str, ...]) -> Any:
    """Another value of the same kind."""
    if isinstance(value, Settings):
        kept = (
            "start",
            "end",
            "total",
            "opens_at",
            "flash",
            "label",
            "sponsor",
            "serves",
            "effect",
            "youth",
            "holder",
            "team",
            "of",
        )
        names = [name for name in type(value).model_fields if name not in kept]
        return value.model_copy(update={name: other(getattr(value, name), (*path, name)) for name in names})
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return 2 * value + (value == 0)
    if isinstance(value, float):
        return value / 2 + (value == 0) / 4
    if isinstance(value, datetime):
        return value + timedelta(days=1)
    if isinstance(value, dict):
        return {key: other(one, (*path, key)) for key, one in value.items()}
    return next((one for one in choices(path) if one != value), value)


def with_other(scenario: Any, path: tuple[str, ...], above: tuple[str, ...] = ()) -> Any:
    """A copy with another value at a path."""
    if not path:
        return other(scenario, above)
    key, rest = path[0], path[1:]
    if isinstance(scenario, dict):
        return {**scenario, key: with_other(scenario[key], rest, (*above, key))}
    return scenario.model_copy(update={key: with_other(getattr(scenario, key), rest, (*above, key))})


def digest(scenario: Scenario) -> dict[str, str]:
    """Everything that happens in a run."""
    campaign = Campaign(scenario, workers=1)
    campaign.run()
    return campaign.digest()


@pytest.mark.parametrize("name", NAMED)
def test_what_is_told_does_nothing(name: str) -> None:
    """The paired run: with other values of all that is told, the same people do the same."""
    document = broken(name)
    scenario, mistakes = read(document)
    assert scenario is not None, mistakes
    another = scenario
    for path in told(document):
        another = with_other(another, path)  # type: ignore[arg-type]
    assert another != scenario
    assert digest(another) == digest(scenario)


# --- files and designs -------------------------------------------------------------------------------


def load(text: str, folder: Path) -> Scenario:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_scenario(file)


def refusals(text: str, folder: Path) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(text, folder)
    return [f"{m.line}: {m.key}" for m in caught.value.mistakes]


CITY = '[cities.hangzhou]\nlabel = "杭州"\nshare = 0.3\n'
NORM = "[staff]\nnorm = 2\n"


def test_all_idle_settings_of_a_file_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    """As every other mistake."""
    lone = '[pools.lone]\nsponsor = "甲"\ntotal = "1 yuan"\n'
    text = SOUND.replace("count = 24", 'count = 24\nlasts = "1 day"') + lone + NORM + CITY
    lines = text.splitlines()
    expected = {
        'lasts = "1 day"': "projects.lasts", "[pools.lone]": "pools.lone", "norm = 2": "staff.norm",
        "[cities.hangzhou]": "cities.hangzhou",
    }  # fmt: skip
    assert refusals(text, tmp_path) == [f"{lines.index(line) + 1}: {key}" for line, key in expected.items()]


def test_they_are_told_beside_other_mistakes_and_keep_silent_about_what_these_decide(tmp_path: Path) -> None:
    """`serves` is misspelt: nobody knows who would ask the pool. The norm is idle all the same."""
    text = SOUND.replace('serves = "beans"', 'serves = "bean"') + NORM
    keys = [line.partition(": ")[2] for line in refusals(text, tmp_path)]
    assert "pools.beans.serves" in keys
    assert "staff.norm" in keys
    assert "pools.beans" not in keys


def test_a_design_may_switch_off_what_the_scenario_sets(tmp_path: Path) -> None:
    """The scenario's settings of what is off in the design are no mistake, there or here."""
    text = SOUND + NORM + "share = 0.1\n"
    assert load(text + '[designs.plain]\n"staff.share" = 0.0\n', tmp_path).staff.norm == 120
    assert load(text + '[designs.closed]\n"play.open" = false\n', tmp_path).staff.norm == 120


def test_a_scenario_may_prepare_what_a_design_switches_on_or_adds(tmp_path: Path) -> None:
    """A setting that acts in some design is not idle; without that design it is."""
    assert load(SOUND + NORM + '[designs.staff]\n"staff.share" = 0.5\n', tmp_path).staff.norm == 120
    assert [line.partition(": ")[2] for line in refusals(SOUND + NORM, tmp_path)] == ["staff.norm"]
    here = '[designs.local.rules.here]\nwhat = "quiz"\nwho.city = "hangzhou"\nform.add = 5\n'
    assert list(load(SOUND + CITY + here, tmp_path).cities) == ["hangzhou"]


def test_what_a_design_sets_or_adds_has_to_act_in_that_design(tmp_path: Path) -> None:
    """The line of the edit is named."""
    text = SOUND + (
        '[designs.lots]\n"staff.norm" = 2\n"deeds.quiz.beans" = 30\n'
        '[designs.lots.rules.sorted]\nwhat = "quiz"\nform.add = 1\n'
        '[designs.lots.pools.lone]\nsponsor = "甲"\ntotal = "1 yuan"\n'
    )
    lines = text.splitlines()
    norm, lone = lines.index('"staff.norm" = 2') + 1, lines.index("[designs.lots.pools.lone]") + 1
    assert refusals(text, tmp_path) == [
        f'{norm}: designs.lots."staff.norm"', f"{lone}: designs.lots.pools.lone",
    ]  # fmt: skip


@pytest.mark.parametrize("name", list_scenarios())
def test_resolved_settings_can_be_read_again(name: str, tmp_path: Path) -> None:
    """They write every setting, also those that are idle."""
    scenario = load_scenario(name)
    assert load(resolved_toml(scenario), tmp_path) == scenario
