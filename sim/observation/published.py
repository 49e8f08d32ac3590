"""Published volumes of 2018 against the simulated ones, row by row with the tolerance asked for.

Sources: charity orders, money, buyers and the Double 11 day of 2018 from press (F/F2); shares of the day's
sales from press (D on F), taken for orders (A); hour profile and heterogeneity from Taobao micro-data of
2014 (D). Order = created; money = donated at confirmation; day = Asia/Shanghai.

A published number is met within a tenth. Each row says its use: what was *put in* checks the machinery, for what was
*fitted* a setting of the scenario was chosen, what was *held out* had none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.observation.festival import PAID, PEAK_USERS, REFUNDED
from sim.observation.subject import NOTHING, ratio
from sim.observation.words import Published, Size, Use
from sim.spans import MINUTE_S

if TYPE_CHECKING:
    from sim.observation.recorder import Recorder, Tables

PRESS = "press on 公益宝贝 2018 (F)"
IDLE = PRESS + "; whoever has a pledge sells that day here: no seller is as small as many are"
WITHIN = 0.1  # of a published number
YI, WAN = 1e8, 1e4  # 亿, 万
STEEP_S = 125.0  # until then the day is steepest: its curve has no point between 21 s and 2 m 5 s
PROFILE_PP = 0.1  # a seventh of the emptiest hour's share


def row(
    name: str, published: str, simulated: float, low: float, high: float, unit: str, use: Use, source: str,
    size: Size = "any",
) -> Published:  # fmt: skip
    """One line of the table; a NaN never passes."""
    return {
        "name": name, "published": published, "simulated": simulated, "low": low, "high": high, "unit": unit,
        "use": use, "size": size, "source": source, "passed": bool(low <= simulated <= high),
    }  # fmt: skip


def about(
    name: str, published: float, simulated: float, unit: str, use: Use, source: str, size: Size = "any"
) -> Published:
    """A published number: met within a tenth."""
    low, high = published * (1.0 - WITHIN), published * (1.0 + WITHIN)
    return row(name, f"{published:g}", simulated, low, high, unit, use, source, size)


def over(
    name: str, published: float, simulated: float, unit: str, use: Use, source: str, size: Size = "any"
) -> Published:
    """A number published as "more than": met from there to a tenth above."""
    high = published * (1.0 + WITHIN)
    return row(name, f"> {published:g}", simulated, published, high, unit, use, source, size)


def peak_of(days: NDArray[np.int64]) -> float:
    """The day with the most; NaN where there is none on any."""
    return float(days.argmax()) if days.any() else float("nan")


def published_rows(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    """Every published volume a calibrated scenario is held against; none for others."""
    if not seen.world.scenario.scenario.calibrated:
        return []
    rows = [*_totals(seen, tables, values), *_year(seen, tables, values), *_profile(tables)]
    if seen.festival.day >= 0:
        rows += [*_day(seen, tables, values), *_curve(seen, tables), *_cash(seen, tables)]
    return [*rows, *_people(seen)]


def _totals(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    """The year's sums and those of the day, at real size."""
    world, festival = seen.world, seen.festival
    scale = world.scenario.scenario.real_users / world.honest
    sellers = world.scenario.merchants.real / len(world.merchants.size_z)
    taking = float(tables["merchants"]["takes_part"].sum())
    yuan = values["confirmed_fen"] / 100.0
    rows = [
        about("charity orders", 79.29, values["charity_orders"] * scale / YI, "亿", "fitted", PRESS, "real"),
        about("donated by them", 3.64, yuan * scale / YI, "亿 yuan", "fitted", PRESS, "real"),
        about("buyers", 4.27, values["buyers"] * scale / YI, "亿", "fitted", PRESS, "real"),
        about("merchants taking part", 200.0, taking * sellers / WAN, "万", "put in", PRESS + ": more than", "real"),
    ]  # fmt: skip
    if festival.day >= 0:
        orders, (bought, sold) = float(tables["days"]["charity_orders"][festival.day]), festival.took_part()
        rows += [
            over("charity orders on Double 11", 3.0, orders * scale / YI, "亿", "fitted", PRESS, "real"),
            over("buyers on Double 11", 1.13, bought * scale / YI, "亿", "fitted", PRESS, "real"),
            about("merchants on Double 11", 91.8, sold * sellers / WAN, "万", "held out", IDLE, "real"),
        ]  # fmt: skip
    return rows


