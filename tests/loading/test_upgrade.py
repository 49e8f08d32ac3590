"""Scenarios of 0.1 become scenarios of rules: they say the same, keep their comments, and lose nothing on the way."""

from __future__ import annotations

import json
import os
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import ScenarioError, UsageError
from sim.loading import list_scenarios, load_scenario, scenario_text
from sim.loading.edits import override_path
from sim.loading.lines import Lines, spelled
from sim.loading.upgrade import upgraded
from sim.loading.wording import as_toml
from sim.scenario import Scenario
from sim.scenario.gone import GONE, gone
from sim.scenario.incentives import Rule
from tests.commands import beanpeak
from tests.doors.damage import is_root
from tests.loading.test_any_document import ODD

OLD = Path(__file__).with_name("old.toml").read_text(encoding="utf-8")
WORLD = """[scenario]
title = "Old"
start = 2022-09-05T00:00:00+08:00
length = "3 days"
users = 50
real_users = 50
"""
DEED = '[deeds.quiz]\nlabel = "答题"\nbeans = 20\n'
HALF = {"day": 1, "times": 1.25}
WHOLE = {"day": 2, "times": 1.5}


def new(text: str) -> str:
    """The text after the upgrade."""
    made = upgraded(text, "old.toml")
    assert made is not None
    return made.text


def rules(**tables: dict[str, Any]) -> dict[str, Rule]:
    return {name: Rule.model_validate(table) for name, table in tables.items()}


