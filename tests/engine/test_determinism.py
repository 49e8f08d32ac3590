"""The determinism contract: workers, blocks, buffers and resuming change nothing, barriers little."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sim.engine.actions import Actions, join
from sim.engine.campaign import Campaign
from sim.errors import Interrupted
from sim.kernel.tallies import named
from sim.scenario import Clock, Scenario
from sim.spans import DAY_S, SECOND
from tests.engine.test_twin import assert_same
from tests.engine.twin import Arrays, left_behind
from tests.engine.worlds import world

HOUR_S = 3600
BUSY = ("busy", 400)
HEADLINES = (
    "orders", "active_days", "sessions", "deeds", "beans_issued", "beans_donated", "gifts", "gift_fen",
    "matched_fen",
)  # fmt: skip


def ran(name: str, users: int, *, seed: int = 1, design: str = "base", **how: Any) -> Arrays:
    """What a straight run leaves behind."""
    campaign = Campaign(world(name, users, seed, design), **{"workers": 1} | how)
    campaign.run()
    return left_behind(campaign)


@pytest.fixture(scope="module")
def straight() -> Arrays:
    return ran(*BUSY)


@pytest.mark.parametrize(("workers", "block"), [(2, None), (1, 53), (2, 53), (3, 53), (1, 200), (2, 7)])
def test_workers_and_blocks_cannot_change_a_result(straight, workers, block):
    """State, books, actions and records are the same for 1, 2 or 3 workers and any block size."""
    assert_same(ran(*BUSY, workers=workers, block=block), straight)


def test_full_buffers_cannot_change_a_result(straight):
    """A kernel that often stops because its buffers are full, and goes on in larger ones, does the same."""
    campaign = Campaign(world(*BUSY), workers=1)
    (block,) = campaign.population.blocks
    small = len(block.out)
    block.out, block.errands = block.out[:256], block.errands[:256]
    campaign.run()
    assert 256 < len(block.out) < small or len(block.errands) > 256
    assert_same(left_behind(campaign), straight)


@pytest.mark.parametrize("seconds", [3 * HOUR_S, 2 * DAY_S, 3 * DAY_S + 12 * HOUR_S, 10 * DAY_S])
def test_a_resumed_run_is_the_straight_run(straight, tmp_path, seconds):
    """Stopped at a barrier, saved, and taken up by a new campaign with other workers, a run ends the same."""
    save = tmp_path / "snapshot.npz"
    first = Campaign(world(*BUSY), workers=1)
    first.run(until_s=seconds)
    first.save(save)
    second = Campaign(world(*BUSY), workers=2)
    second.load(save)
    assert second.barriers[second.at] == seconds
    second.run()
    assert_same(left_behind(second), straight)


def test_an_interrupted_run_is_taken_up_again_and_again(straight, tmp_path):
    """Interrupted after every few barriers, each time resumed from what it saved, a run ends the same."""
    save = tmp_path / "snapshot.npz"
    for _ in range(100):
        campaign = Campaign(world(*BUSY), workers=1)
        if save.exists():
            campaign.load(save)
        patience = iter([False] * 40)
        try:
            campaign.run(stop=partial(next, patience, True), snapshot=save)
            break
        except Interrupted:
            continue
    assert save.exists()
    assert_same(left_behind(campaign), straight)


def forked(save: Path, design: str) -> tuple[Actions, Arrays]:
    """What follows from a snapshot under a design, and what is left at the end."""
    told: list[Actions] = []
    scenario = world("hello", 2000, 1, design)
    campaign = Campaign(scenario, workers=1, watch=lambda part: told.append(part.copy()))
    campaign.load(save)
    campaign.run()
    return join(*told), left_behind(campaign)


def test_a_fork_differs_by_its_design_and_only_after_it(tmp_path):
    """Under the same design a fork is the straight run; under another the shared past stays as it was."""
    save, fork_s = tmp_path / "snapshot.npz", DAY_S + 7 * HOUR_S
    past: list[Actions] = []
    campaign = Campaign(world("hello", 2000), workers=1, watch=lambda part: past.append(part.copy()))
    campaign.run(until_s=fork_s)
    campaign.save(save)
    assert join(*past)["t"].max() <= fork_s * SECOND
    base, same_end = forked(save, "base")
    double, other_end = forked(save, "double")
    assert_same(same_end, ran("hello", 2000))
    assert base["t"].min() > fork_s * SECOND
    assert double["t"].min() > fork_s * SECOND
    assert other_end["digest actions"] != same_end["digest actions"]
    assert other_end["digest actions"] != ran("hello", 2000, design="double")["digest actions"]


def test_another_seed_or_replication_is_another_run():
    """The digests are no constants."""
    runs = [ran("hello", 300), ran("hello", 300, seed=2), ran("hello", 300, replication=1)]
    for kind in ("state", "books", "actions"):
        assert len({str(run[f"digest {kind}"]) for run in runs}) == 3


@pytest.mark.parametrize("name", ["hello", "match_pools"])
def test_halving_the_barriers_changes_little(name):
    """With barriers twice as close the headline outcomes move by less than two per cent."""
    clocks = [Clock(barrier=spacing) for spacing in ("1 h", "30 min")]
    before, after = (outcomes(world(name, 5000).model_copy(update={"clock": clock})) for clock in clocks)
    changes = {what: after[what] / before[what] - 1.0 for what in before}
    print(f"halving the barriers of {name}: " + " ".join(f"{k} {v:+.2%}" for k, v in changes.items()))
    assert max(abs(change) for change in changes.values()) < 0.02


def outcomes(scenario: Scenario) -> dict[str, int]:
    """Headline counts of a run; whatever stays at zero is left out."""
    campaign = Campaign(scenario, workers=1)
    campaign.run()
    counts = named(campaign.counts())
    return {what: getattr(counts, what) for what in HEADLINES if getattr(counts, what)}
