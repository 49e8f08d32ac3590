"""A run's metrics and tables as files of other programs: CSV and Parquet as they are, CSV as Excel likes it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl

from sim.doors import writable_folder, written_whole
from sim.errors import UsageError
from sim.reporting.headings import headings
from sim.reporting.results import Results

Lang = Literal["en", "zh"]
INSTANTS = ("t", "time")  # columns of µs since the scenario's start
CLOCK = "%Y-%m-%d %H:%M:%S"
FORMULAS = r"^[=+\-@\t\r\n]"  # a cell that begins so is computed by a spreadsheet, not shown


def parse_lang(text: str, excel: bool) -> Lang:
    """The language of headings. Raises UsageError: no such language, or nothing there to be translated."""
    langs: dict[str, Lang] = {"en": "en", "zh": "zh"}
    if text not in langs:
        raise UsageError(f"--lang {text}: is no language of the headings; use zh or en")
    if text != "en" and not excel:
        raise UsageError(f"--lang {text}: only --excel has headings; add it, or leave --lang out")
    return langs[text]


def export(
    results: Results, into: Path, to: str, *, excel: bool = False, lang: Lang = "en", flag: str = "--into"
) -> list[Path]:
    """Write metrics and tables as csv or parquet into a folder; the files written, metrics first.

    excel: CSV with a byte order mark, instants as Asia/Shanghai clock times, text that is never a formula and,
    in Chinese, headings. Raises UsageError for another format or if the folder cannot be written.
    """
    if to not in ("csv", "parquet"):
        raise UsageError(f"--to {to}: is no format; use csv or parquet")
    if excel and to != "csv":
        raise UsageError(f"--excel: is a kind of CSV; leave out --to {to}")
    writable_folder(into, flag).mkdir(parents=True, exist_ok=True)
    files = []
    for name, frame in {"metrics": results.metrics, **results.tables}.items():
        file = into / f"{name}.{to}"
        with written_whole(file) as partial:
            if excel:
                for_excel(results, name, frame, lang).write_csv(partial, include_bom=True)
            else:
                frame.write_csv(partial) if to == "csv" else frame.write_parquet(partial)
        files.append(file)
    return files


def for_excel(results: Results, table: str, frame: pl.DataFrame, lang: Lang) -> pl.DataFrame:
    """A table as a person reads it in a spreadsheet."""
    start = results.scenario.scenario.start.replace(tzinfo=None)  # its clock is that of Asia/Shanghai
    readable = frame.with_columns(
        (pl.lit(start) + pl.duration(microseconds=pl.col(name))).dt.strftime(CLOCK).alias(name)
        for name in INSTANTS
        if name in frame.columns
    )
    safe = readable.with_columns(
        *(_never_computed(name) for name, kind in readable.schema.items() if kind == pl.String),
        *(pl.col(name).fill_nan(None) for name, kind in readable.schema.items() if kind.is_float()),
    )
    return safe.rename(headings(table, safe.columns)) if lang == "zh" else safe


def _never_computed(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.when(text.str.contains(FORMULAS)).then("'" + text).otherwise(text).alias(column)
