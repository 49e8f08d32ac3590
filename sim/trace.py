"""A trace: a campaign's requests as rows, and the books it begins and ends with. A folder of Parquet files.

    trace.parquet     one row a request, in time order (columns: sim.wire.COLUMNS); facts in its metadata
    prepare.parquet   requests that open what was open when the slice began; same columns, n from wire.PREPARED
    openings.parquet  account, amount: balances to open before those, refused by a ledger in business
    closing.parquet   account, balance: the simulation's own books at the end, from the engine's state

A trace of a whole campaign begins with empty books: openings has no rows, and prepare only makes the incentive rules
known. An account that
`closing` does not name holds 0. With the fact `beans_by_period` false, a name like 2110:u12 in `closing`
stands for the sum of that user's accounts 2110:u12:…
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.doors import read_parquet, written_whole
from sim.errors import UsageError
from sim.wire import COLUMNS

FILES = ("trace", "prepare", "openings", "closing")
FACTS = "beanpeak"  # the metadata key under which the facts stand as JSON
OPENINGS = {"account": pl.String, "amount": pl.Int64}
CLOSING = {"account": pl.String, "balance": pl.Int64}
ROW = np.dtype(list(COLUMNS.items()))
Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Trace:
    """One campaign, or a slice of it, as requests.

    facts: scenario, design, seed, replication, users, real_users, start_us (µs since the Unix epoch), from_us
    and until_us (µs since the campaign's start), fee_cap, beans_by_period, rules (their names: the
    ledger's r0, r1, …), agents (how many of each), sha256.
    """

    columns: Columns
    prepare: Columns
    openings: pl.DataFrame
    closing: pl.DataFrame
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["n"])

    @property
    def sha256(self) -> str:
        """The trace's name in reports and manifests."""
        return str(self.facts["sha256"])

    @property
    def rows(self) -> NDArray[np.void]:
        """The requests as a structured array; `rows[k].item()` is what `sim.wire.Wire` takes."""
        return structured(self.columns)


def structured(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.void]:
    """Equally long columns as one array of rows in the order of `sim.wire.COLUMNS`."""
    rows = np.zeros(len(columns["n"]), ROW)
    for name in COLUMNS:
        rows[name] = columns[name]
    return rows


def empty_columns() -> Columns:
    """Columns without rows."""
    return {name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}


def columns_sha256(columns: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names and little-endian bytes of the columns, in their order."""
    digest = hashlib.sha256()
    for name, dtype in COLUMNS.items():
        digest.update(f"{name} {dtype} {len(columns[name])}\n".encode())
        digest.update(np.ascontiguousarray(columns[name], dtype).data)
    return digest.hexdigest()


def write_trace(folder: Path, trace: Trace) -> None:
    """Write the four files. Raises UsageError if the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        frames = (_frame(trace.columns), _frame(trace.prepare), trace.openings, trace.closing)
        # The trace itself comes last: where it is, the others are whole.
        for name, frame in reversed(list(zip(FILES, frames, strict=True))):
            facts = {FACTS: json.dumps(trace.facts, ensure_ascii=False)} if name == "trace" else None
            with written_whole(folder / f"{name}.parquet") as file:
                frame.write_parquet(file, metadata=facts)
    except OSError as error:
        raise UsageError(f"{folder}: the trace cannot be written there: {error.strerror}") from error


def read_trace(folder: Path) -> Trace:
    """A trace from its folder. Raises UsageError if there is none or its columns are not those it is named by."""
    missing = [f"{name}.parquet" for name in FILES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise UsageError(f"{folder}: no trace, {missing[0]} is missing; write one with `beanpeak trace`")
    trace, prepare, openings, closing = (read_parquet(folder / f"{name}.parquet") for name in FILES)
    facts = _facts(folder / "trace.parquet")
    columns = [
        _columns(frame, folder / f"{name}.parquet")
        for frame, name in ((trace, FILES[0]), (prepare, FILES[1]))
    ]
    for frame, name, schema in ((openings, FILES[2], OPENINGS), (closing, FILES[3], CLOSING)):
        _insist(dict(frame.schema) == schema, folder / f"{name}.parquet")
    if columns_sha256(columns[0]) != facts.get("sha256"):
        raise UsageError(f"{folder}: trace.parquet is not what its SHA-256 says; write it again")
    return Trace(columns[0], columns[1], openings, closing, facts)


def _facts(file: Path) -> dict[str, Any]:
    try:
        facts = json.loads(pl.read_parquet_metadata(file).get(FACTS, ""))
    except json.JSONDecodeError:
        facts = None
    _insist(isinstance(facts, dict), file)
    return dict(facts)


def _insist(ours: bool, file: Path) -> None:
    if not ours:
        raise UsageError(f"{file}: is no part of a trace of ours; write it again with `beanpeak trace`")


def _frame(columns: Columns) -> pl.DataFrame:
    return pl.DataFrame({name: columns[name] for name in COLUMNS})


def _columns(frame: pl.DataFrame, file: Path) -> Columns:
    _insist(all(name in frame.columns and frame[name].dtype.is_integer() for name in COLUMNS), file)
    return {name: frame[name].to_numpy().astype(dtype, copy=False) for name, dtype in COLUMNS.items()}
