"""Numbers as people read them: fen as yuan, minutes as hours, shares as percent, large ones in 万 and 亿."""

from __future__ import annotations

from math import isfinite

FEN_PER_YUAN, MINUTES_PER_HOUR = 100.0, 60.0
AS_READ = {
    "fen": (1 / FEN_PER_YUAN, " yuan"),
    "minutes": (1 / MINUTES_PER_HOUR, " h"),
    "share": (100.0, " %"),
    "multiple": (1.0, " ×"),
    "h": (1.0, " h"),
}
NOTHING = "–"  # does not apply
LARGE = ((1e8, "亿"), (1e4, "万"))


def amount(unit: str, value: float, high: float | None = None, *, large: bool = False) -> str:
    """A value with its unit, ± half of its interval; `large` counts in 万 and 亿, as annual reports do."""
    if not isfinite(value):
        return NOTHING
    factor, suffix = AS_READ.get(unit, (1.0, ""))
    half = (high - value) * factor if high is not None and isfinite(high) else None
    value *= factor
    word = ""
    if large:
        step, word = next(((s, w) for s, w in LARGE if abs(value) >= s), (1.0, ""))
        value, half = value / step, None if half is None else half / step
    spread = "" if half is None else f" ± {_number(half)}"
    return f"{_number(value)}{spread}{' ' * bool(word)}{word}{suffix}"


def over(count: int, of: int) -> str:
    """Of how many replications a mean is, if not of all."""
    return "" if count == of else f"over {count} of {of} replications"


def _number(value: float) -> str:
    if value == round(value) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"
