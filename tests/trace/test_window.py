"""Slices by name: instants, times since the start, fine windows."""

from __future__ import annotations

import pytest

from sim.errors import UsageError
from sim.tracing.window import span_of
from tests.engine.worlds import world

HOUR = 3_600
PEAK = (7_534 * HOUR, 7_539 * HOUR)


@pytest.mark.parametrize(
    ("begins", "ends", "span"),
    [
        (None, None, (0, 365 * 24 * HOUR)),
        ("fine2", None, PEAK),
        ("fine2", "fine2", PEAK),
        ("fine1", "fine2", (292 * 24 * HOUR, PEAK[1])),
        ("2018-11-10T22:00", "2018-11-11T03:00", PEAK),
        ("2018-11-10T22:00:00+08:00", "2018-11-11 03:00", PEAK),
        ("2018-11-11", "2018-11-11T00:10", (7_536 * HOUR, 7_536 * HOUR + 600)),
        ("7534 h", "7539 h", PEAK),
        ("314 days", None, (314 * 24 * HOUR, 365 * 24 * HOUR)),
        (None, "6 h", (0, 6 * HOUR)),
    ],
)
def test_a_slice_can_be_named_in_several_ways(
    begins: str | None, ends: str | None, span: tuple[int, int]
) -> None:
    """The night of Double 11 and other stretches of 2018, in seconds since New Year."""
    assert span_of(world("double11_2018", 100), begins, ends) == span


def test_a_window_that_is_not_there_is_answered_with_those_that_are() -> None:
    """The scenario of 2018 has three."""
    with pytest.raises(UsageError, match="fine9: no such fine window; this scenario has fine1, fine2, fine3"):
        span_of(world("double11_2018", 100), "fine9", None)


@pytest.mark.parametrize("text", ["2018-11-10T22:00:30", "2017-12-31T23:00", "2019-02-01"])
def test_only_barriers_bound_a_slice(text: str) -> None:
    """Between barriers, before the start and after the end the state is not known."""
    with pytest.raises(UsageError, match="no barrier stands there"):
        span_of(world("double11_2018", 100), text, None)
