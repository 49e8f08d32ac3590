"""Service level objectives: what a run must meet as a whole, per kind of event and per named phase.

A TOML file; `loadtests/slo/default.toml` shows every threshold. All mistakes are reported at once, with lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sim.doors import read_toml
from sim.errors import Mistake, ScenarioError, UsageError
from sim.loading.lines import Lines
from sim.suggestions import did_you_mean

FOLDER = Path(__file__).with_name("slo")
LATENCIES = {"p50_ms": "p50", "p90_ms": "p90", "p99_ms": "p99", "p999_ms": "p999", "max_ms": "max"}
RATIOS = ("error_ratio", "min_throughput_ratio")
WHOLE_ONLY = ("recovery_s", "dispatch_lag_p99_ms")
SCOPES = ("kind", "phase")
LAG_P99_MS = 10.0
Keys = tuple[str, ...]
SCOPE_EXAMPLES: dict[Keys, tuple[str, ...]] = {("kind",): (".GIFT",), ("phase",): (".peak",)}
WHOLE = "measure"  # the scope of thresholds at the top of the file


@dataclass(frozen=True)
class Thresholds:
    """Limits of one scope; what is not named is not judged."""

    intended_ms: Mapping[str, float] = field(default_factory=dict)  # p50, p90, p99, p999, max
    error_ratio: float | None = None
    min_throughput_ratio: float | None = None


@dataclass(frozen=True)
class Slo:
    """One file of thresholds. scopes: `measure`, `kind:GIFT`, `phase:midnight` → limits."""

    name: str
    scopes: Mapping[str, Thresholds]
    recovery_s: float | None = None
    dispatch_lag_p99_ms: float = LAG_P99_MS


@dataclass(frozen=True)
class Measured:
    """What a scope came to. Times in milliseconds, None without events."""

    intended_ms: Mapping[str, float | None]
    scheduled: int
    sent: int
    errors: int
    in_time: int  # answered before the window ended, or within a second of it


def judge(slo: Slo, found: Mapping[str, Measured], recovery_s: float | None = None) -> list[str]:
    """What was missed, in words; empty if everything was met. Scopes nobody measured are missed."""
    missed = []
    for scope, limits in slo.scopes.items():
        if scope not in found or not found[scope].scheduled:
            missed.append(f"{scope}: no event was due there, so its thresholds cannot be met")
            continue
        missed += _judge_one(scope, limits, found[scope])
    if slo.recovery_s is not None and recovery_s is not None and recovery_s > slo.recovery_s:
        missed.append(f"recovery took {recovery_s:.2f} s, the limit is {slo.recovery_s:g} s")
    return missed


def _judge_one(scope: str, limits: Thresholds, found: Measured) -> Iterator[str]:
    where = "" if scope == WHOLE else f"{scope}: "
    for name, limit in limits.intended_ms.items():
        value = found.intended_ms.get(name)
        if value is None or value > limit:
            said = "is unknown" if value is None else f"is {value:,.1f} ms"
            yield f"{where}intended {name} {said}, the limit is {limit:g} ms"
    if limits.error_ratio is not None and found.errors > limits.error_ratio * found.sent:
        yield (
            f"{where}{found.errors:,} of {found.sent:,} events had no clear answer, "
            f"the limit is a share of {limits.error_ratio:g}"
        )
    if limits.min_throughput_ratio is not None:
        ratio = found.in_time / found.scheduled
        if ratio < limits.min_throughput_ratio:
            yield f"{where}{ratio:.2%} were answered in time, the least is {limits.min_throughput_ratio:.2%}"


def slo_dict(slo: Slo) -> dict[str, Any]:
    """Thresholds as plain values: a result keeps the ones it was judged by."""
    return {**asdict(slo), "scopes": {scope: asdict(limits) for scope, limits in slo.scopes.items()}}


def slo_from(kept: Mapping[str, Any]) -> Slo:
    """What `slo_dict` kept."""
    return Slo(
        **{**kept, "scopes": {scope: Thresholds(**limits) for scope, limits in kept["scopes"].items()}}
    )


# --- reading -----------------------------------------------------------------------------------------------


def located(name: str) -> str:
    """The same thresholds, named so that they are found from any folder."""
    return name if (FOLDER / f"{name}.toml").exists() else str(Path(name).resolve())


def load_slo(name: str) -> Slo:
    """The thresholds of a name in `loadtests/slo` or of a path. Raises UsageError with every mistake's line."""
    known = sorted(file.stem for file in FOLDER.glob("*.toml"))
    file = FOLDER / f"{name}.toml" if name in known else Path(name)
    if name not in known and file.suffix != ".toml" and not file.exists():
        raise UsageError(
            f"--slo {name}: there is no such name or file; names are {', '.join(known)}{did_you_mean(name, known)}"
        )
    values, text = read_toml(file)
    return _Reader(str(file), Lines(text)).read(file.stem, values)


