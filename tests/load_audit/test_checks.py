"""The checks in n log n against their definitions over all pairs, on small inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loadtests.adapters import Ending
from loadtests.auditing.acknowledged import DOUBTFUL, Matched, check_asked, check_kept, check_resolved, gaps
from loadtests.auditing.evidence import FAR, Evidence
from loadtests.auditing.findings import Check, Defect
from loadtests.auditing.journal import Journal, Reading
from loadtests.auditing.realtime import check_order, windows
from loadtests.quick import numbers as N
from loadtests.quick.asked import asked
from loadtests.quick.fold import CREDIT_FLOOR, DEBIT_FLOOR, GOOD, NO_FLOOR, NOT_OPEN, TOO_MUCH, fold
from loadtests.sendlog import RECORD
from sim.bookkeeping import Kind
from sim.trace import empty_columns
from sim.wire import Row, Wire
from tests.load_audit.running import columns_of, pages_of
from tests.load_audit.wandering import START_US

UNSENT = None
ACKED = (Ending.ACCEPTED, Ending.DUPLICATE)
Sent = tuple[int, int, Ending, int]  # started, took, ending, acknowledged seq

endings = st.sampled_from([e for e in Ending if e is not Ending.SHED])
sent_rows = st.tuples(st.integers(0, 12), st.integers(0, 6), endings, st.integers(1, 9))
logs = st.lists(st.none() | sent_rows, min_size=1, max_size=9)


class Case(NamedTuple):
    """Rows that were sent or not, and a journal of (seq, row); -1 stands for an event nobody asked for."""

    log: list[Sent | None]
    events: list[tuple[int, int]]


@st.composite
def cases(draw: Any) -> Case:
    """Any log, and any journal over its rows."""
    log = draw(logs)
    rows = st.integers(-1, len(log) - 1)
    events = draw(st.lists(st.tuples(st.integers(1, 12), rows), max_size=12))
    return Case(log, sorted(events))


@st.composite
def shuffled(draw: Any) -> Case:
    """Rows that are nearly all acknowledged and in the ledger, in any order."""
    nearly = st.sampled_from([Ending.ACCEPTED] * 6 + [Ending.UNKNOWN, Ending.DUPLICATE])
    log = draw(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), nearly, st.just(1)), min_size=2, max_size=8)
    )
    seqs = draw(st.permutations(range(1, len(log) + 1)))
    return Case(log, sorted((seq, row) for row, seq in enumerate(seqs) if draw(st.integers(0, 9))))


def evidence_of(log: list[Sent | None]) -> Evidence:
    """A deed a row, by another user each."""
    rows = [Row(n, n, n, int(Kind.DEED), subject=n, amount=1, period=20220912) for n in range(len(log))]
    sent = np.zeros(sum(one is not None for one in log), RECORD)
    for record, (n, one) in zip(
        sent, ((n, one) for n, one in enumerate(log) if one is not None), strict=True
    ):
        started, took, ending, seq = one
        record["row"], record["started"], record["ended"] = n, started, started + took
        record["outcome"], record["seq"], record["used"] = ending, seq if ending in ACKED else 0, 1
    return Evidence(Wire("run", START_US), columns_of(rows), empty_columns(), sent, [""])


def matched(case: Case) -> tuple[Evidence, Journal, Matched]:
    """A case as the checks get it, through an export."""
    evidence = evidence_of(case.log)
    line = {"transfers": [["posted", "3100", "2100:u0:20220912", "BEAN", 1, None]]}
    ids = {-1: "f" * 32} | {n: evidence.wire.event_id(n, "platform") for n in range(len(case.log))}
    reading = Reading(evidence.ids, asked(evidence).accounts)
    for page in pages_of([{"seq": seq, "id": ids[row]} | line for seq, row in case.events], page=3):
        reading.see(page)
    journal = reading.journal()
    return evidence, journal, Matched.of(evidence, journal)


def found(check: Check) -> dict[Defect, int]:
    """How often each defect was found."""
    return {finding.defect: finding.count for finding in check.findings}


def some(**counts: int) -> dict[Defect, int]:
    """Counts by the defects' names, without zeros."""
    return {Defect[name]: count for name, count in counts.items() if count}


