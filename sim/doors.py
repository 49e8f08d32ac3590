"""The guard at every door: what comes in from a file or goes out to a folder is checked here, before any work.

Whatever is wrong with a file (missing, a folder, not readable, not UTF-8, not TOML, JSON, CSV, or Parquet) is a
UsageError that says which file, where in it, why and what to do. Readers of one kind of file (scenarios, faults,
thresholds, settlements, manifests) begin here and add their own rules.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Mistake, ScenarioError, UsageError
from sim.syntax import toml_problem

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES = 1 << 30  # of a file that is read whole
MOST_MISTAKES = 20  # of one table that are told
REMEDIES = {
    FileNotFoundError: "there is no such file; look at the name",
    IsADirectoryError: "is a folder; name a file",
    NotADirectoryError: "a part of that path is a file; look at the name",
    PermissionError: "may not be read; change its permissions",
}
Row = tuple[int, dict[str, str]]  # a line's number, and its cells by column


# --- bytes and text ----------------------------------------------------------------------------------------


def read_bytes(file: Path | Traversable, shown: str = "") -> bytes:
    """The bytes of a file, told of as `shown`. Raises UsageError."""
    shown = shown or str(file)
    try:
        with file.open("rb") as opened:
            data: bytes = opened.read(MOST_BYTES + 1)
    except OSError as error:
        reason = REMEDIES.get(type(error)) or f"cannot be read: {error.strerror}; name another file"
        raise UsageError(f"{shown}: {reason}") from None
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{shown!r}: is no name of a file: {error}; look at the name") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{shown}: is larger than {MOST_BYTES >> 20:,} MiB; no file of this kind is")
    return data


def decoded(data: bytes, shown: str) -> str:
    """UTF-8 text, with or without the mark that Windows puts before it. Raises ScenarioError with the line."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ScenarioError(
            [Mistake(shown, line, "text", f"is not UTF-8{_other(data)}; save the file as UTF-8")]
        ) from None


def _other(data: bytes) -> str:
    """The encoding it seems to be in, if that can be told."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ' but UTF-16 ("Unicode" in Windows)'
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return " but seems to be GBK"


def read_text(file: Path | Traversable, shown: str = "") -> str:
    """The text of a file in UTF-8. Raises UsageError."""
    return decoded(read_bytes(file, shown), shown or str(file))


# --- kinds of files ----------------------------------------------------------------------------------------


def read_toml(file: Path | Traversable, shown: str = "") -> tuple[dict[str, Any], str]:
    """The values of a TOML file and its text. Raises UsageError with the line."""
    text = read_text(file, shown)
    return parsed_toml(text, shown or str(file)), text


def parsed_toml(text: str, shown: str) -> dict[str, Any]:
    """The values of a TOML text. Raises ScenarioError with the line."""
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also a number of more digits than Python takes
        raise ScenarioError([Mistake(shown, *toml_problem(str(error), text))]) from None
    except RecursionError:
        raise ScenarioError([Mistake(shown, 1, "text", "is nested too deeply; write it flatter")]) from None


def read_json(file: Path) -> Any:
    """The value of a JSON file. Raises UsageError."""
    text = read_text(file)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise UsageError(f"{file}: is empty; it was not written by Beanpeak, or not to its end") from None
        raise UsageError(
            f"{file}:{error.lineno}: is not JSON: {error.msg}; it was not written by Beanpeak, or not to its end"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: is not JSON: {error}; it was not written by Beanpeak") from None


def read_csv(file: Path, needed: Sequence[str]) -> list[Row]:
    """The rows of a CSV file whose first line names the columns, with their lines; empty lines are none.

    Raises UsageError: a needed column is missing, a row has too many or too few cells, a quote is not closed.
    """
    shown, text = str(file), read_text(file)
    wanted = ",".join(needed)
    if not text.strip():
        raise ScenarioError([Mistake(shown, 1, "text", f"is empty; its first line is {wanted}")])
    found = _cells(shown, text)
    line, names = found[0][0], [name.strip() for name in found[0][1]]
    missing = [name for name in needed if names.count(name) != 1]
    if missing:
        remedy = f"the first line names each column once, as in {wanted}"
        if len(names) == 1 and re.search("[;\t]", names[0]):
            remedy = "cells are parted by commas; save it as CSV with commas"
        problem = "is there twice" if missing[0] in names else "is missing"
        raise ScenarioError([Mistake(shown, line, missing[0], f"the column {problem}; {remedy}")])
    told(
        Mistake(shown, at, "row", f"has {len(cells)} cells and the first line {len(names)}; mend the row")
        for at, cells in found
        if len(cells) != len(names)
    )
    return [(at, dict(zip(names, cells, strict=True))) for at, cells in found[1:]]


def _cells(shown: str, text: str) -> list[tuple[int, list[str]]]:
    """Each row's line and cells. Raises ScenarioError."""
    rows, begun, found = csv.reader(text.splitlines(keepends=True), strict=True), 1, []
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                found.append((begun, cells))
            begun = rows.line_num + 1
    except csv.Error as error:
        problem = f"the row that begins here is not CSV: {error}; is a quote open?"
        raise ScenarioError([Mistake(shown, begun, "row", problem)]) from None
    return found


