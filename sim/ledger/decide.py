"""The decision of a batch: what is accepted, what refused, and what changes. Pure: no store, no clock, no I/O.

`decide` reads a `State`, takes groups of commands in order and returns a `Decision`; nothing of the state is
touched. An entry is checked as a whole: its lines are applied to copies, then each account it lowered must
keep its floor and each it raised its ceiling, or all lines are taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.errors import InvariantError
from sim.ledger.accounts import LIMIT, MOST, Account
from sim.ledger.answers import accepted_body, refused_body, refused_group_body
from sim.ledger.entries import (
    EFFECTS,
    MOST_LINES,
    OPENING,
    RESOLVES,
    Answer,
    Command,
    Document,
    Entry,
    Hold,
    Kept,
    Mode,
    Refusal,
    Transfer,
)
from sim.ledger.journal import Event, sealed
from sim.ledger.state import Overlay, State

Before = dict[str, tuple[int, int, int, int]]  # each touched account's counters as they were


@dataclass(slots=True)
class Group:
    """Commands that come together. Atomic: all or none, under a key of its own (`eid`, `fingerprint`)."""

    commands: Sequence[Command]
    atomic: bool = False
    eid: bytes = b""
    fingerprint: bytes = b""


@dataclass(slots=True)
class Decision:
    """What a batch comes to: answers by group, and what is new: events, ended holds, refusals to keep."""

    overlay: Overlay
    answers: list[list[Answer]] = field(default_factory=list)
    events: list[tuple[Event, Answer]] = field(default_factory=list)
    opened: list[Hold] = field(default_factory=list)
    ended: list[Hold] = field(default_factory=list)
    refused: dict[bytes, Kept] = field(default_factory=dict)


def decide(state: State, groups: Sequence[Group], now_us: int) -> Decision:
    """Decide groups in their order at wall time `now_us`. Raises InvariantError if a rule of ours is broken."""
    decision = Decision(Overlay(state))
    for group in groups:
        if group.atomic:
            decision.answers.append(_all_or_none(decision, group, now_us))
        else:
            decision.answers.append([_once(decision, command, now_us) for command in group.commands])
    return decision


def _all_or_none(decision: Decision, group: Group, now_us: int) -> list[Answer]:
    """Decide an atomic group on an overlay of its own; the first refusal refuses all and the group's key keeps it."""
    before = decision.overlay.answer(group.eid)
    if before is not None:
        return [_again(before, group.fingerprint)]
    trial = Decision(Overlay(decision.overlay))
    answers = []
    for index, command in enumerate(group.commands):
        answer = _once(trial, command, now_us)
        if not answer.accepted:
            body = refused_group_body(answer.body, index)
            kept = Kept(group.fingerprint, Answer(answer.code, body, 0))
            decision.overlay.answers[group.eid] = decision.refused[group.eid] = kept
            return [kept.answer]
        answers.append(answer)
    trial.overlay.merge()
    decision.events += trial.events
    decision.opened += trial.opened
    decision.ended += trial.ended
    return answers


def _again(before: Kept, fingerprint: bytes) -> Answer:
    """A repeat gets the same answer; another payload under the same key is refused and changes nothing."""
    if before.fingerprint == fingerprint:
        return before.answer._replace(replayed=True)
    refusal = Refusal("idempotency_mismatch", "this key was used with another request")
    return Answer(refusal.code, refused_body(refusal), 0)


def _once(decision: Decision, command: Command, now_us: int) -> Answer:
    """The answer its key has already, else the command's own, which the key keeps from now on."""
    overlay = decision.overlay
    before = overlay.answer(command.eid)
    if before is not None:
        return _again(before, command.fingerprint)
    drafted = command.draft(overlay)
    if isinstance(drafted, Entry):
        refusal = _book(decision, command, drafted, now_us)
        if refusal is None:
            answer = decision.events[-1][1]
            overlay.answers[command.eid] = Kept(command.fingerprint, answer)
            return answer
        drafted = refusal
    answer = Answer(drafted.code, refused_body(drafted), 0)
    overlay.answers[command.eid] = decision.refused[command.eid] = Kept(command.fingerprint, answer)
    return answer


