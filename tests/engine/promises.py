"""What sponsors promised to a person: which promise covers a gift or a pledge, and what is asked by it."""

from __future__ import annotations

from fractions import Fraction
from math import log
from types import SimpleNamespace

from sim.kernel.rules import unit
from tests.engine.person import PENDING, Person, Record


def ratio_for(promise: SimpleNamespace, fen: int) -> int:
    """The ratio, in millionths, of the tier in which a gift of so many fen lies; 0 below all of them."""
    return max((tier for tier in promise.tiers if tier[0] <= fen), default=(0, 0))[1]


def usual_match(promise: SimpleNamespace, fen: int) -> int:
    """What a promise adds to so many fen, by lot in the mean: whole fen, halves to the even one."""
    return min(round(Fraction(fen * ratio_for(promise, fen), 1_000_000)), promise.most)


def drawn_match(promise: SimpleNamespace, fen: int, lot: int) -> int:
    """What it adds by a lot of the gift's own, where it is by lot."""
    if not promise.lot:
        return usual_match(promise, fen)
    return min(int(fen * ratio_for(promise, fen) * -log(unit(lot)) / 1_000_000 + 0.5), promise.most)


class Promised(Person):
    """A person to whom promises were made."""

    given = 0  # gifts in this run

    def holds(self, rule: int) -> bool:
        """Whether a rule holds for this person now."""
        return True

    def is_covered(self, promise: SimpleNamespace, cause: int) -> bool:
        """Whether a promise is for this person, now, and for a project of that cause."""
        mine = self.holds(promise.rule) and promise.cause in (-1, cause)
        return mine and not (promise.first and self.given)

    def first_promise(
        self, promises: list[SimpleNamespace], fen: int, cause: int = -1
    ) -> SimpleNamespace | None:
        """The first that covers a gift and gives anything for one of its size."""
        covering = (one for one in promises if self.is_covered(one, cause) and ratio_for(one, fen) > 0)
        return next(covering, None)

    @staticmethod
    def ask(told: Record, promise: SimpleNamespace, fen: int) -> None:
        """Ask the promise's pool for so much; the barrier decides."""
        told["rule"], told["pool"], told["match"] = 1 + promise.rule, promise.pool, fen
        told["outcome"] = PENDING if fen > 0 else 0
