"""Any sequence of requests, batches, groups, repeats and restarts ends as the plain twin says, on either store."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sim.bookkeeping import CHART
from sim.ledger.audit import audit, insist
from sim.ledger.decide import Group
from sim.ledger.entries import Answer, Command, Entry, Limits, Mode, Move, Refusal, Transfer, event_id
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from sim.ledger.rebuild import rebuild, state_hash
from tests.ledger.asking import said
from tests.ledger.plain import Line, Plain, Request, Verdict
from tests.postgres import Databases

MONEY = ("1110", "1100", "2600:s0", "2400:p1", "2400:p2", "2450:n0")
BEANS = ("3100", "2110:u1:20220930", "2110:u1:20221031", "2110:u2:20220930", "3190")
AMOUNTS = st.one_of(*[st.integers(1, 60)] * 9, st.sampled_from([0, 1, 10**12, 10**12 + 1]))

pairs = (
    st.sampled_from([MONEY, BEANS]).flatmap(lambda names: st.permutations(names)).map(lambda names: names[:2])
)
lines = st.builds(
    lambda pair, amount, mode: Line(mode, pair[0], pair[1], amount),
    pairs, AMOUNTS, st.sampled_from(["posted", "posted", "pending"]),
)  # fmt: skip
documents = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from("xyz"), st.sampled_from([None, b"", b"f"]))
floors = st.one_of(st.just(0), st.none(), st.integers(-50, 100))
ceilings = st.one_of(st.none(), st.integers(100, 300))


class Requests(RuleBasedStateMachine):
    """Asks both; compares answers, then everything that can be read."""

    def __init__(self, db: str | Path, done: Callable[[], None]) -> None:
        super().__init__()
        self.db, self.done = db, done
        self.plain = Plain()
        self.opened: list[tuple[int, int]] = []  # every hold there ever was
        self.lines: dict[tuple[int, int], Line] = {}
        self.asked: list[Request] = []
        self.answers: dict[str, Answer] = {}
        self.waiting: list[tuple[Group, list[Verdict], list[Request]]] = []
        self.number = 0
        self.ledger = self._open()
        self.reader = self.ledger.store.reader()
        for source, names in (
            ("1110", MONEY[1:]),
            ("3100", BEANS[1:]),
        ):  # something to refuse less often with
            given = tuple(Line("posted", source, name, 150) for name in names if name != "1100")
            self._wait(self._request(lines=given, opening=True))

    def _open(self) -> Ledger:
        return Ledger(open_store(self.db, CHART), CHART)

    def teardown(self) -> None:
        self._commit()
        insist(audit(self.ledger.store))
        before = state_hash(self.ledger.store)
        assert rebuild(self.ledger.store) == self.plain.seq
        assert state_hash(self.ledger.store) == before
        self.reader.close()
        self.ledger.stop()
        self.done()

    # --- asking ---------------------------------------------------------------------------------------------

    def _request(self, **what: Any) -> Request:
        self.number += 1
        request = Request(f"k{self.number}", f"says {self.number}", at=self.number * 10, **what)
        self.asked.append(request)
        return request

    def _wait(self, request: Request) -> None:
        verdict = self.plain.ask(request)
        if verdict.seq and not verdict.code:
            self._remember(request, verdict.seq)
        self.waiting.append((Group([command_of(request)]), [verdict], [request]))

    def _remember(self, request: Request, seq: int) -> None:
        for k, line in enumerate(request.lines):
            if line.mode == "pending" and (seq, k) not in self.lines:
                self.opened.append((seq, k))
                self.lines[seq, k] = line

    @rule(
        booked=st.lists(lines, min_size=1, max_size=4), document=st.none() | documents,
        deadline=st.none() | st.integers(0, 900), opening=st.sampled_from([False] * 9 + [True]),
    )  # fmt: skip
    def book(self, booked: list[Line], document: Any, deadline: int | None, opening: bool) -> None:
        """Any lines between accounts of one asset."""
        self._wait(self._request(lines=tuple(booked), document=document, deadline=deadline, opening=opening))

    @rule(
        which=st.lists(st.integers(0, 99), min_size=1, max_size=3),
        mode=st.sampled_from(["post", "post", "void", "expire", "expire"]),
        part=st.integers(1, 70), document=st.none() | documents,
    )  # fmt: skip
    def end(self, which: list[int], mode: str, part: int, document: Any) -> None:
        """End some holds, open or not any more, whole or in part, perhaps one of them twice."""
        if self.opened:
            ends = []
            for number in which:
                hold = self.opened[number % len(self.opened)]
                line = self.lines[hold]
                amount = part if mode == "post" else line.amount
                ends.append(Line(mode, line.debit, line.credit, amount, hold))
            self._wait(self._request(lines=tuple(ends), document=document))

    @rule(user=st.sampled_from(["u1", "u2"]), amount=st.integers(1, 60))
    def spend(self, user: str, amount: int) -> None:
        """Take beans from the earliest period first."""
        self._wait(self._request(spend=(f"2110:{user}", "3190", amount)))

    @rule(
        name=st.sampled_from(MONEY[1:] + BEANS[1:4]), floor=floors, ceiling=ceilings,
        closed=st.sampled_from([False] * 7 + [True]),
    )  # fmt: skip
    def limit(self, name: str, floor: int | None, ceiling: int | None, closed: bool) -> None:
        """Set an account's bounds, close it or open it again."""
        self._wait(self._request(limits=(name, floor, ceiling, closed)))

    @rule(which=st.integers(0, 99), amount=st.integers(1, 5))
    def correct(self, which: int, amount: int) -> None:
        """Correct any earlier request, accepted or not, corrected or not."""
        if self.asked:
            wrong = self.asked[which % len(self.asked)].key
            self._wait(self._request(lines=(Line("posted", "2400:p1", "1110", amount),), reverses=wrong))

    @rule(which=st.integers(0, 99), altered=st.booleans())
    def repeat(self, which: int, altered: bool) -> None:
        """Send an earlier request again, or another one under its key."""
        if self.asked:
            request = self.asked[which % len(self.asked)]
            self._wait(request._replace(says="something else") if altered else request)

    @rule(
        many=st.lists(st.lists(lines, min_size=1, max_size=2), min_size=1, max_size=4),
        key=st.sampled_from(["g1", "g2", "g3", "g4"]),
    )  # fmt: skip
    def together(self, many: list[list[Line]], key: str) -> None:
        """Several requests, all or none; keys of groups come again."""
        requests = [self._request(lines=tuple(booked)) for booked in many]
        says = str(requests[0].key)
        verdicts = self.plain.ask_together(key, says, requests)
        if not verdicts[0].code:
            for request, verdict in zip(requests, verdicts, strict=True):
                self._remember(request, verdict.seq)
        group = Group([command_of(r) for r in requests], True, event_id("group", key), fingerprint(says))
        self.waiting.append((group, verdicts, requests))

    # --- comparing ------------------------------------------------------------------------------------------

    @rule()
    def commit(self) -> None:
        """Decide what waits as one batch and compare."""
        self._commit()

    @rule()
    def restart(self) -> None:
        """Stop and open again."""
        self._commit()
        self.ledger.stop()
        self.ledger = self._open()

    @rule()
    def forget(self) -> None:
        """Drop what is cached."""
        self._commit()
        for cache in (self.ledger.state.accounts, self.ledger.state.families, self.ledger.state.documents):
            cache.clear()
        self.ledger.state.held.clear()

    def _commit(self) -> None:
        waiting, self.waiting = self.waiting, []
        answers = self.ledger.commit([group for group, _, _ in waiting]) if waiting else []
        for (_, verdicts, requests), mine in zip(waiting, answers, strict=True):
            assert [Verdict(answer.code, answer.seq) for answer in mine] == verdicts
            if len(mine) == len(requests):
                for request, answer in zip(requests, mine, strict=True):
                    self._same_answer(request, answer)
        self._compare()

    def _same_answer(self, request: Request, answer: Answer) -> None:
        if answer.code == "idempotency_mismatch" or request.key not in self.plain.answered:
            return
        first = self.answers.setdefault(request.key, answer)
        assert first.body == answer.body
        if answer.accepted and not answer.replayed:
            assert said(answer)["seq"] == self.plain.events[request.key]

    def _compare(self) -> None:
        reader = self.reader
        accounts = {a.name: (a.counters, a.floor, a.ceiling, a.closed) for a in reader.accounts()}
        holds = {(h.seq, h.line): (h.debit, h.credit, h.amount, h.deadline) for h in reader.holds_open()}
        documents = {d.id: tuple(d)[1:] for d in reader.documents()}
        assert reader.head().seq == self.plain.seq
        assert accounts == {
            name: ((a.going_out, a.paid_out, a.coming_in, a.paid_in), a.floor, a.ceiling, a.closed)
            for name, a in self.plain.accounts.items()
        }
        assert holds == self.plain.holds
        assert documents == self.plain.documents
        for name, account in self.ledger.state.accounts.items():
            assert (account is None) == (name not in accounts)
            assert account is None or account.counters == accounts[name][0]

    @invariant()
    def numbers_agree(self) -> None:
        """Nothing is booked before its batch is committed."""
        accepted = sum(1 for _, verdicts, _ in self.waiting for verdict in verdicts if not verdict.code)
        assert self.ledger.state.head.seq + accepted >= self.plain.seq


