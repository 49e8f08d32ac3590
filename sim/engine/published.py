"""Published volumes of 2018 against the simulated ones, row by row with the tolerance asked for.

Sources: charity orders, money, buyers and the Double 11 day of 2018 from press (F/F2); shares of the day's
sales from press (D on F), taken for orders (A); hour profile and heterogeneity from Taobao micro-data of
2014 (D). Order = created; day = Asia/Shanghai.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.engine.measures import Tables, heterogeneity, peak_10s, totals
from sim.engine.outcome import PEAK_USERS, Published, ReportLine, Size

if TYPE_CHECKING:
    from sim.engine.campaign import Campaign

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


def share_of(part: float, whole: float) -> float:
    """part ÷ whole; NaN of nothing."""
    return float(part) / float(whole) if whole else float("nan")


def peak_of(days: NDArray[np.int64]) -> float:
    """The day with the most; NaN where there is none on any."""
    return float(days.argmax()) if days.any() else float("nan")


def published_rows(c: Campaign, tables: Tables) -> list[Published]:
    """Every published volume a calibrated scenario is held against; none for others."""
    if not c.scenario.scenario.calibrated:
        return []
    return [*_volumes(c, tables), *_profile(tables), *_curve(c, tables), *_cash(c, tables), *_people(c)]


def _volumes(c: Campaign, tables: Tables) -> list[Published]:
    values = totals(c, tables)
    recorder = c.recorder.arrays
    users = c.scenario.scenario.users
    buyers = float(recorder["bought"].sum())
    orders = values["charity_orders"]
    days = tables["days"]
    day = c.recorder.festival_day
    that_day = float(days["charity_orders"][day])
    mean_day = orders / len(days)
    participants = float(recorder["bought_festival"].sum())
    commonest = tables["pledges"].sort("orders", descending=True)["donation_fen"][0]
    return [
        row("yuan per charity order", "0.046", values["yuan_per_charity_order"], 0.03, 0.07, "yuan", PRESS),
        row("commonest pledge", "0.02", commonest / 100.0, 0.02, 0.02, "yuan", PRESS),
        row("charity orders per buyer-year", "18.6", share_of(orders, buyers), 13.95, 23.25, "orders", PRESS),
        row("users who touch charity in the year", "64", 100.0 * buyers / users, 55, 72, "%", PRESS + ", D"),
        row("Double 11 ÷ mean day", "13.8", share_of(that_day, mean_day), 10, 18, "×", PRESS + ", D"),
        row("charity orders per buyer of the day", "2.65", share_of(that_day, participants), 2.2, 3.1, "orders", PRESS),
        row(
            "charity share of the day's orders", "29", 100.0 * share_of(that_day, float(days["orders"][day])), 22, 36,
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


def _curve(c: Campaign, tables: Tables) -> list[Published]:
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
    if c.scenario.scenario.users >= PEAK_USERS:
        seconds = c.recorder.arrays["festival_s"].reshape(-1, 10).sum(axis=1)
        rows.append(row("busiest 10 s ÷ mean 10 s", "27–41", peak_10s(c), 25, 50, "×", "press 2017–2020, D"))
        rows.append(
            row(
                "busiest 10 s falls at", "0:26", float(seconds.argmax()) / 6.0, 0, 10, "min", "press 2020 (F)"
            )
        )
    return rows


def _cash(c: Campaign, tables: Tables) -> list[Published]:
    cash = tables["cash"]
    confirmed = cash["confirmed_fen"].to_numpy()
    pledged = cash["pledged_fen"].to_numpy()
    _, paid, refunded = (float(x) for x in c.recorder.arrays["festival_orders"])
    small_all, small = (float(x) for x in c.recorder.arrays["small"])
    first = 100.0 * share_of(confirmed[0], confirmed.sum())
    back = 100.0 * share_of(refunded, paid)
    return [
        row("cash peak after the day", "3–10", peak_of(confirmed), 3, 10, "days", "mechanism (article, S10)"),
        row("cash on the day itself", "< 5", first, 0, 5, "%", "mechanism (article, S10)"),
        row("pledge peak", "0", peak_of(pledged), 0, 0, "days", "mechanism (article, S10)"),
        row("refunds of the day's orders by 11-30", "6", back, 4, 12, "%", "press 2018 (F)"),
        row(
            "order donations and gifts of at most 1 yuan", "95", 100.0 * share_of(small, small_all), 93, 100, "%",
            "Alipay + Taobao, first half of 2019 (F)",
        ),
    ]  # fmt: skip


def _people(c: Campaign) -> list[Published]:
    spread = heterogeneity(c)
    if spread is None:
        return []
    source = "10,000 Taobao users, 31 days, D"
    return [
        row("regular shoppers: top tenth's share of orders", "41", 100.0 * spread[0], 36, 46, "%", source),
        row("regular shoppers: Gini of orders", "0.58", spread[1], 0.52, 0.64, "", source),
    ]


def report_lines(c: Campaign, tables: Tables) -> list[ReportLine]:
    """The lines of the annual charity report (公益财报) and of the charity account.

    Counts of people and actions, money, beans and hours stand at real size: times real users ÷ users. Shares and
    averages stand at any, and what is not scaled (projects, records of the partner) at the simulated one.
    """
    world, values = c.scenario.scenario, totals(c, tables)
    scale = world.real_users / world.users
    merchants = c.scenario.merchants.real / len(c.merchants.size_z)  # they are never fewer than 20
    taking = float(tables["merchants"]["takes_part"].sum())
    lines = [
        line("charity orders", values["charity_orders"] * scale, "orders", "real"),
        line("money raised", float(c.raised.sum()) * scale, "fen", "real"),
        line("merchants taking part", taking * merchants, "merchants", "real"),
        line("buyers", values["buyers"] * scale, "people", "real"),
        line("people helped", values["helped"] * scale, "people", "real"),
        line("money viewable to its use", values["viewable_share"], "share", "any"),
        line("projects", len(c.projects), "projects", "simulated"),
    ]
    if c.scenario.deeds:
        done = float(tables["deeds"]["times"].sum())
        hours = values["minutes_labour"] + values["minutes_donated"]
        lines.insert(0, line("charity actions (人次)", done * scale, "actions", "real"))
        lines.append(line("charity hours", hours * scale, "minutes", "real"))
    if c.scenario.staff.share:
        lines.append(line("mean charity hours of staff", values["staff_minutes"], "minutes", "any"))
    for _, label, reached in tables["benefits"].iter_rows() if "benefits" in tables else ():
        lines.append(line(f"reached: {label}", reached * scale, "people", "real"))
    if c.scenario.account.open:
        lines.append(line("account holders", len(c.population.holders()) * scale, "people", "real"))
        repeated = c.partner.repeated
        lines.append(line("partner records sent twice, counted once", repeated, "records", "simulated"))
    return lines


def line(name: str, value: float, unit: str, size: Size) -> ReportLine:
    """One line of the charity report."""
    return {"name": name, "value": float(value), "unit": unit, "size": size}
