"""Calibration can be rerun by anyone and finds what is stored."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from sim.behaviour.parameters import load_parameters
from sim.experiments import calibrate
from sim.experiments import rows as rows_of
from sim.experiments.calibrate import Fitted, as_json, as_text, fitted_parameters
from sim.experiments.published import published
from sim.experiments.rows import CALIBRATE, FORM, HELD_OUT, Row, score


@pytest.fixture(scope="module")
def fits():
    return fitted_parameters(load_parameters())


@pytest.fixture(scope="module")
def rows():
    return score(load_parameters())


def test_every_stored_value_is_what_the_fit_finds(fits):
    """No calibrated parameter differs from its fit by more than its fourth figure."""
    assert {fit.name: (fit.stored, fit.found) for fit in fits if not fit.agrees} == {}
    assert len(fits) > 30


def test_a_changed_value_is_noticed():
    """A stored value one percent off does not agree."""
    assert not Fitted("choice_slope", 0.69, 0.6921).agrees
    assert Fitted("choice_slope", 0.6921, 0.69209).agrees


def test_every_experiment_is_reported(rows):
    """All eighteen rows are scored, fitted and held-out ones, in their order."""
    assert {row.number for row in rows} == set(range(1, 19))
    assert {row.use for row in rows} == {CALIBRATE, HELD_OUT, FORM}
    assert [row.number for row in rows] == sorted(row.number for row in rows)
    assert all(math.isfinite(row.model) and row.source for row in rows)


def test_every_experiment_is_reproduced(rows):
    """No row lies outside its tolerance."""
    assert [(row.number, row.experiment, row.model) for row in rows if not row.passed] == []


@pytest.mark.parametrize(
    ("group", "name", "factor", "number"),
    [
        (rows_of.letters, "giving_match", 2.0, 1),
        (rows_of.presses, "choice_effort_slope", 1.3, 3),
        (rows_of.rewards, "choice_slope", 1.3, 5),
        (rows_of.cards, "choice_goal_iota", 0.3, 9),
        (rows_of.lifetimes, "lifetime_game_a", 1.5, 11),
        (rows_of.lifetimes, "lifetime_utility_c", 1.5, 12),
        (rows_of.products, "label_scale", 1.5, 13),
        (rows_of.products, "merchants_other_mean_yuan", 2.0, 14),
        (rows_of.projects, "giving_completion_within", 0.5, 15),
        (rows_of.crowds, "posts_sigma", 0.9, 16),
        (rows_of.crowds, "farmers_share_mu", 1.2, 17),
        (rows_of.crowds, "sharing_broadcast_gain", 2.0, 18),
    ],
)
def test_a_wrong_parameter_fails_its_row(group, name, factor, number):
    """Each row can fail: a wrong parameter takes it out of its tolerance. Only the row's own group is scored."""
    p = load_parameters()
    entries = tuple(replace(e, value=e.value * factor) if e.name == name else e for e in p)
    assert group in rows_of.GROUPS
    assert any(row.number == number and not row.passed for row in group(replace(p, entries=entries)))


def test_the_donors_are_all_there():
    """The embedded table holds the 11,104 donors of the publication."""
    assert sum(count for _, _, count in published()["donors"]["counts"]) == 11_104
    assert all(table["source"] for table in published().values())


def test_a_failed_row_is_shown():
    """Reports name what failed, count it, carry the parameters' hash and stay valid JSON."""
    p = load_parameters()
    bad = Row(4, "a missed experiment", HELD_OUT, 2.0, 3.0, 1.5, 2.5, "nowhere")
    open_ended = Row(15, "more than two", CALIBRATE, 2.0, 3.0, 2.0, math.inf, "nowhere")
    text = as_text(p, [Fitted("x", 1.0, 2.0)], [bad, open_ended])
    assert "FAILED" in text
    assert "differs" in text
    assert "1 of 2 rows passed, 1 failed" in text
    assert p.sha256 in text
    parsed = json.loads(as_json(p, [Fitted("x", 1.0, 2.0)], [bad, open_ended]))
    assert [row["passed"] for row in parsed["rows"]] == [False, True]
    assert parsed["rows"][1]["high"] is None
    assert parsed["fitted"][0]["agrees"] is False


def test_both_tables_are_plain_json(fits, rows):
    """What is found today can be written down and read again."""
    parsed = json.loads(as_json(load_parameters(), fits, rows))
    assert [row["experiment"] for row in parsed["rows"]] == [row.experiment for row in rows]
    assert [fit["name"] for fit in parsed["fitted"]] == [fit.name for fit in fits]


@pytest.mark.parametrize(("found", "code"), [(1.0, 0), (1.5, 3)])
def test_the_command_ends_with_three_when_something_is_missed(monkeypatch, capsys, found, code):
    """0 if everything agrees, 3 if a threshold is missed, in both forms of output."""
    monkeypatch.setattr(calibrate, "fitted_parameters", lambda p: [Fitted("x", 1.0, found)])
    monkeypatch.setattr(calibrate, "score", lambda p: [])
    assert calibrate.main(["--json"]) == code
    assert json.loads(capsys.readouterr().out)["rows"] == []
    assert calibrate.main([]) == code
    assert "parameters.toml sha256" in capsys.readouterr().out
