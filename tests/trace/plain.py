"""The plain ledger: requests one by one, a dictionary of balances, no look at the posting table or the engine.

It says what the contract says: earliest days first, holds by document, all of an action or nothing. Refusals
are their codes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sim.wire as wire
from sim.trace import Trace

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MONDAY = 4  # 1970-01-05, days since the epoch
CUSTODY, CLEARING, ISSUED, HOURS_ISSUED = "1100", "1110", "3100", "3300"
DEBIT = ("1100", "1110", "3100", "3110", "3300", "3310")  # grow by debits
UNBOUNDED = ("1110", "3100", "3300")
CONTRA = {"2100": ISSUED, "2110": ISSUED, "2800": HOURS_ISSUED}


class Refused(Exception):
    """Carries the code."""


@dataclass
class Ledger:
    """Posted balances on each account's normal side, what is held of them, and documents."""

    balance: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)  # by name, what each may pay
    used: dict[tuple[str, ...], int] = field(
        default_factory=lambda: defaultdict(int)
    )  # by rule, user and period
    daily: set[tuple[Any, ...]] = field(default_factory=set)
    given: dict[str, tuple[str, int]] = field(default_factory=dict)  # project and fen by event
    by_user: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    undo: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)
    at: int = 0

    def put(self, kept: dict[Any, Any], name: Any, value: Any) -> None:
        self.undo.append((kept, name, kept.get(name, 0)))
        kept[name] = value

    def open(self, account: str, amount: int) -> None:
        code = account.partition(":")[0]
        assert code not in DEBIT
        assert ":" in account
        self.move(CONTRA.get(code, CLEARING), account, amount)

    def do(self, request: wire.Request, event_id: str) -> str:
        """The outcome of a request: "accepted", or the code of its refusal with nothing moved."""
        self.undo = []
        self.at = request.body["effective_at"]
        name = {"rules": "rules_made"}.get(request.op, request.op).replace(".", "_").replace("-", "_")
        try:
            getattr(self, name)(event_id=event_id, **request.body, **path_id(request))
        except Refused as refused:
            for kept, name, value in reversed(self.undo):
                kept[name] = value
            return str(refused)
        return "accepted"

    # --- lines ------------------------------------------------------------------------------------------

    def move(self, debit: str, credit: str, amount: int) -> None:
        for account, side in ((debit, "D"), (credit, "C")):
            grows = (account.partition(":")[0] in DEBIT) == (side == "D")
            self.put(self.balance, account, self.balance[account] + (amount if grows else -amount))
            self.note(account)
        for account in (debit, credit):
            left = self.balance[account] - self.held[account]
            if left < 0 and account not in UNBOUNDED:
                raise Refused("pool_exhausted" if account.startswith("2600") else "insufficient_funds")

    def hold(self, account: str, amount: int) -> None:
        self.put(self.held, account, self.held[account] + amount)
        if self.balance[account] < self.held[account]:
            raise Refused("insufficient_funds")

    def release(self, account: str, amount: int) -> None:
        self.put(self.held, account, self.held[account] - amount)

    def note(self, account: str) -> None:
        code, _, owners = account.partition(":")
        if code in ("2100", "2110"):
            self.by_user[f"{code}:{owners.partition(':')[0]}"].add(account)

    def take(self, code: str, user: str, amount: int, ended: bool = False) -> list[tuple[str, int]]:
        """Accounts and amounts, earliest day first, of periods that have ended or of those that have not."""
        taken = []
        for account in sorted(self.by_user[f"{code}:{user}"]):
            if ended != (int(account.rpartition(":")[2]) < self.today()):
                continue
            part = min(self.balance[account] - self.held[account], amount)
            if part > 0:
                taken.append((account, part))
                amount -= part
        if amount:
            raise Refused("insufficient_funds")
        return taken

    def today(self) -> int:
        at = datetime(1970, 1, 1, 8, tzinfo=UTC) + timedelta(microseconds=self.at)
        return int(at.strftime("%Y%m%d"))

    def once(self, *what: Any) -> None:
        if (self.today(), *what) in self.daily:
            raise Refused("already_done")
        self.daily.add((self.today(), *what))

    def step(self, id: str, state: str, *allowed: str) -> dict[str, Any]:
        if id not in self.documents:
            raise Refused("not_found")
        document = self.documents[id]
        if document["state"] not in allowed:
            raise Refused("invalid_transition")
        self.put(document, "state", state)
        return document

    def credit_minutes(self, user: str, minutes: int, klass: str, source: str = HOURS_ISSUED) -> None:
        self.move(source, f"2800:{user}:{klass}:{self.today() // 10_000}", minutes)

    def by_rules(self, names: Any, user: str, unit: str, amount: int) -> None:
        """Count an amount against what rules may pay in all, and to one user in a period."""
        for name in names:
            terms = self.rules[name]
            day = (self.at + 8 * HOUR_US) // DAY_US  # of UTC+8
            period = (day - MONDAY) // terms["days"] if "days" in terms else "ever"
            for bound, key, code in (
                (unit, (name,), "rule_spent"), (f"user_{unit}", (name, user, str(period)), "rule_cap"),
            ):  # fmt: skip
                if bound in terms and user:
                    self.put(self.used, (unit, *key), self.used[unit, *key] + amount)
                    if self.used[unit, *key] > terms[bound]:
                        raise Refused(code)

    def match(self, pool: str, project: str, asked: int, user: str = "", rule: str = "") -> None:
        if asked:
            got = min(asked, self.balance[f"2600:{pool}"])
            self.move(f"2600:{pool}", f"2400:{project}", got)
            self.by_rules([rule] if rule else [], user, "fen", got)

    # --- operations -------------------------------------------------------------------------------------

    def deeds(
        self,
        user,
        beans=0,
        minutes=0,
        klass="labour",
        fades=None,
        channel=None,
        external_id=None,
        under=(),
        **_,
    ):
        if external_id is not None:
            assert (channel, external_id) not in self.daily
            self.daily.add((channel, external_id))
        assert beans or minutes
        if beans:
            assert fades >= self.today()
            self.move(ISSUED, f"2100:{user}:{fades}", beans)
            self.by_rules(under, user, "beans", beans)
        self.credit_minutes(user, minutes, klass)

    def rules_made(self, id, **terms):
        assert id not in self.rules
        self.rules[id] = terms

    def grants(self, user, rule, beans=0, minutes=0, klass="labour", fades=None, under=(), **_):
        assert beans or minutes
        if beans:
            assert fades >= self.today()
            self.move(f"3110:{rule}", f"2100:{user}:{fades}", beans)
            self.by_rules([rule, *under], user, "beans", beans)
        self.credit_minutes(user, minutes, klass, f"3310:{rule}")

    def prizes(self, user, rule, pool, fen, **_):
        self.move(f"2600:{pool}", CUSTODY, fen)
        self.by_rules([rule], user, "fen", fen)

    def harvests(self, user, beans, expires, **_):
        assert expires >= self.today()
        for account, part in self.take("2100", user, beans):
            self.move(account, f"2110:{user}:{expires}", part)

    def bean_donations(self, user, project, pool, beans, rate, minutes=0, **_):
        assert beans % 100 == 0
        for account, part in self.take("2110", user, beans):
            self.move(account, "3190", part)
        self.move(f"2600:{pool}", f"2400:{project}", beans // 100 * rate)
        self.credit_minutes(user, minutes, "donated")

    def redemptions(self, id, user, beans, **_):
        taken = self.take("2110", user, beans)
        for account, part in taken:
            self.hold(account, part)
        self.documents[id] = {"state": "held", "taken": taken}

    def redemptions_ship(self, id, **_):
        for account, part in self.step(id, "shipped", "held")["taken"]:
            self.release(account, part)
            self.move(account, "3180", part)

    def redemptions_cancel(self, id, **_):
        for account, part in self.step(id, "cancelled", "held")["taken"]:
            self.release(account, part)

    def donations(self, user, project, fen, event_id, minutes=0, pool="", match=0, rule="", **_):
        self.move(CLEARING, f"2400:{project}", fen)
        self.match(pool, project, match, user, rule)
        self.credit_minutes(user, minutes, "donated")
        self.given[event_id] = (project, fen)

    def orders(self, id, user, merchant, project, price, fen, **_):
        assert id not in self.documents
        facts = {"user": user, "merchant": merchant, "project": project, "price": price, "fen": fen}
        self.documents[id] = {"state": "created", **facts}

    def orders_pay(self, id, **_):
        order = self.step(id, "paid", "created")
        self.move(CLEARING, f"2200:{order['merchant']}", order["price"])
        self.hold(f"2200:{order['merchant']}", order["price"])

    def orders_confirm(self, id, event_id, minutes=0, pool="", match=0, rule="", **_):
        order = self.step(id, "confirmed", "paid")
        escrow = f"2200:{order['merchant']}"
        self.release(escrow, order["price"])
        self.move(escrow, f"2400:{order['project']}", order["fen"])
        self.move(escrow, f"2300:{order['merchant']}", order["price"] - order["fen"])
        self.match(pool, order["project"], match, order["user"], rule)
        self.credit_minutes(order["user"], minutes, "donated")
        self.given[event_id] = (order["project"], order["fen"])

    def orders_refund(self, id, **_):
        order = self.step(id, "refunded", "paid")
        self.release(f"2200:{order['merchant']}", order["price"])
        self.move(f"2200:{order['merchant']}", CLEARING, order["price"])

    def orders_cancel(self, id, **_):
        self.step(id, "cancelled", "created")

    def expiries(self, user, stage, beans, **_):
        for account, part in self.take("2100" if stage == "growing" else "2110", user, beans, ended=True):
            self.move(account, "3170", part)

    def decays(self, user, beans, rule, **_):
        assert rule in self.rules
        for account, part in self.take("2110", user, beans):
            self.move(account, "3170", part)

    def revocations(self, user, beans, **_):
        mine = self.by_user[f"2110:{user}"]
        left = sum(self.balance[account] - self.held[account] for account in mine)
        left = min(beans, left)
        for account in sorted(mine):
            part = min(self.balance[account] - self.held[account], left)
            left -= part
            self.move(account, "3160", part)

    def corrections(self, donation, fen, **_):
        project, given = self.given.get(donation, ("", 0))
        if not given:
            raise Refused("not_a_donation")
        assert fen <= given
        self.move(f"2400:{project}", CLEARING, fen)
        del self.given[donation]

    def moves(self, project, to, fen, **_):
        self.move(f"2400:{project}", f"2400:{to}", fen)

    def provider_settlements(self, fen, direction, **_):
        self.once("provider")
        self.move(*((CUSTODY, CLEARING) if direction == "in" else (CLEARING, CUSTODY)), fen)

    def payouts(self, fen, merchant=None, ngo=None, **_):
        self.once("payout", merchant, ngo)
        self.move(f"2300:{merchant}" if merchant else f"2450:{ngo}", CUSTODY, fen)

    def pools_deposit(self, id, fen, **_):
        self.move(CUSTODY, f"2600:{id}", fen)

    def pools_withdraw(self, id, fen, **_):
        self.move(f"2600:{id}", CUSTODY, fen)

    def pools_unlock(self, id, fen, project, **_):
        self.move(f"2600:{id}", f"2400:{project}", fen)

    def disbursements(self, id, project, fen, **_):
        self.hold(f"2400:{project}", fen)
        self.hold(CUSTODY, fen)
        self.documents[id] = {"state": "asked", "project": project, "fen": fen}

    def disbursements_approve(self, id, **_):
        self.step(id, "approved", "asked")

    def disbursements_complete(self, id, **_):
        ask = self.step(id, "paid", "approved")
        self.release(f"2400:{ask['project']}", ask["fen"])
        self.release(CUSTODY, ask["fen"])
        self.move(f"2400:{ask['project']}", CUSTODY, ask["fen"])

    def disbursements_fail(self, id, **_):
        ask = self.step(id, "failed", "approved")
        self.release(f"2400:{ask['project']}", ask["fen"])
        self.release(CUSTODY, ask["fen"])

    def fees(self, project, ngo, fen, **_):
        self.move(f"2400:{project}", f"2450:{ngo}", fen)


def path_id(request: wire.Request) -> dict[str, str]:
    """The id that stands in a path: /v1/orders/{id}/pay."""
    parts = request.path.split("/")
    return {"id": parts[3]} if len(parts) == 5 else {}


def replay(trace: Trace, run: str = "r1") -> tuple[Ledger, list[str]]:
    """Open the books, prepare, and send every row in order: the ledger, and the outcome of each row."""
    ledger, maker = Ledger(), wire.Wire(run, trace.facts["start_us"])
    for account, amount in trace.openings.iter_rows():
        ledger.open(account, amount)
    outcomes = []
    for columns in (trace.prepare, trace.columns):
        outcomes = []
        for row in wire.rows(columns):
            role = wire.Signer(row[wire.ROLE]).name.lower()
            outcomes.append(ledger.do(maker.request(row), maker.event_id(row[wire.N], role)))
        if columns is trace.prepare:
            assert set(outcomes) <= {"accepted"}, outcomes
    return ledger, outcomes


def differences(ledger: Ledger, trace: Trace) -> dict[str, tuple[int, int]]:
    """Account → (replayed, closing of the simulation), where they are not the same."""
    told = dict(trace.closing.iter_rows())
    by_period = trace.facts["beans_by_period"]
    replayed: dict[str, int] = defaultdict(int)
    for account, balance in ledger.balance.items():
        whole = not by_period and account.startswith("2110:")
        replayed[account.rpartition(":")[0] if whole else account] += balance
    names = replayed.keys() | told.keys()
    return {n: (replayed[n], told.get(n, 0)) for n in sorted(names) if replayed[n] != told.get(n, 0)}
