"""Beans and hours: earned, harvested, redeemed, gone in time, taken back after fraud."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from sim.bookkeeping import Asset, Kind, code_of, read_action
from sim.ledger.entries import Entry, Limits, Mode, Move, Refusal, View
from sim.service.commands.plan import (
    Caller,
    Plan,
    day_of,
    held,
    incomplete,
    invalid,
    is_day,
    missing,
    refuse,
    take,
    too_little,
    year_of,
)
from sim.service.commands.rules import Payment, paid
from sim.service.messages import (
    Decay,
    Deed,
    Expiry,
    Grant,
    Harvest,
    HourRedemption,
    Named,
    Redemption,
    Revocation,
)
from sim.service.policy import MOST_PERIODS

_encode = msgspec.json.Encoder().encode
BEFORE_TODAY = "this period was over before effective_at"


def deed(ask: Deed, caller: Caller) -> Plan:
    """Issue beans and minutes. With `external_id` a channel's record is counted once for ever."""
    if ask.external_id is not UNSET:
        return _imported(ask, caller)
    facts = _said({"deed": ask.deed, "channel": ask.channel, "under": ask.under or UNSET})
    return _earned(ask, caller, Kind.DEED, ("3100", "3300"), ask.under, facts)


def grant(ask: Grant, caller: Caller) -> Plan:
    """What a rule adds to a deed's pay, or gives by itself: refused if it, or the user, has had what it may give."""
    facts = _said({"rule": ask.rule, "deed": ask.deed, "under": ask.under or UNSET})
    sources = f"3110:{ask.rule}", f"3310:{ask.rule}"
    return _earned(ask, caller, Kind.GRANT, sources, (ask.rule, *ask.under), facts, rule=ask.rule)


def _earned(
    ask: Deed | Grant, caller: Caller, kind: Kind, sources: tuple[str, ...], rules: tuple[str, ...],
    facts: bytes | None, move: Move | None = None, **words: Any,
) -> Plan:  # fmt: skip
    """Beans and minutes that a user earns, as far as rules allow; `move`: the record that is counted once with it."""
    user, beans, minutes, fades, klass = ask.user, ask.beans, ask.minutes, ask.fades, ask.klass
    action: dict[str, Any] = {"user": user, "beans": beans, "minutes": minutes, **words}
    payment = Payment(rules, user, ask.effective_at, Asset.BEAN)
    touches = (*sources, *payment.touches)
    ceiling = None
    if beans:
        if fades is UNSET:
            return incomplete("beans need the day on which they fade")
        if fades < day_of(ask.effective_at) or not is_day(fades):
            return refuse("period_ended", BEFORE_TODAY, period=fades)
        action["fades"] = fades
        touches += (f"2100:{user}:{fades}",)
    if minutes:
        if klass is UNSET:
            return incomplete("minutes need their class")
        action["klass"], action["year"] = klass, year_of(ask.effective_at)
        touches += (f"2800:{user}:{klass}:{action['year']}",)
        ceiling = caller.policy.minutes_a_year.get(klass)
    if not beans and not minutes:
        return incomplete("what is earned is beans or minutes")

    def draft(view: View) -> Entry | Refusal:
        if move is not None and view.document(move.id) is not None:
            return Refusal("already_done", "this record was counted before", {"document": move.id})
        bounded = paid(view, payment, beans) if rules else []
        if isinstance(bounded, Refusal):
            return bounded
        entry = Entry(kind.name, read_action(kind, action) + bounded, move, facts=facts)
        return entry if ceiling is None else _capped(view, entry, touches[-1], minutes, ceiling)

    return Plan(draft, touches, payment.documents if move is None else (move.id, *payment.documents))


def _said(words: dict[str, Any]) -> bytes | None:
    """The words that were given, as facts of the journal."""
    given = {word: value for word, value in words.items() if value is not UNSET}
    return _encode(given) if given else None


def _imported(ask: Deed, caller: Caller) -> Plan:
    if ask.channel is UNSET:
        return incomplete("an external id needs its channel")
    words = {"user": ask.user, "beans": ask.beans, "minutes": ask.minutes, "deed": ask.deed}
    facts = _said(words | {"under": ask.under or UNSET})
    counted = Move(f"import:{ask.channel}:{ask.external_id}", "counted", facts)
    kind = Kind.DEED if ask.beans else Kind.IMPORT
    return _earned(ask, caller, kind, ("3100", "3300"), ask.under, None, counted)


def _capped(view: View, entry: Entry, account: str, minutes: int, ceiling: int) -> Entry | Refusal:
    """Give a year's account its ceiling when its first minutes come; from then on the ledger keeps it."""
    known = view.account(account)
    if known is None or known.ceiling is None:
        if minutes + (known.reach if known else 0) > ceiling:
            numbers: dict[str, int | str] = {"account": account, "ceiling": ceiling}
            return Refusal("ceiling_exceeded", f"account {account} would pass its ceiling", numbers)
        entry.limits = Limits(account, known.floor if known else 0, ceiling, False)
    return entry


def harvest(ask: Harvest, caller: Caller) -> Plan:
    """Growing beans that have not faded become available until `expires`."""
    today = day_of(ask.effective_at)
    if not is_day(ask.expires) or ask.expires < today:
        return refuse("period_ended", BEFORE_TODAY, period=ask.expires)
    action = {"user": ask.user, "beans": ask.beans, "expires": ask.expires}
    touches = (f"2110:{ask.user}:{ask.expires}",)
    return _spend(Kind.HARVEST, action, ask.beans, f"2100:{ask.user}", today, touches=touches)


