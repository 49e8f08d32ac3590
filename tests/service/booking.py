"""Operations asked of a ledger directly: what HTTP would ask, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sim.bookkeeping import CHART
from sim.ledger.accounts import Side
from sim.ledger.entries import Answer, Command
from sim.ledger.ledger import Ledger
from sim.service.desk import Desk
from sim.service.keys import AccessKey, Keyring
from sim.service.operations import BY_OP
from sim.service.policy import Policy
from tests.service.serving import NOON, fresh

WALL = NOON + 1_000_000
Clock = Callable[[], int]


class Books:
    """A ledger and the keys that ask it; each call is one commit."""

    def __init__(self, ledger: Ledger, **policy: Any) -> None:
        self.ledger = ledger
        self.desk = Desk(Policy(**({"campaign_clock": True} | policy)), Keyring())

    def command(
        self, op: str, by: str = "operator", owners: tuple[str, ...] = ("*",), key: str = "", at: int = NOON,
        now: int = WALL, **words: Any,
    ) -> Command:  # fmt: skip
        """A request as a command."""
        message = BY_OP[op].decode(json.dumps({"effective_at": at, **words}).encode())
        asker = AccessKey(by, b"", frozenset(), frozenset(owners), 0)
        return self.desk.command(asker, BY_OP[op], message, key or fresh(), now)

    def ask(self, op: str, **words: Any) -> Answer:
        """A request and its answer."""
        return self.ledger.ask(self.command(op, **words))[0]

    def do(self, op: str, **words: Any) -> Any:
        """A request that must be accepted; what it says."""
        answer = self.ask(op, **words)
        assert answer.accepted, answer.body
        return json.loads(answer.body)

    def refused(self, op: str, **words: Any) -> Any:
        """A request that must be refused; what it says."""
        answer = self.ask(op, **words)
        assert not answer.accepted, answer.body
        return json.loads(answer.body)

    def available(self, name: str) -> int:
        account = self.ledger.state.account(name)
        return 0 if account is None else account.available

    def totals(self) -> dict[str, int]:
        """Per asset the balances of all accounts, debits less credits: 0 when the books balance."""
        sums: dict[str, int] = {}
        for account in self.ledger.store.accounts():
            sign = 1 if CHART[int(account.name.partition(":")[0])].normal is Side.DEBIT else -1
            sums[account.asset] = sums.get(account.asset, 0) + sign * account.balance
        return sums


def give(books: Books, *periods: int, beans: int = 100, user: str = "u1") -> None:
    """Opening beans, so many in each period."""
    for period in periods:
        books.do("openings", account=f"2110:{user}:{period}", amount=beans)


def funded(books: Books, fen: int = 1_000) -> None:
    """A project with money that is in custody."""
    books.do("donations", user="u1", project="p1", fen=fen)
    books.do("provider-settlements", fen=fen, direction="in")
