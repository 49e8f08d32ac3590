"""The engine's own leaf rules: turning keyed words into counts, delays, instants and rows.

Each is a scalar function of plain numbers and arrays, compiled and plain with the same bits. Rules with
evidence behind them live in `sim.behaviour`, rules of the charity in `sim.domain`; these are arithmetic.
"""

from __future__ import annotations

from math import exp, log
from typing import Any

from sim import streams
from sim.compiling import rule
from sim.domain import beans as bean_rules
from sim.domain import eligibility as account_rules
from sim.domain import hours as hour_rules
from sim.domain import matching as match_rules
from sim.domain import pledges as pledge_rules
from sim.domain import ratios
from sim.kernel.rows import GROWING_DAYS, MOST_REFS, NEVER, PERIODS
from sim.kernel.world import Clock
from sim.seeding import WORD
from sim.spans import DAY_S

QUANTILES = 4_096  # a trait is one of so many equally likely values
MOST_IN_BASKET = 40

philox = rule(streams.philox)
unit = rule(streams.unit)
match_asked_fen = rule(match_rules.match_asked_fen)
ratio_at = rule(match_rules.ratio_at)
donation_fen = rule(pledge_rules.donation_fen)
capped_minutes = rule(hour_rules.capped_minutes)
service_minutes = rule(hour_rules.service_minutes)
capped_beans = rule(bean_rules.capped_beans)
give_all_hundreds = rule(bean_rules.full_hundreds)
fen_of_beans = rule(bean_rules.fen_of_beans)
gone_at_s = rule(bean_rules.gone_at_s)
is_ripe = rule(bean_rules.is_ripe)
may_open_account = rule(account_rules.may_open_account)
reaches_benefit = rule(account_rules.reaches_benefit)
capped_match_fen = rule(match_rules.capped_match_fen)
granted_fen = rule(match_rules.granted_fen)
share_of = rule(ratios.share_of)


@rule
def quantile(word: int) -> int:
    """Which of the equally likely values a word picks: its 12 high bits."""
    return word >> 20


@rule
def low_quantile(word: int) -> int:
    """A second, independent pick from the 12 low bits of the same word."""
    return word & 4095


@rule
def exponential(word: int) -> float:
    """An Exp(1) draw."""
    return -log(unit(word))


@rule
def poisson_count(word: int, mean: float) -> int:
    """A Poisson count by inversion; a shopping basket ends at MOST_IN_BASKET."""
    left = unit(word)
    chance = exp(-mean)
    count = 0
    while left > chance and count < MOST_IN_BASKET:
        left -= chance
        count += 1
        chance = chance * mean / count
    return count


