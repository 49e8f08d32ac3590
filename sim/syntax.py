"""What the parser of TOML complains about, in our words: on which line, at which key, and what to do.

Needs nothing but the parser's message and the text, so that any reader of TOML files can use it.
"""

from __future__ import annotations

import re
import tomllib
from ast import literal_eval
from collections.abc import Iterator

NOT_TOML = "is not TOML: "
# What a Chinese keyboard types where TOML wants the narrow sign.
WIDE = dict(zip("“”＂‘’＇＝［］｛｝，．：＃　－", "\"\"\"'''=[]{},.:# -", strict=True))
WIDE |= dict(zip("０１２３４５６７８９", "0123456789", strict=True))
_PLACE = re.compile(r"^(.*?) \((?:at line (\d+), column \d+|at end of document)\)$", re.DOTALL)
_HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*(?:\]|$)")
_PAIR = re.compile(r"^[\s{]*([^\s=#\[{][^=#]*?)\s*=")
_CLOSED = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
_COMMENT = re.compile(r"#.*")
_BARE_QUANTITY = re.compile(r"=\s*[-¥￥]?\s*[\d_.,]+\s*(?:%|[^\W\d_]+)\s*(?:[#,}]|$)")
_DATE = re.compile(r"^\d{1,4}[-/年.]\d")
_OPENS = re.compile(r"=\s*\[")
BACKSLASH = (
    r"in double quotes a backslash begins an escape; write \\ for one, or put the text in single quotes"
)
BARE_KEY = 'a name with other letters than a–z, digits, - and _ stands in quotes, for instance [deeds."答题"]'
UNCLOSED_TEXT = 'the text is not closed; put " at its end'
NO_EQUALS = "an equals sign between key and value is missing; write it like users = 5_000"
# Beginnings of the parser's messages whose meaning depends on nothing else.
PLAIN = {
    "Invalid date or datetime": "is no date of the calendar; write it like 2022-09-05 or 2022-09-05T00:00:00+08:00",
    "Unescaped '\\' in a string": BACKSLASH,
    "Invalid hex value": BACKSLASH,
    "Escaped character": BACKSLASH,
    "Unterminated string": UNCLOSED_TEXT,
    "Illegal character '\\n'": UNCLOSED_TEXT,
    "Illegal character": "the text holds a control character; take it out",
    "Found invalid character": "the comment holds a control character; take it out",
    "Invalid initial character for a key part": BARE_KEY,
    "Invalid statement": BARE_KEY,
    "Expected ']'": "the header of the table is not closed; write it like [deeds.quiz] on a line of its own",
    "Expected ']]'": "the header is not closed; write it like [[clock.fine]] on a line of its own",
    "Expected '=' after a key": NO_EQUALS,
    "Unclosed array": "the square bracket that opens here is not closed, or a comma between two entries is missing",
    "Unclosed inline table": "what stands in braces must end on the same line, with commas between its entries",
}
TWICE = ("Cannot declare", "Cannot overwrite", "Cannot redefine", "Cannot mutate", "Duplicate inline")


def toml_problem(message: str, text: str) -> tuple[int, str, str]:
    """Line, key and problem of what `tomllib` says about a text that it refuses."""
    match = _PLACE.match(message)
    said, at = (match[1], match[2]) if match else (message, None)
    lines = text.splitlines() or [""]
    line = min(int(at) if at else len(lines), len(lines))
    if said.startswith("Invalid value") and _HEADER.match(lines[line - 1]):
        said = "Unclosed array"  # a table begins where an entry should
    if said.startswith("Unclosed array"):
        line = _opening(lines, line, _OPENS)
    if said.startswith("Unterminated string") and not at:
        line = _opening(lines, line, re.compile(r"\"\"\"|'''"))
    written = lines[line - 1]
    if said.startswith(TWICE):
        return line, _key(written), _twice(said, lines, line)
    return line, _key(written), f"{NOT_TOML}{_wrong(said, written)}"


