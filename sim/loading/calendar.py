"""What must hold between the times of a scenario: its calendar, barriers, phases, festivals and pools."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import combinations, pairwise

from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.scenario import Festival, Scenario
from sim.spans import DAY_US, MAX_SHAPES, MOST_DAYS, SECOND

CALENDAR: tuple[Path, ...] = (("scenario", "start"), ("scenario", "length"))


def whole_days(s: Scenario) -> Findings:
    """The scenario starts at midnight and lasts whole days."""
    world = s.scenario
    if world.start.time() != datetime.min.time():
        yield Finding(("scenario", "start"), f"must be midnight; write {world.start.date()}T00:00:00+08:00")
    if world.length == 0 or world.length % DAY_US:
        yield Finding(("scenario", "length"), 'must be whole days, at least one; write it like "3 days"')
    if world.length > MOST_DAYS * DAY_US:
        yield Finding(("scenario", "length"), f"is too long; use at most {MOST_DAYS} days")


def barriers_divide_the_day(s: Scenario) -> Findings:
    """Every midnight is a barrier, so spacings are whole seconds that divide a day."""
    spacings: list[tuple[Path, int]] = [(("clock", "barrier"), s.clock.barrier)]
    spacings += [(("clock", "fine", i, "barrier"), w.barrier) for i, w in enumerate(s.clock.fine)]
    for path, spacing in spacings:
        if spacing == 0 or spacing % SECOND or DAY_US % spacing:
            yield Finding(
                path, 'must divide a day evenly into whole seconds; use for instance "10 min" or "1 h"'
            )


def fine_windows(s: Scenario) -> Findings:
    """Fine windows lie inside the scenario, begin and end on the minute, and do not overlap."""
    windows: list[tuple[Path, datetime, datetime]] = []
    for i, w in enumerate(s.clock.fine):
        path: Path = ("clock", "fine", i)
        windows.append((path, w.start, w.end))
        for key, instant in (("start", w.start), ("end", w.end)):
            if instant.second or instant.microsecond:
                yield Finding((*path, key), "must be a whole minute; drop the seconds")
    yield from _spans(s, windows, "window")


def phases(s: Scenario) -> Findings:
    """Phases lie inside the scenario and do not overlap; not too many begin or end within a day."""
    spans: list[tuple[Path, datetime, datetime]] = [
        (("phases", n), p.start, p.end) for n, p in s.phases.items()
    ]
    yield from _spans(s, spans, "phase")
    shaped: set[date] = set()
    for path, start, end in spans:
        shaped |= {at.date() for at in (start, end) if at.time() != datetime.min.time()}
        if len(shaped) >= MAX_SHAPES:
            problem = f"is one of more than {MAX_SHAPES - 1} days on which phases begin or end; use midnights for some"
            yield Finding((*path, "start"), problem, ((*path, "end"),))
            break


def _spans(s: Scenario, spans: list[tuple[Path, datetime, datetime]], what: str) -> Findings:
    first, last = _bounds(s)
    sound = []
    for path, start, end in spans:
        own = ((*path, "start"), (*path, "end"))
        if start >= end:
            yield Finding((*path, "end"), f"is not after the {what}'s start; give a later end", own)
            continue
        sound.append((path, start, end))
        if start < first:
            yield Finding(
                (*path, "start"), f"is before the scenario starts; use {_text(first)} or later", CALENDAR
            )
        if end > last:
            yield Finding(
                (*path, "end"), f"is after the scenario ends; use {_text(last)} or earlier", CALENDAR
            )
    sound.sort(key=lambda span: span[1])
    for (one, one_start, one_end), (two, start, _) in combinations(sound, 2):
        if start < one_end:
            problem = (
                f"overlaps {_name(one)}, which runs {_text(one_start)} to {_text(one_end)}; move one of them"
            )
            reads = tuple((*path, key) for path in (one, two) for key in ("start", "end"))
            yield Finding((*two, "start"), problem, reads)


def festivals(s: Scenario) -> Findings:
    """Each festival is a day of its own in the scenario; at most one has a presale."""
    first, last = _bounds(s)
    taken: dict[object, str] = {}
    for name, f in s.festivals.items():
        path: Path = ("festivals", name)
        if not first.date() <= f.day < last.date():
            inside = f"from {first.date()} to {last.date() - timedelta(days=1)}"
            yield Finding((*path, "day"), f"is outside the scenario; use a day {inside}", CALENDAR)
        if f.day in taken:
            yield Finding((*path, "day"), f"is the day of festivals.{taken[f.day]}; keep one of them",
                          (("festivals", taken[f.day], "day"),))  # fmt: skip
        taken.setdefault(f.day, name)
        if f.takes_part == 0:
            yield Finding((*path, "takes_part"), "must be above 0; remove the festival if nobody takes part")
        yield from _curve(path, f)
        yield from _presale(path, f)
    later = [name for name, f in s.festivals.items() if f.presale_from is not None][1:]
    for name in later:
        problem = "makes a second presale; only one festival can have one"
        yield Finding(("festivals", name, "presale_from"), problem, (("festivals", "*", "presale_from"),))


def _curve(path: Path, f: Festival) -> Findings:
    """Shares of the day rise strictly with the time of day."""
    for i, point in enumerate(f.curve):
        here: Path = (*path, "curve", i)
        if not 0 < point.after <= DAY_US:
            yield Finding((*here, "after"), 'must lie within the day: above "0 s" and at most "24 h"')
        if point.after == DAY_US and point.share != 1:
            yield Finding((*here, "share"), "must be 1 at the end of the day", ((*here, "after"),))
    for i, (one, two) in enumerate(pairwise(f.curve)):
        for key, rises in (("after", two.after > one.after), ("share", two.share > one.share)):
            if not rises:
                reads: tuple[Path, ...] = ((*path, "curve", i, key),)
                yield Finding(
                    (*path, "curve", i + 1, key),
                    "must be above that of the point before; sort the curve",
                    reads,
                )


def _presale(path: Path, f: Festival) -> Findings:
    """A presale begins before its day, and the balance falls due during the day."""
    if f.presale_from is None:
        if f.presale_share > 0:
            problem = "needs presale_from; add the instant deposits begin, or set the share to 0"
            yield Finding((*path, "presale_share"), problem, ((*path, "presale_from"),))
    elif f.presale_from.date() >= f.day:
        yield Finding(
            (*path, "presale_from"), "is not before the festival's day; use an earlier day", ((*path, "day"),)
        )
    if f.presale_balance_at >= DAY_US:
        yield Finding(
            (*path, "presale_balance_at"), 'is counted from midnight of the day; use less than "24 h"'
        )


def pool_times(s: Scenario) -> Findings:
    """A pool ends after it starts, and is open at some time of the scenario."""
    first, last = _bounds(s)
    for name, pool in s.pools.items():
        path: Path = ("pools", name)
        start, end = pool.start or first, pool.end or last
        own = ((*path, "start"), (*path, "end"))
        if pool.start and pool.end and pool.start >= pool.end:
            yield Finding((*path, "end"), "is not after the pool's start; give a later end", own)
        elif start >= last or end <= first:
            key = "start" if start >= last else "end"
            yield Finding(
                (*path, key), "leaves the pool closed all through the scenario; move it", (*own, *CALENDAR)
            )
        if pool.opens_at is not None and pool.opens_at >= DAY_US:
            yield Finding((*path, "opens_at"), 'is a time of day; use less than "24 h"')
        for i, instant in enumerate(pool.flash):
            if not (start <= instant < end and first <= instant < last):
                problem = "is outside the pool's time; move it between start and end"
                yield Finding((*path, "flash", i), problem, (*own, *CALENDAR))


def _bounds(s: Scenario) -> tuple[datetime, datetime]:
    return s.scenario.start, s.scenario.start + timedelta(
        microseconds=min(s.scenario.length, MOST_DAYS * DAY_US)
    )


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")


def _name(path: Path) -> str:
    return f"the window {path[-1]}" if isinstance(path[-1], int) else f"{path[0]}.{path[-1]}"
