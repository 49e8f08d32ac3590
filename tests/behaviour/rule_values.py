"""Prints what every rule of behaviour and domain answers on a fixed grid, as JSON of exact values.

Run as a program, once as it is and once with NUMBA_DISABLE_JIT=1: both must print the same text.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import random
from collections.abc import Callable
from typing import Any

import sim.behaviour
from sim.compiling import rule
from sim.domain import beans, eligibility, hours, matching, pledges, ratios, transparency

POINTS = 200
PLAIN_MODULES = ("parameters", "assumptions")
LEAVES = (
    hours.service_minutes, hours.capped_minutes, beans.gone_at_s, beans.is_ripe, beans.expiry_period,
    beans.capped_beans, beans.full_hundreds, beans.fen_of_beans, pledges.donation_fen, matching.match_asked_fen,
    matching.capped_match_fen, matching.granted_fen, eligibility.may_open_account, eligibility.reaches_benefit,
    transparency.viewable_share,
    ratios.share_of, ratios.nearest, ratios.most_of,
)  # fmt: skip

# Where an argument may lie; others are 0.01 … 3, whole numbers 0 … 9.
RANGES: dict[str, tuple[float, float]] = {
    "offered": (5, 50), "plain": (0, 5), "usual": (1, 10), "keen": (0, 10), "rest": (0, 1),
    "x": (-40, 40), "progress": (-0.5, 1.5), "habit": (0, 1), "trust": (0, 1), "score": (0, 1.2),
    "base": (-0.1, 1.1), "uniform": (0, 1), "normal": (-4, 4), "uniform_normal": (-4, 4), "z": (-2, 2),
    "since_break": (-2, 20), "days_since_reward": (-2, 6), "yuan": (0.01, 500), "previous_max_yuan": (1, 500),
    "intercept": (-5, 0), "prior_gifts": (0, 50), "months_since": (0, 60), "donation_share": (0, 1),
    "sales_z": (-3, 3), "mu": (-5, 0), "head_start": (-1, 2), "ratio": (-1, 3), "extractable_yuan": (0, 5),
    "remaining_yuan": (-1, 20), "streak": (0, 12), "day": (0, 40), "days": (1, 40), "endowed": (0, 3),
    "goal": (4, 12), "age": (0, 90), "price_fen": (1, 10**7), "ratio_ppm": (0, 10**6), "fixed_fen": (0, 200),
    "asked_fen": (0, 10**6), "used_fen": (0, 10**6), "cap_fen": (0, 10**6), "gift_fen": (1, 10**7),
    "worked": (0, 600), "millilitres": (0, 800), "tasks": (0, 90), "beans": (0, 5000),
    "beans_per_yuan": (1, 200), "raised_fen": (0, 10**6), "followed_fen": (0, 10**6), "delay_days": (-3, 90),
    "loss": (0, 1), "dollar_yuan": (1, 9), "fen": (1, 10**7), "parts": (1, 9), "most": (1, 9),
    "price": (1, 10**6), "amount": (0, 92 * 10**9), "dividend": (0, 10**18), "divisor": (1, 10**9),
}  # fmt: skip


def rules() -> dict[str, Callable[..., Any]]:
    """Every rule by its full name, compiled unless the JIT is off."""
    found = {}
    for module in pkgutil.iter_modules(sim.behaviour.__path__):
        if module.name in PLAIN_MODULES:
            continue
        members = vars(importlib.import_module(f"sim.behaviour.{module.name}"))
        for name, member in members.items():
            if callable(member) and member.__module__ == f"sim.behaviour.{module.name}":
                found[f"{module.name}.{name}"] = member
    for leaf in LEAVES:
        found[f"{leaf.__module__.rsplit('.', 1)[-1]}.{leaf.__name__}"] = rule(leaf)
    return found


def argument(name: str, kind: str, chance: random.Random) -> Any:
    """One value of an argument, of the type its annotation says."""
    if kind == "bool":
        return chance.random() < 0.5
    low, high = RANGES.get(name, (0, 9) if kind == "int" else (0.01, 3))
    if kind == "int":
        return chance.randint(int(low), int(high))
    return chance.uniform(low, high)


def grid(name: str, function: Callable[..., Any]) -> list[tuple[Any, ...]]:
    """The points a rule is asked at; the same in every process."""
    chance = random.Random(name)
    plain = getattr(function, "py_func", function)
    arguments = inspect.signature(plain).parameters.values()
    kinds = [(a.name, str(a.annotation)) for a in arguments]
    points = [tuple(argument(*kind, chance) for kind in kinds) for _ in range(POINTS)]
    return points


def exact(value: Any) -> str:
    """A value without loss: type and bits."""
    if isinstance(value, float):
        return value.hex()
    return f"{type(value).__name__} {value}"


def main() -> None:
    found = rules()
    print(json.dumps({n: [exact(f(*point)) for point in grid(n, f)] for n, f in found.items()}))


if __name__ == "__main__":
    main()
