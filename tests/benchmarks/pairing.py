"""How much sharper a comparison on common luck is: `make bench-pairing`.

    python -m tests.benchmarks.pairing [--seeds 8] [--users 20000] [--save FILE] [--against FILE]

Every design of the scenario is run beside the base on the same luck. What a user did in both is subtracted, and the
variance of that difference is held against its variance on independent luck (that of the base plus that of the
design). By user, because users are so many that eight seeds tell a variance to a few per cent; eight totals would
tell it to a factor of four. `--save` keeps the variances; `--against` divides them by those kept by another checkout.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind, Role
from sim.engine.actions import Actions, roles
from sim.engine.campaign import Campaign
from sim.scenario import Scenario

SCENARIO = "week95_2022"
DONE = (Kind.DEED, Kind.GENERAL)  # a deed done on the spot
GIVEN = (
    Kind.GIFT,
    Kind.BEAN_GIFT,
    Kind.SIGN_UP,
)  # one that has a record of its own, whose beans come in a DEED
# The deeds that a design of the scenario is about: all others are unrelated to it.
ABOUT = {"double_quiz": ("quiz",), "random_match": ("gift",)}
MOST_FEN = 10_000  # of a gift: a few large ones would be all the variance there is
Numbers = NDArray[np.float64]  # one a user


class Lives:
    """What every user of one run did, added up part by part of the stream."""

    def __init__(self, scenario: Scenario) -> None:
        self.users = scenario.scenario.users
        self.deeds = list(scenario.deeds)
        self.spot = np.array([deed.effect == "deed" for deed in scenario.deeds.values()])
        self.times = np.zeros((self.users, len(self.deeds)))
        self.sums = {
            name: np.zeros(self.users) for name in ("beans", "gifts", "gift_fen", "minutes", "active_days")
        }

    def add(self, rows: Actions) -> None:
        """Count the users' rows of a part."""
        rows = rows[(roles(rows) == Role.USER) & (rows["agent"] < self.users)]
        kind, deed, user = rows["kind"], rows["deed"], rows["agent"]
        on_spot = np.isin(kind, DONE) & (deed < len(self.deeds))
        on_spot[on_spot] = self.spot[deed[on_spot]]
        first = np.isin(kind, GIVEN) & ((kind != Kind.GIFT) | (rows["ref"] == 0)) & (deed < len(self.deeds))
        np.add.at(self.times, (user[on_spot | first], deed[on_spot | first]), 1.0)
        gift = (kind == Kind.GIFT) & (deed < len(self.deeds))
        session = (kind == Kind.SESSION) & (deed == 0)
        for name, rowed, worth in (
            ("beans", np.isin(kind, DONE), rows["beans"]),
            ("gifts", gift & first, np.ones(len(rows))),
            ("gift_fen", gift, np.minimum(rows["fen"], MOST_FEN)),
            ("minutes", rows["minutes"] > 0, rows["minutes"]),
            ("active_days", session, np.ones(len(rows))),
        ):
            self.sums[name] += np.bincount(user[rowed], worth[rowed], self.users)

    def numbers(self, about: tuple[str, ...]) -> dict[str, Numbers]:
        """The numbers that are compared, of every user; `unrelated` deeds are those the design does not name."""
        aside = [j for j, name in enumerate(self.deeds) if name not in about]
        unrelated = self.times[:, aside].sum(1)
        each = {f"each {self.deeds[j]}": self.times[:, j] for j in aside}
        return {"deeds": self.times.sum(1), **self.sums, "unrelated deeds": unrelated, **each}


def lived(design: str, users: int, seed: int) -> Lives:
    """What the users of a design did under a seed."""
    scenario = Scenario.load(SCENARIO, design, users=users, seed=seed)
    lives = Lives(scenario)
    Campaign(scenario, workers=1, record_all=True, watch=lives.add).run()
    return lives


@dataclass(frozen=True)
class Pair:
    """Variances of one number under one design: of the paired difference, and of one on independent luck."""

    design: str
    number: str
    effect: float  # of the base, in per cent
    paired: float
    independent: float


def pairs(users: int, seeds: int) -> Iterator[Pair]:
    """Every design against the base, every number, over all users and seeds."""
    designs = [name for name in Scenario.load(SCENARIO, users=users).designs if name != "base"]
    base = [lived("base", users, 1 + seed) for seed in range(seeds)]
    for design in designs:
        about = ABOUT.get(design, ())
        found: dict[str, list[tuple[Numbers, Numbers]]] = {}
        for seed in range(seeds):
            with_it = lived(design, users, 1 + seed).numbers(about)
            for name, without in base[seed].numbers(about).items():
                found.setdefault(name, []).append((without, with_it[name]))
        yield from in_all(design, {name: pair_of(design, name, both) for name, both in found.items()})


def pair_of(design: str, name: str, both: list[tuple[Numbers, Numbers]]) -> Pair:
    """The variances of a number by user, from its values without and with the design."""
    without = np.concatenate([one for one, _ in both])
    with_it = np.concatenate([other for _, other in both])
    effect = 100.0 * (with_it.mean() / without.mean() - 1.0) if without.any() else 0.0
    return Pair(design, name, effect, float((with_it - without).var()), float(with_it.var() + without.var()))


def in_all(design: str, found: dict[str, Pair]) -> Iterator[Pair]:
    """The pairs, with those of the single unrelated deeds added up: their variances, whatever they weigh in a sum."""
    each = [pair for name, pair in found.items() if name.startswith("each ")]
    yield from (pair for name, pair in found.items() if not name.startswith("each "))
    yield Pair(
        design, "each unrelated deed", float(np.mean([pair.effect for pair in each])),
        sum(pair.paired for pair in each), sum(pair.independent for pair in each),
    )  # fmt: skip


def table(found: list[Pair], against: dict[str, float]) -> str:
    """The pairs as Markdown."""
    other = " against |" if against else ""
    lines = [
        f"| design | number | effect | variance of the difference, common ÷ independent luck |{other}",
        f"|---|---|---:|---:|{'---:|' if against else ''}",
    ]
    for pair in found:
        before = against.get(f"{pair.design} {pair.number}")
        ratio = f" {pair.paired / before:.2f} |" if before else " |" if against else ""
        lines.append(
            f"| {pair.design} | {pair.number} | {pair.effect:+.1f} % | {pair.paired / pair.independent:.3f} |{ratio}"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--against", type=Path)
    asked = parser.parse_args(arguments)
    found = list(pairs(asked.users, asked.seeds))
    kept = json.loads(asked.against.read_text(encoding="utf-8")) if asked.against else {}
    print(table(found, kept))
    if asked.save:
        variances = {f"{pair.design} {pair.number}": pair.paired for pair in found}
        asked.save.write_text(json.dumps(variances, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
