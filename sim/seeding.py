"""What fits into the key of every draw: 64 bits of seed and 32 of replication, and not one bit more.

A longer seed would be cut and meet another seed's luck in silence, so it is refused wherever it comes in. Seeds below
2**32 share no luck at all, whatever the replication; a longer one shares the key's upper word with the replication.
"""

from __future__ import annotations

from sim.errors import UsageError

WORD = 0xFFFFFFFF
MOST_SEED = 2**64 - 1
MOST_REPLICATION = WORD


def key_of(seed: int, replication: int) -> tuple[int, int]:
    """The two words of Philox's key. Raises UsageError if one of them would be cut."""
    for name, value, most in (("seed", seed, MOST_SEED), ("replication", replication, MOST_REPLICATION)):
        if not 0 <= value <= most:
            raise UsageError(f"{name}={value}: must lie between 0 and {most}")
    return seed & WORD, replication ^ (seed >> 32)
