"""What was asked, as numbers: one record a place, with the accounts that the charity's rules may touch.

Everything here follows from the rows of the trace and the openings. Which of it is booked is for the rules to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtests.auditing.evidence import NOWHERE, Evidence
from loadtests.quick.accounts import DAY_BITS, OWNERS, RANK, TAIL_BITS, YEARS, Accounts, Ints, key_of, parse
from loadtests.rerun.charity import CHINA_US
from loadtests.rerun.rerun import STEPS
from loadtests.rerun.rules import MONDAY
from sim.bookkeeping import CHART, Asset, Kind
from sim.spans import DAY_US
from sim.wire import NO_POOL, NO_RULE, NOBODY

NO_OWNER = {"pool": NO_POOL, "rule": NO_RULE}  # elsewhere NOBODY
OPENING = 0  # the kind of an opening balance
DONATED = 1  # index of CLASSES
ASKED = np.dtype(
    [
        ("kind", "u1"),
        ("day", "i4"),  # YYYYMMDD of the row, in UTC+8
        ("period", "i4"),
        ("amount", "i8"),
        ("amount2", "i8"),
        ("minutes", "i8"),
        ("behind", "i8"),  # place of the row it refers to, -1 = none
        ("beans", "i8"),  # account that a deed, harvest or opening fills
        ("hour", "i8"),  # account of the minutes it earns
        ("first", "i8"),  # accounts that it may be taken from, up to `last`
        ("last", "i8"),
        ("fund", "i8"),
        ("pool", "i8"),  # of an opening, where it comes from
        ("escrow", "i8"),
        (
            "payable",
            "i8",
        ),  # of a merchant, of an NGO where it is a fee, of the other project where money moves
        # Of the rule that pays, and of one that limits: the place that makes it known, UNNAMED or STRANGE; the account
        # of its budget, that of the user's allowance and what this is, -1 and 0 = not bounded.
        ("rule", "i4"),
        ("budget", "i4"),
        ("allowance", "i4"),
        ("cap", "i4"),
        ("under", "i4"),
        ("under_budget", "i4"),
        ("under_allowance", "i4"),
        ("under_cap", "i4"),
        ("granted", "i4"),  # the account that a grant's beans come from, and its minutes
        ("granted_time", "i4"),
        (
            "once",
            "i8",
        ),  # what may be done once: a record, a day's settlement or payout; -1 = as often as asked
    ],
    align=True,
)
DEEDS = (Kind.DEED, Kind.IMPORT, Kind.GRANT)
UNNAMED, STRANGE = -1, -2  # no rule, and one that no row makes known
IN_BEANS = (Kind.DEED, Kind.GRANT)
PAID_BY_RULES = (Kind.PRIZE, Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM)  # to a user; and for nobody:
FOR_NOBODY = (Kind.TEAM_UNLOCK,)
NEVER_KNOWN = 256  # rules there can be
GIFTS = (Kind.GIFT, Kind.BEAN_GIFT)
FROM_GROWING = (Kind.HARVEST, Kind.FADE)
FROM_AVAILABLE = (Kind.EXPIRE, Kind.DECAY, Kind.REVOKE, Kind.REDEEM_HOLD, Kind.BEAN_GIFT)
FROM_HOURS = (Kind.HOUR_REDEEM, Kind.HOUR_REVOKE)
OF_PROJECT = (*GIFTS, Kind.ORDER_CREATE, Kind.TEAM_UNLOCK, Kind.DISBURSE_ASK, Kind.FEE, Kind.MOVE)
OF_POOL = (*GIFTS, Kind.PRIZE, Kind.ORDER_CONFIRM, Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK)
OF_NGO = (Kind.FEE, Kind.FEE_PAYOUT)
OF_MERCHANT = (Kind.ORDER_CREATE, Kind.PAYOUT)
SOURCES = {Asset.BEAN: 3100, Asset.HOUR: 3300, Asset.CNY: 1110}  # of openings
SETTLEMENTS = (Kind.SETTLE, Kind.SETTLE_BACK)
UNSET = (
    "behind", "beans", "hour", "fund", "pool", "escrow", "payable", "once", "rule", "budget", "allowance", "under",
    "under_budget", "under_allowance", "granted", "granted_time",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """By place: what was asked. `accounts`: the numbers of all that it may touch."""

    rows: NDArray[np.void]
    accounts: Accounts
    once: int  # how many different things may be done once


class Asking:
    """Collects keys of accounts first, then fills in their numbers."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.source = evidence, evidence.rows
        self.rows = np.zeros(evidence.places, ASKED)
        for name in UNSET:
            self.rows[name] = -1
        self.keys: list[tuple[str, NDArray[np.intp], Ints]] = []  # column, places, keys

    def run(self) -> Asked:
        """All records."""
        self._plain()
        self._users()
        self._money()
        self._rules()
        self._openings()
        accounts = Accounts(self.evidence.wire, [keys for _, _, keys in self.keys])
        for column, places, keys in self.keys:
            self.rows[column][places] = accounts.find(keys)
        self._families(accounts)
        return Asked(self.rows, accounts, self._once())

    def _of(self, *kinds: int) -> NDArray[np.intp]:
        """Places of rows of these kinds."""
        return np.flatnonzero(np.isin(self.source["kind"], kinds))

    def _note(self, column: str, places: NDArray[np.intp], code: int, tail: Ints | int = 0) -> None:
        """The accounts of a code that rows at places own."""
        owner = self.source[OWNERS[code][0]][places].astype(np.int64)
        none = NO_OWNER.get(OWNERS[code][0], NOBODY)
        known = owner != none
        tails = tail if isinstance(tail, int) else tail[known]
        self.keys.append((column, places[known], key_of(code, owner[known], tails)))

    def _plain(self) -> None:
        rows, source = self.rows[: len(self.source)], self.source
        for name in ("kind", "period", "amount", "amount2", "minutes"):
            rows[name] = source[name]
        rows["day"] = days(self.evidence.wire.start_us + source["due_us"])
        at = self._of(*STEPS, Kind.CORRECTION)
        rows["behind"][at] = self.evidence.place_of(source["ref"][at])

    def _users(self) -> None:
        rows, source = self.rows, self.source
        deeds, harvests = self._of(*DEEDS), self._of(Kind.HARVEST)
        grown = deeds[source["amount"][deeds] > 0]
        self._note("beans", grown, 2100, rows["period"][grown].astype(np.int64))
        self._note("beans", harvests, 2110, rows["period"][harvests].astype(np.int64))
        year = rows["day"].astype(np.int64) // YEARS
        self._note("hour", deeds, 2800, source["klass"][deeds].astype(np.int64) * YEARS + year[deeds])
        gifts = self._of(*GIFTS)
        self._note("hour", gifts, 2800, DONATED * YEARS + year[gifts])
        confirmed = self._of(Kind.ORDER_CONFIRM)
        behind = rows["behind"][confirmed]
        confirmed, behind = confirmed[behind != NOWHERE], behind[behind != NOWHERE]
        buyers = source["subject"][behind].astype(np.int64)
        known = buyers != NOBODY
        confirmed, buyers = confirmed[known], buyers[known]
        self.keys.append(("hour", confirmed, key_of(2800, buyers, DONATED * YEARS + year[confirmed])))

    def _money(self) -> None:
        self._note("fund", self._of(*OF_PROJECT), 2400)
        self._note("pool", self._of(*OF_POOL), 2600)
        self._note("escrow", self._of(Kind.ORDER_CREATE), 2200)
        self._note("payable", self._of(*OF_MERCHANT), 2300)
        self._note("payable", self._of(*OF_NGO), 2450)
        moved = self._of(Kind.MOVE)
        self.keys.append(("payable", moved, key_of(2400, self.source["party"][moved].astype(np.int64))))

    def _rules(self) -> None:
        granted, made = self._of(Kind.GRANT), self._of(Kind.RULE)
        self._note("granted", granted, 3110)
        self._note("granted_time", granted, 3310)
        self._note("budget", made, 3120)
        self._note("under_budget", made, 3520)
        known = np.full(NEVER_KNOWN, STRANGE)
        known[self.source["rule"][made][::-1]] = made[::-1]  # of several the first
        known[NO_RULE] = UNNAMED
        decays = self._of(Kind.DECAY)
        self.rows["rule"][decays] = known[self.source["rule"][decays]]
        for kinds, in_beans in ((IN_BEANS, True), ((*PAID_BY_RULES, *FOR_NOBODY), False)):
            at = self._of(*kinds)
            for column, prefix in (("rule", ""), ("under", "under_")):
                self.rows[column][at] = known[self.source[column][at]]
                self._bounds(at[self.rows[column][at] >= 0], column, prefix, in_beans)

    def _bounds(self, at: NDArray[np.intp], column: str, prefix: str, in_beans: bool) -> None:
        """The accounts that bound rows by the rules they name in a column."""
        terms = self.source[self.rows[column][at]]
        budget, cap = (terms[name] for name in (("amount", "minutes") if in_beans else ("amount2", "period")))
        codes = (3120, 3130) if in_beans else (3520, 3530)
        limited = at[budget > 0]
        rule = self.source[column].astype(np.int64)
        self.keys.append((f"{prefix}budget", limited, key_of(codes[0], rule[limited])))
        user = self._receiving(at)
        capped = (cap > 0) & (user >= 0)
        at, user, days = at[capped], user[capped], terms["channel"][capped].astype(np.int64)
        self.rows[f"{prefix}cap"][at] = cap[capped]
        now = (self.evidence.wire.start_us + self.source["due_us"][at] + CHINA_US) // DAY_US
        first = np.where(days > 0, now - (now - MONDAY) % np.maximum(days, 1), 0)
        self.keys.append((f"{prefix}allowance", at, key_of(codes[1], user, rule[at] << DAY_BITS | first)))

    def _receiving(self, at: NDArray[np.intp]) -> Ints:
        """The users that rows pay; -1 = nobody."""
        kind, behind = self.source["kind"][at], self.rows["behind"][at]
        about = np.where((kind == Kind.ORDER_CONFIRM) & (behind != NOWHERE), behind, at)
        user = self.source["subject"][about].astype(np.int64)
        return np.where(np.isin(kind, FOR_NOBODY) | (user == NOBODY), -1, user)

    def _openings(self) -> None:
        for k, (account, amount) in enumerate(self.evidence.openings):
            place = len(self.source) + k
            code, owner, tail = parse(account)
            self.rows["kind"][place], self.rows["amount"][place] = OPENING, amount
            self.rows["pool"][place] = RANK[SOURCES[CHART[code].asset]]
            self.keys.append(("beans", np.array([place]), key_of(code, owner, tail).reshape(1)))

    def _families(self, accounts: Accounts) -> None:
        for kinds, code in ((FROM_GROWING, 2100), (FROM_AVAILABLE, 2110)):
            at = self._of(*kinds)
            user = self.source["subject"][at].astype(np.int64)
            self.rows["first"][at] = accounts.find(key_of(code, user))
            self.rows["last"][at] = accounts.find(key_of(code, user + 1))
        at = self._of(*FROM_HOURS)
        user, klass = (self.source[name][at].astype(np.int64) for name in ("subject", "klass"))
        self.rows["first"][at] = accounts.find(key_of(2800, user, klass * YEARS))
        self.rows["last"][at] = accounts.find(key_of(2800, user, (klass + 1) * YEARS))

    def _once(self) -> int:
        """Number what may be done once; how many there are."""
        rows, count = self.rows, 0
        imports, settlements = self._of(Kind.IMPORT), self._of(*SETTLEMENTS)
        payouts, made = self._of(Kind.PAYOUT, Kind.FEE_PAYOUT), self._of(Kind.RULE)
        day = rows["day"].astype(np.int64)
        for at, what in (
            (imports, rows["amount2"][imports]),
            (settlements, day[settlements]),
            (made, self.source["rule"][made].astype(np.int64)),
            (payouts, rows["payable"][payouts] << TAIL_BITS | day[payouts]),
        ):
            different, number = np.unique(what, return_inverse=True)
            rows["once"][at] = number + count
            count += len(different)
        return count


def days(instants_us: Ints) -> NDArray[np.int32]:
    """YYYYMMDD of instants, in UTC+8."""
    number = (instants_us + CHINA_US) // DAY_US
    found, which = np.unique(number, return_inverse=True)
    dates = found.astype("M8[D]")
    months = dates.astype("M8[M]")
    year, month = dates.astype("M8[Y]").astype(np.int64) + 1970, months.astype(np.int64) % 12 + 1
    named = year * 10_000 + month * 100 + (dates - months.astype("M8[D]")).astype(np.int64) + 1
    return np.asarray(named[which], np.int32)


def asked(evidence: Evidence) -> Asked:
    """What was asked, by place."""
    return Asking(evidence).run()
