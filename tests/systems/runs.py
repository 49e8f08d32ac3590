"""Runs to compare: a scenario played once with some settings changed, and everything it left behind.

Two runs that differ in one setting meet the same luck, so a small population shows what the setting does.
Runs are kept for the session: many tests look at the same one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.behaviour.parameters import Parameters, load_parameters
from sim.bookkeeping import Kind
from sim.engine import campaign as campaign_module
from sim.engine.actions import join
from sim.engine.campaign import Campaign
from sim.loading import apply_design, scenario_text
from sim.loading.reading import read
from sim.scenario import Scenario
from sim.spans import DAY_S, SECOND
from sim.streams import Purpose, draws

DAY_US = DAY_S * SECOND
COARSE = ("95公益周 2022", "浙江公益慈善账户")
FESTIVAL = Path(__file__).with_name("festival.toml")
# Vouchers and money for beans that last whatever is done for them.
PLENTY = {
    "pools__beans__total": "8_000_000_000 yuan", "redemptions__voucher__stock": 900_000_000,
    "redemptions__badge__stock": 900_000_000,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What one run left behind. `stream` are all actions, one row each (columns: sim.engine.actions)."""

    campaign: Campaign
    stream: NDArray[np.void]
    tables: dict[str, pl.DataFrame]
    metrics: dict[str, float]

    def rows(self, *kinds: Kind, refused: bool = False) -> NDArray[np.void]:
        """The accepted (or the refused) actions of these kinds."""
        wanted = np.isin(self.stream["kind"], kinds) & ((self.stream["outcome"] != 0) == refused)
        return self.stream[wanted]

    def deed(self, name: str) -> int:
        """The row of a deed in the catalogue."""
        return list(self.campaign.scenario.deeds).index(name)

    def deeds(self, name: str) -> dict[str, Any]:
        """The line of a deed in the table of deeds: times, beans, minutes."""
        return self.tables["deeds"].row(self.deed(name), named=True)

    def rule(self, name: str) -> int:
        """The number of a rule in the records of what it gives."""
        return 1 + list(self.campaign.scenario.rules).index(name)

    def paid(self, name: str) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """Each time a deed was done, and the beans of it with what rules added, which is recorded right after it."""
        done = self.rows(Kind.DEED, Kind.GENERAL)
        done = done[done["deed"] == self.deed(name)]
        granted = self.rows(Kind.GRANT)
        granted = granted[granted["deed"] == self.deed(name)]
        order = np.lexsort((done["t"], done["agent"]))
        done = done[order]
        when, later = (rows["agent"].astype(np.int64) * (1 << 42) + rows["t"] for rows in (done, granted))
        beans = done["beans"].astype(np.int64)
        np.add.at(beans, np.searchsorted(when, later) - 1, granted["beans"])
        return done, beans

    def day_of(self, rows: NDArray[np.void]) -> NDArray[np.int64]:
        return rows["t"] // DAY_US

    def place(self) -> NDArray[np.float64]:
        """The four keyed units that say where each honest user stands, shape (4, users)."""
        world = self.campaign.scenario.scenario
        return draws(world.seed, self.campaign.replication, Purpose.PLACE, np.arange(world.users))

    def minors(self) -> NDArray[np.bool_]:
        """Which users are under age."""
        segments = list(self.campaign.scenario.segments.values())
        return np.array([s.minor for s in segments])[self.campaign.recorder.world.segment]


def scenario(name: str, users: int, seed: int = 1, changes: dict[str, Any] | None = None) -> Scenario:
    """A scenario by name (or the text of one) with dotted paths changed, as in a design.

    Barriers are three hours apart in the week and the month, which lets them run three times as fast; where
    a pool's opening matters they stand as in the file.
    """
    text = (
        name if "\n" in name else FESTIVAL.read_text("utf-8") if name == "festival" else scenario_text(name)
    )
    document = tomllib.loads(text)
    document["designs"] = {"changed": changes or {}}
    document = apply_design(document, "changed") | {"designs": {}}
    if document["scenario"]["title"] in COARSE:
        document["clock"] = {"barrier": "3 h"}
    document["scenario"] = {**document["scenario"], "users": users, "seed": seed}
    made, findings = read(document)
    assert made is not None, findings
    return made


def run(name: str, users: int, seed: int = 1, **changes: Any) -> Run:
    """Play a scenario once. Paths are written with double underscores, and False takes a table out:
    rules__daily_cap__form__cap=50, rules__streak=False."""
    return _run(name, users, seed, Changes.of(changes))


def week_beans(times: float) -> dict[str, Any]:
    """A change of the week's scenario: its phase multiplies beans; by 1 it changes nothing, and is no rule."""
    if times == 1.0:
        return {}
    return {"rules__week_beans": {"when": {"phase": "week"}, "form": {"times": times}}}


class Changes(dict[str, Any]):
    """Changed paths that can be looked up by."""

    @classmethod
    def of(cls, changes: Mapping[str, Any]) -> Changes:
        """From paths as keywords write them."""
        return cls((path.replace("__", "."), value) for path, value in changes.items())

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))


@lru_cache(maxsize=40)
def _run(name: str, users: int, seed: int, changes: Changes) -> Run:
    told: list[NDArray[np.void]] = []
    campaign = Campaign(
        scenario(name, users, seed, changes), workers=1, watch=lambda part: told.append(part.copy())
    )
    campaign.run()
    campaign.population.close()
    assert all(check["passed"] for check in campaign.checks)
    return Run(campaign, join(*told), campaign.recorder.tables(), campaign.recorder.totals())


def with_parameters(name: str, users: int, parameters: dict[str, float], **changes: Any) -> Run:
    """The run of a scenario in a world where some numbers of the behaviour rules are others."""
    usual = load_parameters()
    entries = [replace(entry, value=parameters.get(entry.name, entry.value)) for entry in usual]
    assert parameters.keys() <= usual.flat().keys()
    other = Parameters(tuple(entries), usual.sha256)
    with mock.patch.object(campaign_module, "load_parameters", return_value=other):
        return _run.__wrapped__(name, users, 1, Changes.of(changes))
