"""What sponsors promised to a person: which promise covers a gift or a pledge, and what is asked by it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import log
from types import SimpleNamespace

from sim.kernel.rules import unit
from tests.engine.moved import Moved
from tests.engine.payer import Rules
from tests.engine.person import PENDING, Record


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


class Promised(Moved):
    """A person to whom promises were made."""

    def covering(
        self, promises: list[SimpleNamespace], live: Rules, cause: int = -1
    ) -> Iterator[SimpleNamespace]:
        """The promises that are for this person under the rules that hold, and for a project of that cause."""
        for promise in promises:
            if promise.rule in live and promise.cause in (-1, cause) and not (promise.first and self.given):
                yield promise

    def first_promise(
        self, promises: list[SimpleNamespace], live: Rules, fen: int, cause: int = -1
    ) -> SimpleNamespace | None:
        """The first that covers a gift and gives anything for one of its size."""
        covering = self.covering(promises, live, cause)
        return next((one for one in covering if ratio_for(one, fen) > 0), None)

    @staticmethod
    def ask(told: Record, promise: SimpleNamespace, fen: int) -> None:
        """Ask the promise's pool for so much; the barrier decides."""
        told["rule"], told["pool"], told["match"] = 1 + promise.rule, promise.pool, fen
        told["outcome"] = PENDING if fen > 0 else 0
