"""Tables as compiled code sees them, for rules that run as plain Python.

Compiled, `users[3].habit` is a field of a record and arithmetic happens in 64 bits. NumPy's own scalars know neither:
a record has no attributes, and a u4 times a constant wraps at 32 bits. A Table hands out Rows and plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


def plain(value: Any) -> Any:
    """A record as a Row, an array as a Table, a scalar of NumPy as a number, a named tuple of them
    likewise; anything else as it is."""
    if isinstance(value, np.void):
        return Row(value)
    if isinstance(value, np.ndarray):
        return Table(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(plain, value))
    return value.item() if isinstance(value, np.generic) else value


class Table:
    """A view of an array that hands out plain numbers, Rows and Tables."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return tuple(self._array.shape)

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, at: Any) -> Any:
        return plain(self._array[at])

    def __setitem__(self, at: Any, value: Any) -> None:
        self._array[at] = value


class Row:
    """A view of a record whose fields are attributes."""

    __slots__ = ("_record",)

    def __init__(self, record: Any) -> None:
        object.__setattr__(self, "_record", record)

    def __getattr__(self, name: str) -> Any:
        return plain(self._record[name])

    def __setattr__(self, name: str, value: Any) -> None:
        self._record[name] = value


def over_plain_tables(function: Callable[P, R]) -> Callable[P, R]:
    """The function over views of the arrays it is given, which it may change."""

    @wraps(function)
    def passed(*given: P.args, **named: P.kwargs) -> R:
        return function(*map(plain, given), **{name: plain(value) for name, value in named.items()})

    return passed
