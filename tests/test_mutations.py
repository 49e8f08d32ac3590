"""Every line of the posting table matters: each mutant of it is caught by the close of a day.

Three days of a small campaign, written by hand, use every booked kind at least once, leave an order, a
voucher and a disbursement open and need a settlement in either direction. The witnesses are counted from
the actions alone, so a mutated table cannot mutate them too. `pytest -s` prints which checks catch what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from sim.bookkeeping import AMOUNTS, CHART, EFFECTS, POSTINGS, Kind, Line, Mode
from sim.engine.books import Books
from sim.engine.closing import Evidence, audit
from sim.engine.settlement import settlement_actions
from sim.errors import InvariantError
from tests.plainbooks import Row, plain_raised, plain_tallies, plain_users, row, stream

PROJECTS = 3
DAY = 86_400_000_000
SHIRT = {"agent": 1, "price": 9900, "fen": 50, "party": 0, "project": 0}
BOOK = {"agent": 2, "price": 4500, "fen": 23, "party": 1, "project": 1}
CANDLE = {"agent": 3, "price": 31, "fen": 31, "party": 2, "project": 2}  # all of it is donated
PHONE = {"agent": 4, "price": 70_000, "fen": 1400, "party": 0, "project": 2}
TEA = {"agent": 5, "price": 1250, "fen": 5, "party": 1, "project": 0}  # never confirmed

FIRST = [
    row(Kind.OPEN_BEANS_GROWING, 0, agent=1, beans=70),
    row(Kind.OPEN_BEANS_AVAILABLE, 0, agent=1, beans=530),
    row(Kind.OPEN_BEANS_AVAILABLE, 0, agent=2, beans=410),
    row(Kind.OPEN_HOURS, 0, agent=1, minutes=60, klass=0),
    row(Kind.OPEN_HOURS, 0, agent=2, minutes=12, klass=1),
    row(Kind.POOL_DEPOSIT, 0, fen=500_000, pool=1),
    row(Kind.POOL_DEPOSIT, 0, fen=300_000, pool=2),
    row(Kind.DEED, 1, agent=3, beans=20, minutes=36, klass=0),
    row(Kind.DEED, 2, agent=4, beans=40, minutes=18, klass=1),
    row(Kind.GRANT, 2, agent=4, beans=17, minutes=9, klass=0, rule=2),
    row(Kind.PRIZE, 2, agent=4, fen=1234, pool=1, rule=1),
    row(Kind.IMPORT, 3, agent=1, minutes=120, klass=0),
    row(Kind.VISIT, 4, agent=4),
    row(Kind.GIFT, 5, agent=2, fen=1000, match=400, minutes=6, klass=1, project=0, pool=1),
    row(Kind.GIFT, 6, agent=3, fen=250, minutes=6, klass=1, project=1),
    row(Kind.BEAN_GIFT, 7, agent=1, beans=300, fen=291, minutes=6, klass=1, project=2, pool=2),
    row(Kind.BEAN_GIFT, 8, agent=3, beans=900, fen=873, minutes=6, klass=1, project=2, pool=2, outcome=1),
    row(Kind.REDEEM_HOLD, 9, agent=2, beans=150),
    row(Kind.REDEEM_HOLD, 10, agent=2, beans=90),
    row(Kind.REDEEM_HOLD, 11, agent=1, beans=110),
    row(Kind.ORDER_PAY, 12, **SHIRT),
    row(Kind.ORDER_PAY, 13, **BOOK),
    row(Kind.ORDER_PAY, 14, **CANDLE),
    row(Kind.ORDER_PAY, 15, **PHONE),
    row(Kind.ORDER_PAY, 16, **TEA),
    row(Kind.HARVEST, 17, agent=1, beans=40),
    row(Kind.FADE, 18, agent=1, beans=13),
    row(Kind.TEAM_UNLOCK, 19, fen=7700, project=1, pool=1, team=3),
    row(Kind.FEE, 20, fen=90, project=0, party=0),
    row(Kind.SETTLE, DAY, fen=86_931),
    row(Kind.FEE_PAYOUT, DAY, fen=90, party=0),
]
SECOND = [
    row(Kind.ORDER_CONFIRM, DAY + 1, **SHIRT, match=17, minutes=6, klass=1, pool=2),
    row(Kind.ORDER_CONFIRM, DAY + 2, **CANDLE, minutes=6, klass=1),
    row(Kind.ORDER_REFUND, DAY + 3, **PHONE),
    row(Kind.CORRECTION, DAY + 4, fen=300, project=0),
    row(Kind.RECYCLE_BACK, DAY + 4, agent=2, fen=1, project=0),
    row(Kind.RETURN, DAY + 4, fen=2, project=0, party=2),
    row(Kind.DISBURSE_ASK, DAY + 5, fen=5000, project=1),
    row(Kind.DISBURSE_ASK, DAY + 6, fen=900, project=1),
    row(Kind.DISBURSE_ASK, DAY + 7, fen=600, project=0),
    row(Kind.DISBURSE_PAID, DAY + 8, fen=5000, project=1),
    row(Kind.DISBURSE_FAILED, DAY + 9, fen=600, project=0),
    row(Kind.EXPIRE, DAY + 10, agent=2, beans=61),
    row(Kind.DECAY, DAY + 10, agent=2, beans=17, rule=1),
    row(Kind.REVOKE, DAY + 11, agent=1, beans=35),
    row(Kind.REDEEM_SHIP, DAY + 12, agent=2, beans=150),
    row(Kind.REDEEM_CANCEL, DAY + 13, agent=1, beans=110),
    row(Kind.HOUR_REDEEM, DAY + 14, agent=1, minutes=30, klass=0),
    row(Kind.HOUR_REVOKE, DAY + 15, agent=2, minutes=7, klass=1),
    row(Kind.POOL_WITHDRAW, DAY + 16, fen=11_000, pool=2),
    row(Kind.SETTLE_BACK, 2 * DAY, fen=70_303),
    row(Kind.PAYOUT, 2 * DAY, fen=9850, party=0),
]
THIRD = [
    row(Kind.ORDER_CONFIRM, 2 * DAY + 1, **BOOK, match=23, minutes=6, klass=1, pool=1),
    row(Kind.GIFT, 2 * DAY + 2, agent=5, fen=333, project=2),
    row(Kind.FEE, 2 * DAY + 3, fen=20, project=2, party=1),
    row(Kind.MOVE, 2 * DAY + 4, fen=11, project=2, party=1),
    row(Kind.SETTLE, 3 * DAY, fen=333),
    row(Kind.PAYOUT, 3 * DAY, fen=4477, party=1),
    row(Kind.FEE_PAYOUT, 3 * DAY, fen=20, party=1),
]
DAYS = (FIRST, SECOND, THIRD)
SETTLEMENT = (Kind.SETTLE, Kind.SETTLE_BACK, Kind.PAYOUT, Kind.FEE_PAYOUT)
STREAMS = [stream(rows) for rows in DAYS]


def witnesses(rows: list[Row]) -> Evidence:
    """What the plain definitions say about all actions so far."""
    tally = np.array(list(plain_tallies(rows).values()))
    return Evidence(plain_users(rows), tally, np.array(plain_raised(rows, PROJECTS)), settled=True)


EVIDENCE = [witnesses([a for rows in DAYS[: day + 1] for a in rows]) for day in range(len(DAYS))]


def books() -> Books:
    """Empty books of this campaign."""
    return Books(merchants=3, projects=PROJECTS, pools=2, ngos=2, rules=2)


def caught_by() -> set[str]:
    """The names of the checks that fail on the first day on which any does; empty if all days close."""
    kept = books()
    for actions, evidence in zip(STREAMS, EVIDENCE, strict=True):
        try:
            kept.post(actions)
        except InvariantError as alarm:
            return {str(alarm).split(":")[0]}
        failed = {check["name"] for check in audit(kept.counters(), evidence) if not check["passed"]}
        if failed:
            return failed
    return set()


class Mutant(NamedTuple):
    """The posting table with one line of one kind replaced by none, one or two others."""

    change: str
    kind: Kind
    line: int
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return f"{self.kind.name}[{self.line}] {self.change}"

    def applied(self) -> tuple[Line, ...]:
        """The kind's lines as the mutant has them."""
        own = POSTINGS[self.kind]
        return own[: self.line] + self.lines + own[self.line + 1 :]


