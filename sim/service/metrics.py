"""What is counted while serving, cheaply, and how it is shown to Prometheus: no ids in labels."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.ledger.ledger import Ledger

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counts:
    """Requests by operation and status, refusals by code, and how long answers took."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.codes: Counter[str] = Counter()
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0

    def answered(self, op: str, status: int, seconds: float) -> None:
        """One request came to its end."""
        self.requests[op, status] += 1
        self.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self.seconds += seconds


class Collector:
    """The counts and the ledger's figures at the instant of asking."""

    def __init__(self, counts: Counts, ledger: Ledger) -> None:
        self._counts, self._ledger = counts, ledger

    def collect(self) -> Iterator[Any]:
        """All metric families."""
        from prometheus_client.core import CounterMetricFamily

        requests = CounterMetricFamily(
            "beanpeak_requests", "Requests answered, items of batches among them.", labels=["op", "status"]
        )
        for (op, status), count in list(self._counts.requests.items()):
            requests.add_metric([op, str(status)], count)
        yield requests
        codes = CounterMetricFamily("beanpeak_problems", "Problems by code.", labels=["code"])
        for code, count in list(self._counts.codes.items()):
            codes.add_metric([code], count)
        yield codes
        yield self._latency()
        yield from self._of_ledger()

    def _latency(self) -> Any:
        from prometheus_client.core import HistogramMetricFamily

        below, cumulated = 0, []
        for bound, count in zip((*BUCKETS_S, "+Inf"), self._counts.buckets, strict=True):
            below += count
            cumulated.append((str(bound), below))
        return HistogramMetricFamily(
            "beanpeak_request_seconds",
            "From the request's head to its answer.",
            cumulated,
            self._counts.seconds,
        )

    def _of_ledger(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        figures = self._ledger.figures
        for name, value, text in (
            ("events", figures.events, "Events of the journal since the start."),
            ("transfers", figures.transfers, "Lines of these events."),
            ("refusals", figures.refusals, "Refusals that were kept."),
            ("replays", figures.replays, "Answers repeated for a key used before."),
            ("batches", figures.batches, "Group commits."),
            ("commit_seconds", figures.commit_s, "Time in commits."),
        ):
            yield CounterMetricFamily(f"beanpeak_ledger_{name}", text, value=value)
        for name, value, text in (
            ("queue", self._ledger.waiting, "Commands that wait for the writer."),
            ("last_batch", figures.last_batch, "Commands of the last group commit."),
            ("head", self._ledger.state.head.seq, "Number of the last event."),
            ("ready", int(self._ledger.health == "ready"), "1 if requests are taken."),
        ):
            yield GaugeMetricFamily(f"beanpeak_ledger_{name}", text, value=value)
