"""Numbers for account names: everything the rows of a run can touch, known before the export is read.

Accounts without owner come first, so that their numbers are constants; then those with owners, by code, owner and
period. A user's accounts of one code, or hours of one class, are therefore neighbours, the earliest period first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import CHART
from sim.errors import UsageError
from sim.wire import CLASSES, Wire

Ints = NDArray[np.int64]

# The column of a row that owns an account, and the letter of its name.
OWNERS = {
    2100: ("subject", "u"), 2110: ("subject", "u"), 2800: ("subject", "u"), 2200: ("party", "m"),
    2300: ("party", "m"), 2400: ("object", "p"), 2450: ("party", "n"), 2600: ("pool", "s"), 3110: ("rule", "r"),
    3310: ("rule", "r"), 3120: ("rule", "r"), 3520: ("rule", "r"), 3130: ("subject", "u"), 3530: ("subject", "u"),
}  # fmt: skip
UNOWNED = tuple(code for code in CHART if code not in OWNERS)
RANK = {code: rank for rank, code in enumerate((*UNOWNED, *OWNERS))}
OWNER_BITS, TAIL_BITS = 32, 25
YEARS = 10_000  # the tail of hours is klass * YEARS + year, of beans the day, of others 0
ALLOWANCES = (
    3130,
    3530,
)  # … of what a user may have of a rule: the rule, and the day since the epoch (0 = ever)
DAY_BITS = 16


def key_of(code: int, owner: Ints | int, tail: Ints | int = 0) -> Ints:
    """What accounts are sorted by."""
    above = RANK[code] << OWNER_BITS + TAIL_BITS
    return np.asarray(above + (np.asarray(owner, np.int64) << TAIL_BITS) + np.asarray(tail, np.int64))


class Numbers(dict[str, int]):
    """Account name → number. A name that is not known gets the next one, in the order of asking."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number


class Accounts:
    """The accounts behind some keys. `numbers` grows by what only the ledger knows."""

    def __init__(self, wire: Wire, keys: Sequence[Ints]) -> None:
        fixed = [key_of(code, 0) for code in UNOWNED]
        every = np.sort(np.concatenate([np.asarray(fixed, np.int64), *keys]))
        self.keys = every[np.append(True, every[1:] != every[:-1])]
        names = chain.from_iterable(self._names(code, wire) for code in RANK)
        self.numbers = Numbers(zip(names, range(len(self.keys)), strict=True))

    def _names(self, code: int, wire: Wire) -> list[str]:
        if code not in OWNERS:
            return [str(code)]
        first, last = np.searchsorted(self.keys, [key_of(code, 0), key_of(code, 1 << OWNER_BITS)]).tolist()
        keys = self.keys[first:last]
        owners = (keys >> TAIL_BITS & (1 << OWNER_BITS) - 1).tolist()
        tails = (keys & (1 << TAIL_BITS) - 1).tolist()
        begin = f"{code}:{wire.name(OWNERS[code][1], 0)[:-1]}"
        if code in ALLOWANCES:
            return [
                f"{code}:{wire.name('r', tail >> DAY_BITS)}:{wire.name('u', owner)}:{_day(tail & (1 << DAY_BITS) - 1)}"
                for owner, tail in zip(owners, tails, strict=True)
            ]
        if code == 2800:
            return [
                f"{begin}{owner}:{CLASSES[tail // YEARS]}:{tail % YEARS}"
                for owner, tail in zip(owners, tails, strict=True)
            ]
        if code in (2100, 2110):
            return [f"{begin}{owner}:{tail}" for owner, tail in zip(owners, tails, strict=True)]
        return [f"{begin}{owner}" for owner in owners]

    def find(self, keys: Ints) -> Ints:
        """Numbers of keys that are known."""
        return np.searchsorted(self.keys, keys)

    @property
    def periods(self) -> NDArray[np.int32]:
        """By number, the day of beans or the year of hours."""
        return np.asarray(self.keys & (1 << TAIL_BITS) - 1, np.int32)

    @property
    def codes(self) -> NDArray[np.int32]:
        """By number, the code of the chart."""
        return np.asarray(np.array(list(RANK))[self.keys >> OWNER_BITS + TAIL_BITS], np.int32)

    @property
    def owners(self) -> Ints:
        """By number, the owner's index."""
        return np.asarray(self.keys >> TAIL_BITS & (1 << OWNER_BITS) - 1)

    def names(self) -> list[str]:
        """By number."""
        return list(self.numbers)


def _day(number: int) -> str:
    return str(np.datetime64(number, "D")).replace("-", "") if number else "ever"


def parse(name: str) -> tuple[int, int, int]:
    """Code, owner and tail of an account that can be opened, as the trace names it. Raises UsageError."""
    try:
        code, *rest = name.split(":")
        letter = OWNERS[int(code)][1]
        if not rest[0].startswith(letter):
            raise ValueError(name)
        owner = int(rest[0][1:])
        if code == "2800":
            return int(code), owner, CLASSES.index(rest[1]) * YEARS + int(rest[2])
        return int(code), owner, int(rest[1]) if code in ("2100", "2110") else 0
    except (KeyError, ValueError, IndexError):
        raise UsageError(f"openings: {name!r} is no account that can be opened") from None