def _wrong(said: str, written: str) -> str:
    """What is wrong with a line, the likeliest first."""
    bare = _COMMENT.sub("", _CLOSED.sub('""', written))
    outside, _, unclosed = bare.replace('""', "").partition('"')
    wide = next((c for c in outside if c in WIDE), None) or next((c for c in unclosed if c in "“”＂"), None)
    if wide is not None:
        name = "a full-width blank" if wide == "　" else wide
        meant = "an ordinary one" if wide == "　" else WIDE[wide]
        return f"{name} comes from a Chinese keyboard; write {meant} instead"
    if _BARE_QUANTITY.search(bare):
        value = bare.partition("=")[2].strip()
        if value.lower() not in ("true", "false"):
            return 'an amount with its unit stands in quotes, for instance "24 h" or "0.02 yuan"'
    if bare.count("{") > bare.count("}"):
        return PLAIN["Unclosed inline table"]
    if bare.strip().startswith("="):
        return "the key before the equals sign is missing"
    if said.startswith("Expected '=' after a key") and ":" in bare:
        return "a colon stands where TOML has an equals sign; write it like users = 5_000"
    if said.startswith(("Invalid value", "Expected newline")):
        return _value(bare)
    plain = next(
        (words for begin, words in sorted(PLAIN.items(), reverse=True) if said.startswith(begin)), ""
    )
    return plain or f"{said[:1].lower()}{said[1:]}; mend the line"


def _value(bare: str) -> str:
    """What is wrong with what stands after the equals sign of a line, whose closed texts are blanked."""
    value = bare.partition("=")[2].strip()
    if not value:
        return "the value is missing; write one after the equals sign"
    if value.lower() in ("true", "false"):
        return f"true and false are written small; write {value.lower()}"
    if _DATE.match(value):
        return "a date is written 2022-09-05, with its time 2022-09-05T00:00:00+08:00"
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", value):
        return f"a number has no commas; write {value.replace(',', '_')}"
    if re.fullmatch(r"0\d+", value):
        return f"a number does not begin with 0; write {value.lstrip('0') or '0'}"
    if re.fullmatch(r"-?\.\d+|-?\d+\.", value):
        return "a number has digits on both sides of its point; write 0.5"
    if value.startswith('""') and value != '""':
        return "something stands after the text in quotes; put all of it in quotes, or take it out"
    if re.match(r"[^\W\d]", value):
        return 'a text stands in quotes, for instance "答题"'
    return "the value cannot be read; numbers stand bare, texts and amounts with a unit in quotes"


def _twice(said: str, lines: list[str], line: int) -> str:
    """A table or key that stands already, and where."""
    if said.startswith("Duplicate inline"):
        return f"{said.removeprefix('Duplicate inline table key ')} stands twice in the braces; keep one of the two"
    written = lines[line - 1]
    header = _HEADER.match(written)
    name = f"[{header[1]}]" if header else _key(written)
    wanted = _paths(lines)[line - 1]
    first = next((k for k, path in enumerate(_paths(lines[: line - 1]), 1) if path and path == wanted), None)
    if first is None:
        within = literal_eval(said[said.index("(") :].split(" twice")[0]) if "(" in said else ()
        whole = f" {'.'.join(within)}" if within else ""
        return f"{name} adds to{whole or ' something'} that stands already as a value, in braces or as a list; keep one"
    merge = "merge the two" if header else "keep one of the two"
    return f"{name} stands already at line {first}; {merge}"


def _paths(lines: list[str]) -> list[tuple[str, ...]]:
    """What each line declares: the path of its table or key, () if it declares none."""
    found: list[tuple[str, ...]] = []
    table: tuple[str, ...] = ()
    for written in lines:
        header, pair = _HEADER.match(written), _PAIR.match(written)
        if header:
            table = tuple(_parts(header[1]))
        found.append(table if header else (*table, *_parts(pair[1])) if pair else ())
    return found


def _parts(key: str) -> Iterator[str]:
    """The parts of a dotted key as TOML reads them."""
    try:
        held = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        yield key
        return
    while isinstance(held, dict):
        ((part, held),) = held.items()
        yield part


def _opening(lines: list[str], line: int, opens: re.Pattern[str]) -> int:
    """The last line up to this one on which something opens."""
    return next((k for k in range(line, 0, -1) if opens.search(_COMMENT.sub("", lines[k - 1]))), line)


def _key(written: str) -> str:
    """The key or table that a line is about."""
    match = _HEADER.match(written) or _PAIR.match(written)
    return match[1] if match else "text"
