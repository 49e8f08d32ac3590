"""The charity's rules once more, compiled. `draft` writes lines from a position on and gives the position behind them,
or below 0 why it is refused; `book` moves counters and documents."""

from __future__ import annotations

from loadtests.quick import numbers as N
from loadtests.quick.compiling import rule


@rule
def put(b: N.Books, at: int, mode: int, debit: int, credit: int, amount: int, hold: int) -> int:
    """Write a line; one of amount 0 is left out."""
    if amount <= 0:
        return at
    b.lines[at, N.MODE], b.lines[at, N.DEBIT], b.lines[at, N.CREDIT] = mode, debit, credit
    b.lines[at, N.AMOUNT], b.lines[at, N.HOLD] = amount, hold
    return at + 1


@rule
def available(b: N.Books, a: int) -> int:
    """What may leave an account that grows by credits."""
    return int(b.accounts[a, N.CR_POSTED] - b.accounts[a, N.DR_POSTED] - b.accounts[a, N.DR_PENDING])


@rule
def custody(b: N.Books) -> int:
    """What may leave custody."""
    c = b.accounts[N.CUSTODY]
    return int(c[N.DR_POSTED] - c[N.CR_POSTED] - c[N.CR_PENDING])


@rule
def take(
    b: N.Books, k: int, at: int, begin: int, end: int, mode: int, credit: int, amount: int, whole: bool
) -> int:
    """An amount from the accounts of periods begin … end, the earliest first; not `whole`: as much as is left."""
    short, taken = amount, 0
    for a in range(b.rows[k]["first"], b.rows[k]["last"]):
        have = available(b, a)
        if have > 0 and short > 0 and begin <= b.accounts[a, N.PERIOD] <= end:
            if taken == N.MOST_PERIODS:
                if not whole:
                    break
                short -= min(have, short)
                taken += 1
                continue
            part = min(have, short)
            at = put(b, at, mode, a, credit, part, 0)
            short -= part
            taken += 1
    if (whole and short > 0) or taken == 0:
        return N.TOO_LITTLE
    return N.TOO_MANY_PERIODS if taken > N.MOST_PERIODS else at


@rule
def unknown(b: N.Books, k: int) -> bool:
    """Whether a place names a rule that was not made known."""
    for p in (b.rows[k]["rule"], b.rows[k]["under"]):
        if p != N.UNNAMED and (p < 0 or not b.once[b.rows[p]["once"]]):
            return True
    return False


@rule
def fresh(b: N.Books, allowance: int, cap: int) -> int:
    """What a new period gives a user first."""
    return 0 if b.accounts[allowance, N.CR_POSTED] else cap


@rule
def matched(b: N.Books, k: int) -> int:
    """What the pool and the rules have left of the match that was asked."""
    row = b.rows[k]
    if row["pool"] < 0 or row["amount2"] == 0:
        return 0
    fen = min(row["amount2"], available(b, row["pool"]))
    for budget, allowance, cap in (
        (row["budget"], row["allowance"], row["cap"]),
        (row["under_budget"], row["under_allowance"], row["under_cap"]),
    ):
        if budget >= 0:
            fen = min(fen, available(b, budget))
        if allowance >= 0:
            fen = min(fen, available(b, allowance) + fresh(b, allowance, cap))
    return int(max(fen, 0))


@rule
def bounded(b: N.Books, k: int, at: int, amount: int, reserve: int) -> int:
    """What bounds the rules that a place names, for what it pays; or why they refuse it."""
    if at < 0:
        return at
    if unknown(b, k):
        return N.MISSING
    row = b.rows[k]
    for budget, allowance, cap in (
        (row["budget"], row["allowance"], row["cap"]),
        (row["under_budget"], row["under_allowance"], row["under_cap"]),
    ):
        if budget >= 0 and available(b, budget) < amount:
            return N.SPENT
        if allowance >= 0 and available(b, allowance) + fresh(b, allowance, cap) < amount:
            return N.CAPPED
    for budget, allowance, cap in (
        (row["budget"], row["allowance"], row["cap"]),
        (row["under_budget"], row["under_allowance"], row["under_cap"]),
    ):
        if budget >= 0:
            at = put(b, at, N.POSTED, budget, reserve, amount, 0)
        if allowance >= 0 and amount > 0:
            at = put(b, at, N.POSTED, reserve, allowance, fresh(b, allowance, cap), 0)
            at = put(b, at, N.POSTED, allowance, reserve, amount, 0)
    return at


