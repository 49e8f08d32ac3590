"""The market: merchants' pledges, how orders concentrate on buyers, abuse, benefits of the account."""

from __future__ import annotations

import polars as pl

from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.numbers import (
    FEN_PER_YUAN,
    NOTHING,
    Tables,
    long,
    on_dates,
    per_replication,
    together,
)
from sim.reporting.figures.spec import FigureSpec, panel

LARGEST_DONATION_FEN = 200  # the axis ends at 2 yuan: rarer donations are summed into the last point
AIR = 1.4  # room beside the least and the largest donation, as a factor
REGULAR_TOP = 10

ABUSE_WORDS = {
    "honest_fen": ("普通用户", "honest users"),
    "farmer_subsidy_fen": ("薅羊毛账号", "farmers"),
    "honest": ("普通用户", "honest users"),
    "farmer": ("薅羊毛账号", "farmers"),
}


def pledge_numbers(tables: Tables) -> pl.DataFrame:
    """Share of charity orders by donation, and share of merchants with a pledge by category; in percent."""
    capped = tables["pledges"].with_columns(pl.col("donation_fen").clip(upper_bound=LARGEST_DONATION_FEN))
    orders = per_replication(
        capped,
        lambda part: (
            part.group_by("donation_fen")
            .agg(pl.col("orders").sum())
            .sort("donation_fen")
            .with_columns(
                (100.0 * pl.col("orders") / pl.col("orders").sum().clip(lower_bound=1)).alias("share")
            )
        ),
    )
    if not len(orders):
        return NOTHING
    merchants = tables["merchants"].group_by(["replication", "category"], maintain_order=True)
    part = merchants.agg((100.0 * pl.col("takes_part").mean()).alias("merchants")).sort(
        "merchants", descending=True
    )
    donation = long(
        orders.with_columns(pl.col("donation_fen") / FEN_PER_YUAN), "donations", "donation_fen", ["share"]
    )
    return together(
        donation.with_columns(pl.col("x").cast(pl.String)),
        long(part, "merchants", "category", ["merchants"], absent=None),
    )


def draw_pledges(c: Canvas, rows: pl.DataFrame) -> None:
    """What an order gives, and who pledges."""
    by_category = panel(rows, "merchants")
    left, right = c.panels(2)
    donations = panel(rows, "donations").with_columns(pl.col("x").cast(pl.Float64))
    left.set_xscale("log")
    given = donations["x"].to_numpy()
    left.set_xlim(given.min() / AIR, given.max() * AIR)  # whether they are many or one
    left.vlines(donations["x"], 0, donations["value"], color=c.look.colour(0), linewidth=1.6)
    left.plot(donations["x"], donations["value"], "o", color=c.look.colour(0), markersize=2.5)
    common = donations.sort("value", descending=True).row(0, named=True)
    c.note(
        left,
        common["x"],
        common["value"],
        c.say(f"最常见 {common['x']:g} 元", f"commonest {common['x']:g} yuan"),
    )
    left.set_ylim(bottom=0)
    c.marks(left, [(0.02, "0.02"), (0.1, "0.1"), (1.0, "1")])
    c.axes(
        left,
        c.say("每单捐款", "donation of an order"),
        c.say("元（末点为更大者之和）", "yuan (the last point sums larger ones)"),
        c.say("公益订单 %", "charity orders, %"),
    )
    c.bars(right, by_category, first=1)
    c.axes(right, c.say("参与商家", "merchants who pledge"), "%")


def buyer_numbers(tables: Tables) -> pl.DataFrame:
    """Cumulative share of orders of the busiest shoppers, in percent."""
    return long(tables["buyers"], "buyers", "percentile", ["share_of_orders"], 100.0)


def draw_buyers(c: Canvas, rows: pl.DataFrame) -> None:
    """One rising curve with the share of the busiest tenth."""
    (ax,) = c.panels()
    ax.plot([0, 100], [0, 100], color="#9A9A9A", linewidth=0.8, linestyle=":")
    c.lines(ax, rows)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    top = float(rows.filter(pl.col("x") == REGULAR_TOP)["value"][0])
    c.note(ax, REGULAR_TOP, top, c.say(f"前 10% 占 {top:.0f}%", f"the busiest tenth: {top:.0f} %"))
    c.axes(
        ax,
        "",
        c.say("常客，由多到少，%", "regular shoppers from the busiest, %"),
        c.say("31 个平日累计订单 %", "orders of 31 ordinary days, %"),
    )


def abuse_numbers(tables: Tables) -> pl.DataFrame:
    """Subsidy a day to honest users and farmers, in yuan, and accounts blocked, in percent."""
    rows = tables["abuse"]
    if not rows.filter(pl.col("group") == "farmer")["accounts"].sum():
        return NOTHING
    honest = (pl.col("subsidy_fen") - pl.col("farmer_subsidy_fen")).alias("honest_fen")
    days = on_dates(tables["days"]).with_columns(honest)
    share = (100.0 * pl.col("blocked") / pl.col("accounts").clip(lower_bound=1)).alias("share")
    groups = long(rows.with_columns(share), "blocked", "group", ["share"])
    subsidy = long(days, "subsidy", "at", ["honest_fen", "farmer_subsidy_fen"], 1 / FEN_PER_YUAN)
    return together(subsidy.with_columns(pl.col("x").dt.strftime("%Y-%m-%d")), groups)


def draw_abuse(c: Canvas, rows: pl.DataFrame) -> None:
    """How much leaks away by day, and how many accounts of each kind were blocked."""
    left, right = c.panels(2)
    subsidy = panel(rows, "subsidy").with_columns(pl.col("x").str.to_datetime("%Y-%m-%d"))
    c.columns(left, subsidy)
    c.dates(left)
    total = float(subsidy["value"].sum()) or 1.0
    leaked = float(subsidy.filter(pl.col("series") == "farmer_subsidy_fen")["value"].sum())
    share = f"{100 * leaked / total:.1f}"
    c.axes(
        left,
        x=c.say(f"流失 {share}%", f"{share} % of the subsidy leaks to farmers"),
        y=c.say("补贴，元/日", "subsidy, yuan a day"),
    )
    c.bars(right, panel(rows, "blocked"), first=1)
    c.axes(right, c.say("被封账号", "accounts blocked"), "%")


def benefit_numbers(tables: Tables) -> pl.DataFrame:
    """Holders of the charity account who reached each benefit."""
    return long(tables["benefits"], "benefits", "label", ["reached"])


def draw_benefits(c: Canvas, rows: pl.DataFrame) -> None:
    """Bars by benefit."""
    (ax,) = c.panels()
    c.bars(ax, rows)
    c.axes(ax, "", c.say("人", "account holders"))


FIGURES = (
    FigureSpec("pledges", "商家承诺", "Merchants' pledges", ("pledges", "merchants"),
               pledge_numbers, draw_pledges),
    FigureSpec("buyers", "订单集中度", "Concentration of orders", ("buyers",), buyer_numbers, draw_buyers,
               {"share_of_orders": ("常客", "shoppers")}),
    FigureSpec("abuse", "薅羊毛流失", "Leakage to farmers", ("abuse", "days"),
               abuse_numbers, draw_abuse, ABUSE_WORDS),
    FigureSpec("benefits", "慈善账户权益", "Benefits of the charity account", ("benefits",),
               benefit_numbers, draw_benefits),
)  # fmt: skip
