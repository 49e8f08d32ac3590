"""Headline numbers of a run, computed from its tables: what each means stands in `docs/metrics.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.domain.transparency import viewable_share
from sim.engine.frames import regular_orders
from sim.kernel import tallies as T
from sim.kernel.rows import PLAYER
from sim.spans import DAY_S, NEVER_US, SECOND

if TYPE_CHECKING:
    from sim.engine.campaign import Campaign

Tables = dict[str, pl.DataFrame]
# Columns of the table `days` that are metrics as they stand, by day and in all.
DAILY = (
    "participants", "new_players", "orders", "charity_orders", "pledged_fen", "confirmed_fen", "gifts",
    "gift_fen", "matched_fen", "beans_issued", "beans_harvested", "beans_donated", "beans_redeemed",
    "beans_expired", "beans_revoked", "minutes_labour", "minutes_donated", "general_participation",
    "subsidy_fen", "helped",
)  # fmt: skip
PEAK_S = 10


def gini(values: np.ndarray) -> float:
    """Gini coefficient of non-negative values; 0 when nothing was counted."""
    ordered = np.sort(np.asarray(values, float))
    total = ordered.sum()
    if total <= 0:
        return 0.0
    n = len(ordered)
    return float(2.0 * (np.arange(1, n + 1) * ordered).sum() / (n * total) - (n + 1) / n)


def top_share(values: np.ndarray, share: float) -> float:
    """What the largest `share` of the values hold of the total."""
    ordered = np.sort(np.asarray(values, float))[::-1]
    count = max(round(share * len(ordered)), 1)
    return float(ordered[:count].sum() / max(ordered.sum(), 1e-12))


def retention_at(tables: Tables, age: int) -> float:
    """Share of new players who play at that age in days; NaN where none could be seen."""
    frame = tables.get("retention")
    if frame is None or age >= len(frame) or frame["cohort"][age] == 0:
        return float("nan")
    return float(frame["active"][age] / frame["cohort"][age])


def peak_10s(c: Campaign) -> float:
    """Busiest 10 s of the festival day over the day's mean 10 s; NaN without a festival."""
    seconds = c.recorder.arrays["festival_s"]
    if len(seconds) < DAY_S or not seconds.sum():
        return float("nan")
    windows = seconds.reshape(-1, PEAK_S).sum(axis=1)
    return float(windows.max() / windows.mean())


def distinct(c: Campaign) -> dict[str, float]:
    """Counts of different people: who played, who is a player, who touched charity by an order."""
    return {
        "participants": float(c.recorder.arrays["played"].sum()),
        "buyers": float(c.recorder.arrays["bought"].sum()),
        "buyer_share": float(c.recorder.arrays["bought"][: c.recorder.honest].mean()),
        "players": float((c.population.users["flags"] & PLAYER != 0).sum()),
    }


def totals(c: Campaign, tables: Tables) -> dict[str, float]:
    """Metrics of the whole run by name; NaN where a metric does not apply."""
    days, users = tables["days"], float(c.scenario.scenario.users)
    values = {name: float(days[name].sum()) for name in DAILY}
    budget = float(sum(c.sponsors.totals))
    farmed = float(days["farmer_subsidy_fen"].sum())
    limited = tables["projects"].filter(pl.col("limited"))
    counts = c.counts()
    per_ngo = tables["ngos"]["raised_fen"].to_numpy()
    values |= distinct(c) | _pools(tables)
    values |= {
        "actions": float(c.actions),
        "d1": retention_at(tables, 1),
        "d7": retention_at(tables, 7),
        "d30": retention_at(tables, 30),
        "charity_share": values["charity_orders"] / max(values["orders"], 1.0),
        "charity_orders_per_user": values["charity_orders"] / users,
        "yuan_per_charity_order": _pledge_yuan(tables),
        "beans_per_user": values["beans_issued"] / users,
        "minutes_per_user": (values["minutes_labour"] + values["minutes_donated"]) / users,
        "subsidy_per_user": values["subsidy_fen"] / users,
        "subsidy_per_participant": values["subsidy_fen"] / max(values["participants"], 1.0),
        "overrun": float(values["subsidy_fen"] > budget) if budget else float("nan"),
        "farmer_share": farmed / values["subsidy_fen"] if values["subsidy_fen"] else float("nan"),
        "wrongly_blocked": float(counts[T.BLOCKED] - c.recorder.arrays["farmers"][2]),
        "top10_ngo_share": top_share(per_ngo, 0.1),
        "ngo_gini": gini(per_ngo),
        "funded_share": float(limited["funded"].mean() or 0.0) if len(limited) else float("nan"),  # type: ignore[arg-type]
        "peak_10s": peak_10s(c),
        "viewable_share": viewable_share(int(c.raised.sum()), _followed(c)),
        "project_score": float(tables["projects"]["score"].mean() or 0.0),  # type: ignore[arg-type]
        "gifts_matched_share": _matched_share(c),
        "notices": float(c.merchants.notices.sum()),
        "staff_minutes": _staff_minutes(c),
    }
    return values


