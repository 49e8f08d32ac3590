"""Giving money: who gives, how much, and what a match changes.

A match moves who gives, not by its ratio and not the amount (Karlan & List 2007, 50,083 letters, V).
"""

from __future__ import annotations

from math import exp, log

from sim.compiling import rule

LOW_RATIO = 0.5  # a match of 25 % did nothing, one of 50 % did (Meier & Frey 2004, F)
HEAPS_YUAN = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
NEUTRAL_STARS = 3.0


@rule
def logistic(x: float) -> float:
    """Probability of log-odds x, without overflow at either end."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    odds = exp(x)
    return odds / (1.0 + odds)


@rule
def gives_logit(
    intercept: float,
    prior_gifts: float,
    months_since: float,
    often: float,
    lapse: float,
    match: float,
    trust: float,
) -> float:
    """Log-odds that somebody who sees an appeal gives (recency and frequency, Karlan & List 2007, V).

    `months_since` counts from the last gift; `match` and `trust` are log-odds of their own rules.
    """
    return intercept + often * log(1.0 + prior_gifts) - lapse * log(1.0 + months_since) + match + trust


@rule
def match_effect(ratio: float, effect: float, low_ratio_factor: float) -> float:
    """Log-odds of giving under a match of `ratio` yuan per yuan: its presence counts, not its ratio (V).

    Below 0.5 to 1 only `low_ratio_factor` of it remains (Meier & Frey 2004, sign F).
    """
    if ratio <= 0.0:
        return 0.0
    if ratio < LOW_RATIO:
        return effect * low_ratio_factor
    return effect


@rule
def stars_pull(stars: float, small: bool, effect: float) -> float:
    """Log-odds of giving to a project rated 1 … 5 stars: small charities only (Yoruk 2016, F)."""
    if not small:
        return 0.0
    return effect * (stars - NEUTRAL_STARS)


@rule
def repeat_gift_yuan(
    previous_max_yuan: float, normal: float, dollar_yuan: float, constant: float, slope: float, sd: float
) -> float:
    """A donor's next gift from the largest so far (> 0) and a standard normal (Karlan & List 2007, V).

    The regression speaks dollars and its slope is no 1: yuan are changed into dollars before, and back after.
    """
    dollars = exp(constant + slope * log(previous_max_yuan / dollar_yuan) + sd * normal)
    return dollars * dollar_yuan


@rule
def first_gift_yuan(median_yuan: float, normal: float, sigma: float) -> float:
    """A first gift: lognormal around its median, from a standard normal (A)."""
    return median_yuan * exp(sigma * normal)


@rule
def heaped_gift_yuan(yuan: float, uniform: float, heap_share: float) -> float:
    """The gift as given: usually the nearest button of 1 … 200 yuan in log space, else unchanged.

    Of the letters' gifts 97 % are multiples of 5 dollars (Karlan & List 2007, V); the share in an app is A.
    """
    if uniform >= heap_share:
        return yuan
    best = HEAPS_YUAN[0]
    for heap in HEAPS_YUAN[1:]:
        # nearer in log space to the larger button from their geometric mean on
        if yuan * yuan >= best * heap:
            best = heap
    return best


@rule
def parts_of_gift(fen: int, parts: float, most: int) -> int:
    """Into how many gifts somebody splits what they give who knows that each gift has a lot of its own (sign F, A).

    Never so many that one of them would be nothing.
    """
    return int(max(min(parts, most, fen), 1))


@rule
def part_fen(fen: int, parts: int, part: int) -> int:
    """The part-th of so many gifts: equal ones that add up to the fen, what is over in the first."""
    return fen // parts + (1 if part < fen % parts else 0)


@rule
def completes(
    remaining_yuan: float, typical_yuan: float, uniform: float, probability: float, within: float
) -> bool:
    """Whether a giver pays exactly what a project still needs: possible once it is `within` typical gifts.

    Completing gifts are more than twice the others (DonorsChoose, Wash 2013, F).
    """
    return 0.0 < remaining_yuan <= within * typical_yuan and uniform < probability
