"""Mistakes of whole files: what is not TOML, too much of something, and what follows from something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.loading import load_scenario
from sim.scenario import Scenario

Load = Callable[[str], Scenario]
SOUND = Path(__file__).with_name("sound.toml").read_text(encoding="utf-8")


# Without these, what is added could do nothing.
ACTING = {
    "pools": '[deeds.join]\nlabel = "入队"\neffect = "team"\n[teams]\nopen = true\n',
    "redemptions": '[deeds.redeem]\nlabel = "兑换"\neffect = "redeem"\n',
    "benefits": "[account]\nopen = true\nholders_at_start = 0.5\n",
}


def line_of(text: str, written: str) -> int:
    """The line on which a piece of text begins; it must be there exactly once."""
    assert text.count(written) == 1, written
    return text[: text.index(written)].count("\n") + 1


def test_a_guessed_value_causes_no_further_message(load: Load) -> None:
    """Without a start nothing can be said about what lies inside the scenario, and nothing is."""
    text = SOUND.replace("start = 2022-09-05T00:00:00+08:00\nlength", 'start = "5 September"\nlength')
    with pytest.raises(ScenarioError) as caught:
        load(text.replace("2022-", "2024-"))
    assert [m.key for m in caught.value.mistakes] == ["scenario.start"]


@pytest.mark.parametrize(
    ("section", "most", "settings"),
    [
        ("festivals", 16, "orders = 2\nday = 2022-01-{:02d}"),
        ("deeds", 24, 'label = "更多"'),
        ("channels", 12, 'label = "更多"\naudience = 1'),
        ("segments", 6, 'label = "更多"\nshare = 1'),
        ("pools", 16, 'sponsor = "更多"\ntotal = "1 yuan"\nserves = "teams"'),
        ("redemptions", 8, 'label = "更多"\nbeans = 1\nvalue = "1 yuan"\nstock = 1'),
        ("benefits", 8, 'label = "更多"\nneeds = 1'),
    ],
)
def test_too_many_entries_are_told_at_the_first_too_many(
    section: str, most: int, settings: str, load: Load
) -> None:
    """Tables have room for so many entries; the message stands at the first one too many."""
    world = '[scenario]\ntitle = "T"\nstart = 2022-01-01T00:00:00+08:00\nlength = "30 days"\n'
    world += "users = 9\nreal_users = 9\n" + ACTING.get(section, "")
    entries = [f"[{section}.n{i}]\n{settings.format(i + 1)}\n" for i in range(most + 2)]
    load(world + "".join(entries[:most]))
    text = world + "".join(entries)
    with pytest.raises(ScenarioError) as caught:
        load(text)
    line = line_of(text, f"[{section}.n{most}]")
    problem = f"is the {most + 1}th of {most + 2} {section}; keep at most {most}"
    assert str(caught.value) == f"bad.toml:{line}: {section}.n{most}: {problem}"


def test_what_is_closed_is_told_wherever_it_is_needed(load: Load) -> None:
    """Teams and accounts that are not open are told at each deed and pool that needs them."""
    text = SOUND.replace("[teams]\nopen = true", "").replace("[account]\nopen = true", "")
    text = text.replace("beans = 20", "beans = 20\nneeds_account = true")
    with pytest.raises(ScenarioError) as caught:
        load(text)
    account, teams = "open = true in [account]; add it", "open = true in [teams]; add it"
    assert [(m.key, m.problem) for m in caught.value.mistakes] == [
        ("deeds.quiz.needs_account", f"needs {account} or drop this"),
        ("deeds.join.effect", f'is "team", which needs {teams} or take the deed out'),
        ("deeds.account.effect", f'is "account", which needs {account} or take the deed out'),
        ("pools.teams.serves", f'is "teams", which needs {teams} or take the pool out'),
        (
            "benefits.credit",
            "does nothing here: it acts only with open = true in [account]; see to that or remove it",
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ('fade = "72 h"', "fade = 72 h", "fade = 72 h",
         'fade: is not TOML: an amount with its unit stands in quotes, for instance "24 h"'),
        ("per_yuan = 100", "per_yuan 100", "per_yuan 100",
         "text: is not TOML: an equals sign between key and value is missing"),
        ("per_yuan = 100", "per_yuan = 100\nper_yuan = 200", "per_yuan = 200",
         "per_yuan: per_yuan stands already at line "),
        ("[beans]", "[teams]\n[beans]", "[teams]\nopen",
         "teams: [teams] stands already at line "),
        ('label = "答题"', 'label = "答题', 'label = "答题', "label: is not TOML: the text is not closed"),
    ],
)  # fmt: skip
def test_what_is_not_toml_is_told_with_its_line(
    old: str, new: str, at: str, message: str, load: Load
) -> None:
    """A slip of syntax names its line like any other mistake."""
    text = SOUND.replace(old, new)
    with pytest.raises(ScenarioError) as caught:
        load(text)
    assert str(caught.value).startswith(f"bad.toml:{line_of(text, at)}: {message}")


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese saved in another encoding is a mistake of the file, not a crash."""
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_bytes('title = 1\nlabel = "答题"\n'.encode("gb18030"))
    with pytest.raises(
        ScenarioError, match=r"bad\.toml:2: text: is not UTF-8 but seems to be GBK; save the file as UTF-8"
    ):
        load_scenario("bad.toml")


def test_an_empty_file_says_what_a_scenario_needs(load: Load) -> None:
    """The first message of a beginner's empty file tells what to write."""
    with pytest.raises(ScenarioError) as caught:
        load("")
    needed = "title, start, length, users, real_users"
    assert str(caught.value) == f"bad.toml:1: scenario: is missing; add a table [scenario] with {needed}"
