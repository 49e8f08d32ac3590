"""From a scenario to results: every replication once, in memory or into a results folder."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.arguments import design_asked, scenario_asked, watcher_asked, whole
from sim.behaviour.parameters import load_parameters
from sim.bounds import insist_on_time, insist_on_users, simulated_s
from sim.engine.outcome import Progress
from sim.errors import Interrupted, InvariantError, UsageError
from sim.loading import apply_design, load_scenario, resolved_toml
from sim.loading.reading import Document, read
from sim.reporting.results import Results
from sim.reporting.unfinished import RunPlan, Unfinished
from sim.scenario import Scenario
from sim.seeding import MOST_REPLICATION, MOST_SEED
from sim.stopping import asked_to_stop
from sim.units import DURATION_US

Watch = Callable[[Progress], None]
WatchReplication = Callable[[int], Watch | None]
NOTHING_KEPT = "interrupted before anything could be kept"


def simulate(
    scenario: Scenario | str | Path,
    *,
    design: str = "base",
    replications: int = 1,
    workers: int = 2,
    seed: int | None = None,
    users: int | None = None,
    parameters: Mapping[str, float] | None = None,
    progress: Watch | None = None,
) -> Results:
    """Simulate a scenario (or the one of a name or path) and keep the results in memory.

    replications: seeded runs numbered from 0; the same number meets the same luck under every design.
    workers: threads of the kernel; they do not change results. seed, users: instead of the scenario's.
    parameters: values of the behaviour rules by name, instead of the shipped ones (docs/assumptions.md).
    progress: called now and then with simulated time and actions so far. Raises ScenarioError with every
    mistake of a file, UsageError for any other request that is wrong, InvariantError if the books do not balance.
    """
    workers, progress = whole("workers", workers, 1), watcher_asked(progress)
    plan = plan_run(scenario, design, replications, seed=seed, users=users, parameters=parameters)
    from sim.engine.running import simulate_once  # compiles the kernel

    outcomes = [
        simulate_once(
            plan.scenario, plan.design, k, parameters=plan.parameters, workers=workers, progress=progress
        )
        for k in range(plan.replications)
    ]
    return Results(plan.name, tuple(outcomes))


def plan_run(
    scenario: Scenario | str | Path,
    design: str = "base",
    replications: int = 1,
    *,
    seed: int | None = None,
    users: int | None = None,
    parameters: Mapping[str, float] | None = None,
) -> RunPlan:
    """What a run is to do, with everything that can be wrong about it found beforehand."""
    scenario, design = scenario_asked(scenario), design_asked(design)
    replications = whole("replications", replications, 1, MOST_REPLICATION)
    asked = (("seed", seed, 0, MOST_SEED), ("users", users, 1, None))
    given = {key: whole(key, value, *bounds) for key, value, *bounds in asked if value is not None}
    rules = load_parameters() if parameters is None else load_parameters().vary(parameters)
    if isinstance(scenario, Scenario):
        world = _changed(scenario, "base", given)
        changed = world if design == "base" else _changed(scenario, design, given)
        return _weighed(RunPlan(scenario.scenario.title, world, changed, design, replications, rules))
    world = load_scenario(scenario, "base", given)
    changed = load_scenario(scenario, design, given)
    return _weighed(RunPlan(Path(scenario).stem, world, changed, design, replications, rules))


def _weighed(plan: RunPlan) -> RunPlan:
    """The plan, once it is sure that its users fit. Raises UsageError."""
    insist_on_users(plan.scenario.scenario.users)
    return plan


def insist_on_length(plans: Sequence[RunPlan], longest_s: float) -> None:
    """Raises UsageError if runs would together take longer than they may, roughly."""
    needed = sum(plan.replications * replication_s(plan) for plan in plans)
    names = ", ".join(plan.name for plan in plans)
    insist_on_time(f"{names}: simulating", needed, longest_s, "take fewer --users or --replications")


def replication_s(plan: RunPlan) -> float:
    """Roughly how long one replication takes, in seconds."""
    world = plan.scenario.scenario
    return simulated_s(world.users, world.length / DURATION_US["day"])


def perform(run: Unfinished, workers: int, watch: WatchReplication) -> None:
    """Simulate what is missing of a run, one replication after the other, and keep each as soon as it is finished.

    When asked to stop, the replication under way is kept up to its next barrier and Interrupted is raised; asked
    again, it does not wait for the barrier. A run of which nothing can be kept is taken away.
    """
    try:
        with asked_to_stop() as stop:
            for number in run.missing():
                simulate_kept(run, number, workers, watch(number), stop)
    except InvariantError:
        if not run.finished():
            run.discard()
        raise
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(run.leave() or NOTHING_KEPT) from stopped


def simulate_kept(
    run: Unfinished, number: int, workers: int, watch: Watch | None, stop: Callable[[], bool]
) -> None:
    """Simulate one replication of a run, from its snapshot if it has one, and keep it."""
    from sim.engine.running import simulate_once  # compiles the kernel

    run.keep(
        simulate_once(
            run.plan.scenario,
            run.plan.design,
            number,
            parameters=run.plan.parameters,
            workers=workers,
            progress=watch,
            stop=stop,
            snapshot=run.snapshot(number),
        )
    )


def _changed(scenario: Scenario, design: str, given: dict[str, int]) -> Scenario:
    """A scenario held in memory with a design, users or seed of this run; checked like a file."""
    document = apply_design(_document(scenario), design)
    changed, mistakes = read({**document, "scenario": {**document["scenario"], **given}})
    if changed is None:
        raise UsageError("\n".join(f"{'.'.join(map(str, m.path))}: {m.problem}" for m in mistakes))
    return changed


def _document(scenario: Scenario) -> Document:
    """A scenario held in memory as a document. Raises UsageError if it holds what a scenario cannot hold."""
    try:
        with warnings.catch_warnings():  # a wrong kind of value is told below, as a mistake
            warnings.simplefilter("ignore", UserWarning)
            return tomllib.loads(resolved_toml(scenario))
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"the scenario holds a value of a wrong kind: {reason}; amounts with units are held as integers: "
            "fen, minutes, microseconds"
        ) from error