# What old.toml promised, in the words of rules.
PROMISED = rules(
    streak={"form": {"streak": {"steps": (HALF, WHOLE)}}},
    teams={"what": "steps", "who": {"team": True}, "form": {"times": 1.1}},
    week_beans={"when": {"phase": "week"}, "form": {"times": 1.5}},
    once_a_day={"what": ("sign_in", "steps", "gift"), "form": {"limit": 1}},
    twice_a_day={"what": "quiz", "form": {"limit": 2}},
    thrice_a_day={"what": "guess", "form": {"limit": 3}},
    daily_cap={"form": {"cap": 300, "per": "day"}},
    goal={"form": {"goal": {"beans": 500, "head_start": 20}}},
    reminder={"form": {"nudge": {"at": "20:00"}}},
    pass_on={"what": "invite", "form": {"add": 5}},
    main_match={
        "what": "gift",
        "form": {
            "match": {
                "pool": "main", "ratio": 0.5, "most": "50 yuan", "per_account": "200 yuan", "lot": True, "named": True,
            }
        },
    },
    plain_match={"what": "gift", "form": {"match": {"pool": "plain", "named": True}}},
    orders_cofund={"what": "order", "form": {"cofund": {"pool": "orders", "most": "1 yuan"}}},
)  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old file, upgraded by the command."""
    file = tmp_path_factory.mktemp("upgraded") / "old.toml"
    file.write_text(OLD, encoding="utf-8")
    ran = beanpeak("scenarios", "upgrade", "old.toml", cwd=file.parent)
    assert (ran.returncode, ran.stderr) == (0, "")
    return file


# --- it says the same ------------------------------------------------------------------------------------------


def test_the_old_file_has_every_setting_that_became_a_rule() -> None:
    """Whoever makes another setting a rule adds it to old.toml, and says below what it promised."""
    written = {(*path[:1], *("*" for _ in path[1:-1]), *path[-1:]) for path in Lines(OLD).paths if gone(path)}
    assert written == set(GONE)


def test_rules_promise_what_the_settings_promised(file: Path) -> None:
    """Each rule is the one that was meant, and there are no others."""
    assert load_scenario(file).rules == PROMISED


@pytest.mark.parametrize(
    ("design", "other"),
    [
        ("cautious", {
            "daily_cap": {"form": {"cap": 50}},
            "main_match": {"what": "gift", "form": {"match": {
                "pool": "main", "ratio": 0.5, "most": "2 yuan", "per_account": "200 yuan",
                "lot": True, "named": True}}},
        }),
        ("first_come", {
            "main_match": {"what": "gift", "form": {"match": {
                "pool": "main", "ratio": 0.5, "most": "50 yuan", "per_account": "200 yuan"}}},
            "plain_match": {"what": "gift", "form": {"match": {"pool": "plain"}}},
        }),
        ("unmatched", {
            "main_match": None, "orders_cofund": None, "daily_cap": {"form": {"cap": 0}},
            "week_beans": {"when": {"phase": "week"}, "form": {"times": 0.5}},
        }),
        ("plain", dict.fromkeys(("streak", "teams", "goal", "week_beans", "reminder", "pass_on"))),
        ("often", {
            "twice_a_day": None,
            "thrice_a_day": {"what": ("quiz", "guess"), "form": {"limit": 3}},
            "once_a_day": {"what": ("sign_in", "gift"), "form": {"limit": 1}},
            "week_beans": {"when": {"phase": "week"}, "form": {"times": 2.0}},
            "streak": {"form": {"streak": {"steps": ({"day": 1, "times": 1.5},)}}},
            "teams": {"what": ("steps", "gift"), "who": {"team": True}, "form": {"times": 1.1}},
        }),
    ],
)  # fmt: skip
def test_designs_make_of_the_new_file_what_they_made_of_the_old_one(
    file: Path, design: str, other: dict[str, Any]
) -> None:
    """What a design changed, switched off or added to is so in its rules, and all else is as without it."""
    meant = PROMISED | rules(**{name: table for name, table in other.items() if table})
    gone_here = [name for name, table in other.items() if table is None]
    made = load_scenario(file, design).rules
    assert {name: made.get(name) for name in PROMISED} == meant | dict.fromkeys(gone_here)


def test_a_design_adds_the_rule_that_the_scenario_has_not(tmp_path: Path) -> None:
    """Nothing multiplies beans in the scenario; in the design a phase does. So with streaks, and in one line."""
    phase = "[phases.week]\nstart = 2022-09-05T00:00:00+08:00\nend = 2022-09-06T00:00:00+08:00\n"
    more = '"phases.week.beans_factor" = 2.0'
    text = WORLD + phase + DEED + f'[designs.twice]\n{more}\n"beans.streak_bonus" = 0.5\n'
    (tmp_path / "a.toml").write_text(new(text), encoding="utf-8")
    (tmp_path / "b.toml").write_text(
        new(f"designs = {{ twice = {{ {more} }} }}\n{WORLD}{phase}{DEED}"), "utf-8"
    )
    twice = rules(week_beans={"when": {"phase": "week"}, "form": {"times": 2.0}})["week_beans"]
    assert {"week_beans", "streak"}.isdisjoint(load_scenario(tmp_path / "a.toml").rules)
    for name in ("a.toml", "b.toml"):
        assert load_scenario(tmp_path / name, "twice").rules["week_beans"] == twice
    assert len(load_scenario(tmp_path / "a.toml", "twice").rules["streak"].form.streak.steps) == 7  # type: ignore[union-attr]


def test_what_was_so_unasked_is_written_as_rules() -> None:
    """A file of 0.1 that wrote none of it had a cap of 200, a goal of 100 and every deed once a day."""
    made = upgraded(WORLD + DEED, "old.toml")
    assert made is not None
    assert rules(**tomllib.loads(made.text)["rules"]) == rules(
        once_a_day={"what": "quiz", "form": {"limit": 1}}, daily_cap={"form": {"cap": 200}},
        goal={"form": {"goal": {"beans": 100}}},
    )  # fmt: skip
    assert [(change.line, change.was) for change in made.changes] == [(0, "by itself")] * 3


def test_where_nobody_plays_nothing_becomes_a_rule() -> None:
    """Pools for orders do, whoever plays."""
    assert upgraded(WORLD + "[play]\nopen = false\n", "old.toml") is None
    pool = '[pools.o]\nsponsor = "甲"\ntotal = "1 yuan"\nserves = "orders"\n'
    assert list(tomllib.loads(new(f"{WORLD}[play]\nopen = false\n{pool}"))["rules"]) == ["o_cofund"]


@pytest.mark.parametrize(
    "text",
    [
        f"beans.daily_cap = 50\n{WORLD}{DEED}",
        f"beans = {{ ripen = \"24 h\", daily_cap = 50 }}\n{WORLD}{DEED}",
        f"beans = {{ daily_cap = 50, ripen = \"24 h\" }}  # both\n{WORLD}{DEED}",
        f"beans = {{ daily_cap = 50 }}\n{WORLD}{DEED}",
        f"{WORLD}{DEED}[beans]\n\"daily_cap\" = 50 # A",
        f"{WORLD}{DEED}[beans]\n  'daily_cap'=50",
        f"{WORLD}[deeds]\nquiz = {{ label = \"[答]#题\", per_day = 1, beans = 20 }}\n[beans]\ndaily_cap = 5_0\n",
        f"{WORLD}{DEED}\n[beans]\ndaily_cap = 50\n\n[rules]\n",
    ],
)  # fmt: skip
def test_however_a_setting_is_written_it_becomes_the_same_rule(text: str) -> None:
    """By a header, a dotted key, an inline table, quoted, with or without blanks."""
    assert tomllib.loads(new(text))["rules"]["daily_cap"] == {"form": {"cap": 50}}
    assert "daily_cap" not in tomllib.loads(new(text)).get("beans", {})


def test_a_cap_in_a_design_of_whatever_form_becomes_one_of_rules() -> None:
    """Under a header, as a dotted key, inline."""
    for design in (
        '[designs.low]\n"beans.daily_cap" = 50\n', '[designs]\nlow."beans.daily_cap" = 50\n',
        '[designs]\nlow = { "deeds.quiz.beans" = 30, "beans.daily_cap" = 50 }\n',
    ):  # fmt: skip
        low = tomllib.loads(new(WORLD + DEED + design))["designs"]["low"]
        assert low["rules.daily_cap.form.cap"] == 50
        assert "beans.daily_cap" not in low


# --- nothing is lost ---------------------------------------------------------------------------------------------


def comments(text: str) -> list[str]:
    """The comments of a text that has no # in its values, without the names put before those that were moved."""
    return [re.sub(r"^\w+: (?=[A-Z]+: )", "", part) for part in re.findall(r"# *(.*)", text)]


