"""What the charity promises of its books, beside what every ledger promises; `audit` asks these rules too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from sim.bookkeeping import BOUNDS, POSTINGS, Asset, Kind, code_of
from sim.ledger.audit import OfEvents, OfTables
from sim.ledger.entries import OPENING, Mode
from sim.ledger.fold import Fold
from sim.ledger.journal import Event
from sim.ledger.reading import SqlReader

GROWN = (2100, 2110)  # beans that are still there
SPENT = (3160, 3170, 3180, 3190)  # and beans that are gone: revoked, expired, redeemed, donated
MOVES = {
    kind.name: {(line.mode, line.debit, line.credit) for line in lines} for kind, lines in POSTINGS.items()
}
# Kinds that rules pay or limit, with what is paid; beside it stand lines of what bounds the rules.
BOUNDED = {
    kind.name: codes
    for kind, codes in (
        (Kind.DEED, (3100, 2100)), (Kind.GRANT, (3110, 2100)), (Kind.PRIZE, (2600, 1100)), (Kind.GIFT, (2600, 2400)),
        (Kind.BEAN_GIFT, (2600, 2400)), (Kind.ORDER_CONFIRM, (2600, 2400)), (Kind.TEAM_UNLOCK, (2600, 2400)),
    )
}  # fmt: skip
GIVEN = {(codes.reserve, code) for codes in BOUNDS.values() for code in codes[:2]}
USED = {(code, reserve) for reserve, code in GIVEN}
BY_STATE = {"confirmed": "ORDER_CONFIRM", "refunded": "ORDER_REFUND", "paid": "ORDER_PAY"}


def lines_are_those_of_the_posting_table(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """I11: each kind moves what the posting table says, so projects get gifts and matches and nothing else."""
    for line in event.transfers:
        mode = Mode.VOID if line.mode is Mode.EXPIRE else line.mode
        moved = (mode, code_of(line.debit), code_of(line.credit))
        bounds = (event.kind in BOUNDED or event.kind == Kind.RULE.name) and mode is Mode.POSTED
        if bounds and moved[1:] in GIVEN | USED:
            continue
        if event.kind != OPENING and moved not in MOVES.get(event.kind, ()):
            yield f"event {event.seq}: {event.kind} moves {line.amount} from {line.debit} to {line.credit}"


def a_pledge_is_given_when_its_order_is_confirmed(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """I7: money leaves an order's escrow for a project when the order becomes confirmed, and only then."""
    if event.document is None or not event.document.startswith("order:"):
        return
    given = any(line.mode is Mode.POST and code_of(line.credit) == 2400 for line in event.transfers)
    if given != (event.state == "confirmed") or event.kind != BY_STATE.get(str(event.state), event.kind):
        yield f"event {event.seq}: {event.document} is {event.state} by {event.kind}"


def a_disbursement_has_two_principals(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """No disbursement is approved by the key that asked for it."""
    if event.kind == "DISBURSE_APPROVE" and event.document is not None:
        facts = fold.documents[event.document].facts
        if f'"maker":"{event.actor}"'.encode() in facts:
            yield f"event {event.seq}: {event.document} was asked for and approved by {event.actor}"


def what_a_rule_pays_is_taken_from_what_it_may_pay(fold: Fold, event: Event, answer: bytes) -> Iterator[str]:
    """I12: every rule that an event names has its budget, and the user's allowance, lowered by what was paid."""
    if event.kind not in BOUNDED:
        return
    ways = [(code_of(line.debit), code_of(line.credit), line) for line in event.transfers]
    paid = sum(line.amount for debit, credit, line in ways if (debit, credit) == BOUNDED[event.kind])
    used = {line.debit: line.amount for debit, credit, line in ways if (debit, credit) in USED}
    for account, amount in used.items():
        if amount != paid:
            yield f"event {event.seq}: {paid} are paid, {account} is lowered by {amount}"
    for rule in _rules_of(event) if paid else ():
        document = fold.documents.get(f"rule:{rule}")
        if document is None:
            yield f"event {event.seq}: the rule {rule} is not known"
        else:
            beside = [bound for bound in _bounds_of(event, rule, document.facts) if not bound & used.keys()]
            yield from (f"event {event.seq}: {paid} are paid beside {min(bound)}" for bound in beside)


def _bounds_of(event: Event, rule: str, facts: bytes) -> Iterator[set[str]]:
    """By bound of a rule, the accounts of which the event must lower one."""
    terms = msgspec.json.decode(facts)
    asset = Asset.BEAN if event.kind in ("DEED", "GRANT") else Asset.CNY
    budget, allowance, _ = BOUNDS[asset]
    word = "beans" if asset is Asset.BEAN else "fen"
    if word in terms:
        yield {f"{budget}:{rule}"}
    if f"user_{word}" in terms and event.kind != Kind.TEAM_UNLOCK.name:
        begin = f"{allowance}:{rule}:"
        yield {line.debit for line in event.transfers if line.debit.startswith(begin)} or {begin}


def _rules_of(event: Event) -> tuple[str, ...]:
    """The rules that an event names: the one that pays, and those that limit."""
    facts = msgspec.json.decode(event.facts) if event.facts else {}
    return tuple(rule for rule in (facts.get("rule"), *facts.get("under", ())) if rule is not None)


def beans_issued_are_somewhere(reader: SqlReader, fold: Fold) -> Iterator[str]:
    """I8: beans issued = growing + available + donated + redeemed + expired + revoked."""
    balances: Counter[int] = Counter()
    for account in reader.accounts():
        balances[code_of(account.name)] += account.balance
    here = sum(balances[code] for code in GROWN + SPENT)
    issued = balances[3100] + balances[3110]
    if issued != here:
        yield f"{issued} beans were issued, {here} are accounted for"


def a_project_has_what_it_was_given(reader: SqlReader, fold: Fold) -> Iterator[str]:
    """I11: a project never spends more than it was given, holds included."""
    for account in reader.accounts():
        if code_of(account.name) == 2400 and account.dr_posted + account.dr_pending > account.cr_posted:
            yield f"{account.name} was given {account.cr_posted} and spends {account.dr_posted}"


OF_EVENTS: tuple[OfEvents, ...] = (
    lines_are_those_of_the_posting_table,
    a_pledge_is_given_when_its_order_is_confirmed,
    a_disbursement_has_two_principals,
    what_a_rule_pays_is_taken_from_what_it_may_pay,
)
OF_TABLES: tuple[OfTables, ...] = (beans_issued_are_somewhere, a_project_has_what_it_was_given)
