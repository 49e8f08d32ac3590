"""What a pledged product gives from each sale (公益宝贝), in fen.

Seller's agreement (F): a ratio of 0.1 to 100 % of what was actually paid, freight included, never below
0.02 yuan; or a fixed 1, 0.1 or 0.02 yuan, and the whole price if the fixed amount exceeds it. The least pledge
is a rule of the platform (`merchants.minimum_pledge`): another one stands in the place of the 0.02 yuan.
"""

from __future__ import annotations

from sim.domain.ratios import share_of

RATIO_PPM = (1_000, 1_000_000)  # 0.1 % … 100 %, in parts per million of the price
FIXED_FEN = (10, 100)  # the sums of the form above the minimum


def donation_fen(price_fen: int, ratio_ppm: int, fixed_fen: int) -> int:
    """The donation of one sale. `ratio_ppm` 0 means the fixed amount; never above the price paid.

    A ratio is rounded once, half to even, then lifted to `fixed_fen`, the least pledge.
    """
    if ratio_ppm == 0:
        return min(fixed_fen, price_fen)
    return min(max(share_of(price_fen, ratio_ppm), fixed_fen), price_fen)


def terms(wish_fen: float, price_fen: float, minimum_fen: int) -> tuple[int, int]:
    """What the form makes of the most a seller would give: (ratio in ppm, fixed sum or least of a ratio in fen).

    Who would give less than 0.1 yuan, the next sum of the form, does not raise the minimum (A). Others give what
    they would as a ratio; where that is below 0.1 % of the price, the largest fixed sum within it.
    """
    if wish_fen < max(FIXED_FEN[0], minimum_fen):
        return 0, minimum_fen
    least, most = RATIO_PPM
    if wish_fen * 1e6 < least * price_fen:
        return 0, max(fen for fen in (minimum_fen, *FIXED_FEN) if fen <= wish_fen)
    return min(round(wish_fen / price_fen * 1e6), most), minimum_fen
