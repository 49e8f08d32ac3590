"""Many at once for one thing: exactly one gets it, on either store."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from sim.ledger.audit import audit, insist
from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command, Mode
from sim.ledger.ledger import Ledger
from tests.commands import PATIENCE_S
from tests.ledger.asking import (
    CASH,
    EXPIRE,
    FUND,
    NGO,
    PENDING,
    POOL,
    POST,
    POSTED,
    VOID,
    ask,
    atomic,
    ending,
    line,
)

THREADS = 64


@pytest.fixture
def running(ledger: Ledger) -> Ledger:
    """A ledger with its writer's thread; it must be sound afterwards."""
    ledger.start()
    return ledger


def race(ledger: Ledger, groups: Sequence[Group]) -> list[list[Answer]]:
    """Submit every group from a thread of its own, all at the same time."""
    gate = threading.Barrier(len(groups))
    answers: list[list[Answer]] = [[] for _ in groups]

    def run(k: int) -> None:
        gate.wait(PATIENCE_S)
        answers[k] = ledger.future(groups[k]).result(PATIENCE_S)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(groups))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with closing(ledger.store.reader()) as reader:
        insist(audit(reader))
    return answers


def alone(commands: Sequence[Command]) -> list[Group]:
    return [Group([command]) for command in commands]


def settled(ledger: Ledger, *commands: Command) -> None:
    answers = ledger.future(Group(commands)).result(PATIENCE_S)
    assert all(answer.accepted for answer in answers)


@pytest.mark.parametrize("left", [1, 7])
def test_the_last_beans_are_spent_once(running: Ledger, left: int) -> None:
    """64 ask for the last bean: as many get one as there are."""
    settled(running, ask(line("3100", "2110:u1:20220930", left)))
    answers = race(running, alone([ask(line("2110:u1:20220930", "3190", 1)) for _ in range(THREADS)]))
    assert Counter(answer.code for (answer,) in answers) == {"": left, "insufficient_funds": THREADS - left}
    assert running.state.account("2110:u1:20220930").balance == 0


def test_the_pools_last_fen_is_given_once(running: Ledger) -> None:
    """Projects race for what a pool has left, holds and postings alike; nobody gets what is not there."""
    settled(running, ask(line(CASH, POOL, 100)))
    asked = [ask(line(POOL, f"2400:p{k}", 30, (PENDING, POSTED)[k % 2])) for k in range(THREADS)]
    answers = race(running, alone(asked))
    assert Counter(answer.code for (answer,) in answers) == {"": 3, "insufficient_funds": THREADS - 3}
    assert running.state.account(POOL).available == 10


@pytest.mark.parametrize("others", [(VOID,), (VOID, EXPIRE)])
def test_a_hold_is_posted_or_voided_or_lapses(running: Ledger, others: tuple[Mode, ...]) -> None:
    """Confirmation, refund and lapse race: one wins, and the money moved is the winner's."""
    settled(running, ask(line(CASH, POOL, 50)))
    settled(running, ask(line(POOL, FUND, 50, PENDING), move=("order", "paid", b""), deadline=5))
    modes = [(POST, *others)[k % (1 + len(others))] for k in range(THREADS)]
    answers = race(running, alone([ending("order", mode, str(mode)) for mode in modes]))
    winners = [mode for mode, (answer,) in zip(modes, answers, strict=True) if answer.accepted]
    assert len(winners) == 1
    assert Counter(answer.code for (answer,) in answers)["invalid_transition"] == THREADS - 1
    assert running.state.document("order").state == winners[0]
    assert running.state.account(FUND).balance == (50 if winners[0] is POST else 0)
    assert running.state.account(POOL).counters[0] == 0


def test_one_key_sent_many_times_at_once_has_one_effect(running: Ledger) -> None:
    """Every sender gets the same answer, byte for byte; one of them is the first."""
    answers = race(running, alone([ask(line(CASH, POOL, 5), key="once") for _ in range(THREADS)]))
    assert len({answer.body for (answer,) in answers}) == 1
    assert sum(not answer.replayed for (answer,) in answers) == 1
    assert running.state.account(POOL).balance == 5


def test_atomic_groups_do_not_mix(running: Ledger) -> None:
    """Groups that each need two pools get both or neither."""
    settled(running, ask(line(CASH, "2600:s1", 100), line(CASH, "2600:s2", 60)))
    groups = [
        atomic([ask(line("2600:s1", FUND, 10)), ask(line("2600:s2", FUND, 10))], key=f"g{k}")
        for k in range(THREADS)
    ]
    answers = race(running, groups)
    assert sum(mine[0].accepted for mine in answers) == 6
    assert (running.state.account("2600:s1").balance, running.state.account("2600:s2").balance) == (40, 0)
    assert running.state.account(FUND).balance == 120


def test_money_on_its_way_to_an_ngo_is_not_lost(running: Ledger) -> None:
    """Deposits, fees and payouts of one project at once: what came in is what is there and what went out."""
    settled(running, ask(line(CASH, FUND, 1_000)))
    kinds: list[Callable[[], Command]] = [
        lambda: ask(line(CASH, FUND, 7)),
        lambda: ask(line(FUND, NGO, 40)),
        lambda: ask(line(NGO, CASH, 30)),
    ]
    race(running, alone([kinds[k % 3]() for k in range(THREADS)]))
    fund, ngo = running.state.account(FUND), running.state.account(NGO)
    assert fund.cr_posted == 1_000 + 7 * 22
    assert fund.balance == fund.cr_posted - ngo.cr_posted
    assert ngo.balance >= 0