def _book(decision: Decision, command: Command, entry: Entry, now_us: int) -> Refusal | None:
    """Make an entry the next event, or say why not and leave everything as it was."""
    overlay = decision.overlay
    head = overlay.head
    refusal = _out_of_order(overlay, entry)
    if refusal is not None:
        return refusal
    before: Before = {}
    born = len(overlay.born)
    refusal = _apply(overlay, command, entry.transfers, before) or _bounded(overlay, before)
    if refusal is not None:
        for name, counters in before.items():
            overlay.accounts[name].counters = counters
        overlay.unbear(born)
        return refusal
    head.seq += 1
    head.ts_us = max(head.ts_us + 1, now_us)
    head.in_business = head.in_business or not entry.opening
    move = entry.move
    event = sealed(
        head.jhash,
        head.seq, command.eid, entry.kind, command.principal, head.ts_us, command.effective_at,
        move and move.id, move and move.state, move.facts if move else entry.facts, entry.deadline, entry.reverses,
        entry.limits, command.fingerprint, tuple(entry.transfers),
    )  # fmt: skip
    head.jhash = event.jhash
    _keep(decision, event, entry)
    body = accepted_body(event, entry, {name: overlay.accounts[name].available for name in before})
    overlay.booked[event.eid] = event
    decision.events.append((event, Answer("", body, event.seq)))
    return None


def _out_of_order(overlay: Overlay, entry: Entry) -> Refusal | None:
    """What is wrong with an entry before any line is looked at."""
    lines = len(entry.transfers)
    if lines > MOST_LINES or (lines == 0 and entry.move is None and entry.limits is None):
        raise InvariantError(f"{entry.kind}: {lines} lines, an event has 1 to {MOST_LINES}")
    if entry.opening != (entry.kind == OPENING):
        raise InvariantError(f"{entry.kind}: only opening balances are of kind {OPENING}")
    if entry.opening and overlay.head.in_business:
        return Refusal("openings_closed", "opening balances come before any other event")
    if entry.reverses is not None:
        posted = overlay.event(entry.reverses)
        if posted is None:
            return Refusal("not_found", "there is no such event to correct")
        if posted.reversed or entry.reverses in overlay.head.reversed:
            return Refusal("already_reversed", "this event was corrected before")
    return None


def _apply(
    overlay: Overlay, command: Command, transfers: Sequence[Transfer], before: Before
) -> Refusal | None:
    """Apply the lines, noting each account's counters before its first change."""
    ended: set[tuple[int, int] | None] = set()
    known = overlay.accounts
    for line in transfers:
        mode, debited, credited, asset, amount, ends = line
        if not 0 < amount <= MOST:
            return Refusal("overflow", "an amount is 1 to 10^12", {"amount": amount, "most": MOST})
        debit = known.get(debited) or overlay.writable(debited)
        credit = known.get(credited) or overlay.writable(credited)
        if debited not in before:
            before[debited] = debit.counters
        if credited not in before:
            before[credited] = credit.counters
        if debit is credit or debit.asset != asset or credit.asset != asset:
            raise InvariantError(
                f"a line of {asset} from {debited} ({debit.asset}) to {credited} ({credit.asset})"
            )
        if (debit.closed or credit.closed) and mode is not Mode.VOID and mode is not Mode.EXPIRE:
            closed = debited if debit.closed else credited
            return Refusal("account_closed", f"account {closed} is closed", {"account": closed})
        held = amount
        if mode in RESOLVES:
            hold = _resolved() if ends in ended else _open_hold(overlay, line, command.effective_at)
            if isinstance(hold, Refusal):
                return hold
            ended.add(ends)
            held = hold.amount
        elif ends is not None:
            raise InvariantError(f"a {mode} line ends no hold, but names {ends}")
        _move(debit, credit, mode, amount, held)
    return None


def _open_hold(overlay: Overlay, line: Transfer, effective_at: int) -> Hold | Refusal:
    """The open hold that a line ends: a post may be partial, never more; it lapses at its deadline, not before."""
    seq, index = line.hold or (0, 0)
    for hold in overlay.holds(seq):
        if hold.line == index:
            if (hold.debit, hold.credit) != (line.debit, line.credit):
                raise InvariantError(f"hold {seq}.{index} is on {hold.debit} and {hold.credit}")
            if line.amount > hold.amount:
                numbers: dict[str, int | str] = {"held": hold.amount, "required": line.amount}
                return Refusal("exceeds_hold", "more than was held", numbers)
            if line.mode is not Mode.POST and line.amount != hold.amount:
                raise InvariantError(f"hold {seq}.{index}: only a post can be partial, not a {line.mode}")
            if line.mode is Mode.EXPIRE and (hold.deadline is None or effective_at < hold.deadline):
                return Refusal("not_due", "this hold has not reached its deadline")
            return hold
    return _resolved()


