"""What a pledged product gives from each sale (公益宝贝), in fen.

Seller's agreement (F): a ratio of 0.1 to 100 % of what was actually paid, freight included, never below
0.02 yuan; or a fixed 1, 0.1 or 0.02 yuan, and the whole price if the fixed amount exceeds it.
"""

from __future__ import annotations

from sim.domain.ratios import share_of

RATIO_PPM = (1_000, 1_000_000)  # 0.1 % … 100 %, in parts per million of the price
FIXED_FEN = (2, 10, 100)
MINIMUM_FEN = FIXED_FEN[0]


def donation_fen(price_fen: int, ratio_ppm: int, fixed_fen: int) -> int:
    """The donation of one sale. `ratio_ppm` 0 means the fixed amount; never above the price paid.

    A ratio is rounded once, half to even, then lifted to 0.02 yuan.
    """
    if ratio_ppm == 0:
        return min(fixed_fen, price_fen)
    return min(max(share_of(price_fen, ratio_ppm), MINIMUM_FEN), price_fen)
