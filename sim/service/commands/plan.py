"""What all commands share: who asks, what a plan is, days of UTC+8, and spending from the earliest period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from sim.domain.beans import spend_earliest
from sim.ledger.entries import Draft, Refusal, View
from sim.service.policy import MOST_PERIODS, Policy
from sim.spans import DAY_US

CHINA_US = 8 * 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Numbers = Mapping[str, int | str]


class Caller(NamedTuple):
    """Who asks and when: the key's id, the objects it is bound to, the wall clock, the rules."""

    principal: str
    owners: frozenset[str]
    now_us: int
    policy: Policy


class Plan(NamedTuple):
    """A draft, and what the writer should fetch for it in one look-up."""

    draft: Draft
    touches: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


def refuse(code: str, detail: str, **numbers: int | str) -> Plan:
    """A plan that is refused whatever the ledger holds; the refusal is kept like any other."""
    refusal = Refusal(code, detail, numbers)
    return Plan(lambda view: refusal)


def incomplete(detail: str) -> Plan:
    """A request whose words do not go together."""
    return refuse("incomplete", detail)


def day_of(instant_us: int) -> int:
    """The civil day of UTC+8, YYYYMMDD."""
    return _day((instant_us + CHINA_US) // DAY_US)


def year_of(instant_us: int) -> int:
    """The civil year of UTC+8."""
    return day_of(instant_us) // 10_000


@lru_cache(maxsize=4_096)
def _day(number: int) -> int:
    day = _EPOCH + timedelta(days=number)
    return day.year * 10_000 + day.month * 100 + day.day


@lru_cache(maxsize=4_096)
def is_day(number: int) -> bool:
    """Whether YYYYMMDD is in the calendar."""
    try:
        datetime(number // 10_000, number // 100 % 100, number % 100, tzinfo=UTC)
    except ValueError:
        return False
    return True


def in_window(effective_at: int, caller: Caller) -> bool:
    """Whether an instant may be said now: near the wall clock, or any under a campaign clock."""
    policy = caller.policy
    return policy.campaign_clock or abs(effective_at - caller.now_us) <= policy.window_us


OUT_OF_WINDOW = Refusal(
    "effective_at_out_of_range", "effective_at lies too far from the server's clock; is it in microseconds?"
)

Parts = list[tuple[str, int]]


def period_of(account: str) -> int:
    """The last word of an account's name: the day or year up to which it holds."""
    return int(account.rpartition(":")[2])


def held(view: View, family: str, first: int = 0, last: int = 99_999_999) -> Parts:
    """What a family's accounts of periods first … last hold, the earliest first."""
    return [(name, left) for name, left in view.family(family) if first <= period_of(name) <= last]


def take(parts: Parts, family: str, amount: int) -> Parts | Refusal:
    """How much of an amount each part gives, in their order; at most a few accounts in one event."""
    given = spend_earliest([left for _, left in parts], amount)
    if given is None:
        return too_little(family, sum(left for _, left in parts), amount)
    taken = [(name, part) for (name, _), part in zip(parts, given, strict=True) if part > 0]
    if len(taken) > MOST_PERIODS:
        return Refusal(
            "too_many_periods", "ask for less at once", {"periods": len(taken), "most": MOST_PERIODS}
        )
    return taken


def too_little(account: str, available: int, required: int) -> Refusal:
    """There is less than was asked for."""
    numbers: dict[str, int | str] = {"account": account, "available": available, "required": required}
    return Refusal("insufficient_funds", f"{account} has too little", numbers)


def missing(what: str, id: str) -> Refusal:
    """A document that is not there."""
    return Refusal("not_found", f"there is no {what} {id}")


def invalid(what: str, state: str) -> Refusal:
    """A step that a document's state does not allow."""
    return Refusal("invalid_transition", f"the {what} is {state}", {"state": state})
