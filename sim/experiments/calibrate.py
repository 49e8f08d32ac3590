"""Fit the behaviour rules and score them: `python -m sim.experiments.calibrate [--json]`.

First every calibrated number as found now beside the stored one, then every published experiment, played on the
engine with the stored parameters frozen (their file's hash stands on top). Fitted rows and held-out ones are counted
apart. Ends with 0 if both tables agree, held-out rows aside, else with 3.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from math import isfinite

from sim.behaviour.parameters import Parameters, load_parameters
from sim.experiments.evidence import load_evidence
from sim.experiments.fits import fit_all
from sim.experiments.row import HELD_OUT, USES, Row
from sim.experiments.rows import NOT_MODELLED, score

TOLERANCE = 1e-3  # of the value: stored numbers have four figures
SAMPLED = 0.15  # of what is found by one step from what people of a sample do
PLAYED = ("lifetime_", "past_")
MISSED = 3


@dataclass(frozen=True)
class Fitted:
    """A calibrated number: as stored, and as found from the published tables."""

    name: str
    stored: float
    found: float

    @property
    def agrees(self) -> bool:
        tolerance = SAMPLED if self.name.startswith(PLAYED) else TOLERANCE
        return abs(self.stored - self.found) <= tolerance * max(abs(self.stored), abs(self.found))


def fitted_parameters(parameters: Parameters) -> list[Fitted]:
    """Every number marked as calibrated, stored and found. Raises KeyError if a fit has no such entry."""
    found = fit_all(parameters)
    entries = (*parameters, *load_evidence())
    stored = {entry.name: entry.value for entry in entries if entry.calibrated}
    if stored.keys() != found.keys():
        raise KeyError(f"fitted but not marked, or the reverse: {sorted(stored.keys() ^ found.keys())}")
    return [Fitted(name, stored[name], found[name]) for name in stored]


def as_text(parameters: Parameters, fits: list[Fitted], rows: list[Row]) -> str:
    """Both tables for a terminal."""
    lines = [f"parameters.toml sha256 {parameters.sha256}", ""]
    lines.append(f"{'parameter':<28}{'stored':>12}{'found':>12}")
    for fit in fits:
        mark = "" if fit.agrees else "   differs"
        lines.append(f"{fit.name:<28}{fit.stored:>12.5g}{fit.found:>12.5g}{mark}")
    lines += [
        "",
        f"{'row':<4}{'experiment':<40}{'use':<10}{'published':>10}{'model':>10}{'accepted':>20}",
    ]
    for row in rows:
        span = f"{row.low:.4g} … {row.high:.4g}" if isfinite(row.high) else f"> {row.low:.4g}"
        verdict = "passed" if row.passed else "FAILED"
        lines.append(
            f"{row.number:<4}{row.experiment:<40}{row.use:<10}{row.published:>10.4g}{row.model:>10.4g}"
            f"{span:>20}  {verdict}"
        )
    lines += ["", "Not modelled:", *NOT_MODELLED, "", *(_count(rows, use) for use in USES)]
    return "\n".join(lines)


def _count(rows: list[Row], use: str) -> str:
    """How many rows of one use passed."""
    mine = [row for row in rows if row.use == use]
    failed = sum(not row.passed for row in mine)
    return f"{use}: {len(mine) - failed} of {len(mine)} rows passed, {failed} failed"


def as_json(parameters: Parameters, fits: list[Fitted], rows: list[Row]) -> str:
    """Both tables as one JSON object; an open upper bound is null."""
    table = [
        {**asdict(row), "high": row.high if isfinite(row.high) else None, "passed": row.passed}
        for row in rows
    ]
    found = [{**asdict(fit), "agrees": fit.agrees} for fit in fits]
    whole = {
        "parameters_sha256": parameters.sha256,
        "fitted": found,
        "rows": table,
        "not_modelled": NOT_MODELLED,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 0 if every stored value is found again and every fitted row passes, else 3.

    A row that was held out and fails is a finding: told and counted, and nothing to mend in a fit.
    """
    parser = argparse.ArgumentParser(prog="python -m sim.experiments.calibrate", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    parameters = load_parameters()
    fits, rows = fitted_parameters(parameters), score(parameters)
    print((as_json if options.json else as_text)(parameters, fits, rows))
    kept = all(row.passed or row.use == HELD_OUT for row in rows)
    return 0 if kept and all(fit.agrees for fit in fits) else MISSED


if __name__ == "__main__":
    sys.exit(main())