@rule
def earn(b: N.Books, k: int, at: int) -> int:
    """The minutes that a row earns."""
    return put(b, at, N.POSTED, N.TIME, b.rows[k]["hour"], b.rows[k]["minutes"], 0)


@rule
def end_holds(b: N.Books, p: int, at: int, mode: int) -> int:
    """The end of everything that a document holds."""
    for i in range(b.left[p, N.FIRST_LINE], b.left[p, N.LAST_LINE]):
        line = b.lines[i]
        if line[N.MODE] == N.PENDING:
            at = put(b, at, mode, line[N.DEBIT], line[N.CREDIT], line[N.AMOUNT], b.left[p, N.SEQ])
    return at


@rule
def draft_step(b: N.Books, k: int, at: int) -> int:
    """A row that moves a document."""
    row, step = b.rows[k], N.STEP[b.rows[k]["kind"]]
    p = row["behind"]
    if p < 0 or b.left[p, N.STATE] == 0 or b.rows[p]["kind"] != step[N.OPENER]:
        return N.MISSING
    if b.left[p, N.STATE] != step[N.FROM] and b.left[p, N.STATE] != step[N.OR_FROM]:
        return N.TRANSITION
    kind, opener = row["kind"], b.rows[p]
    if kind == N.ORDER_PAY:
        at = put(b, at, N.POSTED, N.CLEARING, opener["escrow"], opener["amount2"], 0)
        at = put(b, at, N.PENDING, opener["escrow"], opener["fund"], opener["amount"], 0)
        rest = opener["amount2"] - opener["amount"]
        return put(b, at, N.PENDING, opener["escrow"], opener["payable"], rest, 0)
    if kind == N.ORDER_CONFIRM:
        fen = matched(b, k)
        at = put(b, end_holds(b, p, at, N.POST), N.POSTED, row["pool"], opener["fund"], fen, 0)
        return bounded(b, k, earn(b, k, at), fen, N.MONEY_RESERVE)
    if kind == N.ORDER_REFUND:
        at = end_holds(b, p, at, N.VOID)
        return put(b, at, N.POSTED, opener["escrow"], N.CLEARING, opener["amount2"], 0)
    if kind in (N.REDEEM_SHIP, N.DISBURSE_PAID):
        return end_holds(b, p, at, N.POST)
    if kind in (N.REDEEM_CANCEL, N.DISBURSE_FAILED):
        return end_holds(b, p, at, N.VOID)
    return at


@rule
def draft_beans(b: N.Books, k: int, at: int) -> int:
    """Beans and hours."""
    row = b.rows[k]
    kind, amount, day = row["kind"], row["amount"], row["day"]
    if kind in (N.DEED, N.IMPORT, N.GRANT):
        if kind == N.IMPORT and b.once[row["once"]]:
            return N.DONE
        if amount > 0 and row["period"] < day:
            return N.PERIOD_ENDED
        if kind == N.GRANT:
            at = put(b, at, N.POSTED, row["granted"], row["beans"], amount, 0)
            at = put(b, at, N.POSTED, row["granted_time"], row["hour"], row["minutes"], 0)
        else:
            at = earn(b, k, put(b, at, N.POSTED, N.ISSUANCE, row["beans"], amount, 0))
        return bounded(b, k, at, amount, N.BEAN_RESERVE)
    if kind == N.HARVEST:
        if row["period"] < day:
            return N.PERIOD_ENDED
        return take(b, k, at, day, N.ALWAYS, N.POSTED, row["beans"], amount, True)
    if kind in (N.FADE, N.EXPIRE):
        return take(b, k, at, 0, day - 1, N.POSTED, N.EXPIRED, amount, True)
    if kind == N.DECAY:
        return (
            N.MISSING if unknown(b, k) else take(b, k, at, day, N.ALWAYS, N.POSTED, N.EXPIRED, amount, True)
        )
    if kind == N.REDEEM_HOLD:
        return take(b, k, at, day, N.ALWAYS, N.PENDING, N.REDEEMED, amount, True)
    if kind == N.REVOKE:
        return take(b, k, at, 0, N.ALWAYS, N.POSTED, N.REVOKED, amount, False)
    if kind == N.HOUR_REVOKE:
        return take(b, k, at, 0, N.ALWAYS, N.POSTED, N.TIME_REVOKED, row["minutes"], False)
    return take(b, k, at, 0, N.ALWAYS, N.POSTED, N.TIME_SPENT, row["minutes"], True)


