"""One planted defect each: a clean run passes, and the same run with one thing wrong is found out, by name."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loadtests.adapters import Ending
from loadtests.auditing.findings import Defect
from sim.bookkeeping import Kind
from sim.wire import PREPARED, Expected, Row, Signer
from tests.load_audit.running import REFUSALS, Run, run_of, wandering_run
from tests.load_audit.tampering import (
    GIFTS_ASK,
    POOL,
    clean,
    deeds_and_gifts,
    failing,
    lines_of,
    place_of,
    words,
)


@pytest.mark.parametrize("seed", range(12))
def test_a_clean_run_passes(seed: int) -> None:
    """Random requests, many refused, six in flight, answers lost: every check passes, and each has something to do."""
    run = wandering_run(seed, 300, lost=0.02)
    verdict = run.audit()
    assert verdict.reasons == []
    assert verdict.status == "passed"
    there = (
        run.evidence.first
        + verdict.check("kept").counts["acknowledged"]
        + verdict.check("resolved").counts["in_the_ledger"]
    )
    assert verdict.check("as-rerun").counts["events"] == verdict.check("asked").counts["events"] == there
    for name, count in (
        ("kept", "acknowledged"), ("resolved", "unanswered"), ("balanced", "transfers"), ("as-simulated", "compared"),
        ("as-rerun", "events"), ("pools", "pools"), ("order", "compared"), ("outcomes", "reproduced"),
        ("outcomes", "as_expected"),
    ):  # fmt: skip
        assert verdict.check(name).counts[count] > 0, (name, count)


def test_lost() -> None:
    """The last event was acknowledged and is not in the ledger."""
    run = clean()
    verdict = run.with_lines(run.lines[:-1]).audit()
    assert Defect.LOST in failing(verdict)["kept"]
    seq = run.lines[-1]["seq"]
    row = int(run.evidence.sent["row"][run.evidence.sent["seq"] == seq][0])
    assert words(verdict, "kept", Defect.LOST).startswith(f"row {row} (")
    assert f"as seq {seq} " in words(verdict, "kept", Defect.LOST)


def test_lost_in_the_middle_of_the_journal() -> None:
    """An event that nobody was told of is missing: only the gap in the seq says so."""
    run = run_of(deeds_and_gifts(), seed=3, in_flight=4)
    at = place_of(run, Kind.DEED)
    sent = run.evidence.sent.copy()
    sent["outcome"][at] = Ending.UNKNOWN
    seq = int(sent["seq"][at])
    verdict = run.with_sent(sent).with_lines([line for line in run.lines if line["seq"] != seq]).audit()
    assert (
        words(verdict, "kept", Defect.LOST)
        == f"the ledger has no event after seq {seq - 1}: its seq has a gap"
    )


def test_duplicated() -> None:
    """One id has two events: the money of one request moved twice."""
    run = clean()
    again = copy.deepcopy(run.lines[2]) | {"seq": run.lines[-1]["seq"] + 1}
    found = failing(run.with_lines([*run.lines, again]).audit())
    assert found["kept"] == {Defect.DUPLICATED}
    assert found["as-rerun"] == {Defect.WRONG_BALANCE}
    assert found.keys() == {"kept", "as-rerun", "as-simulated"}


def test_invented() -> None:
    """An event that nobody asked for, balanced in itself."""
    run = clean()
    more = copy.deepcopy(run.lines[1]) | {"seq": run.lines[-1]["seq"] + 1, "id": "0" * 32}
    verdict = run.with_lines([*run.lines, more]).audit()
    assert failing(verdict).keys() == {"asked", "as-rerun", "as-simulated"}
    assert words(verdict, "asked", Defect.INVENTED).endswith(f"event {'0' * 32}, which nobody asked for")


def test_invented_from_a_refusal() -> None:
    """The client was told no, and the ledger booked it all the same."""
    run = clean()
    sent = run.evidence.sent.copy()
    at = place_of(run, Kind.HARVEST)
    sent["outcome"][at], sent["code"][at] = Ending.REJECTED, run.evidence.codes.index("insufficient_funds")
    verdict = run.with_sent(sent).audit()
    assert failing(verdict)["asked"] == {Defect.INVENTED}
    assert " was refused and stands in the ledger as seq " in words(verdict, "asked", Defect.INVENTED)


def test_invented_from_a_row_that_was_never_sent() -> None:
    """No worker ever sent the row, and the ledger has it."""
    run = clean()
    at = place_of(run, Kind.DEED)
    verdict = run.with_sent(np.delete(run.evidence.sent, at)).audit()
    assert failing(verdict) == {"asked": {Defect.INVENTED}}
    assert "was never sent" in words(verdict, "asked", Defect.INVENTED)


def test_misnumbered() -> None:
    """The ledger holds an event under another seq than it told the client."""
    run = clean()
    sent = run.evidence.sent.copy()
    at = place_of(run, Kind.DEED)
    sent["seq"][at] += 100
    found = failing(run.with_sent(sent).audit())
    assert found == {"kept": {Defect.MISNUMBERED}}


def test_wrong_amount() -> None:
    """One fen more than the row says, on both sides, so that the books balance."""
    run = clean()
    lines = lines_of(run)
    gift = next(line for line in lines if line["kind"] == "GIFT")
    gift["transfers"][0][4] += 1
    verdict = run.with_lines(lines).audit()
    assert failing(verdict) == {
        "as-rerun": {Defect.WRONG_AMOUNT, Defect.WRONG_BALANCE},
        "as-simulated": {Defect.WRONG_BALANCE},
    }
    assert "posted 1110 → 2400:p0 501" in words(verdict, "as-rerun", Defect.WRONG_AMOUNT)
    assert "by the rules posted 1110 → 2400:p0 500" in words(verdict, "as-rerun", Defect.WRONG_AMOUNT)


def test_wrong_amount_that_no_balance_shows() -> None:
    """The pool's last fen went to the wrong one of two gifts to one project: every balance is right all the same."""
    run = clean()
    lines = lines_of(run)
    matches = [
        part for line in lines if line["kind"] == "GIFT" for part in line["transfers"] if part[1] == "2600:s0"
    ]
    full = next(match for match in matches if match[4] == GIFTS_ASK)
    rest = next(match for match in matches if match[4] == POOL % GIFTS_ASK)
    full[4], rest[4] = rest[4], full[4]
    assert failing(run.with_lines(lines).audit()) == {"as-rerun": {Defect.WRONG_AMOUNT}}


