"""Parameters carry their evidence, and the page of assumptions is up to date."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sim.behaviour.assumptions import assumptions_markdown
from sim.behaviour.parameters import GRADES, load_parameters, read_parameters
from sim.scenario import Scenario

ROOT = Path(__file__).parents[2]
SOUND = '[habit.gain]\nvalue = 0.045\nunit = "per day"\nsource = "Lally"\ngrade = "U"\n'


def test_every_parameter_has_unit_source_and_grade():
    """Nothing enters a rule without saying where it comes from."""
    entries = list(load_parameters())
    assert len(entries) > 60
    assert all(entry.unit and entry.source and entry.grade in GRADES for entry in entries)
    assert len({entry.name for entry in entries}) == len(entries)


def test_assumptions_say_so():
    """What calls itself assumed is graded A and not something better."""
    for entry in load_parameters():
        if entry.source.startswith(("assumed", "size assumed")):
            assert entry.grade == "A", entry.name


# What a number in the code of the few may be: tenths of an hour, days of a week and a month, fen of a yuan, parts
# per million; the smallest market; how many names, and weeks of a partner's record; halves and a hair for rounding.
MEASURES = {0.5, 6, 7, 30, 100, 1_000_000, 20, 400, 10_000, 1.000001}


@pytest.mark.parametrize("file", sorted((ROOT / "sim" / "agents").glob("*.py")), ids=lambda file: file.stem)
def test_no_assumption_hides_in_the_code_of_the_few(file):
    """Merchants, NGOs, sponsors, teams and farms take every number from the parameters or the scenario."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    numbers = {n for n in numbers if isinstance(n, int | float) and not (n == int(n) and abs(n) <= 4)}
    assert numbers - MEASURES == set()


def test_flat_values_keep_the_order_of_the_file():
    """The kernel's record is built from this order."""
    text = SOUND + SOUND.replace("gain", "keep").replace("0.045", "1")
    flat = read_parameters(text).flat()
    assert list(flat.items()) == [("habit_gain", 0.045), ("habit_keep", 1.0)]
    assert all(type(value) is float for value in flat.values())
    assert load_parameters()["habit_gain"] == load_parameters().flat()["habit_gain"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('unit = "per day"\n', ""), "habit.gain: lacks unit"),
        (('source = "Lally"', 'source = ""'), "habit.gain: lacks source"),
        (('grade = "U"', 'grade = "Z"'), "grade is none of V, D, F, F2, U, A"),
        (("0.045", '"0.045"'), "value is not a number"),
        (("0.045", "true"), "value is not a number"),
        (('grade = "U"', 'grade = "U"\nnotes = "x"'), "has unknown notes"),
        (("[habit.gain]\nvalue", "[habit]\ngain"), "is not a table"),
    ],
)
def test_an_incomplete_parameter_is_refused(change, problem):
    """Every entry needs value, unit, source and grade, and nothing else but a note."""
    with pytest.raises(ValueError, match=problem):
        read_parameters(SOUND.replace(*change))


def test_the_hash_changes_with_any_value():
    """The hash printed beside scored rows names the parameters they were scored with."""
    assert read_parameters(SOUND).sha256 != read_parameters(SOUND.replace("0.045", "0.046")).sha256


def test_the_page_of_assumptions_is_up_to_date():
    """`docs/assumptions.md` is what `make docs` writes now."""
    page = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
    assert page == assumptions_markdown(), "run `make docs`"


def test_the_page_lists_every_parameter_and_every_default():
    """Readers find each number on one page, the scenario's defaults included."""
    page = assumptions_markdown()
    for entry in load_parameters():
        assert f"| `{entry.short}` | {entry.value:g} |" in page
    for name in ("by_hand", "entry_per_visit", "points_per_unlock", "fen_per_person"):
        assert f"| `{name}` |" in page
    assert all(f"### `{name}" in page for name in Scenario.model_fields if name != "designs")
