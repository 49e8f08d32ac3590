"""The catalogue of deeds: how often people did each and what it brought them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.observation.seen import NUMBERS, Reader, Seen
from sim.observation.subject import Daybook, Subject, table
from sim.observation.world import World

TIMES, BEANS, GRANTED, MINUTES = range(4)


class Deeds(Subject):
    """Deeds of the catalogue."""

    def __init__(self, world: World, book: Daybook, reader: Reader) -> None:
        super().__init__(world, book)
        self.redeem = reader.redeem
        self.arrays |= {"done": np.zeros((4, NUMBERS), np.int64)}

    def _brought(self, seen: Seen) -> None:
        rows, done = seen.people, self.arrays["done"]
        np.add.at(done[TIMES], seen.done["deed"], 1)
        np.add.at(done[MINUTES], rows["deed"], rows["minutes"])

    on_gift = on_bean_gift = on_general = _brought

    def on_deed(self, seen: Seen) -> None:
        """A deed done, or the beans for one of another kind."""
        np.add.at(self.arrays["done"][BEANS], seen.people["deed"], seen.people["beans"])
        self._brought(seen)

    def on_grant(self, seen: Seen) -> None:
        """What a rule adds to a deed's pay: beans, minutes."""
        rows, done = seen.people, self.arrays["done"]
        np.add.at(done[GRANTED], rows["deed"], rows["beans"])
        np.add.at(done[MINUTES], rows["deed"], rows["minutes"])

    def _claimed(self, seen: Seen) -> None:
        np.add.at(self.arrays["done"][TIMES], seen.people["deed"], 1)

    on_account_apply = on_team_join = _claimed

    def on_redeem_hold(self, seen: Seen) -> None:
        """Its row names the voucher, not the deed."""
        if self.redeem is not None:
            self.arrays["done"][TIMES, self.redeem] += len(seen.people)

    @table(
        "One row a deed of the catalogue, as people did it; farmers stand in `abuse`.",
        deed="name in the scenario",
        label="label",
        kind="labour, donated or general",
        times="times done",
        beans="beans it pays by itself",
        granted="beans that rules add",
        minutes="charity minutes credited for it, those of rules included",
    )
    def deeds(self) -> pl.DataFrame | None:
        """How often each deed was done and what it brought."""
        named = self.scenario.deeds
        if not named:
            return None
        return pl.DataFrame(
            {
                "deed": list(named),
                "label": [d.label for d in named.values()],
                "kind": [d.kind for d in named.values()],
            }
            | dict(
                zip(
                    ("times", "beans", "granted", "minutes"),
                    self.arrays["done"][:, : len(named)],
                    strict=True,
                )
            )
        )
