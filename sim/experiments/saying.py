"""A lever's answer in words: the verdict as a person would say it, what was expected, and numbers with their error."""

from __future__ import annotations

from math import isfinite

from sim.experiments.headlines import HEADLINES
from sim.experiments.levers import Expected
from sim.experiments.paired import (
    ABSENT,
    AS_EXPECTED,
    MOVES_NOTHING,
    NOT_AS_EXPECTED,
    TOO_NOISY,
    Answer,
    Effect,
)

WORST_FIRST = (NOT_AS_EXPECTED, MOVES_NOTHING, TOO_NOISY, AS_EXPECTED)
WAITS = "not played yet"
MARKS = {AS_EXPECTED: "✓", NOT_AS_EXPECTED: "✗", MOVES_NOTHING: "∅", TOO_NOISY: "?", ABSENT: "–"}
DEFECT = "a defect, until it is mended or explained"
LEAST_SHOWN = 0.05  # smaller numbers are written as nothing


def lever_verdict(answer: Answer) -> str:
    """The verdict on a lever: the worst of its numbers'."""
    words = {word for _, _, word in answer.rows}
    return next((word for word in WORST_FIRST if word in words), ABSENT if answer.effects else WAITS)


def sentence(answer: Answer) -> str:
    """The verdict on a lever as a person would say it."""
    waits = answer.lever.waits_for
    if waits:
        return f"**Not played yet**: the model has no setting {', '.join(f'`{name}`' for name in waits)}."
    word = lever_verdict(answer)
    good = [row for row in answer.rows if row[2] == AS_EXPECTED]
    if word == AS_EXPECTED:
        return f"**As expected**: {'; '.join(_clause(row) for row in good)}."
    bad = [row for bad_word in WORST_FIRST[:-1] for row in answer.rows if row[2] == bad_word]
    told = "; ".join(f"{_clause(row)}, {_complaint(row)}" for row in bad)
    if not told:
        return "**Does not apply**: none of its numbers is there."
    names = ", ".join(HEADLINES[expected.metric].words for expected, _, _ in good)
    return f"**{word.capitalize()}**: {told}." + (f" As expected: {names}." if names else "")


def _clause(row: tuple[Expected, Effect, str]) -> str:
    """'deeds: down 5.2 ± 0.3 %'."""
    expected, effect, _ = row
    name = HEADLINES[expected.metric].words
    if not effect.moves:
        return f"{name}: no clear change ({difference(effect)})"
    size = f"{abs(effect.difference):,.1f} ± {effect.error:,.1f}{_unit(effect)}"
    return f"{name}: {'down' if effect.difference < 0 else 'up'} {size}"


def _complaint(row: tuple[Expected, Effect, str]) -> str:
    """What is wrong with a number, and what it means."""
    expected, effect, word = row
    return f"expected {expectation(expected)} ({expected.known or _why(expected, effect, word)})"


def _why(expected: Expected, effect: Effect, word: str) -> str:
    """What a verdict means, of a number about which nothing is known yet."""
    if word == MOVES_NOTHING:
        return DEFECT
    if word == TOO_NOISY:
        return word
    if not expected.sign:
        return "too much"
    if effect.difference * expected.sign < 0:
        return "the other way"
    return "too little" if expected.low and abs(effect.difference) < expected.low else "too much"


def expectation(expected: Expected) -> str:
    """'down 2 to 35 %'."""
    unit = " points" if HEADLINES[expected.metric].in_points else " %"
    if expected.sign == 0:
        return f"within ± {expected.high:g}{unit}"
    word = "down" if expected.sign < 0 else "up"
    if expected.low is None:
        return word
    between = (
        f"{expected.low:g}" if expected.low == expected.high else f"{expected.low:g} to {expected.high:g}"
    )
    return f"{word} {between}{unit}"


def moving_too(answer: Answer) -> str:
    """Headline numbers of which nothing was expected and that move."""
    told = {expected.metric for expected in answer.lever.expected}
    rest = [
        e for name, e in answer.effects.items() if name not in told and HEADLINES[name].in_matrix and e.moves
    ]
    return ", ".join(f"{HEADLINES[e.metric].words} {difference(e)}" for e in rest)


# --- numbers ----------------------------------------------------------------------------------------------------


def difference(effect: Effect) -> str:
    """'−5.2 ± 0.3 %'."""
    if effect.pairs < 2:
        return MARKS[ABSENT]
    return f"{signed(effect.difference)} ± {effect.error:,.1f}{_unit(effect)}"


def signed(value: float) -> str:
    """With its sign, and what is hardly anything as nothing."""
    return f"{value:+,.1f}".replace("-", "−") if abs(value) >= LEAST_SHOWN else "0.0"


def _unit(effect: Effect) -> str:
    if HEADLINES[effect.metric].in_points:
        return " points"
    return " %" if effect.relative else ""


def level(effect: Effect) -> str:
    """The number without the lever, of the simulated users."""
    if not isfinite(effect.base):
        return MARKS[ABSENT]
    if HEADLINES[effect.metric].in_points:
        return f"{100 * effect.base:.1f} %"
    return f"{effect.base:,.0f}" if abs(effect.base) >= 100 else f"{effect.base:,.3g}"
