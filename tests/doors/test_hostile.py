"""A path or a title is never a pattern: one hostile text goes through every command that takes either."""

from __future__ import annotations

import json
import shlex
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sim.cli import app
from sim.doors import writable_folder
from sim.errors import UsageError
from sim.loading import load_scenario, resolved_toml
from sim.reporting.terminal import literal

NAME = "a [v1]*? %s%20 #1 {x} $1 for $1 'q\" \\n ~ -x :smile: [red]x 公益|`<b>&amp;"  # of a file
TITLE = f"{NAME} [/red] [bold]http://x/?a=b#c[/bold]\n# head\n\x1b[31m = | ${{HOME}}"  # of a scenario
SHOWN = literal(TITLE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of that name, with a scenario of that name and title in it."""
    folder = tmp_path_factory.mktemp("hostile") / NAME
    (folder / "scenarios").mkdir(parents=True)
    text = resolved_toml(load_scenario("hello"))
    title = json.dumps(load_scenario("hello").scenario.title, ensure_ascii=False)
    assert title in text
    hostile = text.replace(title, json.dumps(TITLE, ensure_ascii=False))
    (folder / "scenarios" / f"{NAME}.toml").write_text(hostile, encoding="utf-8")
    return folder


@pytest.fixture
def ran(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder as working directory, with one run of the scenario in results of that name."""
    monkeypatch.chdir(place)
    if not (place / NAME).exists():
        beanpeak("run", NAME, "--users", "50", "--out", NAME)
    return place


def beanpeak(*arguments: str) -> Result:
    """The command, which must succeed; wide, so that nothing is folded."""
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "400"})
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def only_run(place: Path) -> Path:
    (run,) = (place / NAME / NAME).iterdir()
    return run


def test_a_run_shows_its_title_and_where_it_is(ran: Path) -> None:
    """On the terminal as written; `results show` says the same."""
    said = beanpeak("results", "show", "latest", "--out", NAME).stdout
    assert f"{SHOWN} ({literal(NAME)})" in said
    assert literal(f"data:    {NAME}/{NAME}/{only_run(ran).name}") in said
    assert json.loads(beanpeak("results", "show", NAME, "--out", NAME, "--json").stdout)["scenario"] == NAME


def test_a_run_of_a_path_is_as_good(ran: Path) -> None:
    """An absolute path to the scenario and to results, and --quiet prints the folder exactly."""
    file = ran / "scenarios" / f"{NAME}.toml"
    said = beanpeak("run", str(file), "--users", "50", "--out", str(ran / "more"), "--quiet").stdout
    assert (Path(said.rstrip("\n")) / "figures" / "beans.png").is_file()


def test_the_summary_is_plain_markdown(ran: Path) -> None:
    """One heading, no link, no table, no HTML comes of the title."""
    text = (only_run(ran) / "summary.md").read_text(encoding="utf-8")
    head = text.splitlines()[0]
    assert head.startswith("# ")
    assert head.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == f"# {SHOWN} ({literal(NAME)})"
    assert "<b>" not in text
    assert text.count("\n# ") == 0


def test_results_are_listed_under_their_names(ran: Path) -> None:
    """In the table and as JSON."""
    assert literal(NAME) in beanpeak("results", "list", "--out", NAME).stdout
    (row,) = json.loads(beanpeak("results", "list", "--out", NAME, "--json").stdout)["runs"]
    assert (row["scenario"], row["verdict"]) == (NAME, "balanced")


@pytest.mark.parametrize("which", ["latest", "name", "folder"])
def test_figures_and_exports_go_where_they_are_told(ran: Path, which: str) -> None:
    """From a run of that name into a folder of that name."""
    run = {"latest": "latest", "name": NAME, "folder": str(only_run(ran))}[which]
    into = f"{which} {NAME}"
    beanpeak("results", "figures", run, "--out", NAME, "--only", "beans", "--into", into)
    beanpeak("results", "export", run, "--out", NAME, "--into", into)
    beanpeak("results", "export", run, "--out", NAME, "--into", into, "--to", "parquet")
    assert {"beans.png", "beans.csv", "metrics.csv", "days.parquet"} <= {f.name for f in Path(into).iterdir()}


def test_scenarios_are_listed_shown_checked_and_copied(ran: Path) -> None:
    """And what `copy` tells to type can be typed."""
    listed = beanpeak("scenarios", "list").stdout
    assert literal(NAME) in listed
    assert SHOWN in listed
    names = {
        one["name"]: one for one in json.loads(beanpeak("scenarios", "list", "--json").stdout)["scenarios"]
    }
    assert names[NAME]["title"] == TITLE
    file = f"scenarios/{NAME}.toml"
    assert beanpeak("scenarios", "show", file).stdout == Path(file).read_text(encoding="utf-8")
    assert "sound" in beanpeak("scenarios", "check", NAME, file).stdout
    said = beanpeak("scenarios", "copy", NAME, f"copied {NAME}/{NAME}.toml").stdout
    hint = said.split("then `", 1)[1].rsplit("` and `", 1)[0]
    assert shlex.split(hint)[-1] == f"copied {NAME}/{NAME}.toml"
    beanpeak(*shlex.split(hint)[1:])


def test_a_mistake_is_told_under_the_files_name(ran: Path) -> None:
    """file:line, as it is written."""
    file = Path(f"wrong {NAME}.toml")
    text = (ran / "scenarios" / f"{NAME}.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("per_yuan", "per_yaun"), encoding="utf-8")
    result = CliRunner().invoke(app, ["scenarios", "check", str(file)])
    assert f"{file}:" in str(result.exception)
    assert "beans.per_yaun" in str(result.exception)


@pytest.mark.parametrize("slice_", [[], ["--until", "24 h"]])
def test_a_trace_is_written_and_read(ran: Path, slice_: list[str]) -> None:
    """Whole or a slice."""
    from sim.trace import read_trace

    out = f"trace{len(slice_)} {NAME}"
    said = beanpeak("trace", NAME, "--users", "50", "--out", out, *slice_).stdout
    assert said.startswith(f"{out}: ")
    assert len(read_trace(Path(out))) == int(
        said.split(" requests")[0].rsplit(maxsplit=1)[1].replace(",", "")
    )


DATABASES = [f"{NAME}.db", "file:x?mode=memory", "file:y.db", ":memory:", "x#1?vfs=unix&mode=ro.db", "%41.db"]


@pytest.mark.parametrize("db", DATABASES)
def test_a_ledger_lies_where_it_is_said_to(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is no URI of SQLite: the file has exactly that name, holds the key, and every command finds it."""
    monkeypatch.chdir(tmp_path)
    for words in ("init", "key list", "audit", "export", "rebuild"):
        beanpeak("ledger", *words.split(), "--db", db)
    beanpeak("ledger", "copy", "--db", db, "--to", f"copy {db}")
    assert {db, f"copy {db}"} <= {file.name for file in tmp_path.iterdir()}
    for name in (db, f"copy {db}"):
        with sqlite3.connect((tmp_path / name).as_uri(), uri=True) as held:
            assert held.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 5
    assert "operator" in beanpeak("ledger", "key", "list", "--db", f"copy {db}").stdout


def test_a_folder_that_is_no_utf8_is_refused_before_the_work(tmp_path: Path) -> None:
    """Tables cannot be written there, and that is said before anything is simulated."""
    with pytest.raises(UsageError, match="is no name in UTF-8"):
        writable_folder(tmp_path / "bad\udcff")
