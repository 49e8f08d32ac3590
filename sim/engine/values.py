"""Every value a compiled rule may read, by name, gathered room by room from scenario and parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Floats
from sim.behaviour.parameters import Parameters
from sim.behaviour.sharing import share_probability
from sim.engine.clocks import session_profile
from sim.engine.rows import MAX_CHANNELS, MAX_SEGMENTS
from sim.engine.settings import quantile_points
from sim.scenario import DAY_S, SECOND, Scenario, since_start
from sim.seeding import key_of

MAX_FESTIVALS = 16
FAR_FUTURE_S = 2**31 - 1
Values = dict[str, Any]


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
        | _beans(scenario) | _giving(scenario, p) | _who(scenario) | _account(scenario) | _staff_and_farmers(scenario)
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
    """The one presale a scenario may have: from when, what share of orders, and when the balance is due."""
    for festival in scenario.festivals.values():
        if festival.presale_from is not None:
            day = (festival.day - scenario.scenario.start.date()).days
            return {
                "presale_share": festival.presale_share,
                "presale_from_s": since_start(scenario, festival.presale_from) // SECOND,
                "balance_s": day * DAY_S + festival.presale_balance_at // SECOND,
            }
    return {"presale_share": 0.0, "presale_from_s": FAR_FUTURE_S, "balance_s": 0}


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
        "order_beans": orders.beans if scenario.play.open else 0,
    }


def _play(scenario: Scenario, p: Parameters) -> Values:
    play = scenario.play
    return {
        "play_open": int(play.open),
        "entry_per_visit": play.entry_per_visit,
        "reminder": p["habit_reminder"] if play.reminder else 0.0,
        "sessions_extra": play.sessions_extra,
        "n_deeds": len(scenario.deeds),
        "teams_open": int(scenario.teams.open),
        "no_show": scenario.activities.no_show,
        "donated_cap": scenario.hours.donated_cap,
    }


def _beans(scenario: Scenario) -> Values:
    beans, farmers = scenario.beans, scenario.farmers
    shared = farmers.device_cap // farmers.devices  # accounts on one device share its cap
    return {
        "ripen_days": beans.ripen // (DAY_S * SECOND),
        "life_days": (beans.ripen + beans.fade) // (DAY_S * SECOND),
        "daily_cap": beans.daily_cap,
        "farmer_cap": min(beans.daily_cap, shared) if farmers.device_cap else beans.daily_cap,
        "bean_yuan": beans.perceived / 100.0,
        "beans_per_yuan": beans.per_yuan,
        "goal": float(beans.goal),
        "head_start": beans.head_start,
        "give_all": beans.give_all,
    }


def _giving(scenario: Scenario, p: Parameters) -> Values:
    gifts, sharing = scenario.gifts, scenario.sharing
    reward_yuan = sharing.reward * scenario.beans.perceived / 100.0

    def told(base: float) -> float:
        return share_probability(base, reward_yuan, p["sharing_cost_yuan"], p["choice_slope"])

    return {
        "gift_intercept": gifts.intercept,
        "first_gift_yuan": gifts.first_median / 100.0,
        "completion": gifts.completion,
        "post": told(sharing.post),
        "invite": told(sharing.invite),
        "post_recruits": sharing.post_recruits,
        "invite_recruits": sharing.invite_recruits,
        "share_reward": sharing.reward,
    }


def _who(scenario: Scenario) -> Values:
    """Channels and segments as tables of a fixed size, padded with neutral values."""
    channels, segments = list(scenario.channels.values()), list(scenario.segments.values())
    profiles = [session_profile(c.hours_shift) for c in channels]
    return {
        "n_channels": max(len(channels), 1),
        "channel_upto": _shares([c.audience for c in channels], MAX_CHANNELS),
        "channel_pull": _padded([c.pull for c in channels], MAX_CHANNELS, 1.0),
        "profile": np.stack(profiles + [session_profile(0)] * (MAX_CHANNELS - len(channels))),
        "n_segments": max(len(segments), 1),
        "segment_upto": _shares([s.share for s in segments], MAX_SEGMENTS),
        "segment_activity": _padded([s.activity for s in segments], MAX_SEGMENTS, 1.0),
        "segment_minor": _padded([int(s.minor) for s in segments], MAX_SEGMENTS, 0),
    }


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


def rules_record(values: dict[str, Any]) -> NDArray[np.void]:
    """The values as one structured record, shape (1,): integers as i8, numbers as f8, tables nested."""
    fields: list[Any] = []
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            fields.append((name, "i8" if value.dtype.kind == "i" else "f8", value.shape))
        else:
            fields.append((name, "i8" if isinstance(value, int) else "f8"))
    record = np.zeros(1, np.dtype(fields))
    for name, value in values.items():
        record[name][0] = value
    return record
