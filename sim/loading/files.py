"""Scenario files: where they are found, and how one is loaded."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from sim.doors import read_text, read_toml
from sim.errors import Mistake, ScenarioError, UsageError
from sim.loading.designs import apply_design, mistakes_in_designs, variants_of
from sim.loading.finding import Finding
from sim.loading.idle import idle_settings
from sim.loading.lines import Lines, spelled
from sim.loading.reading import Document, judge, read
from sim.scenario import Scenario
from sim.suggestions import did_you_mean

FOLDER = "scenarios"


def load_scenario(
    name_or_path: str | Path, design: str = "base", overrides: Mapping[str, int] | None = None
) -> Scenario:
    """The scenario of a name or a path, with a design applied.

    Names are looked up in `./scenarios`, then among those that come with Beanpeak. `overrides` may give
    `users` and `seed`. Every design of the file is checked, not only the chosen one. Raises ScenarioError
    with every mistake of the file, UsageError if there is no such file or design, or an override is wrong.
    """
    found, shown = _find(str(name_or_path))
    document, text = read_toml(found, shown)
    if mistakes := _mistakes(text, shown):
        raise ScenarioError(list(mistakes))
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    return _changed(apply_design(document, design), given)


def list_scenarios() -> list[str]:
    """Names that `load_scenario` knows: those in `./scenarios` and those that come with Beanpeak, sorted."""
    folders: list[Traversable] = [Path(FOLDER), _shipped()]
    return sorted(
        {f.name.removesuffix(".toml") for d in folders if d.is_dir() for f in d.iterdir() if _is_toml(f)}
    )


def scenario_text(name_or_path: str | Path) -> str:
    """The TOML text of a scenario, for copying. Raises UsageError if there is no such file."""
    found, shown = _find(str(name_or_path))
    return read_text(found, shown)


def _shipped() -> Traversable:
    """The scenarios in the wheel, or in a source checkout the folder beside the package."""
    inside = resources.files("sim") / FOLDER
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / FOLDER


def _is_toml(file: Traversable) -> bool:
    return file.name.endswith(".toml") and file.is_file()


def _find(name: str) -> tuple[Traversable, str]:
    """The file of a name or path, and how to show it: as given, and never with an absolute path."""
    if name.endswith(".toml") or "/" in name or os.sep in name:
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"{name}: there is no such file; `beanpeak scenarios list` shows the names")
        return path, _relative(path)
    for folder in (Path(FOLDER), _shipped()):
        file = folder / f"{name}.toml"
        if _can_be_seen(file):
            return file, f"{FOLDER}/{name}.toml"
    raise UsageError(f"{name}: there is no scenario of that name{did_you_mean(name, list_scenarios())}")


def _can_be_seen(file: Traversable) -> bool:
    """Whether there is such a file; no where the working directory may not be looked into."""
    try:
        return file.is_file()
    except OSError:
        return False


def _relative(path: Path) -> str:
    if not path.is_absolute():
        return path.as_posix()
    try:
        here = Path.cwd()
    except OSError:  # the working directory was deleted
        return path.name
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


@lru_cache(maxsize=8)  # who loads one design of a file after the other has it checked once
def _mistakes(text: str, shown: str) -> tuple[Mistake, ...]:
    """Every mistake of a text that is TOML, in the scenario or in any of its designs."""
    document = tomllib.loads(text)
    base, variants = judge(document), variants_of(document)
    found = [*base.mistakes, *mistakes_in_designs(document, base.mistakes, variants)]
    return _placed([*found, *idle_settings(document, base, variants)], text, shown)


def _placed(mistakes: list[Finding], text: str, shown: str) -> tuple[Mistake, ...]:
    if not mistakes:
        return ()
    lines = Lines(text)
    return tuple(
        dict.fromkeys(
            Mistake(shown, lines.of(f.path), spelled(f.path) or "text", f.problem) for f in mistakes
        )
    )


def _changed(document: Document, given: Mapping[str, int]) -> Scenario:
    """The scenario of a sound document with users and seed given for this run."""
    wrong = [key for key in given if key not in ("users", "seed")]
    if wrong:
        raise UsageError(f"{wrong[0]}: cannot be given for a run; give users or seed, or write a design")
    scenario, mistakes = read({**document, "scenario": {**document["scenario"], **given}})
    if mistakes or scenario is None:
        raise UsageError(
            "\n".join(f"--{f.path[-1]} {given.get(str(f.path[-1]), '')}: {f.problem}" for f in mistakes)
        )
    return scenario
