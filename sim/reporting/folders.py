"""Where runs are kept, and how one is found again.

    <out>/<scenario>/<UTC>-<first 8 of the settings' hash>/
        manifest.json · scenario.toml · metrics.parquet · tables/*.parquet · figures/ · summary.md
    <out>/<scenario>/<UTC>-<first 8 of the trace's SHA-256>-load/        load.json · audit.json · …
    <out>/<scenario>/<UTC>-<first 8 of the trace's SHA-256>-capacity/    capacity.json

A folder of that name is whole. One that ends in `.partial` is not: see `sim.reporting.unfinished`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sim.doors import needed, read_json
from sim.errors import UsageError
from sim.suggestions import did_you_mean

DEFAULT_OUT = Path("results")
PARTIAL = ".partial"
LATEST = "latest"
STAMP = "%Y%m%dT%H%M%SZ"
SIMULATION, LOAD, CAPACITY = "simulation", "load", "capacity"
REPORTS = {SIMULATION: "manifest.json", LOAD: "load.json", CAPACITY: "capacity.json"}
REQUEST = "request.json"
NEEDED: dict[str, dict[str, type]] = {
    "manifest.json": {"scenario": str, "design": str, "users": int, "audit.balanced": bool, "outcomes": list},
    "load.json": {
        "verdict": str, "exit_code": int, "reasons": list, "audit.verdict": str, "counts.scheduled": int,
        "counts.sent": int, "clock_offset_ms": list, "intended_ms": dict, "service_ms": dict,
        "dispatch_lag_ms": dict,
    },
    "capacity.json": {
        "holds": float, "breaks": float, "repeats": dict, "durability": str, "slo": str, "probes": list,
        "usl": object,
    },
    REQUEST: {"scenario": str, "design": str, "replications": int, "started": str, "model_hash": str},
}  # fmt: skip
OF_OUTCOME: dict[str, type] = {
    "design": str, "replication": int, "digest": dict, "audit.balanced": bool, "audit.checks": list,
    "published": list, "report": list, "stats": dict,
}  # fmt: skip


def kind_of(folder: Path) -> str:
    """simulation, load or capacity, by the report that lies in a folder; "" if none does."""
    return next((kind for kind, file in REPORTS.items() if (folder / file).is_file()), "")


def finished_runs(out: Path, kinds: tuple[str, ...] = (SIMULATION,)) -> list[Path]:
    """Folders of finished runs of these kinds under `out`, oldest first within a scenario."""
    return [folder for folder in _folders(out) if _is_whole(folder) and kind_of(folder) in kinds]


def unfinished_runs(out: Path) -> list[Path]:
    """Folders of runs that were begun and not finished, oldest first within a scenario."""
    return [folder for folder in _folders(out) if not _is_whole(folder) and (folder / REQUEST).is_file()]


def _folders(out: Path) -> list[Path]:
    """Every folder two levels down. Raises UsageError if `out` is a file or cannot be read."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; name a folder of results")
    try:
        parents = [parent for parent in out.iterdir() if parent.is_dir()] if out.is_dir() else []
        return sorted(folder for parent in parents for folder in parent.iterdir() if folder.is_dir())
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be read: {error.strerror}; change its permissions") from None


def _is_whole(folder: Path) -> bool:
    return not folder.name.endswith(PARTIAL)


def find_run(run: str, out: Path, kinds: tuple[str, ...] = (SIMULATION,)) -> Path:
    """A finished run by its folder, the start of its name or hash, its scenario (the newest) or "latest".

    Raises UsageError with a hint if there is none.
    """
    given = Path(run)
    if _is_whole(given) and (kind := _kind_given(given)):
        if kind not in kinds:
            raise UsageError(f"{run}: is a {kind} run; name a {' or '.join(kinds)}")
        return given
    runs = finished_runs(out, kinds)
    if not runs:
        raise UsageError(f"{out}: holds no finished run; make one with `beanpeak run hello`")
    return newest_of(run, runs, out)


def _kind_given(folder: Path) -> str:
    """The kind of what may be a folder, or any text."""
    try:
        return kind_of(folder)
    except (OSError, ValueError):  # too long for a name, a NUL in it, not ours to read
        return ""


def find_unfinished(run: str, out: Path) -> Path:
    """An unfinished run, named as in `find_run`. Raises UsageError with a hint if there is none."""
    given = Path(run)
    if not _is_whole(given) and (given / REQUEST).is_file():
        return given
    runs = unfinished_runs(out)
    if not runs:
        raise UsageError(f"{out}: holds no unfinished run")
    return newest_of(run, runs, out)


def newest_of(run: str, runs: list[Path], out: Path) -> Path:
    """The newest of the folders that `run` means."""
    meant = [f for f in runs if run in (LATEST, f.parent.name) or _starts(f, run)]
    if not meant:
        known = [*dict.fromkeys(f.parent.name for f in runs), *(f.name for f in runs)]
        raise UsageError(f"{run}: there is no such run in {out}{did_you_mean(run, known)}")
    return max(meant, key=lambda f: f.name)


def _starts(folder: Path, key: str) -> bool:
    """Whether the folder's name, or the hash in it, starts with the key."""
    name = folder.name.removesuffix(PARTIAL)
    return bool(key) and (name.startswith(key) or name.partition("-")[2].startswith(key))


def new_folder(parent: Path, key: str) -> tuple[Path, str]:
    """A new folder `<UTC>-<key>.partial`, and its instant; a second later if another run took that name."""
    parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    while True:
        stamp = now.strftime(STAMP)
        folder = parent / f"{stamp}-{key}{PARTIAL}"
        try:
            if not folder.with_name(f"{stamp}-{key}").exists():
                folder.mkdir()
                return folder, stamp
        except FileExistsError:
            pass
        now += timedelta(seconds=1)


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a finished run, of whatever kind. Raises UsageError if it is not ours or not whole."""
    return _read(folder / REPORTS[kind_of(folder) or SIMULATION])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished simulation. Raises UsageError if it is not ours or not whole."""
    return _read(folder / REPORTS[SIMULATION])


def read_request(folder: Path) -> dict[str, Any]:
    """What an unfinished run is to do. Raises UsageError if it is not ours or not whole."""
    return _read(folder / REQUEST)


def _read(file: Path) -> dict[str, Any]:
    held = needed(file, read_json(file), NEEDED[file.name])
    if not held.get("outcomes", True):
        raise UsageError(f"{file}: holds no outcome; it was not written by Beanpeak: take it away")
    for number, one in enumerate(held.get("outcomes", [])):
        needed(Path(f"{file}: outcomes[{number}]"), one, OF_OUTCOME)
    return held
