"""From the frozen scenario and the parameters to what the kernel reads: rules, deeds, days, traits.

Every value a rule may ask for is a field of one record (`rules`), gathered room by room; beside it stand one row a
deed (`deeds`), one row a day (`days`) and what a user's key decides for life (`traits`). A new value is a line here
and compiles nothing; a new parameter is a line of TOML.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Floats
from sim.behaviour.parameters import Parameters
from sim.engine.clocks import HOURS, DayShapes, hourly_profile, play_calendar, session_profile
from sim.engine.expiry import expiry
from sim.engine.incentives import orders_pay, rule_tables
from sim.engine.offers import Offers, announced_openings, mix_table, visit_tables
from sim.errors import UsageError
from sim.kernel.donors import MOST_GIFTS, MOST_YUAN
from sim.kernel.incentives import MOST_BEANS
from sim.kernel.rows import (
    BENEFIT,
    DAY,
    DEED,
    EFFECTS,
    MAX_BENEFITS,
    MAX_CHANNELS,
    MAX_DEEDS,
    MAX_SEGMENTS,
    MOST_MONTHS,
    MOST_OPENINGS,
    MOST_YEARS,
    NEVER,
)
from sim.kernel.rules import QUANTILES
from sim.scenario import Scenario, since_start
from sim.seeding import key_of
from sim.spans import DAY_S, DAY_US, HOUR_S, MAX_SHAPES, MOST_DAYS, SECOND

MAX_FESTIVALS = 16
KLASSES = ("labour", "donated", "general")
FAR_FUTURE_S = 2**31 - 1
# The lifetimes' shapes of a profile: activity Beta(a, b), leaving Beta(c, d).
SHAPES = {
    "utility-app": ("lifetime_utility_a", "lifetime_utility_b", "lifetime_utility_c", "lifetime_utility_d"),
    "casual-game": ("lifetime_game_a", "lifetime_game_b", "lifetime_game_c", "lifetime_game_d"),
}


Values = dict[str, Any]


def quantile_points() -> Floats:
    """Mid-points of the equally likely values of a trait, shape (QUANTILES,)."""
    return np.asarray((np.arange(QUANTILES) + 0.5) / QUANTILES)


def glow_trait(p: Parameters) -> Floats:
    """Warm glow's multiples of every deed's weight, lognormal(0, glow_sd) (A), shape (QUANTILES,)."""
    from scipy.special import ndtri

    return np.asarray(np.exp(p["choice_glow_sd"] * ndtri(quantile_points())))


def trait_table(scenario: Scenario, p: Parameters) -> Floats:
    """What a user's key decides for life, shape (5, QUANTILES): rate, glow, volume, intensity, hazard.

    rate: lognormal with mean 1 (V) · glow: multiple of every deed's weight, lognormal(0, glow_sd) (A) ·
    volume: sessions, lognormal with mean 1 · intensity −ln(1 − p), p ~ Beta(a, b), and hazard
    −ln(1 − θ), θ ~ Beta(c, d), of the scenario's activity profile (BG/BB, behaviour §5.1).
    """
    from scipy.special import betaincinv, ndtri

    q = quantile_points()
    normal = ndtri(q)
    a, b, c, d = (p[name] for name in SHAPES[scenario.scenario.profile])

    def lognormal(sigma: float) -> Floats:
        values = np.exp(sigma * normal)
        return np.asarray(values / values.mean())

    return np.stack(
        [
            lognormal(scenario.shopping.regular_sigma),
            glow_trait(p),
            lognormal(p["habit_session_sd"]),
            -np.log1p(-betaincinv(a, b, q)),
            -np.log1p(-betaincinv(c, d, q)),
        ]
    )


def past_table(scenario: Scenario, p: Parameters) -> Floats:
    """What donors of before may bring along, shape (3, QUANTILES): gifts, months since the last, largest in yuan.

    gifts: one and a negative binomial (V) · months: exponential, to the nearest (V) · largest: lognormal (D) at
    the level of the app's own gifts, to the nearest yuan, one at least. None of the three knows of the others (A).
    There is always room to count one gift more.
    """
    from scipy.special import ndtri

    q = quantile_points()
    months = -p["past_months"] * np.log1p(-q)
    yuan = scenario.gifts.first_median / 100.0 * np.exp(p["past_largest"] + p["past_sd"] * ndtri(q))
    gifts = 1 + _negative_binomial(p["past_gifts_k"], p["past_gifts_mean"] - 1.0, q)
    return np.stack(
        [np.minimum(gifts, MOST_GIFTS - 1), np.rint(months), np.clip(np.rint(yuan), 1, MOST_YUAN)]
    )


def _negative_binomial(k: float, mean: float, q: Floats) -> NDArray[np.intp]:
    """The quantiles of a negative binomial, as far as a user's row counts gifts."""
    n = np.arange(1, MOST_GIFTS + 1)
    odds = np.concatenate([[1.0], np.cumprod((k + n - 1) / n * (mean / (k + mean)))])
    return np.searchsorted(np.cumsum(odds * (k / (k + mean)) ** k), q)


