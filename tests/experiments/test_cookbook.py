"""The cookbook: every idea says beforehand what should come of it, and its entry says what did, the verdict first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.experiments import cookbook
from sim.experiments.cookbook import SCENARIO, Idea, ideas, lines_of_design, mark, page
from sim.loading import load_scenario, scenario_text
from sim.reporting.manifest import model_hash
from sim.reporting.metrics import metric
from sim.reporting.statistics import Paired, paired

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "incentives.md"
COMMAND = "-m sim.experiments.cookbook docs/incentives.md"
FEW = ("half", "sure_reward", "lottery", "nudge", "ranking", "cofund")


# --- the data -----------------------------------------------------------------------------------------------


def test_every_design_of_the_ideas_is_an_idea_of_the_cookbook() -> None:
    """In the order of the file, none left out: twenty, and a sure reward to hold the lottery against."""
    assert [idea.name for idea in ideas()] == list(load_scenario(SCENARIO).designs)
    assert len(ideas()) == 21


@pytest.mark.parametrize("idea", ideas(), ids=lambda idea: idea.name)
def test_an_idea_says_what_should_move_and_what_it_hangs_on(idea: Idea) -> None:
    """Metrics, deeds, rules and other ideas that there are; and the lines that make it are a few."""
    scenario = load_scenario(SCENARIO, idea.name)
    assert idea.moves
    assert {metric(name).name for name in idea.moves} == set(idea.moves)
    assert set(idea.moves.values()) <= {"up", "down", ""}
    assert idea.deed in ("", *scenario.deeds)
    assert idea.pays in ("", *scenario.rules)
    assert idea.beside in ("", *(other.name for other in ideas()))
    assert idea.deed or not idea.beside
    assert idea.hangs_on
    assert not idea.hangs_on.endswith(".")
    assert 3 <= len(lines_of_design(scenario_text(SCENARIO), idea.name).splitlines()) <= 13


@pytest.mark.parametrize(
    ("gaps", "way", "told"),
    [
        ([3.0, 4.0, 5.0], "up", "rises ✓"),
        ([-3.0, -4.0, -5.0], "up", "rises ✗"),
        ([-3.0, 4.0, 0.0], "up", "rises ?"),
        ([-3.0, -4.0, -5.0], "down", "falls ✓"),
        ([3.0, 4.0, 5.0], "down", "falls ✗"),
        ([0.0, 0.0, 0.0], "down", "falls ?"),
        ([3.0, 4.0, 5.0], "", ""),
    ],
)
def test_what_was_expected_is_told_apart_from_what_is_not_sure(
    gaps: list[float], way: str, told: str
) -> None:
    """By the interval."""
    change: Paired = paired(gaps)
    assert mark(change, way) == told


# --- played -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def text() -> str:
    """The page of a few ideas, played with few people."""
    few = tuple(idea for idea in ideas() if idea.name in FEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cookbook, "ideas", lambda: few)
        return "\n".join(page(600, 2)) + "\n"


def section(text: str, name: str) -> str:
    """An idea's entry."""
    (found,) = (
        one for one in text.split("\n## ")[2:] if f"[designs.{name}]" in one or f"[designs.{name}." in one
    )
    return found


@pytest.mark.parametrize("name", FEW)
def test_an_entry_says_in_a_sentence_what_the_idea_did_before_any_number_of_its_table(
    text: str, name: str
) -> None:
    """By the name of the design: whether deeds rise, what is displaced, what an extra deed costs."""
    entry = section(text, name)
    said = entry[entry.index("\n**") : entry.index("\n| |")]
    assert f"`{name}`" in said
    assert "base" not in said
    if f"`{name}` changes no deed" not in said:
        assert "displaced" in said or "none are gained" in said
        assert "cost per extra deed" in said
    (idea,) = (idea for idea in ideas() if idea.name == name)
    assert f"`{idea.deed}`" in said or not idea.deed
    assert f"Hangs on: {idea.hangs_on}." in entry


def test_nothing_is_said_twice_in_a_table_and_every_number_is_one(text: str) -> None:
    """No row stands twice, nothing is not a number, nobody was given nothing."""
    for name in FEW:
        rows = re.findall(r"^\| ([^|]+) \|", section(text, name), re.MULTILINE)
        assert len(rows) == len(set(rows)), name
    assert not re.search(r"\bnan\b|\binf\b|–|\{\}|gave 0 times|to 0 people", text)


def test_the_lottery_is_held_against_the_same_money_for_sure(text: str) -> None:
    """Its entry says what it does beside it."""
    assert "than in `sure_reward`" in section(text, "lottery")


def test_all_ideas_stand_at_a_glance_first(text: str) -> None:
    """A row each before the first entry."""
    glance = text[text.index("## All ideas") : text.index("\n## 1 ")]
    assert re.findall(r"^\| \d+ `(\w+)` \|", glance, re.MULTILINE) == [
        idea.name for idea in ideas() if idea.name in FEW
    ]


# --- the page that is kept ----------------------------------------------------------------------------------


def test_the_page_is_made_by_the_command_it_names() -> None:
    """As make calls it."""
    assert f"python {COMMAND}" in cookbook.INTRO
    assert COMMAND in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_page_was_made_of_todays_ideas_by_todays_model() -> None:
    """Every design as it stands in the scenario, every expectation, and the model's hash; else: make cookbook."""
    kept, shipped = PAGE.read_text(encoding="utf-8"), scenario_text(SCENARIO)
    told = {
        idea.name: (lines_of_design(shipped, idea.name), f"Hangs on: {idea.hangs_on}.\n") for idea in ideas()
    }
    lost = [name for name, parts in told.items() if not all(part in kept for part in parts)]
    assert not lost, "run `make cookbook`"
    assert f"The model is `{model_hash()[:12]}`" in kept, "run `make cookbook`"
