"""Three tellings of the same rules agree: the ledger behind its service, the slow re-run, the compiled one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.auditing.evidence import Evidence
from loadtests.quick.asked import asked
from loadtests.quick.numbers import MODES, REFUSALS
from loadtests.quick.rerun import Refused, Rerun, rerun
from loadtests.rerun import Line
from loadtests.rerun import Rerun as SlowRerun
from loadtests.sendlog import RECORD
from sim.bookkeeping import POSTINGS, Kind
from sim.trace import empty_columns
from sim.wire import OPS, SENT_AS, Row, Wire
from tests.load_audit.playing import FEE_CAP_PPM, Played
from tests.load_audit.running import columns_of
from tests.load_audit.wandering import START_US, wander

SEEDS = st.integers(0, 2**32 - 1)
OPENINGS = [
    ("2110:u0:20220910", 300), ("2110:u0:20220912", 200), ("2100:u1:20220911", 400), ("2800:u2:labour:2021", 60),
    ("2600:s0", 900), ("2400:p1", 700), ("2300:m1", 50), ("2450:n0", 20),
]  # fmt: skip


@dataclass
class Told:
    """What the slow re-run makes of rows: events in order, and refusals with the seq before them."""

    slow: SlowRerun = field(default_factory=lambda: SlowRerun(START_US, fee_cap_ppm=FEE_CAP_PPM))
    places: list[int] = field(default_factory=list)
    events: list[list[Line]] = field(default_factory=list)
    refused: list[tuple[int, int, str]] = field(default_factory=list)  # place, seq before it, code

    def tell(self, place: int, drafted: list[Line] | str, row: Row | None) -> None:
        if isinstance(drafted, str):
            self.refused.append((place, len(self.events), drafted))
        else:
            self.places.append(place)
            self.events.append(drafted)
            self.slow.book(len(self.events), row, drafted)


def evidence_of(rows: list[Row], openings: list[tuple[str, int]]) -> Evidence:
    """Evidence of which only what was asked matters."""
    sent, wire = np.empty(0, RECORD), Wire("run", START_US)
    return Evidence(
        wire, columns_of(rows), empty_columns(), sent, [""], openings=openings, fee_cap_ppm=FEE_CAP_PPM
    )


def told(rows: list[Row], openings: list[tuple[str, int]]) -> Told:
    """The slow re-run over openings and rows."""
    tale = Told()
    for k, opening in enumerate(openings):
        tale.tell(len(rows) + k, tale.slow.draft_opening(*opening), None)
    for row in rows:
        tale.tell(row.n, tale.slow.draft(row), row)
    return tale


def quickly(evidence: Evidence, tale: Told) -> tuple[Rerun, list[str]]:
    """The compiled re-run over the same events; each refusal may only be where it was."""
    places, seqs = (np.array([one[k] for one in tale.refused], np.int64) for k in (0, 1))
    refused = Refused.of(places, seqs, seqs, [code for _, _, code in tale.refused])
    wanted = asked(evidence)
    seq = np.arange(1, len(tale.events) + 1)
    place = np.array(tale.places, np.int64)
    return rerun(wanted, seq, place, refused, 0, FEE_CAP_PPM), wanted.accounts.names()


@settings(max_examples=40)
@given(SEEDS, st.booleans())
def test_the_re_run_refuses_and_books_exactly_as_the_ledger_does(seed: int, opened: bool) -> None:
    """For any requests, valid or not: the same codes, the same lines, the same counters of every account."""
    played, slow = Played(Wire("run", START_US)), SlowRerun(START_US, fee_cap_ppm=FEE_CAP_PPM)
    for account, amount in OPENINGS if opened else ():
        answer, drafted = played.open(account, amount), slow.draft_opening(account, amount)
        assert answer.accepted
        assert not isinstance(drafted, str)
        slow.book(answer.seq, None, drafted)
    for row in wander(seed, 120):
        answer, drafted = played.ask(row), slow.draft(row)
        assert answer.code == (drafted if isinstance(drafted, str) else "")
        if not isinstance(drafted, str):
            assert [tuple(line) for line in played.journal[-1].transfers] == drafted
            slow.book(answer.seq, row, drafted)
    balances = played.balances()
    for name in balances.keys() | slow.accounts.names():
        assert slow.accounts.counters(name) == balances.get(name, (0, 0, 0, 0)), name


@settings(max_examples=40)
@given(SEEDS, st.booleans())
def test_the_compiled_re_run_says_what_the_slow_one_says(seed: int, opened: bool) -> None:
    """Line by line, refusal by refusal, account by account."""
    rows, openings = wander(seed, 200), OPENINGS if opened else []
    tale = told(rows, openings)
    quick, names = quickly(evidence_of(rows, openings), tale)
    assert (quick.ends >= 0).all()
    for i, lines in enumerate(tale.events):
        said = [
            (MODES[mode], names[debit], names[credit], amount, hold)
            for mode, debit, credit, amount, hold in quick.lines[
                quick.offsets[i] : quick.offsets[i + 1]
            ].tolist()
        ]
        assert said == [(m, d, c, amount, hold[0] if hold else 0) for m, d, c, _, amount, hold in lines]
    assert [REFUSALS[-1 - said] for said in quick.said.tolist()] == [code for _, _, code in tale.refused]
    assert quick.reproduced.all()
    for number, name in enumerate(names):
        assert tuple(quick.counters[number]) == tale.slow.accounts.counters(name)


def test_every_kind_of_request_and_every_refusal_was_met() -> None:
    """The random requests reach every rule, so their agreement means something."""
    codes: Counter[str] = Counter()
    kinds: Counter[int] = Counter()
    for seed in range(60):
        rows = wander(seed, 300)
        tale = told(rows, [])
        codes.update(code for _, _, code in tale.refused)
        kinds.update(rows[place].kind for place in tale.places)
    assert set(kinds) == set(OPS)
    assert set(OPS) >= set(POSTINGS) - set(SENT_AS) - {
        Kind.OPEN_HOURS,
        Kind.OPEN_BEANS_GROWING,
        Kind.OPEN_BEANS_AVAILABLE,
    }
    assert set(codes) >= set(REFUSALS) - {"openings_closed", "too_many_periods"}


def test_beans_of_seven_periods_are_too_many_for_one_spending() -> None:
    """Six accounts may give to one event; a revocation takes what six have, and no refusal is made of it."""
    days = [20220910 + k for k in range(7)]
    openings = [(f"2110:u0:{day}", 10) for day in days]
    for amount, code in ((60, ""), (61, "too_many_periods"), (71, "insufficient_funds")):
        slow = SlowRerun(START_US)
        played = Played(Wire("run", START_US))
        for account, beans in openings:
            played.open(account, beans)
            slow.book(0, None, list(slow.draft_opening(account, beans)))  # type: ignore[arg-type]
        row = Row(0, 0, 0, int(Kind.REDEEM_HOLD), subject=0, amount=amount)
        drafted = slow.draft(row)
        assert played.ask(row).code == code
        assert (drafted if isinstance(drafted, str) else "") == code
        rows = [row, Row(1, 0, 0, int(Kind.REVOKE), subject=0, amount=amount)]
        tale = told(rows, openings)
        quick, _ = quickly(evidence_of(rows, openings), tale)
        assert quick.reproduced.all()
        assert (quick.ends >= 0).all()


def test_openings_come_before_business() -> None:
    """An opening after the first event is refused."""
    rows = [Row(0, 0, 0, int(Kind.POOL_DEPOSIT), pool=0, amount=5)]
    evidence, slow = evidence_of(rows, [("2600:s1", 7)]), SlowRerun(START_US)
    slow.book(1, rows[0], list(slow.draft(rows[0])))  # type: ignore[arg-type]
    assert slow.draft_opening("2600:s1", 7) == "openings_closed"
    none = np.zeros(0, np.int64)
    quick = rerun(asked(evidence), np.array([1, 2]), np.array([0, 1]), Refused.of(none, none, none, []), 0, 0)
    assert REFUSALS[-1 - int(quick.ends[1])] == "openings_closed"


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(0, 0, True), (1, 1, False), (1, 2, True), (2, 2, True), (1, 3, True), (3, 3, False)],
)
def test_a_refusal_is_reproduced_only_inside_its_window(low: int, high: int, found: bool) -> None:
    """A pool of 5 is empty before its first deposit, and from a withdrawal to the next: only there it is refused."""
    kinds = (Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW, Kind.POOL_DEPOSIT, Kind.TEAM_UNLOCK)
    rows = [Row(n, 0, 0, int(kind), object=0, pool=0, amount=5) for n, kind in enumerate(kinds)]
    first, last = np.array([low]), np.array([high])
    refused = Refused.of(np.array([3]), first, last, ["pool_exhausted"])
    quick = rerun(asked(evidence_of(rows, [])), np.array([1, 2, 3]), np.array([0, 1, 2]), refused, 0, 0)
    assert bool(quick.reproduced[0]) is found
