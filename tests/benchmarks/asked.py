"""What is asked of speed and size, and beside it what was measured: the table at the end of `make bench`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Asked:
    """One figure, and between what it should lie; without bounds it is only shown."""

    name: str
    unit: str
    low: float = -inf
    high: float = inf

    @property
    def bound(self) -> str:
        """'≥ 20', '≤ 72', '0.75 – 1.25' or '–'."""
        if self.low > -inf and self.high < inf:
            return f"{self.low:g} – {self.high:g}"
        return f"≥ {self.low:g}" if self.low > -inf else f"≤ {self.high:g}" if self.high < inf else "–"

    def met(self, value: float) -> str:
        """Whether a value is what was asked for."""
        if self.bound == "–":
            return ""
        return "ok" if self.low <= value <= self.high else "NOT MET"


ASKED = (
    Asked("SimPy toy", "M actions/s"),
    Asked("Mesa toy", "M actions/s"),
    Asked("mesa-frames toy", "M actions/s"),
    Asked("packed toy, one thread", "M actions/s"),
    Asked("overall, 200 k users ÷ SimPy toy", "×", low=15),
    Asked("overall, 1 M users ÷ SimPy toy", "×", low=20),
    Asked("kernel, 200 k users ÷ SimPy toy", "×"),
    Asked("kernel, 1 M users ÷ SimPy toy", "×", low=30),
    Asked("overall, 1 M users", "M actions/s"),
    Asked("95 week, 1 M users", "s"),
    Asked("user ÷ wall, 1 M users", "cores", low=1.7),
    Asked("95 week, 10 M users", "s"),
    Asked("cost an action, 10 M ÷ 100 k users", "×", low=0.75, high=1.25),
    Asked("cost in the kernel, 10 M ÷ 100 k users", "×", low=0.75, high=1.25),
    Asked("state a user", "bytes", high=72),
    Asked("growth a user", "bytes", high=100),
    Asked("cold compilation", "s", high=15),
    Asked("`run hello`, cold", "s"),
    Asked("`run hello`, warm", "s", high=2),
    Asked("8 replications of hello, --jobs 1", "s"),
    Asked("8 replications of hello, side by side", "s"),
    Asked("make run", "s"),
    Asked("make run, user + system", "s"),
)


class Figures:
    """What was measured so far, by the names above."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def note(self, name: str, value: float) -> None:
        """Keep a figure, and say it at once."""
        asked = next(one for one in ASKED if one.name == name)
        self.values[name] = value
        print(f"\n{name}: {value:,.4g} {asked.unit}")

    def table(self) -> Iterable[str]:
        """A line a figure: what was measured, what is asked."""
        yield f"{'':42}{'measured':>12}  {'asked':14}"
        for asked in ASKED:
            value = self.values.get(asked.name)
            said = "–" if value is None else f"{value:,.4g}"
            verdict = "not measured" if value is None else asked.met(value)
            yield f"{asked.name:42}{said:>12}  {asked.bound:14}{asked.unit:13}{verdict}".rstrip()
