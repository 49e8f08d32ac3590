"""Work beside the play: in its order, whole at `finish`, and its alarms are heard."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sim.engine.actions import Actions
from sim.engine.beside import Beside
from sim.engine.campaign import Campaign
from sim.errors import InvariantError
from sim.loading import load_scenario

DAY_S = 86_400


@pytest.mark.parametrize("workers", [1, 2])
def test_work_is_done_in_the_order_it_was_put(workers: int) -> None:
    """Begun or not, on a thread or not: after `finish` all of it is done, once, in order."""
    beside, done = Beside(workers), list[int]()
    for k in range(100):
        beside.put(partial(done.append, k))
        if k % 7 == 0:
            beside.begin()
        if k % 7 == 5:
            beside.finish()
    beside.finish()
    beside.finish()
    assert done == list(range(100))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_alarm_of_the_recorder_stops_the_run(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails beside the play fails the run."""

    def alarm(_part: Actions) -> None:
        raise InvariantError("the recorder is upset")

    run = Campaign(load_scenario("week95_2022", "base", {"users": 300}), workers=workers)
    monkeypatch.setattr(run.recorder, "actions", alarm)
    with pytest.raises(InvariantError, match="the recorder is upset"):
        run.run(until_s=DAY_S)


def test_whoever_looks_between_two_barriers_sees_all_of_it(tmp_path: Path) -> None:
    """After a run to some barrier, and in its snapshot, recorder and digest are where the run is."""
    seen: list[Actions] = []
    scenario = load_scenario("week95_2022", "base", {"users": 300})
    run = Campaign(scenario, workers=2, watch=seen.append)
    run.run(until_s=DAY_S // 2)
    run.save(tmp_path / "half")
    alone = Campaign(scenario, workers=1)
    alone.run(until_s=DAY_S // 2)
    loaded = Campaign(scenario, workers=1)
    loaded.load(tmp_path / "half")
    assert run.digest() == alone.digest() == loaded.digest()
    for name, array in alone.recorder.state().items():
        assert (np.asarray(run.recorder.state()[name]) == array).all(), name
        assert (np.asarray(loaded.recorder.state()[name]) == array).all(), name
    assert sum(map(len, seen)) == run.actions
