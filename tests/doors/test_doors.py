"""Every door of the command line, each kind of damage: exit 2 before any work, one clear message, nothing written.

The doors are read off the commands: a new option without a row here fails.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer.main

from sim.bookkeeping import CHART
from sim.cli import app, main
from sim.ledger.opening import open_store
from tests.doors import damage
from tests.doors.damage import Damage, is_root, taken_port

REFERENCE = "loadtests.targets.reference:Reference"
# What else a command needs so that only the door under test can be wrong.
BASE: dict[str, list[str]] = {
    "run": ["hello"],
    "resume": [],
    "trace": ["hello"],
    "capacity": ["hello"],
    "scenarios show": ["hello"],
    "scenarios copy": ["hello", "copy.toml"],
    "scenarios check": ["hello"],
    "scenarios explain": ["hello", "--user", "streak=1"],
    "scenarios diff": ["hello", "hello"],
    "scenarios upgrade": ["old.toml"],
    "results list": [],
    "results show": [],
    "results figures": ["latest"],
    "results compare": ["latest", "latest"],
    "results export": ["latest"],
    "results metrics": [],
    "ledger serve": [],
    "ledger init": [],
    "ledger audit": [],
    "ledger rebuild": [],
    "ledger copy": ["--to", "copy.db", "--db", "sound.db"],
    "ledger export": [],
    "ledger reconcile": ["sound.csv", "--day", "20220909"],
    "ledger key new": ["ngo", "--scope", "pools:write"],
    "ledger key list": [],
    "ledger key rotate": ["ngo"],
    "ledger key revoke": ["ngo"],
    "load run": ["hello"],
    "load report": ["latest"],
    "load init-adapter": ["mine.py"],
    "load check-adapter": [REFERENCE],
}
UNKNOWN = [damage.text("unknown", "none-such", "none-such")]
NO_RUN = [damage.text("unknown", "none-such", "none-such|holds no (un)?finished")]
KINDS: dict[str, list[Damage]] = {
    "scenario": damage.SCENARIO,
    "scenarios": damage.SCENARIO,
    "--users": damage.COUNT,
    "--seed": damage.SEED,
    "--design": UNKNOWN,
    "--replications": damage.COUNT,
    "--workers": [*damage.COUNT, damage.text("very many", "100000")],
    "--jobs": [*damage.COUNT, damage.text("very many", "100000")],
    "--longest": damage.LONGEST,
    "--from": damage.INSTANT,
    "--until": damage.INSTANT,
    "--peak-rate": damage.RATE,
    "--speed": damage.ABOVE_0,
    "--floor-rate": damage.ABOVE_0,
    "--start-rate": damage.RATE,
    "--max-rate": damage.ABOVE_0,
    "--warmup": [*damage.AT_LEAST_0, damage.text("days", "1e9")],
    "--measure": [*damage.ABOVE_0, damage.text("days", "1e9")],
    "--slo": damage.SLO,
    "--faults": damage.FAULTS,
    "--host": damage.HOST,
    "--adapter": damage.ADAPTER,
    "adapter": damage.ADAPTER,
    "--fail-on": UNKNOWN,
    "--db": damage.DB,
    "--out": damage.OUT,
    "--format": UNKNOWN,
    "--width": [damage.text(value or "nothing", value, "--width") for value in ("", "85", "1mm", "wide")],
    "--lang": UNKNOWN,
    "--after": damage.NUMBER,
    "--limit": damage.COUNT,
    "--day": damage.DAY,
    "--expires": [*damage.VALID, damage.text("at once", "0d", "0d")],
    "--overlap": damage.VALID,
}
SPECIAL: dict[tuple[str, str], list[Damage]] = {
    ("capacity", "--db"): damage.PROBED,
    ("ledger copy", "--to"): damage.DB,
    ("ledger reconcile", "file"): damage.CSV,
    ("ledger serve", "--host"): damage.LISTEN,
    ("ledger serve", "--port"): damage.PORT,
    ("load init-adapter", "file"): damage.NEW_FILE,
    ("load report", "run"): NO_RUN,
    ("load report", "--out"): damage.KEPT,
    ("load run", "--db"): [one for one in damage.DB if one.name != "nothing"],
    ("scenarios show", "scenario"): damage.SHOWN,
    ("scenarios copy", "scenario"): damage.SHOWN,
    ("scenarios explain", "--user"): [
        damage.text("unknown", "no such=thing", "--user no such=thing: .*can be said")
    ],
    ("scenarios explain", "--at"): [
        one for one in damage.INSTANT if one.name not in ("negative", "no window")
    ],
    ("scenarios diff", "a"): damage.SCENARIO,
    ("scenarios diff", "b"): damage.SCENARIO,
    ("scenarios upgrade", "file"): damage.UPGRADED,
    ("resume", "--out"): damage.KEPT,
    ("resume", "run"): NO_RUN,
    ("results export", "run"): NO_RUN,
    ("results compare", "base"): NO_RUN,
    ("results compare", "others"): NO_RUN,
    ("results compare", "--out"): damage.KEPT,
    ("results figures", "run"): NO_RUN,
    ("results figures", "--only"): UNKNOWN,
    ("results list", "--out"): damage.KEPT,
    ("results metrics", "name"): UNKNOWN,
    ("results show", "run"): NO_RUN,
    ("results show", "--out"): damage.KEPT,
    ("results figures", "--out"): damage.KEPT,
    ("results export", "--out"): damage.KEPT,
}
# What is looked at elsewhere, and why.
ELSEWHERE = {
    ("results figures", "--into"): "needs a finished run: tests/reporting",
    ("results export", "--into"): "needs a finished run: tests/reporting",
    ("results export", "--to"): "needs a finished run: tests/reporting",
    ("scenarios copy", "to"): "what is there is asked for: tests/test_scenarios_files.py",
    ("resume", "--workers"): "as in run, after the run is found",
    ("resume", "--jobs"): "as in run, after the run is found",
    ("ledger key new", "id"): "names, no files: tests/service/test_cli_ledger.py",
    ("ledger key new", "--scope"): "names, no files: tests/service/test_cli_ledger.py",
    ("ledger key new", "--owns"): "names, no files: tests/service/test_cli_ledger.py",
    ("ledger key rotate", "id"): "names, no files: tests/service/test_cli_ledger.py",
    ("ledger key revoke", "id"): "names, no files: tests/service/test_cli_ledger.py",
    ("load run", "--i-own"): "a name that is only compared with the host's",
    ("load check-adapter", "--i-own"): "a name that is only compared with the host's",
}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command of the tree by its words."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield " ".join(path), command


def doors() -> list[tuple[str, str]]:
    """Every option and argument that takes a value, as (command, option)."""
    return [
        (name, parameter.opts[0])
        for name, command in commands(typer.main.get_command(app))
        for parameter in command.params
        if not getattr(parameter, "is_flag", False)
    ]


def damages(door: tuple[str, str]) -> list[Damage]:
    """What is tried at a door."""
    return SPECIAL.get(door, KINDS.get(door[1], []))


CASES = [
    pytest.param(command, option, one, id=f"{command} {option}: {one.name}")
    for command, option in doors()
    if (command, option) not in ELSEWHERE
    for one in damages((command, option))
]


def test_every_door_of_the_command_line_is_tried() -> None:
    """Whoever adds an option says here what can be wrong with it."""
    assert [door for door in doors() if door not in ELSEWHERE and not damages(door)] == []
    assert [door for door in (*SPECIAL, *ELSEWHERE) if door not in doors()] == []


@pytest.fixture(scope="module")
def sound_ledger(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of an empty ledger."""
    db = tmp_path_factory.mktemp("sound") / "sound.db"
    open_store(db, CHART).close()
    return db.read_bytes()


