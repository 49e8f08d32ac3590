"""What may be said to the ledger: one message an operation, strict, integers only, and what it answers.

`UNSET` is a word left out; null is never meant. The limits here are the limits of the OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sim.service.keys import ALL, NAME, SCOPES

# `(?![\s\S])` is the end, and unlike `$` not before a last line break either.
END = r"(?![\s\S])"
ID_PATTERN = f"^{NAME}{END}"
ACCOUNT_PATTERN = f"^[0-9]{{4}}(:{NAME}){{0,3}}{END}"
# No comma: of two headers a proxy may make one with a comma between them.
KEY_PATTERN = r"^[!-+\--~]([ -+\--~]{0,126}[!-+\--~])?" + END
EVENT_PATTERN = r"^[0-9a-f]{32}" + END

Id = Annotated[str, Meta(pattern=ID_PATTERN)]
AccountName = Annotated[
    str, Meta(pattern=ACCOUNT_PATTERN, description="code:owner:…, as 2400:p3", examples=["2400:p3"])
]
Key = Annotated[str, Meta(pattern=KEY_PATTERN, description="1 to 128 printable ASCII characters, no comma")]
EventId = Annotated[
    str, Meta(pattern=EVENT_PATTERN, description="id of an event", examples=["0123456789abcdef" * 2])
]
Amount = Annotated[int, Meta(ge=1, le=10**12)]
Fen = Annotated[int, Meta(ge=1, le=10**12, description="fen of yuan")]
FenOrNone = Annotated[int, Meta(ge=0, le=10**12, description="fen of yuan")]
Beans = Annotated[int, Meta(ge=1, le=10**12, description="beans")]
Minutes = Annotated[int, Meta(ge=1, le=10**12, description="minutes of charity time")]
MinutesOrNone = Annotated[int, Meta(ge=0, le=10**12, description="minutes of charity time")]
Bound = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Day = Annotated[
    int, Meta(ge=19_700_101, le=22_551_231, description="civil day of UTC+8, YYYYMMDD", examples=[20220930])
]
Instant = Annotated[
    int, Meta(ge=0, le=2**53 - 1, description="µs since the Unix epoch", examples=[1_662_681_600_000_000])
]
Rules = Annotated[
    tuple[Id, ...],
    Meta(max_length=3, description="rules that only limit: each counts the beans against its bounds"),
]
Klass = Literal["labour", "donated"]
Owner = Annotated[str, Meta(pattern=rf"^(\*|(project|pool):{NAME}){END}")]
Scope = Annotated[str, Meta(extra_json_schema={"enum": list(SCOPES)})]


class Ask(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False, kw_only=True):
    """What every request says: when it happens, in campaign time."""

    effective_at: Instant


class Named(Ask, kw_only=True):
    """A request whose path names what it is about; in a batch the body does."""

    id: Id | UnsetType = UNSET


# --- beans and hours -----------------------------------------------------------------------------------


class Deed(Ask, kw_only=True):
    """A deed of a user, or a record taken over from a partner (with `external_id`: counted once)."""

    user: Id
    beans: Annotated[int, Meta(ge=0, le=10**12)] = 0
    minutes: MinutesOrNone = 0
    klass: Klass | UnsetType = UNSET
    fades: Day | UnsetType = UNSET
    deed: Id | UnsetType = UNSET
    channel: Id | UnsetType = UNSET
    external_id: Id | UnsetType = UNSET
    under: Rules = ()


class Grant(Ask, kw_only=True):
    """What a rule gives a user beside a deed's own pay, or by itself. `deed`: what for."""

    user: Id
    rule: Id
    beans: Annotated[int, Meta(ge=0, le=10**12)] = 0
    minutes: MinutesOrNone = 0
    klass: Klass | UnsetType = UNSET
    fades: Day | UnsetType = UNSET
    deed: Id | UnsetType = UNSET
    under: Rules = ()


class Prize(Ask, kw_only=True):
    """Money that a rule pays to a person, from a pool."""

    user: Id
    rule: Id
    pool: Id
    fen: Fen


class Harvest(Ask, kw_only=True):
    """Growing beans become available, those first that fade first."""

    user: Id
    beans: Beans
    expires: Day


class Redemption(Ask, kw_only=True):
    """Beans held for goods. `until`: from then on the hold may lapse."""

    id: Id
    user: Id
    beans: Beans
    until: Instant | UnsetType = UNSET


class Expiry(Ask, kw_only=True):
    """Beans whose period is over are gone."""

    user: Id
    stage: Literal["growing", "available"]
    beans: Beans


class Decay(Ask, kw_only=True):
    """A rule lets a share of the beans go that somebody has harvested."""

    user: Id
    beans: Beans
    rule: Id


class Revocation(Ask, kw_only=True):
    """Beans, or minutes of a class, taken back after fraud: as many as are left."""

    user: Id
    beans: Beans | UnsetType = UNSET
    minutes: Minutes | UnsetType = UNSET
    klass: Klass | UnsetType = UNSET


class HourRedemption(Ask, kw_only=True):
    """Charity time given for a benefit, that of the earliest year first."""

    user: Id
    minutes: Minutes
    klass: Klass


# --- gifts -----------------------------------------------------------------------------------------------


