"""The ledger's figures: `make bench-ledger`. Everything in one run, interleaved, on the same disk; medians of rounds.

In process: commands as the service drafts them, decided and committed in batches. Over HTTP: `wrk` on the other
core against `beanpeak ledger serve`. The anchor is pgbench's TPC-B on the same PostgreSQL: a lock per row. Every
ledger is audited after its run; the durability of each stands beside its figure.

    python -m tests.benchmarks.ledger [--rounds 3] [--seconds 5] [--into docs/ledger.md] [--only in-process]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.target import TargetServer
from sim.bookkeeping import CHART
from sim.ledger.audit import audit
from sim.ledger.decide import Group
from sim.ledger.entries import Command
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_reader, open_store
from sim.service.desk import Desk
from sim.service.keys import ALL, SCOPES, AccessKey, Keyring
from sim.service.operations import BY_OP
from sim.service.policy import Policy
from sim.service.server import tune_collector
from tests.postgres import Databases, Server

NOW = 1_662_357_600_000_000  # 2022-09-05T14:00+08:00
USERS, PROJECTS = 100_000, 10_000
SCALE, CLIENTS = 10, 16  # of pgbench
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
LEDGER = [sys.executable, "-m", "sim", "ledger"]


@dataclass
class Figure:
    """One thing measured, once a round."""

    what: str
    how: str
    durability: str
    values: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values) if self.values else float("nan")


# --- in process ----------------------------------------------------------------------------------------------


def commands(count: int, hot: float, first: int) -> list[Command]:
    """Deeds (two transfers) of many users; with `hot` ≥ 0 gifts, that share of them to one project."""
    desk = Desk(Policy(campaign_clock=True), Keyring())
    key = AccessKey("bench", b"", frozenset(SCOPES), frozenset({ALL}), 0)
    made = []
    for k in range(first, first + count):
        user = k * 7_919 % USERS
        if hot < 0:
            operation = BY_OP["deeds"]
            body = f'"user":"u{user}","beans":20,"minutes":6,"klass":"labour","fades":20220909'
        else:
            operation = BY_OP["donations"]
            project = 0 if k % 100 < hot * 100 else 1 + k * 31 % PROJECTS
            body = f'"user":"u{user}","project":"p{project}","fen":500,"minutes":6'
        message = operation.decode(f'{{"effective_at":{NOW},{body}}}'.encode())
        made.append(desk.command(key, operation, message, f"b:{k}", NOW))
    return made


def in_process(db: str, batch: int, hot: float, seconds: float) -> tuple[float, str, str]:
    """Events a second, durability, and transfers and rows an event."""
    ledger = Ledger(open_store(db, CHART), CHART)
    tune_collector()  # as the server does
    done, spent, rows = 0, 0.0, 0
    while spent < seconds:
        block = commands(max(batch, 2_000), hot, done)
        groups = [Group(block[k : k + batch]) for k in range(0, len(block), batch)]
        began = time.perf_counter()
        for group in groups:
            ledger.commit([group])
        spent += time.perf_counter() - began
        done += len(block)
    transfers = ledger.figures.transfers / done
    accounts = ledger.state.head.accounts
    rows = done + ledger.figures.transfers + accounts
    durability = ledger.store.durability
    ledger.stop()
    check(db)
    return done / spent, durability, f"{transfers:.1f} transfers, {rows / done:.1f} new rows an event"


def check(db: str) -> None:
    """A figure of a ledger that is wrong is worth nothing."""
    reader = open_reader(db, CHART)
    failed = [one for one in audit(reader) if not one["passed"]]
    reader.close()
    assert not failed, failed


# --- over HTTP -----------------------------------------------------------------------------------------------

DEEDS = Path(__file__).with_name("deeds.lua")


@contextmanager
def served(db: str, folder: Path) -> Iterator[tuple[TargetServer, str]]:
    """A server on a fresh ledger, and its first key."""
    made = subprocess.run([*LEDGER, "init", "--db", db, "--json"], capture_output=True, check=True)
    token = json.loads(made.stdout)["token"]
    with TargetServer(
        [*LEDGER, "serve", "--db", db, "--port", "0", "--campaign-clock"], folder / "log"
    ) as server:
        yield server, token


def over_http(
    db: str, folder: Path, connections: int, items: int, seconds: float
) -> tuple[float, float, float]:
    """Events a second, p99 in ms, and the server's CPU µs an event."""
    with served(db, folder) as (server, token):
        told = {"ITEMS": items, "SEED": os.getpid(), "USERS": USERS, "NOW": NOW, "TOKEN": token}
        before = server.cpu_s() or 0.0
        ran = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(DEEDS), server.host],
            capture_output=True, text=True, check=False, env=os.environ | {k: str(v) for k, v in told.items()},
        )  # fmt: skip
        spent = (server.cpu_s() or 0.0) - before
    assert ran.returncode == 0, ran.stdout + ran.stderr
    check(db)
    assert "Non-2xx" not in ran.stdout, ran.stdout
    events = items * int(found(r"(\d+) requests in", ran.stdout))
    lasted, p99 = found(r"requests in ([\d.]+)s", ran.stdout), found(r"P99 ([\d.]+)", ran.stdout)
    return events / lasted, p99, 1e6 * spent / max(events, 1)


def found(pattern: str, text: str) -> float:
    """The number that a program printed."""
    match = re.search(pattern, text)
    assert match, text
    return float(match[1])


# --- the anchor ------------------------------------------------------------------------------------------------


