"""Where runs are kept, and how one is found again.

    <out>/<scenario>/<UTC>-<first 8 of the settings' hash>/
        manifest.json · scenario.toml · metrics.parquet · tables/*.parquet · figures/ · summary.md

A folder of that name is whole. One that ends in `.partial` is not: see `sim.reporting.unfinished`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sim.errors import UsageError
from sim.suggestions import did_you_mean

DEFAULT_OUT = Path("results")
PARTIAL = ".partial"
LATEST = "latest"
STAMP = "%Y%m%dT%H%M%SZ"


def finished_runs(out: Path) -> list[Path]:
    """Folders of finished runs under `out`, oldest first within a scenario."""
    return sorted(m.parent for m in out.glob("*/*/manifest.json") if not m.parent.name.endswith(PARTIAL))


def unfinished_runs(out: Path) -> list[Path]:
    """Folders of runs that were begun and not finished, oldest first within a scenario."""
    return sorted(r.parent for r in out.glob(f"*/*{PARTIAL}/request.json"))


def find_run(run: str, out: Path) -> Path:
    """A finished run by its folder, the start of its name or hash, its scenario (the newest) or "latest".

    Raises UsageError with a hint if there is none.
    """
    given = Path(run)
    if (given / "manifest.json").is_file() and not given.name.endswith(PARTIAL):
        return given
    runs = finished_runs(out)
    if not runs:
        raise UsageError(f"{out}: holds no finished run; make one with `beanpeak run hello`")
    return newest_of(run, runs, out)


def find_unfinished(run: str, out: Path) -> Path:
    """An unfinished run, named as in `find_run`. Raises UsageError with a hint if there is none."""
    given = Path(run)
    if (given / "request.json").is_file() and given.name.endswith(PARTIAL):
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
    """Whether the folder's name, or the hash at its end, starts with the key."""
    name = folder.name.removesuffix(PARTIAL)
    return bool(key) and (name.startswith(key) or name.rpartition("-")[2].startswith(key))


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


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run."""
    held: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return held
