"""What became of the sponsors' pools: given, left, when they ran dry, and what they could not pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.reporting.amounts import amount
from sim.reporting.statistics import averaged

if TYPE_CHECKING:
    from sim.reporting.results import Results

Pool = list[dict[str, Any]]  # its row of `budgets`, one a replication
US_PER_HOUR = 3_600_000_000


def pools(results: Results) -> dict[str, Pool]:
    """The rows of every pool by its name, one a replication."""
    if "budgets" not in results.tables:
        return {}
    frame = results.tables["budgets"]
    return {
        str(name): frame.filter(pl.col("pool") == name).to_dicts()
        for name in frame["pool"].unique(maintain_order=True)
    }


def mean(rows: Pool, column: str, unit: str) -> str:
    """The mean of a column over replications, with its interval if there are several."""
    values = pl.DataFrame(
        {"replication": range(len(rows)), "pool": "", "value": [float(row[column] or 0) for row in rows]}
    )
    row = averaged(values, ["pool"]).row(0, named=True)
    return amount(unit, row["value"], row.get("value_high"))


def fate(rows: Pool, start: datetime) -> str:
    """How a pool ended: dry and when, or with how much left; and what it could not pay."""
    dry = [row["dry_at"] for row in rows if row["dry_at"] is not None]
    spells = sum(row["dry_spells"] > 0 for row in rows)
    parts = []
    if rows[0]["total_fen"] == 0:
        return "holds nothing at this size"
    if not any(row["spent_fen"] for row in rows) and (dry or spells):
        return "holds less than one claim asks for at this size"
    if dry:
        parts.append(f"ran dry for good {_when(dry, start)}{_of(len(dry), rows)}")
    elif spells:
        parts.append(f"ran dry, but more was put in later{_of(spells, rows)}")
    if len(dry) < len(rows):
        parts.append(f"closed with {mean(rows, 'left_fen', 'fen')} left")
    if any(row["unmet_claims"] for row in rows):
        parts.append(f"{unmet(rows)} found it dry")
    return "; ".join(parts)


def unmet(rows: Pool) -> str:
    """What a pool could not pay: '534 claims on 3,248 yuan'."""
    return f"{mean(rows, 'unmet_claims', 'claims')} claims on {mean(rows, 'unmet_fen', 'fen')}"


def capping(found: dict[str, Pool]) -> str:
    """Why a subsidy is no higher: the pools that could not pay, and how much; "" if all could."""
    short = [f"{unmet(rows)} found pool {name} dry" for name, rows in found.items() if _unmet(rows)]
    return f"capped: {', '.join(short)}" if short else ""


def _unmet(rows: Pool) -> bool:
    return any(row["unmet_fen"] for row in rows)


def _when(dry: Sequence[int], start: datetime) -> str:
    """At an instant; of several replications, after how many hours in the mean."""
    hours = sum(dry) / len(dry) / US_PER_HOUR
    if len(dry) > 1:
        return f"after {hours:,.1f} h in the mean"
    return f"at {start + timedelta(microseconds=dry[0]):%Y-%m-%d %H:%M} (after {hours:,.1f} h)"


def _of(count: int, rows: Pool) -> str:
    return f" in {count} of {len(rows)} replications" if len(rows) > 1 else ""