class BeanDonation(Ask, kw_only=True):
    """Beans given to a project; the pool pays `rate` fen per 100 of them, or nothing happens."""

    user: Id
    project: Id
    pool: Id
    beans: Annotated[int, Meta(ge=100, le=10**12, multiple_of=100, description="full hundreds")]
    rate: Annotated[int, Meta(ge=1, le=10**12, description="fen per 100 beans")]
    minutes: MinutesOrNone = 0
    rule: Id | UnsetType = UNSET


class Donation(Ask, kw_only=True):
    """Money given to a project; the pool adds what is left of `match`, a `rule` what it may still pay of it."""

    user: Id
    project: Id
    fen: Fen
    minutes: MinutesOrNone = 0
    pool: Id | UnsetType = UNSET
    match: FenOrNone = 0
    rule: Id | UnsetType = UNSET


class Correction(Ask, kw_only=True):
    """A wrong donation goes back, once; `donation` is the id of its event."""

    donation: EventId
    fen: Fen


# --- orders ----------------------------------------------------------------------------------------------


class Order(Ask, kw_only=True):
    """An order with a pledge: `fen` of `price` go to the project when it is confirmed."""

    id: Id
    user: Id
    merchant: Id
    project: Id
    price: Fen
    fen: Fen


class Confirmation(Named, kw_only=True):
    """The buyer, or the timer, confirms receipt."""

    minutes: MinutesOrNone = 0
    pool: Id | UnsetType = UNSET
    match: FenOrNone = 0
    rule: Id | UnsetType = UNSET


# --- incentive rules ---------------------------------------------------------------------------------------


class RuleTerms(Ask, kw_only=True):
    """An incentive rule: what it may pay in all and to one user, by whose money, and when. A word left out is no bound.

    `days`: what one user may have counts anew after so many days of UTC+8, from the day of `begins` on (without it,
    weeks begin on Mondays); left out, it counts for ever.
    """

    id: Id
    name: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    pool: Annotated[str, Meta(pattern=ID_PATTERN, description="the only pool it pays from")] | UnsetType = (
        UNSET
    )
    beans: Annotated[int, Meta(ge=1, le=10**12, description="its budget")] | UnsetType = UNSET
    fen: Annotated[int, Meta(ge=1, le=10**12, description="its budget")] | UnsetType = UNSET
    user_beans: Annotated[int, Meta(ge=1, le=10**12, description="for one user")] | UnsetType = UNSET
    user_fen: Annotated[int, Meta(ge=1, le=10**12, description="for one user")] | UnsetType = UNSET
    days: Annotated[int, Meta(ge=1, le=366, description="1 a day, 7 a week")] | UnsetType = UNSET
    begins: Instant | UnsetType = UNSET
    ends: Annotated[int, Meta(ge=0, le=2**53 - 1, description="excluded")] | UnsetType = UNSET


# --- pools and projects ------------------------------------------------------------------------------------


class PoolMoney(Named, kw_only=True):
    """Money into or out of a sponsor's pool."""

    fen: Fen


class Unlock(Named, kw_only=True):
    """A team reached its goal: the pool pays the project."""

    fen: Fen
    project: Id
    rule: Id | UnsetType = UNSET


class Disbursement(Ask, kw_only=True):
    """A project's money is asked for, and held until it is paid or fails."""

    id: Id
    project: Id
    fen: Fen


class Completion(Named, kw_only=True):
    """A disbursement was paid, in full or in part; the rest of the hold is free again."""

    fen: Fen | UnsetType = UNSET


class Fee(Ask, kw_only=True):
    """An NGO's fee, up to the policy's cap."""

    project: Id
    ngo: Id
    fen: Fen


class Moving(Ask, kw_only=True):
    """What a project that ended did not use goes to another project."""

    project: Id
    to: Id
    fen: Fen


# --- system and administration -----------------------------------------------------------------------------


class Settlement(Ask, kw_only=True):
    """The payment provider pays us (in) or is paid (out), once a day."""

    fen: Fen
    direction: Literal["in", "out"]


class Payout(Ask, kw_only=True):
    """A merchant or an NGO is paid, once a day."""

    fen: Fen
    merchant: Id | UnsetType = UNSET
    ngo: Id | UnsetType = UNSET


class Opening(Ask, kw_only=True):
    """An opening balance, before anything else happened."""

    account: AccountName
    amount: Amount


class Limit(Ask, kw_only=True):
    """New bounds of an account; what is left out stays. A floor of null is none."""

    id: AccountName | UnsetType = UNSET
    floor: Bound | UnsetType | None = UNSET
    ceiling: Bound | UnsetType | None = UNSET
    closed: bool | UnsetType = UNSET


# --- batches ---------------------------------------------------------------------------------------------


class Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One request of a batch; an id of its path stands in the body as `id`."""

    op: str
    idempotency_key: Key
    body: msgspec.Raw


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Requests that are decided together; atomic: all or none."""

    items: list[Item]
    atomic: bool = False


# --- keys --------------------------------------------------------------------------------------------------


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key to be made."""

    id: Id
    scopes: Annotated[list[Scope], Meta(min_length=1)]
    owners: Annotated[list[Owner], Meta(min_length=1)] = msgspec.field(default_factory=lambda: [ALL])
    expires_at: Instant | UnsetType = UNSET


class Overlap(msgspec.Struct, forbid_unknown_fields=True):
    """How long the secrets before a new one stay valid."""

    overlap_s: Annotated[int, Meta(ge=0, le=10**9)] = 86_400


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body with no word in it: the path says everything."""