@pytest.fixture
def at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound_ledger: bytes) -> Path:
    """A folder with what a sound command needs; whoever begins to work in it fails."""
    from loadtests import capacity, nights

    def begun(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the work has begun")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for where, name in ((nights, "simulate"), (capacity, "simulate")):
        monkeypatch.setattr(where, name, begun)
    for name in (
        "sim.crew.perform",
        "sim.crew.Crew",
        "sim.service.server.serve",
        "loadtests.adapter_check.try_adapter",
    ):
        monkeypatch.setattr(name, begun)
    for name in ("trace_campaign", "trace_slice"):
        monkeypatch.setattr(f"sim.tracing.generate.{name}", begun)
    (tmp_path / "sound.db").write_bytes(sound_ledger)
    (tmp_path / "sound.csv").write_text("reference,fen\n", encoding="utf-8")
    return tmp_path


def argv(command: str, option: str, value: str) -> list[str]:
    """A command that is sound but for one value."""
    base = list(BASE[command])
    if option in base:
        at = base.index(option)
        del base[at : at + 2]
    if option.startswith("--"):
        return [*command.split(), *base, f"{option}={value}"]
    plain = [
        k for k, word in enumerate(base) if not word.startswith("--") and not base[k - 1].startswith("--")
    ]
    if plain:
        base[plain[0]] = value
    else:
        base = [value, *base]
    return [*command.split(), *base]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and what is in it; folders too."""
    return {
        str(one.relative_to(folder)): one.read_bytes()
        if one.is_file() and one.stat().st_mode & 0o400
        else b""
        for one in sorted(folder.rglob("*"))
        if "__pycache__" not in one.parts and not one.name.startswith("sound.db")
    }


@pytest.mark.parametrize(("command", "option", "one"), CASES)
def test_what_is_wrong_is_said_at_the_door(
    command: str,
    option: str,
    one: Damage,
    at_the_door: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2, what and where, a remedy, no secret, no traceback, and nothing is written."""
    if not one.as_root and is_root():
        pytest.skip("permissions stop nobody here")
    with taken_port() as taken:
        value = one.value(at_the_door).replace("{taken}", str(taken))
        before = tree(at_the_door)
        monkeypatch.setattr(sys, "argv", ["beanpeak", *argv(command, option, value)])
        with pytest.raises(SystemExit) as ended:
            main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err
    assert "s3cret" not in said.err
    words = " ".join(re.sub("[│╭╮╰╯─]", " ", said.err).split())
    assert re.search(one.named or f"{re.escape(value)}|{option} ?", words), words
    assert tree(at_the_door) == before