def pgbench(server: Server, url: str, seconds: float) -> float:
    """TPC-B transactions a second."""
    program = str(server.programs / "pgbench")
    subprocess.run([program, "-i", "-q", "-s", str(SCALE), url], capture_output=True, check=True)
    ran = subprocess.run(
        [program, "-c", str(CLIENTS), "-j", "1", "-T", str(max(round(seconds), 1)), "-n", url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return found(r"tps = ([\d.]+)", ran.stdout)


# --- the whole run -----------------------------------------------------------------------------------------------


class Bench:
    """Figures by name; each round adds a value to every one."""

    def __init__(self, seconds: float, only: str) -> None:
        self.seconds, self.only = seconds, only
        self.figures: dict[str, Figure] = {}
        self.server = Server(fsync=True)
        self.databases = Databases(self.server.url, self.server)

    def note(self, what: str, how: str, durability: str, value: float, note: str = "") -> None:
        figure = self.figures.setdefault(f"{what}|{how}", Figure(what, how, durability))
        figure.values.append(value)
        figure.note = note or figure.note
        print(f"{what}, {how}: {value:,.0f}  {note}  [{durability}]", flush=True)

    def round(self) -> None:
        """Every figure once."""
        if self.only in ("", "in-process"):
            self.note(f"TPC-B, scale {SCALE}", f"pgbench, {CLIENTS} clients", "synchronous_commit=on",
                      pgbench(self.server, self.databases.new(), self.seconds), "transactions/s")  # fmt: skip
            for store in ("sqlite", "postgres"):
                for batch in (1, 64, 256, 1_000):
                    self._in_process(store, batch, -1.0)
                for hot in (0.0, 0.5, 1.0):
                    self._in_process(store, 256, hot)
        if self.only in ("", "http"):
            if shutil.which("wrk") is None:
                print("over HTTP: skipped, there is no wrk on the path (Debian: apt-get install wrk)")
                return
            for store in ("sqlite", "postgres"):
                self._over_http(store, 64, 1)
                self._over_http(store, 2, 1_000)

    def _in_process(self, store: str, batch: int, hot: float) -> None:
        with self._fresh(store) as (db, _):
            value, durability, note = in_process(db, batch, hot, self.seconds)
        what = "deeds" if hot < 0 else f"gifts, {hot:.0%} to one project"
        self.note(what, f"in process, {store}, batch {batch:,}", durability, value, note)

    def _over_http(self, store: str, connections: int, items: int) -> None:
        with self._fresh(store) as (db, folder):
            value, p99, cpu = over_http(db, folder, connections, items, self.seconds)
        kind = "single" if items == 1 else f"batches of {items:,}"
        note = f"p99 {p99:,.1f} ms, {cpu:,.0f} µs of server CPU an event"
        durability = {"sqlite": "sqlite synchronous=FULL", "postgres": "postgres synchronous_commit=on"}[
            store
        ]
        self.note("deeds", f"HTTP, {store}, {kind}, {connections} connections", durability, value, note)

    @contextmanager
    def _fresh(self, store: str) -> Iterator[tuple[str, Path]]:
        with tempfile.TemporaryDirectory(prefix="beanpeak-bench-") as place:
            yield (str(Path(place) / "ledger.db") if store == "sqlite" else self.databases.new()), Path(place)

    def close(self) -> None:
        self.databases.drop()
        self.server.stop()


def table(figures: list[Figure], rounds: int, seconds: float) -> str:
    """The figures as Markdown, with the aims they are held against."""
    by_name = {f"{f.what}|{f.how}": f for f in figures}
    lines = [
        f"Medians of {rounds} rounds of {seconds:g} s each, interleaved, in one run of `make bench-ledger`; "
        f"{os.cpu_count()} shared cores, a virtual disk. Every ledger was audited afterwards.",
        "",
        "| what | how | a second | lowest–highest | note | durability |",
        "|---|---|---:|---:|---|---|",
    ]
    for f in figures:
        spread = f"{min(f.values):,.0f}–{max(f.values):,.0f}"
        lines.append(f"| {f.what} | {f.how} | {f.median:,.0f} | {spread} | {f.note} | {f.durability} |")
    lines += ["", "| ratio | measured | aim |", "|---|---:|---:|"]
    lines += [f"| {name} | {value:.2f} | {aim} |" for name, value, aim in _ratios(by_name)]
    return "\n".join(lines)


def _ratios(figures: dict[str, Figure]) -> Iterator[tuple[str, float, str]]:
    def of(prefix: str) -> float | None:
        found = [f.median for name, f in figures.items() if name.startswith(prefix)]
        return found[0] if found else None

    anchor = of("TPC-B")
    for store, aim in (("sqlite", "≥ 3"), ("postgres", "≥ 2")):
        single = of(f"deeds|HTTP, {store}, single")
        if single and anchor:
            yield f"single deeds over HTTP on {store} ÷ TPC-B", single / anchor, aim
        cold, hot = (of(f"gifts, {share} to one project|in process, {store}") for share in ("0%", "100%"))
        if cold and hot:
            yield f"gifts with one hot project ÷ spread, {store}", hot / cold, "0.90–1.10"


def main(arguments: list[str]) -> None:
    """Measure and print; with `--into` also replace the figures of a document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--only", choices=["", "in-process", "http"], default="")
    asked = parser.parse_args(arguments)
    bench = Bench(asked.seconds, asked.only)
    try:
        for _ in range(asked.rounds):
            bench.round()
    finally:
        bench.close()
    text = table(list(bench.figures.values()), asked.rounds, asked.seconds)
    print("\n" + text)
    if asked.into is not None:
        page = asked.into.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        after = rest.partition(END)[2]
        asked.into.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
