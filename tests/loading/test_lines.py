"""The scanner finds the line of every path that `tomllib` reads."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sim.loading.lines import Lines, spelled
from sim.loading.wording import as_toml

KEYS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_-]{1,5}", fullmatch=True), st.text("a.\"' 豆#[\\", min_size=1, max_size=5)
)
LEAVES = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    st.text("a\"' 豆#[]{},=\n\\", max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES_IN_LINE = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3))
)


def paths_of(tree: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path of a document, tables and entries of arrays among them."""
    if path:
        yield path
    inner: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in inner:
        yield from paths_of(value, (*path, key))


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES_IN_LINE, max_size=3), max_size=4))
def test_the_scanner_sees_every_path_on_its_line(tables: dict[str, dict[str, Any]]) -> None:
    """Over any tables with any values the scanner finds the paths of tomllib, and each key on its line."""
    lines: list[str] = []
    expected = {}
    for name, table in tables.items():
        lines += [f"# [{name!r}]".replace("\n", " "), f"[ {spelled((name,))} ] # a comment"]
        expected[(name,)] = len(lines)
        for key, value in table.items():
            lines.append(f"{spelled((key,))} = {as_toml(value)}")
            expected[(name, key)] = len(lines)
    text = "\n".join(lines)
    scanned = Lines(text)
    assert scanned.paths == set(paths_of(tomllib.loads(text)))
    assert {path: scanned.of(path) for path in expected} == expected


def test_the_scanner_follows_every_way_of_writing() -> None:
    """Dotted and quoted keys, arrays over lines, tables in line, arrays of tables and long strings."""
    text = (
        'a.b."c.d" = 1 # x = 2\n"q\\"z" = """\nx = 2\n\\""" ["""\n'
        "arr = [ # ]\n [1, 2], {k = 'v', z.y = [1]},\n"
        ' 2022-01-01 00:00:00, "]", ]\n[t . u]\nx = ""\n[[t.list]]\nn = 1979-05-27\n[t.list.sub]\nm = +inf\n'
        "[[t.list]]\nn = '''a'''\n"
    )
    scanned = Lines(text)
    assert scanned.paths == set(paths_of(tomllib.loads(text)))
    lines = {spelled(p): scanned.of(p) for p in scanned.paths}
    assert lines['a.b."c.d"'] == 1
    assert lines['"q\\"z"'] == 2
    assert lines["arr"] == 5
    assert lines["arr[1].z.y[0]"] == 6
    assert lines["arr[2]"] == lines["arr[3]"] == 7
    assert lines["t.u.x"] == 9
    assert lines["t.list[0].sub.m"] == 13
    assert lines["t.list[1]"] == 14
    assert lines["t.list[1].n"] == 15
    assert scanned.of(("t", "list", 1, "missing")) == 14
