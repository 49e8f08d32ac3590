"""Accounts with four counters, as a bank engineer knows them: debits and credits, pending and posted.

An account holds one asset and grows on its normal side. `floor` and `ceiling` bound its available balance;
holds that would leave count against the floor, holds that would arrive count against the ceiling.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

LIMIT = 2**62  # no counter passes it, so that no sum of two can wrap
MOST = 10**12  # largest amount of one transfer


class Side(StrEnum):
    """The side on which an account grows."""

    DEBIT = "D"
    CREDIT = "C"


class AccountType(Protocol):
    """What the chart says of all accounts of one code; `floor` None = none."""

    @property
    def code(self) -> int: ...
    @property
    def asset(self) -> str: ...
    @property
    def normal(self) -> Side: ...
    @property
    def floor(self) -> int | None: ...


Chart = Mapping[int, AccountType]


class Account:
    """One account. Its name reads `code` or `code:owner:…`; counters only grow, but for resolved holds."""

    __slots__ = (
        "asset",
        "ceiling",
        "closed",
        "cr_pending",
        "cr_posted",
        "dr_pending",
        "dr_posted",
        "floor",
        "grows_by_credit",
        "id",
        "name",
    )

    def __init__(
        self,
        id: int,
        name: str,
        kind: AccountType,
        floor: int | None,
        ceiling: int | None = None,
        closed: bool = False,
        counters: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> None:
        self.id = id
        self.name = name
        self.asset = str(kind.asset)
        self.grows_by_credit = kind.normal is Side.CREDIT
        self.floor = floor
        self.ceiling = ceiling
        self.closed = closed
        self.dr_pending, self.dr_posted, self.cr_pending, self.cr_posted = counters

    @property
    def counters(self) -> tuple[int, int, int, int]:
        """dr_pending, dr_posted, cr_pending, cr_posted."""
        return self.dr_pending, self.dr_posted, self.cr_pending, self.cr_posted

    @counters.setter
    def counters(self, values: tuple[int, int, int, int]) -> None:
        self.dr_pending, self.dr_posted, self.cr_pending, self.cr_posted = values

    @property
    def balance(self) -> int:
        """What is posted, on the normal side."""
        net = self.cr_posted - self.dr_posted
        return net if self.grows_by_credit else -net

    @property
    def available(self) -> int:
        """The balance less what is held to leave: what a floor bounds."""
        if self.grows_by_credit:
            return self.cr_posted - self.dr_posted - self.dr_pending
        return self.dr_posted - self.cr_posted - self.cr_pending

    @property
    def reach(self) -> int:
        """The balance with what is held to arrive: what a ceiling bounds."""
        if self.grows_by_credit:
            return self.cr_posted + self.cr_pending - self.dr_posted
        return self.dr_posted + self.dr_pending - self.cr_posted

    def copy(self) -> Account:
        """The same account, to be changed apart."""
        twin = Account.__new__(Account)
        twin.id, twin.name, twin.asset = self.id, self.name, self.asset
        twin.grows_by_credit, twin.floor, twin.ceiling = self.grows_by_credit, self.floor, self.ceiling
        twin.closed = self.closed
        twin.dr_pending, twin.dr_posted = self.dr_pending, self.dr_posted
        twin.cr_pending, twin.cr_posted = self.cr_pending, self.cr_posted
        return twin


class Opener:
    """Opens accounts of a chart: each is the copy of a blank one of its code."""

    def __init__(self, chart: Chart) -> None:
        self._blank = {str(code): Account(0, str(code), kind, kind.floor) for code, kind in chart.items()}

    def __call__(self, id: int, name: str) -> Account:
        """A new account of the type its code names. Raises KeyError for a code that is not in the chart."""
        account = self._blank[name.partition(":")[0]].copy()
        account.id, account.name = id, name
        return account
