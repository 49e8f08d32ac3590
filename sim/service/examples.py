"""An example of every request, for the OpenAPI document and for whoever tries the service by hand."""

from __future__ import annotations

from typing import Any

from sim.spans import DAY_US

NOON = 1_662_696_000_000_000  # 9 September 2022, 12:00 of UTC+8
PATH_IDS = {"redemptions": "r1", "orders": "o1", "pools": "s0", "disbursements": "d1", "accounts": "2400:p1"}

_BODIES: dict[str, dict[str, Any]] = {
    "deeds": {"user": "u1", "beans": 250, "fades": 20220912, "minutes": 6, "klass": "labour"},
    "grants": {"user": "u1", "rule": "teams", "beans": 20, "fades": 20220912, "deed": "walk", "under": ["daily"]},
    "prizes": {"user": "u1", "rule": "night", "pool": "s0", "fen": 500},
    "rules": {"id": "teams", "pool": "s0", "beans": 100_000, "user_beans": 40, "days": 1},
    "harvests": {"user": "u1", "beans": 200, "expires": 20220930},
    "bean-donations": {
        "user": "u1", "project": "p1", "pool": "s0", "beans": 100, "rate": 100, "minutes": 6,
    },
    "redemptions": {"id": "r1", "user": "u1", "beans": 50, "until": NOON + DAY_US},
    "redemptions.ship": {},
    "redemptions.cancel": {},
    "redemptions.expire": {},
    "donations": {"user": "u1", "project": "p1", "fen": 5_000, "minutes": 6, "pool": "s0", "match": 500},
    "orders": {"id": "o1", "user": "u1", "merchant": "m1", "project": "p1", "price": 9_900, "fen": 20},
    "orders.pay": {},
    "orders.confirm": {"minutes": 6, "pool": "s0", "match": 20},
    "orders.refund": {},
    "orders.cancel": {},
    "expiries": {"user": "u1", "stage": "growing", "beans": 50},
    "decays": {"user": "u1", "beans": 5, "rule": "melting"},
    "revocations": {"user": "u1", "beans": 40},
    "hour-redemptions": {"user": "u1", "minutes": 6, "klass": "labour"},
    "corrections": {"donation": "0123456789abcdef" * 2, "fen": 5_000},
    "moves": {"project": "p1", "to": "p2", "fen": 100},
    "provider-settlements": {"fen": 14_900, "direction": "in"},
    "payouts": {"merchant": "m1", "fen": 9_880},
    "pools.deposit": {"fen": 1_000_000},
    "pools.withdraw": {"fen": 1_000},
    "pools.unlock": {"fen": 2_000, "project": "p1"},
    "disbursements": {"id": "d1", "project": "p1", "fen": 3_000},
    "disbursements.approve": {},
    "disbursements.complete": {"fen": 2_500},
    "disbursements.fail": {},
    "fees": {"project": "p1", "ngo": "n1", "fen": 100},
    "openings": {"account": "2110:u1:20220930", "amount": 500},
    "limits": {"ceiling": 10_000_000, "closed": False},
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {op: {"effective_at": NOON, **body} for op, body in _BODIES.items()}


def path_id(path: str) -> str:
    """The id that stands in a path's example, "" = none."""
    return PATH_IDS[path.split("/")[2]] if "{id}" in path else ""