def mutants() -> Iterator[Mutant]:
    """For every line: drop, double, swap its sides, change either account, its amount, or its mode."""
    for kind, lines in POSTINGS.items():
        for k, line in enumerate(lines):
            yield Mutant("dropped", kind, k, ())
            yield Mutant("doubled", kind, k, (line, line))
            if line.to is None:
                swapped = line._replace(debit=line.credit, credit=line.debit)
                yield Mutant("sides swapped", kind, k, (swapped,))
            else:
                yield Mutant("credited to whom it is debited", kind, k, (line._replace(to=None),))
            for code in CHART:
                foreign = "" if CHART[code].asset is line.asset else " of another asset"
                if code != line.debit:
                    debited = line._replace(debit=code)
                    yield Mutant(f"debits {code} for {line.debit}{foreign}", kind, k, (debited,))
                if code != line.credit:
                    credited = line._replace(credit=code)
                    yield Mutant(f"credits {code} for {line.credit}{foreign}", kind, k, (credited,))
            for amount in AMOUNTS:
                if amount != line.amount:
                    named = line._replace(amount=amount)
                    yield Mutant(f"takes {amount} for {line.amount}", kind, k, (named,))
            for mode in Mode:
                if EFFECTS[mode] != EFFECTS[line.mode]:  # to void and to expire are one thing to the books
                    yield Mutant(f"is {mode} for {line.mode}", kind, k, (line._replace(mode=mode),))


