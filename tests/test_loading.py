"""Loading: names, paths, designs, settings for a run, and scenarios written out again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sim.errors import ScenarioError, UsageError
from sim.loading import (
    apply_design,
    list_scenarios,
    load_scenario,
    resolved_dict,
    resolved_toml,
    scenario_text,
    settings_hash,
)
from sim.scenario import Scenario

SOUND = (Path(__file__).parent / "loading" / "sound.toml").read_text(encoding="utf-8")


def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, design: str = "base") -> Scenario:
    """The scenario of a text, from a file named mine.toml in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    return load_scenario("mine.toml", design)


def test_no_absolute_path_is_ever_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file given by its absolute path is shown by its name, one below the current folder relative to it."""
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "bad.toml"
    file.write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=r"^deep/bad.toml:1: "):
        load_scenario(file)
    monkeypatch.chdir(tmp_path / "deep")
    with pytest.raises(ScenarioError, match=r"^\.\./deep/bad.toml:1: "):
        load_scenario("../deep/bad.toml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pytest.raises(ScenarioError, match=r"^bad.toml:1: "):
        load_scenario(file)


def test_names_are_looked_up_here_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario of one's own in ./scenarios wins over the shipped one of the same name."""
    monkeypatch.chdir(tmp_path)
    assert load_scenario("hello").scenario.title == "Hello 养豆"
    Path("scenarios").mkdir()
    Path("scenarios/hello.toml").write_text(SOUND, encoding="utf-8")
    Path("scenarios/mine.toml").write_text(SOUND, encoding="utf-8")
    assert load_scenario("hello").scenario.title == "Test"
    assert {"mine", "hello", "week95_2022"} <= set(list_scenarios())
    assert scenario_text("mine") == SOUND


def test_unknown_names_files_and_designs_are_told() -> None:
    """What does not exist is a usage error with the nearest name."""
    with pytest.raises(
        UsageError, match="week95_2023: there is no scenario of that name, did you mean 'week95_2022'"
    ):
        load_scenario("week95_2023")
    with pytest.raises(UsageError, match=r"nowhere/x\.toml: there is no such file"):
        load_scenario("nowhere/x.toml")
    with pytest.raises(
        UsageError, match="--design doubl: is no design of this scenario, did you mean 'double'"
    ):
        load_scenario("hello", "doubl")


def test_users_and_seed_can_be_given_for_a_run() -> None:
    """They replace those of the file; anything else, and wrong amounts, are usage errors."""
    given_world = load_scenario("hello", "double", {"users": 100, "seed": 9}).scenario
    assert (given_world.users, given_world.seed) == (100, 9)
    assert Scenario.load("hello", users=100, seed=9).scenario == given_world
    with pytest.raises(UsageError, match="--users 0: must be above 0"):
        load_scenario("hello", overrides={"users": 0})
    with pytest.raises(UsageError, match="--users 50000000: is more than the real_users they stand for"):
        load_scenario("hello", overrides={"users": 50_000_000})
    with pytest.raises(UsageError, match="title: cannot be given for a run"):
        load_scenario("hello", overrides={"title": 1})


def test_a_design_changes_what_it_names_and_nothing_else() -> None:
    """An override of a setting with a default, or of one entry of a table with defaults, keeps the others."""
    document = {
        **tomllib.loads(SOUND.replace("[projects.causes]\neducation = 0.5\nillness = 0.5\n", "")),
        "designs": {"x": {"projects.causes.education": 0.1, "beans.per_yuan": 200}},
    }
    before, after = Scenario.model_validate(document), Scenario.model_validate(apply_design(document, "x"))
    assert after.beans.per_yuan == 200
    assert after.projects.causes == {**before.projects.causes, "education": 0.1}
    assert after.model_copy(update={"beans": before.beans, "projects": before.projects}) == before
    assert apply_design(document, "base") is document


def test_resolved_settings_load_as_the_same_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario written into a result's folder gives the same settings, and the same hash, again."""
    scenario = load_text(tmp_path, monkeypatch, SOUND, "double")
    text = resolved_toml(scenario).replace('"deeds.quiz.beans" = 40', '"deeds.quiz.beans" = 41')
    (tmp_path / "again.toml").write_text(text, encoding="utf-8")
    again = load_scenario("again.toml")
    assert resolved_dict(again) == {
        **resolved_dict(scenario),
        "designs": {"double": {"deeds.quiz.beans": 41}},
    }
    assert Scenario.model_validate(resolved_dict(scenario)) == scenario


def test_the_hash_tells_settings_apart_and_ignores_how_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units and the order of keys do not matter; values do, and so does the order of the catalogue."""

    def hash_of(text: str, design: str = "base") -> str:
        return settings_hash(load_text(tmp_path, monkeypatch, text, design))

    plain = hash_of(SOUND)
    assert len(plain) == 64
    assert hash_of(SOUND.replace('"72 h"', '"3 days"')) == plain
    swapped = SOUND.replace('ripen = "24 h"\nfade = "72 h"', 'fade = "72 h"\nripen = "24 h"')
    assert swapped != SOUND
    assert hash_of(swapped) == plain
    assert hash_of(SOUND, "double") != plain
    assert hash_of(SOUND.replace("beans = 100", "beans = 101")) != plain
    join = '[deeds.join]\nlabel = "入队"\neffect = "team"\n\n'
    assert hash_of(SOUND.replace(join, "").replace("[deeds.quiz]", join + "[deeds.quiz]")) != plain


@pytest.mark.parametrize(
    ("ripen", "fade"), [("1 h", "1 h"), ("12 h", "36 h"), ("6 h", "70 h"), ("24 h", "72 h")]
)
def test_beans_may_ripen_and_fade_by_the_hour(
    ripen: str, fade: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole hours from one on, within four days together."""
    text = SOUND.replace('ripen = "24 h"', f'ripen = "{ripen}"').replace('fade = "72 h"', f'fade = "{fade}"')
    beans = load_text(tmp_path, monkeypatch, text).beans
    hours = [int(one.removesuffix(" h")) for one in (ripen, fade)]
    assert (beans.ripen_s, beans.life_s) == (hours[0] * 3_600, sum(hours) * 3_600)
