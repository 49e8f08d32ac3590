"""Tables for other programs: everything is there, and a spreadsheet shows what a person reads."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.engine.outcome import Outcome
from sim.errors import UsageError
from sim.observation.catalogue import TABLES
from sim.reporting.exporting import export, parse_lang
from sim.reporting.headings import OF_COLUMN, OF_TABLE, heading, headings
from sim.reporting.results import ORIGIN, Results

Make = Callable[..., Outcome]
METRICS = ("time", "metric", "group", "value")
COLUMNS = {name: [*ORIGIN, *table.columns] for name, table in TABLES.items()} | {
    "metrics": [*ORIGIN, *METRICS]
}


def rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.reader(text))


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_has_a_chinese_heading(table: str) -> None:
    """None is missing, and no two of a table are called the same."""
    named = [heading(table, column) for column in COLUMNS[table]]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in name) for name in named)
    assert len(set(named)) == len(named)


def test_no_heading_is_of_a_column_that_is_gone() -> None:
    """Whoever takes a column away takes its heading away."""
    known = {(table, column) for table, columns in COLUMNS.items() for column in columns}
    assert OF_COLUMN.keys() <= {column for _, column in known}
    assert OF_TABLE.keys() <= known


def test_money_and_minutes_say_their_unit() -> None:
    """A column in fen says so in its heading: 1 yuan is 100 of them."""
    for column, name in OF_COLUMN.items():
        assert ("（分）" in name) == (column == "fen" or column.endswith("_fen")), column
        assert ("（分钟）" in name) == (column == "minutes" or column.startswith("minutes_")), column


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_excel_finds_its_mark_and_headings(lang: str, tmp_path: Path, results: Results) -> None:
    """A byte order mark, or Excel reads Chinese as another encoding; headings in the language asked for."""
    files = export(results, tmp_path, "csv", excel=True, lang=parse_lang(lang, True))
    assert {file.stem for file in files} == COLUMNS.keys()
    for file in files:
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        expected = COLUMNS[file.stem]
        assert rows(file)[0] == (expected if lang == "en" else list(headings(file.stem, expected).values()))


def test_instants_are_read_from_a_clock(tmp_path: Path, results: Results) -> None:
    """Asia/Shanghai, and every other number as it is."""
    export(results, tmp_path, "csv", excel=True)
    start = results.scenario.scenario.start
    hours = rows(tmp_path / "hours.csv")
    assert hours[1][2] == f"{start:%Y-%m-%d} 00:00:00"
    assert hours[14][2] == f"{start:%Y-%m-%d} 13:00:00"
    assert [row[3] for row in hours[1:]] == list(map(str, results.tables["hours"]["visits"].to_list()))
    metrics = rows(tmp_path / "metrics.csv")
    assert metrics[1][2].endswith(" 00:00:00")
    assert "NaN" not in {row[5] for row in metrics}


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"])
def test_no_name_is_computed(text: str, tmp_path: Path, make_outcome: Make) -> None:
    """A name that begins like a formula gets an apostrophe in Excel's file, and is itself in the plain one."""
    whole = make_outcome()
    ngos = whole.tables["ngos"].with_columns(name=pl.lit(text))
    run = Results("hello", (make_outcome(0, tables={"ngos": ngos}),))
    export(run, tmp_path / "excel", "csv", excel=True)
    export(run, tmp_path / "plain", "csv")
    at = COLUMNS["ngos"].index("name")
    assert {row[at] for row in rows(tmp_path / "excel" / "ngos.csv")[1:]} == {f"'{text}"}
    assert {row[at] for row in rows(tmp_path / "plain" / "ngos.csv")[1:]} == {text}


def test_an_export_that_breaks_off_leaves_whole_files_only(
    tmp_path: Path, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What carries a plain name is complete; no part lies about."""
    write, left = pl.DataFrame.write_csv, [3]

    def full(frame: pl.DataFrame, file: Path, **told: bool) -> None:
        left[0] -= 1
        if not left[0]:
            file.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        write(frame, file, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(OSError, match="No space left"):
        export(results, tmp_path, "csv")
    assert len(list(tmp_path.iterdir())) == 2


def test_what_contradicts_itself_is_refused(tmp_path: Path, results: Results) -> None:
    """Parquet for Excel, headings without Excel, a language there is not."""
    with pytest.raises(UsageError, match="leave out --to parquet"):
        export(results, tmp_path, "parquet", excel=True)
    for lang, excel in (("zh", False), ("fr", True)):
        with pytest.raises(UsageError, match=f"--lang {lang}"):
            parse_lang(lang, excel)
    assert list(tmp_path.iterdir()) == []
