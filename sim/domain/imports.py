"""Records taken over from a partner platform, without counting anything twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class PartnerRecord:
    """A record of service elsewhere; partner and external id name it once and for all."""

    partner: str
    external_id: str
    user: int
    minutes: int

    @property
    def identity(self) -> tuple[str, str]:
        return self.partner, self.external_id


def new_records(
    records: Iterable[PartnerRecord], known: Iterable[tuple[str, str]] = ()
) -> list[PartnerRecord]:
    """The records not seen before, each once, in their order: a repeated external id adds nothing."""
    seen = set(known)
    fresh = []
    for record in records:
        if record.identity not in seen:
            seen.add(record.identity)
            fresh.append(record)
    return fresh
