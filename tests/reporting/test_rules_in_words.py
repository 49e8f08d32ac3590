"""Rules, what they pay and what differs, in Chinese and English: every setting of the noun has words in both."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from sim.loading import list_scenarios, load_scenario
from sim.loading.reading import frozen
from sim.loading.shape import Place, place_of
from sim.reporting.differing import compare, rule_words
from sim.reporting.explanation import FACTS
from sim.reporting.forms import FORMS
from sim.reporting.names import NAMES
from sim.reporting.saying import says
from sim.reporting.tongue import LANGS, WORDS, Tongue
from sim.scenario import Rule, Scenario, Settings
from sim.scenario.incentives import BESIDES, KINDS, Per
from tests.commands import beanpeak

WORLD = """
[scenario]
title = "Words"
start = 2022-09-05T00:00:00+08:00
length = "14 days"
users = 1000
real_users = 100_000
[play]
players_at_start = 0.5
[phases.week]
start = 2022-09-05T00:00:00+08:00
end = 2022-09-12T00:00:00+08:00
[deeds.sign_in]
label = "签到"
beans = 10
[deeds.quiz]
label = "公益答题"
beans = 20
hours = 0.1
[channels.taobao]
label = "淘宝"
audience = 40
[segments.born_95s]
label = "95后"
share = 1.0
[cities.hangzhou]
label = "杭州"
share = 0.1
"""
RULES = """
[rules.evening]
why = "晚上多来"
what = "quiz"
when = { hours = "18:00-22:00" }
form = { add = 10 }
budget = "10_000 yuan"
[rules.row]
form = { streak = { steps = [{ day = 3, times = 1.2 }, { day = 7, times = 1.5 }] } }
[rules.newcomers]
who = { joined_within = "7 days" }
form = { times = 2.0 }
[rules.daily_cap]
form = { cap = 60 }
[rules.once]
what = "sign_in"
form = { limit = 1 }
"""
DESIGNS = """
[designs.better]
"deeds.quiz.beans" = 25
[designs.local]
"rules.newcomers.who.city" = "hangzhou"
"""
# For every form a rule in which all that belongs to it is said, and for every setting in it another value.
SOUND: dict[str, dict[str, Any]] = {
    "add": {"add": 10, "each": 3, "per": "week", "later": "3 days"},
    "add_hours": {"add_hours": 0.1, "each": 3, "per": "week", "later": "3 days"},
    "times": {"times": 2.0, "of": "both", "each": 3, "per": "week", "later": "3 days"},
    "tiers": {"tiers": [{"start": 1, "beans": 10}], "per": "week"},
    "limit": {"limit": 2},
    "cap": {"cap": 100, "per": "week"},
    "fading_cap": {"fading_cap": 100, "keeps": 0.25, "per": "week"},
    "streak": {"streak": {"steps": [{"day": 3, "times": 1.2}], "repairs": 1}},
    "goal": {"goal": {"deeds": 5, "beans": 500, "prize": 200, "head_start": 1}, "per": "week"},
    "lottery": {"lottery": {"chance": "1 %", "winners": 3, "money": "20 yuan", "beans": 100}},
    "badges": {"badges": {"tiers": [{"label": "铜", "hours": 3}], "public": True}},
    "rank": {"rank": {"of": "team", "places": 10, "money": "50000 yuan"}, "per": "week"},
    "share": {"share": {"of": "team", "deeds": 100, "beans": 50}, "per": "week"},
    "refer": {"refer": {"inviter": 100, "invitee": 50}},
    "match": {"match": {"pool": "daily", "ratio": 1.5, "most": "100 yuan", "per_account": "200 yuan",
                        "first": True, "cause": "education", "lot": True, "named": True}},
    "cofund": {"cofund": {"pool": "daily", "ratio": 1.5, "above": "0.05 yuan", "most": "1 yuan",
                          "per_account": "10 yuan"}},
    "nudge": {"nudge": {"at": "20:00", "weekly": 3, "streak_breaks": True}},
    "price": {"price": 50},
    "decay": {"decay": "1 %"},
}  # fmt: skip
TIERED = {"match": {"pool": "daily", "tiers": [{"above": "1 yuan", "ratio": 0.5}]}}
OTHER: dict[str, Any] = {
    "per": "phase", "of": "hours", "form.rank.of": "person", "form.share.of": "platform", "cause": "illness",
    "pool": "flash", "label": "银", "later": "5 days", "at": "21:00", "day": 4, "limit": 3,
}  # fmt: skip
WHO: dict[str, tuple[Any, Any]] = {
    "segment": ("born_95s", ["born_95s", "older"]), "city": ("hangzhou", "suzhou"), "channel": ("taobao", "amap"),
    "cohort": ("0-50 %", "50-100 %"), "holder": (True, False), "team": (True, False),
    "joined_within": ("7 days", "8 days"), "away_for": ("5 days", "6 days"), "streak": ("3-7", "3-6"),
    "minutes_from": (3, 4), "minutes_below": (10, 11),
}  # fmt: skip
MIDNIGHT = datetime.fromisoformat("2022-09-07T00:00:00+08:00")
WHEN: dict[str, tuple[Any, Any]] = {
    "phase": ("week", "encore"), "start": (MIDNIGHT, MIDNIGHT.replace(day=8)),
    "end": (MIDNIGHT, MIDNIGHT.replace(day=8)),
    "weekdays": (["Sat"], ["Sat", "Sun"]), "hours": ("18:00-22:00", "22:00-2:00"), "first": ("30 s", "40 s"),
}  # fmt: skip


def world(**rules: dict[str, Any]) -> Scenario:
    return Scenario.model_validate(frozen({**tomllib.loads(WORLD), "rules": rules}), strict=True)


def leaves(model: type[Settings], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Place]]:
    """Every setting of a rule that holds a value, also in the entries of its arrays."""
    for name, field in model.model_fields.items():
        here, entries = place_of(field), place_of(field).entries
        inside = here.model or (
            entries if isinstance(entries, type) and issubclass(entries, Settings) else None
        )
        if inside is None or here.model is None:
            yield ".".join((*path, name)), here
        if inside is not None:
            yield from leaves(inside, (*path, name))


LEAVES = dict(leaves(Rule))


def changed(rule: dict[str, Any], path: tuple[str, ...], dotted: str) -> dict[str, Any]:
    """The rule with another value at a path, of whose arrays the first entry is meant."""
    name, *rest = path
    held = rule[name]
    if rest and isinstance(held, list):
        return {**rule, name: [changed(held[0], tuple(rest), dotted), *held[1:]]}
    if rest:
        return {**rule, name: changed(held, tuple(rest), dotted)}
    given = OTHER.get(dotted, OTHER.get(name))
    return {**rule, name: _other(held) if given is None else given}


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2
    if isinstance(value, list):
        return []
    number, unit = value.split(" ")
    return f"{2 * float(number):g} {unit}"


def said(path: str) -> dict[str, Any]:
    """A rule in which the setting at a path is written and matters."""
    part, _, rest = path.partition(".")
    if part == "who":
        return {"who": {rest: WHO[rest][0]}, "form": SOUND["add"]}
    if part == "when":
        return {"when": {"phase": "week", rest: WHEN[rest][0]}, "form": SOUND["add"]}
    form = TIERED if path.startswith("form.match.tiers") else next(
        (one for one in SOUND.values() if _written(one, rest.split("."))), SOUND["add"])  # fmt: skip
    return {"what": "quiz", "budget": "10000 yuan", "why": "more quizzes", "form": form}


def _written(held: Any, path: list[str]) -> bool:
    for part in path:
        held = held[0] if isinstance(held, list) else held
        if part not in held:
            return False
        held = held[part]
    return True


def pair(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two rules that differ in nothing but the setting at a path."""
    part, _, rest = path.partition(".")
    one = said(path)
    if part in ("who", "when"):
        return one, {**one, part: {**one[part], rest: {**WHO, **WHEN}[rest][1]}}
    if path == "what":
        return one, {**one, "what": ["quiz", "order"]}
    if path == "why":
        return one, {**one, "why": "newcomers"}
    return one, changed(one, tuple(path.split(".")), path)


