"""Before any load: about fifty events that show whether an adapter tells the truth about its ledger.

New events, the same ones again, the same key with another amount, more beans than there are, a body cut in half.
"""

from __future__ import annotations

import http.client
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from loadtests.adapters import Ending, Outcome, Request, Target, find_adapter, load_adapter
from loadtests.embedded import fresh_ledger
from loadtests.hosts import checked_host, insist_on_listener
from loadtests.job import job_of
from loadtests.target import TargetServer
from sim.bookkeeping import Kind
from sim.children.folders import private_folder
from sim.spans import SECOND
from sim.trace import CLOSING, OPENINGS, Trace, empty_columns, structured
from sim.wire import COLUMNS, NO_DEED, NO_POOL, NO_REF, NO_RULE, NOBODY

USERS = 10
START_US = 1_662_307_200 * SECOND  # 2022-09-05T00:00+08:00
FADES = 20220909
TOO_MANY = 1_000_000  # beans
TIMEOUT_S = 10.0
DONE = (Ending.ACCEPTED, Ending.DUPLICATE)
Row = namedtuple("Row", tuple(COLUMNS))  # type: ignore[misc]


@dataclass
class Report:
    """What was tried, and what an adapter or its ledger got wrong."""

    tried: int = 0
    failed: list[str] = field(default_factory=list)

    def expect(self, what: str, outcome: Outcome, *endings: Ending) -> None:
        """Count one event; note it if it ended otherwise."""
        self.tried += 1
        if outcome.ending not in endings:
            wanted = " or ".join(ending.name for ending in endings)
            said = f"{outcome.ending.name} {outcome.code}".strip()
            self.failed.append(f"{what}: expected {wanted}, the adapter says {said}")


def check(adapter: str, host: str = "", i_own: tuple[str, ...] = ()) -> list[str]:
    """Try an adapter, print what failed, return it. Without a host an embedded ledger is started."""
    find_adapter(adapter)
    if host:
        insist_on_listener(checked_host(host, i_own))
    with _target(host, i_own) as (where, place):
        options = {"start_us": str(START_US), "place": place, "namespace": "check-" if host else ""}
        report = try_adapter(adapter, Target(where, "check", options))
    for line in report.failed:
        print(f"FAILED  {line}")
    print(f"{adapter}: {report.tried} events, {len(report.failed)} wrong")
    return report.failed


def try_adapter(name: str, target: Target) -> Report:
    """All the trials, in an order in which each builds on the one before."""
    adapter = load_adapter(name, target)
    rows = [*_deeds(), *_gifts()]
    if hasattr(adapter, "prepare"):
        adapter.prepare(_trace(rows))
    adapter = load_adapter(name, target)
    send, report = _sender(adapter, target.host), Report()
    seqs = set()
    for row in rows:
        first, again = send(row), send(row)
        report.expect(f"a new {Kind(row.kind).name}", first, Ending.ACCEPTED)
        report.expect(f"the same {Kind(row.kind).name} again", again, *DONE)
        if again.seq != first.seq:
            report.failed.append(f"the same {Kind(row.kind).name} again: seq {again.seq}, it was {first.seq}")
        seqs.add(first.seq)
    if len(seqs) < len(rows):
        report.failed.append(f"{len(rows)} events were accepted under {len(seqs)} numbers (seq)")
    altered = rows[0]._replace(amount=rows[0].amount + 1)
    report.expect("another amount under a used key", send(altered), Ending.REJECTED)
    overdrawn = rows[0]._replace(n=TOO_MANY, kind=Kind.HARVEST, amount=TOO_MANY, deed=NO_DEED, period=FADES)
    report.expect("a harvest of more beans than there are", send(overdrawn), Ending.REJECTED)
    _malformed(adapter, target.host, rows[0]._replace(n=TOO_MANY + 1), report)
    return report


def _deeds() -> list[Any]:
    row = _row(Kind.DEED, amount=20, minutes=6, period=FADES)
    return [row._replace(n=k, due_us=k, chain=k, subject=k) for k in range(USERS)]


def _gifts() -> list[Any]:
    row = _row(Kind.GIFT, amount=500, minutes=6, klass=1)
    return [
        row._replace(n=USERS + k, due_us=USERS + k, chain=k, subject=k, object=k % 3) for k in range(USERS)
    ]


def _row(kind: Kind, **values: int) -> Any:
    absent = {
        "object": NOBODY,
        "party": NOBODY,
        "ref": NO_REF,
        "pool": NO_POOL,
        "deed": NO_DEED,
        "rule": NO_RULE,
        "under": NO_RULE,
        "kind": int(kind),
    }
    return Row(**{**dict.fromkeys(COLUMNS, 0), **absent, **values})


def _trace(rows: list[Any]) -> Trace:
    """The trials as a trace, for the adapter's preparation."""
    import polars as pl

    columns = structured(empty_columns() | {name: [row[k] for row in rows] for k, name in enumerate(COLUMNS)})  # type: ignore[arg-type]
    held = {name: columns[name] for name in COLUMNS}
    facts = {"start_us": START_US, "from_us": 0, "users": USERS}
    return Trace(held, empty_columns(), pl.DataFrame(schema=OPENINGS), pl.DataFrame(schema=CLOSING), facts)


# --- sending -----------------------------------------------------------------------------------------------


def _sender(adapter: Any, host: str) -> Any:
    if hasattr(adapter, "send"):
        return adapter.send
    return lambda row: _answer(adapter, host, adapter.encode(row))


def _answer(adapter: Any, host: str, request: Request) -> Outcome:
    method, path, body, headers = request
    parts = urlsplit(host)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        said = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return Outcome(Ending.UNKNOWN, 0, type(error).__name__)
    finally:
        connection.close()
    named = {name.lower(): value for name, value in answer.headers.items()}
    outcome: Outcome = adapter.classify(answer.status, named, said)
    return outcome


def _malformed(adapter: Any, host: str, row: Any, report: Report) -> None:
    """Half a body: the ledger must refuse it, and the adapter must not take that for a reason to retry."""
    method, path, body, headers = adapter.encode(row)
    outcome = _answer(adapter, host, (method, path, body[: len(body) // 2], headers))
    report.expect("a body cut in half", outcome, Ending.REJECTED)


@contextmanager
def _target(host: str, i_own: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The host to try, and a folder for tokens."""
    with private_folder("check") as place:
        if host:
            yield job_of({"host": host, "i_own": list(i_own)}).host, str(place)
            return
        with TargetServer(fresh_ledger(place), place / "server.log") as server:
            yield server.host, str(place)