def _spend(
    kind: Kind, action: dict[str, Any], amount: int, family: str, first: int = 0,
    last: int = 99_999_999, touches: tuple[str, ...] = (), facts: bytes | None = None,
) -> Plan:  # fmt: skip
    """Book a kind whose beans or minutes come from a family's accounts of periods first … last."""
    code = code_of(family)

    def draft(view: View) -> Entry | Refusal:
        parts = take(held(view, family, first, last), family, amount)
        if isinstance(parts, Refusal):
            return parts
        return Entry(kind.name, read_action(kind, action, taken={code: parts}), facts=facts)

    return Plan(draft, touches, families=(family,))


# --- redemptions -----------------------------------------------------------------------------------------


def redeem(ask: Redemption, caller: Caller) -> Plan:
    """Hold available beans for goods, until shipped, cancelled or lapsed."""
    id = f"redemption:{ask.id}"
    today = day_of(ask.effective_at)
    facts = _encode({"user": ask.user, "beans": ask.beans})
    deadline = None if ask.until is UNSET else ask.until
    if deadline is not None and deadline <= ask.effective_at:
        return refuse("period_ended", "the hold would lapse before it begins", until=deadline)
    action, family = {"user": ask.user, "beans": ask.beans}, f"2110:{ask.user}"

    def draft(view: View) -> Entry | Refusal:
        if view.document(id) is not None:
            return Refusal("already_done", "this redemption was opened before", {"document": id})
        parts = take(held(view, family, today), family, ask.beans)
        if isinstance(parts, Refusal):
            return parts
        lines = read_action(Kind.REDEEM_HOLD, action, taken={2110: parts})
        return Entry("REDEEM_HOLD", lines, Move(id, "held", facts), deadline)

    return Plan(draft, ("3180",), (id,), (family,))


def _end_redemption(ask: Named, kind: Kind, state: str, mode: Mode | None = None) -> Plan:
    id = f"redemption:{ask.id}"

    def draft(view: View) -> Entry | Refusal:
        known = view.document(id)
        if known is None:
            return missing("redemption", str(ask.id))
        if known.state != "held":
            return invalid("redemption", known.state)
        lines = read_action(kind, {}, holds=view.holds(known.held))
        if mode is not None:
            lines = [line._replace(mode=mode) for line in lines]
        return Entry(kind.name, lines, Move(id, state))

    return Plan(draft, ("3180",), (id,))


def ship(ask: Named, caller: Caller) -> Plan:
    """The goods are on their way: the held beans are spent."""
    return _end_redemption(ask, Kind.REDEEM_SHIP, "shipped")


def cancel(ask: Named, caller: Caller) -> Plan:
    """The held beans fall back to their periods."""
    return _end_redemption(ask, Kind.REDEEM_CANCEL, "cancelled")


def lapse(ask: Named, caller: Caller) -> Plan:
    """The hold's deadline has passed: the beans fall back."""
    return _end_redemption(ask, Kind.REDEEM_CANCEL, "expired", Mode.EXPIRE)


# --- the end of periods, fraud, hours ----------------------------------------------------------------------


def expire(ask: Expiry, caller: Caller) -> Plan:
    """Beans of periods that ended before the day of `effective_at`, the earliest first."""
    kind, code = (Kind.FADE, 2100) if ask.stage == "growing" else (Kind.EXPIRE, 2110)
    yesterday = day_of(ask.effective_at) - 1  # days are compared as numbers, so it need not be a day
    action = {"user": ask.user, "beans": ask.beans}
    return _spend(kind, action, ask.beans, f"{code}:{ask.user}", last=yesterday, touches=("3170",))


def decay(ask: Decay, caller: Caller) -> Plan:
    """Available beans go by a rule, those first that expire first."""
    payment = Payment((ask.rule,), "", ask.effective_at, Asset.BEAN)
    action = {"user": ask.user, "beans": ask.beans}
    today, facts = day_of(ask.effective_at), _said({"rule": ask.rule})
    gone = _spend(Kind.DECAY, action, ask.beans, f"2110:{ask.user}", today, touches=("3170",), facts=facts)

    def draft(view: View) -> Entry | Refusal:
        known = payment.open(view)
        return known if isinstance(known, Refusal) else gone.draft(view)

    return gone._replace(draft=draft, documents=payment.documents)


def redeem_hours(ask: HourRedemption, caller: Caller) -> Plan:
    """Minutes of a class, those of the earliest year first."""
    action = {"user": ask.user, "minutes": ask.minutes}
    family = f"2800:{ask.user}:{ask.klass}"
    return _spend(Kind.HOUR_REDEEM, action, ask.minutes, family, touches=("3390",))


def revoke(ask: Revocation, caller: Caller) -> Plan:
    """Take back what is left of beans, or of minutes of a class."""
    if (ask.beans is UNSET) == (ask.minutes is UNSET):
        return incomplete("a revocation takes beans or minutes")
    if ask.beans is not UNSET:
        return _clamped(Kind.REVOKE, f"2110:{ask.user}", "beans", ask.beans)
    if ask.klass is UNSET or ask.minutes is UNSET:
        return incomplete("minutes need their class")
    return _clamped(Kind.HOUR_REVOKE, f"2800:{ask.user}:{ask.klass}", "minutes", ask.minutes)


def _clamped(kind: Kind, family: str, word: str, asked: int) -> Plan:
    def draft(view: View) -> Entry | Refusal:
        found = held(view, family)[:MOST_PERIODS]
        amount = min(asked, sum(left for _, left in found))
        if not amount:
            return too_little(family, 0, asked)
        parts = take(found, family, amount)
        if isinstance(parts, Refusal):
            return parts
        lines = read_action(kind, {word: amount}, taken={code_of(family): parts})
        return Entry(kind.name, lines, notes={"revoked": amount})

    return Plan(draft)
