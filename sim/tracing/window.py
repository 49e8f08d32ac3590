"""Which stretch of a campaign a slice is: two of its barriers, named in several ways."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import numpy as np

from sim.engine.clocks import barriers
from sim.errors import UsageError
from sim.scenario import Scenario, since_start
from sim.spans import SECOND
from sim.suggestions import did_you_mean
from sim.units import SHANGHAI, parse_duration

_FINE = re.compile(r"fine\d*")
Span = tuple[int, int]  # seconds since the scenario's start


def span_of(scenario: Scenario, begins: str | None, ends: str | None) -> Span:
    """The slice from `begins` to `ends`; without either, from the campaign's start and to its end.

    Both are an instant of the campaign ("2018-11-10T22:00"), a time since its start ("36 h"), or a fine window
    of its clock in the order of the file ("fine2"), whose start or end is meant; a fine window as `begins`
    also says where the slice ends. Raises UsageError if that is no stretch between two barriers.
    """
    last = scenario.scenario.length // SECOND
    first = 0 if begins is None else _second(scenario, "--from", begins, 0)
    if ends is not None:
        last = _second(scenario, "--until", ends, 1)
    elif begins is not None and _FINE.fullmatch(begins):
        last = _fine_windows(scenario)[begins][1]
    for option, second in (("--from", first), ("--until", last)):
        _must_be_a_barrier(scenario, option, second)
    if first >= last:
        asked = " ".join(
            f"{flag} {at}" for flag, at in (("--from", begins), ("--until", ends)) if at is not None
        )
        raise UsageError(f"{asked}: the slice is empty; give a later end")
    return first, last


def _fine_windows(scenario: Scenario) -> dict[str, Span]:
    spans = [
        (since_start(scenario, w.start) // SECOND, since_start(scenario, w.end) // SECOND)
        for w in scenario.clock.fine
    ]
    return {f"fine{k + 1}": span for k, span in enumerate(spans)}


def _second(scenario: Scenario, option: str, text: str, side: int) -> int:
    """Seconds since the start of what an option says; `side` of a window: 0 its start, 1 its end."""
    if _FINE.fullmatch(text):
        windows = _fine_windows(scenario)
        if text not in windows:
            some = f"has {', '.join(windows)}" if windows else "has none"
            raise UsageError(
                f"{option} {text}: no such fine window; this scenario {some}{did_you_mean(text, windows)}"
            )
        return windows[text][side]
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return _duration_s(option, text)
    start = scenario.scenario.start
    local = instant if instant.tzinfo else instant.replace(tzinfo=start.tzinfo)
    if local.utcoffset() != SHANGHAI:
        raise UsageError(f"{option} {text}: must be in the time zone +08:00")
    return _whole(option, text, since_start(scenario, local))


def _duration_s(option: str, text: str) -> int:
    try:
        return _whole(option, text, parse_duration(text))
    except ValueError:
        raise UsageError(
            f'{option} {text}: is no instant; write 2018-11-10T22:00, "36 h" since the start, or fine1'
        ) from None


def _whole(option: str, text: str, us: int) -> int:
    if us % SECOND:
        raise UsageError(f"{option} {text}: must be a whole second")
    return us // SECOND


def _must_be_a_barrier(scenario: Scenario, option: str, second: int) -> None:
    at = barriers(scenario)
    if second in at:
        return
    k = int(np.searchsorted(at, second))
    near = [_text(scenario, int(at[j])) for j in (k - 1, k) if 0 <= j < len(at)]
    raise UsageError(
        f"{option} {_text(scenario, second)}: no barrier stands there, and only there is the state known; "
        f"nearest: {', '.join(near)}"
    )


def _text(scenario: Scenario, second: int) -> str:
    at = scenario.scenario.start + timedelta(seconds=second)
    return at.replace(tzinfo=None).isoformat(timespec="minutes" if second % 60 == 0 else "seconds")
