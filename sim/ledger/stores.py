"""How a store numbers things, and the ways in which it fails."""

from __future__ import annotations

from sim.errors import BeanpeakError
from sim.ledger.entries import Mode

# How a mode is stored; never renumber.
MODE_NUMBERS = {Mode.POSTED: 0, Mode.PENDING: 1, Mode.POST: 2, Mode.VOID: 3, Mode.EXPIRE: 4}
MODES = {number: mode for mode, number in MODE_NUMBERS.items()}
LINE_BITS = 4  # a line's id is seq * 16 + line


class StoreError(BeanpeakError):
    """The store could not be read or written; nothing of the batch is in it."""


class Fenced(StoreError):
    """Another process became the leader: this one must not write again."""


class Disconnected(StoreError):
    """The connection was lost and nothing of the batch is in the store, which may be asked again."""


class OutcomeUnknown(StoreError):
    """COMMIT failed: the batch is whole in the store or not there at all, and nobody can tell now."""


def line_id(seq: int, line: int) -> int:
    """The number of a line in the store."""
    return seq << LINE_BITS | line
