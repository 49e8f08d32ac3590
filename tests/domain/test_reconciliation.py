"""Every defect of a provider's file is found, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.domain.reconciliation import Defect, Payment, Settled, reconcile

DAY, DAYS = 20220909, (20220908, 20220909, 20220910)
BOOKED = (Payment("a", 500, DAY), Payment("b", -300, DAY), Payment("c", 40, DAY), Payment("d", 7, 20220908))
FILE = (Settled("a", 500), Settled("b", -300), Settled("c", 40))


def test_a_file_that_agrees_has_no_defects() -> None:
    """Money in, money back, in any order; other days' payments do not matter."""
    assert reconcile(BOOKED, reversed(FILE), DAY) == []


def test_a_missing_row_is_found() -> None:
    """A payment of the day that the provider did not settle."""
    assert reconcile(BOOKED, FILE[:2], DAY) == [Defect("missing", "c", 40, None)]


def test_a_duplicate_row_is_found() -> None:
    """Each further row of one reference, whatever it says."""
    rows = (*FILE, Settled("a", 500), Settled("a", 1))
    assert reconcile(BOOKED, rows, DAY) == [
        Defect("duplicate", "a", 500, 500),
        Defect("duplicate", "a", 500, 1),
    ]


def test_a_late_row_is_found() -> None:
    """A payment of an earlier day; one of a later day is early."""
    late = reconcile(BOOKED, (*FILE, Settled("d", 7)), DAY)
    assert late == [Defect("late", "d", 7, 7)]
    early = reconcile((*BOOKED, Payment("e", 9, 20220910)), (*FILE, Settled("e", 9)), DAY)
    assert early == [Defect("early", "e", 9, 9)]


def test_a_wrong_amount_is_found() -> None:
    """One fen is enough, and so is the sign."""
    rows = (Settled("a", 501), Settled("b", 300), FILE[2])
    assert reconcile(BOOKED, rows, DAY) == [
        Defect("wrong_amount", "a", 500, 501),
        Defect("wrong_amount", "b", -300, 300),
    ]


def test_a_row_of_no_payment_is_found() -> None:
    """A reference that nothing was booked under."""
    assert reconcile(BOOKED, (*FILE, Settled("z", 5)), DAY) == [Defect("unknown", "z", None, 5)]


def test_a_row_may_have_two_defects() -> None:
    """Late and of a wrong amount."""
    found = reconcile(BOOKED, (*FILE, Settled("d", 8)), DAY)
    assert [defect.flaw for defect in found] == ["late", "wrong_amount"]


payments = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.tuples(st.integers(1, 1_000), st.sampled_from(DAYS)),
    max_size=20,
)


@given(payments, st.data())
def test_every_injected_defect_is_listed(known: dict[str, tuple[int, int]], data: st.DataObject) -> None:
    """Rows left out, repeated, changed, of another day and invented: the list is exactly what was injected."""
    booked = [Payment(reference, fen, day) for reference, (fen, day) in known.items()]
    rows: list[Settled] = []
    injected: list[tuple[str, str]] = []
    for payment in booked:
        fate = data.draw(st.sampled_from(["right", "missing", "duplicate", "wrong"]))
        there = fate != "missing"
        if payment.day == DAY and not there:
            injected.append(("missing", payment.reference))
        if not there:
            continue
        if payment.day != DAY:
            injected.append(("late" if payment.day < DAY else "early", payment.reference))
        wrong = 1 if fate == "wrong" else 0
        rows.append(Settled(payment.reference, payment.fen + wrong))
        if wrong:
            injected.append(("wrong_amount", payment.reference))
        if fate == "duplicate":
            rows.append(rows[-1])
            injected.append(("duplicate", payment.reference))
    for reference in data.draw(st.lists(st.text("xyz", min_size=1, max_size=3), unique=True, max_size=3)):
        rows.append(Settled(reference, 1))
        injected.append(("unknown", reference))
    found = reconcile(booked, data.draw(st.permutations(rows)), DAY)
    assert sorted((defect.flaw, defect.reference) for defect in found) == sorted(injected)
