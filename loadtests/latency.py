"""Latency that cannot lie: four stamps an event, histograms in µs, merged over workers without loss.

    due ──lag──► dispatched ──backlog──► started ──service──► ended
    └────────────────────── intended ──────────────────────────┘

Only the lag is the generator's fault. `chain_wait` is the part of the backlog spent behind the same chain.
Keys of histograms read `series|scope`; scopes are the windows by due time, `kind:…`, `phase:…` and `second:…`.
Those by the second are for looking on: only the last ones are held, so that a long run takes no more memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from hdrh.histogram import HdrHistogram

SERIES = ("intended", "service", "backlog", "chain_wait", "lag")
WINDOWS = ("warmup", "measure", "cooldown")
LONGEST_US = 600_000_000
DIGITS, DIGITS_OF_A_SECOND = 3, 2
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}
WARMUP_AT_MOST_S, WARMUP_SHARE = 10.0, 10
SECOND_US = 1_000_000
US_PER_MS = 1000.0
OF_A_SECOND = "intended|second:"
LAST_SECONDS = 120  # of those with events


def histogram(digits: int = DIGITS) -> Any:
    """An empty histogram of 1 µs to 10 min."""
    return HdrHistogram(1, LONGEST_US, digits, b64_wrap=False)


@dataclass(frozen=True)
class Windows:
    """Which window an event belongs to, by its due instant: every event due inside, however late it ends."""

    measure_us: tuple[int, int]
    phases: Mapping[str, tuple[int, int]]  # named spans with a threshold of their own

    def of(self, due_us: int) -> str:
        """The window of a due instant."""
        start, end = self.measure_us
        if due_us < start:
            return "warmup"
        return "measure" if due_us < end else "cooldown"

    def phase(self, due_us: int) -> str | None:
        """The named phase of a due instant; phases are few."""
        for name, (start, end) in self.phases.items():
            if start <= due_us < end:
                return name
        return None


def make_windows(
    last_due_us: int,
    warmup_s: float | None,
    cooldown_s: float,
    phases: Mapping[str, Iterable[int]] | None = None,
) -> Windows:
    """Windows of a schedule. Without a warm-up time: a tenth of the run, at most 10 s."""
    if warmup_s is None:
        warmup_s = min(WARMUP_AT_MOST_S, last_due_us / SECOND_US / WARMUP_SHARE)
    spans = {name: (int(a), int(b)) for name, (a, b) in (phases or {}).items()}
    end = last_due_us + 1 - round(cooldown_s * SECOND_US)
    return Windows((round(warmup_s * SECOND_US), end), spans)


class Recorder:
    """The histograms of one worker. `drain` gives what is new since the last time, `final` everything."""

    def __init__(self, windows: Windows, kinds: list[str]) -> None:
        self.windows, self.kinds = windows, kinds
        self.live: dict[str, Any] = {}
        self.whole: dict[str, Any] = {}

    def record(self, kind: int, due: int, dispatched: int, started: int, ended: int, waited: int) -> None:
        """One event that was sent; all in µs."""
        put, window = self._put, self.windows.of(due)
        intended = ended - due
        put("intended|" + window, intended)
        put("service|" + window, ended - started)
        put("backlog|" + window, started - dispatched)
        put("chain_wait|" + window, waited)
        put("lag|" + window, dispatched - due)
        put(f"{OF_A_SECOND}{due // SECOND_US}", intended, DIGITS_OF_A_SECOND)
        if window == "measure":
            put("intended|kind:" + self.kinds[kind], intended)
        phase = self.windows.phase(due) if self.windows.phases else None
        if phase is not None:
            put("intended|phase:" + phase, intended)

    def _put(self, key: str, value: int, digits: int = DIGITS) -> None:
        held = self.live.get(key)
        if held is None:
            held = self.live[key] = histogram(digits)
        held.record_value(min(max(value, 0), LONGEST_US))

    def drain(self) -> Iterable[tuple[str, bytes]]:
        """What was recorded since the last drain; each histogram leaves once, though several may drain."""
        for key in list(self.live):
            held = self.live.pop(key, None)
            if held is not None:
                yield key, self._keep(key, held).encode()
        forget_old(self.whole)

    def _keep(self, key: str, held: Any) -> Any:
        whole = self.whole.get(key)
        if whole is None:
            whole = self.whole[key] = histogram(held.significant_figures)
        whole.add(held)
        return held

    def final(self) -> dict[str, bytes]:
        """Everything ever recorded."""
        for _ in self.drain():
            pass
        return {key: whole.encode() for key, whole in self.whole.items()}


class Merged:
    """Histograms of several workers, added bucket by bucket: no percentile is ever averaged."""

    def __init__(self) -> None:
        self.of: dict[str, Any] = {}

    def add(self, parts: Mapping[str, bytes]) -> None:
        """Add encoded histograms."""
        for key, blob in parts.items():
            part = HdrHistogram.decode(blob, b64_wrap=False)
            if key not in self.of:  # a decoded histogram would encode itself in another way
                self.of[key] = histogram(part.significant_figures)
            self.of[key].add(part)
        forget_old(self.of)

    def count(self, series: str) -> int:
        """How many events of a series there are over all windows."""
        return sum(int(self.of[key].total_count) for w in WINDOWS if (key := f"{series}|{w}") in self.of)

    def scope_count(self, series: str, scope: str) -> int:
        """How many events of a series fell into a scope."""
        held = self.of.get(f"{series}|{scope}")
        return 0 if held is None else int(held.total_count)

    def figures(self, series: str, scope: str = "measure") -> dict[str, float | None]:
        """p50, p90, p99, p999 and max in milliseconds; None where there is no event."""
        return figures_ms(self.of.get(f"{series}|{scope}"))

    def seconds(self) -> list[int]:
        """The last seconds of due time that have events."""
        return seconds_in(self.of)

    def encoded(self) -> dict[str, bytes]:
        """All of it, as `add` takes it."""
        return {key: held.encode() for key, held in self.of.items()}


def seconds_in(held: Mapping[str, Any]) -> list[int]:
    """The seconds of which there are histograms."""
    return sorted(int(key[len(OF_A_SECOND) :]) for key in held if key.startswith(OF_A_SECOND))


def forget_old(held: dict[str, Any]) -> None:
    """Let go of all seconds but the last ones."""
    for second in seconds_in(held)[:-LAST_SECONDS]:
        del held[f"{OF_A_SECOND}{second}"]


def figures_ms(held: Any) -> dict[str, float | None]:
    """Percentiles and maximum of a histogram in milliseconds."""
    if held is None or not held.total_count:
        return {**dict.fromkeys(PERCENTILES), "max": None}
    found = held.get_percentile_to_value_dict(list(PERCENTILES.values()))
    values = {name: found[level] / US_PER_MS for name, level in PERCENTILES.items()}
    return {**values, "max": held.get_max_value() / US_PER_MS}


def hgrm(held: Any) -> bytes:
    """A percentile distribution in milliseconds, as HdrHistogram's own plotters read it."""
    text = BytesIO()
    held.output_percentile_distribution(text, US_PER_MS)
    # The library scales the mean and forgets the deviation.
    deviation = b"%12.3f" % (held.get_stddev() / US_PER_MS)
    return re.sub(rb"(StdDeviation   = )\s*[0-9.]+", rb"\g<1>" + deviation, text.getvalue())
