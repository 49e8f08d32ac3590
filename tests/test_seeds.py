"""A seed is taken whole or refused: none is cut and meets another's luck."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner

import sim
from sim.engine.campaign import Campaign
from sim.engine.settings import rule_values
from sim.errors import ScenarioError, UsageError
from sim.seeding import MOST_REPLICATION, MOST_SEED, key_of
from sim.streams import draws, one_draw

ROOT = Path(__file__).parents[1]
seeds = st.integers(0, MOST_SEED) | st.integers(0, 2**33)
replications = st.integers(0, MOST_REPLICATION)
TOO_LONG = [-1, 2**64, 2**64 + 1, 2**200]
BOUNDS = f"between 0 and {2**64 - 1}"


@given(seeds, seeds, replications)
def test_two_seeds_never_have_the_same_key(one: int, other: int, replication: int) -> None:
    """Whatever the replication."""
    assume(one != other)
    assert key_of(one, replication) != key_of(other, replication)


@given(st.integers(0, 2**32 - 1), replications, st.integers(0, 2**32 - 1), replications)
def test_short_seeds_share_no_luck_in_any_replication(a: int, k: int, b: int, j: int) -> None:
    """Seeds of 32 bits: another pair is another key."""
    assume((a, k) != (b, j))
    assert key_of(a, k) != key_of(b, j)


@given(seeds, replications)
def test_both_words_of_a_key_fit(seed: int, replication: int) -> None:
    """Nothing is left to be cut later."""
    assert all(0 <= word < 2**32 for word in key_of(seed, replication))


@pytest.mark.parametrize("seed", TOO_LONG)
def test_no_draw_is_made_of_what_does_not_fit(seed: int) -> None:
    """Neither of a seed nor of a replication."""
    for draw in (lambda s, k: draws(s, k, 1, 7), lambda s, k: one_draw(s, k, 1, 7), key_of):
        with pytest.raises(UsageError, match=f"seed={seed}: must lie {BOUNDS}"):
            draw(seed, 0)
        with pytest.raises(UsageError, match=f"replication={seed}: must lie between 0 and {2**32 - 1}"):
            draw(1, seed)
    with pytest.raises(UsageError, match=f"replication={seed}"):
        Campaign(sim.Scenario.load("hello", users=10), seed)


@pytest.mark.parametrize("seed", TOO_LONG)
def test_a_seed_that_does_not_fit_is_refused_in_a_notebook(seed: int) -> None:
    """As an argument, in a scenario held in memory, and when one is loaded."""
    with pytest.raises(UsageError, match=f"seed={seed}: must be {BOUNDS}"):
        sim.simulate("hello", seed=seed)
    with pytest.raises(UsageError, match=f"seed.*must lie {BOUNDS}"):
        sim.Scenario.load("hello", seed=seed)
    hello = sim.Scenario.load("hello")
    changed = hello.model_copy(update={"scenario": hello.scenario.model_copy(update={"seed": seed})})
    with pytest.raises(UsageError, match=f"scenario.seed: must lie {BOUNDS}"):
        sim.simulate(changed)


@pytest.mark.parametrize("seed", TOO_LONG)
def test_a_seed_that_does_not_fit_is_refused_in_a_file(seed: int, tmp_path: Path) -> None:
    """With its line."""
    text = (ROOT / "scenarios" / "hello.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("seed")]
    at = lines.index("[scenario]") + 1
    file = tmp_path / "mine.toml"
    file.write_text("\n".join([*lines[:at], f"seed = {seed}", *lines[at:]]), encoding="utf-8")
    with pytest.raises(ScenarioError, match=f"mine.toml:{at + 1}: scenario.seed: must lie {BOUNDS}"):
        sim.Scenario.load(file)


COMMANDS = [("run",), ("trace",), ("load",), ("load", "run"), ("capacity",)]


def with_seed() -> set[tuple[str, ...]]:
    """Every command that takes a seed, as the command line itself tells."""
    import typer

    from sim.cli import app

    def walk(command: object, path: tuple[str, ...]) -> set[tuple[str, ...]]:
        inner = getattr(command, "commands", {})
        found = {path} if any("--seed" in p.opts for p in getattr(command, "params", [])) else set()
        return found.union(*(walk(one, (*path, name)) for name, one in inner.items()))

    return walk(typer.main.get_command(app), ())


def test_every_command_with_a_seed_is_tried() -> None:
    """A new one has to be added below."""
    assert with_seed() == {path for path in COMMANDS if path != ("load",)}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("seed", TOO_LONG)
def test_a_seed_that_does_not_fit_ends_every_command_with_2(
    command: tuple[str, ...], seed: int, tmp_path: Path
) -> None:
    """Before anything is written, and the bound is named."""
    from sim.cli import app

    out = tmp_path / "out"
    asked = [*command, "hello", "--users", "50", f"--seed={seed}", "--out", str(out)]
    ended = CliRunner().invoke(app, asked)
    assert isinstance(ended.exception, UsageError)  # `main` prints it and ends with its code
    assert ended.exception.exit_code == 2
    assert str(ended.exception) == f"seed={seed}: must be {BOUNDS}"
    assert not out.exists()


def test_the_process_itself_ends_with_2() -> None:
    """A real one."""
    command = [sys.executable, "-m", "sim", "run", "hello", "--seed", str(2**64)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"seed={2**64}: must be {BOUNDS}\n"


def test_the_longest_seed_runs_and_is_told_in_full() -> None:
    """In its own luck: not that of the seed it would be cut to."""
    longest = sim.simulate("hello", users=50, seed=MOST_SEED)
    assert longest.scenario.scenario.seed == MOST_SEED
    cut = sim.simulate("hello", users=50, seed=2**32 - 1)
    assert longest.outcomes[0].digest != cut.outcomes[0].digest


def test_the_kernel_has_the_same_key_as_the_few() -> None:
    """One function makes it."""
    scenario = sim.Scenario.load("hello", users=10, seed=MOST_SEED - 5)
    campaign = Campaign(scenario, 3, workers=1)
    values = rule_values(scenario, campaign.parameters, 3, 10, 0)
    assert (values["k0"], values["k1"]) == key_of(MOST_SEED - 5, 3)
