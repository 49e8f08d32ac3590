"""A run that does not begin with empty books: openings, documents opened anew, names behind a namespace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loadtests.adapters import Ending, Outcome
from loadtests.auditing.audit import audit
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.findings import Defect
from loadtests.sendlog import RECORD, SendLog
from sim.bookkeeping import Kind
from sim.errors import UsageError
from sim.trace import CLOSING, OPENINGS, Trace, empty_columns
from sim.wire import PREPARED, Row, Wire
from tests.load_audit.running import Run, columns_of, pages_of, run_of
from tests.load_audit.wandering import START_US

OPEN = [
    ("2110:u0:20220912", 90),
    ("2110:u0:20220930", 50),
    ("2800:u1:labour:2021", 60),
    ("2600:s0", 40),
    ("2400:p0", 7),
]
ORDER = {"subject": 1, "chain": 1, "object": 0, "party": 0}
USER = {"subject": 0, "chain": 0}


def prepared() -> list[Row]:
    """An order that was paid before, and beans held before."""
    plans: list[dict[str, Any]] = [
        {"kind": Kind.ORDER_CREATE, "amount": 30, "amount2": 90, **ORDER},
        {"kind": Kind.ORDER_PAY, "ref": PREPARED, **ORDER},
        {"kind": Kind.REDEEM_HOLD, "amount": 100, **USER},
    ]
    return [
        Row(n=PREPARED + k, due_us=0, **plan | {"kind": int(plan["kind"])}) for k, plan in enumerate(plans)
    ]


def rows() -> list[Row]:
    """They end in the slice; forty of the beans are left; the hours of last year go first."""
    plans: list[dict[str, Any]] = [
        {"kind": Kind.REDEEM_CANCEL, "ref": PREPARED + 2, **USER},
        {"kind": Kind.REDEEM_HOLD, "amount": 120, **USER},
        {"kind": Kind.REDEEM_HOLD, "amount": 30, **USER},
        {
            "kind": Kind.ORDER_CONFIRM,
            "ref": PREPARED,
            "minutes": 6,
            "amount2": 50,
            "pool": 0,
            "expected": 1,
            **ORDER,
        },
        {"kind": Kind.HOUR_REDEEM, "minutes": 61, **ORDER},
        {"kind": Kind.HOUR_REDEEM, "minutes": 60, **ORDER},
    ]
    return [Row(n=n, due_us=n, **plan | {"kind": int(plan["kind"])}) for n, plan in enumerate(plans)]


def sliced(namespace: str = "") -> Run:
    """The clean run of it."""
    return run_of(rows(), openings=OPEN, prepared=prepared(), namespace=namespace)


@pytest.mark.parametrize("namespace", ["", "night7-"])
def test_a_slice_passes_with_what_it_began_with(namespace: str) -> None:
    """Openings and prepared documents are part of what was asked, under whatever names."""
    run = sliced(namespace)
    verdict = run.audit()
    assert verdict.status == "passed", verdict.reasons
    kept = verdict.check("kept").counts
    assert kept == {"acknowledged": 4, "prepared": len(OPEN) + 3}
    assert verdict.check("outcomes").counts["refused"] == 2
    assert any(f":{namespace}u0:" in line["transfers"][0][2] for line in run.lines if line["transfers"])


@pytest.mark.parametrize("seq", [2, len(OPEN) + 2])
def test_an_opening_or_prepared_document_that_is_missing_is_lost(seq: int) -> None:
    """The books would begin elsewhere."""
    run = sliced()
    verdict = run.with_lines([line for line in run.lines if line["seq"] != seq]).audit()
    lost = next(finding for finding in verdict.check("kept").findings if finding.defect is Defect.LOST)
    assert lost.first.startswith(
        ("the opening of 2110:u0:20220930", f"prepared row {PREPARED + 1} (orders.pay)")
    )


def test_an_opening_of_another_amount_is_wrong() -> None:
    """The re-run takes it from the trace."""
    run = sliced()
    first = run.lines[0] | {"transfers": [["posted", "3100", "2110:u0:20220912", "BEAN", 91, None]]}
    found = [
        finding.defect
        for finding in run.with_lines([first, *run.lines[1:]]).audit().check("as-rerun").findings
    ]
    assert found == [Defect.WRONG_AMOUNT, Defect.WRONG_BALANCE]


def test_a_refusal_before_any_answer_is_tried_on_the_prepared_books() -> None:
    """The very first row was refused: the rules must refuse it after the openings, not on empty books."""
    run = run_of(rows()[:1], openings=OPEN, prepared=prepared())
    sent = run.evidence.sent.copy()
    sent["outcome"], sent["seq"] = Ending.REJECTED, 0
    sent["code"] = run.evidence.codes.index("not_found")
    verdict = run.with_sent(sent).with_lines(run.lines[:-1]).audit()
    said = [f.first for f in verdict.check("outcomes").findings]
    assert said == ["row 0 (redemptions.cancel) was refused as not_found; by the rules it is accepted"]


def test_beans_whose_periods_the_simulation_does_not_tell_apart_are_compared_as_one_sum() -> None:
    """The sums agree or they do not; periods may differ."""
    run = sliced()
    closing = dict(run.evidence.closing or {})
    left = sum(closing.pop(f"2110:u0:{day}") for day in (20220912, 20220930))
    whole = replace(run.evidence, by_period=False, closing=closing | {"2110:u0": left})
    assert audit(whole, pages_of(run.lines)).status == "passed"
    other = replace(whole, closing=closing | {"2110:u0": left + 1})
    said = audit(other, pages_of(run.lines)).check("as-simulated").findings
    assert [str(finding) for finding in said] == [
        f"wrong-balance: 1; first: 2110:u0 holds {left}; in the simulation {left + 1}"
    ]


def test_the_evidence_of_a_run_comes_from_its_trace_and_its_send_logs(tmp_path: Path) -> None:
    """Names at the target, one sum where periods are not told apart, the fee's cap in parts of a million."""
    run = sliced("night7-")
    log = SendLog(tmp_path, 0, len(run.evidence.sent))
    for record in run.evidence.sent:
        n, kind, due, started = (int(record[name]) for name in ("row", "kind", "due", "started"))
        place = log.open(n, kind, due, started, started, 0)
        code = run.evidence.codes[record["code"]]
        log.close(
            place, int(record["ended"]), Outcome(Ending(record["outcome"]), int(record["seq"]), code), 1, 0
        )
    log.finish()
    openings = pl.DataFrame(OPEN, schema=OPENINGS, orient="row")
    closing = run.evidence.closing or {}
    facts = {"fee_cap": 0.05, "beans_by_period": True, "sha256": "abc", "scenario": "hello"}
    frame = pl.DataFrame(list(closing.items()), schema=CLOSING, orient="row")
    trace = Trace(run.evidence.trace, run.evidence.prepare, openings, frame, facts)
    evidence = Evidence.of_run(trace, run.evidence.wire, tmp_path)
    assert evidence.fee_cap_ppm == 50_000
    evidence = replace(evidence, refusals=run.evidence.refusals)
    verdict = audit(evidence, pages_of(run.lines))
    assert verdict.status == "passed", verdict.reasons
    assert (verdict.facts["trace"], verdict.facts["scenario"]) == ("abc", "hello")


