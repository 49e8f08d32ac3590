"""Chance, keyed instead of sequenced.

Every draw is Philox4x32-10 (Salmon et al. 2011, Random123) of (seed, replication; agent, slot, sub-slot,
purpose). The same agent meets the same luck under every design, on any number of workers and in any order.
A purpose keeps its number for ever: renumbering would change every result.

The scalar functions run compiled and plain with the same bits; `draws` is their twin over arrays.
"""

from __future__ import annotations

from binascii import crc32
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.seeding import WORD as MASK
from sim.seeding import key_of

M0 = 0xD2511F53
M1 = 0xCD9E8D57
W0 = 0x9E3779B9
W1 = 0xBB67AE85
UNIT = 2.0**-32


class Purpose(IntEnum):
    """What a draw is for. Add at the end; never renumber, never reuse."""

    TRAITS = 1
    PLACE = 2
    BUDGET = 3
    VISIT = 4
    BASKET = 5
    PRODUCT = 6
    LIFE = 7
    ENTRY = 8
    FESTIVAL = 9
    DAY = 10
    SESSION = 11
    SLOT = 12
    GIFT = 13
    CLAIM = 14
    MATCH = 15
    SHARE = 16
    SERVICE = 17
    MICRO = 18
    START = 19
    GUARD = 20
    MERCHANT = 30
    PLEDGE = 31
    NGO = 32
    PROJECT = 33
    REPORT = 34
    ACTIVITY = 35
    TEAM = 36
    SPONSOR = 37
    FARMER = 38
    PARTNER = 39
    NAMES = 40
    DISBURSE = 41
    SCALE = 42
    PAYMENT = 43
    CREW = 44
    PAST = 45
    KNOWS = 46
    WAITING = 47
    BADGE = 48
    CITY = 49  # and cohort
    CHOICE = 50
    LOTTERY = 51
    NUDGE = 52


# What a lot of an incentive rule is drawn for, in the low bits of its key: what is done in a session by the place of
# its own lots there, what is passed on after it behind that; orders have two places.
OF_INVITES, OF_ORDERS, OF_PLACES, OF_RANKS, OF_DRAWINGS = 512, 1008, 1021, 1022, 1023
LOT_BITS = 10


def salt_of(name: str) -> int:
    """What tells the lots of an incentive rule from those of others, whatever rules stand beside it: its name."""
    return crc32(name.encode()) << LOT_BITS & MASK


def philox(k0: int, k1: int, c0: int, c1: int, c2: int, c3: int) -> tuple[int, int, int, int]:
    """Four 32-bit words of Philox4x32-10 for key (k0, k1) and counter (c0 … c3), each in [0, 2**32).

    Written for 64-bit wrap-around: the masks make the signed product of the compiled form and the
    unbounded one of plain Python give the same bits.
    """
    for _ in range(10):
        p0 = c0 * M0
        p1 = c2 * M1
        c0 = ((p1 >> 32) & MASK) ^ c1 ^ k0
        c1 = p1 & MASK
        c2 = ((p0 >> 32) & MASK) ^ c3 ^ k1
        c3 = p0 & MASK
        k0 = (k0 + W0) & MASK
        k1 = (k1 + W1) & MASK
    return c0, c1, c2, c3


def unit(word: int) -> float:
    """A 32-bit word as a number strictly inside (0, 1)."""
    return (word + 0.5) * UNIT


def draws(
    seed: int,
    replication: int,
    purpose: int,
    agent: NDArray[np.int64] | int,
    slot: NDArray[np.int64] | int = 0,
    sub: int = 0,
) -> NDArray[np.float64]:
    """The same four units for many agents or slots at once, shape (4, n)."""
    c0, c1 = np.broadcast_arrays(np.asarray(agent, np.uint64), np.asarray(slot, np.uint64))
    c0 = np.atleast_1d(c0)
    c1 = np.atleast_1d(c1)
    c2 = np.full(c0.shape, sub, np.uint64)
    c3 = np.full(c0.shape, purpose, np.uint64)
    k0, k1 = key_of(seed, replication)
    mask = np.uint64(MASK)
    shift = np.uint64(32)
    for _ in range(10):
        p0 = c0 * np.uint64(M0)
        p1 = c2 * np.uint64(M1)
        c0, c1, c2, c3 = (
            (p1 >> shift) ^ c1 ^ np.uint64(k0),
            p1 & mask,
            (p0 >> shift) ^ c3 ^ np.uint64(k1),
            p0 & mask,
        )
        k0 = (k0 + W0) & MASK
        k1 = (k1 + W1) & MASK
    return (np.stack([c0, c1, c2, c3]).astype(np.float64) + 0.5) * UNIT


def one_draw(
    seed: int, replication: int, purpose: int, agent: int, slot: int = 0, sub: int = 0
) -> tuple[float, float, float, float]:
    """Four units for one agent of the few (merchants, NGOs, sponsors), in plain Python."""
    words = philox(*key_of(seed, replication), agent, slot, sub, purpose)
    return unit(words[0]), unit(words[1]), unit(words[2]), unit(words[3])
