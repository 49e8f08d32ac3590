"""One busy week, watched twice: by the recorder, and by one from whom the farmers' rows are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.bookkeeping import ROLES, Kind, Role
from sim.engine.actions import join
from sim.engine.campaign import Campaign
from sim.observation.recorder import Recorder
from tests.engine.worlds import world

USERS = 600
OF_USERS = [kind for kind, role in ROLES.items() if role is Role.USER]


@dataclass(frozen=True)
class Week:
    """A run, all its accepted rows, and what a recorder saw that was told nothing of farmers."""

    campaign: Campaign
    stream: NDArray[np.void]
    honest: Recorder

    @property
    def seen(self) -> Recorder:
        """What was recorded."""
        return self.campaign.recorder

    def rows(self, *kinds: Kind, farmers: bool = False) -> NDArray[np.void]:
        """The rows of these kinds that honest users, or the farmers, wrote."""
        return self.stream[np.isin(self.stream["kind"], kinds) & (is_farmed(self.stream) == farmers)]


def is_farmed(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which rows a farmer wrote: a user's rows of an agent behind the honest ones."""
    return np.asarray(np.isin(rows["kind"], OF_USERS) & (rows["agent"] >= USERS))


@pytest.fixture(scope="session")
def week() -> Week:
    """Farmers recycle gifts, teams unlock money, vouchers are shipped."""
    parts: list[NDArray[np.void]] = []

    def watch(part: NDArray[np.void]) -> None:
        parts.append(part.copy())
        honest.actions(part[~is_farmed(part)])

    campaign = Campaign(world("busy", USERS), workers=1, watch=watch)
    honest = Recorder(campaign.recorder.world)
    close = campaign.recorder.day

    def close_both(*told: object) -> None:
        close(*told)  # type: ignore[arg-type]
        honest.day(*told)  # type: ignore[arg-type]

    campaign.recorder.day = close_both  # type: ignore[method-assign]
    campaign.run()
    campaign.population.close()
    stream = join(*parts)
    return Week(campaign, stream[stream["outcome"] == 0], honest)
