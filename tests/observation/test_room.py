"""The room for observation: what is watched, measured and explained stands together, and survives a snapshot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from sim.engine.campaign import Campaign
from sim.observation.catalogue import BY_DAY, METRICS, SUBJECTS, TABLES
from sim.observation.recorder import Recorder
from sim.observation.subject import Subject
from tests.commands import PATIENCE_S
from tests.engine.worlds import world
from tests.observation.conftest import Week


def test_every_subject_of_the_catalogue_is_conducted(week: Week) -> None:
    """In the same order."""
    assert tuple(type(subject) for subject in week.seen.subjects) == SUBJECTS


def test_every_metric_is_measured_and_explained(week: Week) -> None:
    """By its own subject: measured are exactly those that have words (money raised is told by source and cause)."""
    told = set(week.seen.metrics()["metric"])
    assert told == {m.name for m in METRICS}
    assert set(week.seen.totals()) == told - {"raised_fen"}
    by_day = week.seen.metrics().filter(group="day")["metric"].unique().to_list()
    assert sorted(by_day) == sorted(BY_DAY)


def test_every_table_has_the_columns_that_are_explained(week: Week) -> None:
    """And no others."""
    for name, frame in week.seen.tables().items():
        assert sorted(frame.columns) == sorted(TABLES[name].columns), name


def test_names_belong_to_one_subject() -> None:
    """No metric, table or column of a day is told twice."""
    for names in (
        [m.name for s in SUBJECTS for m in s.METRICS],
        [name for s in SUBJECTS for name in s.tables()],
        [column.name for s in SUBJECTS for column in s.DAILY],
    ):
        assert len(names) == len(set(names))


def test_a_subject_that_watches_what_does_not_exist_is_refused() -> None:
    """A slip of the pen would otherwise never be told anything."""
    with pytest.raises(TypeError, match="on_gitf"):
        type("Slip", (Subject,), {"on_gitf": lambda self, seen: None})


def test_observers_see_a_view_of_the_world_and_no_campaign(week: Week) -> None:
    """Nothing that is observed can be steered through it."""
    held = [week.seen, week.seen.world, *week.seen.subjects]
    assert not any(isinstance(value, Campaign) for each in held for value in vars(each).values())
    with pytest.raises(AttributeError):
        week.seen.world.replication = 1  # type: ignore[misc]


def test_what_was_seen_survives_a_snapshot(tmp_path: Path, week: Week) -> None:
    """A run that was interrupted tells what one in a piece tells."""
    first = Campaign(world("busy", 600), workers=1)
    first.run(until_s=4 * 86_400 + 7_200)
    first.save(tmp_path / "state.npz")
    second = Campaign(world("busy", 600), workers=1)
    second.load(tmp_path / "state.npz")
    second.run()
    for campaign in (first, second):
        campaign.population.close()
    assert_frame_equal(second.recorder.metrics(), week.seen.metrics())
    for name, frame in week.seen.tables().items():
        assert_frame_equal(second.recorder.tables()[name], frame)
    assert isinstance(second.recorder, Recorder)


def test_words_are_read_without_the_compiler() -> None:
    """Whoever asks what a metric means, reads a summary or draws a figure waits for no compiler."""
    script = """
import sys
import sim.reporting.metrics, sim.reporting.summary, sim.reporting.figures.registry
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE_S)
