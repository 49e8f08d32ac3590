"""What the charity allows and what the server bears, each number once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_PERIODS = 6  # accounts that one spending may be taken from


@dataclass(frozen=True)
class Policy:
    """Rules of the charity, then bounds of the server; frozen for the life of a server."""

    fee_cap_ppm: int = 100_000  # an NGO's fee, of what its project has available
    window_us: int = 300_000_000  # how far `effective_at` may lie from the wall clock
    campaign_clock: bool = False  # `effective_at` may run freely: tests and load only
    minutes_a_year: Mapping[str, int] = field(default_factory=dict)  # by class; not named = no ceiling

    body_bytes: int = 64 * 1024
    batch_bytes: int = 1024 * 1024
    batch_items: int = 1_000
    body_s: float = 10.0  # for a request's body to arrive
    answer_s: float = 30.0  # for the ledger's answer, then the outcome is unknown
    queue: int = 8_192  # commands that wait for the writer
    per_key: int = 6_144  # of them from one key
    page: int = 1_000  # rows of one page
    readers: int = 2  # threads that read
