"""What a worker sent and got: one fixed record an event, in a file mapped into memory.

A record is opened before the request leaves and closed with its ending, straight into the page cache: a
killed worker loses nothing that it had recorded. A record that was never closed reads as OPEN: the ledger may
or may not have the event. What is not in the log was never sent.

File `sendlog-<worker>.bin`: 16 bytes of header (magic, record size), then records, little-endian, in the order
of sending. `sendlog-<worker>.codes`: reasons, one a line; `code` k is line k, 0 is none.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from loadtests.adapters import Ending, Outcome

MAGIC = b"BPSEND01"
HEADER = struct.Struct("<8sQ")
# Instants are µs since the run's t0; `waited` is the part of started − dispatched spent behind its own chain.
RECORD = np.dtype(
    [
        ("row", "<u8"),
        ("due", "<i8"),
        ("dispatched", "<i8"),
        ("started", "<i8"),
        ("ended", "<i8"),
        ("seq", "<u8"),
        ("waited", "<u4"),
        ("attempts", "<u2"),
        ("code", "<u2"),
        ("outcome", "u1"),
        ("worker", "u1"),
        ("used", "u1"),  # 1 in every record that was opened
        ("kind", "u1"),
    ]
)
_OPENING = struct.Struct("<QqqqqQIHHBBBB")
_CLOSING = struct.Struct("<qQIHHB")
_ENDED = RECORD.fields["ended"][1]  # type: ignore[index]
NONE = 0
LONGEST_WAIT = 2**32 - 1


class SendLog:
    """The log of one worker, with room for every event it has to send."""

    def __init__(self, folder: Path, worker: int, room: int) -> None:
        self.worker = worker
        self.size = HEADER.size + room * RECORD.itemsize
        self._file = (folder / f"sendlog-{worker}.bin").open("wb+")
        self._file.truncate(self.size)
        self._map = mmap.mmap(self._file.fileno(), self.size)
        HEADER.pack_into(self._map, 0, MAGIC, RECORD.itemsize)
        self._end = HEADER.size
        self._codes: dict[str, int] = {"": NONE}
        self._names: IO[str] = (folder / f"sendlog-{worker}.codes").open("w", encoding="utf-8")

    def open(self, row: int, kind: int, due: int, dispatched: int, started: int, waited: int) -> int:
        """Write down that an event is about to be sent; its place, for `close`."""
        place = self._end
        self._end += RECORD.itemsize
        _OPENING.pack_into(
            self._map, place, row, due, dispatched, started, 0, 0, min(waited, LONGEST_WAIT), 0, NONE,
            Ending.OPEN, self.worker, 1, kind,
        )  # fmt: skip
        return place

    def close(self, place: int, ended: int, outcome: Outcome, attempts: int, waited: int) -> None:
        """Write down how it ended."""
        code = self._codes.get(outcome.code)
        if code is None:
            code = self._learn(outcome.code)
        _CLOSING.pack_into(
            self._map, place + _ENDED, ended, outcome.seq, min(waited, LONGEST_WAIT), min(attempts, 65_535),
            code, outcome.ending,
        )  # fmt: skip

    def _learn(self, name: str) -> int:
        code = len(self._codes)
        self._codes[name] = code
        self._names.write(name.replace("\n", " ") + "\n")
        self._names.flush()
        return code

    def finish(self) -> None:
        """Cut off the room that was not needed."""
        self._map.close()
        os.ftruncate(self._file.fileno(), self._end)
        self._file.close()
        self._names.close()


def read_log(file: Path) -> tuple[NDArray[np.void], list[str]]:
    """The records of one worker, in the order of sending, and its reasons ("" first)."""
    with file.open("rb") as opened:
        head = opened.read(HEADER.size)
    if len(head) < HEADER.size or HEADER.unpack(head) != (MAGIC, RECORD.itemsize):
        raise ValueError(f"{file.name}: is no send log of this version")
    room = (file.stat().st_size - HEADER.size) // RECORD.itemsize
    records = np.fromfile(file, RECORD, count=room, offset=HEADER.size)
    names = file.with_suffix(".codes")
    codes = names.read_text(encoding="utf-8").split("\n")[:-1] if names.exists() else []
    return records[records["used"] == 1], ["", *codes]


def read_logs(folder: Path) -> tuple[NDArray[np.void], list[str]]:
    """The records of all workers together, ordered by row, and one list of reasons for all."""
    together, parts = [""], []
    for file in sorted(folder.glob("sendlog-*.bin")):
        records, codes = read_log(file)
        for name in codes:
            if name not in together:
                together.append(name)
        common = np.array([together.index(name) for name in codes], dtype="<u2")
        records["code"] = common[records["code"]]
        parts.append(records)
    merged = np.concatenate(parts) if parts else np.empty(0, RECORD)
    return merged[np.argsort(merged["row"], kind="stable")], together
