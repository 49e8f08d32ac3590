"""What can be wrong with what is given at a door: each kind of door with its kinds of damage.

A damage makes what is given and says what the refusal has to name. Written from what a person may do: the wrong
name, a folder, another program's file, an editor's encoding, a value that is none.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Damage(NamedTuple):
    """A kind of damage: what it is called, what makes the value, and what the refusal names."""

    name: str
    value: Callable[[Path], str]
    named: str = ""  # a regular expression; the value itself if empty
    as_root: bool = True


def text(name: str, value: str, named: str = "") -> Damage:
    """A value that is wrong as it stands."""
    return Damage(name, lambda _: value, named)


def file(name: str, content: bytes, named: str, ending: str) -> Damage:
    """A file whose content is wrong."""

    def make(folder: Path) -> str:
        (folder / f"given{ending}").write_bytes(content)
        return f"given{ending}"

    return Damage(name, make, named)


def folder_called(name: str) -> Callable[[Path], str]:
    """A folder where a file is wanted."""

    def make(folder: Path) -> str:
        (folder / name).mkdir()
        return name

    return make


def unreadable(ending: str) -> Callable[[Path], str]:
    """A file that nobody may read."""

    def make(folder: Path) -> str:
        (folder / f"given{ending}").write_text("x", encoding="utf-8")
        (folder / f"given{ending}").chmod(0)
        return f"given{ending}"

    return make


def files(ending: str, content: str) -> list[Damage]:
    """What can be wrong with any file of text; `content` would be sound, and holds Chinese in its second line."""
    given = rf"given\{ending}"
    return [
        text("missing", f"none{ending}", rf"none\{ending}.*(there is no such)"),
        Damage("a folder", folder_called(f"given{ending}"), given),
        Damage("no permission", unreadable(ending), given, as_root=False),
        text("NUL in the name", f"a\0b{ending}", r"a.*b"),
        file("GBK", content.encode("gb18030"), rf"{given}:2: .*GBK.*save", ending),
        file("UTF-16", content.encode("utf-16"), rf"{given}:1: .*UTF-16.*save", ending),
        file("empty", b"", given, ending),
    ]


def toml(content: str) -> list[Damage]:
    """And what can be wrong with TOML."""
    given = r"given\.toml"
    return [
        *files(".toml", content),
        file(
            "unclosed quote",
            content.encode() + b'\nlast = "open',
            rf"{given}:\d+: last: is not TOML",
            ".toml",
        ),
        file("NUL inside", content.encode() + b"\n\0\n", rf"{given}:\d+: .*is not TOML", ".toml"),
        file(
            "a huge number",
            content.encode() + b"\nx = " + b"9" * 5_000,
            rf"{given}:\d+: .*is not TOML",
            ".toml",
        ),
        file("nested", content.encode() + b"\nx = " + b"[" * 5_000, rf"{given}:\d+: ", ".toml"),
    ]


FAULT = '[[fault]]\n# 断\ndo = "kill9"\nat = "1 min"\nrestart_after = "1 s"\n'
FAULTS = [
    *toml(FAULT),
    *(
        file(name, content.encode(), rf"given\.toml:\d+: .*{named}", ".toml")
        for name, content, named in [
            ("one table", FAULT.replace("[[fault]]", "[fault]"), r"\[\[fault\]\]"),
            ("a number", "fault = 3", r"\[\[fault\]\]"),
            ("numbers", "fault = [3]", r"\[\[fault\]\]"),
            ("no table", "fault = []", r"\[\[fault\]\]"),
            ("another table", "[[faults]]\n", r"\[\[fault\]\]"),
            ("a list for a deed", FAULT.replace('"kill9"', '["kill9"]'), "must be kill9 or freeze"),
            ("a number for a time", FAULT.replace('"1 min"', "60"), "needs a unit"),
        ]
    ),
    file("beyond the campaign", FAULT.replace("1 min", "400 days").encode(), r"given\.toml: kill9", ".toml"),
]
SLO_TEXT = "error_ratio = 0\n# 误\n"
SLO = [
    *toml(SLO_TEXT),
    text("a misspelt name", "relax", "relax.*did you mean 'relaxed'"),
    *(
        file(name, content.encode(), rf"given\.toml:\d+: .*{named}", ".toml")
        for name, content, named in [
            ("a list of tables", "[[intended]]\np99_ms = 3", "must be a table"),
            ("a number for a table", "intended = 3", "must be a table"),
            ("tables for kinds", "[[kind]]\n", r"must be a table; write \[kind\.GIFT\]"),
            ("a number for a kind", "[kind]\nGIFT = 3", "must be a table"),
            ("a text for a number", 'error_ratio = "0"', "must be a number"),
            ("not a number", "intended.p99_ms = nan", "must be a number"),
            ("an infinite number", "intended.p99_ms = inf", "must be a number"),
        ]
    ),
]
SCENARIO = [
    *toml("x = 1\n# 豆\n"),
    text("a misspelt name", "helo", "helo.*did you mean 'hello'"),
    text("no name", "", "scenario"),
]
UPGRADED = toml("x = 1\n# 豆\n")
SHOWN = [one for one in files(".toml", "x = 1\n# 豆\n") if one.name != "empty"]  # its text, whatever it is
CSV_TEXT = "reference,fen\n账,1\n"
CSV = [
    *files(".csv", CSV_TEXT),
    *(
        file(name, content.encode(), rf"given\.csv:{named}", ".csv")
        for name, content, named in [
            ("semicolons", "reference;fen\na;1\n", "1: .*commas"),
            ("a column is missing", "reference,yuan\na,1\n", "1: fen: .*missing"),
            ("a column is there twice", "reference,fen,fen\na,1,2\n", "1: fen: .*twice"),
            ("an unclosed quote", 'reference,fen\na,1\n"b,2\nc,3\n', "3: .*quote"),
            ("too many cells", "reference,fen\na,1\nb,1,000\n", "3: .*3 cells"),
            ("too few cells", "reference,fen\na\n", "2: .*1 cells"),
            ("yuan", "reference,fen\na,1.50\n", "2: fen: .*1.50.*whole number"),
            ("no reference", "reference,fen\n ,150\n", "2: reference: is empty"),
            ("a letter", "reference,fen\na,1\nb,x\n", "3: fen: "),
            ("a digit of another script", "reference,fen\na,１\n", "2: fen: "),
        ]
    ),
]


# --- ledgers and folders -----------------------------------------------------------------------------------


def other_database(folder: Path) -> str:
    """A database of SQLite that another program made."""
    connection = sqlite3.connect(folder / "other.db")
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    return "other.db"


def notes(folder: Path) -> str:
    """A file of text by the name of a database."""
    (folder / "notes.db").write_text("these are notes\n" * 100, encoding="utf-8")
    return "notes.db"


POSTGRES = [
    text("a port that is none", "postgresql://me:s3cret@127.0.0.1:99999/x", "postgres"),
    text("nobody's port", "postgresql://me:s3cret@127.0.0.1:9/x", "postgres.*cannot connect"),
    text("no host", "postgresql://me:s3cret@no-such-host.invalid/x", "postgres.*cannot connect"),
    text("no URL", "postgresql://me:s3cret@[::1/x", "PostgreSQL|postgres"),
]
DB = [
    Damage("a folder", folder_called("given.db"), r"given\.db: is a folder"),
    Damage("no database", notes, r"notes\.db: not a ledger"),
    Damage("another program's", other_database, r"other\.db: not a ledger"),
    Damage("no permission", unreadable(".db"), r"given\.db", as_root=False),
    text("NUL in the name", "a\0b.db", "a.*b"),
    text("nowhere", "none/ledger.db", "none"),
    text("another server's", "mysql://me:s3cret@host/x", "--db"),
    text("nothing", "", "is empty"),
    *POSTGRES,
]
PROBED = [text("a file", "mine.db", r"mine\.db: each probe"), *POSTGRES]


def plain_file(folder: Path) -> str:
    """A file where a folder is wanted."""
    (folder / "plain").write_text("x", encoding="utf-8")
    return "plain"


OUT = [
    Damage("a file", plain_file, "plain"),
    Damage("below a file", lambda folder: plain_file(folder) + "/out", "plain"),
    text("not writable", "/proc/none", "/proc/none"),
    text("NUL in the name", "a\0b", "a.*b"),
]
KEPT = [text("nothing there", "none", "none"), Damage("a file", plain_file, "plain")]
NEW_FILE = [
    Damage("there already", plain_file, "plain: .*choose another"),
    Damage("below a file", lambda folder: plain_file(folder) + "/mine.py", "plain/mine.py"),
    text("no such folder", "none/mine.py", "none"),
    text("NUL in the name", "a\0b.py", "a.*b"),
    text("not writable", "/proc/mine.py", "/proc"),
]

# --- values ------------------------------------------------------------------------------------------------

RATE = [text(value, value) for value in ("0", "-1", "nan", "inf", "-inf", "fast", "1e9")]
ABOVE_0 = [damage for damage in RATE if damage.name != "1e9"]
AT_LEAST_0 = [damage for damage in ABOVE_0 if damage.name != "0"]
COUNT = [text(value, value) for value in ("0", "-1", "1.5", "many", "9" * 30)]
NUMBER = [text(value, value) for value in ("-1", "1.5", "many", "9" * 30)]
SEED = [text(value, value) for value in ("-1", "1.5", "many")]
LONGEST = [
    text(value or "nothing", value, "--longest")
    for value in ("", "30", "0 h", "-1 h", "long", "9" * 30 + " h")
]
INSTANT = [
    text("text", "soon", "--.* soon: .*write"),
    text("after the end", "2030-01-01T00:00", "2030-01-01T00:00"),
    text("before the start", "1999-01-01T00:00", "1999-01-01T00:00"),
    text("no day", "2022-02-31", "2022-02-31"),
    text("no window", "fine9", "fine9: no such fine window"),
    text("another time zone", "2022-09-05T00:00+00:00", r"\+08:00"),
    text("negative", "-1 h", "-1 h"),
]
HOST = [
    text("a port too large", "http://127.0.0.1:99999", "99999.*port.*write it like"),
    text("port 0", "http://127.0.0.1:0", "port.*write it like"),
    text("no port", "http://127.0.0.1:x", "port.*write it like"),
    text("no scheme", "127.0.0.1:8000", "write it like http"),
    text("another scheme", "ftp://127.0.0.1", "write it like http"),
    text("a path", "http://127.0.0.1:8000/v1", "path.*write it like"),
    text("a password", "http://me:s3cret@127.0.0.1:8000", "user or password"),
    text("a password and no port", "http://me:s3cret@127.0.0.1:x", "port.*write it like"),
    text("broken IPv6", "http://[::1", "write it like http"),
    text("a blank", "http://127.0.0.1 :8000", "write it like"),
    text("another's machine", "http://198.51.100.7", "--i-own 198.51.100.7"),
    text("nobody", "http://127.0.0.1:9", "nobody answers"),
    text("nobody on IPv6", "http://[::1]:9", "nobody answers"),
]
ADAPTER = [
    text("no class", "loadtests.adapters", "cannot be loaded.*write package.module:Class"),
    text("no module", "none_such:Ledger", "cannot be loaded.*write package.module:Class"),
    text("a file", "mine.py", "cannot be loaded.*write package.module:Class"),
    text("no adapter", "sim.errors:UsageError", "has no method"),
    text("nothing", ":", "write package.module:Class"),
    Damage("broken", lambda folder: module(folder, "def"), "SyntaxError.*broken_one"),
    Damage("it exits", lambda folder: module(folder, "raise SystemExit(0)"), "SystemExit"),
    Damage("it fails", lambda folder: module(folder, "1 / 0"), "ZeroDivisionError"),
]
DAY = [text(value, value) for value in ("20220231", "99999999", "2022-09-09", "0", "-20220909", "220909")]
VALID = [
    text(value, value, "write 90d|is longer")
    for value in ("soon", "9", "-1d", "1.5d", "９0d", "9" * 30 + "d")
]
PORT = [
    text("too large", "65536"),
    text("negative", "-1"),
    text("text", "http"),
    text("in use", "{taken}", "cannot listen.*--port"),
]
LISTEN = [
    text("a URL", "http://127.0.0.1", "cannot listen.*--host"),
    text("nobody's", "192.0.2.1", "cannot listen"),
]


def module(folder: Path, content: str) -> str:
    """A module of the user's that cannot be imported; a new name each time, for Python keeps what it saw."""
    name = f"broken_one_{abs(hash((folder, content)))}"
    (folder / f"{name}.py").write_text(content, encoding="utf-8")
    return f"{name}:Ledger"


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def is_root() -> bool:
    """Whether permissions stop nobody here."""
    return os.geteuid() == 0
