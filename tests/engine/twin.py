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

import numpy as np
from numpy.typing import NDArray

from sim.engine import alias, campaign, market
from sim.engine.actions import Actions, join
from sim.engine.population import Population
from tests.engine.reference import ReferencePopulation, over_objects, serve_claims
from tests.engine.worlds import world

Arrays = dict[str, NDArray[Any]]


def play(case: str, population: Callable[..., Any] = Population) -> Arrays:
    """Everything a run leaves behind: its actions, users, errands, counts, and the state of every part."""
    name, users, seed, design = case.split(",")
    told: list[Actions] = []
    run = campaign.Campaign(
        world(name, int(users), int(seed), design), workers=1, record_all=True, population=population,
        watch=lambda part: told.append(part.copy()),
    )  # fmt: skip
    with mock.patch.object(market, "COUNTED_FROM", 1):  # where orders are counted, from its second day
        run.run()
    people = run.population
    users_without_links = people.users.copy()
    users_without_links["errand"] = 0
    kept = {
        "actions": join(*told), "users": users_without_links, "next_s": people.next_s,
        "errands": people.errands(), "counts": run.counts(), "points": people.points(), "raised": run.raised,
        "ordered": people.counted,
    }  # fmt: skip
    digests = {f"digest/{name}": np.array(value) for name, value in run.digest().items()}
    return kept | digests | dict(_parts(run))


def _parts(run: campaign.Campaign) -> Iterator[tuple[str, NDArray[Any]]]:
    """The state of the books, the recorder, pools, projects and all others, but not the population's."""
    for part, owner in run._parts().items():
        if part != "population":
            for name, value in owner.state().items():
                yield f"{part}/{name}", np.asarray(value)


@contextmanager
def interpreted() -> Iterator[None]:
    """The two compiled passes of a campaign beside the population's, in plain Python."""
    with (
        mock.patch.object(campaign, "allot", serve_claims),
        mock.patch.object(alias, "_label", over_objects(alias._label)),
        mock.patch.object(alias, "_fill", over_objects(alias._fill)),
    ):
        yield


def main(folder: str, *cases: str) -> None:
    for case in cases:
        with interpreted():
            np.savez(Path(folder) / f"{case}.npz", **play(case, ReferencePopulation))


if __name__ == "__main__":
    main(*sys.argv[1:])
