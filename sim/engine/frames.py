"""From the recorder's arrays to tidy frames: one function a table, named as the table.

All frames are polars; instants are µs since the scenario's start at the beginning of their stretch.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.agents import names
from sim.engine.clocks import hourly_profile
from sim.engine.recorder import SOURCES
from sim.kernel import tallies as T
from sim.spans import DAY_S, HOUR_US, MINUTE_US, NEVER_US, SECOND

if TYPE_CHECKING:
    from sim.engine.campaign import Campaign

TRAFFIC = ("visits", "orders", "charity_orders", "pledged_fen", "confirmed_fen", "sessions", "deeds")
DAY_COUNTS = {
    "participants": T.ACTIVE_DAYS,
    "new_players": T.ENTRIES,
    "visits": T.VISITS,
    "orders": T.ORDERS,
    "charity_orders": T.CHARITY_ORDERS,
    "pledged_fen": T.PLEDGED_FEN,
    "confirmed_fen": T.CONFIRMED_FEN,
    "refunded_fen": T.REFUNDED_FEN,
    "refunds": T.REFUNDED,
    "gifts": T.GIFTS,
    "gift_fen": T.GIFT_FEN,
    "bean_gift_fen": T.BEAN_FEN,
    "unlocked_fen": T.UNLOCKED_FEN,
    "beans_issued": T.BEANS_ISSUED,
    "beans_harvested": T.BEANS_HARVESTED,
    "beans_donated": T.BEANS_DONATED,
    "beans_redeemed": T.BEANS_REDEEMED,
    "beans_revoked": T.BEANS_REVOKED,
    "minutes_labour": T.MINUTES_LABOUR,
    "minutes_donated": T.MINUTES_DONATED,
    "general_participation": T.GENERAL,
    "disbursed_fen": T.DISBURSED_FEN,
    "shares": T.SHARES,
    "deeds": T.DEEDS,
    "sessions": T.SESSIONS,
}


def days(c: Campaign) -> pl.DataFrame:
    """One row a day: what was counted, and balances at its close."""
    counts, held = c.recorder.arrays["counts"], c.recorder.arrays["held"]
    start = c.scenario.scenario.start.date()
    data: dict[str, object] = {
        "day": np.arange(len(counts)),
        "date": [str(start + timedelta(days=k)) for k in range(len(counts))],
    }
    data |= {name: counts[:, index] for name, index in DAY_COUNTS.items()}
    data["matched_fen"] = counts[:, T.MATCHED_FEN] + counts[:, T.ORDER_MATCH_FEN]
    data["beans_expired"] = counts[:, T.BEANS_FADED] + counts[:, T.BEANS_EXPIRED]
    data["growing"], data["available"], data["pool_left_fen"] = held[:, 0], held[:, 1], held[:, 3]
    data["helped"] = np.diff(held[:, 2], prepend=0)
    data["farmer_subsidy_fen"] = np.diff(held[:, 4], prepend=0)
    redeemed = c.recorder.arrays["vouchers"][: len(counts)]
    data["subsidy_fen"] = data["matched_fen"] + counts[:, T.BEAN_FEN] + redeemed
    return pl.DataFrame(data)


def hours(c: Campaign) -> pl.DataFrame:
    """Traffic by hour over the whole run."""
    rows = c.recorder.arrays["hours"][:, :-1]
    t = np.arange(rows.shape[1]) * HOUR_US
    return pl.DataFrame({"t": t} | dict(zip(TRAFFIC, rows, strict=True)))


def minutes(c: Campaign) -> pl.DataFrame | None:
    """Traffic by minute inside the fine windows."""
    if not c.recorder.fine:
        return None
    rows = c.recorder.arrays["minutes"][:, :-1]
    t = c.recorder.fine_from * SECOND + np.arange(rows.shape[1]) * MINUTE_US
    return pl.DataFrame({"t": t} | dict(zip(TRAFFIC, rows, strict=False)))


def ordinary_days(c: Campaign) -> np.ndarray:
    """Days outside the fine windows and festivals, as a mask."""
    count = len(c.recorder.arrays["counts"])
    mask = np.ones(count, bool)
    for low, high in c.recorder.fine:
        mask[low // DAY_S : -(-high // DAY_S)] = False
    start = c.scenario.scenario.start.date()
    for festival in c.scenario.festivals.values():
        day = (festival.day - start).days
        if 0 <= day < count:
            mask[day] = False
    return mask if mask.any() else np.ones(count, bool)


def hour_profile(c: Campaign) -> pl.DataFrame:
    """Share of the day by hour on ordinary days, simulated against the data, in percent."""
    mask = ordinary_days(c)
    rows = c.recorder.arrays["hours"][:, : len(mask) * 24].reshape(7, len(mask), 24)[:, mask].sum(axis=1)
    profile = hourly_profile()
    data: dict[str, np.ndarray] = {"hour": np.arange(24)}
    for k, name in ((0, "visits_pct"), (1, "orders_pct")):
        data[name] = 100.0 * rows[k] / max(rows[k].sum(), 1)
    data["page_views_pct"] = 100.0 * profile["page_views"]
    data["purchases_pct"] = 100.0 * profile["purchases"]
    return pl.DataFrame(data)


def festival_curve(c: Campaign) -> pl.DataFrame | None:
    """Cumulative share of the largest festival's orders against the published points."""
    if not c.scenario.festivals or c.recorder.festival_day < 0:
        return None
    festival = max(c.scenario.festivals.values(), key=lambda each: each.orders)
    seconds = c.recorder.arrays["festival_s"]
    upto = np.cumsum(seconds) / max(seconds.sum(), 1)
    points = [(p.after // SECOND, p.share) for p in festival.curve if p.published]
    return pl.DataFrame(
        {
            "after_s": [s for s, _ in points],
            "simulated": [float(upto[min(s, DAY_S) - 1]) for s, _ in points],
            "published": [share for _, share in points],
        }
    )


def cash(c: Campaign) -> pl.DataFrame | None:
    """Donations of the largest festival's orders by days since: pledged when paid, moved when confirmed."""
    if not c.scenario.festivals:
        return None
    moved, pledged = c.recorder.arrays["cash"]
    last = len(moved) - c.recorder.festival_day - 1
    return pl.DataFrame(
        {"day": np.arange(last), "confirmed_fen": moved[:last], "pledged_fen": pledged[:last]}
    )


def projects(c: Campaign) -> pl.DataFrame:
    """Every project: money in by source, out, people helped, score."""
    p, seed = c.projects, c.scenario.scenario.seed
    causes = [p.causes[k] for k in p.cause]
    sums = c.recorder.arrays["sources"]
    counters = c.books.counters()[2400]
    return pl.DataFrame(
        {
            "project": np.arange(len(p)),
            "name": [names.project_name(seed, k, cause) for k, cause in enumerate(causes)],
            "cause": causes,
            "ngo": p.ngo,
            "target_fen": p.target_fen,
            "raised_fen": counters[3],
            "disbursed_fen": p.paid_fen,
            **{
                f"{source}_fen": sums[k]
                for k, source in enumerate(("order", "gift", "match", "bean", "team"))
            },
            "helped": p.helped,
            "score": c.ngos.scores(p),
            "limited": p.target_fen > 0,
            "funded": p.funded > 0,
        }
    )


def ngos(c: Campaign) -> pl.DataFrame:
    """Every NGO: size, money, trust, reports."""
    n, seed = len(c.ngos.size), c.scenario.scenario.seed
    return pl.DataFrame(
        {
            "ngo": np.arange(n),
            "name": [names.ngo_name(seed, k) for k in range(n)],
            "size": c.ngos.size,
            "projects": np.bincount(c.projects.ngo, minlength=n),
            "raised_fen": np.bincount(c.projects.ngo, c.raised, n).astype(np.int64),
            "trust": c.ngos.trust,
            "reports": c.ngos.reports,
            "late": c.ngos.late,
        }
    )


def merchants(c: Campaign) -> pl.DataFrame:
    """Every merchant: size, pledges, charity orders and what they gave."""
    m, seed = c.merchants, c.scenario.scenario.seed
    n = len(m.size_z)
    categories = [names.CATEGORIES[k] for k in m.category]
    return pl.DataFrame(
        {
            "merchant": np.arange(n),
            "name": [names.merchant_name(seed, k, category) for k, category in enumerate(categories)],
            "category": categories,
            "size": np.exp(c.scenario.merchants.size_sigma * m.size_z),
            "margin": m.margin,
            "takes_part": m.pledged > 0,
            "products": np.full(n, c.scenario.merchants.products_each),
            "pledged_products": m.pledged,
            "charity_orders": c.recorder.arrays["merchant_orders"],
            "donated_fen": c.recorder.arrays["merchant_fen"],
            "notices": m.notices,
            "badge": (m.pledged > 0) & c.scenario.merchants.badge,
        }
    )


def pledges(c: Campaign) -> pl.DataFrame:
    """How many charity orders carried which donation; the last row is that much or more."""
    counts = c.recorder.arrays["pledges"]
    index = np.flatnonzero(counts)
    return pl.DataFrame({"donation_fen": index, "orders": counts[index]})


def teams(c: Campaign) -> pl.DataFrame | None:
    """Every team by rank."""
    if not len(c.teams):
        return None
    seed = c.scenario.scenario.seed
    return pl.DataFrame(
        {
            "team": np.arange(len(c.teams)),
            "name": [names.team_name(seed, k) for k in range(len(c.teams))],
            "project": c.teams.project,
            "members": c.recorder.arrays["members"][: len(c.teams)],
            "points": c.teams.points,
            "unlocked_fen": c.teams.unlocked,
            "rank": c.teams.ranks(),
        }
    ).sort("rank")


def pools(c: Campaign) -> pl.DataFrame | None:
    """What every pool has left and has spent, at every barrier hour."""
    n = len(c.scenario.pools)
    if not n:
        return None
    rows = c.recorder.arrays["pools"]
    seen = np.flatnonzero(rows[:, : 2 * n].any(axis=1))
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "t": seen * HOUR_US,
                    "pool": [name] * len(seen),
                    "sponsor": [pool.sponsor] * len(seen),
                    "left_fen": rows[seen, k],
                    "spent_fen": rows[seen, n + k],
                }
            )
            for k, (name, pool) in enumerate(c.scenario.pools.items())
        ]
    )


