"""The freeze demonstration: one server frozen for two seconds, as a closed loop reports it and as we do.

`python -m loadtests.freeze` runs both against the stub and prints them side by side. The closed loop exists for
this and nothing else.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.faults import SECOND_US, Fault
from loadtests.harness import LoadRun, run_load
from loadtests.job import Job
from loadtests.synthetic import constant_rate
from loadtests.target import TargetServer
from sim.children.folders import private_folder
from sim.children.starting import Child, python

STUB = tuple(python("loadtests.stub"))
LOCUSTFILE = Path(__file__).with_name("closedloop.py")
BOOT_S = 2.0  # until the closed loop's users are there


@dataclass(frozen=True)
class Freeze:
    """A constant rate, and when the server is frozen for how long."""

    rate: float = 800.0
    seconds: float = 8.0
    at_s: float = 3.0
    lasts_s: float = 2.0
    users: int = 80


def open_loop(freeze: Freeze, folder: Path) -> dict[str, Any]:
    """The report of an open loop, latency from the intended instant."""
    rows = constant_rate(freeze.rate, freeze.seconds, chains=round(freeze.rate))
    fault = Fault("freeze", round(freeze.at_s * SECOND_US), freeze.lasts_s)
    job = Job(slo="relaxed", warmup_s=1.0, senders=16)
    return run_load(LoadRun(folder, rows, job=job, serve=STUB, faults=[fault])).report


def closed_loop(freeze: Freeze, folder: Path) -> dict[str, Any]:
    """What Locust itself reports of paced users that were asked for the same rate."""
    out = folder / "closed.json"
    with TargetServer(STUB, folder / "stub.log") as server:
        command = python(
            "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary",
            "--loglevel", "WARNING", "--host", server.host, "-u", str(freeze.users), "-r", str(freeze.users),
            "-t", f"{freeze.seconds:.0f}s",
        )  # fmt: skip
        pace = f"{freeze.rate / freeze.users:g}"
        told = {"BEANPEAK_CLOSED_OUT": str(out), "BEANPEAK_CLOSED_PACE": pace, "HOME": str(folder)}
        locust = Child(command, folder=folder, told=told)
        try:
            time.sleep(BOOT_S + freeze.at_s)
            server.freeze()
            time.sleep(freeze.lasts_s)
            server.thaw()
            locust.wait(freeze.seconds + 30)
        finally:
            locust.kill_all()
    return dict(json.loads(out.read_text(encoding="utf-8")))


def main() -> None:
    """Run both and print them."""
    freeze = Freeze()
    with private_folder("freeze") as place:
        closed, opened = closed_loop(freeze, place), open_loop(freeze, place / "open")
    asked = round(freeze.rate * freeze.seconds)
    print(f"{freeze.rate:,.0f}/s asked for {freeze.seconds:g} s, server frozen for {freeze.lasts_s:g} s")
    print(f"  closed loop (demonstration only): {closed['requests']:,} of {asked:,} sent, reported ms:")
    print("    " + _row(closed["reported_ms"]))
    print(f"  open loop: {opened['counts']['sent']:,} of {asked:,} sent, ms from the intended instant:")
    print("    " + _row(opened["intended_ms"]))
    print("  open loop, service time only:")
    print("    " + _row(opened["service_ms"]))


def _row(levels: dict[str, float]) -> str:
    return " · ".join(f"{name} {value:,.0f}" for name, value in levels.items())


if __name__ == "__main__":
    main()
