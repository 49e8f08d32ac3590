"""Published volumes of 2018 against the simulated ones, row by row with the tolerance asked for.

Sources: charity orders, money, buyers and the Double 11 day of 2018 from press (F/F2); shares of the day's
sales from press (D on F), taken for orders (A); hour profile and heterogeneity from Taobao micro-data of
2014 (D). Order = created; day = Asia/Shanghai.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.observation.festival import PAID, PEAK_USERS, REFUNDED
from sim.observation.subject import NOTHING, ratio
from sim.observation.words import Published
from sim.spans import MINUTE_S

if TYPE_CHECKING:
    from sim.observation.recorder import Recorder, Tables

PRESS = "press on 公益宝贝 2018 (F)"
CURVE_TOLERANCE = {21: 0.3, 125: 1.5, 6457: 5.0, 29340: 5.0}


def row(
    name: str, published: str, simulated: float, low: float, high: float, unit: str, source: str
) -> Published:
    """One line of the table; a NaN never passes."""
    return {
        "name": name, "published": published, "simulated": simulated, "low": low, "high": high, "unit": unit,
        "source": source, "passed": bool(low <= simulated <= high),
    }  # fmt: skip


def peak_of(days: NDArray[np.int64]) -> float:
    """The day with the most; NaN where there is none on any."""
    return float(days.argmax()) if days.any() else float("nan")


def published_rows(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    """Every published volume a calibrated scenario is held against; none for others."""
    if not seen.world.scenario.scenario.calibrated:
        return []
    rows = [*_year(seen, tables, values), *_profile(tables)]
    if seen.festival.day >= 0:
        rows += [*_day(seen, tables, values), *_curve(seen, tables), *_cash(seen, tables)]
    return [*rows, *_people(seen)]


def _year(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    users, buyers, orders = seen.world.honest, values["buyers"], values["charity_orders"]
    pledges = tables["pledges"].sort("orders", descending=True)
    commonest = float(pledges["donation_fen"][0]) if len(pledges) else NOTHING
    return [
        row("yuan per charity order", "0.046", values["yuan_per_charity_order"], 0.03, 0.07, "yuan", PRESS),
        row("commonest pledge", "0.02", commonest / 100.0, 0.02, 0.02, "yuan", PRESS),
        row("charity orders per buyer-year", "18.6", ratio(orders, buyers), 13.95, 23.25, "orders", PRESS),
        row("users who touch charity in the year", "64", 100.0 * buyers / users, 55, 72, "%", PRESS + ", D"),
    ]  # fmt: skip


def _day(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    days, day = tables["days"], seen.festival.day
    that_day = float(days["charity_orders"][day])
    mean_day = values["charity_orders"] / len(days)
    participants = float(seen.festival.arrays["bought"].sum())
    return [
        row("Double 11 ÷ mean day", "13.8", ratio(that_day, mean_day), 10, 18, "×", PRESS + ", D"),
        row("charity orders per buyer of the day", "2.65", ratio(that_day, participants), 2.2, 3.1, "orders", PRESS),
        row(
            "charity share of the day's orders", "29", 100.0 * ratio(that_day, float(days["orders"][day])), 22, 36,
            "%", "3亿 of 10.42亿 parcels, D",
        ),
    ]  # fmt: skip


def _profile(tables: Tables) -> list[Published]:
    profile = tables["hour_profile"]
    views = float((profile["visits_pct"] - profile["page_views_pct"]).abs().max() or 0.0)  # type: ignore[arg-type]
    buys = float((profile["orders_pct"] - profile["purchases_pct"]).abs().max() or 0.0)  # type: ignore[arg-type]
    source = "Taobao users, 29 ordinary days of 2014, D"
    return [
        row("hour profile of visits, largest gap", "0", views, 0, 1, "pp", source),
        row("hour profile of orders, largest gap", "0", buys, 0, 1, "pp", source),
    ]


def _curve(seen: Recorder, tables: Tables) -> list[Published]:
    rows = []
    for after, simulated, share in tables["festival_curve"].iter_rows():
        if after not in CURVE_TOLERANCE:
            continue
        width = CURVE_TOLERANCE[after]
        rows.append(
            row(
                f"orders of the day by {after // 3600:02d}:{after % 3600 // 60:02d}:{after % 60:02d}",
                f"{100 * share:g}", 100.0 * simulated, 100 * share - width, 100 * share + width, "%",
                "sales of 2018-11-11, D on F, taken for orders (A)",
            )
        )  # fmt: skip
    if seen.world.honest >= PEAK_USERS:
        peak, second = seen.festival.busiest() or (NOTHING, NOTHING)
        rows.append(row("busiest 10 s ÷ mean 10 s", "27–41", peak, 25, 50, "×", "press 2017–2020, D"))
        rows.append(row("busiest 10 s falls at", "0:26", second / MINUTE_S, 0, 10, "min", "press 2020 (F)"))
    return rows


def _cash(seen: Recorder, tables: Tables) -> list[Published]:
    cash = tables["cash"]
    confirmed = cash["confirmed_fen"].to_numpy()
    pledged = cash["pledged_fen"].to_numpy()
    orders = seen.festival.arrays["orders"]
    small_all, small = (float(x) for x in seen.giving.arrays["small"])
    first = 100.0 * ratio(confirmed[0], confirmed.sum())
    back = 100.0 * ratio(orders[REFUNDED], orders[PAID])
    return [
        row("cash peak after the day", "3–10", peak_of(confirmed), 3, 10, "days", "mechanism (article, S10)"),
        row("cash on the day itself", "< 5", first, 0, 5, "%", "mechanism (article, S10)"),
        row("pledge peak", "0", peak_of(pledged), 0, 0, "days", "mechanism (article, S10)"),
        row("refunds of the day's orders by 11-30", "6", back, 4, 12, "%", "press 2018 (F)"),
        row(
            "order donations and gifts of at most 1 yuan", "95", 100.0 * ratio(small, small_all), 93, 100, "%",
            "Alipay + Taobao, first half of 2019 (F)",
        ),
    ]  # fmt: skip


def _people(seen: Recorder) -> list[Published]:
    spread = seen.orders.heterogeneity()
    if spread is None:
        return []
    source = "10,000 Taobao users, 31 days, D"
    return [
        row("regular shoppers: top tenth's share of orders", "41", 100.0 * spread[0], 36, 46, "%", source),
        row("regular shoppers: Gini of orders", "0.58", spread[1], 0.52, 0.64, "", source),
    ]