@rule
def draft_gift(b: N.Books, k: int, at: int) -> int:
    """Gifts and their correction."""
    row = b.rows[k]
    amount, fund, pool = row["amount"], row["fund"], row["pool"]
    if row["kind"] == N.GIFT:
        fen = matched(b, k)
        at = put(b, at, N.POSTED, N.CLEARING, fund, amount, 0)
        at = put(b, at, N.POSTED, pool, fund, fen, 0)
        return bounded(b, k, earn(b, k, at), fen, N.MONEY_RESERVE)
    if row["kind"] == N.BEAN_GIFT:
        fen = amount * row["amount2"] // 100
        at = take(b, k, at, row["day"], N.ALWAYS, N.POSTED, N.GIVEN, amount, True)
        if at < 0:
            return at
        if available(b, pool) < fen:
            return N.EXHAUSTED
        return bounded(b, k, earn(b, k, put(b, at, N.POSTED, pool, fund, fen, 0)), fen, N.MONEY_RESERVE)
    p = row["behind"]
    if p < 0 or not b.left[p, N.BOOKED]:
        return N.MISSING
    if b.left[p, N.BROUGHT] == 0:
        return N.NO_GIFT
    if amount > b.left[p, N.BROUGHT]:
        return N.EXCEEDS_GIFT
    if b.left[p, N.CORRECTED]:
        return N.REVERSED
    given = fund_of_gift(b, p)
    return (
        N.TOO_LITTLE if amount > available(b, given) else put(b, at, N.POSTED, given, N.CLEARING, amount, 0)
    )


@rule
def fund_of_gift(b: N.Books, k: int) -> int:
    """To which project a donation went."""
    owner = b.rows[k]["behind"] if b.rows[k]["kind"] == N.ORDER_CONFIRM else k
    return int(b.rows[owner]["fund"])


@rule
def draft_money(b: N.Books, k: int, at: int) -> int:
    """Orders that begin, pools, projects, and what is done once a day."""
    row = b.rows[k]
    kind, amount, fund, pool = row["kind"], row["amount"], row["fund"], row["pool"]
    if kind == N.ORDER_CREATE:
        return N.EXCEEDS_PRICE if amount > row["amount2"] else at
    if kind == N.POOL_DEPOSIT:
        return put(b, at, N.POSTED, N.CUSTODY, pool, amount, 0)
    if kind in (N.POOL_WITHDRAW, N.TEAM_UNLOCK, N.PRIZE):
        if amount > available(b, pool):
            return N.EXHAUSTED
        if kind == N.TEAM_UNLOCK:
            return bounded(b, k, put(b, at, N.POSTED, pool, fund, amount, 0), amount, N.MONEY_RESERVE)
        if kind == N.PRIZE:
            at = bounded(b, k, put(b, at, N.POSTED, pool, N.CUSTODY, amount, 0), amount, N.MONEY_RESERVE)
            return N.TOO_LITTLE if at >= 0 and amount > custody(b) else at
        return N.TOO_LITTLE if amount > custody(b) else put(b, at, N.POSTED, pool, N.CUSTODY, amount, 0)
    if kind == N.DISBURSE_ASK:
        short = amount > min(available(b, fund), custody(b))
        return N.TOO_LITTLE if short else put(b, at, N.PENDING, fund, N.CUSTODY, amount, 0)
    if kind == N.FEE:
        most = available(b, fund) * b.facts[N.FEE_CAP_PPM] // N.MILLION
        return N.EXCEEDS_CAP if amount > most else put(b, at, N.POSTED, fund, row["payable"], amount, 0)
    if kind == N.MOVE:
        short = amount > available(b, fund)
        return N.TOO_LITTLE if short else put(b, at, N.POSTED, fund, row["payable"], amount, 0)
    if b.once[row["once"]]:
        return N.DONE
    if kind == N.RULE:
        at = put(b, at, N.POSTED, N.BEAN_RESERVE, row["budget"], amount, 0)
        return put(b, at, N.POSTED, N.MONEY_RESERVE, row["under_budget"], row["amount2"], 0)
    if kind == N.SETTLE:
        return put(b, at, N.POSTED, N.CUSTODY, N.CLEARING, amount, 0)
    if amount > custody(b):
        return N.TOO_LITTLE
    if kind == N.SETTLE_BACK:
        return put(b, at, N.POSTED, N.CLEARING, N.CUSTODY, amount, 0)
    payable = row["payable"]
    return (
        N.TOO_LITTLE
        if amount > available(b, payable)
        else put(b, at, N.POSTED, payable, N.CUSTODY, amount, 0)
    )


