"""A rule of one's own by the command line alone: three lines in a copy of the ideas, checked, told, played, compared.

What each kind of mistake says of every form is promised in tests/loading/test_rules.py; here it is what somebody meets
who slips in those three lines.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.loading import load_scenario, scenario_text
from tests.commands import Done, beanpeak

IDEAS = scenario_text("ideas")
HEAD = "\n[designs.mine.rules.weekend]\n"
RULE = 'what = "quiz"\nwhen.weekdays = ["Sat", "Sun"]\nform.add = 30\n'


def ran(*words: str, cwd: Path) -> str:
    """What a command says that must succeed."""
    done = beanpeak(*words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the ideas, three lines longer, and a run of it beside a run without."""
    folder = tmp_path_factory.mktemp("own")
    ran("scenarios", "copy", "ideas", "mine.toml", cwd=folder)
    file = folder / "mine.toml"
    file.write_text(file.read_text("utf-8") + HEAD + RULE, encoding="utf-8")
    for design in ("base", "mine"):
        ran("run", "mine.toml", "--users", "300", "--design", design, "--quiet", cwd=folder)
    return folder


def runs_of(folder: Path) -> dict[str, str]:
    """The runs by design."""
    listed = json.loads(ran("results", "list", "--json", cwd=folder))["runs"]
    return {run["design"]: run["run"] for run in listed}


def test_three_lines_are_a_rule(folder: Path) -> None:
    """Sound, with a design more than the ideas have."""
    designs = len(load_scenario("ideas").designs)
    assert ran("scenarios", "check", "mine.toml", cwd=folder) == f"mine.toml: sound, {designs + 1} designs\n"


def test_the_rule_is_told_in_words(folder: Path) -> None:
    """What it pays on a Saturday, nothing on a Friday; and that it is all that the design changes."""
    asked = ("scenarios", "explain", "mine.toml", "--design", "mine", "--user", "streak=1", "--at")
    assert "30 (weekend)" in ran(*asked, "2022-09-10 12:00", cwd=folder)
    assert "(weekend)" not in ran(*asked, "2022-09-09 12:00", cwd=folder)
    said = ran("scenarios", "diff", "mine.toml", "mine.toml:mine", cwd=folder)
    assert said.startswith("1 rule differs, 0 settings.\n")
    assert "Everybody, on Sat, Sun, for quiz: 30 beans more." in said


def test_the_run_says_what_the_rule_cost(folder: Path) -> None:
    """By its name, in the summary; the books balance."""
    said = ran("results", "show", runs_of(folder)["mine"], cwd=folder)
    assert "cost of weekend" in said
    assert "cost of weekend" not in ran("results", "show", runs_of(folder)["base"], cwd=folder)


def test_the_comparison_says_what_the_rule_changed(folder: Path) -> None:
    """A verdict in which the design has its name, and a programme that costs more."""
    runs = runs_of(folder)
    said = json.loads(ran("results", "compare", runs["base"], runs["mine"], "--json", cwd=folder))
    (one,) = said["comparisons"]
    assert one["verdict"].startswith(("mine brings", "mine changes", "too noisy to tell whether mine"))
    assert one["changes"]["beans_issued"]["mean"] > 0


def test_what_nobody_meant_to_change_is_as_it_was(folder: Path) -> None:
    """Copied again, the file is the shipped one to the last byte."""
    ran("scenarios", "copy", "ideas", "again.toml", cwd=folder)
    assert (folder / "again.toml").read_text("utf-8") == IDEAS


QUIZ, ADD = 'what = "quiz"', "form.add = 30"
# A slip in the lines of the rule: the lines, which of them is told (the heading is 0), and what is said of it.
SLIPS = {
    "a deed that is none": (['what = "quizz"', ADD], 1, "is no deed of this scenario, did you mean 'quiz'?"),
    "a city that is none": (
        [QUIZ, 'who.city = "hangzou"', ADD], 2, "is no city of this scenario, did you mean 'hangzhou'?"
    ),
    "two forms": ([QUIZ, "form = { add = 30, times = 2.0 }"], 2, "one rule has one form, make two of it"),
    "no form": ([QUIZ], 0, "is missing; add a table [rules.weekend.form]"),
    "hours without minutes": ([QUIZ, 'when.hours = "18-22"', ADD], 2, 'write it like "18:00-22:00"'),
    "an hour too many": ([QUIZ, 'when.hours = "18:00-25:00"', ADD], 2, "a day ends at 24:00"),
    "a budget of what": ([QUIZ, "budget = 10000", ADD], 2, "needs a unit in quotes, for instance"),
    "a phase that is none": (
        [QUIZ, 'when.phase = "weeek"', ADD], 2, "is no phase of this scenario, did you mean 'week'?"
    ),
    "a word for a number": ([QUIZ, 'form.times = "double"'], 2, 'is not a ratio; write it like 1.15 or "115 %"'),
    "a pot without money": (
        [QUIZ, 'form.lottery = { chance = "1 %", money = "20 yuan" }'], 2, "has no pot; add budget ="
    ),
    "whom for who": ([QUIZ, 'whom.city = "hangzhou"', ADD], 2, "did you mean 'who'?"),
    "a pool that is none": (
        ['what = "gift"', 'form.match = { pool = "flahs" }'], 2, "is no pool of this scenario, did you mean 'flash'?"
    ),
    "a day in full": ([QUIZ, 'when.weekdays = ["Saturday"]', ADD], 2, 'must be one of "Mon", "Tue"'),
    "half of a cohort": ([QUIZ, 'who.cohort = "50 %"', ADD], 2, 'write it like "0-50 %"'),
    "a date in quotes": ([QUIZ, 'when.start = "2022-09-08"', ADD], 2, "must be a date and a time without quotes"),
    "a comma for a point": ([QUIZ, "form.times = 1,5"], 2, "is not TOML: the value cannot be read"),
    "a match of quizzes": ([QUIZ, 'form.match = { pool = "flash" }'], 1, 'is about "gift"'),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("command", [("scenarios", "check"), ("run",)], ids=" ".join)
def test_a_slip_is_told_with_its_line_and_what_to_do(
    slip: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    """Exit 2 and one line; nothing is played."""
    lines, place, said = SLIPS[slip]
    (tmp_path / "mine.toml").write_text(IDEAS + HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    done: Done = beanpeak(
        *command, "mine.toml", *(["--design", "mine"] if command == ("run",) else []), cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    (told,) = done.stderr.splitlines()
    line = (IDEAS + HEAD).count("\n") + place
    assert f"mine.toml:{line}: " in told, told
    assert said in told
    assert not (tmp_path / "results").exists()


def test_a_rule_that_is_not_there_cannot_be_taken_out(tmp_path: Path) -> None:
    """The design is told with the nearest name."""
    (tmp_path / "mine.toml").write_text(
        IDEAS + '\n[designs.mine]\n"rules.dayly_cap" = false\n', encoding="utf-8"
    )
    done = beanpeak("scenarios", "check", "mine.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert f"mine.toml:{IDEAS.count(chr(10)) + 3}: " in done.stderr
    assert "is not in the scenario, did you mean 'daily_cap'?" in done.stderr
