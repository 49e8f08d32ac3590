"""The page of levers: each says beforehand what should come of it, and verdicts are those of the numbers."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest

from sim.behaviour.parameters import GRADES
from sim.errors import Interrupted, UsageError
from sim.experiments import response as playing
from sim.experiments.headlines import HEADLINES
from sim.experiments.levers import (
    Change,
    Expected,
    Lever,
    Levers,
    Source,
    World,
    load_levers,
    read_levers,
    scenario_of,
)
from sim.experiments.page import markdown
from sim.experiments.paired import (
    ABSENT,
    AS_EXPECTED,
    MOVES_NOTHING,
    NOT_AS_EXPECTED,
    TOO_NOISY,
    Answer,
    Effect,
    Response,
    effect_of,
    verdict,
)
from sim.experiments.response import Arm, Playing, as_dict, main, played
from sim.experiments.saying import expectation, lever_verdict, sentence
from sim.reporting.manifest import to_json

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "response.md"
LEVERS = load_levers()
USERS, PAIRS = 1_000, 2
PLAYED = ["worthless", "no_match"]
SOURCE = Source("somebody 2001", "F", "something")


# --- the data -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", LEVERS.entries, ids=lambda lever: lever.name)
def test_every_lever_says_what_should_come_of_it_and_who_found_that(lever: Lever) -> None:
    """At least one number is expected, each with words, a source with a grade, and a band where it should stay."""
    assert lever.title
    assert lever.expected
    for row in lever.expected:
        assert row.metric in HEADLINES
        assert row.says
        assert row.source.name
        assert row.source.grade in GRADES
        assert row.sign or row.high


@pytest.mark.parametrize("lever", LEVERS.entries, ids=lambda lever: lever.name)
def test_every_lever_changes_its_world(lever: Lever) -> None:
    """The change can be made, and what comes of it is another scenario; what cannot yet is said in one place."""
    assert set(lever.waits_for) <= set(LEVERS.to_come)
    if not lever.waits_for:
        assert scenario_of(lever.world, lever.change, USERS) != scenario_of(lever.world, None, USERS)


def test_titles_and_names_are_told_apart() -> None:
    """The page links to a lever by its title."""
    titles = [lever.title for lever in LEVERS]
    assert len(set(titles)) == len(titles) >= 30


def test_every_source_is_used() -> None:
    """No evidence stands there for nothing."""
    assert set(LEVERS.sources) == {row.source for lever in LEVERS for row in lever.expected}


def test_all_mistakes_of_the_data_are_told_at_once() -> None:
    """Where, what, and what to do; nothing is played."""
    text = """
