"""One action, one request: the only mapping from a row of a trace to HTTP, and the names both sides use.

A row is a tuple of integers in the order of `COLUMNS`. What a request says is data: `OPS` names, per kind of
action, the operation, the key that signs it, its path and the words of its body; `WORDS` says where a word's
value stands in the row. A `Wire` joins both into templates, once per kind and per set of words present, so
that a row becomes bytes in about a microsecond; dictionaries are read back from those bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from operator import itemgetter
from typing import Any, NamedTuple

from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.ledger.entries import event_id, printed_id

PREFIX = "/v1"
NOBODY = 2**32 - 1  # no project, no merchant
NO_REF = 2**64 - 1
NO_POOL = NO_DEED = NO_RULE = 255
PREPARED = 1 << 40  # rows that open what was open already are numbered from here; a trace's rows from 0
PARTNER = "partner"  # the channel of imported records
CLASSES = ("labour", "donated")

# The columns of a trace, little-endian; the order is that of a row and of the trace's SHA-256.
COLUMNS: dict[str, str] = {
    "n": "<u8",  # the row's number
    "due_us": "<i8",  # µs since the campaign's start
    "chain": "<u4",  # role << 28 | index: rows of one chain are sent one after the other
    "kind": "u1",  # sim.bookkeeping.Kind
    "subject": "<u4",  # index of who acts, among the agents of the kind's role
    "object": "<u4",  # project
    "ref": "<u8",  # number of the row that opened the order, redemption or disbursement, or that is corrected
    "amount": "<i8",  # beans or fen
    "amount2": "<i8",  # price beside fen, match asked beside a gift, fen per 100 beans, external id, a rule's fen
    "expected": "u1",  # see Expected
    "party": "<u4",  # merchant or NGO
    "pool": "u1",
    "minutes": "<i4",  # of a rule: beans that one user may have of it
    "klass": "u1",  # of minutes: index of CLASSES; of a correction: the signer of what it corrects
    "period": "<i4",  # day YYYYMMDD at whose end beans fade or expire; of a rule: fen that one user may have of it
    "deed": "u1",  # row of the deeds' catalogue
    "channel": "u1",  # of a rule: days over which that counts, 0 = for ever
    "role": "u1",  # Signer
    "rule": "u1",  # index of the incentive rule that pays, or that the row makes known
    "under": "u1",  # … and of one that only limits
}
Columns = Mapping[str, NDArray[Any]]


class Signer(IntEnum):
    """Whose key signs a request. A sponsor's key is bound to its pool, an NGO's to a project."""

    PLATFORM = 0
    SYSTEM = 1
    SPONSOR = 2
    NGO = 3
    CHECKER = 4
    ADMIN = 5


class Expected(IntEnum):
    """How a row must end. DEPENDS: it touches something limited that others touch too."""

    ACCEPTED = 0
    DEPENDS = 1


class Row(NamedTuple):
    """One row of a trace, for those who write rows by hand; see `COLUMNS`."""

    n: int
    due_us: int
    chain: int
    kind: int
    subject: int = NOBODY
    object: int = NOBODY
    ref: int = NO_REF
    amount: int = 0
    amount2: int = 0
    expected: int = 0
    party: int = NOBODY
    pool: int = NO_POOL
    minutes: int = 0
    klass: int = 0
    period: int = 0
    deed: int = NO_DEED
    channel: int = 0
    role: int = Signer.PLATFORM
    rule: int = NO_RULE
    under: int = NO_RULE


class Request(NamedTuple):
    """One request. `op` is its name in a batch, where an id of the path goes into the body as `id`."""

    op: str
    role: str  # whose key signs it: a signer in lower case, with the pool or project it is bound to
    method: str
    path: str
    body: dict[str, Any]


class Op(NamedTuple):
    """What a kind of action asks for. A group of `optional` words is left out where its first column says so."""

    name: str
    signer: Signer
    path: str
    words: tuple[str, ...] = ()
    optional: tuple[tuple[str, ...], ...] = ()
    path_id: str = ""  # the word that fills {id} of the path


PLATFORM, SYSTEM, SPONSOR, NGO, CHECKER, ADMIN = Signer
_ORDER = "/orders/{id}"
_MATCH = ("match", "pool")
_RULE = ("rule",)
_EARNED = (("beans", "fades"), ("minutes", "klass"), ("deed",), ("under",))

OPS: dict[Kind, Op] = {
    Kind.DEED: Op(
        "deeds", PLATFORM, "/deeds", ("user", "channel"), _EARNED
    ),
    Kind.GRANT: Op(
        "grants", PLATFORM, "/grants", ("user", "rule"),
        _EARNED,
    ),
    Kind.PRIZE: Op("prizes", SYSTEM, "/prizes", ("user", "rule", "pool", "fen")),
    Kind.RULE: Op(
        "rules", ADMIN, "/rules", ("rule_id",),
        (("budget_beans",), ("budget_fen",), ("user_beans",), ("user_fen",), ("days",)),
    ),
    Kind.IMPORT: Op("deeds", PLATFORM, "/deeds", ("user", "minutes", "klass", "partner", "external_id")),
    Kind.HARVEST: Op("harvests", PLATFORM, "/harvests", ("user", "beans", "expires")),
    Kind.FADE: Op("expiries", SYSTEM, "/expiries", ("user", "growing", "beans")),
    Kind.EXPIRE: Op("expiries", SYSTEM, "/expiries", ("user", "available", "beans")),
    Kind.DECAY: Op("decays", SYSTEM, "/decays", ("user", "beans", "rule")),
    Kind.REDEEM_HOLD: Op("redemptions", PLATFORM, "/redemptions", ("new_id", "user", "beans")),
    Kind.REDEEM_SHIP: Op("redemptions.ship", PLATFORM, "/redemptions/{id}/ship", path_id="id"),
    Kind.REDEEM_CANCEL: Op("redemptions.cancel", PLATFORM, "/redemptions/{id}/cancel", path_id="id"),
    Kind.REVOKE: Op("revocations", SYSTEM, "/revocations", ("user", "beans")),
    Kind.HOUR_REVOKE: Op("revocations", SYSTEM, "/revocations", ("user", "minutes", "klass")),
    Kind.HOUR_REDEEM: Op("hour-redemptions", PLATFORM, "/hour-redemptions", ("user", "minutes", "klass")),
    Kind.BEAN_GIFT: Op(
        "bean-donations", PLATFORM, "/bean-donations", ("user", "project", "pool", "beans", "rate"),
        (("minutes",), _RULE),
    ),
    Kind.GIFT: Op("donations", PLATFORM, "/donations", ("user", "project", "fen"), (("minutes",), _MATCH, _RULE)),
    Kind.ORDER_CREATE: Op(
        "orders", PLATFORM, "/orders", ("new_id", "user", "merchant", "project", "price", "fen")
    ),
    Kind.ORDER_PAY: Op("orders.pay", PLATFORM, f"{_ORDER}/pay", path_id="id"),
    Kind.ORDER_CONFIRM: Op(
        "orders.confirm", PLATFORM, f"{_ORDER}/confirm", (), (("minutes",), _MATCH, _RULE), path_id="id"
    ),
    Kind.ORDER_REFUND: Op("orders.refund", PLATFORM, f"{_ORDER}/refund", path_id="id"),
    Kind.ORDER_CANCEL: Op("orders.cancel", PLATFORM, f"{_ORDER}/cancel", path_id="id"),
    Kind.POOL_DEPOSIT: Op("pools.deposit", SPONSOR, "/pools/{id}/deposits", ("fen",), path_id="pool_id"),
    Kind.POOL_WITHDRAW: Op("pools.withdraw", SPONSOR, "/pools/{id}/withdrawals", ("fen",), path_id="pool_id"),
    Kind.TEAM_UNLOCK: Op(
        "pools.unlock", SPONSOR, "/pools/{id}/unlocks", ("fen", "project"), (_RULE,), path_id="pool_id"
    ),
    Kind.DISBURSE_ASK: Op("disbursements", NGO, "/disbursements", ("new_id", "project", "fen")),
    Kind.DISBURSE_APPROVE: Op(
        "disbursements.approve", CHECKER, "/disbursements/{id}/approve", path_id="id"
    ),
    Kind.DISBURSE_PAID: Op("disbursements.complete", SYSTEM, "/disbursements/{id}/complete", path_id="id"),
    Kind.DISBURSE_FAILED: Op("disbursements.fail", SYSTEM, "/disbursements/{id}/fail", path_id="id"),
    Kind.FEE: Op("fees", NGO, "/fees", ("project", "ngo", "fen")),
    Kind.CORRECTION: Op("corrections", SYSTEM, "/corrections", ("donation", "fen")),
    Kind.MOVE: Op("moves", SYSTEM, "/moves", ("project", "to", "fen")),
    Kind.SETTLE: Op("provider-settlements", SYSTEM, "/provider-settlements", ("fen", "in")),
    Kind.SETTLE_BACK: Op("provider-settlements", SYSTEM, "/provider-settlements", ("fen", "out")),
    Kind.PAYOUT: Op("payouts", SYSTEM, "/payouts", ("merchant", "fen")),
    Kind.FEE_PAYOUT: Op("payouts", SYSTEM, "/payouts", ("ngo", "fen")),
}  # fmt: skip
# Kinds that the ledger knows as another one: what goes back to a giver is a donation corrected by its project.
SENT_AS: dict[Kind, Kind] = dict.fromkeys((Kind.RECYCLE_BACK, Kind.RETURN), Kind.CORRECTION)

# A word of a body: the column its value stands in ("" = none) and its JSON. {ns} goes before every name.
WORDS: dict[str, tuple[str, str]] = {
    "user": ("subject", '"user":"{ns}u%d"'),
    "merchant": ("party", '"merchant":"{ns}m%d"'),
    "ngo": ("party", '"ngo":"{ns}n%d"'),
    "project": ("object", '"project":"{ns}p%d"'),
    "to": ("party", '"to":"{ns}p%d"'),
    "pool": ("pool", '"pool":"{ns}s%d"'),
    "pool_id": ("pool", '"id":"{ns}s%d"'),
    "new_id": ("n", '"id":"{run}-%d"'),
    "id": ("ref", '"id":"{run}-%d"'),
    "donation": ("ref", '"donation":"%s"'),  # an event id, looked up by `Wire`
    "beans": ("amount", '"beans":%d'),
    "fen": ("amount", '"fen":%d'),
    "price": ("amount2", '"price":%d'),
    "match": ("amount2", '"match":%d'),
    "rate": ("amount2", '"rate":%d'),
    "minutes": ("minutes", '"minutes":%d'),
    "fades": ("period", '"fades":%d'),
    "expires": ("period", '"expires":%d'),
    "deed": ("deed", '"deed":"d%d"'),
    "rule": ("rule", '"rule":"{ns}r%d"'),
    "under": ("under", '"under":["{ns}r%d"]'),
    "rule_id": ("rule", '"id":"{ns}r%d"'),
    "budget_beans": ("amount", '"beans":%d'),
    "budget_fen": ("amount2", '"fen":%d'),
    "user_beans": ("minutes", '"user_beans":%d'),
    "user_fen": ("period", '"user_fen":%d'),
    "days": ("channel", '"days":%d'),
    "channel": ("channel", '"channel":"c%d"'),
    "partner": ("", f'"channel":"{PARTNER}"'),
    "external_id": ("amount2", '"external_id":"{ns}%d"'),
    "klass": ("", '"klass":"{klass}"'),
    "growing": ("", '"stage":"growing"'),
    "available": ("", '"stage":"available"'),
    "in": ("", '"direction":"in"'),
    "out": ("", '"direction":"out"'),
}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")  # with a number behind it an id stays within 64 characters
_ABSENT = {
    "deed": NO_DEED,
    "rule": NO_RULE,
    "under": NO_RULE,
}  # what a column holds where an optional word is left out; 0 where not named
_PLACE = {name: k for k, name in enumerate(COLUMNS)}
N, DUE, KIND, REF, KLASS, ROLE = (_PLACE[name] for name in ("n", "due_us", "kind", "ref", "klass", "role"))


def rows(columns: Columns, first: int = 0, last: int | None = None) -> Iterator[tuple[int, ...]]:
    """Rows first … last (exclusive) of equally long columns, as tuples in the order of `COLUMNS`."""
    return zip(*(columns[name][first:last].tolist() for name in COLUMNS), strict=True)


class _Template(NamedTuple):
    """One shape of a request: text to fill and where the values stand in a row."""

    op: Op
    path: str
    path_value: int
    body: str
    values: Any  # row -> tuple of values


class Wire:
    """Turns rows into requests for one run against one target.

    `run` stands in idempotency keys and document ids, `namespace` before every other name (for a target that
    is not ours alone). `start_us`: the campaign's start, µs since the Unix epoch. `principals`: ids of the
    keys by role, where they differ from the role's own name; event ids depend on them.
    """

    def __init__(
        self, run: str, start_us: int, *, namespace: str = "", principals: Mapping[str, str] | None = None
    ) -> None:
        for text in (run, namespace or run):
            if not _NAME.fullmatch(text):
                raise ValueError(f"{text!r}: letters, digits, dots and dashes only, at most 40")
        self.run, self.start_us, self.namespace = run, start_us, namespace
        self.principals = dict(principals or {})
        self._optional = {int(k): [_presence(group[0]) for group in op.optional] for k, op in OPS.items()}
        self._templates: dict[tuple[int, int, int], _Template] = {}

    # --- rows -----------------------------------------------------------------------------------------

    def request(self, row: tuple[int, ...]) -> Request:
        """The request of a row, to read or to change."""
        shape = self._shape(row)
        return Request(
            shape.op.name, self.role(row), "POST", self._path(shape, row), json.loads(self.body(row))
        )

    def path(self, row: tuple[int, ...]) -> str:
        """The path of a row's request."""
        return self._path(self._shape(row), row)

    def body(self, row: tuple[int, ...]) -> bytes:
        """The body of a row's request, compact JSON."""
        shape = self._shape(row)
        return (shape.body % (self.start_us + row[DUE], *self._values(shape, row))).encode()

    def item(self, row: tuple[int, ...]) -> bytes:
        """The row as an item of a batch."""
        shape = self._shape(row)
        word = shape.op.path_id
        named = self._word(word) % row[shape.path_value] + "," if word else ""
        said = shape.body % (self.start_us + row[DUE], *self._values(shape, row))
        key = self.key(row[N])
        return f'{{"op":"{shape.op.name}","idempotency_key":"{key}","body":{{{named}{said[1:]}}}'.encode()

    def role(self, row: tuple[int, ...]) -> str:
        """Whose key signs a row: `platform`, `system`, `checker`, `sponsor-s0`, `ngo-p3`."""
        signer = row[ROLE]
        if signer == SPONSOR:
            return f"sponsor-{self.name('s', row[_PLACE['pool']])}"
        if signer == NGO:
            return f"ngo-{self.name('p', row[_PLACE['object']])}"
        return Signer(signer).name.lower()

    def opening(self, account: str, amount: int, due_us: int) -> tuple[str, Request]:
        """Idempotency key and request of an opening balance (not of a trace's row: nobody acts)."""
        body = {"effective_at": self.start_us + due_us, "account": self.account(account), "amount": amount}
        return f"{self.run}:{account}", Request("openings", "admin", "POST", f"{PREFIX}/openings", body)

    # --- names ------------------------------------------------------------------------------------------

    def name(self, letter: str, index: int) -> str:
        """u12, m3, p4, s0, n2, behind the namespace."""
        return f"{self.namespace}{letter}{index}"

    def account(self, name: str) -> str:
        """An account's name at the target: its owner stands behind the namespace."""
        code, colon, rest = name.partition(":")
        return f"{code}{colon}{self.namespace}{rest}" if rest else name

    def key(self, n: int) -> str:
        """The idempotency key of row n."""
        return f"{self.run}:{n}"

    def document(self, n: int) -> str:
        """The id of the order, redemption or disbursement that row n opens."""
        return f"{self.run}-{n}"

    def principal(self, role: str) -> str:
        """The id of the key with that role; behind the namespace, so that every run has keys of its own."""
        return self.principals.get(role, f"{self.namespace}{role}")

    def event_id(self, n: int, role: str) -> str:
        """The printed id of row n's event."""
        return printed_id(event_id(self.principal(role), self.key(n)))

    # --- templates ----------------------------------------------------------------------------------------

    def _shape(self, row: tuple[int, ...]) -> _Template:
        kind, present = row[KIND], 0
        for bit, (place, absent) in enumerate(self._optional[kind]):
            if row[place] != absent:
                present |= 1 << bit
        # Only minutes have a class; elsewhere the column says something else.
        key = (kind, present, row[KLASS] & 1)
        shape = self._templates.get(key)
        if shape is None:
            shape = self._templates[key] = self._template(*key)
        return shape

    def _template(self, kind: int, present: int, klass: int) -> _Template:
        op = OPS[Kind(kind)]
        chosen = [group for bit, group in enumerate(op.optional) if present >> bit & 1]
        words = [*op.words, *(word for group in chosen for word in group)]
        texts = ['"effective_at":%d', *(self._word(word, CLASSES[klass]) for word in words)]
        places = [_PLACE[WORDS[word][0]] for word in words if WORDS[word][0]]
        path_value = _PLACE[WORDS[op.path_id][0]] if op.path_id else N
        found = json.loads(f"{{{self._word(op.path_id)}}}")["id"] if op.path_id else ""
        path = (PREFIX + op.path).replace("%", "%%").replace("{id}", found)
        return _Template(op, path, path_value, "{" + ",".join(texts) + "}", _getter(places))

    def _word(self, word: str, klass: str = "") -> str:
        text = WORDS[word][1]
        return text.replace("{ns}", self.namespace).replace("{run}", self.run).replace("{klass}", klass)

    def _path(self, shape: _Template, row: tuple[int, ...]) -> str:
        return shape.path % row[shape.path_value] if shape.op.path_id else shape.path

    def _values(self, shape: _Template, row: tuple[int, ...]) -> tuple[Any, ...]:
        if row[KIND] == Kind.CORRECTION:
            role = Signer(row[KLASS]).name.lower()
            return self.event_id(row[REF], role), *shape.values(row)[1:]
        return tuple(shape.values(row))


def _presence(word: str) -> tuple[int, int]:
    column = WORDS[word][0]
    return _PLACE[column], _ABSENT.get(column, 0)


def _getter(places: list[int]) -> Any:
    """A row's values at some places, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)