def budgets(c: Campaign) -> pl.DataFrame | None:
    """Every pool: what it was given, gave and had left, when it ran dry, and what it could not pay.

    What teams would have unlocked is not counted: their points wait.
    """
    s, n = c.sponsors, len(c.scenario.pools)
    if not n:
        return None
    spent = c.recorder.arrays["spent"][:n]
    deposited = [s.deposited(k) for k in range(n)]
    teams = [pool.serves == "teams" for pool in s.pools]
    claims, fen = (
        [None if t else v for t, v in zip(teams, row, strict=True)] for row in c.recorder.unmet.tolist()
    )
    return pl.DataFrame(
        {
            "pool": list(s.names),
            "sponsor": [pool.sponsor for pool in s.pools],
            "serves": [pool.serves for pool in s.pools],
            "real_fen": [pool.total for pool in s.pools],
            "total_fen": s.totals,
            "deposited_fen": deposited,
            "spent_fen": spent,
            "left_fen": np.array(deposited, np.int64) - spent,
            "dry_at": [int(at) if at < NEVER_US else None for at in s.dry_at],
            "dry_spells": s.dry_spells,
            "unmet_claims": claims,
            "unmet_fen": fen,
        },
        schema_overrides={"dry_at": pl.Int64, "unmet_claims": pl.Int64, "unmet_fen": pl.Int64},
    )


