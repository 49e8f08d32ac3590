"""A project's money: asked for by one, approved by another, paid by the system."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from sim.bookkeeping import Kind, read_action
from sim.domain.ratios import most_of
from sim.ledger.entries import Document, Entry, Move, Refusal, View
from sim.service.commands.plan import Caller, Plan, incomplete, invalid, missing
from sim.service.messages import Completion, Disbursement, Fee, Moving, Named


class DisbursementFacts(msgspec.Struct, gc=False):
    """What a disbursement froze when it was asked for; `maker` is the key that asked."""

    project: str
    fen: int
    maker: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DisbursementFacts).decode


def ask(asked: Disbursement, caller: Caller) -> Plan:
    """Hold a project's money; the facts keep who asked."""
    id = f"disbursement:{asked.id}"
    facts = _encode(DisbursementFacts(asked.project, asked.fen, caller.principal))
    lines = read_action(Kind.DISBURSE_ASK, {"project": asked.project, "fen": asked.fen})

    def draft(view: View) -> Entry | Refusal:
        if view.document(id) is not None:
            return Refusal("already_done", "this disbursement was asked for before", {"document": id})
        return Entry("DISBURSE_ASK", lines, Move(id, "asked", facts))

    return Plan(draft, ("1100", f"2400:{asked.project}"), (id,))


def _in_state(view: View, ask: Named, *states: str) -> Document | Refusal:
    known = view.document(f"disbursement:{ask.id}")
    if known is None:
        return missing("disbursement", str(ask.id))
    return known if known.state in states else invalid("disbursement", known.state)


def approve(ask: Named, caller: Caller) -> Plan:
    """A second key agrees: never the one that asked, nor one bound to other objects."""
    id = f"disbursement:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        known = _in_state(view, ask, "asked")
        if isinstance(known, Refusal):
            return known
        facts = _decode(known.facts)
        if not caller.owners & {"*", f"project:{facts.project}"}:
            return Refusal("foreign_object", f"this key is not bound to project:{facts.project}")
        if facts.maker == caller.principal:
            return Refusal("maker_is_checker", "another key than the one that asked must approve")
        return Entry("DISBURSE_APPROVE", [], Move(id, "approved"))

    return Plan(draft, (), (id,))


def complete(ask: Completion, caller: Caller) -> Plan:
    """The bank paid, in full or in part; what was held beyond that is free again."""
    id = f"disbursement:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        known = _in_state(view, ask, "approved")
        if isinstance(known, Refusal):
            return known
        asked = _decode(known.facts).fen
        fen = asked if ask.fen is UNSET else ask.fen
        if fen > asked:
            return Refusal("exceeds_hold", "more than was held", {"held": asked, "required": fen})
        lines = read_action(Kind.DISBURSE_PAID, {"fen": fen}, holds=view.holds(known.held))
        return Entry("DISBURSE_PAID", lines, Move(id, "paid"))

    return Plan(draft, ("1100",), (id,))


def fail(ask: Named, caller: Caller) -> Plan:
    """The bank did not pay, or nobody approves: the hold is free again."""
    id = f"disbursement:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        known = _in_state(view, ask, "asked", "approved")
        if isinstance(known, Refusal):
            return known
        lines = read_action(Kind.DISBURSE_FAILED, {}, holds=view.holds(known.held))
        return Entry("DISBURSE_FAILED", lines, Move(id, "failed"))

    return Plan(draft, ("1100",), (id,))


def fee(ask: Fee, caller: Caller) -> Plan:
    """An NGO's fee, at most the policy's share of what its project has available."""
    account = f"2400:{ask.project}"
    lines = read_action(Kind.FEE, {"project": ask.project, "ngo": ask.ngo, "fen": ask.fen})

    def draft(view: View) -> Entry | Refusal:
        most = most_of(max(0, view.available(account)), caller.policy.fee_cap_ppm)
        if ask.fen > most:
            return Refusal(
                "fee_cap_exceeded", "more than the cap allows", {"most": most, "required": ask.fen}
            )
        return Entry("FEE", lines)

    return Plan(draft, (account, f"2450:{ask.ngo}"))


def move(ask: Moving, caller: Caller) -> Plan:
    """What an ended project did not use goes to another of the same purpose."""
    if ask.to == ask.project:
        return incomplete("money moves to another project than its own")
    lines = read_action(Kind.MOVE, {"project": ask.project, "to": ask.to, "fen": ask.fen})
    return Plan(lambda view: Entry("MOVE", lines), (f"2400:{ask.project}", f"2400:{ask.to}"))
