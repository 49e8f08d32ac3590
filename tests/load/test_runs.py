"""Whole runs through the harness, against the stub: nothing lost, nothing reordered, the freeze is seen."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loadtests.faults import Fault
from loadtests.harness import LoadResult, LoadRun, run_load
from loadtests.job import Job
from loadtests.report import read_gathered
from loadtests.sendlog import read_logs
from loadtests.synthetic import constant_rate
from sim.errors import UsageError
from tests.commands import PATIENCE_S

from .conftest import QUICK, STUB

RATE, SECONDS, CHAINS = 400.0, 1.5, 40
COUNT = round(RATE * SECONDS)
S = 1_000_000


def seen_by(host: str) -> list[int]:
    """Row numbers in the order in which the stub accepted them."""
    with urllib.request.urlopen(f"{host}/seen", timeout=PATIENCE_S) as answer:
        return [int(key.partition(b":")[2]) for key in answer.read().split(b"\n")]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadResult, list[int]]:
    """Two workers, three kinds, a stub that is sometimes busy, refuses some and loses some answers."""
    folder, seen = tmp_path_factory.mktemp("two") / "run", []

    def look(_folder: Path, host: str) -> Any:
        seen.extend(seen_by(host))
        return "passed", ()

    run = LoadRun(
        folder, constant_rate(RATE, SECONDS, CHAINS, kinds=3), {"trace": "t", "users": CHAINS},
        Job(**QUICK), workers=2, phases={"middle": (S // 2, S)}, audit=look,
        serve=(*STUB, "--busy", "50", "--refuse", "70", "--lose", "90"),
    )  # fmt: skip
    return run_load(run), seen


def test_counts_add_up(two: tuple[LoadResult, list[int]]) -> None:
    """Scheduled = sent = the sum of endings = events in the histograms = records in the send logs."""
    result, _ = two
    counts = result.report["counts"]
    _, merged = read_gathered(result.folder)
    records, _ = read_logs(result.folder)
    endings = sum(counts[name] for name in ("accepted", "duplicate", "rejected", "unavailable", "unknown"))
    assert counts["scheduled"] == counts["sent"] == endings == COUNT
    assert merged.count("intended") == merged.count("service") == merged.count("lag") == COUNT
    assert sorted(records["row"].tolist()) == list(range(COUNT))
    assert counts["shed"] == counts["unsent"] == counts["unknown"] == 0
    measured = COUNT - RATE * QUICK["warmup_s"]
    assert sum(kind["events"] for kind in result.report["kinds"].values()) == measured
    assert result.report["phases"]["middle"]["events"] == RATE / 2
    assert (result.exit_code, result.report["reasons"]) == (0, [])


def test_no_event_is_lost_and_none_is_invented(two: tuple[LoadResult, list[int]]) -> None:
    """What the stub holds is exactly what was not refused; retries used the same keys."""
    result, seen = two
    records, codes = read_logs(result.folder)
    refused = records["row"][[codes[code] == "insufficient_funds" for code in records["code"]]]
    assert len(refused) == result.report["counts"]["rejected"] > 0
    assert sorted(seen) == sorted(set(range(COUNT)) - set(refused.tolist()))
    assert result.report["counts"]["duplicate"] > 0
    assert result.report["counts"]["retries"] >= result.report["counts"]["duplicate"]


def test_the_seq_that_was_acknowledged_is_the_ledgers(two: tuple[LoadResult, list[int]]) -> None:
    """Row and seq of every accepted event, replayed answers too."""
    result, seen = two
    records, _ = read_logs(result.folder)
    accepted = records[records["seq"] > 0]
    assert {int(r["row"]): int(r["seq"]) for r in accepted} == {row: k + 1 for k, row in enumerate(seen)}


def test_each_chain_arrives_in_its_order(two: tuple[LoadResult, list[int]]) -> None:
    """As seen by the server, over two workers, retries and all."""
    _, seen = two
    for chain in range(CHAINS):
        mine = [row for row in seen if row % CHAINS == chain]
        assert mine == sorted(mine)
        assert len(mine) > 0


def test_real_time_order_of_a_chain_is_in_the_log(two: tuple[LoadResult, list[int]]) -> None:
    """A row starts only after its predecessor has ended."""
    records, _ = read_logs(two[0].folder)
    for chain in range(CHAINS):
        mine = records[records["row"] % CHAINS == chain]
        assert (mine["started"][1:] >= mine["ended"][:-1]).all()


def test_the_folder_tells_the_run_second_by_second(two: tuple[LoadResult, list[int]]) -> None:
    """Offered by due second, attempts with retries, and a heat map that holds every event."""
    result, _ = two
    seconds, heat = result.seconds, pl.read_parquet(result.folder / "heat.parquet")
    assert seconds["offered"].sum() == COUNT
    counts = result.report["counts"]
    assert seconds["accepted"].sum() == counts["accepted"] + counts["duplicate"]
    assert seconds["attempts"].sum() == pytest.approx(COUNT + counts["retries"])
    assert heat["events"].sum() == COUNT


def test_no_file_names_a_machine_or_a_path(two: tuple[LoadResult, list[int]]) -> None:
    """A result may be sent round."""
    for file in two[0].folder.rglob("*"):
        if file.is_file() and file.suffix in (".json", ".hgrm", ".codes"):
            text = file.read_text(encoding="utf-8")
            assert str(two[0].folder.parent) not in text
            assert "/home" not in text


def test_a_freeze_of_two_seconds_is_seen_in_full(tmp_path: Path) -> None:
    """At rate r about 2r intended latencies lie spread evenly over 0–2 s; service time shows one a connection."""
    rate, frozen, senders, margin = 200.0, 2.0, 4, 0.4
    run = LoadRun(
        tmp_path / "run", constant_rate(rate, 3, chains=200), job=Job(**{**QUICK, "senders": senders}), serve=STUB,
        faults=[Fault("freeze", S // 2, frozen)],
    )  # fmt: skip
    result = run_load(run)
    report = result.report
    (fault,) = report["faults"]
    begun, thawed = fault["start_s"], fault["end_s"]
    assert thawed - begun >= frozen
    records, _ = read_logs(result.folder)
    due, started, ended = (records[name] / S for name in ("due", "started", "ended"))
    caught = (due > begun + margin) & (due < begun + frozen)
    assert caught.sum() == pytest.approx(rate * (frozen - margin), abs=2)
    assert (ended[caught] >= begun + frozen).all()
    assert ((ended - started)[caught] > frozen / 2).sum() <= senders
    late = np.histogram(begun + frozen - due[caught], bins=np.linspace(0, frozen - margin, 7))[0]
    assert (np.abs(late - late.mean()) <= 0.1 * late.mean()).all()
    assert report["intended_ms"]["max"] > 1_500 < report["backlog_ms"]["max"]
    assert fault["silence_s"] >= frozen - margin
    assert fault["recovery_s"] > 0
    assert report["backlog_peak"] >= rate * (frozen - margin) - senders
    assert result.exit_code == 0


def test_a_killed_server_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """kill -9, restart after half a second on the same port: every event ends once, through retries."""
    seen: list[int] = []

    def look(_folder: Path, host: str) -> Any:
        seen.extend(seen_by(host))
        return "passed", ()

    run = LoadRun(
        tmp_path / "run", constant_rate(300, 2, CHAINS), job=Job(**QUICK), audit=look,
        serve=(*STUB, "--journal", str(tmp_path / "journal")), faults=[Fault("kill9", S // 2, 0.5)],
    )  # fmt: skip
    result = run_load(run)
    counts = result.report["counts"]
    assert sorted(seen) == list(range(600))
    assert counts["accepted"] + counts["duplicate"] == counts["sent"] == 600
    assert counts["retries"] > 0
    (fault,) = result.report["faults"]
    assert fault["end_s"] - fault["start_s"] >= 0.5
    assert fault["silence_s"] >= 0.5


def test_a_server_that_does_not_come_back_is_its_own_fault(tmp_path: Path) -> None:
    """A valid run with a missed objective, not audited; the measurement goes on to its end."""
    once = (
        "import sys; from pathlib import Path; began = Path('{0}'); began.exists() and sys.exit(7); "
        "began.touch(); import loadtests.stub as stub; stub.main()"
    )
    job = Job(**{**QUICK, "retry_budget_s": 0.5})
    run = LoadRun(
        tmp_path / "run", constant_rate(50, 1, CHAINS), job=job, faults=[Fault("kill9", S // 5, 0.2)],
        serve=(*STUB[:1], "-c", once.format(tmp_path / "began"), "--port", "0"),
        audit=lambda _folder, _host: ("passed", ()),
    )  # fmt: skip
    result = run_load(run)
    assert result.exit_code == 3
    assert "after kill9: the server ended with code 7" in result.report["reasons"][0]
    assert result.report["audit"]["verdict"] == "not-audited"
    assert result.report["counts"]["unavailable"] > 0


def test_connections_that_a_server_closed_while_idle_are_no_doubt(tmp_path: Path) -> None:
    """Servers close idle connections; nothing was sent on them, so nothing is unknown or tried again."""
    job = Job(**{**QUICK, "senders": 3})
    run = LoadRun(tmp_path / "run", constant_rate(2, 4, CHAINS), job=job, serve=(*STUB, "--idle-s", "0.7"))
    counts = run_load(run).report["counts"]
    assert counts["accepted"] == counts["scheduled"] == 8
    assert counts["retries"] == 0


def test_events_that_waited_too_long_are_shed_and_the_run_is_invalid(tmp_path: Path) -> None:
    """One slow sender cannot keep up: what is shed is counted, never sent, and nothing is claimed."""
    job = Job(**{**QUICK, "senders": 1, "shed_after_s": 0.3})
    run = LoadRun(tmp_path / "run", constant_rate(200, 1, CHAINS), job=job, serve=(*STUB, "--delay-ms", "30"))
    result = run_load(run)
    counts = result.report["counts"]
    assert counts["shed"] > 0
    assert counts["sent"] + counts["shed"] == counts["scheduled"] == 200
    assert result.exit_code == 5
    assert f"{counts['shed']:,} events were shed" in result.report["reasons"][0]


@pytest.mark.parametrize(
    "method",
    ["classify(self, status, headers, body)", pytest.param("encode(self, ev)", marks=pytest.mark.nightly)],
)
def test_a_broken_adapter_makes_the_run_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Its error is the reason; the run ends at once and leaves a report."""
    (tmp_path / "broken.py").write_text(
        "from loadtests.adapters import HttpAdapter\n"
        "class Broken(HttpAdapter):\n"
        f"    def {method}:\n"
        "        raise KeyError('no such field')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    job = Job(**QUICK, adapter="broken:Broken")
    result = run_load(LoadRun(tmp_path / "run", constant_rate(100, 20, CHAINS), job=job, serve=STUB))
    assert result.exit_code == 5
    assert "worker 0 failed: KeyError: 'no such field'" in result.report["reasons"][0]
    assert result.report["counts"]["unsent"] > 1_000


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> LoadResult:
    """One chain over two workers, all of it accepted, and an audit that fails."""
    run = LoadRun(
        tmp_path_factory.mktemp("lone") / "run", constant_rate(100, 1, chains=1), job=Job(**QUICK), workers=2,
        serve=STUB, audit=lambda _folder, _host: ("failed", ["a fen is missing"]),
    )  # fmt: skip
    return run_load(run)


def test_a_worker_without_any_chain_is_no_fault(lone: LoadResult) -> None:
    """One chain, two workers: one of them has nothing to send, and nothing but the audit is wrong with the run."""
    assert lone.report["reasons"] == ["a fen is missing"]
    assert lone.report["counts"]["accepted"] == 100


def test_a_failed_audit_outranks_everything(lone: LoadResult) -> None:
    """Exit 4, with what the audit found first; the files agree with the result."""
    assert lone.exit_code == 4
    assert lone.report["reasons"][0] == "a fen is missing"
    assert json.loads((lone.folder / "load.json").read_text())["audit"]["verdict"] == "failed"


def test_what_cannot_be_run_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Faults without a server of ours, a folder that is taken, a target beyond the limit."""
    rows = constant_rate(100, 1)
    with pytest.raises(UsageError, match="--serve"):
        run_load(LoadRun(tmp_path / "a", rows, faults=[Fault("freeze", 0, 1.0)]))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "load.json").write_text("{}")
    with pytest.raises(UsageError, match="choose another folder"):
        run_load(LoadRun(tmp_path / "b", rows))
    with pytest.raises(UsageError, match="did you mean 'relaxed'"):
        run_load(LoadRun(tmp_path / "c", rows, job=Job(slo="relaxt")))
    with pytest.raises(UsageError, match="--max-rate 50"):
        run_load(LoadRun(tmp_path / "c", rows, job=Job(max_rate=50)))
    with pytest.raises(UsageError, match="the trace runs from 0 to"):
        run_load(LoadRun(tmp_path / "c", rows, serve=STUB, faults=[Fault("freeze", 2 * S, 1.0)]))