@rule
def bin_at(clock: Clock, second: int) -> int:
    """The bin that holds a second: the first of its hour, or one of the next few."""
    k = clock.hour_bin[second // 3600]
    while clock.bins[k + 1].edge_s <= second:
        k += 1
    return int(k)


@rule
def bin_upto(clock: Clock, value: float) -> int:
    """The bin in which visits reach a value: the guide knows the first bin of every quarter of a day's visits."""
    k = clock.guide[int(value * 4.0)]
    while clock.bins[k + 1].upto <= value:
        k += 1
    return int(k)


@rule
def visits_upto(clock: Clock, second: int) -> float:
    """Visits an average shopper has made up to an instant, in ordinary days."""
    k = bin_at(clock, second)
    a = clock.bins[k]
    b = clock.bins[k + 1]
    return float(a.upto + (b.upto - a.upto) * ((second - a.edge_s) / (b.edge_s - a.edge_s)))


@rule
def next_visit_s(clock: Clock, second: int, rate: float, word: int) -> int:
    """The second of the next visit: an Exp(1) of the shopper's own visiting time later.

    `rate` is visits per ordinary day. NEVER when the scenario ends first.
    """
    if rate <= 0.0:
        return NEVER
    target = visits_upto(clock, second) + exponential(word) / rate
    if target >= clock.bins[len(clock.bins) - 1].upto:
        return NEVER
    k = bin_upto(clock, target)
    a = clock.bins[k]
    b = clock.bins[k + 1]
    at = a.edge_s + (b.edge_s - a.edge_s) * ((target - a.upto) / (b.upto - a.upto))
    return max(int(at), second + 1)


@rule
def sequential_uniform(done: float, left: int, word: int) -> float:
    """The next of `left` sorted uniforms above `done`."""
    return 1.0 - (1.0 - done) * exp(log(1.0 - unit(word)) / left)


@rule
def second_of_day(profile: Any, share: float) -> int:
    """The second of the day at which a channel's sessions have come so far; `profile` has 25 entries."""
    hour = 0
    while hour < 23 and profile[hour + 1] <= share:
        hour += 1
    inside = (share - profile[hour]) / (profile[hour + 1] - profile[hour])
    return min(int((hour + inside) * 3600.0), DAY_S - 1)


@rule
def planned_sessions(word: int, mean_extra: float) -> int:
    """1 + Poisson sessions on an active day, at most 15 (behaviour §5.1, A)."""
    return min(1 + poisson_count(word, mean_extra), 15)


@rule
def micro(word: int) -> int:
    """The microsecond within the second, so that equal seconds have an order."""
    return (word * 1_000_000) >> 32


@rule
def farm_second(word: int) -> int:
    """The second of the day at which a farm logs an account in: any hour but the last, always the same."""
    return (word * (DAY_S - 3600)) >> 32


@rule
def document_ref(t_s: int, place: int) -> int:
    """A user's own number for what is opened at second t_s: orders have the places below 64, claims those above."""
    return t_s * MOST_REFS + place


@rule
def document_lots(user: int, ref: int, part: int, purpose: int, R: Any) -> tuple[int, int, int, int]:
    """The draws that follow a document through its life; a reference is wider than a word of the key."""
    return philox(R.k0, R.k1, user, ref & WORD, (ref >> 32) * 4 + part, purpose)


@rule
def whole(mean: float, word: int) -> int:
    """A whole number with that mean: the floor, or one more by chance."""
    base = int(mean)
    return base + (1 if unit(word) < mean - base else 0)


@rule
def oldest_lot(growing: Any, day: int) -> int:
    """The earliest day whose beans are still growing, or day + 1 if there are none."""
    for lot in range(max(day - GROWING_DAYS + 1, 0), day + 1):
        if growing[lot % GROWING_DAYS] > 0:
            return lot
    return day + 1


@rule
def step_of_day(t_s: int, R: Any) -> int:
    """Which step of ripening it is within the day: beans of a step ripen together, by the day or in part of one."""
    return int(t_s % DAY_S // R.ripen_step_s)


@rule
def young_beans(u: Any, t_s: int, R: Any) -> int:
    """Beans earned in the present step: of the day's beans those that are not ripe, for all earlier ones are a step
    old. A step of a whole day leaves none of them."""
    if u.step == step_of_day(t_s, R):
        return int(u.young)
    return 0


@rule
def ripe_lot(u: Any, lot: int, t_s: int, R: Any) -> int:
    """How many beans earned on day `lot` can be harvested at second t_s of the user's present day."""
    day = t_s // DAY_S
    if lot == day:
        return int(u.growing[lot % GROWING_DAYS] - young_beans(u, t_s, R))
    if is_ripe(day * DAY_S, lot * DAY_S, DAY_S, R.ripen_s, R.fade_s):
        return int(u.growing[lot % GROWING_DAYS])
    return 0


@rule
def total_available(available: Any) -> int:
    """Harvested beans over all open expiry periods."""
    total = 0
    for k in range(PERIODS):
        total += available[k]
    return total


@rule
def done_today(today: int, today_more: int, deed: int) -> int:
    """How often a deed was done today, 0 … 3."""
    if deed < 16:
        return (today >> (2 * deed)) & 3
    return (today_more >> (2 * (deed - 16))) & 3


@rule
def alias_row(product: Any, word: int, fine: int, count: int) -> int:
    """A product by popularity: Walker's alias table, one row and one coin."""
    row = (word * count) >> 32
    if unit(fine) < product[row].keep:
        return row
    return int(product[row].other)


@rule
def delay_s(median_s: float, sigma: float, normal: float) -> int:
    """A lognormal delay in whole seconds."""
    return int(median_s * exp(sigma * normal))