ARRAYS = {path for path in LEAVES if any(other.startswith(path + ".") for other in LEAVES)}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("path", sorted(set(LEAVES) - ARRAYS - {"why"}))
def test_every_setting_of_a_rule_is_heard_in_its_sentence(path: str, lang: Any) -> None:
    """Another value is another sentence; a setting without words would be silent."""
    one, other = pair(path)
    scenario = world(a=one, b=other)
    assert scenario.rules["a"] != scenario.rules["b"]
    sentences = [says(scenario, rule, lang) for rule in scenario.rules.values()]
    assert sentences[0] != sentences[1], sentences[0]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("path", sorted(set(LEAVES) - ARRAYS))
def test_every_setting_of_a_rule_has_a_name_when_it_changes(path: str, lang: Any) -> None:
    """One rule differs, and what is said of it has its name in words, not its path."""
    one, other = pair(path)
    a, b = world(a=one), world(a=other)
    compared = compare(a, b)
    words = list(rule_words(compared, "a", compared.rules["a"], Tongue(b, lang)))
    assert words
    assert "." not in path or path not in " ".join(words)


def test_every_name_is_of_a_setting_and_the_other_way_round() -> None:
    """No setting without a name, no name without a setting."""
    forms = {f"form.{kind}" for kind in KINDS}
    assert set(LEAVES) - set(NAMES) == set()
    assert set(NAMES) - set(LEAVES) - forms == set()


