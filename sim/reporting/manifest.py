"""What made a result: settings, seeds, versions, lock, commit, time and memory. Never who or where."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.children.starting import run
from sim.loading import resolved_dict, settings_hash
from sim.memory import peak_memory_mb

if TYPE_CHECKING:
    from sim.engine.outcome import Outcome
    from sim.scenario import Scenario

PACKAGE = Path(__file__).resolve().parents[1]
PARTS = ("simpy", "numpy", "numba", "polars", "pydantic", "scipy", "matplotlib", "faker")
# What the rows of a run come from; the rest starts, guards, stores, sends or shows them.
MODEL = (
    "agents", "arrays.py", "behaviour", "bookkeeping.py", "data", "domain", "engine", "kernel", "loading",
    "observation", "scenario", "seeding.py", "spans.py", "streams.py", "units.py",
)  # fmt: skip
GIT_S = 10.0


def version() -> str:
    """The version of the installed distribution."""
    return metadata.version("beanpeak")


def versions() -> dict[str, str]:
    """Versions of Python, Beanpeak and the packages that numbers and pictures depend on."""
    return {"python": platform.python_version(), "beanpeak": version()} | {
        part: metadata.version(part) for part in PARTS
    }


def model_hash() -> str:
    """Hash of the model's sources and data. Replications of different models must not be mixed."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        inside = file.relative_to(PACKAGE)
        if file.suffix in (".py", ".toml", ".csv") and inside.parts[0] in MODEL:
            digest.update(inside.as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def lock_hash() -> str | None:
    """SHA-256 of `requirements.lock`, if this is a source checkout."""
    lock = PACKAGE.parent / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def commit() -> str | None:
    """The commit of a source checkout, with `-changed` when files differ from it; None outside git."""
    if not (PACKAGE.parent / ".git").exists():
        return None
    head = _git("rev-parse", "--verify", "HEAD")
    changes = _git("status", "--porcelain") if head else None
    return None if changes is None else f"{head}-changed" if changes else head


def _git(*arguments: str) -> str | None:
    """What git says of this checkout and of no other, nor of one around it; None if it cannot say."""
    root = PACKAGE.parent
    command = ["git", "-C", str(root), "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments]
    try:
        ran = run(command, GIT_S, {"GIT_CEILING_DIRECTORIES": str(root.parent)})
    except OSError:  # no git, or none that answers
        return None
    return None if ran.returncode else ran.stdout.strip()


def machine() -> dict[str, Any]:
    """The kind of machine, without its name."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """All of an outcome but its rows."""
    return {
        "design": outcome.design,
        "replication": outcome.replication,
        "digest": outcome.digest,
        "audit": outcome.audit,
        "published": outcome.published,
        "report": outcome.report,
        "stats": outcome.stats,
        "trace": outcome.trace or None,
        "parameters": outcome.parameters,
    }


def digest_of(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    """The digest of the only replication, or one over the digests of all, in their order."""
    if len(outcomes) == 1:
        return outcomes[0].digest
    return {
        part: hashlib.sha256("".join(o.digest[part] for o in outcomes).encode()).hexdigest()
        for part in outcomes[0].digest
    }


def build_manifest(
    name: str, scenario: Scenario, outcomes: tuple[Outcome, ...], started: str, finished: str
) -> dict[str, Any]:
    """The manifest of a finished run; `started` and `finished` are UTC.

    The commit is noted afterwards (`sim.reporting.decoration`): no result waits for git.
    """
    checks = [{**check, "replication": o.replication} for o in outcomes for check in o.audit["checks"]]
    return {
        "scenario": name,
        "title": scenario.scenario.title,
        "design": outcomes[0].design,
        "users": scenario.scenario.users,
        "seeds": {"seed": scenario.scenario.seed, "replications": [o.replication for o in outcomes]},
        "started": started,
        "finished": finished,
        "wall_s": round(sum(o.stats.get("wall_s", 0.0) for o in outcomes), 3),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "digest": digest_of(outcomes),
        "audit": {"balanced": all(o.audit["balanced"] for o in outcomes), "checks": checks},
        "settings_hash": settings_hash(scenario, outcomes[0].parameters),
        "model_hash": model_hash(),
        "lock_hash": lock_hash(),
        "commit": None,
        "versions": versions(),
        "machine": machine(),
        "outcomes": [outcome_facts(o) for o in outcomes],
        "parameters": outcomes[0].parameters,
        "settings": resolved_dict(scenario),
    }


def to_json(value: Any) -> str:
    """Readable, valid JSON: numpy numbers become plain ones, what is not finite becomes null."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