def _year(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    users, buyers, orders = seen.world.honest, values["buyers"], values["charity_orders"]
    pledges = tables["pledges"].sort("orders", descending=True)
    commonest = float(pledges["donation_fen"][0]) if len(pledges) else NOTHING
    yuan = ratio(values["confirmed_fen"] / 100.0, orders)
    return [
        about("yuan per charity order", 0.0459, yuan, "yuan", "fitted", PRESS + ", D"),
        row("commonest pledge", "0.02", commonest / 100.0, 0.02, 0.02, "yuan", "put in", PRESS),
        about(
            "charity orders per buyer-year", 18.6, ratio(orders, buyers), "orders", "fitted", PRESS + ", D"
        ),
        about(
            "users who touch charity in the year", 64, 100.0 * buyers / users, "%", "fitted", PRESS + ", D"
        ),
    ]


def _day(seen: Recorder, tables: Tables, values: dict[str, float]) -> list[Published]:
    days, day = tables["days"], seen.festival.day
    that_day = float(days["charity_orders"][day])
    mean_day = values["charity_orders"] / len(days)
    share = 100.0 * ratio(that_day, float(days["orders"][day]))
    each = ratio(that_day, seen.festival.took_part()[0])
    return [
        about("Double 11 ÷ mean day", 13.8, ratio(that_day, mean_day), "×", "fitted", PRESS + ", D"),
        about("charity orders per buyer of the day", 2.65, each, "orders", "fitted", PRESS + ", D"),
        about("charity share of the day's orders", 29, share, "%", "fitted", "3亿 of 10.42亿 parcels, D"),
    ]


def _profile(tables: Tables) -> list[Published]:
    profile = tables["hour_profile"]
    views = float((profile["visits_pct"] - profile["page_views_pct"]).abs().max() or 0.0)  # type: ignore[arg-type]
    buys = float((profile["orders_pct"] - profile["purchases_pct"]).abs().max() or 0.0)  # type: ignore[arg-type]
    source = "Taobao users, 29 ordinary days of 2014, D"
    return [
        row(f"hour profile of {what}, largest gap", "0", gap, 0, PROFILE_PP, "pp", "put in", source)
        for what, gap in (("visits", views), ("orders", buys))
    ]


def _curve(seen: Recorder, tables: Tables) -> list[Published]:
    source = "sales of 2018-11-11, D on F, taken for orders (A)"
    rows = [
        about(
            f"orders of the day by {after // 3600:02d}:{after % 3600 // 60:02d}:{after % 60:02d}",
            round(100.0 * share, 6), 100.0 * simulated, "%", "put in", source,
        )
        for after, simulated, share in tables["festival_curve"].iter_rows()
    ]  # fmt: skip
    if seen.world.honest >= PEAK_USERS:
        peak, second = seen.festival.busiest() or (NOTHING, NOTHING)
        upto = STEEP_S / MINUTE_S
        rows.append(
            row("busiest 10 s ÷ mean 10 s", "27–41", peak, 27, 41, "×", "put in", "press 2017–2020, D")
        )
        rows.append(
            row(
                "busiest 10 s falls at", "0:26", second / MINUTE_S, 0, upto, "min", "put in", "press 2020 (F)"
            )
        )
    return rows


def _cash(seen: Recorder, tables: Tables) -> list[Published]:
    cash = tables["cash"]
    confirmed = cash["confirmed_fen"].to_numpy()
    pledged = cash["pledged_fen"].to_numpy()
    orders = seen.festival.arrays["orders"]
    small_all, small = (float(x) for x in seen.giving.arrays["small"])
    first = 100.0 * ratio(confirmed[0], confirmed.sum())
    back = 100.0 * ratio(orders[REFUNDED], orders[PAID])
    article = "mechanism (article, S10)"
    return [
        row("cash peak after the day", "3–10", peak_of(confirmed), 3, 10, "days", "fitted", article),
        row("cash on the day itself", "< 5", first, 0, 5, "%", "held out", article),
        row("pledge peak", "0", peak_of(pledged), 0, 0, "days", "held out", article),
        about("refunds of the day's orders within a week", 6, back, "%", "fitted", "press 2018 (F)"),
        row(
            "order donations and gifts of at most 1 yuan", "95", 100.0 * ratio(small, small_all), 93, 100, "%",
            "held out", "Alipay + Taobao, first half of 2019 (F)",
        ),
    ]  # fmt: skip


def _people(seen: Recorder) -> list[Published]:
    spread = seen.orders.heterogeneity()
    if spread is None:
        return []
    top, gini = 100.0 * spread[0], spread[1]
    source = "10,000 Taobao users, 31 days, D"
    return [
        about("regular shoppers: top tenth's share of orders", 41, top, "%", "held out", source),
        about("regular shoppers: Gini of orders", 0.58, gini, "", "fitted", source),
    ]