def test_the_campaign_closes_and_settles_as_written() -> None:
    """Unmutated, all three days close, every booked kind occurs, and the settlement is the one by hand."""
    assert caught_by() == set()
    assert {a["kind"] for rows in DAYS for a in rows} >= set(POSTINGS)
    kept = books()
    for day, rows in enumerate(DAYS):
        asked = [a for a in rows if a["kind"] not in SETTLEMENT]
        by_hand = [(a["kind"], a["fen"], a["party"]) for a in rows if a["kind"] in SETTLEMENT]
        kept.post(stream(asked))
        paid = settlement_actions(kept, (day + 1) * DAY)
        assert [(a["kind"], a["fen"], a["party"]) for a in paid] == by_hand
        kept.post(paid)
    held = {code: counters[0].sum() for code, counters in kept.counters().items() if counters[0].any()}
    assert held == {2110: 90, 2200: 1250, 2400: 900}


def test_every_mutant_of_the_posting_table_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Account, amount, side, mode, dropped or doubled: no change of a line survives the day closes."""
    catches: Counter[str] = Counter()
    survivors, count = [], 0
    for mutant in mutants():
        with monkeypatch.context() as patch:
            patch.setitem(POSTINGS, mutant.kind, mutant.applied())
            caught = caught_by()
        count += 1
        catches.update(caught)
        print(f"{mutant}: {', '.join(sorted(caught)) or 'SURVIVED'}")
        if not caught:
            survivors.append(str(mutant))
    print(f"{count} mutants; caught by", ", ".join(f"{name} {n}" for name, n in catches.most_common()))
    assert survivors == []
    assert count > len(POSTINGS) * 40
    idle = {check["name"] for check in audit(books().counters(), EVIDENCE[0])} - set(catches)
    assert idle == set(), "a check that catches no mutant guards nothing"
