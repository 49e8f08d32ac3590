"""The guard at every door: what comes in from a file or goes out to a folder is checked here, before any work.

Whatever is wrong with a file (missing, a folder, not readable, not UTF-8, not TOML, JSON, or Parquet) is a
UsageError that says which file, where in it, why and what to do. Readers of one kind of file (scenarios, faults,
thresholds, settlements, manifests) begin here and add their own rules.
"""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Mistake, ScenarioError, UsageError

if TYPE_CHECKING:
    import polars as pl

BOM = "\ufeff"
REMEDIES = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "is a folder; name a file",
    PermissionError: "may not be read; change its permissions",
}


def read_bytes(file: Path) -> bytes:
    """The bytes of a file. Raises UsageError."""
    try:
        return file.read_bytes()
    except OSError as error:
        reason = REMEDIES.get(type(error)) or f"cannot be read: {error.strerror}"
        raise UsageError(f"{file}: {reason}") from None
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{str(file)!r}: is no name of a file: {error}") from None


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


def read_text(file: Path) -> str:
    """The text of a file in UTF-8. Raises UsageError."""
    return decoded(read_bytes(file), str(file))


def read_toml(file: Path) -> tuple[dict[str, Any], str]:
    """The values of a TOML file and its text. Raises UsageError with the line."""
    text = read_text(file)
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: is not TOML: {error}; mend that line") from None


def read_json(file: Path) -> Any:
    """The value of a JSON file. Raises UsageError."""
    text = read_text(file)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        what = "is empty" if not text.strip() else f"is not JSON: {error}"
        raise UsageError(f"{file}: {what}; it was not written by Beanpeak, or not to its end") from None


def read_parquet(file: Path) -> pl.DataFrame:
    """The frame of a Parquet file; its path is a path and never a pattern. Raises UsageError."""
    import polars as pl

    try:
        return pl.read_parquet(file, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = (
            "there is no such file" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0]
        )
        raise UsageError(f"{file}: cannot be read: {reason}") from None


def writable_folder(folder: Path, flag: str = "--out") -> Path:
    """The folder, once it is sure that a file can be written there; it is made if it is not there.

    Raises UsageError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".beanpeak-", dir=folder)
        os.close(handle)
        Path(name).unlink()
    except FileExistsError:
        raise UsageError(f"{flag} {folder}: is a file; name a folder") from None
    except NotADirectoryError:
        raise UsageError(f"{flag} {folder}: a part of that path is a file; name a folder") from None
    except OSError as error:
        raise UsageError(
            f"{flag} {folder}: cannot be written: {error.strerror}; name another folder"
        ) from None
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