def test_wrong_order() -> None:
    """Two deeds of two users stand in the opposite order of that in which they were sent and acknowledged."""
    run = clean(in_flight=1)
    lines, sent = lines_of(run), run.evidence.sent.copy()
    first = next(
        k for k in range(len(lines) - 1) if (lines[k]["kind"], lines[k + 1]["kind"]) == ("DEED", "DEED")
    )
    a, b = lines[first]["seq"], lines[first + 1]["seq"]
    lines[first], lines[first + 1] = lines[first + 1] | {"seq": a}, lines[first] | {"seq": b}
    earlier, later = (int(np.flatnonzero(sent["seq"] == seq)[0]) for seq in (a, b))
    sent["seq"][earlier], sent["seq"][later] = b, a
    verdict = run.with_lines(lines).with_sent(sent).audit()
    assert failing(verdict) == {"order": {Defect.WRONG_ORDER}}
    said = words(verdict, "order", Defect.WRONG_ORDER)
    assert said.startswith(
        f"row {sent['row'][earlier]} (deeds) was acknowledged before row {sent['row'][later]} (deeds)"
    )


def test_wrong_rejection() -> None:
    """A harvest of beans that are there was refused."""
    run = clean()
    sent = run.evidence.sent.copy()
    last = run.lines[-1]["seq"]
    at = int(np.flatnonzero(sent["seq"] == last)[0])
    sent["outcome"][at], sent["seq"][at] = Ending.REJECTED, 0
    sent["code"][at] = run.evidence.codes.index("insufficient_funds")
    verdict = run.with_sent(sent).with_lines(run.lines[:-1]).audit()
    assert failing(verdict)["outcomes"] == {Defect.WRONG_REJECTION}
    assert "by the rules it is accepted" in words(verdict, "outcomes", Defect.WRONG_REJECTION)


def test_wrong_rejection_code() -> None:
    """It had to be refused, but not for the reason that was given."""
    run = clean()
    sent = run.evidence.sent.copy()
    at = place_of(run, Kind.BEAN_GIFT, Ending.REJECTED)
    assert run.evidence.codes[sent["code"][at]] == "insufficient_funds"
    sent["code"][at] = run.evidence.codes.index("pool_exhausted")
    verdict = run.with_sent(sent).audit()
    assert failing(verdict) == {"outcomes": {Defect.WRONG_REJECTION}}
    assert words(verdict, "outcomes", Defect.WRONG_REJECTION).endswith(
        "was refused as pool_exhausted; by the rules it is refused as insufficient_funds"
    )


def test_wrong_acceptance() -> None:
    """Thirty beans were harvested of which ten were left: told, acknowledged, booked alike, and against the rules."""
    run = clean()
    sent, seq = run.evidence.sent.copy(), run.lines[-1]["seq"] + 1
    at = place_of(run, Kind.HARVEST, Ending.REJECTED)
    row = run.rows[int(sent["row"][at])]
    sent["outcome"][at], sent["code"][at], sent["seq"][at] = Ending.ACCEPTED, 0, seq
    user = f"u{row.subject}"
    booked = ["posted", f"2100:{user}:20220912", f"2110:{user}:20220930", "BEAN", 30, None]
    id = run.evidence.wire.event_id(row.n, "platform")
    line = copy.deepcopy(run.lines[-1]) | {"seq": seq, "id": id, "kind": "HARVEST", "transfers": [booked]}
    found = failing(run.with_sent(sent).with_lines([*run.lines, line]).audit())
    assert found["outcomes"] == {Defect.WRONG_ACCEPTANCE}
    assert found["balanced"] == {Defect.OVERDRAWN}


