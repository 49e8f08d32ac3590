"""Giving: where the money came from, sponsors' pools, NGOs, teams, people helped."""

from __future__ import annotations

import polars as pl

from sim.observation.shares import gini, top_share
from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.numbers import (
    FEN_PER_YUAN,
    NOTHING,
    Tables,
    at_instants,
    by_group,
    long,
    lorenz,
    per_replication,
    start_of,
    together,
)
from sim.reporting.figures.spec import FigureSpec, panel

MOST_TEAMS = 15
TOP_TENTH = 0.1
LIKE_SIZE = 0.1  # of the highest peak in a panel

CAUSE_WORDS = {
    "education": ("教育", "education"),
    "illness": ("疾病", "illness"),
    "poverty": ("扶贫", "poverty"),
    "environment": ("环保", "environment"),
}
SOURCE_WORDS = {
    "order": ("公益宝贝", "charity orders"),
    "gift": ("捐款", "gifts"),
    "match": ("配捐", "match"),
    "beans": ("捐豆", "donated beans"),
    "team": ("战队", "teams"),
}


def giving_numbers(tables: Tables) -> pl.DataFrame:
    """Money raised by cause, in yuan, one series per source."""
    rows = by_group(tables["sources"], "giving", "source", "cause", "fen", 1 / FEN_PER_YUAN)
    return rows.filter(pl.col("value") > 0)


def draw_giving(c: Canvas, rows: pl.DataFrame) -> None:
    """Stacked bars by cause."""
    (ax,) = c.panels()
    c.bars(ax, rows, named=True)
    c.axes(ax, "", c.say("元", "yuan"))


def pool_numbers(tables: Tables) -> pl.DataFrame:
    """Money left in each pool over time, in yuan."""
    rows = at_instants(tables["pools"], start_of(tables))
    return by_group(rows, "pools", "pool", "at", "left_fen", 1 / FEN_PER_YUAN)


def of_like_size(rows: pl.DataFrame) -> list[list[str]]:
    """Series sorted into groups, the highest first: none peaks below a tenth of the highest of its group.

    What is empty at every full hour, as a flash pool gone within minutes, joins the smallest: it has no scale.
    """
    peaks = rows.group_by("series", maintain_order=True).agg(pl.col("value").max().alias("peak"))
    groups: list[list[str]] = []
    highest = 0.0
    for series, peak in peaks.sort("peak", descending=True, maintain_order=True).iter_rows():
        if not groups or 0.0 < peak < LIKE_SIZE * highest:
            groups.append([])
            highest = peak
        groups[-1].append(series)
    return groups


def draw_pools(c: Canvas, rows: pl.DataFrame) -> None:
    """A line per pool; small pools in a panel of their own, where they can be seen to empty."""
    groups, first = of_like_size(rows), 0
    for ax, group in zip(c.panels(len(groups)), groups, strict=True):
        c.lines(ax, rows.filter(pl.col("series").is_in(group)), first=first, named=True)
        first += len(group)
        ax.set_ylim(bottom=0)
        c.dates(ax)
        c.axes(ax, y=c.say("剩余，元", "left, yuan"))


def ngo_numbers(tables: Tables) -> pl.DataFrame:
    """The Lorenz curve of money raised over NGOs, and its Gini coefficient."""
    rows = tables["ngos"]
    if rows["raised_fen"].sum() == 0:
        return NOTHING
    curve = per_replication(rows, lambda part: lorenz(part["raised_fen"]))
    spread = per_replication(
        rows,
        lambda part: pl.DataFrame(
            {"gini": [gini(part["raised_fen"])], "top": [top_share(part["raised_fen"].to_numpy(), TOP_TENTH)]}
        ),
    )
    return together(
        long(curve, "lorenz", "holders", ["held"]),
        long(spread.with_columns(pl.lit(0.0).alias("at")), "spread", "at", ["gini", "top"]),
    )


