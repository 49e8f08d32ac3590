"""Runs under way: a `.partial` folder in which every finished replication is kept at once.

    <UTC>-<hash>.partial/  request.json · scenario.toml · replications/<design>-<k>/

Each replication is written under a name ending in `.partial` and renamed when whole; so is the run.
Whatever kills the process, what carries a plain name is complete.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from sim.behaviour.parameters import Parameters, load_parameters
from sim.doors import writable_folder
from sim.errors import BeanpeakError, UsageError
from sim.loading import load_scenario, resolved_toml, settings_hash
from sim.reporting.folders import DEFAULT_OUT, PARTIAL, STAMP, new_folder, read_request
from sim.reporting.manifest import build_manifest, model_hash, to_json
from sim.reporting.results import Results, read_outcome, write_outcome, write_rows

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.scenario import Scenario

HASH_LENGTH = 8


@dataclass(frozen=True)
class RunPlan:
    """What a run is to do. `world` has the users and seed of this run, `scenario` also the design."""

    name: str
    world: Scenario
    scenario: Scenario
    design: str = "base"
    replications: int = 1
    parameters: Parameters = field(default_factory=load_parameters)

    @property
    def varied(self) -> dict[str, float]:
        """The parameters of this run that are not the shipped ones."""
        return dict(self.parameters.varied)

    @property
    def key(self) -> str:
        """The hash a folder is named by."""
        return settings_hash(self.scenario, self.varied)[:HASH_LENGTH]


@dataclass(frozen=True)
class Unfinished:
    """A run under way and its folder."""

    plan: RunPlan
    folder: Path
    started: str

    @classmethod
    def begin(cls, plan: RunPlan, out: Path) -> Unfinished:
        """Make the folder of a new run. Raises UsageError, with nothing left behind, if that fails."""
        writable_folder(out)
        folder: Path | None = None
        try:
            folder, started = new_folder(out / plan.name, plan.key)
            request = {
                "scenario": plan.name,
                "design": plan.design,
                "replications": plan.replications,
                "started": started,
                "model_hash": model_hash(),
                "parameters": plan.varied,
            }
            (folder / "scenario.toml").write_text(resolved_toml(plan.world), encoding="utf-8")
            (folder / "request.json").write_text(to_json(request), encoding="utf-8")
        except OSError as error:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise UsageError(f"{out}: results cannot be written there: {error.strerror}") from error
        return cls(plan, folder, started)

    @classmethod
    def open(cls, folder: Path) -> Unfinished:
        """Take up an unfinished run. Raises UsageError: it cannot be read or written, or is of another model."""
        request = read_request(writable_folder(folder))
        if request["model_hash"] != model_hash():
            raise UsageError(
                f"{folder}: was begun by another version of the model, and replications of two versions "
                "must not be mixed; delete it and start anew with `beanpeak run`"
            )
        world = load_scenario(folder / "scenario.toml")
        scenario = load_scenario(folder / "scenario.toml", request["design"])
        parameters = load_parameters().vary(request.get("parameters") or {})
        plan = RunPlan(
            request["scenario"], world, scenario, request["design"], request["replications"], parameters
        )
        return cls(plan, folder, request["started"])

    @property
    def resuming(self) -> str:
        """The command that goes on with this run, as it is typed."""
        out = self.folder.parent.parent
        place = "" if out == DEFAULT_OUT else f" --out {shlex.quote(str(out))}"
        return f"beanpeak resume {self.plan.key}{place}"

    def _replication(self, number: int) -> Path:
        design = re.sub(r"[^\w.-]", "_", self.plan.design)
        return self.folder / "replications" / f"{design}-{number}"

    def snapshot(self, number: int) -> Path:
        """Where the state of a replication under way is kept."""
        whole = self._replication(number)
        return whole.with_name(f"{whole.name}.snapshot.npz")

    def missing(self) -> list[int]:
        """Replications that are still to be simulated."""
        kept = self.finished()
        return [k for k in range(self.plan.replications) if k not in kept]

    def finished(self) -> list[int]:
        """Replications that are kept."""
        return [k for k in range(self.plan.replications) if self._replication(k).is_dir()]

    def keep(self, outcome: Outcome) -> None:
        """Keep a finished replication. Raises BeanpeakError if the disk does not take it."""
        whole = self._replication(outcome.replication)
        partial = whole.with_name(whole.name + PARTIAL)
        with self._saying_what_is_kept():
            shutil.rmtree(partial, ignore_errors=True)
            write_outcome(partial, outcome)
            partial.rename(whole)
            self.snapshot(outcome.replication).unlink(missing_ok=True)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Every kept replication, in order."""
        return tuple(read_outcome(self._replication(k), self.plan.scenario) for k in self.finished())

    def finish(self) -> Results:
        """Write rows and manifest and give the run its name; what decorates it comes afterwards."""
        outcomes = self.outcomes()
        results = Results(self.plan.name, outcomes)
        whole = self.folder.with_name(self.folder.name.removesuffix(PARTIAL))
        with self._saying_what_is_kept():
            finished = datetime.now(UTC).strftime(STAMP)
            manifest = build_manifest(self.plan.name, self.plan.scenario, outcomes, self.started, finished)
            write_rows(self.folder, results)
            (self.folder / "manifest.json").write_text(to_json(manifest), encoding="utf-8")
            self.folder.rename(whole)
        # From here on the run is whole; what is taken away now stands in it a second time.
        with suppress(OSError):
            (whole / "request.json").unlink()
        shutil.rmtree(whole / "replications", ignore_errors=True)
        return Results(self.plan.name, outcomes, whole)

    def leave(self) -> str:
        """What is kept of a run that goes no further, and how to go on; "", and no folder, if that is nothing."""
        if not self.folder.is_dir():
            return ""
        kept = len(self.finished())
        begun = sum(self.snapshot(k).is_file() for k in self.missing())
        if not kept and not begun:
            self.discard()
            return ""
        parts = [f"{kept} of {self.plan.replications} replications"] if kept else []
        under_way = "the one under way" if begun == 1 else f"{begun} under way"
        parts += [f"{under_way} up to {'its' if begun == 1 else 'their'} last barrier"] if begun else []
        return f"interrupted; kept: {' and '.join(parts)}; `{self.resuming}` goes on"

    def discard(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _saying_what_is_kept(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BeanpeakError(
                f"{self.folder}: results cannot be written: {reason}; "
                f"free some space, then `{self.resuming}`: finished replications are kept"
            ) from error