@pytest.mark.parametrize(
    ("numbers", "sent", "said"),
    [
        ([0, 2], [], "are not numbered from 0"),
        ([0, 1], [5], "not in the trace"),
        ([0, 1], [1, 1], "has row 1 twice"),
    ],
)
def test_evidence_that_does_not_fit_together_is_an_error(
    numbers: list[int], sent: list[int], said: str
) -> None:
    """Not a ledger that is wrong."""
    trace = columns_of([Row(n, 0, 0, int(Kind.DEED), subject=0, amount=1, period=20220912) for n in numbers])
    log = np.zeros(len(sent), RECORD)
    log["row"] = sent
    evidence = Evidence(Wire("run", START_US), trace, empty_columns(), log, [""])
    with pytest.raises(UsageError, match=said):
        audit(evidence, pages_of([]))


def test_an_opening_that_no_account_can_have_is_an_error() -> None:
    """Its name is in the message."""
    for name in ("1100", "2110", "2110:x1:20220912", "2800:u1:spare:2021", "hello"):
        evidence = Evidence(
            Wire("run", START_US),
            empty_columns(),
            empty_columns(),
            np.empty(0, RECORD),
            [""],
            openings=[(name, 5)],
        )
        with pytest.raises(UsageError, match=f"openings: '{name}' is no account"):
            audit(evidence, pages_of([]))


def test_a_hold_for_another_account_is_wrong_on_both() -> None:
    """The beans are held as they should, but for the charity's goods instead of the shop's."""
    run = sliced()
    lines = [line | {"transfers": [list(one) for one in line["transfers"]]} for line in run.lines]
    hold = next(line for line in lines if line["kind"] == "REDEEM_HOLD" and line["seq"] > len(OPEN) + 3)
    assert {part[0] for part in hold["transfers"]} == {"pending"}
    hold["transfers"][0][2] = "3190"
    amounts, balances = run.with_lines(lines).audit().check("as-rerun").findings
    assert (amounts.defect, amounts.count) == (Defect.WRONG_AMOUNT, 1)
    assert (balances.defect, balances.count) == (Defect.WRONG_BALANCE, 2)
    assert balances.first.startswith("3180: cr_pending is ")


def test_a_document_that_books_money_by_itself_is_wrong() -> None:
    """The very first event creates an order, and takes its price already."""
    run = run_of([prepared()[0]._replace(n=0)])
    taken = [["posted", "1110", "2200:m0", "CNY", 90, None]]
    verdict = run.with_lines([run.lines[0] | {"transfers": taken}]).audit()
    found = verdict.check("as-rerun").findings[0]
    assert found.first == "seq 1, row 0 (orders), books posted 1110 → 2200:m0 90; by the rules nothing"
