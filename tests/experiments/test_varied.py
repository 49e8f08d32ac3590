"""An experiment may vary the behaviour rules' numbers, and what it finds never passes for the shipped model's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sim
from sim.behaviour.parameters import load_parameters
from sim.errors import UsageError
from sim.loading import settings_hash
from sim.reporting.results import Results
from sim.reporting.summary import as_dict, summarise
from sim.reporting.unfinished import Unfinished
from sim.runs import perform, plan_run

USERS = 600
LAZY = {"habit_harvest": 0.1}


@pytest.fixture(scope="module")
def shipped() -> Results:
    return sim.simulate("hello", users=USERS)


@pytest.fixture(scope="module")
def lazy() -> Results:
    return sim.simulate("hello", users=USERS, parameters=LAZY)


def harvested(run: Results) -> int:
    return int(run.tables["days"]["beans_harvested"].sum())


def test_a_varied_parameter_moves_what_it_rules(shipped: Results, lazy: Results) -> None:
    """Who harvests in one session of ten instead of nine harvests far less; nothing else was asked."""
    assert 0 < harvested(lazy) < harvested(shipped) / 2


def test_a_result_says_which_parameters_were_varied(shipped: Results, lazy: Results) -> None:
    """In the outcome, in the summary for people and for programs, and in the hash that names a run."""
    assert (shipped.parameters, lazy.parameters) == ({}, LAZY)
    assert as_dict(lazy)["parameters"] == LAZY
    assert any("habit_harvest = 0.1" in note for note in summarise(lazy).notes)
    assert not any("habit_harvest" in note for note in summarise(shipped).notes)
    assert shipped.settings_hash == settings_hash(shipped.scenario)
    assert lazy.settings_hash not in (shipped.settings_hash, settings_hash(lazy.scenario))


def test_results_of_different_parameters_are_never_mixed(shipped: Results, lazy: Results) -> None:
    """A table of both would show their mean as if it were one model's."""
    with pytest.raises(UsageError, match="different parameters"):
        Results("hello", shipped.outcomes + lazy.outcomes)


def test_a_kept_run_keeps_its_parameters(tmp_path: Path, lazy: Results) -> None:
    """Begun, taken up again, finished and loaded, it is the run in memory; its folder is named otherwise."""
    plan = plan_run("hello", users=USERS, parameters=LAZY)
    assert plan.key != plan_run("hello", users=USERS).key
    run = Unfinished.open(Unfinished.begin(plan, tmp_path).folder)
    perform(run, 1, lambda _: None)
    kept = sim.load_run(run.finish().folder)  # type: ignore[arg-type]
    assert kept.parameters == LAZY
    assert kept.outcomes[0].digest == lazy.outcomes[0].digest
    manifest = json.loads((kept.folder / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[operator]
    assert manifest["parameters"] == LAZY
    assert manifest["settings_hash"] == lazy.settings_hash


def test_what_is_varied_back_is_the_shipped_model() -> None:
    """The file's own value is no variation: hash and list are those of the file."""
    p = load_parameters()
    assert p.vary({"habit_harvest": p["habit_harvest"]}) == p
    assert p.vary(LAZY).vary({"habit_harvest": p["habit_harvest"]}) == p
    assert p.vary(LAZY).sha256 != p.sha256
    assert p.vary(LAZY).vary({"habit_gain": 0.1}).varied == (("habit_gain", 0.1), ("habit_harvest", 0.1))


def test_every_change_that_cannot_be_made_is_named_at_once() -> None:
    """An unknown name with the nearest known one, and whatever is no finite number."""
    with pytest.raises(UsageError) as caught:
        sim.simulate("hello", parameters={"habit_gian": 1.0, "habit_keep": float("nan"), "habit_team": True})
    message = str(caught.value)
    assert "did you mean 'habit_gain'" in message
    assert "parameters['habit_keep']=nan" in message
    assert "parameters['habit_team']=True" in message
    with pytest.raises(UsageError, match="must be numbers by name"):
        sim.simulate("hello", parameters=3.0)  # type: ignore[arg-type]
