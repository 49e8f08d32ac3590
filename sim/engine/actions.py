"""The stream: one row an action, of whatever kind, in one deterministic order.

A stream is handed on barrier by barrier and not kept. Its digest is a chain over the parts.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import ROLES
from sim.kernel.ordering import in_order

ACTION = np.dtype(
    [
        ("t", "i8"),  # µs since the scenario's start
        ("fen", "i8"),  # money given, paid or moved
        ("price", "i4"),  # fen of an order
        ("match", "i4"),  # fen of a pool's match: asked, after the barrier granted
        ("agent", "u4"),  # index among the agents of the kind's role; of an opening, the user
        ("number", "u4"),  # the agent's own action number
        (
            "ref",
            "i8",
        ),  # the order, voucher or place it belongs to, by the agent's own numbering; of a split gift's
        # further parts the number of the first
        ("beans", "i4"),
        ("minutes", "i4"),  # charity time
        ("project", "i4"),  # index, -1 = none
        ("party", "i4"),  # merchant of an order, NGO of a fee, -1 = none
        ("team", "u2"),
        ("kind", "u1"),  # sim.bookkeeping.Kind
        ("channel", "u1"),
        ("outcome", "u1"),  # 0 accepted, else refused: refused rows post nothing
        ("klass", "u1"),  # of minutes: 0 labour (出力), 1 donated (捐献)
        ("pool", "u1"),  # 1 + index, 0 = none
        ("deed", "u1"),  # row of the deeds' catalogue
        ("rule", "u1"),  # the incentive rule that pays: 1 + index in the scenario's order, 0 = none
    ],
    align=True,
)
USED_BYTES = sum(ACTION[name].itemsize for name in ACTION.fields or ())
BYTES = f"V{ACTION.itemsize}"  # a row as one thing
CHUNK = 1 << 16  # rows copied at once while hashing; any value gives the same digest

_ROLE_OF_KIND = np.full(256, 255, np.uint8)
for _kind, _role in ROLES.items():
    _ROLE_OF_KIND[_kind] = _role

Actions = NDArray[np.void]


def empty(n: int) -> Actions:
    """n zeroed rows that name no project and no party."""
    actions = np.zeros(n, ACTION)
    actions["project"] = -1
    actions["party"] = -1
    return actions


def from_rows(written: list[dict[str, int]]) -> Actions:
    """Rows of plain values, column → value; columns not named keep what `empty` gives them."""
    actions = empty(len(written))
    for k, row in enumerate(written):
        for column, value in row.items():
            actions[column][k] = value
    return actions


def roles(actions: Actions) -> NDArray[np.uint8]:
    """The role (`sim.bookkeeping.Role`) behind each row; 255 for a kind that does not exist."""
    found: NDArray[np.uint8] = _ROLE_OF_KIND[actions["kind"]]
    return found


def join(*parts: Actions) -> Actions:
    """The rows of all parts, one part after the other.

    numpy copies a structured row field by field when it joins or indexes; `take` and, here, rows viewed as
    plain bytes are ten times as fast.
    """
    rows = np.concatenate([part.view(BYTES) for part in parts])
    return rows.view(ACTION)


def put(actions: Actions, at: NDArray[np.intp], rows: Actions) -> None:
    """Write rows to the places `at`."""
    actions.view(BYTES)[at] = rows.view(BYTES)


def sort_stream(actions: Actions) -> Actions:
    """The rows sorted by (t, role, agent, number), whatever order they came in.

    Users' rows come in the order of users and their numbers, so that sorting by time alone is nearly always
    enough: of a hundred parts one or two are not in order then. Only rows that share their instant are sorted anew.
    """
    rows = actions.take(np.argsort(actions["t"], kind="stable"))
    if not in_order(rows, _ROLE_OF_KIND):
        same = np.zeros(len(rows) + 1, bool)
        same[1:-1] = rows["t"][1:] == rows["t"][:-1]
        ties = np.flatnonzero(same[1:] | same[:-1])
        tied = rows.take(ties)
        put(rows, ties, tied.take(np.lexsort((tied["number"], tied["agent"], roles(tied), tied["t"]))))
    return rows


def chain(previous: bytes, actions: Actions) -> bytes:
    """SHA-256 of the digest so far and these rows' columns; the padding of a row does not count."""
    digest = hashlib.sha256(previous)
    raw = np.ascontiguousarray(actions).view(np.uint8).reshape(len(actions), ACTION.itemsize)
    for first in range(0, len(actions), CHUNK):
        digest.update(np.ascontiguousarray(raw[first : first + CHUNK, :USED_BYTES]).data)
    return digest.digest()
