"""Where each setting of a TOML text stands. `tomllib` keeps no lines, so a small scanner reads them again.

It is only shown text that `tomllib` has accepted, and leaves values alone: it follows keys, tables, arrays
and inline tables, and steps over strings and comments.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\s]+(?: [0-9][^,\]}#\s]*)?")  # a date and its time may stand apart
_SPACE = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:\s+|#[^\n]*)*")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'),
    re.compile(r"'[^']*'"),
)


class Lines:
    """The line of every table, key and array entry of a TOML text, by path.

    Paths are keys from the outside in, with the index for entries of arrays:
    `("clock", "fine", 1, "end")`. Lines count from 1.
    """

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._starts = [0, *(m.end() for m in re.finditer("\n", self._text))]
        self._at = 0
        self._of: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}  # entries so far of each array of tables
        self._spans: dict[Path, tuple[int, int]] = {}
        self._headers: set[Path] = set()
        self._read_document()

    def of(self, path: Path) -> int:
        """The line of a path, or of what holds it if the path itself is not written; 1 for nothing at all."""
        for length in range(len(path), 0, -1):
            line = self._of.get(path[:length])
            if line is not None:
                return line
        return 1

    @property
    def paths(self) -> frozenset[Path]:
        """Every path that is written in the text, tables and entries of arrays among them."""
        return frozenset(self._of)

    @property
    def headers(self) -> frozenset[Path]:
        """The tables that have a header of their own."""
        return frozenset(self._headers)

    def span(self, path: Path) -> tuple[int, int]:
        """Where a key with its value, or the header of a table, begins and ends in the text (line ends as \\n).

        Raises KeyError where the path is not written by itself.
        """
        return self._spans[path]

    def _read_document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_BETWEEN)
            if self._at >= len(self._text):
                return
            if self._peek("["):
                table = self._read_header()
            else:
                self._read_pair(table)

    def _read_header(self) -> Path:
        start = self._at
        is_array = self._peek("[[")
        self._at += 2 if is_array else 1
        keys = self._read_keys()
        self._at += 2 if is_array else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._latest((*path, key), start)
        path = (*path, keys[-1])
        if not is_array:
            self._spans[path] = (start, self._at)
            self._headers.add(path)
            return self._latest(path, start)
        self._note(path, start)
        index = self._counts.get(path, 0)
        self._counts[path] = index + 1
        self._note((*path, index), start)
        return (*path, index)

    def _latest(self, path: Path, start: int) -> Path:
        """The path noted; of an array of tables, its latest entry."""
        self._note(path, start)
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _read_pair(self, table: Path) -> None:
        start = self._at
        path = table
        for key in self._read_keys():
            path = (*path, key)
            self._note(path, start)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._read_value(path)
        self._spans[path] = (start, self._at)

    def _read_keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._read_key())
            self._skip(_SPACE)
            if not self._peek("."):
                return keys
            self._at += 1

    def _read_key(self) -> str:
        bare = _BARE_KEY.match(self._text, self._at)
        if bare is not None:
            self._at = bare.end()
            return bare[0]
        quoted = self._skip_string()
        return str(tomllib.loads(f"key = {quoted}")["key"])

    def _read_value(self, path: Path) -> None:
        if self._peek("["):
            self._read_entries(path, "]")
        elif self._peek("{"):
            self._read_entries(path, "}")
        elif self._peek('"') or self._peek("'"):
            self._skip_string()
        else:
            self._skip(_BARE_VALUE)

    def _read_entries(self, path: Path, closing: str) -> None:
        """The entries of an array or of an inline table, up to its closing bracket."""
        self._at += 1
        index = 0
        while True:
            self._skip(_BETWEEN)
            if self._peek(closing):
                self._at += 1
                return
            if self._peek(","):
                self._at += 1
            elif closing == "}":
                self._read_pair(path)
            else:
                self._note((*path, index), self._at)
                self._read_value((*path, index))
                index += 1

    def _note(self, path: Path, start: int) -> None:
        self._of.setdefault(path, bisect_right(self._starts, start))

    def _peek(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _skip_string(self) -> str:
        for pattern in _STRINGS:
            match = pattern.match(self._text, self._at)
            if match is not None:
                self._at = match.end()
                return match[0]
        raise ValueError(f"no string stands at {self._at}; the text is not TOML")


def spelled(path: Path) -> str:
    """A path as people write it: `deeds.quiz.beans`, `clock.fine[0].end`, `designs.double."deeds.quiz"`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            text += f".{key}" if text else key
    return text
