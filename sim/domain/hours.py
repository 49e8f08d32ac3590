"""Charity hours (公益时), kept as whole minutes: 6 are 0.1 hour, 60 one hour.

Labour (出力) and donated (捐献) minutes are never added to one balance; general participation (泛公益) is
recorded beside them and worth none. The conversions are the published standard (F) except where marked A.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

# Minutes credited once per action. The list is open: a scenario's catalogue may hold more.
STANDARD_MINUTES = {
    "step_donation": 6,  # F
    "money_donation": 6,  # F: one gift, whatever its sum
    "cause_purchase": 6,  # F: one confirmed order of a pledged product
    "quiz": 6,  # D: a reporter got 0.6 hours for a report and a quiz
    "report": 30,  # D: the same check value
    "tree": 60,  # F: a tree planted alone in Ant Forest
}


class Klass(IntEnum):
    """What a record of charity time counts as."""

    LABOUR = 0
    DONATED = 1
    GENERAL = 2


@dataclass(frozen=True)
class Statement:
    """What a user sees: my charity hours (minutes, by class), actions taken, general participation."""

    labour: int = 0
    donated: int = 0
    actions: int = 0
    general: int = 0

    @property
    def minutes(self) -> int:
        return self.labour + self.donated


def service_minutes(worked: int) -> int:
    """Minutes of offline service: every full 6 worked minutes count, without travel, meals and rest (F)."""
    return worked // 6 * 6


def blood_minutes(millilitres: int) -> int:
    """Minutes of a blood donation: 240 per 200 ml (F), in proportion, nearest minute: 250 ml are 300."""
    # Fifths of a minute never lie halfway, so adding one half rounds to nearest.
    return (millilitres * 12 + 5) // 10


def review_minutes(tasks: int) -> int:
    """Minutes of online review: 6 for every full 20 tasks (F)."""
    return tasks // 20 * 6


def capped_minutes(asked: int, used: int, cap: int) -> int:
    """What is credited of `asked` minutes when `used` of the cap are gone: never negative, never above it."""
    return max(0, min(asked, cap - used))


def statement(records: Iterable[tuple[Klass, int]]) -> Statement:
    """The statement of a user's records (class, minutes). General participation adds no minutes."""
    labour = donated = actions = general = 0
    for klass, minutes in records:
        if klass == Klass.GENERAL:
            general += 1
            continue
        actions += 1
        if klass == Klass.LABOUR:
            labour += minutes
        else:
            donated += minutes
    return Statement(labour, donated, actions, general)