@rule
def draft_opening(b: N.Books, k: int, at: int) -> int:
    """An opening balance: beans and hours are issued, money comes from clearing."""
    if b.facts[N.IN_BUSINESS]:
        return N.CLOSED
    source = b.rows[k]["pool"]  # where it comes from, see `asked`
    return put(b, at, N.POSTED, source, b.rows[k]["beans"], b.rows[k]["amount"], 0)


@rule
def draft(b: N.Books, k: int, at: int) -> int:
    """What a place would book now: the position behind its lines, or below 0 why it is refused."""
    kind = b.rows[k]["kind"]
    if kind == N.OPENING:
        return draft_opening(b, k, at)
    if N.STEP[kind, N.OPENER] > 0:
        return draft_step(b, k, at)
    if kind <= N.REVOKE or kind in (N.IMPORT, N.GRANT, N.DECAY, N.HOUR_REDEEM, N.HOUR_REVOKE):
        return draft_beans(b, k, at)
    if kind in (N.GIFT, N.BEAN_GIFT, N.CORRECTION):
        return draft_gift(b, k, at)
    return draft_money(b, k, at)


@rule
def move(b: N.Books, at: int, end: int) -> None:
    """Move the counters by lines at … end."""
    for i in range(at, end):
        line = b.lines[i]
        debit, credit, amount = line[N.DEBIT], line[N.CREDIT], line[N.AMOUNT]
        if line[N.MODE] == N.PENDING:
            b.accounts[debit, N.DR_PENDING] += amount
            b.accounts[credit, N.CR_PENDING] += amount
        elif line[N.MODE] != N.POSTED:
            b.accounts[debit, N.DR_PENDING] -= amount
            b.accounts[credit, N.CR_PENDING] -= amount
        if line[N.MODE] == N.POSTED or line[N.MODE] == N.POST:
            b.accounts[debit, N.DR_POSTED] += amount
            b.accounts[credit, N.CR_POSTED] += amount


@rule
def book(b: N.Books, k: int, at: int, end: int, seq: int) -> None:
    """Book the lines at … end as the event `seq` of a place."""
    move(b, at, end)
    row, kind = b.rows[k], b.rows[k]["kind"]
    b.left[k, N.BOOKED] = 1
    if kind == N.OPENING:
        return
    b.facts[N.IN_BUSINESS] = 1
    if N.STEP[kind, N.TO] > 0:
        p = row["behind"] if N.STEP[kind, N.OPENER] > 0 else k
        b.left[p, N.STATE] = N.STEP[kind, N.TO]
        if end > at:
            b.left[p, N.FIRST_LINE], b.left[p, N.LAST_LINE], b.left[p, N.SEQ] = at, end, seq
    if row["once"] >= 0:
        b.once[row["once"]] = 1
    if kind == N.CORRECTION:
        b.left[row["behind"], N.CORRECTED] = 1
    if kind in (N.GIFT, N.BEAN_GIFT, N.ORDER_CONFIRM):
        fund = fund_of_gift(b, k)
        for i in range(at, end):
            if b.lines[i, N.CREDIT] == fund:
                b.left[k, N.BROUGHT] += b.lines[i, N.AMOUNT]