@given(cases())
def test_acknowledged_events_are_there_once_with_their_seq(case: Case) -> None:
    """Check 1 by its definition, event by event."""
    evidence, journal, both = matched(case)
    times = Counter(row for _, row in case.events)
    first = {row: seq for seq, row in reversed(case.events)}
    acked = {n: one[3] for n, one in enumerate(case.log) if one and one[2] in ACKED}
    seqs = {seq for seq, _ in case.events}
    missing = len(set(range(1, max(seqs, default=0) + 1)) - seqs)
    assert found(check_kept(evidence, journal, both)) == some(
        LOST=sum(times[n] == 0 for n in acked) + missing,
        DUPLICATED=sum(count > 1 for row, count in times.items() if row >= 0),
        MISNUMBERED=sum(times[n] > 0 and first[n] != seq for n, seq in acked.items()),
    )


@given(cases())
def test_everything_in_the_ledger_was_asked_for(case: Case) -> None:
    """Checks 2 and 3 by their definitions: unknown, refused or unsent events; doubts, there or not."""
    evidence, journal, both = matched(case)
    there = {row for _, row in case.events if row >= 0}
    unasked = [n for n in there if case.log[n] is None or case.log[n][2] is Ending.REJECTED]  # type: ignore[index]
    strange = sum(row == -1 for _, row in case.events)
    assert found(check_asked(evidence, journal, both)) == some(INVENTED=len(unasked) + strange)
    doubts = [n for n, one in enumerate(case.log) if one and one[2] in DOUBTFUL]
    counts = check_resolved(both).counts
    assert counts["in_the_ledger"] == len(there.intersection(doubts))
    assert counts["not_in_the_ledger"] == len(set(doubts) - there)


@given(st.lists(st.integers(1, 15), max_size=15))
def test_gaps_are_the_numbers_that_are_missing(seqs: list[int]) -> None:
    """How many, and where the first would stand."""
    missing = sorted(set(range(1, max(seqs, default=0) + 1)) - set(seqs))
    assert gaps(np.array(sorted(seqs), np.int64)) == (len(missing), missing[0] - 1 if missing else 0)


@given(shuffled(), st.integers(0, 2))
def test_real_time_order_is_kept_over_all_pairs(case: Case, error: int) -> None:
    """Check 6: whatever was acknowledged before something was sent has the smaller seq, clock error allowed."""
    evidence, _, both = matched(case)
    evidence = replace(evidence, clock_error_us=error)
    seq = {row: number for number, row in case.events}
    late = [
        b
        for b, two in enumerate(case.log)
        if two is not None
        and b in seq
        and any(
            one is not None and one[2] in ACKED and a in seq
            and one[0] + one[1] + error < two[0] and seq[a] > seq[b]
            for a, one in enumerate(case.log)
        )
    ]  # fmt: skip
    assert found(check_order(evidence, both)) == some(WRONG_ORDER=len(late))


