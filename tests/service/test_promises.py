"""What the charity promises of its books: each rule notices an entry that breaks it and that balances all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sim.bookkeeping import CHART
from sim.ledger.audit import audit
from sim.ledger.entries import Command, Limits
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.service import promises
from tests.ledger.asking import PENDING, POST, VOID, ask, ends, line

ESCROW, FUND, PAYABLE = "2200:m1", "2400:p1", "2300:m1"
MAKER = b'{"maker":"ngo"}'


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without the service: it books whatever is balanced. Two orders are paid, a disbursement is asked for."""
    ledger = Ledger(open_store(tmp_path / "ledger.db", CHART), CHART)
    for order in ("order:1", "order:2"):
        held = line(ESCROW, FUND, 20, PENDING), line(ESCROW, PAYABLE, 80, PENDING)
        ledger.ask(ask(line("1110", ESCROW, 100), *held, kind="ORDER_PAY", move=(order, "paid", b"{}")))
    ledger.ask(ask(line("1100", "1110", 100), kind="SETTLE"), ask(line("1110", FUND, 50), kind="GIFT"))
    asked = line(FUND, "1100", 30, PENDING)
    ledger.ask(ask(asked, kind="DISBURSE_ASK", by="ngo", move=("disbursement:1", "asked", MAKER)))
    ledger.ask(ask(line("3100", "2100:u1:20220909", 40), kind="DEED"))
    yield ledger
    ledger.stop()


def broken(ledger: Ledger) -> list[str]:
    """The charity's rules that are broken; those of the ledger hold in any case."""
    checks = audit(ledger.store, promises.OF_EVENTS, promises.OF_TABLES)
    names = [check["name"] for check in checks if not check["passed"]]
    rules = [rule.__name__.replace("_", " ") for rule in (*promises.OF_EVENTS, *promises.OF_TABLES)]
    assert set(names) <= set(rules)
    return names


def end(ledger: Ledger, kind: str, state: str, *modes: object) -> Command:
    """The end of the first order's holds."""
    lines = [ends(hold, mode) for hold, mode in zip(ledger.state.holds(1), modes, strict=True)]
    return ask(*lines, kind=kind, move=("order:1", state))


def test_an_honest_story_breaks_nothing(ledger: Ledger) -> None:
    """Confirmed, refunded, approved by another, paid, harvested."""
    ledger.ask(end(ledger, "ORDER_CONFIRM", "confirmed", POST, POST))
    second = [ends(hold, VOID) for hold in ledger.state.holds(2)]
    ledger.ask(ask(*second, line(ESCROW, "1110", 100), kind="ORDER_REFUND", move=("order:2", "refunded")))
    ledger.ask(ask(kind="DISBURSE_APPROVE", by="checker", move=("disbursement:1", "approved")))
    paid = [ends(hold, POST, 25) for hold in ledger.state.holds(5)]
    ledger.ask(ask(*paid, kind="DISBURSE_PAID", move=("disbursement:1", "paid")))
    ledger.ask(ask(line("2100:u1:20220909", "2110:u1:20220930", 40), kind="HARVEST"))
    assert ledger.state.head.seq == 11
    assert broken(ledger) == []


BREAKING: dict[str, tuple[Callable[[Ledger], Command], str]] = {
    "money for a project that nobody gave": (
        lambda ledger: ask(line("1110", FUND, 5), kind="SETTLE"),
        "lines are those of the posting table",
    ),
    "a kind that the charity does not have": (
        lambda ledger: ask(line("1110", FUND, 5), kind="WINDFALL"),
        "lines are those of the posting table",
    ),
    "a pledge given for a refunded order": (
        lambda ledger: end(ledger, "ORDER_REFUND", "refunded", POST, VOID),
        "a pledge is given when its order is confirmed",
    ),
    "a confirmed order whose pledge is not given": (
        lambda ledger: end(ledger, "ORDER_CONFIRM", "confirmed", VOID, POST),
        "a pledge is given when its order is confirmed",
    ),
    "approved by who asked": (
        lambda ledger: ask(kind="DISBURSE_APPROVE", by="ngo", move=("disbursement:1", "approved")),
        "a disbursement has two principals",
    ),
}


@pytest.mark.parametrize("what", BREAKING)
def test_what_breaks_a_promise_is_named(ledger: Ledger, what: str) -> None:
    """The ledger takes it, since it balances; the audit does not."""
    breaking, rule = BREAKING[what]
    assert ledger.ask(breaking(ledger))[0].accepted
    assert rule in broken(ledger)


def test_beans_that_vanish_are_noticed(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every account that beans can be on is counted: one that is left out is missed at once."""
    monkeypatch.setattr(promises, "GROWN", (2110,))
    assert broken(ledger) == ["beans issued are somewhere"]


def test_a_project_that_spends_too_much_is_noticed(ledger: Ledger) -> None:
    """Even where a floor was lowered by hand, a project does not spend what it was not given."""
    ledger.ask(ask(limits=Limits(FUND, None, None, False), kind="LIMITS"))
    ledger.ask(ask(line(FUND, "2450:n1", 60), kind="FEE"))
    assert broken(ledger) == ["a project has what it was given"]
