"""Beans that begin to grow."""

from __future__ import annotations

from typing import Any

from sim.compiling import rule
from sim.kernel.rows import GROWING_DAYS
from sim.kernel.rules import step_of_day, young_beans
from sim.spans import DAY_S


@rule
def grow(u: Any, t_us: int, beans: int, R: Any) -> None:
    """Beans begin to grow today: they join those of the day, and of its present step of ripening.

    What a barrier decides grows from before it on: of who went on playing meanwhile, perhaps in a step that is over.
    """
    t_s = t_us // 1_000_000
    slot = t_s // DAY_S % GROWING_DAYS
    u.growing[slot] = u.growing[slot] + beans
    if step_of_day(t_s, R) >= u.step:
        u.young = young_beans(u, t_s, R) + beans
        u.step = step_of_day(t_s, R)
