"""The one table of what can be asked for. Routes, batches, OpenAPI and the authorisation matrix come from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from sim.service import messages as m
from sim.service.commands import beans, gifts, orders, pools, projects, rules, system
from sim.service.commands.plan import Caller, Plan
from sim.service.keys import ALL as ALL_OBJECTS

PREFIX = "/v1"
EVENT = "/v1/events/{event}"  # where an event can be read
_encode = msgspec.json.Encoder().encode


class Operation:
    """One POST. `op` is its name in a batch; `made` says where what it created can be read ("" = an action).

    `owner` is the object that a key which is not bound to everything must be bound to, as `pool:{id}`; ALL =
    only keys that are not bound may ask; "" = the object stands in a document, and the draft looks there.
    """

    def __init__(
        self,
        op: str,
        path: str,
        scopes: str,
        message: type[m.Ask],
        build: Callable[[Any, Caller], Plan],
        made: str = "",
        owner: str = ALL_OBJECTS,
    ) -> None:
        self.op, self.path = op, PREFIX + path
        self.scopes = frozenset(scopes.split())
        self.message, self.build, self.made, self.owner = message, build, made, owner
        self.status = 201 if made else 200  # of an accepted request
        self.named = "{id}" in path
        self._named_by = f"POST {self.path}\n".encode()  # the message has the id of the path
        self.decode: Callable[[bytes | msgspec.Raw], Any] = msgspec.json.Decoder(message).decode
        self.is_id = re.compile(m.ACCOUNT_PATTERN if message is m.Limit else m.ID_PATTERN).match
        self._bound, _, word = owner.partition(":")
        self._word = word.strip("{}")

    def path_of(self, message: Any) -> str:
        """The path with its id in place."""
        return self.path.replace("{id}", message.id) if self.named else self.path

    def location(self, message: Any, event: str) -> str:
        """Where what was created can be read; `event` is the printed id of its event."""
        return self.made.format(id=getattr(message, "id", ""), event=event)

    def owner_of(self, message: Any) -> str:
        """The object that a bound key must be bound to."""
        return f"{self._bound}:{getattr(message, self._word)}" if self._word else self.owner

    def canonical(self, message: Any) -> bytes:
        """What a fingerprint is taken of: method, path with its id, and the message in its one spelling."""
        return self._named_by + _encode(message)

    @property
    def summary(self) -> str:
        """The first sentence of its message."""
        return " ".join((self.build.__doc__ or "").split())


_PROJECT, _POOL = "project:{project}", "pool:{id}"
_REDEMPTION, _DISBURSEMENT = "/v1/redemptions/{id}", "/v1/disbursements/{id}"
_MAKER, _CHECKER = "disbursements:create", "disbursements:approve"
_SHOP = "orders:write"

ALL: tuple[Operation, ...] = tuple(
    Operation(*row)
    for row in (
        ("deeds", "/deeds", "deeds:write", m.Deed, beans.deed, EVENT),
        ("grants", "/grants", "deeds:write", m.Grant, beans.grant, EVENT),
        ("prizes", "/prizes", "system", m.Prize, pools.prize, EVENT),
        ("rules", "/rules", "admin pools:write", m.RuleTerms, rules.register, "/v1/rules/{id}", "pool:{pool}"),
        ("harvests", "/harvests", "deeds:write", m.Harvest, beans.harvest, EVENT),
        ("bean-donations", "/bean-donations", "deeds:write", m.BeanDonation, gifts.give_beans, EVENT),
        ("redemptions", "/redemptions", "deeds:write", m.Redemption, beans.redeem, _REDEMPTION),
        ("redemptions.ship", "/redemptions/{id}/ship", "deeds:write", m.Named, beans.ship),
        ("redemptions.cancel", "/redemptions/{id}/cancel", "deeds:write", m.Named, beans.cancel),
        ("redemptions.expire", "/redemptions/{id}/expire", "system", m.Named, beans.lapse),
        ("donations", "/donations", "deeds:write", m.Donation, gifts.give_money, EVENT),
        ("orders", "/orders", _SHOP, m.Order, orders.create, "/v1/orders/{id}"),
        ("orders.pay", "/orders/{id}/pay", _SHOP, m.Named, orders.pay),
        ("orders.confirm", "/orders/{id}/confirm", f"{_SHOP} system", m.Confirmation, orders.confirm),
        ("orders.refund", "/orders/{id}/refund", _SHOP, m.Named, orders.refund),
        ("orders.cancel", "/orders/{id}/cancel", _SHOP, m.Named, orders.cancel),
        ("expiries", "/expiries", "system", m.Expiry, beans.expire, EVENT),
        ("decays", "/decays", "system", m.Decay, beans.decay, EVENT),
        ("revocations", "/revocations", "system", m.Revocation, beans.revoke, EVENT),
        ("hour-redemptions", "/hour-redemptions", "deeds:write", m.HourRedemption, beans.redeem_hours, EVENT),
        ("corrections", "/corrections", "system", m.Correction, gifts.correct, EVENT),
        ("moves", "/moves", "system", m.Moving, projects.move, EVENT),
        ("provider-settlements", "/provider-settlements", "system", m.Settlement, system.settle, EVENT),
        ("payouts", "/payouts", "system", m.Payout, system.pay_out, EVENT),
        ("pools.deposit", "/pools/{id}/deposits", "pools:write", m.PoolMoney, pools.deposit, EVENT, _POOL),
        ("pools.withdraw", "/pools/{id}/withdrawals", "pools:write", m.PoolMoney, pools.withdraw, EVENT, _POOL),
        ("pools.unlock", "/pools/{id}/unlocks", "pools:write", m.Unlock, pools.unlock, EVENT, _POOL),
        ("disbursements", "/disbursements", _MAKER, m.Disbursement, projects.ask, _DISBURSEMENT, _PROJECT),
        ("disbursements.approve", "/disbursements/{id}/approve", _CHECKER, m.Named, projects.approve, "", ""),
        ("disbursements.complete", "/disbursements/{id}/complete", "system", m.Completion, projects.complete),
        ("disbursements.fail", "/disbursements/{id}/fail", "system", m.Named, projects.fail),
        ("fees", "/fees", _MAKER, m.Fee, projects.fee, EVENT, _PROJECT),
        ("openings", "/openings", "admin", m.Opening, system.open_balance, EVENT),
        ("limits", "/accounts/{id}/limits", "admin", m.Limit, system.limit),
    )
)  # fmt: skip
BY_OP: dict[str, Operation] = {one.op: one for one in ALL}
LITERAL: dict[str, Operation] = {one.path: one for one in ALL if not one.named}
# /v1/orders/{id}/pay is looked up as ("orders", "pay").
BY_VERB: dict[tuple[str, str], Operation] = {
    (one.path.split("/")[2], one.path.split("/")[4]): one for one in ALL if one.named
}


def find(path: str) -> tuple[Operation, str] | None:
    """The operation of a path, and the id in it."""
    operation = LITERAL.get(path)
    if operation is not None:
        return operation, ""
    parts = path.split("/")
    if len(parts) == 5 and parts[1] == "v1":
        operation = BY_VERB.get((parts[2], parts[4]))
        if operation is not None:
            return operation, parts[3]
    return None
