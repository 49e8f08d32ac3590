"""A ledger's export as pages of events: over HTTP, from a file, or from what an adapter can tell.

Only what the audit needs is decoded. One line of NDJSON is one event; a page is a list of them, in the order in
which the ledger numbers them.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from sim.errors import UsageError

PAGE = 4_096  # events
BLOCK = 1 << 18  # bytes of a file; what is decoded from it stays in the processor's cache
TIMEOUT_S = 60.0

Mode = Literal["posted", "pending", "post", "void", "expire"]
Asset = Literal["BEAN", "CNY", "HOUR"]
# Mode, debit, credit, asset, amount, and of the end of a hold where that was opened: seq and line.
Transfer = tuple[Mode, str, str, Asset, int, tuple[int, int] | None]


class Event(msgspec.Struct, gc=False):
    """One event of the journal, as far as the audit looks at it."""

    seq: int
    id: str
    transfers: list[Transfer]


Pages = Iterable[list[Event]]
_decode = msgspec.json.Decoder(Event).decode_lines


def decode(lines: bytes, where: str) -> list[Event]:
    """Events of whole lines. Raises UsageError for anything that is no export."""
    try:
        return _decode(lines)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{where}: is no export of a ledger: {error}") from None


def pages_of_file(file: Path) -> Iterator[list[Event]]:
    """Pages of a file written by `beanpeak ledger export`. Raises UsageError."""
    try:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                yield decode(block + opened.readline(), file.name)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None


def pages_of_http(host: str, token: str, page: int = PAGE) -> Iterator[list[Event]]:
    """Pages of `GET /v1/export` of a ledger that runs. Raises UsageError if it cannot be read to its head."""
    parts = urlsplit(host)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    after = 0
    try:
        while events := _page(connection, token, after, page):
            yield events
            after = events[-1].seq
    finally:
        connection.close()


def _page(connection: http.client.HTTPConnection, token: str, after: int, limit: int) -> list[Event]:
    path = f"/v1/export?after={after}&limit={limit}"
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise UsageError(f"{path}: the ledger cannot be reached: {error}") from None
    if answer.status != 200:
        raise UsageError(
            f"{path}: the ledger answered {answer.status}: {said[:300].decode(errors='replace')}"
        )
    return decode(said, path)


def pages_of_adapter(told: Iterable[tuple[Any, ...]] | None) -> Iterator[list[Event]] | None:
    """Pages of what `LedgerAdapter.audit` tells: (id, seq, posting, …); None if it tells nothing.

    A posting reads as a transfer of the export: mode, debit, credit, asset, amount, hold that it ends or None.
    """
    return None if told is None else _pages_of_tuples(iter(told))


def _pages_of_tuples(told: Iterator[tuple[Any, ...]]) -> Iterator[list[Event]]:
    while part := list(islice(told, PAGE)):
        try:
            yield [
                Event(int(seq), str(id), msgspec.convert(lines, list[Transfer])) for id, seq, *lines in part
            ]
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            raise UsageError(f"the adapter's audit() tells no events: {error}") from None
