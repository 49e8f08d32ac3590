"""A design changes values, adds tables and takes entries out; what cannot differ is refused with line and reason."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.loading import apply_design, files, load_scenario, resolved_dict, resolved_toml
from sim.loading.designs import Variant, variants_of
from sim.runs import _changed
from sim.scenario import Scenario
from tests.commands import beanpeak

Load = Callable[[str], Scenario]
BASE = Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")

NOON = '[designs.flash.rules.noon]\nwhat = "quiz"\nwhen.hours = "12:00-13:00"\nform.times = 2.0\n'
# What may be added, as TOML below [designs.flash], and the path of the entry.
ADDED = {
    "rules": NOON,
    "pools": '[designs.flash.pools.more]\nsponsor = "丁"\ntotal = "9 yuan"\n'
    '[designs.flash.rules.m]\nwhat = "gift"\nform.match.pool = "more"\n',
    "phases": "[designs.flash.phases.encore]\nstart = 2022-09-10T00:00:00+08:00\nend = 2022-09-11T00:00:00+08:00\n",
    "festivals": "[designs.flash.festivals.ninth]\nday = 2022-09-09\norders = 4.0\n",
    "deeds": '[designs.flash.deeds.walk]\nlabel = "走"\nbeans = 5\n',
    "redemptions": '[designs.flash.redemptions.mug]\nlabel = "杯"\nbeans = 9\nvalue = "1 yuan"\nstock = 9\n',
    "benefits": '[designs.flash.benefits.credit]\nlabel = "信用"\nneeds = 3\n',
}


def variant(text: str, folder: Path, design: str = "flash") -> Scenario:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return load_scenario(file, design)


@pytest.mark.parametrize("section", ADDED)
def test_a_design_may_add_an_entry(section: str, tmp_path: Path) -> None:
    """Behind those of the scenario, which stay as they are, and only in this design."""
    base, changed = (variant(f"{BASE}\n{ADDED[section]}", tmp_path, name) for name in ("base", "flash"))
    before, after = getattr(base, section), getattr(changed, section)
    assert list(after)[: len(before)] == list(before)
    assert len(after) == len(before) + 1
    assert {name: after[name] for name in before} == before
    others = [name for name in Scenario.model_fields if name not in (section, "rules")]
    assert all(getattr(base, name) == getattr(changed, name) for name in others)


# What may be taken out, beside what has to go with it: the lines of the design, and what is then gone.
TAKEN = {
    '"rules.local" = false': ("rules", "local"),
    '"pools.main" = false\n"rules.main_match" = false': ("pools", "main"),
    '"phases.first" = false': ("phases", "first"),
    '"redemptions.voucher" = false\n"deeds.redeem" = false': ("redemptions", "voucher"),
    '"redemptions" = false\n"deeds.redeem" = false': ("redemptions", "voucher"),
    '"deeds.training" = false': ("deeds", "training"),
    '"rules.local.who" = false': ("rules", "local", "who", "city"),
    '"rules.local.budget" = false': ("rules", "local", "budget"),
    '"channels.taobao.mix.quiz" = false': ("channels", "taobao", "mix", "quiz"),
}


@pytest.mark.parametrize("lines", TAKEN)
def test_a_design_may_take_out_what_a_scenario_can_be_without(lines: str, tmp_path: Path) -> None:
    """An entry, a whole table of entries, or a setting that may be absent; the others stay in their order."""
    text = BASE.replace("form.add = 3", 'form.add = 3\nbudget = "90 yuan"')
    text = text.replace("audience = 40", "audience = 40\nmix = { quiz = 1.0, steps = 1.0 }")
    base, changed = (
        variant(f"{text}\n[designs.flash]\n{lines}\n", tmp_path, name) for name in ("base", "flash")
    )
    *above, last = TAKEN[lines]
    held, left = resolved_dict(base), resolved_dict(changed)
    for part in above:
        held, left = held[part], left[part]
    assert last in held
    assert not left.get(last)
    assert [key for key in left if key != last] == [key for key in held if key != last]


def test_false_is_the_value_of_a_setting_that_is_true_or_false(tmp_path: Path) -> None:
    """`holder = false` is for who holds no account; nothing is taken out."""
    text = BASE.replace("form.add = 3", "form.add = 3\nwho.holder = true")
    changed = variant(text + '\n[designs.flash]\n"rules.local.who.holder" = false\n', tmp_path)
    assert changed.rules["local"].who.holder is False


def test_a_design_is_the_scenario_that_has_been_edited_by_hand(tmp_path: Path) -> None:
    """Adding, taking out and changing at once is what an editor would do to the file."""
    design = '[designs.flash]\n"rules.twice" = false\n"rules.local.form.add" = 9\n' + NOON
    by_hand = BASE.replace('[rules.twice]\nwhat = ["quiz", "steps"]\nform.limit = 2\n\n', "")
    by_hand = by_hand.replace("form.add = 3", "form.add = 9") + "\n" + NOON.replace("designs.flash.", "")
    changed = variant(f"{BASE}\n{design}", tmp_path)
    assert changed.model_copy(update={"designs": {}}) == variant(by_hand, tmp_path, "base")
    assert list(changed.rules) == ["local", "main_match", "orders_cofund", "noon"]


def test_applying_a_design_leaves_the_document_alone() -> None:
    """Tables are copied before they are edited, so that designs do not see each other's edits."""
    document = tomllib.loads(
        f'{BASE}\n[designs.flash]\n"rules.local.form.add" = 9\n"rules.twice" = false\n{NOON}'
    )
    kept = copy.deepcopy(document)
    apply_design(document, "flash")
    assert document == kept


