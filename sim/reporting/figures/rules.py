"""Incentive rules: what each costs."""

from __future__ import annotations

import polars as pl

from sim.observation.rules import OWN
from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.numbers import FEN_PER_YUAN, Tables, long
from sim.reporting.figures.spec import FigureSpec

MOST_RULES = 15
OF_DEEDS = "(own)"  # no rule is called so
PRICE, MONEY = "price_fen", "money_fen"
RULE_WORDS = {
    PRICE: ("豆（按价值）", "beans at their price"),
    MONEY: ("资金", "money"),
    OF_DEEDS: ("善举本身", "deeds themselves"),
}


def rule_numbers(tables: Tables) -> pl.DataFrame:
    """What every rule gave in beans and in money, in yuan, the dearest first; what deeds pay by themselves is one."""
    named = tables["rules"].with_columns(
        pl.when(pl.col("rule") == OWN).then(pl.lit(OF_DEEDS)).otherwise(pl.col("rule")).alias("rule")
    )
    rows = long(named, "rules", "rule", [PRICE, MONEY], 1 / FEN_PER_YUAN).filter(pl.col("value") > 0)
    dearest = (
        rows.group_by("x", maintain_order=True)
        .agg(pl.col("value").sum().alias("cost"))
        .sort("cost", descending=True, maintain_order=True)
        .head(MOST_RULES)
    )
    return dearest.select("x").join(rows, on="x", how="inner", maintain_order="left").select(rows.columns)


def draw_rules(c: Canvas, rows: pl.DataFrame) -> None:
    """Bars by rule, beans and money stacked."""
    (ax,) = c.panels()
    c.bars(ax, rows, named=True)
    c.axes(ax, "", c.say("元", "yuan"))


FIGURES = (
    FigureSpec("rules", "各规则成本", "Cost by rule", ("rules",), rule_numbers, draw_rules, RULE_WORDS),
)  # fmt: skip
