"""A design beside another: what it gains, what that displaces, what an extra deed costs; the verdict first."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

import sim
from sim.engine.outcome import Outcome
from sim.errors import UsageError
from sim.reporting.contrast import COST, FARMED, Contrast, compare
from sim.reporting.results import Results
from sim.reporting.statistics import paired, per_unit
from sim.reporting.verdicts import LUCK, UNDEFINED, UNSURE, as_dict, show, verdict
from sim.scenario import Scenario
from tests.commands import beanpeak

Make = Callable[..., Outcome]
Run = Callable[..., Results]
Deeds = Mapping[str, Sequence[int]]  # by deed how often it was done, one number a replication


@pytest.fixture(scope="session")
def run(make_outcome: Make) -> Run:
    """A run of a design from its deeds by replication; all are done on the first of two days but `later`."""

    def made(
        design: str, deeds: Deeds, cost: Sequence[float] = (), later: Sequence[int] = (), **fields: object
    ) -> Results:
        outcomes = []
        for k in range(len(next(iter(deeds.values())))):
            after = later[k] if later else 0
            times = [counts[k] for counts in deeds.values()]
            spent = cost[k] if cost else 0.0
            rows = [(1, COST, "", spent), (1, FARMED, "", spent / 10)]
            tables = {
                "deeds": pl.DataFrame(
                    {"deed": list(deeds), "label": [d.upper() for d in deeds], "times": times}
                ),
                "days": pl.DataFrame(
                    {"date": ["2022-09-05", "2022-09-06"], "deeds": [sum(times) - after, after]}
                ),
            }
            metrics = pl.DataFrame(rows, schema=["time", "metric", "group", "value"], orient="row")
            outcomes.append(make_outcome(k, design=design, tables=tables, metrics=metrics, **fields))
        return Results("hello", tuple(outcomes))

    return made


@pytest.fixture(scope="session")
def quiz(run: Run) -> Contrast:
    """The quiz gains 30, 34 and 38; steps lose 10, 8 and 12; signing in stays. An extra deed costs 100 fen."""
    base = run(
        "base", {"quiz": [100, 110, 90], "steps": [50, 60, 40], "sign": [9, 9, 9]}, [1000.0, 1100.0, 900.0]
    )
    other = run(
        "double",
        {"quiz": [130, 144, 128], "steps": [40, 52, 28], "sign": [9, 9, 9]},
        [3000.0, 3700.0, 3500.0],
    )
    return compare(base, other)


def test_gained_and_displaced_are_told_apart_by_deed(quiz: Contrast) -> None:
    """Means over pairs, each with its interval; what fell is named."""
    moved = quiz.by_deed
    assert (moved.gained.mean, moved.displaced.mean, quiz.extra.mean) == (34.0, 10.0, 24.0)
    assert moved.fell == ("STEPS",)
    assert moved.gained.half == pytest.approx(4.302653 * 4.0 / math.sqrt(3), rel=1e-6)
    assert moved.displaced.half == pytest.approx(4.302653 * 2.0 / math.sqrt(3), rel=1e-6)


def test_what_is_gained_less_what_is_displaced_is_what_is_extra(quiz: Contrast) -> None:
    """By deed and by day."""
    for moved in (quiz.by_deed, quiz.by_day):
        assert moved.gained.mean - moved.displaced.mean == quiz.extra.mean


def test_deeds_that_are_missing_on_the_days_after_are_displaced_too(run: Run) -> None:
    """Forty more on the day of the rule, fifteen fewer on the next, of the same deed."""
    base = run("base", {"quiz": [100, 100]}, later=[50, 50])
    moved = compare(base, run("flash", {"quiz": [125, 125]}, later=[35, 35])).by_day
    assert (moved.gained.mean, moved.displaced.mean, moved.fell) == (40.0, 15.0, ("2022-09-06",))


def test_a_deed_that_one_design_does_not_have_was_not_done_there(run: Run) -> None:
    """A design may add a deed, or take one away; two deeds of one label stay two."""
    base, other = run("base", {"quiz": [10], "steps": [7]}), run("new", {"quiz": [10], "plant": [9]})
    moved = compare(base, other).by_deed
    assert (moved.gained.mean, moved.displaced.mean) == (9.0, 7.0)
    back = compare(other, base).by_deed
    assert (back.gained.mean, back.displaced.mean) == (7.0, 9.0)


def test_luck_of_single_pairs_is_no_displacement(run: Run) -> None:
    """A deed that falls in one pair and rises as much in the other has not fallen."""
    base, other = run("base", {"quiz": [10, 10]}), run("x", {"quiz": [12, 8]})
    moved = compare(base, other).by_deed
    assert (moved.gained.mean, moved.displaced.mean) == (0.0, 0.0)


def test_an_extra_deed_costs_what_the_programme_costs_more_by_deeds_more(quiz: Contrast) -> None:
    """2000, 2600, 2600 fen for 20, 26, 26 deeds: exactly 100 each, whatever the luck of a pair."""
    found = quiz.cost_per_extra_deed
    assert found is not None
    assert found.mean == pytest.approx(100.0)
    assert found.half == pytest.approx(0.0, abs=1e-9)


def test_the_interval_of_a_ratio_is_that_of_what_a_pair_tells_besides_it() -> None:
    """Costs 210 and 190 for 2 and 2 deeds: 100 ± 12.7 · 7.07 / √… by hand."""
    found = per_unit([210.0, 190.0], [2.0, 2.0])
    assert found.mean == 100.0
    assert found.half == pytest.approx(paired([10.0, -10.0]).half / 2.0)


CASES = [
    ([10, 11, 12], [30, 33, 33], "b brings more deeds than a; none are displaced; cost per extra deed"),
    (
        [30, 33, 33],
        [10, 11, 12],
        f"b brings fewer deeds than a; none are gained; cost per extra deed {UNDEFINED}",
    ),
    (
        [10, 10, 10],
        [5, 10, 20],
        "too noisy to tell whether b brings more deeds than a: take more replications",
    ),
    ([10, 10, 10], [10, 10, 10], "b changes no deed against a"),
    ([10], [30], "b brings more deeds than a"),
    ([30], [10], "b brings fewer deeds than a"),
]


@pytest.mark.parametrize(("before", "after", "words"), CASES)
def test_the_verdict_says_whether_deeds_rise(
    run: Run, before: list[int], after: list[int], words: str
) -> None:
    """By the interval; of a single pair with the warning that luck is not told apart."""
    contrast = compare(run("a", {"quiz": before}), run("b", {"quiz": after}))
    assert verdict(contrast).startswith(words)
    assert (LUCK in verdict(contrast)) == (len(before) == 1)


def test_of_a_hundred_gained_not_more_than_a_hundred_are_displaced(run: Run) -> None:
    """Where more fall than rise, that is said, and no share of it."""
    less = compare(
        run("a", {"quiz": [10, 10], "steps": [30, 30]}), run("b", {"quiz": [11, 11], "steps": [10, 10]})
    )
    assert "; more are displaced elsewhere than gained; " in verdict(less)
    half = compare(
        run("a", {"quiz": [10, 10], "steps": [30, 30]}), run("b", {"quiz": [14, 14], "steps": [28, 28]})
    )
    assert "; of 100 gained 50 are displaced elsewhere; " in verdict(half)


def test_a_cost_per_extra_deed_is_undefined_in_words_where_deeds_do_not_surely_rise(
    run: Run,
) -> None:
    """No number stands there that somebody could quote."""
    fewer = compare(run("a", {"quiz": [30, 31]}), run("b", {"quiz": [10, 11]}))
    unsure = compare(run("a", {"quiz": [10, 10]}), run("b", {"quiz": [9, 20]}))
    for contrast, words in ((fewer, UNDEFINED), (unsure, UNSURE)):
        assert contrast.cost_per_extra_deed is None
        assert words in verdict(contrast)
        told = as_dict(contrast)
        assert told["cost_per_extra_deed_fen"] is None
        assert told["cost_per_extra_deed"] == words


def test_the_share_that_is_displaced_stands_in_the_verdict(quiz: Contrast) -> None:
    """Of a hundred deeds gained so many are missing elsewhere: ten of 34."""
    assert "of 100 gained 29 are displaced elsewhere" in verdict(quiz)


def printed(contrast: Contrast) -> list[str]:
    text = io.StringIO()
    show(Console(file=text, width=160), contrast)
    return text.getvalue().strip().splitlines()


def test_the_verdict_stands_before_the_numbers(quiz: Contrast) -> None:
    """On a terminal, and where a notebook shows it; farmers' take stands beside the cost."""
    for lines in (printed(quiz), repr(quiz).splitlines()):
        assert lines[1] == verdict(quiz)
        assert all(
            any(words in line for line in lines[2:]) for words in ("gained, by deed", "displaced, by day")
        )
        assert any("farmers' take" in line for line in lines)
        assert any("at simulated size" in line for line in lines)