def _followed(c: Campaign) -> int:
    """Fen paid out by projects that owe no report: money that can be followed to a reported use."""
    owes = c.ngos.late_at < NEVER_US
    return int(c.projects.paid_fen[~owes[c.projects.ngo]].sum())


def _matched_share(c: Campaign) -> float:
    """Share of money gifts that got some match; NaN without gifts."""
    gifts, matched = (float(x) for x in c.recorder.arrays["matched"])
    return matched / gifts if gifts else float("nan")


def _pledge_yuan(tables: Tables) -> float:
    """Mean donation per charity order, yuan."""
    pledges = tables["pledges"]
    orders = float(pledges["orders"].sum())
    return (
        float((pledges["donation_fen"] * pledges["orders"]).sum()) / 100.0 / orders
        if orders
        else float("nan")
    )


def _pools(tables: Tables) -> dict[str, float]:
    """When the first pool ran dry, and what pools could not pay; NaN if none did, or there are none."""
    frame = tables.get("budgets")
    if frame is None:
        return dict.fromkeys(("pool_empty_at", "unmet_claims", "unmet_fen"), float("nan"))
    dry = frame["dry_at"].drop_nulls()
    return {
        "pool_empty_at": min(dry, default=float("nan")) / (3_600 * SECOND),
        "unmet_claims": float(frame["unmet_claims"].sum()),
        "unmet_fen": float(frame["unmet_fen"].sum()),
    }


def staff_mask(c: Campaign) -> np.ndarray:
    """Who belongs to the staff cohort: the same bits of the key as the kernel reads."""
    from sim.streams import Purpose, draws

    unit = draws(c.scenario.scenario.seed, c.replication, Purpose.PLACE, np.arange(c.recorder.honest))[3]
    word = (unit * 2.0**32).astype(np.uint64)
    lot = ((word >> np.uint64(24)) & np.uint64(255)) / 256.0 + (word & np.uint64(0xFFFFFF)) / 4294967296.0
    return np.asarray(lot < c.scenario.staff.share)


def _staff_minutes(c: Campaign) -> float:
    """Mean labour minutes of the staff cohort; NaN without one."""
    mask = staff_mask(c)
    if not mask.any():
        return float("nan")
    return float(c.population.users["labour"][: c.recorder.honest][mask].mean())


def metrics_frame(c: Campaign, tables: Tables) -> pl.DataFrame:
    """Tidy rows: daily values where there are days, and the run's totals at its end."""
    days = tables["days"]
    ends = (days["day"].to_numpy() + 1) * DAY_S * SECOND
    parts = [
        pl.DataFrame(
            {"time": ends, "metric": [name] * len(days), "group": "day", "value": days[name].cast(pl.Float64)}
        )
        for name in DAILY
    ]
    whole = totals(c, tables)
    end = c.scenario.scenario.length
    parts.append(
        pl.DataFrame(
            {
                "time": np.full(len(whole), end),
                "metric": list(whole),
                "group": [""] * len(whole),
                "value": list(whole.values()),
            }
        )
    )
    sources = tables["sources"]
    parts.append(
        pl.DataFrame(
            {
                "time": np.full(len(sources), end),
                "metric": ["raised_fen"] * len(sources),
                "group": (sources["source"] + "/" + sources["cause"]),
                "value": sources["fen"].cast(pl.Float64),
            }
        )
    )
    return pl.concat(parts)


def heterogeneity(c: Campaign) -> tuple[float, float] | None:
    """(share of the top tenth, Gini) of regular shoppers' orders over 31 ordinary days."""
    orders = regular_orders(c)
    return None if orders is None else (top_share(orders, 0.1), gini(orders))