def test_every_comment_is_kept(file: Path) -> None:
    """Beside a setting that stayed, beside the rule it became, or above it."""
    kept = comments(file.read_text(encoding="utf-8"))
    assert [comment for comment in comments(OLD) if comment not in kept] == []
    text = file.read_text(encoding="utf-8")
    for said in (
        "form.cap = 300             # A\n", "# What people may grow in a day.\n[rules.daily_cap]\n",
        "form.match.lot = true      # F: by lot\n", '"rules.daily_cap.form.cap" = 50     # A\n',
        "# --- what is compared ---\n\n[designs.cautious]         # less to take\n",
    ):  # fmt: skip
        assert said in text


def test_a_comment_that_is_about_more_stays() -> None:
    """Above several settings, of which one stays, and above or beside what no rule says."""
    text = (
        WORLD
        + DEED
        + '\n[beans]\n# Growing.\ndaily_cap = 50\nripen = "24 h"\n\n[play]\nreminder = false # never\n'
    )
    assert "[beans]\n# Growing.\nripen" in new(text)
    assert "[play]\n# never\n" in new(text)


def test_all_else_stands_as_it_was_and_in_its_order(file: Path) -> None:
    """Every line of a setting that stayed."""
    after = iter(file.read_text(encoding="utf-8").splitlines())
    lines = Lines(OLD)
    changed = {
        lines.of(path) for path in lines.paths
        if gone(path) or (path[0] == "designs" and len(path) == 3 and gone(override_path(str(path[2]))))
    }  # fmt: skip
    emptied = {"[gifts]", "[sharing]"}
    for number, line in enumerate(OLD.splitlines(), start=1):
        if (
            number not in changed
            and line not in emptied
            and line.strip()
            and not line.startswith("# What people")
        ):
            assert line in after, line


def test_every_change_is_told_with_its_line() -> None:
    """What stood there, and what says it now."""
    made = upgraded(OLD, "old.toml")
    assert made is not None
    lines = Lines(OLD)
    told = {change.line: change for change in made.changes}
    for path in lines.paths:
        setting = override_path(str(path[2])) if path[0] == "designs" and len(path) == 3 else path
        if gone(setting):
            change = told[lines.of(path)]
            assert change.was.startswith(spelled(path))
            assert "rules." in change.now or change.now.startswith("taken out")


