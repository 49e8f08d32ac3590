"""How people answer to rules, played and written down: `make response`, or
`python -m sim.experiments.response docs/response.md [--replications N] [--users N] [--only LEVER] [--json]`.

Every lever of `levers.toml` is played with and without, replication by replication with the same luck. All levers are
played once before any is played again, so that Ctrl-C leaves a page of fewer replications and not of fewer levers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.arguments import whole
from sim.behaviour.parameters import load_parameters
from sim.bounds import simulated_s
from sim.doors import writable_folder
from sim.errors import BeanpeakError, Interrupted, InvariantError
from sim.experiments.headlines import measured
from sim.experiments.levers import Change, Lever, Levers, World, load_levers, scenario_of
from sim.experiments.page import markdown
from sim.experiments.paired import Answer, Response, effects_of
from sim.reporting.manifest import to_json
from sim.reporting.progress import Together, Watch, shown
from sim.seeding import MOST_REPLICATION
from sim.standard import any_encoding
from sim.stopping import asked_to_stop, signals_interrupt
from sim.units import DURATION_US

if TYPE_CHECKING:
    from sim.scenario import Scenario

REPLICATIONS = 10
LEAST = 2  # replications, for a standard error
WORKERS = 2
TOO_EARLY = "interrupted before every lever was played twice: nothing was written"

Measured = dict[str, float]


@dataclass
class Arm:
    """A world with a lever's change or without, and what was measured in each replication."""

    name: str
    world: World
    scenario: Scenario
    measured: list[Measured] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Roughly how long a replication takes."""
        about = self.scenario.scenario
        return simulated_s(about.users, about.length / DURATION_US["day"])

    def play(self, replication: int, watch: Watch | None) -> None:
        """Simulate one replication and keep its numbers. Raises InvariantError if its books do not balance."""
        from sim.engine.running import simulate_once  # compiles the kernel

        outcome = simulate_once(
            self.scenario,
            replication=replication,
            parameters=load_parameters(),
            workers=WORKERS,
            progress=watch,
        )
        if not outcome.audit["balanced"]:
            raise InvariantError(f"{self.name}, replication {replication}: the books do not balance")
        self.measured.append(measured(outcome, self.world))


class Playing:
    """All arms of some levers: every world once, and every lever that can be played."""

    def __init__(self, levers: Levers, users: int | None = None) -> None:
        self.levers, self.users = levers, users
        self.worlds: dict[str, Arm] = {}
        self.arms: dict[str, Arm] = {}
        for lever in levers:
            if not lever.waits_for:
                self.worlds.setdefault(lever.world.name, self._arm(lever.world.name, lever.world))
                self.arms[lever.name] = self._arm(lever.name, lever.world, lever.change)

    def _arm(self, name: str, world: World, change: Change | None = None) -> Arm:
        return Arm(name, world, scenario_of(world, change, self.users))

    @property
    def all_arms(self) -> list[Arm]:
        """Worlds and levers, in the order in which they are played."""
        return [*self.worlds.values(), *self.arms.values()]

    def play(
        self, replications: int, watch: Callable[[int, int], Watch | None], stop: Callable[[], bool]
    ) -> None:
        """Every arm once, then every arm again; ends early when asked to. watch: of an arm and a replication."""
        for replication in range(replications):
            for number, arm in enumerate(self.all_arms):
                if stop():
                    return
                arm.play(replication, watch(number, replication))

    @property
    def finished(self) -> int:
        """Replications that every arm has."""
        return min((len(arm.measured) for arm in self.all_arms), default=0)

    def response(self) -> Response:
        """What the finished replications say."""
        return Response(tuple(map(self._answer, self.levers)), self.finished, self.users)

    def _answer(self, lever: Lever) -> Answer:
        if lever.waits_for:
            return Answer(lever, {})
        without, with_it = self.worlds[lever.world.name], self.arms[lever.name]
        count = self.finished
        return Answer(lever, effects_of(without.measured[:count], with_it.measured[:count]))


def played(levers: Levers, replications: int, users: int | None = None, quiet: bool = True) -> Response:
    """Play levers and say what they did. Raises Interrupted if it was stopped before a difference could be told."""
    playing = Playing(levers, users)
    arms = playing.all_arms
    together = Together({(n, k): arm.seconds for n, arm in enumerate(arms) for k in range(replications)})

    def watch(arm: int, replication: int) -> Watch | None:
        return None if quiet else together.watch((arm, replication))

    label = f"{len(playing.arms)} levers × {replications}"
    with asked_to_stop() as stop, _showing(label, together, quiet):
        playing.play(replications, watch, stop)
        if stop() and playing.finished < LEAST:
            raise Interrupted(TOO_EARLY)
    return playing.response()


@contextmanager
def _showing(label: str, together: Together, quiet: bool) -> Iterator[None]:
    with shown(label, quiet) as together.show:
        yield
    together.show = None


def as_dict(response: Response) -> dict[str, Any]:
    """All numbers and verdicts for programs."""
    return {
        "replications": response.replications,
        "users": response.users,
        "levers": [
            {
                "lever": answer.lever.name,
                "title": answer.lever.title,
                "world": answer.lever.world.name,
                "change": answer.lever.change.words,
                "waits_for": answer.lever.waits_for,
                "expected": [
                    {**asdict(expected), "verdict": word, **asdict(effect)}
                    for expected, effect, word in answer.rows
                ],
                "effects": {name: asdict(effect) for name, effect in answer.effects.items()},
            }
            for answer in response.answers
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the levers and write the page, or print JSON; 0 also if a lever does what nobody expected."""
    options = _parser().parse_args(arguments)
    any_encoding()
    try:
        with signals_interrupt():
            return _play_and_write(options)
    except BeanpeakError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(TOO_EARLY, file=sys.stderr)
        return Interrupted.exit_code


def _play_and_write(options: argparse.Namespace) -> int:
    levers = load_levers().only(options.only) if options.only else load_levers()
    whole("--replications", options.replications, LEAST, MOST_REPLICATION)
    if options.users is not None:
        whole("--users", options.users, 1)
    if options.page is not None:
        writable_folder(options.page.parent, "PAGE")  # before minutes are spent
    response = played(levers, options.replications, options.users, options.quiet)
    if options.page is not None:
        options.page.write_text(markdown(response), encoding="utf-8")
    if options.json:
        print(to_json(as_dict(response)), end="")
    elif options.page is None:
        print(markdown(response), end="")
    if any(answer.effects for answer in response.answers) and response.replications < options.replications:
        print(f"interrupted; written from {response.replications} replications", file=sys.stderr)
        return Interrupted.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sim.experiments.response", description=__doc__)
    parser.add_argument("page", type=Path, nargs="?", help="the page to write; printed if left out")
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="pairs of runs of each lever")
    parser.add_argument("--users", type=int, help="users, instead of each world's own")
    parser.add_argument(
        "--only", action="append", metavar="LEVER", help="one lever by its name; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


if __name__ == "__main__":
    sys.exit(main())
