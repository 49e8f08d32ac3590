"""Parts of the action stream as columns of requests: which rows are sent, and what each says.

All of a part at once, never row by row. Rows that move no balance send nothing, but for orders that are
created and cancelled, which open and close documents. What points at other rows is linked afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.arrays import Flags
from sim.bookkeeping import ROLES, Kind, Role
from sim.engine.actions import Actions
from sim.errors import UsageError
from sim.kernel.allotment import claim_order
from sim.kernel.rows import DONATED, NO_DEED
from sim.kernel.shopping import confirm_themselves
from sim.scenario import Scenario
from sim.spans import DAY_US
from sim.trace import Columns, empty_columns
from sim.tracing.days import Calendar
from sim.tracing.terms import Caps, is_budgeted
from sim.wire import COLUMNS, NO_POOL, NO_REF, NO_RULE, NOBODY, OPS, SENT_AS, Expected, Signer

if TYPE_CHECKING:
    from sim.engine.campaign import Campaign

Rows = NDArray[np.intp]  # places in a part
CHAIN_BITS = 28
FEN_PER_RATED = 10_000  # fen for 100 beans, the unit of a pool's rate, at one bean a yuan

BEAN_KINDS = (
    Kind.DEED, Kind.HARVEST, Kind.FADE, Kind.EXPIRE, Kind.REDEEM_HOLD, Kind.REDEEM_SHIP, Kind.REDEEM_CANCEL,
    Kind.REVOKE, Kind.BEAN_GIFT, Kind.GRANT, Kind.DECAY,
)  # fmt: skip
ORDER_KINDS = (
    Kind.ORDER_CREATE, Kind.ORDER_PAY, Kind.ORDER_CONFIRM, Kind.ORDER_REFUND, Kind.ORDER_CANCEL,
)  # fmt: skip
PAYING_KINDS = (Kind.DISBURSE_APPROVE, Kind.DISBURSE_PAID, Kind.DISBURSE_FAILED)
DISBURSE_KINDS = (Kind.DISBURSE_ASK, *PAYING_KINDS)
MATCHED = (Kind.GIFT, Kind.ORDER_CONFIRM)
# Decided by what others have left: pools, what a project has, custody, what a merchant is owed by then.
SHARED = (
    Kind.BEAN_GIFT, Kind.PRIZE, Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK, *DISBURSE_KINDS, Kind.FEE,
    Kind.CORRECTION, Kind.MOVE, Kind.SETTLE_BACK, Kind.PAYOUT, Kind.FEE_PAYOUT,
)  # fmt: skip
SENT_WHEN_REFUSED = (Kind.BEAN_GIFT, Kind.CORRECTION)  # a voucher out of stock is no matter of the ledger


def _mark(*kinds: Kind) -> NDArray[np.bool_]:
    """True at the numbers of these kinds."""
    marked = np.zeros(256, bool)
    marked[list(kinds)] = True
    return marked


SENT = _mark(*(kind for kind in OPS if kind not in (Kind.DISBURSE_APPROVE, Kind.RULE)), *SENT_AS)
_SENT_ANYHOW = _mark(*SENT_WHEN_REFUSED)
_BEANS = _mark(*BEAN_KINDS)
_NO_AMOUNT = _mark(Kind.IMPORT, Kind.HOUR_REDEEM, Kind.HOUR_REVOKE)
_HAS_PROJECT = _mark(
    *ORDER_KINDS,
    *DISBURSE_KINDS,
    Kind.GIFT,
    Kind.BEAN_GIFT,
    Kind.TEAM_UNLOCK,
    Kind.FEE,
    Kind.CORRECTION,
    Kind.MOVE,
)
_HAS_PARTY = _mark(*ORDER_KINDS, Kind.FEE, Kind.MOVE, Kind.PAYOUT, Kind.FEE_PAYOUT)
_EARNED = _mark(Kind.DEED, Kind.GRANT)
_HAS_RULE = _mark(
    Kind.GRANT, Kind.PRIZE, Kind.DECAY, Kind.BEAN_GIFT, Kind.TEAM_UNLOCK
)  # beside what a pool matches
_HAS_POOL = _mark(Kind.BEAN_GIFT, Kind.PRIZE, Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW, Kind.TEAM_UNLOCK)
_HAS_PRICE = _mark(Kind.ORDER_CREATE, Kind.ORDER_PAY, Kind.ORDER_REFUND, Kind.ORDER_CANCEL)
_HAS_MINUTES = _mark(
    Kind.DEED,
    Kind.GRANT,
    Kind.IMPORT,
    Kind.GIFT,
    Kind.BEAN_GIFT,
    Kind.ORDER_CONFIRM,
    Kind.HOUR_REDEEM,
    Kind.HOUR_REVOKE,
)
_SHARED = _mark(*SHARED)
_CLAIMS = _mark(*MATCHED, Kind.BEAN_GIFT, Kind.PRIZE)
_SIGNER = np.zeros(256, np.uint8)
_CHAIN = np.zeros(256, np.uint32)
for _kind, _op in OPS.items():
    _SIGNER[_kind] = _op.signer
    _CHAIN[_kind] = ROLES[_kind] << CHAIN_BITS


def user_chain(user: NDArray[np.integer]) -> NDArray[np.uint32]:
    """The chains of users."""
    return np.asarray(user.astype(np.uint32) | np.uint32(Role.USER << CHAIN_BITS))


def join_columns(parts: list[Columns]) -> Columns:
    """Columns one part after the other."""
    if not parts:
        return empty_columns()
    return {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}


def prices(scenario: Scenario) -> list[tuple[str, int]]:
    """How many beans make a yuan when they are given, and where that is said."""
    ruled = [(f"rules.{name}.form.price", rule.form.price) for name, rule in scenario.rules.items()]
    return [("beans.per_yuan", scenario.beans.per_yuan), *((at, price) for at, price in ruled if price)]


class Converter:
    """What a part's rows say as requests, for one campaign."""

    def __init__(self, campaign: Campaign) -> None:
        people, scenario = campaign.population, campaign.scenario
        self.campaign = campaign
        self.rules = people.rules
        self.deed_minutes = people.deeds["minutes"]
        self.calendar = Calendar.of(
            scenario.scenario.start, people.days["period"], people.period_end, int(people.values["life_days"])
        )
        for where, per_yuan in prices(scenario):
            if FEN_PER_RATED % per_yuan and any(pool.serves == "beans" for pool in scenario.pools.values()):
                raise UsageError(
                    f"{where} = {per_yuan}: a trace needs whole fen for 100 beans; use a divisor of 10000"
                )
        self.caps, self.budgeted = Caps(scenario), is_budgeted(scenario)

    def convert(self, part: Actions, chosen: Rows, first: int) -> tuple[Columns, Rows]:
        """Requests of the chosen rows of a part, numbered from `first`, and of which row each comes."""
        kinds = part["kind"]
        sent = SENT[kinds] & ((part["outcome"] == 0) | _SENT_ANYHOW[kinds])
        sent &= ~_EARNED[kinds] | (part["beans"] > 0) | (part["minutes"] > 0)
        source = chosen[sent[chosen]]
        # The approval is not in the stream: it stands right before what it allows.
        ends = np.isin(kinds[source], PAYING_KINDS)
        source = np.repeat(source, 1 + ends)
        rows = part.take(source)
        before = np.flatnonzero(ends) + np.arange(np.count_nonzero(ends))
        rows["kind"][before] = Kind.DISBURSE_APPROVE
        for kind, known_as in SENT_AS.items():
            these = np.flatnonzero(rows["kind"] == kind)
            rows["kind"][these], rows["agent"][these] = known_as, rows["project"][these]
        return self._columns(rows, first), source

    def shared(self, part: Actions) -> Flags:
        """Which rows of users claim something that a barrier shares out: money of a pool, a rule's budget."""
        on_pool = _CLAIMS[part["kind"]] & (part["pool"] > 0)
        return np.asarray(on_pool | ((part["kind"] == Kind.GRANT) & self.budgeted[part["rule"]]))

    def served(self, claims: Actions) -> Rows:
        """The order in which a barrier serves claims."""
        return claim_order(self.campaign.scenario.scenario.seed, self.campaign.replication, claims)

    def _columns(self, rows: Actions, first: int) -> Columns:
        kinds = np.ascontiguousarray(rows["kind"])
        agent = rows["agent"].astype(np.uint32)
        match = self._matches(rows, kinds)
        minutes = np.where(_HAS_MINUTES[kinds], rows["minutes"], 0).astype(np.int32)
        refused = np.flatnonzero((kinds == Kind.BEAN_GIFT) & (rows["outcome"] != 0))
        minutes[refused] = self.deed_minutes[rows["deed"][refused]]
        pool = rows["pool"] - np.uint8(1)  # no pool, 0 in the stream, becomes NO_POOL
        shared = _SHARED[kinds] | (match > 0) | (_EARNED[kinds] & self.budgeted[rows["rule"]])
        return {
            "n": np.arange(first, first + len(rows), dtype=np.uint64),
            "due_us": rows["t"].astype(np.int64),
            "chain": agent | _CHAIN[kinds],
            "kind": kinds,
            "subject": agent,
            "object": np.where(_HAS_PROJECT[kinds], rows["project"].astype(np.uint32), np.uint32(NOBODY)),
            "ref": np.full(len(rows), NO_REF, np.uint64),
            "amount": np.where(_NO_AMOUNT[kinds], 0, np.where(_BEANS[kinds], rows["beans"], rows["fen"])),
            "amount2": self._second_amounts(rows, kinds, match),
            "expected": shared.astype(np.uint8) * np.uint8(Expected.DEPENDS),
            "party": np.where(_HAS_PARTY[kinds], rows["party"].astype(np.uint32), np.uint32(NOBODY)),
            "pool": np.where(_HAS_POOL[kinds] | (match > 0), pool, np.uint8(NO_POOL)),
            "minutes": minutes,
            "klass": self._classes(rows, kinds),
            "period": self._periods(rows, kinds),
            "deed": np.where(_EARNED[kinds], rows["deed"], np.uint8(NO_DEED)),
            "channel": rows["channel"].copy(),
            "role": self._signers(rows, kinds),
            "rule": np.where(_HAS_RULE[kinds] | (match > 0), rows["rule"] - np.uint8(1), np.uint8(NO_RULE)),
            "under": self.caps.of(kinds, rows),
        }

    def _matches(self, rows: Actions, kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The match each row asks of its pool: the stream says what was granted, the campaign what was asked."""
        match = np.where(np.isin(kinds, MATCHED), rows["match"], 0).astype(np.int64)
        asked = self.campaign.asked
        if len(asked):
            keys = asked["agent"].astype(np.int64) << 32 | asked["number"]
            order = np.argsort(keys)
            candidates = np.flatnonzero(np.isin(kinds, MATCHED) & (rows["pool"] > 0))
            wanted = rows["agent"][candidates].astype(np.int64) << 32 | rows["number"][candidates]
            place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
            found = keys[order][place] == wanted
            match[candidates[found]] = asked["match"][order[place[found]]]
        return match

    def _second_amounts(
        self, rows: Actions, kinds: NDArray[np.uint8], match: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        second = np.where(_HAS_PRICE[kinds], rows["price"], match)
        given = kinds == Kind.BEAN_GIFT
        second[given] = 100 * rows["fen"][given].astype(np.int64) // rows["beans"][given]
        imported = kinds == Kind.IMPORT
        second[imported] = rows["ref"][imported]
        return second

    def _classes(self, rows: Actions, kinds: NDArray[np.uint8]) -> NDArray[np.uint8]:
        classes = np.where(_HAS_MINUTES[kinds], rows["klass"], np.uint8(0))
        classes[np.isin(kinds, (Kind.GIFT, Kind.BEAN_GIFT, Kind.ORDER_CONFIRM))] = DONATED
        return classes

    def _periods(self, rows: Actions, kinds: NDArray[np.uint8]) -> NDArray[np.int32]:
        """The day at whose end beans go. Beans for an order, a share or a head start are granted with the action
        before them, a microsecond earlier and perhaps on the day before."""
        periods = np.zeros(len(rows), np.int32)
        grown = np.flatnonzero(_EARNED[kinds] & (rows["beans"] > 0))
        earned = (rows["t"][grown] - (rows["deed"][grown] == NO_DEED)) // DAY_US
        periods[grown] = self.calendar.fades(earned)
        harvested = np.flatnonzero(kinds == Kind.HARVEST)
        periods[harvested] = self.calendar.expires(rows["t"][harvested] // DAY_US)
        return periods

    def _signers(self, rows: Actions, kinds: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The key of the kind; an order that confirms itself is confirmed by the system."""
        signers = _SIGNER[kinds]
        confirmed = np.flatnonzero(kinds == Kind.ORDER_CONFIRM)
        by_timer = np.zeros(len(confirmed), bool)
        buyers, refs = (rows[name][confirmed].astype(np.int64) for name in ("agent", "ref"))
        confirm_themselves(buyers, refs, self.rules, by_timer)
        signers[confirmed[by_timer]] = Signer.SYSTEM
        return signers