to_come = []
[worlds.week]
words = "w"
scenario = "hello"
users = 10
during = [0, 1]
after = 1
[sources.good]
name = "good"
grade = "F"
[levers.one]
title = "One"
world = "weak"
[levers.two]
title = "Two"
world = "week"
set = { "beans.per_yuan" = 7 }
[levers.two.expect]
gift = { falls = [], says = "s", by = "good" }
gifts = { falls = [], rises = [], says = "s", by = "good" }
deeds = { falls = [9, 2], says = "s", by = "goof" }
minutes = { rises = [], by = "good" }
"""
    with pytest.raises(UsageError) as told:
        read_levers(text)
    lines = str(told.value).splitlines()
    assert all(line.startswith("sim/experiments/levers.toml: levers.") for line in lines)
    for part in (
        "one.world: is no world, did you mean 'week'",
        "one: changes nothing",
        "one: expects nothing",
        "two.expect.gift: is no headline number, did you mean 'gifts'",
        "two.expect.gifts: must say one of",
        "two.expect.deeds.falls: must be [least, largest]",
        "two.expect.deeds.by: is no source, did you mean 'good'",
        "two.expect.minutes: lacks says",
    ):
        assert sum(part in line for line in lines) == 1, part


def test_a_change_takes_out_and_sets_at_every_entry() -> None:
    """`*` is every entry of a table; new tables are made; an entry of an array goes by its name; the document itself
    stays as it was."""
    document = {
        "deeds": {"a": {"beans": 1}, "b": {"beans": 2}}, "pools": {"x": {"total": 1}},
        "rules": {"once": {"what": ["a", "b"]}},
    }  # fmt: skip
    change = Change(("pools.x", "rules.once.what.a"), {"deeds.*.beans": 0, "phases.extra": {"start": 1}})
    assert change.on(document) == {
        "deeds": {"a": {"beans": 0}, "b": {"beans": 0}},
        "pools": {},
        "phases": {"extra": {"start": 1}},
        "rules": {"once": {"what": ["b"]}},
    }
    assert document["deeds"]["a"]["beans"] == 1
    with pytest.raises(KeyError):
        Change(("pools.y",)).on(document)


@pytest.mark.parametrize(
    "world", list({lever.world.name: lever.world for lever in LEVERS}.values()), ids=lambda w: w.name
)
def test_what_is_expected_in_a_world_can_be_measured_there(world: World) -> None:
    """No number of which something is expected is missing because a metric or table has another name."""
    arm = Arm(world.name, world, scenario_of(world, None, 2_000))
    arm.play(0, None)
    wanted = {row.metric for lever in LEVERS if lever.world == world for row in lever.expected}
    assert not [metric for metric in sorted(wanted) if not isfinite(arm.measured[0][metric])]


# --- verdicts -------------------------------------------------------------------------------------------------


def expecting(
    sign: int, low: float | None = None, high: float | None = None, metric: str = "gifts"
) -> Expected:
    return Expected(metric, sign, low, high, "because", SOURCE)


def effect(difference: float, half: float, metric: str = "gifts") -> Effect:
    return Effect(metric, 100.0, difference, half / 2, half, 10)


@pytest.mark.parametrize(
    ("difference", "half", "expected", "word"),
    [
        (-10, 2, expecting(-1, 5, 20), AS_EXPECTED),
        (-10, 2, expecting(-1), AS_EXPECTED),
        (-4, 2, expecting(-1, 5, 20), AS_EXPECTED),  # the interval reaches the least expected
        (-2, 1, expecting(-1, 5, 20), NOT_AS_EXPECTED),  # too little
        (-40, 5, expecting(-1, 5, 20), NOT_AS_EXPECTED),  # too much
        (10, 2, expecting(-1, 5, 20), NOT_AS_EXPECTED),  # the other sign
        (10, 2, expecting(1, 5, 20), AS_EXPECTED),
        (-10, 2, expecting(1), NOT_AS_EXPECTED),
        (0, 0, expecting(1, 5, 20), MOVES_NOTHING),
        (0.3, 1, expecting(1, 5, 20), MOVES_NOTHING),
        (0.3, 1, expecting(-1), MOVES_NOTHING),
        (0.1, 0.05, expecting(1), MOVES_NOTHING),  # the sign alone is no answer
        (0.1, 0.5, expecting(1, 0.2, 20), TOO_NOISY),  # 0.6 may be what is expected
        (1, 3, expecting(1, 5, 20), NOT_AS_EXPECTED),  # up to 4, and at least 5 was expected
        (1, 8, expecting(1, 5, 20), TOO_NOISY),
        (1, 8, expecting(1), TOO_NOISY),
        (0.5, 0.4, expecting(0, None, 1), AS_EXPECTED),  # it moves, and hardly
        (0.0, 0.0, expecting(0, None, 1), AS_EXPECTED),
        (5, 1, expecting(0, None, 1), NOT_AS_EXPECTED),
        (-5, 1, expecting(0, None, 1), NOT_AS_EXPECTED),
        (0.5, 3, expecting(0, None, 1), TOO_NOISY),
    ],
)
def test_verdicts_are_those_of_the_interval(
    difference: float, half: float, expected: Expected, word: str
) -> None:
    """Sign and size against what was written down before."""
    assert verdict(effect(difference, half), expected) == word


def test_what_is_not_there_has_no_verdict() -> None:
    """A number that only one side has, or one pair only, says nothing."""
    nothing = float("nan")
    for without, with_it in (([nothing] * 3, [1.0] * 3), ([1.0, nothing], [1.0, 2.0])):
        assert verdict(effect_of("gifts", without, with_it), expecting(1)) == ABSENT


def test_the_difference_is_that_of_pairs() -> None:
    """A tenth more in every pair is ten percent without any doubt, however different the pairs are."""
    base = [100.0, 200.0, 400.0]
    found = effect_of("gifts", base, [1.1 * value for value in base])
    assert found.difference == pytest.approx(10)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.moves
    none = effect_of("gifts", base, base)
    assert (none.difference, none.error, none.moves) == (0, 0, False)


def test_the_standard_error_is_that_of_the_pairs_differences() -> None:
    """Of a share, in points: mean and error by hand."""
    found = effect_of("d1", [0.20, 0.30, 0.25, 0.25], [0.21, 0.33, 0.25, 0.25])
    assert found.difference == pytest.approx(1.0)  # 1, 3, 0, 0 points
    assert found.error == pytest.approx((6 / 3) ** 0.5 / 2)  # spread √2, four pairs
    assert found.half == pytest.approx(3.182 * found.error, rel=1e-3)
    assert not found.relative or HEADLINES["d1"].in_points


def test_a_base_of_nothing_is_told_in_its_own_unit() -> None:
    """There is no percentage of nothing."""
    found = effect_of("gifts", [0.0, 0.0], [3.0, 5.0])
    assert (found.relative, found.difference) == (False, 4.0)


# --- words ----------------------------------------------------------------------------------------------------


def answer(*pairs: tuple[Expected, Effect]) -> Answer:
    lever = replace(LEVERS.entries[0], expected=tuple(e for e, _ in pairs))
    everything = {name: replace(effect(0, 0), metric=name) for name in HEADLINES}
    return Answer(lever, everything | {e.metric: one for e, one in pairs})


GOOD = (expecting(-1, 5, 20), effect(-10.0, 2))
DEEDS = expecting(1, 2, 9, "deeds")


def test_the_sentence_says_the_verdict_before_the_numbers() -> None:
    """As expected, and by how much."""
    one = answer(GOOD)
    assert lever_verdict(one) == AS_EXPECTED
    assert sentence(one) == "**As expected**: gifts: down 10.0 ± 1.0 %."


def test_a_lever_that_moves_nothing_is_a_defect_or_a_documented_fact() -> None:
    """The sentence says which."""
    nothing = (DEEDS, effect(0, 0.1, "deeds"))
    told = sentence(answer(GOOD, nothing))
    assert told.startswith(
        "**Moves nothing**: deeds: no clear change (0.0 ± 0.1 %), expected up 2 to 9 % (a defect"
    )
    assert told.endswith("As expected: gifts.")
    fact = (replace(DEEDS, known="nobody modelled it"), nothing[1])
    assert "expected up 2 to 9 % (nobody modelled it)" in sentence(answer(GOOD, fact))


def test_the_worst_number_is_the_levers_verdict() -> None:
    """One number of the wrong sign is enough."""
    nothing = (expecting(1), effect(0, 0))
    wrong, much = (DEEDS, effect(-3, 1, "deeds")), (DEEDS, effect(30, 1, "deeds"))
    assert lever_verdict(answer(GOOD, wrong)) == NOT_AS_EXPECTED
    assert "deeds: down 3.0 ± 0.5 %, expected up 2 to 9 % (the other way)." in sentence(answer(GOOD, wrong))
    assert sentence(answer(nothing, wrong)).startswith(
        "**Not as expected**: deeds: down"
    )  # the worst comes first
    assert "(too much)" in sentence(answer(GOOD, much))


def test_a_lever_that_waits_for_a_setting_is_not_played_and_says_so() -> None:
    """It stands on the page with the name it waits for."""
    waiting = replace(LEVERS.entries[0], change=Change(set={"beans.colour": 1}))
    levers = Levers((waiting,), ("beans.colour",), ())
    assert not Playing(levers, USERS).all_arms
    one = Playing(levers, USERS).response().answers[0]
    assert lever_verdict(one) == "not played yet"
    assert sentence(one) == "**Not played yet**: the model has no setting `beans.colour`."
    assert waiting.title in markdown(Response((one,), PAIRS, USERS))


# --- played ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def response() -> Response:
    return played(LEVERS.only(PLAYED), PAIRS, USERS)


def test_the_page_is_made_of_the_data(response: Response) -> None:
    """Every lever with its title, change, expectations and evidence; every number that is expected has a row."""
    page = markdown(response)
    for name in PLAYED:
        (lever,) = LEVERS.only([name]).entries
        assert f"### {lever.title}\n" in page
        assert f"`{lever.change.words}`" in page
        for row in lever.expected:
            assert f"{row.says} ({row.source.name}, {row.source.grade})" in page
    assert f"played {PAIRS} times" in page
    assert not re.search(r"\bnan\b|\binf\b|\{", page.replace("{ ", ""))


def test_played_again_it_says_the_same(response: Response) -> None:
    """Seeds and replications are all the luck there is; the order of levers is none."""
    again = played(LEVERS.only(PLAYED[:1]), PAIRS, USERS)
    assert again.answers[0].effects == next(
        one.effects for one in response.answers if one.lever.name == PLAYED[0]
    )


def test_what_is_taken_away_is_gone(response: Response) -> None:
    """Without vouchers none is redeemed; the base has some."""
    worthless = next(one for one in response.answers if one.lever.name == "worthless")
    assert worthless.effects["beans_donated"].difference == pytest.approx(-100)
    assert worthless.effects["beans_donated"].base > 0


def test_programs_read_the_same_numbers(response: Response) -> None:
    """JSON has every lever's effects, expectations and verdicts."""
    told = json.loads(to_json(as_dict(response)))
    assert [lever["lever"] for lever in told["levers"]] == PLAYED
    for lever, one in zip(told["levers"], response.answers, strict=True):
        assert set(lever["effects"]) == set(HEADLINES)
        assert [row["verdict"] for row in lever["expected"]] == [word for _, _, word in one.rows]


