"""The toy in mesa-frames: a row a user in Polars, everybody who is due acts at once, hour by hour.

It asks for NumPy below 2, which the model cannot live with, so it is measured in an environment of its own.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import toy
from mesa_frames import AgentSetPolars, ModelDF


def waits_h(user: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Hours until each one's next action."""
    return -toy.MEAN_WAIT_H * np.log(toy.unit(toy.draw(user, number, toy.WAIT)))


class Users(AgentSetPolars):
    """All users."""

    def __init__(self, model: ModelDF, users: int) -> None:
        super().__init__(model)
        user, number = np.arange(users), np.ones(users, np.int64)
        columns = {
            "unique_id": user,
            "due": waits_h(user, number),
            "number": number,
            "beans": np.zeros_like(user),
        }
        self.add(pl.DataFrame(columns))
        self.totals, self.hour = np.zeros(len(toy.TOTALS), np.int64), 0.0

    def step(self) -> None:
        """One hour; some act more than once in it."""
        self.hour += 1.0
        while len(due := self.agents.filter(pl.col("due") < self.hour)):
            self.agents = self.agents.update(self.after_acting(due), on="unique_id")

    def after_acting(self, due: pl.DataFrame) -> pl.DataFrame:
        """Who is due does one of five things and sleeps again."""
        user, number, beans = (due[name].to_numpy() for name in ("unique_id", "number", "beans"))
        word = toy.draw(user, number, toy.CHOICE)
        kind = np.searchsorted(toy.UP_TO, toy.unit(word), side="right")
        gives = (kind == toy.GIVE) & (beans >= toy.GIFT)
        self.totals[: len(toy.ACTIONS)] += np.bincount(kind, minlength=len(toy.ACTIONS))
        self.totals[toy.FEN] += toy.price(word[kind == toy.BUY]).sum()
        self.totals[toy.BEANS] += toy.GROWN * (kind == toy.PLAY).sum()
        self.totals[toy.GIVEN] += toy.GIFT * gives.sum()
        return due.with_columns(
            due=due["due"] + waits_h(user, number + 1),
            number=number + 1,
            beans=beans + toy.GROWN * (kind == toy.PLAY) - toy.GIFT * gives,
        )


class Week(ModelDF):
    """The week."""

    def __init__(self, users: int) -> None:
        super().__init__(seed=1)
        self.users = Users(self, users)
        self.agents += self.users


def play(users: int) -> np.ndarray:
    """What was done in a week."""
    week = Week(users)
    for _ in range(int(toy.HOURS)):
        week.step()
    return week.users.totals


if __name__ == "__main__":
    toy.measure(play)