def fingerprint(says: str) -> bytes:
    return hashlib.sha256(says.encode()).digest()


def command_of(request: Request) -> Command:
    """A plain request as a command."""

    def draft(view: Any) -> Entry | Refusal:
        booked = [transfer(line) for line in request.lines]
        if request.spend is not None:
            family, to, rest = request.spend
            for name, available in view.family(family):
                booked.append(transfer(Line("posted", name, to, min(rest, available))))
                rest -= booked[-1].amount
                if rest == 0:
                    break
            if rest:
                return Refusal("insufficient_funds", "too few beans")
        return Entry(
            "OPENING" if request.opening else "TEST",
            booked,
            None if request.document is None else Move(*request.document),
            request.deadline,
            None if request.reverses is None else event_id("platform", request.reverses),
            None if request.limits is None else Limits(*request.limits),
            request.opening,
        )

    touches = tuple(name for line in request.lines[:1] for name in (line.debit, line.credit))  # some, not all
    papers = () if request.document is None else (request.document[0],)
    eid = event_id("platform", request.key)
    return Command("platform", eid, fingerprint(request.says), request.at, draft, touches, (), papers)


def transfer(line: Line) -> Transfer:
    asset = str(CHART[int(line.debit[:4])].asset)
    return Transfer(Mode(line.mode), line.debit, line.credit, asset, line.amount, line.ends)


def run(machine: Callable[[], Requests], share: int) -> None:
    few = settings().max_examples // share
    run_state_machine_as_test(machine, settings=settings(max_examples=few, stateful_step_count=40))


def test_any_requests_end_as_the_plain_twin_says_on_sqlite() -> None:
    """Answers, counters, holds, documents and bounds agree after every batch; the journal rebuilds them."""

    def machine() -> Requests:
        folder = tempfile.TemporaryDirectory()
        return Requests(Path(folder.name) / "ledger.db", folder.cleanup)

    run(machine, 3)


def test_any_requests_end_as_the_plain_twin_says_on_postgresql(postgres: Databases) -> None:
    """The same on the other store."""
    run(lambda: Requests(postgres.new(), postgres.drop), 10)
