"""The master's side of a run: who takes part, what they reported, when it is over, and what it came to.

Knows no Locust: `locustfile.py` hands it messages and the state of the workers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtests.job import Job
from loadtests.latency import SECOND_US, Merged, make_windows
from loadtests.report import headline, write_gathered, write_report
from loadtests.schedule import Schedule
from loadtests.slo import load_slo, slo_dict
from loadtests.tally import added
from loadtests.warp import check_rate, warp_from

SLACK_S = 10.0  # so long after everything must have ended, a worker that says nothing counts as lost
STARTED = "started.json"


class Collector:
    """What the workers of one run said, and the report made of it."""

    def __init__(self, job: Job, schedule: Schedule, workers: int) -> None:
        self.job, self.schedule, self.workers = job, schedule, workers
        self.slo = load_slo(job.slo)
        self.live = Merged()  # for the eye only: what was reported on the way
        self.done: dict[int, dict[str, Any]] = {}
        self.offsets_s: dict[int, float] = {}
        self.causes: list[str] = []  # why the run says nothing
        self.t0 = 0.0
        self.report: dict[str, Any] | None = None
        self._whole: Merged | None = None
        check_rate(warp_from(schedule.facts["warp"]), job.max_rate)

    # --- on the way ------------------------------------------------------------------------------------

    def start(self) -> dict[str, Any]:
        """Fix the instant from which all dues count; what every worker is told."""
        self.t0 = time.time() + self.job.lead_s
        folder = Path(self.job.out)
        (folder / f"{STARTED}.part").write_text(f'{{"t0": {self.t0!r}}}\n', encoding="utf-8")
        (folder / f"{STARTED}.part").replace(folder / STARTED)
        return {"t0": self.t0, "workers": self.workers}

    def reported(self, parts: Mapping[str, bytes]) -> None:
        """What a worker measured since its last report."""
        self.live.add(parts)

    def finish(self, said: dict[str, Any]) -> None:
        """A worker's last word."""
        worker = int(said["worker"])
        self.done[worker] = said
        self.offsets_s[worker] = time.time() - said["clock"]
        if said["failure"]:
            self.invalid(f"worker {worker} failed: {said['failure']}")

    def invalid(self, cause: str) -> None:
        """The run says nothing about the target, and why."""
        if cause not in self.causes:
            self.causes.append(cause)

    @property
    def complete(self) -> bool:
        """Whether every worker has said its last word."""
        return len(self.done) >= self.workers

    @property
    def overdue(self) -> bool:
        """Whether every worker should have said its last word by now."""
        job = self.job
        most = self.schedule.last_due_us / SECOND_US + job.drain_s + job.timeout_s + SLACK_S
        return time.time() > self.t0 + most

    # --- at the end ------------------------------------------------------------------------------------

    def whole(self) -> Merged:
        """Histograms of all workers: their final ones, or what is known of a run that goes on or lost one."""
        if not self.complete:
            return self.live
        if self._whole is None:
            self._whole = Merged()
            for said in self.done.values():
                self._whole.add(said["hdr"])
        return self._whole

    def close(self, requests: int | None = None) -> dict[str, Any]:
        """Write the report, once; further calls give the same. requests: as Locust counted them."""
        if self.report is None:
            folder = Path(self.job.out)
            facts = self._facts()
            if self.complete and requests is not None and requests != facts["counts"]["sent"]:
                self.invalid(f"Locust counted {requests:,} requests, the workers {facts['counts']['sent']:,}")
            write_gathered(folder, {**facts, "invalid": self.causes}, self.whole())
            self.report = write_report(folder)
            print("\n".join(headline(self.report)), file=sys.stderr, flush=True)
        return self.report

    def _facts(self) -> dict[str, Any]:
        said, schedule, job = list(self.done.values()), self.schedule, self.job
        last_due, last_ended = schedule.last_due_us, max((one["last_ended_us"] for one in said), default=0)
        windows = make_windows(last_due, job.warmup_s, job.cooldown_s, schedule.facts.get("phases"))
        counts = added([one["counts"] for one in said])
        counts = {**dict.fromkeys(("scheduled", "sent", "shed"), 0), **counts, "scheduled": len(schedule)}
        return {
            "run": job.run,
            "loop": "open",
            "about": {"trace": None, "users": None, **_about(schedule.facts)},
            "workers": self.workers,
            "senders": job.senders,
            "slo": slo_dict(self.slo),
            "complete": self.complete,
            "counts": counts,
            "scopes": added([one["scopes"] for one in said]),
            "offered_rate": len(schedule) / max(last_due / SECOND_US, 1e-6),
            "lasted_s": last_ended / SECOND_US,
            "drain_s": max(0, last_ended - last_due) / SECOND_US,
            "windows": {
                "warmup_s": windows.measure_us[0] / SECOND_US,
                "measure_s": (windows.measure_us[1] - windows.measure_us[0]) / SECOND_US,
                "cooldown_s": job.cooldown_s,
                "phases": {name: [a / SECOND_US, b / SECOND_US] for name, (a, b) in windows.phases.items()},
            },
            "warp": schedule.facts["warp"],
            "cpu_s": [round(sum(one["cpu_s"][k] for one in said), 3) for k in (0, 1)],
            "clock_offset_ms": [round(1000 * self.offsets_s[k], 1) for k in sorted(self.offsets_s)],
        }


def _about(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the schedule says about where it comes from: trace, users, scenario, design, seed …"""
    return {name: value for name, value in facts.items() if name not in ("warp", "kinds", "phases")}
