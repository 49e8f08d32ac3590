"""A campaign in miniature: every operation at least once, in an order that is accepted, with what it must book."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.ledger.entries import event_id, printed_id
from tests.service.serving import DAY, NOON

HOUR = 3_600_000_000
Lines = list[list[Any]]


class Step(NamedTuple):
    """One request, by a principal, and the lines it must book; a line that ends a hold names the step of the hold."""

    op: str
    words: dict[str, Any]
    lines: Lines
    kind: str
    state: str | None = None
    at: int = NOON
    by: str = "operator"


def posted(debit: str, credit: str, asset: str, amount: int) -> list[Any]:
    return ["posted", debit, credit, asset, amount, None]


def pending(debit: str, credit: str, asset: str, amount: int) -> list[Any]:
    return ["pending", debit, credit, asset, amount, None]


def ends(mode: str, debit: str, credit: str, asset: str, amount: int, step: int, line: int = 0) -> list[Any]:
    """The end of the hold that `step` (counted from 1, as events are) opened."""
    return [mode, debit, credit, asset, amount, [step, line]]


GIFT_KEY = "story:14"
ORDER = {"user": "u1", "merchant": "m1", "project": "p1", "price": 9_900, "fen": 20}
U1, U2 = "2110:u1:20220930", "2110:u2:20220930"
GIVEN = "2800:u1:donated:2022"
LABOUR = "2800:u1:labour:2022"


def pay(step: int = 0) -> Lines:
    return [
        posted("1110", "2200:m1", "CNY", 9_900),
        pending("2200:m1", "2400:p1", "CNY", 20),
        pending("2200:m1", "2300:m1", "CNY", 9_880),
    ]


STORY = (
    Step("openings", {"account": U2, "amount": 500}, [posted("3100", U2, "BEAN", 500)], "OPENING"),
    Step("openings", {"account": "2800:u2:labour:2021", "amount": 60},
         [posted("3300", "2800:u2:labour:2021", "HOUR", 60)], "OPENING"),
    Step("openings", {"account": "2400:p2", "amount": 700}, [posted("1110", "2400:p2", "CNY", 700)], "OPENING"),
    Step("pools.deposit", {"id": "s0", "fen": 100_000}, [posted("1100", "2600:s0", "CNY", 100_000)], "POOL_DEPOSIT"),
    Step("deeds", {"user": "u1", "beans": 250, "fades": 20220912, "minutes": 6, "klass": "labour"},
         [posted("3100", "2100:u1:20220912", "BEAN", 250), posted("3300", LABOUR, "HOUR", 6)], "DEED"),
    Step("deeds", {"user": "u1", "minutes": 60, "klass": "labour", "channel": "partner", "external_id": "77"},
         [posted("3300", LABOUR, "HOUR", 60)], "IMPORT", "counted"),
    Step("harvests", {"user": "u1", "beans": 200, "expires": 20220930},
         [posted("2100:u1:20220912", U1, "BEAN", 200)], "HARVEST"),
    Step("bean-donations", {"user": "u1", "project": "p1", "pool": "s0", "beans": 100, "rate": 100, "minutes": 6},
         [posted(U1, "3190", "BEAN", 100), posted("2600:s0", "2400:p1", "CNY", 100), posted("3300", GIVEN, "HOUR", 6)],
         "BEAN_GIFT"),
    Step("redemptions", {"id": "r1", "user": "u1", "beans": 50}, [pending(U1, "3180", "BEAN", 50)],
         "REDEEM_HOLD", "held"),
    Step("redemptions.ship", {"id": "r1"}, [ends("post", U1, "3180", "BEAN", 50, 9)], "REDEEM_SHIP", "shipped"),
    Step("redemptions", {"id": "r2", "user": "u2", "beans": 90, "until": NOON + HOUR},
         [pending(U2, "3180", "BEAN", 90)], "REDEEM_HOLD", "held"),
    Step("redemptions.expire", {"id": "r2"}, [ends("expire", U2, "3180", "BEAN", 90, 11)], "REDEEM_CANCEL", "expired",
         NOON + HOUR),
    Step("redemptions", {"id": "r3", "user": "u2", "beans": 30}, [pending(U2, "3180", "BEAN", 30)],
         "REDEEM_HOLD", "held"),
    Step("donations", {"user": "u1", "project": "p1", "fen": 5_000, "minutes": 6, "pool": "s0", "match": 500},
         [posted("1110", "2400:p1", "CNY", 5_000), posted("2600:s0", "2400:p1", "CNY", 500),
          posted("3300", GIVEN, "HOUR", 6)], "GIFT"),
    Step("redemptions.cancel", {"id": "r3"}, [ends("void", U2, "3180", "BEAN", 30, 13)], "REDEEM_CANCEL", "cancelled"),
    Step("orders", {"id": "o1", **ORDER}, [], "ORDER_CREATE", "created"),
    Step("orders.pay", {"id": "o1"}, pay(), "ORDER_PAY", "paid"),
    Step("orders.confirm", {"id": "o1", "minutes": 6, "pool": "s0", "match": 20},
         [ends("post", "2200:m1", "2400:p1", "CNY", 20, 17, 1), ends("post", "2200:m1", "2300:m1", "CNY", 9_880, 17, 2),
          posted("2600:s0", "2400:p1", "CNY", 20), posted("3300", GIVEN, "HOUR", 6)], "ORDER_CONFIRM", "confirmed"),
    Step("orders", {"id": "o2", **ORDER}, [], "ORDER_CREATE", "created"),
    Step("orders.pay", {"id": "o2"}, pay(), "ORDER_PAY", "paid"),
    Step("orders.refund", {"id": "o2"},
         [ends("void", "2200:m1", "2400:p1", "CNY", 20, 20, 1), ends("void", "2200:m1", "2300:m1", "CNY", 9_880, 20, 2),
          posted("2200:m1", "1110", "CNY", 9_900)], "ORDER_REFUND", "refunded"),
    Step("orders", {"id": "o3", **ORDER}, [], "ORDER_CREATE", "created"),
    Step("orders.cancel", {"id": "o3"}, [], "ORDER_CANCEL", "cancelled"),
    Step("hour-redemptions", {"user": "u1", "minutes": 30, "klass": "labour"},
         [posted(LABOUR, "3390", "HOUR", 30)], "HOUR_REDEEM"),
    Step("corrections", {"donation": printed_id(event_id("operator", GIFT_KEY)), "fen": 5_000},
         [posted("2400:p1", "1110", "CNY", 5_000)], "CORRECTION"),
    Step("provider-settlements", {"fen": 9_900, "direction": "in"}, [posted("1100", "1110", "CNY", 9_900)],
         "SETTLE", "done", NOON + DAY),
    Step("payouts", {"merchant": "m1", "fen": 9_880}, [posted("2300:m1", "1100", "CNY", 9_880)],
         "PAYOUT", "done", NOON + DAY),
    Step("pools.unlock", {"id": "s0", "fen": 2_000, "project": "p1"}, [posted("2600:s0", "2400:p1", "CNY", 2_000)],
         "TEAM_UNLOCK"),
    Step("pools.withdraw", {"id": "s0", "fen": 1_000}, [posted("2600:s0", "1100", "CNY", 1_000)], "POOL_WITHDRAW"),
    Step("fees", {"project": "p1", "ngo": "n1", "fen": 200}, [posted("2400:p1", "2450:n1", "CNY", 200)], "FEE"),
    Step("moves", {"project": "p1", "to": "p2", "fen": 100}, [posted("2400:p1", "2400:p2", "CNY", 100)], "MOVE"),
    Step("payouts", {"ngo": "n1", "fen": 200}, [posted("2450:n1", "1100", "CNY", 200)], "FEE_PAYOUT", "done"),
    Step("disbursements", {"id": "d1", "project": "p1", "fen": 2_000}, [pending("2400:p1", "1100", "CNY", 2_000)],
         "DISBURSE_ASK", "asked"),
    Step("disbursements.approve", {"id": "d1"}, [], "DISBURSE_APPROVE", "approved", by="checker"),
    Step("disbursements.complete", {"id": "d1", "fen": 1_500}, [ends("post", "2400:p1", "1100", "CNY", 1_500, 33)],
         "DISBURSE_PAID", "paid"),
    Step("disbursements", {"id": "d2", "project": "p1", "fen": 300}, [pending("2400:p1", "1100", "CNY", 300)],
         "DISBURSE_ASK", "asked"),
    Step("disbursements.fail", {"id": "d2"}, [ends("void", "2400:p1", "1100", "CNY", 300, 36)],
         "DISBURSE_FAILED", "failed"),
    Step("expiries", {"user": "u1", "stage": "growing", "beans": 50},
         [posted("2100:u1:20220912", "3170", "BEAN", 50)], "FADE", at=NOON + 4 * DAY),
    Step("expiries", {"user": "u2", "stage": "available", "beans": 100},
         [posted(U2, "3170", "BEAN", 100)], "EXPIRE", at=NOON + 30 * DAY),
    Step("rules", {"id": "melting"}, [], "RULE", "open"),
    Step("decays", {"user": "u2", "beans": 40, "rule": "melting"}, [posted(U2, "3170", "BEAN", 40)], "DECAY"),
    Step("revocations", {"user": "u2", "beans": 1_000}, [posted(U2, "3160", "BEAN", 360)], "REVOKE"),
    Step("revocations", {"user": "u2", "minutes": 20, "klass": "labour"},
         [posted("2800:u2:labour:2021", "3380", "HOUR", 20)], "HOUR_REVOKE"),
    Step("provider-settlements", {"fen": 100, "direction": "out"}, [posted("1110", "1100", "CNY", 100)],
         "SETTLE_BACK", "done", NOON + 2 * DAY),
    Step("rules", {"id": "teams", "pool": "s0", "beans": 100, "fen": 900, "user_beans": 40, "days": 1},
         [posted("3140", "3120:teams", "BEAN", 100), posted("3540", "3520:teams", "CNY", 900)], "RULE", "open"),
    Step("grants", {"user": "u1", "rule": "teams", "beans": 20, "fades": 20220912, "minutes": 6, "klass": "labour"},
         [posted("3110:teams", "2100:u1:20220912", "BEAN", 20), posted("3310:teams", LABOUR, "HOUR", 6),
          posted("3120:teams", "3140", "BEAN", 20), posted("3140", "3130:teams:u1:20220909", "BEAN", 40),
          posted("3130:teams:u1:20220909", "3140", "BEAN", 20)], "GRANT"),
    Step("prizes", {"user": "u1", "rule": "teams", "pool": "s0", "fen": 500},
         [posted("2600:s0", "1100", "CNY", 500), posted("3520:teams", "3540", "CNY", 500)], "PRIZE"),
    Step("limits", {"id": "2110:u2:20220930", "closed": True}, [], "LIMITS"),
)  # fmt: skip