def test_every_form_and_word_is_there() -> None:
    """Forms, what can be paid for besides deeds, stretches of time, facts of people."""
    from dataclasses import fields

    from sim.domain.holding import Person

    assert list(FORMS) == list(KINDS) == list(SOUND)
    assert set(WORDS["beside"]) == set(BESIDES)
    assert set(WORDS["per"]) == set(WORDS["over"]) == set(get_args(Per))
    assert set(FACTS) == {field.name for field in fields(Person)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sentence_has_no_holes(kind: str) -> None:
    """Whole in both languages: nothing of the templates or of Python shows; the English is English."""
    scenario = world(a={"what": "quiz", "form": SOUND[kind]})
    zh, en = (says(scenario, scenario.rules["a"], lang) for lang in LANGS)
    for sentence in (zh, en):
        assert not set(sentence) & set("{}[]_\n")
        assert "None" not in sentence
        assert "  " not in sentence
    assert en.replace("铜", "").replace("–", "-").isascii()
    assert "公益答题" in zh


def test_a_rule_reads_as_a_sentence() -> None:
    """The page's own example, in both languages."""
    rule = {
        "what": "quiz", "who": {"joined_within": "7 days", "cohort": "0-50 %"},
        "when": {"phase": "week", "hours": "18:00-22:00"}, "form": {"each": 3, "times": 2.0}, "budget": "10000 yuan",
    }  # fmt: skip
    scenario = world(third=rule)
    zh, en = (says(scenario, scenario.rules["third"], lang) for lang in LANGS)
    assert zh == (
        "只给在分组的 0–50 百分位里且开始玩不满 7 天的人，在“week”阶段，18:00–22:00，做公益答题："
        "豆变为 2 倍，只在第 3 次及其倍数时 (按天)；预算 10,000 元 (按真实规模)，用完即止。"
    )
    assert en == (
        "Only people in percentiles 0–50 of the cohorts and who are newcomers of 7 days, during the phase week, "
        "18:00–22:00 by the clock, for quiz: 2 times the beans, only every 3rd, counted by day; "
        "until its budget of 10,000 yuan (at real size) is spent."
    )


# --- explain ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenarios that differ in five rules and a date, and one with a design."""
    place = tmp_path_factory.mktemp("words")
    text = WORLD + RULES
    (place / "a.toml").write_text(text + DESIGNS, encoding="utf-8")
    other = text.replace("day = 7, times = 1.5", "day = 7, times = 2.0").replace("cap = 60", "cap = 80")
    other = other.replace("end = 2022-09-12", "end = 2022-09-11").replace("[rules.once]", "[rules.first]")
    (place / "b.toml").write_text(other + DESIGNS, encoding="utf-8")
    return place


def unescaped(text: str) -> str:
    """What is told softly, as a console with Chinese shows it."""
    return text.encode("ascii").decode("unicode_escape")


ASKED = ("scenarios", "explain", "a.toml", "--user", "segment=95后，city=杭州, streak=6, joined=12, done=quiz",
         "--at", "2022-09-07 20:00")  # fmt: skip


def test_somebody_is_told_what_they_are_paid_and_why(folder: Path) -> None:
    """A quiz: 20 + 10, × 1.2 = 36; after the first 36, 24 of the cap's 60 are left. Signing in: 10 × 1.2 = 12."""
    said = beanpeak(*ASKED, cwd=folder).stdout
    assert "  sign_in: 12 beans = 10 + 2 (row)\n" in said
    assert (
        "  quiz (for the 2nd time): 24 beans = 20 + 10 (evening) + 6 (row) − 12 (daily_cap), 0.1 charity hours\n"
        in said
    )
    assert (
        "  newcomers: 2 times the beans\n      only for people who are newcomers of 7 days: joined 12 days ago"
        in said
    )
    zh = beanpeak(*ASKED, "--lang", "zh", cwd=folder).stdout
    assert "  公益答题 (第 2 次): 24 豆 = 20 + 10 (evening) + 6 (row) − 12 (daily_cap)，0.1 公益小时\n" in zh
    assert "只给开始玩不满 7 天的人：12 天前开始玩" in zh


def test_programs_get_the_same_numbers(folder: Path) -> None:
    """--json is one object: parts as they are booked, add up to the pay."""
    told = json.loads(beanpeak(*ASKED, "--json", cwd=folder).stdout)
    quiz = next(one for one in told["paid"] if one["deed"] == "quiz")
    assert (quiz["nth"], quiz["beans"], quiz["minutes"]) == (2, 24, 6)
    assert [(part["rule"], part["beans"]) for part in quiz["parts"]] == [("", 20), ("evening", 4)]
    assert told["near"][0]["failing"][0]["condition"] == "who.joined_within"


def test_a_deed_done_too_often_is_closed_by_a_rule(folder: Path) -> None:
    """Once a day; and what was not said is taken for granted aloud, the time too."""
    said = beanpeak("scenarios", "explain", "a.toml", "--user", "done=sign_in", cwd=folder).stdout
    assert "  sign_in (for the 2nd time): closed for today by once\n" in said
    assert said.startswith("No time was said: noon of the first day of the first phase.\n")
    assert "Mon 5 Sep 2022, 12:00" in said
    assert "Not said, so taken for granted: on day 1 in a row" in said
    assert "not told, say joined=…" in said


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("segmet=95后", "'segmet' cannot be said of a user, did you mean 'segment'?"),
        ("segment=96后", "is no segment of this scenario, did you mean '95后'?"),
        ("city=suzhou", "is no city of this scenario; use one of hangzhou, 杭州"),
        ("farmer=yes", "'farmer' cannot be said of a user\n"),
        ("streak=0", "must be a whole number between 1 and 10,000"),
        ("cohort=100", "must be a whole number between 0 and 99"),
        ("holder=perhaps", "must be yes or no"),
        ("hours=0.15", "must be charity hours, a multiple of 0.1"),
        ("joined=long", "must be days, for instance 12"),
        ("done=quizz:2", "is no deed of this scenario, did you mean 'quiz'?"),
        ("done=quiz:-1", "must be a whole number between 1 and 200"),
        ("streak=1, streak=2", "is said twice"),
    ],
)
def test_a_wrong_word_about_a_user_is_named(user: str, words: str, folder: Path) -> None:
    """What, why, and what may stand there; all of them at once."""
    ran = beanpeak("scenarios", "explain", "a.toml", "--user", f"{user}, team=maybe", cwd=folder)
    assert ran.returncode == 2
    assert words in unescaped(ran.stderr)
    assert ("what can be said: segment = " in ran.stderr) == ("cannot be said" in words)
    assert "--user team=maybe: must be yes or no" in ran.stderr