def channels(c: Campaign) -> pl.DataFrame | None:
    """Play by entry channel."""
    if not c.scenario.channels:
        return None
    rows = c.recorder.arrays["channels"][:, : len(c.scenario.channels)]
    return pl.DataFrame(
        {"channel": list(c.scenario.channels), "label": [x.label for x in c.scenario.channels.values()]}
        | dict(zip(("new_players", "sessions", "deeds", "gifts"), rows, strict=True))
    )


def segments(c: Campaign) -> pl.DataFrame | None:
    """Play by age segment, with the users each has."""
    if not c.scenario.segments:
        return None
    n = len(c.scenario.segments)
    rows = c.recorder.arrays["segments"][:, :n]
    users = np.bincount(c.recorder.segment[: c.recorder.honest], minlength=n)[:n]
    return pl.DataFrame(
        {
            "segment": list(c.scenario.segments),
            "label": [s.label for s in c.scenario.segments.values()],
            "users": users,
        }
        | dict(zip(("new_players", "sessions", "deeds", "gifts", "gift_fen"), rows, strict=True))
    )


def retention(c: Campaign) -> pl.DataFrame | None:
    """New players: how many could be seen at an age in days, and how many of them played that day."""
    entered = c.recorder.arrays["entered"][: c.recorder.honest]
    entered = entered[entered >= 0]
    if not len(entered):
        return None
    length = len(c.recorder.arrays["counts"])
    by_day = np.bincount(entered, minlength=length)
    cohort = np.cumsum(by_day)[::-1]
    returns = c.recorder.arrays["returns"][:length].copy()
    returns[0] = cohort[0]
    return pl.DataFrame({"age_days": np.arange(length), "cohort": cohort, "active": returns})


