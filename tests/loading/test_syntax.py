"""What TOML forbids is told in our words: the line, the key, what is wrong and what to write; never the parser's."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario import Scenario
from sim.syntax import toml_problem

Load = Callable[[str], Scenario]
SOUND = Path(__file__).with_name("sound.toml").read_text(encoding="utf-8")
QUOTES, QUANTITY = "stands in quotes", "an amount with its unit stands in quotes"
KEYBOARD, UNCLOSED = "comes from a Chinese keyboard; write", "the text is not closed"
# What is edited in the sound text, into what, and what must be told of the line that holds the edit.
SLIPS = [
    ("per_yuan = 100", "per_yuan 100", "an equals sign between key and value is missing"),
    ("per_yuan = 100", "per_yuan: 100", "a colon stands where TOML has an equals sign"),
    ("per_yuan = 100", "per_yuan =", "the value is missing"),
    ("per_yuan = 100", "= 100", "the key before the equals sign is missing"),
    ("per_yuan = 100", "per_yuan = 1,000", "a number has no commas; write 1_000"),
    ("per_yuan = 100", "per_yuan = 0100", "a number does not begin with 0; write 100"),
    ("per_yuan = 100", "per_yuan = .5", "digits on both sides of its point"),
    ("per_yuan = 100", "per_yuan = True", "write true"),
    ("per_yuan = 100", "per_yuan = hundred", f"a text {QUOTES}"),
    ("per_yuan = 100", "per_yuan = 2022-9-5", "a date is written 2022-09-05"),
    ("per_yuan = 100", "公益 = 100", 'for instance [deeds."答题"]'),
    ("[teams]", "[团队]", 'for instance [deeds."答题"]'),
    ("[teams]", "[teams", "not closed"),
    ("[teams]", "[[teams]", "not closed"),
    ('fade = "72 h"', "fade = 72 h", QUANTITY),
    ('fade = "72 h"', "fade = 72 小时", QUANTITY),
    ('total = "5000 yuan"', "total = ¥5000", "cannot be read"),
    ('label = "答题"', 'label = "答题', UNCLOSED),
    ('label = "答题"', 'label = "答题，好', UNCLOSED),
    ('label = "答题"', "label = 答题", f"a text {QUOTES}"),
    ('label = "答题"', 'label = "C:\\Users\\x"', "a backslash begins an escape"),
    ('label = "答题"', 'label = "a\\q"', "a backslash begins an escape"),
    ('label = "答题"', 'label = "a" "b"', "something stands after the text"),
    ("review_days = [2, 10]", "review_days = [2, 10", "square bracket that opens here is not closed"),
    ("review_days = [2, 10]", "review_days = [2 10]", "a comma between two entries is missing"),
    ('{ after = "12 h", share = 0.6 }', '{ after = "12 h", share = 0.6', "must end on the same line"),
    ('{ after = "12 h", share', '{ after = "12 h", after = "1 h", share', "stands twice in the braces"),
]
WIDE = [
    ("per_yuan = 100", "per_yuan ＝ 100", "＝", "="), ("per_yuan = 100", "per_yuan = １00", "１", "1"),
    ("per_yuan = 100", "　per_yuan = 100", "a full-width blank", "an ordinary one"),
    ('label = "答题"', "label = “答题”", "“", '"'), ('label = "答题"', 'label = "答题”', "”", '"'),
    ("[teams]", "［teams］", "［", "["), ("review_days = [2, 10]", "review_days = [2， 10]", "，", ","),
]  # fmt: skip
TWICE = [
    ("per_yuan = 100", "per_yuan = 100\nper_yuan = 200", "per_yuan = 200", "per_yuan", "per_yuan",
     "per_yuan = 100", "keep one of the two"),
    ("[teams]", "[deeds.quiz]\nbeans = 1\n[teams]", "[deeds.quiz]\nbeans = 1", "deeds.quiz", "[deeds.quiz]",
     "[deeds.quiz]", "merge the two"),
    ("[teams]", "[beans.per_yuan]\nx = 1\n[teams]", "[beans.per_yuan]", "beans.per_yuan", "[beans.per_yuan]",
     "per_yuan = 100", "merge the two"),
]  # fmt: skip
PARSERS_WORDS = (
    "Expected ", "Unclosed ", "Unterminated", "Invalid ", "Illegal", "overwrite", "namespace", "('", "statement",
)  # fmt: skip


def refused(text: str, load: Load) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(text)
    return str(caught.value)


def line_of(text: str, written: str) -> int:
    """The line on which something begins for the first time."""
    return text[: text.index(written)].count("\n") + 1


@pytest.mark.parametrize(("old", "new", "told"), SLIPS, ids=[new for _, new, _ in SLIPS])
def test_a_slip_is_told_at_its_line_in_our_words(old: str, new: str, told: str, load: Load) -> None:
    """The line of the slip, and what to write instead."""
    assert SOUND.count(old) == 1
    text = SOUND.replace(old, new)
    message = refused(text, load)
    assert message.startswith(f"bad.toml:{line_of(text, new)}: ")
    assert told in message
    assert not [word for word in PARSERS_WORDS if word.lower() in message.lower()]


@pytest.mark.parametrize(("old", "new", "typed", "meant"), WIDE, ids=[new for _, new, *_ in WIDE])
def test_signs_of_a_chinese_keyboard_are_named(
    old: str, new: str, typed: str, meant: str, load: Load
) -> None:
    """Which sign it is, and which one to write."""
    text = SOUND.replace(old, new)
    message = refused(text, load)
    assert message.startswith(f"bad.toml:{line_of(text, new)}: ")
    assert f"{typed} {KEYBOARD} {meant} instead" in message


@pytest.mark.parametrize(
    ("old", "new", "at", "key", "name", "first", "todo"), TWICE, ids=[t[3] for t in TWICE]
)
def test_what_stands_twice_is_told_with_both_lines(
    old: str, new: str, at: str, key: str, name: str, first: str, todo: str, load: Load
) -> None:
    """The second line, the first line, and what to do with them."""
    text = SOUND.replace(old, new)
    expected = (
        f"bad.toml:{line_of(text, at)}: {key}: {name} stands already at line {line_of(text, first)}; {todo}"
    )
    assert refused(text, load) == expected


def test_full_width_signs_inside_a_text_are_nobodys_mistake(load: Load) -> None:
    """Chinese labels hold Chinese punctuation."""
    assert (
        load(SOUND.replace('label = "答题"', 'label = "答题，“真”好"')).deeds["quiz"].label == "答题，“真”好"
    )


PIECES = st.sampled_from(
    [*"“”\"'=[]{}#,.\\\n ＝，　x1é", '"""', "[[", "]]", "\r\n", "\x01", "a.b = 1\n", "[deeds.quiz]\n"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SOUND)), st.integers(0, 3), PIECES), min_size=1, max_size=3))
def test_any_broken_text_is_told_on_one_of_its_lines(edits: list[tuple[int, int, str]]) -> None:
    """Whatever is put in or taken out, there is a line, a key and a sentence."""
    text = SOUND
    for at, without, piece in edits:
        text = text[:at] + piece + text[at + without :]
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, key, problem = toml_problem(str(error), text)
        assert 1 <= line <= text.count("\n") + 1
        assert key
        assert len(problem) > 10