def test_programs_get_what_people_are_told(quiz: Contrast) -> None:
    """Numbers with intervals; JSON has no NaN."""
    told = json.loads(json.dumps(as_dict(quiz), allow_nan=False))
    assert told["verdict"] == verdict(quiz)
    assert told["deeds"]["by_deed"]["displaced"]["mean"] == 10.0
    assert told["deeds"]["extra"]["low"] < 24.0 < told["deeds"]["extra"]["high"]
    assert told["changes"][COST]["mean"] == 2400.0


def test_a_single_pair_has_no_interval_in_json(run: Run) -> None:
    """Null, and no NaN."""
    told = as_dict(compare(run("a", {"quiz": [1]}), run("b", {"quiz": [3]})))
    assert json.loads(json.dumps(told, allow_nan=False))["deeds"]["extra"] == {
        "mean": 2.0,
        "low": None,
        "high": None,
    }


@pytest.mark.parametrize("name", ["users", "seed", "real_users", "start", "length"])
def test_runs_of_other_luck_are_not_compared(run: Run, scenario: Scenario, name: str) -> None:
    """Each setting that draws hang on, by its name and both values."""
    old = getattr(scenario.scenario, name)
    new = old.replace(year=2031) if name == "start" else old * 2 + 1
    world = scenario.scenario.model_copy(update={name: new})
    other = run("b", {"quiz": [1]}, scenario=scenario.model_copy(update={"scenario": world}))
    with pytest.raises(UsageError, match="same luck") as told:
        compare(run("a", {"quiz": [1]}), other)
    assert str(new) in str(told.value)