def deeds(c: Campaign) -> pl.DataFrame | None:
    """The catalogue: how often each deed was done and what it brought."""
    if not c.scenario.deeds:
        return None
    n = len(c.scenario.deeds)
    rows = c.recorder.arrays["deeds"][:, :n]
    return pl.DataFrame(
        {
            "deed": list(c.scenario.deeds),
            "label": [d.label for d in c.scenario.deeds.values()],
            "kind": [d.kind for d in c.scenario.deeds.values()],
        }
        | dict(zip(("times", "beans", "minutes"), rows, strict=True))
    )


def sources(c: Campaign) -> pl.DataFrame:
    """Money raised by source and cause."""
    sums = c.recorder.arrays["sources"]
    rows = [
        (source, cause, int(sums[k][c.projects.cause == j].sum()))
        for k, source in enumerate(SOURCES)
        for j, cause in enumerate(c.projects.causes)
    ]
    return pl.DataFrame(rows, schema=["source", "cause", "fen"], orient="row")


def abuse(c: Campaign) -> pl.DataFrame | None:
    """Farmers against honest users: accounts, blocked, what the sponsors paid them."""
    if not c.farmers.rows:
        return None
    subsidy, issued, blocked = (int(x) for x in c.recorder.arrays["farmers"])
    total = c.counts()
    paid = int(days(c)["subsidy_fen"].sum())
    return pl.DataFrame(
        {
            "group": ["honest", "farmer"],
            "accounts": [c.recorder.honest, c.farmers.awake],
            "blocked": [int(total[T.BLOCKED]) - blocked, blocked],
            "subsidy_fen": [paid - subsidy, subsidy],
            "beans_issued": [int(total[T.BEANS_ISSUED]) - issued, issued],
        }
    )


def benefits(c: Campaign) -> pl.DataFrame | None:
    """How often each benefit of the charity account was reached."""
    if not c.scenario.benefits:
        return None
    return pl.DataFrame(
        {
            "benefit": list(c.scenario.benefits),
            "label": [b.label for b in c.scenario.benefits.values()],
            "reached": c.recorder.arrays["benefits"][: len(c.scenario.benefits)],
        }
    )


def buyers(c: Campaign) -> pl.DataFrame | None:
    """Share of orders by percentile of regular shoppers over the counted 31 ordinary days."""
    orders = regular_orders(c)
    if orders is None:
        return None
    ordered = np.sort(orders)[::-1].astype(float)
    cuts = (np.arange(1, 101) * len(ordered)) // 100
    upto = np.concatenate([[0.0], np.cumsum(ordered)])[cuts] / max(ordered.sum(), 1.0)
    return pl.DataFrame({"percentile": np.arange(1, 101), "share_of_orders": upto})


def regular_orders(c: Campaign) -> np.ndarray | None:
    """Orders per regular shopper in the counted stretch, or None if nothing was counted."""
    from sim.streams import Purpose, draws

    if len(c.population.counted) < c.recorder.honest or not c.population.counted.any():
        return None
    world = c.scenario.scenario
    traits = draws(world.seed, c.replication, Purpose.TRAITS, np.arange(c.recorder.honest))[0]
    return np.asarray(c.population.counted[: c.recorder.honest][traits < c.scenario.shopping.regular_share])


TABLES: tuple[Callable[[Campaign], pl.DataFrame | None], ...] = (
    days, hours, minutes, hour_profile, festival_curve, cash, projects, ngos, merchants, pledges, teams, pools,
    budgets, channels, segments, retention, deeds, sources, abuse, benefits, buyers,
)  # fmt: skip


def all_tables(c: Campaign) -> dict[str, pl.DataFrame]:
    """Every table this run has, by name."""
    made = {table.__name__: table(c) for table in TABLES}
    return {name: frame for name, frame in made.items() if frame is not None}
