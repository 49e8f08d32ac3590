"""A contrast of two designs in words: the verdict first, then its numbers; on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.reporting.amounts import amount
from sim.reporting.contrast import COST, FARMED, Contrast, Moved
from sim.reporting.metrics import metric
from sim.reporting.sections import HEADLINE, Line, Section
from sim.reporting.statistics import Paired
from sim.reporting.terminal import literal

MOST_NAMES = 4
UNDEFINED = "undefined: deeds do not rise"
UNSURE = "undefined: deeds do not surely rise"
LUCK = "one replication: how much of it is luck is not known; take --replications 8"


def verdict(contrast: Contrast, names: tuple[str, str] | None = None) -> str:
    """Whether a design brings deeds, what that displaces, and at what cost; `names` are what the two are called."""
    first, second = names or (literal(name) for name in contrast.names)
    extra, moved = contrast.extra, contrast.by_deed
    if not (contrast.deeds["change"] != 0).any():
        return f"{second} changes no deed against {first}"
    words = [
        _direction(extra, first, second),
        _share_displaced(moved),
        f"cost per extra deed {_cost(contrast)}",
    ]
    return "; ".join(words if extra.known else [*words, LUCK])


def _direction(extra: Paired, first: str, second: str) -> str:
    if extra.rises or extra.falls:
        return f"{second} brings {'more' if extra.rises else 'fewer'} deeds than {first}"
    if not extra.known:
        return f"{second} brings as many deeds as {first}"
    return f"too noisy to tell whether {second} brings more deeds than {first}: take more replications"


def _share_displaced(moved: Moved) -> str:
    """Of so many gained how many are missing elsewhere."""
    if moved.displaced.mean <= 0:
        return "none are displaced"
    if moved.gained.mean <= 0:
        return "none are gained"
    if moved.displaced.mean > moved.gained.mean:
        return "more are displaced elsewhere than gained"
    return f"of 100 gained {100 * moved.displaced.mean / moved.gained.mean:,.0f} are displaced elsewhere"


def _cost(contrast: Contrast) -> str:
    found = contrast.cost_per_extra_deed
    if found is not None:
        return _amount("fen", found)
    return UNSURE if contrast.extra.mean > 0 else UNDEFINED


def _amount(unit: str, found: Paired) -> str:
    return amount(unit, found.mean, found.interval[1])


def sections(contrast: Contrast) -> Iterator[Section]:
    """Deeds, cost, and every other headline number."""
    for about, size, lines in (
        ("deeds", "simulated", list(_deeds(contrast))),
        ("cost", "simulated", list(_costs(contrast))),
        ("all that changes", "simulated", list(_changes(contrast, "simulated"))),
        ("all that changes", "any", list(_changes(contrast, "any"))),
    ):
        if lines:
            yield Section(about, size, contrast.scale.label(size), tuple(lines))  # type: ignore[arg-type]


def _deeds(contrast: Contrast) -> Iterator[Line]:
    yield Line("deeds more in all", _amount("deeds", contrast.extra))
    for words, moved in (("by deed", contrast.by_deed), ("by day", contrast.by_day)):
        fell = ", ".join(moved.fell[:MOST_NAMES]) + (" …" if len(moved.fell) > MOST_NAMES else "")
        yield Line(f"gained, {words}", _amount("deeds", moved.gained))
        yield Line(f"displaced, {words}", _amount("deeds", moved.displaced), fell)


def _costs(contrast: Contrast) -> Iterator[Line]:
    cost = contrast.change(COST)
    if not cost.pairs:
        return
    yield Line("programme cost more", _amount("fen", cost))
    yield Line("of it farmers' take", _amount("fen", contrast.change(FARMED)))
    yield Line("cost per extra deed", _cost(contrast))


def _changes(contrast: Contrast, size: str) -> Iterator[Line]:
    for name, change in contrast.changes.items():
        row = metric(name)
        if row.size == size and (change.mean or change.half > 0):
            yield Line(
                HEADLINE[name], _amount(row.unit, change), f"from {amount(row.unit, contrast.level(name))}"
            )


def title(contrast: Contrast) -> str:
    """Which designs, over how many pairs."""
    first, second = contrast.names
    count = len(contrast.pairs)
    pairs = (
        f"{count} paired replications, means with 95 % intervals" if count > 1 else "1 pair of replications"
    )
    return literal(f"{second} beside {first} ({contrast.base.name}); {pairs}")


def lines_of(contrast: Contrast) -> Iterator[str]:
    """The contrast as plain lines."""
    yield title(contrast)
    yield verdict(contrast)
    for section in sections(contrast):
        yield section.title
        yield from (f"  {line.words}: {line.value}  {line.note}".rstrip() for line in section.lines)


def show(console: Console, contrast: Contrast) -> None:
    """Print the contrast: what it is about, the verdict, the numbers."""
    from sim.reporting.summary import show_numbers

    console.print()
    console.print(Text(title(contrast), style="bold"))
    console.print(Text(verdict(contrast), style="green" if contrast.extra.rises else "yellow"))
    for section in sections(contrast):
        console.print(Text(literal(section.title), style="italic"))
        show_numbers(console, section)


def as_dict(contrast: Contrast) -> dict[str, Any]:
    """The contrast for programs; sums at simulated size, intervals null for a single pair."""
    cost = contrast.cost_per_extra_deed
    return {
        "scenario": contrast.base.name,
        "base": contrast.base.design,
        "design": contrast.other.design,
        "runs": [None if x.folder is None else str(x.folder) for x in (contrast.base, contrast.other)],
        "replications": list(contrast.pairs),
        "verdict": verdict(contrast),
        "size": "simulated",
        "factor": contrast.scale.factor,
        "deeds": {
            "extra": _numbers(contrast.extra),
            "by_deed": _moved(contrast.by_deed),
            "by_day": _moved(contrast.by_day),
        },
        "cost_per_extra_deed_fen": None if cost is None else _numbers(cost),
        "cost_per_extra_deed": _cost(contrast),
        "changes": {name: _numbers(change) for name, change in contrast.changes.items()},
    }


def _moved(moved: Moved) -> dict[str, Any]:
    return {
        "gained": _numbers(moved.gained), "displaced": _numbers(moved.displaced), "fell": list(moved.fell),
    }  # fmt: skip


def _numbers(found: Paired) -> dict[str, float | None]:
    low, high = (end if isfinite(end) else None for end in found.interval)
    return {"mean": found.mean if isfinite(found.mean) else None, "low": low, "high": high}
