"""Every picture of a load run can be read, on every paper, with many faults, and whatever the scenario is called."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from loadtests.figures import FIGURES, draw_one, read_finished
from loadtests.report import REPORT, write_report
from loadtests.seconds import heat, per_second
from sim.reporting.figures.look import Look, printing
from tests.load.test_report import collected, records, schedule
from tests.reporting.sheets import alike, faults
from tests.reporting.test_layout import COVERING, HOSTILE, LOOKS

CROWD = [
    {"do": do, "start_s": start, "end_s": start + 0.5, "silence_s": 0.5, "recovery_s": 0.1}
    for start, do in zip((0.5, 1.0, 3.0, 3.2, 7.4), ("freeze", "kill9") * 3, strict=False)
]


@pytest.fixture(scope="module", params=["plain", "hostile"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with faults close to each other; the other is called by the worst of names."""
    made = tmp_path_factory.mktemp("run") / ("load [1] {} $x" if request.param == "hostile" else "load")
    made.mkdir()
    collected(made).close()
    per_second(schedule().due_us, records()).write_parquet(made / "seconds.parquet")
    heat(records()).write_parquet(made / "heat.parquet")
    write_report(made, more={"faults": CROWD})
    if request.param == "hostile":
        report = json.loads((made / REPORT).read_text(encoding="utf-8"))
        (made / REPORT).write_text(json.dumps(report | {"scenario": HOSTILE}), encoding="utf-8")
    return made


def wrong(folder: Path, looks: list[Look]) -> list[str]:
    """What cannot be read in any picture in any of these looks."""
    run, found = read_finished(folder), []
    with printing():
        for look, spec in product(looks, FIGURES):
            figure = draw_one(spec, run, look)
            seen = faults(figure) + (alike(figure) if look.grey else [])
            found += [f"{spec.name} {look.slug}: {fault}" for fault in seen]
    return found


def test_every_picture_can_be_read(folder: Path) -> None:
    """No word leaves the sheet, lies on another or over data; there is room for the data; greys differ."""
    assert wrong(folder, COVERING) == []


@pytest.mark.nightly
def test_every_picture_can_be_read_in_every_look(folder: Path) -> None:
    """The whole product."""
    assert wrong(folder, LOOKS) == []
