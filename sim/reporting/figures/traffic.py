"""Traffic: the love peak and the cash peak, the day against data, the festival's curve and its cash."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.numbers import (
    FEN_PER_YUAN,
    Tables,
    at_instants,
    long,
    on_dates,
    start_of,
    together,
)
from sim.reporting.figures.spec import FigureSpec, panel

DAYS_BEFORE, DAYS_AFTER = 10, 30
STEPS, HOUR, ENOUGH = (1, 5, 10, 30), 60, 10  # minutes a point may stand for, and the orders it should hold
SINCE_MIDNIGHT = {10: "10 s", 60: "1 min", 600: "10 min", 3_600: "1 h", 21_600: "6 h", 86_400: "24 h"}
STEEP = 8  # a peak so many times the median asks for a logarithmic axis

WORDS = {
    "orders": ("订单", "orders"),
    "charity_orders": ("公益订单", "charity orders"),
    "pledged_fen": ("承诺", "pledged"),
    "confirmed_fen": ("到账", "confirmed"),
    "visits_pct": ("模拟", "simulated"),
    "orders_pct": ("模拟", "simulated"),
    "simulated": ("模拟", "simulated"),
}


def traffic_numbers(tables: Tables) -> pl.DataFrame:
    """Orders on the busiest day by minute (more where a minute holds few), donations by day around it.

    Of a day that was watched in several stretches the busiest is shown: nothing is known of the time between.
    """
    start, days = start_of(tables), on_dates(tables["days"])
    rows = _stretches(at_instants(tables.get("minutes", tables["hours"]), start))
    by_stretch = rows.group_by(["date", "stretch"], maintain_order=True).agg(pl.col("orders").sum())
    peak, stretch, _ = by_stretch.sort("orders", descending=True).row(0)
    busy = rows.filter((pl.col("date") == peak) & (pl.col("stretch") == stretch))
    step = _step(busy) if "minutes" in tables else HOUR
    binned = busy.group_by(["replication", pl.col("at").dt.truncate(f"{step}m")], maintain_order=True)
    near = days.filter(
        pl.col("at").is_between(peak - timedelta(days=DAYS_BEFORE), peak + timedelta(days=DAYS_AFTER))
    )
    orders = ["orders", "charity_orders"]
    return together(
        long(binned.agg(pl.col(orders).sum()), f"{step} min", "at", orders),
        long(near, "day", "at", ["pledged_fen", "confirmed_fen"], 1 / FEN_PER_YUAN),
    )


def _stretches(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with their `date` and the number of the `stretch` they lie in: one ends where the next row is missing."""
    step = pl.col("t").diff()
    ends = (step > step.min()).fill_null(False)
    return rows.with_columns(
        pl.col("at").dt.truncate("1d").alias("date"), ends.cum_sum().over("replication").alias("stretch")
    )


def _step(day: pl.DataFrame) -> int:
    """Minutes a point stands for, so that it holds some orders on average."""
    a_minute = float(day["orders"].sum()) / max(len(day), 1)
    return next((step for step in STEPS if step * a_minute >= ENOUGH), HOUR)


def draw_traffic(c: Canvas, rows: pl.DataFrame) -> None:
    """Orders of the peak day, and the donations before and after it with both peaks named."""
    left, right = c.panels(2)
    money = panel(rows, "day")
    traffic = rows.filter(pl.col("panel") != "day")
    step = traffic["panel"][0].replace("1 min", "min")
    values = traffic.filter(pl.col("series") == "orders")["value"].to_numpy()
    if values.max() > STEEP * max(float(np.median(values)), 1.0):
        left.set_yscale("log")
        traffic = traffic.filter(pl.col("value") > 0)
    c.lines(left, traffic)
    if left.get_yscale() == "linear":
        left.set_ylim(bottom=0)
    day = traffic["x"][0].strftime("%Y-%m-%d")
    c.axes(left, c.say(f"{day} 的订单", f"orders of {day}"), y=c.say(f"单 / {step}", f"orders per {step}"))
    c.dates(left)
    c.lines(right, money, first=2)
    for series in ("pledged_fen", "confirmed_fen"):
        top = money.filter(pl.col("series") == series).sort("value", descending=True).row(0, named=True)
        if top["value"] > 0:
            name = c.say(f"{c.name(series)}峰值", f"{c.name(series)} peak")
            c.note(right, top["x"], top["value"], f"{name} {top['x']:%m-%d}")
    right.set_ylim(bottom=0)
    c.axes(right, c.say("每日捐款", "donations by day"), y=c.say("元/日", "yuan a day"))
    c.dates(right)


