"""The catalogue of metrics: one row each. `docs/metrics.md` is generated from it (`make docs`).

Money is in fen, charity time in minutes, shares are between 0 and 1. Counts and sums also come by day.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sim.engine.outcome import Size
from sim.errors import UsageError
from sim.reporting.tables import TABLES
from sim.suggestions import did_you_mean

Better = Literal["up", "down", "–"]
SUMS = ("run", "day")  # what a sum is per
COUNTED = ("people", "actions", "orders", "fen", "deeds", "gifts", "beans", "minutes", "claims")


@dataclass(frozen=True)
class Metric:
    """One row of the catalogue. `per` is what one value stands for, `better` which way is good."""

    name: str
    unit: str
    per: str
    better: Better
    definition: str

    @property
    def size(self) -> Size:
        """Counts and sums stand at simulated size; shares, averages and times are the same at any."""
        return "simulated" if self.per in SUMS and self.unit in COUNTED else "any"


METRICS: tuple[Metric, ...] = (
    # people
    Metric("participants", "people", "day", "up", "players who played, on a day or in all; farmers too"),
    Metric("players", "people", "run", "up", "all who grow beans: there at the start or come since; farmers too"),
    Metric("new_players", "people", "run", "up", "users who became players during the run"),
    Metric("d1", "share", "new player", "up", "new players who play again one day after they came"),
    Metric("d7", "share", "new player", "up", "new players who play again seven days after they came"),
    Metric("d30", "share", "new player", "up", "new players who play again thirty days after they came"),
    Metric("actions", "actions", "run", "–", "rows of the action stream, of every agent and kind"),
    Metric("general_participation", "actions", "run", "up", "general participation (泛公益), worth no hours"),
    # orders and pledges
    Metric("orders", "orders", "run", "–", "orders created"),
    Metric("charity_orders", "orders", "run", "up", "orders created whose product carries a pledge"),
    Metric("charity_share", "share", "order", "up", "charity orders ÷ orders"),
    Metric("charity_orders_per_user", "orders", "user", "up", "charity orders ÷ users"),
    Metric("buyers", "people", "run", "up", "users with at least one charity order"),
    Metric("buyer_share", "share", "user", "up", "users with at least one charity order ÷ users"),
    Metric("yuan_per_charity_order", "yuan", "charity order", "–", "mean donation of a charity order"),
    Metric("pledged_fen", "fen", "run", "up", "donations pledged by paid charity orders"),
    Metric("confirmed_fen", "fen", "run", "up", "donations paid when the buyer confirmed receipt"),
    Metric("peak_10s", "multiple", "run", "–", "busiest 10 s of the festival day ÷ that day's mean of 10 s"),
    Metric("notices", "deeds", "run", "up", "other good deeds of merchants, such as missing-child notices"),
    # gifts
    Metric("gifts", "gifts", "run", "up", "money gifts in the app"),
    Metric("gift_fen", "fen", "run", "up", "money of these gifts, without match"),
    Metric("gifts_matched_share", "share", "gift", "up", "money gifts of which a sponsor matched something"),
    Metric("matched_fen", "fen", "run", "–", "sponsors' match of gifts and of confirmed orders"),
    # beans
    Metric("beans_issued", "beans", "run", "–", "beans credited for deeds; they grow first"),
    Metric("beans_per_user", "beans", "user", "–", "beans issued ÷ users"),
    Metric("beans_harvested", "beans", "run", "up", "beans picked when ripe"),
    Metric("beans_donated", "beans", "run", "up", "beans given to projects"),
    Metric("beans_redeemed", "beans", "run", "–", "beans of vouchers shipped"),
    Metric("beans_expired", "beans", "run", "down", "beans that faded unpicked or lost their validity"),
    Metric("beans_revoked", "beans", "run", "–", "beans taken back from blocked accounts"),
    # charity time
    Metric("minutes_labour", "minutes", "run", "up", "charity time of labour (出力), imports included"),
    Metric("minutes_donated", "minutes", "run", "up", "charity time of donation (捐献)"),
    Metric("minutes_per_user", "minutes", "user", "up", "charity time of both classes ÷ users"),
    Metric("staff_minutes", "minutes", "member of staff", "up", "mean labour of the staff cohort"),
    # cost and abuse
    Metric("subsidy_fen", "fen", "run", "down", "match and yuan value of beans donated or redeemed; not team money"),
    Metric("subsidy_per_user", "fen", "user", "down", "subsidy ÷ users"),
    Metric("subsidy_per_participant", "fen", "participant", "down", "subsidy ÷ participants of the run"),
    Metric("overrun", "0 or 1", "run", "down", "whether the subsidy exceeds the totals of all pools"),
    Metric("farmer_share", "share", "fen of subsidy", "down", "subsidy that went to farmers ÷ subsidy"),
    Metric("wrongly_blocked", "people", "run", "down", "honest users blocked"),
    Metric("pool_empty_at", "h", "run", "–", "hours until a pool could not pay the least claim, and got no more"),
    Metric("unmet_claims", "claims", "run", "–", "claims that dry pools cut or refused, gifts and orders while dry"),
    Metric("unmet_fen", "fen", "run", "–", "what the pools' rules would have paid them: what caps the subsidy"),
    # projects and trust
    Metric("raised_fen", "fen", "run", "up", "money raised by projects; group: source/cause"),
    Metric("helped", "people", "run", "up", "people helped by money paid out, at what a person costs in each project"),
    Metric("funded_share", "share", "limited project", "up", "limited projects that reached their target"),
    Metric("top10_ngo_share", "share", "fen raised", "–", "money raised by the largest tenth of the NGOs"),
    Metric("ngo_gini", "Gini", "NGO", "–", "Gini coefficient of money raised over NGOs"),
    Metric("viewable_share", "share", "fen raised", "up", "paid out by projects that owe no report ÷ raised"),
    Metric("project_score", "score", "project", "up", "mean score of the project evaluation"),
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
        "`metrics.parquet` is tidy: design, replication, time (end of the period, µs since the start of the",
        'scenario), metric, group, value. Group "" is the whole run, "day" one day. NaN: does not apply.',
        "`better` says which way is good.",
        "",
        "`size`: counts and sums are those of the *simulated* users; times `real_users` ÷ `users` they stand at real",
        "size. Shares, averages and times are the same at *any*. With several replications a mean is over those in",
        "which the metric applies; the summary says how many when these are not all.",
        "",
        "People are counted by three words. A **player** grows beans: was there at the start, or came since. A **new",
        "player** came during the run. A **participant** is a player who played, on that day or in the run.",
        "",
        "| name | unit | per | size | better | definition |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{m.name}` | {m.unit} | {m.per} | {m.size} | {m.better} | {m.definition} |" for m in METRICS
    ]
    lines += [
        "",
        "## Tables",
        "",
        "Parquet files under `tables/`, each with `design` and `replication` in front of the columns below.",
        "A table is absent when its system is off. Counts and sums of money are those of the simulated users.",
    ]
    for name, table in TABLES.items():
        lines += ["", f"### {name}", "", table.about, "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{column}` | {meaning} |" for column, meaning in table.columns.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
