"""The senders' queue and deliveries, without any network."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import gevent
import pytest

from loadtests.adapters import Ending, HttpAdapter, Outcome, Target, load_adapter
from loadtests.job import job_of
from loadtests.senders import ChainQueue, Delivery, Reply, Unanswered, Unsent, wire_bytes
from sim.errors import UsageError
from tests.commands import PATIENCE_S

RUN = Target("http://127.0.0.1:1", "r1")


class Wire:
    """A connection that answers from a list: a status, or an error to raise."""

    def __init__(self, *answers: int | type[Exception]) -> None:
        self.answers, self.sent = list(answers), []  # type: ignore[var-annotated]

    def send(self, request: bytes) -> Reply:
        """The next answer."""
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else 201
        if isinstance(answer, type):
            raise answer
        return Reply(answer, {}, b'{"seq":5}')

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtests.senders.FIRST_PAUSE_S", 0.0005)
    monkeypatch.setattr("loadtests.senders.LONGEST_PAUSE_S", 0.002)


def delivered(wire: Wire, budget_s: float = 5.0) -> tuple[Outcome, int]:
    """What became of one event."""
    return Delivery(HttpAdapter(RUN), budget_s, seed=1).deliver(wire, b"request")  # type: ignore[arg-type]


def test_retries_send_the_same_bytes_until_there_is_an_answer() -> None:
    """Hence the same key: no connection, no reply, 503, then accepted."""
    wire = Wire(Unsent, Unanswered, 503, 201)
    assert delivered(wire) == (Outcome(Ending.ACCEPTED, 5), 4)
    assert wire.sent == [b"request"] * 4


def test_a_refusal_is_an_answer_and_not_retried() -> None:
    """422 ends it."""
    outcome, attempts = delivered(Wire(422))
    assert (outcome.ending, attempts) == (Ending.REJECTED, 1)


@pytest.mark.parametrize(
    ("failures", "ending"),
    [([Unsent], Ending.RETRYABLE), ([503], Ending.RETRYABLE), ([Unanswered], Ending.UNKNOWN)],
)
def test_out_of_time_is_unknown_only_if_it_may_have_arrived(
    failures: list[int | type[Exception]], ending: Ending
) -> None:
    """Never connected or always refused: the ledger cannot have it."""
    outcome, attempts = delivered(Wire(*failures * 10_000), budget_s=0.02)
    assert outcome.ending is ending
    assert attempts > 1


def test_one_lost_answer_leaves_the_doubt_whatever_follows() -> None:
    """Sent without reply, then no connection any more: unknown."""
    outcome, _ = delivered(Wire(Unanswered, *[Unsent] * 10_000), budget_s=0.02)
    assert outcome.ending is Ending.UNKNOWN


def test_an_adapter_may_send_by_itself() -> None:
    """A ledger that speaks no HTTP gets the row, and is retried like any other."""

    class Own(HttpAdapter):
        """Answers from a list."""

        answers = [Outcome(Ending.RETRYABLE, 0, "busy"), Outcome(Ending.ACCEPTED, 9)]  # noqa: RUF012

        def send(self, ev: Any) -> Outcome:
            """The next answer."""
            assert ev == "row"
            return self.answers.pop(0)

    delivery = Delivery(Own(RUN), 5.0, seed=1)
    assert delivery.deliver(Wire(), "row") == (Outcome(Ending.ACCEPTED, 9), 2)  # type: ignore[arg-type]


def play(chains: list[int], senders: int, pause_s: float = 0.001) -> list[tuple[int, int, int]]:
    """(place, start order, end order) of rows handled by a queue of so many senders."""
    log: list[tuple[str, int]] = []

    def handle(place: int, _connection: Any, _waited: int) -> None:
        log.append(("start", place))
        gevent.sleep(pause_s * (1 + place % 3))
        log.append(("end", place))

    queue = ChainQueue(chains, handle, lambda: time.monotonic_ns() // 1000)
    workers = [gevent.spawn(queue.work, Wire()) for _ in range(senders)]
    for place in range(len(chains)):
        queue.put(place)
    gevent.sleep(0.01)
    for _ in workers:
        queue.put(None)
    gevent.joinall(workers, timeout=PATIENCE_S, raise_error=True)
    return [(p, log.index(("start", p)), log.index(("end", p))) for p in range(len(chains))]


@pytest.mark.parametrize("senders", [1, 3, 16])
def test_a_chain_is_out_once_and_in_order(senders: int) -> None:
    """The next row of a chain starts after the previous one has ended; other chains do not wait."""
    chains = [k % 5 for k in range(60)]
    times = play(chains, senders)
    for chain in range(5):
        mine = [times[place] for place in range(60) if chains[place] == chain]
        assert all(earlier[2] < later[1] for earlier, later in pairwise(mine))


def test_a_slow_chain_does_not_hold_up_the_others() -> None:
    """Rows of other chains overtake parked ones."""
    times = play([0] * 10 + [1, 2, 3], senders=4)
    last_of_slow = times[9][1]
    assert all(times[place][1] < last_of_slow for place in (10, 11, 12))


def test_the_wait_behind_the_chain_is_measured() -> None:
    """A row that was parked says how long; one that was not says 0."""
    waits: dict[int, int] = {}

    def handle(place: int, _connection: Any, waited: int) -> None:
        waits[place] = waited
        gevent.sleep(0.02)

    queue = ChainQueue([7, 7, 8], handle, lambda: time.monotonic_ns() // 1000)
    workers = [gevent.spawn(queue.work, Wire()) for _ in range(3)]
    for item in (0, 1, 2, None, None, None):
        queue.put(item)
    gevent.joinall(workers, timeout=PATIENCE_S, raise_error=True)
    assert waits[0] == waits[2] == 0
    assert waits[1] >= 15_000


def test_every_request_is_dyed_and_carries_its_length() -> None:
    """X-Load-Test names the run, so that a target can keep the traffic apart."""
    text = wire_bytes(("POST", "/v1/deeds", b'{"a":1}', {"Idempotency-Key": "r1:0"}), "127.0.0.1:80", "r1")
    head, _, body = text.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /v1/deeds HTTP/1.1"
    assert {b"Host: 127.0.0.1:80", b"X-Load-Test: r1", b"Idempotency-Key: r1:0", b"Content-Length: 7"} <= set(
        lines
    )
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (201, {}, b'{"seq": 12,"id":"x"}', Outcome(Ending.ACCEPTED, 12)),
        (200, {"idempotency-replayed": "true"}, b'{"seq":3}', Outcome(Ending.DUPLICATE, 3)),
        (422, {}, b'{"code":"pool_exhausted"}', Outcome(Ending.REJECTED, 0, "pool_exhausted")),
        (404, {}, b"not json", Outcome(Ending.REJECTED, 0, "404")),
        (429, {}, b"", Outcome(Ending.RETRYABLE, 0, "429")),
        (503, {}, b'{"code":"draining"}', Outcome(Ending.RETRYABLE, 0, "draining")),
        (409, {}, b'{"code":"idempotency_in_flight"}', Outcome(Ending.RETRYABLE, 0, "idempotency_in_flight")),
        (503, {}, b'{"code":"outcome_unknown"}', Outcome(Ending.UNKNOWN, 0, "outcome_unknown")),
    ],
)
def test_answers_of_the_reference_ledger(
    status: int, headers: Mapping[str, str], body: bytes, expected: Outcome
) -> None:
    """What each answer means for retries and the audit."""
    assert HttpAdapter(RUN).classify(status, headers, body) == expected


def test_an_adapter_that_cannot_be_loaded_says_why() -> None:
    """No module, no class, no method."""
    for name in ("nowhere:Thing", "loadtests.adapters:Nothing", "loadtests.adapters:Target"):
        with pytest.raises(UsageError, match="--adapter"):
            load_adapter(name, RUN)


def test_only_this_machine_is_loaded_unless_owned() -> None:
    """A foreign host needs its name in --i-own."""
    with pytest.raises(UsageError, match="--i-own ledger.example"):
        job_of({"host": "http://ledger.example:80"})
    assert job_of({"host": "http://ledger.example:80", "i_own": ["ledger.example"]}).address[1] == 80
    with pytest.raises(UsageError, match="did you mean 'senders'"):
        job_of({"sender": 3})
