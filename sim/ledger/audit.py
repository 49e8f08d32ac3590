"""What must always hold, as a list of small rules: of each event as it is added to the fold, of the tables at the end.

A rule yields a sentence for each thing that is wrong. `audit` reads the journal once and asks every rule;
`quick` asks what can be asked without reading it. Rules of a domain are passed in beside those of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from sim.checks import Check
from sim.errors import InvariantError
from sim.ledger.accounts import LIMIT, MOST, Account
from sim.ledger.entries import MOST_LINES, OPENING, Mode, printed_id
from sim.ledger.fold import Fold
from sim.ledger.journal import GENESIS, Event, chained
from sim.ledger.reading import SqlReader

Wrong = Iterator[str]
OfEvents = Callable[[Fold, Event, bytes], Wrong]  # after an event was added: the fold, the event, its answer
OfTables = Callable[[SqlReader, Fold], Wrong]  # at the end
TOLD = 3  # things that are wrong are told, the rest are counted


# --- of each event ------------------------------------------------------------------------------------


def numbers_have_no_gap(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I5: each event has the number after the one before."""
    if event.seq != fold.step.seq + 1:
        yield f"event {event.seq} comes after {fold.step.seq}"


def the_clock_rises(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I5: each event is later than the one before."""
    if event.ts_us <= fold.step.ts_us:
        yield f"event {event.seq} is of {event.ts_us}, the one before of {fold.step.ts_us}"


def the_chain_is_unbroken(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I5: each event's hash is that of the head before it and of its fields."""
    if event.jhash != chained(fold.step.jhash, event[:-1]):
        yield f"event {event.seq} does not have the hash of what it says"


def lines_are_sound(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """A line moves 1 to 10^12 of one asset between two accounts; an event has at most 16 lines, or moves a document."""
    if len(event.transfers) > MOST_LINES or not (event.transfers or event.document or event.limits):
        yield f"event {event.seq} has {len(event.transfers)} lines"
    for line in event.transfers:
        assets = {fold.accounts[line.debit].asset, fold.accounts[line.credit].asset}
        if assets != {line.asset} or line.debit == line.credit or not 0 < line.amount <= MOST:
            yield f"event {event.seq}: {line.amount} {line.asset} from {line.debit} to {line.credit}"


def holds_end_once(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I4: what a line ends was held, on the same accounts; only a post may be of a part."""
    for line, hold in fold.step.ended:
        if hold is None:
            yield f"event {event.seq} ends the hold {line.hold}, which is not open"
        elif (hold.debit, hold.credit) != (line.debit, line.credit):
            yield f"event {event.seq} ends the hold {line.hold} on other accounts"
        elif line.amount > hold.amount or (line.mode is not Mode.POST and line.amount != hold.amount):
            yield f"event {event.seq} ends a hold of {hold.amount} with {line.amount}"


def floors_and_ceilings_hold(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I2: no event takes an account further below its floor or above its ceiling; holds count."""
    for name, before in fold.step.before.items():
        now, floor, ceiling = fold.accounts[name], before.floor, before.ceiling
        if floor is not None and now.available < min(floor, before.available):
            yield f"event {event.seq} leaves {now.available} on {name}, its floor is {floor}"
        if ceiling is not None and now.reach > max(ceiling, before.reach):
            yield f"event {event.seq} brings {name} to {now.reach}, its ceiling is {ceiling}"


def closed_accounts_rest(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """A closed account only sees its holds end."""
    for line in event.transfers:
        for name in (line.debit, line.credit):
            if fold.step.before[name].closed and line.mode not in (Mode.VOID, Mode.EXPIRE):
                yield f"event {event.seq} moves {name}, which is closed"


def counters_stay_below_the_limit(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I12: no counter is below 0 or above 2^62."""
    for name in fold.step.before:
        if not 0 <= min(fold.accounts[name].counters) <= max(fold.accounts[name].counters) <= LIMIT:
            yield f"event {event.seq} brings {name} to {fold.accounts[name].counters}"


def answers_say_what_was_booked(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """I6: an answer names its event and what was available afterwards on every account it touched."""
    try:
        said = msgspec.json.decode(answer)
        told = (said["seq"], said["id"], said["balances"], said.get("state"))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        yield f"the answer to event {event.seq} is not one of ours"
        return
    lines = event.transfers
    names = {name for line in lines for name in (line.debit, line.credit)}
    balances = {name: fold.accounts[name].available for name in names}
    if told != (event.seq, printed_id(event.eid), balances, event.state):
        yield f"the answer to event {event.seq} says something else"


def openings_come_first(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """Opening balances come before any other event."""
    if event.kind == OPENING and fold.step.late:
        yield f"event {event.seq} opens a balance after business began"


def events_are_corrected_once(fold: Fold, event: Event, answer: bytes) -> Wrong:
    """No event is corrected twice."""
    if fold.step.again:
        yield f"event {event.seq} corrects what was corrected before"


# --- of the tables ------------------------------------------------------------------------------------


def counters_are_the_sum_of_the_lines(reader: SqlReader, fold: Fold) -> Wrong:
    """I3: counters and bounds of every account are those of the journal."""
    left = dict(fold.accounts)
    for account in reader.accounts():
        told = left.pop(account.name, None)
        if told is None:
            yield f"{account.name} is in no event"
        elif account.counters != told.counters:
            yield f"{account.name} has {account.counters}, the journal says {told.counters}"
        elif _bounds(account) != _bounds(told):
            yield f"{account.name} is bounded by {_bounds(account)}, the journal says {_bounds(told)}"
    yield from (f"{name} is missing" for name in left)


def _bounds(account: Account) -> tuple[int | None, int | None, bool]:
    return account.floor, account.ceiling, account.closed


def open_holds_are_those_of_the_journal(reader: SqlReader, fold: Fold) -> Wrong:
    """I4: what is held is what the journal holds and has not ended."""
    left = dict(fold.holds)
    for hold in reader.holds_open():
        if left.pop((hold.seq, hold.line), None) != hold:
            yield f"the hold {hold.seq}.{hold.line} is not that of the journal"
    yield from (f"the hold {seq}.{line} is missing" for seq, line in left)


def documents_are_where_events_left_them(reader: SqlReader, fold: Fold) -> Wrong:
    """I7: state and facts of every document are those of its events."""
    left = dict(fold.documents)
    for document in reader.documents():
        if left.pop(document.id, None) != document:
            yield f"{document.id} is {document.state}, the journal says otherwise"
    yield from (f"{id} is missing" for id in left)


def nothing_is_left_over(reader: SqlReader, fold: Fold) -> Wrong:
    """The tables have no line and no event that the journal does not tell."""
    for table, told in (("event", fold.seq), ("transfer", fold.lines)):
        if (rows := reader.count(table)) != told:
            yield f"{table} has {rows} rows, the journal tells {told}"


def debits_equal_credits(reader: SqlReader, fold: Fold) -> Wrong:
    """I1: per asset, pending and posted, debits equal credits."""
    for asset, (dr_pending, dr_posted, cr_pending, cr_posted) in reader.sums().items():
        if (dr_pending, dr_posted) != (cr_pending, cr_posted):
            yield f"{asset}: {dr_posted} and {dr_pending} debited, {cr_posted} and {cr_pending} credited"


def pending_counters_are_held(reader: SqlReader, fold: Fold) -> Wrong:
    """I4: every pending counter is the sum of the account's open holds."""
    for name, pending, held in reader.unheld():
        yield f"{name} has {pending} pending and {held} held"


def keys_are_used_once(reader: SqlReader, fold: Fold) -> Wrong:
    """I6: no two events, and no event and refusal, have one key."""
    if twice := reader.keys_used_twice():
        yield f"{twice} keys are used twice"


def the_head_is_sound(reader: SqlReader, fold: Fold) -> Wrong:
    """I5: the last event has the hash of what it says and of the one before."""
    head = reader.head()
    last = list(reader.events(max(0, head.seq - 2)))
    before = last[0].jhash if len(last) > 1 else GENESIS
    if last and last[-1].jhash != chained(before, last[-1][:-1]):
        yield f"event {head.seq} does not have the hash of what it says"


OF_EVENTS: tuple[OfEvents, ...] = (
    numbers_have_no_gap,
    the_clock_rises,
    the_chain_is_unbroken,
    lines_are_sound,
    holds_end_once,
    floors_and_ceilings_hold,
    closed_accounts_rest,
    counters_stay_below_the_limit,
    answers_say_what_was_booked,
    openings_come_first,
    events_are_corrected_once,
)
OF_TABLES: tuple[OfTables, ...] = (
    counters_are_the_sum_of_the_lines,
    open_holds_are_those_of_the_journal,
    documents_are_where_events_left_them,
    nothing_is_left_over,
    debits_equal_credits,
    pending_counters_are_held,
    keys_are_used_once,
)
QUICK: tuple[OfTables, ...] = (the_head_is_sound, debits_equal_credits, pending_counters_are_held)


def audit(
    reader: SqlReader, of_events: Sequence[OfEvents] = (), of_tables: Sequence[OfTables] = ()
) -> list[Check]:
    """Every rule's verdict on one commit's state. Rules of a domain may be added to those of the ledger."""
    event_rules = {rule: list[str]() for rule in (*OF_EVENTS, *of_events)}
    table_rules = {rule: list[str]() for rule in (*OF_TABLES, *of_tables)}
    unread: list[str] = []
    fold = Fold(reader.chart)
    with reader.snapshot():
        try:
            for event, answer in reader.journal():
                fold.add(event)
                for of_events_, wrong in event_rules.items():
                    wrong.extend(of_events_(fold, event, answer))
            for of_tables_, wrong in table_rules.items():
                wrong.extend(of_tables_(reader, fold))
        except (KeyError, ValueError, TypeError, msgspec.DecodeError) as error:
            unread.append(f"after event {fold.seq}: {error!r}")
    rules = [*event_rules.items(), *table_rules.items()]
    return [
        _check("the journal can be read", f"{fold.seq:,} events", unread),
        *[_check(rule.__name__.replace("_", " "), rule.__doc__ or "", wrong) for rule, wrong in rules],
    ]


def quick(reader: SqlReader) -> list[Check]:
    """What a start asks without reading the journal: its head, the sums per asset, holds and pending counters."""
    nothing = Fold(reader.chart)
    with reader.snapshot():
        return [
            _check(rule.__name__.replace("_", " "), rule.__doc__ or "", list(rule(reader, nothing)))
            for rule in QUICK
        ]


def insist(checks: Sequence[Check]) -> None:
    """Raise InvariantError with everything that is wrong."""
    wrong = [f"{check['name']}: {check['detail']}" for check in checks if not check["passed"]]
    if wrong:
        raise InvariantError("; ".join(wrong))


def _check(name: str, promise: str, wrong: list[str]) -> Check:
    told = "; ".join(wrong[:TOLD]) + (f"; and {len(wrong) - TOLD:,} more" if len(wrong) > TOLD else "")
    return Check(name=name, passed=not wrong, detail=told or promise)