def test_files_of_windows_stay_files_of_windows(tmp_path: Path) -> None:
    """The mark at the beginning and the ends of lines are kept."""
    file = tmp_path / "old.toml"
    before = b"\xef\xbb\xbf" + OLD.encode().replace(b"\n", b"\r\n")
    file.write_bytes(before)
    assert beanpeak("scenarios", "upgrade", "old.toml", cwd=tmp_path).returncode == 0
    after = file.read_bytes()
    assert after == b"\xef\xbb\xbf" + new(OLD).encode().replace(b"\n", b"\r\n")
    assert (tmp_path / "old.toml.bak").read_bytes() == before


# --- the command -------------------------------------------------------------------------------------------------


def test_the_file_as_it_was_stands_beside_it(file: Path) -> None:
    """Byte by byte."""
    assert file.with_name("old.toml.bak").read_text(encoding="utf-8") == OLD
    assert sorted(one.name for one in file.parent.iterdir()) == ["old.toml", "old.toml.bak"]


def test_what_is_new_already_is_left_alone(file: Path) -> None:
    """Nothing to do, exit 0; the backup of the first time is no hindrance."""
    before = {one.name: one.read_bytes() for one in file.parent.iterdir()}
    ran = beanpeak("scenarios", "upgrade", "old.toml", cwd=file.parent)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "nothing to do" in ran.stdout
    assert {one.name: one.read_bytes() for one in file.parent.iterdir()} == before


@pytest.mark.parametrize("name", list_scenarios())
def test_the_shipped_scenarios_are_new(name: str) -> None:
    """What comes with Beanpeak needs no upgrade."""
    assert upgraded(scenario_text(name), name) is None


def test_a_dry_run_shows_the_list_and_the_difference_and_writes_nothing(tmp_path: Path) -> None:
    """The difference is one that `patch` reads."""
    file = tmp_path / "old.toml"
    file.write_text(OLD, encoding="utf-8")
    ran = beanpeak("scenarios", "upgrade", "old.toml", "--dry-run", cwd=tmp_path)
    assert ran.returncode == 0
    assert "old.toml:23: beans.daily_cap = 300  →  [rules.daily_cap] form.cap = 300\n" in ran.stdout
    assert "--- old.toml\n" in ran.stdout
    assert "\n-daily_cap = 300            # A\n" in ran.stdout
    assert "\n+form.cap = 300             # A\n" in ran.stdout
    assert {one.name: one.read_text("utf-8") for one in tmp_path.iterdir()} == {"old.toml": OLD}


def test_programs_are_told_the_same(tmp_path: Path) -> None:
    """--json, dry or not, and where there is nothing to do."""
    (tmp_path / "old.toml").write_text(OLD, encoding="utf-8")
    command = ("scenarios", "upgrade", "old.toml", "--json")
    dry, wet, again = (
        json.loads(beanpeak(*command, *more, cwd=tmp_path).stdout) for more in (["--dry-run"], [], [])
    )
    assert {"line": 23, "was": "beans.daily_cap = 300", "now": "[rules.daily_cap] form.cap = 300"} in dry[
        "changes"
    ]
    assert dry["changes"] == wet["changes"]
    assert (dry["backup"], wet["backup"], again["backup"]) == (None, "old.toml.bak", None)
    assert again["changes"] == []
    assert "+form.cap = 300" in dry["diff"]


def test_permissions_are_kept(tmp_path: Path) -> None:
    """Of the file, and its backup is no more open than it was."""
    file = tmp_path / "old.toml"
    file.write_text(OLD, encoding="utf-8")
    file.chmod(0o640)
    assert beanpeak("scenarios", "upgrade", "old.toml", cwd=tmp_path).returncode == 0
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o640}


# --- what is refused ---------------------------------------------------------------------------------------------


def refused(folder: Path, name: str = "old.toml") -> str:
    """What is said of a file that is not rewritten; nothing in its folder changes."""
    before = {one.name: one.lstat().st_mtime_ns for one in folder.iterdir()}
    ran = beanpeak("scenarios", "upgrade", name, cwd=folder)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert {one.name: one.lstat().st_mtime_ns for one in folder.iterdir()} == before
    return ran.stderr


