"""Does each fault at its instant on the wall clock, to a server that we started."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from loadtests.faults import SECOND_US, Fault, Injected
from loadtests.master import STARTED
from loadtests.target import TargetServer
from loadtests.warp import Warp
from sim.errors import BeanpeakError, UsageError


def check_faults(faults: Sequence[Fault], warp: Warp) -> None:
    """Raises UsageError for a fault outside the trace: it would never be done."""
    first, last = warp.stretches[0].start_us, warp.stretches[-1].end_us
    for fault in faults:
        if not first <= fault.at_us < last:
            raise UsageError(
                f"fault {fault.deed} at {fault.at_us / SECOND_US:g} s: the trace runs from "
                f"{first / SECOND_US:g} to {last / SECOND_US:g} s of campaign time"
            )


class Injector:
    """Does each fault at its instant on the wall clock, to a server of ours.

    done: what happened. failed: why the server did not come back, in one line.
    """

    def __init__(self, faults: Sequence[Fault], warp: Warp, server: TargetServer | None) -> None:
        at = warp.wall_us(np.array([fault.at_us for fault in faults], np.int64)).tolist()
        self.due = list(zip(at, faults, strict=True))
        self.server = server
        self.done: list[Injected] = []
        self.failed = ""
        self.t0: float | None = None
        self.open: tuple[Fault, int, float] | None = None  # fault, when it began, when it ends

    def step(self, folder: Path) -> None:
        """Do what is due now."""
        if not self.due and self.open is None:
            return
        if self.t0 is None:
            self.t0 = _started(folder)
        elif self.open is not None:
            if time.time() >= self.open[2]:
                self.heal()
        elif self._now() >= self.due[0][0]:
            self._begin(self.due.pop(0)[1])

    def heal(self) -> None:
        """End the fault that is on, if one is."""
        if self.open is None or self.server is None:
            return
        fault, began, _ = self.open
        self.open = None
        if fault.deed == "freeze":
            self.server.thaw()
        else:
            try:
                self.server.start()
            except BeanpeakError as error:  # a finding about the server, no reason to stop measuring
                self.failed = str(error).splitlines()[0].rstrip(":")
        self.done.append(Injected(fault.deed, began, self._now()))

    def _begin(self, fault: Fault) -> None:
        assert self.server is not None
        began = self._now()
        if fault.deed == "freeze":
            self.server.freeze()
        else:
            self.server.kill9()
        self.open = (fault, began, time.time() + fault.lasts_s)

    def _now(self) -> int:
        assert self.t0 is not None
        return round((time.time() - self.t0) * SECOND_US)


def _started(folder: Path) -> float | None:
    try:
        return float(json.loads((folder / STARTED).read_text(encoding="utf-8"))["t0"])
    except OSError:
        return None