@pytest.mark.parametrize("at", ["tomorrow", "2023-01-01", "2022-09-19 00:00", "2022-09-04T23:00:00+08:00"])
def test_a_wrong_time_is_named(at: str, folder: Path) -> None:
    """No instant, or outside the scenario."""
    ran = beanpeak("scenarios", "explain", "a.toml", "--user", "team=yes", "--at", at, cwd=folder)
    assert (ran.returncode, at in ran.stderr) == (2, True)


@pytest.mark.parametrize("name", list_scenarios())
def test_every_rule_of_every_shipped_scenario_is_said(name: str, tmp_path: Path) -> None:
    """In both languages if none is asked for, under each design."""
    for design in ("base", *load_scenario(name).designs):
        scenario = load_scenario(name, design)
        said = beanpeak("scenarios", "explain", name, "--design", design, cwd=tmp_path).stdout
        for rule in scenario.rules.values():
            assert all(says(scenario, rule, lang) in said for lang in LANGS)
        assert said.strip()
        asked = beanpeak("scenarios", "explain", name, "--design", design, "--user", "streak=2", cwd=tmp_path)
        assert (asked.returncode, asked.stderr) == (0, "")


# --- diff -------------------------------------------------------------------------------------------------------


def test_what_differs_is_said_the_verdict_first(folder: Path) -> None:
    """Four rules (changed twice, removed, added) and the end of the phase, in both languages."""
    en = beanpeak("scenarios", "diff", "a.toml", "b.toml", cwd=folder).stdout
    assert en.startswith("4 rules differ, 1 setting.\n")
    for line in (
        "rules.row: changed\n  the multiple on day 7 in a row: 1.5 → 2.0\n",
        "rules.daily_cap: changed\n  the cap of beans: 60 → 80\n",
        "rules.once: removed\n  Everybody, for sign_in: each at most once a day.\n",
        "rules.first: added\n",
        "phases.week.end: Mon 12 Sep 2022, 00:00 → Sun 11 Sep 2022, 00:00 (1 day earlier)\n",
    ):
        assert line in en
    zh = beanpeak("scenarios", "diff", "a.toml", "b.toml", "--lang", "zh", cwd=folder).stdout
    assert zh.startswith("4 条规则不同，1 项其他设置不同。\n")
    assert "连续第 7 天的倍数从 1.5 变为 2.0" in zh
    assert "(早 1 天)" in zh