def test_no_backup_is_written_over(tmp_path: Path) -> None:
    """Whatever it is: a file, a folder, a link to nowhere."""
    (tmp_path / "old.toml").write_text(OLD, encoding="utf-8")
    backup = tmp_path / "old.toml.bak"
    for make in (backup.touch, backup.mkdir, lambda: backup.symlink_to("nowhere")):
        make()
        assert "old.toml.bak: is there already" in refused(tmp_path)
        backup.rmdir() if backup.is_dir() else backup.unlink()


def test_a_link_is_not_torn_from_its_file(tmp_path: Path) -> None:
    """The file that it leads to is named."""
    (tmp_path / "real.toml").write_text(OLD, encoding="utf-8")
    (tmp_path / "old.toml").symlink_to("real.toml")
    assert "is a link to real.toml" in refused(tmp_path)


def test_a_file_that_may_not_be_written_is_not(tmp_path: Path) -> None:
    """Also where its folder would allow it."""
    (tmp_path / "old.toml").write_text(OLD, encoding="utf-8")
    (tmp_path / "old.toml").chmod(0o444)
    assert "may not be written; change its permissions" in refused(tmp_path)


@pytest.mark.skipif(is_root(), reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """Before anything is begun."""
    (tmp_path / "old.toml").write_text(OLD, encoding="utf-8")
    tmp_path.chmod(0o555)
    assert "cannot be written" in refused(tmp_path)
    tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("old", "mistake", "told"),
    [
        ("daily_cap = 300", 'daily_cap = "lots"', "beans.daily_cap: must be a whole number"),
        ("streak_full = 2", "streak_full = 8", "beans.streak_full: must be at most 7"),
        ("per_day = 3", "per_day = 4", "deeds.guess.per_day: must be at most 3"),
        ('"150 %"', '"half"', 'phases.week.beans_factor: is not a ratio; write it like 1.15 or "115 %"'),
        ('rule = "random"            #', 'rule = "lottery" #', "pools.main.rule: must be 'first_come' or 'random'"),
        ('cap_per_gift = "50 yuan"', "cap_per_gift = 50", "pools.main.cap_per_gift: needs a unit in quotes"),
        ('"beans.daily_cap" = 50 ', '"beans.daily_cap" = -1 ', 'designs.cautious."beans.daily_cap": must not be'),
        ("beans = 20\nteam", "baens = 20\nteam", "deeds.steps.baens: is not a setting of [deeds.steps], did you mean"),
        ('"deeds.quiz.beans" = 30', '"deeds.quizz.beans" = 30', 'designs.cautious."deeds.quizz.beans": '),
        ("goal = 500 ", "goal = 0 ", "beans.head_start: needs a goal"),
        ("[teams]\n", "[teams\n", "teams: is not TOML: "),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_stand_in_the_old_file(
    tmp_path: Path, old: str, mistake: str, told: str
) -> None:
    """By the line of the file that the user has, and nothing is written."""
    assert OLD.count(old) == 1, old
    text = OLD.replace(old, mistake)
    (tmp_path / "old.toml").write_text(text, encoding="utf-8")
    first = refused(tmp_path).splitlines()[0]
    key = told.partition(": ")[0].rpartition(".")[2].strip('"')
    number = int(first.split(":")[1])
    assert f": {told}" in first
    assert key == "text" or key in text.splitlines()[number - 1]


def test_all_mistakes_are_told_at_once() -> None:
    """Values that are gone, in the scenario and in designs."""
    text = OLD.replace("daily_cap = 300", "daily_cap = -3").replace(
        '"beans.daily_cap" = 50', '"beans.daily_cap" = 1.5'
    )
    with pytest.raises(ScenarioError) as caught:
        upgraded(text, "old.toml")
    assert [m.key for m in caught.value.mistakes] == ["beans.daily_cap", 'designs.cautious."beans.daily_cap"']


def test_a_rule_that_is_there_is_not_written_over() -> None:
    """Half old, half new: the rule and the setting contradict each other."""
    text = f"{WORLD}{DEED}[beans]\ndaily_cap = 50\n[rules.daily_cap]\nform.cap = 60\n"
    with pytest.raises(
        ScenarioError, match=r"old\.toml:11: beans\.daily_cap: becomes \[rules\.daily_cap\], which is"
    ):
        upgraded(text, "old.toml")


def test_a_file_that_knows_rules_does_nothing_unasked() -> None:
    """Half old, half new: what is written becomes a rule beside the others, and no cap or limit comes with it."""
    gift = '[deeds.gift]\nlabel = "捐"\neffect = "gift"\nkind = "donated"\n'
    text = f"{WORLD}{DEED}{gift}[sharing]\nreward = 5\n[rules.daily_cap]\nform.cap = 60\n"
    assert set(tomllib.loads(new(text))["rules"]) == {"pass_on", "daily_cap"}
    design = '[designs.again]\n"beans.goal" = 30\n'
    assert tomllib.loads(new(f"{text}{design}"))["designs"] == {
        "again": {"rules": {"goal": {"form": {"goal": {"beans": 30}}}}}
    }


def test_what_cannot_be_rewritten_by_itself_is_said_so() -> None:
    """Rules in one line have no room for tables of their own."""
    text = f"rules = {{ a = {{ form = {{ add = 3 }} }} }}\n{WORLD}{DEED}[beans]\ndaily_cap = 50\n"
    with pytest.raises(UsageError, match=r"old\.toml"):
        upgraded(text, "old.toml")


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of a document."""
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [path, *(place for key in keys for place in places(tree[key], (*path, key)))]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(tomllib.loads(OLD))[1:]), ODD), min_size=1, max_size=3))
def test_whatever_stands_in_an_old_file_it_is_rewritten_or_told(edits: list[tuple[Any, Any]]) -> None:
    """Nothing that a user can write makes the upgrade itself fail, and what comes out has nothing of 0.1 in it."""
    document: Any = tomllib.loads(OLD)
    for path, value in edits:
        holder = document
        with suppress(KeyError, IndexError, TypeError):
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = value
    text = "".join(f"{spelled((key,))} = {as_toml(value)}\n" for key, value in document.items())
    with suppress(UsageError):
        made = upgraded(text, "old.toml")
        assert made is None or upgraded(made.text, "new.toml") is None


# --- who still writes it -------------------------------------------------------------------------------------------


def place_of(pattern: tuple[str, ...]) -> tuple[str, ...]:
    """A path of the pattern: the entry of the section that old.toml has."""
    return tuple(next(iter(tomllib.loads(OLD)[pattern[0]])) if part == "*" else part for part in pattern)


@pytest.mark.parametrize("pattern", GONE, ids=".".join)
def test_who_writes_what_is_gone_is_told_what_it_became(pattern: tuple[str, ...], tmp_path: Path) -> None:
    """In a file, with the line; in a design; and in a program."""
    path = place_of(pattern)
    document = tomllib.loads(new(OLD))
    for part in (table := document, *path[:-1])[1:]:
        table = table.setdefault(part, {})
    table[path[-1]] = 1
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(document)
    told = [error["msg"] for error in caught.value.errors() if error["loc"] == path]
    named = GONE[pattern].became.format(path[1])
    assert len(told) == 1
    assert named in told[0]
    assert "`beanpeak scenarios upgrade FILE`" in told[0]

    (tmp_path / "bad.toml").write_text(OLD, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused_by_the_loader:
        load_scenario(tmp_path / "bad.toml")
    lines = Lines(OLD)
    mistakes = {m.key: m for m in refused_by_the_loader.value.mistakes}
    for written in lines.paths:
        in_design = written[0] == "designs" and len(written) == 3
        if (override_path(str(written[2])) if in_design else written) == path:
            mistake = mistakes[spelled(written)]
            assert mistake.line == lines.of(written)
            assert named in mistake.problem


def test_a_backup_that_cannot_be_made_leaves_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full while the new file is written: the old one stands, and no backup that would be in the way."""
    file = tmp_path / "old.toml"
    file.write_text(OLD, encoding="utf-8")
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name.startswith(".old.toml"):
            write(self, data[:100])
            raise OSError(28, os.strerror(28))
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "No space left" in refused(tmp_path)
    assert file.read_text(encoding="utf-8") == OLD
