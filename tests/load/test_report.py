"""From counts, histograms and send logs to the report and its pictures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from loadtests.adapters import Ending, Outcome
from loadtests.figures import FIGURES, draw_load, draw_one, read_finished
from loadtests.finished import decorate
from loadtests.job import Job
from loadtests.latency import Recorder, Windows
from loadtests.master import Collector
from loadtests.report import write_report
from loadtests.schedule import Schedule, schedule_of
from loadtests.seconds import heat, per_second
from loadtests.sendlog import RECORD
from loadtests.synthetic import constant_rate
from loadtests.tally import Tally, added
from loadtests.warp import make_warp, warp_text
from sim.errors import UsageError
from sim.reporting.figures.look import Look, printing

S = 1_000_000
RATE, LENGTH = 50, 8
DONE = Outcome(Ending.ACCEPTED, 1)


def schedule() -> Schedule:
    """Sixteen campaign seconds in eight, two kinds."""
    rows = constant_rate(RATE / 2, 2 * LENGTH, chains=10, kinds=2)
    facts = {"users": 1_234, "trace": "ab" * 32, "kinds": {0: "GIFT", 1: "DEED"}, "scenario": "hello",
             "phases": {"middle": [3 * S, 5 * S]}}  # fmt: skip
    return schedule_of(rows, make_warp(rows["due_us"], speed=2), facts)


def said(worker: int, played: Schedule, share: np.ndarray[Any, Any], took_us: int = 2_000) -> dict[str, Any]:
    """The last word of a worker that sent its share in good time."""
    windows = Windows((0, played.last_due_us + 1), {"middle": (3 * S, 5 * S)})
    due, kinds, names = played.due_us[share], played.rows["kind"][share], played.kind_names()
    recorder, tally = Recorder(windows, names), Tally(windows, due, kinds, names)
    for at, kind in zip(due.tolist(), kinds.tolist(), strict=True):
        recorder.record(kind, at, at + 300, at + 500, at + took_us, 0)
        tally.count(kind, at, at + took_us, DONE, 1)
    return {
        "worker": worker, "counts": tally.counts(), "scopes": tally.scopes, "failure": "", "clock": 0.0,
        "hdr": recorder.final(), "last_ended_us": tally.last_ended, "cpu_s": [0.5, 0.1],
    }  # fmt: skip


def collected(folder: Path, workers: int = 2, slo: str = "default") -> Collector:
    """A collector that has heard all workers."""
    played = schedule()
    collector = Collector(Job(out=str(folder), warmup_s=0.0, slo=slo), played, workers)
    for worker in range(workers):
        collector.finish(said(worker, played, played.share(worker, workers)))
    return collector


def test_workers_add_up_to_one_report(tmp_path: Path) -> None:
    """Counts, kinds, phases and where the trace comes from; the report names the warp."""
    report = collected(tmp_path).close(requests=RATE * LENGTH)
    assert report["verdict"] == "met"
    assert report["counts"]["scheduled"] == report["counts"]["accepted"] == RATE * LENGTH
    assert {name: kind["events"] for name, kind in report["kinds"].items()} == {"GIFT": 200, "DEED": 200}
    assert report["phases"]["middle"]["events"] == pytest.approx(2 * RATE, abs=1)
    assert report["intended_ms"]["p50"] == pytest.approx(2.0, rel=2e-3)
    assert report["dispatch_lag_ms"]["p99"] == pytest.approx(0.3, rel=2e-3)
    assert (report["users"], report["scenario"], report["trace"]) == (1_234, "hello", "ab" * 32)
    assert (report["warp"]["peak_speed"], report["warp"]["unwarped_peak_rate"]) == (2, RATE / 2)
    assert report == json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))


def test_a_request_that_locust_did_not_count_makes_the_run_invalid(tmp_path: Path) -> None:
    """Scheduled = sent = recorded = counted by Locust, or nothing is claimed."""
    report = collected(tmp_path).close(requests=RATE * LENGTH - 1)
    assert report["exit_code"] == 5
    assert "Locust counted 399 requests, the workers 400" in report["reasons"][0]


def test_a_lost_histogram_makes_the_run_invalid(tmp_path: Path) -> None:
    """An event that was sent and is in no histogram would flatter every percentile."""
    collector = collected(tmp_path)
    played = schedule()
    collector.done[1]["hdr"] = said(1, played, played.share(1, 2)[:-1])["hdr"]
    report = collector.close()
    assert report["exit_code"] == 5
    assert "400 events were sent but 399 recorded" in report["reasons"][0]


def test_a_report_can_be_judged_again_with_an_audit(tmp_path: Path) -> None:
    """The folder keeps its thresholds; a failed audit outranks a missed one."""
    strict = tmp_path / "strict.toml"
    strict.write_text("intended.p50_ms = 1\n")
    assert collected(tmp_path / "run", slo=str(strict)).close()["exit_code"] == 3
    strict.unlink()
    assert write_report(tmp_path / "run", audit="passed")["exit_code"] == 3
    assert write_report(tmp_path / "run", audit="failed", audited=["lost"])["exit_code"] == 4


def test_more_than_the_allowed_rate_is_refused(tmp_path: Path) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match="--max-rate 10"):
        Collector(Job(out=str(tmp_path), max_rate=10), schedule(), 1)


def test_late_answers_and_errors_count_where_they_were_due() -> None:
    """By window, kind and phase; an answer within a second of the window's end is in time."""
    windows = Windows((0, 10 * S), {"middle": (3 * S, 5 * S)})
    due = np.array([1, 4, 9], np.int64) * S
    tally = Tally(windows, due, np.array([0, 0, 1], np.uint8), ["GIFT", "DEED"])
    tally.count(0, 1 * S, 2 * S, Outcome(Ending.UNKNOWN, 0, "no_reply"), 3)
    tally.count(0, 4 * S, 7 * S, DONE, 1)
    tally.count(1, 9 * S, 10 * S + S // 2, DONE, 1)
    assert tally.scopes == {
        "measure": {"scheduled": 3, "errors": 1, "late": 0},
        "kind:GIFT": {"scheduled": 2, "errors": 1, "late": 0},
        "kind:DEED": {"scheduled": 1, "errors": 0, "late": 0},
        "phase:middle": {"scheduled": 1, "errors": 0, "late": 1},
    }
    assert tally.counts()["retries"] == 2
    assert added([tally.scopes, tally.scopes])["measure"] == {"scheduled": 6, "errors": 2, "late": 0}


def records() -> np.ndarray[Any, Any]:
    """Answers after 2 ms, those due in second 3 only in second 4, one of them after three attempts."""
    due = schedule().due_us
    made = np.zeros(len(due), RECORD)
    for name in ("due", "dispatched", "started"):
        made[name] = due
    made["ended"] = due + 2_000
    made["ended"][due // S == 3] += S
    made["attempts"] = 1
    made["attempts"][3 * RATE + 5] = 3
    made["outcome"] = Ending.ACCEPTED
    return made


def test_seconds_are_those_in_which_events_were_due() -> None:
    """Latency by due second, answers by the second they came, campaign time beside the wall clock."""
    played = schedule()
    rows = per_second(played.due_us, records(), make_warp(played.rows["due_us"], speed=2))
    assert rows["offered"].to_list() == [RATE] * LENGTH
    assert rows["accepted"].to_list() == [50, 50, 50, 0, 100, 50, 50, 50]
    assert rows["outstanding"].to_list()[3] == RATE
    assert rows["attempts"].sum() == RATE * LENGTH + 2
    assert rows["campaign_us"].to_list()[:3] == [0, 2 * S, 4 * S]
    assert rows.filter(pl.col("intended_p50_ms") > 900)["second"].to_list() == [3]


def test_the_heat_map_holds_every_event() -> None:
    """Each in a cell around its latency."""
    cells = heat(records())
    assert cells["events"].sum() == RATE * LENGTH
    slow = cells.filter(pl.col("second") == 3)
    assert (slow["low_us"] <= 1_002_000).all()
    assert (slow["high_us"] > 1_002_000).all()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with a fault."""
    played, tmp_path = schedule(), tmp_path_factory.mktemp("finished")
    collected(tmp_path).close()
    per_second(played.due_us, records()).write_parquet(tmp_path / "seconds.parquet")
    heat(records()).write_parquet(tmp_path / "heat.parquet")
    faults = [{"do": "freeze", "start_s": 3.0, "end_s": 4.0, "silence_s": 1.0, "recovery_s": 0.1}]
    write_report(tmp_path, more={"faults": faults})
    return tmp_path


def texts(figure: Figure) -> str:
    """Everything that is written on a figure."""
    return " ".join(one.get_text() for one in figure.findobj(match=lambda a: hasattr(a, "get_text")))  # type: ignore[attr-defined]


@pytest.mark.parametrize("spec", FIGURES, ids=lambda spec: spec.name)
@pytest.mark.parametrize(
    "look", [Look(), Look(width_mm=85, lang="zh", grey=True)], ids=lambda look: look.slug
)
def test_every_chart_states_the_warp(finished: Path, spec: Any, look: Look) -> None:
    """Users, w, R and the un-warped rate, in both languages; faults are named where time is an axis."""
    run = read_finished(finished)
    with printing():
        written = re.sub(r"\s", "", texts(draw_one(spec, run, look)))
    stated = re.sub(r"\s", "", warp_text(run.report["warp"], 1_234, look.lang == "zh"))
    assert stated in written
    if spec.name != "load_latency":
        assert look.say("冻结", "frozen") in written


def test_pictures_are_drawn_in_three_formats(finished: Path) -> None:
    """Bitmap and vectors, none of them empty."""
    files = draw_load(finished)
    assert {file.suffix for file in files} == {".png", ".svg", ".pdf"}
    assert len(files) == 3 * len(FIGURES)
    assert all(file.stat().st_size > 5_000 for file in files)


def test_figures_and_summary_are_made_again_from_the_folder(finished: Path, tmp_path: Path) -> None:
    """As often as wanted, in another language and format."""
    finished = Path(shutil.copytree(finished, tmp_path / "run", ignore=shutil.ignore_patterns("figures")))
    decorate(finished, Look(lang="zh", grey=True), ["pdf"])
    assert {file.name for file in (finished / "figures").iterdir()} == {f"{one.name}.pdf" for one in FIGURES}
    summary = (finished / "summary.md").read_text(encoding="utf-8")
    assert "verdict:" in summary
    assert summary.count("](figures/") == len(FIGURES)


def test_a_folder_without_a_run_has_no_pictures(tmp_path: Path) -> None:
    """The missing file is named."""
    with pytest.raises(UsageError, match="load.json: there is no such file"):
        draw_load(tmp_path)
