"""The catalogue of metrics: one row each. `docs/metrics.md` is generated from it (`make docs`).

A metric is a run total unless its definition says otherwise. Money is in fen, charity time in minutes,
shares between 0 and 1.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sim.errors import UsageError
from sim.suggestions import did_you_mean
from sim.reporting.tables import TABLES

Better = Literal["up", "down", "–"]


@dataclass(frozen=True)
class Metric:
    """One row of the catalogue. `per` is what one value stands for, `better` which way is good."""

    name: str
    unit: str
    per: str
    better: Better
    definition: str


METRICS: tuple[Metric, ...] = (
    # people
    Metric("participants", "people", "run", "up", "users who played on at least one day or paid a charity order"),
    Metric("actions", "actions", "run", "–", "rows of the action stream, of every agent and kind"),
    Metric("new_players", "people", "run", "up", "users who came to bean growing during the run"),
    Metric("d1", "share", "new player", "up", "new players who play again on the day after they came"),
    Metric("d7", "share", "new player", "up", "new players who play on the seventh day after they came"),
    Metric("d30", "share", "new player", "up", "new players who play on the thirtieth day after they came"),
    Metric("sessions", "sessions", "run", "up", "play sessions"),
    Metric("deeds", "deeds", "run", "up", "deeds of the catalogue done; group: the deed"),
    Metric("shares", "posts", "run", "up", "times somebody told friends"),
    Metric("sign_ups", "people", "run", "up", "places taken in volunteer activities"),
    Metric("general_participation", "actions", "run", "up",
           "general participation (泛公益): recorded, worth no hours"),
    # orders and pledges
    Metric("visits", "visits", "run", "–", "shopping visits"),
    Metric("orders", "orders", "run", "–", "orders created"),
    Metric("charity_orders", "orders", "run", "up", "orders created whose product carries a pledge"),
    Metric("charity_share", "share", "order", "up", "charity orders ÷ orders"),
    Metric("pledged_fen", "fen", "run", "up", "donations pledged by paid charity orders"),
    Metric("confirmed_fen", "fen", "run", "up", "donations paid when the buyer confirmed receipt"),
    Metric("refunded_fen", "fen", "run", "down", "pledged donations that fell away with a refund"),
    Metric("fen_per_charity_order", "fen", "charity order", "–", "pledged donation, mean of paid charity orders"),
    Metric("charity_orders_per_buyer", "orders", "buyer", "–",
           "charity orders ÷ users with at least one"),
    Metric("buyers_share", "share", "active buyer", "up",
           "users with at least one charity order ÷ users with at least one order"),
    Metric("peak_10s", "multiple", "run", "–", "orders in the busiest 10 s ÷ that day's mean of 10 s"),
    Metric("peak_10s_orders", "orders", "run", "–", "orders in the busiest 10 s: the count behind peak_10s"),
    # gifts
    Metric("gifts", "gifts", "run", "up", "money gifts in the app"),
    Metric("gift_fen", "fen", "run", "up", "money of these gifts, without match"),
    Metric("matched_fen", "fen", "run", "–", "sponsors' match of gifts and of confirmed orders"),
    Metric("bean_gift_fen", "fen", "run", "up", "money that sponsors' pools paid for donated beans"),
    Metric("unlocked_fen", "fen", "run", "up", "money that teams unlocked for their projects"),
    # beans
    Metric("beans_issued", "beans", "run", "–", "beans credited for deeds; they grow first"),
    Metric("beans_harvested", "beans", "run", "up", "beans picked when ripe"),
    Metric("beans_donated", "beans", "run", "up", "beans given to projects"),
    Metric("beans_redeemed", "beans", "run", "–", "beans of vouchers shipped"),
    Metric("beans_expired", "beans", "run", "down", "beans that faded unpicked or lost their validity"),
    Metric("beans_revoked", "beans", "run", "–", "beans taken back from blocked accounts"),
    # charity time
    Metric("minutes_labour", "minutes", "run", "up", "charity time of labour (出力), imports included"),
    Metric("minutes_donated", "minutes", "run", "up", "charity time of donation (捐献)"),
    # cost and abuse
    Metric("subsidy_fen", "fen", "run", "down", "match + beans donated or redeemed at their value in yuan"),
    Metric("subsidy_per_participant", "fen", "participant", "down", "subsidy ÷ participants"),
    Metric("overrun", "fen", "run", "down", "subsidy above the sponsors' budget, 0 if within"),
    Metric("farmer_share", "share", "fen of subsidy", "down", "subsidy that went to farmers ÷ subsidy"),
    Metric("blocked", "accounts", "run", "–", "accounts blocked, of farmers and of others"),
    Metric("wrongly_blocked", "people", "run", "down", "honest users blocked"),
    Metric("pool_empty_at", "h", "pool", "–",
           "hours from the start until the pool was empty; group: the pool; absent if it never was"),
    # projects and trust
    Metric("raised_fen", "fen", "run", "up", "money raised by projects from all sources"),
    Metric("disbursed_fen", "fen", "run", "up", "money paid out to projects' executors"),
    Metric("helped", "people", "run", "up", "people helped by disbursed money, at the cost per person of the cause"),
    Metric("funded_share", "share", "limited project", "up", "limited projects that reached their target"),
    Metric("top10_ngo_share", "share", "fen raised", "–", "money raised by the largest tenth of the NGOs"),
    Metric("ngo_gini", "Gini", "NGO", "–", "Gini coefficient of money raised over NGOs"),
    Metric("viewable_share", "share", "fen disbursed", "up",
           "money disbursed to projects whose reports are not late ÷ money disbursed"),
)  # fmt: skip

_BY_NAME = {m.name: m for m in METRICS}


def metric(name: str) -> Metric:
    """The row of a metric. Raises UsageError with the nearest name if there is none."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    raise UsageError(f"{name}: there is no such metric{did_you_mean(name, list(_BY_NAME))}")


def markdown() -> str:
    """`docs/metrics.md`: the catalogue of metrics and the columns of every table of a result."""
    lines = [
        "# Metrics and tables",
        "",
        "Generated by `make docs` from `sim/reporting/metrics.py` and `sim/reporting/tables.py`: edit those.",
        "",
        "## Metrics",
        "",
        "`metrics.parquet` is tidy: design, replication, time (µs since the start of the scenario), metric,",
        'group ("" = all), value. A run total stands at the end of the scenario. `better` says which way is good.',
        "",
        "| name | unit | per | better | definition |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| `{m.name}` | {m.unit} | {m.per} | {m.better} | {m.definition} |" for m in METRICS]
    lines += [
        "",
        "## Tables",
        "",
        "Parquet files under `tables/`, each with `design` and `replication` in front of the columns below.",
        "A table is absent when its system is off.",
    ]
    for name, table in TABLES.items():
        lines += ["", f"### {name}", "", table.about, "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{column}` | {meaning} |" for column, meaning in table.columns.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