def _resolved() -> Refusal:
    return Refusal("pending_already_resolved", "this hold was resolved before")


def _move(debit: Account, credit: Account, mode: Mode, amount: int, held: int) -> None:
    """Move the four counters; the end of a hold releases all that was held."""
    pending, posted = EFFECTS[mode]
    if posted:
        debit.dr_posted += amount
        credit.cr_posted += amount
    if pending:
        debit.dr_pending += pending * held
        credit.cr_pending += pending * held


def _bounded(overlay: Overlay, before: Before) -> Refusal | None:
    """Floors of accounts that got less, ceilings of those that got more, and the limit of every counter."""
    for name, counters in before.items():
        account = overlay.accounts[name]
        pending = account.dr_pending if account.dr_pending > account.cr_pending else account.cr_pending
        if account.dr_pending < 0 or account.cr_pending < 0:
            raise InvariantError(f"account {name} ({account.asset}): a pending counter is below 0")
        if account.floor is not None and account.available < account.floor:
            refusal = _below_floor(account, _as_it_was(account, counters).available, account.floor)
            if refusal is not None:
                return refusal
        if account.ceiling is not None and account.reach > account.ceiling:
            refusal = _above_ceiling(account, _as_it_was(account, counters).reach, account.ceiling)
            if refusal is not None:
                return refusal
        if account.dr_posted > LIMIT or account.cr_posted > LIMIT or pending > LIMIT:
            return Refusal("overflow", f"a counter of {name} would pass 2^62", {"account": name})
    return None


def _as_it_was(account: Account, counters: tuple[int, int, int, int]) -> Account:
    twin = account.copy()
    twin.counters = counters
    return twin


def _below_floor(account: Account, was: int, floor: int) -> Refusal | None:
    """An account below its floor may still get more."""
    if account.available >= was:
        return None
    numbers: dict[str, int | str] = {
        "account": account.name,
        "available": was - floor,
        "required": was - account.available,
    }
    return Refusal("insufficient_funds", f"account {account.name} has too little", numbers)


def _above_ceiling(account: Account, was: int, ceiling: int) -> Refusal | None:
    """An account above its ceiling may still get less."""
    if account.reach <= was:
        return None
    numbers: dict[str, int | str] = {"account": account.name, "ceiling": ceiling, "reached": account.reach}
    return Refusal("ceiling_exceeded", f"account {account.name} would pass its ceiling", numbers)


def _keep(decision: Decision, event: Event, entry: Entry) -> None:
    """Note what the event leaves behind: holds opened and ended, the document's state, new bounds."""
    overlay = decision.overlay
    opened = [
        Hold(event.seq, k, line.debit, line.credit, line.asset, line.amount, entry.deadline)
        for k, line in enumerate(entry.transfers)
        if line.mode is Mode.PENDING
    ]
    if opened:
        overlay.held[event.seq] = tuple(opened)
        decision.opened += opened
    for line in entry.transfers:
        if line.hold is not None:
            seq, index = line.hold
            open_before = overlay.holds(seq)
            overlay.held[seq] = tuple(hold for hold in open_before if hold.line != index)
            decision.ended += [hold for hold in open_before if hold.line == index]
    if entry.move is not None:
        known = overlay.document(entry.move.id)
        facts, held = (known.facts, known.held) if known else (b"", 0)
        if entry.move.facts is not None:
            facts = entry.move.facts
        held = event.seq if opened else held
        overlay.documents[entry.move.id] = Document(entry.move.id, entry.move.state, facts, event.seq, held)
    if entry.reverses is not None:
        overlay.head.reversed.add(entry.reverses)
    if entry.limits is not None:
        account = overlay.writable(entry.limits.account)
        account.floor, account.ceiling = entry.limits.floor, entry.limits.ceiling
        account.closed = entry.limits.closed
