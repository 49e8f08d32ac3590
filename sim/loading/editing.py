"""Changes in a TOML text that leave all the rest as it was written, comments and order included."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sim.loading.lines import Lines, Path
from sim.loading.wording import as_toml

WIDTH = 110
COMMENT_AT = 27  # where comments stand in the scenarios that come with Beanpeak
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_SAYS_NOTHING = re.compile(r"[ \t]*(?:#[^\n]*)?\n")
_KEYS = re.compile(rf"((?:{_PART}\s*\.\s*)*){_PART}")


@dataclass(frozen=True)
class Cut:
    """The comments that went out with a key: the lines that stood above it alone, and the one behind it."""

    above: tuple[str, ...] = ()
    behind: str = ""


class Sheet:
    """A TOML text that is changed key by key. Lines end as \\n."""

    def __init__(self, text: str) -> None:
        self.text = text

    def cut(self, path: Path) -> Cut:
        """Take a key and its value out, with its comments."""
        start, end = Lines(self.text).span(path)
        first, last = self._line(start, end)
        if not self._alone(start, end):
            self._cut_between(start, end)
            return Cut()
        behind = self.text[end:last].strip().removeprefix("#").strip()
        begin = self._about_this_only(first, last + 1)
        above = self.text[begin:first].splitlines()
        self._drop_lines(begin, last + 1)
        return Cut(tuple(comment.strip().removeprefix("#").strip() for comment in above), behind)

    def replace(self, path: Path, pairs: Iterable[str], keep: bool = False) -> None:
        """Write other keys where one stands; its comment stays. With `keep` they come after it."""
        start, end = Lines(self.text).span(path)
        keys = _KEYS.match(self.text, start)
        assert keys is not None
        written = [keys[1] + pair for pair in pairs]
        if keep:
            written.insert(0, self.text[start:end])
        _, last = self._line(start, end)
        if not self._alone(start, end):
            self.text = self.text[:start] + ", ".join(written) + self.text[end:]
        else:
            behind = self.text[end:last]
            self.text = self.text[:start] + "\n".join([written[0] + behind, *written[1:]]) + self.text[last:]

    def silence(self, path: Path) -> None:
        """Take a key and its value out and leave its comments where they stand."""
        start, end = Lines(self.text).span(path)
        first, last = self._line(start, end)
        behind = self.text[end:last].strip()
        if self._alone(start, end) and behind:
            self.text = f"{self.text[:first]}{behind}{self.text[last:]}"
        elif self._alone(start, end):
            self._drop_lines(first, last + 1)
        else:
            self._cut_between(start, end)

    def insert(self, block: str, before: str) -> None:
        """Put tables before the first one of a section and what is said above it, or at the end."""
        lines = Lines(self.text)
        starts = [lines.span(path)[0] for path in lines.headers if path[0] == before]
        if not starts:
            self.text = f"{self.text.rstrip()}\n\n{block}\n" if self.text.strip() else f"{block}\n"
            return
        at = self._line(min(starts), min(starts))[0]
        while at > 0 and _SAYS_NOTHING.fullmatch(line := self.text[self._line(at - 1, at - 1)[0] : at]):
            at -= len(line)
        while at > 0 and self.text.startswith("#", at):  # said right under the last key: it stays there
            at = self.text.index("\n", at) + 1
        self.text = f"{self.text[:at]}\n{block}\n\n{self.text[at:].lstrip(chr(10))}"

    def drop_header(self, path: Path) -> None:
        """Take the header of a table out if nothing at all stands under it or beside it."""
        lines = Lines(self.text)
        if path not in lines.headers:
            return
        start, end = lines.span(path)
        bare = re.compile(r"[ \t]*(?:\n|\Z)").match(self.text, end)
        if bare is None or not re.compile(r"(?:\s|#[^\n]*)*(?:\[|\Z)").match(self.text, end):
            return
        below = re.compile(r"\s*(?:\n|\Z)|(?=\[)").match(
            self.text, bare.end()
        )  # comments after a blank line are others'
        if below is not None:
            self.text = self.text[: self._line(start, end)[0]] + self.text[below.end() :]

    def _line(self, start: int, end: int) -> tuple[int, int]:
        """Where the lines of a stretch begin and end."""
        last = self.text.find("\n", end)
        return self.text.rfind("\n", 0, start) + 1, len(self.text) if last < 0 else last

    def _alone(self, start: int, end: int) -> bool:
        """Whether nothing else but a comment stands on the lines of a stretch."""
        first, last = self._line(start, end)
        behind = self.text[end:last].strip()
        return not self.text[first:start].strip() and (not behind or behind.startswith("#"))

    def _cut_between(self, start: int, end: int) -> None:
        """Take an entry of an inline table out, and one of the commas beside it."""
        after = re.compile(r"\s*,\s*").match(self.text, end)
        if after is not None:
            end = after.end()
        else:
            start = len(self.text[:start].rstrip().removesuffix(",").rstrip())
        self.text = self.text[:start] + ("" if after else " ") + self.text[end:].lstrip(" ")

    def _about_this_only(self, first: int, end: int) -> int:
        """Where the comments above some lines begin if below them stands nothing else that they could be about."""
        begin = self._above(first)
        nothing_left = re.compile(r"[ \t]*(?:\n|\[|\Z)").match(self.text, end)
        return begin if begin > 0 and nothing_left else first

    def _drop_lines(self, first: int, end: int) -> None:
        """Take whole lines out; of the blank lines around them one stays."""
        if self.text[:first].endswith("\n\n") and self.text.startswith("\n", end):
            end += 1
        self.text = self.text[:first] + self.text[end:]

    def _above(self, at: int) -> int:
        """Where the comment lines right above a line begin."""
        while at > 0:
            line = self.text.rfind("\n", 0, at - 1) + 1
            if not self.text[line:at].lstrip().startswith("#"):
                break
            at = line
        return at


def pair(key: str, value: Any) -> str:
    """A key and its value on one line."""
    return f"{key} = {as_toml(value)}"


def pair_in_lines(key: str, value: Any, comment: str = "") -> list[str]:
    """A key and its value, an array that is too long in lines of its own, and a comment behind the first line."""
    line = pair(key, value)
    if len(line) <= WIDTH or not isinstance(value, list):
        return [_commented(line, comment)]
    entries = [as_toml(one) for one in value]
    if isinstance(value[0], dict):
        inner = [f"    {entry}," for entry in entries]
    else:
        filled = textwrap.fill(", ".join(entries), WIDTH, initial_indent="    ", subsequent_indent="    ",
                               break_long_words=False, break_on_hyphens=False)  # fmt: skip
        inner = f"{filled},".split("\n")
    return [_commented(f"{key} = [", comment), *inner, "]"]


def _commented(line: str, comment: str) -> str:
    return f"{line:<{COMMENT_AT - 1}} # {comment}" if comment else line
