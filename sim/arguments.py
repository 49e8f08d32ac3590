"""What a notebook hands over: checked before any work, like a file."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

from sim.errors import UsageError
from sim.scenario import Scenario


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """A whole number as Python's int: also one of NumPy, but no bool, float or text. Raises UsageError."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise UsageError(
            f"{name}={value!r}: must be a whole number, for instance {name}={least + 1}"
        ) from None
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"between {least} and {most}"
        raise UsageError(f"{name}={number}: must be {limits}")
    return number


def scenario_asked(value: Any) -> Scenario | str | Path:
    """A scenario, or a name or path of one. Raises UsageError."""
    if isinstance(value, Scenario | str | Path):
        return value
    raise UsageError(
        f"scenario={value!r:.60}: must be a name, a path or a sim.Scenario, for instance 'hello'; "
        "`beanpeak scenarios list` shows the names"
    )


def design_asked(value: Any) -> str:
    """A design by its name. Raises UsageError."""
    if isinstance(value, str):
        return value
    raise UsageError(f"design={value!r:.60}: must be a name in quotes, for instance 'base'")


def watcher_asked(value: Any) -> Any:
    """A function of one argument, or None. Raises UsageError."""
    if value is None or callable(value):
        return value
    raise UsageError(
        f"progress={value!r:.60}: must be a function that takes a sim.Progress, for instance progress=print"
    )
