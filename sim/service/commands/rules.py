"""Incentive rules: made known once, then named by whatever they pay or limit, and bounded by the ledger's own accounts.

What a rule may still pay is the account `3120:rule` (money: 3520), what a user may still have of it in a period is
`3130:rule:user:period`; neither passes its floor of 0. Beside every payment they go down by what was paid, in one
event: a wrong client, a repeat, a batch or a crash cannot overspend a rule, for the books would have to.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from sim.bookkeeping import BOUNDS, Asset, Bounds
from sim.ledger.entries import Entry, Mode, Move, Refusal, Transfer, View
from sim.service.commands.plan import CHINA_US, Caller, Plan, day_of, missing, refuse
from sim.service.messages import RuleTerms
from sim.spans import DAY_US

EVER = "ever"
MONDAY = 4  # 1970-01-05: days since the epoch
BEAN, CNY, _ = Asset


class Terms(msgspec.Struct, gc=False, omit_defaults=True):
    """What was said when a rule was made known, frozen in its document."""

    name: str | UnsetType = UNSET
    pool: str | UnsetType = UNSET
    beans: int | UnsetType = UNSET
    fen: int | UnsetType = UNSET
    user_beans: int | UnsetType = UNSET
    user_fen: int | UnsetType = UNSET
    days: int | UnsetType = UNSET
    begins: int | UnsetType = UNSET
    ends: int | UnsetType = UNSET

    def of(self, asset: Asset) -> tuple[int | UnsetType, int | UnsetType]:
        """The budget, and what one user may have."""
        return (self.beans, self.user_beans) if asset is BEAN else (self.fen, self.user_fen)

    def holds(self, effective_at: int) -> bool:
        """Whether the rule holds at an instant."""
        begun = self.begins is UNSET or effective_at >= self.begins
        return begun and (self.ends is UNSET or effective_at < self.ends)

    def period(self, effective_at: int) -> str:
        """The period an instant lies in: its first day, or `ever`."""
        if self.days is UNSET:
            return EVER
        first = MONDAY if self.begins is UNSET else _day_number(self.begins)
        since = (_day_number(effective_at) - first) % self.days
        return str(day_of(effective_at - since * DAY_US))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Terms).decode


def _day_number(instant_us: int) -> int:
    return (instant_us + CHINA_US) // DAY_US


def document_of(rule: str) -> str:
    """The document of a rule."""
    return f"rule:{rule}"


def register(ask: RuleTerms, caller: Caller) -> Plan:
    """Make an incentive rule known: its budget, what one user may have, when it holds. What it pays names it."""
    if ask.begins is not UNSET and ask.ends is not UNSET and ask.ends <= ask.begins:
        return refuse("period_ended", "the rule would end before it begins", ends=ask.ends)
    id = document_of(ask.id)
    terms = Terms(*(getattr(ask, name) for name in Terms.__struct_fields__))
    lines = [
        _line(bounds.reserve, f"{bounds.budget}:{ask.id}", asset, budget)
        for asset, bounds in BOUNDS.items()
        if (budget := terms.of(asset)[0]) is not UNSET
    ]

    def draft(view: View) -> Entry | Refusal:
        if view.document(id) is not None:
            return Refusal("already_done", "this rule is known already", {"document": id})
        return Entry("RULE", lines, Move(id, "open", _encode(terms)))

    return Plan(draft, (), (id,))


class Payment(NamedTuple):
    """Something of an asset that rules pay or limit, for one user ("" = for nobody: only budgets count)."""

    rules: tuple[str, ...]
    user: str
    effective_at: int
    asset: Asset
    pool: str | UnsetType = UNSET

    @property
    def documents(self) -> tuple[str, ...]:
        """What the writer should look up."""
        return tuple(document_of(rule) for rule in self.rules)

    @property
    def touches(self) -> tuple[str, ...]:
        """What it will touch for certain; allowances hang on the rules' terms."""
        bounds = BOUNDS[self.asset]
        return (
            (str(bounds.reserve), *(f"{bounds.budget}:{rule}" for rule in self.rules)) if self.rules else ()
        )

    def open(self, view: View) -> list[Bound] | Refusal:
        """What bounds the payment, rule by rule. A rule that is unknown or closed refuses it."""
        found: list[Bound] = []
        for rule in dict.fromkeys(self.rules):
            document = view.document(document_of(rule))
            if document is None:
                return missing("rule", rule)
            terms = _decode(document.facts)
            refusal = self._closed(rule, terms)
            if refusal is not None:
                return refusal
            found += self._bounds(view, rule, terms)
        return found

    def _closed(self, rule: str, terms: Terms) -> Refusal | None:
        if not terms.holds(self.effective_at):
            return Refusal(
                "rule_closed", f"the rule {rule} does not hold then", {"rule": rule, "available": 0}
            )
        if self.pool is not UNSET and terms.pool is not UNSET and terms.pool != self.pool:
            return Refusal("foreign_object", f"the rule {rule} pays from pool {terms.pool}", {"rule": rule})
        return None

    def _bounds(self, view: View, rule: str, terms: Terms) -> list[Bound]:
        codes: Bounds = BOUNDS[self.asset]
        budget, cap = terms.of(self.asset)
        found = []
        if budget is not UNSET:
            name = f"{codes.budget}:{rule}"
            found.append(Bound("rule_spent", rule, name, view.available(name), 0, self.asset))
        if cap is not UNSET and self.user:
            name = f"{codes.allowance}:{rule}:{self.user}:{terms.period(self.effective_at)}"
            known = view.account(name)
            fresh = cap if known is None or known.cr_posted == 0 else 0
            found.append(Bound("rule_cap", rule, name, view.available(name) + fresh, fresh, self.asset))
        return found


class Bound(NamedTuple):
    """An account that a payment must not take below 0. `fresh`: what it is given first, in a new period."""

    code: str
    rule: str
    account: str
    left: int
    fresh: int
    asset: Asset

    def lines(self, amount: int) -> list[Transfer]:
        """What a payment of an amount takes off it."""
        reserve = BOUNDS[self.asset].reserve
        given = [_line(reserve, self.account, self.asset, self.fresh)] if self.fresh else []
        return [*given, _line(self.account, reserve, self.asset, amount)]


def _line(debit: int | str, credit: int | str, asset: Asset, amount: int) -> Transfer:
    return Transfer(Mode.POSTED, str(debit), str(credit), asset, amount)


def left(bounds: list[Bound], asked: int) -> int:
    """Of an amount what all bounds allow."""
    return max(0, min([asked, *(bound.left for bound in bounds)]))


def used(bounds: list[Bound], amount: int) -> list[Transfer]:
    """The lines of all bounds, for an amount that they allow."""
    return [line for bound in bounds for line in bound.lines(amount)] if amount else []


def within(bounds: list[Bound], amount: int) -> list[Transfer] | Refusal:
    """The lines of all bounds, or what the first that is passed has left."""
    for bound in bounds:
        if bound.left < amount:
            numbers: dict[str, int | str] = {
                "rule": bound.rule, "account": bound.account, "available": bound.left, "required": amount,
            }  # fmt: skip
            return Refusal(bound.code, f"{bound.account} has too little left", numbers)
    return used(bounds, amount)


def paid(view: View, payment: Payment, amount: int) -> list[Transfer] | Refusal:
    """What the bounds of a payment's rules say to an amount."""
    bounds = payment.open(view)
    return bounds if isinstance(bounds, Refusal) else within(bounds, amount)


def named(rule: str | UnsetType) -> tuple[str, ...]:
    """The rule of a request that may name one."""
    return () if isinstance(rule, UnsetType) else (rule,)