def told(mistakes: Iterable[Mistake]) -> None:
    """Raises ScenarioError if there is any mistake; of very many the first ones are told."""
    found = list(mistakes)
    if len(found) > MOST_MISTAKES:
        more = f"and {len(found) - MOST_MISTAKES:,} more like these"
        found = [*found[:MOST_MISTAKES], replace(found[MOST_MISTAKES], key="rows", problem=more)]
    if found:
        raise ScenarioError(found)


def read_parquet(file: Path) -> pl.DataFrame:
    """The frame of a Parquet file; its path is a path and never a pattern. Raises UsageError."""
    import polars as pl

    try:
        return pl.read_parquet(file, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = (
            "there is no such file" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0]
        )
        raise UsageError(
            f"{file}: cannot be read: {reason}; it was not written by Beanpeak, or not to its end"
        ) from None


# --- going out ---------------------------------------------------------------------------------------------


def writable_folder(folder: Path, flag: str = "--out") -> Path:
    """The folder, once it is sure that a file can be written there; what is made to find out goes again.

    Raises UsageError.
    """
    try:
        str(folder).encode()  # tables are written by a library that takes no other names
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".beanpeak-", dir=folder)
        os.close(handle)
        Path(name).unlink()
        for place in missing:
            with suppress(OSError):  # somebody has put something there meanwhile
                place.rmdir()
    except FileExistsError:
        raise UsageError(f"{flag} {folder}: is a file; name a folder") from None
    except NotADirectoryError:
        raise UsageError(f"{flag} {folder}: a part of that path is a file; name a folder") from None
    except OSError as error:
        raise UsageError(
            f"{flag} {folder}: cannot be written: {error.strerror}; name another folder"
        ) from None
    except UnicodeEncodeError:
        raise UsageError(f"{flag} {str(folder)!r}: is no name in UTF-8; name another folder") from None
    except ValueError as error:
        raise UsageError(f"{flag} {str(folder)!r}: is no name of a folder: {error}") from None
    return folder


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """A name to write to; once that is whole it becomes `file`, and if it breaks off nothing is left of it."""
    partial = file.with_name(f".{file.name}.part{file.suffix}")
    try:
        yield partial
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def rewritten(file: Path, data: bytes) -> Path:
    """Other bytes in a file, whole or not at all; what was in it stands beside it as FILE.bak, whose path comes back.

    Raises UsageError.
    """
    backup = rewritable(file)
    try:
        with backup.open("xb") as kept:
            kept.write(file.read_bytes())
        try:
            shutil.copymode(file, backup)
            with written_whole(file) as new:
                new.write_bytes(data)
                shutil.copymode(file, new)
        except BaseException:
            backup.unlink()
            raise
    except FileExistsError:
        raise UsageError(f"{backup}: is there already; take it away, nothing was changed") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}; nothing was changed") from None
    return backup


def rewritable(file: Path) -> Path:
    """The path of the backup of a file, once it is sure that both can be written. Raises UsageError."""
    backup = file.with_name(f"{file.name}.bak")
    if file.is_symlink():
        raise UsageError(f"{file}: is a link to {file.readlink()}; name that file itself")
    if not file.stat().st_mode & 0o222 or not os.access(file, os.W_OK):
        raise UsageError(f"{file}: may not be written; change its permissions")
    if backup.exists() or backup.is_symlink():
        raise UsageError(f"{backup}: is there already, and no backup is written over; take it away")
    writable_folder(file.parent, f"{file}: its folder")
    return backup


def needed(file: Path, held: Any, keys: Mapping[str, type]) -> dict[str, Any]:
    """What was read from a file, once it has every key (`audit.balanced`) with a value of its kind.

    Raises UsageError with all that is missing at once.
    """
    wrong = [path for path, kind in keys.items() if not _is_of(held, path.split("."), kind)]
    if wrong:
        raise UsageError(
            f"{file}: lacks {', '.join(wrong)}; it was not written by Beanpeak, or not by this version: "
            "take it away"
        )
    return dict(held)


def _is_of(held: Any, path: list[str], kind: type) -> bool:
    for part in path:
        if not isinstance(held, dict) or part not in held:
            return False
        held = held[part]
    if isinstance(held, bool):
        return kind is bool
    return isinstance(held, kind) or (kind is float and isinstance(held, int))


def new_file(file: Path, flag: str = "") -> Path:
    """A file's path, once it is sure that it is free and can be written. Raises UsageError."""
    shown = f"{flag} {file}".strip()
    try:
        if file.exists() or file.is_symlink():
            raise UsageError(f"{shown}: is there already; choose another name")
    except OSError as error:
        raise UsageError(f"{shown}: cannot be written: {error.strerror}; choose another name") from None
    if "\0" in str(file):
        raise UsageError(f"{flag} {str(file)!r}: is no name of a file; choose another name")
    if not file.parent.is_dir():
        raise UsageError(f"{shown}: there is no folder {file.parent}; make it, or choose another name")
    writable_folder(file.parent, f"{shown}:")
    return file