# The design's lines, where it is told, and what is told; `at` is on its line.
Mistake = tuple[str, str, str, str]
REFUSED: list[Mistake] = [
    ('"rules.locl" = false', '"rules.locl"', "rules.locl is not in the scenario, did you mean 'local'?", "locl"),
    ('"rules.local.budget" = false', '"rules.local.budget"',
     "is not set, so there is nothing to take out; remove the line", "budget"),
    ('"benefits" = false', "benefits", "is not set, so there is nothing to take out; remove the line", "benefits"),
    ('"teams" = false', "teams", "cannot be taken out: every scenario has it; ", "teams"),
    ('"projects.causes" = false', '"projects.causes"', "cannot be taken out: every scenario has it; ", "projects"),
    ('"rules" = false\n"rules.local" = false', '"rules.local"', "is taken out already by rules = false; remove one",
     '"rules.local"'),
    ('"rules.local" = false\n"rules.local.form.add" = 9', '"rules.local.form.add"',
     'and "rules.local" take each other back: one takes out what the other writes; keep one of them', "form.add"),
    (f'"rules.noon.form.times" = 3\n{NOON}', '"rules.noon.form.times"', "rules.noon is not in the scenario",
     "form.times"),
    ('[designs.flash.rules.local]\nform.add = 9', "rules.local",
     'is in the scenario already; change it by its path, for instance "rules.local.form" = …, or choose another name',
     "[designs.flash.rules.local]"),
    ('"rules.noon" = { what = "quiz", form = { add = 9 } }', '"rules.noon"',
     "rules.noon is not in the scenario; use one of twice, local, main_match, orders_cofund; "
     "to add it, write [designs.….rules.noon]", '"rules.noon"'),
    ('[designs.flash.beans]\ngive_all = 0.1', "beans.give_all",
     'must be one quoted path, for instance "beans.give_all" = …', "give_all"),
    ("rules.local = false", "rules.local", 'must be one quoted path, for instance "rules.local" = …', "rules.local"),
    ('[designs.flash.segments.old]\nlabel = "老"\nshare = 1', "segments.old",
     "cannot be added by a design: people's places are drawn over all segments, so it would move everybody; ",
     "[designs.flash.segments.old]"),
    ('[designs.flash.channels.alipay]\nlabel = "支"\naudience = 1', "channels.alipay",
     "cannot be added by a design: people's places are drawn over all channels, ", "[designs.flash.channels.alipay]"),
    ('[designs.flash.cities.ningbo]\nlabel = "宁波"\nshare = 0.1', "cities.ningbo",
     "cannot be added by a design: people's places are drawn over all cities, ", "[designs.flash.cities.ningbo]"),
    ('"segments.minors" = false', '"segments.minors"', "cannot be taken out by a design: people's places ", "minors"),
    ('"channels" = false', "channels", "cannot be taken out by a design: people's places ", "channels"),
    ('"cities.hangzhou" = false', '"cities.hangzhou"', "cannot be taken out by a design: people's places ", "hangzhou"),
    *(
        (f'"scenario.{key}" = {value}', f'"scenario.{key}"', "is fixed for all designs; give users and ", key)
        for key, value in [("users", 9), ("real_users", 9), ("seed", 9), ("length", '"9 days"'),
                           ("start", "2022-09-06T00:00:00+08:00"), ("length", "false")]
    ),
    ('"pools.main" = false', '"pools.main"',
     "takes out what rules.main_match.form.match.pool needs: it is no pool of this scenario", "pools.main"),
    ('"deeds.training" = false\n"deeds.quiz" = false', '"deeds.quiz"',
     "takes out what rules.twice.what[0] needs: it is no deed of this scenario", "deeds.quiz"),
    ('[designs.flash.rules.noon]\nwhat = "quizz"\nform.add = 9', "rules.noon.what",
     "is no deed of this scenario, did you mean 'quiz'?", 'what = "quizz"'),
    ('[designs.flash.rules.noon]\nwhat = "quiz"\nform.limit = 3', "rules.noon.form.limit",
     "contradicts rules.twice, which limits the same people to 2 a day", "form.limit = 3"),
    ('[designs.flash.rules.noon]\nform = { ad = 3 }', "rules.noon.form.ad", "is not a setting of ", "form ="),
    ("[designs.flash.rules]\n", "rules", "adds nothing; write a table below it, or ", "[designs.flash.rules]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "key", "problem", "at"), REFUSED, ids=[one[1] + one[2][:16] for one in REFUSED]
)
def test_what_a_design_cannot_do_is_told_with_its_line(
    lines: str, key: str, problem: str, at: str, load: Load
) -> None:
    """Alone, at the line of the edit, with the reason and what to do."""
    added = lines if lines.startswith("[") else f"[designs.flash]\n{lines}"
    with pytest.raises(ScenarioError) as caught:
        load(f"{BASE}\n{added}\n")
    line = (BASE + "\n" + added[: added.index(at)]).count("\n") + 1
    told = str(caught.value).splitlines()
    assert len(told) == 1, told
    assert told[0].startswith(f"bad.toml:{line}: designs.flash.{key}: {problem}")


def test_the_mistakes_of_all_designs_are_told_at_once(load: Load) -> None:
    """Each at its line."""
    parts = [(lines.replace("flash", f"d{i}"), key, i) for i, (lines, key, _, _) in enumerate(REFUSED)]
    text = "\n".join(lines if lines.startswith("[") else f"[designs.d{i}]\n{lines}" for lines, _, i in parts)
    with pytest.raises(ScenarioError) as caught:
        load(f"{BASE}\n{text}\n")
    assert [m.key for m in caught.value.mistakes] == [f"designs.d{i}.{key}" for _, key, i in parts]


FLASH = f'{BASE}\n[designs.flash]\n"rules.twice" = false\n"pools.main.total" = "9 yuan"\n{NOON}'


def test_designs_that_add_and_take_out_survive_being_written_out(tmp_path: Path) -> None:
    """A result keeps its scenario with all designs; each of them is the same again."""
    base = variant(FLASH, tmp_path, "base")
    again = variant(resolved_toml(base), tmp_path, "base")
    assert again == base
    flash = variant(FLASH, tmp_path)
    assert variant(resolved_toml(base), tmp_path) == flash
    assert _changed(base, "flash", {}) == flash


def test_the_command_line_shows_a_design_that_adds_and_takes_out(tmp_path: Path) -> None:
    """`scenarios show --design`, `list` and `check`."""
    file = tmp_path / "mine.toml"
    file.write_text(FLASH, encoding="utf-8")
    shown = beanpeak("scenarios", "show", "mine.toml", "--design", "flash", cwd=tmp_path).stdout
    rules: dict[str, Any] = tomllib.loads(shown)["rules"]
    assert list(rules) == ["local", "main_match", "orders_cofund", "noon"]
    checked = beanpeak("scenarios", "check", "mine.toml", cwd=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "mine.toml: sound, 1 designs\n")


def test_one_design_after_the_other_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading each of many designs does not check all of them each time."""
    text = BASE + "".join(f'\n[designs.d{i}]\n"rules.local.form.add" = {10 + i}\n' for i in range(5))
    checked: list[dict[str, Any]] = []
    real = variants_of

    def counted(document: dict[str, Any]) -> list[Variant]:
        checked.append(document)
        return real(document)

    monkeypatch.setattr(files, "variants_of", counted)
    adds = [variant(text, tmp_path, f"d{i}").rules["local"].form.add for i in range(5)]
    assert adds == [10, 11, 12, 13, 14]
    assert len(checked) == 1
