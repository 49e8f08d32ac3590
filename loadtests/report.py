"""From what the master gathered to `load.json`: headline figures, counts, thresholds, one verdict.

The master leaves `driver.json` (numbers) and `hdr.json` (histograms, base64 of the HdrHistogram V2 format). The
report is computed from those two, as often as wanted: once by the master, again when faults and audit are known.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from loadtests.latency import Merged, figures_ms, hgrm
from loadtests.slo import Measured, judge, slo_from
from loadtests.verdict import Audit, Verdict, decide, why_invalid
from sim.doors import read_json

DRIVER, HISTOGRAMS, REPORT = "driver.json", "hdr.json", "load.json"
PRINTED = {
    "intended": "intended_ms",
    "service": "service_ms",
    "backlog": "backlog_ms",
    "chain_wait": "chain_wait_ms",
    "lag": "dispatch_lag_ms",
}
PARTS = ("beanpeak", "locust", "gevent", "geventhttpclient", "hdrhistogram", "numpy")
LARGE_OFFSET_MS = 50.0  # what a message may take on its way between machines
EXPORTED = ("intended", "service", "lag")


def write_gathered(folder: Path, facts: Mapping[str, Any], merged: Merged) -> None:
    """What the master knows at the end, whole or not."""
    folder.mkdir(parents=True, exist_ok=True)
    blobs = {key: base64.b64encode(blob).decode() for key, blob in merged.encoded().items()}
    _write(folder / HISTOGRAMS, json.dumps(blobs, indent=0))
    _write(folder / DRIVER, json.dumps(facts, ensure_ascii=False, indent=2))


def read_gathered(folder: Path) -> tuple[dict[str, Any], Merged]:
    """What `write_gathered` wrote. Raises UsageError."""
    facts: dict[str, Any] = read_json(folder / DRIVER)
    merged = Merged()
    merged.add({key: base64.b64decode(blob) for key, blob in read_json(folder / HISTOGRAMS).items()})
    return facts, merged


def write_report(
    folder: Path,
    *,
    audit: Audit = "not-audited",
    audited: Sequence[str] = (),
    more: Mapping[str, Any] | None = None,
    invalid: Sequence[str] = (),
    missed: Sequence[str] = (),
) -> dict[str, Any]:
    """Compute `load.json` and the .hgrm files of a folder; the report.

    more: what only the harness knows (faults, recovery_s, backlog_peak …). invalid, missed: further reasons.
    """
    facts, merged = read_gathered(folder)
    more = dict(more or {})
    found = Found(audit, audited, invalid, missed, more.get("recovery_s"))
    verdict = _verdict(facts, merged, found)
    report = {
        "verdict": verdict.name,
        "exit_code": verdict.exit_code,
        "reasons": list(verdict.reasons),
        "audit": {"verdict": audit, "reasons": list(audited)},
        "slo": facts["slo"],
        **{said: merged.figures(series) for series, said in PRINTED.items()},
        "kinds": _scopes(facts, merged, "kind:"),
        "phases": _scopes(facts, merged, "phase:"),
        "counts": facts["counts"],
        **{key: facts[key] for key in ("offered_rate", "drain_s", "lasted_s", "windows", "warp")},
        **more,
        **facts["about"],
        **{key: facts[key] for key in ("run", "loop", "workers", "senders", "cpu_s", "clock_offset_ms")},
        "versions": {part: metadata.version(part) for part in PARTS},
    }
    _write(folder / REPORT, json.dumps(report, ensure_ascii=False, indent=2))
    for series in EXPORTED:
        held = merged.of.get(f"{series}|measure")
        if held is not None:
            (folder / f"{series}.hgrm").write_bytes(hgrm(held))
    return report


def measured(facts: Mapping[str, Any], merged: Merged) -> dict[str, Measured]:
    """What every scope came to."""
    found = {}
    for scope, numbers in facts["scopes"].items():
        sent = merged.scope_count("intended", scope)
        errors, late = numbers.get("errors", 0), numbers.get("late", 0)
        found[scope] = Measured(
            merged.figures("intended", scope), numbers["scheduled"], sent, errors, sent - errors - late
        )
    return found


class Found(NamedTuple):
    """What is known beside the driver's numbers."""

    audit: Audit
    audited: Sequence[str]
    invalid: Sequence[str]
    missed: Sequence[str]
    recovery_s: float | None


def _verdict(facts: Mapping[str, Any], merged: Merged, found: Found) -> Verdict:
    slo = slo_from(facts["slo"])
    causes = list(dict.fromkeys([*facts["invalid"], *found.invalid]))
    if not facts["complete"]:  # counts of a lost worker are missing; the cause says enough, latency nothing
        return decide(found.audit, causes, [], found.audited)
    lag = merged.figures("lag")["p99"]
    causes += why_invalid(facts["counts"], merged.count("intended"), lag, slo.dispatch_lag_p99_ms)
    missed = [*found.missed, *judge(slo, measured(facts, merged), found.recovery_s)]
    return decide(found.audit, causes, missed, found.audited)


def _scopes(facts: Mapping[str, Any], merged: Merged, prefix: str) -> dict[str, Any]:
    return {
        scope.removeprefix(prefix): {
            "events": found.scheduled,
            "errors": found.errors,
            "intended_ms": figures_ms(merged.of.get(f"intended|{scope}")),
        }
        for scope, found in measured(facts, merged).items()
        if scope.startswith(prefix)
    }


def headline(report: Mapping[str, Any]) -> list[str]:
    """The report in a few lines, for people."""
    counts = report["counts"]
    shown = ("accepted", "duplicate", "rejected", "unavailable", "unknown", "shed", "retries")
    lines = [
        f"verdict: {report['verdict']} (exit {report['exit_code']}), audit: {report['audit']['verdict']}",
        *(f"  - {reason}" for reason in report["reasons"]),
        f"events: {counts['scheduled']:,} scheduled, {counts['sent']:,} sent · "
        + " · ".join(f"{counts[name]:,} {name}" for name in shown if counts.get(name)),
    ]
    offset = max(report["clock_offset_ms"], key=abs, default=0.0)
    if abs(offset) > LARGE_OFFSET_MS:
        lines.append(
            f"clocks: a worker's differs by {offset:,.0f} ms; latencies are its own, their instants are off"
        )
    for said, name in (("intended_ms", "intended"), ("service_ms", "service"), ("dispatch_lag_ms", "lag")):
        values = " · ".join(
            f"{level} {'–' if value is None else format(value, ',.1f')}"
            for level, value in report[said].items()
        )
        lines.append(f"{name:<9} ms: {values}")
    return lines


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a report is read by others while a run ends."""
    part = file.with_name(file.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(file)
