"""Where the few write what they do: rows of the action stream that wait for the next barrier."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import ROLES, Kind

LEAVING = (Kind.FEE, Kind.DISBURSE_ASK, Kind.CORRECTION, Kind.RETURN, Kind.MOVE)


class Outbox:
    """Collects the agents' actions; every agent numbers its own."""

    def __init__(self) -> None:
        self._rows: list[dict[str, int]] = []
        self._leaving: dict[int, int] = defaultdict(int)
        self._numbers: dict[tuple[int, int], int] = defaultdict(int)

    def write(self, kind: Kind, t_us: int, agent: int, **amounts: int) -> None:
        """Note one action; `amounts` are columns of the stream (fen, beans, project, party, pool, …)."""
        key = (int(ROLES[kind]), agent)
        number = self._numbers[key]
        self._numbers[key] = number + 1
        self._rows.append({"t": t_us, "agent": agent, "number": number, "kind": int(kind), **amounts})
        if kind in LEAVING and not amounts.get("outcome"):
            self._leaving[amounts["project"]] += amounts["fen"]

    def leaving(self, project: int) -> int:
        """Fen that rows written here, and not yet posted, will take out of a project's fund."""
        return self._leaving.get(project, 0)

    def take(self) -> list[dict[str, int]]:
        """Everything written so far, column → value, in the order it was written; empties the outbox."""
        rows, self._rows = self._rows, []
        self._leaving.clear()
        return rows

    def state(self) -> dict[str, NDArray[np.int64]]:
        """The agents' counters, for a snapshot (the outbox is empty at a barrier)."""
        pairs = sorted(self._numbers.items())
        return {"numbers": np.array([(*key, n) for key, n in pairs], np.int64).reshape(-1, 3)}

    def restore(self, state: dict[str, NDArray[np.int64]]) -> None:
        """Put the counters back."""
        self._numbers = defaultdict(int, {(int(a), int(b)): int(n) for a, b, n in state["numbers"]})