def test_nothing_differs_is_said_and_a_script_can_ask(folder: Path) -> None:
    """Exit 0 by default; 1 with --exit-code where something differs, as git has it."""
    same = beanpeak("scenarios", "diff", "a.toml", "a.toml", "--exit-code", cwd=folder)
    assert (same.returncode, same.stdout) == (0, "Nothing differs.\n")
    assert beanpeak("scenarios", "diff", "a.toml", "b.toml", cwd=folder).returncode == 0
    asked = beanpeak("scenarios", "diff", "a.toml", "b.toml", "--exit-code", "--json", cwd=folder)
    assert (asked.returncode, json.loads(asked.stdout)["differ"]) == (1, True)


def test_a_design_is_compared_by_its_name(tmp_path: Path) -> None:
    """NAME:DESIGN; a wrong one is named with what was probably meant."""
    said = beanpeak("scenarios", "diff", "week95_2022", "week95_2022:double_quiz", cwd=tmp_path).stdout
    assert said.startswith("No rule differs, 1 setting.\n")
    assert "  deeds.quiz.beans: 20 → 40\n" in said
    wrong = beanpeak("scenarios", "diff", "week95_2022", "week95_2022:double_quz", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean 'double_quiz'?" in wrong.stderr


def test_rules_in_another_order_differ() -> None:
    """(20 + 10) × 2 is not 20 × 2 + 10."""
    add, times = {"form": {"add": 10}}, {"form": {"times": 2.0}}
    compared = compare(world(add=add, times=times), world(times=times, add=add))
    assert (compared.rules, compared.order is not None, compared.differ) == ({}, True, True)


@pytest.mark.parametrize("one", list_scenarios())
def test_any_two_scenarios_can_be_compared(one: str, tmp_path: Path) -> None:
    """In both languages, without a template or a value of Python showing."""
    for lang in LANGS:
        ran = beanpeak("scenarios", "diff", one, "week95_2022", "--lang", lang, cwd=tmp_path)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "None" not in ran.stdout
        assert "{" not in ran.stdout
        assert "datetime" not in ran.stdout


@pytest.mark.parametrize("words", [["explain", "hello"], ["diff", "hello", "week95_2022"]])
def test_another_language_is_refused(words: list[str], tmp_path: Path) -> None:
    """zh or en."""
    ran = beanpeak("scenarios", *words, "--lang", "fr", cwd=tmp_path)
    assert (ran.returncode, "use zh or en" in ran.stderr) == (2, True)
