"""A bound on what will be done: what is asked for is weighed before it is begun, and the absurd is refused.

Time, memory and disk are compared with what may be taken and what is free; every refusal names the knobs to turn.
"""

from __future__ import annotations

import os
import resource
import shutil
from contextlib import suppress
from pathlib import Path

from sim.errors import UsageError

LONGEST = "24 h"  # what takes longer has to be asked for with --longest
MEANT_S = 30 * 86_400.0  # nobody means to wait longer
MOST_WORKERS = 256  # threads, or processes that send
SPARED = 0.9  # of what is free may be taken
BYTES_A_USER = 350  # measured: 250 (hello) to 320 (double11_2018), with the records of an interval
PROCESS_BYTES = 250 << 20  # of a process before it has any users; measured: 180 MiB
MOST_USERS = 2**32 - 2  # a user's number has four bytes
US_A_USER_DAY = 1.0  # measured: 0.4 (double11_2018) to 1.0 (hello) microseconds on one core of 2026
REPLICATION_S = 0.3  # what any replication takes
_UNITS = (("years", 365.25 * 86_400), ("days", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))
_CGROUP = Path("/sys/fs/cgroup")


def seconds_of(text: str, flag: str = "--longest") -> float:
    """Seconds of "30 h" or "30h". Raises UsageError."""
    from sim.units import parse_duration  # heavy for who only asks for help

    try:
        us = parse_duration(text)
    except ValueError as error:
        raise UsageError(f'{flag} {text}: {error}; write it like "30 h"') from None
    if not us:
        raise UsageError(f'{flag} {text}: must be longer than nothing; write it like "30 h"')
    return us / 1e6


def spoken(seconds: float) -> str:
    """A length of time for people: 15 s, 2.5 h, 8,190 years."""
    name, unit = next((one for one in _UNITS if seconds >= 2 * one[1]), _UNITS[-1])
    value = seconds / unit
    if value >= 1e6:
        return f"more than a million {name}"
    return f"{value:,.0f} {name}" if value >= 10 else f"{value:,.1f} {name}"


def sized(count: float) -> str:
    """Bytes for people: 640 KiB, 1.9 TiB."""
    names = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(names) > 1:
        count, names = count / 1024, names[1:]
    return f"{count:,.0f} {names[0]}" if count >= 10 or names[0] == "bytes" else f"{count:,.1f} {names[0]}"


def insist_on_time(what: str, needed_s: float, longest_s: float, remedy: str) -> None:
    """Raises UsageError if something takes longer than it may."""
    if needed_s > longest_s:
        allowing = (
            f'; or allow it with --longest "{int(needed_s / 3_600) + 1} h"' if needed_s < MEANT_S else ""
        )
        raise UsageError(
            f"{what} would take {spoken(needed_s)}, and the most is {spoken(longest_s)}: {remedy}{allowing}"
        )


def insist_on_memory(what: str, needed: int, remedy: str) -> None:
    """Raises UsageError if something needs more memory than is free."""
    free = free_memory()
    if free is not None and needed > SPARED * free:
        raise UsageError(f"{what} would need {sized(needed)} of memory, and {sized(free)} are free: {remedy}")


def insist_on_disk(what: str, needed: int, folder: Path, remedy: str) -> None:
    """Raises UsageError if something needs more room than is free where it will stand."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(there).free
    if needed > SPARED * free:
        raise UsageError(
            f"{what} would need {sized(needed)} in {folder}, and {sized(free)} are free: {remedy}"
        )


def free_memory() -> int | None:
    """Bytes that this process may still take, as far as the system tells."""
    found = []
    with suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        found.append(int(text.partition("MemAvailable:")[2].split()[0]) * 1024)
    with suppress(OSError, ValueError):  # a container's; "max" is no number
        most, taken = (int((_CGROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        found.append(most - taken)
    if (limit := resource.getrlimit(resource.RLIMIT_AS)[0]) != resource.RLIM_INFINITY:
        found.append(limit)
    with suppress(OSError, ValueError):
        if not found:
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)


def insist_on_users(users: int) -> None:
    """Raises UsageError if a population of that size does not fit, and says which does."""
    free = free_memory()
    fitting = MOST_USERS if free is None else min(int(SPARED * free) // BYTES_A_USER, MOST_USERS)
    if users > fitting:
        raise UsageError(
            f"{users:,} users would need {sized(users * BYTES_A_USER)} of memory, and about {_rounded(fitting):,} "
            f"fit here: give --users {_rounded(fitting)} or less"
        )


def _rounded(number: int) -> int:
    """Its two leading digits: what is an estimate should look like one."""
    scale = max(10 ** (len(str(number)) - 2), 1)
    return int(number // scale * scale)


def fitting_at_once(users: int) -> int:
    """How many simulations of so many users fit into what is free; at least one."""
    free = free_memory()
    return 1 if free is None else max(1, int(SPARED * free) // (users * BYTES_A_USER + PROCESS_BYTES))


def simulated_s(users: int, days: float) -> float:
    """Roughly how long a simulation takes, in seconds."""
    return REPLICATION_S + users * days * US_A_USER_DAY / 1e6
