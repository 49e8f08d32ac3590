"""Charity play: where the beans are, charity hours, retention, who takes part, the catalogue."""

from __future__ import annotations

import polars as pl

from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.numbers import MINUTES_PER_HOUR, NOTHING, Tables, long, on_dates, together
from sim.reporting.figures.spec import FigureSpec, panel

SMALLEST_COHORT = 30  # fewer players make a share that says nothing
MOST_DEEDS = 20
ENDED = ["donated", "redeemed", "expired", "revoked"]

BEAN_WORDS = {
    "growing": ("生长中", "growing"),
    "available": ("可用", "available"),
    "donated": ("已捐", "donated"),
    "redeemed": ("已兑", "redeemed"),
    "expired": ("过期", "expired"),
    "revoked": ("追回", "revoked"),
}
HOUR_WORDS = {"minutes_labour": ("出力", "labour"), "minutes_donated": ("捐献", "donated")}


def bean_numbers(tables: Tables) -> pl.DataFrame:
    """Where all beans are at each day close: still growing, available, or used up so far."""
    ended = [pl.col(f"beans_{end}").cum_sum().over("replication").alias(end) for end in ENDED]
    rows = on_dates(tables["days"]).with_columns(ended)
    return long(rows, "beans", "at", ["growing", "available", *ENDED])


def draw_beans(c: Canvas, rows: pl.DataFrame) -> None:
    """Stacked areas: the height is all beans issued so far."""
    (ax,) = c.panels()
    c.stack(ax, rows)
    c.axes(ax, c.say("累计发放 → 去向", "issued so far, and where they are"), y=c.say("爱豆", "beans"))
    c.dates(ax)


def hours_numbers(tables: Tables) -> pl.DataFrame:
    """Charity hours by class and day."""
    return long(on_dates(tables["days"]), "hours", "at", list(HOUR_WORDS), 1 / MINUTES_PER_HOUR)


def draw_hours(c: Canvas, rows: pl.DataFrame) -> None:
    """Bars a day, both classes stacked; areas when the days are many."""
    (ax,) = c.panels()
    few = rows["x"].n_unique() <= 62
    (c.columns if few else c.stack)(ax, rows)
    c.dates(ax)
    c.axes(ax, y=c.say("公益时/日", "charity hours a day"))


def retention_numbers(tables: Tables) -> pl.DataFrame:
    """Share of new players who play at an age in days, in percent."""
    rows = tables["retention"].filter((pl.col("cohort") >= SMALLEST_COHORT) & (pl.col("age_days") >= 1))
    shares = rows.with_columns((100.0 * pl.col("active") / pl.col("cohort")).alias("share"))
    return long(shares, "retention", "age_days", ["share"], absent=None) if len(shares) else NOTHING


def draw_retention(c: Canvas, rows: pl.DataFrame) -> None:
    """One falling line."""
    (ax,) = c.panels()
    c.lines(ax, rows, mark=rows["x"].n_unique() <= 31)
    ax.set_ylim(bottom=0)
    c.axes(
        ax,
        "",
        c.say("加入后天数", "days since a player came"),
        c.say("当日活跃的新玩家 %", "new players who play that day, %"),
    )


def participation_numbers(tables: Tables) -> pl.DataFrame:
    """New players per 100 users of a segment, and play sessions by channel."""
    parts = []
    if "segments" in tables:
        share = (100.0 * pl.col("new_players") / pl.col("users").clip(lower_bound=1)).alias("share")
        parts.append(long(tables["segments"].with_columns(share), "segments", "label", ["share"]))
    if "channels" in tables:
        parts.append(long(tables["channels"], "channels", "label", ["sessions"]))
    return together(*parts)


def draw_participation(c: Canvas, rows: pl.DataFrame) -> None:
    """Bars by segment and by channel."""
    shown = [p for p in ("segments", "channels") if len(panel(rows, p))]
    for k, (ax, name) in enumerate(zip(c.panels(len(shown)), shown, strict=True)):
        c.bars(ax, panel(rows, name), first=k)
        if name == "segments":
            c.axes(ax, c.say("人群", "segments"), c.say("每百名用户中的新玩家", "new players per 100 users"))
        else:
            c.axes(ax, c.say("渠道", "channels"), c.say("养豆会话", "play sessions"))


def deeds_numbers(tables: Tables) -> pl.DataFrame:
    """How often each deed was done, the commonest first."""
    rows = long(tables["deeds"], "deeds", "label", ["times"])
    return rows.filter(pl.col("value") > 0).sort("value", descending=True).head(MOST_DEEDS)


def draw_deeds(c: Canvas, rows: pl.DataFrame) -> None:
    """Bars by deed."""
    (ax,) = c.panels()
    c.bars(ax, rows)
    c.axes(ax, "", c.say("次数", "times done"))


FIGURES = (
    FigureSpec("beans", "爱豆流向", "Bean flow", ("days",), bean_numbers, draw_beans, BEAN_WORDS),
    FigureSpec("charity_hours", "公益时", "Charity hours by class", ("days",),
               hours_numbers, draw_hours, HOUR_WORDS),
    FigureSpec("retention", "新玩家留存", "Retention of new players", ("retention",),
               retention_numbers, draw_retention, {"share": ("留存", "retention")}),
    FigureSpec("participation", "人群与渠道参与", "Participation by segment and channel", (),
               participation_numbers, draw_participation),
    FigureSpec("deeds", "公益行动目录", "Deeds of the catalogue", ("deeds",), deeds_numbers, draw_deeds),
)  # fmt: skip