@given(logs)
def test_a_refusal_lies_between_what_was_acknowledged_before_and_sent_after(log: list[Sent | None]) -> None:
    """The window of each refused row over all acknowledged ones."""
    evidence = evidence_of(log)
    places, first, last = windows(evidence)
    acked = [one for one in log if one is not None and one[2] in ACKED]
    refused = [n for n, one in enumerate(log) if one is not None and one[2] is Ending.REJECTED]
    assert places.tolist() == refused
    for n, low, high in zip(refused, first.tolist(), last.tolist(), strict=True):
        started, took, _, _ = log[n]  # type: ignore[misc]
        assert low == max((one[3] for one in acked if one[0] + one[1] < started), default=0)
        after = min((one[3] for one in acked if one[0] > started + took), default=FAR)
        assert high == max(low, after - 1)


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3)), max_size=3)),
        max_size=6,
    )
)
def test_a_hold_is_found_by_its_seq_and_line(events: list[tuple[int, list[tuple[int, int]]]]) -> None:
    """Each line names the line that opened its hold; what is not there is not found, least of all next door."""
    evidence = evidence_of([None])
    reading = Reading(evidence.ids, asked(evidence).accounts)
    line = ["post", "2110:u0:20220912", "3180", "BEAN", 1]
    said = [
        {"seq": seq, "id": "f" * 32, "transfers": [[*line, hold] for hold in holds]} for seq, holds in events
    ]
    for page in pages_of(said, page=2):
        reading.see(page)
    positions: dict[tuple[int, int], set[int]] = {}
    where = 0
    for seq, holds in events:
        for place in range(len(holds)):
            positions.setdefault((seq, place), set()).add(where)
            where += 1
    wanted = [hold for _, holds in events for hold in holds]
    targets = reading.journal().targets().tolist()
    once = Counter(seq for seq, _ in events)
    for hold, target in zip(wanted, targets, strict=True):
        if once[hold[0]] <= 1:  # of two events with one seq either may be meant
            assert {target} == positions.get(hold, {-1})


LINES = st.tuples(
    st.sampled_from((N.POSTED, N.PENDING, N.POST, N.VOID)),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 9),
    st.integers(-1, 12),
)
FLOORS = np.array([NO_FLOOR, CREDIT_FLOOR, DEBIT_FLOOR, CREDIT_FLOOR], np.uint8)


@given(st.lists(st.lists(LINES, max_size=3), max_size=8))
def test_the_fold_is_what_adding_up_by_hand_gives(events: list[list[tuple[int, int, int, int, int]]]) -> None:
    """Counters, holds that are not open or too small, floors after each event: a plain telling, line by line."""
    flat = [line for event in events for line in event]
    lines = np.array([[m, d, c, a, 1] for m, d, c, a, _ in flat], np.int64).reshape(-1, 5)
    offsets = np.cumsum([0, *map(len, events)])
    targets = np.array([target if m in (N.POST, N.VOID) else -1 for m, _, _, _, target in flat], np.int64)
    targets[targets >= len(flat)] = -1
    said = fold(lines, offsets, targets, FLOORS)

    accounts = [[0, 0, 0, 0] for _ in FLOORS]
    open_holds: dict[int, tuple[int, int, int]] = {}
    ending, below, j = [GOOD] * len(flat), [], 0
    for event in events:
        touched = set()
        for mode, debit, credit, amount, _ in event:
            touched |= {debit, credit}
            if mode == N.PENDING:
                open_holds[j] = (debit, credit, amount)
                accounts[debit][0] += amount
                accounts[credit][2] += amount
            elif mode in (N.POST, N.VOID):
                hold = open_holds.get(int(targets[j]))
                if hold is None or hold[:2] != (debit, credit):
                    ending[j] = NOT_OPEN
                    j += 1
                    continue
                del open_holds[int(targets[j])]
                ending[j] = TOO_MUCH if amount > hold[2] else GOOD
                accounts[debit][0] -= hold[2]
                accounts[credit][2] -= hold[2]
            if mode in (N.POSTED, N.POST):
                accounts[debit][1] += amount
                accounts[credit][3] += amount
            j += 1
        left = {a: _left(int(FLOORS[a]), accounts[a]) for a in touched if FLOORS[a] != NO_FLOOR}
        below.append(max([0, *(-amount for amount in left.values())]))
    assert said.counters.tolist() == accounts
    assert said.ending.tolist() == ending
    assert said.below.tolist() == below
    assert said.open == len(open_holds)


def _left(floor: int, counters: list[int]) -> int:
    dr_pending, dr_posted, cr_pending, cr_posted = counters
    return dr_posted - cr_posted - cr_pending if floor == DEBIT_FLOOR else cr_posted - dr_posted - dr_pending
