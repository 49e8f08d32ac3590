"""What a charity label does for a product."""

from __future__ import annotations

from math import exp, log

from sim.compiling import rule


@rule
def label_pull(donation_share: float, scale: float, half: float, seller_factor: float) -> float:
    """Log-odds of purchase from a donation of that share of the price, 0 … 1.

    Fitted to +6 and +14 percentage points at 10 % and 100 % donated (eBay, Elfenbein, Fisman & McManus
    2012, F). `seller_factor` is above 1 for sellers without history, below for established ones (sign F).
    """
    return seller_factor * scale * log(1.0 + donation_share / half)


@rule
def cofunded(donation: float, ratio: float, above: float, most: float) -> float:
    """What a sponsor adds to a pledge of at least `above`, and the label shows beside it; all in one unit."""
    return min(donation * ratio, most) if donation >= above else 0.0


@rule
def sales_gain(pull: float) -> float:
    """Relative gain in sales of a product rarely bought per view: exp(pull) - 1."""
    return exp(pull) - 1.0