def hour_numbers(tables: Tables) -> pl.DataFrame:
    """Simulated and measured share of each hour, in percent."""
    rows = tables["hour_profile"]
    return together(
        long(rows, "visits", "hour", ["visits_pct", "page_views_pct"]),
        long(rows, "orders", "hour", ["orders_pct", "purchases_pct"]),
    )


def draw_hours(c: Canvas, rows: pl.DataFrame) -> None:
    """Visits against page views, orders against purchases."""
    pairs = (("visits", "page_views_pct", "访问", "visits"), ("orders", "purchases_pct", "订单", "orders"))
    for k, (ax, (what, data, zh, en)) in enumerate(zip(c.panels(2), pairs, strict=True)):
        part = panel(rows, what)
        c.lines(ax, part.filter(pl.col("series") != data), first=k)
        c.points(ax, part.filter(pl.col("series") == data), k, c.say("数据 2014", "data of 2014"))
        c.marks(ax, [(hour, f"{hour}") for hour in range(0, 24, 4)])
        ax.set_ylim(bottom=0)
        c.axes(ax, c.say(zh, en), c.say("时", "hour of the day"), c.say("占全天 %", "share of the day, %"))


def curve_numbers(tables: Tables) -> pl.DataFrame:
    """Cumulative share of the festival day's orders, in percent, over seconds."""
    return long(tables["festival_curve"], "curve", "after_s", ["simulated", "published"], 100.0)


def draw_curve(c: Canvas, rows: pl.DataFrame) -> None:
    """The day's curve over the logarithm of time, so that the first minute can be seen."""
    (ax,) = c.panels()
    ax.set_xscale("log")
    c.lines(ax, rows.filter(pl.col("series") == "simulated"))
    c.points(ax, rows.filter(pl.col("series") == "published"), 1, c.say("公布值", "published"))
    c.marks(ax, list(SINCE_MIDNIGHT.items()))
    ax.set_ylim(0, 105)
    c.axes(
        ax,
        "",
        c.say("零点之后", "after midnight"),
        c.say("累计订单占全天 %", "cumulative orders, % of the day"),
    )


def cash_numbers(tables: Tables) -> pl.DataFrame:
    """Donations of the festival day's orders by days since, in yuan."""
    rows = tables["cash"].filter(pl.col("day") <= DAYS_AFTER)
    return long(rows, "cash", "day", ["pledged_fen", "confirmed_fen"], 1 / FEN_PER_YUAN)


def draw_cash(c: Canvas, rows: pl.DataFrame) -> None:
    """Pledged on the day, confirmed later."""
    (ax,) = c.panels()
    ax.set_yscale("symlog", linthresh=1.0)
    c.lines(ax, rows, first=2, mark=True)
    ax.set_ylim(bottom=0)
    c.axes(
        ax, "", c.say("节后天数", "days after the festival"), c.say("元/日（对数）", "yuan a day (log scale)")
    )


FIGURES = (
    FigureSpec("traffic", "流量与爱心峰值", "Traffic, pledge peak and cash peak", ("hours", "days"),
               traffic_numbers, draw_traffic, WORDS),
    FigureSpec("hour_profile", "平日小时分布", "Hours of ordinary days against data", ("hour_profile",),
               hour_numbers, draw_hours, WORDS),
    FigureSpec("festival_curve", "大促当日累计曲线", "The festival day against published shares",
               ("festival_curve",), curve_numbers, draw_curve, WORDS),
    FigureSpec("cash", "从承诺到到账", "From pledge to cash", ("cash",), cash_numbers, draw_cash, WORDS),
)  # fmt: skip
