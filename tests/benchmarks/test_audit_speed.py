"""The audit of a run of a million events, from the bytes of its export to the verdict: `make bench`."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from loadtests.adapters import Ending
from loadtests.auditing.audit import audit
from loadtests.auditing.evidence import Evidence
from loadtests.auditing.export import pages_of_file
from loadtests.rerun import Rerun
from loadtests.sendlog import RECORD
from sim.bookkeeping import CHART, ROLES, Kind
from sim.ledger.accounts import Side
from sim.trace import empty_columns
from sim.wire import OPS, Expected, Row, Wire
from tests.load_audit.running import columns_of
from tests.load_audit.wandering import START_US

pytestmark = pytest.mark.bench

EVENTS, USERS, PROJECTS, MERCHANTS = 1_000_000, 200_000, 200, 2_000
LIMIT_S = 10.0
FADES, EXPIRES = 20220930, 20220930


def rows_of(draw: random.Random, count: int) -> Iterator[Row]:
    """A campaign's mix: deeds, harvests, gifts with a match, bean gifts, orders from creation to confirmation."""
    n = 0

    def row(kind: Kind, user: int, **values: int) -> Row:
        nonlocal n
        n += 1
        expected = values.pop("expected", Expected.ACCEPTED)
        role = int(OPS[kind].signer)
        chain = int(ROLES[kind]) << 28 | user
        return Row(n - 1, (n - 1) * 300_000, chain, int(kind), user, expected=expected, role=role, **values)

    for pool in range(2):
        yield row(Kind.POOL_DEPOSIT, pool, pool=pool, amount=10**9)
    while n < count - 4:
        user, luck = draw.randrange(USERS), draw.random()
        if luck < 0.45:
            yield row(Kind.DEED, user, amount=200, minutes=6, period=FADES, deed=1)
            if draw.random() < 0.7:
                yield row(Kind.HARVEST, user, amount=draw.choice((100, 200)), period=EXPIRES)
        elif luck < 0.6:
            yield row(
                Kind.GIFT, user, object=draw.randrange(PROJECTS), amount=draw.randrange(1, 10_000), minutes=6,
                pool=0, amount2=50, expected=Expected.DEPENDS, klass=1,
            )  # fmt: skip
        elif luck < 0.7:
            yield row(
                Kind.BEAN_GIFT, user, object=draw.randrange(PROJECTS), amount=100, amount2=97, minutes=6, pool=1,
                expected=Expected.DEPENDS, klass=1,
            )  # fmt: skip
        else:
            order = n
            about = {"object": draw.randrange(PROJECTS), "party": draw.randrange(MERCHANTS)}
            yield row(Kind.ORDER_CREATE, user, amount=30, amount2=draw.randrange(30, 90_000), **about)
            yield row(Kind.ORDER_PAY, user, ref=order, **about)
            yield row(Kind.ORDER_CONFIRM, user, ref=order, minutes=6, klass=1, **about)


def make_run(folder: Path, events: int) -> tuple[Evidence, Path]:
    """Evidence and export of a clean run, one event after the other."""
    rows = list(rows_of(random.Random(5), events))
    wire, rerun = Wire("bench", START_US), Rerun(START_US)
    encode, file = msgspec.json.encode, folder / "export.ndjson"
    sent = np.zeros(len(rows), RECORD)
    sent["row"], sent["started"] = np.arange(len(rows)), np.arange(len(rows)) * 100
    sent["ended"], sent["used"], sent["attempts"] = sent["started"] + 900, 1, 1
    codes, seq = [""], 0
    with file.open("wb") as out:
        for row in rows:
            drafted = rerun.draft(row)
            if isinstance(drafted, str):
                if drafted not in codes:
                    codes.append(drafted)
                sent["outcome"][row.n], sent["code"][row.n] = Ending.REJECTED, codes.index(drafted)
                continue
            seq += 1
            rerun.book(seq, row, drafted)
            sent["outcome"][row.n], sent["seq"][row.n] = Ending.ACCEPTED, seq
            id = wire.event_id(row.n, wire.role(row))
            line = {
                "seq": seq, "id": id, "kind": Kind(row.kind).name, "actor": "platform", "ts_us": START_US + seq,
                "effective_at": START_US + row.due_us, "document": f"order:bench-{row.ref}", "state": "paid",
                "facts": None, "reverse_of": None, "transfers": drafted,
                "jhash": hashlib.sha256(id.encode()).hexdigest(),
            }  # fmt: skip
            out.write(encode(line) + b"\n")
    columns = columns_of(rows)
    closing = {}
    for name in rerun.accounts.names():
        _, debits, _, credits = rerun.accounts.counters(name)
        closing[name] = debits - credits if CHART[int(name[:4])].normal is Side.DEBIT else credits - debits
    return Evidence(wire, columns, empty_columns(), sent, codes, closing=closing), file


def test_a_million_events_are_audited_within_ten_seconds(tmp_path: Path) -> None:
    """From the export's bytes to nine checks, compiled before; processor time, for the machine is shared."""
    small, its_export = make_run(tmp_path, 1_000)
    assert audit(small, pages_of_file(its_export)).status == "passed"
    evidence, file = make_run(tmp_path, EVENTS)
    began, wall = time.process_time(), time.perf_counter()
    verdict = audit(evidence, pages_of_file(file))
    spent, wall = time.process_time() - began, time.perf_counter() - wall
    events, transfers = verdict.check("asked").counts["events"], verdict.check("balanced").counts["transfers"]
    print(
        f"\naudit: {events:,} events, {transfers:,} transfers, {file.stat().st_size / 1e6:,.0f} MB in {spent:.2f} s "
        f"of processor time ({wall:.2f} s): {1e6 * spent / events:.2f} µs an event"
    )
    for check in verdict.checks:
        print(f"  {check.name}: {check.status} {dict(check.counts)}")
    assert verdict.status == "passed", verdict.reasons
    assert spent * EVENTS / events <= LIMIT_S
