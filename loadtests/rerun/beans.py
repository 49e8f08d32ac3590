"""Rules of beans and hours: each says what a row books, or the code it is refused with."""

from __future__ import annotations

from loadtests.rerun.charity import DONATED, Charity, Drafted, Line
from loadtests.rerun.rules import within
from sim.wire import CLASSES, Row

MOST_PERIODS = 6  # accounts that one spending may be taken from
ALWAYS = 99_999_999  # a day after every day

Parts = list[tuple[str, int]]


def holding(charity: Charity, family: str, first: int = 0, last: int = ALWAYS) -> Parts:
    """Accounts of a family with something available, of periods first … last, the earliest first."""
    accounts = charity.accounts
    return [
        (name, left)
        for name in accounts.family(family)
        if first <= int(name[-8:]) <= last and (left := accounts.available(name)) > 0
    ]


def hours_holding(charity: Charity, row: Row) -> Parts:
    """A user's accounts of one class with minutes left, the earliest year first."""
    family = f"2800:{charity.user}{row.subject}"
    begin = f"{family}:{CLASSES[row.klass]}:"
    accounts = charity.accounts
    return [
        (name, left)
        for name in accounts.family(family)
        if name.startswith(begin) and (left := accounts.available(name)) > 0
    ]


def earliest_first(parts: Parts, amount: int) -> Parts | str:
    """What each account gives of an amount: all it has, until the amount is reached."""
    taken: Parts = []
    for name, left in parts:
        if amount == 0:
            break
        taken.append((name, min(left, amount)))
        amount -= taken[-1][1]
    if amount:
        return "insufficient_funds"
    return "too_many_periods" if len(taken) > MOST_PERIODS else taken


def out_of(parts: Parts | str, credit: str, asset: str, mode: str = "posted") -> Drafted:
    """Lines from each part to one account."""
    if isinstance(parts, str):
        return parts
    return [(mode, name, credit, asset, part, None) for name, part in parts]


def time_of_gift(charity: Charity, user: int, row: Row) -> list[Line]:
    """The donated minutes of a gift or order; no line if there are none."""
    if not row.minutes:
        return []
    name = f"2800:{charity.user}{user}:{DONATED}:{charity.day(row) // 10_000}"
    return [("posted", "3300", name, "HOUR", row.minutes, None)]


def deed(charity: Charity, row: Row) -> Drafted:
    """Beans begin to grow, minutes are credited."""
    return earn(charity, row, "3100", "3300")


def grant(charity: Charity, row: Row) -> Drafted:
    """The same, given by a rule."""
    return earn(charity, row, f"3110:{charity.rule}{row.rule}", f"3310:{charity.rule}{row.rule}")


def earn(charity: Charity, row: Row, beans_from: str, minutes_from: str) -> Drafted:
    """Beans and minutes, as far as the rules that are named allow."""
    lines: list[Line] = []
    if row.amount:
        if row.period < charity.day(row):
            return "period_ended"
        lines.append(
            ("posted", beans_from, f"2100:{charity.user}{row.subject}:{row.period}", "BEAN", row.amount, None)
        )
    if row.minutes:
        year = charity.day(row) // 10_000
        name = f"2800:{charity.user}{row.subject}:{CLASSES[row.klass]}:{year}"
        lines.append(("posted", minutes_from, name, "HOUR", row.minutes, None))
    bounded = within(charity, row, row.subject, "BEAN", row.amount)
    return bounded if isinstance(bounded, str) else lines + bounded


def imported(charity: Charity, row: Row) -> Drafted:
    """A partner's record is counted once; `amount2` is its id."""
    if ("import", row.amount2) in charity.done:
        return "already_done"
    return deed(charity, row)


def harvest(charity: Charity, row: Row) -> Drafted:
    """Beans that have not faded become available, those first that fade first."""
    today = charity.day(row)
    if row.period < today:
        return "period_ended"
    parts = earliest_first(holding(charity, f"2100:{charity.user}{row.subject}", first=today), row.amount)
    return out_of(parts, f"2110:{charity.user}{row.subject}:{row.period}", "BEAN")


def fade(charity: Charity, row: Row) -> Drafted:
    """Growing beans whose period ended before this day are gone."""
    parts = holding(charity, f"2100:{charity.user}{row.subject}", last=charity.day(row) - 1)
    return out_of(earliest_first(parts, row.amount), "3170", "BEAN")


def expire(charity: Charity, row: Row) -> Drafted:
    """Available beans whose period ended before this day are gone."""
    parts = holding(charity, f"2110:{charity.user}{row.subject}", last=charity.day(row) - 1)
    return out_of(earliest_first(parts, row.amount), "3170", "BEAN")


def decay(charity: Charity, row: Row) -> Drafted:
    """Beans that have not expired go by a rule."""
    if row.rule not in charity.rules:
        return "not_found"
    parts = holding(charity, f"2110:{charity.user}{row.subject}", first=charity.day(row))
    return out_of(earliest_first(parts, row.amount), "3170", "BEAN")


def redeem(charity: Charity, row: Row) -> Drafted:
    """Beans that have not expired are held for goods."""
    parts = holding(charity, f"2110:{charity.user}{row.subject}", first=charity.day(row))
    return out_of(earliest_first(parts, row.amount), "3180", "BEAN", "pending")


def revoke(charity: Charity, row: Row) -> Drafted:
    """Beans are taken back after fraud, as many as are left."""
    return out_of(
        _what_is_left(holding(charity, f"2110:{charity.user}{row.subject}"), row.amount), "3160", "BEAN"
    )


def revoke_hours(charity: Charity, row: Row) -> Drafted:
    """Minutes are taken back after fraud, as many as are left."""
    return out_of(_what_is_left(hours_holding(charity, row), row.minutes), "3380", "HOUR")


def _what_is_left(parts: Parts, asked: int) -> Parts | str:
    parts = parts[:MOST_PERIODS]
    left = sum(part for _, part in parts)
    return earliest_first(parts, min(asked, left)) if left else "insufficient_funds"


def redeem_hours(charity: Charity, row: Row) -> Drafted:
    """Minutes of a class are spent, those of the earliest year first."""
    return out_of(earliest_first(hours_holding(charity, row), row.minutes), "3390", "HOUR")


def give_beans(charity: Charity, row: Row) -> Drafted:
    """Full hundreds of beans, for each of which the pool pays `amount2` fen; refused whole if it cannot."""
    fen = row.amount * row.amount2 // 100
    beans = holding(charity, f"2110:{charity.user}{row.subject}", first=charity.day(row))
    lines = out_of(earliest_first(beans, row.amount), "3190", "BEAN")
    if isinstance(lines, str):
        return lines
    if charity.accounts.available(charity.pools[row.pool]) < fen:
        return "pool_exhausted"
    bounded = within(charity, row, row.subject, "CNY", fen)
    if isinstance(bounded, str):
        return bounded
    lines.append(("posted", charity.pools[row.pool], charity.funds[row.object], "CNY", fen, None))
    return lines + time_of_gift(charity, row.subject, row) + bounded