class _Reader:
    """Turns a table into thresholds and gathers mistakes on the way."""

    def __init__(self, file: str, lines: Lines) -> None:
        self.file, self.lines = file, lines
        self.mistakes: list[Mistake] = []

    def read(self, name: str, values: dict[str, Any]) -> Slo:
        """All of a file. Raises ScenarioError."""
        if not values:
            raise ScenarioError(
                [Mistake(self.file, 1, "text", "names no threshold; see loadtests/slo/default.toml")]
            )
        whole = {key: value for key, value in values.items() if key not in (*SCOPES, *WHOLE_ONLY)}
        scopes = {WHOLE: self._thresholds(whole, (), (*SCOPES, *WHOLE_ONLY))}
        for scope in SCOPES:
            for one, table in self._table(values.get(scope, {}), (scope,)).items():
                path = (scope, one)
                scopes[f"{scope}:{one}"] = self._thresholds(self._table(table, path), path)
        recovery = self._number(values.get("recovery_s"), ("recovery_s",))
        lag = self._number(values.get("dispatch_lag_p99_ms", LAG_P99_MS), ("dispatch_lag_p99_ms",))
        if self.mistakes:
            raise ScenarioError(self.mistakes)
        return Slo(name, scopes, recovery, LAG_P99_MS if lag is None else lag)

    def _thresholds(self, table: dict[str, Any], path: Keys, also: Keys = ()) -> Thresholds:
        self._known(table, path, ("intended", *RATIOS), also)
        times = self._table(table.get("intended", {}), (*path, "intended"))
        self._known(times, (*path, "intended"), tuple(LATENCIES))
        limits = {
            LATENCIES[key]: number
            for key, value in times.items()
            if key in LATENCIES and (number := self._number(value, (*path, "intended", key))) is not None
        }
        ratios = [self._number(table.get(key), (*path, key), most=1.0) for key in RATIOS]
        return Thresholds(limits, *ratios)

    def _known(self, table: dict[str, Any], path: Keys, known: Keys, also: Keys = ()) -> None:
        for key in table:
            if key not in known:
                self._wrong((*path, key), f"there is no such threshold{did_you_mean(key, (*known, *also))}")

    def _table(self, value: Any, path: Keys) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        heads = ", ".join(f"[{'.'.join(path)}{more}]" for more in (SCOPE_EXAMPLES.get(path, ("",))))
        self._wrong(path, f"must be a table; write {heads}")
        return {}

    def _number(self, value: Any, path: Keys, most: float = float("inf")) -> float | None:
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 <= value <= most
            or math.isinf(value)
        ):
            self._wrong(
                path, "must be a number" + (f" from 0 to {most:g}" if most < 1e9 else " of at least 0")
            )
            return None
        return float(value)

    def _wrong(self, path: Keys, problem: str) -> None:
        self.mistakes.append(Mistake(self.file, self.lines.of(path), ".".join(path), problem))
