"""Charity time of people: minutes by class, of staff, and the benefits that hours reach."""

from __future__ import annotations

import numpy as np
import polars as pl

from sim.kernel.rows import DONATED, MAX_BENEFITS
from sim.observation.seen import Reader, Seen
from sim.observation.subject import NOTHING, Daybook, Subject, Sums, table
from sim.observation.words import Daily, Metric
from sim.observation.world import World


class Hours(Subject):
    """Labour (出力), donation (捐献), and what is worth no hours (泛公益)."""

    METRICS = (
        Metric("minutes_labour", "minutes", "run", "up", "charity time of labour (出力), imports included",
               "charity time, labour (出力)"),
        Metric("minutes_donated", "minutes", "run", "up", "charity time of donation (捐献)",
               "charity time, donated (捐献)"),
        Metric("minutes_per_user", "minutes", "user", "up", "charity time of both classes ÷ users"),
        Metric("staff_minutes", "minutes", "member of staff", "up", "mean labour of the staff cohort"),
        Metric("general_participation", "actions", "run", "up",
               "general participation (泛公益), worth no hours", "general participation (泛公益)"),
    )  # fmt: skip
    DAILY = (
        Daily("minutes_labour", "charity minutes of labour"),
        Daily("minutes_donated", "charity minutes of donation"),
        Daily("general_participation", "general participation (泛公益), worth no hours"),
    )

    def __init__(self, world: World, book: Daybook, reader: Reader) -> None:
        super().__init__(world, book)
        self.general = reader.general
        self.arrays |= {"reached": np.zeros(MAX_BENEFITS, np.int64)}

    def _credited(self, seen: Seen) -> None:
        """Minutes by class, as they are booked."""
        donated = int(seen.people["minutes"][seen.people["klass"] == DONATED].sum(dtype=np.int64))
        self.add("minutes_donated", donated)
        self.add("minutes_labour", int(seen.people["minutes"].sum(dtype=np.int64)) - donated)

    on_grant = on_import = on_gift = on_bean_gift = on_order_confirm = _credited

    def _took_part(self, seen: Seen) -> None:
        """Deeds that are worth no hours, whether they bring beans or not."""
        self.add("general_participation", self.general[seen.people["deed"]].sum())
        self._credited(seen)

    on_deed = on_general = _took_part

    def on_benefit(self, seen: Seen) -> None:
        """A holder of the charity account passed a threshold."""
        np.add.at(self.arrays["reached"], seen.people["deed"], 1)

    @table(
        "Benefits of the charity account.",
        benefit="name in the scenario",
        label="label",
        reached="holders who reached its threshold",
    )
    def benefits(self) -> pl.DataFrame | None:
        """How often each benefit of the charity account was reached."""
        named = self.scenario.benefits
        if not named:
            return None
        return pl.DataFrame(
            {
                "benefit": list(named),
                "label": [b.label for b in named.values()],
                "reached": self.arrays["reached"][: len(named)],
            }
        )

    def measure(self, sums: Sums) -> dict[str, float]:
        """Minutes a user, and a member of staff."""
        minutes = sums["minutes_labour"] + sums["minutes_donated"]
        return {"minutes_per_user": minutes / self.world.honest, "staff_minutes": self._of_staff()}

    def _of_staff(self) -> float:
        staff = self.world.staff()
        labour = self.world.people.users["labour"][: self.world.honest]
        return float(labour[staff].mean()) if staff.any() else NOTHING
