"""Charity hours (公益时), kept as whole minutes: 6 are 0.1 hour, 60 one hour.

Labour (出力) and donated (捐献) minutes are never added to one balance; general participation (泛公益) is
recorded beside them and worth none. What a deed is worth stands in the catalogue of a scenario.
"""

from __future__ import annotations


def service_minutes(worked: int) -> int:
    """Minutes of offline service: every full 6 worked minutes count, without travel, meals and rest (F)."""
    return worked // 6 * 6


def capped_minutes(asked: int, used: int, cap: int) -> int:
    """What is credited of `asked` minutes when `used` of the cap are gone: never negative, never above it."""
    return max(0, min(asked, cap - used))