def test_ended_otherwise_than_the_trace_expects() -> None:
    """A row that cannot depend on the order was refused as the rules say, but the simulation had it accepted."""
    run = clean()
    trace = {name: column.copy() for name, column in run.evidence.trace.items()}
    at = int(run.evidence.sent["row"][place_of(run, Kind.HARVEST, Ending.REJECTED)])
    trace["expected"][at] = Expected.ACCEPTED
    verdict = replace(run, evidence=replace(run.evidence, trace=trace)).audit()
    assert failing(verdict) == {"outcomes": {Defect.WRONG_REJECTION}}
    said = words(verdict, "outcomes", Defect.WRONG_REJECTION)
    assert said.endswith("was refused as insufficient_funds; the trace expects accepted")


def test_unbalanced() -> None:
    """Beans became money on the way: what is debited of one asset is credited of another."""
    run = clean()
    lines = lines_of(run)
    harvest = next(line for line in lines if line["kind"] == "HARVEST")
    harvest["transfers"][0][2] = "2400:p0"
    verdict = run.with_lines(lines).audit()
    assert failing(verdict)["balanced"] == {Defect.UNBALANCED}
    assert "debits are" in words(verdict, "balanced", Defect.UNBALANCED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({1: "9999:x"}, "'9999:x' is no account of the chart"),
        ({1: "1110:x"}, "'1110:x' is no account of the chart"),
        ({3: "CNY"}, "moves CNY from 3100 to 2100:"),
        ({4: -40}, "moves -40"),
        ({4: 0}, "moves 0"),
        ({0: "post", 5: [1, 0]}, "ends the hold 1.0 with 40"),
        ({0: "void", 5: [77, 3]}, "ends the hold 77.3 with 40"),
    ],
)  # fmt: skip
def test_unbalanced_lines(change: dict[int, Any], said: str) -> None:
    """Accounts without code, assets that are not the account's, amounts below 0, holds that are not open."""
    run = clean()
    lines = lines_of(run)
    deed = next(line for line in lines if line["kind"] == "DEED")
    for place, value in change.items():
        deed["transfers"][0][place] = value
    check = run.with_lines(lines).audit().check("balanced")
    assert any(said in f"{finding.first} {finding.worst}" for finding in check.findings), check


def test_a_hold_that_ends_twice_is_unbalanced() -> None:
    """An order is confirmed and then, by another event, its hold is given once more."""
    order = {"object": 0, "party": 0, "subject": 1, "chain": 1, "due_us": 0}
    rows = [
        Row(n=0, kind=int(Kind.ORDER_CREATE), amount=30, amount2=90, **order),
        Row(n=1, kind=int(Kind.ORDER_PAY), ref=0, **order),
        Row(n=2, kind=int(Kind.ORDER_CONFIRM), ref=0, minutes=6, **order),
    ]
    run = run_of(rows)
    assert run.audit().status == "passed"
    again = copy.deepcopy(run.lines[-1]) | {"seq": 4}
    check = run.with_lines([*run.lines, again]).audit().check("balanced")
    assert [finding.defect for finding in check.findings] == [Defect.UNBALANCED]
    assert check.findings[0].count == 2  # both holds


def test_overspent() -> None:
    """A pool of 150 paid 60 to each of six gifts."""
    run = clean()
    lines = lines_of(run)
    for gift in [line for line in lines if line["kind"] == "GIFT"]:
        time = gift["transfers"][-1]
        gift["transfers"] = [
            gift["transfers"][0],
            ["posted", "2600:s0", "2400:p0", "CNY", GIFTS_ASK, None],
            time,
        ]
    verdict = run.with_lines(lines).audit()
    assert words(verdict, "pools", Defect.OVERSPENT) == "2600:s0 gave 360 of 150 in the ledger"
    assert failing(verdict)["balanced"] == {Defect.OVERDRAWN}


def test_wrong_balance_against_the_simulation() -> None:
    """The simulation closed a user's beans elsewhere, and nothing of that user depends on any order."""
    run = clean()
    name = "2110:u0:20220930"
    closing = dict(run.evidence.closing or {})
    closing[name] += 5
    verdict = replace(run, evidence=replace(run.evidence, closing=closing)).audit()
    assert failing(verdict) == {"as-simulated": {Defect.WRONG_BALANCE}}
    assert words(verdict, "as-simulated", Defect.WRONG_BALANCE) == f"{name} holds 30; in the simulation 35"


