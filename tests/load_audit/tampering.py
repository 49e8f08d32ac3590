"""A small clean run to tamper with, and what an audit then says of it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from loadtests.adapters import Ending
from loadtests.auditing.findings import AuditVerdict, Defect
from sim.bookkeeping import Kind
from sim.wire import Row, Signer
from tests.load_audit.running import Line, Run, run_of

PEOPLE = 6
SPONSOR, PLATFORM, SYSTEM = int(Signer.SPONSOR), int(Signer.PLATFORM), int(Signer.SYSTEM)
GIFTS_ASK = 60
POOL = 150


def deeds_and_gifts() -> list[Row]:
    """A pool, deeds of six users, gifts with a match that the pool cannot cover for all, and two refusals."""
    plans: list[dict[str, Any]] = [
        {"kind": Kind.POOL_DEPOSIT, "pool": 0, "amount": POOL, "role": SPONSOR, "chain": 99}
    ]
    plans += [{"kind": Kind.DEED, "amount": 40, "period": 20220912, "minutes": 6} for _ in range(PEOPLE)]
    plans += [
        {
            "kind": Kind.GIFT,
            "object": 0,
            "amount": 500,
            "pool": 0,
            "amount2": GIFTS_ASK,
            "minutes": 6,
            "expected": 1,
        }
        for _ in range(PEOPLE)
    ]
    plans += [{"kind": Kind.HARVEST, "amount": 30, "period": 20220930} for _ in range(PEOPLE)]
    plans += [{"kind": Kind.HARVEST, "amount": 30, "period": 20220930} for _ in range(2)]  # only 10 are left
    plans += [{"kind": Kind.BEAN_GIFT, "object": 1, "pool": 1, "amount": 100, "amount2": 97, "expected": 1}]
    rows = []
    for n, plan in enumerate(plans):
        chain = plan.setdefault("chain", (n - 1) % PEOPLE)
        plan = {"subject": chain, "role": PLATFORM} | plan | {"kind": int(plan["kind"])}
        rows.append(Row(n=n, due_us=n * 1_000_000, **plan))
    return rows


def clean(in_flight: int = 4) -> Run:
    """A clean run, which passes."""
    run = run_of(deeds_and_gifts(), seed=3, in_flight=in_flight)
    verdict = run.audit()
    assert verdict.status == "passed", verdict.reasons
    return run


def lines_of(run: Run) -> list[Line]:
    """The export, to be tampered with."""
    return [copy.deepcopy(line) for line in run.lines]


def failing(verdict: AuditVerdict) -> dict[str, set[Defect]]:
    """What was found, by check; everything else passed."""
    assert verdict.status == "failed"
    assert {check.status for check in verdict.checks} == {"passed", "failed"}
    return {
        check.name: {finding.defect for finding in check.findings}
        for check in verdict.checks
        if check.status == "failed"
    }


def words(verdict: AuditVerdict, name: str, defect: Defect) -> str:
    """The first example of a defect in a check."""
    return next(f.first for f in verdict.check(name).findings if f.defect is defect)


def place_of(run: Run, kind: Kind, ending: Ending = Ending.ACCEPTED) -> int:
    """The position in the send log of the first row of a kind that ended so."""
    sent = run.evidence.sent
    return int(np.flatnonzero((sent["kind"] == kind) & (sent["outcome"] == ending))[0])
