"""The tables, the same in both stores, and a decision as their rows."""

from __future__ import annotations

from typing import Any

import msgspec

from sim.ledger.accounts import Account
from sim.ledger.decide import Decision
from sim.ledger.stores import LINE_BITS, MODE_NUMBERS, line_id

COLUMNS: dict[str, tuple[str, ...]] = {
    "account": (
        "id", "name", "floor", "ceiling", "closed", "dr_pending", "dr_posted", "cr_pending", "cr_posted",
    ),
    "event": (
        "seq", "eid", "kind", "actor", "ts_us", "effective_at", "document", "state", "facts", "deadline",
        "reverses", "limits", "fingerprint", "answer", "jhash",
    ),
    "transfer": ("id", "mode", "dr", "cr", "amount", "hold"),
    "hold": ("id", "dr", "cr", "amount", "deadline"),
    "document": ("id", "state", "facts", "seq", "held"),
    "refusal": ("eid", "fingerprint", "code", "answer"),
    "access_key": ("id", "secret_hash", "scopes", "owners", "created_us", "expires_us", "revoked_us"),
}  # fmt: skip
# Tables whose rows change: the key, and what a newer row overwrites.
OVERWRITTEN = {
    "account": ("id", COLUMNS["account"][2:]),
    "document": ("id", COLUMNS["document"][1:]),
    "access_key": ("id", COLUMNS["access_key"][1:]),
}
Rows = list[tuple[Any, ...]]


def on_conflict(table: str) -> str:
    """The clause with which a newer row overwrites an older one, or nothing."""
    if table not in OVERWRITTEN:
        return ""
    key, columns = OVERWRITTEN[table]
    return f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in columns)}"


def account_row(account: Account) -> tuple[Any, ...]:
    """An account as its row."""
    a = account
    return (
        a.id, a.name, a.floor, a.ceiling, int(a.closed), a.dr_pending, a.dr_posted, a.cr_pending, a.cr_posted,
    )  # fmt: skip


def rows_of(decision: Decision, head: int) -> dict[str, Rows]:
    """The rows that a decision adds or overwrites, by table; `head` is the last event before it."""
    overlay = decision.overlay
    ids = {name: account.id for name, account in overlay.accounts.items()}
    ended = {(hold.seq, hold.line) for hold in decision.ended if hold.seq > head}
    transfers: Rows = []
    events: Rows = []
    for event, answer in decision.events:
        first = event.seq << LINE_BITS
        for k, (mode, debit, credit, _, amount, hold) in enumerate(event.transfers):
            ends = None if hold is None else line_id(*hold)
            transfers.append((first | k, MODE_NUMBERS[mode], ids[debit], ids[credit], amount, ends))
        limits = None if event.limits is None else msgspec.json.encode(event.limits).decode()
        events.append((*event[:11], limits, event.fingerprint, answer.body, event.jhash))
    return {
        "account": [account_row(account) for account in overlay.accounts.values()],
        "event": events,
        "transfer": transfers,
        "hold": [
            (line_id(h.seq, h.line), ids[h.debit], ids[h.credit], h.amount, h.deadline)
            for h in decision.opened
            if (h.seq, h.line) not in ended
        ],
        "document": [tuple(document) for document in overlay.documents.values()],
        "refusal": [
            (eid, k.fingerprint, k.answer.code, k.answer.body) for eid, k in decision.refused.items()
        ],
    }