def test_an_account_that_only_the_simulation_knows_is_missed() -> None:
    """The simulation closed with beans of a user of whom the ledger never heard."""
    run = clean()
    closing = dict(run.evidence.closing or {}) | {"2110:u77:20220930": 5}
    verdict = replace(run, evidence=replace(run.evidence, closing=closing)).audit()
    assert failing(verdict) == {"as-simulated": {Defect.WRONG_BALANCE}}


def test_a_refusal_code_that_the_rules_do_not_know_is_wrong() -> None:
    """The server said something of its own."""
    run = clean()
    at = place_of(run, Kind.BEAN_GIFT, Ending.REJECTED)
    sent = run.evidence.sent.copy()
    codes = [*run.evidence.codes, "bad_day"]
    assert codes[1:-1] == list(REFUSALS)
    sent["code"][at] = len(codes) - 1
    verdict = replace(run, evidence=replace(run.evidence, sent=sent, codes=codes)).audit()
    assert failing(verdict) == {"outcomes": {Defect.WRONG_REJECTION}}


def test_a_refusal_without_a_reason_is_no_acceptance() -> None:
    """A system that says no and not why: the trace expected yes."""
    run = clean()
    sent, last = run.evidence.sent.copy(), run.lines[-1]["seq"]
    at = int(np.flatnonzero(sent["seq"] == last)[0])
    sent["outcome"][at], sent["seq"][at], sent["code"][at] = Ending.REJECTED, 0, 0
    verdict = run.with_sent(sent).with_lines(run.lines[:-1]).audit()
    found = next(f for f in verdict.check("outcomes").findings if f.defect is Defect.WRONG_REJECTION)
    assert found.count >= 2  # against the rules, and against the trace
    assert "was refused as nothing; by the rules it is accepted" in found.first


# --- incentive rules ------------------------------------------------------------------------------------------


def granted(budget: int) -> Run:
    """A rule of so many beans, of which one user may have 30 a day, asked for 20 by each of six users, by two twice."""
    words = {"kind": int(Kind.RULE), "rule": 0, "amount": budget, "minutes": 30, "channel": 1}
    made = Row(n=PREPARED, due_us=0, chain=0, role=int(Signer.ADMIN), **words)
    asked = {"kind": int(Kind.GRANT), "rule": 0, "amount": 20, "period": 20220912, "expected": 1}
    rows = [Row(n=n, due_us=n, chain=n % 6, subject=n % 6, **asked) for n in range(8)]
    run = run_of(rows, seed=1, prepared=[made])
    assert run.audit().status == "passed", run.audit().reasons
    return run


def test_a_rule_that_is_spent_refuses_and_the_rules_say_so() -> None:
    """Budget and cap are re-run in the ledger's own order: four of eight fit, or six and no user twice."""
    for budget, accepted in ((80, 4), (1_000, 6)):
        run = granted(budget)
        assert sum(line["kind"] == "GRANT" for line in run.lines) == accepted
        assert run.audit().check("outcomes").counts["reproduced"] == 8 - accepted


def test_a_ledger_that_overspends_a_rule_is_found_out() -> None:
    """Of a wide budget everything was granted; by the budget of the trace it should not have been."""
    run = granted(1_000)
    narrow = run.evidence.prepare | {"amount": np.array([80])}
    lines = lines_of(run)
    lines[0]["transfers"][0][4] = 80
    verdict = replace(run, evidence=replace(run.evidence, prepare=narrow)).with_lines(lines).audit()
    assert Defect.WRONG_ACCEPTANCE in failing(verdict)["outcomes"]
    assert "by the rules it is refused as rule_spent" in words(verdict, "outcomes", Defect.WRONG_ACCEPTANCE)
    assert words(verdict, "pools", Defect.OVERSPENT) == "3120:r0 gave 120 of 80 in the ledger"


def test_a_grant_beside_its_rules_bounds_is_found_out() -> None:
    """The beans are booked, and what the rule may still pay stays as it was."""
    run = granted(1_000)
    lines = lines_of(run)
    for line in lines:
        if line["kind"] == "GRANT":
            line["transfers"] = [one for one in line["transfers"] if one[2] == "2100:" + one[2][5:]]
    verdict = run.with_lines(lines).audit()
    assert failing(verdict)["as-rerun"] == {Defect.WRONG_AMOUNT, Defect.WRONG_BALANCE}


def test_a_grant_booked_under_another_rule_is_found_out() -> None:
    """What a rule cost is compared account by account."""
    run = granted(1_000)
    lines = lines_of(run)
    lines[1]["transfers"][0][1] = "3110:r1"
    assert Defect.WRONG_AMOUNT in failing(run.with_lines(lines).audit())["as-rerun"]