def test_runs_without_a_common_replication_or_with_other_behaviour_are_not_compared(
    run: Run,
) -> None:
    """Said with the reason."""
    first = run("a", {"quiz": [1, 2]})
    second = Results("hello", run("b", {"quiz": [1, 2]}).outcomes[1:])
    with pytest.raises(UsageError, match="no replication of the same number"):
        compare(Results("hello", first.outcomes[:1]), second)
    assert compare(first, second).pairs == (1,)
    with pytest.raises(UsageError, match="behaviour rules"):
        compare(first, run("b", {"quiz": [1, 2]}, parameters={"habit_reminder": 0.1}))


# --- real runs ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Two designs in one command: where, and what it printed as JSON."""
    folder = tmp_path_factory.mktemp("designs")
    ran = beanpeak("run", "hello", "--users", "400", "--design", "base", "--design", "double",
                   "--replications", "2", "--json", cwd=folder)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return folder, ran.stdout


def test_designs_of_one_command_are_compared_with_the_first(done: tuple[Path, str]) -> None:
    """Every number of the comparison is that of the runs beside it."""
    told = json.loads(done[1])
    (one,) = told["comparisons"]
    runs = {run["design"]: run for run in told["runs"]}
    assert (one["base"], one["design"], one["replications"]) == ("base", "double", [0, 1])
    for name in ("programme_cost_fen", "beans_issued"):
        gap = runs["double"]["metrics"][name][0] - runs["base"]["metrics"][name][0]
        assert one["changes"][name]["mean"] == pytest.approx(gap)
    assert one["changes"]["beans_issued"]["mean"] > 0
    moved = one["deeds"]["by_deed"]
    assert moved["gained"]["mean"] - moved["displaced"]["mean"] == pytest.approx(
        one["deeds"]["extra"]["mean"]
    )


def test_kept_runs_are_compared_and_say_the_same(done: tuple[Path, str]) -> None:
    """In words and as JSON."""
    folder, stdout = done
    (one,) = json.loads(stdout)["comparisons"]
    again = beanpeak("results", "compare", *one["runs"], "--json", cwd=folder)
    assert json.loads(again.stdout)["comparisons"] == [one]
    words = beanpeak("results", "compare", *one["runs"], cwd=folder)
    assert (words.returncode, words.stderr) == (0, "")
    assert " ".join(words.stdout.split()).split(" deeds (at simulated size")[0].endswith(one["verdict"])


def test_a_run_beside_itself_changes_nothing(done: tuple[Path, str]) -> None:
    """Common draws: not one deed."""
    folder, stdout = done
    base = json.loads(stdout)["comparisons"][0]["runs"][0]
    ran = beanpeak("results", "compare", base, base, cwd=folder)
    assert "changes no deed" in ran.stdout


def test_a_notebook_compares_what_it_simulated(done: tuple[Path, str]) -> None:
    """The public function is the same."""
    runs = json.loads(done[1])["comparisons"][0]["runs"]
    contrast = sim.compare(*(sim.load_run(done[0] / run) for run in runs))
    assert verdict(contrast) in repr(contrast)
