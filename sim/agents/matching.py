"""Sponsors' promises (配捐): which rules add to gifts and to sellers' pledges, on what terms, from whose pool.

A promise is a rule of the scenario with the form `match` or `cofund`, its amounts laid out as tiers: one ratio is one
tier from nothing on. Whom it is for and when is the rule's own affair (`sim.engine.incentives`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.domain.matching import match_asked_fen, ratio_at
from sim.domain.ratios import PPM
from sim.scenario import Rule, Scenario

ANY_CAUSE = -1
LEAST_RATIO = PPM // 100  # who draws the most of a match gives no more than a hundred times its cap


@dataclass(frozen=True)
class Promise:
    """What one rule promises. Tiers ascend; amounts in fen, ratios in ppm."""

    rule: int  # index in the file
    name: str
    serves: str  # gifts or orders
    pool: int
    above: tuple[int, ...]
    ratios: tuple[int, ...]
    most: int  # for one gift or order
    per_account: int  # 0 is without limit
    first: bool = False
    cause: int = ANY_CAUSE
    lot: bool = False
    named: bool = False

    @property
    def gives(self) -> bool:
        """Whether any gift could draw anything."""
        return self.most > 0 and any(self.ratios)

    def asked(self, fen: int) -> int:
        """What a gift draws, fen (by lot: in the mean)."""
        return match_asked_fen(fen, ratio_at(fen, self.above, self.ratios, len(self.above)), self.most)

    def felt_ratio(self, usual_fen: int) -> float:
        """Yuan a yuan for a usual gift, or for the least that is matched where that is more; within its cap."""
        matched = (above for above, ratio in zip(self.above, self.ratios, strict=True) if ratio > 0)
        fen = max(usual_fen, min(matched, default=0), 1)
        return min(ratio_at(fen, self.above, self.ratios, len(self.above)) / PPM, self.most / fen)

    def best_fen(self) -> int:
        """The least gift that draws the most: what somebody gives who is after the match."""
        ends = (*(above - 1 for above in self.above[1:]), self.most * PPM)
        wanted = [-(-self.most * PPM // max(ratio, LEAST_RATIO)) for ratio in self.ratios]
        gifts = [
            max(min(fen, end), above, 1) for fen, above, end in zip(wanted, self.above, ends, strict=True)
        ]
        best = min(gifts, key=lambda fen: (-self.asked(fen), fen))
        while best > 1 and self.asked(best - 1) == self.asked(best):  # a fen less may be rounded to the same
            best -= 1
        return best


def promises(scenario: Scenario) -> tuple[Promise, ...]:
    """Every promise that can give something, in the order of the file."""
    made = (_promise(scenario, k, name, rule) for k, (name, rule) in enumerate(scenario.rules.items()))
    return tuple(promise for promise in made if promise is not None and promise.gives)


def _promise(scenario: Scenario, k: int, name: str, rule: Rule) -> Promise | None:
    pools, causes = list(scenario.pools), list(scenario.projects.causes)
    if rule.form.match is not None:
        m = rule.form.match
        tiers = sorted((tier.above, tier.ratio) for tier in m.tiers) or [(0, m.ratio)]
        cause = ANY_CAUSE if m.cause is None else causes.index(m.cause)
        above, ratios = zip(*tiers, strict=True)
        return Promise(
            k,
            name,
            "gifts",
            pools.index(m.pool),
            above,
            ratios,
            m.most,
            m.per_account,
            m.first,
            cause,
            m.lot,
            m.named,
        )
    if rule.form.cofund is not None:
        c = rule.form.cofund
        return Promise(k, name, "orders", pools.index(c.pool), (c.above,), (c.ratio,), c.most, c.per_account)
    return None
