"""Plays a campaign on either engine and keeps everything that may be compared.

Run as a program, with NUMBA_DISABLE_JIT=1, it plays cases on the reference engine, one file a case:

    python -m tests.engine.twin FOLDER hello,5000,1,base busy,300,2,lots
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numba
import numpy as np
from numpy.typing import NDArray

from sim.engine import campaign, market
from sim.engine.actions import Actions, join
from sim.engine.population import Population
from tests.engine.reference import ReferencePopulation, serve_claims
from tests.engine.worlds import world

Arrays = dict[str, NDArray[Any]]


def play(case: str, population: Callable[..., Any] = Population, **how: Any) -> Arrays:
    """Everything a run of a case leaves behind; a case is scenario,users,seed,design."""
    name, users, seed, design = case.split(",")
    told: list[Actions] = []
    run = campaign.Campaign(
        world(name, int(users), int(seed), design), record_all=True, population=population,
        watch=lambda part: told.append(part.copy()), **{"workers": 1} | how,
    )  # fmt: skip
    with mock.patch.object(market, "COUNTED_FROM", 1):  # orders are counted from the second day
        run.run()
    return {"actions": join(*told)} | left_behind(run)


def left_behind(run: campaign.Campaign) -> Arrays:
    """What a run holds: users, errands, counts, digests, and the state of every other part."""
    people = run.population
    users = people.users.copy()
    users["errand"] = 0  # a place in a block's list: no property of the user
    kept = {
        "users": users, "next_s": people.next_s, "errands": people.errands(), "counts": run.counts(),
        "points": people.points(), "marks": people.marks, "raised": run.raised, "ordered": people.counted,
    }  # fmt: skip
    kept |= {f"digest {name}": np.array(value) for name, value in run.digest().items()}
    for part, owner in run._parts().items():
        if part != "population":
            kept |= {f"{part} {name}": np.array(value) for name, value in owner.state().items()}
    return kept


@contextmanager
def interpreted() -> Iterator[None]:
    """The compiled allotment too as plain Python."""
    assert numba.config.DISABLE_JIT
    with mock.patch.object(campaign, "allot", serve_claims):
        yield


def main(folder: str, *cases: str) -> None:
    with interpreted():
        for case in cases:
            np.savez(Path(folder) / f"{case}.npz", **play(case, ReferencePopulation))


if __name__ == "__main__":
    main(*sys.argv[1:])
