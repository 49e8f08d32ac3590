"""A trace on disk, and the command that writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from sim.cli import app
from sim.errors import UsageError
from sim.trace import Trace, columns_sha256, read_trace, structured, write_trace
from sim.wire import COLUMNS, Wire, rows
from tests.trace.made import BUSY, made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a trace in it."""
    write_trace(tmp_path / "trace", made(BUSY).trace)
    return tmp_path / "trace"


def beanpeak(*arguments: str) -> tuple[int, str, str]:
    """Exit code, what is said, and the error it ends with, if it is one of ours."""
    done = CliRunner().invoke(app, list(arguments))
    return getattr(done.exception, "exit_code", done.exit_code), done.stdout, str(done.exception or "")


def test_a_trace_is_read_as_it_was_written(folder: Path) -> None:
    """Columns bit for bit, the books around them, and the facts."""
    was, now = made(BUSY).trace, read_trace(folder)
    for name in COLUMNS:
        for before, after in ((was.columns, now.columns), (was.prepare, now.prepare)):
            assert before[name].dtype == after[name].dtype
            assert np.array_equal(before[name], after[name])
    assert_frame_equal(was.openings, now.openings)
    assert_frame_equal(was.closing, now.closing)
    assert was.facts == now.facts
    assert now.sha256 == columns_sha256(now.columns)


def test_the_facts_say_what_the_trace_is_of() -> None:
    """Scenario, design, seed, sizes, the real size, the calendar and the slice."""
    facts = made(BUSY).trace.facts
    assert facts.keys() == {
        "scenario", "title", "design", "seed", "replication", "users", "real_users", "start_us", "from_us", "until_us",
        "fee_cap", "beans_by_period", "rules", "agents", "sha256",
    }  # fmt: skip
    assert facts["start_us"] == 1_662_307_200_000_000  # 2022-09-05T00:00+08:00
    assert (facts["from_us"], facts["until_us"]) == (32 * 3_600_000_000, 146 * 3_600_000_000)
    assert facts["agents"]["users"] > facts["users"] == 1_000  # farmers are users too


@pytest.mark.parametrize("column", ["due_us", "amount", "expected"])
def test_a_trace_that_was_changed_is_not_read(folder: Path, column: str) -> None:
    """Its name is the SHA-256 of its columns: one value elsewhere, and it is another trace."""
    file = folder / "trace.parquet"
    metadata = {k: v for k, v in pl.read_parquet_metadata(file).items() if k == "beanpeak"}
    frame = pl.read_parquet(file)
    frame.with_columns(pl.col(column) + pl.lit(1, frame[column].dtype)).write_parquet(file, metadata=metadata)
    with pytest.raises(UsageError, match="SHA-256"):
        read_trace(folder)


@pytest.mark.parametrize("name", ["trace", "prepare", "openings", "closing"])
def test_a_trace_that_is_not_whole_is_not_read(folder: Path, name: str) -> None:
    """The message names what is missing and the command that writes it."""
    (folder / f"{name}.parquet").unlink()
    with pytest.raises(UsageError, match=rf"{name}\.parquet is missing; write one with `beanpeak trace`"):
        read_trace(folder)


def test_something_else_by_that_name_is_not_a_trace(folder: Path) -> None:
    """Not a file of ours: a usage error, no traceback."""
    (folder / "trace.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(UsageError, match="cannot be read"):
        read_trace(folder)


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    """And nothing of the trace is there."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written there"):
        write_trace(tmp_path / "file" / "trace", made(BUSY).trace)


def test_rows_of_the_structured_array_are_rows_of_the_columns() -> None:
    """Both ways of walking through a trace give the same requests."""
    trace: Trace = made(BUSY).trace
    few = {name: values[:300] for name, values in trace.columns.items()}
    wire = Wire("r1", trace.facts["start_us"])
    walked = [wire.request(row) for row in rows(few)]
    assert walked == [wire.request(row.item()) for row in structured(few)]
    assert replace(trace, columns=few).rows.dtype.names == tuple(COLUMNS)


def test_the_command_writes_the_same_trace_twice(tmp_path: Path) -> None:
    """Rows, kinds and SHA-256 as JSON; the manifest beside a whole campaign's trace names it."""
    told = []
    for folder in ("one", "two"):
        code, out, error = beanpeak(
            "trace", "hello", "--users", "400", "--out", str(tmp_path / folder), "--json"
        )
        assert (code, error) == (0, "")
        told.append(json.loads(out))
    assert told[0]["sha256"] == told[1]["sha256"] == read_trace(tmp_path / "one").sha256
    assert told[0]["requests"] == sum(told[0]["kinds"].values()) > 100
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["outcomes"][0]["trace"] == told[0]["sha256"]


def test_the_command_tells_people_what_it_wrote(tmp_path: Path) -> None:
    """How many requests of which kinds, and the trace's name; of a slice also what it opens."""
    folder = str(tmp_path / "slice")
    code, out, _ = beanpeak(
        "trace", "hello", "--users", "800", "--from", "1 day", "--until", "36 h", "--out", folder
    )
    trace = read_trace(Path(folder))
    assert code == 0
    assert f"{len(trace):,} requests, sha256 {trace.sha256}" in out
    assert f"{trace.openings.height:,} opening balances" in out
    assert "DEED" in out
    assert not (Path(folder) / "manifest.json").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--from", "fine1"], "no such fine window; this scenario has none"),
        (["--from", "yesterday"], "is no instant"),
        (["--from", "90 min"], "nearest: 2022-09-05T01:00, 2022-09-05T02:00"),
        (["--from", "2 days", "--until", "1 day"], "the slice is empty"),
        (["--from", "2022-09-06T00:00+00:00"], "must be in the time zone"),
    ],
)
def test_a_slice_that_is_none_is_a_usage_error(tmp_path: Path, options: list[str], problem: str) -> None:
    """It says what is wrong and what to write instead, and writes nothing."""
    code, out, error = beanpeak("trace", "hello", *options, "--out", str(tmp_path / "t"))
    assert (code, out) == (2, "")
    assert problem in error
    assert not (tmp_path / "t").exists()