def runs_of(one: Playing) -> int:
    return sum(len(arm.measured) for arm in one.all_arms)


def test_stopped_in_between_it_tells_of_what_all_levers_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levers are played in rounds: after two whole rounds there is a page, before there is none."""
    (lever,) = LEVERS.only(["no_match"]).entries
    few = Levers((lever,), (), ())
    for runs, finished in ((5, 2), (3, 1)):
        one = Playing(few, 300)
        one.play(9, lambda *_: None, lambda one=one, runs=runs: runs_of(one) == runs)  # type: ignore[misc]
        assert one.finished == finished
    monkeypatch.setattr(playing.Arm, "play", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match="nothing was written"):
        played(few, PAIRS, 300)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "no_beens"], "no_beens: there is no such lever, did you mean 'no_beans'?"),
        (["--replications", "1"], "--replications=1: must be between 2 and"),
        (["--users", "0"], "--users=0: must be at least 1"),
        (["missing/\0/page.md"], ""),
    ],
)
def test_what_is_asked_wrongly_ends_with_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that says what is wrong; nothing is played."""
    assert main(words) == 2
    assert told in capsys.readouterr().err


def test_only_levers_that_wait_make_a_page_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is played, and nobody is told of an interruption."""
    waiting = [lever.name for lever in LEVERS if lever.waits_for][:1]
    for name in waiting:
        assert main(["--only", name]) == 0
        told = capsys.readouterr()
        assert "Not played yet" in told.out
        assert "interrupted" not in told.err


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """As make calls it, on fewer users: the page, nothing on standard output, and how far it is on the other."""
    page = tmp_path / "response.md"
    command = [sys.executable, "-m", "sim.experiments.response", str(page)]
    small = ["--replications", "2", "--users", "300", "--only", "no_match"]
    ran = subprocess.run([*command, *small], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert "1 levers × 2: 100 %" in ran.stderr
    assert page.read_text(encoding="utf-8").startswith("# How people answer to rules\n")


# --- the page that is kept --------------------------------------------------------------------------------------


def test_the_page_names_its_command_and_every_lever() -> None:
    """What stands in docs was made by the command it names, of the levers that there are."""
    page = PAGE.read_text(encoding="utf-8")
    assert "`make response`" in page
    assert "python -m sim.experiments.response docs/response.md" in page
    assert re.findall(r"^### (.+)$", page.partition("## All levers")[0], re.MULTILINE) == [
        lever.title for lever in LEVERS
    ]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "-m sim.experiments.response docs/response.md" in makefile


def test_expectations_on_the_page_are_those_of_the_data() -> None:
    """Nobody changed what was expected after it was played without playing again."""
    sections = PAGE.read_text(encoding="utf-8").split("\n### ")[1:]
    for lever in LEVERS:
        (section,) = (one for one in sections if one.startswith(f"{lever.title}\n\n**"))
        for row in lever.expected if "Not played yet" not in section else ():
            name, evidence = (
                HEADLINES[row.metric].words,
                f"{row.says} ({row.source.name}, {row.source.grade})",
            )
            assert re.search(
                rf"^\| {re.escape(name)} \|.*\| {re.escape(expectation(row))} \|.*\| {re.escape(evidence)} \|$",
                section,
                re.MULTILINE,
            ), (lever.name, row.metric)
