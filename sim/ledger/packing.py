"""Columns as PostgreSQL's binary arrays: one parameter carries a whole column of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from struct import Struct, pack
from typing import Any

_HEADER = Struct("!iiIii")  # dimensions, whether NULLs occur, type of the elements, how many, first index
_NULL = pack("!i", -1)
_INTEGER = Struct("!iq")
_INT8, _BYTEA, _TEXT = 20, 17, 25  # PostgreSQL's numbers of these types; they never change


def packed(type_: str, values: Sequence[Any]) -> bytes:
    """The values of a column of type bigint, text or bytea."""
    nulls = None in values
    if type_ == "bigint":
        number = _INT8
        if nulls:
            body = b"".join([_NULL if value is None else _INTEGER.pack(8, value) for value in values])
        else:
            body = pack(f"!{'iq' * len(values)}", *chain.from_iterable(zip(repeat(8), values, strict=False)))
    else:
        number = _TEXT if type_ == "text" else _BYTEA
        raw = [value.encode() if isinstance(value, str) else value for value in values]
        length = Struct("!i").pack
        body = b"".join([_NULL if one is None else length(len(one)) + one for one in raw])
    return _HEADER.pack(1, nulls, number, len(values), 1) + body
