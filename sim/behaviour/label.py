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
def sales_gain(pull: float) -> float:
    """Relative gain in sales of a product rarely bought per view: exp(pull) - 1."""
    return exp(pull) - 1.0


def second_look(pull: float, pledged_share: float) -> float:
    """Chance to look again after a product without a label, so that the odds of a labelled one rise by exp(pull).

    Both looks find a labelled product with the probability `pledged_share`; a pull too strong for one more look
    stops at certainty.
    """
    odds = exp(pull)
    return min((odds - 1.0) / (1.0 - pledged_share + odds * pledged_share), 1.0)
