"""Doors that are no option of a command: job files, schedules, trace folders; and what is let in."""

from __future__ import annotations

import argparse
import json
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loadtests import planning
from loadtests.arguments import add_arguments, job_from
from loadtests.faults import load_faults
from loadtests.hosts import address_of, checked_host, insist_on_listener
from loadtests.schedule import read_schedule
from loadtests.slo import load_slo
from sim.errors import UsageError
from sim.service.reconciling import read_file
from sim.trace import CLOSING, FACTS, OPENINGS, Trace, columns_sha256, empty_columns, read_trace, write_trace
from sim.wire import COLUMNS
from tests.doors import damage
from tests.doors.damage import Damage, is_root

JOB = [
    *damage.files(".json", '{"schedule":\n "表", "run": "a"}'),
    *(
        damage.file(name, content.encode(), named, ".json")
        for name, content, named in [
            ("no JSON", '{"schedule":\n', r"given\.json:2: is not JSON"),
            ("a list", "[1]", r"given\.json: must be one JSON object"),
            ("nested", "[" * 100_000, r"given\.json: is not JSON"),
            ("a text for a number", '{"schedule": "s", "senders": "many"}', "senders 'many': must be"),
            ("no time", '{"schedule": "s", "drain_s": NaN}', "drain_s nan: must be"),
            ("too long a time", '{"schedule": "s", "drain_s": 1e300}', "drain_s 1e.300: must be"),
            ("a number for a name", '{"schedule": 3}', "schedule 3: must be"),
            ("a misspelt setting", '{"schedule": "s", "sender": 3}', "sender: .*did you mean 'senders'"),
            ("no host", '{"schedule": "s", "host": "127.0.0.1"}', "write it like http"),
        ]
    ),
]