def keenest(scenario: Scenario, p: Parameters) -> float:
    """The largest factor that anybody has on the weight of deeds: warm glow, and what is usual in a segment."""
    segments = [segment.activity for segment in scenario.segments.values()]
    return float(glow_trait(p).max()) * max(segments, default=1.0)


def deed_table(scenario: Scenario) -> NDArray[np.void]:
    """The catalogue as rows; its order is the scenario's."""
    rows = np.zeros(MAX_DEEDS, DEED)
    for k, deed in enumerate(scenario.deeds.values()):
        rows[k] = (
            deed.beans,
            deed.hours,
            deed.cost / 100.0,
            deed.ease,
            EFFECTS.index(deed.effect),
            KLASSES.index(deed.kind),
            deed.team,
            deed.needs_account,
            deed.adults_only,
        )
    return rows


def benefit_table(scenario: Scenario) -> NDArray[np.void]:
    """Benefits in the order of the scenario."""
    rows = np.zeros(len(scenario.benefits), BENEFIT)
    for k, benefit in enumerate(scenario.benefits.values()):
        rows[k] = (benefit.needs, benefit.youth)
    return rows


def day_table(
    scenario: Scenario, p: Parameters, offers: Offers
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """One row a day, and the second at which each expiry period ends."""
    start = scenario.scenario.start
    count = scenario.scenario.length // (DAY_S * SECOND)
    dates = [(start + timedelta(days=k)) for k in range(count)]
    days = np.zeros(count, DAY)
    shapes = DayShapes.of(play_calendar(scenario, p))
    days["lift"], days["shape"] = shapes.even, shapes.of_day
    days["offer"] = offers.of_day
    days["opening"] = np.searchsorted(
        [one.at for one in announced_openings(scenario)], np.arange(count) * DAY_S
    )
    days["weekday"] = [p["habit_weekend" if date.weekday() >= 5 else "habit_workday"] for date in dates]
    days["month"] = [(d.year - start.year) * 12 + d.month - start.month for d in dates]
    days["period"], period_end = expiry(scenario)
    return days, period_end


def new_years(scenario: Scenario) -> NDArray[np.int64]:
    """The seconds at which a new financial year begins while the scenario runs: 1 April; then NEVER, padded."""
    start, end = scenario.scenario.start, scenario.scenario.length // SECOND
    begin = [
        since_start(scenario, start.replace(year=start.year + k, month=4, day=1)) // SECOND
        for k in range(MOST_YEARS)
    ]
    inside = [second for second in begin if 0 < second < end]
    return np.array(_padded(inside, MOST_YEARS, NEVER), np.int64)


def rule_values(scenario: Scenario, p: Parameters, replication: int, honest: int, teams: int) -> Values:
    """All of them: numbers and small tables. An integer becomes an i8 of the record, a float an f8."""
    from scipy.special import ndtri

    k0, k1 = key_of(scenario.scenario.seed, replication)
    run = {
        "k0": k0,
        "k1": k1,
        "honest": honest,
        "n_teams": max(teams, 1),
        "record_all": 0,
        "traffic_s": 1,
        "normal": ndtri(quantile_points()),
        "harvest": p["habit_harvest"],
        "stop_weight": math.exp(p["choice_stop"]),
    }
    return (
        p.flat() | run | _shopping(scenario) | _presale(scenario) | _orders(scenario) | _play(scenario, p)
        | _beans(scenario) | _attention(scenario, p) | _openings(scenario, p) | _giving(scenario, p) | _who(scenario, p)
        | _account(scenario) | _staff_and_farmers(scenario)
    )  # fmt: skip


def _shopping(scenario: Scenario) -> Values:
    shopping = scenario.shopping
    takes = np.zeros(MAX_FESTIVALS)
    takes[: len(scenario.festivals)] = [f.takes_part for f in scenario.festivals.values()]
    return {
        "regular_share": shopping.regular_share,
        "regular_rate": shopping.regular_orders_per_31_days / 31.0,
        "occasional_rate": shopping.occasional_orders_per_year / 365.0,
        "visits_per_order": shopping.visits_per_order,
        "price_median": float(shopping.price_median),
        "takes_part": takes,
    }


def _presale(scenario: Scenario) -> Values:
    """The one presale a scenario may have: its share of the orders before the day, and when the balance is due."""
    for festival in scenario.festivals.values():
        if festival.presale_from is not None:
            day = (festival.day - scenario.scenario.start.date()).days
            return {
                "presale_share": festival.presale_share,
                "presale_from_s": since_start(scenario, festival.presale_from) // SECOND,
                "presale_until_s": day * DAY_S,
                "balance_s": day * DAY_S + festival.presale_balance_at // SECOND,
            }
    return {"presale_share": 0.0, "presale_from_s": FAR_FUTURE_S, "presale_until_s": 0, "balance_s": 0}


def _orders(scenario: Scenario) -> Values:
    orders = scenario.orders
    return {
        "cancel": orders.cancel,
        "pay_within_s": orders.pay_within // SECOND,
        "ship_within_s": orders.ship_within // SECOND,
        "delivery_median_s": orders.delivery_median / SECOND,
        "delivery_sigma": orders.delivery_sigma,
        "by_hand": orders.by_hand,
        "by_hand_median_s": orders.by_hand_median / SECOND,
        "by_hand_sigma": orders.by_hand_sigma,
        "express_timer_s": orders.express_timer // SECOND,
        "mail_timer_s": orders.mail_timer // SECOND,
        "mail_share": orders.mail_share,
        "virtual_timer_s": orders.virtual_timer // SECOND,
        "virtual_share": orders.virtual_share,
        "refund_before": orders.refund_before,
        "refund_after": orders.refund_after,
        "order_minutes": orders.hours,
        "order_beans": orders.beans,
        "orders_pay": int(scenario.play.open and orders_pay(scenario)),
    }


def _play(scenario: Scenario, p: Parameters) -> Values:
    play = scenario.play
    return {
        "play_open": int(play.open),
        "players_at_start": play.players_at_start,
        "entry_per_visit": play.entry_per_visit,
        "sessions_extra": play.sessions_extra,
        "n_deeds": len(scenario.deeds),
        "teams_open": int(scenario.teams.open),
        "no_show": scenario.activities.no_show,
        "donated_cap": scenario.hours.donated_cap,
    }


def _beans(scenario: Scenario) -> Values:
    beans, farmers = scenario.beans, scenario.farmers
    shared = farmers.device_cap // farmers.devices  # accounts on one device share its cap
    life_days = -(-(beans.ripen + beans.fade) // DAY_US)  # what nobody picks goes at a midnight, never early
    return {
        "ripen_s": beans.ripen // SECOND,
        "ripen_step_s": min(beans.ripen // SECOND, DAY_S),
        "fade_s": life_days * DAY_S - beans.ripen // SECOND,
        "life_days": life_days,
        "farmer_cap": shared if farmers.device_cap else MOST_BEANS,
        "beans_per_yuan": beans.per_yuan,
        "give_all": beans.give_all,
    }


def _attention(scenario: Scenario, p: Parameters) -> Values:
    """How much deeds tire, a day's time for them, and how long what people are used to is kept."""
    tires = p["attention_fatigue"] if scenario.play.attention else 0.0
    return {
        "fatigue": tires,
        "tire": math.exp(-tires),
        "refill": 2.0 ** (-1.0 / p["attention_half_life_days"]),
        "day_slots": int(p["attention_day_slots"]) if scenario.play.attention else 255,
        "reference_keep": 2.0 ** (-1.0 / p["visit_reference_days"]),
    }


def _openings(scenario: Scenario, p: Parameters) -> Values:
    """The announced openings, and who waits for one or brings a visit forward.

    Raises UsageError where there are more of them than the rules have room for.
    """
    openings = announced_openings(scenario)
    if len(openings) > MOST_OPENINGS:
        raise UsageError(
            f"{scenario.scenario.title}: pools and phases open {len(openings)} times, at most {MOST_OPENINGS} are "
            "played; let daily pools open in fewer days, or at the same hours"
        )
    waits = scenario.play.anticipation
    return {
        "n_openings": len(openings),
        "opening_s": np.array(_padded([one.at for one in openings], MOST_OPENINGS, NEVER), np.int64),
        "opening_until": np.array(_padded([one.until for one in openings], MOST_OPENINGS, NEVER), np.int64),
        "opening_pull": np.array(_padded([one.pull for one in openings], MOST_OPENINGS, 0.0), float),
        "opening_mask": np.array(_padded([one.mask for one in openings], MOST_OPENINGS, 0), np.int64),
        "opening_rush": np.array(_padded([int(one.rush) for one in openings], MOST_OPENINGS, 0), np.int64),
        "waits": p["waiting_share"] if waits else 0.0,
        "forward": p["waiting_forward"] if waits else 0.0,
        "horizon_s": int(p["waiting_horizon_h"] * HOUR_S),
    }


def _giving(scenario: Scenario, p: Parameters) -> Values:
    gifts, sharing = scenario.gifts, scenario.sharing
    asked = scenario.play.open and any(deed.effect == "gift" for deed in scenario.deeds.values())
    return {
        "gift_intercept": gifts.intercept,
        "first_gift_yuan": gifts.first_median / 100.0,
        "donors_at_start": gifts.donors_at_start if asked else 0.0,
        "past": past_table(scenario, p),
        "completion": gifts.completion,
        "post_recruits": sharing.post_recruits,
        "invite_recruits": sharing.invite_recruits,
        "post": sharing.post,
        "invite": sharing.invite,
    }


def _who(scenario: Scenario, p: Parameters) -> Values:
    """Channels and segments as tables of a fixed size, padded with neutral values."""
    channels, segments = list(scenario.channels.values()), list(scenario.segments.values())
    profile, shape_lift = _session_profiles(scenario, p)
    return {
        "n_channels": max(len(channels), 1),
        "channel_upto": _shares([c.audience for c in channels], MAX_CHANNELS),
        "channel_reach": _padded([c.audience / 100.0 for c in channels], MAX_CHANNELS, 1.0),
        "channel_pull": _padded([c.pull for c in channels], MAX_CHANNELS, 1.0),
        "profile": profile,
        "shape_lift": shape_lift,
        "n_segments": max(len(segments), 1),
        "segment_upto": _shares([s.share for s in segments], MAX_SEGMENTS),
        "segment_activity": _padded([s.activity for s in segments], MAX_SEGMENTS, 1.0),
        "segment_minor": _padded([int(s.minor) for s in segments], MAX_SEGMENTS, 0),
    }


def _session_profiles(scenario: Scenario, p: Parameters) -> tuple[Floats, Floats]:
    """By shape of a day and channel, when sessions come, and how much the day is lifted by its hours."""
    shifts = _padded([c.hours_shift for c in scenario.channels.values()], MAX_CHANNELS, 0)
    profile, lift = np.zeros((MAX_SHAPES, MAX_CHANNELS, HOURS + 1)), np.ones((MAX_SHAPES, MAX_CHANNELS))
    for k, hours in enumerate(DayShapes.of(play_calendar(scenario, p)).hours):
        for c, shift in enumerate(shifts):
            profile[k, c], lift[k, c] = session_profile(int(shift), hours)
    return profile, lift


def _account(scenario: Scenario) -> Values:
    account = scenario.account
    return {
        "account_open": int(account.open),
        "native": account.native,
        "works": account.works,
        "studies": account.studies,
        "lives": account.lives,
        "holders_at_start": account.holders_at_start,
    }


def _staff_and_farmers(scenario: Scenario) -> Values:
    staff, farmers = scenario.staff, scenario.farmers
    return {
        "staff_share": staff.share,
        "staff_norm": staff.norm,
        "staff_push": math.exp(staff.push),
        "new_years": new_years(scenario),
        "removal": farmers.removal_per_day,
        "wrongly_blocked": farmers.wrongly_blocked,
    }


def _padded(values: list[Any], size: int, neutral: Any) -> NDArray[Any]:
    return np.array(values + [neutral] * (size - len(values)))


def _shares(weights: list[float], size: int) -> Floats:
    """Cumulative shares, padded with ones."""
    upto = np.ones(size)
    total = sum(weights) or 1.0
    upto[: len(weights)] = np.cumsum(weights) / total
    return upto


def tables(scenario: Scenario, p: Parameters) -> Values:
    """The tables that stand in the rules beside their numbers, padded to the size that fits every scenario."""
    offers = Offers.of(scenario, hourly_profile()["page_views"])
    days, period_end = day_table(scenario, p, offers)
    benefits = benefit_table(scenario)
    return {
        "n_days": len(days),
        "days": _filled(days, MOST_DAYS),
        "period_end": _filled(period_end, MOST_MONTHS),
        "deeds": deed_table(scenario),
        "mix": mix_table(scenario),
        "traits": trait_table(scenario, p),
        "n_benefits": len(benefits),
        "benefits": _filled(benefits, MAX_BENEFITS),
    } | offers.tables(scenario) | rule_tables(scenario, p) | visit_tables(scenario, p)  # fmt: skip


def _filled(rows: NDArray[Any], size: int) -> NDArray[Any]:
    """The rows and zeros behind them."""
    full = np.zeros(size, rows.dtype)
    full[: len(rows)] = rows
    return full


def rules_record(values: Values) -> NDArray[np.void]:
    """The values as one structured record, shape (1,): integers as i8, numbers as f8, tables nested."""
    fields: list[Any] = []
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            whole = "i8" if value.dtype.kind == "i" else "f8"
            fields.append((name, whole if value.dtype.names is None else value.dtype, value.shape))
        else:
            fields.append((name, "i8" if isinstance(value, int) else "f8"))
    record = np.zeros(1, np.dtype(fields))
    for name, value in values.items():
        record[name][0] = value
    return record