def draw_ngos(c: Canvas, rows: pl.DataFrame) -> None:
    """The curve under the line of equality."""
    (ax,) = c.panels()
    curve = panel(rows, "lorenz")
    ax.plot([0, 100], [0, 100], color="#9A9A9A", linewidth=0.8, linestyle=":")
    c.lines(ax, curve)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    found = dict(panel(rows, "spread").select("series", "value").iter_rows())
    spread, top = found["gini"], 100.0 * found["top"]
    c.note(ax, 100.0 * TOP_TENTH, 100.0, c.say(f"基尼系数 {spread:.2f}", f"Gini {spread:.2f}"))
    words = c.say(f"前 10% 机构占 {top:.0f}%", f"the largest tenth raised {top:.0f} %")
    c.note(ax, 100.0 * (1.0 - TOP_TENTH), 100.0 - top, words)
    c.axes(
        ax,
        "",
        c.say("机构，由小到大，%", "NGOs from the smallest, %"),
        c.say("累计筹款 %", "cumulative money raised, %"),
    )


def team_numbers(tables: Tables) -> pl.DataFrame:
    """Points of the first teams; by name in one replication, by rank over several."""
    rows = tables["teams"].filter(pl.col("rank") <= MOST_TEAMS).sort("rank")
    if not len(rows):
        return NOTHING
    ranked = (
        pl.format("{}", "rank") if rows["replication"].n_unique() > 1 else pl.format("{} {}", "rank", "name")
    )
    named = rows.with_columns(ranked.alias("team"))
    points = long(named, "points", "team", ["points"]).filter(pl.col("value") > 0)
    return together(
        points,
        long(named, "unlocked", "team", ["unlocked_fen"], 1 / FEN_PER_YUAN).filter(
            pl.col("x").is_in(points["x"].implode())
        ),
    )


def draw_teams(c: Canvas, rows: pl.DataFrame) -> None:
    """Points and unlocked money, side by side."""
    left, right = c.panels(2)
    c.bars(left, panel(rows, "points"))
    c.axes(left, "", c.say("积分", "points"))
    c.bars(right, panel(rows, "unlocked"), first=2)
    c.axes(right, "", c.say("解锁资金，元", "money unlocked, yuan"))


def helped_numbers(tables: Tables) -> pl.DataFrame:
    """People helped by cause, and the share of limited projects that reached their target, in percent."""
    by = ["replication", "cause"]
    rows = tables["projects"].sort(pl.col("cause").cast(pl.Enum(list(CAUSE_WORDS))))
    people = rows.group_by(by, maintain_order=True).agg(pl.col("helped").sum())
    limited = rows.filter(pl.col("limited")).group_by(by, maintain_order=True)
    funded = limited.agg((100.0 * pl.col("funded").mean()).alias("share"))
    return together(
        long(people, "helped", "cause", ["helped"]), long(funded, "funded", "cause", ["share"], absent=None)
    )


def draw_helped(c: Canvas, rows: pl.DataFrame) -> None:
    """Bars by cause."""
    shown = [p for p in ("helped", "funded") if len(panel(rows, p))]
    for k, (ax, name) in enumerate(zip(c.panels(len(shown)), shown, strict=True)):
        c.bars(ax, panel(rows, name), first=k)
        if name == "helped":
            c.axes(ax, c.say("受益人", "people helped"), c.say("人", "people"))
        else:
            c.axes(ax, c.say("限期项目达标", "limited projects funded"), "%")


FIGURES = (
    FigureSpec("giving", "善款来源与去向", "Donations by source and cause", ("sources",),
               giving_numbers, draw_giving, CAUSE_WORDS | SOURCE_WORDS),
    FigureSpec("pools", "配捐资金池", "Sponsors' pools", ("pools", "days"), pool_numbers, draw_pools),
    FigureSpec("ngos", "机构筹款集中度", "Concentration of money over NGOs", ("ngos",),
               ngo_numbers, draw_ngos, {"held": ("机构", "NGOs")}),
    FigureSpec("teams", "爱心战队排名", "Ranking of teams", ("teams",), team_numbers, draw_teams),
    FigureSpec("helped", "受益人与项目", "People helped, projects funded", ("projects",),
               helped_numbers, draw_helped, CAUSE_WORDS),
)  # fmt: skip