def refusal(call: Callable[[], Any]) -> str:
    """What a door says; exit 2."""
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("one", JOB, ids=lambda one: one.name)
def test_a_job_file_is_checked(one: Damage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the wrong kind are told with their names."""
    if not one.as_root and is_root():
        pytest.skip("permissions stop nobody here")
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parsed = parser.parse_args(["--job", one.value(tmp_path)])
    assert re.search(one.named, refusal(lambda: job_from(parsed)))


# --- traces and schedules ----------------------------------------------------------------------------------


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The folder of a sound trace of three requests."""
    columns = {name: np.zeros(3, dtype) for name, dtype in COLUMNS.items()}
    columns["due_us"] = np.array([0, 1_000_000, 2_000_000], columns["due_us"].dtype)
    frames = pl.DataFrame(schema=OPENINGS), pl.DataFrame(schema=CLOSING)
    facts = {"sha256": columns_sha256(columns), "users": 3, "start_us": 0}
    write_trace(tmp_path / "trace", Trace(columns, empty_columns(), *frames, facts))
    assert len(read_trace(tmp_path / "trace")) == 3
    return tmp_path / "trace"


FILES = ("trace", "prepare", "openings", "closing")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet"])
def test_a_damaged_file_of_a_trace_is_named(trace: Path, name: str, content: bytes) -> None:
    """Whichever of the four it is."""
    (trace / f"{name}.parquet").write_bytes(content)
    said = refusal(lambda: read_trace(trace))
    assert f"{name}.parquet: cannot be read" in said
    assert "not written by Beanpeak" in said


@pytest.mark.parametrize("name", FILES)
def test_another_table_in_a_trace_is_named(trace: Path, name: str) -> None:
    """A sound file of Parquet that is no part of a trace, with facts or without."""
    pl.DataFrame({"x": [1]}).write_parquet(trace / f"{name}.parquet", metadata={FACTS: "{}"})
    assert f"{name}.parquet: is no part of a trace" in refusal(lambda: read_trace(trace))


@pytest.mark.parametrize("facts", [{}, {FACTS: "no JSON"}, {FACTS: "[1]"}, {FACTS: "{}"}])
def test_a_trace_without_its_facts_is_not_read(trace: Path, facts: dict[str, str]) -> None:
    """Its name is in them."""
    file = trace / "trace.parquet"
    pl.read_parquet(file).write_parquet(file, metadata=facts)
    assert "write it again" in refusal(lambda: read_trace(trace))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("none", "none: no trace"),
        ("trace --peak-rate=nan", "--peak-rate nan: must be"),
        ("trace --speed=0", "--speed 0: must be"),
        ("trace --floor-rate=inf", "--floor-rate inf: must be"),
        ("trace --peak=5..1", "ends before it begins"),
        ("trace --peak=nan..nan", "--peak nan..nan: write it like"),
        ("trace --peak=0..1e400", "write it like"),
        ("trace --speed=1e-300", "would take"),
    ],
)
def test_a_plan_by_hand_is_checked(
    given: str, named: str, trace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m loadtests.planning`: exit 2 and a sentence, and no schedule."""
    monkeypatch.chdir(trace.parent)
    where, *settings = given.split()
    monkeypatch.setattr(sys, "argv", ["planning", where, "schedule", *settings])
    with pytest.raises(SystemExit) as ended:
        planning.main()
    assert ended.value.code == 2
    assert named in capsys.readouterr().err
    assert not Path("schedule").exists()


@pytest.mark.parametrize("name", ["rows.npy", "due_us.npy", "facts.json"])
@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY", b"no array", b"[]"])
def test_a_damaged_schedule_is_refused(trace: Path, name: str, content: bytes | None) -> None:
    """Missing, empty, cut or something else."""
    folder = trace.parent / "schedule"
    planning.prepare(trace, folder, [], None, None, None)
    assert len(read_schedule(folder)) == 3
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert str(folder) in refusal(lambda: read_schedule(folder))


# --- what is let in ----------------------------------------------------------------------------------------


def test_the_mark_of_windows_is_let_in(tmp_path: Path) -> None:
    """UTF-8 with a byte order mark is UTF-8, and CSV may end its lines as Windows does."""
    for name, text in (
        ("f.toml", damage.FAULT),
        ("s.toml", damage.SLO_TEXT),
        ("j.json", '{"schedule": "s"}'),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    (tmp_path / "c.csv").write_bytes('\ufeffreference,bank,fen\r\n"A","招,商",-150\r\n\r\nb,,7\r\n'.encode())
    assert len(load_faults(tmp_path / "f.toml")) == 1
    assert load_slo(str(tmp_path / "s.toml")).scopes["measure"].error_ratio == 0
    assert [tuple(row) for row in read_file(tmp_path / "c.csv")] == [("a", -150), ("b", 7)]


def test_all_mistakes_of_a_table_are_told_but_not_a_million(tmp_path: Path) -> None:
    """The first ones with their lines, and how many more."""
    (tmp_path / "c.csv").write_text("reference,fen\n" + "a,x\n" * 1_000, encoding="utf-8")
    said = refusal(lambda: read_file(tmp_path / "c.csv")).splitlines()
    assert said[0].startswith(f"{tmp_path / 'c.csv'}:2: fen: 'x'")
    assert len(said) < 30
    assert "980 more" in said[-1]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_host_where_somebody_listens_is_let_in(host: str) -> None:
    """By number, in either family, with a slash at the end."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip("this machine has no such address")
        listener.listen()
        port = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        checked = checked_host(f"http://{shown}:{port}/")
        assert address_of(checked) == (host, port)
        insist_on_listener(checked)


def test_a_job_survives_its_own_file(tmp_path: Path) -> None:
    """What the harness writes for its children is read again."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    first = job_from(parser.parse_args(["--schedule", "s", "--senders", "3", "--max-rate", "7"]))
    assert first is not None
    (tmp_path / "job.json").write_text(first.to_json(), encoding="utf-8")
    assert json.loads(first.to_json())["senders"] == 3
    assert job_from(parser.parse_args(["--job", str(tmp_path / "job.json")])) == first
